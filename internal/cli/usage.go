package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"droits.example/droits/internal/app"
)

// noArgs refuses arguments; on a group of commands the first one is a command
// that does not exist, and its nearest neighbour is named.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if !c.HasSubCommands() {
		return usage("%s takes no argument", c.CommandPath())
	}
	return unknownCommand(c, args[0])
}

// unknownCommand repeats a word of letters only: what else was typed may be
// somebody's number.
func unknownCommand(c *cobra.Command, name string) error {
	if strings.ContainsFunc(name, func(r rune) bool { return (r < 'a' || r > 'z') && r != '-' }) {
		return usage("unknown command")
	}
	c.SuggestionsMinimumDistance = 2
	if near := c.SuggestionsFor(name); len(near) > 0 {
		return usage("unknown command %q; did you mean %q?", name, c.CommandPath()+" "+near[0])
	}
	return usage("unknown command %q", name)
}

// exactArgs wants n arguments, which Use names in capitals.
func exactArgs(n int) cobra.PositionalArgs {
	if n == 0 {
		return noArgs
	}
	return func(c *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		return usage("%s wants %s", c.CommandPath(), strings.Join(strings.Fields(c.Use)[1:], " "))
	}
}

// helpAsked answers a group of commands called alone.
func helpAsked(c *cobra.Command, _ []string) error {
	if err := c.Help(); err != nil {
		return err
	}
	return &exitError{code: ExitUsage}
}

// helpCommand is cobra's, but says when a command does not exist.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [command]", Short: "Help about a command",
		RunE: func(c *cobra.Command, args []string) error {
			found, rest, err := c.Root().Find(args)
			if err != nil || found == nil || len(rest) > 0 {
				if found == nil {
					found, rest = c.Root(), args
				}
				return unknownCommand(found, rest[0])
			}
			found.InitDefaultHelpFlag()
			return found.Help()
		},
	}
}

// usageTemplate is cobra's with the examples first: most readers want one.
const usageTemplate = `{{if .HasExample}}Examples:
{{.Example}}

{{end}}Usage:{{if .Runnable}}
  {{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} [command]

Commands:{{range .Commands}}{{if or .IsAvailableCommand (eq .Name "help")}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Everywhere:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableSubCommands}}

"{{.CommandPath}} [command] --help" says more.{{end}}
`

// again spells the command that was given, quoted for a shell.
func again(args []string) string {
	out := []string{program()}
	for _, a := range args {
		out = append(out, quoted(a))
	}
	return strings.Join(out, " ")
}

// quoted is a word as a shell reads it back.
func quoted(a string) string {
	if a == "" || strings.ContainsFunc(a, func(r rune) bool { return !strings.ContainsRune(plain, r) }) {
		return "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
	}
	return a
}

const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@,+"

// program is how this program was called: a line that is printed to be copied
// works where it is not on the path.
func program() string {
	if name := os.Args[0]; filepath.Base(name) == "droits" {
		return name
	}
	return "droits"
}

// loadConfig reads the file that --config names.
func loadConfig(c *cobra.Command, p Process) (app.Config, error) {
	path := text(c, "config")
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) && !c.Flags().Changed("config") {
		return app.Config{}, &exitError{ExitConfig, fmt.Errorf("there is no %s here; name the configuration with --config FILE", path)}
	}
	return app.LoadConfig(path, p.Environ)
}
