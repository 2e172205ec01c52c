package app_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
)

// software is what a partner signs its calls with.
type software struct {
	key ed25519.PrivateKey
	n   int
}

func newSoftware(t *testing.T, in *apptest.Instance, p apptest.Partner) *software {
	t.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := jose.JSONWebKey{Key: public}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if err := in.App.Store.BindKey(t.Context(), p.KeyID, string(jwk)); err != nil {
		t.Fatal(err)
	}
	return &software{key: key}
}

// signs makes an assertion that is right but for what edit changes.
func (s *software) signs(t *testing.T, in *apptest.Instance, p apptest.Partner, edit func(*jwt.Claims)) apptest.Change {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: s.key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.n++
	now := in.Clock.Now()
	c := jwt.Claims{Issuer: p.KeyID, Subject: p.KeyID, Audience: jwt.Audience{in.App.Config.PublicURL + in.Base}, IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(time.Minute)), ID: fmt.Sprintf("appel-%08d", s.n)}
	if edit != nil {
		edit(&c)
	}
	raw, err := jwt.Signed(signer).Claims(c).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return apptest.With("X-Client-Assertion", raw)
}

func TestSignedAssertions(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	twin := in.Twin(t)
	asserts := func(d *convention.Document) { d.Auth = convention.AuthAssertion }
	p, other := in.SignUp(t, droits.Etablissement, asserts), in.SignUp(t, droits.Etablissement, asserts)
	own, theirs := newSoftware(t, in, p), newSoftware(t, in, other)
	call := func(at *apptest.Instance, how apptest.Change) *apptest.Answer {
		t.Helper()
		return at.Get(t, "/me", in.As(t, "famille-martin", p), how)
	}
	shift := func(d time.Duration) func(*jwt.Claims) {
		return func(c *jwt.Claims) {
			c.IssuedAt, c.Expiry = jwt.NewNumericDate(in.Clock.Now().Add(d)), jwt.NewNumericDate(in.Clock.Now().Add(d+time.Minute))
		}
	}
	t.Run("R73 a right assertion is served", func(t *testing.T) {
		call(in, own.signs(t, in, p, nil)).Want(t, 200, "")
	})
	for name, how := range map[string]apptest.Change{
		"none":                                       func() apptest.Change { return apptest.Without("X-Client-Assertion") }(),
		"one signed by another's key":                theirs.signs(t, in, p, nil),
		"one that another partner issued":            theirs.signs(t, in, other, nil),
		"one for another API":                        own.signs(t, in, p, func(c *jwt.Claims) { c.Audience = jwt.Audience{"https://autre.example"} }),
		"one of a clock five minutes ahead of ours":  own.signs(t, in, p, shift(5*time.Minute)),
		"one of a clock five minutes behind ours":    own.signs(t, in, p, shift(-5*time.Minute)),
		"one that is good for longer than a minute":  own.signs(t, in, p, func(c *jwt.Claims) { c.Expiry = jwt.NewNumericDate(in.Clock.Now().Add(time.Hour)) }),
		"something that is no assertion of anything": apptest.With("X-Client-Assertion", "bonjour"),
	} {
		t.Run("R73 "+name+" is refused, and the refusal traced", func(t *testing.T) {
			a := call(in, how).Want(t, 401, "assertion_invalide")
			if a.Header.Get("X-Trace") == "" {
				t.Error("not traced")
			}
			if !strings.HasPrefix(in.LastTrace(t).Internal["reasons"].([]any)[0].(string), "ASSERTION_") {
				t.Error("without its reason")
			}
		})
	}
	t.Run("R73 an assertion given twice in one call is none", func(t *testing.T) {
		how := own.signs(t, in, p, nil)
		in.Get(t, "/me", in.As(t, "famille-martin", p), how, how).Want(t, 401, "assertion_invalide")
	})
	t.Run("R73 an assertion counts once, by either of two applications over one store", func(t *testing.T) {
		one := own.signs(t, in, p, nil)
		call(in, one).Want(t, 200, "")
		call(in, one).Want(t, 401, "assertion_invalide")
		twin.Plain(t, "/me", in.As(t, "famille-martin", p), one).Want(t, 401, "assertion_invalide")
		one = own.signs(t, in, p, nil)
		call(twin, one).Want(t, 200, "")
		call(in, one).Want(t, 401, "assertion_invalide")
	})
	t.Run("R73 of many calls at once with one assertion one is served", func(t *testing.T) {
		one, who := own.signs(t, in, p, nil), in.As(t, "famille-martin", p)
		var served atomic.Int64
		var all sync.WaitGroup
		for i := range 16 {
			at := []*apptest.Instance{in, twin}[i%2]
			all.Go(func() {
				if at.Plain(t, "/me", who, one).Status == 200 {
					served.Add(1)
				}
			})
		}
		all.Wait()
		if served.Load() != 1 {
			t.Errorf("%d served", served.Load())
		}
	})
}

func TestAnAssertionDoesNotOutliveARestart(t *testing.T) { // R73
	in := apptest.Start(t, apptest.Options{})
	p := in.SignUp(t, droits.Etablissement, func(d *convention.Document) { d.Auth = convention.AuthAssertion })
	own := newSoftware(t, in, p)
	one := own.signs(t, in, p, nil)
	in.Get(t, "/me", in.As(t, "famille-martin", p), one).Want(t, 200, "")
	in.Clock.Advance(10 * time.Second)
	in.Restart(t)
	in.Get(t, "/me", in.As(t, "famille-martin", p), one).Want(t, 401, "assertion_invalide")
	in.Get(t, "/me", in.As(t, "famille-martin", p), own.signs(t, in, p, nil)).Want(t, 200, "")
}
