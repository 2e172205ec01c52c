package identity

import (
	"testing"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/nir"
)

func claire() (Pivot, Record) {
	return Pivot{FamilyName: "DURIEU", GivenName: "CLAIRE ANNE", Birthdate: "1985-03-14", Gender: "female", Birthplace: "12047", Birthcountry: "99100"},
		Record{ID: 7, NIR: nir.MustParse("2850312047912"), NomFamille: "Durieu", Prenoms: []string{"Claire", "Anne"}, NaissanceOn: civil.Of(1985, 3, 14), Sexe: Feminin, LieuNaissance: "12047", PaysNaissance: "99100"}
}

func TestSmoke(t *testing.T) {
	p, r := claire()
	if got := Decide(p, []Record{r}); got.Outcome != Match || got.ID != 7 || len(got.Tolerances) != 0 {
		t.Errorf("%+v", got)
	}
	t.Log(len(p.Keys()), len(r.Keys()))
	for _, k := range r.Keys() {
		found := false
		for _, l := range p.Keys() {
			found = found || k == l
		}
		if !found {
			t.Error("key not probed")
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	p, r := claire()
	rows := []Record{r}
	b.ReportAllocs()
	for b.Loop() {
		Decide(p, rows)
	}
}

func BenchmarkKeys(b *testing.B) {
	p, _ := claire()
	b.ReportAllocs()
	for b.Loop() {
		p.Keys()
	}
}
