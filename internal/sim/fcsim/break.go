package fcsim

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"droits.example/droits/internal/sim/provider"
)

// Fault is a way for the simulator to misbehave. It concerns the endpoints
// that a data provider calls (checktoken and, where said, jwks); the journey
// of the person goes on working.
type Fault struct {
	kind  faultKind
	delay time.Duration
	forge Forgery
}

type faultKind uint8

const (
	faultNone faultKind = iota
	faultDown
	faultSlow
	faultNonsense
	faultRefuse
	faultTooMany
	faultTruncated
	faultHuge
	faultHangUp
	faultForge
)

// The faults without parameter are functions too, so that none can be changed.

// None ends any fault.
func None() Fault { return Fault{} }

// Down answers 500 to checktoken and jwks.
func Down() Fault { return Fault{kind: faultDown} }

// Slow waits before checktoken and jwks answer, or until the caller leaves.
func Slow(d time.Duration) Fault { return Fault{kind: faultSlow, delay: d} }

// Nonsense answers checktoken with 200 and a page.
func Nonsense() Fault { return Fault{kind: faultNonsense} }

// RefuseCredentials answers checktoken as if the data provider were unknown
// (v2 only: v1 has no credentials).
func RefuseCredentials() Fault { return Fault{kind: faultRefuse} }

// TooMany answers checktoken with 429 and a delay of 7 s.
func TooMany() Fault { return Fault{kind: faultTooMany} }

// Truncated announces a longer body than it sends to checktoken's caller.
func Truncated() Fault { return Fault{kind: faultTruncated} }

// Huge answers checktoken with one megabyte of the right type.
func Huge() Fault { return Fault{kind: faultHuge} }

// HangUp closes the connection to checktoken without an answer.
func HangUp() Fault { return Fault{kind: faultHangUp} }

// Forge makes the v2 checktoken answer as an attacker or a broken
// FranceConnect would.
func Forge(f Forgery) Fault { return Fault{kind: faultForge, forge: f} }

// switchboard holds the fault in force and counts calls.
type switchboard struct {
	mu     sync.Mutex
	fault  Fault
	checks int
	jwks   int
}

// Break puts a fault in force until the next call; Break(None()) mends.
func (s *Simulator) Break(f Fault) {
	s.fault.mu.Lock()
	defer s.fault.mu.Unlock()
	s.fault.fault = f
}

// Calls counts the calls to checktoken and to jwks since the start.
func (s *Simulator) Calls() (checktoken, jwks int) {
	s.fault.mu.Lock()
	defer s.fault.mu.Unlock()
	return s.fault.checks, s.fault.jwks
}

func (b *switchboard) current() Fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.fault
}

// breakable applies the faults that need no knowledge of the protocol.
func (s *Simulator) breakable(checktoken bool, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.fault.mu.Lock()
		if f := &s.fault; checktoken {
			f.checks++
		} else {
			f.jwks++
		}
		f := s.fault.fault
		s.fault.mu.Unlock()
		switch {
		case f.kind == faultDown:
			http.Error(w, "erreur", http.StatusInternalServerError)
		case f.kind == faultSlow:
			if wait(r, f.delay) {
				next(w, r)
			}
		case f.kind == faultNone || f.kind == faultForge || !checktoken || !f.spoil(w):
			next(w, r)
		}
	}
}

// spoil answers checktoken wrongly; false leaves the answer to the handler.
func (f Fault) spoil(w http.ResponseWriter) bool {
	h := w.Header()
	switch f.kind {
	case faultNonsense:
		h.Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<!doctype html><title>Maintenance</title>")
	case faultTooMany:
		h.Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
	case faultTruncated:
		h.Set("Content-Type", "application/token-introspection+jwt")
		h.Set("Content-Length", "2000")
		_, _ = io.WriteString(w, `{"scope":["openid"],`)
	case faultHuge:
		h.Set("Content-Type", "application/token-introspection+jwt")
		_, _ = w.Write(bytes.Repeat([]byte("a"), 1<<20))
	case faultHangUp:
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = conn.Close()
		}
	default:
		return false
	}
	return true
}

// wait returns true after d, false if the caller left first.
func wait(r *http.Request, d time.Duration) bool {
	// The body is read first: the server notices a departure only then.
	body, err := io.ReadAll(io.LimitReader(r.Body, provider.MaxBody))
	if err != nil {
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	ctx, cancel := context.WithTimeout(r.Context(), d)
	defer cancel()
	<-ctx.Done()
	return r.Context().Err() == nil
}
