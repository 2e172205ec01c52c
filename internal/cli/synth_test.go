package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"droits.example/droits/internal/cli"
	"droits.example/droits/internal/intake"
)

func TestSynth(t *testing.T) {
	dir := t.TempDir()
	to := func(name string) string { return filepath.Join(dir, name) }
	t.Run("standard output and files of every compression hold the same lines", func(t *testing.T) {
		out := ok(t, "", "synth", "--persons", "1500", "--seed", "3", "--reference", "2026-11-22", "-q").out
		if strings.Count(out, `"type":"personne"`) != 1500 {
			t.Fatal("not 1500 people")
		}
		for _, name := range []string{"n.ndjson", "n.ndjson.gz", "n.ndjson.zst"} {
			ok(t, "", "synth", "--persons", "1500", "--seed", "3", "--reference", "2026-11-22", "-q", "--out", to(name))
			s, err := intake.Run(t.Context(), intake.Options{Path: to(name), DryRun: true})
			if err != nil || s.Rejected != 0 || s.Personnes != 1500 {
				t.Errorf("%s: %d people, %d rejected, %v", name, s.Personnes, s.Rejected, err)
			}
		}
		if b, err := os.ReadFile(to("n.ndjson")); err != nil || !bytes.Equal(b, []byte(out)) {
			t.Error("the plain file is not what standard output holds")
		}
	})
	t.Run("a delta is one", func(t *testing.T) {
		out := ok(t, "", "synth", "--persons", "1500", "--seed", "3", "--delta", "40", "-q").out
		if !strings.Contains(out, `"jeu":"delta"`) || strings.Count(out, "\n") != 41 {
			t.Error("not a delta of 40 changes")
		}
	})
	t.Run("a file that exists is left alone, unless forced", func(t *testing.T) {
		path := write(t, to("kept.ndjson"), "kept")
		if s := run("", "synth", "--persons", "10", "--out", path, "-q"); s.code != cli.ExitRefused {
			t.Errorf("%d: %s", s.code, s.err)
		}
		if b, _ := os.ReadFile(path); string(b) != "kept" {
			t.Error("it was replaced")
		}
		ok(t, "", "synth", "--persons", "10", "--out", path, "-q", "--force")
		if b, _ := os.ReadFile(path); string(b) == "kept" {
			t.Error("it was not replaced")
		}
	})
	t.Run("wrong flags are told", func(t *testing.T) {
		for _, args := range [][]string{{"--persons", "0"}, {"--persons", "x"}, {"--reference", "2026-02-30"}, {"--reference", "1200-01-01"}, {"--delta", "0"}, {"--delta", "-3"}, {"--persons", "100", "--delta", "26"}, {"more"}} {
			if s := run("", append([]string{"synth", "-q"}, args...)...); s.code != cli.ExitUsage || s.out != "" || !strings.Contains(s.err, "droits:") {
				t.Errorf("%v: %d %s", args, s.code, s.err)
			}
		}
		if s := run("", "synth", "--persons", "10", "-q", "--out", to("no/such/folder.ndjson")); s.code != cli.ExitFailure {
			t.Errorf("%d: %s", s.code, s.err)
		}
	})
	if left, _ := filepath.Glob(to("*.part")); len(left) > 0 {
		t.Errorf("left behind: %d", len(left))
	}
}

func TestBenchIdentityFlags(t *testing.T) {
	for _, args := range [][]string{{"--mix", "worst"}, {"--lists", "long"}, {"--queries", "0"}, {"--persons", "3"}} {
		if s := run("", append([]string{"bench", "identity"}, args...)...); s.code != cli.ExitUsage {
			t.Errorf("%v: %d %s", args, s.code, s.err)
		}
	}
	s := ok(t, "", "bench", "identity", "--persons", "2000", "--queries", "500", "--mix", "natural", "-q", "--json")
	var rep struct {
		Mixes []struct{ Queries, Wrong int }
	}
	decode(t, s.out, &rep)
	if len(rep.Mixes) != 1 || rep.Mixes[0].Queries != 500 || rep.Mixes[0].Wrong != 0 {
		t.Errorf("%+v", rep)
	}
}
