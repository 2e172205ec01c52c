// Package bench measures the platform as a user of it: it hides how a
// population, a verifier in process and a load are put together, and prints
// ratios against a yardstick run in the same minute.
package bench

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"droits.example/droits/internal/app"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/intake"
	"droits.example/droits/internal/nir"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/sim/people"
	"droits.example/droits/internal/store"
)

const (
	benchKey    = "test_bench-0123456789abcdefghijklmnopqrstuvwxyz"
	benchClient = "bench-client-0123456789abcdef0123456789ab"
)

// soul is one person of the benchmark, with its token.
type soul struct {
	token string
	nir   nir.NIR
	pivot identity.Pivot
}

// world is a populated instance on disk.
type world struct {
	dir   string
	souls []soul
	root  store.Root
}

func tokenOf(i int) string {
	sum := sha256.Sum256([]byte{byte(i), byte(i >> 8), byte(i >> 16), 'b'})
	return hex.EncodeToString(sum[:])
}

// build writes the population of n people; the same call with load false only
// remembers who they are.
func build(ctx context.Context, dir string, n int, load bool) (*world, error) {
	w := &world{dir: dir}
	copy(w.root[:], "droits bench root key, not secret")
	path := filepath.Join(dir, "crowd.ndjson")
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	crowd := people.Crowd{Seed: 1, N: n, Day: civil.On(time.Now())}
	err = crowd.Write(f, func(p people.Person) { w.souls = append(w.souls, soul{tokenOf(len(w.souls)), p.NIR, p.Pivot}) })
	if err = firstError(err, f.Close()); err != nil || !load {
		return w, err
	}
	a, err := w.open(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := a.Import(ctx, intake.Options{Path: path}); err != nil {
		return nil, firstError(err, a.Close())
	}
	return w, firstError(w.signUp(ctx, a), a.Close())
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *world) signUp(ctx context.Context, a *app.App) error {
	today := civil.On(time.Now())
	doc := convention.Document{
		ID: "bench", Version: 1, Parties: convention.Parties{Operator: "bench", Partner: "bench", Name: "Bench"}, Purpose: "preadmission", Kind: droits.Etablissement,
		Quota: convention.Quota{PerSecond: 1_000_000, PerDay: 1_000_000_000}, From: today, Until: today.AddYears(1), Auth: "api_key",
		FCClients: []convention.FCClient{{ID: benchClient, Profile: "v1"}},
		Terms:     convention.Terms{Terms: "bench", Notice: convention.NoticeVersion, NoticeSHA256: convention.NoticeSHA256()},
	}
	for _, b := range droits.Blocs() {
		doc.Blocks = append(doc.Blocks, b.Bloc)
	}
	conv, err := convention.New(doc, convention.Draft)
	if err != nil {
		return err
	}
	s := a.Store
	if err := s.PutPartner(ctx, partner.Partner{ID: "bench", Nom: "Bench", Kind: doc.Kind}); err != nil {
		return err
	}
	if conv, err = s.Countersigned(ctx, conv, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))); err != nil {
		return err
	}
	return firstError(s.PutConvention(ctx, conv),
		s.SetConventionState(ctx, "bench", convention.Active), addKey(ctx, s))
}

func addKey(ctx context.Context, s *store.Store) error {
	_, err := s.AddKey(ctx, "bench", benchKey, partner.Sandbox, time.Time{})
	return err
}

// open starts the instance with the real verifier and FranceConnect's v1
// answers in process.
func (w *world) open(ctx context.Context) (*app.App, error) {
	c := app.DefaultConfig()
	c.Data, c.PublicURL = filepath.Join(w.dir, "data"), "http://127.0.0.1:8080"
	c.Listen = app.Listen{API: "127.0.0.1:0", Internal: "127.0.0.1:0"}
	c.FranceConnect.V1.URL = "http://franceconnect.invalid/api/v1"
	return app.New(ctx, c, app.Options{Logs: io.Discard, Root: &w.root, HTTP: &http.Client{Transport: w.franceConnect()}})
}

// franceConnect answers checktoken v1 without a network: the cost of the
// remote side is not ours, decoding its answer is.
type franceConnect map[string][]byte

func (w *world) franceConnect() franceConnect {
	m := make(franceConnect, len(w.souls))
	for _, s := range w.souls {
		b, _ := json.Marshal(map[string]any{
			"scope":  []string{"openid", "profile", droits.ScopeUmbrella},
			"client": map[string]string{"client_id": benchClient, "client_name": "Bench"},
			"acr":    "eidas1",
			"identity": map[string]string{"given_name": s.pivot.GivenName, "family_name": s.pivot.FamilyName, "birthdate": s.pivot.Birthdate,
				"gender": s.pivot.Gender, "birthplace": s.pivot.Birthplace, "birthcountry": s.pivot.Birthcountry, "preferred_username": ""},
		})
		m[s.token] = b
	}
	return m
}

var jsonHeader = http.Header{"Content-Type": {"application/json"}}

// canned is an answer and its body in one piece: what the remote side costs
// is kept small, because it is not ours.
type canned struct {
	http.Response
	body bytes.Reader
}

// Read implements io.Reader.
func (c *canned) Read(p []byte) (int, error) { return c.body.Read(p) }

// Close implements io.Closer.
func (c *canned) Close() error { return nil }

// RoundTrip implements http.RoundTripper.
func (f franceConnect) RoundTrip(r *http.Request) (*http.Response, error) {
	raw := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, raw)
	r.Body.Close()
	if err != nil {
		return nil, err
	}
	body, ok := f[tokenIn(raw)]
	status := http.StatusOK
	if !ok {
		status, body = http.StatusUnauthorized, []byte(`{"status":"fail","message":"token_not_found_or_expired"}`)
	}
	c := &canned{Response: http.Response{StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: jsonHeader, ContentLength: int64(len(body)), Request: r}}
	c.body.Reset(body)
	c.Response.Body = c
	return &c.Response, nil
}

// tokenIn finds the 64 hexadecimal digits of a token in a form or a JSON body.
func tokenIn(b []byte) string {
	run := 0
	for i, c := range b {
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'f' {
			if run++; run == 64 {
				return string(b[i-63 : i+1])
			}
			continue
		}
		run = 0
	}
	return ""
}
