package fcsim

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/go-jose/go-jose/v4"
)

// RotateKeys replaces the signing keys, as the real service does from time to
// time without notice.
func (s *Simulator) RotateKeys() error { return s.keys.Rotate() }

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
