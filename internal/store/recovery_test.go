package store

import (
	"fmt"
	"testing"
	"time"

	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// The head of the trail and the keys of the day are in memory: after a commit
// that failed, or that was done and reported failed, the file is asked again.
func TestTheTrailGoesOnOnceTheDiskIsWell(t *testing.T) { // R41 T2
	began := time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC)
	source := t.TempDir()
	made := openWith(t, source, &instant{began})
	must(t, made.PutPartner(ctx, partner.Partner{ID: "hopital", Nom: "Hopital", SIRET: "11000001500013", Kind: droits.Etablissement}))
	must(t, made.Close())
	who := droits.Sujet{7}
	call := func(s *Store, c *instant, name string) error {
		w := trace.NewWriter(s, "test")
		defer w.Close()
		e := traceAt(c.t, name)
		e.Subject = trace.Digest{1}
		_, err := w.Append(ctx, trace.Pending{Leaf: e.Leaf(), Effects: []trace.Effect{partner.Draw{Convention: "c", Day: "2026-12-31"}}})
		return err
	}
	steps := map[string]func(s *Store, c *instant) error{
		"a call":                  func(s *Store, c *instant) error { return call(s, c, "panne") },
		"a call of another day":   func(s *Store, c *instant) error { c.t = c.t.Add(26 * time.Hour); return call(s, c, "panne") },
		"an act":                  func(s *Store, c *instant) error { return s.Withdraw(ctx, who, "hopital", "x") },
		"a signature of the head": func(s *Store, c *instant) error { return s.Beat(ctx) },
	}
	for name, step := range steps {
		start := func(t *testing.T) (*Store, *instant) {
			c := &instant{began}
			s := openWith(t, copyDir(t, source), c)
			must(t, call(s, c, "avant"))
			return s, c
		}
		writes := 0
		s, c := start(t)
		s.disk.fail = func(do func() error) error { writes++; return do() }
		must(t, step(s, c))
		must(t, s.Close())
		for at := 1; at <= writes; at++ {
			for _, done := range []bool{false, true} {
				t.Run(fmt.Sprintf("R41 %s, write %d of %d fails, done %v", name, at, writes, done), func(t *testing.T) {
					s, c := start(t)
					n := 0
					s.disk.fail = func(do func() error) error {
						if n++; n != at {
							return do()
						}
						if done {
							do()
						}
						return errLost
					}
					if step(s, c) == nil {
						t.Error("a failed write is not told")
					}
					s.disk.fail = nil
					if err := call(s, c, "apres"); err != nil {
						t.Errorf("R41 the next call: %v", err)
					}
					if err := s.PutPartner(ctx, partner.Partner{ID: "hopital", Nom: "Hopital 2", Kind: droits.Etablissement}); err != nil {
						t.Errorf("R41 the next act: %v", err)
					}
					must(t, s.Beat(ctx))
					verified(t, s)
					intact(t, s)
				})
			}
		}
	}
}
