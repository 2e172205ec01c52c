package fcsim

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/identity"
)

func TestMemoryIsBounded(t *testing.T) {
	t.Run("what has expired is swept", func(t *testing.T) {
		s := newState(rand.Reader)
		now := time.Unix(1_800_000_000, 0)
		c := &Client{Profile: identity.V1}
		for range 1000 {
			s.addSession(now, &session{client: c})
			s.addCode(now, &grant{client: c})
			s.addToken(now, &grant{client: c, expiresAt: now.Add(time.Minute)})
		}
		now = now.Add(time.Hour)
		s.addSession(now, &session{client: c})
		s.addCode(now, &grant{client: c})
		s.addToken(now, &grant{client: c, expiresAt: now.Add(time.Minute)})
		if len(s.sessions.rows) != 1 || len(s.codes.rows) != 1 || len(s.tokens.rows) != 1 {
			t.Error(len(s.sessions.rows), len(s.codes.rows), len(s.tokens.rows))
		}
	})
	t.Run("what has not is forgotten when there is too much, never the newest", func(t *testing.T) {
		table := newTable(10, func(end time.Time) time.Time { return end })
		now := time.Unix(1_800_000_000, 0)
		for i := range 100 {
			k := digest{byte(i)}
			table.put(now, k, now.Add(time.Hour))
			if _, ok := table.get(now, k); !ok || len(table.rows) > 10 {
				t.Fatal(len(table.rows), ok)
			}
		}
	})
	t.Run("a dry random source never makes a value guessable", func(t *testing.T) {
		s := newState(strings.NewReader(""))
		if a, b := s.opaque(identity.V2), s.opaque(identity.V2); a == b || len(a) != 43 {
			t.Error("guessable")
		}
	})
}
