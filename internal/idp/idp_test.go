package idp_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/idp"
	"droits.example/droits/internal/sim/prosim"
)

const (
	clientID = "plateforme-essai-0123456789"
	returnTo = "http://127.0.0.1:9/connexion/retour"
	goodbye  = "http://127.0.0.1:9/connexion/terminee"
	state    = "etat-0123456789abcdef0123"
	nonce    = "nonce-0123456789abcdef0123"
	verifier = "verifieur-0123456789abcdef0123456789abcdef0123456789"
)

// world is a simulated provider in front of which something may stand.
type world struct {
	mu       sync.Mutex
	now      time.Time
	meddle   func(w http.ResponseWriter, r *http.Request) bool // answers itself when true
	asked    []string
	sim      *prosim.Simulator
	provider *idp.Provider
	config   idp.Config
}

func (w *world) clock() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now }

func (w *world) set(f func()) { w.mu.Lock(); defer w.mu.Unlock(); f() }

func newWorld(t *testing.T, edit func(*idp.Config)) *world {
	t.Helper()
	w := &world{now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
	var srv *httptest.Server
	srv = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		meddle := w.meddle
		w.asked = append(w.asked, r.URL.Path)
		w.mu.Unlock()
		if meddle == nil || !meddle(rw, r) {
			w.sim.Handler().ServeHTTP(rw, r)
		}
	}))
	t.Cleanup(srv.Close)
	var err error
	if w.sim, err = prosim.New(prosim.Config{
		Issuer: srv.URL + "/pro", Clock: w.clock, Organisations: prosim.Sample(),
		Clients: []prosim.Client{{ID: clientID, Secret: "s", Name: "Plateforme", RedirectURIs: []string{returnTo}, PostLogoutURIs: []string{goodbye}}},
	}); err != nil {
		t.Fatal(err)
	}
	w.config = idp.Config{Issuer: w.sim.Issuer(), ClientID: clientID, ClientSecret: "s", ReturnURL: returnTo, GoodbyeURL: goodbye, Clock: w.clock, Timeout: time.Second}
	if edit != nil {
		edit(&w.config)
	}
	if w.provider, err = idp.New(w.config); err != nil {
		t.Fatal(err)
	}
	return w
}

// walk goes through the pages as a person and returns what comes back.
func (w *world) walk(t *testing.T, slug, factor string) url.Values {
	t.Helper()
	start, err := w.provider.StartURL(t.Context(), state, nonce, oauth2.S256ChallengeFromVerifier(verifier))
	if err != nil {
		t.Fatal(err)
	}
	at := location(t, "GET", start, nil)
	u, err := url.Parse(location(t, "POST", at, url.Values{"personne": {slug}, "facteur": {factor}}))
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

func location(t *testing.T, method, address string, form url.Values) string {
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
	to := resp.Header.Get("Location")
	if resp.StatusCode != http.StatusSeeOther || to == "" {
		b, _ := io.ReadAll(resp.Body)
		t.Fatalf("status %d: %s", resp.StatusCode, b)
	}
	if strings.HasPrefix(to, "/") {
		to = r.URL.Scheme + "://" + r.URL.Host + to
	}
	return to
}

func (w *world) finish(t *testing.T, back url.Values) error {
	t.Helper()
	_, _, err := w.provider.Finish(t.Context(), back.Get("code"), back.Get("iss"), nonce, verifier)
	return err
}

func expect(t *testing.T, err error, code fault.Code, reason string) {
	t.Helper()
	if err == nil {
		t.Fatalf("accepted, want %s (%s)", code, reason)
	}
	if f := fault.From(err); f.Code() != code || f.Reason() != reason {
		t.Fatalf("got %s (%s), want %s (%s)", f.Code(), f.Reason(), code, reason)
	}
}

func TestLogin(t *testing.T) {
	w := newWorld(t, nil)
	if len(w.asked) != 0 {
		t.Error("the network is used before anybody logs in")
	}
	t.Run("R33 a login says who the person is and for whom they act", func(t *testing.T) {
		back := w.walk(t, "hopital-gestionnaire", "")
		a, idToken, err := w.provider.Finish(t.Context(), back.Get("code"), back.Get("iss"), nonce, verifier)
		if err != nil || back.Get("state") != state {
			t.Fatal(err)
		}
		if a.Issuer != w.sim.Issuer() || a.Subject == "" || a.Given != "Inès" || a.Family != "Vasseur" || a.Mail != "gestionnaire@hopital.example" || !a.MailVerified || a.SIRET != prosim.HospitalSIRET || !a.At.Equal(w.clock()) || !slices.Equal(a.Methods, []string{"pwd"}) || a.Strong() {
			t.Error("the assertion is not whole")
		}
		u, err := url.Parse(w.provider.GoodbyeURL(t.Context(), idToken, "fin"))
		if err != nil || !strings.HasPrefix(u.String(), w.provider.Origin()+"/") {
			t.Fatal("the logout is elsewhere")
		}
		if to := location(t, "GET", u.String(), nil); to != goodbye+"?state=fin" {
			t.Error("the logout does not come back")
		}
	})
	t.Run("a second factor at the provider is told", func(t *testing.T) {
		back := w.walk(t, "agent-responsable", "oui")
		a, _, err := w.provider.Finish(t.Context(), back.Get("code"), back.Get("iss"), nonce, verifier)
		if err != nil || !a.Strong() || a.SIRET != prosim.OperatorSIRET {
			t.Error(err)
		}
	})
	t.Run("a person is the same at each login, and no other", func(t *testing.T) {
		seen := map[string]string{}
		for _, slug := range []string{"hopital-lecteur", "hopital-lecteur", "mutuelle-demandeur"} {
			back := w.walk(t, slug, "")
			a, _, err := w.provider.Finish(t.Context(), back.Get("code"), back.Get("iss"), nonce, verifier)
			if err != nil || seen[a.Subject] != "" && seen[a.Subject] != slug {
				t.Fatal(err)
			}
			seen[a.Subject] = slug
		}
		if len(seen) != 2 {
			t.Error(len(seen))
		}
	})
	t.Run("a login asks with PKCE, state, nonce and the scopes of an identity", func(t *testing.T) {
		start, err := w.provider.StartURL(t.Context(), state, nonce, "defi")
		if err != nil {
			t.Fatal(err)
		}
		u, _ := url.Parse(start)
		q := u.Query()
		if q.Get("scope") != "openid given_name usual_name email siret" || q.Get("code_challenge") != "defi" || q.Get("code_challenge_method") != "S256" || q.Get("state") != state || q.Get("nonce") != nonce || q.Get("redirect_uri") != returnTo {
			t.Error("something is not asked")
		}
	})
	good := w.walk(t, "mutuelle-gestionnaire", "")
	for _, c := range []struct {
		what                       string
		code, iss, nonce, verifier string
		reason                     string
	}{
		{what: "an absent code", iss: good.Get("iss"), nonce: nonce, verifier: verifier, reason: "LOGIN_RETURN"},
		{what: "another issuer", code: good.Get("code"), iss: "https://ailleurs.example", nonce: nonce, verifier: verifier, reason: "LOGIN_RETURN"},
		{what: "no issuer", code: good.Get("code"), nonce: nonce, verifier: verifier, reason: "LOGIN_RETURN"},
		{what: "no nonce", code: good.Get("code"), iss: good.Get("iss"), verifier: verifier, reason: "LOGIN_RETURN"},
		{what: "no verifier", code: good.Get("code"), iss: good.Get("iss"), nonce: nonce, reason: "LOGIN_RETURN"},
		{what: "an unknown code", code: "x", iss: good.Get("iss"), nonce: nonce, verifier: verifier, reason: "CODE_REFUSED"},
		{what: "another verifier: the code was stolen", code: good.Get("code"), iss: good.Get("iss"), nonce: nonce, verifier: verifier + "x", reason: "CODE_REFUSED"},
		{what: "another nonce", code: good.Get("code"), iss: good.Get("iss"), nonce: nonce + "x", verifier: verifier, reason: "NONCE_MISMATCH"},
		{what: "a code that has served", code: good.Get("code"), iss: good.Get("iss"), nonce: nonce, verifier: verifier, reason: "CODE_REFUSED"},
	} {
		t.Run(c.what+" proves nothing", func(t *testing.T) {
			_, _, err := w.provider.Finish(t.Context(), c.code, c.iss, c.nonce, c.verifier)
			expect(t, err, fault.JetonInvalide, c.reason)
		})
	}
	t.Run("a code that has waited too long proves nothing", func(t *testing.T) {
		back := w.walk(t, "hopital-demandeur", "")
		w.set(func() { w.now = w.now.Add(time.Minute) })
		expect(t, w.finish(t, back), fault.JetonInvalide, "CODE_REFUSED")
	})
	t.Run("discovery is read once", func(t *testing.T) {
		n := 0
		for _, p := range w.asked {
			if strings.HasSuffix(p, "/openid-configuration") {
				n++
			}
		}
		if n != 1 {
			t.Error(n)
		}
	})
}

// A provider that lies gives nobody an identity.
func TestForgedAnswers(t *testing.T) {
	w := newWorld(t, nil)
	for f, want := range map[prosim.Forgery]struct {
		code   fault.Code
		reason string
	}{
		prosim.AlgNone:          {fault.IdentiteIndisponible, "ID_TOKEN_UNVERIFIED"},
		prosim.OtherSigner:      {fault.IdentiteIndisponible, "ID_TOKEN_UNVERIFIED"},
		prosim.WrongIssuer:      {fault.IdentiteIndisponible, "ID_TOKEN_UNVERIFIED"},
		prosim.WrongAudience:    {fault.IdentiteIndisponible, "ID_TOKEN_UNVERIFIED"},
		prosim.AudienceList:     {fault.IdentiteIndisponible, "ID_TOKEN_CLAIMS"},
		prosim.WrongNonce:       {fault.JetonInvalide, "NONCE_MISMATCH"},
		prosim.Expired:          {fault.JetonInvalide, "ID_TOKEN_EXPIRED"},
		prosim.NoSubject:        {fault.IdentiteIndisponible, "ID_TOKEN_CLAIMS"},
		prosim.NoSIRET:          {fault.OrganisationAbsente, "SIRET_ABSENT"},
		prosim.WrongSIRET:       {fault.OrganisationAbsente, "SIRET_INVALID"},
		prosim.NoName:           {fault.IdentiteIndisponible, "IDENTITY_IMPLAUSIBLE"},
		prosim.LongName:         {fault.IdentiteIndisponible, "IDENTITY_IMPLAUSIBLE"},
		prosim.WrongMail:        {fault.IdentiteIndisponible, "MAIL_IMPLAUSIBLE"},
		prosim.UserinfoSubject:  {fault.IdentiteIndisponible, "USERINFO_SUBJECT"},
		prosim.UserinfoUnsigned: {fault.IdentiteIndisponible, "USERINFO_UNSIGNED"},
		prosim.UserinfoStranger: {fault.IdentiteIndisponible, "USERINFO_UNVERIFIED"},
		prosim.Down:             {fault.IdentiteIndisponible, "UNEXPECTED_STATUS"},
	} {
		t.Run(string(f), func(t *testing.T) {
			back := w.walk(t, "hopital-gestionnaire", "")
			w.sim.Spoil(f)
			defer w.sim.Spoil("")
			expect(t, w.finish(t, back), want.code, want.reason)
		})
	}
	t.Run("an e-mail that the provider does not call verified is not", func(t *testing.T) {
		back := w.walk(t, "hopital-gestionnaire", "")
		w.sim.Spoil(prosim.UnverifiedMail)
		defer w.sim.Spoil("")
		a, _, err := w.provider.Finish(t.Context(), back.Get("code"), back.Get("iss"), nonce, verifier)
		if err != nil || a.MailVerified || a.Mail == "" {
			t.Error(err)
		}
	})
}

func TestAProviderThatFails(t *testing.T) {
	start := func(w *world) error {
		_, err := w.provider.StartURL(context.Background(), state, nonce, "defi")
		return err
	}
	t.Run("discovery that failed is tried again", func(t *testing.T) {
		w := newWorld(t, nil)
		w.sim.Spoil(prosim.Down)
		expect(t, start(w), fault.IdentiteIndisponible, "DISCOVERY")
		if got := w.provider.GoodbyeURL(t.Context(), "x", "fin"); got != goodbye {
			t.Error("a logout needs a provider that answers")
		}
		w.sim.Spoil("")
		if err := start(w); err != nil {
			t.Error(err)
		}
	})
	t.Run("a provider that is not there", func(t *testing.T) {
		gone := httptest.NewServer(http.NotFoundHandler())
		gone.Close()
		w := newWorld(t, func(c *idp.Config) { c.Issuer = gone.URL })
		expect(t, start(w), fault.IdentiteIndisponible, "CONNECTION_FAILED")
	})
	t.Run("a provider that is late", func(t *testing.T) {
		w := newWorld(t, func(c *idp.Config) { c.Timeout = 50 * time.Millisecond })
		held := make(chan struct{})
		w.set(func() {
			w.meddle = func(http.ResponseWriter, *http.Request) bool { <-held; return true }
		})
		err := start(w)
		close(held)
		expect(t, err, fault.IdentiteLente, "TIMEOUT")
	})
	t.Run("our own credentials refused are our failure, not the person's", func(t *testing.T) {
		w := newWorld(t, func(c *idp.Config) { c.ClientSecret = "autre" })
		expect(t, w.finish(t, w.walk(t, "hopital-gestionnaire", "")), fault.IdentiteIndisponible, "CREDENTIALS_REFUSED")
	})
	for what, c := range map[string]struct{ change, to, reason string }{
		"a document of another issuer":   {`"issuer":"http`, `"issuer":"https`, "DISCOVERY"},
		"pages at another origin":        {`"authorization_endpoint":"`, `"authorization_endpoint":"http://ailleurs.example/a?`, "DISCOVERY_ORIGIN"},
		"a logout at another origin":     {`"end_session_endpoint":"`, `"end_session_endpoint":"http://ailleurs.example/a?`, "DISCOVERY_ORIGIN"},
		"keys of no address":             {`"jwks_uri":"http`, `"jwks_uri":"ftp`, "DISCOVERY_ENDPOINT"},
		"something else than a document": {`{`, `[`, "DISCOVERY"},
	} {
		t.Run(what+" is refused", func(t *testing.T) {
			w := newWorld(t, nil)
			w.set(func() {
				w.meddle = func(rw http.ResponseWriter, r *http.Request) bool {
					rec := httptest.NewRecorder()
					w.sim.Handler().ServeHTTP(rec, r)
					rw.Header().Set("Content-Type", "application/json")
					_, _ = io.WriteString(rw, strings.Replace(rec.Body.String(), c.change, c.to, 1))
					return true
				}
			})
			expect(t, start(w), fault.IdentiteIndisponible, c.reason)
		})
	}
}

func TestConfiguration(t *testing.T) {
	good := idp.Config{Issuer: "https://id.example/api/v2", ClientID: "a", ClientSecret: "tres-secret", ReturnURL: "r", GoodbyeURL: "g", Clock: time.Now}
	if _, err := idp.New(good); err != nil {
		t.Fatal(err)
	}
	if s := fmt.Sprintf("%v %+v %#v", good, good, good); strings.Contains(s, "tres-secret") {
		t.Error("the secret is printed")
	}
	for what, spoil := range map[string]func(*idp.Config){
		"no clock": func(c *idp.Config) { c.Clock = nil }, "no client": func(c *idp.Config) { c.ClientID = "" },
		"no secret": func(c *idp.Config) { c.ClientSecret = "" }, "no return": func(c *idp.Config) { c.ReturnURL = "" },
		"no goodbye": func(c *idp.Config) { c.GoodbyeURL = "" }, "no issuer": func(c *idp.Config) { c.Issuer = "" },
		"an issuer of another kind": func(c *idp.Config) { c.Issuer = "ftp://id.example" }, "an issuer with a query": func(c *idp.Config) { c.Issuer += "?a" },
	} {
		t.Run(what+" is refused", func(t *testing.T) {
			c := good
			spoil(&c)
			if _, err := idp.New(c); err == nil {
				t.Error("taken")
			}
		})
	}
}
