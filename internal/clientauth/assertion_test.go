package clientauth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
)

const audience = "https://droits.example/v1/droits/beneficiaires"

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

type signer struct {
	alg jose.SignatureAlgorithm
	key any
	jwk string
}

func newSigner(t testing.TB, alg jose.SignatureAlgorithm) signer {
	t.Helper()
	var private, public any
	switch alg {
	case jose.EdDSA:
		pub, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		private, public = key, pub
	default:
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		private, public = key, &key.PublicKey
	}
	b, err := jose.JSONWebKey{Key: public}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return signer{alg, private, string(b)}
}

func (s signer) sign(t testing.TB, c jwt.Claims) string {
	t.Helper()
	x, err := jose.NewSigner(jose.SigningKey{Algorithm: s.alg, Key: s.key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := jwt.Signed(x).Claims(c).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func good(jti string) jwt.Claims {
	return jwt.Claims{Issuer: "cle_1", Subject: "cle_1", Audience: jwt.Audience{audience}, IssuedAt: jwt.NewNumericDate(noon), Expiry: jwt.NewNumericDate(noon.Add(MaxLife)), ID: jti}
}

func TestAssertions(t *testing.T) { // R73
	now := noon
	a := New(audience, func() time.Time { return now }, &partner.Once{})
	es, ed := newSigner(t, jose.ES256), newSigner(t, jose.EdDSA)
	check := func(s signer, raw string) string {
		err := a.Check("cle_1", s.jwk, raw)
		if err == nil {
			return ""
		}
		if !fault.Is(err, fault.AssertionInvalide) {
			t.Errorf("another code: %v", err)
		}
		return fault.From(err).Reason()
	}
	for _, s := range []signer{es, ed} {
		t.Run("R73 a right one counts once, with "+string(s.alg), func(t *testing.T) {
			raw := s.sign(t, good("jti-1-"+string(s.alg)))
			if got := check(s, raw); got != "" {
				t.Error(got)
			}
			if got := check(s, raw); got != "ASSERTION_REPLAYED" {
				t.Error(got)
			}
		})
	}
	for i, c := range []struct {
		name, want string
		edit       func(*jwt.Claims)
	}{
		{"another issuer", "ASSERTION_ISSUER", func(c *jwt.Claims) { c.Issuer = "cle_2" }},
		{"about another key", "ASSERTION_ISSUER", func(c *jwt.Claims) { c.Subject = "cle_2" }},
		{"for another API", "ASSERTION_AUDIENCE", func(c *jwt.Claims) { c.Audience = jwt.Audience{"https://autre.example"} }},
		{"for two APIs", "ASSERTION_AUDIENCE", func(c *jwt.Claims) { c.Audience = jwt.Audience{audience, "https://autre.example"} }},
		{"for nobody", "ASSERTION_AUDIENCE", func(c *jwt.Claims) { c.Audience = nil }},
		{"without an end", "ASSERTION_TIMES", func(c *jwt.Claims) { c.Expiry = nil }},
		{"without an issue", "ASSERTION_TIMES", func(c *jwt.Claims) { c.IssuedAt = nil }},
		{"for longer than a minute", "ASSERTION_TIMES", func(c *jwt.Claims) { c.Expiry = jwt.NewNumericDate(noon.Add(MaxLife + time.Second)) }},
		{"which ends before it begins", "ASSERTION_TIMES", func(c *jwt.Claims) { c.Expiry = jwt.NewNumericDate(noon.Add(-time.Second)) }},
		{"from a clock five minutes ahead", "ASSERTION_TIMES", func(c *jwt.Claims) { shift(c, 5*time.Minute) }},
		{"from a clock five minutes behind", "ASSERTION_EXPIRED", func(c *jwt.Claims) { shift(c, -5*time.Minute) }},
		{"issued before the process began, and still good", "ASSERTION_BEFORE_START", func(c *jwt.Claims) { shift(c, -10*time.Second) }},
		{"without a jti", "ASSERTION_JTI", func(c *jwt.Claims) { c.ID = "" }},
		{"with a jti without end", "ASSERTION_JTI", func(c *jwt.Claims) { c.ID = strings.Repeat("x", 129) }},
	} {
		t.Run("R73 one "+c.name+" is refused", func(t *testing.T) {
			x := good("jti-wrong-" + string(rune('a'+i)))
			c.edit(&x)
			if got := check(es, es.sign(t, x)); got != c.want {
				t.Error(got)
			}
		})
	}
	t.Run("R73 another's signature, a changed byte and another algorithm are refused", func(t *testing.T) {
		raw := es.sign(t, good("jti-forged"))
		other := newSigner(t, jose.ES256)
		if got := check(other, raw); got != "ASSERTION_SIGNATURE" {
			t.Error(got)
		}
		if got := check(ed, raw); got != "ASSERTION_SHAPE" {
			t.Error(got)
		}
		for _, i := range []int{3, len(raw) / 2, len(raw) - 3} {
			b := []byte(raw)
			b[i] ^= 1
			if got := check(es, string(b)); got == "" {
				t.Errorf("byte %d", i)
			}
		}
		none := "eyJhbGciOiJub25lIn0." + strings.Split(raw, ".")[1] + "."
		if got := check(es, none); got != "ASSERTION_SHAPE" {
			t.Error(got)
		}
		if got := check(es, ""); got != "ASSERTION_ABSENT" {
			t.Error(got)
		}
		if got := check(signer{}, raw); got != "ASSERTION_NO_KEY" {
			t.Error(got)
		}
		if got := check(es, strings.Repeat("a", maxAssertion+1)); got != "ASSERTION_TOO_LONG" {
			t.Error(got)
		}
	})
	t.Run("what is too old to count is forgotten", func(t *testing.T) {
		now = noon.Add(3 * time.Minute)
		x := good("jti-late")
		shift(&x, 3*time.Minute)
		if got := check(es, es.sign(t, x)); got != "" || a.once.Held() != 1 {
			t.Errorf("%s, %d kept", got, a.once.Held())
		}
	})
}

func shift(c *jwt.Claims, d time.Duration) {
	c.IssuedAt, c.Expiry = jwt.NewNumericDate(c.IssuedAt.Time().Add(d)), jwt.NewNumericDate(c.Expiry.Time().Add(d))
}

func TestKeysOfSoftware(t *testing.T) { // R73
	private, err := jose.JSONWebKey{Key: newSigner(t, jose.ES256).key}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	wide, err := jose.JSONWebKey{Key: &p384.PublicKey}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"nothing": "", "a private key": string(private), "another curve": string(wide), "a shared secret": `{"kty":"oct","k":"AAAA"}`, "something else": `{"a":1}`, "too long": strings.Repeat(" ", maxAssertion+1)} {
		if _, err := ParseKey(text); !fault.Is(err, fault.ParametreInvalide) || fault.From(err).Field() != "jwk" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzAssertion(f *testing.F) {
	s := newSigner(f, jose.EdDSA)
	f.Add(s.sign(f, good("jti-seed")))
	f.Add("a.b.c")
	a := New(audience, func() time.Time { return noon }, &partner.Once{})
	f.Fuzz(func(t *testing.T, raw string) {
		if err := a.Check("cle_1", s.jwk, raw); err == nil && raw == "" {
			t.Error("nothing passes")
		}
	})
}
