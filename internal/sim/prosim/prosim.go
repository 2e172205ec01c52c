// Package prosim simulates the identity provider of professionals: people of
// partners and agents log in with it. It hides that nobody is behind it; a
// client that works with it speaks real OpenID Connect.
//
// It imitates a protocol, carries no official mark and knows fictitious people
// only. It keeps everything in memory.
package prosim

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"droits.example/droits/internal/sim/provider"
)

// Lifetimes.
const (
	codeTTL    = 30 * time.Second
	tokenTTL   = time.Minute
	sessionTTL = 30 * time.Minute
)

// Bounds of what is kept.
const maxKept = 10_000

// Client is a service that people log in to.
type Client struct {
	ID, Secret, Name string
	RedirectURIs     []string // compared byte for byte
	PostLogoutURIs   []string
}

// Person is a fictitious account.
type Person struct {
	Slug        string // unique, stable
	Given, Name string
	Mail        string
	What        string // what it is good for, in French
	Role        string // that it is expected to have, "" when nobody expects it
}

// Organisation is who people act for.
type Organisation struct {
	Name, SIRET string
	People      []Person
}

// Config describes the whole simulated provider. It holds secrets and prints
// as a mask.
type Config struct {
	Issuer        string // address under which it is served, such as http://127.0.0.1:8081/pro
	Clients       []Client
	Organisations []Organisation
	Clock         func() time.Time
}

// String redacts fmt.
func (Config) String() string { return "prosim.Config(•••)" }

// GoString redacts %#v.
func (Config) GoString() string { return "prosim.Config(•••)" }

// Simulator is a running simulated provider. It is safe for concurrent use.
type Simulator struct {
	issuer, prefix string
	clients        map[string]*Client
	organisations  []Organisation
	people         map[string]account
	clock          func() time.Time
	keys           provider.SigningKeys
	tmpl           *template.Template
	handler        http.Handler

	mu       sync.Mutex
	spoilt   Forgery
	sessions provider.Table[*session]
	codes    provider.Table[*grant]
	tokens   provider.Table[*grant]
}

// account is a person and the organisation that they act for.
type account struct {
	Person
	siret string
}

// session is one journey, from authorize to the return.
type session struct {
	client       *Client
	redirect     string
	state, nonce string
	challenge    string
	scopes       []string
	amr          bool
	expiresAt    time.Time
}

// grant is what a code, then a token, stands for.
type grant struct {
	*session
	person    account
	methods   []string
	at        time.Time // of the authentication
	token     string    // given for the code, "" while it is unused
	expiresAt time.Time
}

// New checks the configuration, makes signing keys and returns a Simulator.
func New(c Config) (*Simulator, error) {
	u, err := url.Parse(c.Issuer)
	if err != nil || u.Host == "" || strings.HasSuffix(u.Path, "/") || u.RawQuery != "" {
		return nil, errors.New("prosim: the issuer must be an address such as http://127.0.0.1:8081/pro")
	}
	if c.Clock == nil {
		return nil, errors.New("prosim: a clock is required")
	}
	s := &Simulator{
		issuer: c.Issuer, prefix: u.Path, clock: c.Clock, organisations: c.Organisations, clients: map[string]*Client{}, people: map[string]account{},
		sessions: provider.NewTable(maxKept, func(x *session) time.Time { return x.expiresAt }),
		codes:    provider.NewTable(maxKept, func(x *grant) time.Time { return x.expiresAt }),
		tokens:   provider.NewTable(maxKept, func(x *grant) time.Time { return x.expiresAt }),
	}
	for _, x := range c.Clients {
		if x.ID == "" || x.Secret == "" || s.clients[x.ID] != nil {
			return nil, errors.New("prosim: a client needs a secret and an id of its own")
		}
		for _, raw := range slices.Concat(x.RedirectURIs, x.PostLogoutURIs) {
			if u, err := url.Parse(raw); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
				return nil, errors.New("prosim: a redirect URI must be an absolute http(s) URL")
			}
		}
		s.clients[x.ID] = &x
	}
	for _, o := range c.Organisations {
		for _, p := range o.People {
			if _, twice := s.people[p.Slug]; twice || p.Slug == "" {
				return nil, errors.New("prosim: a person needs a slug of their own")
			}
			s.people[p.Slug] = account{p, o.SIRET}
		}
	}
	if s.keys, err = provider.NewSigningKeys(false); err != nil {
		return nil, err
	}
	if s.tmpl, err = template.ParseFS(assets, "templates/*.html"); err != nil {
		return nil, err
	}
	s.handler = s.routes()
	return s, nil
}

// Issuer is the address of the provider, which its tokens name.
func (s *Simulator) Issuer() string { return s.issuer }

// Prefix is the path under which Handler expects to be called, "" for all.
func (s *Simulator) Prefix() string { return s.prefix }

// Handler serves everything: protocol, pages and style.
func (s *Simulator) Handler() http.Handler { return s.handler }

func (s *Simulator) routes() http.Handler {
	mux := http.NewServeMux()
	at := func(method, path string, h http.HandlerFunc) { mux.HandleFunc(method+" "+s.prefix+path, h) }
	at("GET", "/.well-known/openid-configuration", s.discovery)
	at("GET", "/jwks", s.jwks)
	at("GET", "/authorize", s.authorize)
	at("POST", "/token", s.token)
	at("GET", "/userinfo", s.userinfo)
	at("GET", "/session/end", s.logout)
	at("GET", "/{$}", s.homePage)
	at("GET", "/connexion/{id}", s.loginPage)
	at("POST", "/connexion/{id}", s.choose)
	mux.HandleFunc("GET "+provider.StylePath(s.prefix), provider.ServeStyle)
	mux.HandleFunc("/", s.notFound)
	return mux
}

// opaque is 32 bytes that nobody guesses.
func opaque() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Spoil makes every answer from now on wrong in one way; "" makes them right
// again.
func (s *Simulator) Spoil(f Forgery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spoilt = f
}

func (s *Simulator) spoil() Forgery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spoilt
}
