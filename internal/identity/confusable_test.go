package identity

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestConfusable(t *testing.T) {
	other := func(family, given string, change ...func(*Record)) Record {
		return f(family, given, append([]func(*Record){rank(2)}, change...)...)
	}
	for _, c := range []struct {
		name string
		a, b Record
		want bool
	}{
		{"all traits equal", f("DURIEU", "CLAIRE"), other("Durieu", "Claire"), true},
		{"one list is the beginning of the other", f("DURIEU", "LISE"), other("DURIEU", "LISE MARIE"), true},
		{"two lists with one beginning", f("DURIEU", "LISE ANNE"), other("DURIEU", "LISE MARIE"), true},
		{"two lists with one beginning, both complete", f("DURIEU", "LISE ANNE", complete), other("DURIEU", "LISE MARIE", complete), false},
		{"other given names", f("DURIEU", "LISE"), other("DURIEU", "ANNE"), false},
		{"the same names permuted", f("DURIEU", "LISE ANNE"), other("DURIEU", "ANNE LISE"), false},
		{"with and without the particle", f("DE FONTENILLES", "LISE"), other("FONTENILLES", "LISE"), true},
		{"two particles, since the pivot may have none", f("DE FONTENILLES", "LISE"), other("DU FONTENILLES", "LISE"), true},
		{"a name cut at the width of the field", f("VILLENEUVE-LES-MAGUELONNE", "LISE"), other("VILLENEUVE-LES-MAGUELONNES", "LISE"), true},
		{"names exchanged", f("DURIEU", "LISE", usage("SALLELES")), other("SALLELES", "LISE", usage("DURIEU")), true},
		{"the birth name of one is the usage name of the other", f("DURIEU", "LISE", usage("SALLELES")), other("SALLELES", "LISE"), true},
		{"family names one letter apart, shortened given names possible", f("DUPONT", "LISE MARIE"), other("DUPOND", "LISE MARIE"), true},
		{"family names one letter apart, one given name each", f("DUPONT", "LISE"), other("DUPOND", "LISE"), false},
		{"another commune, shortened given names possible", f("DURIEU", "LISE MARIE"), rec("DURIEU", "LISE MARIE", d1, "F", "12048", rank(2)), true},
		{"another commune, one given name each", f("DURIEU", "LISE"), rec("DURIEU", "LISE", d1, "F", "12048", rank(2)), false},
		{"two arrondissements: the pivot may say the city", rec("DURIEU", "LISE", d1, "F", "75113"), rec("DURIEU", "LISE", d1, "F", "75114", rank(2)), true},
		{"a city and its arrondissement", rec("DURIEU", "LISE", d1, "F", "75056"), rec("DURIEU", "LISE", d1, "F", "75114", rank(2)), true},
		{"two successor states before the division", rec("DURIEU", "LISE", "1980-05-02", "F", "99116"), rec("DURIEU", "LISE", "1980-05-02", "F", "99117", rank(2)), true},
		{"two successor states after it", rec("DURIEU", "LISE", "1999-05-02", "F", "99116"), rec("DURIEU", "LISE", "1999-05-02", "F", "99117", rank(2)), false},
		{"an unknown day and the first of the month", rec("DURIEU", "LISE", "1954-03-00", "F", c1), rec("DURIEU", "LISE", "1954-03-01", "F", c1, rank(2)), true},
		{"an unknown day and a known 17th", rec("DURIEU", "LISE", "1954-03-00", "F", c1), rec("DURIEU", "LISE", "1954-03-17", "F", c1, rank(2)), false},
		{"two unknown days of two months", rec("DURIEU", "LISE", "1954-03-00", "F", c1), rec("DURIEU", "LISE", "1954-04-00", "F", c1, rank(2)), false},
		{"one day apart", f("DURIEU", "LISE"), rec("DURIEU", "LISE", "1985-03-15", "F", c1, rank(2)), false},
		{"a boy and a girl", f("DURIEU", "ALEX"), rec("DURIEU", "ALEX", d1, "M", c1, rank(2)), false},
		{"one person in two rows", f("DURIEU", "LISE"), f("DURIEU", "LISE MARIE"), false},
		{"a row that is not its own number", f("DURIEU", "LISE"), f("DURIEU", "LISE", number("1850312047001")), false},
		{"a sentinel", f("DURIEU", "LISE"), other("DURIEU", "LISE", sentinel), true},
		{"no name", f("DURIEU", "LISE"), other("-", "LISE"), false},
		{"nothing at all", Record{}, Record{}, false},
	} {
		t.Run("R9 "+c.name, func(t *testing.T) {
			if Confusable(c.a, c.b) != c.want || Confusable(c.b, c.a) != c.want {
				t.Errorf("not %v both ways", c.want)
			}
		})
	}
}

// pivotsOf are the pivots that Confusable says it tries, as texts, for rows born
// where the pools say; and places that became the row's, which it need not try.
func pivotsOf(r Record) (out []Pivot) {
	places := []string{r.place()}
	for _, code := range poolPlace {
		if placeMark(code, r.place(), r.NaissanceOn.Year()) == T5 {
			places = append(places, code)
		}
	}
	core, _, _ := unparticled(appendFamily(nil, r.NomFamille))
	names := [][2]string{{r.NomFamille, r.NomUsage}, {r.NomUsage, r.NomFamille}}
	if letters(core) >= shortestCore {
		names = append(names, [2]string{string(core), r.NomUsage})
	}
	for _, place := range places {
		for _, n := range names {
			for _, d := range []string{r.NaissanceOn.String(), defaulted(r.NaissanceOn).String()} {
				for k := 1; k <= len(r.Prenoms); k++ {
					out = append(out, piv(n[0], "", d, map[Sexe]string{Masculin: "male", Feminin: "female"}[r.sex()], place, bears(n[1]), listed(r.Prenoms[:k]...)))
				}
			}
		}
	}
	return out
}

func TestConfusableAgreesWithEveryPivotDecided(t *testing.T) {
	t.Run("R9 some pivot is ambiguous through the index", rapid.MakeCheck(func(t *rapid.T) {
		a, b := drawRecord(t, 1), drawRecord(t, 2)
		want := false
		for _, p := range append(pivotsOf(a), pivotsOf(b)...) {
			want = want || Decide(p, lookup(p, []Record{a, b})).Outcome == Ambiguous
		}
		finds := func(a, b Record) bool {
			return slices.ContainsFunc(a.Neighbours(), func(k Key) bool { return slices.Contains(b.Keys(), k) })
		}
		if want && !finds(a, b) && !finds(b, a) {
			t.Fatal("R9 the neighbours of a row miss one")
		}
		if got := Confusable(a, b); got != want || Confusable(b, a) != want {
			t.Fatalf("%v, every pivot decided says %v", got, want)
		}
	}))
}

func BenchmarkConfusable(b *testing.B) {
	given := "LISE MARIE ANNE JEANNE"
	for name, pair := range map[string][2]Record{
		"homonyms":  {f("DE FONTENILLES", given), f("FONTENILLES", given, rank(2))},
		"strangers": {f("DE FONTENILLES", given, usage("DURIEU")), f("SALLELES", given, rank(2), usage("MARTINEL"))},
		"days":      {f("DURIEU", given), rec("DURIEU", given, "1985-03-15", "F", c1, rank(2))},
		"worst":     {rec("D'AIGUEVIVES", strings.Repeat("LISE ", 20), "1980-01-00", "F", "99116", usage("DURIEU")), rec("SALLELES", strings.Repeat("LISE ", 20), "1980-01-01", "F", "99117", rank(2))},
	} {
		b.Run(fmt.Sprint(name), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Confusable(pair[0], pair[1])
			}
		})
	}
}
