// Package app joins the parts: the only place where a clock, files, sockets
// and packages meet. It hides the order in which they start and stop.
package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"droits.example/droits/internal/access"
	"droits.example/droits/internal/admin"
	"droits.example/droits/internal/api"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/clientauth"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/deliver"
	"droits.example/droits/internal/edge"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/franceconnect"
	"droits.example/droits/internal/intake"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/store"
	"droits.example/droits/internal/trace"
	"droits.example/droits/internal/web"
)

// JWKSPath is where FranceConnect reads our public keys.
const JWKSPath = "/franceconnect/jwks"

// Options is what tests and the demonstration set beside the configuration;
// its zero value is production's.
type Options struct {
	Clock       func() time.Time                // nil = the machine's
	Logs        io.Writer                       // nil = standard error
	HTTP        *http.Client                    // towards FranceConnect
	Ledger      func(trace.Ledger) trace.Ledger // wraps the store's, to make it fail
	Root        *store.Root                     // instead of keys.root_file
	Store       *store.Store                    // one that is open already and stays so: several instances in one process
	Keys        *franceconnect.KeySet           // instead of franceconnect.v2.keys_file
	Secret      string                          // instead of franceconnect.v2.client_secret_file
	LoginSecret string                          // instead of franceconnect.login.client_secret_file
	ProSecret   string                          // instead of login.client_secret_file
	Site        func(*web.Config)               // completes what the pages show
	Demo        admin.Demo                      // offers test tokens
}

// App is one instance.
type App struct {
	Config    Config
	Store     *store.Store
	Access    *access.Service
	Verifier  *franceconnect.Verifier
	Edge      *edge.Edge
	Logger    *slog.Logger
	Worker    *deliver.Worker
	heads     atomic.Bool // the last beat signed what there was to sign
	metrics   *metrics
	writer    *trace.Writer
	api       *api.API
	site      *web.Site
	opts      Options
	clock     func() time.Time
	cosigners []trace.Cosigner
	tls       tlsFiles
	certs     *clientauth.Certificates
	closing   sync.Once
}

// New opens everything and starts nothing that listens. Errors: *ConfigError,
// store.ErrLocked, and what the parts say.
func New(ctx context.Context, c Config, o Options) (*App, error) {
	a := &App{Config: c, opts: o, clock: o.Clock}
	if a.clock == nil {
		a.clock = time.Now
	}
	a.Logger = newLogger(c.Log, o.Logs)
	a.metrics = newMetrics()
	if err := a.build(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func (a *App) build(ctx context.Context) error {
	if err := a.openStore(ctx); err != nil {
		return err
	}
	return a.join()
}

func (a *App) openStore(ctx context.Context) error {
	if a.Store = a.opts.Store; a.Store != nil {
		return nil
	}
	root, err := a.root()
	if err != nil {
		return err
	}
	a.Store, err = store.Open(ctx, store.Config{Dir: a.Config.Data, Root: root, Clock: a.clock, Host: a.Config.host(), LogFile: a.Config.Keys.LogFile, SignFile: a.Config.Keys.SignFile, LockFile: a.Config.Trace.LockFile, Pair: a.Config.Instruction.pair()})
	if errors.Is(err, store.ErrOtherRoot) {
		return &ConfigError{"keys.root_file: the data directory was made under another root key; give the one it was made with, or another directory"}
	}
	return err
}

// join joins the parts on the store.
func (a *App) join() (err error) {
	if a.Verifier, err = a.verifier(); err != nil {
		return err
	}
	var ledger trace.Ledger = a.Store
	if a.opts.Ledger != nil {
		ledger = a.opts.Ledger(ledger)
	}
	if a.cosigners, err = a.witnesses(); err != nil {
		return err
	}
	a.writer = trace.NewWriter(a.metrics.ledger(ledger, a.clock), a.Config.host())
	a.Edge = edge.New(edge.Config{Logger: a.Logger, Clock: a.clock, PublicURL: a.Config.PublicURL, Trusted: a.Config.proxies(), Observe: a.metrics.request, Forms: a.takesForms})
	a.certs = clientauth.NewCertificates(a.clock)
	if err = a.openTLS(); err != nil {
		return err
	}
	a.Access = access.New(access.Config{
		Certificates: a.certs,
		Keys:         a.Store, People: a.Store, Digests: a.Store, Tokens: a.Verifier, Journal: a.writer, Assertions: clientauth.New(a.Config.PublicURL+"/"+strings.Trim(a.Config.BasePath, "/"), a.clock, a.Store.Proofs()), Trail: a.Store, Sharings: a.Store,
		Environment: a.Config.Instance, Clock: a.clock, Alarm: a.metrics.alarm,
	})
	a.api = api.New(api.Config{Access: a.Access, Edge: a.Edge, Base: a.Config.BasePath, Environment: a.Config.Instance, Clock: a.clock, PartnerName: a.Store.Partner, Ping: a.Store.Ping, Deprecation: a.Config.Deprecation.announcement(a.Config.PublicURL)})
	if a.Worker, err = a.deliverer(); err != nil {
		return err
	}
	a.site, err = a.newSite()
	return err
}

func (a *App) newSite() (*web.Site, error) {
	doc, asJSON, err := a.api.Document()
	if err != nil {
		return nil, err
	}
	cfg := web.Config{OpenAPIYAML: doc, OpenAPIJSON: asJSON, BasePath: a.Config.BasePath, Version: Version(), Origin: a.Config.PublicURL, Outbox: a.Store.Outbox, TrailKeys: a.trailKeys, KeysPath: ProofKeysPath, Contact: a.Config.Contact}
	if cfg.Space, err = a.newSpace(); err != nil {
		return nil, err
	}
	if cfg.Desk, err = a.newDesk(); err != nil {
		return nil, err
	}
	if a.opts.Site != nil {
		a.opts.Site(&cfg)
	}
	return web.New(cfg)
}

func (a *App) verifier() (*franceconnect.Verifier, error) {
	f := a.Config.FranceConnect
	c := franceconnect.Config{Timeout: time.Duration(f.Timeout), MinACR: f.MinACR, Ceiling: time.Duration(f.Ceiling), Clock: a.clock, HTTP: a.opts.HTTP, Observe: a.metrics.token}
	if f.V1.URL != "" {
		c.V1 = &franceconnect.V1Config{BaseURL: f.V1.URL}
	}
	if f.V2.URL != "" {
		secret, keys, err := a.v2Secrets()
		if err != nil {
			return nil, err
		}
		c.V2 = &franceconnect.V2Config{BaseURL: f.V2.URL, Issuer: f.V2.Issuer, ClientID: f.V2.ClientID, ClientSecret: secret, Keys: keys}
	}
	v, err := franceconnect.New(c)
	if err != nil {
		return nil, &ConfigError{"franceconnect: " + err.Error()}
	}
	return v, nil
}

// takesForms reports whether a request is for the pages, which read the body
// of a form; the API reads none.
func (a *App) takesForms(r *http.Request) bool {
	return r.Method == http.MethodPost && a.api != nil && (!a.api.Handles(r.URL.Path) && r.URL.Path != JWKSPath || a.Config.Administration.Open && administers(r))
}

// administers reports whether a request is for the administration.
func administers(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, admin.PortalPath+"/") }

// Public is the handler of the partner API and of the pages.
func (a *App) Public() http.Handler {
	pages, jwks := a.site.Handler(), a.Verifier.JWKS()
	route := func(name string, h http.Handler) http.Handler {
		return a.Edge.Handle(name, func(w *edge.Writer, r *http.Request) error { h.ServeHTTP(w, r); return nil })
	}
	proofs, portal := a.proofs(), a.portal()
	administration := route("administration", portal)
	page, keys, forbidden := route("page", pages), route("jwks", jwks), a.Edge.Refuse("jwks", fault.MethodeNonPermise)
	return a.Edge.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case portal != nil && administers(r):
			administration.ServeHTTP(w, r)
		case a.api.Handles(r.URL.Path):
			a.api.ServeHTTP(w, r)
		case r.URL.Path == JWKSPath && r.Method != http.MethodGet && r.Method != http.MethodHead:
			forbidden.ServeHTTP(w, r)
		case r.URL.Path == JWKSPath:
			for _, k := range []string{"Range", "If-Match", "If-Unmodified-Since"} { // the whole set, never a 412 or 416
				r.Header.Del(k)
			}
			keys.ServeHTTP(w, r)
		case r.URL.Path == ProofKeysPath, r.URL.Path == CheckpointPath, r.URL.Path == ProofStatePath:
			proofs.ServeHTTP(w, r)
		default:
			page.ServeHTTP(w, r)
		}
	}))
}

// Admin is the administration, for the socket of the data directory or for a
// command that runs alone.
func (a *App) Admin() http.Handler {
	return admin.Handler(a.adminConfig())
}

// adminConfig is what the administration needs, whoever drives it.
func (a *App) adminConfig() admin.Config {
	return admin.Config{
		Live: a.Store, Rehearsal: a.Store.Rehearsal(), Environment: a.Config.Instance, Clock: a.clock, Demo: a.opts.Demo, Operator: a.Config.Operator, AgentsSIRET: a.Config.Login.AgentsSIRET,
		Contract: a.contractOf,
		NewLoad: func(apply bool) intake.Sink {
			if apply {
				return a.Store.NewLoad()
			}
			return a.Store.Rehearsal().NewLoad()
		},
	}
}

// contractOf is the OpenAPI document of one partner.
func (a *App) contractOf(c convention.Convention) ([]byte, error) {
	return api.DocumentFor(a.Config.BasePath, c)
}

// Listeners are the open sockets of an instance.
type Listeners struct {
	API, Internal net.Listener
	MTLS          net.Listener // nil when listen.mtls is empty
}

// Open opens the configured addresses. Errors name the member of the
// configuration.
func (c Config) Open() (l Listeners, err error) {
	if l.API, err = net.Listen("tcp", c.Listen.API); err != nil {
		return l, &ConfigError{"listen.api: " + listenProblem(err)}
	}
	if l.Internal, err = net.Listen("tcp", c.Listen.Internal); err != nil {
		l.API.Close()
		return l, &ConfigError{"listen.internal: " + listenProblem(err)}
	}
	if c.Listen.MTLS == "" {
		return l, nil
	}
	if l.MTLS, err = net.Listen("tcp", c.Listen.MTLS); err != nil {
		l.API.Close()
		l.Internal.Close()
		return l, &ConfigError{"listen.mtls: " + listenProblem(err)}
	}
	return l, nil
}

func listenProblem(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Addr != nil {
		return op.Addr.String() + ": " + op.Err.Error()
	}
	return err.Error()
}

// gcPercent lets the heap grow to five times what lives between collections:
// what lives is small, and calls allocate much (docs/decisions/0003).
const gcPercent = 400

// Run serves until the context ends, then stops in order: no new request, the
// running ones finish, the traces, the store.
func (a *App) Run(ctx context.Context, l Listeners) error {
	control, err := a.listenControl()
	if err != nil {
		l.API.Close()
		l.Internal.Close()
		if l.MTLS != nil {
			l.MTLS.Close()
		}
		return err
	}
	if os.Getenv("GOGC") == "" {
		defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	drain := time.Duration(a.Config.Drain)
	running := 6
	errs := make(chan error, running+1)
	serve := func(l net.Listener, h http.Handler) {
		go func() { err := a.Edge.Serve(ctx, l, h, drain); cancel(); errs <- err }()
	}
	serve(a.underTLS(l.API), a.Public())
	if l.MTLS != nil {
		running++
		serve(a.underMutualTLS(l.MTLS), a.partnersOnly())
	}
	serve(l.Internal, a.Internal())
	go func() { errs <- serveControl(ctx, control, a.Admin()) }()
	go func() { errs <- a.housekeep(ctx) }()
	if err := a.beat(ctx); err != nil {
		a.Logger.Warn("housekeeping", slog.String("event", "trail_beat"), slog.String("code", "service_indisponible"))
	}
	go func() { errs <- a.deliver(ctx) }()
	go func() { errs <- a.cosign(ctx) }()
	a.Logger.Info("ready", slog.String("event", "ready"))
	var all []error
	for range running {
		all = append(all, <-errs)
	}
	a.Logger.Info("stopped", slog.String("event", "stopped"))
	return errors.Join(all...)
}

// housekeep forgets the digests of tokens after a day, and traces the refusals
// for quota that were only counted.
func (a *App) housekeep(ctx context.Context) error {
	hour, minute, files := time.NewTicker(time.Hour), time.NewTicker(time.Minute), time.NewTicker(reloadEvery)
	defer hour.Stop()
	defer files.Stop()
	defer minute.Stop()
	do := func(event string, err error) {
		if err != nil && ctx.Err() == nil {
			a.Logger.Warn("housekeeping", slog.String("event", event), slog.String("code", "service_indisponible"))
		}
	}
	_, err := a.Store.EndConventions(ctx) // what had its last day while nothing ran
	do("end_conventions", err)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-files.C:
			a.HangUp()
		case <-minute.C:
			do("flush_refusals", a.Access.FlushRefusals(ctx, false))
			do("trail_beat", a.beat(ctx))
			do("agreements", a.agreements(ctx))
			do("keys", a.watchKeys(ctx))
			_, err := a.Store.EndConventions(ctx)
			do("end_conventions", err)
		case <-hour.C:
			_, err := a.Store.ForgetTokens(ctx)
			do("forget_tokens", err)
			_, err = a.Store.TrimSessions(ctx, a.clock().Add(-web.SessionLife), a.clock().Add(-web.SessionIdle))
			do("trim_sessions", err)
			_, err = a.Store.TrimDesk(ctx, a.clock().Add(-admin.MaxDeskFor))
			do("trim_desk", err)
			_, err = a.Store.TrimOutbox(ctx, a.clock().Add(-outboxFor))
			do("trim_outbox", err)
			_, err = a.Store.TrimCalls(ctx, a.clock().Add(-store.CallsFor))
			do("trim_calls", err)
			do("trim_uses", a.Store.TrimUses(ctx, civil.On(a.clock()).AddDays(-2*partner.UsualOver)))
		}
	}
}

// Close stops the writer of traces, then the store. It may be called twice.
func (a *App) Close() (err error) {
	a.closing.Do(func() {
		if a.writer != nil {
			if a.Access != nil {
				err = errors.Join(a.Access.FlushRefusals(context.Background(), true), a.noteUses(), a.Access.ReturnQuotas(context.Background()))
			}
			a.writer.Close()
			if a.Store != nil && a.opts.Store == nil {
				_ = a.beat(context.Background()) // what was written since the last minute is signed too; a refusal has been told
			}
		}
		if a.Store != nil && a.opts.Store == nil {
			err = errors.Join(err, a.Store.Close())
		}
	})
	return err
}

// Import loads a file into the store; it is what droits import does when no
// process runs.
func (a *App) Import(ctx context.Context, o intake.Options) (intake.Summary, error) {
	if !o.DryRun {
		o.Sink = a.Store.NewLoad()
	}
	return intake.Run(ctx, o)
}

// SocketPath is the control socket of a data directory.
func SocketPath(dir string) string { return filepath.Join(dir, "droits.sock") }
