// Package nir reads the French social-security number (NIR) and its relatives:
// the waiting number (NIA), the provisional number of a fund (NNP) and the
// number of a migrant's family (MIG). It hides the digits: a NIR prints as a mask everywhere, and only
// Reveal gives them back.
//
// Layout and reading rules: identity.md §1 (numéro d'inscription au
// répertoire, décret n° 82-103 du 22 janvier 1982).
package nir

import (
	"fmt"
	"io"
	"log/slog"

	"droits.example/droits/internal/fault"
)

// NIR is a checked number of 13 characters. The zero value is "no number".
// NIRs compare with ==. It redacts itself in fmt, slog and encoding/json.
type NIR struct{ d [13]byte }

// mask is what a NIR prints as.
const mask = "NIR(•••)"

// Parse reads 13 characters, or 15 with an exact key. Spaces (ASCII, no-break,
// thin, narrow) are ignored and letters may be lower case; everything else is
// refused. Errors: nir_absent, nir_invalide, which never hold the value.
//
// A MIG is refused, see ParseAny. Parse does not check that the place or the
// rank were ever given, nor that the number belongs to anybody.
func Parse(s string) (NIR, error) {
	v, err := ParseAny(s)
	if err == nil && v.Nature() == Migrant {
		return NIR{}, fault.New(fault.NirInvalide, "nir: parse").On("nir")
	}
	return v, err
}

// ParseAny is Parse, and a MIG of 13 characters besides: what a file may hold
// of people who cannot be identified by it. A MIG has no key; with two more
// characters it is refused.
func ParseAny(s string) (NIR, error) {
	var buf [16]byte
	n := 0
	for _, r := range s {
		switch r {
		case ' ', '\u00a0', '\u2009', '\u202f':
			continue
		}
		if r >= 'a' && r <= 'z' {
			r -= 'a' - 'A'
		}
		if n == len(buf) || !(r >= '0' && r <= '9' || r == 'A' || r == 'B') {
			return NIR{}, fault.New(fault.NirInvalide, "nir: parse").On("nir")
		}
		buf[n] = byte(r)
		n++
	}
	if n == 0 {
		return NIR{}, fault.New(fault.NirAbsent, "nir: parse").On("nir")
	}
	v := NIR{}
	copy(v.d[:], buf[:])
	if n != 13 && n != 15 || v.Nature() == NoNumber || v.Nature() == Migrant && n == 15 {
		return NIR{}, fault.New(fault.NirInvalide, "nir: parse").On("nir")
	}
	if n == 15 {
		k, ok := number(buf[13:15])
		if !ok || k != v.key() {
			return NIR{}, fault.New(fault.NirInvalide, "nir: parse").On("nir")
		}
	}
	return v, nil
}

// MustParse is Parse for constants; it panics on anything else.
func MustParse(s string) NIR {
	v, err := Parse(s)
	if err != nil {
		panic("nir: bad constant")
	}
	return v
}

// ordinary is the layout of identity.md §1.1, which waiting numbers share; the
// first digit is not looked at.
func (v NIR) ordinary() bool {
	for i, c := range v.d {
		if c > '9' && i != 6 || c < '0' {
			return false
		}
	}
	month, _ := number(v.d[3:5])
	if month == 0 || month > 12 && month < 20 {
		return false
	}
	if v.d[6] == 'A' || v.d[6] == 'B' {
		if v.d[5] != '2' {
			return false
		}
	} else if dep, _ := number(v.d[5:7]); dep == 0 {
		return false
	}
	place, _ := number(v.d[7:10])
	rank, _ := number(v.d[10:13])
	return place >= 1 && (place <= 990 || v.d[5] == '9' && v.d[6] >= '7') && rank >= 1
}

// key is 97 minus the number modulo 97; 2A counts as 19 and 2B as 18.
func (v NIR) key() int {
	n := 0
	for i, c := range v.d {
		d := int(c - '0')
		if i == 6 && c == 'A' {
			n, d = n-1, 9
		} else if i == 6 && c == 'B' {
			n, d = n-1, 8
		}
		n = n*10 + d
	}
	return 97 - n%97
}

// IsZero reports "no number".
func (v NIR) IsZero() bool { return v.d[0] == 0 }

// Kind is the first digit: 1 2 ordinary, 3 4 being registered, 5 6 migrant
// (MIG), 7 8 waiting (NIA, NNP). 0 when there is no number.
func (v NIR) Kind() int {
	if v.IsZero() {
		return 0
	}
	return int(v.d[0] - '0')
}

// BirthData reports whether Year, Month and Place say something sure of the
// birth: kinds 1 to 4 only, since a number of kind 7 or 8 may be provisional.
func (v NIR) BirthData() bool { return v.Kind() >= 1 && v.Kind() <= 4 }

// Male reports the sex that the number says: an odd first digit.
func (v NIR) Male() bool { return v.Kind()%2 == 1 }

// Year is the last two digits of the birth year that the number says. Without
// BirthData, Year, Month and Place are digits and no more.
func (v NIR) Year() int { n, _ := number(v.d[1:3]); return n }

// Month is the month part: 1–12, or 20–99 where the civil act was incomplete.
func (v NIR) Month() int { n, _ := number(v.d[3:5]); return n }

// Place is positions 6–10: the code (COG) of the birthplace in force at birth.
func (v NIR) Place() string {
	if v.IsZero() {
		return ""
	}
	return string(v.d[5:10])
}

// Reveal returns the 15 characters, key included, or the 13 of a MIG, which has
// no key. It is the only way to the digits; arch_test.go lists the packages that may call it.
func (v NIR) Reveal() string {
	if v.IsZero() {
		return ""
	}
	if v.Nature() == Migrant {
		return string(v.d[:])
	}
	k := v.key()
	return string(v.d[:]) + string([]byte{byte('0' + k/10), byte('0' + k%10)})
}

// Grouped is the masked form shown to people: sex, year, then dots.
func (v NIR) Grouped() string {
	if v.IsZero() {
		return ""
	}
	return string(v.d[0]) + " " + string(v.d[1:3]) + " •• •• ••• •••"
}

// Format gives the mask for every verb: %d and %x of a value would print its
// bytes. In an unexported field of a struct that is printed whole, fmt calls no
// method: such a struct must redact itself.
func (v NIR) Format(f fmt.State, _ rune) { io.WriteString(f, v.String()) }

// String, GoString, LogValue and MarshalText all give the mask.
func (v NIR) String() string {
	if v.IsZero() {
		return ""
	}
	return mask
}

// GoString redacts %#v.
func (v NIR) GoString() string { return mask }

// LogValue redacts slog.
func (v NIR) LogValue() slog.Value { return slog.StringValue(mask) }

// MarshalText redacts encoding/json.
func (v NIR) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

func number(b []byte) (n int, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

// Fixed returns the 13 characters for comparison and keyed hashing. Like
// Reveal, only the packages listed in arch_test.go may call it.
func (v NIR) Fixed() [13]byte { return v.d }
