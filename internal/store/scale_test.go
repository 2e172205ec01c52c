package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/intake"
	"droits.example/droits/internal/sim/nation"
)

// nationFile writes a generated nation as an import file.
func nationFile(t testing.TB, persons int, seed uint64) string {
	t.Helper()
	n, err := nation.New(nation.Options{Persons: persons, Seed: seed, On: today})
	must(t, err)
	var b bytes.Buffer
	must(t, n.Write(ctx, &b, nation.Plain))
	path := filepath.Join(t.TempDir(), "nation.ndjson")
	must(t, os.WriteFile(path, b.Bytes(), 0o600))
	return path
}

// stopAt runs an import and interrupts it when a stage has come so far.
func stopAt(s *Store, path, stage string, lines int) error {
	c, cancel := context.WithCancel(ctx)
	defer cancel()
	_, err := intake.Run(c, intake.Options{Path: path, Sink: s.NewLoad(), Progress: func(p intake.Progress) {
		if p.Stage == stage && p.Lines >= lines {
			cancel()
		}
	}})
	return err
}

func TestAnInterruptedLoadGoesOn(t *testing.T) {
	path := nationFile(t, 20_000, 3)
	uncut := fresh(t)
	sum, err := intake.Run(ctx, intake.Options{Path: path, Sink: uncut.NewLoad()})
	must(t, err)
	if sum.Rejected != 0 || sum.Resumed != 0 {
		t.Fatalf("%+v", sum)
	}
	want := dump(t, uncut)
	whole(t, uncut)
	for _, c := range []struct {
		stage string
		lines int
		from  int // the least line it goes on after
	}{{intake.StageReading, 17_000, 10_000}, {stageSettle, 0, 20_000}, {stageIndex, 0, 20_000}, {stageFamilies, 0, 20_000}} {
		t.Run("while "+c.stage, func(t *testing.T) {
			dir := t.TempDir()
			s := openAt(t, dir)
			if err := stopAt(s, path, c.stage, c.lines); !errors.Is(err, context.Canceled) {
				t.Fatalf("not interrupted: %v", err)
			}
			if n, m := s.Population(); n != 0 || m != 0 {
				t.Error("something of it is visible")
			}
			must(t, s.Close())
			s = openAt(t, dir)
			var rejects strings.Builder
			got, err := intake.Run(ctx, intake.Options{Path: path, Sink: s.NewLoad(), Rejects: &rejects})
			must(t, err)
			if got.Resumed < c.from || got.Personnes != sum.Personnes || got.Sentinelles != sum.Sentinelles || got.Caisses != sum.Caisses || got.Lines != sum.Lines || got.Outcome.Ambiguous != sum.Outcome.Ambiguous {
				t.Errorf("%+v\nwant %+v", got, sum)
			}
			if dump(t, s) != want {
				t.Error("another population")
			}
			whole(t, s)
		})
	}
	t.Run("rejects told before are told again", func(t *testing.T) {
		b, err := os.ReadFile(path)
		must(t, err)
		lines := bytes.SplitAfter(b, []byte("\n"))
		bad := filepath.Join(t.TempDir(), "bad.ndjson")
		must(t, os.WriteFile(bad, bytes.Join(append(append([][]byte{}, lines[:500]...), append([][]byte{[]byte("{}\n"), lines[400]}, lines[500:]...)...), nil), 0o600))
		var once, twice strings.Builder
		s := fresh(t)
		a, err := intake.Run(ctx, intake.Options{Path: bad, Sink: s.NewLoad(), Rejects: &once})
		must(t, err)
		s = fresh(t)
		if err := stopAt(s, bad, intake.StageReading, 17_000); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		again, err := intake.Run(ctx, intake.Options{Path: bad, Sink: s.NewLoad(), Rejects: &twice})
		must(t, err)
		if again.Resumed == 0 || again.Rejected != a.Rejected || a.Rejected != 2 || inOrder(once.String()) != inOrder(twice.String()) {
			t.Errorf("%+v\n%+v\n%s%s", a, again, once.String(), twice.String())
		}
	})
	t.Run("another file begins anew", func(t *testing.T) {
		s := fresh(t)
		if err := stopAt(s, path, intake.StageReading, 17_000); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		got, err := intake.Run(ctx, intake.Options{Path: nationFile(t, 5_000, 4), Sink: s.NewLoad()})
		must(t, err)
		if got.Resumed != 0 || got.Personnes != 5_000 {
			t.Errorf("%+v", got)
		}
		whole(t, s)
	})
	t.Run("the same file twice changes nothing", func(t *testing.T) {
		_, err := intake.Run(ctx, intake.Options{Path: path, Sink: uncut.NewLoad()})
		must(t, err)
		if dump(t, uncut) != want {
			t.Error("another population")
		}
	})
	t.Run("a rehearsal says what would change", func(t *testing.T) {
		same, err := intake.Run(ctx, intake.Options{Path: path, Sink: uncut.Rehearsal().NewLoad()})
		must(t, err)
		if o := same.Outcome; o == nil || !o.Compared || o.Unchanged != 20_000 || o.Added+o.Changed+o.Removed != 0 {
			t.Errorf("the same file: %+v", same.Outcome)
		}
		other, err := intake.Run(ctx, intake.Options{Path: nationFile(t, 15_000, 4), Sink: uncut.Rehearsal().NewLoad()})
		must(t, err)
		if o := other.Outcome; o.Removed != 5_000 || o.Changed < 14_500 || o.Added != 0 {
			t.Errorf("another nation: %+v", o)
		}
		if dump(t, uncut) != want {
			t.Error("a rehearsal writes")
		}
		if list, _ := filepath.Glob(filepath.Join(uncut.dir, "population-*.db")); len(list) != 1 {
			t.Errorf("files are left: %d", len(list))
		}
	})
}

func TestCallsAreAnsweredWhilePopulationsChange(t *testing.T) {
	s := fresh(t)
	file := func(gen int) string {
		var all []someone
		for i := range 300 {
			p := adult(fmt.Sprintf("p%d", i), 1+i%990)
			all = append(all, p)
		}
		all[0].Links = append(all[0].Links[:1:1], tie{Opener: fmt.Sprintf("p%d", 1+gen%2), Qualite: "conjoint"})
		return head + fund("01261") + lines(all...)
	}
	load(t, s, file(0))
	var stop atomic.Bool
	var calls atomic.Int64
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for !stop.Load() {
				got, err := s.Find(ctx, adult("p7", 8).pivot(), "hopital", s.TokenDigest("jeton"))
				if err != nil || len(got) == 0 {
					t.Errorf("%d candidates, %v", len(got), err)
					return
				}
				records := make([]identity.Record, len(got))
				for i, c := range got {
					records[i] = c.Record
				}
				r := identity.Decide(adult("p7", 8).pivot(), records)
				if r.Outcome != identity.Match {
					t.Errorf("%s", r.Outcome)
					return
				}
				for _, c := range got {
					if c.Record.ID == r.ID {
						if _, err := c.Dossier.Open(); err != nil {
							t.Error(err)
						}
					}
				}
				calls.Add(1)
			}
		})
	}
	for gen := range 4 {
		load(t, s, file(gen))
		if gen%2 == 1 {
			load(t, s, deltaHead+lines(adult("p3", 4)))
		}
	}
	stop.Store(true)
	wg.Wait()
	if calls.Load() == 0 {
		t.Error("nobody called")
	}
	whole(t, s)
}

func TestALoadThatFindsTheDiskFullLeavesNothing(t *testing.T) {
	s := fresh(t)
	load(t, s, head+fund("01261")+lines(adult("a", 1)))
	was := dump(t, s)
	path := nationFile(t, 12_000, 5)
	l := s.NewLoad()
	sink := &filling{Load: l, after: 6_000}
	_, err := intake.Run(ctx, intake.Options{Path: path, Sink: sink})
	if !fault.Is(err, fault.ServiceIndisponible) || !strings.Contains(err.Error(), "full") {
		t.Errorf("%v", err)
	}
	if list, _ := filepath.Glob(filepath.Join(s.dir, "population-*")); len(list) > 3 {
		t.Errorf("files are left: %d", len(list))
	}
	if dump(t, s) != was {
		t.Error("the population changed")
	}
	if _, err := intake.Run(ctx, intake.Options{Path: path, Sink: s.NewLoad()}); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

// filling is a load whose disk has no more room after so many lines.
type filling struct {
	*Load
	after int
}

func (f *filling) Put(ctx context.Context, b intake.Batch) ([]intake.Reject, error) {
	if f.after > 0 && b.Mark.Lines > f.after {
		f.after = 0
		var pages int64
		if err := f.f.each(`PRAGMA page_count`, pagesInto(&pages)); err != nil {
			return nil, err
		}
		if err := f.f.each(fmt.Sprintf(`PRAGMA max_page_count = %d`, pages+50), nil); err != nil {
			return nil, err
		}
	}
	return f.Load.Put(ctx, b)
}

func TestLinksInACircleLoad(t *testing.T) {
	s := fresh(t)
	a, b := adult("a", 1), adult("b", 2)
	a.Links = append(a.Links, tie{Opener: "b", Qualite: "conjoint", Caisse: "01261"})
	b.Links = append(b.Links, tie{Opener: "a", Qualite: "conjoint", Caisse: "01261"})
	lost, found := adult("x", 3), adult("y", 4)
	lost.Links = []tie{{Opener: "y", Qualite: "conjoint", Caisse: "01261"}}
	found.Links = []tie{{Opener: "x", Qualite: "conjoint", Caisse: "01999"}}
	sum, rejects := run(t, s.NewLoad(), head+fund("01261")+lines(a, b, lost, found))
	if sum.Personnes != 2 || sum.ByRule[intake.CaisseUnknown] != 1 || sum.ByRule[intake.OuvrantUnknown] != 1 {
		t.Errorf("%+v %s", sum, rejects)
	}
	whole(t, s)
	if f, _, ok := find(t, s, a); !ok || len(f.Rattachements) != 3 {
		t.Error("each sees the other through its own link")
	}
}

func TestAmbiguitiesAreFlaggedWhenTheyAreLoaded(t *testing.T) { // R12
	s := fresh(t)
	load(t, s, head+fund("01261")+lines(adult("a", 1), adult("b", 2)))
	list, err := s.Ambiguities(ctx)
	if err != nil || len(list) != 0 {
		t.Fatalf("%v %v", list, err)
	}
	// R12 an unknown day and the first of the month, which FranceConnect cannot
	// tell apart, share no key of their own
	t.Run("across an incomplete date", func(t *testing.T) {
		row := func(id string, n int, born string) string {
			return strings.Replace(strings.Replace(adult(id, n).line(), "1985-03-14", born, 1), `"nom_famille":"`+letters(n+1)+`"`, `"nom_famille":"Commune"`, 1)
		}
		s := fresh(t)
		sum, _ := run(t, s.NewLoad(), head+fund("01261")+row("a", 1, "1985-03-00")+row("b", 2, "1985-03-01"))
		if sum.Outcome == nil || sum.Outcome.Ambiguous != 1 {
			t.Errorf("by a whole load: %+v", sum.Outcome)
		}
		s = fresh(t)
		load(t, s, head+fund("01261")+row("b", 2, "1985-03-01"))
		sum, _ = run(t, s.NewLoad(), deltaHead+row("a", 1, "1985-03-00"))
		if sum.Outcome == nil || sum.Outcome.Ambiguous != 1 {
			t.Errorf("by a delta: %+v", sum.Outcome)
		}
	})
	twin := adult("c", 3)
	twin.Nom = letters(2) // the name of a, another number
	sum, _ := run(t, s.NewLoad(), deltaHead+lines(twin))
	if sum.Outcome == nil || sum.Outcome.Ambiguous != 1 {
		t.Fatalf("%+v", sum.Outcome)
	}
	if list, err = s.Ambiguities(ctx); err != nil || len(list) != 1 {
		t.Errorf("%v %v", list, err)
	}
	if _, _, ok := find(t, s, adult("a", 1)); ok {
		t.Error("R12 one of them is answered")
	}
	load(t, s, head+fund("01261")+lines(adult("a", 1), twin))
	if list, err = s.Ambiguities(ctx); err != nil || len(list) != 1 {
		t.Errorf("by a whole load: %v %v", list, err)
	}
	run(t, s.NewLoad(), deltaHead+gone("c", "erreur", "2026-11-01"))
	if list, err = s.Ambiguities(ctx); err != nil || len(list) != 0 {
		t.Errorf("after it left: %v %v", list, err)
	}
	whole(t, s)
}

func TestAPopulationIndexedByOtherKeysIsIndexedAgain(t *testing.T) {
	s := fresh(t)
	path := nationFile(t, 3000, 9)
	_, err := intake.Run(ctx, intake.Options{Path: path, Sink: s.NewLoad()})
	must(t, err)
	ambiguous := count(t, s, `SELECT COUNT(*) FROM ambiguite`)
	inPopulation(t, s, `UPDATE reglage SET valeur = 1 WHERE cle = 'cles'`, nil)
	inPopulation(t, s, `UPDATE index_identite SET entrees = x'' WHERE seau % 2 = 0`, nil)
	inPopulation(t, s, `DELETE FROM index_identite WHERE seau % 3 = 0`, nil)
	must(t, s.Close())
	s = openAt(t, s.dir)
	whole(t, s)
	if n := count(t, s, `SELECT COUNT(*) FROM ambiguite`); n != ambiguous {
		t.Errorf("%d ambiguities, %d before", n, ambiguous)
	}
}

func BenchmarkImport(b *testing.B) {
	const persons = 200_000
	path := nationFile(b, persons, 7)
	for b.Loop() {
		s := fresh(b)
		if _, err := intake.Run(ctx, intake.Options{Path: path, Sink: s.NewLoad()}); err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
	b.ReportMetric(persons*float64(b.N)/b.Elapsed().Seconds(), "persons/s")
}

func BenchmarkFind(b *testing.B) {
	s := fresh(b)
	var all []someone
	for i := range 990 {
		all = append(all, adult(fmt.Sprintf("p%d", i), 1+i))
	}
	for i := range all {
		all[i].Nom = letters(5000 + 37*i)
	}
	load(b, s, head+fund("01261")+lines(all...))
	token := s.TokenDigest("jeton")
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		p := all[i%len(all)].pivot()
		p.GivenName, p.GivenNames = letters(7*i), []string{letters(7 * i)} // one candidate, by its family name
		i++
		got, err := s.Find(ctx, p, "hopital", token)
		if err != nil || len(got) != 1 {
			b.Fatal(len(got), err)
		}
	}
}
