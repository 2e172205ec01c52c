package cli

import (
	"os"
	"time"

	"github.com/spf13/cobra"

	"droits.example/droits/internal/bench"
)

func benchCommand(p Process) *cobra.Command {
	return group("bench", "Measure, against a yardstick run in the same minute", benchServeCommand(p), benchWorkerCommand(p))
}

func benchServeCommand(p Process) *cobra.Command {
	cfg := bench.ServeConfig{}
	c := &cobra.Command{
		Use:   "serve",
		Short: "Calls per second and latency of the whole road against a bare HTTP server",
		Long: `Starts, each in a process of its own, a bare net/http server that returns prepared
bytes, one that encodes the same JSON, and the platform with everything on, and drives
them in rotation over loopback. FranceConnect's answers are served in process; the
verifier is the real one. Figures are medians of paired rounds; nothing is asserted.`,
		Example: "  droits bench serve\n  droits bench serve --rounds 9 --json",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			exe, err := os.Executable()
			if err != nil {
				return err
			}
			cfg.Exe = exe
			if !flag(c, "quiet") {
				cfg.Progress = c.ErrOrStderr()
			}
			rep, err := bench.Serve(c.Context(), cfg)
			if err != nil {
				return err
			}
			if flag(c, "json") {
				return printJSON(c, rep)
			}
			rep.Print(c.OutOrStdout())
			return nil
		},
	}
	c.Flags().IntVar(&cfg.Persons, "persons", 10_000, "people, and as many tokens")
	c.Flags().IntVar(&cfg.Connections, "connections", 64, "connections of the closed loop")
	c.Flags().IntVar(&cfg.Rounds, "rounds", 5, "rounds of each server")
	c.Flags().DurationVar(&cfg.Round, "round", 2*time.Second, "length of a round")
	c.Flags().StringVar(&cfg.Profile, "profile", "", "write a CPU profile of the platform's process to this file")
	return c
}

func benchWorkerCommand(p Process) *cobra.Command {
	var cfg bench.WorkerConfig
	c := &cobra.Command{Use: "worker", Short: "One server of a benchmark", Hidden: true, Args: noArgs, RunE: func(c *cobra.Command, _ []string) error {
		return bench.Worker(c.Context(), cfg, p.In, p.Out)
	}}
	c.Flags().StringVar(&cfg.Kind, "kind", "", "")
	c.Flags().StringVar(&cfg.Dir, "dir", "", "")
	c.Flags().StringVar(&cfg.Profile, "profile", "", "")
	c.Flags().IntVar(&cfg.Persons, "persons", 0, "")
	return c
}
