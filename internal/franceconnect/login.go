package franceconnect

import (
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/identity"
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
	config   oauth2.Config
	issuer   string
	userinfo string
	end      url.URL
	goodbye  string
	floor    string
	verifier *oidc.IDTokenVerifier
	client   *http.Client
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
	client := &http.Client{Transport: bounded{rt}, Timeout: c.Timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	keys := oidc.NewRemoteKeySet(oidc.ClientContext(context.Background(), client), base+"/jwks")
	return &Login{
		config: oauth2.Config{
			ClientID: c.ClientID, ClientSecret: c.ClientSecret, RedirectURL: c.ReturnURL, Scopes: loginScopes,
			Endpoint: oauth2.Endpoint{AuthURL: base + "/authorize", TokenURL: base + "/token", AuthStyle: oauth2.AuthStyleInParams},
		},
		issuer: c.Issuer, userinfo: base + "/userinfo", end: *end, goodbye: c.GoodbyeURL, floor: c.MinACR, client: client,
		verifier: oidc.NewVerifier(c.Issuer, keys, &oidc.Config{ClientID: c.ClientID, SupportedSigningAlgs: []string{oidc.ES256, oidc.RS256}, Now: c.Clock}),
	}, nil
}

// bounded cuts every answer at maxAnswer: what is longer is not one.
type bounded struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	}
	return resp, err
}

// StartURL is where a browser begins a login. State and nonce are of 22
// characters or more. There is no PKCE: FranceConnect v2 refuses it
// (franceconnect.md §5).
func (l *Login) StartURL(state, nonce string) string {
	return l.config.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.SetAuthURLParam("acr_values", l.floor))
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
	if code == "" || nonce == "" || subtle.ConstantTimeCompare([]byte(issuer), []byte(l.issuer)) != 1 {
		return a, "", invalid("LOGIN_RETURN")
	}
	ctx = oidc.ClientContext(ctx, l.client)
	tokens, err := l.config.Exchange(ctx, code)
	if err != nil {
		return a, "", exchangeFault(ctx, err)
	}
	idToken, _ = tokens.Extra("id_token").(string)
	granted, _ := tokens.Extra("scope").(string)
	proof, err := l.verifier.Verify(ctx, idToken)
	if err != nil {
		return a, "", verifyFault(ctx, err, "ID_TOKEN")
	}
	var claims struct {
		ACR string `json:"acr"`
	}
	if err := proof.Claims(&claims); err != nil {
		return a, "", nonsense("ID_TOKEN_CLAIMS")
	}
	switch {
	case subtle.ConstantTimeCompare([]byte(proof.Nonce), []byte(nonce)) != 1:
		return a, "", invalid("NONCE_MISMATCH")
	case proof.Subject == "" || len(proof.Audience) != 1:
		return a, "", nonsense("ID_TOKEN_CLAIMS")
	case acrRank(claims.ACR) == 0 || acrRank(claims.ACR) < acrRank(l.floor):
		return a, "", fault.New(fault.NiveauInsuffisant, "franceconnect: login").Because("ACR_TOO_LOW")
	}
	a = identity.Assertion{
		Profile: identity.V2, Client: l.config.ClientID, Subject: proof.Subject, Scopes: strings.Fields(granted), ACR: claims.ACR,
		IssuedAt: proof.IssuedAt, ExpiresAt: proof.Expiry,
	}
	if a.Pivot, err = l.who(ctx, tokens.AccessToken, proof.Subject); err != nil {
		return identity.Assertion{}, "", err
	}
	if !plausible(a) {
		return identity.Assertion{}, "", nonsense(reasonIdentity)
	}
	return a, idToken, nil
}

// who reads the signed userinfo of the subject.
func (l *Login) who(ctx context.Context, token, subject string) (p identity.Pivot, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.userinfo, nil)
	if err != nil {
		return p, unavailable("USERINFO_REQUEST")
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := l.client.Do(req)
	if err != nil {
		return p, broken(ctx, err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return p, broken(ctx, err)
	}
	if ct, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || ct != "application/jwt" || resp.StatusCode != http.StatusOK {
		return p, nonsense("USERINFO_UNSIGNED")
	}
	proof, err := l.verifier.Verify(ctx, string(raw))
	if err != nil {
		return p, verifyFault(ctx, err, "USERINFO")
	}
	var c introspection // the same names as in a token check
	if proof.Claims(&c) != nil || subtle.ConstantTimeCompare([]byte(proof.Subject), []byte(subject)) != 1 {
		return p, nonsense("USERINFO_SUBJECT")
	}
	return identity.Pivot{
		FamilyName: c.FamilyName, GivenName: c.GivenName, GivenNames: c.GivenNames, Birthdate: c.Birthdate,
		Gender: c.Gender, Birthplace: c.Birthplace, Birthcountry: c.Birthcountry,
	}, nil
}

// exchangeFault tells a refused code from a FranceConnect that fails. The
// causes stay here: their texts quote what the other side sent.
func exchangeFault(ctx context.Context, err error) error {
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused) && refused.ErrorCode == "invalid_grant":
		return invalid("CODE_REFUSED")
	case errors.As(err, &refused) && refused.Response.StatusCode < 500:
		return unavailable("CREDENTIALS_REFUSED")
	case errors.As(err, &refused):
		return unavailable("UNEXPECTED_STATUS")
	}
	return broken(ctx, err)
}

// verifyFault tells a token that proves nothing from keys that cannot be read.
func verifyFault(ctx context.Context, err error, what string) error {
	var transport *url.Error
	if errors.As(err, &transport) || ctx.Err() != nil {
		return broken(ctx, err)
	}
	var expired *oidc.TokenExpiredError
	if errors.As(err, &expired) {
		return invalid(what + "_EXPIRED")
	}
	return nonsense(what + "_UNVERIFIED")
}

func broken(ctx context.Context, err error) error {
	if isTimeout(ctx, err) {
		return late("TIMEOUT")
	}
	return unavailable("CONNECTION_FAILED")
}
