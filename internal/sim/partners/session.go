package partners

import (
	"crypto/rand"
	"net/http"
	"sync"
	"time"

	"droits.example/droits/client"
)

const (
	maxSessions = 500
	idleFor     = 30 * time.Minute
	loginFor    = 10 * time.Minute
)

// session is one browser's journey in one of the two applications. Its members
// are guarded by mu: a browser may send two requests at once.
type session struct {
	mu      sync.Mutex
	id      string
	usedAt  time.Time
	journal []entry

	moi     *client.Moi
	agreed  bool
	login   *login // the redirect that we wait for
	token   client.Secret
	idToken client.Secret
	via     *connector

	family    []client.Beneficiaire
	chosen    []int // indexes in family
	files     []file
	done      string // reference of what was sent
	requestID string // of the last refusal, to quote to support
	waitFor   time.Duration
}

// login is what must come back from FranceConnect.
type login struct {
	state, nonce string
	via          *connector
	at           time.Time
}

// forget drops what belongs to the person; the journal stays.
func (s *session) forget() {
	s.login, s.token, s.idToken, s.via = nil, "", "", nil
	s.family, s.chosen, s.files, s.done = nil, nil, nil, ""
	s.requestID, s.waitFor = "", 0
}

// sessions is a bounded store: the oldest goes when it is full.
type sessions struct {
	mu     sync.Mutex
	byID   map[string]*session
	clock  func() time.Time
	cookie string
	secure bool
}

// of returns the request's live session, or nil.
func (ss *sessions) of(r *http.Request) *session {
	c, err := r.Cookie(ss.cookie)
	if err != nil {
		return nil
	}
	ss.mu.Lock()
	defer ss.mu.Unlock()
	s, now := ss.byID[c.Value], ss.clock()
	if s == nil || now.Sub(s.usedAt) > idleFor {
		delete(ss.byID, c.Value)
		return nil
	}
	s.usedAt = now
	return s
}

// start returns the request's session, or a new one whose cookie is set.
func (ss *sessions) start(w http.ResponseWriter, r *http.Request) *session {
	if s := ss.of(r); s != nil {
		return s
	}
	ss.mu.Lock()
	defer ss.mu.Unlock()
	now := ss.clock()
	ss.sweep(now)
	s := &session{id: rand.Text() + rand.Text(), usedAt: now}
	ss.byID[s.id] = s
	ss.set(w, s.id)
	return s
}

// renew changes the identifier when the person is known, so that a cookie
// planted before the login is worth nothing after it.
func (ss *sessions) renew(w http.ResponseWriter, s *session) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	delete(ss.byID, s.id)
	s.id = rand.Text() + rand.Text()
	ss.byID[s.id] = s
	ss.set(w, s.id)
}

func (ss *sessions) end(w http.ResponseWriter, s *session) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	delete(ss.byID, s.id)
	http.SetCookie(w, &http.Cookie{Name: ss.cookie, Path: "/", MaxAge: -1, HttpOnly: true, Secure: ss.secure, SameSite: http.SameSiteLaxMode})
}

func (ss *sessions) set(w http.ResponseWriter, id string) {
	http.SetCookie(w, &http.Cookie{Name: ss.cookie, Value: id, Path: "/", HttpOnly: true, Secure: ss.secure, SameSite: http.SameSiteLaxMode})
}

// sweep drops idle sessions, and the oldest one when there is no room left.
func (ss *sessions) sweep(now time.Time) {
	var oldest *session
	for id, s := range ss.byID {
		if now.Sub(s.usedAt) > idleFor {
			delete(ss.byID, id)
		} else if oldest == nil || s.usedAt.Before(oldest.usedAt) {
			oldest = s
		}
	}
	if len(ss.byID) >= maxSessions && oldest != nil {
		delete(ss.byID, oldest.id)
	}
}
