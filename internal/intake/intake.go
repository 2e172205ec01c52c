// Package intake reads the import file (format "droits/1"): it hides the
// syntax of the file, its compression and every rule that a row must obey, and
// gives domain values out.
//
// Source: data-format.md, "Import file".
package intake

import (
	"context"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/nir"
)

// Format is the one value of the header's "format".
const Format = "droits/1"

// The two kinds of load, in Header.Jeu.
const (
	Complet = "complet" // a whole new population
	Delta   = "delta"   // rows that replace or end others
)

// The reasons of a Fin.
const (
	MotifDeces  = "deces"
	MotifSortie = "sortie"
	MotifErreur = "erreur"
)

// The types of lines.
const (
	TypeEntete   = "entete"
	TypeCaisse   = "caisse"
	TypePersonne = "personne"
	TypeFin      = "fin"
)

// Header is the first line: what the file is, and the day of its data.
type Header struct {
	Jeu         string // Complet or Delta
	ReferenceOn civil.Date
}

// Personne is one person of the file. ID is the file's own name for it; the
// embedded droits.Personne has no ID of a store. A person who is not Servie is
// a sentinel: identity only.
type Personne struct {
	ID string
	droits.Personne
	Servie        bool
	NIRPrecedents []nir.NIR
	Rattachements []Rattachement
}

// String redacts fmt.
func (Personne) String() string { return "Personne(•••)" }

// GoString redacts %#v.
func (Personne) GoString() string { return "Personne(•••)" }

// Rattachement links the person to Ouvrant, the file's ID of the one who opens
// its rights. Of Caisse only the ID is filled; Beneficiaire and Propre are left
// to the store.
type Rattachement struct {
	Ouvrant string
	droits.Rattachement
}

// String redacts fmt.
func (Rattachement) String() string { return "Rattachement(•••)" }

// GoString redacts %#v.
func (Rattachement) GoString() string { return "Rattachement(•••)" }

// Fin ends a person in a delta.
type Fin struct {
	ID, Motif string
	On        civil.Date
}

// Row is one accepted line: exactly one of the three is set.
type Row struct {
	Line     int // from 1
	Caisse   *droits.Caisse
	Personne *Personne
	Fin      *Fin
}

// typ is the type of line that the row came from.
func (r Row) typ() string {
	switch {
	case r.Caisse != nil:
		return TypeCaisse
	case r.Personne != nil:
		return TypePersonne
	}
	return TypeFin
}

// id is the row's own name in the file.
func (r Row) id() string {
	switch {
	case r.Caisse != nil:
		return r.Caisse.ID
	case r.Personne != nil:
		return r.Personne.ID
	case r.Fin != nil:
		return r.Fin.ID
	}
	return ""
}

// Refused is the row's reject.
func (r Row) Refused(rule Rule, member string) Reject {
	return Reject{Line: r.Line, Type: r.typ(), ID: r.id(), Rule: rule, Member: member, Sentinelle: r.Personne != nil && !r.Personne.Servie}
}

// Reject is one refused line. It never holds a value: ID is the file's own
// name for the row, left out when it could be a NIR, and Member is a name of
// the format.
type Reject struct {
	Line   int    `json:"line"`
	Type   string `json:"type,omitempty"`
	ID     string `json:"id,omitempty"`
	Rule   Rule   `json:"rule"`
	Member string `json:"member,omitempty"`
	// Sentinelle says, of a person refused at the end, that it was not served.
	Sentinelle bool `json:"-"`
}

// Sink receives what is read; the store is the real one. Begin comes first;
// Prepare does what needs no order, for some rows of the file, on several
// goroutines at once; Put takes the batches in the order of the file; then End,
// which makes a complete load visible at once and may refuse rows whose
// references lead nowhere: each such row is refused whole, once, with its line,
// and so are those that depend on it; or Abort, after which nothing of the load
// is visible. Put may refuse rows of its batch. End fails with NothingLeft when
// nobody served would remain of a complete load.
type Sink interface {
	Begin(ctx context.Context, h Header, from *Resume) error
	Prepare(rows []Row) (any, error)
	Put(ctx context.Context, b Batch) ([]Reject, error)
	End(ctx context.Context, tell func(stage string, done, total int64)) ([]Reject, error)
	Abort(cause error)
}

// Resumer is a Sink that keeps an unfinished load. Unfinished finds it by the
// header; Replay tells the lines that it has refused.
type Resumer interface {
	Unfinished(ctx context.Context, h Header) (Resume, bool, error)
	Replay(ctx context.Context, tell func(Reject) error) error
}

// Teller is a Sink that knows what a load changed.
type Teller interface{ Outcome() *Outcome }

// Outcome is what a load changes, or would change.
type Outcome struct {
	Compared  bool `json:"compared"` // the four counts are known
	Added     int  `json:"added"`
	Changed   int  `json:"changed"`
	Removed   int  `json:"removed"`
	Unchanged int  `json:"unchanged"`
	Before    int  `json:"served_before"` // people served by the population that it replaces or changes
	// Ambiguous are the pairs of people of whom one could be taken for the
	// other: neither is answered until the identity desk has settled it.
	Ambiguous int `json:"ambiguous_pairs"`
}

// Batch is some rows of the file in their order, what Prepare made of them,
// the lines among them that were refused already, and where the file stands.
type Batch struct {
	Rows     []Row
	Prepared any
	Rejects  []Reject
	Mark     Mark
}

// Mark is a place in a file: the lines before it and the state of their hash.
type Mark struct {
	Lines int
	Sum   []byte
}

// Resume is where an unfinished load stopped, and what it had accepted.
type Resume struct {
	Mark
	Caisses, Personnes, Sentinelles int
}
