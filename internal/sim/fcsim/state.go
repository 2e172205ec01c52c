package fcsim

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"io"
	"sync"
	"time"

	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/sim/provider"
)

// Bounds of what is kept.
const (
	maxSessions = 10_000
	maxCodes    = 10_000
	maxTokens   = 200_000
)

// session is one journey, from authorize to the callback.
type session struct {
	client      *Client
	redirectURI string
	state       string
	nonce       string
	scopes      []string // granted by the client's registration
	acr         string
	wantsAMR    bool
	person      *Person // nil until chosen
	expiresAt   time.Time
}

// grant is what a code, then a token, stands for. It is immutable once stored.
type grant struct {
	client      *Client
	person      *Person
	scopes      []string
	acr         string
	nonce       string
	redirectURI string
	wantsAMR    bool
	authAt      time.Time
	issuedAt    time.Time
	expiresAt   time.Time
}

type code struct {
	grant     *grant
	expiresAt time.Time
	token     provider.Digest // of the token given for it, zero while unused
	used      bool
}

type state struct {
	mu       sync.Mutex
	rand     io.Reader
	sessions provider.Table[*session]
	codes    provider.Table[*code]
	tokens   provider.Table[*grant]
}

func newState(source io.Reader) state {
	return state{
		rand:     source,
		sessions: provider.NewTable(maxSessions, func(s *session) time.Time { return s.expiresAt }),
		codes:    provider.NewTable(maxCodes, func(c *code) time.Time { return c.expiresAt }),
		tokens:   provider.NewTable(maxTokens, func(g *grant) time.Time { return g.expiresAt }),
	}
}

// random reads n bytes from the configured source; one that runs dry is
// replaced by the system's, so that a value is never guessable.
func (s *state) random(n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.rand, b); err != nil {
		_, _ = rand.Read(b) // never fails (crypto/rand)
	}
	return b
}

// opaque is 43 characters of base64url in v2, 64 hexadecimal ones in v1,
// where a client demands [a-z0-9_-]{10,100} of a code.
func (s *state) opaque(p identity.Profile) string {
	if p == identity.V1 {
		return hex.EncodeToString(s.random(32))
	}
	return base64.RawURLEncoding.EncodeToString(s.random(32))
}

func (s *state) addSession(now time.Time, v *session) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id = base64.RawURLEncoding.EncodeToString(s.random(24))
	v.expiresAt = now.Add(sessionTTL)
	s.sessions.Put(now, provider.DigestOf(id), v)
	return id
}

// session returns a copy.
func (s *state) session(now time.Time, id string) (session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.sessions.Get(now, provider.DigestOf(id))
	if !ok {
		return session{}, false
	}
	return *v, true
}

func (s *state) choose(now time.Time, id string, p *Person) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.sessions.Get(now, provider.DigestOf(id))
	if ok {
		v.person = p
	}
	return ok
}

// finish ends a session; only one caller gets it.
func (s *state) finish(now time.Time, id string) (session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := provider.DigestOf(id)
	v, ok := s.sessions.Get(now, k)
	s.sessions.Drop(k)
	if !ok {
		return session{}, false
	}
	return *v, true
}

func (s *state) addCode(now time.Time, g *grant) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.opaque(g.client.Profile)
	s.codes.Put(now, provider.DigestOf(c), &code{grant: g, expiresAt: now.Add(codeTTL)})
	return c
}

// redeem trades a code for a token. A code presented twice gives nothing and
// takes back the token that it had given.
func (s *state) redeem(now time.Time, raw string, valid func(*grant) bool, ttl time.Duration) (token string, g *grant, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, found := s.codes.Get(now, provider.DigestOf(raw))
	if !found || !valid(c.grant) {
		return "", nil, false
	}
	if c.used {
		s.tokens.Drop(c.token)
		return "", nil, false
	}
	issued := *c.grant
	issued.issuedAt, issued.expiresAt = now, now.Add(ttl)
	token = s.opaque(issued.client.Profile)
	c.used, c.token = true, provider.DigestOf(token)
	s.tokens.Put(now, c.token, &issued)
	return token, &issued, true
}

func (s *state) addToken(now time.Time, g *grant) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.opaque(g.client.Profile)
	s.tokens.Put(now, provider.DigestOf(t), g)
	return t
}

func (s *state) token(now time.Time, raw string, p identity.Profile) (*grant, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.tokens.Get(now, provider.DigestOf(raw))
	if !ok || g.client.Profile != p {
		return nil, false
	}
	return g, true
}

func (s *state) dropToken(raw string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens.Drop(provider.DigestOf(raw))
}

// dropLogin ends the tokens of one login: that of a nonce, for a client and a
// person.
func (s *state) dropLogin(same func(*grant) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens.DropIf(same)
}
