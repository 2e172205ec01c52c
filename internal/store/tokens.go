package store

import (
	"context"
	"sync"
	"time"

	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/trace"
)

// tokens remembers which consent each recent token created, so that the other
// calls of the token reuse it without a look-up, and when it was first seen.
// The table consentement is the source of the first: the memory is read from it
// at the start, and a record enters it once committed. A token lives a minute,
// so that what is only seen may be forgotten with the process.
type tokens struct {
	mu    sync.RWMutex
	known map[consent.Token]given
}

type given struct {
	consent, partner string // consent is "" while the token is only seen
	terms            consent.Terms
	person           droits.Sujet
	blocs            []droits.Bloc
	at, expiresAt    time.Time
	seenAt           time.Time
}

// tokenLife bounds the memory: no token lives longer, the simulator's
// included.
const tokenLife = 2 * time.Hour

// forget drops what was last seen before an instant in milliseconds.
func (t *tokens) forget(before int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known == nil {
		t.known = map[consent.Token]given{}
	}
	for k, g := range t.known {
		if max(g.at.UnixMilli(), g.seenAt.UnixMilli()) < before {
			delete(t.known, k)
		}
	}
}

// add notes a record; of two records of a token, the later one counts.
func (t *tokens) add(k consent.Token, g given) {
	t.mu.Lock()
	defer t.mu.Unlock()
	old, ok := t.known[k]
	if ok && !old.seenAt.IsZero() {
		g.seenAt = old.seenAt
	} else {
		g.seenAt = g.at
	}
	if !ok || old.consent == "" || g.at.After(old.at) {
		t.known[k] = g
	}
}

// standing is what the token's own consent says of that person and partner.
func (t *tokens) standing(k consent.Token, p droits.Sujet, partnerID string, now time.Time) (s consent.Standing) {
	t.mu.RLock()
	g, ok := t.known[k]
	t.mu.RUnlock()
	if !ok {
		t.mu.Lock()
		if g, ok = t.known[k]; !ok {
			g = given{seenAt: now}
			t.known[k] = g
		}
		t.mu.Unlock()
	}
	s.SeenAt = g.seenAt
	if g.consent != "" && g.person == p && g.partner == partnerID {
		s.Live = consent.Live{ConsentID: g.consent, Terms: g.terms, Blocks: g.blocs, GivenAt: g.at, ExpiresAt: g.expiresAt}
	}
	return s
}

// remember notes the consents that a commit made durable.
func (s *Store) remember(batch []*trace.Pending) {
	for _, p := range batch {
		for _, e := range p.Effects {
			if r, ok := e.(*consent.Record); ok {
				s.tokens.add(r.Token, given{consent: r.ID, partner: r.Partner, terms: r.Terms(), person: r.Subject, blocs: r.Blocks, at: r.GivenAt, expiresAt: r.ExpiresAt})
			}
		}
	}
}

func (s *Store) rememberTokens(ctx context.Context) error {
	s.tokens.forget(0)
	err := each(ctx, s.journal.reader, func(scan func(...any) error) error {
		var jeton, sujet []byte
		var g given
		var blocs string
		var at, expires int64
		if err := scan(&jeton, &g.consent, &g.partner, &g.terms.Convention, &g.terms.Version, &g.terms.Purpose, &g.terms.NoticeSHA256, &sujet, &blocs, &at, &expires); err != nil {
			return err
		}
		var k consent.Token
		copy(k[:], jeton)
		copy(g.person[:], sujet)
		g.blocs, g.at, g.expiresAt = splitBlocs(blocs), time.UnixMilli(at), time.UnixMilli(expires)
		s.tokens.add(k, g)
		return nil
	}, `SELECT jeton, id, partenaire, convention, version, finalite, notice_sha256, sujet, blocs, given_at, expires_at FROM consentement WHERE jeton IS NOT NULL AND given_at >= $1 ORDER BY given_at`, millis(s.clock().Add(-tokenLife)))
	return unavailable("store: tokens", err)
}
