package web

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"

	"droits.example/droits/internal/identity"
)

// How long a session of the citizen space lasts (trust.md §3c, web.md §8).
const (
	// SessionIdle ends a session that nobody uses.
	SessionIdle = 20 * time.Minute
	// SessionLife ends any session.
	SessionLife = 8 * time.Hour
	// touchEvery bounds how often a use is written down.
	touchEvery = time.Minute
)

// Sessions keeps the sessions of the spaces. Tokens reach it as hashes;
// it keeps them as digests of its own, contents sealed. Errors:
// service_indisponible, and ressource_inconnue where one is named.
type Sessions interface {
	PutSession(ctx context.Context, token, person string, content []byte) error
	FindSession(ctx context.Context, token string) (content []byte, createdAt, seenAt time.Time, err error)
	TouchSession(ctx context.Context, token string) error
	EachSession(ctx context.Context, person string, visit func(id string, createdAt, seenAt time.Time)) error
	SessionID(token string) string
	EndSession(ctx context.Context, token string) error
	EndSessionOf(ctx context.Context, person, id string) error
	EndOtherSessions(ctx context.Context, person, token string) (int64, error)
}

// login is what a session holds: who FranceConnect said it was, and what ends
// the session there. It prints as a mask.
type login struct {
	Person   string             `json:"personne"` // Citizen.Key
	Asserted identity.Assertion `json:"identite"`
	IDToken  string             `json:"id_token"`
}

// String redacts fmt.
func (login) String() string { return "login(•••)" }

// GoString redacts %#v.
func (login) GoString() string { return "login(•••)" }

// Owner is under whom the session is listed.
func (l login) Owner() string { return l.Person }

// owned is what a session holds: somebody's login.
type owned interface{ Owner() string }

// loginValue is the one value of a session.
const loginValue = "login"

// sessions are the cookies and tokens of one space, whose logins are an L.
type sessions[L owned] struct {
	tokens *scs.SessionManager
}

func newSessions[L owned](kept Sessions, clock func() time.Time, cookie string, secure bool) *sessions[L] {
	return &sessions[L]{&scs.SessionManager{
		Lifetime: SessionLife, HashTokenInStore: true, Store: &keptSessions[L]{kept, clock}, Codec: sessionCodec[L]{},
		Cookie: scs.SessionCookie{Name: cookieName(cookie, secure), Path: "/", HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode},
	}}
}

// cookieName takes the prefix that binds a cookie to its host wherever the
// browser lets it: not on plain http away from loopback.
func cookieName(name string, secure bool) string {
	if secure {
		return "__Host-" + name
	}
	return name
}

// begin opens a session under a new token, and ends the one that the browser
// had: no token from before a login survives it.
func (s *sessions[L]) begin(w http.ResponseWriter, r *http.Request, l L) error {
	ctx, err := s.tokens.Load(r.Context(), s.token(r))
	if err != nil { // what it holds cannot be read: begin anew
		if ctx, err = s.tokens.Load(r.Context(), ""); err != nil {
			return err
		}
	}
	if err := s.tokens.RenewToken(ctx); err != nil {
		return err
	}
	s.tokens.Put(ctx, loginValue, l)
	token, expiry, err := s.tokens.Commit(ctx)
	if err != nil {
		return err
	}
	s.tokens.WriteSessionCookie(ctx, w, token, expiry)
	return nil
}

// find reads the session of a request and notes its use; ok is false when
// there is none that counts.
func (s *sessions[L]) find(r *http.Request) (l L, ok bool, err error) {
	token := s.token(r)
	if token == "" {
		return l, false, nil
	}
	ctx, err := s.tokens.Load(r.Context(), token)
	if err != nil {
		return l, false, err
	}
	l, ok = s.tokens.Get(ctx, loginValue).(L)
	return l, ok, nil
}

// end ends the session of a request and takes its cookie back.
func (s *sessions[L]) end(w http.ResponseWriter, r *http.Request) error {
	s.forget(w)
	ctx, err := s.tokens.Load(r.Context(), s.token(r))
	if err != nil {
		return err
	}
	return s.tokens.Destroy(ctx)
}

// forget takes the cookie back.
func (s *sessions[L]) forget(w http.ResponseWriter) {
	http.SetCookie(w, &http.Cookie{Name: s.tokens.Cookie.Name, Path: "/", MaxAge: -1, HttpOnly: true, Secure: s.tokens.Cookie.Secure, SameSite: http.SameSiteLaxMode})
}

// name is the token of a request as Sessions knows it: hashed like the library
// does it.
func (s *sessions[L]) name(r *http.Request) string {
	sum := sha256.Sum256([]byte(s.token(r)))
	return base64url.EncodeToString(sum[:])
}

func (s *sessions[L]) token(r *http.Request) string {
	c, err := r.Cookie(s.tokens.Cookie.Name)
	if err != nil || len(c.Value) > 128 {
		return ""
	}
	return c.Value
}

// keptSessions is the library's view of Sessions. It judges ages by our own
// clock; what the library says of an expiry is passed over.
type keptSessions[L owned] struct {
	kept  Sessions
	clock func() time.Time
}

// FindCtx reads a session that still counts.
func (k *keptSessions[L]) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	content, createdAt, seenAt, err := k.kept.FindSession(ctx, token)
	now := k.clock()
	if err != nil || content == nil || !alive(createdAt, seenAt, now) {
		return nil, false, err
	}
	if now.Sub(seenAt) >= touchEvery {
		err = k.kept.TouchSession(ctx, token)
	}
	return content, err == nil, err
}

// alive reports whether a session still counts.
func alive(createdAt, seenAt, now time.Time) bool {
	return now.Before(createdAt.Add(SessionLife)) && now.Before(seenAt.Add(SessionIdle))
}

// CommitCtx keeps a session.
func (k *keptSessions[L]) CommitCtx(ctx context.Context, token string, b []byte, _ time.Time) error {
	var l L
	if err := json.Unmarshal(b, &l); err != nil {
		return errSession
	}
	return k.kept.PutSession(ctx, token, l.Owner(), b)
}

// DeleteCtx ends a session.
func (k *keptSessions[L]) DeleteCtx(ctx context.Context, token string) error {
	return k.kept.EndSession(ctx, token)
}

// Find is never called: the library prefers FindCtx.
func (k *keptSessions[L]) Find(string) ([]byte, bool, error) { return nil, false, errSession }

// Commit is never called: the library prefers CommitCtx.
func (k *keptSessions[L]) Commit(string, []byte, time.Time) error { return errSession }

// Delete is never called: the library prefers DeleteCtx.
func (k *keptSessions[L]) Delete(string) error { return errSession }

// errSession says that a session is not what was kept; it holds nothing of it.
var errSession = errors.New("web: session unreadable")

// sessionCodec writes a session as JSON: its one value.
type sessionCodec[L owned] struct{}

// Encode writes it.
func (sessionCodec[L]) Encode(_ time.Time, values map[string]any) ([]byte, error) {
	l, _ := values[loginValue].(L)
	return json.Marshal(l)
}

// Decode reads it.
func (sessionCodec[L]) Decode(b []byte) (time.Time, map[string]any, error) {
	var l L
	if json.Unmarshal(b, &l) != nil || l.Owner() == "" {
		return time.Time{}, nil, errSession
	}
	return time.Time{}, map[string]any{loginValue: l}, nil
}
