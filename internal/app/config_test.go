package app_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"droits.example/droits/internal/app"
	"droits.example/droits/internal/apptest"
)

const goodConfig = `instance = "sandbox"
data = "donnees"
public_url = "http://127.0.0.1:8080"
trusted_proxies = ["10.0.0.0/8"]
drain = "3s"

[keys]
root_file = "racine.key"

[franceconnect]
timeout = "2s"
min_acr = "eidas1"

[franceconnect.v1]
url = "http://127.0.0.1:8081/api/v1"
`

func load(t *testing.T, text string, environ ...string) (app.Config, string, error) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "droits.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := app.LoadConfig(path, environ)
	return c, dir, err
}

func TestConfig(t *testing.T) {
	t.Run("a right file is read, relative paths taken from its folder", func(t *testing.T) {
		c, dir, err := load(t, goodConfig, "HOME=/root", "DROITS_LOG_LEVEL=debug", "DROITS_TRUSTED_PROXIES=10.0.0.0/8, 192.0.2.0/24")
		if err != nil {
			t.Fatal(err)
		}
		if c.Data != filepath.Join(dir, "donnees") || c.Keys.RootFile != filepath.Join(dir, "racine.key") || c.Log.Level != "debug" || len(c.Proxies) != 2 {
			t.Error("a member was not read")
		}
	})
	with := func(old, new string) string { return strings.Replace(goodConfig, old, new, 1) }
	for _, c := range []struct{ name, text, env, want string }{
		{"an unknown key is named with its neighbour and its line", with("public_url", "publik_url"), "", `line 3: unknown key "publik_url"; did you mean "public_url"`},
		{"an unknown key of a section is named", with("min_acr", "min_acl"), "", `unknown key "franceconnect.min_acl"; did you mean "franceconnect.min_acr"`},
		{"an unknown variable is named with its neighbour", goodConfig, "DROITS_LOG_LEVL=x", "unknown variable DROITS_LOG_LEVL; did you mean DROITS_LOG_LEVEL"},
		{"a duration that is none is said", goodConfig, "DROITS_DRAIN=vite", "DROITS_DRAIN is not a duration"},
		{"a file that is not TOML is said with its line", "instance = \n", "", "line 1"},
		{"a value of the wrong type is said", with(`"sandbox"`, "12"), "", "line 1"},
		{"an environment that does not exist", with(`"sandbox"`, `"essai"`), "", "instance must be"},
		{"production in clear", with(`"sandbox"`, `"production"`), "", "https://"},
		{"an origin with a path", with("8080\"", "8080/api\""), "", "public_url must be an origin"},
		{"a network that is none", with("10.0.0.0/8", "partout"), "", "trusted_proxies"},
		{"no root key", with(`"racine.key"`, `""`), "", "keys.root_file is required"},
		{"no FranceConnect", with(`url = "http://127.0.0.1:8081/api/v1"`, `url = ""`), "", "franceconnect needs"},
		{"a second version without its secrets", goodConfig, "DROITS_FRANCECONNECT_V2_URL=http://127.0.0.1:1/api/v2", "franceconnect.v2 needs"},
		{"a ceiling above ten seconds", goodConfig, "DROITS_FRANCECONNECT_CEILING=11s", "ceiling must be"},
		{"a base path that is relative", goodConfig, "DROITS_BASE_PATH=v1", "base_path must begin with /"},
		{"a level of log that does not exist", goodConfig, "DROITS_LOG_LEVEL=bavard", "log.level must be"},
		{"a format of log that does not exist", goodConfig, "DROITS_LOG_FORMAT=xml", "log.format must be"},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			var env []string
			if c.env != "" {
				env = []string{c.env}
			}
			_, _, err := load(t, c.text, env...)
			var bad *app.ConfigError
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
	t.Run("a file that is not there is said without a stack of words", func(t *testing.T) {
		if _, err := app.LoadConfig(filepath.Join(t.TempDir(), "rien.toml"), nil); err == nil || !strings.Contains(err.Error(), "cannot read the file") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("no error of the configuration repeats a value", func(t *testing.T) {
		for _, env := range []string{"DROITS_DRAIN=valeur-secrete", "DROITS_INSTANCE=valeur-secrete", "DROITS_PUBLIC_URL=valeur-secrete", "DROITS_FRANCECONNECT_MIN_ACR=valeur-secrete", "DROITS_LOG_FORMAT=valeur-secrete", "DROITS_TRUSTED_PROXIES=valeur-secrete"} {
			if _, _, err := load(t, goodConfig, env); err != nil && strings.Contains(err.Error(), "valeur-secrete") {
				t.Errorf("%s: %v", env, err)
			}
		}
	})
	t.Run("every member is documented with its variable", func(t *testing.T) {
		for _, m := range app.Documentation() {
			if m.Doc == "" || m.Env != "DROITS_"+strings.ToUpper(strings.ReplaceAll(m.Name, ".", "_")) {
				t.Errorf("%s: %q %q", m.Name, m.Doc, m.Env)
			}
		}
	})
}

func socketMode(t *testing.T, in *apptest.Instance) fs.FileMode {
	t.Helper()
	i, err := os.Stat(app.SocketPath(in.Dir))
	if err != nil {
		t.Fatal(err)
	}
	return i.Mode().Perm()
}
