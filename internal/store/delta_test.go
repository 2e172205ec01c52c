package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
	"testing"

	"pgregory.net/rapid"
	"zombiezen.com/go/sqlite"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/intake"
)

func mustJSON(t testing.TB, text string, v any) {
	t.Helper()
	must(t, json.Unmarshal([]byte(text), v))
}

func sortLines(s []string) { sort.Strings(s) }

// inPopulation runs a statement on the visible population's file.
func inPopulation(t testing.TB, s *Store, q string, row func(*sqlite.Stmt) error, args ...any) {
	t.Helper()
	p := s.state.Load().population
	f, err := openBuilding(p.path, p.load, false)
	must(t, err)
	defer f.close()
	must(t, f.each(q, row, args...))
}

func count(t testing.TB, s *Store, q string, args ...any) (n int) {
	t.Helper()
	inPopulation(t, s, q, func(x *sqlite.Stmt) error { n = x.ColumnInt(0); return nil }, args...)
	return n
}

func quiet(string, int64, int64) {}

func TestADelta(t *testing.T) {
	base := head + fund("01261") + lines(adult("mere", 1), adult("pere", 2), child("enfant", "mere", "pere"), someone{ID: "dehors", N: 3, Outside: true})
	type expect struct {
		name, rows string
		rejects    string // rule, id
		dump       []string
	}
	for _, c := range []expect{
		{"a person is replaced and keeps whom it opens rights to", lines(someone{ID: "mere", N: 1, Nom: "Neuve", Links: []tie{self("mere", "01261")}}), "", []string{"mere Neuve: enfant enfant", "pere", "enfant"}},
		{"a NIR is issued anew", lines(adult("mere", 8)), "", []string{"mere Marquem: enfant enfant"}},
		{"two people exchange their numbers", lines(adult("mere", 2), adult("pere", 1)), "", []string{"mere Marquef: enfant", "pere Marqued: enfant"}},
		{"somebody new comes under somebody known", lines(child("bebe", "mere")), "", []string{"mere Marqued: bebe enfant", "bebe "}},
		{"an opener leaves: its links end, its dependants stay", gone("mere", "erreur", "2026-11-01"), "", []string{"pere", "enfant Marquec: enfant enfant 2016-01-01- 01261;\npere", "-mere"}},
		{"a person leaves", gone("enfant", "deces", "2026-11-01"), "", []string{"mere Marqued: mere assure", "pere Marquef: pere assure", "-enfant"}},
		{"a leave to come caps the links on its day", gone("mere", "sortie", "2027-02-28"), "", []string{"mere Marqued: enfant enfant 2016-01-01-2027-02-28", "mere assure 2016-01-01-2027-02-28"}},
		{"an opener becomes a sentinel: its links end", lines(someone{ID: "mere", N: 1, Outside: true}), "", []string{"mere sentinel"}},
		{"a sentinel becomes served", lines(adult("dehors", 3)), "", []string{"dehors Marqueg: dehors assure"}},
		{"somebody takes the number of one who leaves, in any order", lines(adult("neuf", 2)) + gone("pere", "erreur", "2026-11-01"), "", []string{"neuf ", "-pere"}},
		{"an end of nobody is refused", gone("personne", "deces", "2026-11-01"), "FIN_UNKNOWN personne", nil},
		{"a number of another is refused and the old row stays", lines(adult("mere", 2)), "NIR_TWICE mere", []string{"mere Marqued"}},
		{"a number of a sentinel is refused", lines(adult("neuf", 3)), "NIR_TWICE neuf", []string{"-neuf"}},
		{"a number of one who leaves later is refused", lines(adult("neuf", 1)) + gone("mere", "sortie", "2027-01-01"), "NIR_TWICE neuf", []string{"-neuf"}},
		{"an opener that is nowhere is refused", lines(child("bebe", "personne")), "OUVRANT_UNKNOWN bebe", []string{"-bebe"}},
		{"an opener that is a sentinel is refused", lines(child("bebe", "dehors")), "OUVRANT_UNKNOWN bebe", []string{"-bebe"}},
		{"an opener that the same delta takes out is refused", lines(child("bebe", "mere")) + gone("mere", "erreur", "2026-11-01"), "OUVRANT_UNKNOWN bebe", []string{"-bebe", "-mere"}},
		{"a caisse that is nowhere is refused", lines(someone{ID: "mere", N: 1, Links: []tie{self("mere", "01999")}}), "CAISSE_UNKNOWN mere", []string{"mere Marqued: enfant"}},
		{"a caisse of the delta is known, before or after", lines(someone{ID: "mere", N: 1, Links: []tie{self("mere", "01999")}}) + fund("01999"), "", []string{"mere assure 2016-01-01- 01999"}},
		{"who depends on a refused row is refused", lines(adult("neuf", 2), child("bebe", "neuf")), "NIR_TWICE neuf,OUVRANT_UNKNOWN bebe", []string{"-neuf", "-bebe"}},
		{"a refused row keeps the number that another wanted", lines(someone{ID: "mere", N: 8, Links: []tie{self("mere", "01999")}}, adult("neuf", 1)), "CAISSE_UNKNOWN mere,NIR_TWICE neuf", []string{"mere Marqued", "-neuf"}},
		{"a person has one line", lines(adult("mere", 8), adult("mere", 9)) + gone("mere", "erreur", "2026-11-01"), "ID_TWICE mere,ID_TWICE mere", []string{"mere Marquem"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := fresh(t)
			load(t, s, base)
			was := dump(t, s)
			_, rehearsed := run(t, s.Rehearsal().NewLoad(), deltaHead+c.rows)
			if dump(t, s) != was {
				t.Fatal("a rehearsal writes")
			}
			sum, rejects := run(t, s.NewLoad(), deltaHead+c.rows)
			if rehearsed != rejects {
				t.Errorf("the rehearsal refuses\n%s, the load\n%s", rehearsed, rejects)
			}
			var got []string
			for l := range strings.Lines(rejects) {
				var r intake.Reject
				mustJSON(t, l, &r)
				got = append(got, fmt.Sprintf("%s %s", r.Rule, r.ID))
				if r.Line < 2 || r.Member == "" || r.Type == "" {
					t.Errorf("a reject without line, type or member: %+v", r)
				}
			}
			if strings.Join(got, ",") != c.rejects {
				t.Errorf("refused %v, want %s", got, c.rejects)
			}
			if sum.Personnes+sum.Fins+sum.Caisses+sum.Rejected != strings.Count(c.rows, "\n") {
				t.Errorf("the summary does not add up: %+v", sum)
			}
			text := "\n" + dump(t, s) + "\n"
			for _, d := range c.dump {
				absent := strings.HasPrefix(d, "-")
				if strings.Contains(text, "\n"+strings.TrimPrefix(d, "-")) == absent && strings.Contains(text, strings.TrimPrefix(d, "-")) == absent {
					t.Errorf("%q in\n%s", d, text)
				}
			}
			if s.DonneesOn() != civil.MustParse("2026-11-23") {
				t.Error("the day of the data did not move")
			}
			whole(t, s)
		})
	}
	t.Run("without a population it is refused", func(t *testing.T) {
		_, err := intake.Run(ctx, intake.Options{Reader: strings.NewReader(deltaHead + lines(adult("a", 1))), Sink: fresh(t).NewLoad()})
		if err == nil {
			t.Error("applied to nothing")
		}
	})
}

// whole fails when something of the population leads nowhere, or is not found
// where it should be.
func whole(t testing.TB, s *Store) {
	t.Helper()
	for _, q := range []string{
		`SELECT COUNT(*) FROM lien WHERE ouvrant NOT IN (SELECT id FROM personne WHERE sentinelle = 0) OR beneficiaire NOT IN (SELECT id FROM personne)`,
		`SELECT COUNT(*) FROM dossier WHERE personne NOT IN (SELECT ouvrant FROM lien)`,
		`SELECT COUNT(*) FROM lien WHERE ouvrant NOT IN (SELECT personne FROM dossier)`,
		`SELECT COUNT(*) FROM ambiguite WHERE a NOT IN (SELECT id FROM personne) OR b NOT IN (SELECT id FROM personne)`,
		`SELECT COUNT(*) FROM tri`, `SELECT COUNT(*) FROM lecture`,
	} {
		if n := count(t, s, q); n != 0 {
			t.Errorf("%d rows of: %s", n, q)
		}
	}
	want := map[string][]entry{}
	served, sentinels := 0, 0
	load := s.state.Load().population.load
	inPopulation(t, s, `SELECT id, ligne, sentinelle, identite FROM personne`, func(x *sqlite.Stmt) error {
		var d docPersonne
		must(t, s.keys.openRow(placeIdentite, rowID{load, x.ColumnInt64(0)}, column(x, 3), &d))
		row, sentinel := uint32(x.ColumnInt64(0)), x.ColumnInt(2) == 1
		want["index_ligne"] = append(want["index_ligne"], entry{s.keys.nameDigest(x.ColumnText(1)), row})
		if d.NIR != "" {
			want["index_nir"] = append(want["index_nir"], entry{s.keys.numberDigest(number(d.NIR)), row})
		}
		if d.Deces == 0 {
			own, _ := s.keys.identityDigests(d.record(sentinel))
			for _, k := range own {
				want["index_identite"] = append(want["index_identite"], entry{k, row})
			}
		}
		if sentinel {
			sentinels++
		} else {
			served++
		}
		return nil
	})
	if a, b := s.Population(); a != served || b != sentinels {
		t.Errorf("%d and %d people, the store says %d and %d", served, sentinels, a, b)
	}
	for table, list := range want {
		var got []entry
		inPopulation(t, s, `SELECT entrees FROM `+table+` ORDER BY seau`, func(x *sqlite.Stmt) error {
			b := column(x, 0)
			for i := range len(b) / entrySize {
				got = append(got, entryAt(b, i))
			}
			return nil
		})
		slices.SortFunc(list, byDigest)
		if !slices.Equal(got, list) {
			t.Errorf("%s holds %d entries, %d are due", table, len(got), len(list))
		}
	}
}

func TestTheOrderOfADeltaDoesNotMatter(t *testing.T) {
	base := head + fund("01261") + lines(adult("a", 1), adult("b", 2), adult("c", 3), child("d", "a", "b"), child("e", "c"))
	s := fresh(t)
	apply := func(rows []string) (string, string) {
		load(t, s, base)
		_, rejects := run(t, s.NewLoad(), deltaHead+strings.Join(rows, ""))
		var ids []string
		for l := range strings.Lines(rejects) {
			var r intake.Reject
			mustJSON(t, l, &r)
			ids = append(ids, r.ID)
		}
		sort.Strings(ids)
		whole(t, s)
		return dump(t, s), strings.Join(ids, " ")
	}
	rapid.Check(t, func(rt *rapid.T) {
		free := []int{1, 2, 3, 4, 5, 6, 7, 8}
		numbers := rapid.Permutation(free).Draw(rt, "numbers")
		rows := []string{adult("h", 9).line()} // of which nothing is refused: a delta of which everything is, is none
		for i, id := range []string{"a", "b", "c", "d", "e", "f", "g"} {
			opener := rapid.SampledFrom([]string{"a", "b", "c", "f", "z"}).Draw(rt, "opener")
			switch rapid.SampledFrom([]string{"", "", "adult", "child", "fin", "sentinel", "conjoint"}).Draw(rt, "what") {
			case "adult":
				rows = append(rows, adult(id, numbers[i]).line())
			case "conjoint":
				p := adult(id, numbers[i])
				if opener != id {
					p.Links = append(p.Links, tie{Opener: opener, Qualite: "conjoint"})
				}
				rows = append(rows, p.line())
			case "child":
				if opener != id {
					rows = append(rows, child(id, opener).line())
				}
			case "sentinel":
				rows = append(rows, someone{ID: id, N: numbers[i], Outside: true}.line())
			case "fin":
				rows = append(rows, gone(id, "erreur", "2026-11-01"))
			}
		}
		one, refused := apply(rows)
		two, again := apply(rapid.Permutation(rows).Draw(rt, "order"))
		if one != two || refused != again {
			rt.Fatalf("refused %s, then %s\n%s\n---\n%s", refused, again, one, two)
		}
	})
}

func TestTheDeadAreNotFound(t *testing.T) {
	s := fresh(t)
	dead := adult("mort", 1)
	dead.Dead = true
	load(t, s, head+fund("01261")+lines(dead, adult("vif", 2)))
	if _, _, ok := find(t, s, dead); ok {
		t.Error("found")
	}
	whole(t, s)
	f, _, ok := find(t, s, adult("vif", 2))
	if !ok || f.Assure.Sujet == (droits.Sujet{}) {
		t.Error("the living are found")
	}
}

func pagesInto(n *int64) func(*sqlite.Stmt) error {
	return func(x *sqlite.Stmt) error { *n = x.ColumnInt64(0); return nil }
}
