package nation

import (
	"bytes"
	"strings"
	"testing"

	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/intake"
)

func universe(t testing.TB, o UniverseOptions) (*Universe, []byte) {
	t.Helper()
	u, err := NewUniverse(o)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := u.Write(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return u, b.Bytes()
}

func TestUniverseIsAcceptedAndAskedAbout(t *testing.T) {
	for _, attack := range []bool{false, true} {
		u, b := universe(t, UniverseOptions{Persons: 20_000, Seed: 5, On: today, Adversarial: attack, Shortened: true, Sentinels: true})
		var rejects bytes.Buffer
		s, err := intake.Run(t.Context(), intake.Options{Reader: bytes.NewReader(b), DryRun: true, Rejects: &rejects})
		if err != nil || s.Rejected != 0 || s.Personnes != 20_000 {
			t.Fatalf("%v: %d people, %d rejected: %.300s", err, s.Personnes, s.Rejected, rejects.String())
		}
		counts, groups := map[string]int{}, map[Group]int{}
		a := u.Asker()
		for q := range 50_000 {
			c, err := a.Query(q)
			if err != nil {
				t.Fatal(err)
			}
			if len(c.Pivot.Keys()) == 0 {
				t.Fatalf("query %d: the pivot is unusable", q)
			}
			groups[c.Group]++
			for _, f := range FamilyNames() {
				if c.Families&f.Family != 0 {
					counts[f.Name]++
				}
			}
		}
		t.Log(counts, groups, len(b)/20_000)
		for _, f := range FamilyNames() {
			if counts[f.Name] == 0 && !attack {
				t.Errorf("no query of family %s", f.Name)
			}
		}
	}
}

func TestQueriesDependOnTheirNumberAlone(t *testing.T) {
	u, _ := universe(t, UniverseOptions{Persons: 2000, Seed: 5, On: today, Shortened: true, Sentinels: true})
	a, b := u.Asker(), u.Asker()
	b.Query(77)
	x, _ := a.Query(12)
	y, _ := b.Query(12)
	if x.Person != y.Person || x.Families != y.Families || identity.Decide(x.Pivot, nil).Outcome != identity.Decide(y.Pivot, nil).Outcome || x.Pivot.FamilyName != y.Pivot.FamilyName {
		t.Error("a query depends on those before")
	}
}

func BenchmarkQuery(b *testing.B) {
	u, _ := universe(b, UniverseOptions{Persons: 20_000, Seed: 5, On: today, Shortened: true, Sentinels: true})
	a := u.Asker()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := a.Query(i); err != nil {
			b.Fatal(err)
		}
	}
}

func TestEveryLetterIsWritten(t *testing.T) {
	n := newNames()
	for _, list := range [][]string{n.families, n.male, n.female, strange, heads, particles} {
		for _, name := range list {
			for _, r := range name {
				if r >= 0x80 && plain(r) == "-" {
					t.Errorf("%q has no plain letter in capitals", r)
				}
			}
			if got := string(appendName(nil, name, upperASCII)); strings.ToUpper(got) != got {
				t.Errorf("%q is not in capitals", got)
			}
		}
	}
	distinct := map[string]bool{}
	for _, name := range n.families {
		distinct[string(appendName(nil, name, upperASCII))] = true
	}
	if len(distinct) < 30_000 || len(n.male) < 250 || len(n.female) < 250 || len(newAtlas().french) < 600 {
		t.Errorf("too few: %d family names, %d and %d given names, %d communes", len(distinct), len(n.male), len(n.female), len(newAtlas().french))
	}
}
