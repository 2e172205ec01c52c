package identity

import (
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/nir"
)

// Sexe is M or F; empty when unknown or unspecified.
type Sexe string

// The two values of civil status.
const (
	Masculin Sexe = "M"
	Feminin  Sexe = "F"
)

// france is the COG code of the country France.
const france = "99100"

// Record is one row of the universe of known people, as it is compared. It
// prints as a mask.
type Record struct {
	ID              int64 // the store's row, given back by a match
	NIR             nir.NIR
	NomFamille      string
	NomUsage        string
	Prenoms         []string // one item per given name; a hyphen stays inside its item
	PrenomsComplets bool     // the list is whole and certified
	NaissanceOn     civil.Date
	Sexe            Sexe
	LieuNaissance   string // COG of the commune, "" when unknown or abroad
	PaysNaissance   string // COG of the country, 99100 = France
	Sentinelle      bool   // of a scheme outside the perimeter: known only to refuse
}

// String redacts fmt.
func (Record) String() string { return "Record(•••)" }

// GoString redacts %#v.
func (Record) GoString() string { return "Record(•••)" }

// sex is the stored sex, else the one that the number says.
func (r *Record) sex() Sexe {
	if r.Sexe != "" || r.NIR.IsZero() {
		return r.Sexe
	}
	if r.NIR.Male() {
		return Masculin
	}
	return Feminin
}

// place is the COG code of birth to compare with, "" when unknown.
func (r *Record) place() string {
	switch {
	case r.PaysNaissance != "" && r.PaysNaissance != france:
		return r.PaysNaissance
	case r.LieuNaissance != "":
		return r.LieuNaissance
	case r.NIR.Kind() >= 1 && r.NIR.Kind() <= 4:
		return r.NIR.Place()
	}
	return ""
}

// disowned says why the row's number is not the row's own (identity.md §3.4,
// step 1), or "". A child or a spouse carried under the opener's number, and a
// row without any number, must never identify anybody.
func (r *Record) disowned() string {
	k := r.NIR.Kind()
	switch {
	case k == 0:
		return NoOwnNumber
	case k == 5 || k == 6:
		return NumberKind
	case (r.Sexe == Masculin) != r.NIR.Male() && r.Sexe != "":
		return NumberDeniesSex
	case k > 4:
		return "" // a waiting number may carry no birth data
	case r.NIR.Year() != r.NaissanceOn.Year()%100:
		return NumberDeniesYear
	case r.NIR.Month() <= 12 && r.NaissanceOn.Month() != 0 && r.NIR.Month() != r.NaissanceOn.Month():
		return NumberDeniesMonth
	}
	return ""
}
