// Package partner holds who calls us: organisations and their API keys. It
// hides how a key is made and recognised.
package partner

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
)

// Partner is an organisation. ID is a slug of ours; SIRET has 14 digits.
type Partner struct {
	ID        string
	Nom       string
	SIRET     string
	Kind      droits.Kind
	CreatedAt time.Time
}

// Check reports what is wrong with the partner before it is stored. Errors:
// parametre_invalide with the member's name.
func (p Partner) Check() error {
	switch {
	case !Slug(p.ID):
		return fault.New(fault.ParametreInvalide, "partner: check").On("id")
	case len(p.Nom) == 0 || len(p.Nom) > 200:
		return fault.New(fault.ParametreInvalide, "partner: check").On("nom")
	case p.SIRET != "" && !digits(p.SIRET, 14):
		return fault.New(fault.ParametreInvalide, "partner: check").On("siret")
	case p.Kind != droits.Etablissement && p.Kind != droits.OrganismeComplementaire && p.Kind != droits.Editeur:
		return fault.New(fault.ParametreInvalide, "partner: check").On("kind")
	}
	return nil
}

// Environment is what an instance and a key are made for.
type Environment string

// The two environments: a key of one is refused by the other.
const (
	Sandbox    Environment = "sandbox"
	Production Environment = "production"
)

// Prefix is how a key of the environment begins: "test_" or "live_".
func (e Environment) Prefix() string {
	if e == Production {
		return "live_"
	}
	return "test_"
}

// Key is a stored API key. The secret itself is not in it: it is shown once,
// when it is made, and recognised afterwards by its keyed digest.
type Key struct {
	ID           string // public, for logs, traces and revocation
	ConventionID string
	Digest       []byte // HMAC-SHA-256 under a key of the deployment
	Last4        string
	Environment  Environment
	CreatedAt    time.Time
	ExpiresAt    time.Time     // zero = never
	RevokedAt    time.Time     // zero = live
	ClientKey    string        // public key (JWK) under which the partner's software signs its assertions, "" when none
	SuspendedAt  time.Time     // zero = not suspended
	SuspendedFor string        // the Alarm for which it is
	Vendor       string        // the software vendor whose key it is, which has no convention; "" for any other
	LastOn       civil.Date    // last day of use that was noted, zero = never; filled in lists alone
	Certificates []Certificate // that its software may present, where the convention wants one
}

// Certificate is a client certificate bound to an API key, by its fingerprint:
// the certificate itself is not kept.
type Certificate struct {
	Digest [sha256.Size]byte // SHA-256 of its DER form
	EndsAt time.Time         // the end that it states
}

// MostCertificates is how many certificates may be bound to a key at a time.
const MostCertificates = 4

// Delegation lets a software vendor call under a convention, for its partner,
// until either side ends it.
type Delegation struct {
	Vendor     string    `json:"vendor"`
	Convention string    `json:"convention"`
	Partner    string    `json:"partner"` // whose convention it is
	SIRET      string    `json:"siret"`   // by which calls name it
	CreatedAt  time.Time `json:"created_at"`
	EndedAt    time.Time `json:"ended_at,omitzero"` // zero = it holds
	EndedBy    Side      `json:"ended_by,omitempty"`
}

// Side is who ends a delegation.
type Side string

// The sides: each may end it alone, and the operator for either.
const (
	ByOrganisation Side = "organisme"
	ByVendor       Side = "editeur"
	ByOperator     Side = "exploitant"
)

// Valid reports whether the side exists.
func (s Side) Valid() bool { return s == ByOrganisation || s == ByVendor || s == ByOperator }

// MostKeys is how many keys of a convention, or of a vendor, are live at a time:
// one and its successor.
const MostKeys = 2

// LiveAt reports whether the key can be used at an instant.
func (k Key) LiveAt(t time.Time) bool {
	return (k.RevokedAt.IsZero() || t.Before(k.RevokedAt)) && (k.ExpiresAt.IsZero() || t.Before(k.ExpiresAt))
}

// NewSecret makes the secret of a key: the environment's prefix and 32 random
// bytes in base64url.
func NewSecret(e Environment) string {
	b := make([]byte, 32)
	rand.Read(b) // never fails since Go 1.24
	return e.Prefix() + base64.RawURLEncoding.EncodeToString(b)
}

// NewID makes a public identifier with the given prefix.
func NewID(prefix string) string {
	b := make([]byte, 9)
	rand.Read(b)
	return prefix + "_" + base64.RawURLEncoding.EncodeToString(b)
}

// LooksLikeKey reports whether the text has the shape of a key of the
// environment; it says nothing of whether the key exists.
func LooksLikeKey(s string, e Environment) bool {
	p := e.Prefix()
	return len(s) >= len(p)+16 && len(s) <= 128 && s[:len(p)] == p
}

// Slug reports whether s is 2–40 of [a-z0-9-], beginning with a letter.
func Slug(s string) bool {
	if len(s) < 2 || len(s) > 40 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for _, c := range []byte(s) {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-') {
			return false
		}
	}
	return true
}

func digits(s string, n int) bool {
	if len(s) != n {
		return false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
