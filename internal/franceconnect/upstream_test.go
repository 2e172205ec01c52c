package franceconnect_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/franceconnect"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/sim/fcsim"
)

func clientOf(p identity.Profile) string {
	if p == identity.V1 {
		return spV1
	}
	return spV2
}

var bothProfiles = []identity.Profile{identity.V1, identity.V2}

func TestFranceConnectFails(t *testing.T) {
	for _, c := range []struct {
		name   string
		fault  fcsim.Fault
		v1, v2 string
		code   fault.Code
		calls  int
		after  time.Duration
	}{
		{"down is 502", fcsim.Down(), "UNEXPECTED_STATUS", "UNEXPECTED_STATUS", fault.FranceConnectIndisponible, 1, 5 * time.Second},
		{"slow is 504 and is not tried again", fcsim.Slow(time.Hour), "TIMEOUT", "TIMEOUT", fault.FranceConnectLent, 1, 5 * time.Second},
		{"a page instead of an answer is 502", fcsim.Nonsense(), "ANSWER_NOT_JSON", "CONTENT_TYPE", fault.FranceConnectIndisponible, 1, 5 * time.Second},
		{"429 is 502, with FranceConnect's own delay", fcsim.TooMany(), "TOO_MANY_REQUESTS", "TOO_MANY_REQUESTS", fault.FranceConnectIndisponible, 1, 7 * time.Second},
		{"a truncated answer is 502", fcsim.Truncated(), "ANSWER_TRUNCATED", "ANSWER_TRUNCATED", fault.FranceConnectIndisponible, 1, 5 * time.Second},
		{"an answer of one megabyte is 502", fcsim.Huge(), "ANSWER_TOO_LARGE", "ANSWER_TOO_LARGE", fault.FranceConnectIndisponible, 1, 5 * time.Second},
		{"a connection cut before the answer is tried again once, then 502", fcsim.HangUp(), "CONNECTION_FAILED", "CONNECTION_FAILED", fault.FranceConnectIndisponible, 2, 5 * time.Second},
		{"our credentials refused are 502", fcsim.RefuseCredentials(), "", "CREDENTIALS_REFUSED", fault.FranceConnectIndisponible, 1, 5 * time.Second},
	} {
		for _, p := range bothProfiles {
			reason := map[identity.Profile]string{identity.V1: c.v1, identity.V2: c.v2}[p]
			if reason == "" {
				continue // v1 has no credentials
			}
			t.Run(string(p)+" "+c.name, func(t *testing.T) {
				w := newWorld(t, func(_ *fcsim.Config, f *franceconnect.Config) {
					if c.code == fault.FranceConnectLent {
						f.Timeout = 30 * time.Millisecond
					}
				})
				token := w.mint(t, clientOf(p))
				w.sim.Break(c.fault)
				_, err := w.verifier.Check(t.Context(), p, token)
				expect(t, err, c.code, reason)
				if got := fault.From(err).RetryAfter(); got != c.after {
					t.Errorf("retry after %v, want %v", got, c.after)
				}
				if n, _ := w.sim.Calls(); n != c.calls {
					t.Errorf("%d calls, want %d", n, c.calls)
				}
				if strings.Contains(err.Error(), token) {
					t.Error("the error holds the token")
				}
			})
		}
	}
}

func TestNothingListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := "http://" + l.Addr().String()
	_ = l.Close()
	w := newWorld(t, func(_ *fcsim.Config, c *franceconnect.Config) {
		c.V1.BaseURL, c.V2.BaseURL = base, base
	})
	for _, p := range bothProfiles {
		_, err := w.verifier.Check(t.Context(), p, w.mint(t, clientOf(p)))
		expect(t, err, fault.FranceConnectIndisponible, "CONNECTION_FAILED")
	}
}

// statusOnly answers every request with one status, a place to go, and JSON.
func statusOnly(t *testing.T, status int) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/ailleurs")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"active":true}`))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestStatusOfFranceConnect(t *testing.T) {
	for _, c := range []struct {
		name           string
		status         int
		v1, v2         fault.Code
		reason1, cause string
	}{
		{"a redirection is not followed", 302, fault.FranceConnectIndisponible, fault.FranceConnectIndisponible, "UNEXPECTED_STATUS", "UNEXPECTED_STATUS"},
		{"another success is not an answer", 202, fault.FranceConnectIndisponible, fault.FranceConnectIndisponible, "UNEXPECTED_STATUS", "UNEXPECTED_STATUS"},
		{"400 refuses the token in v1, our request in v2", 400, fault.JetonInvalide, fault.FranceConnectIndisponible, "TOKEN_UNKNOWN", "REQUEST_REFUSED"},
		{"401 refuses the token in v1, our credentials in v2", 401, fault.JetonInvalide, fault.FranceConnectIndisponible, "TOKEN_UNKNOWN", "CREDENTIALS_REFUSED"},
		{"404 refuses the token in v1", 404, fault.JetonInvalide, fault.FranceConnectIndisponible, "TOKEN_UNKNOWN", "UNEXPECTED_STATUS"},
		{"503 is a failure", 503, fault.FranceConnectIndisponible, fault.FranceConnectIndisponible, "UNEXPECTED_STATUS", "UNEXPECTED_STATUS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, func(_ *fcsim.Config, f *franceconnect.Config) {
				f.V1.BaseURL = statusOnly(t, c.status)
				f.V2.BaseURL = f.V1.BaseURL
			})
			_, err := w.verifier.Check(t.Context(), identity.V1, w.mint(t, spV1))
			expect(t, err, c.v1, c.reason1)
			_, err = w.verifier.Check(t.Context(), identity.V2, w.mint(t, spV2))
			expect(t, err, c.v2, c.cause)
		})
	}
}

func TestTokensWorthNothing(t *testing.T) {
	for _, p := range bothProfiles {
		spoil := map[string]func(*world, string) string{
			"revoked": func(w *world, token string) string { w.sim.Revoke(token); return token },
			"expired": func(w *world, token string) string { w.clock.Forward(61 * time.Second); return token },
			"unknown": func(_ *world, token string) string { return strings.Repeat("0", len(token)) },
			"of the other profile": func(w *world, _ string) string {
				other := map[identity.Profile]string{identity.V1: spV2, identity.V2: spV1}[p]
				return w.mint(t, other)
			},
		}
		for name, f := range spoil {
			t.Run(string(p)+" R8 a token "+name+" is refused with one code", func(t *testing.T) {
				w := newWorld(t)
				token := f(w, w.mint(t, clientOf(p)))
				if _, err := w.verifier.Check(t.Context(), p, token); !fault.Is(err, fault.JetonInvalide) {
					t.Fatalf("got %v", err)
				}
			})
		}
	}
}

func TestMalformedTokensAreNotSent(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		p     identity.Profile
		token string
	}{
		"an empty token":                   {identity.V1, ""},
		"a v1 token of 513 characters":     {identity.V1, strings.Repeat("a", 513)},
		"a v1 token with a space":          {identity.V1, "aaaa bbbb"},
		"a v1 token with a line feed":      {identity.V1, "aaaa\nbbbb"},
		"a v1 token with a letter of é":    {identity.V1, "aaaaé"},
		"a v2 token of 42 characters":      {identity.V2, strings.Repeat("a", 42)},
		"a v2 token of 44 characters":      {identity.V2, strings.Repeat("a", 44)},
		"a v2 token that would add fields": {identity.V2, strings.Repeat("a", 40) + "&x="},
	} {
		t.Run(name+" is refused without a call", func(t *testing.T) {
			_, err := w.verifier.Check(t.Context(), c.p, c.token)
			expect(t, err, fault.JetonInvalide, "TOKEN_SHAPE")
		})
	}
	if n, _ := w.sim.Calls(); n != 0 {
		t.Errorf("%d calls", n)
	}
}

func TestLevelOfAssurance(t *testing.T) {
	for _, p := range bothProfiles {
		w := newWorld(t, func(_ *fcsim.Config, c *franceconnect.Config) { c.MinACR = "eidas2" })
		for acr, reason := range map[string]string{"eidas1": "ACR_TOO_LOW", "eidas2": "", "eidas3": "", "EIDAS2": "ACR_UNKNOWN", "eidas4": "ACR_UNKNOWN"} {
			t.Run(string(p)+" R8 "+acr+" against a floor of eidas2", func(t *testing.T) {
				token, _, err := w.sim.Mint(fcsim.MintRequest{ClientID: clientOf(p), Slug: "martin", ACR: acr})
				if err != nil {
					t.Fatal(err)
				}
				_, err = w.verifier.Check(t.Context(), p, token)
				if reason == "" {
					if err != nil {
						t.Fatal(err)
					}
					return
				}
				expect(t, err, fault.NiveauInsuffisant, reason)
			})
		}
	}
}

func TestCircuit(t *testing.T) {
	for _, p := range bothProfiles {
		t.Run(string(p)+" opens after five failures, answers at once, and one probe closes it", func(t *testing.T) {
			w := newWorld(t, func(_ *fcsim.Config, c *franceconnect.Config) {
				if p == identity.V1 {
					c.V2 = nil
				} else {
					c.V1 = nil
				}
			})
			token := w.mint(t, clientOf(p))
			long, _, err := w.sim.Mint(fcsim.MintRequest{ClientID: clientOf(p), Slug: "martin", TTL: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			w.sim.Break(fcsim.Down())
			for range 5 {
				_, err := w.verifier.Check(t.Context(), p, token)
				expect(t, err, fault.FranceConnectIndisponible, "UNEXPECTED_STATUS")
			}
			for _, wait := range []time.Duration{5, 10, 20, 40, 60, 60} {
				before, _ := w.sim.Calls()
				_, err := w.verifier.Check(t.Context(), p, long)
				expect(t, err, fault.FranceConnectIndisponible, "CIRCUIT_OPEN")
				if got := fault.From(err).RetryAfter(); got != wait*time.Second {
					t.Fatalf("open for %v, want %ds", got, wait)
				}
				if after, _ := w.sim.Calls(); after != before {
					t.Fatal("an open circuit made a call")
				}
				if err := w.verifier.Ping(t.Context()); !fault.Is(err, fault.FranceConnectIndisponible) {
					t.Fatal("ping must tell that the circuit is open")
				}
				w.clock.Forward(wait * time.Second)
				_, err = w.verifier.Check(t.Context(), p, long)
				expect(t, err, fault.FranceConnectIndisponible, "UNEXPECTED_STATUS")
				if after, _ := w.sim.Calls(); after != before+1 {
					t.Fatal("the probe is one call")
				}
			}
			w.sim.Break(fcsim.None())
			w.clock.Forward(time.Minute)
			for range 3 {
				if _, err := w.verifier.Check(t.Context(), p, long); err != nil {
					t.Fatalf("closed again: %v", err)
				}
			}
		})
	}
	t.Run("four failures and a success do not open it", func(t *testing.T) {
		w := newWorld(t)
		token := w.mint(t, spV1)
		for range 3 {
			w.sim.Break(fcsim.Down())
			for range 4 {
				_, err := w.verifier.Check(t.Context(), identity.V1, token)
				expect(t, err, fault.FranceConnectIndisponible, "UNEXPECTED_STATUS")
			}
			w.sim.Break(fcsim.None())
			if _, err := w.verifier.Check(t.Context(), identity.V1, token); err != nil {
				t.Fatal(err)
			}
		}
	})
	t.Run("invalid tokens do not open it", func(t *testing.T) {
		w := newWorld(t)
		for range 20 {
			_, err := w.verifier.Check(t.Context(), identity.V1, strings.Repeat("f", 64))
			expect(t, err, fault.JetonInvalide, "TOKEN_UNKNOWN")
		}
	})
	t.Run("an odd identity, ten times over, does not open it", func(t *testing.T) {
		w := newWorld(t)
		w.sim.Break(fcsim.Forge(fcsim.NoIdentity))
		for range 10 {
			_, err := w.verifier.Check(t.Context(), identity.V2, w.mint(t, spV2))
			expect(t, err, fault.FranceConnectIndisponible, "IDENTITY_IMPLAUSIBLE")
		}
	})
	t.Run("one profile down leaves the other alone", func(t *testing.T) {
		w := newWorld(t)
		w.sim.Break(fcsim.Forge(fcsim.AlgNone))
		for range 6 {
			_, _ = w.verifier.Check(t.Context(), identity.V2, w.mint(t, spV2))
		}
		if _, err := w.verifier.Check(t.Context(), identity.V1, w.mint(t, spV1)); err != nil {
			t.Fatal(err)
		}
	})
}

// inProcess answers requests with a handler, once the gate is open. It is all
// that Config.HTTP needs to work without sockets.
type inProcess struct {
	handler http.Handler
	gate    chan struct{}
	calls   atomic.Int32
}

func (p *inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	p.calls.Add(1)
	if p.gate != nil {
		select {
		case <-p.gate:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	rec := httptest.NewRecorder()
	p.handler.ServeHTTP(rec, r)
	return rec.Result(), nil
}

func TestConcurrentChecksShareOneCall(t *testing.T) {
	t.Run("fifty callers of one token make one call, and those that leave fail nobody else", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			v, sim, rt := bubble(t)
			token, _, err := sim.Mint(fcsim.MintRequest{ClientID: spV1, Slug: "martin"})
			if err != nil {
				t.Fatal(err)
			}
			results := make(chan error, 51)
			check := func(ctx context.Context, to chan error) {
				_, err := v.Check(ctx, identity.V1, token)
				to <- err
			}
			leading, leave := context.WithCancel(t.Context())
			go check(leading, results)
			synctest.Wait() // the first has made the call
			following, leaveToo := context.WithCancel(t.Context())
			gone := make(chan error, 1)
			go check(following, gone)
			for range 50 {
				go check(t.Context(), results)
			}
			synctest.Wait()
			leave()
			leaveToo()
			err = <-gone
			expect(t, err, fault.FranceConnectLent, "CALLER_GONE")
			if !errors.Is(err, context.Canceled) {
				t.Error("the cause is the context")
			}
			close(rt.gate)
			for range 51 {
				if err := <-results; err != nil {
					t.Error(err)
				}
			}
			if n := rt.calls.Load(); n != 1 {
				t.Errorf("%d calls", n)
			}
		})
	})
	t.Run("different tokens do not share", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			v, sim, rt := bubble(t)
			close(rt.gate)
			for range 3 {
				token, _, err := sim.Mint(fcsim.MintRequest{ClientID: spV1, Slug: "martin"})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := v.Check(t.Context(), identity.V1, token); err != nil {
					t.Fatal(err)
				}
			}
			if n := rt.calls.Load(); n != 3 {
				t.Errorf("%d calls", n)
			}
		})
	})
	t.Run("while a probe is out, others are answered at once", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			v, sim, rt := bubble(t)
			token, _, err := sim.Mint(fcsim.MintRequest{ClientID: spV1, Slug: "martin", TTL: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			for range 5 { // the gate is shut: each is late
				_, err := v.Check(t.Context(), identity.V1, token)
				expect(t, err, fault.FranceConnectLent, "TIMEOUT")
			}
			time.Sleep(6 * time.Second) // of the bubble
			probe := make(chan error, 1)
			go func() {
				_, err := v.Check(t.Context(), identity.V1, token)
				probe <- err
			}()
			synctest.Wait()
			_, err = v.Check(t.Context(), identity.V1, strings.Repeat("0", 64))
			expect(t, err, fault.FranceConnectIndisponible, "CIRCUIT_OPEN")
			close(rt.gate)
			if err := <-probe; err != nil {
				t.Error(err)
			}
			if _, err := v.Check(t.Context(), identity.V1, token); err != nil {
				t.Error(err)
			}
		})
	})
}

// bubble is a verifier on an in-process simulator whose gate is shut, both on
// the bubble's clock.
func bubble(t *testing.T) (*franceconnect.Verifier, *fcsim.Simulator, *inProcess) {
	sim, err := fcsim.New(fcsim.Config{
		BaseURL: "http://fc.example", Clock: time.Now,
		Clients: []fcsim.Client{{ID: spV1, Secret: "s1", Profile: identity.V1}},
		People:  []fcsim.Person{{Slug: "martin", Pivot: identity.Pivot{FamilyName: "MARTIN", GivenName: "Claire", Birthdate: "1985-03-14"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	rt := &inProcess{handler: sim.Handler(), gate: make(chan struct{})}
	v, err := franceconnect.New(franceconnect.Config{
		Clock: time.Now, HTTP: &http.Client{Transport: rt},
		V1: &franceconnect.V1Config{BaseURL: "http://fc.example/api/v1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return v, sim, rt
}

func TestShortMemory(t *testing.T) {
	for _, p := range bothProfiles {
		t.Run(string(p)+" nothing is remembered by default", func(t *testing.T) {
			w := newWorld(t)
			token := w.mint(t, clientOf(p))
			for range 2 {
				if _, err := w.verifier.Check(t.Context(), p, token); err != nil {
					t.Fatal(err)
				}
			}
			if n, _ := w.sim.Calls(); n != 2 {
				t.Errorf("%d calls", n)
			}
		})
		t.Run(string(p)+" a positive answer is reused up to the ceiling, a negative never", func(t *testing.T) {
			w := newWorld(t, func(_ *fcsim.Config, c *franceconnect.Config) { c.Ceiling = 10 * time.Second })
			token := w.mint(t, clientOf(p))
			check := func() error { _, err := w.verifier.Check(t.Context(), p, token); return err }
			if err := check(); err != nil {
				t.Fatal(err)
			}
			w.sim.Revoke(token)
			w.clock.Forward(9 * time.Second)
			if err := check(); err != nil {
				t.Fatal("within the ceiling the answer is reused")
			}
			w.clock.Forward(time.Second)
			for range 2 {
				if err := check(); !fault.Is(err, fault.JetonInvalide) {
					t.Fatal("past the ceiling FranceConnect is asked")
				}
			}
			if n, _ := w.sim.Calls(); n != 3 {
				t.Errorf("%d calls", n)
			}
		})
	}
	t.Run("v2 an answer is never reused past the token's end", func(t *testing.T) {
		w := newWorld(t, func(_ *fcsim.Config, c *franceconnect.Config) { c.Ceiling = 10 * time.Second })
		token, _, err := w.sim.Mint(fcsim.MintRequest{ClientID: spV2, Slug: "martin", TTL: 3 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.verifier.Check(t.Context(), identity.V2, token); err != nil {
			t.Fatal(err)
		}
		w.clock.Forward(3 * time.Second)
		_, err = w.verifier.Check(t.Context(), identity.V2, token)
		expect(t, err, fault.JetonInvalide, "TOKEN_INACTIVE")
	})
}

func TestWhatIsObserved(t *testing.T) {
	var got []string
	w := newWorld(t, func(_ *fcsim.Config, c *franceconnect.Config) {
		c.Ceiling, c.Timeout = time.Second, 30*time.Millisecond
		c.Observe = func(p identity.Profile, outcome string, _ time.Duration) { got = append(got, string(p)+" "+outcome) }
	})
	check := func(acr string) {
		token, _, err := w.sim.Mint(fcsim.MintRequest{ClientID: spV1, Slug: "martin", ACR: acr})
		if err != nil {
			t.Fatal(err)
		}
		_, first := w.verifier.Check(t.Context(), identity.V1, token)
		_, second := w.verifier.Check(t.Context(), identity.V1, token)
		if (first == nil) != (second == nil) {
			t.Error("the second answer differs")
		}
	}
	check("eidas1")
	check("eidas0")
	_, _ = w.verifier.Check(t.Context(), identity.V1, strings.Repeat("0", 64))
	w.sim.Break(fcsim.Down())
	check("eidas1")
	w.sim.Break(fcsim.Slow(time.Hour))
	check("eidas1")
	w.sim.Break(fcsim.Down())
	check("eidas1")
	want := []string{"v1 ok", "v1 cached", "v1 insufficient", "v1 insufficient", "v1 invalid", "v1 unavailable", "v1 unavailable", "v1 late", "v1 late", "v1 unavailable", "v1 circuit_open"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestAPanicBelowIsAFault(t *testing.T) {
	v, err := franceconnect.New(franceconnect.Config{
		Clock: time.Now, V1: &franceconnect.V1Config{BaseURL: "http://fc.example/api/v1"},
		HTTP: &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) { panic("secret") })},
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second would hang if the first had left its flight behind
		_, err = v.Check(t.Context(), identity.V1, "jeton")
		expect(t, err, fault.FranceConnectIndisponible, "PANIC")
	}
}
