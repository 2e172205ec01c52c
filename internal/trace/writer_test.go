package trace

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"droits.example/droits/internal/fault"
)

// memory is a ledger in memory. gate, when set, is asked before each commit.
type memory struct {
	mu      sync.Mutex
	all     []*Pending
	batches []int
	gate    func(n int) error
	inside  int
}

func (m *memory) Commit(_ context.Context, batch []*Pending) error {
	m.mu.Lock()
	m.inside++
	if m.inside > 1 {
		panic("two commits at once")
	}
	n := len(m.batches)
	m.batches = append(m.batches, len(batch))
	m.mu.Unlock()
	var err error
	if m.gate != nil {
		err = m.gate(n)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.inside--
	if err != nil {
		return err
	}
	for _, p := range batch {
		p.Index = int64(len(m.all))
		m.all = append(m.all, p)
	}
	return nil
}

func named(name string) Pending {
	return Pending{Leaf: Entry{Class: AccessServed, Person: Person{At: at(), Outcome: name}}.Leaf()}
}

func TestAReceiptSaysWhatWasCommitted(t *testing.T) {
	m := &memory{}
	w := NewWriter(m, "droits.example")
	defer w.Close()
	p := named("a")
	r, err := w.Append(t.Context(), p)
	if err != nil || !r.Valid() || r.Index() != 0 || r.Moved() != "" {
		t.Fatalf("%+v %v", r, err)
	}
	if want := "droits.example/acces/2026/"; !strings.HasPrefix(r.String(), want) || len(r.String()) != len(want)+2*HashSize {
		t.Errorf("%s", r)
	}
	if (Receipt{}).Valid() {
		t.Error("a receipt that no writer made is valid")
	}
	t.Run("the log is named after the civil year, wherever the process runs", func(t *testing.T) {
		late := named("b")
		late.Leaf.At = time.Date(2026, 12, 31, 23, 30, 0, 0, time.FixedZone("west", -5*3600))
		r, err := w.Append(t.Context(), late)
		if err != nil || !strings.Contains(r.String(), "/acces/2027/") {
			t.Errorf("%s %v", r, err)
		}
	})
	t.Run("the class of an object is before the slash", func(t *testing.T) {
		if Object("sujet/ab/cd").Class() != ObjectSubject || Object("x").Class() != "x" {
			t.Error("another")
		}
	})
}

func TestEntriesWaitForTheirCommitAndKeepTheirOrder(t *testing.T) { // R41
	synctest.Test(t, func(t *testing.T) {
		open := make(chan struct{})
		m := &memory{gate: func(int) error { <-open; return nil }}
		w := NewWriter(m, "x")
		const n = 3*MaxBatch + 7
		var done sync.WaitGroup
		answered := make([]int64, n)
		for i := range n {
			done.Go(func() {
				r, err := w.Append(t.Context(), named("x"))
				if err != nil {
					t.Error(err)
				}
				answered[i] = r.Index()
			})
			synctest.Wait()
		}
		if len(m.all) != 0 {
			t.Error("R41 something is acknowledged before its commit")
		}
		close(open)
		done.Wait()
		w.Close()
		for i, index := range answered {
			if index != int64(i) {
				t.Fatalf("entry %d has index %d", i, index)
			}
		}
		for _, b := range m.batches {
			if b < 1 || b > MaxBatch {
				t.Errorf("a commit of %d entries", b)
			}
		}
		if len(m.batches) > 20 {
			t.Errorf("%d commits: nothing shares one", len(m.batches))
		}
	})
}

func TestALoneEntryNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWriter(&memory{}, "x")
		defer w.Close()
		began := time.Now()
		for range 5 {
			if _, err := w.Append(t.Context(), named("x")); err != nil {
				t.Error(err)
			}
		}
		if d := time.Since(began); d != 0 {
			t.Errorf("it waited %v", d)
		}
	})
}

func TestAFailedCommitRefusesEverybodyInIt(t *testing.T) { // R41
	synctest.Test(t, func(t *testing.T) {
		open := make(chan struct{})
		broken := errors.New("disk")
		m := &memory{gate: func(n int) error {
			<-open
			if n == 1 {
				return broken
			}
			return nil
		}}
		w := NewWriter(m, "x")
		var mu sync.Mutex
		failed, ok := 0, 0
		var done sync.WaitGroup
		for range 40 {
			done.Go(func() {
				r, err := w.Append(t.Context(), named("x"))
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					ok++
					return
				}
				failed++
				if !fault.Is(err, fault.ServiceIndisponible) || !errors.Is(err, broken) || r.Valid() || fault.From(err).RetryAfter() == 0 {
					t.Errorf("R41 %v", err)
				}
			})
			synctest.Wait()
		}
		close(open)
		done.Wait()
		if failed != m.batches[1] || ok != len(m.all) || ok+failed != 40 {
			t.Errorf("R41 %d refused, %d committed, batches %v", failed, ok, m.batches)
		}
		if _, err := w.Append(t.Context(), named("x")); err != nil {
			t.Errorf("the next one: %v", err)
		}
		w.Close()
	})
}

func TestACancelledWaitStopsTheWaitAndNotTheCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := make(chan struct{})
		m := &memory{gate: func(int) error { <-open; return nil }}
		w := NewWriter(m, "x")
		ctx, cancel := context.WithCancel(t.Context())
		got := make(chan error, 1)
		go func() { _, err := w.Append(ctx, named("x")); got <- err }()
		synctest.Wait()
		cancel()
		if err := <-got; !fault.Is(err, fault.ServiceIndisponible) || !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		close(open)
		w.Close()
		if len(m.all) != 1 {
			t.Error("the entry was lost with its caller")
		}
		if _, err := w.Append(ctx, named("x")); !fault.Is(err, fault.ServiceIndisponible) {
			t.Errorf("%v", err)
		}
	})
}

func TestClosing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := make(chan struct{})
		m := &memory{gate: func(int) error { <-open; return nil }}
		w := NewWriter(m, "x")
		var done sync.WaitGroup
		ok := 0
		var mu sync.Mutex
		for range 3 * MaxBatch {
			done.Go(func() {
				if _, err := w.Append(t.Context(), named("x")); err == nil {
					mu.Lock()
					ok++
					mu.Unlock()
				}
			})
		}
		synctest.Wait()
		for range 2 {
			done.Go(w.Close)
		}
		synctest.Wait()
		close(open)
		done.Wait()
		if ok != 3*MaxBatch || len(m.all) != ok {
			t.Errorf("%d acknowledged, %d committed: closing commits what waits", ok, len(m.all))
		}
		if _, err := w.Append(t.Context(), named("x")); !fault.Is(err, fault.ServiceIndisponible) || fault.From(err).Reason() != "TRACE_NOT_WRITTEN" {
			t.Errorf("closed: %v", err)
		}
		w.Close()
	})
}

func TestAppendWhileClosing(t *testing.T) {
	for range 50 {
		m := &memory{}
		w := NewWriter(m, "x")
		var done sync.WaitGroup
		var mu sync.Mutex
		acked := 0
		for range 8 {
			done.Go(func() {
				for range 20 {
					if _, err := w.Append(t.Context(), named("x")); err == nil {
						mu.Lock()
						acked++
						mu.Unlock()
					} else if !fault.Is(err, fault.ServiceIndisponible) {
						t.Error(err)
					}
				}
			})
		}
		w.Close()
		done.Wait()
		if len(m.all) < acked {
			t.Fatalf("%d acknowledged, %d committed", acked, len(m.all))
		}
	}
}

func TestTheLedgerMayCommitTheRefusalInstead(t *testing.T) {
	m := &memory{}
	w := NewWriter(swap{m}, "x")
	defer w.Close()
	p := named("servi")
	refusal := named("refus").Leaf
	p.Refusal = func(Object) Leaf { return refusal }
	r, err := w.Append(t.Context(), p)
	if err != nil || r.Moved() != "cle/1" || !strings.HasSuffix(r.String(), hexOf(refusal.Hash)) {
		t.Errorf("%s %q %v", r, r.Moved(), err)
	}
}

// swap is a ledger for which everything has moved.
type swap struct{ *memory }

func (s swap) Commit(ctx context.Context, batch []*Pending) error {
	for _, p := range batch {
		if p.Refusal != nil {
			p.Leaf, p.Moved = p.Refusal("cle/1"), "cle/1"
		}
	}
	return s.memory.Commit(ctx, batch)
}

// nothing is a ledger that keeps nothing.
type nothing struct{}

func (nothing) Commit(context.Context, []*Pending) error { return nil }

func BenchmarkAppend(b *testing.B) {
	w := NewWriter(nothing{}, "x")
	defer w.Close()
	p, ctx := named("x"), context.Background()
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := w.Append(ctx, p); err != nil {
				b.Error(err)
			}
		}
	})
}
