package trace

import "time"

// Event is an act as the log tells it: who changed what, for whom. Whoever acts
// fills it; the store writes it in the act's own transaction, so that no act is
// without its event and no event without its act. Everything in it is a code or
// an opaque reference, never a value of somebody.
type Event struct {
	Class      Class    // required
	Operation  string   // required: French snake_case, such as "retrait"
	Actor      Actor    // required
	Partner    string   // identifier of the partner concerned, "" when none
	Purpose    string   // of the convention
	Consent    string   // identifier of the agreement
	Convention string   // id/version
	Object     string   // identifier of what was acted upon: a key, a restriction, a load
	Blocks     []string // that the act names
	Before     string   // code of the state that ended
	After      string   // code of the state that began
	Reasons    []string // motives that only the operator reads
	RequestID  string
	Author     string   // opaque reference of the account that acted, internal part
	IP         string   // of the person, internal part
	Subject    Digest   // whom the act concerns; zero when nobody
	Others     []Digest // everybody else of whom something was told or changed
	Erased     *Erased  // of an Erasure: what is gone
	Record     []byte   // SHA-256 of the line that the act leaves beside the log, internal part

	// Set by the store before the act runs, for what wants to refer to its event.
	Index int64
}

// Actor is who acted.
type Actor string

// The actors. Whoever opens the socket of the data directory acts as the
// operator (decision 0006).
const (
	ActorHolder         Actor = "holder"
	ActorRepresentative Actor = "legal_representative"
	ActorPartner        Actor = "partner"
	ActorOperator       Actor = "operator"
	ActorSystem         Actor = "system" // nobody: a date was reached
)

// By is who acts through a page or an interface: as which actor, under which
// account, in which request.
type By struct {
	Actor     Actor
	Author    string // opaque reference of the account
	RequestID string
	IP        string
	Reasons   []string // codes of why, which only the operator reads
}

// Acted is the outcome of an event: the act is done.
const Acted = "fait"

// Complete reports whether the event says what, who and of which class.
func (e *Event) Complete() bool {
	return e != nil && e.Class >= ConsentEvent && e.Class <= AgentAction && e.Operation != "" && e.Actor != "" && (e.Class == Erasure) == (e.Erased != nil)
}

// Entry is the event as an entry of the log, at an instant.
func (e *Event) Entry(at time.Time) Entry {
	out := Entry{
		Class: e.Class, Subject: e.Subject, Others: e.Others,
		Person: Person{
			At: at, Operation: e.Operation, Actor: e.Actor, Partner: e.Partner, Purpose: e.Purpose, Consent: e.Consent, Convention: e.Convention,
			Object: e.Object, Asked: e.Blocks, Before: e.Before, Erased: e.Erased, After: e.After, Outcome: Acted,
		},
		Internal: Internal{RequestID: e.RequestID, Author: e.Author, IP: e.IP, Reasons: e.Reasons, Record: e.Record},
	}
	if e.Subject != (Digest{}) {
		out.Person.Beneficiary = "assure"
	}
	return out
}
