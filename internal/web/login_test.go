package web_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/intake"
	"droits.example/droits/internal/web"
)

// pages of the space that show something of a person, and acts.
var (
	spacePages = []string{"/mon-espace", "/mon-espace/droits", "/mon-espace/droits/attestation", "/mon-espace/partages", "/mon-espace/partages/hopital", "/mon-espace/acces", "/mon-espace/acces?genre=tout", "/mon-espace/securite"}
	spaceActs  = []string{"/mon-espace/droits/assure/numero", "/mon-espace/partages/hopital/retirer", "/mon-espace/partages/hopital/choix", "/mon-espace/acces/0123/signaler", "/mon-espace/securite/messages", "/mon-espace/securite/sessions/fermer-les-autres"}
)

const sessionCookie = "__Host-session"

// whole fails unless the page is one of ours, whole, with that status.
func whole(t *testing.T, p *apptest.Page, status int, texts ...string) {
	t.Helper()
	if p.Status != status || !strings.Contains(p.Body, "</html>") || strings.Count(p.Body, "<h1") != 1 {
		t.Fatalf("%s answers %d, not a whole page %d", strings.SplitN(p.Path, "?", 2)[0], p.Status, status)
	}
	for _, want := range texts {
		if !p.Says(want) {
			t.Errorf("%s does not say %q", strings.SplitN(p.Path, "?", 2)[0], want)
		}
	}
}

func TestLogin(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	t.Run("without a session every page leads to the login, and no act is done", func(t *testing.T) {
		b := in.Browser()
		for _, path := range spacePages {
			if p := b.Once(t, "GET", path, nil); p.Status != 303 || !strings.HasPrefix(p.Header.Get("Location"), "/mon-espace/connexion") || p.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s answers %d", path, p.Status)
			}
		}
		for _, path := range spaceActs {
			if p := b.Once(t, "POST", path, url.Values{}); p.Status != 303 || !strings.HasPrefix(p.Header.Get("Location"), "/mon-espace/connexion") {
				t.Errorf("%s answers %d", path, p.Status)
			}
		}
	})
	t.Run("a login opens the space under a cookie bound to this host", func(t *testing.T) {
		b := in.Browser()
		back := b.Return(t, "famille-martin")
		p := b.Once(t, "GET", back, nil)
		if p.Status != 303 || p.Header.Get("Location") != "/mon-espace" {
			t.Fatalf("status %d", p.Status)
		}
		found := false
		for _, c := range (&http.Response{Header: p.Header}).Cookies() {
			if c.Name == sessionCookie {
				found = c.HttpOnly && c.Secure && c.SameSite == http.SameSiteLaxMode && c.Path == "/" && c.Domain == "" && c.MaxAge == 0 && c.Expires.IsZero() && len(c.Value) >= 43
			}
		}
		if !found {
			t.Error("the cookie is missing or loose")
		}
		whole(t, b.Get(t, "/mon-espace"), 200, "Bonjour Hélène MARTIN")
	})
	t.Run("a return is good once, in the browser that began, within ten minutes", func(t *testing.T) {
		b := in.Browser()
		back := b.Return(t, "famille-martin")
		at, q, _ := strings.Cut(back, "?")
		change := func(name, value string) string {
			v, _ := url.ParseQuery(q)
			v.Set(name, value)
			return at + "?" + v.Encode()
		}
		whole(t, in.Browser().Once(t, "GET", back, nil), 400, "La connexion a été interrompue", "Identifiant à citer")
		other := in.Browser()
		other.Return(t, "famille-martin") // has a cookie of its own
		whole(t, other.Once(t, "GET", back, nil), 400)
		state := must(url.ParseQuery(q)).Get("state")
		forged := state[:len(state)-2] + string(state[len(state)-2]^1) + state[len(state)-1:]
		for _, state := range []string{"", "x", strings.Repeat("A", 54), state + "A", forged, "B" + state[1:]} {
			whole(t, b.Once(t, "GET", change("state", state), nil), 400)
		}
		whole(t, b.Once(t, "GET", change("iss", "https://ailleurs.example/api/v2"), nil), 400)
		if len(b.Cookies[sessionCookie]) > 0 {
			t.Fatal("one of them opened a session")
		}
		whole(t, b.Once(t, "GET", back, nil), 400) // the state was taken by the try with another issuer
		back = b.Return(t, "famille-martin")
		if p := b.Once(t, "GET", back, nil); p.Status != 303 {
			t.Fatalf("status %d", p.Status)
		}
		whole(t, b.Once(t, "GET", back, nil), 400)
		thief := b.Copy()
		delete(thief.Cookies, sessionCookie)
		whole(t, thief.Once(t, "GET", back, nil), 400)
		late := in.Browser()
		back = late.Return(t, "famille-martin")
		in.Clock.Advance(11 * time.Minute)
		whole(t, late.Once(t, "GET", back, nil), 400)
	})
	t.Run("a login leads to the part of the space that was asked for, and nowhere else", func(t *testing.T) {
		b := in.Browser()
		for path, part := range map[string]string{"/mon-espace": "", "/mon-espace/acces?genre=tout": "acces", "/mon-espace/droits/attestation": "droits", "/mon-espace/partages/hopital": "partages", "/mon-espace/securite": "securite"} {
			want := "/mon-espace/connexion"
			if part != "" {
				want += "?suite=" + part
			}
			if got := b.Once(t, "GET", path, nil).Header.Get("Location"); got != want {
				t.Errorf("%s leads to %s", path, got)
			}
		}
		for asked, want := range map[string]string{"acces": "/mon-espace/acces", "securite": "/mon-espace/securite", "": "/mon-espace", "//ailleurs.example": "/mon-espace", "/mon-espace/../x": "/mon-espace"} {
			if p := b.Get(t, "/mon-espace/connexion?suite="+url.QueryEscape(asked)); p.Status == 200 && strings.Contains(p.Body, "ailleurs") {
				t.Error("the page repeats what it was asked")
			}
			b := in.Browser()
			p := b.Get(t, "/mon-espace/connexion/franceconnect?suite="+url.QueryEscape(asked))
			b.Once(t, "POST", p.Path+"/identite", url.Values{"personne": {"famille-martin"}})
			back := b.Once(t, "POST", p.Path+"/consentement", url.Values{}).Header.Get("Location")
			if got := b.Once(t, "GET", back, nil).Header.Get("Location"); got != want {
				t.Errorf("%q leads to %s", asked, got)
			}
		}
	})
	t.Run("a code of somebody else's login is refused for its nonce", func(t *testing.T) {
		victim, attacker := in.Browser(), in.Browser()
		mine, theirs := victim.Return(t, "famille-martin"), attacker.Return(t, "c2s")
		m, _ := url.Parse(mine)
		q, o := m.Query(), must(url.Parse(theirs)).Query()
		q.Set("code", o.Get("code"))
		m.RawQuery = q.Encode()
		whole(t, victim.Once(t, "GET", m.String(), nil), 400)
	})
	t.Run("two tabs that log in at once both end well", func(t *testing.T) {
		b := in.Browser()
		one, two := b.Return(t, "famille-martin"), b.Return(t, "famille-martin")
		for _, back := range []string{two, one} {
			if p := b.Once(t, "GET", back, nil); p.Status != 303 || p.Header.Get("Location") != "/mon-espace" {
				t.Errorf("status %d", p.Status)
			}
		}
		whole(t, b.Get(t, "/mon-espace"), 200)
	})
	t.Run("a login ends the session that the browser had, under another token", func(t *testing.T) {
		b := in.Browser()
		b.SignIn(t, "famille-martin")
		before := b.Copy()
		b.SignIn(t, "c2s")
		if b.Cookies[sessionCookie] == before.Cookies[sessionCookie] {
			t.Error("the token is the same")
		}
		if p := before.Once(t, "GET", "/mon-espace", nil); p.Status != 303 {
			t.Errorf("the former session answers %d", p.Status)
		}
	})
	t.Run("who cancels, is unknown, or ambiguous is told so, and nothing is opened", func(t *testing.T) {
		b := in.Browser()
		p := b.Get(t, "/mon-espace/connexion/franceconnect")
		refused := b.Once(t, "POST", p.Path+"/identite", url.Values{"decision": {"refuser"}})
		whole(t, b.Get(t, strings.TrimPrefix(refused.Header.Get("Location"), in.URL)), 200, "Vous avez annulé la connexion")
		for _, slug := range []string{"inconnu", "ambigue", "hors-perimetre"} {
			b := in.Browser()
			whole(t, b.SignIn(t, slug), 200, "Nous ne vous avons pas retrouvé")
			if b.Cookies[sessionCookie] != "" {
				t.Error("a session is open")
			}
		}
	})
	t.Run("sessions outlive a restart of the platform", func(t *testing.T) {
		b := in.Browser()
		b.SignIn(t, "famille-martin")
		in.Restart(t)
		whole(t, b.Get(t, "/mon-espace"), 200, "Bonjour")
	})
	t.Run("no token, name or number of a login is in the log", func(t *testing.T) {
		b := in.Browser()
		back := b.Return(t, "famille-martin")
		b.Once(t, "GET", back, nil)
		q := must(url.Parse(back)).Query()
		for _, bad := range []string{q.Get("state"), q.Get("code"), b.Cookies[sessionCookie], "MARTIN", "Hélène"} {
			if strings.Contains(in.Logs.String(), bad) {
				t.Error("one is")
			}
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestSessions(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	open := func(t *testing.T) *apptest.Browser {
		t.Helper()
		b := in.Browser()
		whole(t, b.SignIn(t, "famille-martin"), 200, "Bonjour")
		return b
	}
	alive := func(b *apptest.Browser) bool { return b.Once(t, "GET", "/mon-espace", nil).Status == 200 }
	t.Run("a session ends when nobody uses it, and after its whole life", func(t *testing.T) {
		b := open(t)
		in.Clock.Advance(web.SessionIdle - time.Second)
		if !alive(b) {
			t.Error("it ends before its time")
		}
		in.Clock.Advance(web.SessionIdle - time.Second)
		if !alive(b) {
			t.Error("its use does not keep it")
		}
		in.Clock.Advance(web.SessionIdle)
		if alive(b) {
			t.Error("it outlives its idle time")
		}
		b = open(t)
		for begun := in.Clock.Now(); in.Clock.Now().Sub(begun) < web.SessionLife-15*time.Minute; {
			in.Clock.Advance(15 * time.Minute)
			if !alive(b) {
				t.Fatal("it ends while it is used")
			}
		}
		in.Clock.Advance(15 * time.Minute)
		if alive(b) {
			t.Error("it outlives its whole life")
		}
	})
	t.Run("a stolen cookie is worth nothing once its owner leaves", func(t *testing.T) {
		b := open(t)
		thief := b.Copy()
		p := b.Once(t, "POST", "/mon-espace/deconnexion", url.Values{})
		whole(t, p, 200, "Votre session est fermée ici")
		if alive(thief) || b.Cookies[sessionCookie] != "" {
			t.Error("the session is still open")
		}
		if p.Header.Get("Clear-Site-Data") != `"cache", "storage"` || p.Header.Get("Cache-Control") != "no-store" {
			t.Error("the browser is not told to forget")
		}
		next := strings.TrimPrefix(p.Header.Get("Refresh"), "0; url=")
		if !strings.HasPrefix(next, in.SimURL+"/api/v2/session/end?") || must(url.Parse(next)).Query().Get("id_token_hint") == "" {
			t.Error("the session at FranceConnect is not ended")
		}
		end := b.Once(t, "GET", next, nil)
		if to := end.Header.Get("Location"); !strings.HasPrefix(to, in.URL+web.GoodbyePath) {
			t.Error("FranceConnect does not send the browser back")
		}
		whole(t, b.Get(t, web.GoodbyePath), 200, "Vous êtes déconnecté")
		whole(t, b.Post(t, "/mon-espace/deconnexion", url.Values{}), 200, "Vous êtes déconnecté") // a second click
	})
	t.Run("one sees its sessions and ends any of them, nobody else's", func(t *testing.T) {
		here, there, stranger := open(t), open(t), in.Browser()
		stranger.SignIn(t, "c2s")
		p := here.Get(t, "/mon-espace/securite")
		whole(t, p, 200, "cette session", "un autre navigateur", "20 minutes", "8 heures")
		i := strings.Index(p.Body, "/mon-espace/securite/sessions/")
		end := p.Body[i : i+strings.Index(p.Body[i:], `"`)]
		if q := stranger.Post(t, end, url.Values{}); q.Status != 404 {
			t.Errorf("somebody else's session: %d", q.Status)
		}
		whole(t, here.Post(t, end, url.Values{}), 200, "La session est fermée")
		if alive(there) || !alive(here) || !alive(stranger) {
			t.Error("another session ended")
		}
		there, third := open(t), open(t)
		whole(t, here.Post(t, "/mon-espace/securite/sessions/fermer-les-autres", url.Values{}), 200, "Vos autres sessions sont fermées")
		if alive(there) || alive(third) || !alive(here) || !alive(stranger) {
			t.Error("the others are not the ones that ended")
		}
	})
	t.Run("a session of somebody who is nobody any more here ends at its next page", func(t *testing.T) {
		b := in.Browser()
		whole(t, b.SignIn(t, "maternite"), 200, "Bonjour")
		path := filepath.Join(t.TempDir(), "delta.ndjson")
		text := `{"type":"entete","format":"droits/1","jeu":"delta","date_reference":"2026-11-23"}` + "\n" + `{"type":"fin","id":"maternite","motif":"sortie","date":"2026-11-22"}` + "\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := in.App.Import(t.Context(), intake.Options{Path: path}); err != nil || s.Rejected > 0 {
			t.Fatalf("%d rejected, %v", s.Rejected, err)
		}
		old := b.Copy()
		whole(t, b.Get(t, "/mon-espace/droits"), 200, "Nous ne vous avons pas retrouvé")
		if b.Cookies[sessionCookie] != "" || alive(old) {
			t.Error("the session goes on")
		}
	})
	t.Run("a cookie that is none of ours opens nothing", func(t *testing.T) {
		for _, v := range []string{"x", strings.Repeat("a", 43), strings.Repeat("a", 4000)} {
			b := in.Browser()
			b.Cookies[sessionCookie] = v
			if alive(b) {
				t.Error("it does")
			}
		}
	})
	t.Run("a form sent by another site is refused, whole page", func(t *testing.T) {
		b := open(t)
		for _, site := range []string{"cross-site", "same-site"} {
			p := b.From(site).Once(t, "POST", "/mon-espace/partages/hopital/retirer", url.Values{})
			whole(t, p, 403, "Demande venue d'ailleurs")
		}
		in.Get(t, "/me", in.As(t, "famille-martin", in.Hospital)).Want(t, 200, "")
	})
	t.Run("no page of the space is kept by a browser, and methods that it has not are refused", func(t *testing.T) {
		b := open(t)
		for _, path := range spacePages {
			p := b.Get(t, path)
			if p.Header.Get("Cache-Control") != "no-store" || p.Header.Get("Content-Security-Policy") == "" || strings.Contains(p.Body, "<script") {
				t.Errorf("%s may be kept, or has no policy", path)
			}
		}
		whole(t, b.Once(t, "POST", "/mon-espace/acces", url.Values{}), 405, "Action impossible")
		whole(t, b.Once(t, "GET", "/mon-espace/partages/hopital/retirer", nil), 405)
		whole(t, b.Once(t, "GET", "/mon-espace/nulle-part", nil), 404)
		whole(t, b.Once(t, "POST", "/verifier", url.Values{"texte": {strings.Repeat("x", web.MaxForm)}}), 413, "Envoi trop volumineux")
	})
	t.Run("a space that is not configured says so", func(t *testing.T) {
		in := apptest.Start(t, apptest.Options{V1Only: true})
		b := in.Browser()
		for _, path := range []string{"/mon-espace", "/mon-espace/connexion", "/mon-espace/droits"} {
			whole(t, b.Get(t, path), 404, "L'espace assuré n'est pas ouvert ici")
		}
		if p := b.Get(t, "/"); strings.Contains(p.Body, "/mon-espace") {
			t.Error("a link leads there")
		}
	})
}
