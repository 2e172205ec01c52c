// Package idp makes people of partners and agents log in: it hides which
// OpenID provider says who they are and for which organisation they act, and
// how it is asked.
//
// There are no passwords of ours: the provider is one of the kind of the
// State's provider for professionals (code flow with PKCE, discovery, a signed
// userinfo, one scope for each claim).
package idp

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/relying"
)

// scopes are what a login asks for: who the person is and for whom they act.
var scopes = []string{"openid", "given_name", "usual_name", "email", "siret"}

// wantedClaims asks the provider to tell how the person proved who they are.
const wantedClaims = `{"id_token":{"amr":null}}`

const (
	defaultTimeout = 5 * time.Second
	retryAfter     = 5 * time.Second
)

// Config says which provider, and who we are for it. It holds a secret and
// prints as a mask.
type Config struct {
	Issuer       string // discovery is below it; every page of it is at its origin
	ClientID     string
	ClientSecret string
	ReturnURL    string        // registered, compared byte for byte
	GoodbyeURL   string        // registered, after logout
	Timeout      time.Duration // of one call; default 5 s
	Clock        func() time.Time
	HTTP         http.RoundTripper // optional
}

// String redacts fmt.
func (Config) String() string { return "idp.Config(•••)" }

// GoString redacts %#v.
func (Config) GoString() string { return "idp.Config(•••)" }

// Provider is one identity provider. It is safe for concurrent use.
type Provider struct {
	config Config
	origin string
	client *http.Client
	flight singleflight.Group

	mu    sync.Mutex
	found *endpoints // nil until discovery succeeded
}

// endpoints is what discovery tells.
type endpoints struct {
	party *relying.Party
	end   url.URL // end of session; no host where there is none
}

// New checks the configuration. It makes no network call: the endpoints are
// discovered at the first login, remembered, and asked for again when that
// failed.
func New(c Config) (*Provider, error) {
	u, err := url.Parse(c.Issuer)
	switch {
	case c.Clock == nil:
		return nil, errors.New("idp: a clock is required")
	case c.ClientID == "" || c.ClientSecret == "" || c.ReturnURL == "" || c.GoodbyeURL == "":
		return nil, errors.New("idp: a client id, its secret and both return addresses are required")
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return nil, errors.New("idp: the issuer must be an address such as https://host/api/v2")
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	return &Provider{config: c, origin: u.Scheme + "://" + u.Host, client: relying.Client(c.HTTP, c.Timeout)}, nil
}

// Origin is the origin of the provider's pages.
func (p *Provider) Origin() string { return p.origin }

// StartURL is where a browser begins a login. State and nonce are of 22
// characters or more; challenge is the S256 of the verifier that Finish will be
// given (RFC 7636). Errors: identite_indisponible, identite_lente.
func (p *Provider) StartURL(ctx context.Context, state, nonce, challenge string) (string, error) {
	e, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	return e.party.StartURL(state, nonce, oauth2.SetAuthURLParam("code_challenge", challenge),
		oauth2.SetAuthURLParam("code_challenge_method", "S256"), oauth2.SetAuthURLParam("claims", wantedClaims)), nil
}

// GoodbyeURL is where a browser ends the session at the provider; it comes
// back to the registered address. Where the provider cannot be asked or has no
// such page, it is the registered address itself.
func (p *Provider) GoodbyeURL(ctx context.Context, idToken, state string) string {
	e, err := p.discover(ctx)
	if err != nil || e.end.Host == "" {
		return p.config.GoodbyeURL
	}
	u := e.end
	q := u.Query()
	q.Set("id_token_hint", idToken)
	q.Set("post_logout_redirect_uri", p.config.GoodbyeURL)
	q.Set("state", state)
	u.RawQuery = q.Encode()
	return u.String()
}

// Finish trades what came back with the browser for who the person is. The
// issuer is the parameter iss of the return; the id_token is kept for
// GoodbyeURL. It checks both signatures, iss, aud, exp, nonce and sub, and the
// check digit of the SIRET; whether the state was ours is for who made it, and
// whether the organisation may come here for who owns it.
//
// Errors: jeton_invalide (nothing that was given proves an identity),
// organisation_absente, identite_indisponible, identite_lente.
func (p *Provider) Finish(ctx context.Context, code, issuer, nonce, verifier string) (a account.Assertion, idToken string, err error) {
	e, err := p.discover(ctx)
	if err != nil {
		return a, "", err
	}
	if verifier == "" {
		return a, "", fault.New(fault.JetonInvalide, "idp: login").Because("LOGIN_RETURN")
	}
	in, err := e.party.Redeem(ctx, relying.Return{Code: code, Issuer: issuer, Nonce: nonce}, oauth2.VerifierOption(verifier))
	if err != nil {
		return a, "", because(err)
	}
	who, err := e.party.Userinfo(ctx, in)
	if err != nil {
		return a, "", because(err)
	}
	if a, err = assertion(in.Proof, who); err != nil {
		return account.Assertion{}, "", err
	}
	return a, in.Raw, nil
}

// discover gives the endpoints, asking the provider when nobody has yet. Those
// who come together ask once.
func (p *Provider) discover(ctx context.Context) (*endpoints, error) {
	p.mu.Lock()
	e := p.found
	p.mu.Unlock()
	if e != nil {
		return e, nil
	}
	found, err, _ := p.flight.Do("", func() (any, error) { return p.ask(context.WithoutCancel(ctx)) })
	if err != nil {
		return nil, err
	}
	e = found.(*endpoints)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.found = e
	return e, nil
}

// ask reads the discovery document. Its issuer is ours, its pages are at the
// issuer's origin, and nothing of it goes over a weaker transport.
func (p *Provider) ask(ctx context.Context) (*endpoints, error) {
	at, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.config.Issuer)
	if err != nil {
		var transport *url.Error
		if errors.As(err, &transport) {
			return nil, because(relying.CallFailure(ctx, err))
		}
		return nil, unavailable("DISCOVERY")
	}
	var more struct {
		JWKS string `json:"jwks_uri"`
		End  string `json:"end_session_endpoint"`
	}
	if err := at.Claims(&more); err != nil {
		return nil, unavailable("DISCOVERY")
	}
	found := at.Endpoint()
	for _, address := range []string{found.AuthURL, found.TokenURL, at.UserInfoEndpoint(), more.JWKS} {
		if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.HasPrefix(p.origin, "https:") && u.Scheme != "https" {
			return nil, unavailable("DISCOVERY_ENDPOINT")
		}
	}
	end, err := url.Parse(more.End)
	if err != nil || !p.page(found.AuthURL) || more.End != "" && !p.page(more.End) {
		return nil, unavailable("DISCOVERY_ORIGIN")
	}
	return &endpoints{end: *end, party: relying.New(relying.Config{
		Issuer: p.config.Issuer, AuthorizeURL: found.AuthURL, TokenURL: found.TokenURL, UserinfoURL: at.UserInfoEndpoint(), JWKSURL: more.JWKS,
		ClientID: p.config.ClientID, ClientSecret: p.config.ClientSecret, ReturnURL: p.config.ReturnURL, Scopes: scopes,
		Clock: p.config.Clock, HTTP: p.client,
	})}, nil
}

// page reports whether an address is at the provider's origin.
func (p *Provider) page(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme+"://"+u.Host == p.origin
}

func unavailable(reason string) error {
	return fault.New(fault.IdentiteIndisponible, "idp: login").Because(reason).After(retryAfter)
}

// because is the fault for a failure of a login.
func because(err error) error {
	var f *relying.Failure
	switch errors.As(err, &f); {
	case f == nil:
		return unavailable("CONNECTION_FAILED")
	case f.Class == relying.Refused:
		return fault.New(fault.JetonInvalide, "idp: login").Because(f.Reason)
	case f.Class == relying.Late:
		return fault.New(fault.IdentiteLente, "idp: login").Because(f.Reason).After(retryAfter)
	}
	return unavailable(f.Reason)
}
