package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/cli"
)

func TestAConventionOutOfARequestByHand(t *testing.T) { // R26 R27
	dir, config := alone(t)
	on := func(args ...string) []string { return append(args, "--config", config) }
	form := filepath.Join(dir, "r.json")
	if err := os.WriteFile(form, []byte(ok(t, "", "request", "template").out), 0o600); err != nil {
		t.Fatal(err)
	}
	s := ok(t, "", on("request", "open", form, "--apply")...).out
	id := s[strings.Index(s, "D-"):][:11]
	prepare := func(more ...string) said {
		return run("", on(append([]string{"convention", "from-request", id}, more...)...)...)
	}
	t.Run("what is not approved leads to none", func(t *testing.T) {
		if s := prepare("--apply"); s.code != cli.ExitRefused {
			t.Errorf("exit code %d: %s", s.code, s.err)
		}
	})
	ok(t, "", on("request", "submit", id, "--apply")...)
	ok(t, "", on("request", "approve", id, "--author", "agent-7", "--apply")...)
	t.Run("it is rehearsed", func(t *testing.T) {
		if s := prepare(); s.code != 0 || !strings.Contains(s.out, "rehearsed, nothing changed") || !strings.Contains(s.out, "draft version 1 of chu-d-exemple-preadmission") {
			t.Error(s.code, s.out)
		}
		if s := ok(t, "", on("convention", "list")...).out; strings.Contains(s, "chu-d-exemple") {
			t.Error("it made one")
		}
	})
	var made struct{ ID, Partner, Digest, Until string }
	decode(t, prepare("--until", "2028-12-31", "--apply", "--json").out, &made)
	if made.ID != "chu-d-exemple-preadmission" || made.Partner != "chu-d-exemple" || made.Until != "2028-12-31" {
		t.Fatalf("%+v", made)
	}
	t.Run("asked again, it is the same", func(t *testing.T) {
		var again struct{ ID, Digest string }
		decode(t, prepare("--apply", "--json").out, &again)
		if again.ID != made.ID || again.Digest != made.Digest {
			t.Error(again)
		}
	})
	t.Run("R27 what derives from it is verified, and an edit by hand is found", func(t *testing.T) {
		countersignFor(t, on, made.ID, made.Partner)
		ok(t, "", on("convention", "state", made.ID, "active", "--apply")...)
		out := filepath.Join(dir, "artefacts")
		ok(t, "", on("convention", "explain", made.ID, "--out", out)...)
		ok(t, "", on("convention", "verify", made.ID, out)...)
		file := filepath.Join(out, "quotas.json")
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(strings.Replace(string(b), "par_jour", "par_jours", 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if s := run("", on("convention", "verify", made.ID, out)...); s.code != cli.ExitIntegrity {
			t.Errorf("R27 exit code %d: %s", s.code, s.out)
		}
	})
	for name, args := range map[string][]string{"a day that is none": {"--until", "demain"}, "a term before it begins": {"--until", "2020-01-01"}, "a proof that does not exist": {"--auth", "rien"}} {
		t.Run(name+" is refused", func(t *testing.T) {
			other := ok(t, "", on("request", "open", form, "--apply")...).out
			other = other[strings.Index(other, "D-"):][:11]
			ok(t, "", on("request", "submit", other, "--apply")...)
			ok(t, "", on("request", "approve", other, "--apply")...)
			if s := run("", on(append([]string{"convention", "from-request", other}, args...)...)...); s.code != cli.ExitUsage {
				t.Errorf("exit code %d: %s", s.code, s.err)
			}
		})
	}
}

// countersignFor is countersign for a partner that is called otherwise than its
// convention.
func countersignFor(t *testing.T, on func(...string) []string, id, partner string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "c.bytes")
	if err := os.WriteFile(file, []byte(ok(t, "", on("convention", "canonical", id, "1")...).out), 0o600); err != nil {
		t.Fatal(err)
	}
	var made struct {
		Key  string
		File string `json:"signature_file"`
	}
	decode(t, ok(t, "", "convention", "sign-file", file, "--key-file", filepath.Join(dir, "k"), "--json").out, &made)
	ok(t, "", on("partner", "signing-key", "add", partner, made.Key, "--apply")...)
	ok(t, "", on("convention", "sign", id+"@1", "--public-key", made.Key, "--signature", made.File, "--apply")...)
	ok(t, "", on("convention", "sign", id+"@1", "--apply")...)
}

func TestTermsByHand(t *testing.T) {
	_, config := alone(t)
	on := func(args ...string) []string { return append(args, "--config", config) }
	from := time.Now().AddDate(0, 0, 40).Format(time.DateOnly)
	if s := ok(t, "", on("terms", "list")...).out; !strings.Contains(s, "2026-11  holds") || !strings.Contains(s, "2027-02  not announced") {
		t.Error(s)
	}
	if s := ok(t, "", on("terms", "announce", "2027-02", "--from", from)...).out; !strings.Contains(s, "rehearsed, nothing changed") || !strings.Contains(s, "tell 0 partners") {
		t.Error(s)
	}
	for name, args := range map[string][]string{"too soon": {"2027-02", "--from", time.Now().AddDate(0, 0, 20).Format(time.DateOnly)}, "a version of nobody's": {"1999-01", "--from", from}, "no day": {"2027-02"}, "the one that holds": {"2026-11", "--from", from}} {
		if s := run("", on(append([]string{"terms", "announce"}, args...)...)...); s.code != cli.ExitUsage {
			t.Errorf("%s: exit code %d: %s", name, s.code, s.err)
		}
	}
	ok(t, "", on("terms", "announce", "2027-02", "--from", from, "--apply")...)
	var out struct {
		Held, Next struct{ Version, From string }
	}
	decode(t, ok(t, "", on("terms", "list", "--json")...).out, &out)
	if out.Held.Version != "2026-11" || out.Next.Version != "2027-02" || out.Next.From != from {
		t.Errorf("%+v", out)
	}
}
