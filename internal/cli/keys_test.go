package cli_test

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/cli"
)

// The life of keys, certificates and delegations, by hand.
func TestKeysByHand(t *testing.T) {
	dir, config := alone(t)
	on := func(args ...string) []string { return append(args, "--config", config) }
	ok(t, "", on("partner", "add", "chu-exemple", "--name", "CHU", "--kind", "etablissement_sante", "--siret", "00000000000018", "--apply")...)
	ok(t, "", on("partner", "add", "logiciel", "--name", "Editeur", "--kind", "editeur", "--siret", "00000000000026", "--apply")...)
	ok(t, "", on("convention", "add", write(t, filepath.Join(dir, "c.json"), ok(t, "", "convention", "template").out), "--apply")...)
	countersign(t, on, "chu-exemple", 1)
	ok(t, "", on("convention", "state", "chu-exemple", "active", "--apply")...)
	var made struct{ ID, Secret string }
	decode(t, ok(t, "", on("key", "add", "chu-exemple", "--expires", "2999-12-31", "--apply", "--json")...).out, &made)
	refused := func(code int, says string, args ...string) {
		t.Helper()
		if s := run("", on(args...)...); s.code != code || !strings.Contains(s.err, says) {
			t.Errorf("%s: exit code %d: %s", strings.Join(args, " "), s.code, s.err)
		}
	}
	t.Run("R74 a third key is refused, and told why", func(t *testing.T) {
		ok(t, "", on("key", "add", "chu-exemple", "--apply")...)
		refused(cli.ExitRefused, "two keys are live", "key", "add", "chu-exemple")
	})
	t.Run("R78 the list shows four characters, the end and the state, never the key", func(t *testing.T) {
		s := ok(t, "", on("key", "list")...)
		if strings.Contains(s.out, made.Secret) || !strings.Contains(s.out, "…"+made.Secret[len(made.Secret)-4:]) || !strings.Contains(s.out, "2999-12-31") || !strings.Contains(s.out, "live") {
			t.Error(s.out)
		}
	})
	t.Run("R77 a key is suspended and resumed, rehearsed first", func(t *testing.T) {
		ok(t, "", on("key", "suspend", made.ID)...)
		refused(cli.ExitNotFound, "suspended key", "key", "resume", made.ID)
		ok(t, "", on("key", "suspend", made.ID, "--apply")...)
		if s := ok(t, "", on("key", "list")...); !strings.Contains(s.out, "suspended (exploitant)") {
			t.Error(s.out)
		}
		ok(t, "", on("key", "resume", made.ID, "--apply")...)
		ok(t, "", on("key", "alerts", "--json")...)
	})
	t.Run("R73 a certificate is bound and taken off; what is none, or has ended, is refused", func(t *testing.T) {
		now := time.Now()
		good, old := apptest.NewIdentity(t, nil, now.Add(-time.Hour), now.Add(time.Hour)), apptest.NewIdentity(t, nil, now.Add(-2*time.Hour), now.Add(-time.Hour))
		file := write(t, filepath.Join(dir, "c.pem"), string(good.PEM))
		ok(t, "", on("key", "bind-certificate", made.ID, file)...)
		var bound struct {
			SHA256 string
		}
		decode(t, ok(t, "", on("key", "bind-certificate", made.ID, file, "--apply", "--json")...).out, &bound)
		if s := ok(t, "", on("key", "list", "--json")...); !strings.Contains(s.out, bound.SHA256) {
			t.Error("the list does not name it")
		}
		refused(cli.ExitUsage, "past its end", "key", "bind-certificate", made.ID, write(t, filepath.Join(dir, "o.pem"), string(old.PEM)))
		refused(cli.ExitUsage, "certificate", "key", "bind-certificate", made.ID, write(t, filepath.Join(dir, "k.pem"), string(good.KeyPEM)))
		refused(cli.ExitNotFound, "read", "key", "bind-certificate", made.ID, filepath.Join(dir, "rien.pem"))
		ok(t, "", on("key", "unbind-certificate", made.ID, bound.SHA256, "--apply")...)
		refused(cli.ExitNotFound, "certificate", "key", "unbind-certificate", made.ID, bound.SHA256)
	})
	t.Run("R30 a vendor has a key and delegations, which either side ends", func(t *testing.T) {
		ok(t, "", on("key", "add", "logiciel", "--vendor", "--apply")...)
		refused(cli.ExitUsage, "not a software vendor", "key", "add", "chu-exemple", "--vendor")
		refused(cli.ExitUsage, "not a software vendor", "delegation", "add", "chu-exemple", "chu-exemple")
		refused(cli.ExitNotFound, "no such vendor", "delegation", "add", "personne", "chu-exemple")
		refused(cli.ExitNotFound, "no such convention", "delegation", "add", "logiciel", "autre")
		ok(t, "", on("delegation", "add", "logiciel", "chu-exemple")...)
		ok(t, "", on("delegation", "add", "logiciel", "chu-exemple", "--apply")...)
		refused(cli.ExitRefused, "", "delegation", "add", "logiciel", "chu-exemple", "--apply")
		refused(cli.ExitUsage, "side", "delegation", "revoke", "logiciel", "chu-exemple", "--by", "personne")
		ok(t, "", on("delegation", "revoke", "logiciel", "chu-exemple", "--by", "editeur", "--apply")...)
		refused(cli.ExitNotFound, "no such delegation", "delegation", "revoke", "logiciel", "chu-exemple")
		if s := ok(t, "", on("delegation", "list")...); !strings.Contains(s.out, "ended by editeur") {
			t.Error(s.out)
		}
	})
	t.Run("the technical contact is read from standard input and shown nowhere", func(t *testing.T) {
		if s := ok(t, "technique@chu.example\n", on("partner", "contact", "chu-exemple", "--apply")...); strings.Contains(s.out+s.err, "technique@") {
			t.Error(s.out)
		}
		if s := run("pas une adresse\n", on("partner", "contact", "chu-exemple")...); s.code != cli.ExitUsage {
			t.Errorf("exit code %d: %s", s.code, s.err)
		}
	})
}

func TestTLSInTheConfiguration(t *testing.T) {
	dir, config := alone(t)
	base, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ more, says string }{
		"a certificate without its key":           {"[tls]\ncert_file = 'c.pem'\n", "go together"},
		"an address for certificates without TLS": {"[listen]\nmtls = '127.0.0.1:0'\n", "listen.mtls needs"},
		"authorities that nobody asks for":        {"[tls]\ncert_file = 'c.pem'\nkey_file = 'k.pem'\nclient_ca_file = 'a.pem'\n", "needs listen.mtls"},
		"files that are not there":                {"[tls]\ncert_file = 'c.pem'\nkey_file = 'k.pem'\n", "tls.cert_file"},
	} {
		t.Run(name+" stops the start", func(t *testing.T) {
			file := write(t, filepath.Join(dir, "tls.toml"), string(base)+c.more)
			if s := run("", "serve", "--config", file); s.code != cli.ExitConfig || !strings.Contains(s.err, c.says) {
				t.Errorf("exit code %d: %s", s.code, s.err)
			}
		})
	}
}

func TestSIGHUPReadsTheCertificatesAnew(t *testing.T) {
	dir, config := alone(t)
	base, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	now, api := time.Now(), freePort(t)
	first, second := apptest.NewIdentity(t, nil, now.Add(-time.Hour), now.Add(time.Hour)), apptest.NewIdentity(t, nil, now.Add(-time.Hour), now.Add(time.Hour))
	files := first.Write(t, dir)
	file := write(t, filepath.Join(dir, "tls.toml"), string(base)+"[listen]\napi = '"+api+"'\ninternal = '"+freePort(t)+"'\n[tls]\ncert_file = '"+files.CertFile+"'\nkey_file = '"+files.KeyFile+"'\n")
	serve := start(t, "", "serve", "--config", file)
	serve.until(t, serve.err, `"ready"`)
	shows := func(id *apptest.Identity) bool {
		t.Helper()
		c, err := tls.Dial("tcp", api, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].Equal(id.Leaf)
	}
	if !shows(first) {
		t.Fatal("another certificate is shown")
	}
	second.Write(t, dir)
	if err := serve.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	tick, end := time.NewTicker(20*time.Millisecond), time.After(patience)
	defer tick.Stop()
	for !shows(second) {
		select {
		case <-tick.C:
		case <-end:
			t.Fatal("the former certificate is still shown")
		}
	}
	if code := serve.stop(t); code != cli.ExitOK {
		t.Errorf("it stops with %d: %s", code, serve.err)
	}
}
