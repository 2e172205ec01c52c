package deliver

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"droits.example/droits/internal/trace"
	"droits.example/droits/internal/witness"
)

const watched = "droits.example/acces/2026"

// watchedLog is a log that grows, and may be told otherwise.
type watchedLog struct {
	seed  trace.Seed
	tree  trace.Tree
	nodes []byte
}

func (l *watchedLog) grow(n int, salt byte) {
	for i := range n {
		l.nodes = l.tree.Append(l.nodes, [trace.HashSize]byte{salt, byte(i), byte(l.tree.Size())})
	}
}

func (l *watchedLog) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = tlog.Hash(l.nodes[x*trace.HashSize:][:trace.HashSize])
	}
	return out, nil
}

func (l *watchedLog) head(t *testing.T) trace.Checkpoint {
	t.Helper()
	c, err := l.seed.Sign(trace.Head{Origin: watched, Size: l.tree.Size(), Root: l.tree.Root()}, noon)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (l *watchedLog) prove(_ context.Context, h trace.Head, from int64) ([]tlog.Hash, error) {
	return trace.ProveConsistency(from, h.Size, l)
}

func (l *watchedLog) keys(t *testing.T) trace.Keys {
	t.Helper()
	k, err := trace.ParseKeys([]byte(l.seed.PublicKey(watched)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newWitness(t *testing.T, l *watchedLog, state string) (*witness.Witness, *httptest.Server) {
	t.Helper()
	w, err := witness.Open(witness.Config{Name: "temoin.example", Seed: trace.Seed{5}, Logs: l.keys(t), State: state, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(w.Handler())
	t.Cleanup(func() { srv.Close(); w.Close() })
	return w, srv
}

func TestAWitnessCosignsWhatContinues(t *testing.T) { // T4
	l := &watchedLog{seed: trace.Seed{1}}
	l.grow(5, 1)
	state := filepath.Join(t.TempDir(), "witness.json")
	w, srv := newWitness(t, l, state)
	c, err := NewWitness(srv.URL+"/", w.Key(), srv.Client())
	if err != nil || c.Name() != "temoin.example" {
		t.Fatal(err)
	}
	for range 4 {
		h := l.head(t)
		for range 2 { // the same again is cosigned again
			line, err := c.Cosign(t.Context(), h, l.keys(t), l.prove)
			if err != nil {
				t.Fatal(err)
			}
			witnesses, err := trace.ParseKeys([]byte(w.Key()))
			if err != nil {
				t.Fatal(err)
			}
			keys := l.keys(t).With(witnesses)
			keys.Quorum = 1
			if got, err := keys.Open([]byte(trace.Cosigned(h.Note, line))); err != nil || len(got.Witnesses) != 1 {
				t.Errorf("%v", err)
			}
		}
		l.grow(7, 1)
	}
	t.Run("a client that knows nothing asks where the witness stands", func(t *testing.T) {
		again, err := NewWitness(srv.URL, w.Key(), srv.Client())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := again.Cosign(t.Context(), l.head(t), l.keys(t), l.prove); err != nil {
			t.Error(err)
		}
	})
	size := l.tree.Size()
	fork := &watchedLog{seed: l.seed}
	fork.grow(int(size)+3, 2)
	short := &watchedLog{seed: l.seed}
	short.grow(5, 1)
	same := &watchedLog{seed: l.seed}
	same.grow(int(size), 2)
	stranger := &watchedLog{seed: trace.Seed{9}}
	stranger.grow(int(size)+1, 1)
	for name, x := range map[string]struct {
		log  *watchedLog
		want error
	}{
		"T4 a fork is not cosigned":                    {fork, ErrWitnessRefused},
		"T4 a log that became shorter is not cosigned": {short, ErrWitnessBehind},
		"T4 the same size and another root":            {same, ErrWitnessBehind},
		"a checkpoint that the log did not sign":       {stranger, ErrWitnessRefused},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := c.Cosign(t.Context(), x.log.head(t), x.log.keys(t), x.log.prove); !errors.Is(err, x.want) {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("what cannot be read, a log that is not watched, an old size beyond", func(t *testing.T) {
		post := func(body string) int {
			resp, err := http.Post(srv.URL+"/add-checkpoint", "text/plain", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			return resp.StatusCode
		}
		other, err := l.seed.Sign(trace.Head{Origin: "autre.example/acces/2026", Size: 1}, noon)
		if err != nil {
			t.Fatal(err)
		}
		h := l.head(t)
		for body, want := range map[string]int{
			"":                           400,
			"old x\n\n" + h.Note:         400,
			"old 07\n\n" + h.Note:        400,
			"old 1\nAAAA\n\n" + h.Note:   400,
			"old 99999\n\n" + h.Note:     400,
			"old 0\n\nx":                 400,
			"old 0\n\n" + other.Note:     404,
			"old 4\n\n" + h.Note:         409,
			strings.Repeat("x", 100_000): 413,
			"old 0\n" + strings.Repeat("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", 64) + "\n" + h.Note: 400,
		} {
			if got := post(body); got != want {
				t.Errorf("%.20q: %d, not %d", body, got, want)
			}
		}
		if resp, err := http.Get(srv.URL + "/add-checkpoint"); err != nil || resp.StatusCode != 405 {
			t.Error("GET")
		}
	})
	t.Run("it remembers over a restart, one process at a time, and never begins anew over a broken state", func(t *testing.T) {
		if _, err := witness.Open(witness.Config{Name: "x", State: state, Clock: clock}); !errors.Is(err, witness.ErrHeld) {
			t.Errorf("%v", err)
		}
		w.Close()
		b, err := os.ReadFile(state)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := newWitness(t, l, state)
		body, err := trace.Submission{Checkpoint: []byte(fork.head(t).Note)}.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		if _, at, status := again.Submit(body); status != 409 || at != size {
			t.Errorf("T4 %d at %d", status, at)
		}
		for _, broken := range []string{"", "{", `{"x":{"size":1,"root":"AA=="}}`, string(b[:len(b)/2])} {
			path := filepath.Join(t.TempDir(), "x.json")
			if err := os.WriteFile(path, []byte(broken), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := witness.Open(witness.Config{Name: "x", State: path, Clock: clock}); !errors.Is(err, witness.ErrState) {
				t.Errorf("%v", err)
			}
		}
	})
}

func TestAWitnessThatIsNoneIsToldSo(t *testing.T) {
	l := &watchedLog{seed: trace.Seed{1}}
	l.grow(3, 1)
	h := l.head(t)
	key := trace.Seed{5}.WitnessKey("temoin.example")
	forged, err := trace.Seed{6}.Cosign("temoin.example", h.Head, noon)
	if err != nil {
		t.Fatal(err)
	}
	for name, answer := range map[string]http.HandlerFunc{
		"another key":       func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(forged)) },
		"nothing":           func(http.ResponseWriter, *http.Request) {},
		"prose":             func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("bonjour\n")) },
		"a failure":         func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"a size of nothing": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(409); w.Write([]byte("x\n")) },
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(answer)
			defer srv.Close()
			c, err := NewWitness(srv.URL, key, srv.Client())
			if err != nil {
				t.Fatal(err)
			}
			if line, err := c.Cosign(t.Context(), h, l.keys(t), l.prove); !errors.Is(err, ErrWitnessAnswer) || line != "" {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("nobody there, no key", func(t *testing.T) {
		c, err := NewWitness("http://127.0.0.1:1", key, http.DefaultClient)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Cosign(t.Context(), h, l.keys(t), l.prove); !errors.Is(err, ErrWitnessAnswer) {
			t.Errorf("%v", err)
		}
		for _, bad := range []string{"", "x", l.seed.PublicKey("x")} {
			if _, err := NewWitness("http://127.0.0.1:1", bad, nil); err == nil {
				t.Error("taken")
			}
		}
	})
}
