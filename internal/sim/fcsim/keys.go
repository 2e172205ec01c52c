package fcsim

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"

	"github.com/go-jose/go-jose/v4"
)

// signingKeys are the simulator's own, by algorithm. Rotate replaces them.
type signingKeys struct {
	mu     *sync.RWMutex
	byAlg  map[string]jose.JSONWebKey
	rsaToo bool
}

func newSigningKeys(rsaToo bool) (signingKeys, error) {
	k := signingKeys{mu: new(sync.RWMutex), rsaToo: rsaToo}
	return k, k.generate()
}

func (k *signingKeys) generate() error {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return errors.New("fcsim: no signing key")
	}
	keys := map[string]jose.JSONWebKey{SignES256: {Key: ec, Algorithm: SignES256, Use: "sig"}}
	if k.rsaToo {
		rs, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return errors.New("fcsim: no signing key")
		}
		keys[SignRS256] = jose.JSONWebKey{Key: rs, Algorithm: SignRS256, Use: "sig"}
	}
	for alg, key := range keys {
		sum, err := key.Thumbprint(crypto.SHA256)
		if err != nil {
			return errors.New("fcsim: no signing key")
		}
		key.KeyID = base64.RawURLEncoding.EncodeToString(sum)
		keys[alg] = key
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.byAlg = keys
	return nil
}

func (k *signingKeys) get(alg string) jose.JSONWebKey {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.byAlg[alg]
}

func (k *signingKeys) public() jose.JSONWebKeySet {
	var set jose.JSONWebKeySet
	for _, alg := range []string{SignES256, SignRS256} {
		if key := k.get(alg); key.Key != nil {
			set.Keys = append(set.Keys, key.Public())
		}
	}
	return set
}

// RotateKeys replaces the signing keys, as the real service does from time to
// time without notice.
func (s *Simulator) RotateKeys() error { return s.keys.generate() }

// sign returns a compact JWS whose header has alg and kid, and typ if given.
func sign(key jose.JSONWebKey, claims any, typ string) (string, error) {
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

// signHS256 is done by hand: clients' secrets may be shorter than what the
// library accepts.
func signHS256(secret []byte, header string, claims any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signed := b64(header) + "." + b64(string(payload))
	return signed + "." + b64(string(macHS256(secret, signed))), nil
}

func macHS256(secret []byte, signed string) []byte {
	mac := hmac.New(sha256.New, secret)
	_, _ = io.WriteString(mac, signed)
	return mac.Sum(nil)
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// encrypt returns a compact JWE with only alg, enc and epk in its header.
func encrypt(plain string, alg jose.KeyAlgorithm, enc jose.ContentEncryption, key any) (string, error) {
	e, err := jose.NewEncrypter(enc, jose.Recipient{Algorithm: alg, Key: key}, nil)
	if err != nil {
		return "", err
	}
	obj, err := e.Encrypt([]byte(plain))
	if err != nil {
		return "", err
	}
	return obj.CompactSerialize()
}

// providerKey fetches the data provider's keys, each time, and takes the first
// for encryption with the algorithm registered. Every key must say its use
// and algorithm.
func (s *Simulator) providerKey(ctx context.Context, p *DataProvider) (any, error) {
	bad := errors.New("fcsim: the data provider's keys cannot be used")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.JWKSURL, nil)
	if err != nil {
		return nil, bad
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return nil, bad
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil || resp.StatusCode != http.StatusOK {
		return nil, bad
	}
	var set jose.JSONWebKeySet
	if json.NewDecoder(bytes.NewReader(body)).Decode(&set) != nil {
		return nil, bad
	}
	var found any
	for _, k := range set.Keys {
		if k.Use == "" || k.Algorithm == "" || !k.IsPublic() {
			return nil, bad
		}
		if found == nil && k.Use == "enc" && k.Algorithm == p.KeyAlg {
			found = k.Key
		}
	}
	if found == nil {
		return nil, bad
	}
	return found, nil
}
