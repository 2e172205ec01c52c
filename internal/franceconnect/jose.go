package franceconnect

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"
)

// maxHeader bounds a protected header, in base64url characters.
const maxHeader = 4 << 10

// protected is what is read of a JOSE header before the library sees the
// token: every choice that an attacker could make is refused here, by name.
type protected struct {
	Alg  string          `json:"alg"`
	Enc  string          `json:"enc"`
	Kid  string          `json:"kid"`
	Zip  json.RawMessage `json:"zip"`
	Crit json.RawMessage `json:"crit"`
}

// header reads the protected header of a compact token of so many parts.
func header(token string, parts int) (protected, bool) {
	var h protected
	if strings.Count(token, ".") != parts-1 {
		return h, false
	}
	first, _, _ := strings.Cut(token, ".")
	if len(first) > maxHeader {
		return h, false
	}
	b, err := base64.RawURLEncoding.DecodeString(first)
	return h, err == nil && json.Unmarshal(b, &h) == nil
}

// open decrypts a compact JWE into the compact JWS that it must hold.
// FranceConnect sends no kid, so every key of the right algorithm is tried.
func (p *protocolV2) open(token string) (string, error) {
	h, ok := header(token, 5)
	switch {
	case !ok && strings.Count(token, ".") == 2:
		return "", nonsense("NOT_ENCRYPTED")
	case !ok:
		return "", nonsense("JWE_MALFORMED")
	case !slices.Contains(p.encrypt, jose.KeyAlgorithm(h.Alg)):
		return "", nonsense("JWE_ALG")
	case h.Enc != string(jose.A256GCM):
		return "", nonsense("JWE_ENC")
	case h.Zip != nil || h.Crit != nil:
		return "", nonsense("JWE_HEADER")
	}
	obj, err := jose.ParseEncryptedCompact(token, []jose.KeyAlgorithm{jose.KeyAlgorithm(h.Alg)}, []jose.ContentEncryption{jose.A256GCM})
	if err != nil {
		return "", nonsense("JWE_MALFORMED")
	}
	for _, k := range p.private {
		if k.Algorithm != h.Alg {
			continue
		}
		if plain, err := obj.Decrypt(k.Key); err == nil {
			return string(plain), nil
		}
	}
	return "", nonsense("JWE_DECRYPT")
}

// verify checks the signature of a compact JWS by a key of FranceConnect and
// returns the payload.
func (p *protocolV2) verify(ctx context.Context, token string) ([]byte, error) {
	h, ok := header(token, 3)
	switch {
	case !ok && json.Valid([]byte(token)):
		return nil, nonsense("NOT_SIGNED")
	case !ok:
		return nil, nonsense("JWS_MALFORMED")
	case !slices.Contains(p.sign, jose.SignatureAlgorithm(h.Alg)):
		return nil, nonsense("JWS_ALG")
	case h.Crit != nil:
		return nil, nonsense("JWS_HEADER")
	case h.Kid == "":
		return nil, nonsense("JWS_KID")
	}
	obj, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(h.Alg)})
	if err != nil {
		return nil, nonsense("JWS_MALFORMED")
	}
	key, err := p.public.find(ctx, h.Kid, h.Alg)
	if err != nil {
		return nil, err
	}
	payload, err := obj.Verify(key)
	if err != nil {
		return nil, nonsense("JWS_SIGNATURE")
	}
	return payload, nil
}

// FranceConnect's own keys are kept no longer than this, and an unknown kid
// makes them be fetched again no more often than that.
const (
	maxKeyAge    = 600 * time.Second
	refetchEvery = 10 * time.Second
	maxKeys      = 32
)

// keyCache holds FranceConnect's public signing keys.
type keyCache struct {
	clock func() time.Time
	fetch func(context.Context) (reply, error)

	flight    singleflight.Group
	mu        sync.Mutex
	keys      map[string]any // kid and alg → *ecdsa.PublicKey or *rsa.PublicKey
	until     time.Time
	refetchAt time.Time // not before
}

// find returns the key, fetching the set when it is old, or once when the kid
// is unknown. Errors: franceconnect_indisponible, franceconnect_lent.
func (c *keyCache) find(ctx context.Context, kid, alg string) (any, error) {
	now := c.clock()
	c.mu.Lock()
	key, fresh := c.keys[alg+" "+kid], now.Before(c.until)
	again := fresh && key == nil && !now.Before(c.refetchAt)
	if again {
		c.refetchAt = now.Add(refetchEvery)
	}
	c.mu.Unlock()
	if fresh && !again {
		if key == nil {
			return nil, nonsense("KID_UNKNOWN")
		}
		return key, nil
	}
	if _, err, _ := c.flight.Do("", func() (any, error) { return nil, c.refresh(ctx) }); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if key = c.keys[alg+" "+kid]; key == nil {
		return nil, nonsense("KID_UNKNOWN")
	}
	return key, nil
}

func (c *keyCache) refresh(ctx context.Context) error {
	rep, err := c.fetch(ctx)
	if err != nil {
		return err
	}
	defer rep.release()
	if rep.status != http.StatusOK {
		return unavailable("JWKS_STATUS")
	}
	ct, _, _ := mime.ParseMediaType(rep.header.Get("Content-Type"))
	if ct != "application/jwk-set+json" && ct != "application/json" {
		return nonsense("JWKS_CONTENT_TYPE")
	}
	keys, ok := parseKeys(rep.body)
	if !ok {
		return nonsense("JWKS_MALFORMED")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keys, c.until = keys, c.clock().Add(keyAge(rep.header))
	return nil
}

// parseKeys keeps the signing keys that ES256 or RS256 can use. A key of a
// kind that we do not know is skipped: FranceConnect may publish newer ones.
func parseKeys(body []byte) (map[string]any, bool) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(body, &set) != nil || len(set.Keys) > maxKeys {
		return nil, false
	}
	out := make(map[string]any)
	for _, raw := range set.Keys {
		var k jose.JSONWebKey
		if k.UnmarshalJSON(raw) != nil || k.KeyID == "" || k.Use != "" && k.Use != "sig" {
			continue
		}
		alg := ""
		switch pub := k.Key.(type) {
		case *ecdsa.PublicKey:
			if pub.Curve == elliptic.P256() {
				alg = string(jose.ES256)
			}
		case *rsa.PublicKey:
			if pub.N.BitLen() >= 2048 {
				alg = string(jose.RS256)
			}
		}
		if alg != "" && (k.Algorithm == "" || k.Algorithm == alg) {
			out[alg+" "+k.KeyID] = k.Key
		}
	}
	return out, len(out) > 0
}

// keyAge is the max-age that FranceConnect gives, at most maxKeyAge.
func keyAge(h http.Header) time.Duration {
	for _, d := range strings.Split(h.Get("Cache-Control"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(d), "=")
		if !strings.EqualFold(name, "max-age") {
			continue
		}
		if n, err := strconv.Atoi(value); err == nil && n >= 0 && n < int(maxKeyAge/time.Second) {
			return time.Duration(n) * time.Second
		}
	}
	return maxKeyAge
}
