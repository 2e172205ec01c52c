package apptest

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"droits.example/droits/internal/store"
	"droits.example/droits/internal/trace"
)

// Traced is an entry of the log, read back and opened.
type Traced struct {
	Index    int64
	Class    trace.Class
	Hash     [trace.HashSize]byte
	Person   map[string]any
	Internal map[string]any
	Parts    [2]string // the canonical texts of both parts
}

// Str is a member of the person's part, or "".
func (e Traced) Str(member string) string { s, _ := e.Person[member].(string); return s }

// In is a member of the internal part, or "".
func (e Traced) In(member string) string { s, _ := e.Internal[member].(string); return s }

// Hex is the leaf hash as X-Trace tells it.
func (e Traced) Hex() string { return hex.EncodeToString(e.Hash[:]) }

// List is a member of the person's part that is a list of words.
func (e Traced) List(member string) (out []string) {
	list, _ := e.Person[member].([]any)
	for _, x := range list {
		s, _ := x.(string)
		out = append(out, s)
	}
	return out
}

// Traces reads the accesses in the log, from an index on: calls, not acts.
func (in *Instance) Traces(t testing.TB, from int64) (out []Traced) {
	t.Helper()
	for _, e := range in.Entries(t, from) {
		if e.Class == trace.AccessServed || e.Class == trace.AccessRefused {
			out = append(out, e)
		}
	}
	return out
}

// Entries reads the whole log from an index on, acts included.
func (in *Instance) Entries(t testing.TB, from int64) (out []Traced) {
	t.Helper()
	var bad error
	err := in.App.Store.Traces(context.Background(), from, func(e store.TracedEntry) bool {
		x := Traced{Index: e.Index, Class: e.Class, Hash: e.Hash}
		for i, part := range [][]byte{e.Person, e.Internal} {
			if len(part) < trace.SaltSize {
				continue // erased
			}
			x.Parts[i] = string(part[trace.SaltSize:])
			if err := json.Unmarshal(part[trace.SaltSize:], []*map[string]any{&x.Person, &x.Internal}[i]); err != nil {
				bad = err
			}
		}
		out = append(out, x)
		return true
	})
	if err != nil || bad != nil {
		t.Fatalf("apptest: traces: %v %v", err, bad)
	}
	return out
}

// TraceCount is the number of entries of the log.
func (in *Instance) TraceCount(t testing.TB) int64 {
	t.Helper()
	n, err := in.App.Store.TraceCount(context.Background())
	if err != nil {
		t.Fatalf("apptest: count traces: %v", err)
	}
	return n
}

// LastTrace is the newest access.
func (in *Instance) LastTrace(t testing.TB) Traced {
	t.Helper()
	all := in.Traces(t, 0)
	if len(all) == 0 {
		t.Fatal("apptest: no trace")
	}
	return all[len(all)-1]
}

var update = flag.Bool("update", false, "rewrite the golden files")

// Golden compares a text with testdata/name; -update rewrites the file.
func Golden(t testing.TB, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("no golden file %s; write it with -update", path)
	}
	if string(want) != string(got) {
		t.Errorf("%s differs from what was answered; read the difference after -update", path)
	}
}

// FailingLedger is a ledger whose commits can be made to fail, before or after
// they have happened.
type FailingLedger struct {
	trace.Ledger
	Before func() error // an error instead of the commit
	After  func() error // an error although the commit was done
}

// Commit implements trace.Ledger.
func (l *FailingLedger) Commit(ctx context.Context, batch []*trace.Pending) error {
	if l.Before != nil {
		if err := l.Before(); err != nil {
			return err
		}
	}
	if err := l.Ledger.Commit(ctx, batch); err != nil {
		return err
	}
	if l.After != nil {
		return l.After()
	}
	return nil
}
