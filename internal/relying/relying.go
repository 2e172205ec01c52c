// Package relying hides how a code that a browser brings back becomes a
// verified identity: the relying party's side of OpenID Connect.
//
// What a login means (levels, identities, organisations) is for those who use
// it, and so are the codes of their errors: it answers a Failure.
package relying

import (
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Class says whose failure it is.
type Class uint8

// The classes of failures.
const (
	Refused Class = iota + 1 // nothing that was given proves an identity
	Broken                   // the provider failed, answered nonsense or refused our credentials
	Late                     // the provider did not answer in time
)

// Failure is why a login did not end: its class, and a reason in UPPER_SNAKE
// for the log. The texts of the libraries stay here, because they quote what
// the other side sent.
type Failure struct {
	Class  Class
	Reason string
}

// Error is the reason.
func (f *Failure) Error() string { return "relying: " + f.Reason }

// Config says which provider, and who we are for it. It holds a secret and
// prints as a mask.
type Config struct {
	Issuer, AuthorizeURL, TokenURL, UserinfoURL, JWKSURL string
	ClientID, ClientSecret                               string
	ReturnURL                                            string
	Scopes                                               []string
	Algorithms                                           []string // of signatures; ES256 and RS256 when empty
	Clock                                                func() time.Time
	HTTP                                                 *http.Client // as Client makes them
}

// String redacts fmt.
func (Config) String() string { return "relying.Config(•••)" }

// GoString redacts %#v.
func (Config) GoString() string { return "relying.Config(•••)" }

// Party is us, for one provider. It is safe for concurrent use.
type Party struct {
	oauth    oauth2.Config
	issuer   string
	userinfo string
	verifier *oidc.IDTokenVerifier
	client   *http.Client
}

// New makes a Party without a call: keys are read at the first login.
func New(c Config) *Party {
	if len(c.Algorithms) == 0 {
		c.Algorithms = []string{oidc.ES256, oidc.RS256}
	}
	keys := oidc.NewRemoteKeySet(oidc.ClientContext(context.Background(), c.HTTP), c.JWKSURL)
	return &Party{
		oauth: oauth2.Config{
			ClientID: c.ClientID, ClientSecret: c.ClientSecret, RedirectURL: c.ReturnURL, Scopes: c.Scopes,
			Endpoint: oauth2.Endpoint{AuthURL: c.AuthorizeURL, TokenURL: c.TokenURL, AuthStyle: oauth2.AuthStyleInParams},
		},
		issuer: c.Issuer, userinfo: c.UserinfoURL, client: c.HTTP,
		verifier: oidc.NewVerifier(c.Issuer, keys, &oidc.Config{ClientID: c.ClientID, SupportedSigningAlgs: c.Algorithms, Now: c.Clock}),
	}
}

// maxAnswer bounds every answer of a provider, in bytes.
const maxAnswer = 64 << 10

// Client is an HTTP client for a provider: every answer bounded, no redirection
// followed, no proxy read from the environment. rt may be nil.
func Client(rt http.RoundTripper, timeout time.Duration) *http.Client {
	if rt == nil {
		rt = &http.Transport{
			DialContext: (&net.Dialer{Timeout: timeout}).DialContext, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 16,
			IdleConnTimeout: 60 * time.Second, TLSHandshakeTimeout: timeout, MaxResponseHeaderBytes: 16 << 10, DisableCompression: true,
		}
	}
	return &http.Client{Transport: bounded{rt}, Timeout: timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
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
// characters or more, and guessed by nobody.
func (p *Party) StartURL(state, nonce string, opts ...oauth2.AuthCodeOption) string {
	return p.oauth.AuthCodeURL(state, append(opts, oidc.Nonce(nonce))...)
}

// Return is what came back with the browser, and the nonce with which it left.
type Return struct{ Code, Issuer, Nonce string }

// Login is a verified id_token and what came with it. It prints as a mask.
type Login struct {
	Proof  *oidc.IDToken
	Raw    string   // the id_token
	Scopes []string // granted
	access string
}

// String redacts fmt.
func (Login) String() string { return "relying.Login(•••)" }

// GoString redacts %#v.
func (Login) GoString() string { return "relying.Login(•••)" }

// Redeem trades a code for a verified id_token: its signature, iss, aud (us
// alone), exp, nonce and sub are checked, and the parameter iss of the return.
// Whether the state was ours is for who made it. Errors: *Failure.
func (p *Party) Redeem(ctx context.Context, r Return, opts ...oauth2.AuthCodeOption) (l Login, err error) {
	if r.Code == "" || r.Nonce == "" || subtle.ConstantTimeCompare([]byte(r.Issuer), []byte(p.issuer)) != 1 {
		return l, &Failure{Refused, "LOGIN_RETURN"}
	}
	ctx = oidc.ClientContext(ctx, p.client)
	tokens, err := p.oauth.Exchange(ctx, r.Code, opts...)
	if err != nil {
		return l, exchangeFailure(ctx, err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	granted, _ := tokens.Extra("scope").(string)
	proof, err := p.verifier.Verify(ctx, raw)
	if err != nil {
		return l, verifyFailure(ctx, err, "ID_TOKEN")
	}
	switch {
	case subtle.ConstantTimeCompare([]byte(proof.Nonce), []byte(r.Nonce)) != 1:
		return l, &Failure{Refused, "NONCE_MISMATCH"}
	case proof.Subject == "" || len(proof.Audience) != 1:
		return l, &Failure{Broken, "ID_TOKEN_CLAIMS"}
	}
	return Login{Proof: proof, Raw: raw, Scopes: strings.Fields(granted), access: tokens.AccessToken}, nil
}

// Userinfo reads the signed userinfo of the person who has just logged in: its
// signature, iss, aud, exp and sub are checked. One that is not signed is
// refused. Errors: *Failure.
func (p *Party) Userinfo(ctx context.Context, l Login) (*oidc.IDToken, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.userinfo, nil)
	if err != nil {
		return nil, &Failure{Broken, "USERINFO_REQUEST"}
	}
	req.Header.Set("Authorization", "Bearer "+l.access)
	resp, err := p.client.Do(req)
	if err != nil {
		return nil, CallFailure(ctx, err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, CallFailure(ctx, err)
	}
	if ct, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || ct != "application/jwt" || resp.StatusCode != http.StatusOK {
		return nil, &Failure{Broken, "USERINFO_UNSIGNED"}
	}
	proof, err := p.verifier.Verify(oidc.ClientContext(ctx, p.client), string(raw))
	if err != nil {
		return nil, verifyFailure(ctx, err, "USERINFO")
	}
	if subtle.ConstantTimeCompare([]byte(proof.Subject), []byte(l.Proof.Subject)) != 1 {
		return nil, &Failure{Broken, "USERINFO_SUBJECT"}
	}
	return proof, nil
}

// exchangeFailure tells a refused code from a provider that fails.
func exchangeFailure(ctx context.Context, err error) *Failure {
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused) && refused.ErrorCode == "invalid_grant":
		return &Failure{Refused, "CODE_REFUSED"}
	case errors.As(err, &refused) && refused.Response.StatusCode < 500:
		return &Failure{Broken, "CREDENTIALS_REFUSED"}
	case errors.As(err, &refused):
		return &Failure{Broken, "UNEXPECTED_STATUS"}
	}
	return CallFailure(ctx, err)
}

// verifyFailure tells a token that proves nothing from keys that cannot be
// read.
func verifyFailure(ctx context.Context, err error, what string) *Failure {
	var transport *url.Error
	if errors.As(err, &transport) || ctx.Err() != nil {
		return CallFailure(ctx, err)
	}
	var expired *oidc.TokenExpiredError
	if errors.As(err, &expired) {
		return &Failure{Refused, what + "_EXPIRED"}
	}
	return &Failure{Broken, what + "_UNVERIFIED"}
}

// CallFailure tells a call that came too late from one that failed.
func CallFailure(ctx context.Context, err error) *Failure {
	var t interface{ Timeout() bool }
	if ctx.Err() != nil || errors.As(err, &t) && t.Timeout() {
		return &Failure{Late, "TIMEOUT"}
	}
	return &Failure{Broken, "CONNECTION_FAILED"}
}
