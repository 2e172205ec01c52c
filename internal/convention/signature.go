package convention

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"droits.example/droits/internal/fault"
)

// Party is one of the two who sign.
type Party string

// The parties.
const (
	Operator Party = "operator"
	Partner  Party = "partner"
)

// Signature is what a party signed: Ed25519 over SignedBytes, under a key that
// the party has registered. Key and Value are in base64.
type Signature struct {
	Party Party     `json:"party"`
	Key   string    `json:"key"`
	At    time.Time `json:"at"` // when it was received; not signed
	Value string    `json:"value"`
}

// signDomain separates what is signed here from anything else that a key signs.
const signDomain = "api-droits/convention/v1\n"

// SignedBytes are what a party signs: a domain, the party, and the canonical
// document. A file of these bytes can be signed by any tool that speaks Ed25519.
func (c Convention) SignedBytes(p Party) []byte {
	return append([]byte(signDomain+string(p)+"\n"), c.Canonical...)
}

// Sign makes the signature of a party.
func (c Convention) Sign(p Party, key ed25519.PrivateKey, at time.Time) Signature {
	return Signature{
		Party: p, At: at.UTC().Truncate(time.Second), Value: base64.StdEncoding.EncodeToString(ed25519.Sign(key, c.SignedBytes(p))),
		Key: base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey)),
	}
}

// Signed is the convention with the signatures of both parties added.
func (c Convention) Signed(operator, partner ed25519.PrivateKey, at time.Time) Convention {
	c.Signatures = append(slices.Clone(c.Signatures), c.Sign(Operator, operator, at), c.Sign(Partner, partner, at))
	return c
}

// Verify checks one signature. That the party registered the key is not
// checked. Errors: parametre_invalide on signature.
func (c Convention) Verify(s Signature) error {
	wrong := fault.New(fault.ParametreInvalide, "convention: verify").On("signature").Because("SIGNATURE_WRONG")
	if s.Party != Operator && s.Party != Partner {
		return wrong
	}
	key, err := ParsePublicKey(s.Key)
	if err != nil {
		return wrong
	}
	value, err := base64.StdEncoding.Strict().DecodeString(s.Value)
	if err != nil || len(value) != ed25519.SignatureSize || !ed25519.Verify(key, c.SignedBytes(s.Party), value) {
		return wrong
	}
	return nil
}

// ParsePublicKey reads an Ed25519 public key in base64. A point of small order
// is none: under it anybody makes signatures that verify. Errors:
// parametre_invalide on key.
func ParsePublicKey(text string) (ed25519.PublicKey, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != ed25519.PublicKeySize || smallOrder(b) {
		return nil, bad("key")
	}
	return b, nil
}

// smallOrder reports one of the points of order 1, 2, 4 or 8, however it is
// encoded: y is 0, 1, -1 or one of the two values of order 8 (RFC 7748 §7).
func smallOrder(key []byte) bool {
	y := hex.EncodeToString(key[:31]) + hex.EncodeToString([]byte{key[31] & 0x7f}) // x has but a sign
	middle := strings.Repeat("ff", 30)
	return slices.Contains([]string{
		strings.Repeat("00", 32), "01" + strings.Repeat("00", 31), "ec" + middle + "7f", "ed" + middle + "7f", "ee" + middle + "7f",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	}, y)
}

// SignedBy reports whether a party signed this very document under one of its
// keys, in base64.
func (c Convention) SignedBy(p Party, keys []string) bool {
	return slices.ContainsFunc(c.Signatures, func(s Signature) bool {
		return s.Party == p && slices.Contains(keys, s.Key) && c.Verify(s) == nil
	})
}

// Unsigned is why a convention cannot come into force: nil once both parties
// have signed it under the keys given. Errors: signature_manquante.
func (c Convention) Unsigned(operator, partner []string) error {
	for _, x := range []struct {
		party  Party
		keys   []string
		reason string
	}{{Operator, operator, "UNSIGNED_OPERATOR"}, {Partner, partner, "UNSIGNED_PARTNER"}} {
		if !c.SignedBy(x.party, x.keys) {
			return fault.New(fault.SignatureManquante, "convention: signatures").On("signature").Because(x.reason)
		}
	}
	return nil
}
