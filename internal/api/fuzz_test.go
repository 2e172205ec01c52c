package api

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"droits.example/droits/internal/access"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
)

// FuzzDecode reads whatever headers and query a caller may send: it never
// panics, it refuses with a code of the contract, and what it accepts obeys the
// contract's limits.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{"", "185031204791274", "2 92 07 48 012 934 92", "199022a04191143", "185031204791275", strings.Repeat("1", 100)} {
		f.Add(s, "2026-11-22", "1", "dateDebut=2026-11-22&dateFin=2027-01-01&champs=caisse", "agent-1")
		f.Add(s, "", "", "dateDebut=2026-02-30", "")
		f.Add(s, "1954-00-00", "9", "dateFin=%zz;champs=caisse,,inconnu", "13 digits 1234567890123")
	}
	today := civil.MustParse("2026-11-22")
	allowed := map[fault.Code]bool{fault.ParametreInvalide: true, fault.NirAbsent: true, fault.NirInvalide: true, fault.DateInvalide: true, fault.PeriodeImpossible: true, fault.PeriodePassee: true}
	f.Fuzz(func(t *testing.T, nir, birth, rank, query, agent string) {
		r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/", RawQuery: query}, Header: http.Header{"Nir": {nir}}}
		for k, v := range map[string]string{"Date-Naissance": birth, "Rang-Naissance": rank, "X-Agent": agent} {
			if v != "" {
				r.Header[k] = []string{v}
			}
		}
		for _, op := range droits.Operations() {
			meta := access.Meta{}
			who, err := decode(op, r, today, &meta)
			if err != nil {
				if !allowed[fault.From(err).Code()] {
					t.Fatalf("%s: code %s is not one for parameters", op.ID, fault.From(err).Code())
				}
				continue
			}
			w := meta.Window
			if w.From < today || w.To < w.From || w.To > today.AddYears(1) {
				t.Fatalf("%s: window out of the contract's limits", op.ID)
			}
			if op.NeedsNIR && who.NIR.IsZero() || who.Rank > 9 || who.Rank > 0 && who.BirthOn.IsZero() {
				t.Fatalf("%s: designation incomplete", op.ID)
			}
		}
	})
}
