package web

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"sync"
	"time"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/identity"
)

// Login makes people log in through FranceConnect. Errors of Finish:
// jeton_invalide, niveau_insuffisant, franceconnect_indisponible,
// franceconnect_lent.
type Login interface {
	StartURL(state, nonce string) string
	Finish(ctx context.Context, code, issuer, nonce string) (identity.Assertion, string, error)
	GoodbyeURL(idToken, state string) string
}

// stateLife is how long a login may take, and how long its cookie lives.
const stateLife = 10 * time.Minute

// attempt is a login that has begun: what the provider is given, and where it
// leads.
type attempt struct {
	state, nonce string
	verifier     string // of PKCE (RFC 7636)
	to           byte
}

// challenge is what the provider is told of the verifier (S256).
func (a attempt) challenge() string {
	sum := sha256.Sum256([]byte(a.verifier))
	return base64url.EncodeToString(sum[:])
}

// states make the state and the nonce of each login. Both derive from a key
// and from a secret that the browser holds in a cookie, so that a state is
// worth nothing in another browser; several logins of one browser live side by
// side. A state is taken once.
type states struct {
	key    [32]byte
	clock  func() time.Time
	cookie string
	secure bool

	mu      sync.Mutex
	used    map[string]time.Time // states taken, until they would be too old anyway
	sweptAt time.Time
}

func newStates(key [32]byte, clock func() time.Time, cookie string, secure bool) *states {
	return &states{key: key, clock: clock, cookie: cookieName(cookie, secure), secure: secure, used: map[string]time.Time{}}
}

// Sizes of a state: instant, where to go then, random part, seal.
const (
	stateSeed  = 8 + 1 + 16
	stateSize  = stateSeed + 16
	secretSize = 32
)

// destinations are where a login may lead, by the name that an address gives
// them: a closed list, so that nobody is led elsewhere.
var destinations = []struct{ name, path string }{{"", spacePath}, {"droits", rightsPath}, {"partages", sharingsPath}, {"acces", readingsPath}, {"securite", securityPath}}

// destinationOf is the place in destinations of the page that was asked for.
func destinationOf(matches func(name, path string) bool) byte {
	for i, d := range destinations[1:] {
		if matches(d.name, d.path) {
			return byte(i + 1)
		}
	}
	return 0
}

var base64url = base64.RawURLEncoding

// start begins a login that leads to one of destinations, and gives the browser
// its cookie.
func (s *states) start(w http.ResponseWriter, r *http.Request, to byte) attempt {
	secret := s.secret(r)
	if secret == nil {
		secret = make([]byte, secretSize)
		rand.Read(secret)
	}
	http.SetCookie(w, &http.Cookie{Name: s.cookie, Value: base64url.EncodeToString(secret), Path: "/", MaxAge: int(stateLife.Seconds()), HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode})
	var seed [stateSeed]byte
	binary.BigEndian.PutUint64(seed[:], uint64(s.clock().Unix()))
	seed[8] = to
	rand.Read(seed[9:])
	a := s.attempt(secret, seed[:])
	a.state = base64url.EncodeToString(append(seed[:], s.seal("state", secret, seed[:])[:stateSize-stateSeed]...))
	return a
}

func (s *states) attempt(secret, seed []byte) attempt {
	return attempt{nonce: base64url.EncodeToString(s.seal("nonce", secret, seed)), verifier: base64url.EncodeToString(s.seal("pkce", secret, seed)), to: seed[8]}
}

func (s *states) seal(use string, secret, seed []byte) []byte {
	h := hmac.New(sha256.New, s.key[:])
	h.Write([]byte(use))
	h.Write(secret)
	h.Write(seed)
	return h.Sum(nil)
}

// secret is what this browser holds, nil when it holds nothing of ours.
func (s *states) secret(r *http.Request) []byte {
	c, err := r.Cookie(s.cookie)
	if err != nil {
		return nil
	}
	b, err := base64url.DecodeString(c.Value)
	if err != nil || len(b) != secretSize {
		return nil
	}
	return b
}

// take gives the login whose state this browser was given, once. Errors:
// jeton_invalide, whose reason tells a forged state from one that is old, used
// or another browser's.
func (s *states) take(r *http.Request, state string) (a attempt, err error) {
	refuse := func(reason string) (attempt, error) {
		return attempt{}, fault.New(fault.JetonInvalide, "web: login").Because(reason)
	}
	raw, err := base64url.DecodeString(state)
	secret := s.secret(r)
	switch {
	case err != nil || len(raw) != stateSize:
		return refuse("STATE_MALFORMED")
	case secret == nil:
		return refuse("STATE_WITHOUT_COOKIE")
	}
	seed := raw[:stateSeed]
	if !hmac.Equal(raw[stateSeed:], s.seal("state", secret, seed)[:stateSize-stateSeed]) {
		return refuse("STATE_FORGED")
	}
	at, now := time.Unix(int64(binary.BigEndian.Uint64(seed)), 0), s.clock()
	if now.After(at.Add(stateLife)) || at.After(now.Add(time.Minute)) {
		return refuse("STATE_EXPIRED")
	}
	if !s.first(string(seed), at.Add(stateLife)) {
		return refuse("STATE_REPLAYED")
	}
	a = s.attempt(secret, seed)
	a.state = state
	return a, nil
}

// again forgets what was taken: what it stood for was not kept.
func (s *states) again(seed string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.used, seed)
}

// maxUsed bounds the memory of states taken. Beyond it some are forgotten
// early: FranceConnect takes a code once only, whatever we remember.
const maxUsed = 100_000

// first takes a state; it reports whether nobody did before.
func (s *states) first(seed string, until time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock()
	if full := len(s.used) >= maxUsed; full || now.Sub(s.sweptAt) >= time.Minute {
		for k, until := range s.used {
			if now.After(until) || full && len(s.used) >= maxUsed/2 {
				delete(s.used, k)
			}
		}
		s.sweptAt = now
	}
	if _, taken := s.used[seed]; taken {
		return false
	}
	s.used[seed] = until
	return true
}
