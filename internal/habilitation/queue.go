package habilitation

import (
	"time"

	"droits.example/droits/internal/droits"
)

// Sort is an order of the queue.
type Sort string

// The orders of the queue.
const (
	ByID         Sort = "numero"
	BySubmission Sort = "depot"
	ByChange     Sort = "changement"
	ByState      Sort = "etat"
)

// MaxPage bounds a page of the queue.
const MaxPage = 200

// Query selects requests; its empty members select all.
type Query struct {
	State      State
	SIRET      string
	ID         string
	Before     time.Time // waits since before, for an answer
	Reader     string    // account whose reading is told
	Unread     bool      // only what the reader has not seen
	Sort       Sort
	Descending bool
	Limit      int
	Offset     int
}

// Line is a request in the queue.
type Line struct {
	ID          string      `json:"id"`
	SIRET       string      `json:"siret"`
	Name        string      `json:"nom"`
	Project     string      `json:"projet"`
	State       State       `json:"etat"`
	Reopening   bool        `json:"mise_a_jour"`
	CreatedAt   time.Time   `json:"ouverte"`
	SubmittedAt time.Time   `json:"deposee,omitzero"`
	ChangedAt   time.Time   `json:"changee"`
	Kind        droits.Kind `json:"categorie"`
	Applicant   string      `json:"demandeur,omitempty"`   // account that submitted it last
	Unread      bool        `json:"non_lue,omitempty"`     // by the reader of the query
	Proposed    Act         `json:"proposition,omitempty"` // that waits for a second agent
}

// Page is a page of the queue. Total counts what the query selects.
type Page struct {
	Lines []Line
	Total int
}

// FirstAnswer is how long an organisation waited for the first word of an
// agent after its first submission; ok is false while it waits.
func (r *Request) FirstAnswer() (d time.Duration, ok bool) {
	submitted, answered := r.Answered()
	return answered.Sub(submitted), !answered.IsZero()
}
