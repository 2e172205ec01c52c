// Package support holds what partners write to the operator: questions, and
// incidents, each of which opens a breach file. It hides who may do what with a
// file, and when.
//
// Sources: source 004 (duty to report incidents), GDPR articles 33 (72 hours)
// and 34, web.md §9.
package support

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"droits.example/droits/internal/fault"
)

// Kind is what a file is about.
type Kind string

// The kinds.
const (
	Question Kind = "question" // a ticket
	Incident Kind = "incident" // a breach file
)

// State is where a file stands.
type State string

// The states: whose turn it is.
const (
	Waiting  State = "attente" // for the operator
	Answered State = "repondu" // by the operator
	Closed   State = "clos"
)

// Side is who writes.
type Side string

// The sides.
const (
	Partner  Side = "partenaire"
	Operator Side = "exploitant"
)

// File is a question or an incident with what was written of it. It prints as a
// mask.
type File struct {
	ID           string    `json:"id"` // public, such as S-2026-0042, or V-2026-0003 for a breach
	Kind         Kind      `json:"nature"`
	Organisation string    `json:"organisation"` // SIRET
	State        State     `json:"etat"`
	Subject      string    `json:"objet"`
	RequestID    string    `json:"demande,omitempty"` // of a call, "" when none is quoted
	OpenedAt     time.Time `json:"ouvert"`
	ChangedAt    time.Time `json:"change"`
	KnownAt      time.Time `json:"connu,omitzero"`      // of an incident: when the partner knew
	Concerned    string    `json:"personnes,omitempty"` // of an incident: how many, as far as is known
	Messages     []Message `json:"messages"`
}

// String redacts fmt.
func (File) String() string { return "File(•••)" }

// GoString redacts %#v.
func (File) GoString() string { return "File(•••)" }

// Message is one text. Author is an opaque reference.
type Message struct {
	At     time.Time `json:"le"`
	Side   Side      `json:"cote"`
	Author string    `json:"auteur"`
	Text   string    `json:"texte"`
}

// Deadline is how long after an incident is known the authority is told (GDPR
// article 33).
const Deadline = 72 * time.Hour

// Due is when the authority must have been told, zero for a question.
func (f *File) Due() time.Time {
	if f.Kind != Incident {
		return time.Time{}
	}
	return f.KnownAt.Add(Deadline)
}

// The bounds of what is written, in characters.
const (
	maxSubject = 200
	maxText    = 5000
)

var requestID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

func text(field, s string, most int) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" || utf8.RuneCountInString(s) > most || !utf8.ValidString(s) {
		return "", fault.New(fault.ParametreInvalide, "support: write").On(field)
	}
	return s, nil
}

// Open checks a new file and its first message, which is f.Messages[0].
// Errors: parametre_invalide on objet, texte, demande or connu.
func (f File) Open(at time.Time) (File, error) {
	var err error
	if f.Subject, err = text("objet", f.Subject, maxSubject); err != nil {
		return f, err
	}
	if len(f.Messages) != 1 {
		return f, fault.New(fault.ParametreInvalide, "support: open").On("texte")
	}
	m := f.Messages[0]
	if m.Text, err = text("texte", m.Text, maxText); err != nil {
		return f, err
	}
	switch {
	case f.Kind != Question && f.Kind != Incident:
		return f, fault.New(fault.ParametreInvalide, "support: open").On("nature")
	case f.RequestID != "" && !requestID.MatchString(f.RequestID):
		return f, fault.New(fault.ParametreInvalide, "support: open").On("demande")
	case f.Kind == Incident && (f.KnownAt.IsZero() || f.KnownAt.After(at)):
		return f, fault.New(fault.ParametreInvalide, "support: open").On("connu")
	case utf8.RuneCountInString(f.Concerned) > maxSubject:
		return f, fault.New(fault.ParametreInvalide, "support: open").On("personnes")
	}
	m.At = at
	f.State, f.OpenedAt, f.ChangedAt, f.Messages = Waiting, at, at, []Message{m}
	return f, nil
}

// Write adds a message; it tells whose turn it then is. A closed question that
// is written to opens again. Errors: parametre_invalide on texte.
func (f File) Write(m Message) (File, error) {
	var err error
	if m.Text, err = text("texte", m.Text, maxText); err != nil {
		return f, err
	}
	f.Messages = append(slices.Clone(f.Messages), m)
	f.ChangedAt, f.State = m.At, Waiting
	if m.Side == Operator {
		f.State = Answered
	}
	return f, nil
}

// Close ends a file: either side a question, the operator alone an incident.
// Errors: acte_impossible, role_insuffisant.
func (f File) Close(by Side, at time.Time) (File, error) {
	switch {
	case f.State == Closed:
		return f, fault.New(fault.ActeImpossible, "support: close").Because("CLOSED_ALREADY")
	case f.Kind == Incident && by != Operator:
		return f, fault.New(fault.RoleInsuffisant, "support: close").Because("OPERATOR_CLOSES")
	}
	f.State, f.ChangedAt = Closed, at
	return f, nil
}

// Query selects files; empty members select all. Newest change first.
type Query struct {
	Kind         Kind
	Organisation string
	State        State
	Limit        int // 1 to MaxPage
	Offset       int
}

// MaxPage bounds a page of files.
const MaxPage = 100
