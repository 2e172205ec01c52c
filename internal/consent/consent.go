// Package consent holds the agreements of persons to the transmission of
// their data, their withdrawals, and the restrictions of GDPR article 18. It
// hides how an agreement ends.
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

// ChannelPartner is channel A of trust.md §3b: in the partner's journey.
const ChannelPartner Channel = "partner"

// Record is one agreement. It is written once, by the first valid call of a
// token, and never changed; what ends it is an event beside it.
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
	Actor             string // holder
	Evidence          Evidence
	GivenAt           time.Time
	ExpiresAt         time.Time
	Token             Token
}

// Effect marks a record as something that becomes durable with its trace.
func (*Record) Effect() {}

// Evidence is what proves that the journey went through FranceConnect: it is
// declared by the partner, and confirmed by the scopes of the token.
type Evidence struct {
	Kind    string   `json:"kind"` // declared_by_partner
	Scopes  []string `json:"scopes"`
	ACR     string   `json:"acr"`
	Subject string   `json:"sub_digest,omitempty"` // hex digest of the pairwise subject
	Profile string   `json:"profile"`
}

// DeclaredByPartner is the evidence's kind in channel A.
const DeclaredByPartner = "declared_by_partner"

// Standing is what holds between one person and one partner when a call is
// decided.
type Standing struct {
	Withdrawn   bool      // the person has withdrawn and not allowed again
	WithdrawnAt time.Time // last withdrawal, ended or not; zero = never
	SeenAt      time.Time // first call of the token here
	ConsentID   string    // the token's last record, "" when this is its first call
	Blocks      []droits.Bloc
	ExpiresAt   time.Time      // of that record
	Excluded    []droits.Sujet // dependants left out
}

// Ended reports whether nothing may be served to a token: the person has
// withdrawn, or did so after the token was issued (or first seen, for a token
// that does not tell). Allowing again does not revive such a token.
func (s Standing) Ended(issuedAt time.Time) bool {
	if issuedAt.IsZero() {
		issuedAt = s.SeenAt
	}
	return s.Withdrawn || !s.WithdrawnAt.IsZero() && !issuedAt.After(s.WithdrawnAt)
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

// State is where the sharing between a person and a partner stands.
type State string

// The states of a sharing.
const (
	StateNone      State = "none"      // nothing was ever agreed
	StateGiven     State = "given"     // an agreement stands
	StateExpired   State = "expired"   // the last agreement has ended by itself
	StatePaused    State = "paused"    // stopped by the person until a day or until allowed again
	StateWithdrawn State = "withdrawn" // stopped by the person until allowed again
)

// Line is one agreement as its person sees it.
type Line struct {
	ID           string
	Partner      string
	Convention   string // id/version
	Purpose      string
	Blocks       []droits.Bloc
	Notice       string
	NoticeSHA256 string
	NoticeShown  bool
	Channel      Channel
	GivenAt      time.Time
	ExpiresAt    time.Time
	Contested    bool // the person says that it never agreed
}
