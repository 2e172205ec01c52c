// Package apptest starts the whole platform for a test: it hides the sockets,
// keys, people and conventions that a call needs before it can be made, and
// holds every answer against the contract.
//
// It is importable from tests only. Nothing in it imitates the platform: the
// application, its store, the import, the control socket and the simulated
// FranceConnect are the real ones.
package apptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"droits.example/droits/internal/app"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/edge"
	"droits.example/droits/internal/franceconnect"
	"droits.example/droits/internal/intake"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/sim/fcsim"
	"droits.example/droits/internal/sim/people"
	"droits.example/droits/internal/sim/prosim"
	"droits.example/droits/internal/store"
	"droits.example/droits/internal/trace"
)

// Noon is when the clock of an instance stands unless told otherwise: midday
// in Paris, far from midnight and from changes of hour.
func Noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, civil.Paris()) }

// Seed draws the sandbox people of every instance.
const Seed = 1

// Options changes what is started; the zero value is a sandbox at Noon with
// quotas that no test reaches by accident.
type Options struct {
	Now    time.Time                       // where the clock stands; Noon when zero
	Base   string                          // base path; the published one when empty
	Quota  convention.Quota                // of every convention
	Ledger func(trace.Ledger) trace.Ledger // makes the trace fail
	Edit   func(*app.Config)               // last word on the configuration
	Sign   func(*convention.Document)      // last word on the conventions of the sample partners
	Dir    string                          // data directory, kept; a temporary one when empty
	V1Only bool                            // leaves FranceConnect v2 unconfigured

	Environment partner.Environment // sandbox when empty; production is served in clear here, on loopback
}

// Instance is a running platform with its simulated FranceConnect.
type Instance struct {
	App      *app.App
	Sim      *fcsim.Simulator
	Pro      *prosim.Simulator // of professionals
	People   []people.Person
	Clock    *Clock
	Logs     *Buffer
	Hospital Partner // a healthcare establishment: a v1 client, then a v2 one
	Insurer  Partner // a complementary body: a v2 client
	URL      string  // origin of the API and of the pages
	Internal string  // origin of health and metrics
	SimURL   string
	Base     string // base path
	Dir      string // data directory

	opts   Options
	world  world
	stop   func() error
	bad    bool // the store is closed
	client *http.Client
	mtls   string // address for clients' certificates, "" when none
	origin string // what is called instead of URL, "" = URL
}

// world is what outlives a restart of the platform.
type world struct {
	root   store.Root
	keys   franceconnect.KeySet
	addr   string
	sim    *http.Server
	simURL string
	tmp    string
	n      int // partners signed up
}

// Start starts an instance for one test and stops it at its end.
func Start(t testing.TB, o Options) *Instance {
	t.Helper()
	in, err := start(o)
	if err != nil {
		t.Fatalf("apptest: %v", err)
	}
	t.Cleanup(func() {
		if err := in.close(); err != nil {
			t.Errorf("apptest: close: %v", err)
		}
	})
	return in
}

// shared is the one instance of a test binary whose tests change nothing that
// another one could see.
var shared sharedInstance

type sharedInstance struct {
	once sync.Once
	in   *Instance
	err  error
}

// Shared is the instance that the tests of a package have in common; Main ends
// it. A test that moves the clock or breaks something starts its own.
func Shared(t testing.TB) *Instance {
	t.Helper()
	shared.once.Do(func() { shared.in, shared.err = start(Options{}) })
	if shared.err != nil {
		t.Fatalf("apptest: %v", shared.err)
	}
	return shared.in
}

// Main runs the tests of a package, then stops the shared instance.
func Main(m *testing.M) int {
	code := m.Run()
	if shared.in != nil {
		if err := shared.in.close(); err != nil {
			fmt.Fprintln(os.Stderr, "apptest: close:", err)
			code = max(code, 1)
		}
	}
	return code
}

func start(o Options) (in *Instance, err error) {
	if o.Now.IsZero() {
		o.Now = Noon()
	}
	if o.Quota == (convention.Quota{}) {
		o.Quota = convention.Quota{PerSecond: 1_000_000, PerDay: 10_000_000}
	}
	if o.Environment == "" {
		o.Environment = partner.Sandbox
	}
	in = &Instance{Clock: &Clock{now: o.Now}, Logs: &Buffer{}, Dir: o.Dir, opts: o, client: &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 64},
		Timeout:       20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	defer func() {
		if err != nil {
			err = errors.Join(err, in.close())
		}
	}()
	if in.Dir == "" {
		if in.world.tmp, err = os.MkdirTemp("", "droits-test-"); err != nil { // short: a socket lives in it
			return in, err
		}
		in.Dir = in.world.tmp
	}
	if in.world.root, err = store.CreateRoot(filepath.Join(in.Dir, "root.key")); err != nil {
		return in, err
	}
	if in.world.keys, err = franceconnect.GenerateKeys(); err != nil {
		return in, err
	}
	in.People = people.Sandbox(Seed, civil.On(o.Now))
	if err := in.open(); err != nil {
		return in, err
	}
	return in, in.seed()
}

// open starts the platform on its data directory, and the simulator the first
// time.
func (in *Instance) open() error {
	apiL, err := net.Listen("tcp", orAny(in.world.addr))
	if err != nil {
		return err
	}
	internalL, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, apiL.Close())
	}
	in.world.addr = apiL.Addr().String()
	in.URL, in.Internal = "http://"+in.world.addr, "http://"+internalL.Addr().String()
	if in.world.sim == nil {
		if err := in.simulate(); err != nil {
			return errors.Join(err, apiL.Close(), internalL.Close())
		}
	}
	if in.App, err = app.New(context.Background(), in.config(), app.Options{
		Clock: in.Clock.Now, Logs: in.Logs, Ledger: in.opts.Ledger, Root: &in.world.root, Keys: &in.world.keys, Secret: providerSecret, LoginSecret: "secret-" + ClientSpace, ProSecret: "secret-" + ClientPro, Site: in.sandbox,
	}); err != nil {
		return errors.Join(err, apiL.Close(), internalL.Close())
	}
	in.Base = "/" + strings.Trim(in.App.Config.BasePath, "/")
	listeners := app.Listeners{API: apiL, Internal: internalL}
	if in.App.Config.Listen.MTLS != "" {
		if listeners.MTLS, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return errors.Join(err, apiL.Close(), internalL.Close())
		}
		in.mtls = listeners.MTLS.Addr().String()
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- in.App.Run(ctx, listeners) }()
	in.stop = func() error {
		cancel()
		in.client.CloseIdleConnections()
		return errors.Join(<-done, in.App.Close())
	}
	return in.awaitReady()
}

func orAny(addr string) string {
	if addr == "" {
		return "127.0.0.1:0"
	}
	return addr
}

func (in *Instance) awaitReady() error {
	resp, err := in.client.Get(in.Internal + "/healthz") // the socket is open: the kernel queues the call until the server accepts
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

func (in *Instance) config() app.Config {
	c := app.DefaultConfig()
	c.Instance, c.Data, c.PublicURL, c.Drain = in.opts.Environment, in.Dir, in.URL, app.Duration(3*time.Second)
	c.Log = app.Log{Level: "debug", Format: "json"}
	if in.opts.Base != "" {
		c.BasePath = in.opts.Base
	}
	c.FranceConnect.V1.URL = in.world.simURL + "/api/v1"
	if !in.opts.V1Only {
		c.FranceConnect.V2 = app.FCV2{URL: in.world.simURL + "/api/v2", ClientID: providerID}
		c.FranceConnect.Login.ClientID = ClientSpace
	}
	c.Login.Issuer, c.Login.ClientID, c.Login.AgentsSIRET = in.Pro.Issuer(), ClientPro, prosim.OperatorSIRET
	if in.opts.Edit != nil {
		in.opts.Edit(&c)
	}
	return c
}

// seed loads the sandbox people through the import and signs up the two
// sample partners.
func (in *Instance) seed() error {
	path := filepath.Join(in.Dir, "personnes.ndjson")
	var file bytes.Buffer
	if err := people.WriteNDJSON(&file, Seed, civil.On(in.opts.Now)); err != nil {
		return err
	}
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		return err
	}
	ctx := context.Background()
	summary, err := in.App.Import(ctx, intake.Options{Path: path})
	if err = errors.Join(err, os.Remove(path)); err != nil {
		return err
	}
	if summary.Rejected > 0 {
		return fmt.Errorf("%d rows of the sandbox people were rejected", summary.Rejected)
	}
	if in.Hospital, err = in.signUp("hopital", hospital, in.opts.Sign); err != nil {
		return err
	}
	if in.Insurer, err = in.signUp("mutuelle", insurer, in.opts.Sign); err != nil {
		return err
	}
	for _, p := range in.People {
		if !p.Restricted {
			continue
		}
		s, err := in.App.Store.SubjectOf(ctx, p.NIR)
		if err != nil {
			return err
		}
		if _, err := in.App.Store.Restrict(ctx, consent.Restriction{Subject: s, Ground: "18-1-a", SinceAt: in.Clock.Now()}); err != nil {
			return err
		}
	}
	return nil
}

// Restart stops the platform and starts it again on the same directory, with
// the same keys and at the same address.
func (in *Instance) Restart(t testing.TB) {
	t.Helper()
	if err := in.stop(); err != nil {
		t.Fatalf("apptest: stop: %v", err)
	}
	in.stop = nil
	if err := in.open(); err != nil {
		t.Fatalf("apptest: restart: %v", err)
	}
}

// BadDB closes the store under the running platform: everything that needs it
// fails from now on.
func (in *Instance) BadDB(t testing.TB) {
	t.Helper()
	in.bad = true
	if err := in.App.Store.Close(); err != nil {
		t.Fatalf("apptest: close the store: %v", err)
	}
}

func (in *Instance) close() (err error) {
	if in.stop != nil {
		if err = in.stop(); in.bad && errors.Is(err, os.ErrClosed) {
			err = nil // BadDB has closed it already
		}
	}
	if in.world.sim != nil {
		err = errors.Join(err, in.world.sim.Close())
	}
	if in.world.tmp != "" {
		err = errors.Join(err, os.RemoveAll(in.world.tmp))
	}
	return err
}

// Wrap serves a handler behind an edge as the platform does, with the edge's
// listener; it returns the origin. For tests of the edge alone.
func Wrap(t testing.TB, e *edge.Edge, h http.Handler) string {
	t.Helper()
	return wrap(t, e, h, time.Second)
}

// wrap serves until the test ends, then waits so long for what runs. A
// connection that a client opened and never used counts as running for five
// seconds.
func wrap(t testing.TB, e *edge.Edge, h http.Handler, drain time.Duration) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Serve(ctx, l, h, drain) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("apptest: serve: %v", err)
		}
	})
	return "http://" + l.Addr().String()
}

// Clock is a clock that stands where it is put. It is safe for concurrent use.
type Clock struct {
	mu    sync.Mutex
	now   time.Time
	fuse  int
	armed bool
}

// Now reads the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.armed {
		if c.fuse--; c.fuse == 0 {
			c.armed = false
			panic("apptest: the clock breaks, as was asked")
		}
	}
	return c.now
}

// Set moves the clock to an instant.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// Advance moves the clock forward.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Break makes the n-th reading from now panic, once: an unforeseen failure in
// the middle of a call. Break(0) takes the threat back.
func (c *Clock) Break(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fuse, c.armed = n, n > 0
}

// Buffer gathers what is logged. It is safe for concurrent use.
type Buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String is everything written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

var _ io.Writer = (*Buffer)(nil)

// Twin is a second application over the same store, as another node would be:
// it has its own writer, its own road and its own address.
func (in *Instance) Twin(t testing.TB) *Instance {
	t.Helper()
	a, err := app.New(context.Background(), in.config(), app.Options{
		Clock: in.Clock.Now, Logs: in.Logs, Store: in.App.Store, Keys: &in.world.keys, Secret: providerSecret, LoginSecret: "secret-" + ClientSpace, ProSecret: "secret-" + ClientPro, Site: in.sandbox,
	})
	if err != nil {
		t.Fatalf("apptest: twin: %v", err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Errorf("apptest: twin: %v", err)
		}
	})
	twin := *in
	twin.App, twin.URL, twin.stop = a, wrap(t, a.Edge, a.Public(), 20*time.Second), nil
	return &twin
}
