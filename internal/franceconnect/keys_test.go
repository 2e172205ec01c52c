package franceconnect_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/franceconnect"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/sim/fcsim"
)

func TestFranceConnectsKeys(t *testing.T) {
	check := func(t *testing.T, w *world) error {
		t.Helper()
		_, err := w.verifier.Check(t.Context(), identity.V2, w.mint(t, spV2))
		return err
	}
	t.Run("are fetched once for many checks, and again after ten minutes", func(t *testing.T) {
		w := newWorld(t)
		for range 3 {
			if err := check(t, w); err != nil {
				t.Fatal(err)
			}
		}
		if _, n := w.sim.Calls(); n != 1 {
			t.Errorf("%d fetches", n)
		}
		w.clock.Forward(600 * time.Second)
		if err := check(t, w); err != nil {
			t.Fatal(err)
		}
		if _, n := w.sim.Calls(); n != 2 {
			t.Errorf("%d fetches", n)
		}
	})
	t.Run("R8 once rotated, are fetched again once", func(t *testing.T) {
		w := newWorld(t)
		if err := check(t, w); err != nil {
			t.Fatal(err)
		}
		if err := w.sim.RotateKeys(); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err := check(t, w); err != nil {
				t.Fatal(err)
			}
		}
		if _, n := w.sim.Calls(); n != 2 {
			t.Errorf("%d fetches", n)
		}
	})
	t.Run("R8 an unknown kid makes them be fetched at most every ten seconds", func(t *testing.T) {
		w := newWorld(t)
		if err := check(t, w); err != nil {
			t.Fatal(err)
		}
		w.sim.Break(fcsim.Forge(fcsim.UnknownKid))
		for range 4 {
			expect(t, check(t, w), fault.FranceConnectIndisponible, "KID_UNKNOWN")
		}
		if _, n := w.sim.Calls(); n != 2 {
			t.Errorf("%d fetches", n)
		}
		w.clock.Forward(10 * time.Second)
		expect(t, check(t, w), fault.FranceConnectIndisponible, "KID_UNKNOWN")
		if _, n := w.sim.Calls(); n != 3 {
			t.Errorf("%d fetches", n)
		}
	})
	t.Run("R8 are not used past their age when FranceConnect stops giving them", func(t *testing.T) {
		w := newWorld(t)
		if err := check(t, w); err != nil {
			t.Fatal(err)
		}
		w.clock.Forward(600 * time.Second)
		w.sim.Break(fcsim.Down())
		if err := check(t, w); !fault.Is(err, fault.FranceConnectIndisponible) {
			t.Fatal(err)
		}
	})
}

// jwksOnly passes everything to the simulator but the keys, which it answers
// itself.
func TestFranceConnectsKeysAreNonsense(t *testing.T) {
	for name, c := range map[string]struct {
		status       int
		contentType  string
		body, reason string
	}{
		"a page":            {200, "text/html", "<p>", "JWKS_CONTENT_TYPE"},
		"not JSON":          {200, "application/json", "{", "JWKS_MALFORMED"},
		"no key":            {200, "application/json", `{"keys":[]}`, "JWKS_MALFORMED"},
		"unknown kinds":     {200, "application/json", `{"keys":[{"kty":"AKP","kid":"x","alg":"ML-DSA-44"}]}`, "JWKS_MALFORMED"},
		"a symmetric key":   {200, "application/json", `{"keys":[{"kty":"oct","kid":"x","k":"AAAA"}]}`, "JWKS_MALFORMED"},
		"a failure":         {500, "application/json", `{}`, "JWKS_STATUS"},
		"a refusal":         {404, "application/json", `{}`, "JWKS_STATUS"},
		"more than 32 keys": {200, "application/json", `{"keys":[` + strings.Repeat("{},", 40) + `{}]}`, "JWKS_MALFORMED"},
		"one megabyte":      {200, "application/json", strings.Repeat(" ", 1<<20), "ANSWER_TOO_LARGE"},
	} {
		t.Run("R8 "+name+" instead of keys is 502", func(t *testing.T) {
			w := newWorld(t)
			rt := http.DefaultTransport
			w.config.HTTP = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				if !strings.HasSuffix(r.URL.Path, "/jwks") {
					return rt.RoundTrip(r)
				}
				rec := httptest.NewRecorder()
				rec.Header().Set("Content-Type", c.contentType)
				rec.WriteHeader(c.status)
				_, _ = rec.WriteString(c.body)
				return rec.Result(), nil
			})}
			_, err := w.newVerifier(t).Check(t.Context(), identity.V2, w.mint(t, spV2))
			expect(t, err, fault.FranceConnectIndisponible, c.reason)
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestOurKeys(t *testing.T) {
	keys, err := testKeys()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "cles.json")
	if err := franceconnect.SaveKeys(path, keys); err != nil {
		t.Fatal(err)
	}
	t.Run("are saved for their owner only", func(t *testing.T) {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
	})
	t.Run("are never written over", func(t *testing.T) {
		if err := franceconnect.SaveKeys(path, keys); !errors.Is(err, fs.ErrExist) {
			t.Error(err)
		}
	})
	t.Run("once loaded decrypt as before, and so does an older set behind a newer one", func(t *testing.T) {
		loaded, err := franceconnect.LoadKeys(path)
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t)
		token := w.mint(t, spV2)
		w.config.V2.Keys = loaded
		loadedVerifier, _ := franceconnect.New(w.config) // the published keys are still the generated ones
		if _, err := loadedVerifier.Check(t.Context(), identity.V2, token); err != nil {
			t.Error(err)
		}
		newer, err := franceconnect.GenerateKeys()
		if err != nil {
			t.Fatal(err)
		}
		w.config.V2.Keys = newer.Before(keys)
		both, err := franceconnect.New(w.config)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := both.Check(t.Context(), identity.V2, token); err != nil {
				t.Error(err)
			}
			w.jwks.set(both.JWKS()) // from now on FranceConnect encrypts to the newer
		}
	})
	t.Run("in a file that others can read are refused", func(t *testing.T) {
		open := filepath.Join(t.TempDir(), "cles.json")
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(open, b, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := franceconnect.LoadKeys(open); err == nil {
			t.Error("loaded")
		}
	})
	t.Run("are told apart from a missing file", func(t *testing.T) {
		if _, err := franceconnect.LoadKeys(filepath.Join(t.TempDir(), "rien")); !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	})
	for name, content := range map[string]string{
		"nothing":               ``,
		"no key":                `{"keys":[]}`,
		"a symmetric key":       `{"keys":[{"kty":"oct","k":"AAAA","use":"enc","alg":"dir"}]}`,
		"a public key":          `{"keys":[{"kty":"EC","crv":"P-256","use":"enc","alg":"ECDH-ES","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}`,
		"a key of another kind": `{"keys":[{"kty":"EC","crv":"P-521"}]}`,
	} {
		t.Run("a file with "+name+" is refused without being quoted", func(t *testing.T) {
			bad := filepath.Join(t.TempDir(), "cles.json")
			if err := os.WriteFile(bad, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := franceconnect.LoadKeys(bad); err == nil || strings.Contains(err.Error(), "AAAA") {
				t.Error(err)
			}
		})
	}
	t.Run("do not print", func(t *testing.T) {
		b, _ := json.Marshal(keys)
		for _, s := range []string{fmt.Sprint(keys), fmt.Sprintf("%#v %+v", keys, keys), string(b), fmt.Sprintf("%v %#v", franceconnect.V2Config{ClientSecret: "SECRET"}, franceconnect.V2Config{ClientSecret: "SECRET"})} {
			if strings.Contains(s, `"d"`) || strings.Contains(s, "SECRET") || len(s) > 100 {
				t.Error("a secret prints")
			}
		}
	})
}

func TestPublishedKeys(t *testing.T) {
	w := newWorld(t)
	get := func(method, match string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "/", nil)
		r.Header.Set("If-None-Match", match)
		rec := httptest.NewRecorder()
		w.verifier.JWKS().ServeHTTP(rec, r)
		return rec
	}
	rec := get("GET", "")
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(rec.Body.Bytes(), &set); err != nil || len(set.Keys) != 2 {
		t.Fatal(err, len(set.Keys))
	}
	for _, k := range set.Keys {
		if k["use"] != "enc" || k["kid"] == "" || k["alg"] == "" {
			t.Errorf("a key must say use, alg and kid: %v", k)
		}
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "k"} {
			if k[private] != "" {
				t.Errorf("a private member %q is published", private)
			}
		}
	}
	if rec.Header().Get("Cache-Control") != "public, max-age=300" || rec.Header().Get("Content-Type") != "application/jwk-set+json" {
		t.Error(rec.Header())
	}
	if got := get("GET", rec.Header().Get("ETag")).Code; got != 304 {
		t.Errorf("unchanged keys answer %d", got)
	}
	if got := get("HEAD", ""); got.Code != 200 || got.Body.Len() != 0 {
		t.Error("HEAD")
	}
	if got := get("POST", "").Code; got != 405 {
		t.Errorf("POST answers %d", got)
	}
}

func TestPing(t *testing.T) {
	t.Run("R65 asks both profiles, then not again for ten seconds", func(t *testing.T) {
		w := newWorld(t)
		for _, want := range []int{2, 2, 4} {
			if err := w.verifier.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n, _ := w.sim.Calls(); n != want {
				t.Errorf("%d calls, want %d", n, want)
			}
			w.clock.Forward(time.Duration(want) * 3 * time.Second)
		}
	})
	t.Run("R65 tells that FranceConnect is down, or refuses us", func(t *testing.T) {
		for _, f := range []fcsim.Fault{fcsim.Down(), fcsim.RefuseCredentials()} {
			w := newWorld(t)
			w.sim.Break(f)
			if err := w.verifier.Ping(t.Context()); !fault.Is(err, fault.FranceConnectIndisponible) {
				t.Error(err)
			}
		}
	})
	t.Run("R65 leaves when its caller does", func(t *testing.T) {
		w := newWorld(t, func(_ *fcsim.Config, c *franceconnect.Config) { c.Timeout = 500 * time.Millisecond })
		w.sim.Break(fcsim.Slow(time.Hour))
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		expect(t, w.verifier.Ping(ctx), fault.FranceConnectLent, "CALLER_GONE")
		w.sim.Break(fcsim.None())
	})
	t.Run("nothing configured is nothing to wait for, and every token is refused", func(t *testing.T) {
		v, err := franceconnect.New(franceconnect.Config{Clock: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		for _, p := range []identity.Profile{identity.V1, identity.V2, "v3"} {
			_, err := v.Check(t.Context(), p, strings.Repeat("a", 43))
			expect(t, err, fault.FranceConnectIndisponible, "PROFILE_NOT_CONFIGURED")
		}
		rec := httptest.NewRecorder()
		v.JWKS().ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
		if rec.Body.String() != `{"keys":[]}` {
			t.Error(rec.Body.String())
		}
	})
}

func TestConfigurationIsChecked(t *testing.T) {
	keys, err := testKeys()
	if err != nil {
		t.Fatal(err)
	}
	good := func() franceconnect.Config {
		return franceconnect.Config{
			Clock: time.Now,
			V1:    &franceconnect.V1Config{BaseURL: "https://fc.example/api/v1"},
			V2:    &franceconnect.V2Config{BaseURL: "https://fc.example/api/v2", ClientID: "x", ClientSecret: "y", Keys: keys},
		}
	}
	if _, err := franceconnect.New(good()); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*franceconnect.Config){
		"without a clock":                  func(c *franceconnect.Config) { c.Clock = nil },
		"with a ceiling of eleven seconds": func(c *franceconnect.Config) { c.Ceiling = 11 * time.Second },
		"with a negative ceiling":          func(c *franceconnect.Config) { c.Ceiling = -1 },
		"with a time-out of a minute":      func(c *franceconnect.Config) { c.Timeout = time.Minute },
		"with an unknown floor":            func(c *franceconnect.Config) { c.MinACR = "eidas0" },
		"with a relative address":          func(c *franceconnect.Config) { c.V1.BaseURL = "/api/v1" },
		"with a password in the address":   func(c *franceconnect.Config) { c.V2.BaseURL = "https://a:b@fc.example" },
		"with another scheme":              func(c *franceconnect.Config) { c.V1.BaseURL = "ftp://fc.example" },
		"without a secret":                 func(c *franceconnect.Config) { c.V2.ClientSecret = "" },
		"without keys":                     func(c *franceconnect.Config) { c.V2.Keys = franceconnect.KeySet{} },
		"R8 allowing HS256":                func(c *franceconnect.Config) { c.V2.SigningAlgs = []string{"HS256"} },
		"R8 allowing no signature":         func(c *franceconnect.Config) { c.V2.SigningAlgs = []string{"none"} },
		"R8 allowing RSA1_5":               func(c *franceconnect.Config) { c.V2.KeyAlgs = []string{"RSA1_5"} },
		"with ten minutes of skew":         func(c *franceconnect.Config) { c.V2.Skew = 10 * time.Minute },
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			c := good()
			spoil(&c)
			if _, err := franceconnect.New(c); err == nil {
				t.Error("accepted")
			}
		})
	}
}
