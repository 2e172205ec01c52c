package prosim_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/sim/prosim"
)

const (
	returnTo = "http://127.0.0.1:9/retour"
	goodbye  = "http://127.0.0.1:9/fin"
)

func start(t *testing.T) (base string) {
	t.Helper()
	var h http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) }))
	t.Cleanup(srv.Close)
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	s, err := prosim.New(prosim.Config{
		Issuer: srv.URL + "/pro", Clock: func() time.Time { return now }, Organisations: prosim.Sample(),
		Clients: []prosim.Client{{ID: "c", Secret: "s", Name: "Plateforme d'essai", RedirectURIs: []string{returnTo}, PostLogoutURIs: []string{goodbye}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	h = s.Handler()
	return s.Issuer()
}

func ask(t *testing.T, method, address string, form url.Values) (*http.Response, string) {
	t.Helper()
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

// right is a demand that is taken.
func right() url.Values {
	return url.Values{
		"client_id": {"c"}, "redirect_uri": {returnTo}, "response_type": {"code"}, "scope": {"openid email siret"}, "state": {strings.Repeat("s", 22)},
		"nonce": {strings.Repeat("n", 22)}, "code_challenge": {strings.Repeat("c", 43)}, "code_challenge_method": {"S256"},
	}
}

func begin(t *testing.T, base string) string {
	t.Helper()
	resp, _ := ask(t, "GET", base+"/authorize?"+right().Encode(), nil)
	if resp.StatusCode != http.StatusSeeOther {
		t.Fatal(resp.StatusCode)
	}
	return strings.TrimSuffix(base, "/pro") + resp.Header.Get("Location")
}

func TestPages(t *testing.T) {
	base := start(t)
	at := begin(t, base)
	t.Run("the page lists everybody by organisation, with no mark and no script", func(t *testing.T) {
		resp, body := ask(t, "GET", at, nil)
		for _, o := range prosim.Sample() {
			for _, p := range o.People {
				if !strings.Contains(body, `value="`+p.Slug+`"`) {
					t.Error(p.Slug)
				}
			}
		}
		for _, mark := range []string{"ProConnect", "AgentConnect", "Marianne", "<script", "style="} {
			if strings.Contains(body, mark) {
				t.Error(mark)
			}
		}
		h := resp.Header
		if resp.StatusCode != 200 || !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") || !strings.Contains(h.Get("Content-Security-Policy"), "form-action 'self' http://127.0.0.1:9;") || h.Get("Cache-Control") != "no-store" {
			t.Error("headers")
		}
	})
	t.Run("nobody chosen is told, and may be mended", func(t *testing.T) {
		resp, body := ask(t, "POST", at, url.Values{"personne": {"inconnu"}})
		if resp.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "Aucun compte n’est choisi") || !strings.Contains(body, "<title>Erreur") {
			t.Error(resp.StatusCode)
		}
	})
	t.Run("a refusal goes back to the service, once", func(t *testing.T) {
		resp, _ := ask(t, "POST", at, url.Values{"decision": {"refuser"}})
		u, _ := url.Parse(resp.Header.Get("Location"))
		if u.Query().Get("error") != "access_denied" || u.Query().Get("state") != strings.Repeat("s", 22) || u.Query().Get("iss") != base {
			t.Error("not a refusal")
		}
		if resp, _ := ask(t, "POST", at, url.Values{"personne": {"hopital-gestionnaire"}}); resp.StatusCode != http.StatusBadRequest {
			t.Error("answered twice")
		}
		if resp, _ := ask(t, "GET", at, nil); resp.StatusCode != http.StatusBadRequest {
			t.Error("still there")
		}
	})
	for path, status := range map[string]int{"/": 200, "/nulle-part": 404, "/connexion/inconnue": 400, "/session/end": 200, "/jwks": 200, "/userinfo": 401} {
		if resp, _ := ask(t, "GET", base+path, nil); resp.StatusCode != status {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
}

func TestWrongDemands(t *testing.T) {
	base := start(t)
	for what, c := range map[string]struct {
		name, value string
		status      int
	}{
		"another client":          {"client_id", "x", 400},
		"another return address":  {"redirect_uri", returnTo + "x", 400},
		"another kind of answer":  {"response_type", "token", 400},
		"no openid":               {"scope", "email", 303},
		"a scope that is unknown": {"scope", "openid phone", 303},
		"a short state":           {"state", "s", 303},
		"a short nonce":           {"nonce", "n", 303},
		"no PKCE":                 {"code_challenge", "", 303},
		"plain PKCE":              {"code_challenge_method", "plain", 303},
		"claims that are none":    {"claims", "{", 303},
	} {
		t.Run(what, func(t *testing.T) {
			q := right()
			q.Set(c.name, c.value)
			resp, _ := ask(t, "GET", base+"/authorize?"+q.Encode(), nil)
			if resp.StatusCode != c.status || c.status == 303 && !strings.Contains(resp.Header.Get("Location"), "error=") {
				t.Errorf("%d", resp.StatusCode)
			}
		})
	}
	t.Run("a parameter twice", func(t *testing.T) {
		if resp, _ := ask(t, "GET", base+"/authorize?"+right().Encode()+"&scope=openid", nil); resp.StatusCode != 400 {
			t.Error(resp.StatusCode)
		}
	})
	t.Run("a logout that nothing proves goes nowhere", func(t *testing.T) {
		if resp, _ := ask(t, "GET", base+"/session/end?id_token_hint=e30.e30.e30&post_logout_redirect_uri="+url.QueryEscape(goodbye), nil); resp.StatusCode != 400 {
			t.Error(resp.StatusCode)
		}
	})
}

func TestSample(t *testing.T) {
	for _, o := range prosim.Sample() {
		if !partner.ValidSIRET(o.SIRET) {
			t.Errorf("%s: the check digit is wrong", o.Name)
		}
	}
	ok := prosim.Config{Issuer: "http://127.0.0.1:1/pro", Clock: time.Now}
	for what, spoil := range map[string]func(*prosim.Config){
		"no clock": func(c *prosim.Config) { c.Clock = nil }, "no issuer": func(c *prosim.Config) { c.Issuer = "" },
		"a final slash": func(c *prosim.Config) { c.Issuer += "/" }, "a client twice": func(c *prosim.Config) { c.Clients = []prosim.Client{{ID: "a", Secret: "b"}, {ID: "a", Secret: "b"}} },
		"a relative return": func(c *prosim.Config) {
			c.Clients = []prosim.Client{{ID: "a", Secret: "b", RedirectURIs: []string{"/r"}}}
		},
		"a person twice": func(c *prosim.Config) { c.Organisations = append(prosim.Sample(), prosim.Sample()...) },
	} {
		c := ok
		spoil(&c)
		if _, err := prosim.New(c); err == nil {
			t.Errorf("%s is taken", what)
		}
	}
	if _, err := prosim.New(ok); err != nil {
		t.Error(err)
	}
}
