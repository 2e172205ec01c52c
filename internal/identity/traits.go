package identity

import (
	"bytes"
	"unicode/utf8"

	"droits.example/droits/internal/civil"
)

// Mark is how one trait agrees: not at all, exactly, or by one tolerance of
// the closed list of identity.md §3.2.
type Mark uint8

// The marks. T1 shortened given names, T2 particle, T3 field width, T4 birth
// and usage names exchanged, T5 succession of places, T6 unknown day or month.
const (
	Conflict Mark = iota
	Exact
	T1
	T2
	T3
	T4
	T5
	T6
	Wildcard // sex unspecified
)

// String is the mark's code in the trace.
func (m Mark) String() string {
	names := [...]string{"X", "E", "T1", "T2", "T3", "T4", "T5", "T6", "W"}
	if int(m) < len(names) {
		return names[m]
	}
	return "X"
}

// Agreement is the five marks of one comparison.
type Agreement struct{ Family, Given, Date, Sex, Place Mark }

// String is the five codes, in the order of the fields, joined by slashes.
func (a Agreement) String() string {
	return a.Family.String() + "/" + a.Given.String() + "/" + a.Date.String() + "/" + a.Sex.String() + "/" + a.Place.String()
}

func (a Agreement) marks() [5]Mark { return [5]Mark{a.Family, a.Given, a.Date, a.Sex, a.Place} }

// conflicts counts the traits that disagree.
func (a Agreement) conflicts() (n int) {
	for _, m := range a.marks() {
		if m == Conflict {
			n++
		}
	}
	return n
}

// fieldWidth is the width of the fields of old records, beyond which a stored
// name may be cut (identity.md §2.2, line 6).
const fieldWidth = 25

// familyMark compares family names, both folded; the raw record gives its
// width and its usage name.
func familyMark(q *probe, stored []byte, r *Record) Mark {
	w := walk(q.family, stored)
	switch {
	case w.aEnd && w.bEnd:
		return Exact
	case len(stored) == 0:
		return Conflict
	case sameButParticle(q.family, stored):
		return T2
	case w.bEnd && utf8.RuneCountInString(r.NomFamille) >= fieldWidth:
		return T3
	}
	if len(q.usage) > 0 && r.NomUsage != "" && same(q.usage, stored) && same(q.family, appendFamily(nil, r.NomUsage)) {
		return T4
	}
	return Conflict
}

// shortestCore is the least number of letters that must remain once particles
// are removed: below, too many strangers share it.
const shortestCore = 4

// sameButParticle is T2.
func sameButParticle(a, b []byte) bool {
	ac, ar, at := unparticled(a)
	bc, br, bt := unparticled(b)
	return letters(ac) >= shortestCore && same(ac, bc) && sameOrAbsent(ar, br) && sameOrAbsent(at, bt)
}

func sameOrAbsent(a, b []byte) bool { return len(a) == 0 || len(b) == 0 || same(a, b) }

// unparticled splits a folded family name into its core, its particle and what
// follows DIT.
func unparticled(s []byte) (core, particle, dit []byte) {
	if i := bytes.Index(s, []byte(" DIT ")); i > 0 {
		s, dit = s[:i], s[i+5:]
	}
	i := particles(s)
	if i > 0 && i < len(s) {
		return s[i:], s[:i], dit
	}
	// trailing run: the first word from which all that follows is one run
	for j := bytes.IndexByte(s, wordMark); j >= 0 && j+1 < len(s); {
		if particles(s[j+1:]) == len(s)-j-1 {
			return s[:j], s[j+1:], dit
		}
		k := bytes.IndexByte(s[j+1:], wordMark)
		if k < 0 {
			break
		}
		j += 1 + k
	}
	return s, nil, dit
}

// particles is the length of the leading run of particles of s, separators
// included; LA and L count only after DE, DU, DES or D.
func particles(s []byte) (n int) {
	for n < len(s) {
		end := bytes.IndexByte(s[n:], wordMark)
		if end < 0 {
			end = len(s) - n
		}
		switch string(s[n : n+end]) {
		case "DE", "DU", "DES", "D":
		case "LA", "L":
			if n == 0 {
				return 0
			}
		default:
			return n
		}
		n = min(n+end+1, len(s))
	}
	return n
}

// givenMark compares lists of given names, both folded.
func givenMark(pivot, stored []byte, r *Record) Mark {
	w := walk(pivot, stored)
	switch {
	case len(stored) == 0 || len(pivot) == 0:
		return Conflict
	case w.aEnd && w.bEnd:
		return Exact
	case r.PrenomsComplets:
		return Conflict
	case w.aEnd && w.bUnit, w.bEnd && w.aUnit:
		return T1
	case w.bEnd && listWidth(r.Prenoms) >= fieldWidth:
		return T1
	}
	return Conflict
}

// listWidth is the width of the given names written with one space between.
func listWidth(names []string) int {
	n := max(len(names)-1, 0)
	for _, s := range names {
		n += utf8.RuneCountInString(s)
	}
	return n
}

// dateMark compares birth dates; FranceConnect writes an unknown day as the
// 1st and an unknown month as January, so the default and the unknown agree.
func dateMark(a, b civil.Date) Mark {
	switch {
	case a == 0 || b == 0:
		return Conflict
	case a == b && a.Complete():
		return Exact
	case a == b, !a.Complete() && defaulted(a) == b, !b.Complete() && defaulted(b) == a:
		return T6
	}
	return Conflict
}

// defaulted fills unknown parts as FranceConnect does.
func defaulted(d civil.Date) civil.Date {
	return civil.Of(d.Year(), max(d.Month(), 1), max(d.Day(), 1))
}

func sexMark(a, b Sexe) Mark {
	switch {
	case a == "":
		return Wildcard
	case a == b:
		return Exact
	}
	return Conflict
}

// editsWithin reports whether two folded texts are at most n insertions,
// deletions or substitutions apart, separators aside. It is used to refuse,
// never to accept.
func editsWithin(a, b []byte, n int) bool {
	a, b = joined(a), joined(b)
	if len(a)-len(b) > n || len(b)-len(a) > n {
		return false
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diagonal, least := row[0], i+1
		row[0] = i + 1
		for j := range b {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
			least = min(least, cost)
		}
		if least > n {
			return false
		}
	}
	return row[len(b)] <= n
}

func joined(s []byte) []byte {
	out := make([]byte, 0, len(s))
	for _, c := range s {
		if !isMark(c) {
			out = append(out, c)
		}
	}
	return out
}
