package franceconnect

import (
	"sync"
	"time"

	"droits.example/droits/internal/identity"
)

// flights holds the checks under way by digest of their token. The zero value
// is empty.
type flights struct {
	mu  sync.Mutex
	out map[[32]byte]*flight
}

// flight is one check under way. What it found is read once done is closed.
type flight struct {
	done      chan struct{} // made by the first follower, under the lock
	assertion identity.Assertion
	err       error
}

// join returns the flight of the key. first says that the caller must make
// the check, then call land.
func (s *flights) join(key [32]byte) (f *flight, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f = s.out[key]; f != nil {
		if f.done == nil {
			f.done = make(chan struct{})
		}
		return f, false
	}
	if s.out == nil {
		s.out = make(map[[32]byte]*flight)
	}
	f = new(flight)
	s.out[key] = f
	return f, true
}

func (s *flights) land(key [32]byte, f *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.out, key)
	if f.done != nil {
		close(f.done)
	}
}

// maxMemory bounds the short memory of positive answers.
const maxMemory = 20_000

// memory keeps positive answers for a few seconds under a digest of their
// token. The zero value is empty.
type memory struct {
	mu      sync.Mutex
	answers map[[32]byte]remembered
	sweptAt time.Time
}

type remembered struct {
	assertion identity.Assertion
	until     time.Time
}

func (m *memory) get(key [32]byte, now time.Time) (identity.Assertion, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.answers[key]
	if !ok {
		return identity.Assertion{}, false
	}
	if !now.Before(r.until) {
		delete(m.answers, key)
		return identity.Assertion{}, false
	}
	return r.assertion, true
}

// put remembers an answer until the instant given. A full memory forgets
// everything: forgetting costs a check, nothing else.
func (m *memory) put(key [32]byte, a identity.Assertion, now, until time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.answers == nil || len(m.answers) >= maxMemory {
		m.answers = make(map[[32]byte]remembered)
	}
	if now.Sub(m.sweptAt) > MaxCeiling {
		for k, r := range m.answers {
			if !now.Before(r.until) {
				delete(m.answers, k)
			}
		}
		m.sweptAt = now
	}
	m.answers[key] = remembered{a, until}
}
