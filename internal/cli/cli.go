// Package cli is the command line: it hides flags, progress, exit codes, and
// whether a command acts in the running process or opens the store itself.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"droits.example/droits/internal/app"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/store"
)

// Process is what the command line sees of the world.
type Process struct {
	Args     []string
	In       io.Reader
	Out, Err io.Writer
	Environ  []string
}

// The exit codes, documented in every help text.
const (
	ExitOK          = 0
	ExitFailure     = 1
	ExitUsage       = 2
	ExitConfig      = 3
	ExitNotFound    = 4
	ExitRefused     = 5
	ExitPartial     = 6
	ExitIntegrity   = 7
	ExitInterrupted = 130
)

const exitCodes = `Exit codes: 0 done · 1 failure · 2 usage · 3 configuration, or data directory held by another process · 4 not found · 5 refused by a rule · 6 partial (some rows rejected) · 7 integrity · 130 interrupted`

// exitError carries an exit code; a nil err prints nothing more.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func usage(format string, a ...any) error { return &exitError{ExitUsage, fmt.Errorf(format, a...)} }

// Main runs one command and returns its exit code. A first interrupt stops
// cleanly; a second one kills.
func Main(p Process) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		<-ctx.Done()
		stop() // the next signal has its default effect
	}()
	root := Root(p)
	root.SetArgs(p.Args)
	ran, err := root.ExecuteContextC(ctx)
	code := exitCode(err)
	if text := message(err); text != "" {
		fmt.Fprintln(p.Err, "droits:", text)
		if code == ExitUsage {
			fmt.Fprintln(p.Err, "Try:", ran.CommandPath(), "--help")
		}
	}
	return code
}

// Root builds the tree of commands.
func Root(p Process) *cobra.Command {
	c := &cobra.Command{
		Use:   "droits",
		Short: "Share health-insurance rights: API, simulator, sample partners, administration",
		Long: `droits shares health-insurance rights with partners, with the person's agreement,
and keeps a trace of every access. All data of the demonstration are fictitious.

` + exitCodes,
		Example: `  droits demo                       everything on loopback, with fictitious people
  droits serve --config droits.toml an instance`,
		SilenceErrors: true, SilenceUsage: true,
		Args: noArgs,
		RunE: helpAsked,
	}
	c.CompletionOptions.HiddenDefaultCmd = true
	c.SetHelpCommand(helpCommand())
	c.SetUsageTemplate(usageTemplate)
	c.SetIn(p.In)
	c.SetOut(p.Out)
	c.SetErr(p.Err)
	c.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		if words := c.Flags().Args(); c.HasSubCommands() && len(words) > 0 { // its flags are unknown because it is
			return unknownCommand(c, words[0])
		}
		return &exitError{ExitUsage, err}
	})
	c.PersistentFlags().Bool("json", false, "print JSON")
	c.PersistentFlags().BoolP("quiet", "q", false, "print no progress and no advice")
	c.PersistentFlags().Bool("no-color", false, "no colour, no progress bar")
	c.AddCommand(serveCommand(p), demoCommand(p), simCommand(p), importCommand(p), keygenCommand(), versionCommand(),
		partnerCommand(p), conventionCommand(p), keyCommand(p), delegationCommand(p), restrictCommand(p), consentCommand(p), identityCommand(p), reportCommand(p), requestCommand(p), agentCommand(p), termsCommand(p), machineCommand(p), noticeCommand(), docsCommand(), traceCommand(p), witnessCommand(), benchCommand(p), synthCommand())
	return c
}

func exitCode(err error) int {
	var e *exitError
	var f *fault.Fault
	var conf *app.ConfigError
	var port *app.PortError
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &e):
		return e.code
	case errors.Is(err, context.Canceled):
		return ExitInterrupted
	case errors.As(err, &conf), errors.As(err, &port), errors.Is(err, store.ErrLocked):
		return ExitConfig
	case errors.As(err, &f):
		return faultExit(f)
	}
	return ExitFailure
}

func faultExit(f *fault.Fault) int {
	switch f.Kind() {
	case fault.NotFound:
		return ExitNotFound
	case fault.Invalid:
		return ExitUsage
	case fault.Forbidden, fault.Conflict, fault.TooMany:
		return ExitRefused
	}
	return ExitFailure
}

func message(err error) string {
	switch {
	case err == nil, err.Error() == "":
		return ""
	case errors.Is(err, store.ErrLocked):
		return "another process holds this data directory: stop it, or choose another directory"
	case errors.Is(err, context.Canceled):
		return "interrupted"
	}
	var f *fault.Fault
	if errors.As(err, &f) && f.Kind() == fault.Invalid {
		return describe(f.Code(), f.Field(), "")
	}
	return err.Error()
}

func flag(c *cobra.Command, name string) bool { v, _ := c.Flags().GetBool(name); return v }

func text(c *cobra.Command, name string) string { v, _ := c.Flags().GetString(name); return v }
