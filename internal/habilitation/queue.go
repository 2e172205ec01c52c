package habilitation

import "time"

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
	Sort       Sort
	Descending bool
	Limit      int
	Offset     int
}

// Line is a request in the queue.
type Line struct {
	ID          string    `json:"id"`
	SIRET       string    `json:"siret"`
	Name        string    `json:"nom"`
	Project     string    `json:"projet"`
	State       State     `json:"etat"`
	Reopening   bool      `json:"mise_a_jour"`
	CreatedAt   time.Time `json:"ouverte"`
	SubmittedAt time.Time `json:"deposee,omitzero"`
	ChangedAt   time.Time `json:"changee"`
}

// Page is a page of the queue. Total counts what the query selects.
type Page struct {
	Lines []Line
	Total int
}

// FirstAnswer is how long an organisation waited for the first word of an
// agent after its first submission; ok is false while it waits.
func (r *Request) FirstAnswer() (d time.Duration, ok bool) {
	var since time.Time
	for _, e := range r.Events {
		switch {
		case e.Act == Submit && since.IsZero():
			since = e.At
		case !since.IsZero() && !e.Internal() && (e.Role == Instructeur || e.Role == Responsable):
			return e.At.Sub(since), true
		}
	}
	return 0, false
}
