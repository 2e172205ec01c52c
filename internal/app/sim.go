package app

import (
	"bytes"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/sim/fcsim"
	"droits.example/droits/internal/sim/people"
	"droits.example/droits/internal/sim/prosim"
)

// SimConfig is what a simulator that runs alone needs.
type SimConfig struct {
	Address string
	File    string // TOML: [[client]], [[provider]] and [[login]]; "" = nobody may ask
}

// simFile is the simulator's own file.
type simFile struct {
	BaseURL string `toml:"base_url"`
	Clients []struct {
		ID             string           `toml:"id"`
		Secret         string           `toml:"secret"`
		Name           string           `toml:"name"`
		Profile        identity.Profile `toml:"profile"`
		RedirectURIs   []string         `toml:"redirect_uris"`
		PostLogoutURIs []string         `toml:"post_logout_uris"`
		Private        bool             `toml:"private"`
	} `toml:"client"`
	Providers []struct {
		ID      string `toml:"id"`
		Secret  string `toml:"secret"`
		Title   string `toml:"title"`
		JWKSURL string `toml:"jwks_url"`
	} `toml:"provider"`
	Logins []struct {
		ID             string   `toml:"id"`
		Secret         string   `toml:"secret"`
		Name           string   `toml:"name"`
		RedirectURIs   []string `toml:"redirect_uris"`
		PostLogoutURIs []string `toml:"post_logout_uris"`
	} `toml:"login"`
}

// NewSimulator builds a simulated FranceConnect with the sandbox's people, and
// beside it, at ProPath, the simulated provider of professionals. Errors:
// *ConfigError.
func NewSimulator(c SimConfig) (http.Handler, error) {
	scopes := []string{"openid", "profile", "identite_pivot", droits.ScopeUmbrella, droits.ScopeBeneficiaires, droits.ScopeCaisse, droits.ScopeContrats, droits.ScopeExonerations, droits.ScopeMedecin, droits.ScopePresenceMedecin}
	var logins []prosim.Client
	cfg := fcsim.Config{BaseURL: "http://" + c.Address, Clock: time.Now}
	for _, p := range people.Sandbox(DefaultDemo().Seed, civil.On(time.Now())) {
		cfg.People = append(cfg.People, fcsim.Person{Slug: p.Slug, What: p.What, Pivot: p.Pivot, Named: p.Named})
	}
	if c.File != "" {
		raw, err := os.ReadFile(c.File)
		if err != nil {
			return nil, &ConfigError{"cannot read the simulator's file: " + unwrapPath(err)}
		}
		var f simFile
		if err := toml.NewDecoder(bytes.NewReader(raw)).DisallowUnknownFields().Decode(&f); err != nil {
			return nil, explainTOML(err)
		}
		if f.BaseURL != "" {
			cfg.BaseURL = f.BaseURL
		}
		for _, x := range f.Clients {
			cfg.Clients = append(cfg.Clients, fcsim.Client{ID: x.ID, Secret: x.Secret, Name: x.Name, Profile: x.Profile, RedirectURIs: x.RedirectURIs, PostLogoutURIs: x.PostLogoutURIs, Private: x.Private, Scopes: scopes})
		}
		for _, x := range f.Providers {
			cfg.Providers = append(cfg.Providers, fcsim.DataProvider{ID: x.ID, Secret: x.Secret, Title: x.Title, JWKSURL: x.JWKSURL, Scopes: scopes})
		}
		for _, x := range f.Logins {
			logins = append(logins, prosim.Client{ID: x.ID, Secret: x.Secret, Name: x.Name, RedirectURIs: x.RedirectURIs, PostLogoutURIs: x.PostLogoutURIs})
		}
	}
	s, err := fcsim.New(cfg)
	if err != nil {
		return nil, &ConfigError{"simulator: " + err.Error()}
	}
	pro, err := prosim.New(prosim.Config{Issuer: strings.TrimSuffix(cfg.BaseURL, "/") + ProPath, Clients: logins, Organisations: prosim.Sample(), Clock: cfg.Clock})
	if err != nil {
		return nil, &ConfigError{"simulator: " + err.Error()}
	}
	return Simulators(s, pro), nil
}
