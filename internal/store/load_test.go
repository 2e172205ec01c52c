package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/intake"
	"droits.example/droits/internal/nir"
	"droits.example/droits/internal/sim/people"
)

// everyLateReject holds a row for every rule that only the end can judge, and
// for those that its neighbours decide.
func everyLateReject() (file string, want []string) {
	var b strings.Builder
	line := 1
	b.WriteString(head)
	add := func(text, rule string) {
		line++
		b.WriteString(text)
		if rule != "" {
			want = append(want, fmt.Sprintf("%d %s", line, rule))
		}
	}
	add(fund("01261"), "")
	add(fund("01261"), "ID_TWICE id")
	add(adult("a", 1).line(), "")
	add(adult("a", 2).line(), "ID_TWICE id")
	add(adult("b", 1).line(), "NIR_TWICE nir")
	add(someone{ID: "s", N: 3, Outside: true}.line(), "")
	add(child("under-a-sentinel", "s").line(), "OUVRANT_UNKNOWN ouvrant")
	add(child("under-nobody", "nobody").line(), "OUVRANT_UNKNOWN ouvrant")
	add(someone{ID: "c", N: 4, Links: []tie{self("c", "01999")}}.line(), "CAISSE_UNKNOWN caisse")
	add(child("under-c", "c").line(), "OUVRANT_UNKNOWN ouvrant")
	add(child("under-under-c", "under-c").line(), "OUVRANT_UNKNOWN ouvrant")
	add(child("under-a-and-nobody", "a", "nobody").line(), "OUVRANT_UNKNOWN ouvrant")
	add(child("under-b", "b").line(), "OUVRANT_UNKNOWN ouvrant")
	add(someone{ID: "both", Links: []tie{{Opener: "nobody", Qualite: "enfant", Caisse: "01999"}}}.line(), "CAISSE_UNKNOWN caisse")
	add(someone{ID: "formerly-a", N: 5, Former: 1, Links: []tie{self("formerly-a", "02261")}}.line(), "")
	for i := range 600 { // more than a transaction
		add(adult(fmt.Sprintf("filler-%d", i), 100+i).line(), "")
	}
	add(adult("a", 6).line(), "ID_TWICE id")
	add(adult("d", 1).line(), "NIR_TWICE nir")
	add(child("under-a", "a").line(), "")
	add(child("early-reference", "late").line(), "")
	add(adult("late", 7).line(), "")
	add(fund("02261"), "")
	return b.String(), want
}

func TestTheDryRunAndTheLoadRefuseTheSameRows(t *testing.T) {
	s := fresh(t)
	file, want := everyLateReject()
	dry, dryRejects := run(t, nil, file)
	rehearsed, rehearsedRejects := run(t, s.Rehearsal().NewLoad(), file)
	if n, _ := s.Population(); n != 0 {
		t.Fatal("a rehearsal writes")
	}
	real, realRejects := run(t, s.NewLoad(), file)
	// c, refused for its caisse, has a number: it stays as a sentinel (R9)
	if rehearsed.Outcome == nil || rehearsed.Outcome.Added != rehearsed.Personnes+1 || real.Outcome == nil {
		t.Errorf("the outcome: %+v %+v", rehearsed.Outcome, real.Outcome)
	}
	rehearsed.Outcome, real.Outcome = nil, nil
	if inOrder(dryRejects) != inOrder(realRejects) || rehearsedRejects != realRejects || !reflect.DeepEqual(dry, real) || !reflect.DeepEqual(dry, rehearsed) {
		t.Errorf("dry run\n%s%+v\nload\n%s%+v\nrehearsal\n%s%+v", dryRejects, dry, realRejects, real, rehearsedRejects, rehearsed)
	}
	var got []string
	for l := range strings.Lines(realRejects) {
		var r intake.Reject
		mustJSON(t, l, &r)
		got = append(got, fmt.Sprintf("%d %s %s", r.Line, r.Rule, r.Member))
	}
	sortLines(got)
	sortLines(want)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("refused %v\nwant %v", got, want)
	}
	served, sentinels := s.Population()
	if served != real.Personnes-real.Sentinelles || sentinels != real.Sentinelles+1 || real.Caisses != 2 {
		t.Errorf("the summary %+v is not the population: %d, %d", real, served, sentinels)
	}
	t.Run("nothing is left of a refused row", func(t *testing.T) {
		if _, _, ok := find(t, s, adult("c", 4)); ok {
			t.Error("a refused person is found")
		}
		whole(t, s)
	})
	t.Run("a former number leads to whom it designates now", func(t *testing.T) {
		p, err := s.SubjectOf(ctx, nir.MustParse(digits(1)))
		f, _, ok := find(t, s, adult("a", 1))
		if err != nil || !ok || f.Assure.Sujet != p {
			t.Errorf("%v %v", ok, err)
		}
	})
}

// inOrder sorts the lines of a reject file by their row: doubles are told when
// they are found, by the one at once, by the other at the end.
func inOrder(rejects string) string {
	var list []intake.Reject
	for l := range strings.Lines(rejects) {
		var r intake.Reject
		if err := json.Unmarshal([]byte(l), &r); err != nil {
			panic(err)
		}
		list = append(list, r)
	}
	intake.SortRejects(list)
	var out strings.Builder
	for _, r := range list {
		fmt.Fprintln(&out, r)
	}
	return out.String()
}

// anyFile draws a file whose rows refer to each other at random.
func anyFile(t *rapid.T, head string) string {
	ids := []string{"a", "b", "c", "d", "e", "f", "g"}
	funds := []string{"01261", "01262", "01999"}
	var b strings.Builder
	b.WriteString(head)
	for range rapid.IntRange(1, 14).Draw(t, "rows") {
		id := rapid.SampledFrom(ids).Draw(t, "id")
		switch rapid.SampledFrom([]string{"caisse", "adult", "adult", "child", "sentinel"}).Draw(t, "what") {
		case "caisse":
			b.WriteString(fund(rapid.SampledFrom(funds[:2]).Draw(t, "caisse")))
		case "sentinel":
			b.WriteString(someone{ID: id, N: rapid.IntRange(1, 9).Draw(t, "nir"), Outside: true}.line())
		case "adult":
			p := adult(id, rapid.IntRange(1, 9).Draw(t, "nir"))
			p.Links[0].Caisse = rapid.SampledFrom(funds).Draw(t, "caisse")
			if o := rapid.SampledFrom(ids).Draw(t, "opener"); o != id && rapid.Bool().Draw(t, "linked") {
				p.Links = append(p.Links, tie{Opener: o, Qualite: "conjoint"})
			}
			p.Former = rapid.IntRange(0, 9).Draw(t, "former")
			b.WriteString(p.line())
		case "child":
			o := rapid.SampledFrom(ids).Draw(t, "opener")
			if o != id {
				b.WriteString(child(id, o).line())
			}
		}
	}
	return b.String()
}

func TestAnyFileIsRefusedAlikeByBoth(t *testing.T) {
	s := fresh(t)
	rapid.Check(t, func(rt *rapid.T) {
		file := anyFile(rt, head)
		var dry, real strings.Builder
		a, errA := intake.Run(ctx, intake.Options{Reader: strings.NewReader(file), DryRun: true, Rejects: &dry})
		b, errB := intake.Run(ctx, intake.Options{Reader: strings.NewReader(file), Sink: s.NewLoad(), Rejects: &real})
		b.Outcome = nil
		if (errA == nil) != (errB == nil) || inOrder(dry.String()) != inOrder(real.String()) || !reflect.DeepEqual(a, b) {
			rt.Fatalf("%s\ndry %v\n%s%+v\nload %v\n%s%+v", file, errA, dry.String(), a, errB, real.String(), b)
		}
		if errB == nil {
			whole(t, s)
			if served, _ := s.Population(); served != b.Personnes-b.Sentinelles {
				rt.Fatalf("%d served, the summary says %+v", served, b)
			}
		}
	})
}

func TestALoadIsVisibleAtOnceOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir)
	load(t, s, head+fund("01261")+lines(adult("old", 1)))
	before := dump(t, s)
	var many []someone
	for i := range 700 {
		many = append(many, adult(fmt.Sprintf("new-%d", i), 2+i))
		many[i].Nom = letters(5000 + i)
		if i >= 600 {
			many[i] = child(many[i].ID, "new-0")
		}
	}
	begin := func() *Load {
		l := s.NewLoad()
		must(t, l.Begin(ctx, intake.Header{Jeu: intake.Complet, ReferenceOn: today}, nil))
		r, err := intake.NewReader(strings.NewReader(head + fund("01261") + lines(many...)))
		must(t, err)
		for {
			row, bad, err := r.Next()
			if err != nil {
				break
			}
			if bad != nil {
				t.Fatal(bad)
			}
			rows, err := l.Prepare([]intake.Row{row})
			must(t, err)
			_, err = l.Put(ctx, intake.Batch{Rows: []intake.Row{row}, Prepared: rows, Mark: intake.Mark{Lines: row.Line}})
			must(t, err)
		}
		return l
	}
	populations := func() int {
		list, err := filepath.Glob(filepath.Join(dir, "population-*.db"))
		must(t, err)
		return len(list)
	}
	still := func(t *testing.T) {
		t.Helper()
		if got := dump(t, s); got != before {
			t.Errorf("the population changed:\n%s", got)
		}
		if _, _, ok := find(t, s, adult("old", 1)); !ok {
			t.Error("somebody of the old population is no longer found")
		}
		if _, _, ok := find(t, s, many[0]); ok {
			t.Error("somebody of an unfinished load is found")
		}
	}
	t.Run("an unfinished load is not visible", func(t *testing.T) {
		l := begin()
		still(t)
		l.Abort(errors.New("disk full"))
		still(t)
		if n := populations(); n != 1 {
			t.Errorf("%d populations are left after an abort", n)
		}
		l.Abort(nil)
		still(t)
	})
	t.Run("a process killed between two batches leaves the old population", func(sub *testing.T) {
		begin()
		must(sub, s.Close())
		s = openAt(t, dir)
		still(sub)
	})
	t.Run("the next load sweeps what a killed one left", func(t *testing.T) {
		load(t, s, head+fund("01261")+lines(adult("old", 1)))
		still(t)
		if n := populations(); n != 1 {
			t.Errorf("%d populations are left", n)
		}
	})
	t.Run("a load that another one superseded cannot end nor harm it", func(t *testing.T) {
		first := begin()
		if err := s.NewLoad().Begin(ctx, intake.Header{Jeu: intake.Complet, ReferenceOn: today}, nil); fault.From(err).Reason() != ImportRunning {
			t.Errorf("a second load begins: %v", err)
		}
		first.release() // as if that had not held it
		second := begin()
		if _, err := first.End(ctx, quiet); !errors.Is(err, errSuperseded) {
			t.Errorf("%v", err)
		}
		first.Abort(errSuperseded)
		still(t)
		if _, err := second.End(ctx, quiet); err != nil {
			t.Fatal(err)
		}
		if n, _ := s.Population(); n != 700 {
			t.Errorf("%d people", n)
		}
		if f, _, ok := find(t, s, many[0]); !ok || len(f.Rattachements) != 1+100 {
			t.Error("the family is not whole")
		}
		if _, _, ok := find(t, s, adult("old", 1)); ok {
			t.Error("the old population is still found")
		}
		if n := populations(); n != 1 {
			t.Error("the old population is still stored")
		}
	})
	t.Run("a load of which nobody is left changes nothing and tells why", func(t *testing.T) {
		was := dump(t, s)
		var rejects strings.Builder
		_, err := intake.Run(ctx, intake.Options{Reader: strings.NewReader(head + lines(adult("x", 1))), Sink: s.NewLoad(), Rejects: &rejects})
		if fault.From(err).Reason() != string(intake.NothingAccepted) || !strings.Contains(rejects.String(), "CAISSE_UNKNOWN") {
			t.Errorf("%v %s", err, rejects.String())
		}
		if dump(t, s) != was {
			t.Error("the population changed")
		}
	})
}

func TestTheSandboxLoads(t *testing.T) {
	var b strings.Builder
	must(t, people.WriteNDJSON(&b, 1, today))
	s := fresh(t)
	load(t, s, b.String())
	if s.DonneesOn() != today {
		t.Error("the day of the data")
	}
	for _, p := range people.Sandbox(1, today) {
		if p.NIR.IsZero() || p.Slug != "famille-martin" {
			continue
		}
		got, err := s.Find(ctx, p.Pivot, "hopital", s.TokenDigest("x"))
		if err != nil || len(got) == 0 {
			t.Fatalf("%d candidates, %v", len(got), err)
		}
		f, err := got[0].Dossier.Open()
		if err != nil || len(f.Rattachements) != 4 || f.Rattachements[0].Caisse.Libelle == "" {
			t.Errorf("the family: %v", err)
		}
	}
}
