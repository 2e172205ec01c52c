package app_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"droits.example/droits/internal/app"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/store"
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
		{"a provider of professionals without address is asked for it", goodConfig + "[login]\nclient_id = \"x\"\n", "", "login needs issuer"},
		{"a provider of professionals needs who we are for it", goodConfig + "[login]\nissuer = \"https://id.example\"\n", "", "login needs client_id and client_secret_file"},
		{"a provider that is no address is said", goodConfig + "[login]\nissuer = \"id.example\"\n", "", "login.issuer must be an address"},
		{"an operator whose SIRET has a wrong digit is said", goodConfig + "[login]\nissuer = \"https://id.example\"\nclient_id = \"x\"\nclient_secret_file = \"y\"\nagents_siret = \"00000000000043\"\n", "", "login.agents_siret is not a SIRET"},
		{"a timeout of nothing is said", goodConfig + "[login]\nissuer = \"https://id.example\"\nclient_id = \"x\"\nclient_secret_file = \"y\"\ntimeout = \"0s\"\n", "", "login.timeout must be more than 0s"},
		{"two persons for something else are said", goodConfig + "[instruction]\ntwo_persons = [\"refuse\"]\n", "", "instruction.two_persons"},
		{"an answer that is never due is said", goodConfig + "[instruction]\nanswer_days = 0\n", "", "instruction.answer_days"},
		{"R62 an operation on its way out without its day is said", goodConfig + "[deprecation]\noperations = [\"getMe\"]\n", "", "deprecation needs since"},
		{"R62 a day that is none is said", goodConfig, "DROITS_DEPRECATION_SINCE=2027-02-30", "deprecation.since must be a day"},
		{"R62 a last day that is none is said", goodConfig + "[deprecation]\nsince = \"2027-01-01\"\nuntil = \"bientot\"\n", "", "deprecation.until must be a day"},
		{"R62 a last day before the first is said", goodConfig + "[deprecation]\nsince = \"2027-01-01\"\nuntil = \"2026-12-31\"\n", "", "deprecation.until must not be before"},
		{"R62 an operation that does not exist is said with its neighbour", goodConfig + "[deprecation]\nsince = \"2027-01-01\"\noperations = [\"getMeme\"]\n", "", `did you mean "getMe"`},
		{"R62 a link that would leave its brackets is said", goodConfig + "[deprecation]\nsince = \"2027-01-01\"\nlink = \"https://droits.example/?a=>\"\n", "", "deprecation.link must be an address"},
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
		{"a citizen space without the secret of its client", goodConfig, "DROITS_FRANCECONNECT_LOGIN_CLIENT_ID=espace", "franceconnect.login needs client_id and client_secret_file"},
		{"a citizen space without the second version", goodConfig + "\n[franceconnect.login]\nclient_id = 'espace'\nclient_secret_file = 's'\n", "", "franceconnect.login needs franceconnect.v2.url"},
		{"the base path of the citizen space", goodConfig, "DROITS_BASE_PATH=/mon-espace/droits", "base_path must not cover /mon-espace"},
		{"a ceiling above ten seconds", goodConfig, "DROITS_FRANCECONNECT_CEILING=11s", "ceiling must be"},
		{"a base path that is relative", goodConfig, "DROITS_BASE_PATH=v1", "base_path must begin with /"},
		{"a base path that is the root", goodConfig, "DROITS_BASE_PATH=/", "base_path must not be / alone"},
		{"a base path with a space", goodConfig, "DROITS_BASE_PATH=/v1/les droits", "base_path must hold letters"},
		{"a base path with a query", goodConfig, "DROITS_BASE_PATH=/v1/droits?x=1", "base_path must hold letters"},
		{"a base path with an empty step", goodConfig, "DROITS_BASE_PATH=/v1//droits", "base_path must not hold //"},
		{"a base path that climbs", goodConfig, "DROITS_BASE_PATH=/v1/../droits", "base_path must not hold //"},
		{"the base path of the partner's page", goodConfig, "DROITS_BASE_PATH=/v1/partenaire", "base_path must not cover /v1/partenaire"},
		{"a base path under which the partner's page lies", goodConfig, "DROITS_BASE_PATH=/v1/", "base_path must not cover /v1/partenaire"},
		{"the base path of the documentation", goodConfig, "DROITS_BASE_PATH=/documentation/droits", "base_path must not cover /documentation"},
		{"the base path of our keys", goodConfig, "DROITS_BASE_PATH=/franceconnect", "base_path must not cover /franceconnect"},
		{"a negative drain", goodConfig, "DROITS_DRAIN=-1s", "drain must not be negative"},
		{"a negative timeout", goodConfig, "DROITS_FRANCECONNECT_TIMEOUT=-1s", "franceconnect.timeout must be more than 0s"},
		{"a FranceConnect that is not an address", goodConfig, "DROITS_FRANCECONNECT_V1_URL=fc.example/api/v1", "franceconnect.v1.url must be a base"},
		{"FranceConnect in clear in production", strings.Replace(with(`"sandbox"`, `"production"`), `"http://127.0.0.1:8080"`, `"https://droits.example"`, 1), "", "franceconnect.v1.url must begin with https://"},
		{"an unknown table is named with its neighbour", with("[keys]", "[clefs]"), "", `did you mean "keys`},
		{"an unknown empty table too", goodConfig + "\n[clefs]\n", "", `unknown key "clefs"; did you mean "keys"`},
		{"mail without a server", goodConfig, "DROITS_MAIL_FROM=a@exemple.fr", "mail needs host"},
		{"a mail server without its port", goodConfig + "\n[mail]\nhost = 'smtp.exemple'\nfrom = 'a@exemple.fr'\n", "", "mail.host must be host:port"},
		{"mail from an address with a name", goodConfig + "\n[mail]\nhost = 'smtp.exemple:25'\nfrom = 'A <a@exemple.fr>'\n", "", "mail.from must be an address alone"},
		{"a login at the mail server without its password", goodConfig + "\n[mail]\nhost = 'smtp.exemple:25'\nfrom = 'a@exemple.fr'\nuser = 'u'\n", "", "go together"},
		{"a password in clear on the network", goodConfig + "\n[mail]\nhost = 'smtp.exemple:25'\nfrom = 'a@exemple.fr'\nuser = 'u'\npassword_file = 'p'\n", "", "mail.starttls must be true"},
		{"a switch that is neither true nor false", goodConfig, "DROITS_MAIL_STARTTLS=oui", "is true or false"},
		{"a network of receivers that is none", goodConfig, "DROITS_WEBHOOKS_NETWORKS=partout", "webhooks.networks"},
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

func TestFilesOfSecrets(t *testing.T) {
	const v2 = `data = "donnees"
[keys]
root_file = "racine.key"
[franceconnect.v2]
url = "http://127.0.0.1:9/api/v2"
client_id = "fournisseur"
client_secret_file = "secret"
keys_file = "fc-keys.json"
[franceconnect.login]
client_id = "espace"
client_secret_file = "secret-espace"
button_file = "bouton.svg"
`
	for _, c := range []struct {
		name  string
		spoil func(dir string) error
		want  []string
		never string
	}{
		{"a root key that is not there says how to make one", func(d string) error { return os.Remove(filepath.Join(d, "racine.key")) }, []string{"keys.root_file", "droits keygen"}, "chmod"},
		{"a root key that others can read says how to close it", func(d string) error { return os.Chmod(filepath.Join(d, "racine.key"), 0o444) }, []string{"keys.root_file", "chmod 400"}, "keygen"},
		{"a root key that is too short is said", func(d string) error {
			p := filepath.Join(d, "racine.key")
			return errors.Join(os.Chmod(p, 0o600), os.Truncate(p, 31))
		}, []string{"keys.root_file", "exactly 32 bytes"}, "keygen"},
		{"another root key than the directory's is said", func(d string) error {
			p := filepath.Join(d, "racine.key")
			b, err := os.ReadFile(p)
			b[0]++
			return errors.Join(err, os.Chmod(p, 0o600), os.WriteFile(p, b, 0o600))
		}, []string{"keys.root_file", "another root key"}, "keygen"},
		{"a secret that others can read says how to close it", func(d string) error { return os.Chmod(filepath.Join(d, "secret"), 0o640) }, []string{"franceconnect.v2.client_secret_file", "chmod 400"}, ""},
		{"an empty secret names its member", func(d string) error { return os.WriteFile(filepath.Join(d, "secret"), []byte(" \n"), 0o600) }, []string{"franceconnect.v2.client_secret_file", "empty"}, ""},
		{"the space's secret that others can read says how to close it", func(d string) error { return os.Chmod(filepath.Join(d, "secret-espace"), 0o640) }, []string{"franceconnect.login.client_secret_file", "chmod 400"}, ""},
		{"an empty secret of the space names its member", func(d string) error { return os.WriteFile(filepath.Join(d, "secret-espace"), nil, 0o600) }, []string{"franceconnect.login.client_secret_file", "empty"}, ""},
		{"a button that is not there is named", func(d string) error { return os.Remove(filepath.Join(d, "bouton.svg")) }, []string{"franceconnect.login.button_file"}, ""},
		{"decryption keys that others can read say how to close them", func(d string) error { return os.Chmod(filepath.Join(d, "fc-keys.json"), 0o644) }, []string{"franceconnect.v2.keys_file", "chmod 600"}, ""},
		{"a data directory that others may enter says how to close it", func(d string) error { return os.Chmod(filepath.Join(d, "donnees"), 0o755) }, []string{"data", "chmod 700"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			conf, dir, err := load(t, v2)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("un secret\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			for name, text := range map[string]string{"secret-espace": "un autre", "bouton.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>"} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := store.CreateRoot(conf.Keys.RootFile); err != nil {
				t.Fatal(err)
			}
			open := func() error {
				a, err := app.New(t.Context(), conf, app.Options{Logs: io.Discard})
				if err != nil {
					return err
				}
				return a.Close()
			}
			if err := open(); err != nil {
				t.Fatalf("before: %v", err)
			}
			if err := c.spoil(dir); err != nil {
				t.Fatal(err)
			}
			err = open()
			var bad *app.ConfigError
			if !errors.As(err, &bad) {
				t.Fatalf("%v is not a mistake of the configuration", err)
			}
			for _, word := range c.want {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%v does not say %q", err, word)
				}
			}
			if c.never != "" && strings.Contains(err.Error(), c.never) {
				t.Errorf("%v says %q", err, c.never)
			}
		})
	}
}
