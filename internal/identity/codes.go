package identity

import (
	"slices"
	"strings"
)

// Codes that say why a row was rejected: the first rule that it breaks, in the
// order of the procedure. They are what the trace keeps (identity.md §3.6).
const (
	NoOwnNumber       = "NO_OWN_NUMBER"       // the row has no number
	NumberKind        = "NUMBER_KIND"         // a MIG identifies nobody
	NumberDeniesSex   = "NUMBER_DENIES_SEX"   // step 1: the number is another's
	NumberDeniesYear  = "NUMBER_DENIES_YEAR"  //
	NumberDeniesMonth = "NUMBER_DENIES_MONTH" //
	FamilyConflict    = "FAMILY"              // step 2: a trait disagrees
	GivenConflict     = "GIVEN"               //
	DateConflict      = "DATE"                //
	SexConflict       = "SEX"                 //
	PlaceConflict     = "PLACE"               //
	Combination       = "COMBINATION"         // §3.3: two tolerances that do not go together
	NarrowedSex       = "NARROWED_SEX"        // a tolerance, and an unspecified gender
	NarrowedNumber    = "NARROWED_NUMBER"     // a tolerance, and a waiting number
	NarrowedDate      = "NARROWED_DATE"       // a tolerance, and a date that many strangers share
)

// Count is how many candidates one code rejected.
type Count struct {
	Code string
	N    int
}

// Rejections is the histogram of the rejection codes, sorted by code: what the
// trace and the identity desk keep of candidates (identity.md §3.6).
func (r Result) Rejections() (out []Count) {
	for _, c := range r.Candidates {
		if c.RejectedBy == "" {
			continue
		}
		i, found := slices.BinarySearchFunc(out, c.RejectedBy, func(x Count, code string) int { return strings.Compare(x.Code, code) })
		if !found {
			out = slices.Insert(out, i, Count{Code: c.RejectedBy})
		}
		out[i].N++
	}
	return out
}
