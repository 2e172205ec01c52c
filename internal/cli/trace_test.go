package cli_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/cli"
	"droits.example/droits/internal/store"
	"droits.example/droits/internal/trace"
)

// trail is a data directory with a past, as an instance leaves it.
type trail struct {
	dir, config, keys, receipt string
	heads                      []string // files of checkpoints, the oldest first
	quotes                     []string // values of X-Trace
}

func newTrail(t *testing.T) *trail {
	t.Helper()
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	tr := &trail{dir: filepath.Join(dir, "data")}
	must(os.Mkdir(tr.dir, 0o700))
	root, err := store.CreateRoot(filepath.Join(tr.dir, "root.key"))
	must(err)
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	s, err := store.Open(ctx, store.Config{Dir: tr.dir, Root: root, Clock: func() time.Time { return now }, Host: "127.0.0.1:9"})
	must(err)
	w := trace.NewWriter(s, "")
	for i := range 3 {
		for j := range 4 {
			e := trace.Entry{Class: trace.AccessServed, Person: trace.Person{At: now, Partner: "hopital", Outcome: "servi", Operation: "getMe"}, Subject: trace.Digest{byte(i), byte(j)}}
			r, err := w.Append(ctx, trace.Pending{Leaf: e.Leaf()})
			must(err)
			tr.quotes = append(tr.quotes, r.String())
		}
		now = now.Add(61 * time.Minute)
		must(s.Beat(ctx))
		p, err := s.Proof(ctx, int64(4*i))
		must(err)
		tr.heads = append(tr.heads, write(t, filepath.Join(dir, fmt.Sprint("head-", i)), p.Checkpoint))
		text, err := p.MarshalText()
		must(err)
		tr.receipt = write(t, filepath.Join(dir, "acces.tlog-proof"), string(text))
	}
	lines, err := s.PublicKeys(ctx)
	must(err)
	tr.keys = write(t, filepath.Join(dir, "keys.txt"), strings.Join(lines, "\n")+"\n")
	w.Close()
	must(s.Close())
	tr.config = write(t, filepath.Join(dir, "droits.toml"), `
data = "data"
public_url = "http://127.0.0.1:9"
[keys]
root_file = "data/root.key"
[franceconnect.v1]
url = "http://127.0.0.1:9/api/v1"
`)
	return tr
}

func code(t *testing.T, want int, args ...string) said {
	t.Helper()
	got := run("", args...)
	if got.code != want {
		t.Errorf("%s: exit %d, not %d: %s%s", strings.Join(args, " "), got.code, want, got.out, got.err)
	}
	return got
}

func TestTheTrailIsVerifiedOffline(t *testing.T) { // R43
	tr := newTrail(t)
	t.Run("R43 an intact trail exits 0, with its figures", func(t *testing.T) {
		var v trace.Verdict
		decode(t, code(t, cli.ExitOK, "trace", "verify", "--data", tr.dir, "--json").out, &v)
		if !v.Intact || v.Entries != 12 || v.Checked != 12 || len(v.Logs) != 1 || v.Logs[0].Signed != 12 {
			t.Errorf("%+v", v)
		}
		code(t, cli.ExitOK, "trace", "verify", "--config", tr.config)
		code(t, cli.ExitOK, "trace", "verify", "--data", tr.dir, "--key", tr.keys, "--since", "7", "--head", tr.heads[2])
		code(t, cli.ExitOK, "trace", "verify", "--data", tr.dir, "--head", tr.heads[0])
	})
	t.Run("R43 a receipt is verified with the server stopped and nothing but the keys", func(t *testing.T) {
		got := code(t, cli.ExitOK, "trace", "verify-receipt", tr.receipt, "--key", tr.keys)
		if !strings.Contains(got.out, "proved: entry 8") || !strings.Contains(got.out, "(Paris), hopital called") || !strings.Contains(got.out, ": servi\n") || strings.Contains(got.out, "{") {
			t.Error(got.out)
		}
		var out struct {
			Proved bool
			Entry  struct{ Outcome string }
		}
		decode(t, code(t, cli.ExitOK, "trace", "verify-receipt", tr.receipt, "--key", tr.keys, "--json").out, &out)
		if !out.Proved || out.Entry.Outcome != "servi" {
			t.Errorf("%+v", out)
		}
		b, err := os.ReadFile(tr.receipt)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/3] ^= 1
		code(t, cli.ExitIntegrity, "trace", "verify-receipt", write(t, filepath.Join(t.TempDir(), "x"), string(b)), "--key", tr.keys)
		code(t, cli.ExitIntegrity, "trace", "verify-receipt", tr.receipt, "--key", tr.keys, "--quorum", "1")
		code(t, cli.ExitFailure, "trace", "verify-receipt", filepath.Join(tr.dir, "absent"), "--key", tr.keys)
		code(t, cli.ExitUsage, "trace", "verify-receipt", tr.receipt)
		code(t, cli.ExitUsage, "trace", "verify-receipt", tr.receipt, "--key", tr.receipt)
	})
	t.Run("T4 a checkpoint continues another, and one of a fork none", func(t *testing.T) {
		code(t, cli.ExitOK, "trace", "consistency", tr.heads[0], tr.heads[2], "--data", tr.dir)
		code(t, cli.ExitOK, "trace", "consistency", tr.heads[2], tr.heads[1], "--data", tr.dir, "--json")
		fork := newTrail(t)
		code(t, cli.ExitIntegrity, "trace", "consistency", tr.heads[0], fork.heads[2], "--data", tr.dir)
		both, err := os.ReadFile(fork.keys)
		if err != nil {
			t.Fatal(err)
		}
		mine, err := os.ReadFile(tr.keys)
		if err != nil {
			t.Fatal(err)
		}
		keys := write(t, filepath.Join(t.TempDir(), "both"), string(both)+string(mine))
		code(t, cli.ExitIntegrity, "trace", "consistency", tr.heads[0], fork.heads[2], "--data", tr.dir, "--key", keys)
		code(t, cli.ExitIntegrity, "trace", "verify", "--data", tr.dir, "--key", keys, "--head", fork.heads[2])
	})
	t.Run("what cannot be verified exits 1, a wrong use 2", func(t *testing.T) {
		code(t, cli.ExitFailure, "trace", "verify", "--data", t.TempDir())
		code(t, cli.ExitFailure, "trace", "verify", "--data", tr.dir, "--key", filepath.Join(tr.dir, "absent"))
		code(t, cli.ExitFailure, "trace", "verify", "--data", tr.dir, "--root", tr.keys)
		code(t, cli.ExitUsage, "trace", "verify", "--data", tr.dir, "--since", "-1")
		code(t, cli.ExitUsage, "trace", "verify", "--data", tr.dir, "--key", tr.receipt)
	})
	t.Run("T3 a lock that is lost is told, and made again from a checkpoint", func(t *testing.T) {
		if err := os.Remove(filepath.Join(tr.dir, "verrou.db")); err != nil {
			t.Fatal(err)
		}
		if got := code(t, cli.ExitIntegrity, "trace", "verify", "--data", tr.dir); !strings.Contains(got.out, trace.FlawLockGone) {
			t.Error(got.out)
		}
		relock := []string{"trace", "relock", "--checkpoint", tr.heads[2], "--config", tr.config}
		if got := code(t, cli.ExitOK, relock...); !strings.Contains(got.out, "rehearsed") {
			t.Error(got.out)
		}
		code(t, cli.ExitIntegrity, "trace", "verify", "--data", tr.dir)
		code(t, cli.ExitUsage, "trace", "relock", "--checkpoint", tr.keys, "--config", tr.config)
		code(t, cli.ExitOK, append(relock, "--apply")...)
		code(t, cli.ExitOK, "trace", "verify", "--data", tr.dir)
	})
	t.Run("R43 T1 an altered trail exits 7", func(t *testing.T) {
		path := filepath.Join(tr.dir, "journal.db")
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		at := strings.Index(string(b), "127.0.0.1:9/acces/2026\n12\n")
		if at < 0 {
			t.Fatal("no checkpoint in the file")
		}
		b[at+len("127.0.0.1:9/acces/2026\n12\n")+3] ^= 1
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		var v trace.Verdict
		decode(t, code(t, cli.ExitIntegrity, "trace", "verify", "--data", tr.dir, "--json").out, &v)
		if v.Intact || v.FlawCount == 0 {
			t.Errorf("%+v", v)
		}
	})
}

func TestTheMonthIsReconciled(t *testing.T) { // T2
	tr := newTrail(t)
	line := func(status int, quote string) string {
		b, err := json.Marshal(map[string]any{"time": "2026-11-22T10:00:00Z", "path": "/v1/droits/beneficiaires/me", "status": status, "trace": quote, "bytes": 3})
		if err != nil {
			t.Fatal(err)
		}
		return string(b) + "\n"
	}
	whole := ""
	for _, q := range tr.quotes {
		whole += line(200, q)
	}
	for name, c := range map[string]struct {
		log                               string
		untraced, unknown, unread, unseen int64
	}{
		"every answer quotes its entry":        {whole + line(404, "") + line(401, "-"), 0, 0, 0, 0},
		"a connection was cut":                 {strings.Join(strings.SplitAfter(whole, "\n")[1:], ""), 0, 0, 0, 1},
		"T2 an answer left without a trace":    {whole + line(200, ""), 1, 0, 0, 0},
		"an answer quotes what does not exist": {whole + line(200, "x/acces/2026/"+strings.Repeat("ab", 32)), 0, 1, 0, 0},
		"a quote that is none":                 {whole + line(200, "bonjour"), 0, 1, 0, 0},
		"lines that are none":                  {whole + "{}\nx\n\n", 0, 0, 2, 0},
		"another month":                        {whole + strings.Replace(line(200, ""), "2026-11-22", "2026-12-22", 1), 0, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			log := write(t, filepath.Join(t.TempDir(), "proxy.ndjson"), c.log)
			got := run("", "trace", "reconcile", "--data", tr.dir, "--month", "2026-11", "--proxy-log", log, "--json")
			var r trace.Reconciliation
			decode(t, got.out, &r)
			if r.Untraced != c.untraced || r.Unknown != c.unknown || r.Unread != c.unread || len(r.Partners) != 1 || r.Partners[0].Unseen != c.unseen || r.Partners[0].Served != 12 {
				t.Errorf("%+v", r)
			}
			// Nothing was counted against a quota here: that is a gap of its own.
			if got.code != cli.ExitIntegrity || !r.Partners[0].Gap || r.Partners[0].Counted != 0 {
				t.Errorf("exit %d", got.code)
			}
		})
	}
	code(t, cli.ExitUsage, "trace", "reconcile", "--data", tr.dir, "--month", "novembre", "--proxy-log", tr.keys)
	code(t, cli.ExitUsage, "trace", "reconcile", "--data", tr.dir, "--month", "2026-11")
	code(t, cli.ExitFailure, "trace", "reconcile", "--data", tr.dir, "--month", "2026-11", "--proxy-log", tr.dir+"/absent")
}

func TestAWitnessOfTheCommandLine(t *testing.T) { // T4
	tr := newTrail(t)
	dir := t.TempDir()
	w := start(t, "", "witness", "--name", "temoin.example", "--keys", tr.keys, "--key-file", filepath.Join(dir, "w.key"), "--state", filepath.Join(dir, "w.json"), "--listen", "127.0.0.1:0")
	w.until(t, w.out, "]")
	said := w.out.String()
	url := said[strings.LastIndex(said, "http://"):strings.LastIndex(said, `"]`)]
	if status, body := get(t, url+"/"); status != http.StatusOK || !strings.HasPrefix(body, "temoin.example+") {
		t.Errorf("%d %s", status, body)
	}
	head, err := os.ReadFile(tr.heads[0])
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(url+"/add-checkpoint", "text/plain", strings.NewReader("old 0\n\n"+string(head)))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("%d", resp.StatusCode)
	}
	if c := w.stop(t); c != cli.ExitOK {
		t.Errorf("exit %d", c)
	}
	code(t, cli.ExitUsage, "witness", "--keys", tr.keys)
	code(t, cli.ExitUsage, "witness", "--name", "x")
}
