package cli

import (
	"fmt"
	"net/http"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"droits.example/droits/internal/admin"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
)

const draftingMore = `The draft says what was granted and nothing else: blocks, quotas from the volumes, the
FranceConnect client, the purpose, the version of the terms that was accepted. The
partner is the one of that SIRET, or a new one. After an update of the request, the
draft is the next version of the same convention. Then both parties sign it: droits
convention sign.

`

// fromRequestCommand makes the draft of a convention out of a grant.
func fromRequestCommand(p Process) *cobra.Command {
	return act{
		use: "from-request ID", short: "Make the draft of a convention out of an approved request", args: 1, path: "/conventions/from-request", more: draftingMore,
		example: "  droits convention from-request D-2026-0001\n  droits convention from-request D-2026-0001 --until 2028-12-31 --apply",
		flags: func(c *cobra.Command) {
			c.Flags().String("id", "", "identifier of a new convention (default the partner's, with the purpose)")
			c.Flags().String("operator", "", "name of the party that gives access (default that of the configuration)")
			c.Flags().String("from", "", "first day, YYYY-MM-DD (default today)")
			c.Flags().String("until", "", "last day, YYYY-MM-DD (default three years later)")
			c.Flags().String("auth", "", "how the partner's software proves itself (default "+convention.AuthKey+")")
		},
		request: func(c *cobra.Command, args []string) (admin.Request, error) {
			b := &admin.DraftingBody{ID: text(c, "id"), Operator: text(c, "operator"), Auth: text(c, "auth")}
			for name, to := range map[string]*civil.Date{"from": &b.From, "until": &b.Until} {
				if err := dayFlag(c, name, to); err != nil {
					return admin.Request{}, err
				}
			}
			return admin.Request{ID: args[0], Drafting: b}, nil
		},
		outcome: func(out map[string]any) (string, string) {
			s := fmt.Sprintf("draft version %v of %v for the partner %v, until %v", out["version"], out["id"], out["partner"], out["until"])
			return s, "the draft is there: " + s
		},
	}.command(p)
}

// dayFlag reads a day from a flag; an empty one leaves it.
func dayFlag(c *cobra.Command, name string, to *civil.Date) error {
	s := text(c, name)
	if s == "" {
		return nil
	}
	d, err := civil.Parse(s)
	if err != nil {
		return usage("--%s must be a date such as 2028-12-31", name)
	}
	*to = d
	return nil
}

const termsMore = `The versions of the terms are texts of the program. One holds from the day that its
announcement names, at least 30 days ahead: every partner with a convention in force is
told at once, by its webhook and by letter to the members who engage it.

`

// termsCommand groups what is done with the terms of use.
func termsCommand(p Process) *cobra.Command {
	list := &cobra.Command{
		Use: "list", Short: "List the versions of the terms of use, and which holds", Args: noArgs, Long: "List the versions of the terms of use, and which holds.\n" + termsMore + exitCodes,
		Example: "  droits terms list\n  droits terms list --json",
		RunE: func(c *cobra.Command, _ []string) error {
			a, err := reach(c, p)
			if err != nil {
				return err
			}
			defer a.close()
			var out admin.TermsAnswer
			if err := a.call(c.Context(), http.MethodGet, "/terms", nil, &out); err != nil {
				return err
			}
			if flag(c, "json") {
				return printJSON(c, out)
			}
			w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
			fmt.Fprintln(w, "VERSION\tSTATE\tFROM\tSHA-256")
			for _, x := range out.Known {
				state, from := "not announced", "-"
				switch {
				case x.Version == out.Held.Version:
					state = "holds"
					if !out.Held.From.IsZero() {
						from = out.Held.From.String()
					}
				case out.Next != nil && x.Version == out.Next.Version:
					state, from = "announced", out.Next.From.String()
				case x.Version < out.Held.Version:
					state = "past"
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", x.Version, state, from, x.SHA256)
			}
			return w.Flush()
		},
	}
	where(list)
	announce := act{
		use: "announce VERSION", short: "Tell every partner that a version of the terms will hold", args: 1, path: "/terms/announce", more: termsMore,
		example: "  droits terms announce 2027-02 --from 2027-02-01\n  droits terms announce 2027-02 --from 2027-02-01 --apply",
		flags: func(c *cobra.Command) {
			c.Flags().String("from", "", "first day on which it holds, YYYY-MM-DD (required)")
		},
		request: func(c *cobra.Command, args []string) (admin.Request, error) {
			r := admin.Request{Version: args[0]}
			if text(c, "from") == "" {
				return r, usage("--from wants the first day, such as 2028-12-31")
			}
			return r, dayFlag(c, "from", &r.On)
		},
		outcome: func(out map[string]any) (string, string) {
			s := fmt.Sprintf("tell %v partners that version %v holds from %v on", out["partners"], out["version"], out["from"])
			return s, "it is announced; it was said to " + fmt.Sprint(out["partners"]) + " partners"
		},
	}
	return group("terms", "Terms of use: which version holds, which comes", list, announce.command(p))
}
