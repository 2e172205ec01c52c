package franceconnect

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/relying"
)

// loginScopes are what a login of ours asks for: who the person is, nothing
// that can be read elsewhere.
var loginScopes = []string{"openid", "identite_pivot"}

// LoginConfig says how people log in to our own pages: as a client of
// FranceConnect v2, apart from our role as a data provider. Version 1 is left
// out: it has no key of FranceConnect's that a token could be verified with.
type LoginConfig struct {
	BaseURL      string // such as https://host/api/v2; the endpoints are below it
	Issuer       string // of its tokens; BaseURL when empty
	ClientID     string
	ClientSecret string
	ReturnURL    string        // registered, compared byte for byte
	GoodbyeURL   string        // registered, after logout
	MinACR       string        // eidas1 when empty
	Timeout      time.Duration // of one call; default 5 s
	Clock        func() time.Time
	HTTP         *http.Client // optional: only its Transport is used
}

// String redacts fmt: there is a secret in it.
func (LoginConfig) String() string { return "LoginConfig(•••)" }

// GoString redacts %#v.
func (LoginConfig) GoString() string { return "LoginConfig(•••)" }

// Login makes people log in through FranceConnect v2. It is safe for
// concurrent use.
type Login struct {
	party   *relying.Party
	client  string
	end     url.URL
	goodbye string
	floor   string
}

// NewLogin checks the configuration. It makes no network call: keys are read
// at the first login.
func NewLogin(c LoginConfig) (*Login, error) {
	if c.Clock == nil {
		return nil, errors.New("franceconnect: a clock is required")
	}
	if c.ClientID == "" || c.ClientSecret == "" || c.ReturnURL == "" || c.GoodbyeURL == "" {
		return nil, errors.New("franceconnect: a login needs a client id, its secret and both return addresses")
	}
	if c.MinACR == "" {
		c.MinACR = "eidas1"
	}
	if acrRank(c.MinACR) == 0 {
		return nil, errors.New("franceconnect: minimum acr must be eidas1, eidas2 or eidas3")
	}
	end, err := parseBase(c.BaseURL, "/session/end")
	if err != nil {
		return nil, err
	}
	base := strings.TrimSuffix(c.BaseURL, "/")
	if c.Issuer == "" {
		c.Issuer = base
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	var rt http.RoundTripper = newTransport()
	if c.HTTP != nil && c.HTTP.Transport != nil {
		rt = c.HTTP.Transport
	}
	return &Login{
		party: relying.New(relying.Config{
			Issuer: c.Issuer, AuthorizeURL: base + "/authorize", TokenURL: base + "/token", UserinfoURL: base + "/userinfo", JWKSURL: base + "/jwks",
			ClientID: c.ClientID, ClientSecret: c.ClientSecret, ReturnURL: c.ReturnURL, Scopes: loginScopes,
			Clock: c.Clock, HTTP: relying.Client(rt, c.Timeout),
		}),
		client: c.ClientID, end: *end, goodbye: c.GoodbyeURL, floor: c.MinACR,
	}, nil
}

// StartURL is where a browser begins a login. State and nonce are of 22
// characters or more. There is no PKCE: FranceConnect v2 refuses it
// (franceconnect.md §5).
func (l *Login) StartURL(state, nonce string) string {
	return l.party.StartURL(state, nonce, oauth2.SetAuthURLParam("acr_values", l.floor))
}

// Origin is the origin of FranceConnect's pages.
func (l *Login) Origin() string { return l.end.Scheme + "://" + l.end.Host }

// GoodbyeURL is where a browser ends the session at FranceConnect; it comes
// back to the registered address.
func (l *Login) GoodbyeURL(idToken, state string) string {
	u := l.end
	u.RawQuery = url.Values{"id_token_hint": {idToken}, "post_logout_redirect_uri": {l.goodbye}, "state": {state}}.Encode()
	return u.String()
}

// Finish trades what came back with the browser for an identity. The issuer is
// the parameter iss of the return. The id_token is kept for GoodbyeURL. It
// checks both signatures, iss, aud, exp, nonce, sub and acr; whether the state
// was ours is for who made it.
//
// Errors: jeton_invalide (nothing that was given proves an identity),
// niveau_insuffisant, franceconnect_indisponible, franceconnect_lent.
func (l *Login) Finish(ctx context.Context, code, issuer, nonce string) (a identity.Assertion, idToken string, err error) {
	in, err := l.party.Redeem(ctx, relying.Return{Code: code, Issuer: issuer, Nonce: nonce})
	if err != nil {
		return a, "", loginFault(err)
	}
	var claims struct {
		ACR string `json:"acr"`
	}
	if err := in.Proof.Claims(&claims); err != nil {
		return a, "", nonsense("ID_TOKEN_CLAIMS")
	}
	if acrRank(claims.ACR) == 0 || acrRank(claims.ACR) < acrRank(l.floor) {
		return a, "", fault.New(fault.NiveauInsuffisant, "franceconnect: login").Because("ACR_TOO_LOW")
	}
	a = identity.Assertion{
		Profile: identity.V2, Client: l.client, Subject: in.Proof.Subject, Scopes: in.Scopes, ACR: claims.ACR,
		IssuedAt: in.Proof.IssuedAt, ExpiresAt: in.Proof.Expiry,
	}
	who, err := l.party.Userinfo(ctx, in)
	if err != nil {
		return identity.Assertion{}, "", loginFault(err)
	}
	var c introspection // the same names as in a token check
	if who.Claims(&c) != nil {
		return identity.Assertion{}, "", nonsense("USERINFO_SUBJECT")
	}
	a.Pivot = identity.Pivot{
		FamilyName: c.FamilyName, GivenName: c.GivenName, GivenNames: c.GivenNames, Birthdate: c.Birthdate,
		Gender: c.Gender, Birthplace: c.Birthplace, Birthcountry: c.Birthcountry,
	}
	if !plausible(a) {
		return identity.Assertion{}, "", nonsense(reasonIdentity)
	}
	return a, in.Raw, nil
}

// loginFault is the fault for a failure of a login.
func loginFault(err error) error {
	var f *relying.Failure
	switch errors.As(err, &f); {
	case f == nil:
		return unavailable("CONNECTION_FAILED")
	case f.Class == relying.Refused:
		return invalid(f.Reason)
	case f.Class == relying.Late:
		return late(f.Reason)
	}
	return unavailable(f.Reason)
}
