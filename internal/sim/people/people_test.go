package people

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/intake"
	"droits.example/droits/internal/nir"
)

var today = civil.MustParse("2026-11-22")

// index is the smallest thing that behaves like the store's index.
type index struct {
	rows []identity.Record
	keys map[identity.Key][]int
}

func newIndex(t testing.TB, file string) *index {
	t.Helper()
	r, err := intake.NewReader(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	x := &index{keys: map[identity.Key][]int{}}
	for {
		row, bad, err := r.Next()
		if err != nil {
			return x
		}
		if bad != nil {
			t.Fatalf("refused: %+v", *bad)
		}
		if p := row.Personne; p != nil {
			rec := identity.Record{ID: int64(len(x.rows) + 1), NIR: p.NIR, NomFamille: p.NomFamille, NomUsage: p.NomUsage, Prenoms: p.Prenoms,
				PrenomsComplets: p.PrenomsComplets, NaissanceOn: p.NaissanceOn, Sexe: identity.Sexe(p.Sexe),
				LieuNaissance: p.LieuNaissance, PaysNaissance: p.PaysNaissance, Sentinelle: !p.Servie}
			for _, k := range rec.Keys() {
				x.keys[k] = append(x.keys[k], len(x.rows))
			}
			x.rows = append(x.rows, rec)
		}
	}
}

func (x *index) decide(p identity.Pivot) (identity.Result, nir.NIR) {
	var rows []identity.Record
	seen := map[int]bool{}
	for _, k := range p.Keys() {
		for _, i := range x.keys[k] {
			if !seen[i] {
				seen[i] = true
				rows = append(rows, x.rows[i])
			}
		}
	}
	res := identity.Decide(p, rows)
	if res.Outcome != identity.Match {
		return res, nir.NIR{}
	}
	return res, rows[res.Index].NIR
}

func sandboxFile(t testing.TB, seed int64, day civil.Date) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteNDJSON(&b, seed, day); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTheSandboxIsRealInput(t *testing.T) {
	days := []string{"2026-11-22", "2027-01-01", "2027-02-28", "2028-02-29", "2028-02-19", "2027-12-31", "2027-03-28"}
	for _, d := range days {
		for _, seed := range []int64{0, 1, 42} {
			day := civil.MustParse(d)
			var rejects strings.Builder
			s, err := intake.Run(context.Background(), intake.Options{Reader: strings.NewReader(sandboxFile(t, seed, day)), DryRun: true, Rejects: &rejects, Today: day})
			if err != nil || s.Rejected > 0 {
				t.Fatalf("%s: %d rejected, %v\n%s", d, s.Rejected, err, rejects.String())
			}
			if s.Personnes < 300 {
				t.Errorf("%s: %d people, 300 are promised", d, s.Personnes)
			}
		}
	}
}

func TestEverybodyIsIdentifiedAsExpected(t *testing.T) {
	for seed := range int64(5) {
		x := newIndex(t, sandboxFile(t, seed, today))
		for _, p := range Sandbox(seed, today) {
			res, number := x.decide(p.Pivot)
			want := identity.Match
			switch {
			case p.Slug == "ambigue":
				want = identity.Ambiguous
			case strings.HasPrefix(p.Expect.Hopital, "404 personne_non_identifiee"):
				want = identity.None
			}
			if res.Outcome != want || want == identity.Match && number != p.NIR {
				t.Errorf("R9 R12 %s: %s %s %v", p.Slug, res.Outcome, res.Reason, res.Candidates)
			}
		}
	}
}

func TestAnyDayIsAGoodDay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := civil.Of(2026, 1, 1).AddDays(rapid.IntRange(0, 4000).Draw(t, "day"))
		seed := rapid.Int64().Draw(t, "seed")
		var b bytes.Buffer
		if err := WriteNDJSON(&b, seed, day); err != nil {
			t.Fatal(err)
		}
		s, err := intake.Run(context.Background(), intake.Options{Reader: &b, DryRun: true, Today: day})
		if err != nil || s.Rejected > 0 || s.Personnes < 300 {
			t.Fatalf("%s: %+v %v", day, s.ByRule, err)
		}
	})
}

func TestTheSameSeedAndDayGiveTheSameFile(t *testing.T) {
	if sandboxFile(t, 7, today) != sandboxFile(t, 7, today) {
		t.Error("two files differ")
	}
	if sandboxFile(t, 7, today) == sandboxFile(t, 8, today) {
		t.Error("the seed changes nothing")
	}
	a, b := Sandbox(7, today), Sandbox(8, today)
	for i := range a {
		if strings.HasPrefix(a[i].Slug, "famille-0") {
			break
		}
		if a[i].Slug != b[i].Slug || a[i].NIR != b[i].NIR || a[i].Pivot.FamilyName != b[i].Pivot.FamilyName {
			t.Errorf("%s depends on the seed", a[i].Slug)
		}
	}
}

func TestThePromisedPeopleAreThere(t *testing.T) {
	promised := strings.Fields(`famille-martin double-rattachement-a double-rattachement-b jumeaux enfant-sans-nir c2s c2s-participation
		ald maternite fin-proche droits-futurs sans-droits medecin-sortant arret-maladie accident-travail complementaire corse outre-mer
		nee-etranger date-presumee homonymes ambigue hors-perimetre inconnu mineure majorite limitee longs-noms`)
	people := Sandbox(1, today)
	by, named := map[string]Person{}, 0
	for i, p := range people {
		if _, twice := by[p.Slug]; twice {
			t.Errorf("%s: two people", p.Slug)
		}
		by[p.Slug] = p
		if p.Named {
			if named++; named != i+1 {
				t.Errorf("%s: the named people come first", p.Slug)
			}
		}
		if !strings.HasSuffix(p.What, ".") || !strings.HasSuffix(p.Expect.Hopital, ".") || !strings.HasSuffix(p.Expect.Mutuelle, ".") {
			t.Errorf("%s: not told in sentences", p.Slug)
		}
		if p.Restricted != (p.Slug == "limitee") || p.NIR.IsZero() != (p.Slug == "inconnu") {
			t.Errorf("%s: restricted or without a NIR", p.Slug)
		}
		if err := p.Pivot.Valid(); err != nil {
			t.Errorf("R12 %s: %v", p.Slug, err)
		}
	}
	for _, slug := range promised {
		if !by[slug].Named {
			t.Errorf("R57 %s is missing", slug)
		}
	}
	kinds := 0
	for _, p := range people[named:] {
		if !strings.HasPrefix(p.Slug, "famille-") {
			kinds++
		}
	}
	if kinds < 39 {
		t.Errorf("R12 %d kinds of hard identities, 39 are promised", kinds)
	}
}

// family is what one opener of rights can see in a file.
func family(t *testing.T, file, opener string) (out []*intake.Personne) {
	t.Helper()
	r, err := intake.NewReader(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	for {
		row, _, err := r.Next()
		if err != nil {
			return out
		}
		if row.Personne != nil {
			for _, l := range row.Personne.Rattachements {
				if l.Ouvrant == opener {
					out = append(out, row.Personne)
				}
			}
		}
	}
}

func TestFamiliesAreWhatTheySay(t *testing.T) {
	for _, day := range []civil.Date{today, civil.MustParse("2028-02-29"), civil.MustParse("2028-02-19"), civil.MustParse("2027-12-31")} {
		file := sandboxFile(t, 1, day)
		one := func(slug string, n int) []*intake.Personne {
			f := family(t, file, slug)
			if len(f) != n {
				t.Fatalf("%s: %d people, not %d", slug, len(f), n)
			}
			return f
		}
		for _, c := range one("famille-martin", 4) {
			if c.NIR.IsZero() || c.ID != "famille-martin" && c.AgeOn(day) > 17 {
				t.Errorf("R2 %s", c.ID)
			}
		}
		a, b := one("double-rattachement-a", 2), one("double-rattachement-b", 2)
		child := a[1]
		if child.ID != b[1].ID || len(child.Rattachements) != 2 || child.Rattachements[0].Caisse.ID == child.Rattachements[1].Caisse.ID {
			t.Error("R2 one child attached to both, by two caisses")
		}
		twins := one("jumeaux", 3)[1:]
		if !twins[0].NIR.IsZero() || !twins[1].NIR.IsZero() || twins[0].NaissanceOn != twins[1].NaissanceOn || twins[0].Sexe != twins[1].Sexe ||
			twins[0].Rattachements[0].RangNaissance == twins[1].Rattachements[0].RangNaissance {
			t.Error("R12 twins without a NIR, told apart by their rank only")
		}
		if c := one("enfant-sans-nir", 2)[1]; !c.NIR.IsZero() || c.AgeOn(day) != 0 {
			t.Error("R12 a newborn without a NIR")
		}
		if c := one("majorite", 2)[1]; c.AgeOn(day) != 17 || c.AgeOn(day.AddDays(10)) != 18 {
			t.Errorf("%s: the child does not become eighteen in ten days", day)
		}
		one("mineure", 0)
		if c := one("mineure-mere", 2)[1]; c.ID != "mineure" || c.AgeOn(day) != 17 {
			t.Error("a girl of seventeen")
		}
		if c := one("quinze-ans", 1)[0]; c.AgeOn(day) != 15 {
			t.Error("a boy of fifteen")
		}
		if c := one("seize-ans", 1)[0]; c.AgeOn(day) != 16 {
			t.Error("a girl of sixteen")
		}
		if r := one("sans-droits", 1)[0].Rattachements[0]; r.Periode.To >= day || r.Contrats[0].Periode.To >= day {
			t.Error("R3 rights that are not ended")
		}
		if r := one("fin-proche", 1)[0].Rattachements[0]; r.Contrats[0].Periode.To.Sub(day) != 10 {
			t.Error("R3 rights that do not end in ten days")
		}
		if p := one("longs-noms", 1)[0]; len([]rune(p.NomFamille)) <= 50 || len([]rune(p.NomUsage)) <= 50 {
			t.Error("names that are not long")
		}
	}
}

func TestACrowdIsRealInputAndNobodyIsTakenForAnother(t *testing.T) {
	var b bytes.Buffer
	var logins []Person
	c := Crowd{Seed: 3, N: 25000, Day: today}
	if err := c.Write(&b, func(p Person) { logins = append(logins, p) }); err != nil || len(logins) != c.N {
		t.Fatalf("%d people, %v", len(logins), err)
	}
	file := b.String()
	s, err := intake.Run(context.Background(), intake.Options{Reader: &b, DryRun: true, Today: today})
	if err != nil || s.Rejected != 0 || s.Personnes < c.N*3/2 {
		t.Fatalf("%+v %v", s, err)
	}
	x := newIndex(t, file)
	for _, p := range logins {
		if res, number := x.decide(p.Pivot); number != p.NIR {
			t.Fatalf("R9 %s: %s %s", p.Slug, res.Outcome, res.Reason)
		}
	}
	for n := range adultDays { // the last round of each range: ranks stay within 1 to 999
		c.someone("x", adultDays*len(communes)*31+n, adultDays, today)
		c.someone("x", childDays*len(communes)*31+n%childDays, childDays, today)
	}
	if err := (Crowd{N: 1 << 30, Day: today}).Write(&b, nil); err == nil {
		t.Error("a crowd without bound is accepted")
	}
}

func BenchmarkCrowd(b *testing.B) {
	for b.Loop() {
		if err := (Crowd{Seed: 1, N: 10000, Day: today}).Write(new(bytes.Buffer), func(Person) {}); err != nil {
			b.Fatal(err)
		}
	}
}
