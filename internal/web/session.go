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

// Sessions keeps the sessions of the citizen space. Tokens reach it as hashes;
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

// loginValue is the one value of a session.
const loginValue = "login"

// sessions are the cookies and tokens of one space.
type sessions struct {
	tokens *scs.SessionManager
}

func newSessions(kept Sessions, clock func() time.Time, secure bool) *sessions {
	return &sessions{&scs.SessionManager{
		Lifetime: SessionLife, HashTokenInStore: true, Store: &keptSessions{kept, clock}, Codec: sessionCodec{},
		Cookie: scs.SessionCookie{Name: cookieName("session", secure), Path: "/", HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode},
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
func (s *sessions) begin(w http.ResponseWriter, r *http.Request, l login) error {
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
func (s *sessions) find(r *http.Request) (l login, ok bool, err error) {
	token := s.token(r)
	if token == "" {
		return l, false, nil
	}
	ctx, err := s.tokens.Load(r.Context(), token)
	if err != nil {
		return l, false, err
	}
	l, ok = s.tokens.Get(ctx, loginValue).(login)
	return l, ok, nil
}

// end ends the session of a request and takes its cookie back.
func (s *sessions) end(w http.ResponseWriter, r *http.Request) error {
	s.forget(w)
	ctx, err := s.tokens.Load(r.Context(), s.token(r))
	if err != nil {
		return err
	}
	return s.tokens.Destroy(ctx)
}

// forget takes the cookie back.
func (s *sessions) forget(w http.ResponseWriter) {
	http.SetCookie(w, &http.Cookie{Name: s.tokens.Cookie.Name, Path: "/", MaxAge: -1, HttpOnly: true, Secure: s.tokens.Cookie.Secure, SameSite: http.SameSiteLaxMode})
}

// name is the token of a request as Sessions knows it: hashed like the library
// does it.
func (s *sessions) name(r *http.Request) string {
	sum := sha256.Sum256([]byte(s.token(r)))
	return base64url.EncodeToString(sum[:])
}

func (s *sessions) token(r *http.Request) string {
	c, err := r.Cookie(s.tokens.Cookie.Name)
	if err != nil || len(c.Value) > 128 {
		return ""
	}
	return c.Value
}

// keptSessions is the library's view of Sessions. It judges ages by our own
// clock; what the library says of an expiry is passed over.
type keptSessions struct {
	kept  Sessions
	clock func() time.Time
}

// FindCtx reads a session that still counts.
func (k *keptSessions) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
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
func (k *keptSessions) CommitCtx(ctx context.Context, token string, b []byte, _ time.Time) error {
	var l login
	if err := json.Unmarshal(b, &l); err != nil {
		return errSession
	}
	return k.kept.PutSession(ctx, token, l.Person, b)
}

// DeleteCtx ends a session.
func (k *keptSessions) DeleteCtx(ctx context.Context, token string) error {
	return k.kept.EndSession(ctx, token)
}

// Find is never called: the library prefers FindCtx.
func (k *keptSessions) Find(string) ([]byte, bool, error) { return nil, false, errSession }

// Commit is never called: the library prefers CommitCtx.
func (k *keptSessions) Commit(string, []byte, time.Time) error { return errSession }

// Delete is never called: the library prefers DeleteCtx.
func (k *keptSessions) Delete(string) error { return errSession }

// errSession says that a session is not what was kept; it holds nothing of it.
var errSession = errors.New("web: session unreadable")

// sessionCodec writes a session as JSON: its one value.
type sessionCodec struct{}

// Encode writes it.
func (sessionCodec) Encode(_ time.Time, values map[string]any) ([]byte, error) {
	l, _ := values[loginValue].(login)
	return json.Marshal(l)
}

// Decode reads it.
func (sessionCodec) Decode(b []byte) (time.Time, map[string]any, error) {
	var l login
	if json.Unmarshal(b, &l) != nil || l.Person == "" {
		return time.Time{}, nil, errSession
	}
	return time.Time{}, map[string]any{loginValue: l}, nil
}
