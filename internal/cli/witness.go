package cli

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/spf13/cobra"

	"droits.example/droits/internal/store"
	"droits.example/droits/internal/trace"
	"droits.example/droits/internal/witness"
)

func witnessCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "witness", Short: "Watch logs for a third party, and cosign what continues what was seen", Args: noArgs,
		Long: `Serves the tlog-witness protocol: a log submits a checkpoint with the proof that it
continues the last one that this witness cosigned, and gets a cosignature; a checkpoint
that does not continue it gets none. The witness keeps one size and one root for each
log, in a file: it sees no entry and no person.

The key is drawn at the first start. The line that the log's operator needs is printed:
trace.witnesses = ["KEY@URL"]. Keep the state: a witness that forgets what it cosigned is
none, and begins again under another key.

` + exitCodes,
		Example: `  droits witness --name temoin.example --keys logs.txt --listen 127.0.0.1:8090
  droits witness --name temoin.example --keys logs.txt --key-file witness.key --state witness.json`,
		RunE: func(c *cobra.Command, _ []string) error { return runWitness(c) },
	}
	c.Flags().String("name", "", "name of the witness: a host, with a path if it likes")
	c.Flags().String("keys", "", "public keys of the logs that are watched, as /preuves/cles serves them")
	c.Flags().String("key-file", "witness.key", "file of the witness's key, drawn when missing")
	c.Flags().String("state", "witness.json", "file of what was cosigned")
	c.Flags().String("listen", "127.0.0.1:8090", "address")
	return c
}

func runWitness(c *cobra.Command) error {
	cfg := witness.Config{Name: text(c, "name"), State: text(c, "state"), Clock: time.Now}
	if cfg.Name == "" {
		return usage("name the witness with --name")
	}
	b, err := readNamed(c, "keys")
	if err != nil {
		return err
	}
	if cfg.Logs, err = trace.ParseKeys(b); err != nil {
		return usage("--keys: %v", err)
	}
	if cfg.Seed, err = store.CreateLogKey(text(c, "key-file")); err != nil {
		return &exitError{ExitConfig, errors.New("the witness's key can neither be read nor made; see --key-file")}
	}
	w, err := witness.Open(cfg)
	if err != nil {
		return &exitError{ExitConfig, err}
	}
	defer w.Close()
	l, err := net.Listen("tcp", text(c, "listen"))
	if err != nil {
		return &exitError{ExitConfig, errors.New("the address cannot be listened on; see --listen")}
	}
	fmt.Fprintf(c.OutOrStdout(), "trace.witnesses = [\"%s@http://%s\"]\n", w.Key(), l.Addr())
	return w.Serve(c.Context(), l)
}
