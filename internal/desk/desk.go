// Package desk is what the identity desk sees: it hides how decisions of
// identification, told as pseudonyms and codes, become rates and alerts.
//
// Source: identity.md §3.6 (log, alerts), §4.1 (G7).
package desk

import (
	"time"

	"droits.example/droits/internal/trace"
)

// The outcomes of an identification. To a caller, the last three are one
// answer.
const (
	Match     = "match"
	None      = "none"
	Ambiguous = "ambiguous"
	Blocked   = "blocked" // the FranceConnect subject led to another person before
)

// Identification is one decision. It becomes durable with the entry of its
// call, in the same transaction, even when that entry is a refusal. It holds
// codes and keyed pseudonyms only: no trait, no number, no token.
//
// A match is counted by hour; what ends otherwise is kept one by one.
type Identification struct {
	At         time.Time
	RequestID  string
	Partner    string
	Purpose    string
	Outcome    string
	Reason     string         // why it is no match, UPPER_SNAKE
	Tolerances string         // codes joined by commas, such as T1,T5
	Rejected   map[string]int // how many candidates each code rejected
	Candidates int            // rows that the index gave
	Rule       string         // version of the rules and of the tables
	Subject    trace.Digest   // keyed pseudonym of FranceConnect's sub; zero when it told none (v1)
	Person     trace.Digest   // keyed pseudonym of the person; zero when it led to nobody
	Lead       Lead           // of a match, or of one that is blocked
}

// Lead compares the person that a FranceConnect subject leads to with the one
// that it led to before. It is zero where no subject is told.
type Lead struct {
	Row      trace.Digest // keyed pseudonym of the person's row in the source, which outlives its number
	Replaces trace.Digest // the same person, under a number that was replaced since
	Before   trace.Digest // another person, to whom the subject led before
}

// Effect implements trace.Effect.
func (*Identification) Effect() {}

// Case is an identification that the desk has to look at, with the place of
// its entry in the log.
type Case struct {
	Trace      int64          `json:"trace"`
	At         time.Time      `json:"at"`
	RequestID  string         `json:"request_id"`
	Partner    string         `json:"partner"`
	Purpose    string         `json:"purpose"`
	Outcome    string         `json:"outcome"`
	Reason     string         `json:"reason"`
	Tolerances string         `json:"tolerances,omitempty"`
	Rejected   map[string]int `json:"rejected,omitempty"`
	Candidates int            `json:"candidates"`
	Rule       string         `json:"rule"`
	Subject    string         `json:"subject,omitempty"` // hexadecimal pseudonyms
	Person     string         `json:"person,omitempty"`
	Before     string         `json:"before,omitempty"`
}

// Count is how many identifications of one hour ended alike.
type Count struct {
	Hour       time.Time
	Partner    string
	Outcome    string
	Tolerances string
	N          int64
}

// Pair is two people of the visible population of whom one could be answered
// for the other, flagged when they were loaded: pseudonyms.
type Pair struct {
	A string `json:"a"`
	B string `json:"b"`
}

// Query says what to look at.
type Query struct {
	Since   time.Time
	Outcome string // None, Ambiguous or Blocked; "" = all three
	Limit   int    // of cases, the latest first
	Open    bool   // without the blocks that were forgotten
}

// Found is what the store answers to a query.
type Found struct {
	Counts  []Count
	Cases   []Case
	More    bool   // there are older cases than those of Cases
	Blocked []Case // whatever outcome is asked for
	Pairs   []Pair // of the population as it is now
}
