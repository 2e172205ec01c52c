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
// calls of the token reuse it without a look-up. The table consentement is the
// source: the memory is read from it at the start, and a record enters it once
// committed.
type tokens struct {
	mu    sync.RWMutex
	known map[consent.Token]given
}

type given struct {
	consent, partner string
	person           droits.Sujet
	blocs            []droits.Bloc
	at               time.Time
}

// tokenLife bounds the memory: no token lives longer, the simulator's
// included.
const tokenLife = 2 * time.Hour

// forget drops what was given before an instant in milliseconds.
func (t *tokens) forget(before int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known == nil {
		t.known = map[consent.Token]given{}
	}
	for k, g := range t.known {
		if g.at.UnixMilli() < before {
			delete(t.known, k)
		}
	}
}

func (t *tokens) add(k consent.Token, g given) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.known[k]; !ok { // the first record of a token stands
		t.known[k] = g
	}
}

// standing is what the token's own consent says of that person and partner.
func (t *tokens) standing(k consent.Token, p droits.Sujet, partnerID string) (s consent.Standing) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if g, ok := t.known[k]; ok && g.person == p && g.partner == partnerID {
		s.ConsentID, s.Blocks = g.consent, g.blocs
	}
	return s
}

// remember notes the consents that a commit made durable.
func (s *Store) remember(batch []*trace.Pending) {
	for _, p := range batch {
		for _, e := range p.Effects {
			if r, ok := e.(*consent.Record); ok {
				s.tokens.add(r.Token, given{r.ID, r.Partner, r.Subject, r.Blocks, r.GivenAt})
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
		var at int64
		if err := scan(&jeton, &g.consent, &g.partner, &sujet, &blocs, &at); err != nil {
			return err
		}
		var k consent.Token
		copy(k[:], jeton)
		copy(g.person[:], sujet)
		g.blocs, g.at = splitBlocs(blocs), time.UnixMilli(at)
		s.tokens.add(k, g)
		return nil
	}, `SELECT jeton, id, partenaire, sujet, blocs, given_at FROM consentement WHERE jeton IS NOT NULL AND given_at >= $1 ORDER BY given_at`, millis(s.clock().Add(-tokenLife)))
	return unavailable("store: tokens", err)
}
