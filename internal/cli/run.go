package cli

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"droits.example/droits/internal/app"
	"droits.example/droits/internal/store"
)

func serveCommand(p Process) *cobra.Command {
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve an instance: partner API, pages, health and metrics",
		Long: `Serves the partner API and the pages on listen.api, health and metrics on
listen.internal; partners that must show a certificate call listen.mtls. One process
holds a data directory; a second one exits with 3. SIGHUP reads the files of [tls] anew,
as does a change of them within five seconds; connections that are open go on.

` + exitCodes,
		Example: `  droits serve --config droits.toml
  DROITS_LOG_LEVEL=debug droits serve --config droits.toml`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := loadConfig(c, p)
			if err != nil {
				return err
			}
			a, err := app.New(c.Context(), cfg, app.Options{Logs: p.Err})
			if err != nil {
				return err
			}
			l, err := cfg.Open()
			if err != nil {
				return errors.Join(err, a.Close())
			}
			defer reloads(a)()
			return errors.Join(a.Run(c.Context(), l), a.Close())
		},
	}
	c.Flags().String("config", "droits.toml", "configuration file")
	return c
}

// reloads reads the files of TLS anew at each SIGHUP, which ends nothing; what
// cannot be used is logged. The function that it returns ends that.
func reloads(a *app.App) (stop func()) {
	hup, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(hup, syscall.SIGHUP)
	go func() {
		for {
			select {
			case <-hup:
				a.HangUp()
			case <-done:
				return
			}
		}
	}()
	return func() { signal.Stop(hup); close(done) }
}

func keygenCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "keygen FILE",
		Short:   "Draw the root key of an instance into a new file (mode 0400)",
		Long:    "Draws 32 random bytes. Everything sealed hangs on this file: back it up apart from the data. An existing file is left as it is.",
		Example: "  droits keygen /etc/droits/root.key",
		Args:    exactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if _, err := os.Stat(args[0]); err == nil {
				return &exitError{ExitRefused, errors.New("the file exists; it was left as it is")}
			}
			if _, err := store.CreateRoot(args[0]); err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), "root key written; back it up apart from the data")
			return nil
		},
	}
}

func versionCommand() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version", Example: "  droits version --json", Args: noArgs, RunE: func(c *cobra.Command, _ []string) error {
		if flag(c, "json") {
			return printJSON(c, map[string]string{"version": app.Version()})
		}
		fmt.Fprintln(c.OutOrStdout(), "droits", app.Version())
		return nil
	}}
}

func demoCommand(p Process) *cobra.Command {
	d := app.DefaultDemo()
	c := &cobra.Command{
		Use:   "demo",
		Short: "Run everything on loopback: platform, simulated FranceConnect, two sample partners, fictitious people",
		Long: `Runs the whole system in one process on loopback, with fictitious people, and prints
where to click and a curl line that works.

` + exitCodes,
		Example: `  droits demo
  droits demo --data ./demo --api 127.0.0.1:9080 --sim 127.0.0.1:0
  droits demo --data ./demo --ahead 384h
  droits demo token --person famille-martin --partner hopital --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runDemo(c, p, d) },
	}
	c.Flags().StringVar(&d.Data, "data", "", "folder kept between runs (default: a temporary one)")
	c.Flags().StringVar(&d.API, "api", d.API, "address of the API and the pages")
	c.Flags().StringVar(&d.Sim, "sim", d.Sim, "address of the simulated FranceConnect")
	c.Flags().StringVar(&d.Partners, "partners", d.Partners, "address of the sample partners")
	c.Flags().StringVar(&d.Internal, "internal", d.Internal, "address of health and metrics")
	c.Flags().Int64Var(&d.Seed, "seed", d.Seed, "seed of the people and of the keys")
	c.Flags().Duration("ahead", 0, "how far ahead of now the clock is, such as 384h: shows what is answered then, over a folder that is kept")
	c.Flags().String("ready-file", "", "write this file (JSON: the addresses) when everything answers")
	c.Flags().String("log", "", "write the event log to this file (default: none)")
	c.AddCommand(demoTokenCommand(), demoPersonsCommand())
	return c
}

func runDemo(c *cobra.Command, p Process, cfg app.DemoConfig) error {
	cfg.Logs = discard{}
	ahead, err := c.Flags().GetDuration("ahead")
	if err != nil || ahead < 0 || ahead > 10*366*24*time.Hour {
		return usage("--ahead must be a length of time to come, ten years at most, such as 384h")
	}
	if ahead > 0 {
		cfg.Clock = func() time.Time { return time.Now().Add(ahead) }
	}
	if path := text(c, "log"); path != "" {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return err
		}
		defer f.Close()
		cfg.Logs = f
	}
	begin := time.Now()
	d, err := app.NewDemo(c.Context(), cfg)
	if err != nil {
		return err
	}
	forget := func() {}
	err = d.Run(c.Context(), func() error {
		if f, err := remember(d.URLs.Data); err == nil {
			forget = f
		} else {
			fmt.Fprintf(c.ErrOrStderr(), "droits: this demonstration must be named to droits demo token, by --data: %v\n", err)
		}
		if path := text(c, "ready-file"); path != "" {
			if err := d.Ready(path); err != nil {
				return err
			}
		}
		return banner(c, d, time.Since(begin))
	})
	forget()
	if err = errors.Join(err, d.Close()); err == nil && !flag(c, "quiet") {
		fmt.Fprintln(c.ErrOrStderr(), "\ndemonstration stopped")
	}
	return err
}

func banner(c *cobra.Command, d *app.Demo, took time.Duration) error {
	t, err := d.Token(c.Context(), "famille-martin", "hopital", time.Hour)
	if err != nil {
		return err
	}
	line := t.(app.TokenLine)
	if flag(c, "json") {
		return printJSON(c, map[string]any{"urls": d.URLs, "token": line, "people": d.Summary.Personnes})
	}
	w := c.OutOrStdout()
	fmt.Fprintf(w, `Droits: demonstration ready in %.1f s. All data are fictitious; this is not the Assurance Maladie.

  Platform, pages    %s
  Citizen space      %s/mon-espace
  Partner space      %s/partenaire
  Agents             %s/instruction
  Sample hospital    %s/hopital
  Sample insurer     %s/mutuelle
  FranceConnect      %s   (simulator)
  Professionals      %s/   (simulated identity provider)
  Health, metrics    %s/readyz
  API                %s

  %d fictitious people; among those who can log in:
`, took.Seconds(), d.URLs.API, d.URLs.API, d.URLs.API, d.URLs.API, d.URLs.Partners, d.URLs.Partners, d.URLs.Sim, d.URLs.Pro, d.URLs.Internal, d.URLs.BaseURL, d.Summary.Personnes)
	n := 0
	for _, p := range d.People {
		if p.Named && n < 6 {
			fmt.Fprintf(w, "    %-22s %s\n", p.Slug, p.What)
			n++
		}
	}
	named := ""
	if text(c, "data") != "" {
		named = " --data " + quoted(d.URLs.Data)
	}
	fmt.Fprintf(w, `    …                      %[1]s demo persons%[3]s

A call that works for an hour (hospital, famille-martin):

%[2]s

Another:  %[1]s demo token%[3]s --person SLUG --partner hopital|mutuelle
Stop:     Ctrl-C
`, program(), line.Curl, named)
	return nil
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
