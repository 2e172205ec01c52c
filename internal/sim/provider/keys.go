package provider

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"sync"

	"github.com/go-jose/go-jose/v4"
)

// Algorithms of signatures.
const (
	SignES256 = "ES256"
	SignRS256 = "RS256"
)

// SigningKeys are a simulator's own, by algorithm. Rotate replaces them. They
// are safe for concurrent use.
type SigningKeys struct {
	mu     *sync.RWMutex
	byAlg  map[string]jose.JSONWebKey
	rsaToo bool
}

// NewSigningKeys makes a key for ES256, and one for RS256 when asked.
func NewSigningKeys(rsaToo bool) (SigningKeys, error) {
	k := SigningKeys{mu: new(sync.RWMutex), rsaToo: rsaToo}
	return k, k.Rotate()
}

// Rotate replaces every key.
func (k *SigningKeys) Rotate() error {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return errors.New("simulator: no signing key")
	}
	keys := map[string]jose.JSONWebKey{SignES256: {Key: ec, Algorithm: SignES256, Use: "sig"}}
	if k.rsaToo {
		rs, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return errors.New("simulator: no signing key")
		}
		keys[SignRS256] = jose.JSONWebKey{Key: rs, Algorithm: SignRS256, Use: "sig"}
	}
	for alg, key := range keys {
		sum, err := key.Thumbprint(crypto.SHA256)
		if err != nil {
			return errors.New("simulator: no signing key")
		}
		key.KeyID = base64.RawURLEncoding.EncodeToString(sum)
		keys[alg] = key
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.byAlg = keys
	return nil
}

// Get is the key of an algorithm.
func (k *SigningKeys) Get(alg string) jose.JSONWebKey {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.byAlg[alg]
}

// Public is the public halves, as a JWK Set.
func (k *SigningKeys) Public() jose.JSONWebKeySet {
	var set jose.JSONWebKeySet
	for _, alg := range []string{SignES256, SignRS256} {
		if key := k.Get(alg); key.Key != nil {
			set.Keys = append(set.Keys, key.Public())
		}
	}
	return set
}

// Sign returns a compact JWS whose header has alg and kid, and typ if given.
func Sign(key jose.JSONWebKey, claims any, typ string) (string, error) {
	opts := &jose.SignerOptions{}
	if typ != "" {
		opts = opts.WithType(jose.ContentType(typ))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(key.Algorithm), Key: key}, opts)
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return jws.CompactSerialize()
}
