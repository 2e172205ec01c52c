// Package notify holds what is to be sent: events for partners, messages for
// people. It hides their wording, their signature and when each is tried again;
// who sends is another's matter.
//
// Source: trust.md §3b (the partner is told by webhook), requirements R17, R20,
// R32.
package notify

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"droits.example/droits/internal/fault"
)

// Channel is a way to reach somebody.
type Channel string

// The channels.
const (
	Webhook Channel = "webhook"
	Mail    Channel = "mail"
)

// Type says what is told.
type Type string

// The types: of webhooks, then of mail.
const (
	ConsentWithdrawn Type = "consent.withdrawn"
	ConsentPaused    Type = "consent.paused"
	ConsentAllowed   Type = "consent.allowed"
	ConsentChosen    Type = "consent.chosen"
	ConsentExpired   Type = "consent.expired"
	TermsAnnounced   Type = "terms.announced"
	Test             Type = "test"

	KeyExpiring         Type = "key.expiring"
	CertificateExpiring Type = "certificate.expiring"
	KeySuspended        Type = "key.suspended"
	KeyResumed          Type = "key.resumed"
	UsageUnusual        Type = "usage.unusual"

	MailRead     Type = "lecture"
	MailReminder Type = "rappel"

	MailDecided Type = "demande.reponse" // to professionals, each about an object
	MailWritten Type = "demande.message"
	MailTerms   Type = "modalites.annonce"
)

// Event is the body of a webhook. It tells who by the partner's own reference
// (the header X-Reference-Personne of its answers), and nothing else of them.
type Event struct {
	ID          string    `json:"id"`
	Type        Type      `json:"type"`
	At          time.Time `json:"at"` // UTC, whole seconds
	Partner     string    `json:"partner"`
	Reference   string    `json:"reference,omitempty"`
	Conventions []string  `json:"conventions"`
	Consents    []string  `json:"consents"`
	Until       time.Time `json:"until,omitzero"`  // end of a pause, of a key, of a certificate
	Terms       string    `json:"terms,omitempty"` // version of the terms of use that is announced
	From        string    `json:"from,omitempty"`  // its first day, YYYY-MM-DD
	Key         string    `json:"key,omitempty"`   // identifier of the API key that it is about
	Last4       string    `json:"last4,omitempty"`
	Days        *int      `json:"days,omitempty"`     // before that end
	Reason      string    `json:"reason,omitempty"`   // what is unusual; of a certificate its fingerprint
	Requests    []string  `json:"requests,omitempty"` // identifiers of the partner's own calls, no others (R47)
}

// Body is the event as it is sent and signed. Errors: erreur_interne.
func (e Event) Body() ([]byte, error) {
	if e.Conventions == nil {
		e.Conventions = []string{}
	}
	if e.Consents == nil {
		e.Consents = []string{}
	}
	e.At, e.Until = e.At.UTC().Truncate(time.Second), e.Until.UTC().Truncate(time.Second)
	b, err := json.Marshal(e)
	if err != nil {
		return nil, fault.Wrap(fault.ErreurInterne, "notify: encode", err)
	}
	return b, nil
}

// secretPrefix begins every secret, so that one that leaked is recognised.
const secretPrefix = "whsec_"

// NewSecret makes the secret with which a partner's webhooks are signed.
func NewSecret() string {
	b := make([]byte, 32)
	rand.Read(b)
	return secretPrefix + base64.RawURLEncoding.EncodeToString(b)
}

// Signature is the value of X-Droits-Signature: the instant in whole seconds
// and the hex HMAC-SHA-256 of "t.body" under the secret.
func Signature(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(t + "."))
	h.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(h.Sum(nil))
}

// The bounds of trying again: each wait is twice the one before, up to the
// longest; after DeadAfter a message is given up and only a replay sends it.
const (
	FirstWait   = 5 * time.Second
	LongestWait = 15 * time.Minute
	DeadAfter   = 7 * 24 * time.Hour
)

// Wait is how long to wait after so many failed attempts.
func Wait(attempts int) time.Duration {
	d := FirstWait
	for range attempts - 1 {
		if d *= 2; d >= LongestWait {
			return LongestWait
		}
	}
	return d
}

// Receiver is whom messages go to: a partner's webhook, or, without a partner,
// the server by which mail leaves.
type Receiver struct {
	Channel Channel
	Partner string
}

// Delivery is a message that is due, with what its sender needs. It prints as a
// mask.
type Delivery struct {
	ID       string // the same at every attempt: receivers tell repeats by it
	Channel  Channel
	Type     Type
	Partner  string
	Attempts int // failed so far
	MadeAt   time.Time
	Body     []byte // of a webhook
	URL      string
	Secret   string
	To       string // of a mail
	About    About  // of a mail to a professional
	Subject  string
	Text     string
}

// String redacts fmt.
func (Delivery) String() string { return "Delivery(•••)" }

// GoString redacts %#v.
func (Delivery) GoString() string { return "Delivery(•••)" }

// State is where a message stands.
type State string

// The states.
const (
	Waiting State = "en_attente"
	Sent    State = "envoye"
	Dead    State = "abandonne"
)

// Line is a message as it is listed: no address in clear, no secret.
type Line struct {
	ID       string    `json:"id"`
	Channel  Channel   `json:"channel"`
	Type     Type      `json:"type"`
	Partner  string    `json:"partner"`
	To       string    `json:"to,omitempty"` // masked
	Subject  string    `json:"subject,omitempty"`
	Text     string    `json:"text"` // what is sent; it names nobody
	State    State     `json:"state"`
	Attempts int       `json:"attempts"`
	Last     string    `json:"last,omitempty"` // outcome of the last attempt, a code
	MadeAt   time.Time `json:"made_at"`
	DueAt    time.Time `json:"due_at,omitzero"`
	SentAt   time.Time `json:"sent_at,omitzero"`
}

// Target is a partner's webhook as it is listed: no secret.
type Target struct {
	Partner   string    `json:"partner"`
	URL       string    `json:"url"`
	CreatedAt time.Time `json:"created_at"`
	Waiting   int       `json:"waiting"`
	Dead      int       `json:"dead"`
	Lines     []Line    `json:"lines"` // the last ones, newest first
}
