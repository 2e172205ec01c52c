package cli

import (
	"fmt"
	"net/http"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"droits.example/droits/internal/admin"
	"droits.example/droits/internal/notify"
)

const webhookMore = `A webhook tells a partner what a person decided about it: JSON posted to one
address, signed in X-Droits-Signature (t=UNIX,v1=HMAC-SHA-256 of "t.body"), with
X-Droits-Delivery the same at every attempt. What fails is tried again for a
week, each time later, in order for each person; then it is given up until a
replay.

`

// webhookCommand groups what concerns where a partner is told.
func webhookCommand(p Process) *cobra.Command {
	of := func(path, use, short, would, did, example string) act {
		return act{
			use: use, short: short, args: 1, path: path, would: would, did: did, example: example, more: webhookMore,
			request: func(_ *cobra.Command, args []string) (admin.Request, error) { return admin.Request{ID: args[0]}, nil },
		}
	}
	set := of("/webhooks", "set PARTNER", "Say where a partner is told of what persons decide", "set the webhook, under a new secret", "the webhook is set",
		"  droits partner webhook set chu --url https://chu.example/droits\n  droits partner webhook set chu --url https://chu.example/droits --apply --json")
	set.flags = func(c *cobra.Command) {
		c.Flags().String("url", "", "https address, without a query; http for this machine alone, in a sandbox")
	}
	set.request = func(c *cobra.Command, args []string) (admin.Request, error) {
		return admin.Request{ID: args[0], URL: text(c, "url")}, nil
	}
	test := of("/webhooks/test", "test PARTNER", "Send a message that says nothing", "queue a test", "a test is queued; droits partner webhook show tells what became of it",
		"  droits partner webhook test chu --apply\n  droits partner webhook test chu --apply --json")
	replay := of("/webhooks/replay", "replay PARTNER", "Send again what was given up, under the same identifiers", "queue again what was given up", "what was given up is queued again",
		"  droits partner webhook replay chu --apply\n  droits partner webhook replay chu --delivery env_… --apply    # one, whatever became of it")
	replay.flags = func(c *cobra.Command) { c.Flags().String("delivery", "", "one message only") }
	replay.request = func(c *cobra.Command, args []string) (admin.Request, error) {
		return admin.Request{ID: args[0], Delivery: text(c, "delivery")}, nil
	}
	remove := of("/webhooks/remove", "remove PARTNER", "Tell a partner nothing any more; what waits is given up", "remove the webhook", "the webhook is removed",
		"  droits partner webhook remove chu\n  droits partner webhook remove chu --apply")
	return group("webhook", "Where a partner is told of what persons decide", set.command(p), showWebhookCommand(p), test.command(p), replay.command(p), remove.command(p))
}

func showWebhookCommand(p Process) *cobra.Command {
	c := &cobra.Command{
		Use: "show PARTNER", Short: "Show where a partner is told, and the last messages; no secret", Args: exactArgs(1), Long: "Show where a partner is told, and the last messages; no secret.\n" + webhookMore + exitCodes,
		Example: "  droits partner webhook show chu --config droits.toml\n  droits partner webhook show chu --data /var/lib/droits --json",
		RunE: func(c *cobra.Command, args []string) error {
			a, err := reach(c, p)
			if err != nil {
				return err
			}
			defer a.close()
			var t notify.Target
			if err := a.call(c.Context(), http.MethodGet, admin.WebhookPath(args[0]), nil, &t); err != nil {
				return err
			}
			if flag(c, "json") {
				return printJSON(c, t)
			}
			out := c.OutOrStdout()
			fmt.Fprintf(out, "%s  since %s  %d waiting, %d given up\n\n", t.URL, t.CreatedAt.Format(time.RFC3339), t.Waiting, t.Dead)
			w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
			fmt.Fprintln(w, "MADE\tTYPE\tSTATE\tATTEMPTS\tLAST\tDELIVERY")
			for _, l := range t.Lines {
				fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\n", l.MadeAt.Format(time.RFC3339), l.Type, english[l.State], l.Attempts, dash(l.Last), l.ID)
			}
			return w.Flush()
		},
	}
	where(c)
	return c
}

// english says where a message stands.
var english = map[notify.State]string{notify.Waiting: "waiting", notify.Sent: "sent", notify.Dead: "given up"}
