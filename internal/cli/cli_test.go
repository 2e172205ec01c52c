package cli_test

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/cli"
)

func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	root := filepath.Join(dir, "root.key")
	ok(t, "", "keygen", root)
	config := func(name, text string) string { return write(t, filepath.Join(dir, name), text) }
	good := config("good.toml", "data = 'data'\n[franceconnect.v1]\nurl = 'http://127.0.0.1:9/api/v1'\n")
	typo := config("typo.toml", "data = 'data'\n[listen]\napy = '127.0.0.1:0'\n")
	value := config("value.toml", "instance = 'staging'\n")
	busy := t.TempDir()
	write(t, filepath.Join(busy, "notes.txt"), "x")
	if err := os.Chmod(busy, 0o755); err != nil {
		t.Fatal(err)
	}
	keyless := config("keyless.toml", "[keys]\nroot_file = 'nowhere.key'\n[franceconnect.v1]\nurl = 'http://127.0.0.1:9/api/v1'\n")
	for _, c := range []struct {
		name string
		args string
		code int
		says string
	}{
		{"no command prints the help and is a mistake", "", cli.ExitUsage, ""},
		{"help is not a mistake", "help", cli.ExitOK, ""},
		{"a command close to one that exists is answered with it", "parnter", cli.ExitUsage, `did you mean "droits partner"?`},
		{"a sub-command too", "partner lst", cli.ExitUsage, `did you mean "droits partner list"?`},
		{"help about a command that does not exist", "help nothing", cli.ExitUsage, "unknown command"},
		{"a mistyped command of a group, with its flags", "request lst --data x", cli.ExitUsage, `did you mean "droits request list"`},
		{"an unknown flag", "serve --port 80", cli.ExitUsage, "unknown flag: --port"},
		{"an argument too many", "serve now", cli.ExitUsage, "takes no argument"},
		{"an argument that is missing is named", "key add", cli.ExitUsage, "wants CONVENTION"},
		{"no configuration here", "partner list", cli.ExitConfig, "--config FILE"},
		{"a configuration that cannot be read", "serve --config " + filepath.Join(dir, "none.toml"), cli.ExitConfig, "cannot read the file"},
		{"an unknown key is named with its neighbour and its line", "serve --config " + typo, cli.ExitConfig, `line 3: unknown key "listen.apy"; did you mean "listen.api"?`},
		{"a value that is not one of those allowed", "serve --config " + value, cli.ExitConfig, "instance must be"},
		{"no root key says how to make one", "serve --config " + keyless, cli.ExitConfig, "droits keygen"},
		{"a key file that exists is left alone", "keygen " + root, cli.ExitRefused, "left as it is"},
		{"a file that is not there", "import " + filepath.Join(dir, "none.ndjson") + " --config " + good, cli.ExitNotFound, "cannot be read"},
		{"a convention file that is not there", "convention add " + filepath.Join(dir, "none.json") + " --config " + good, cli.ExitNotFound, "cannot be read"},
		{"a convention that is not one says where", "convention add " + config("bad.json", `{"id":"chu","blocks":3}`) + " --config " + good, cli.ExitUsage, "a value is missing or wrong: document (parametre_invalide)"},
		{"a convention that does not exist", "convention state none active --config " + good, cli.ExitNotFound, ""},
		{"a kind of partner that does not exist", "partner add chu --name CHU --siret 00000000000018 --kind hospital --config " + good, cli.ExitUsage, "kind"},
		{"a date that is not one", "key add chu --expires tomorrow --config " + good, cli.ExitUsage, "--expires"},
		{"a data directory that nobody holds", "partner list --data " + dir, cli.ExitNotFound, "no process holds"},
		{"no demonstration", "demo token --data " + dir, cli.ExitNotFound, "no demonstration is running"},
		{"a demonstration for a network", "demo --api 0.0.0.0:0", cli.ExitConfig, "loopback"},
		{"a demonstration in a folder that holds something else", "demo --api 127.0.0.1:0 --sim 127.0.0.1:0 --partners 127.0.0.1:0 --internal 127.0.0.1:0 --data " + busy, cli.ExitConfig, "choose a folder of its own"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := run("", strings.Fields(c.args)...)
			if s.code != c.code {
				t.Errorf("exit code %d, not %d: %s", s.code, c.code, s.err)
			}
			if !strings.Contains(s.err, c.says) {
				t.Errorf("it does not say %q but: %s", c.says, s.err)
			}
		})
	}
	t.Run("a variable close to a member of the configuration is answered with it", func(t *testing.T) {
		var out, errs bytes.Buffer
		code := cli.Main(cli.Process{Args: []string{"serve", "--config", good}, Out: &out, Err: &errs, Environ: []string{"DROITS_LOG_LEVL=debug"}})
		if code != cli.ExitConfig || !strings.Contains(errs.String(), "did you mean DROITS_LOG_LEVEL?") {
			t.Errorf("exit code %d: %s", code, errs.String())
		}
	})
}

func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken, dir := l.Addr().String(), t.TempDir()
	ok(t, "", "keygen", filepath.Join(dir, "root.key"))
	conf := write(t, filepath.Join(dir, "c.toml"), "data = 'data'\n[listen]\napi = '"+taken+"'\n[franceconnect.v1]\nurl = 'http://127.0.0.1:9/api/v1'\n")
	for _, c := range []struct{ name, args, says string }{
		{"the demonstration names the flag to use", "demo --sim 127.0.0.1:0 --partners 127.0.0.1:0 --internal 127.0.0.1:0 --api " + taken, "--api"},
		{"another of its ports too", "demo --api 127.0.0.1:0 --sim 127.0.0.1:0 --internal 127.0.0.1:0 --partners " + taken, "--partners"},
		{"the simulator names its flag", "sim --addr " + taken, "--addr"},
		{"an instance names the member of its configuration", "serve --config " + conf, "listen.api"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := run("", strings.Fields(c.args)...)
			if s.code != cli.ExitConfig || !strings.Contains(s.err, taken) || !strings.Contains(s.err, c.says) || !strings.Contains(s.err, "in use") {
				t.Errorf("exit code %d: %s", s.code, s.err)
			}
		})
	}
}

// commands visits every command that a reader sees.
func commands(visit func(*cobra.Command)) {
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Hidden || c.Name() == "completion" {
			return
		}
		visit(c)
		for _, s := range c.Commands() {
			walk(s)
		}
	}
	root := cli.Root(cli.Process{})
	root.InitDefaultHelpCmd()
	walk(root)
}

func TestHelp(t *testing.T) {
	commands(func(c *cobra.Command) {
		t.Run(c.CommandPath(), func(t *testing.T) {
			args := append(strings.Fields(c.CommandPath())[1:], "--help")
			apptest.Golden(t, "help/"+strings.ReplaceAll(c.CommandPath(), " ", "-")+".txt", []byte(ok(t, "", args...).out))
		})
	})
}

func TestEveryCommandHasAnExample(t *testing.T) {
	commands(func(c *cobra.Command) {
		if c.Name() != "help" && !c.HasSubCommands() && c.Example == "" {
			t.Errorf("%s has no example", c.CommandPath())
		}
		if strings.HasSuffix(c.Short, ".") || c.Short == "" {
			t.Errorf("%s: a short text is there and has no full stop", c.CommandPath())
		}
	})
}

func TestSecretsAreNeverArguments(t *testing.T) {
	t.Run("R10 no flag takes a NIR, a key, a token or a secret itself", func(t *testing.T) {
		commands(func(c *cobra.Command) {
			c.LocalFlags().VisitAll(func(f *pflag.Flag) {
				switch strings.TrimSuffix(f.Name, "-file") {
				case "nir", "key", "token", "secret", "password":
					public := f.Name == "key" && strings.HasPrefix(f.Usage, "file of public keys") // droits trace: no secret, and a file
					if !strings.HasSuffix(f.Name, "-file") && !public {
						t.Errorf("%s --%s", c.CommandPath(), f.Name)
					}
				}
			})
		})
	})
	t.Run("R10 a number typed where a command is awaited is not repeated", func(t *testing.T) {
		for _, args := range [][]string{{"restrict", "286021204798976"}, {"286021204798976"}, {"help", "286021204798976"}, {"restrict", "add", "286021204798976"}, {"consent", "withdraw", "mutuelle", "286021204798976"}} {
			if s := run("", args...); s.code != cli.ExitUsage || strings.Contains(s.out+s.err, "2860212") {
				t.Errorf("%s answers %d, or repeats it", args[0], s.code)
			}
		}
	})
}

func TestGeneratedDocumentation(t *testing.T) {
	for name, want := range cli.Docs(cli.Root(cli.Process{})) {
		got, err := os.ReadFile(filepath.Join("..", "..", "docs", "generated", name))
		if err != nil || string(got) != want {
			t.Errorf("docs/generated/%s is not what the code says: run make docs", name)
		}
	}
}
