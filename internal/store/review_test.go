package store

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/intake"
)

// namesake is a row of two people of one name, day and place; the one has a
// second given name.
func namesake(id string, n int, prenoms, caisse string) string {
	p := someone{ID: id, N: n, Nom: "Homonyme", Links: []tie{self(id, caisse)}}
	return strings.Replace(p.line(), `["Quentinelle"]`, prenoms, 1)
}

// decided is the outcome for the one with two given names.
func decided(t *testing.T, s *Store) string {
	t.Helper()
	p := someone{N: 1, Nom: "Homonyme"}.pivot()
	p.GivenName, p.GivenNames = "JEAN PAUL", []string{"JEAN", "PAUL"}
	got, err := s.Find(ctx, p, "hopital", s.TokenDigest("jeton"))
	must(t, err)
	var rows []identity.Record
	for _, c := range got {
		rows = append(rows, c.Record)
	}
	r := identity.Decide(p, rows)
	if r.Outcome == identity.Match {
		return "match " + digits13(rows[r.Index].NIR)
	}
	return string(r.Outcome)
}

func TestWhoIsNotServedStaysSomebody(t *testing.T) { // R9
	paul, jean := func(caisse string) string { return namesake("paul", 1, `["Jean","Paul"]`, caisse) }, namesake("jean", 2, `["Jean"]`, "01261")
	t.Run("R9 two namesakes are ambiguous", func(t *testing.T) {
		s := fresh(t)
		load(t, s, head+fund("01261")+paul("01261")+jean)
		if got := decided(t, s); got != "ambiguous" {
			t.Error(got)
		}
	})
	t.Run("R9 a row refused for its caisse does not uncover its namesake", func(t *testing.T) {
		s := fresh(t)
		sum, _ := run(t, s.NewLoad(), head+fund("01261")+paul("01999")+jean)
		if got := decided(t, s); got != "ambiguous" || sum.Rejected != 1 {
			t.Error(got)
		}
		if served, sentinels := s.Population(); served != 1 || sentinels != 1 {
			t.Errorf("%d served, %d known to refuse", served, sentinels)
		}
		if n := count(t, s, `SELECT COUNT(*) FROM personne WHERE ligne = 'paul' AND sentinelle = 1`); n != 1 {
			t.Error("it is served")
		}
		whole(t, s)
	})
	t.Run("R9 who left the perimeter does not uncover its namesake", func(t *testing.T) {
		s := fresh(t)
		load(t, s, head+fund("01261")+paul("01261")+jean+lines(child("enfant", "paul")))
		sum, _ := run(t, s.NewLoad(), deltaHead+gone("paul", "sortie", "2026-11-01"))
		if got := decided(t, s); got != "ambiguous" || sum.Outcome.Removed != 1 {
			t.Errorf("%s %+v", got, sum.Outcome)
		}
		if text := dump(t, s); !strings.Contains(text, "paul sentinel") || strings.Contains(text, "enfant enfant") {
			t.Error(text)
		}
		whole(t, s)
		run(t, s.NewLoad(), deltaHead+gone("paul", "deces", "2026-11-02"))
		if got := decided(t, s); got != "match "+digits(2) {
			t.Errorf("once dead: %s", got)
		}
		whole(t, s)
	})
}

func TestOneImportAtATime(t *testing.T) {
	s := fresh(t)
	load(t, s, head+fund("01261")+lines(adult("a", 1)))
	path := nationFile(t, 9_000, 6)
	refused := 0
	_, err := intake.Run(ctx, intake.Options{Path: path, Sink: s.NewLoad(), Progress: func(p intake.Progress) {
		for _, second := range []*Load{s.NewLoad(), s.Rehearsal().NewLoad()} {
			for _, o := range []intake.Options{{Path: path}, {Reader: strings.NewReader(deltaHead + lines(adult("b", 2)))}} {
				o.Sink = second
				_, err := intake.Run(ctx, o)
				if fault.From(err).Reason() != ImportRunning {
					t.Errorf("while %s: %v", p.Stage, err)
				}
				refused++
			}
		}
	}})
	must(t, err)
	if n, _ := s.Population(); n < 7_000 || refused == 0 {
		t.Errorf("%d people, %d refused", n, refused)
	}
	whole(t, s)
	load(t, s, deltaHead+lines(adult("b", 2)))
}

func TestACallerWhoLeavesAtTheLastMomentHarmsNothing(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir)
	load(t, s, head+fund("01261")+lines(adult("a", 1)))
	c, cancel := context.WithCancel(ctx)
	armed := false
	s.clock = func() time.Time {
		if armed {
			cancel()
		}
		return noon()
	}
	l := s.NewLoad()
	must(t, l.Begin(ctx, intake.Header{Jeu: intake.Complet, ReferenceOn: today}, nil))
	r, err := intake.NewReader(strings.NewReader(head + fund("01261") + lines(adult("a", 1), adult("b", 2))))
	must(t, err)
	for row, _, err := r.Next(); err == nil; row, _, err = r.Next() {
		rows, err := l.Prepare([]intake.Row{row})
		must(t, err)
		_, err = l.Put(ctx, intake.Batch{Rows: []intake.Row{row}, Prepared: rows, Mark: intake.Mark{Lines: row.Line}})
		must(t, err)
	}
	armed = true
	_, err = l.End(c, quiet)
	l.Abort(err)
	armed = false
	must(t, s.Close())
	s = openAt(t, dir)
	if _, _, ok := find(t, s, adult("a", 1)); !ok {
		t.Error("nobody is found any more")
	}
	if _, _, ok := find(t, s, adult("b", 2)); ok != (err == nil) {
		t.Errorf("told %v, and found %v", err, ok)
	}
	whole(t, s)
	load(t, s, head+fund("01261")+lines(adult("c", 3)))
}

func TestWhatARehearsalThatWasKilledLeftIsErased(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir)
	l := s.Rehearsal().NewLoad()
	must(t, l.Begin(ctx, intake.Header{Jeu: intake.Complet, ReferenceOn: today}, nil))
	must(t, l.f.close())
	must(t, s.Close())
	openAt(t, dir)
	if list, err := filepath.Glob(filepath.Join(dir, "population-*")); err != nil || len(list) != 0 {
		t.Errorf("%d files are left, %v", len(list), err)
	}
}

func TestRefusedDoublesAreOverwritten(t *testing.T) {
	s := fresh(t)
	var b bytes.Buffer
	b.WriteString(head + fund("01261") + lines(adult("a", 1)))
	for i := range 300 {
		b.WriteString(adult("refuse-moi-"+letters(i), 1).line())
	}
	sum, _ := run(t, s.NewLoad(), b.String())
	raw, err := os.ReadFile(s.state.Load().population.path)
	must(t, err)
	if n := bytes.Count(raw, []byte("refuse-moi-")); n != 0 || sum.Rejected != 300 {
		t.Errorf("%d rejected, %d of them still in the file", sum.Rejected, n)
	}
}

func TestManyDoublesTakeLittleMemory(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(head + fund("01261"))
	for range 3000 {
		b.WriteString(adult("p", 1).line())
	}
	for i := range 3000 {
		b.WriteString(child("c"+letters(i), "p").line())
	}
	s := fresh(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	sum, _ := run(t, s.NewLoad(), b.String())
	runtime.ReadMemStats(&after)
	if sum.Personnes != 3001 || after.TotalAlloc-before.TotalAlloc > 250<<20 {
		t.Errorf("%d people, %d MB", sum.Personnes, (after.TotalAlloc-before.TotalAlloc)>>20)
	}
	whole(t, s)
}

func TestDeltasOfAFewSurprises(t *testing.T) {
	t.Run("one that would empty the population is refused whole", func(t *testing.T) {
		s := fresh(t)
		load(t, s, head+fund("01261")+lines(adult("a", 1)))
		_, err := intake.Run(ctx, intake.Options{Reader: strings.NewReader(deltaHead + gone("a", "erreur", "2026-11-01")), Sink: s.NewLoad()})
		if fault.From(err).Reason() != string(intake.NothingAccepted) {
			t.Errorf("%v", err)
		}
		if _, _, ok := find(t, s, adult("a", 1)); !ok {
			t.Error("applied all the same")
		}
	})
	t.Run("a leave to come caps the links of those whom the same delta replaces", func(t *testing.T) {
		s := fresh(t)
		load(t, s, head+fund("01261")+lines(adult("mere", 1), child("enfant", "mere")))
		run(t, s.NewLoad(), deltaHead+gone("mere", "sortie", "2027-02-28")+lines(child("enfant", "mere")))
		if text := dump(t, s); strings.Count(text, "enfant enfant 2016-01-01-2027-02-28") != 2 {
			t.Error(text)
		}
		whole(t, s)
	})
	t.Run("a pair of people who both come is told once", func(t *testing.T) {
		s := fresh(t)
		load(t, s, head+fund("01261")+lines(adult("a", 1)))
		sum, _ := run(t, s.NewLoad(), deltaHead+namesake("x", 5, `["Jean"]`, "01261")+namesake("y", 6, `["Jean"]`, "01261"))
		if sum.Outcome.Ambiguous != 1 {
			t.Errorf("%+v", sum.Outcome)
		}
	})
	t.Run("nobody waits for the log to be cut while somebody else reads", func(t *testing.T) {
		s := fresh(t)
		load(t, s, head+fund("01261")+lines(adult("a", 1), adult("b", 2)))
		p := s.state.Load().population
		f, err := openReader(p.path, p.load)
		must(t, err)
		defer f.close()
		must(t, f.view(func() error {
			must(t, f.each(`SELECT 1 FROM personne`, func(*sqlite.Stmt) error { return nil }))
			begun := time.Now()
			load(t, s, deltaHead+lines(adult("b", 3)))
			if d := time.Since(begun); d > 4*time.Second {
				t.Errorf("the delta waited %s", d)
			}
			return nil
		}))
	})
}
