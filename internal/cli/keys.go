package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"droits.example/droits/internal/admin"
	"droits.example/droits/internal/civil"
)

type keyLine struct {
	ID, Convention, Environment, Last4 string
	Live                               bool
	ExpiresAt                          time.Time `json:"expires_at"`
	Certificates                       []struct {
		SHA256 string
		EndsAt time.Time `json:"ends_at"`
	}
}

func keyCommand(p Process) *cobra.Command {
	add := act{
		use: "add CONVENTION", short: "Make an API key for a convention; its secret is shown once", args: 1, path: "/keys", would: "make the key", did: "the key is made",
		example: "  droits key add chu-exemple --expires 2027-12-31 --apply",
		flags:   func(c *cobra.Command) { c.Flags().String("expires", "", "last day, YYYY-MM-DD (default: never)") },
		request: func(c *cobra.Command, args []string) (admin.Request, error) {
			r := admin.Request{ID: args[0]}
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
	list := listing[keyLine]{"key", "List the keys", "/keys", "ID\tCONVENTION\tENVIRONMENT\tENDS IN\tLIVE", func(x keyLine) string {
		return fmt.Sprintf("%s\t%s\t%s\t…%s\t%v", x.ID, x.Convention, x.Environment, x.Last4, x.Live)
	}}
	return group("key", "API keys", bind.command(p), certificate.command(p), unbind.command(p), add.command(p), revoke.command(p), list.command(p))
}
