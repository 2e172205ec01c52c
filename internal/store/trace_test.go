package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"zombiezen.com/go/sqlite/sqlitex"

	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/nir"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

func traceAt(at time.Time, outcome string) trace.Entry {
	return trace.Entry{Class: trace.AccessServed, Person: trace.Person{At: at, Partner: "hopital", Outcome: outcome}, Internal: trace.Internal{RequestID: outcome}}
}

// verified reads the whole log back: indexes without a gap, every leaf equal
// to the hash of what it commits to.
func verified(t testing.TB, s *Store) (all []TracedEntry) {
	t.Helper()
	must(t, s.Traces(ctx, 0, func(e TracedEntry) bool {
		if e.Index != int64(len(all)) {
			t.Fatalf("index %d at place %d", e.Index, len(all))
		}
		if e.Person != nil && e.Internal != nil {
			p := trace.Commitment(e.Person[:trace.SaltSize], e.Person[trace.SaltSize:])
			i := trace.Commitment(e.Internal[:trace.SaltSize], e.Internal[trace.SaltSize:])
			if trace.LeafHash(e.Class, p, i) != e.Hash {
				t.Fatalf("entry %d is not what its leaf says", e.Index)
			}
		}
		all = append(all, e)
		return true
	}))
	n, err := s.TraceCount(ctx)
	if err != nil || n != int64(len(all)) {
		t.Fatalf("%d entries, %d counted, %v", len(all), n, err)
	}
	return all
}

// accesses are those of calls among entries, acts left out.
func accesses(all []TracedEntry) (out []TracedEntry) {
	for _, e := range all {
		if e.Class == trace.AccessServed || e.Class == trace.AccessRefused {
			out = append(out, e)
		}
	}
	return out
}

func TestTracesAreReadBack(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir)
	w := trace.NewWriter(s, "test")
	first := noon()
	second := first.Add(24 * time.Hour)
	var receipts []trace.Receipt
	for i := range 6 {
		at := first
		if i%2 == 1 {
			at = second
		}
		e := traceAt(at, fmt.Sprintf("sortie-%d", i))
		if i == 0 {
			e.Subject = trace.Digest{1}
		}
		r, err := w.Append(ctx, trace.Pending{Leaf: e.Leaf()})
		must(t, err)
		receipts = append(receipts, r)
	}
	w.Close()
	all := verified(t, s)
	for i, r := range receipts {
		if r.Index() != int64(i) || !strings.HasSuffix(r.String(), fmt.Sprintf("%x", all[i].Hash)) || !bytes.Contains(all[i].Person, fmt.Appendf(nil, "sortie-%d", i)) {
			t.Errorf("entry %d", i)
		}
	}
	t.Run("from an index on, until told to stop", func(t *testing.T) {
		var got []int64
		must(t, s.Traces(ctx, 2, func(e TracedEntry) bool { got = append(got, e.Index); return len(got) < 2 }))
		if len(got) != 2 || got[0] != 2 {
			t.Errorf("%v", got)
		}
	})
	t.Run("a day has two keys, wrapped, kept over a restart", func(sub *testing.T) {
		must(sub, s.Close())
		s = openAt(t, dir)
		w := trace.NewWriter(s, "test")
		_, err := w.Append(ctx, trace.Pending{Leaf: traceAt(first, "sortie-6").Leaf()})
		must(sub, err)
		w.Close()
		var n int
		must(sub, s.journal.reader.QueryRowContext(ctx, `SELECT COUNT(*) FROM cle_jour`).Scan(&n))
		if n != 4 || len(verified(sub, s)) != 7 {
			sub.Errorf("%d keys", n)
		}
	})
	t.Run("once the keys of a day are destroyed its parts are gone and its leaves stay", func(sub *testing.T) {
		before := verified(sub, s)
		_, err := s.journal.writer.ExecContext(ctx, `DELETE FROM cle_jour WHERE jour = '2026-11-22'`)
		must(sub, err)
		for i, e := range verified(sub, s) {
			erased := i%2 == 0
			if (e.Person == nil) != erased || (e.Internal == nil) != erased || e.Hash != before[i].Hash {
				sub.Errorf("entry %d: erased %v", i, erased)
			}
		}
	})
	t.Run("each part goes on its own date", func(sub *testing.T) {
		_, err := s.journal.writer.ExecContext(ctx, `DELETE FROM cle_jour WHERE jour = '2026-11-23' AND partie = 'internal'`)
		must(sub, err)
		if e := verified(sub, s)[1]; e.Person == nil || e.Internal != nil {
			sub.Error("not on its own")
		}
	})
}

// strange is an effect that no ledger knows: its transaction fails late.
type strange struct{}

func (strange) Effect() {}

func TestAFailedCommitLeavesNothing(t *testing.T) { // R41
	s := fresh(t)
	register(t, s)
	one := func(effects ...trace.Effect) *trace.Pending {
		return &trace.Pending{Leaf: traceAt(noon(), "x").Leaf(), Effects: effects}
	}
	draw := partner.Draw{Convention: "conv-hopital", Day: "2026-11-22"}
	rec := record(droits.Sujet{1}, consent.Token{1})
	nothing := func(t *testing.T, want int) {
		t.Helper()
		if n := len(accesses(verified(t, s))); n != want {
			t.Errorf("R41 %d entries", n)
		}
		taken, _ := s.QuotaTaken(ctx, "conv-hopital", "2026-11-22")
		consents, _ := s.ConsentCount(ctx)
		if taken != want || consents != min(want, 1) {
			t.Errorf("R41 %d taken, %d consents", taken, consents)
		}
	}
	t.Run("the first of a day, whose keys go with it", func(t *testing.T) {
		if err := s.Commit(ctx, []*trace.Pending{one(draw, rec), one(strange{})}); !fault.Is(err, fault.ErreurInterne) {
			t.Errorf("%v", err)
		}
		nothing(t, 0)
		must(t, s.Commit(ctx, []*trace.Pending{one(draw, rec)}))
		nothing(t, 1)
	})
	t.Run("a full disk", func(t *testing.T) {
		set := func(q string) { must(t, sqlitex.ExecuteTransient(s.ledger.conn, q, nil)) }
		set("PRAGMA max_page_count = 1")
		big := &trace.Pending{Leaf: traceAt(noon(), strings.Repeat("y", 100_000)).Leaf(), Effects: []trace.Effect{draw}}
		if err := s.Commit(ctx, []*trace.Pending{big}); !fault.Is(err, fault.ServiceIndisponible) {
			t.Errorf("R41 %v", err)
		}
		nothing(t, 1)
		set("PRAGMA max_page_count = 1000000")
		must(t, s.Commit(ctx, []*trace.Pending{one(draw)}))
		nothing(t, 2)
	})
	t.Run("a database that another holds", func(t *testing.T) {
		must(t, sqlitex.ExecuteTransient(s.ledger.conn, "PRAGMA busy_timeout = 5", nil))
		tx, err := s.journal.writer.BeginTx(ctx, nil)
		must(t, err)
		if err := s.Commit(ctx, []*trace.Pending{one(draw)}); !fault.Is(err, fault.ServiceIndisponible) {
			t.Errorf("R41 %v", err)
		}
		must(t, tx.Rollback())
		nothing(t, 2)
		must(t, s.Commit(ctx, []*trace.Pending{one(draw)}))
		nothing(t, 3)
	})
	t.Run("a read-only ledger", func(t *testing.T) {
		must(t, sqlitex.ExecuteTransient(s.ledger.conn, "PRAGMA query_only = ON", nil))
		if err := s.Commit(ctx, []*trace.Pending{one(draw)}); !fault.Is(err, fault.ServiceIndisponible) {
			t.Errorf("R41 %v", err)
		}
		nothing(t, 3)
		must(t, sqlitex.ExecuteTransient(s.ledger.conn, "PRAGMA query_only = OFF", nil))
		must(t, s.Commit(ctx, []*trace.Pending{one(draw)}))
		nothing(t, 4)
	})
}

// unsure is a ledger that fails as disks do: a commit is lost, or it is done
// and reported lost.
type unsure struct {
	trace.Ledger
	n    int
	fail map[int]bool // commit number → true: done but reported failed, false: lost
}

var errDisk = errors.New("disk")

func (u *unsure) Commit(c context.Context, batch []*trace.Pending) error {
	u.n++
	done, fails := u.fail[u.n]
	switch {
	case !fails:
		return u.Ledger.Commit(c, batch)
	case done:
		if err := u.Ledger.Commit(c, batch); err != nil {
			return err
		}
	}
	return errDisk
}

func TestEveryCrashPoint(t *testing.T) { // R41
	for at := 1; at <= 4; at++ {
		for _, done := range []bool{false, true} {
			name := fmt.Sprintf("R41 commit %d is lost", at)
			if done {
				name = fmt.Sprintf("R41 commit %d is done but reported failed", at)
			}
			t.Run(name, func(t *testing.T) {
				dir := t.TempDir()
				s, err := Open(ctx, Config{Dir: dir, Root: testRoot(), Clock: noon})
				must(t, err)
				w := trace.NewWriter(&unsure{Ledger: s, fail: map[int]bool{at: done}}, "test")
				type ack struct {
					r    trace.Receipt
					name string
				}
				var acked []ack
				var refused []string
				for i := range 5 {
					e := traceAt(noon(), fmt.Sprintf("entree-%d", i))
					r, err := w.Append(ctx, trace.Pending{Leaf: e.Leaf(), Effects: []trace.Effect{partner.Draw{Convention: "c", Day: "2026-11-22"}}})
					if err == nil {
						acked = append(acked, ack{r, e.Person.Outcome})
					} else {
						refused = append(refused, e.Person.Outcome)
						if !fault.Is(err, fault.ServiceIndisponible) || r.Valid() {
							t.Errorf("%v", err)
						}
					}
				}
				w.Close()
				must(t, s.Close())
				s = openAt(t, dir)
				all := verified(t, s)
				for _, a := range acked {
					if e := all[a.r.Index()]; !strings.HasSuffix(a.r.String(), fmt.Sprintf("%x", e.Hash)) || !bytes.Contains(e.Person, []byte(a.name)) {
						t.Error("an acknowledged entry is not there")
					}
				}
				want := 4
				if done {
					want = 5
				}
				taken, _ := s.QuotaTaken(ctx, "c", "2026-11-22")
				if len(all) != want || len(refused) != 1 || taken != want {
					t.Errorf("%d entries, %d refused, %d taken", len(all), len(refused), taken)
				}
			})
		}
	}
}

func TestADecisionWhoseGroundMovedIsRefusedAtTheCommit(t *testing.T) {
	for name, change := range map[string]func(*testing.T, *Store, droits.Sujet, partner.Key){
		"a withdrawal": func(t *testing.T, s *Store, p droits.Sujet, _ partner.Key) {
			must(t, s.Withdraw(ctx, p, "hopital", "x"))
		},
		"a key revoked": func(t *testing.T, s *Store, _ droits.Sujet, k partner.Key) { must(t, s.RevokeKey(ctx, k.ID)) },
		"a convention suspended": func(t *testing.T, s *Store, _ droits.Sujet, _ partner.Key) {
			must(t, s.SetConventionState(ctx, "conv-hopital", convention.Suspended))
		},
		"R52 a restriction put": func(t *testing.T, s *Store, p droits.Sujet, _ partner.Key) {
			_, err := s.Restrict(ctx, consent.Restriction{Subject: p, Ground: "18-1-a", SinceAt: noon()})
			must(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := fresh(t)
			load(t, s, head+fund("01261")+lines(adult("a", 1), adult("b", 2)))
			_, key := register(t, s)
			who, err := s.SubjectOf(ctx, nir.MustParse(digits(1)))
			must(t, err)
			other, err := s.SubjectOf(ctx, nir.MustParse(digits(2)))
			must(t, err)
			w := trace.NewWriter(s, "test")
			defer w.Close()
			was := s.Generation()
			pending := func(p droits.Sujet, token byte) trace.Pending {
				return trace.Pending{
					Leaf: traceAt(noon(), "servi").Leaf(), Guard: s.Guard(was, key, "hopital", p),
					Refusal: func(trace.Object) trace.Leaf { return traceAt(noon(), "refus").Leaf() },
					Effects: []trace.Effect{partner.Draw{Convention: "conv-hopital", Day: "2026-11-22"}, record(p, consent.Token{token})},
				}
			}
			change(t, s, who, key)
			r, err := w.Append(ctx, pending(who, 1))
			must(t, err)
			e := accesses(verified(t, s))[0]
			if r.Moved() == "" || !bytes.Contains(e.Person, []byte("refus")) || bytes.Contains(e.Person, []byte("servi")) {
				t.Error("the refusal is not what was committed")
			}
			consents, _ := s.ConsentCount(ctx)
			taken, _ := s.QuotaTaken(ctx, "conv-hopital", "2026-11-22")
			if consents != 0 || taken != 1 {
				t.Errorf("%d consents, %d taken", consents, taken)
			}
			concerned := r.Moved().Class()
			r, err = w.Append(ctx, pending(other, 2))
			must(t, err)
			if personal := concerned == trace.ObjectSubject || concerned == trace.ObjectSharing; (r.Moved() == "") != personal {
				t.Errorf("somebody else: moved %q", r.Moved().Class())
			}
			p := pending(who, 3)
			p.Guard.At = s.Generation()
			if r, err = w.Append(ctx, p); err != nil || r.Moved() != "" {
				t.Errorf("decided anew: %v", err)
			}
			p = pending(who, 4)
			p.Refusal = nil
			if r, err = w.Append(ctx, p); err != nil || r.Moved() != "" {
				t.Errorf("an entry without a refusal stands: %v", err)
			}
		})
	}
}

func TestNothingIsServedAfterTheChange(t *testing.T) { // R18 R52
	for _, name := range []string{"R18 a withdrawal", "R52 a restriction", "a key revoked", "a convention suspended"} {
		t.Run(name, func(t *testing.T) {
			s := fresh(t)
			load(t, s, head+fund("01261")+lines(adult("a", 1)))
			_, key := register(t, s)
			who, err := s.SubjectOf(ctx, nir.MustParse(digits(1)))
			must(t, err)
			w := trace.NewWriter(s, "test")
			defer w.Close()
			const readers, each = 100, 6
			half := make(chan struct{}, readers*each)
			var mu sync.Mutex
			var got []trace.Receipt
			var wg sync.WaitGroup
			old := s.Generation()
			for range readers {
				wg.Go(func() {
					for range each {
						at := s.Generation()
						if at != old {
							return // decided after the change: refused before the commit
						}
						half <- struct{}{}
						r, err := w.Append(ctx, trace.Pending{
							Leaf: traceAt(noon(), "servi").Leaf(), Guard: s.Guard(at, key, "hopital", who),
							Refusal: func(trace.Object) trace.Leaf { return traceAt(noon(), "refus").Leaf() },
						})
						if err != nil {
							t.Error(err)
							return
						}
						mu.Lock()
						got = append(got, r)
						mu.Unlock()
					}
				})
			}
			for range readers {
				<-half
			}
			switch name {
			case "R18 a withdrawal":
				must(t, s.Withdraw(ctx, who, "hopital", "x"))
			case "R52 a restriction":
				_, err = s.Restrict(ctx, consent.Restriction{Subject: who, Ground: "18-1-a", SinceAt: noon()})
				must(t, err)
			case "a key revoked":
				must(t, s.RevokeKey(ctx, key.ID))
			default:
				must(t, s.SetConventionState(ctx, "conv-hopital", convention.Suspended))
			}
			after, err := s.TraceCount(ctx)
			must(t, err)
			wg.Wait()
			sort.Slice(got, func(i, j int) bool { return got[i].Index() < got[j].Index() })
			moved := false
			for _, r := range got {
				if moved && r.Moved() == "" || r.Index() >= after && r.Moved() == "" {
					t.Fatalf("entry %d is served after the change", r.Index())
				}
				moved = moved || r.Moved() != ""
			}
			all := verified(t, s)
			if len(accesses(all)) != len(got) {
				t.Errorf("%d entries for %d receipts", len(all), len(got))
			}
			for _, r := range got {
				if bytes.Contains(all[r.Index()].Person, []byte("servi")) != (r.Moved() == "") {
					t.Error("the log does not say what the receipt says")
				}
			}
		})
	}
}

func TestABrokenBatchIsToldAndNotGuessed(t *testing.T) { // R43
	for name, q := range map[string]string{
		"R43 a leaf cut short":       `UPDATE batch SET nodes = X'00'`,
		"R43 a number that is wrong": `UPDATE batch SET count = 2`,
		"R43 another leaf":           `UPDATE batch SET nodes = ZEROBLOB(32)`,
		"R43 a day key replaced":     `UPDATE cle_jour SET cle = ZEROBLOB(60)`,
		"R43 seals that are no list": `UPDATE batch SET sealed = X'FF'`,
	} {
		t.Run(name, func(t *testing.T) {
			s := fresh(t)
			must(t, s.Commit(ctx, []*trace.Pending{{Leaf: traceAt(noon(), "x").Leaf()}}))
			_, err := s.journal.writer.ExecContext(ctx, q)
			must(t, err)
			if err := s.Traces(ctx, 0, func(TracedEntry) bool { return true }); err == nil {
				t.Error("nothing is told")
			}
		})
	}
}
