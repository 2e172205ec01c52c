// Package convention holds the signed agreement that says what a partner may
// read and how. It hides the canonical form: one JSON document from which the
// mask, the quotas, the wording of the agreement and the reference in each
// trace derive.
package convention

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/netip"
	"time"

	"github.com/gowebpki/jcs"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
)

// Document is the canonical object. Its canonical bytes (RFC 8785, integers
// only) are what is signed and hashed; see Canonical.
type Document struct {
	ID            string        `json:"id"`
	Version       int           `json:"version"`
	Parties       Parties       `json:"parties"`
	Purpose       string        `json:"purpose"` // preadmission | adhesion
	Kind          droits.Kind   `json:"kind"`
	Blocks        []droits.Bloc `json:"blocks"`
	Quota         Quota         `json:"quota"`
	From          civil.Date    `json:"from"`
	Until         civil.Date    `json:"until"`
	Auth          string        `json:"auth"` // api_key | assertion | mtls
	FCClients     []FCClient    `json:"fc_clients"`
	AgentRequired bool          `json:"agent_required"`
	Consent       Consent       `json:"consent"`
	Networks      []string      `json:"networks"` // CIDR; empty = any
	Terms         Terms         `json:"terms"`
	Journal       bool          `json:"journal,omitempty"` // may show persons their own journal of accesses
}

// The ways in which a partner's software proves itself (Document.Auth).
const (
	AuthKey       = "api_key"   // its API key alone
	AuthAssertion = "assertion" // its key and a signed assertion for each call
	AuthMTLS      = "mtls"      // its key and a client certificate bound to it
)

// Parties names both sides.
type Parties struct {
	Operator string `json:"operator"`
	Partner  string `json:"partner"` // identifier of the partner
	Name     string `json:"name"`
	SIRET    string `json:"siret"`
}

// Quota bounds the calls of a convention. The day is the civil day of Paris.
type Quota struct {
	PerSecond int `json:"per_second"`
	PerDay    int `json:"per_day"`
}

// FCClient is a FranceConnect client of the partner and the profile it speaks.
type FCClient struct {
	ID      string `json:"id"`
	Profile string `json:"profile"` // v1 | v2
}

// Consent says how the agreement of the person is taken in this journey.
type Consent struct {
	Ticks      []droits.Bloc `json:"ticks"`       // sensitive blocks that need a tick of their own
	RepeatDays int           `json:"repeat_days"` // 0 = one token, one consent
}

// Terms binds the versions of the terms of use and of the information notice.
type Terms struct {
	Terms        string `json:"terms"`
	TermsSHA256  string `json:"terms_sha256,omitempty"` // absent from before the texts were bound
	Notice       string `json:"notice"`
	NoticeSHA256 string `json:"notice_sha256"`
}

// State is where a convention is in its life; only the document is signed.
type State string

// The states. Active and Notice (leaving, within its 15 days) serve data.
const (
	Draft     State = "draft"
	Active    State = "active"
	Suspended State = "suspended"
	Notice    State = "notice"
	Ended     State = "ended"
)

// NoticeDays is how long a partner that leaves is still served (source 004,
// §6): the last call is accepted at the end of the last of these days, Paris.
const NoticeDays = 15

// LeavesOn is the last day of a convention whose notice was received on a day.
func LeavesOn(received civil.Date) civil.Date { return received.AddDays(NoticeDays) }

// moves lists the legal changes of state.
var moves = map[State][]State{
	Draft:     {Active, Ended},
	Active:    {Suspended, Notice, Ended},
	Suspended: {Active, Ended},
	Notice:    {Suspended, Ended},
	Ended:     {},
}

// CanBecome reports whether the change of state is legal.
func (s State) CanBecome(next State) bool {
	for _, n := range moves[s] {
		if n == next {
			return true
		}
	}
	return false
}

// Valid reports whether the state exists.
func (s State) Valid() bool { _, ok := moves[s]; return ok }

// Convention is a stored document with its state. It is immutable once built.
type Convention struct {
	Document   Document
	State      State
	Signatures []Signature
	Canonical  []byte
	Digest     string     // hex SHA-256 of Canonical
	LastOn     civil.Date // last day of a convention that is left, zero when it is not
	Altered    bool       // set by the store: it is not what was signed, and serves nothing
	networks   []netip.Prefix
}

// New checks the document and computes what derives from it. Errors:
// parametre_invalide with the member's name.
func New(d Document, s State) (Convention, error) {
	if d.Consent.Ticks == nil {
		d.Consent.Ticks = []droits.Bloc{}
	}
	if d.Networks == nil {
		d.Networks = []string{}
	}
	c := Convention{Document: d, State: s, Signatures: []Signature{}}
	if err := d.check(); err != nil {
		return c, err
	}
	for _, n := range d.Networks {
		p, err := netip.ParsePrefix(n)
		if err != nil {
			return c, bad("networks")
		}
		c.networks = append(c.networks, p)
	}
	raw, err := json.Marshal(d)
	if err != nil {
		return c, fault.Wrap(fault.ErreurInterne, "convention: encode", err)
	}
	if c.Canonical, err = jcs.Transform(raw); err != nil {
		return c, fault.Wrap(fault.ErreurInterne, "convention: canonical form", err)
	}
	sum := sha256.Sum256(c.Canonical)
	c.Digest = hex.EncodeToString(sum[:])
	return c, nil
}

// Parse reads a document strictly: an unknown member, a trailing byte or a
// missing required member is refused. Errors: parametre_invalide.
func Parse(b []byte) (Document, error) {
	var d Document
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		return d, bad("document")
	}
	if _, err := dec.Token(); err != io.EOF {
		return d, bad("document")
	}
	return d, d.check()
}

func bad(member string) error {
	return fault.New(fault.ParametreInvalide, "convention: check").On(member)
}

func badNotice(reason string) error {
	return fault.New(fault.ParametreInvalide, "convention: check notice").On("terms").Because(reason)
}

func (d Document) check() error {
	switch {
	case !partner.Slug(d.ID):
		return bad("id")
	case d.Version < 1:
		return bad("version")
	case !partner.Slug(d.Parties.Partner) || d.Parties.Name == "" || d.Parties.Operator == "":
		return bad("parties")
	case d.Purpose != "preadmission" && d.Purpose != "adhesion":
		return bad("purpose")
	case d.Kind != droits.Etablissement && d.Kind != droits.OrganismeComplementaire:
		return bad("kind")
	case len(d.Blocks) == 0:
		return bad("blocks")
	case d.Quota.PerSecond < 1 || d.Quota.PerDay < 1:
		return bad("quota")
	case d.From.IsZero() || d.Until.IsZero() || d.Until < d.From:
		return bad("from")
	case d.Auth != AuthKey && d.Auth != AuthAssertion && d.Auth != AuthMTLS:
		return bad("auth")
	case len(d.FCClients) == 0:
		return bad("fc_clients")
	case d.Consent.RepeatDays < 0 || d.Consent.RepeatDays > 30:
		return bad("consent")
	case d.Terms.Terms == "" || d.Terms.Notice == "" || len(d.Terms.NoticeSHA256) != 64:
		return bad("terms")
	}
	return d.checkLists()
}

func (d Document) checkLists() error {
	seen := map[droits.Bloc]bool{}
	for _, b := range d.Blocks {
		info, ok := b.Info()
		if !ok || seen[b] || !info.For(d.Kind) {
			return bad("blocks")
		}
		seen[b] = true
	}
	for _, b := range d.Consent.Ticks {
		if info, ok := b.Info(); !ok || !info.Sensitive || !seen[b] {
			return bad("consent")
		}
	}
	clients := map[FCClient]bool{}
	for _, c := range d.FCClients {
		if c.ID == "" || c.Profile != "v1" && c.Profile != "v2" || clients[c] {
			return bad("fc_clients")
		}
		clients[c] = true
	}
	return nil
}

// LiveAt reports whether the convention serves data at an instant: active or
// leaving, and within its dates, last day included (Paris).
func (c Convention) LiveAt(t time.Time) bool {
	d := civil.On(t)
	if !c.LastOn.IsZero() && d > c.LastOn {
		return false
	}
	return !c.Altered && (c.State == Active || c.State == Notice) && d >= c.Document.From && d <= c.Document.Until
}

// Has reports whether the convention names the block.
func (c Convention) Has(b droits.Bloc) bool {
	for _, own := range c.Document.Blocks {
		if own == b {
			return true
		}
	}
	return false
}

// Speaks reports whether the convention has a FranceConnect client with that
// identifier and profile.
func (c Convention) Speaks(id, profile string) bool {
	for _, own := range c.Document.FCClients {
		if own.ID == id && own.Profile == profile {
			return true
		}
	}
	return false
}

// Profiles tells which FranceConnect profiles the convention's clients speak.
func (c Convention) Profiles() (v1, v2 bool) {
	for _, own := range c.Document.FCClients {
		v1, v2 = v1 || own.Profile == "v1", v2 || own.Profile == "v2"
	}
	return v1, v2
}

// Allows reports whether the convention admits a call from the address.
func (c Convention) Allows(a netip.Addr) bool {
	if len(c.networks) == 0 {
		return true
	}
	for _, n := range c.networks {
		if n.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}
