package app

import (
	"context"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"droits.example/droits/internal/franceconnect"
	"droits.example/droits/internal/trace"
	"droits.example/droits/internal/web"
)

// FCLogin is how people log in to the citizen space: a client of FranceConnect
// v2 of its own, at the address and under the issuer of franceconnect.v2. An
// empty client leaves the space closed.
type FCLogin struct {
	ClientID         string `toml:"client_id" doc:"ours, as a service that people log in to; empty = no citizen space"`
	ClientSecretFile string `toml:"client_secret_file" doc:"file that holds that client's secret"`
	ButtonFile       string `toml:"button_file" doc:"official button (SVG) that FranceConnect gives; empty = a plain one"`
}

func (f FranceConnect) checkLogin() error {
	switch {
	case f.Login == (FCLogin{}):
	case f.Login.ClientID == "" || f.Login.ClientSecretFile == "":
		return badConfig("franceconnect.login needs client_id and client_secret_file")
	case f.V2.URL == "":
		return badConfig("franceconnect.login needs franceconnect.v2.url: the citizen space speaks version 2 only")
	}
	return nil
}

// newSpace is the citizen space, nil where it is not configured.
func (a *App) newSpace() (*web.Space, error) {
	f := a.Config.FranceConnect
	if f.Login.ClientID == "" {
		return nil, nil
	}
	secret, err := a.secretFile("franceconnect.login.client_secret_file", f.Login.ClientSecretFile, a.opts.LoginSecret)
	if err != nil {
		return nil, err
	}
	l, err := franceconnect.NewLogin(franceconnect.LoginConfig{
		BaseURL: f.V2.URL, Issuer: f.V2.Issuer, ClientID: f.Login.ClientID, ClientSecret: secret,
		ReturnURL: a.Config.PublicURL + web.ReturnPath, GoodbyeURL: a.Config.PublicURL + web.GoodbyePath,
		MinACR: f.MinACR, Timeout: time.Duration(f.Timeout), Clock: a.clock, HTTP: a.opts.HTTP,
	})
	if err != nil {
		return nil, &ConfigError{"franceconnect.login: " + err.Error()}
	}
	s := &web.Space{Citizens: a.Access, Sessions: a.Store, Login: l, Key: a.Store.LoginKey(), Clock: a.clock, Secure: securable(a.Config.PublicURL)}
	if f.Login.ButtonFile != "" {
		if s.Button, err = os.ReadFile(f.Login.ButtonFile); err != nil {
			return nil, &ConfigError{"franceconnect.login.button_file: " + unwrapPath(err)}
		}
	}
	return s, nil
}

// securable reports whether browsers keep Secure cookies at an origin: https,
// or plain http on loopback.
func securable(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil {
		return false
	}
	a, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "https" || u.Hostname() == "localhost" || err == nil && a.IsLoopback()
}

// trailKeys are the public keys of our logs, as pages check proofs with them.
func (a *App) trailKeys(ctx context.Context) (trace.Keys, error) {
	lines, err := a.Store.PublicKeys(ctx)
	if err != nil {
		return trace.Keys{}, err
	}
	return trace.ParseKeys([]byte(strings.Join(append(lines, a.witnessKeys()...), "\n")))
}
