// Package consent holds the agreements of persons to the transmission of
// their data, what they decide about each partner, and the restrictions of
// GDPR article 18. It hides how an agreement ends.
//
// Source: trust.md §3b and §3c; source 000 (transmission depends on prior
// agreement).
package consent

import (
	"time"

	"droits.example/droits/internal/droits"
)

// Token is the keyed digest of an access token, kept for a day.
type Token [16]byte

// Channel says where the agreement was given.
type Channel string

// The channels of trust.md §3b: in the partner's journey, or in the citizen
// space, which is ours.
const (
	ChannelPartner Channel = "partner"
	ChannelSpace   Channel = "space"
)

// Actor says in what capacity somebody agreed.
type Actor string

// The actors. Whoever agrees for a child agrees as its representative.
const (
	Holder              Actor = "holder"
	LegalRepresentative Actor = "legal_representative"
)

// Record is one agreement. It is written once, by the first valid call of a
// token or by a choice in the citizen space, and never changed; what ends it is
// its own end, or an event beside it.
type Record struct {
	ID                string
	Subject           droits.Sujet
	Partner           string
	Convention        string
	ConventionVersion int
	Purpose           string
	Blocks            []droits.Bloc
	Notice            string
	NoticeSHA256      string
	NoticeShown       bool // true: shown by us; false: bound by the convention
	Channel           Channel
	Actor             Actor
	Covered           []droits.Sujet // the dependants of whom it speaks
	Evidence          Evidence
	GivenAt           time.Time
	ExpiresAt         time.Time
	Token             Token
}

// Terms are what the agreement was given under.
func (r *Record) Terms() Terms {
	return Terms{r.Convention, r.ConventionVersion, r.Purpose, r.NoticeSHA256}
}

// Effect marks a record as something that becomes durable with its trace.
func (*Record) Effect() {}

// Evidence is what proves that the journey went through FranceConnect: it is
// declared by the partner, and confirmed by the scopes of the token.
type Evidence struct {
	Kind    string   `json:"kind"` // declared_by_partner | given_in_space
	Scopes  []string `json:"scopes"`
	ACR     string   `json:"acr"`
	Subject string   `json:"sub_digest,omitempty"` // hex digest of the pairwise subject
	Profile string   `json:"profile"`
}

// The kinds of evidence: what the partner declares of its own page, and what
// the person did on ours.
const (
	DeclaredByPartner = "declared_by_partner"
	GivenInSpace      = "given_in_space"
)

// Standing is what holds between one person and one partner when a call is
// decided.
type Standing struct {
	Decided
	Live
	SeenAt   time.Time    // first call of the token here
	Notify   bool         // the person asks for a message when a partner reads
	NotifyAs droits.Sujet // under which it asked
}

// Settings are what a person asks of us: an address to write to, "" when none,
// and whether to write when a partner reads. They print as a mask.
type Settings struct {
	Mail   string
	Notify bool
}

// String redacts fmt.
func (Settings) String() string { return "Settings(•••)" }

// GoString redacts %#v.
func (Settings) GoString() string { return "Settings(•••)" }

// Live is an agreement to which a call may attach. Its zero value is none.
type Live struct {
	ConsentID string
	Terms     Terms // what it was given under
	Blocks    []droits.Bloc
	GivenAt   time.Time
	ExpiresAt time.Time // the last instant at which it holds
}

// HoldsAt reports whether there is an agreement, and it has not ended.
func (l Live) HoldsAt(t time.Time) bool { return l.ConsentID != "" && !t.After(l.ExpiresAt) }

// Ended reports whether nothing may be served to a token at an instant: the
// person has stopped the partner, or did so after the token was issued (or
// first seen, for a token that does not tell), or has since contested an
// agreement: which one the token had attached to is kept nowhere. Allowing again,
// or the end of a pause, does not revive such a token.
func (s Standing) Ended(issuedAt, now time.Time) bool {
	if issuedAt.IsZero() {
		issuedAt = s.SeenAt
	}
	last := later(s.LastStop, s.contest)
	return s.StoppedAt(now) || !last.IsZero() && !issuedAt.After(last)
}

// Restriction is a limitation of processing (GDPR article 18) in force on a
// person: the whole of it when Bloc is empty.
type Restriction struct {
	Subject droits.Sujet
	Bloc    droits.Bloc
	Ground  string // 18-1-a … 18-1-d
	SinceAt time.Time
	UntilAt time.Time // zero = until lifted
}

// Grounds lists the grounds of GDPR article 18(1).
func Grounds() []string { return []string{"18-1-a", "18-1-b", "18-1-c", "18-1-d"} }

// InForceAt reports whether the restriction holds at an instant.
func (r Restriction) InForceAt(t time.Time) bool {
	return !t.Before(r.SinceAt) && (r.UntilAt.IsZero() || t.Before(r.UntilAt))
}

// RestrictionLine is a restriction as it is listed: nobody's name.
type RestrictionLine struct {
	ID      string    `json:"id"`
	Bloc    string    `json:"bloc"` // "" = everything
	Ground  string    `json:"ground"`
	SinceAt time.Time `json:"since_at"`
	UntilAt time.Time `json:"until_at,omitzero"`
}
