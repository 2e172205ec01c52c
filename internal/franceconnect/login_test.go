package franceconnect_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/franceconnect"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/sim/fcsim"
)

const (
	loginID  = "espace-assure-v2-0123456789abcdef0123456789"
	returnTo = "http://127.0.0.1:9/mon-espace/retour"
	goodbye  = "http://127.0.0.1:9/mon-espace/au-revoir"
	state    = "etat-0123456789abcdef0123"
	nonce    = "nonce-0123456789abcdef0123"
)

// loginWorld is a simulated FranceConnect that knows our login client.
func loginWorld(t *testing.T, edit func(*franceconnect.LoginConfig)) (*world, *franceconnect.Login) {
	t.Helper()
	w := newWorld(t, func(s *fcsim.Config, _ *franceconnect.Config) {
		s.Clients = append(s.Clients, fcsim.Client{ID: loginID, Secret: "s3", Name: "Mon espace", Profile: identity.V2, RedirectURIs: []string{returnTo}, PostLogoutURIs: []string{goodbye}, Scopes: []string{"identite_pivot"}})
	})
	c := franceconnect.LoginConfig{BaseURL: w.config.V2.BaseURL, ClientID: loginID, ClientSecret: "s3", ReturnURL: returnTo, GoodbyeURL: goodbye, Clock: w.clock.Now}
	if edit != nil {
		edit(&c)
	}
	l, err := franceconnect.NewLogin(c)
	if err != nil {
		t.Fatal(err)
	}
	return w, l
}

// walk goes through the pages of the simulator and returns what comes back.
func walk(t *testing.T, start string) url.Values {
	t.Helper()
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	origin := func(r *http.Response) string { return r.Request.URL.Scheme + "://" + r.Request.URL.Host }
	follow := func(r *http.Response, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		if r.StatusCode != http.StatusSeeOther {
			b, _ := io.ReadAll(r.Body)
			t.Fatalf("status %d on %s: %s", r.StatusCode, r.Request.URL.Path, b)
		}
		to := r.Header.Get("Location")
		if strings.HasPrefix(to, "/") {
			to = origin(r) + to
		}
		return to
	}
	at := follow(c.Get(start))
	follow(c.PostForm(at+"/identite", url.Values{"personne": {"martin"}}))
	back, err := url.Parse(follow(c.PostForm(at+"/consentement", url.Values{"choix": {"accepter"}, "accord": {"oui"}})))
	if err != nil {
		t.Fatal(err)
	}
	return back.Query()
}

func TestLogin(t *testing.T) {
	w, l := loginWorld(t, nil)
	back := walk(t, l.StartURL(state, nonce))
	t.Run("a login gives the pivot identity, checked twice", func(t *testing.T) {
		if back.Get("state") != state {
			t.Fatal("the state does not come back")
		}
		a, idToken, err := l.Finish(t.Context(), back.Get("code"), back.Get("iss"), nonce)
		if err != nil {
			t.Fatal(err)
		}
		if a.Profile != identity.V2 || a.Client != loginID || a.Subject == "" || a.ACR != "eidas1" || !a.HasScope("identite_pivot") {
			t.Error("the assertion is not whole")
		}
		if p := a.Pivot; p.FamilyName != "MARTIN" || len(p.GivenNames) != 2 || p.Birthdate != "1985-03-01" || p.Birthplace != "12047" || p.PreferredUsername != "" {
			t.Error("the pivot identity is not what FranceConnect says")
		}
		u, err := url.Parse(l.GoodbyeURL(idToken, "s"))
		if err != nil || u.Query().Get("id_token_hint") != idToken || u.Query().Get("post_logout_redirect_uri") != goodbye || !strings.HasPrefix(u.String(), l.Origin()+"/") {
			t.Error("the logout is not the one that was registered")
		}
	})
	for _, c := range []struct {
		what   string
		change func(code, iss, nonce *string)
		reason string
	}{
		{"a code is good for one login", func(*string, *string, *string) {}, "CODE_REFUSED"},
		{"an unknown code is refused", func(code, _, _ *string) { *code = strings.Repeat("a", 43) }, "CODE_REFUSED"},
		{"an absent code is refused without a call", func(code, _, _ *string) { *code = "" }, "LOGIN_RETURN"},
		{"a return from another FranceConnect is refused without a call", func(_, iss, _ *string) { *iss = "https://ailleurs.example/api/v2" }, "LOGIN_RETURN"},
		{"a return without issuer is refused without a call", func(_, iss, _ *string) { *iss = "" }, "LOGIN_RETURN"},
		{"a return without nonce is refused without a call", func(_, _, nonce *string) { *nonce = "" }, "LOGIN_RETURN"},
	} {
		t.Run(c.what, func(t *testing.T) {
			code, iss, n := back.Get("code"), back.Get("iss"), nonce
			c.change(&code, &iss, &n)
			_, _, err := l.Finish(t.Context(), code, iss, n)
			expect(t, err, fault.JetonInvalide, c.reason)
		})
	}
	t.Run("an identity obtained for another nonce is refused", func(t *testing.T) {
		back := walk(t, l.StartURL(state, nonce))
		_, _, err := l.Finish(t.Context(), back.Get("code"), back.Get("iss"), nonce+"x")
		expect(t, err, fault.JetonInvalide, "NONCE_MISMATCH")
	})
	t.Run("a code that has waited too long is refused", func(t *testing.T) {
		back := walk(t, l.StartURL(state, nonce))
		w.clock.Forward(time.Minute)
		_, _, err := l.Finish(t.Context(), back.Get("code"), back.Get("iss"), nonce)
		expect(t, err, fault.JetonInvalide, "CODE_REFUSED")
	})
	t.Run("a secret that FranceConnect refuses is our failure, not the person's", func(t *testing.T) {
		_, l := loginWorld(t, func(c *franceconnect.LoginConfig) { c.ClientSecret = "autre" })
		_, _, err := l.Finish(t.Context(), back.Get("code"), back.Get("iss"), nonce)
		if !fault.Is(err, fault.JetonInvalide) { // another simulator: another issuer
			t.Errorf("got %v", err)
		}
		back := walk(t, l.StartURL(state, nonce))
		_, _, err = l.Finish(t.Context(), back.Get("code"), back.Get("iss"), nonce)
		expect(t, err, fault.FranceConnectIndisponible, "CREDENTIALS_REFUSED")
	})
	t.Run("a level above what FranceConnect gives is refused", func(t *testing.T) {
		_, l := loginWorld(t, nil)
		_, high := loginWorld(t, func(c *franceconnect.LoginConfig) { c.MinACR = "eidas2" })
		if strings.Contains(l.StartURL(state, nonce), "eidas2") || !strings.Contains(high.StartURL(state, nonce), "eidas2") {
			t.Error("the level is not asked for")
		}
	})
	t.Run("a login asks with state and nonce and without PKCE", func(t *testing.T) {
		u, err := url.Parse(l.StartURL(state, nonce))
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		for _, name := range []string{"client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "acr_values"} {
			if !q.Has(name) {
				t.Errorf("%s is missing", name)
			}
		}
		if len(q) != 7 || q.Get("redirect_uri") != returnTo {
			t.Error("something else is sent")
		}
	})
}

// A FranceConnect that lies or fails gives nobody an identity.
func TestLoginAgainstABadFranceConnect(t *testing.T) {
	w, _ := loginWorld(t, nil)
	real, err := url.Parse(w.config.V2.BaseURL)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what   string
		path   string // intercepted
		answer http.HandlerFunc
		code   fault.Code
		reason string
	}{
		{"a userinfo that is not signed is refused", "/userinfo", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"sub":"x","family_name":"AUTRE"}`)
		}, fault.FranceConnectIndisponible, "USERINFO_UNSIGNED"},
		{"a userinfo signed by nobody is refused", "/userinfo", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/jwt")
			_, _ = io.WriteString(w, "e30.e30.e30")
		}, fault.FranceConnectIndisponible, "USERINFO_UNVERIFIED"},
		{"an unsigned id_token is refused", "/token", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"access_token":"`+strings.Repeat("a", 43)+`","token_type":"Bearer","expires_in":60,"id_token":"eyJhbGciOiJub25lIn0.e30."}`)
		}, fault.FranceConnectIndisponible, "ID_TOKEN_UNVERIFIED"},
		{"an answer without id_token is refused", "/token", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"access_token":"a","token_type":"Bearer"}`)
		}, fault.FranceConnectIndisponible, "ID_TOKEN_UNVERIFIED"},
		{"a FranceConnect in trouble is told as such", "/token", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, fault.FranceConnectIndisponible, "UNEXPECTED_STATUS"},
		{"keys that cannot be read verify nothing", "/jwks", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, fault.FranceConnectIndisponible, "ID_TOKEN_UNVERIFIED"},
	} {
		t.Run(c.what, func(t *testing.T) {
			liar := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, c.path) {
					c.answer(w, r)
					return
				}
				r2 := r.Clone(context.Background())
				r2.RequestURI, r2.URL.Scheme, r2.URL.Host = "", real.Scheme, real.Host
				resp, err := http.DefaultTransport.RoundTrip(r2)
				if err != nil {
					w.WriteHeader(502)
					return
				}
				defer resp.Body.Close()
				w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
				w.WriteHeader(resp.StatusCode)
				_, _ = io.Copy(w, resp.Body)
			}))
			defer liar.Close()
			l, err := franceconnect.NewLogin(franceconnect.LoginConfig{BaseURL: liar.URL + "/api/v2", Issuer: w.config.V2.BaseURL, ClientID: loginID, ClientSecret: "s3", ReturnURL: returnTo, GoodbyeURL: goodbye, Clock: w.clock.Now})
			if err != nil {
				t.Fatal(err)
			}
			honest := strings.Replace(l.StartURL(state, nonce), liar.URL, real.Scheme+"://"+real.Host, 1)
			back := walk(t, honest)
			_, _, err = l.Finish(t.Context(), back.Get("code"), back.Get("iss"), nonce)
			expect(t, err, c.code, c.reason)
		})
	}
	t.Run("a FranceConnect that is not there is told as such", func(t *testing.T) {
		gone := httptest.NewServer(http.NotFoundHandler())
		gone.Close()
		l, err := franceconnect.NewLogin(franceconnect.LoginConfig{BaseURL: gone.URL, ClientID: "x", ClientSecret: "s", ReturnURL: returnTo, GoodbyeURL: goodbye, Clock: w.clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = l.Finish(t.Context(), "code", gone.URL, nonce)
		expect(t, err, fault.FranceConnectIndisponible, "CONNECTION_FAILED")
	})
}
