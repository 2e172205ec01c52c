package fcsim_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/sim/fcsim"
)

func TestMint(t *testing.T) {
	p := newPlace(t)
	check := func(token string) answer { return p.do("POST", "/api/v1/checktoken", url.Values{"token": {token}}) }
	t.Run("gives a token as after a journey, with the scopes of the client", func(t *testing.T) {
		tok, ttl, err := p.sim.Mint(fcsim.MintRequest{ClientID: v1ID, Slug: "famille-martin"})
		if err != nil || ttl != time.Minute {
			t.Fatal(ttl, err)
		}
		m := check(tok).json(t)
		if len(m["scope"].([]any)) != 8 || m["acr"] != "eidas1" {
			t.Error(m["scope"], m["acr"])
		}
	})
	t.Run("obeys scopes, level and lifetime", func(t *testing.T) {
		tok, ttl, err := p.sim.Mint(fcsim.MintRequest{ClientID: v1ID, Slug: "autre", Scopes: []string{"openid"}, ACR: "eidas3", TTL: time.Hour})
		if err != nil || ttl != time.Hour {
			t.Fatal(ttl, err)
		}
		p.clock.Forward(59 * time.Minute)
		m := check(tok).json(t)
		if len(m["scope"].([]any)) != 1 || m["acr"] != "eidas3" {
			t.Error(m["scope"], m["acr"])
		}
		p.clock.Forward(time.Minute)
		if a := check(tok); a.status != 401 {
			t.Error("the token outlives its hour")
		}
	})
	for name, r := range map[string]fcsim.MintRequest{
		"an unknown client": {ClientID: "x", Slug: "autre"}, "an unknown person": {ClientID: v1ID, Slug: "x"},
		"more than an hour": {ClientID: v1ID, Slug: "autre", TTL: time.Hour + 1}, "a negative life": {ClientID: v1ID, Slug: "autre", TTL: -1},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			if _, _, err := p.sim.Mint(r); err == nil {
				t.Error("minted")
			}
		})
	}
}

func TestConfigurationIsChecked(t *testing.T) {
	good := func() fcsim.Config {
		return fcsim.Config{
			BaseURL: "http://127.0.0.1:8081", Clock: time.Now,
			Clients:   []fcsim.Client{{ID: "a", Secret: "b", Profile: identity.V1, RedirectURIs: []string{callback}}},
			Providers: []fcsim.DataProvider{{ID: "c", Secret: "d"}},
			People:    []fcsim.Person{{Slug: "e"}},
		}
	}
	if _, err := fcsim.New(good()); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*fcsim.Config){
		"no clock":                  func(c *fcsim.Config) { c.Clock = nil },
		"a base with a path":        func(c *fcsim.Config) { c.BaseURL += "/x" },
		"no base":                   func(c *fcsim.Config) { c.BaseURL = "" },
		"a client without secret":   func(c *fcsim.Config) { c.Clients[0].Secret = "" },
		"a client twice":            func(c *fcsim.Config) { c.Clients = append(c.Clients, c.Clients[0]) },
		"a client without profile":  func(c *fcsim.Config) { c.Clients[0].Profile = "v3" },
		"a relative redirect URI":   func(c *fcsim.Config) { c.Clients[0].RedirectURIs = []string{"/retour"} },
		"a script as redirect URI":  func(c *fcsim.Config) { c.Clients[0].RedirectURIs = []string{"javascript://x/alert"} },
		"an HS256 id_token":         func(c *fcsim.Config) { c.Clients[0].IDTokenAlg = "HS256" },
		"a provider without secret": func(c *fcsim.Config) { c.Providers[0].Secret = "" },
		"a provider of RSA1_5":      func(c *fcsim.Config) { c.Providers[0].KeyAlg = "RSA1_5" },
		"a provider of HS256":       func(c *fcsim.Config) { c.Providers[0].SignAlg = "HS256" },
		"a person twice":            func(c *fcsim.Config) { c.People = append(c.People, c.People[0]) },
		"a person without slug":     func(c *fcsim.Config) { c.People[0].Slug = "" },
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			c := good()
			spoil(&c)
			if _, err := fcsim.New(c); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestRequestsTooLargeAreRefused(t *testing.T) {
	p := newPlace(t)
	big := url.Values{"token": {strings.Repeat("a", 1<<20)}, "client_id": {dpID}, "client_secret": {dpSecret}}
	for path, want := range map[string]int{"/api/v1/checktoken": 401, "/api/v2/checktoken": 400, "/api/v2/authorize": 400, "/api/v1/token": 400} {
		if a := p.do("POST", path, big); a.status != want {
			t.Error(path, a.status)
		}
	}
}
