package partners

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

func TestIDToken(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	priv, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &priv.PublicKey, KeyID: "k1", Use: "sig", Algorithm: "ES256"}}})
	}))
	defer keys.Close()
	conn := func(profile string) *connector {
		return &connector{FCClient: FCClient{Profile: profile, Issuer: "https://fc.example", ID: "client", Secret: sharedSecret, JWKSURL: keys.URL},
			http: http.DefaultClient, clock: func() time.Time { return now }}
	}
	sign := func(alg jose.SignatureAlgorithm, key any, change func(map[string]any)) string {
		claims := map[string]any{"iss": "https://fc.example", "aud": "client", "nonce": "n", "iat": now.Unix(), "exp": now.Add(time.Minute).Unix()}
		if change != nil {
			change(claims)
		}
		s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", "k1"))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := jwt.Signed(s).Claims(claims).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	secret := []byte(sharedSecret)
	none := "eyJhbGciOiJub25lIn0." + strings.Split(sign(jose.HS256, secret, nil), ".")[1] + "."
	for _, c := range []struct {
		what, profile, raw string
		ok                 bool
	}{
		{"a v1 token signed with the secret is taken", v1, sign(jose.HS256, secret, nil), true},
		{"a v2 token signed with a published key is taken", v2, sign(jose.ES256, priv, nil), true},
		{"alg none is refused", v1, none, false},
		{"alg none is refused in v2", v2, none, false},
		{"a v2 token signed with the secret is refused", v2, sign(jose.HS256, secret, nil), false},
		{"a v1 token signed with a key is refused", v1, sign(jose.ES256, priv, nil), false},
		{"another secret is refused", v1, sign(jose.HS256, bytes.Repeat([]byte("x"), 48), nil), false},
		{"an unpublished key is refused", v2, sign(jose.ES256, other, nil), false},
		{"another issuer is refused", v1, sign(jose.HS256, secret, func(m map[string]any) { m["iss"] = "https://x" }), false},
		{"another audience is refused", v1, sign(jose.HS256, secret, func(m map[string]any) { m["aud"] = "x" }), false},
		{"another nonce is refused", v2, sign(jose.ES256, priv, func(m map[string]any) { m["nonce"] = "m" }), false},
		{"a missing nonce is refused", v2, sign(jose.ES256, priv, func(m map[string]any) { delete(m, "nonce") }), false},
		{"an expired token is refused", v1, sign(jose.HS256, secret, func(m map[string]any) { m["exp"] = now.Add(-time.Minute).Unix() }), false},
		{"a token without an end is refused", v1, sign(jose.HS256, secret, func(m map[string]any) { delete(m, "exp") }), false},
		{"a token of the future is refused", v2, sign(jose.ES256, priv, func(m map[string]any) { m["iat"] = now.Add(time.Hour).Unix() }), false},
		{"what is not a token is refused", v1, "x.y", false},
	} {
		t.Run(c.what, func(t *testing.T) {
			err := conn(c.profile).verify(context.Background(), c.raw, "n")
			if (err == nil) != c.ok {
				t.Errorf("got %v", err)
			}
			if err != nil && c.raw != "" && strings.Contains(err.Error(), c.raw) {
				t.Error("the error quotes the token")
			}
		})
	}
}

func TestConfig(t *testing.T) {
	good := func() Config {
		p := Partner{APIKey: "k", APIBase: "http://h/v1", Clients: []FCClient{{Profile: v1, AuthorizeURL: "http://fc/a"}}}
		return Config{Hospital: p, Insurer: p, BaseURL: "http://127.0.0.1:1", Clock: func() time.Time { return time.Unix(0, 0) }}
	}
	if _, err := New(good()); err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(*Config){
		"no clock":                func(c *Config) { c.Clock = nil },
		"no address":              func(c *Config) { c.BaseURL = "" },
		"an address with a path":  func(c *Config) { c.BaseURL = "http://h/x" },
		"no client":               func(c *Config) { c.Hospital.Clients = nil },
		"a v2 without keys":       func(c *Config) { c.Insurer.Clients = []FCClient{{Profile: v2, AuthorizeURL: "http://fc/a"}} },
		"no profile":              func(c *Config) { c.Insurer.Clients = []FCClient{{AuthorizeURL: "http://fc/a"}} },
		"no way to FranceConnect": func(c *Config) { c.Insurer.Clients = []FCClient{{Profile: v1}} },
		"no key":                  func(c *Config) { c.Hospital.APIKey = "" },
	} {
		t.Run("a configuration with "+what+" is refused", func(t *testing.T) {
			c := good()
			change(&c)
			if _, err := New(c); err == nil {
				t.Error("accepted")
			}
		})
	}
}
