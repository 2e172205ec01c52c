package cli_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"droits.example/droits/internal/cli"
)

// countersign has both parties sign a version of a convention, as they would:
// the bytes written out, signed at the partner's with a key of its own, and the
// signature brought back.
func countersign(t *testing.T, on func(...string) []string, id string, version int) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "c.bytes")
	n := strconv.Itoa(version)
	if err := os.WriteFile(file, []byte(ok(t, "", on("convention", "canonical", id, n)...).out), 0o600); err != nil {
		t.Fatal(err)
	}
	var made struct {
		Key  string
		File string `json:"signature_file"`
	}
	decode(t, ok(t, "", "convention", "sign-file", file, "--key-file", filepath.Join(dir, "k"), "--json").out, &made)
	ok(t, "", on("partner", "signing-key", "add", id, made.Key, "--apply")...)
	ok(t, "", on("convention", "sign", id+"@"+n, "--public-key", made.Key, "--signature", made.File, "--apply")...)
	ok(t, "", on("convention", "sign", id+"@"+n, "--apply")...)
}

func TestSigningByHand(t *testing.T) { // R27
	dir, config := alone(t)
	on := func(args ...string) []string { return append(args, "--config", config) }
	ok(t, "", on("partner", "add", "chu-exemple", "--name", "CHU", "--kind", "etablissement_sante", "--siret", "00000000000018", "--apply")...)
	file := filepath.Join(dir, "c.json")
	if err := os.WriteFile(file, []byte(ok(t, "", "convention", "template").out), 0o600); err != nil {
		t.Fatal(err)
	}
	ok(t, "", on("convention", "add", file, "--apply")...)
	active := func() said { return run("", on("convention", "state", "chu-exemple", "active", "--apply")...) }
	t.Run("R27 what nobody signed does not come into force", func(t *testing.T) {
		if s := active(); s.code != cli.ExitRefused {
			t.Errorf("exit code %d: %s", s.code, s.err)
		}
	})
	t.Run("R27 nor what the operator alone signed", func(t *testing.T) {
		ok(t, "", on("convention", "sign", "chu-exemple", "--apply")...)
		if s := active(); s.code != cli.ExitRefused {
			t.Errorf("exit code %d: %s", s.code, s.err)
		}
	})
	t.Run("R27 a signature of other bytes, or under a key that nobody registered, is refused", func(t *testing.T) {
		other := filepath.Join(dir, "other")
		if err := os.WriteFile(other, []byte("autre chose"), 0o600); err != nil {
			t.Fatal(err)
		}
		var made struct {
			Key  string
			File string `json:"signature_file"`
		}
		decode(t, ok(t, "", "convention", "sign-file", other, "--key-file", filepath.Join(dir, "k"), "--json").out, &made)
		if s := run("", on("convention", "sign", "chu-exemple", "--public-key", made.Key, "--signature", made.File, "--apply")...); s.code != cli.ExitUsage {
			t.Errorf("exit code %d: %s", s.code, s.err)
		}
		if err := os.WriteFile(other, []byte(ok(t, "", on("convention", "canonical", "chu-exemple", "1")...).out), 0o600); err != nil {
			t.Fatal(err)
		}
		decode(t, ok(t, "", "convention", "sign-file", other, "--key-file", filepath.Join(dir, "k"), "--json").out, &made)
		if s := run("", on("convention", "sign", "chu-exemple", "--public-key", made.Key, "--signature", made.File, "--apply")...); s.code != cli.ExitRefused {
			t.Errorf("exit code %d: %s", s.code, s.err)
		}
		if s := run("", on("partner", "signing-key", "add", "chu-exemple", "pas une clé", "--apply")...); s.code != cli.ExitUsage || strings.Contains(s.err, "pas une clé") {
			t.Errorf("exit code %d: %s", s.code, s.err)
		}
	})
	t.Run("R27 with both signatures it does", func(t *testing.T) {
		countersign(t, on, "chu-exemple", 1)
		if s := active(); s.code != cli.ExitOK {
			t.Errorf("exit code %d: %s", s.code, s.err)
		}
	})
	t.Run("R40 everything that derives from it names one digest, and one byte changed by hand is found", func(t *testing.T) {
		out := filepath.Join(dir, "derived")
		var x struct {
			Digest    string
			Artefacts []struct{ Name, Text string }
		}
		decode(t, ok(t, "", on("convention", "explain", "chu-exemple", "--out", out, "--json")...).out, &x)
		if len(x.Artefacts) != 6 {
			t.Fatalf("%d artefacts", len(x.Artefacts))
		}
		ok(t, "", on("convention", "verify", "chu-exemple", out)...)
		for _, a := range x.Artefacts {
			if a.Name != "convention.json" && !strings.Contains(a.Text, x.Digest) {
				t.Errorf("%s does not name the digest", a.Name)
			}
			path := filepath.Join(out, a.Name)
			b := []byte(a.Text)
			b[len(b)/2] ^= 1
			if err := os.WriteFile(path, b, 0o644); err != nil {
				t.Fatal(err)
			}
			if s := run("", on("convention", "verify", "chu-exemple", out)...); s.code != cli.ExitIntegrity || !strings.Contains(s.err, a.Name) {
				t.Errorf("%s altered: exit code %d", a.Name, s.code)
			}
			if err := os.WriteFile(path, []byte(a.Text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	})
}
