package access

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/intake"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/policy"
	"droits.example/droits/internal/sim/people"
	"droits.example/droits/internal/store"
	"droits.example/droits/internal/trace"
)

var ctx = context.Background()

// world is the real road on a real store; only FranceConnect is a table.
type world struct {
	t       testing.TB
	dir     string
	store   *store.Store
	writer  *trace.Writer
	service *Service
	people  map[string]people.Person
	keys    map[string]string // partner → secret
	keyIDs  map[string]string
	mu      sync.Mutex
	now     time.Time
	tokens  map[string]func() (identity.Assertion, error)
	checks  int
}

func (w *world) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) forward(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// Check implements Tokens.
func (w *world) Check(_ context.Context, _ identity.Profile, token string) (identity.Assertion, error) {
	w.mu.Lock()
	w.checks++
	do, ok := w.tokens[token]
	w.mu.Unlock()
	if !ok {
		return identity.Assertion{}, fault.New(fault.JetonInvalide, "test: check")
	}
	return do()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var day = civil.MustParse("2026-11-22")

// loaded are the files of a store with the sandbox people, made once for all
// tests.
var loaded = sync.OnceValues(func() (map[string][]byte, error) {
	dir, err := os.MkdirTemp("", "droits-access-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	s, err := store.Open(ctx, store.Config{Dir: dir, Root: store.Root{1, 2, 3}, Clock: func() time.Time { return day.StartAt() }})
	if err != nil {
		return nil, err
	}
	var file strings.Builder
	if err := people.WriteNDJSON(&file, 1, day); err != nil {
		return nil, err
	}
	if _, err := intake.Run(ctx, intake.Options{Reader: strings.NewReader(file.String()), Sink: s.NewLoad()}); err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	list, err := os.ReadDir(dir)
	files := map[string][]byte{}
	for _, f := range list {
		if err == nil {
			files[f.Name()], err = os.ReadFile(filepath.Join(dir, f.Name()))
		}
	}
	return files, err
})

func newWorld(t testing.TB, change ...func(*convention.Document)) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), now: time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC), people: map[string]people.Person{}, keys: map[string]string{}, keyIDs: map[string]string{}, tokens: map[string]func() (identity.Assertion, error){}}
	population, err := loaded()
	must(t, err)
	for name, b := range population {
		must(t, os.WriteFile(filepath.Join(w.dir, name), b, 0o600))
	}
	w.reopen()
	for _, p := range people.Sandbox(1, day) {
		w.people[p.Slug] = p
	}
	w.partner("hopital", droits.Etablissement, "v1", change)
	w.partner("mutuelle", droits.OrganismeComplementaire, "v2", nil)
	t.Cleanup(func() { w.writer.Close(); w.store.Close() })
	return w
}

// reopen opens the store and builds the road on it.
func (w *world) reopen() {
	w.t.Helper()
	var err error
	w.store, err = store.Open(ctx, store.Config{Dir: w.dir, Root: store.Root{1, 2, 3}, Clock: w.Now})
	must(w.t, err)
	w.writer = trace.NewWriter(w.store, "test")
	w.join(w.writer, w.store)
}

// join builds the road, possibly with a part replaced.
func (w *world) join(j Journal, p People) {
	w.service = New(Config{Keys: w.store, People: p, Digests: w.store, Tokens: w, Journal: j, Trail: w.store, Sharings: w.store, Environment: partner.Sandbox, Clock: w.Now})
}

// put stores a convention that both parties have signed.
func (w *world) put(c convention.Convention) {
	w.t.Helper()
	c, err := w.store.Countersigned(ctx, c, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	must(w.t, err)
	must(w.t, w.store.PutConvention(ctx, c))
}

func (w *world) partner(id string, kind droits.Kind, profile string, change []func(*convention.Document)) {
	must(w.t, w.store.PutPartner(ctx, partner.Partner{ID: id, Nom: id, Kind: kind}))
	d := convention.Document{
		ID: "conv-" + id, Version: 1, Parties: convention.Parties{Operator: "operateur", Partner: id, Name: id}, Purpose: "preadmission", Kind: kind,
		Quota: convention.Quota{PerSecond: 10000, PerDay: 100000}, From: civil.MustParse("2020-01-01"), Until: civil.MustParse("2027-12-31"), Auth: "api_key",
		FCClients: []convention.FCClient{{ID: id + "-" + profile, Profile: profile}},
		Terms:     convention.Terms{Terms: "cgu-1", Notice: convention.NoticeVersion, NoticeSHA256: convention.NoticeSHA256()},
	}
	for _, b := range droits.Blocs() {
		if b.For(kind) {
			d.Blocks = append(d.Blocks, b.Bloc)
		}
	}
	for _, c := range change {
		c(&d)
	}
	c, err := convention.New(d, convention.Draft)
	must(w.t, err)
	w.put(c)
	must(w.t, w.store.SetConventionState(ctx, d.ID, convention.Active))
	secret := partner.NewSecret(partner.Sandbox)
	k, err := w.store.AddKey(ctx, d.ID, secret, partner.Sandbox, time.Time{})
	must(w.t, err)
	w.keys[id], w.keyIDs[id] = secret, k.ID
}

// token gives a token of a person to a partner, as FranceConnect would vouch
// for it.
func (w *world) token(name, slug, partnerID string, scopes ...string) {
	if len(scopes) == 0 {
		scopes = []string{"openid", droits.ScopeUmbrella}
	}
	p, ok := w.people[slug]
	if !ok {
		w.t.Fatal("nobody is called", slug)
	}
	profile := identity.V1
	if partnerID == "mutuelle" {
		profile = identity.V2
	}
	w.answer(name, identity.Assertion{Profile: profile, Client: partnerID + "-" + string(profile), Scopes: scopes, ACR: "eidas1", Pivot: p.Pivot}, nil)
}

func (w *world) answer(name string, a identity.Assertion, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tokens[name] = func() (identity.Assertion, error) { return a, err }
}

func (w *world) window() droits.Fenetre {
	today := civil.On(w.Now())
	return droits.Fenetre{Today: today, Period: civil.Period{From: today, To: today.AddYears(1)}}
}

// call is one call as a partner makes it.
type call struct {
	partner, token string
	key            string // "" = the partner's
	op             droits.Operation
	who            droits.Designation
	meta           func(*Meta)
	encode         func(policy.View) ([]byte, error)
}

func (w *world) do(c call) (Answer, error) {
	if c.key == "" {
		c.key = w.keys[c.partner]
	}
	m := Meta{RequestID: "essai", Operation: c.op, Window: w.window()}
	if c.meta != nil {
		c.meta(&m)
	}
	if c.encode == nil {
		c.encode = func(v policy.View) ([]byte, error) {
			type shown struct {
				Names    []string
				Contrats int
			}
			s := shown{Contrats: len(v.Contrats)}
			for _, b := range v.Beneficiaires {
				s.Names = append(s.Names, b.Prenom)
			}
			return json.Marshal(s)
		}
	}
	caller, err := w.service.Authenticate(Credentials{Key: c.key, Token: c.token, Addr: netip.MustParseAddr("192.0.2.7")}, true)
	if err != nil {
		return Answer{}, w.service.Refuse(ctx, caller, m, err)
	}
	return w.service.Read(ctx, caller, Request{Meta: m, Who: c.who, Encode: c.encode})
}

// traced is an entry of the log, opened.
type traced struct {
	class            trace.Class
	person, internal map[string]any
}

// traces are the calls in the log, its acts left out.
func (w *world) traces() (out []traced) {
	w.t.Helper()
	must(w.t, w.store.Traces(ctx, 0, func(e store.TracedEntry) bool {
		if e.Class != trace.AccessServed && e.Class != trace.AccessRefused {
			return true
		}
		x := traced{class: e.Class}
		must(w.t, json.Unmarshal(e.Person[trace.SaltSize:], &x.person))
		must(w.t, json.Unmarshal(e.Internal[trace.SaltSize:], &x.internal))
		out = append(out, x)
		return true
	}))
	return out
}

func (w *world) last() traced {
	w.t.Helper()
	all := w.traces()
	if len(all) == 0 {
		w.t.Fatal("nothing is traced")
	}
	return all[len(all)-1]
}

func (x traced) String() string {
	return fmt.Sprintf("%v %v %v", x.person["operation"], x.person["outcome"], x.internal["reasons"])
}

// code is what a call was answered, "" for an answer.
func code(err error) string {
	if err == nil {
		return ""
	}
	return string(fault.From(err).Code())
}

func isTraced(err error) bool {
	var r *Refusal
	return errors.As(err, &r) && r.Receipt.Valid()
}
