package cli

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"droits.example/droits/internal/admin"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
)

const signingMore = `A convention comes into force once both parties have signed its canonical bytes with
Ed25519: the operator with the key of this instance, the partner with a key that it
registered. The partner needs nothing of ours: droits convention canonical writes the
bytes, any tool signs them, droits convention sign keeps the signature.

`

// signCommands are those of convention about signatures.
func signCommands(p Process) []*cobra.Command {
	sign := act{
		use: "sign ID[@VERSION]", short: "Sign a convention for the operator, or keep the partner's signature", args: 1, path: "/conventions/sign", would: "sign the convention", did: "the signature is kept", more: signingMore,
		example: "  droits convention sign chu-exemple --apply\n  droits convention sign chu-exemple --public-key \"$(cat chu.pub)\" --signature chu.sig --apply",
		flags: func(c *cobra.Command) {
			c.Flags().String("public-key", "", "the partner's public key, in base64: with --signature, the partner signs")
			c.Flags().String("signature", "", "file of the partner's signature: 64 bytes, or their base64")
		},
		request: signRequest,
	}
	return []*cobra.Command{sign.command(p), canonicalCommand(p), signFileCommand(), explainCommand(p), verifyConventionCommand(p), leaveCommand(p), fromRequestCommand(p)}
}

func signRequest(c *cobra.Command, args []string) (admin.Request, error) {
	r := admin.Request{ID: args[0]}
	key, path := text(c, "public-key"), text(c, "signature")
	if key == "" && path == "" {
		return r, nil
	}
	if key == "" || path == "" {
		return r, usage("--public-key and --signature go together: they are the partner's")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return r, &exitError{ExitNotFound, errors.New("the signature cannot be read")}
	}
	value := strings.TrimSpace(string(b))
	if len(b) == ed25519.SignatureSize {
		value = base64.StdEncoding.EncodeToString(b)
	}
	r.Signature = &admin.SignatureBody{Key: key, Value: value}
	return r, nil
}

func canonicalCommand(p Process) *cobra.Command {
	c := &cobra.Command{
		Use: "canonical ID VERSION", Short: "Write the bytes that a party signs", Args: exactArgs(2), Long: "Write the bytes that a party signs.\n" + signingMore + exitCodes,
		Example: "  droits convention canonical chu-exemple 1 > chu.bytes\n  droits convention canonical chu-exemple 1 --party operator | sha256sum",
		RunE: func(c *cobra.Command, args []string) error {
			version, err := strconv.Atoi(args[1])
			if err != nil {
				return usage("VERSION is a number")
			}
			a, err := reach(c, p)
			if err != nil {
				return err
			}
			defer a.close()
			var out admin.Canonical
			if err := a.call(c.Context(), http.MethodGet, admin.CanonicalPath(args[0], version, convention.Party(text(c, "party"))), nil, &out); err != nil {
				return err
			}
			if flag(c, "json") {
				return printJSON(c, out)
			}
			_, err = c.OutOrStdout().Write(out.Bytes)
			return err
		},
	}
	where(c)
	c.Flags().String("party", string(convention.Partner), "partner or operator")
	return c
}

// signFileCommand is for a partner without a tool of its own; it reaches no
// instance.
func signFileCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "sign-file FILE", Short: "At the partner's: sign the bytes of a file with a key of its own", Args: exactArgs(1),
		Long:    "At the partner's: sign the bytes of a file with a key of its own. The key is drawn into a new file (mode 0400) when it does not exist; FILE.sig and the public key are written out.\n" + signingMore + exitCodes,
		Example: "  droits convention sign-file chu.bytes --key-file chu.key\n  droits convention sign-file chu.bytes --key-file chu.key --json",
		RunE: func(c *cobra.Command, args []string) error {
			b, err := os.ReadFile(args[0])
			if err != nil {
				return &exitError{ExitNotFound, errors.New("the file cannot be read")}
			}
			key, err := partnerKey(text(c, "key-file"))
			if err != nil {
				return err
			}
			sig := base64.StdEncoding.EncodeToString(ed25519.Sign(key, b))
			if err := os.WriteFile(args[0]+".sig", []byte(sig+"\n"), 0o644); err != nil {
				return err
			}
			public := base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey))
			if flag(c, "json") {
				return printJSON(c, map[string]string{"key": public, "signature_file": args[0] + ".sig"})
			}
			fmt.Fprintf(c.OutOrStdout(), "signature: %s.sig\nkey: %s\n", args[0], public)
			return nil
		},
	}
	c.Flags().String("key-file", "", "the partner's private key, 32 bytes (required)")
	return c
}

// partnerKey reads a private key, or draws it.
func partnerKey(path string) (ed25519.PrivateKey, error) {
	if path == "" {
		return nil, usage("--key-file wants the partner's private key; a new one is drawn into a file that does not exist")
	}
	seed, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		seed = make([]byte, ed25519.SeedSize)
		rand.Read(seed)
		err = os.WriteFile(path, seed, 0o400)
	}
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, &exitError{ExitConfig, errors.New("the key file must hold exactly 32 bytes, and be readable")}
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// signingKeyCommand groups the keys under which a partner signs.
func signingKeyCommand(p Process) *cobra.Command {
	add := act{
		use: "add PARTNER KEY", short: "Note a public key under which a partner signs conventions", args: 2, path: "/partners/signing-keys", would: "note the key", did: "the key is noted", more: signingMore,
		example: "  droits partner signing-key add chu \"$(cat chu.pub)\"\n  droits partner signing-key add chu \"$(cat chu.pub)\" --apply",
		request: func(_ *cobra.Command, args []string) (admin.Request, error) {
			return admin.Request{ID: args[0], Signature: &admin.SignatureBody{Key: args[1]}}, nil
		},
	}
	retire := act{
		use: "retire ID", short: "Retire a signing key; what was signed under it stays signed", args: 1, path: "/partners/signing-keys/retire", would: "retire the key", did: "the key is retired", more: signingMore,
		example: "  droits partner signing-key retire sgn_…\n  droits partner signing-key retire sgn_… --apply",
		request: func(_ *cobra.Command, args []string) (admin.Request, error) { return admin.Request{ID: args[0]}, nil },
	}
	return group("signing-key", "Keys under which a partner signs conventions", add.command(p), retire.command(p))
}

const leaveMore = `The partner is served until the end of the fifteenth day after its notice was received,
Paris; then the convention ends by itself, and its keys and webhook with it.

`

// leaveCommand takes a partner's notice.
func leaveCommand(p Process) *cobra.Command {
	return act{
		use: "leave ID", short: "Take the notice of a partner that leaves", args: 1, path: "/conventions/leave", more: leaveMore,
		outcome: func(out map[string]any) (string, string) {
			s := fmt.Sprintf("serve until the end of %v", out["last_day"])
			return s, "the notice is taken: " + s
		},
		example: "  droits convention leave chu-exemple --apply\n  droits convention leave chu-exemple --received 2026-11-10 --apply    # a registered letter",
		flags: func(c *cobra.Command) {
			c.Flags().String("received", "", "day on which it was received, YYYY-MM-DD (default today)")
		},
		request: func(c *cobra.Command, args []string) (admin.Request, error) {
			r := admin.Request{ID: args[0]}
			if s := text(c, "received"); s != "" {
				d, err := civil.Parse(s)
				if err != nil {
					return r, usage("--received must be a date such as 2026-11-10")
				}
				r.On = d
			}
			return r, nil
		},
	}.command(p)
}
