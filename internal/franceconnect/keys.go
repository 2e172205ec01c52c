package franceconnect

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// KeySet is our private decryption keys, newest first. It prints as a mask;
// the zero value is empty. FranceConnect encrypts to the first public key of
// the algorithm that it has registered for us, and reads them at each call, so
// a new key put in front is used at once while the older still decrypts.
type KeySet struct{ keys []jose.JSONWebKey }

// String redacts fmt.
func (KeySet) String() string { return "KeySet(•••)" }

// GoString redacts %#v.
func (KeySet) GoString() string { return "KeySet(•••)" }

// MarshalText redacts encoding/json; SaveKeys is the only way to a file.
func (KeySet) MarshalText() ([]byte, error) { return []byte("•••"), nil }

// GenerateKeys makes one key for ECDH-ES (P-256) and one for RSA-OAEP-256
// (2048 bits). Ask FranceConnect for ECDH-ES: decrypting is six times cheaper.
func GenerateKeys() (KeySet, error) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return KeySet{}, fmt.Errorf("franceconnect: generate keys: %w", err)
	}
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return KeySet{}, fmt.Errorf("franceconnect: generate keys: %w", err)
	}
	return newKeySet([]jose.JSONWebKey{
		{Key: ec, Algorithm: string(jose.ECDH_ES), Use: "enc"},
		{Key: rs, Algorithm: string(jose.RSA_OAEP_256), Use: "enc"},
	})
}

// Before returns the keys of k followed by those of older: the set to use, and
// to publish, while a rotation is under way.
func (k KeySet) Before(older KeySet) KeySet {
	return KeySet{append(append([]jose.JSONWebKey(nil), k.keys...), older.keys...)}
}

// newKeySet checks each key and names it by its thumbprint.
func newKeySet(keys []jose.JSONWebKey) (KeySet, error) {
	for i := range keys {
		switch k := keys[i].Key.(type) {
		case *ecdsa.PrivateKey:
			if keys[i].Algorithm != string(jose.ECDH_ES) || k.Curve != elliptic.P256() {
				return KeySet{}, errors.New("franceconnect: an elliptic key must be P-256 for ECDH-ES")
			}
		case *rsa.PrivateKey:
			if keys[i].Algorithm != string(jose.RSA_OAEP_256) || k.N.BitLen() < 2048 {
				return KeySet{}, errors.New("franceconnect: an RSA key must have 2048 bits or more, for RSA-OAEP-256")
			}
		default:
			return KeySet{}, errors.New("franceconnect: a key is neither elliptic nor RSA, or is not private")
		}
		if keys[i].Use != "enc" {
			return KeySet{}, errors.New("franceconnect: a key is not for encryption")
		}
		t, err := keys[i].Thumbprint(crypto.SHA256)
		if err != nil {
			return KeySet{}, errors.New("franceconnect: a key cannot be named")
		}
		keys[i].KeyID = base64.RawURLEncoding.EncodeToString(t)
	}
	return KeySet{keys}, nil
}

// SaveKeys writes the private keys to a new file with mode 0600, as a JWK Set.
// An existing file is never replaced.
func SaveKeys(path string, k KeySet) error {
	b, err := json.MarshalIndent(jose.JSONWebKeySet{Keys: k.keys}, "", "  ")
	if err != nil {
		return errors.New("franceconnect: save keys: encoding failed")
	}
	f, err := os.OpenFile(filepath.Clean(path), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("franceconnect: save keys: %w", err)
	}
	_, err = f.Write(append(b, '\n'))
	if e := f.Sync(); err == nil {
		err = e
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		_ = os.Remove(f.Name()) // a part of a key would stand in the way of the next try
		return fmt.Errorf("franceconnect: save keys: %w", err)
	}
	return nil
}

// LoadKeys reads what SaveKeys wrote. A file that others than its owner may
// read is refused. A missing file is fs.ErrNotExist.
func LoadKeys(path string) (KeySet, error) {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return KeySet{}, fmt.Errorf("franceconnect: load keys: %w", err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return KeySet{}, fmt.Errorf("franceconnect: load keys: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return KeySet{}, errors.New("franceconnect: load keys: the file must be readable by its owner only (mode 0600)")
	}
	if info.Size() > maxAnswer {
		return KeySet{}, errors.New("franceconnect: load keys: the file is too large")
	}
	var set jose.JSONWebKeySet
	if json.NewDecoder(f).Decode(&set) != nil || len(set.Keys) == 0 { // the decoder's error may quote a key
		return KeySet{}, errors.New("franceconnect: load keys: the file is not a set of private keys")
	}
	return newKeySet(set.Keys)
}

// JWKS serves the public halves of our decryption keys: the jwks_uri
// registered at FranceConnect, which reads it at each check. Each key has use,
// alg and kid. It needs no authentication and may be cached.
func (v *Verifier) JWKS() http.Handler {
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, k := range v.keys.keys {
		set.Keys = append(set.Keys, k.Public())
	}
	body, err := json.Marshal(set)
	if err != nil { // every key was checked when it was loaded
		body = []byte(`{"keys":[]}`)
	}
	sum := sha256.Sum256(body)
	etag := `"` + hex.EncodeToString(sum[:8]) + `"`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		h.Set("Content-Type", "application/jwk-set+json")
		h.Set("Cache-Control", "public, max-age=300")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("ETag", etag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	})
}
