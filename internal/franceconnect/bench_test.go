package franceconnect_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"droits.example/droits/internal/franceconnect"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/sim/fcsim"
)

// canned gives the same answers to the same addresses, so that only the
// verifier is measured.
type canned map[string]struct {
	contentType string
	body        []byte
}

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	a := c[r.URL.Path]
	return &http.Response{
		StatusCode: 200, Header: http.Header{"Content-Type": {a.contentType}},
		ContentLength: int64(len(a.body)), Body: io.NopCloser(bytes.NewReader(a.body)), Request: r,
	}, nil
}

// record walks one check against the simulator and keeps its answers.
func record(b *testing.B, w *world, p identity.Profile, token string) canned {
	b.Helper()
	out := canned{}
	w.config.HTTP = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		defer func() { _ = resp.Body.Close() }()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return nil, err
		}
		out[r.URL.Path] = struct {
			contentType string
			body        []byte
		}{resp.Header.Get("Content-Type"), body}
		rec := httptest.NewRecorder()
		rec.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
		rec.WriteHeader(resp.StatusCode)
		_, _ = rec.Write(body)
		return rec.Result(), nil
	})}
	if _, err := w.newVerifier(b).Check(b.Context(), p, token); err != nil {
		b.Fatal(err)
	}
	return out
}

func benchmarkCheck(b *testing.B, p identity.Profile, options ...option) {
	w := newWorld(b, options...)
	token, _, err := w.sim.Mint(fcsim.MintRequest{ClientID: clientOf(p), Slug: "martin", TTL: time.Hour})
	if err != nil {
		b.Fatal(err)
	}
	w.config.HTTP = &http.Client{Transport: record(b, w, p, token)}
	v := w.newVerifier(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Check(b.Context(), p, token); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckV1(b *testing.B) { benchmarkCheck(b, identity.V1) }

func BenchmarkCheckV2ECDH(b *testing.B) { benchmarkCheck(b, identity.V2) }

func BenchmarkCheckV2RSA(b *testing.B) {
	benchmarkCheck(b, identity.V2, func(s *fcsim.Config, _ *franceconnect.Config) { s.Providers[0].KeyAlg = fcsim.KeyRSA })
}
