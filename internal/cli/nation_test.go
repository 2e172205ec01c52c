package cli_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// imported is what import --json prints.
type imported struct {
	DryRun    bool `json:"dry_run"`
	Lines     int  `json:"lines"`
	Resumed   int  `json:"resumed_after"`
	Personnes int  `json:"personnes"`
	Outcome   *struct {
		Compared                bool
		Added, Changed, Removed int
		Unchanged               int
		Ambiguous               int `json:"ambiguous_pairs"`
	} `json:"outcome"`
	Seconds float64 `json:"seconds"`
	Peak    int64   `json:"peak_memory_bytes"`
}

func TestANationIsDrawnKilledAtHalfAndLoaded(t *testing.T) {
	const persons = 30_000
	dir := t.TempDir()
	data, file := filepath.Join(dir, "data"), filepath.Join(dir, "nation.ndjson.zst")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	config := write(t, filepath.Join(dir, "droits.toml"), "instance = \"sandbox\"\ndata = \"data\"\npublic_url = \"http://127.0.0.1:9\"\n[listen]\napi = \"127.0.0.1:0\"\ninternal = \"127.0.0.1:0\"\n[keys]\nroot_file = \"root.key\"\n[franceconnect.v1]\nurl = \"http://127.0.0.1:9/api/v1\"\n")
	if r := run("", "keygen", filepath.Join(dir, "root.key")); r.code != 0 {
		t.Fatal(r.err)
	}
	if r := run("", "synth", "--persons", "30000", "--seed", "5", "--out", file); r.code != 0 {
		t.Fatal(r.err)
	}
	load := func(args ...string) (got imported) {
		t.Helper()
		r := run("", append([]string{"import", file, "--config", config, "--json"}, args...)...)
		if r.code != 0 {
			t.Fatalf("exit %d: %s", r.code, r.err)
		}
		decode(t, r.out, &got)
		return got
	}
	p := start(t, "", "import", file, "--config", config)
	path := filepath.Join(data, "population-1.db")
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(patience); ; {
		if i, err := os.Stat(path); err == nil && i.Size() > 7<<20 {
			break
		}
		select {
		case <-tick.C:
		case <-p.ended:
			t.Fatal("it ended before it could be killed")
		case <-end:
			t.Fatal("it does not write")
		}
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-p.ended
	got := load()
	if got.Resumed == 0 || got.Personnes != persons || got.Lines < persons || got.Peak == 0 {
		t.Errorf("after a kill: %+v", got)
	}
	t.Run("the same file again would change nothing", func(t *testing.T) {
		got := load("--dry-run")
		if o := got.Outcome; !got.DryRun || o == nil || !o.Compared || o.Unchanged != persons || o.Added+o.Changed+o.Removed != 0 {
			t.Errorf("%+v %+v", got, o)
		}
	})
	t.Run("a delta says what it changes", func(t *testing.T) {
		delta := filepath.Join(dir, "delta.ndjson")
		if r := run("", "synth", "--persons", "30000", "--seed", "5", "--delta", "500", "--out", delta); r.code != 0 {
			t.Fatal(r.err)
		}
		r := run("", "import", delta, "--config", config, "--json")
		var got imported
		if r.code != 0 {
			t.Fatalf("exit %d: %s", r.code, r.err)
		}
		decode(t, r.out, &got)
		if o := got.Outcome; o == nil || o.Changed == 0 || o.Added+o.Changed+o.Removed < 400 {
			t.Errorf("%+v", o)
		}
	})
	t.Run("only the visible population is left", func(t *testing.T) {
		list, err := filepath.Glob(filepath.Join(data, "population-*.db"))
		if err != nil || len(list) != 1 {
			t.Errorf("%d files, %v", len(list), err)
		}
	})
}
