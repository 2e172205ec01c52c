// Package clientauth checks how a partner's software proves itself beyond its
// API key. It hides JOSE and what must be remembered so that a proof counts
// once.
//
// Source: requirements.md R73; the claims follow RFC 7523 (client assertions).
package clientauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
)

// The bounds of an assertion.
const (
	// MaxLife is how long after its issue an assertion may end.
	MaxLife = time.Minute
	// Skew is how far ahead of ours the partner's clock may be.
	Skew = 30 * time.Second

	maxAssertion = 4096 // bytes
)

// Assertions checks the assertions of all partners. It is safe for concurrent
// use.
type Assertions struct {
	audience string
	clock    func() time.Time
	since    time.Time // what was issued before is not taken: it may have been taken by the process before
	once     *partner.Once
}

// New checks assertions made for an audience, the base URL of the API. What
// remembers those that were taken is shared by all who must not take them again.
func New(audience string, clock func() time.Time, once *partner.Once) *Assertions {
	return &Assertions{audience: audience, clock: clock, since: clock(), once: once}
}

// ParseKey reads a public key, ES256 or EdDSA, as a JWK. Errors:
// parametre_invalide on jwk, also for a private key.
func ParseKey(text string) (crypto.PublicKey, error) {
	bad := fault.New(fault.ParametreInvalide, "clientauth: key").On("jwk")
	var k jose.JSONWebKey
	if len(text) > maxAssertion || k.UnmarshalJSON([]byte(text)) != nil || !k.Valid() || !k.IsPublic() {
		return nil, bad
	}
	switch key := k.Key.(type) {
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() {
			return key, nil
		}
	case ed25519.PublicKey:
		return key, nil
	}
	return nil, bad
}

func refused(reason string) error {
	return fault.New(fault.AssertionInvalide, "clientauth: assertion").Because(reason)
}

// Check accepts an assertion once: signed by the key (a JWK) of that API key,
// issued by it and about it (iss = sub = keyID), for this API (aud), ending
// within MaxLife of its issue and not yet, with a jti that was not seen.
// Errors: assertion_invalide, one answer for all; the reason is for the trace.
func (a *Assertions) Check(keyID, jwk, raw string) error {
	if raw == "" {
		return refused("ASSERTION_ABSENT")
	}
	key, err := ParseKey(jwk)
	if err != nil {
		return refused("ASSERTION_NO_KEY")
	}
	alg := jose.ES256
	if _, ok := key.(ed25519.PublicKey); ok {
		alg = jose.EdDSA
	}
	if len(raw) > maxAssertion {
		return refused("ASSERTION_TOO_LONG")
	}
	parsed, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{alg})
	if err != nil {
		return refused("ASSERTION_SHAPE")
	}
	var c jwt.Claims
	if parsed.Claims(key, &c) != nil {
		return refused("ASSERTION_SIGNATURE")
	}
	return a.claims(keyID, &c)
}

func (a *Assertions) claims(keyID string, c *jwt.Claims) error {
	now := a.clock()
	if c.Issuer != keyID || c.Subject != keyID {
		return refused("ASSERTION_ISSUER")
	}
	if len(c.Audience) != 1 || strings.TrimSuffix(c.Audience[0], "/") != strings.TrimSuffix(a.audience, "/") {
		return refused("ASSERTION_AUDIENCE")
	}
	if c.Expiry == nil || c.IssuedAt == nil {
		return refused("ASSERTION_TIMES")
	}
	issued, ends := c.IssuedAt.Time(), c.Expiry.Time()
	switch {
	case ends.Sub(issued) > MaxLife || !ends.After(issued) || issued.After(now.Add(Skew)) || c.NotBefore != nil && c.NotBefore.Time().After(now.Add(Skew)):
		return refused("ASSERTION_TIMES")
	case !now.Before(ends):
		return refused("ASSERTION_EXPIRED")
	case issued.Before(a.since.Add(-time.Second)):
		return refused("ASSERTION_BEFORE_START")
	case len(c.ID) < 8 || len(c.ID) > 128:
		return refused("ASSERTION_JTI")
	}
	if !a.once.First(sha256.Sum256([]byte(keyID+"\x00"+c.ID)), ends, now) {
		return refused("ASSERTION_REPLAYED")
	}
	return nil
}
