package franceconnect

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"droits.example/droits/internal/identity"
)

// V2Config is the current FranceConnect and our registration there as a data
// provider. It holds a secret and prints as a mask.
type V2Config struct {
	BaseURL      string // such as https://fc.example/api/v2
	Issuer       string // the iss of its answers; default BaseURL
	ClientID     string // ours, as a data provider
	ClientSecret string
	Keys         KeySet
	// SigningAlgs and KeyAlgs narrow what is accepted: some of ES256, RS256
	// and of ECDH-ES, RSA-OAEP-256. Empty means all of them; anything else is
	// refused by New. The content encryption is always A256GCM.
	SigningAlgs []string
	KeyAlgs     []string
	// Skew is how far the instant of an answer may be from ours. Default 60 s,
	// at most 5 min.
	Skew time.Duration
}

// String redacts fmt.
func (V2Config) String() string { return "V2Config(•••)" }

// GoString redacts %#v.
func (V2Config) GoString() string { return "V2Config(•••)" }

const (
	defaultSkew     = time.Minute
	maxSkew         = 5 * time.Minute
	tokenLenV2      = 43 // 32 bytes in base64url
	introspectionCT = "application/token-introspection+jwt"
)

// protocolV2 is what the checks of one answer need.
type protocolV2 struct {
	issuer, clientID string
	skew             time.Duration
	clock            func() time.Time
	sign             []jose.SignatureAlgorithm
	encrypt          []jose.KeyAlgorithm
	private          []jose.JSONWebKey
	public           *keyCache
}

func (v *Verifier) addV2(c V2Config) error {
	check, err := parseBase(c.BaseURL, "/checktoken")
	if err != nil {
		return err
	}
	jwks, err := parseBase(c.BaseURL, "/jwks")
	if err != nil {
		return err
	}
	p, err := newProtocolV2(c)
	if err != nil {
		return err
	}
	p.clock = v.clock
	p.public = &keyCache{clock: v.clock, fetch: func(ctx context.Context) (reply, error) {
		return v.send(ctx, &request{http.MethodGet, jwks, http.Header{"Accept": {"application/jwk-set+json, application/json"}}, nil})
	}}
	v.keys = c.Keys
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {introspectionCT}}
	tail := "&client_id=" + url.QueryEscape(c.ClientID) + "&client_secret=" + url.QueryEscape(c.ClientSecret)
	v.v2 = &upstream{
		ping:  strings.Repeat("A", tokenLenV2),
		shape: shapeV2,
		ask: func(ctx context.Context, token string) (identity.Assertion, error) {
			return v.askV2(ctx, p, &request{http.MethodPost, check, header, []byte("token=" + token + tail)}, token)
		},
	}
	return nil
}

func newProtocolV2(c V2Config) (*protocolV2, error) {
	p := &protocolV2{issuer: c.Issuer, clientID: c.ClientID, skew: c.Skew, private: c.Keys.keys}
	if p.issuer == "" {
		p.issuer = strings.TrimSuffix(c.BaseURL, "/")
	}
	if p.skew == 0 {
		p.skew = defaultSkew
	}
	switch {
	case c.ClientID == "" || c.ClientSecret == "":
		return nil, errors.New("franceconnect: v2 needs a client id and a client secret")
	case p.skew < 0 || p.skew > maxSkew:
		return nil, errors.New("franceconnect: v2 skew must lie between 0 and 5 min")
	}
	var ok bool
	if p.sign, ok = narrow(c.SigningAlgs, jose.ES256, jose.RS256); !ok {
		return nil, errors.New("franceconnect: v2 signing algorithms are ES256 and RS256")
	}
	if p.encrypt, ok = narrow(c.KeyAlgs, jose.ECDH_ES, jose.RSA_OAEP_256); !ok {
		return nil, errors.New("franceconnect: v2 key algorithms are ECDH-ES and RSA-OAEP-256")
	}
	if !slices.ContainsFunc(p.private, func(k jose.JSONWebKey) bool {
		return slices.Contains(p.encrypt, jose.KeyAlgorithm(k.Algorithm))
	}) {
		return nil, errors.New("franceconnect: v2 has no decryption key for the key algorithms allowed")
	}
	return p, nil
}

// narrow turns an allow-list of the configuration into algorithms, all of
// them when it is empty; ok is false if one is not allowed at all.
func narrow[A ~string](wanted []string, allowed ...A) (out []A, ok bool) {
	if len(wanted) == 0 {
		return allowed, true
	}
	for _, w := range wanted {
		if !slices.Contains(allowed, A(w)) {
			return nil, false
		}
		out = append(out, A(w))
	}
	return out, true
}

// shapeV2: 43 characters of base64url, which a form carries unescaped.
func shapeV2(token string) bool {
	if len(token) != tokenLenV2 {
		return false
	}
	for _, c := range []byte(token) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

func (v *Verifier) askV2(ctx context.Context, p *protocolV2, r *request, token string) (identity.Assertion, error) {
	rep, err := v.send(ctx, r)
	if err != nil {
		return identity.Assertion{}, err
	}
	defer rep.release()
	switch rep.status {
	case http.StatusOK:
	case http.StatusUnauthorized, http.StatusForbidden:
		return identity.Assertion{}, unavailable("CREDENTIALS_REFUSED")
	case http.StatusBadRequest:
		return identity.Assertion{}, unavailable("REQUEST_REFUSED")
	case http.StatusTooManyRequests:
		return identity.Assertion{}, overloaded(rep.header)
	default:
		return identity.Assertion{}, unavailable("UNEXPECTED_STATUS")
	}
	if ct, _, err := mime.ParseMediaType(rep.header.Get("Content-Type")); err != nil || ct != introspectionCT {
		return identity.Assertion{}, nonsense("CONTENT_TYPE")
	}
	jws, err := p.open(string(rep.body))
	if err != nil {
		return identity.Assertion{}, err
	}
	payload, err := p.verify(ctx, jws)
	if err != nil {
		return identity.Assertion{}, err
	}
	return p.claims(payload, token)
}

// envelope is the outer level: it says for whom and when FranceConnect wrote
// the answer. There is no exp, jti or nonce at this level.
type envelope struct {
	Issuer        string          `json:"iss"`
	Audience      json.RawMessage `json:"aud"`
	IssuedAt      int64           `json:"iat"`
	Introspection *introspection  `json:"token_introspection"`
}

// introspection is what FranceConnect says of the token.
type introspection struct {
	Active       bool     `json:"active"`
	Audience     string   `json:"aud"` // the service provider's client
	Subject      string   `json:"sub"`
	IssuedAt     int64    `json:"iat"`
	ExpiresAt    int64    `json:"exp"`
	ACR          string   `json:"acr"`
	ID           string   `json:"jti"` // the access token itself
	Scope        *string  `json:"scope"`
	Gender       string   `json:"gender"`
	FamilyName   string   `json:"family_name"`
	GivenName    string   `json:"given_name"`
	GivenNames   []string `json:"given_name_array"`
	Birthdate    string   `json:"birthdate"`
	Birthplace   string   `json:"birthplace"`
	Birthcountry string   `json:"birthcountry"`
}

// claims checks a verified payload against the token presented. The official
// example checks the issuer only; without the rest, an answer about somebody
// else, or written for somebody else, would pass.
func (p *protocolV2) claims(payload []byte, token string) (identity.Assertion, error) {
	var e envelope
	if json.Unmarshal(payload, &e) != nil || e.Introspection == nil {
		return identity.Assertion{}, nonsense("PAYLOAD_MALFORMED")
	}
	now, in := p.clock(), e.Introspection
	iat := time.Unix(e.IssuedAt, 0)
	switch {
	case e.Issuer != p.issuer:
		return identity.Assertion{}, nonsense("ISS_MISMATCH")
	case !soleAudience(e.Audience, p.clientID):
		return identity.Assertion{}, invalid("AUD_MISMATCH")
	case iat.After(now.Add(p.skew)):
		return identity.Assertion{}, nonsense("IAT_FUTURE")
	case iat.Before(now.Add(-p.skew)):
		return identity.Assertion{}, nonsense("IAT_STALE")
	case !in.Active: // unknown, expired and revoked look the same
		return identity.Assertion{}, invalid("TOKEN_INACTIVE")
	case subtle.ConstantTimeCompare([]byte(in.ID), []byte(token)) != 1:
		return identity.Assertion{}, invalid("JTI_MISMATCH")
	case !now.Before(time.Unix(in.ExpiresAt, 0)):
		return identity.Assertion{}, invalid("TOKEN_EXPIRED")
	case time.Unix(in.IssuedAt, 0).After(now.Add(p.skew)) || in.IssuedAt >= in.ExpiresAt || in.IssuedAt <= 0:
		return identity.Assertion{}, invalid("TOKEN_TIMES")
	case in.Audience == "" || in.Subject == "" || in.Scope == nil:
		return identity.Assertion{}, nonsense("ANSWER_INCOMPLETE")
	}
	a := in.assertion()
	if !plausible(a) {
		return identity.Assertion{}, nonsense(reasonIdentity)
	}
	return a, nil
}

func (in *introspection) assertion() identity.Assertion {
	return identity.Assertion{
		Client: in.Audience, Subject: in.Subject, Scopes: strings.Fields(*in.Scope), ACR: in.ACR,
		IssuedAt: time.Unix(in.IssuedAt, 0), ExpiresAt: time.Unix(in.ExpiresAt, 0),
		Pivot: identity.Pivot{
			FamilyName: in.FamilyName, GivenName: in.GivenName, GivenNames: in.GivenNames,
			Birthdate: in.Birthdate, Gender: in.Gender,
			Birthplace: in.Birthplace, Birthcountry: in.Birthcountry,
		},
	}
}

// soleAudience reports whether aud is our client id, alone, as a string or as
// an array of one (RFC 7519 §4.1.3).
func soleAudience(aud json.RawMessage, want string) bool {
	var one string
	if json.Unmarshal(aud, &one) == nil {
		return one == want
	}
	var many []string
	return json.Unmarshal(aud, &many) == nil && len(many) == 1 && many[0] == want
}
