package fcsim_test

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/sim/fcsim"
)

// FuzzAuthorize looks for a request that is answered by a failure, or by a
// redirect to anywhere but a registered address or the next page.
func FuzzAuthorize(f *testing.F) {
	sim, err := fcsim.New(fcsim.Config{
		BaseURL: "http://fc.example", Clock: time.Now,
		Clients: []fcsim.Client{
			{ID: "a", Secret: "s", Profile: identity.V1, RedirectURIs: []string{callback, callbackOdd}},
			{ID: "b", Secret: "s", Profile: identity.V2, RedirectURIs: []string{callback, callbackOdd}},
		},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(query("a").Encode())
	f.Add(query("b").Encode())
	f.Add(query("b", "claims", `{"id_token":{"amr":{}}}`, "prompt", "login").Encode())
	f.Add(query("b", "redirect_uri", callbackOdd, "scope", "profile").Encode() + "&")
	f.Add("client_id=a&redirect_uri=//voleur.example&response_type=code&scope=openid")
	f.Add("%zz;&&==")
	f.Fuzz(func(t *testing.T, raw string) {
		for _, at := range []string{"/api/v1/authorize", "/api/v2/authorize", "/api/v2/session/end", "/api/v1/logout"} {
			r := httptest.NewRequest("GET", at, nil)
			r.URL.RawQuery = raw
			w := httptest.NewRecorder()
			sim.Handler().ServeHTTP(w, r)
			to := w.Header().Get("Location")
			switch {
			case w.Code >= 500:
				t.Fatalf("status %d", w.Code)
			case to == "" || strings.HasPrefix(to, "/fc/"):
			default:
				u, err := url.Parse(to)
				if err != nil || u.Scheme != "http" || u.Host != "127.0.0.1:9" || u.Path != "/retour" {
					t.Fatal("a redirect to an unregistered address")
				}
			}
		}
	})
}
