package cli

import (
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"droits.example/droits/internal/bench"
)

func benchCommand(p Process) *cobra.Command {
	return group("bench", "Measure, against a yardstick run in the same minute", benchServeCommand(p), benchIdentityCommand(), benchScaleCommand(), benchTraceCommand(), benchWorkerCommand(p))
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
			var err error
			if cfg.Exe, err = os.Executable(); err != nil {
				return err
			}
			return measure(c, func(progress io.Writer) (bench.ServeReport, error) {
				cfg.Progress = progress
				return bench.Serve(c.Context(), cfg)
			})
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
	c.Flags().StringVar(&cfg.File, "file", "", "")
	c.Flags().IntVar(&cfg.Persons, "persons", 0, "")
	return c
}

func benchIdentityCommand() *cobra.Command {
	cfg := bench.IdentityConfig{}
	mix, lists := "", ""
	c := &cobra.Command{
		Use:   "identity",
		Short: "Wrong people, recall and cost of identification, on people whose right answer is known",
		Long: `Draws fictitious people, writes them as the store of a fund has them (shortened given
names, lost particles, former communes, unknown days, errors), imports that file into a
store in a temporary folder, and logs each of them in as FranceConnect writes it: from
the pivot to the decision. The natural mix draws people uniformly; the adversarial one
only twins and homonyms. Twelve people in a hundred are of a scheme outside the
perimeter and must be refused. Queries depend on the seed and their number alone.`,
		Example: `  droits bench identity
  droits bench identity --queries 10000000 --persons 1000000 --mix natural
  droits bench identity --lists full --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case mix != "natural" && mix != "adversarial" && mix != "both":
				return usage("--mix is natural, adversarial or both")
			case lists != "short" && lists != "full":
				return usage("--lists is short or full")
			case cfg.Queries < 1 || cfg.Persons < 1000 || cfg.Persons > 20_000_000:
				return usage("--queries wants 1 or more, --persons 1,000 to 20,000,000")
			}
			cfg.Natural, cfg.Adversarial, cfg.Full = mix != "adversarial", mix != "natural", lists == "full"
			return measure(c, func(progress io.Writer) (bench.IdentityReport, error) {
				cfg.Progress = progress
				return bench.Identity(c.Context(), cfg)
			})
		},
	}
	c.Flags().IntVar(&cfg.Persons, "persons", 200_000, "people of each mix")
	c.Flags().IntVar(&cfg.Queries, "queries", 300_000, "queries of each mix")
	c.Flags().Uint64Var(&cfg.Seed, "seed", 1, "which people and queries")
	c.Flags().StringVar(&mix, "mix", "both", "natural, adversarial or both")
	c.Flags().StringVar(&lists, "lists", "short", "short: rows may hold the first given names only; full: they hold all")
	c.Flags().BoolVar(&cfg.NoSentinels, "no-sentinels", false, "people of other schemes are unknown instead of known to refuse")
	return c
}

func benchScaleCommand() *cobra.Command {
	cfg := bench.ScaleConfig{}
	c := &cobra.Command{
		Use:   "scale",
		Short: "Imports and calls on nations of growing size",
		Long: `Draws a fictitious nation of each size, imports it in a process of its own, writes the
same rows again with bare inserts, then measures calls as bench serve does, with tokens
of people spread over the whole nation. A size for which the disk has no room is skipped
and says so. Ten million people take about eight minutes and 24 GB of disk.`,
		Example: "  droits bench scale\n  droits bench scale --sizes 10000,1000000,10000000 --dir /var/tmp",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			for _, n := range cfg.Sizes {
				if n < 1000 || n > 100_000_000 {
					return usage("--sizes wants numbers from 1,000 to 100,000,000")
				}
			}
			var err error
			if cfg.Exe, err = os.Executable(); err != nil {
				return err
			}
			return measure(c, func(progress io.Writer) (bench.ScaleReport, error) {
				cfg.Progress = progress
				return bench.Scale(c.Context(), cfg)
			})
		},
	}
	c.Flags().IntSliceVar(&cfg.Sizes, "sizes", []int{10_000, 1_000_000}, "people, a list")
	c.Flags().IntVar(&cfg.Tokens, "tokens", 50_000, "people who log in")
	c.Flags().IntVar(&cfg.Rounds, "rounds", 3, "rounds of each server")
	c.Flags().Uint64Var(&cfg.Seed, "seed", 1, "which nation")
	c.Flags().StringVar(&cfg.Dir, "dir", "", "where the nations lie meanwhile (default a temporary folder)")
	return c
}

func benchTraceCommand() *cobra.Command {
	cfg := bench.TraceConfig{}
	c := &cobra.Command{
		Use:   "trace",
		Short: "Durable appends of the trail against a bare group commit, and its verification",
		Long: `Appends entries of the size that a call leaves through the whole writer (sealed parts,
rows of persons, tree), in rounds that alternate with a bare group commit, with the same
durability, of rows of the same size; then verifies the whole trail on one core.`,
		Example: "  droits bench trace\n  droits bench trace --entries 1000000 --json",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if cfg.Clients < 1 || cfg.Rounds < 1 || cfg.Entries < 0 || cfg.Entries > 100_000_000 {
				return usage("--clients and --rounds want 1 or more, --entries at most 100,000,000")
			}
			return measure(c, func(progress io.Writer) (bench.TraceReport, error) {
				cfg.Progress = progress
				return bench.Trace(c.Context(), cfg)
			})
		},
	}
	c.Flags().IntVar(&cfg.Clients, "clients", 64, "callers that wait for their commit")
	c.Flags().IntVar(&cfg.Rounds, "rounds", 5, "rounds of each")
	c.Flags().DurationVar(&cfg.Round, "round", 2*time.Second, "length of a round")
	c.Flags().IntVar(&cfg.Entries, "entries", 200_000, "entries that are verified")
	c.Flags().StringVar(&cfg.Dir, "dir", "", "where the trails lie meanwhile (default a temporary folder)")
	return c
}

// report is what a benchmark found.
type report interface{ Print(io.Writer) }

// measure runs a benchmark with its progress on standard error and prints what
// it found. Its result is taken as a report, so that nil stays nil.
func measure[R report](c *cobra.Command, run func(progress io.Writer) (R, error)) error {
	var progress io.Writer
	if !flag(c, "quiet") {
		progress = c.ErrOrStderr()
	}
	rep, err := run(progress)
	if err != nil {
		return err
	}
	if flag(c, "json") {
		return printJSON(c, rep)
	}
	rep.Print(c.OutOrStdout())
	return nil
}
