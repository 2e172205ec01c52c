package bench

import (
	"context"
	"net/http"
	"net/http/httptest"
	"time"

	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/franceconnect"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/sim/fcsim"
	"droits.example/droits/internal/sim/people"

	"droits.example/droits/internal/civil"
)

// v2Parts measures a v2 check with each key algorithm. FranceConnect's answers
// are recorded once from the simulator and replayed in process, so that only
// our side is charged.
func v2Parts(ctx context.Context) (out []Part, err error) {
	for _, alg := range []string{fcsim.KeyECDH, fcsim.KeyRSA} {
		p, err := v2Part(ctx, alg)
		if err != nil {
			return out, err
		}
		out = append(out, p)
	}
	return out, nil
}

func v2Part(ctx context.Context, alg string) (Part, error) {
	keys, err := franceconnect.GenerateKeys()
	if err != nil {
		return Part{}, err
	}
	var sim http.Handler
	fc := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { sim.ServeHTTP(w, r) }))
	defer fc.Close()
	const id, secret = "bench-provider-0123456789abcdef01234567", "bench-secret-0123456789abcdef0123456789"
	var ours *franceconnect.Verifier
	jwks := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { ours.JWKS().ServeHTTP(w, r) }))
	defer jwks.Close()
	replay := &recorder{next: http.DefaultTransport}
	ours, err = franceconnect.New(franceconnect.Config{Clock: time.Now, HTTP: &http.Client{Transport: replay}, V2: &franceconnect.V2Config{BaseURL: fc.URL + "/api/v2", ClientID: id, ClientSecret: secret, Keys: keys}})
	if err != nil {
		return Part{}, err
	}
	who := people.Sandbox(1, civil.On(time.Now()))[0]
	scopes := []string{"openid", droits.ScopeUmbrella}
	s, err := fcsim.New(fcsim.Config{BaseURL: fc.URL, Clock: time.Now, People: []fcsim.Person{{Slug: who.Slug, What: who.What, Pivot: who.Pivot}},
		Clients:   []fcsim.Client{{ID: benchClient, Secret: secret, Name: "Bench", Profile: identity.V2, RedirectURIs: []string{"http://127.0.0.1/retour"}, Scopes: scopes}},
		Providers: []fcsim.DataProvider{{ID: id, Secret: secret, Title: "Bench", JWKSURL: jwks.URL, Scopes: scopes, KeyAlg: alg}}})
	if err != nil {
		return Part{}, err
	}
	sim = s.Handler()
	token, _, err := s.Mint(fcsim.MintRequest{ClientID: benchClient, Slug: who.Slug, Scopes: scopes, TTL: time.Hour})
	if err != nil {
		return Part{}, err
	}
	return loop("apart: token check, v2, "+alg, 300, func(int) error { _, err := ours.Check(ctx, identity.V2, token); return err })
}
