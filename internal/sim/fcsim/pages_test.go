package fcsim_test

import (
	"bytes"
	"fmt"
	"html"
	"log/slog"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/sim/fcsim"
)

func TestConsentPage(t *testing.T) {
	t.Run("lists every datum under the provider that it comes from", func(t *testing.T) {
		p := newPlace(t)
		_, a := p.choose(v2ID, query(v2ID, "scope", "openid identite_pivot email cnam_caisse cnam_contrats").Encode(), "famille-martin")
		headings := regexp.MustCompile(`<h2>([^<]*)</h2>`).FindAllStringSubmatch(a.body, -1)
		if len(headings) != 2 || !strings.Contains(headings[0][1], "état civil") || !strings.Contains(headings[1][1], "Assurance maladie fictive") {
			t.Error(headings)
		}
		for _, label := range []string{"Prénoms", "Nom de naissance", "Commune de naissance", "Adresse électronique", "Votre caisse gestionnaire", "Vos droits de base", "Claire Marie-Ange MARTIN", "14/03/1985"} {
			if !strings.Contains(a.body, label) {
				t.Errorf("no %q", label)
			}
		}
	})
	t.Run("informs a public service's user, without a box", func(t *testing.T) {
		p := newPlace(t)
		if _, a := p.choose(v2ID, query(v2ID).Encode(), "famille-martin"); strings.Contains(a.body, "checkbox") {
			t.Error("a box is shown")
		}
	})
	t.Run("asks a private service's user to tick a box, and says so in French", func(t *testing.T) {
		p := newPlace(t)
		action, a := p.choose(privID, query(privID).Encode(), "famille-martin")
		if !strings.Contains(a.body, "checkbox") {
			t.Fatal("no box")
		}
		a = p.do("POST", action, url.Values{"decision": {"accepter"}})
		if a.status != 422 || a.header.Get("Location") != "" || !strings.Contains(a.body, `aria-invalid="true"`) || !strings.Contains(a.body, "<title>Erreur : ") {
			t.Fatal(a.status)
		}
		if q := p.back(p.do("POST", action, url.Values{"decision": {"accepter"}, "accord": {"oui"}})); q.Get("code") == "" {
			t.Error("no code once the box is ticked")
		}
	})
	t.Run("shows no box to a private service that asks for openid only", func(t *testing.T) {
		p := newPlace(t)
		_, a := p.choose(privID, query(privID, "scope", "openid").Encode(), "famille-martin")
		if strings.Contains(a.body, "checkbox") || !strings.Contains(a.body, "Aucune donnée") {
			t.Error("box or data")
		}
	})
	t.Run("may be refused, on either page, without ticking anything", func(t *testing.T) {
		p := newPlace(t)
		action, _ := p.choose(privID, query(privID).Encode(), "famille-martin")
		q := p.back(p.do("POST", action, url.Values{"decision": {"refuser"}}))
		sameMembers(t, queryMembers(q), "error", "error_description", "state", "iss")
		if q.Get("error") != "access_denied" || q.Get("error_description") != "user authentication aborted" {
			t.Error(q.Get("error"))
		}
		a := p.do("GET", "/api/v2/authorize?"+query(v2ID).Encode(), nil)
		if q := p.back(p.do("POST", a.header.Get("Location")+"/identite", url.Values{"decision": {"refuser"}})); q.Get("error") != "access_denied" {
			t.Error(q.Get("error"))
		}
	})
	t.Run("answers once: a second submission says that the connection is over", func(t *testing.T) {
		p := newPlace(t)
		action, _ := p.choose(v2ID, query(v2ID).Encode(), "famille-martin")
		p.back(p.do("POST", action, url.Values{"decision": {"accepter"}}))
		for _, decision := range []string{"accepter", "refuser"} {
			if a := p.do("POST", action, url.Values{"decision": {decision}}); a.status != 400 || a.header.Get("Location") != "" {
				t.Error(a.status)
			}
		}
	})
	t.Run("comes after the choice of a person", func(t *testing.T) {
		p := newPlace(t)
		at := p.do("GET", "/api/v2/authorize?"+query(v2ID).Encode(), nil).header.Get("Location")
		for _, a := range []answer{
			p.do("GET", at+"/consentement", nil), p.do("POST", at+"/consentement", url.Values{"decision": {"accepter"}}),
			p.do("POST", at+"/identite", url.Values{"personne": {"inconnue"}}),
		} {
			if a.status != 303 || a.header.Get("Location") != at {
				t.Error(a.status, a.header.Get("Location"))
			}
		}
	})
}

func TestIdentityPage(t *testing.T) {
	open := func(t *testing.T, q string, options ...func(*fcsim.Config)) answer {
		t.Helper()
		p := newPlace(t, options...)
		at := p.do("GET", "/api/v2/authorize?"+query(v2ID).Encode(), nil).header.Get("Location")
		return p.do("GET", at+"?q="+url.QueryEscape(q), nil)
	}
	t.Run("lists the test persons first, then the others by initial", func(t *testing.T) {
		a := open(t, "")
		first, then := strings.Index(a.body, `value="famille-martin"`), strings.Index(a.body, `value="autre"`)
		if first < 0 || then < first || !strings.Contains(a.body, "<summary>E ") {
			t.Error(first, then)
		}
		if !strings.Contains(a.body, "ÉLOI") || !strings.Contains(a.body, "Jean &lt;Paul&gt;") || strings.Contains(a.body, "<Paul>") {
			t.Error("names are escaped, with their accents")
		}
	})
	for q, want := range map[string]string{"eloi": "autre", "TRAORÉ awa": "date-presumee", "trois enfants": "famille-martin", "1990": "autre", "bernard": "famille-martin"} {
		t.Run("finds by "+q, func(t *testing.T) {
			got := regexp.MustCompile(`name="personne" value="([^"]+)"`).FindAllStringSubmatch(open(t, q).body, -1)
			if len(got) != 1 || got[0][1] != want {
				t.Error(got)
			}
		})
	}
	t.Run("says that nobody was found, and does not run what was typed", func(t *testing.T) {
		a := open(t, `"><script>`+strings.Repeat("é", 200))
		if a.status != 200 || strings.Contains(a.body, "<script") || !strings.Contains(a.body, "Aucune personne") {
			t.Error(a.status)
		}
	})
	t.Run("shows four hundred of thousands and says so", func(t *testing.T) {
		a := open(t, "", func(c *fcsim.Config) {
			for i := range 2000 {
				c.People = append(c.People, fcsim.Person{Slug: fmt.Sprint("p", i), Pivot: identity.Pivot{FamilyName: fmt.Sprint("NOM", i), GivenName: "Prénom", Birthdate: "2000-01-01"}})
			}
		})
		if n := strings.Count(a.body, `name="personne"`); n != 400 || !strings.Contains(a.body, "400 personnes affichées sur 2003") {
			t.Error(n)
		}
	})
}

func TestEveryPage(t *testing.T) {
	p := newPlace(t)
	at := p.do("GET", "/api/v2/authorize?"+query(privID).Encode(), nil).header.Get("Location")
	p.do("POST", at+"/identite", url.Values{"personne": {"autre"}})
	pages := map[string]answer{
		"home":         p.do("GET", "/", nil),
		"identity":     p.do("GET", at, nil),
		"consent":      p.do("GET", at+"/consentement", nil),
		"unticked":     p.do("POST", at+"/consentement", url.Values{"decision": {"accepter"}}),
		"no session":   p.do("GET", "/fc/inconnue", nil),
		"no page":      p.do("GET", "/rien", nil),
		"logged out":   p.do("GET", "/api/v1/logout", nil),
		"bad redirect": p.do("GET", "/api/v1/authorize?"+query(v1ID, "redirect_uri", "x").Encode(), nil),
	}
	for name, a := range pages {
		t.Run(name+" is French, marked as a simulator, and needs nothing but its style sheet", func(t *testing.T) {
			for _, want := range []string{`<html lang="fr">`, "simulateur – données fictives", "<main", "<header>", "<footer>", "– Simulateur</title>"} {
				if !strings.Contains(a.body, want) {
					t.Errorf("no %s", want)
				}
			}
			if n := strings.Count(a.body, "<h1"); n != 1 {
				t.Errorf("%d h1", n)
			}
			if strings.Contains(a.body, "style=") || strings.Contains(a.body, "<script") || strings.Contains(a.body, "<img") {
				t.Error("style, script or image in the page")
			}
			csp := a.header.Get("Content-Security-Policy")
			if !strings.HasPrefix(csp, "default-src 'none'; style-src 'self';") || a.header.Get("Cache-Control") != "no-store" || a.header.Get("Referrer-Policy") != "no-referrer" {
				t.Error("headers")
			}
			journey := name == "identity" || name == "consent" || name == "unticked"
			if got := strings.Contains(csp, "form-action 'self' http://127.0.0.1:9;"); got != journey {
				t.Error(csp)
			}
			css := regexp.MustCompile(`href="(/static/[^"]+)"`).FindStringSubmatch(a.body)
			if css == nil {
				t.Fatal("no style sheet")
			}
			if a := p.do("GET", html.UnescapeString(css[1]), nil); a.status != 200 || !strings.Contains(a.header.Get("Cache-Control"), "immutable") {
				t.Error(a.status)
			}
		})
	}
}

func TestJourneysExpire(t *testing.T) {
	p := newPlace(t)
	action, _ := p.choose(v2ID, query(v2ID).Encode(), "famille-martin")
	p.clock.Forward(30 * 60 * 1e9)
	for _, a := range []answer{p.do("POST", action, url.Values{"decision": {"accepter"}}), p.do("GET", action, nil)} {
		if a.status != 400 || a.header.Get("Location") != "" {
			t.Error(a.status)
		}
	}
}

func TestTheLogHoldsNoSecret(t *testing.T) {
	var log bytes.Buffer
	p := newPlace(t, func(c *fcsim.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	secrets := []string{"MARTIN", "Claire", goodNonce, goodState, v2Secret, dpSecret}
	m := p.tokens(v2ID, v2Secret)
	secrets = append(secrets, m["access_token"].(string), m["id_token"].(string))
	p.do("GET", "/api/v2/userinfo", nil, "Authorization", "Bearer "+m["access_token"].(string))
	p.do("POST", "/api/v2/checktoken", url.Values{"token": {m["access_token"].(string)}, "client_id": {dpID}, "client_secret": {dpSecret}})
	if !strings.Contains(log.String(), "userinfo") {
		t.Fatal("nothing is logged")
	}
	for _, s := range secrets {
		if strings.Contains(log.String(), s) {
			t.Error("the log holds a secret or a name")
		}
	}
}
