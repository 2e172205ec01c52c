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
		if s.sessions.Len() != 1 || s.codes.Len() != 1 || s.tokens.Len() != 1 {
			t.Error(s.sessions.Len(), s.codes.Len(), s.tokens.Len())
		}
	})
	t.Run("a dry random source never makes a value guessable", func(t *testing.T) {
		s := newState(strings.NewReader(""))
		if a, b := s.opaque(identity.V2), s.opaque(identity.V2); a == b || len(a) != 43 {
			t.Error("guessable")
		}
	})
}
