package cli

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"droits.example/droits/internal/app"
)

func simCommand(p Process) *cobra.Command {
	c := &cobra.Command{
		Use:   "sim",
		Short: "Run the simulated FranceConnect and provider of professionals alone",
		Long: `Runs the simulated FranceConnect (both protocol versions) and the simulated identity
provider of professionals (below /pro) alone, on loopback, for an instance or a partner's
software under test. Clients and data providers come from a TOML file, described in
docs/operations.md; without one it knows nobody who may ask.

` + exitCodes,
		Example: "  droits sim --addr 127.0.0.1:8081\n  droits sim --config sim.toml",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			l, err := net.Listen("tcp", text(c, "addr"))
			if err != nil {
				return &app.PortError{Flag: "addr", Address: text(c, "addr")}
			}
			sim, err := app.NewSimulator(app.SimConfig{Address: l.Addr().String(), File: text(c, "config")})
			if err != nil {
				return errors.Join(err, l.Close())
			}
			if flag(c, "json") {
				err = printJSON(c, map[string]string{"simulator": "http://" + l.Addr().String()})
			} else {
				_, err = fmt.Fprintf(c.OutOrStdout(), "simulated FranceConnect on http://%s (v1: /api/v1, v2: /api/v2), provider of professionals below /pro; Ctrl-C stops it\n", l.Addr())
			}
			if err != nil {
				return errors.Join(err, l.Close())
			}
			srv := &http.Server{Handler: sim, ReadHeaderTimeout: 5 * time.Second}
			go func() { <-c.Context().Done(); srv.Close() }()
			if err := srv.Serve(l); c.Context().Err() == nil {
				return err
			}
			return nil
		},
	}
	c.Flags().String("addr", "127.0.0.1:8081", "address to listen on")
	c.Flags().String("config", "", "TOML file of clients and data providers")
	return c
}
