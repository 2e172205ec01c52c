package geo

import (
	"strconv"
	"strings"
	"testing"
)

func TestDescends(t *testing.T) {
	for _, c := range []struct {
		name       string
		young, old string
		year       int
		want       bool
	}{
		{"an arrondissement and its city", "75114", "75056", 1985, true},
		{"a city does not become its arrondissement", "75056", "75114", 1985, false},
		{"two arrondissements", "75113", "75114", 1985, false},
		{"Lyon and Marseille too", "69389", "69123", 1985, true},
		{"an arrondissement of another city", "13201", "75056", 1985, false},
		{"a commune that merged", "49079", "49018", 1985, true},
		{"two communes that merged later", "49079", "49031", 1985, false},
		{"Seine until 1968", "75024", "92024", 1950, true},
		{"Seine-et-Oise until 1968", "78228", "91228", 1950, true},
		{"Corsica until 1976", "20004", "2A004", 1950, true},
		{"absorbed by Lyon", "69232", "69123", 1950, true},
		{"from Ain to Rhône", "01394", "69292", 1950, true},
		{"re-coded, then merged: to the code between", "78182", "91182", 1950, true},
		{"re-coded, then merged: to the last", "78182", "91228", 1950, true},
		{"the code between, to the last", "91182", "91228", 1980, true},
		{"two communes that merged, by two generations of codes", "78182", "78228", 1950, false},
		{"left one commune for another: the second", "55273", "55386", 1980, true},
		{"left one commune for another: the first", "55273", "55245", 1980, true},
		{"the two communes that it was with", "55245", "55386", 1980, false},
		{"left another: the second", "60455", "60694", 1980, true},
		{"left another: the first", "60455", "60054", 1980, true},
		{"Saint-Barthélemy", "97123", "97701", 1980, true},
		{"Saint-Martin", "97127", "97801", 1980, true},
		{"Mayotte", "98511", "97611", 1980, true},
		{"Oran in 1962", "92352", "99352", 1962, true},
		{"Oran in 1963", "92352", "99352", 1963, false},
		{"two departments of Algeria", "91352", "92352", 1950, false},
		{"Ukraine, USSR", "99155", "99123", 1991, true},
		{"Ukraine after the USSR", "99155", "99123", 1992, false},
		{"Kazakhstan by its code of 1992", "99149", "99123", 1970, true},
		{"Kazakhstan by its code of 1992, after the USSR", "99149", "99123", 1992, false},
		{"two republics", "99155", "99148", 1970, false},
		{"a code nobody knows", "12047", "12048", 1970, false},
		{"nothing", "", "", 1970, false},
		{"not a code", "Rodez", "12202", 1970, false},
	} {
		t.Run("R12 "+c.name, func(t *testing.T) {
			if Descends(c.young, c.old, c.year) != c.want {
				t.Errorf("not %v", c.want)
			}
			if c.want && Group(c.young) != Group(c.old) {
				t.Error("relatives are gathered apart")
			}
		})
	}
}

func TestGroups(t *testing.T) {
	for code, want := range map[string]string{
		"75114": "75056", "75056": "75056", "69232": "69123", "92352": "99352", "95350": "99350", "99256": "99123", "99149": "99123",
		"78182": "91228", "98511": "97611", "12047": "12047", "55245": "55386", "55273": "55386", "60054": "60694", "": "", "Rodez": "Rodez",
	} {
		if Group(code) != want {
			t.Errorf("%s is gathered under %s, not %s", code, Group(code), want)
		}
	}
}

// lines reads a table again, strictly.
func lines(text string) (out []string) {
	for _, l := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if !strings.HasPrefix(l, "#") {
			out = append(out, l)
		}
	}
	return out
}

func TestTheTablesAreWellFormed(t *testing.T) {
	if len(communes)+len(successions) > 100_000 {
		t.Error("more than 100 kB are embedded")
	}
	children := map[string]int{}
	for _, l := range lines(communes) {
		codes := strings.Split(l, " ")
		if len(codes) < 2 {
			t.Errorf("%q", l)
		}
		for i, c := range codes {
			if pack(c) == 0 {
				t.Errorf("%q in %q is no code", c, l)
			}
			if i > 0 {
				children[c]++
			}
		}
	}
	if len(children) != 4240+45 {
		t.Errorf("%d former codes and arrondissements, not 4240 and 45", len(children))
	}
	for c, n := range children {
		if n > 1 {
			t.Errorf("%s became %d communes", c, n)
		}
	}
	sources := map[string]bool{}
	for l := range strings.Lines(successions) {
		if f := strings.Fields(l); len(f) > 2 && f[0] == "#" && f[1] == strings.ToUpper(f[1]) {
			sources[f[1]] = true
		}
	}
	byHand := map[string]int{}
	for _, l := range lines(successions) {
		f := strings.Split(l, ";")
		if len(f) != 5 || pack(f[0]) == 0 || pack(f[1]) == 0 || f[0] == f[1] || f[3] == "" {
			t.Errorf("%q", l)
			continue
		}
		if year, err := strconv.Atoi(f[2]); f[2] != "-" && (err != nil || year < 1950 || year > 2020) {
			t.Errorf("%q: no year", l)
		}
		if !sources[f[4]] {
			t.Errorf("%q: its source is not in the head of the file", l)
		}
		if byHand[f[0]]++; byHand[f[0]] > 2 {
			t.Errorf("%s became three places", f[0])
		}
	}
}

func TestTheTablesAreAForestOfShortTrees(t *testing.T) {
	for k, p := range table() {
		steps := 0
		for at := p; at.parent != ""; at = table()[pack(at.parent)] {
			if steps++; steps > depth {
				t.Fatalf("%x: a chain is longer than %d, or turns in a circle", k, depth)
			}
		}
		if p.group == "" {
			t.Errorf("%x has no group", k)
		}
		for _, parent := range []string{p.parent, p.second.parent} {
			if parent != "" && Group(parent) != p.group {
				t.Errorf("%x: its group is not its parent's", k)
			}
		}
	}
}

func TestLinesByHandKeepTheExtractsRelations(t *testing.T) {
	// a line by hand puts a code between; it never says that the extract is wrong
	for _, l := range lines(communes) {
		codes := strings.Split(l, " ")
		for _, c := range codes[1:] {
			if !Descends(c, codes[0], 1950) {
				t.Errorf("%s became %s in the extract and not in the table", c, codes[0])
			}
		}
	}
}

func TestParent(t *testing.T) {
	for _, c := range []struct {
		code string
		year int
		want string
	}{{"75114", 1985, "75056"}, {"75056", 1985, ""}, {"99155", 1991, "99123"}, {"99155", 1992, ""}, {"12047", 1985, ""}} {
		if got := Parent(c.code, c.year); got != c.want {
			t.Errorf("%s in %d: %q", c.code, c.year, got)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		load(communes, successions)
	}
}

func BenchmarkDescends(b *testing.B) {
	for b.Loop() {
		Descends("75114", "75056", 1985)
	}
}
