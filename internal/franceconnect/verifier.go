// Package franceconnect asks FranceConnect what an access token is worth. It
// hides the two versions of the protocol, their cryptography, and how a remote
// service that fails, is late or lies becomes one of a few refusals.
//
// Source: franceconnect.md §1, §4, §8.
package franceconnect

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/identity"
)

// Limits that no configuration may exceed.
const (
	// MaxCeiling bounds how long a positive answer may be reused: a revocation
	// is not told to us, only the next check shows it.
	MaxCeiling = 10 * time.Second

	defaultTimeout = 5 * time.Second
	maxTimeout     = 30 * time.Second
	maxToken       = 512      // bytes of a v1 token
	maxAnswer      = 64 << 10 // bytes of any answer of FranceConnect
	retryAfter     = 5 * time.Second
	pingFor        = 10 * time.Second // how long a sign of life counts
)

// Outcomes told to Config.Observe: a closed list, fit for a metric label.
const (
	OutcomeOK           = "ok"
	OutcomeInvalid      = "invalid"      // the token is worth nothing
	OutcomeInsufficient = "insufficient" // assurance level too low
	OutcomeUnavailable  = "unavailable"  // FranceConnect failed
	OutcomeLate         = "late"         // FranceConnect was late
	OutcomeOpen         = "circuit_open" // not asked: FranceConnect is known to be down
	OutcomeCached       = "cached"       // not asked: answered from the short memory
)

// Config says which FranceConnect to ask and how. A nil profile is not
// configured: its tokens are answered franceconnect_indisponible.
type Config struct {
	V1 *V1Config
	V2 *V2Config

	// Timeout of one attempt, connection and body included. Default 5 s, at
	// most 30 s. A connection that fails (not one that is late) is tried again
	// once, so a check lasts at most twice this.
	Timeout time.Duration
	// MinACR is the lowest level of assurance accepted: eidas1 (the default),
	// eidas2 or eidas3. An equal or higher level passes.
	MinACR string
	// Ceiling is how long a positive answer may be reused; 0, the default,
	// means never. At most MaxCeiling. A reused answer hides a revocation for
	// that long; it is never reused past the token's own end.
	Ceiling time.Duration
	// Clock gives the instant. Required.
	Clock func() time.Time
	// HTTP is optional; only its Transport is used: redirects are not
	// followed, there are no cookies, Timeout above applies. A RoundTripper
	// that answers in process is all that a benchmark needs.
	HTTP *http.Client
	// Observe, if set, is called once for each check made or answered from
	// memory, with an outcome of the list above. It must be safe for
	// concurrent use and quick.
	Observe func(profile identity.Profile, outcome string, d time.Duration)
}

// Verifier checks access tokens. It is safe for concurrent use.
type Verifier struct {
	clock   func() time.Time
	timeout time.Duration
	floor   int
	ceiling time.Duration
	rt      http.RoundTripper
	observe func(identity.Profile, string, time.Duration)
	v1      *upstream
	v2      *upstream
	keys    KeySet
	salt    [16]byte
	flights flights
	memory  memory
}

// upstream is one profile of FranceConnect, as seen from here.
type upstream struct {
	circuit circuit
	ping    string // a well-formed token that does not exist
	shape   func(token string) bool
	ask     func(ctx context.Context, token string) (identity.Assertion, error)
}

// New checks the configuration and returns a Verifier. It makes no network
// call: a FranceConnect that is down at start is seen by Ping and Check.
func New(c Config) (*Verifier, error) {
	if c.Clock == nil {
		return nil, errors.New("franceconnect: a clock is required")
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.MinACR == "" {
		c.MinACR = "eidas1"
	}
	switch {
	case c.Timeout < 0 || c.Timeout > maxTimeout:
		return nil, errors.New("franceconnect: timeout must lie between 0 and 30 s")
	case c.Ceiling < 0 || c.Ceiling > MaxCeiling:
		return nil, errors.New("franceconnect: ceiling must lie between 0 and 10 s")
	case acrRank(c.MinACR) == 0:
		return nil, errors.New("franceconnect: minimum acr must be eidas1, eidas2 or eidas3")
	}
	v := &Verifier{
		clock: c.Clock, timeout: c.Timeout, floor: acrRank(c.MinACR), ceiling: c.Ceiling,
		observe: c.Observe, rt: newTransport(),
	}
	if c.HTTP != nil && c.HTTP.Transport != nil {
		v.rt = c.HTTP.Transport
	}
	if v.observe == nil {
		v.observe = func(identity.Profile, string, time.Duration) {}
	}
	_, _ = rand.Read(v.salt[:]) // never fails (crypto/rand)
	if c.V1 != nil {
		if err := v.addV1(*c.V1); err != nil {
			return nil, err
		}
	}
	if c.V2 != nil {
		if err := v.addV2(*c.V2); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// Check asks FranceConnect about the token, in the profile that the caller's
// convention names. There is no fallback from one profile to the other.
//
// Errors: jeton_invalide (one code for malformed, unknown, expired, revoked or
// not ours; the internal reason tells them apart), niveau_insuffisant,
// franceconnect_indisponible and franceconnect_lent (with RetryAfter).
//
// It does not check that the token's client is one of the caller's, nor any
// scope, nor that the identity is one we know: an active token may carry no
// scope of ours at all. The assertion may be shared with concurrent callers
// and must not be modified.
//
// Concurrent checks of one token share one call. The caller that makes it sees
// it through, at most two time-outs, whatever becomes of its ctx, so that it
// cannot fail the others; these leave when their own ctx ends.
func (v *Verifier) Check(ctx context.Context, p identity.Profile, token string) (identity.Assertion, error) {
	up := v.upstream(p)
	if up == nil {
		return identity.Assertion{}, unavailable("PROFILE_NOT_CONFIGURED")
	}
	if !up.shape(token) {
		return identity.Assertion{}, invalid("TOKEN_SHAPE")
	}
	if err := ctx.Err(); err != nil {
		return identity.Assertion{}, late("CALLER_GONE").With(err)
	}
	key := v.digest(p, token)
	if a, ok := v.memory.get(key, v.clock()); ok {
		v.observe(p, OutcomeCached, 0)
		return a, nil
	}
	f, first := v.flights.join(key)
	if !first {
		select {
		case <-f.done:
			return f.assertion, f.err
		case <-ctx.Done():
			return identity.Assertion{}, late("CALLER_GONE").With(ctx.Err())
		}
	}
	f.assertion, f.err = v.call(p, up, token)
	if f.err == nil && v.ceiling > 0 {
		now := v.clock()
		v.memory.put(key, f.assertion, now, earlier(now.Add(v.ceiling), f.assertion.ExpiresAt))
	}
	v.flights.land(key, f)
	return f.assertion, f.err
}

// Ping reports whether FranceConnect answers, for every profile configured:
// nil, or the fault that Check would give. It presents a token that does not
// exist, so it also proves our credentials and keys; a sign of life of the
// last ten seconds, or an open circuit, is answered without network.
func (v *Verifier) Ping(ctx context.Context) error {
	for _, p := range []identity.Profile{identity.V1, identity.V2} {
		up := v.upstream(p)
		if up == nil || up.circuit.alive(v.clock(), pingFor) {
			continue
		}
		answer := make(chan error, 1)
		go func() { // Check sees its call through; a probe of readiness must not wait for it
			_, err := v.Check(context.WithoutCancel(ctx), p, up.ping)
			answer <- err
		}()
		select {
		case err := <-answer:
			if err != nil && !fault.Is(err, fault.JetonInvalide) {
				return err
			}
		case <-ctx.Done():
			return late("CALLER_GONE").With(ctx.Err())
		}
	}
	return nil
}

// call makes one check through the circuit and tells how it went. A panic in
// it becomes a fault, for others may be waiting for the answer. Its context is
// nobody's: a caller that leaves must not fail those who wait.
func (v *Verifier) call(p identity.Profile, up *upstream, token string) (a identity.Assertion, err error) {
	start := v.clock()
	probe, wait := up.circuit.enter(start)
	if wait > 0 {
		v.observe(p, OutcomeOpen, 0)
		return identity.Assertion{}, unavailable("CIRCUIT_OPEN").After(wait)
	}
	defer func() {
		if recover() != nil {
			a, err = identity.Assertion{}, unavailable("PANIC")
		}
		now := v.clock()
		up.circuit.leave(now, probe, answered(err))
		v.observe(p, outcome(err), now.Sub(start))
	}()
	a, err = up.ask(context.Background(), token)
	if err != nil {
		return identity.Assertion{}, err
	}
	if err := v.level(a.ACR); err != nil {
		return identity.Assertion{}, err
	}
	a.Profile = p
	return a, nil
}

func (v *Verifier) upstream(p identity.Profile) *upstream {
	switch p {
	case identity.V1:
		return v.v1
	case identity.V2:
		return v.v2
	}
	return nil
}

// digest names a token in memory without keeping it.
func (v *Verifier) digest(p identity.Profile, token string) [32]byte {
	b := make([]byte, 0, maxToken+64)
	b = append(b, v.salt[:]...)
	b = append(b, p...)
	b = append(b, 0)
	return sha256.Sum256(append(b, token...))
}

// level refuses an assurance level that is missing, unknown or below the
// floor (franceconnect.md §4).
func (v *Verifier) level(acr string) error {
	if rank := acrRank(acr); rank == 0 {
		return fault.New(fault.NiveauInsuffisant, "franceconnect: check").Because("ACR_UNKNOWN")
	} else if rank < v.floor {
		return fault.New(fault.NiveauInsuffisant, "franceconnect: check").Because("ACR_TOO_LOW")
	}
	return nil
}

func acrRank(acr string) int {
	switch acr {
	case "eidas1":
		return 1
	case "eidas2":
		return 2
	case "eidas3":
		return 3
	}
	return 0
}

func invalid(reason string) *fault.Fault {
	return fault.New(fault.JetonInvalide, "franceconnect: check").Because(reason)
}

func unavailable(reason string) *fault.Fault {
	return fault.New(fault.FranceConnectIndisponible, "franceconnect: check").Because(reason).After(retryAfter)
}

func late(reason string) *fault.Fault {
	return fault.New(fault.FranceConnectLent, "franceconnect: check").Because(reason).After(retryAfter)
}

// reasonIdentity is an authentic answer about an identity that makes no sense:
// a failure for this caller, but no sign that FranceConnect is down.
const reasonIdentity = "IDENTITY_IMPLAUSIBLE"

// answered reports whether FranceConnect did its work, whatever it said.
func answered(err error) bool {
	return err == nil || fault.Is(err, fault.JetonInvalide) || fault.Is(err, fault.NiveauInsuffisant) ||
		fault.From(err).Reason() == reasonIdentity
}

func outcome(err error) string {
	switch {
	case err == nil:
		return OutcomeOK
	case fault.Is(err, fault.JetonInvalide):
		return OutcomeInvalid
	case fault.Is(err, fault.NiveauInsuffisant):
		return OutcomeInsufficient
	case fault.Is(err, fault.FranceConnectLent):
		return OutcomeLate
	}
	return OutcomeUnavailable
}

func earlier(a, b time.Time) time.Time {
	if b.IsZero() || a.Before(b) {
		return a
	}
	return b
}

// parseBase reads a base URL such as https://fc.example/api/v2 and appends a
// path to it.
func parseBase(base, path string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSuffix(base, "/") + path)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, errors.New("franceconnect: base URL must be http(s)://host/path")
	}
	return u, nil
}
