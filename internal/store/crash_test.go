package store

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// story is what a trail lives through: acts and calls, the turn of a year,
// heads signed between them. done tells of each step whether it was
// acknowledged.
func story(s *Store, c *instant, done func(name string, r trace.Receipt, err error)) {
	w := trace.NewWriter(s, "test")
	defer w.Close()
	who := droits.Sujet{7}
	call := func(name string) {
		e := traceAt(c.t, name)
		e.Subject, e.Others = trace.Digest{1}, []trace.Digest{{2}}
		r, err := w.Append(ctx, trace.Pending{Leaf: e.Leaf(), Effects: []trace.Effect{partner.Draw{Convention: "c", Day: "2026-12-31"}}})
		done(name, r, err)
	}
	act := func(name string, err error) { done("", trace.Receipt{}, err) }
	call("appel-1")
	act("withdraw", s.Withdraw(ctx, who, "hopital", "x"))
	act("beat", s.Beat(ctx))
	call("appel-2")
	c.t = time.Date(2027, 1, 1, 0, 0, 5, 0, time.UTC)
	call("appel-3")
	act("beat", s.Beat(ctx))
	act("allow", s.Allow(ctx, who, "hopital"))
	call("appel-4")
	act("beat", s.Beat(ctx))
}

var errLost = errors.New("disk")

func TestEveryWriteOfTheTrailMayFail(t *testing.T) { // R41 T2
	began := time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC)
	source := t.TempDir()
	made := openWith(t, source, &instant{began})
	must(t, made.PutPartner(ctx, partner.Partner{ID: "hopital", Nom: "Hopital", SIRET: "11000001500013", Kind: droits.Etablissement}))
	must(t, made.Close())
	start := func(t *testing.T) (*Store, *instant) {
		c := &instant{began}
		return openWith(t, copyDir(t, source), c), c
	}
	writes := 0
	s, c := start(t)
	s.disk.fail = func(do func() error) error { writes++; return do() }
	story(s, c, func(name string, _ trace.Receipt, err error) { must(t, err) })
	s.disk.fail = nil
	intact(t, s)
	if writes < 30 {
		t.Fatalf("only %d writes are tried", writes)
	}
	for at := 1; at <= writes; at++ {
		for _, done := range []bool{false, true} {
			name := fmt.Sprintf("T2 write %d is lost", at)
			if done {
				name = fmt.Sprintf("T2 write %d is done but reported failed", at)
			}
			t.Run(name, func(t *testing.T) {
				s, c := start(t)
				n, failed := 0, 0
				s.disk.fail = func(do func() error) error {
					if n++; n != at {
						return do()
					}
					if done {
						do()
					}
					return errLost
				}
				acked := map[string]trace.Receipt{}
				story(s, c, func(name string, r trace.Receipt, err error) {
					switch {
					case err != nil:
						failed++
						if r.Valid() {
							t.Error("R41 a receipt for what failed")
						}
					case name != "":
						acked[name] = r
					}
				})
				s.disk.fail = nil
				dir := s.dir
				must(t, s.Close())
				s = openWith(t, dir, c)
				must(t, s.TrailError())
				must(t, s.Beat(ctx))
				intact(t, s)
				if failed == 0 {
					t.Error("a failed write is not told")
				}
				all := verified(t, s)
				for name, r := range acked {
					if e := all[r.Index()]; !strings.HasSuffix(r.String(), fmt.Sprintf("%x", e.Hash)) || !bytes.Contains(e.Person, []byte(name)) {
						t.Errorf("R41 %s was acknowledged and is not there", name)
					}
					if origin, place := r.Log(); place < 0 || !strings.HasPrefix(r.String(), origin+"/") {
						t.Errorf("%s %d", origin, place)
					}
				}
			})
		}
	}
}

func TestNoAnswerWithoutADurableTrace(t *testing.T) { // R41 T2
	wanted := int64(300)
	if os.Getenv("DROITS_SOAK") == "1" {
		wanted = 10_000
	}
	c := &instant{noon()}
	dir := t.TempDir()
	s := openWith(t, dir, c)
	register(t, s)
	var injected atomic.Int64
	var luck sync.Mutex
	dice := rand.New(rand.NewPCG(1, 2))
	s.disk.fail = func(do func() error) error {
		luck.Lock()
		x := dice.IntN(16)
		luck.Unlock()
		switch x {
		case 0:
			injected.Add(1)
			return errLost
		case 1:
			injected.Add(1)
			do()
			return errLost
		}
		return do()
	}
	w := trace.NewWriter(s, "test")
	var mu sync.Mutex
	answered := map[string]trace.Receipt{}
	var refused int64
	var wg sync.WaitGroup
	for client := range 8 {
		wg.Go(func() {
			for i := 0; injected.Load() < wanted && s.TrailError() == nil; i++ {
				name := fmt.Sprintf("appel-%d-%d-fin", client, i)
				e := traceAt(c.t, name)
				e.Subject = trace.Digest{byte(client), byte(i)}
				r, err := w.Append(ctx, trace.Pending{Leaf: e.Leaf(), Effects: []trace.Effect{partner.Draw{Convention: "c", Day: "2026-11-22"}}})
				mu.Lock()
				if err == nil {
					answered[name] = r
				} else if refused++; !fault.Is(err, fault.ServiceIndisponible) || r.Valid() {
					t.Errorf("R41 %v", err)
				}
				mu.Unlock()
				if client == 0 && i%20 == 0 {
					_ = s.Beat(ctx) // it may fail too
				}
				if client == 1 && i%20 == 0 {
					_ = s.Withdraw(ctx, droits.Sujet{1}, "hopital", "x")
				}
			}
		})
	}
	wg.Wait()
	w.Close()
	s.disk.fail = nil
	must(t, s.TrailError())
	must(t, s.Close())
	s = openWith(t, dir, c)
	must(t, s.Beat(ctx))
	v := intact(t, s)
	there := map[string]string{}
	must(t, s.Traces(ctx, 0, func(e TracedEntry) bool {
		if p, err := trace.ReadPerson(e.Person); err == nil {
			there[p.Outcome] = fmt.Sprintf("%x", e.Hash)
		}
		return true
	}))
	for name, r := range answered {
		if there[name] == "" || !strings.HasSuffix(r.String(), there[name]) {
			t.Errorf("R41 an answer without a durable trace")
		}
	}
	if len(answered) == 0 || refused == 0 {
		t.Errorf("%d answered, %d refused", len(answered), refused)
	}
	t.Logf("%d faults, %d answers, %d refusals, %d entries: 0 answers without a durable trace", injected.Load(), len(answered), refused, v.Entries)
}
