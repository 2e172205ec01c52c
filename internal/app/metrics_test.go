package app_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/app"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/sim/fcsim"
)

var (
	sample = regexp.MustCompile(`(?m)^(droits_[a-z_]+)(?:\{([^}]*)\})? `)
	label  = regexp.MustCompile(`([a-z]+)="([^"]*)"`)
)

func TestMetrics(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	scrape := func() string {
		t.Helper()
		status, body := in.Inside(t, "/metrics")
		if status != 200 {
			t.Fatalf("metrics answer %d", status)
		}
		return body
	}
	who := in.As(t, "famille-martin", in.Hospital)
	call := func(i int) {
		in.Get(t, "/me", who)
		in.Get(t, fmt.Sprintf("/inconnu-%d", i), who)
		in.Do(t, fmt.Sprintf("/v1/inconnu-%d", i))
		in.Do(t, fmt.Sprintf("/page-%d", i))
		in.Get(t, "/me", who, apptest.Method(fmt.Sprintf("VERBE%d", i)))
		in.Get(t, "/me", apptest.With("X-API-Key", fmt.Sprintf("test_%043d", i)))
		in.Inside(t, fmt.Sprintf("/readyz/inconnu-%d", i))
	}
	call(0)
	before := len(sample.FindAllString(scrape(), -1))
	for i := range 100 {
		call(i + 1)
	}
	body := scrape()
	t.Run("R69 the number of series does not grow with what callers invent", func(t *testing.T) {
		if after := len(sample.FindAllString(body, -1)); after != before {
			t.Errorf("%d series, %d after a hundred inventions", before, after)
		}
	})
	t.Run("R69 every label takes its values from a closed list", func(t *testing.T) {
		closed := map[string]map[string]bool{
			"route": {"page": true, "jwks": true, "internal": true, "unknown": true, "getMoi": true, "": true}, "code": {"": true},
			"profile": {"v1": true, "v2": true}, "outcome": {"ok": true, "invalid": true, "insufficient": true, "unavailable": true, "late": true, "circuit_open": true, "cached": true, "durable": true, "failed": true},
		}
		for _, op := range droits.Operations() {
			closed["route"][op.ID] = true
		}
		for _, e := range fault.Catalogue() {
			closed["code"][string(e.Code)] = true
		}
		for _, m := range sample.FindAllStringSubmatch(body, -1) {
			for _, l := range label.FindAllStringSubmatch(m[2], -1) {
				switch l[1] {
				case "le":
				case "status":
					if len(l[2]) != 3 || l[2] > "599" {
						t.Errorf("%s has the status %q", m[1], l[2])
					}
				default:
					if !closed[l[1]][l[2]] {
						t.Errorf("%s has the label %s=%q", m[1], l[1], l[2])
					}
				}
			}
		}
	})
	t.Run("R69 what was answered is counted", func(t *testing.T) {
		for _, want := range []string{`droits_requests_total{code="",route="getMe",status="200"} 101`, `droits_trace_commits_total{outcome="durable"}`, `droits_token_checks_total{outcome="ok",profile="v1"} 101`} {
			if !strings.Contains(body, want) {
				t.Errorf("no %s", want)
			}
		}
	})
}

func TestProbes(t *testing.T) {
	in := apptest.Start(t, apptest.Options{Edit: func(c *app.Config) { c.FranceConnect.Timeout = app.Duration(300 * time.Millisecond) }})
	probe := func(t *testing.T, want map[string]int) {
		t.Helper()
		for path, status := range want {
			if got, _ := in.Inside(t, path); got != status {
				t.Errorf("%s answers %d, want %d", path, got, status)
			}
		}
	}
	t.Run("R65 everything is well", func(t *testing.T) {
		probe(t, map[string]int{"/healthz": 200, "/readyz": 200, "/readyz/store": 200, "/readyz/trace": 200, "/readyz/franceconnect": 200, "/readyz/inconnue": 404})
	})
	for _, path := range []string{"/nope", "/", "/readyz/286021204798976", "//286021204798976", "/healthz/"} {
		t.Run("R79 what is no probe is answered with a problem that repeats nothing", func(t *testing.T) {
			status, body := in.Inside(t, path)
			if status != 404 || !strings.Contains(body, `"code":"ressource_inconnue"`) || strings.Contains(body, "286021204798976") {
				t.Errorf("answered %d", status)
			}
		})
	}
	t.Run("R79 a probe that is posted to is answered with a problem", func(t *testing.T) {
		resp, err := http.Post(in.Internal+"/healthz", "text/plain", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != 405 || resp.Header.Get("Content-Type") != "application/problem+json" || resp.Header.Get("Allow") == "" {
			t.Errorf("answered %d", resp.StatusCode)
		}
	})
	t.Run("R65 FranceConnect down shows on its own probe and leaves the service ready", func(t *testing.T) {
		in.Sim.Break(fcsim.Down())
		in.Clock.Advance(time.Minute)
		probe(t, map[string]int{"/healthz": 200, "/readyz": 200, "/readyz/store": 200, "/readyz/trace": 200, "/readyz/franceconnect": 502})
		in.Sim.Break(fcsim.None())
		in.Clock.Advance(5 * time.Minute)
		probe(t, map[string]int{"/readyz/franceconnect": 200})
	})
	t.Run("R65 a closed store shows on its own probes", func(t *testing.T) {
		in.BadDB(t)
		probe(t, map[string]int{"/healthz": 200, "/readyz": 503, "/readyz/store": 502, "/readyz/trace": 502, "/readyz/franceconnect": 200})
	})
}

func TestControlSocket(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	t.Run("the socket of the data directory belongs to its owner alone", func(t *testing.T) {
		if mode := socketMode(t, in); mode != 0o600 {
			t.Errorf("mode %o", mode)
		}
	})
	t.Run("R74 a key revoked through the socket is refused from the next call on", func(t *testing.T) {
		p := in.NewKey(t, in.Hospital, time.Time{})
		in.Get(t, "/me", in.As(t, "ald", p)).Want(t, 200, "")
		if status, _ := control(t, in, http.MethodPost, "/keys/revoke", map[string]any{"id": p.KeyID}); status != 200 {
			t.Fatalf("rehearsal: %d", status)
		}
		in.Get(t, "/me", in.As(t, "ald", p)).Want(t, 200, "")
		if status, _ := control(t, in, http.MethodPost, "/keys/revoke", map[string]any{"id": p.KeyID, "apply": true}); status != 200 {
			t.Fatalf("act: %d", status)
		}
		in.Get(t, "/me", in.As(t, "ald", p)).Want(t, 401, "cle_invalide")
	})
	t.Run("the platform can be stopped and started again on its directory", func(t *testing.T) {
		n := in.TraceCount(t)
		in.Restart(t)
		in.Get(t, "/me", in.As(t, "ald", in.Hospital)).Want(t, 200, "")
		if in.TraceCount(t) != n+1 {
			t.Error("the log does not go on where it was")
		}
	})
}

func TestThePublicKeysRefuseWithProblems(t *testing.T) {
	in := apptest.Shared(t)
	call := func(method string, header ...string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, in.URL+app.JWKSPath, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp
	}
	t.Run("R79 another method than GET is refused with a problem", func(t *testing.T) {
		if resp := call(http.MethodPost); resp.StatusCode != 405 || resp.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("answered %d", resp.StatusCode)
		}
	})
	t.Run("a range or a condition does not keep the set from being told", func(t *testing.T) {
		for _, h := range [][]string{{"Range", "bytes=99999-"}, {"Range", "bytes=0-1"}, {"If-Match", `"x"`}} {
			if resp := call(http.MethodGet, h...); resp.StatusCode != 200 {
				t.Errorf("answered %d to %s", resp.StatusCode, h[0])
			}
		}
	})
}
