package franceconnect_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/franceconnect"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/sim/fcsim"
)

const (
	spV1     = "hopital-v1"
	spV2     = "mutuelle-v2"
	dpID     = "droits-fournisseur-de-donnees-0001"
	dpSecret = "secret-du-fournisseur-de-donnees-0001"
)

// clock is a hand-moved clock.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) Forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// late is a handler that is known after its server has an address.
type lateHandler struct {
	mu sync.Mutex
	h  http.Handler
}

func (l *lateHandler) set(h http.Handler) { l.mu.Lock(); l.h = h; l.mu.Unlock() }

func (l *lateHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	h := l.h
	l.mu.Unlock()
	h.ServeHTTP(w, r)
}

// world is a simulated FranceConnect, a verifier, and the wires between them.
type world struct {
	sim      *fcsim.Simulator
	verifier *franceconnect.Verifier
	clock    *clock
	config   franceconnect.Config
	jwks     *lateHandler
}

// testKeys are made once: RSA keys are slow to make.
var testKeys = sync.OnceValues(franceconnect.GenerateKeys)

type option func(*fcsim.Config, *franceconnect.Config)

func newWorld(t testing.TB, options ...option) *world {
	t.Helper()
	w := &world{clock: newClock(), jwks: &lateHandler{}}
	var fc lateHandler
	fcServer, ourServer := httptest.NewServer(&fc), httptest.NewServer(w.jwks)
	t.Cleanup(fcServer.Close)
	t.Cleanup(ourServer.Close)
	keys, err := testKeys()
	if err != nil {
		t.Fatal(err)
	}
	simConfig := fcsim.Config{
		BaseURL: fcServer.URL, Clock: w.clock.Now,
		Clients: []fcsim.Client{
			{ID: spV1, Secret: "s1", Name: "Hôpital de démonstration", Profile: identity.V1, Scopes: []string{"profile", "droits_assurance_maladie"}},
			{ID: spV2, Secret: "s2", Name: "Mutuelle de démonstration", Profile: identity.V2, Scopes: []string{"identite_pivot", "cnam_caisse", "cnam_contrats"}},
		},
		Providers: []fcsim.DataProvider{{ID: dpID, Secret: dpSecret, Title: "Droits", JWKSURL: ourServer.URL, Scopes: []string{"droits_assurance_maladie", "cnam_caisse", "cnam_contrats"}}},
		People: []fcsim.Person{{Slug: "martin", What: "fictive", Pivot: identity.Pivot{
			FamilyName: "MARTIN", GivenName: "Claire Louise", GivenNames: []string{"Claire", "Louise"}, Birthdate: "1985-03-00",
			Gender: "female", Birthplace: "12047", Birthcountry: "99100", PreferredUsername: "BERNARD",
		}}},
	}
	w.config = franceconnect.Config{
		Clock: w.clock.Now,
		V1:    &franceconnect.V1Config{BaseURL: fcServer.URL + "/api/v1"},
		V2:    &franceconnect.V2Config{BaseURL: fcServer.URL + "/api/v2", ClientID: dpID, ClientSecret: dpSecret, Keys: keys},
	}
	for _, o := range options {
		o(&simConfig, &w.config)
	}
	if w.sim, err = fcsim.New(simConfig); err != nil {
		t.Fatal(err)
	}
	fc.set(w.sim.Handler())
	w.verifier = w.newVerifier(t)
	return w
}

// newVerifier makes another verifier, with nothing cached, from the
// configuration as it is now.
func (w *world) newVerifier(t testing.TB) *franceconnect.Verifier {
	t.Helper()
	v, err := franceconnect.New(w.config)
	if err != nil {
		t.Fatal(err)
	}
	w.jwks.set(v.JWKS())
	return v
}

func (w *world) mint(t testing.TB, client string) string {
	t.Helper()
	token, _, err := w.sim.Mint(fcsim.MintRequest{ClientID: client, Slug: "martin"})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// expect fails unless err is the code for the reason.
func expect(t *testing.T, err error, code fault.Code, reason string) {
	t.Helper()
	if err == nil {
		t.Fatalf("accepted, want %s (%s)", code, reason)
	}
	if f := fault.From(err); f.Code() != code || f.Reason() != reason {
		t.Fatalf("got %s (%s), want %s (%s)", f.Code(), f.Reason(), code, reason)
	}
}
