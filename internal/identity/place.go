package identity

import (
	"strings"

	"droits.example/droits/internal/geo"
)

// TableVersion names the tables of places that T5 goes by; it is part of what
// makes a decision reproducible.
const TableVersion = geo.Version

// placeMark compares two codes for somebody born in a year. T5 is the ancestor
// relation only (identity.md §2.2, lines 8 to 12): two communes that merged
// later, two arrondissements, two successor states are strangers.
func placeMark(a, b string, year int) Mark {
	switch {
	case a == "" || b == "":
		return Conflict
	case a == b:
		return Exact
	}
	if a, b = upper(a), upper(b); a == b {
		return Exact
	}
	if geo.Descends(a, b, year) || geo.Descends(b, a, year) {
		return T5
	}
	return Conflict
}

// abroad reports a birth outside France, or in North Africa while it had
// French department codes: there, 1 January is often a filler.
func abroad(code string) bool { return strings.HasPrefix(geo.Group(code), "99") }

// communeShaped and countryShaped check the shape of a COG code, not that it
// exists.
func communeShaped(s string) bool {
	if len(s) != 5 || s == "00000" {
		return false
	}
	for i, c := range []byte(s) {
		corsican := i == 1 && s[0] == '2' && (c == 'A' || c == 'B' || c == 'a' || c == 'b')
		if (c < '0' || c > '9') && !corsican {
			return false
		}
	}
	return true
}

func countryShaped(s string) bool { return communeShaped(s) && strings.HasPrefix(s, "99") }
