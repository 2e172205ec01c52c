// Package access is the road to personal data, the only one: authenticate,
// identify, decide, read, release, trace, answer. It hides the order of the
// steps; each produces the type that the next one needs, and an answer cannot
// be built without the receipt of its trace.
package access

import (
	"cmp"
	"context"
	"crypto/x509"
	"net/netip"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/desk"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/policy"
	"droits.example/droits/internal/trace"
)

// Keys finds who calls. Key says nothing of whether key and convention are
// live.
type Keys interface {
	Generation() trace.Generation
	Key(secret string) (partner.Key, convention.Convention, bool)
	// Delegated finds the convention under which a vendor calls for whom it
	// names; not whether it is live.
	Delegated(vendor, name string) (convention.Convention, bool)
	// LeaseQuota sets calls of a day's quota aside, ReturnQuota gives them back.
	LeaseQuota(ctx context.Context, a partner.Ask) (partner.Lease, error)
	ReturnQuota(ctx context.Context, holder string) error
	// Watch follows the use of keys; Raise keeps what is unusual about one, and
	// suspends it in the clear cases.
	Watch() *partner.Watch
	Raise(ctx context.Context, keyID string, a partner.Alarm, requests []string) (bool, error)
}

// People finds who is called about.
type People interface {
	Find(ctx context.Context, p identity.Pivot, partnerID string, t consent.Token) ([]policy.Candidate, error)
	Candidates(ctx context.Context, p identity.Pivot) ([]policy.Candidate, error)
	Restrictions(p droits.Sujet, at time.Time) []consent.Restriction
	Guard(at trace.Generation, k partner.Key, partnerID string, people ...droits.Sujet) trace.Guard
	DonneesOn() civil.Date
	Lead(ctx context.Context, subject trace.Digest, who policy.Candidate) (desk.Lead, error)
}

// Digests makes the keyed digests under which tokens, agents and people stand
// in consents and traces.
type Digests interface {
	TokenDigest(token string) consent.Token
	TraceDigest(domain, value string) trace.Digest
	TraceSubject(p droits.Sujet) trace.Digest
	Reference(p droits.Sujet, partnerID string) string
}

// Tokens checks a FranceConnect access token. Errors: jeton_invalide,
// niveau_insuffisant, franceconnect_indisponible, franceconnect_lent.
type Tokens interface {
	Check(ctx context.Context, p identity.Profile, token string) (identity.Assertion, error)
}

// Journal makes an entry durable, or its refusal.
type Journal interface {
	Append(ctx context.Context, p trace.Pending) (trace.Receipt, error)
}

// Assertions checks what a partner's software signs beside its key. Errors:
// assertion_invalide.
type Assertions interface {
	Check(keyID, clientKey, assertion string) error
}

// Certificates checks the client certificate of a TLS connection of ours
// against those bound to a key. Errors: certificat_invalide.
type Certificates interface {
	Check(bound []partner.Certificate, shown []*x509.Certificate) error
}

// Config joins the parts of the road. Every member but Alarm is required.
type Config struct {
	Keys         Keys
	People       People
	Digests      Digests
	Tokens       Tokens
	Journal      Journal
	Assertions   Assertions
	Certificates Certificates
	Trail        Trail
	Sharings     Sharings
	Alarm        func(partner.Alarm) // told of each alarm that is raised; may be nil
	Environment  partner.Environment
	Clock        func() time.Time
}

// Service is the road. It is safe for concurrent use.
type Service struct {
	Config
	quotas quotas
}

// New returns the road.
func New(c Config) *Service {
	return &Service{Config: c, quotas: quotas{holder: partner.NewID("proc"), meters: map[string]*meter{}, refused: map[string]*refusedCount{}}}
}

// Credentials are what a call presents of itself.
type Credentials struct {
	Key        string
	Token      string
	Assertion  string              // of the partner's software, "" when none
	Delegation string              // whom a software vendor calls for, "" when none is named
	Shown      []*x509.Certificate // chain of the TLS connection itself, never from a header; nil when none
	Addr       netip.Addr
}

// Caller is an authenticated partner under a live convention. Only
// Authenticate makes one.
type Caller struct {
	key        partner.Key
	conv       convention.Convention
	generation trace.Generation
	creds      Credentials
	startedAt  time.Time
	known      bool // the key exists: what follows is traced
	accepted   bool // the key can be used here and now
}

// Known reports whether the key was recognised: what follows is traced.
func (c Caller) Known() bool { return c.known }

// KeyID names the key for logs.
func (c Caller) KeyID() string { return c.key.ID }

// Key is what is kept of the key that calls: no secret.
func (c Caller) Key() partner.Key { k := c.key; k.Digest = nil; return k }

// Partner names who calls, for logs: of a vendor that calls for somebody, that
// one, else the vendor.
func (c Caller) Partner() string { return cmp.Or(c.conv.Document.Parties.Partner, c.key.Vendor) }

// through names the vendor that calls for its partner, "" when there is none.
func (c Caller) through() string {
	if c.conv.Document.Parties.Partner == "" {
		return ""
	}
	return c.key.Vendor
}

// Convention is the one that the key belongs to.
func (c Caller) Convention() convention.Convention { return c.conv }

// Meta is what accompanies a call without deciding anything.
type Meta struct {
	RequestID string
	Agent     string // pseudonym of the partner's agent, "" when none
	Name      string // names in the trace a call that is no operation, instead of Operation
	Operation droits.Operation
	Window    droits.Fenetre
	Asked     []droits.Bloc // nil = everything
}

// Authenticate recognises the key and checks that its convention is live. The
// token must be there; it is not checked yet. A caller whose key is known is
// returned even with an error, so that the refusal can be traced. Errors:
// cle_absente, cle_invalide, jeton_absent, convention_inactive,
// cle_suspendue, adresse_non_autorisee, assertion_invalide, certificat_invalide.
func (s *Service) Authenticate(creds Credentials, needsToken bool) (Caller, error) {
	now := s.Clock()
	c := Caller{creds: creds, startedAt: now, generation: s.Keys.Generation()}
	if creds.Key == "" {
		return c, fault.New(fault.CleAbsente, "access: authenticate")
	}
	if !partner.LooksLikeKey(creds.Key, s.Environment) {
		return c, unknownKey("KEY_SHAPE")
	}
	key, conv, ok := s.Keys.Key(creds.Key)
	if !ok {
		return c, unknownKey("KEY_UNKNOWN")
	}
	c.key, c.conv, c.known = key, conv, true
	delegated := true
	if key.Vendor != "" {
		if conv, delegated = s.Keys.Delegated(key.Vendor, creds.Delegation); delegated {
			c.conv, c.key.ConventionID = conv, conv.Document.ID
		}
	}
	switch {
	case key.Environment != s.Environment:
		return c, unknownKey("KEY_ENVIRONMENT")
	case conv.State == convention.Ended: // its keys died with it
		c.accepted = true
		return c, fault.New(fault.ConventionInactive, "access: authenticate").Because("CONVENTION_ENDED")
	case !key.LiveAt(now):
		return c, unknownKey("KEY_ENDED")
	case !delegated:
		return c, fault.New(fault.DelegationAbsente, "access: authenticate")
	}
	c.accepted = true
	switch {
	case !key.SuspendedAt.IsZero():
		return c, fault.New(fault.CleSuspendue, "access: authenticate").Because("KEY_SUSPENDED")
	case needsToken && creds.Token == "":
		return c, fault.New(fault.JetonAbsent, "access: authenticate")
	case !conv.LiveAt(now):
		return c, fault.New(fault.ConventionInactive, "access: authenticate").Because("CONVENTION_" + upper(string(conv.State)))
	case !conv.Allows(creds.Addr):
		return c, fault.New(fault.AdresseNonAutorisee, "access: authenticate")
	case conv.Document.Auth == convention.AuthAssertion:
		return c, s.Assertions.Check(key.ID, key.ClientKey, creds.Assertion)
	case conv.Document.Auth == convention.AuthMTLS:
		return c, s.Certificates.Check(key.Certificates, creds.Shown)
	}
	return c, nil
}

func unknownKey(reason string) error {
	return fault.New(fault.CleInvalide, "access: authenticate").Because(reason)
}

// Request is a decoded call.
type Request struct {
	Meta
	Who    droits.Designation
	Encode func(policy.View) ([]byte, error) // makes the body, before the trace that holds its hash
}

// Answer is a body and the receipt of its trace. Only Read makes one that
// holds something.
type Answer struct {
	body      []byte
	receipt   trace.Receipt
	window    droits.Fenetre
	donneesOn civil.Date
	reference string
}

// Body is what may be written now that the trace is durable; nil without one.
func (a Answer) Body() []byte {
	if !a.receipt.Valid() || a.receipt.Moved() != "" {
		return nil
	}
	return a.body
}

// Receipt is the proof of the trace.
func (a Answer) Receipt() trace.Receipt { return a.receipt }

// Window is the effective window.
func (a Answer) Window() droits.Fenetre { return a.window }

// DonneesOn is the day of the data.
func (a Answer) DonneesOn() civil.Date { return a.donneesOn }

// Reference stands for the connected person towards the partner that asked, and
// towards no other (R11).
func (a Answer) Reference() string { return a.reference }

// Refusal is an error whose trace is durable.
type Refusal struct {
	Fault   *fault.Fault
	Receipt trace.Receipt
}

// Error is the fault's.
func (r *Refusal) Error() string { return r.Fault.Error() }

// Unwrap gives the fault to errors.As.
func (r *Refusal) Unwrap() error { return r.Fault }

func upper(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}
