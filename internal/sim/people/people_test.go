package people

import (
	"bytes"
	"context"
	"strings"
	"testing"

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
			case strings.HasPrefix(p.Expect.Hopital, "404 "):
				want = identity.None
			}
			if res.Outcome != want || want == identity.Match && number != p.NIR {
				t.Errorf("R9 R12 %s: %s %s %v", p.Slug, res.Outcome, res.Reason, res.Candidates)
			}
		}
	}
}
