// Package identity decides who a FranceConnect pivot identity is: one insured
// person, exactly the right one, or nobody. It hides normalisation, tolerances
// and the doubt rule; closeness is only ever used to refuse.
//
// Source: identity.md §2–§3.
package identity

import "time"

// Profile is the FranceConnect protocol version that a client speaks.
type Profile string

// The two profiles (franceconnect.md §1).
const (
	V1 Profile = "v1"
	V2 Profile = "v2"
)

// Pivot is the civil identity that FranceConnect vouches for, as written by
// FranceConnect: nothing is normalised yet. It prints as a mask.
type Pivot struct {
	FamilyName        string
	GivenName         string   // all given names, joined by spaces
	GivenNames        []string // one item per given name when known (v2)
	Birthdate         string   // YYYY-MM-DD; the parts may be 00 or defaulted to 01
	Gender            string   // male, female, unspecified
	Birthplace        string   // COG, "" when born abroad
	Birthcountry      string   // COG, 99100 = France
	PreferredUsername string   // usage name, "" when unknown
}

// String redacts fmt.
func (Pivot) String() string { return "Pivot(•••)" }

// GoString redacts %#v.
func (Pivot) GoString() string { return "Pivot(•••)" }

// Assertion is what FranceConnect says of one access token, once checked. It
// says nothing about who the person is for us. It prints as a mask.
type Assertion struct {
	Profile   Profile
	Client    string    // FranceConnect client to which the token was issued
	Subject   string    // pairwise subject (v2), "" in v1
	Scopes    []string  // granted scopes, all of them
	ACR       string    // eidas1 | eidas2 | eidas3
	IssuedAt  time.Time // zero in v1
	ExpiresAt time.Time // zero in v1
	Pivot     Pivot
}

// String redacts fmt.
func (Assertion) String() string { return "Assertion(•••)" }

// GoString redacts %#v.
func (Assertion) GoString() string { return "Assertion(•••)" }

// HasScope reports whether the scope was granted.
func (a Assertion) HasScope(scope string) bool {
	for _, s := range a.Scopes {
		if s == scope {
			return true
		}
	}
	return false
}
