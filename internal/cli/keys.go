package cli

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"droits.example/droits/internal/admin"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/partner"
)

type keyLine struct {
	ID, Convention, Environment, Last4 string
	Live                               bool
	ExpiresAt                          time.Time `json:"expires_at"`
	RevokedAt                          time.Time `json:"revoked_at"`
	SuspendedFor                       string    `json:"suspended_for"`
	LastUsedOn                         string    `json:"last_used_on"`
	Vendor                             string
}

// state is one word, and why for a suspended key.
func (k keyLine) state() string {
	switch {
	case k.Live:
		return "live"
	case !k.RevokedAt.IsZero():
		return "revoked"
	case k.SuspendedFor != "":
		return "suspended (" + k.SuspendedFor + ")"
	}
	return "ended"
}

// dayOf is the last day before an instant at which something ends.
func dayOf(endsAt time.Time) string {
	if endsAt.IsZero() {
		return "never"
	}
	return partner.LastOn(endsAt).String()
}

func keyCommand(p Process) *cobra.Command {
	add := act{
		use: "add CONVENTION", short: "Make an API key for a convention; its secret is shown once", args: 1, more: "With --vendor the argument is a software vendor instead: its key serves for those who delegate to it,\nand for nobody else. Two keys are live at a time, so that one can follow the other.\n\n", path: "/keys", would: "make the key", did: "the key is made",
		example: "  droits key add chu-exemple --expires 2027-12-31 --apply\n  droits key add logiciel-exemple --vendor --apply",
		flags: func(c *cobra.Command) {
			c.Flags().Bool("vendor", false, "the argument is a software vendor, not a convention")
			c.Flags().String("expires", "", "last day, YYYY-MM-DD (default: never; the partner is reminded 90, 60, 30, 14, 7 and 0 days before)")
		},
		request: func(c *cobra.Command, args []string) (admin.Request, error) {
			r := admin.Request{ID: args[0]}
			if flag(c, "vendor") {
				r.ID, r.Vendor = "", args[0]
			}
			if s := text(c, "expires"); s != "" {
				d, err := civil.Parse(s)
				if err != nil {
					return r, usage("--expires must be a date such as 2027-12-31")
				}
				r.ExpiresAt = d.AddDays(1).StartAt()
			}
			return r, nil
		},
	}
	bind := act{
		use: "bind KEY FILE", short: "Note the public key (JWK) under which the software that holds an API key signs", args: 2, path: "/keys/bind", would: "note the key", did: "the key is noted",
		more:    "A convention whose auth is \"assertion\" serves only calls that carry X-Client-Assertion,\na JWT signed under that key (ES256 or EdDSA), good for a minute and once.\n\n",
		example: "  droits key bind cle_… chu.jwk\n  droits key bind cle_… chu.jwk --apply",
		request: func(_ *cobra.Command, args []string) (admin.Request, error) {
			b, err := os.ReadFile(args[1])
			if err != nil {
				return admin.Request{}, &exitError{ExitNotFound, errors.New("the file cannot be read")}
			}
			return admin.Request{ID: args[0], Signature: &admin.SignatureBody{Key: strings.TrimSpace(string(b))}}, nil
		},
	}
	revoke := act{
		use: "revoke KEY", short: "End a key at once", args: 1, path: "/keys/revoke", would: "revoke the key, for good", did: "the key is revoked; it cannot come back", example: "  droits key revoke cle_… --apply",
		request: func(_ *cobra.Command, args []string) (admin.Request, error) { return admin.Request{ID: args[0]}, nil },
	}
	certificate := act{
		use: "bind-certificate KEY FILE", short: "Let the software that holds an API key show a client certificate (PEM)", args: 2, path: "/keys/certificates", would: "bind the certificate", did: "the certificate is bound",
		more:    "A convention whose auth is \"mtls\" serves only calls that come under TLS with a certificate\nbound to their key. Bind the next certificate before the end of the former: up to four are bound at a time.\n\n",
		example: "  droits key bind-certificate cle_… chu.pem\n  droits key bind-certificate cle_… chu.pem --apply",
		request: func(_ *cobra.Command, args []string) (admin.Request, error) {
			b, err := os.ReadFile(args[1])
			if err != nil {
				return admin.Request{}, &exitError{ExitNotFound, errors.New("the file cannot be read")}
			}
			return admin.Request{ID: args[0], Certificate: string(b)}, nil
		},
	}
	unbind := act{
		use: "unbind-certificate KEY SHA256", short: "Take a client certificate off an API key, at once", args: 2, path: "/keys/certificates/remove", would: "take the certificate off the key", did: "the certificate is refused from the next call on",
		example: "  droits key unbind-certificate cle_… 9f86d081…\n  droits key unbind-certificate cle_… 9f86d081… --apply",
		request: func(_ *cobra.Command, args []string) (admin.Request, error) {
			return admin.Request{ID: args[0], Certificate: args[1]}, nil
		},
	}
	suspend := act{
		use: "suspend KEY", short: "Refuse the calls of a key until it is resumed", args: 1, path: "/keys/suspend", would: "suspend the key", did: "the key is suspended, from the next call on",
		example: "  droits key suspend cle_…\n  droits key suspend cle_… --apply",
		request: func(_ *cobra.Command, args []string) (admin.Request, error) { return admin.Request{ID: args[0]}, nil },
	}
	resume := act{
		use: "resume KEY", short: "End the suspension of a key, automatic or not", args: 1, path: "/keys/resume", would: "resume the key", did: "the key serves again",
		more:    "A key is suspended when twenty unknown NIRs are named in a row: see droits key alerts.\n\n",
		example: "  droits key resume cle_…\n  droits key resume cle_… --apply",
		request: func(_ *cobra.Command, args []string) (admin.Request, error) { return admin.Request{ID: args[0]}, nil },
	}
	list := listing[keyLine]{"key", "List the keys", "/keys", "ID\tCONVENTION\tENVIRONMENT\tENDS IN\tLAST USED\tEXPIRES\tSTATE", func(x keyLine) string {
		return fmt.Sprintf("%s\t%s\t%s\t…%s\t%s\t%s\t%s", x.ID, cmp.Or(x.Convention, x.Vendor), x.Environment, x.Last4, cmp.Or(x.LastUsedOn, "-"), dayOf(x.ExpiresAt), x.state())
	}}
	return group("key", "API keys", bind.command(p), certificate.command(p), unbind.command(p), suspend.command(p), resume.command(p), alertsCommand(p), add.command(p), revoke.command(p), list.command(p))
}

// alertsCommand lists what was found unusual in the use of keys.
func alertsCommand(p Process) *cobra.Command {
	c := &cobra.Command{
		Use: "alerts", Short: "List what was found unusual in the use of keys", Args: noArgs,
		Long:    "Lists the last alarms, newest first: enumeration (the key is suspended), inconnus,\nadresses, volume, horaires. The requests cited are those of that key alone.\n\n" + exitCodes,
		Example: "  droits key alerts --config droits.toml\n  droits key alerts --partner chu-exemple --json",
		RunE: func(c *cobra.Command, _ []string) error {
			a, err := reach(c, p)
			if err != nil {
				return err
			}
			defer a.close()
			list := []partner.Alert{}
			if err := a.call(c.Context(), http.MethodGet, "/alerts?"+url.Values{"partner": {text(c, "partner")}}.Encode(), nil, &list); err != nil {
				return err
			}
			if flag(c, "json") {
				return printJSON(c, list)
			}
			w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
			fmt.Fprintln(w, "AT\tPARTNER\tKEY\tALARM\tSUSPENDED\tREQUESTS")
			for _, x := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%v\t%d\n", x.At.UTC().Format(time.RFC3339), x.Partner, x.Key, x.Alarm, x.Suspended, len(x.Requests))
			}
			return w.Flush()
		},
	}
	where(c)
	c.Flags().String("partner", "", "of one partner (default: of all)")
	return c
}

// contactCommand says to whom one writes at a partner about its keys.
func contactCommand(p Process) *cobra.Command {
	return act{
		use: "contact ID", short: "Say to whom one writes at a partner about its keys", args: 1, path: "/partners/contact", would: "note the address", did: "the address is noted",
		more:    "The address is read from standard input, is sealed, and appears nowhere; an empty line erases it.\nIt is told of the end of keys and certificates, of suspensions and of unusual uses.\n\n",
		example: "  echo technique@chu.example | droits partner contact chu-exemple\n  echo technique@chu.example | droits partner contact chu-exemple --apply",
		request: func(c *cobra.Command, args []string) (admin.Request, error) {
			line, err := bufio.NewReader(io.LimitReader(c.InOrStdin(), 1024)).ReadString('\n')
			if err != nil && !errors.Is(err, io.EOF) {
				return admin.Request{}, err
			}
			return admin.Request{ID: args[0], Mail: strings.TrimSpace(line)}, nil
		},
	}.command(p)
}
