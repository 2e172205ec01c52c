// Package fcsim simulates FranceConnect: both versions of its protocol, its
// pages, and its failures. It hides that nobody is behind it; a client or a
// data provider that works with it speaks the real protocol.
//
// It is strict where the real one is, lenient where clients of version 1 need
// it (franceconnect.md §5, §6), carries no official mark, and knows fictitious
// people only. It keeps everything in memory.
package fcsim

import (
	"context"
	"crypto/rand"
	"errors"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/sim/provider"
)

// Algorithms that a data provider registers (franceconnect.md §1b).
const (
	KeyECDH    = "ECDH-ES"
	KeyRSA     = "RSA-OAEP-256"
	SignES256  = provider.SignES256
	SignRS256  = provider.SignRS256
	contentEnc = "A256GCM"
)

// Lifetimes of the real service (franceconnect.md §5).
const (
	defaultTokenTTL = 60 * time.Second
	codeTTL         = 30 * time.Second
	sessionTTL      = 30 * time.Minute
	maxMintTTL      = time.Hour
)

// Client is a service provider registered at the simulator.
type Client struct {
	ID, Secret, Name string
	Profile          identity.Profile
	RedirectURIs     []string // compared byte for byte
	PostLogoutURIs   []string
	Scopes           []string // granted; openid is always
	Private          bool     // the person must tick a box, not only be informed
	IDTokenAlg       string   // v2: ES256 (default) or RS256; v1 is always HS256
	AMR              bool     // may ask for the claim amr (v2)
}

// DataProvider is registered for the v2 token check.
type DataProvider struct {
	ID, Secret, Title string
	JWKSURL           string   // read at each check, as the real one does
	Scopes            []string // the check tells no other
	KeyAlg            string   // ECDH-ES (default) or RSA-OAEP-256
	SignAlg           string   // ES256 (default) or RS256
}

// Person is a fictitious identity to log in with.
type Person struct {
	Slug  string // unique, stable
	What  string // what it is good for, in French
	Pivot identity.Pivot
	Named bool // one of the documented test persons: listed first
}

// Config describes the whole simulated world. It holds secrets and prints as
// a mask.
type Config struct {
	BaseURL   string // public origin, such as http://127.0.0.1:8081
	Clients   []Client
	Providers []DataProvider
	People    []Person
	Clock     func() time.Time // required
	TokenTTL  time.Duration    // default 60 s
	Rand      io.Reader        // codes and tokens; default crypto/rand
	Logger    *slog.Logger     // optional; never given a token, a code or a name
	HTTP      *http.Client     // optional: fetches the JWKS of data providers
}

// String redacts fmt.
func (Config) String() string { return "fcsim.Config(•••)" }

// GoString redacts %#v.
func (Config) GoString() string { return "fcsim.Config(•••)" }

// Simulator is a running simulated FranceConnect. It is safe for concurrent
// use.
type Simulator struct {
	base      string
	clients   map[string]*Client
	providers map[string]*DataProvider
	people    directory
	clock     func() time.Time
	tokenTTL  time.Duration
	log       *slog.Logger
	http      *http.Client
	keys      provider.SigningKeys
	state     state
	fault     switchboard
	pages     *template.Template
	handler   http.Handler
}

// New checks the configuration, makes signing keys and returns a Simulator.
func New(c Config) (*Simulator, error) {
	u, err := url.Parse(c.BaseURL)
	if err != nil || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return nil, errors.New("fcsim: base URL must be an origin such as http://127.0.0.1:8081")
	}
	if c.Clock == nil {
		return nil, errors.New("fcsim: a clock is required")
	}
	s := &Simulator{
		base:    u.Scheme + "://" + u.Host,
		clients: map[string]*Client{}, providers: map[string]*DataProvider{},
		clock: c.Clock, tokenTTL: c.TokenTTL, log: c.Logger, http: c.HTTP,
	}
	if s.tokenTTL == 0 {
		s.tokenTTL = defaultTokenTTL
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.http == nil {
		s.http = &http.Client{Timeout: 2 * time.Second}
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	s.state = newState(c.Rand)
	if s.people, err = newDirectory(c.People); err != nil {
		return nil, err
	}
	if err := s.register(c.Clients, c.Providers); err != nil {
		return nil, err
	}
	if s.keys, err = provider.NewSigningKeys(s.needsRSA()); err != nil {
		return nil, err
	}
	if s.handler, err = s.routes(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Simulator) register(clients []Client, providers []DataProvider) error {
	for _, c := range clients {
		if c.IDTokenAlg == "" {
			c.IDTokenAlg = SignES256
		}
		switch {
		case c.ID == "" || c.Secret == "" || s.clients[c.ID] != nil:
			return errors.New("fcsim: a client needs a secret and an id of its own")
		case c.Profile != identity.V1 && c.Profile != identity.V2:
			return errors.New("fcsim: a client's profile is v1 or v2")
		case c.IDTokenAlg != SignES256 && c.IDTokenAlg != SignRS256:
			return errors.New("fcsim: id_token algorithm must be ES256 or RS256")
		}
		for _, raw := range slices.Concat(c.RedirectURIs, c.PostLogoutURIs) {
			if u, err := url.Parse(raw); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
				return errors.New("fcsim: a redirect URI must be an absolute http(s) URL")
			}
		}
		s.clients[c.ID] = &c
	}
	for _, p := range providers {
		if p.KeyAlg == "" {
			p.KeyAlg = KeyECDH
		}
		if p.SignAlg == "" {
			p.SignAlg = SignES256
		}
		switch {
		case p.ID == "" || p.Secret == "" || s.providers[p.ID] != nil:
			return errors.New("fcsim: a data provider needs a secret and an id of its own")
		case p.KeyAlg != KeyECDH && p.KeyAlg != KeyRSA:
			return errors.New("fcsim: key algorithm must be ECDH-ES or RSA-OAEP-256")
		case p.SignAlg != SignES256 && p.SignAlg != SignRS256:
			return errors.New("fcsim: signing algorithm must be ES256 or RS256")
		}
		s.providers[p.ID] = &p
	}
	return nil
}

func (s *Simulator) needsRSA() bool {
	for _, c := range s.clients {
		if c.IDTokenAlg == SignRS256 {
			return true
		}
	}
	for _, p := range s.providers {
		if p.SignAlg == SignRS256 {
			return true
		}
	}
	return false
}

// Handler serves everything: both profiles, their pages and assets.
func (s *Simulator) Handler() http.Handler { return s.handler }

// MintRequest asks for an access token as if the journey had been walked.
type MintRequest struct {
	ClientID string
	Slug     string
	Scopes   []string      // default: openid and all scopes of the client
	ACR      string        // default eidas1
	TTL      time.Duration // default the simulator's; at most an hour
}

// Mint returns a token in the form of the client's profile, and its lifetime.
// Errors: unknown client, unknown person, lifetime out of bounds.
func (s *Simulator) Mint(r MintRequest) (token string, expiresIn time.Duration, err error) {
	client, person := s.clients[r.ClientID], s.people.bySlug[r.Slug]
	if r.TTL == 0 {
		r.TTL = s.tokenTTL
	}
	switch {
	case client == nil:
		return "", 0, errors.New("fcsim: mint: unknown client")
	case person == nil:
		return "", 0, errors.New("fcsim: mint: unknown person")
	case r.TTL < 0 || r.TTL > maxMintTTL:
		return "", 0, errors.New("fcsim: mint: a token lives an hour at most")
	}
	if r.Scopes == nil {
		r.Scopes = append([]string{"openid"}, client.Scopes...)
	}
	if r.ACR == "" {
		r.ACR = "eidas1"
	}
	now := s.clock()
	g := &grant{
		client: client, person: person, scopes: r.Scopes, acr: r.ACR,
		issuedAt: now, expiresAt: now.Add(r.TTL),
	}
	return s.state.addToken(now, g), r.TTL, nil
}

// Revoke makes a token inactive at once; an unknown one is ignored.
func (s *Simulator) Revoke(token string) { s.state.dropToken(token) }

func (s *Simulator) issuer(p identity.Profile) string { return s.base + "/api/" + string(p) }

func (s *Simulator) event(ctx context.Context, name string, c *Client, outcome string) {
	id, profile := "", ""
	if c != nil {
		id, profile = c.ID, string(c.Profile)
	}
	s.log.InfoContext(ctx, name, "client", id, "profile", profile, "outcome", outcome)
}
