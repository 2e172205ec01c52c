package api_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"droits.example/droits/internal/apptest"
)

// FuzzCall sends anything in every part of a call that a partner chooses: the
// answer is data or a problem of the catalogue, judged like every other, and
// what was sent is not in it.
func FuzzCall(f *testing.F) {
	in := apptest.Shared(f)
	f.Add("/me", "dateDebut=2026-11-22&dateFin=2027-01-01&champs=identite", "185031204791274", "2026-01-01", "1", "agent-7", "dossier-1")
	f.Add("/contrats", "dateDebut=2026-02-30", "2A", "hier", "9", "deux mots", "185032A047912")
	f.Add("/", "champs=,", "\u00a01 85 03", "1954-00-00", "0", "", "")
	f.Add("/../me", "%zz", strings.Repeat("1", 300), "+2026-01-01", "01", "é", "\x7f")
	f.Add("/me/beneficiaires", "dateDebut=&dateDebut=", "", "", "", "", "")
	handler := in.App.Public()
	f.Fuzz(func(t *testing.T, path, query, nir, birth, rank, agent, id string) {
		u := url.URL{Path: in.Base + "/" + strings.TrimPrefix(path, "/"), RawQuery: query}
		r := httptest.NewRequest(http.MethodGet, "/", nil).WithContext(t.Context())
		r.URL, r.RequestURI = &u, u.RequestURI()
		in.As(t, "famille-martin", in.Hospital)(r)
		for name, value := range map[string]string{"nir": nir, "date-naissance": birth, "rang-naissance": rank, "X-Agent": agent, "X-Request-Id": id} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("answered %d", w.Code)
		}
		in.Judge(t, r, &apptest.Answer{Status: w.Code, Header: w.Header(), Body: w.Body.Bytes()})
	})
}
