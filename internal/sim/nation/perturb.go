package nation

import (
	"strings"
	"unicode/utf8"

	"droits.example/droits/internal/civil"
)

// Family is a family of differences between a row and a pivot (identity.md
// §4.3), as a bit of Families.
type Family uint16

// The families. SwappedUnconfirmed is the part of P8 that no rule can accept:
// the names are exchanged in the row and the pivot bears one of them only.
const (
	P1Separators Family = 1 << iota
	P2Given
	P3Letters
	P4Particle
	P5Communes
	P6Countries
	P7Dates
	P8Usage
	P9Width
	P10Errors
	SwappedUnconfirmed
)

// FamilyNames are the families with their names, in order.
func FamilyNames() []struct {
	Family Family
	Name   string
} {
	return []struct {
		Family Family
		Name   string
	}{
		{P1Separators, "P1 separators"}, {P2Given, "P2 given names"}, {P3Letters, "P3 letters"}, {P4Particle, "P4 particle"}, {P5Communes, "P5 communes"},
		{P6Countries, "P6 countries"}, {P7Dates, "P7 dates"}, {P8Usage, "P8 usage"}, {P9Width, "P9 width"}, {P10Errors, "P10 errors"}, {SwappedUnconfirmed, "P8 swapped, unconfirmed"},
	}
}

// Beyond are the families that no rule corrects: a refusal is the right answer.
const Beyond = P10Errors | SwappedUnconfirmed

// stored is a row as the store has it.
type stored struct {
	family, usage string
	given         []string
	born          civil.Date
	male          bool
	place         string // "" when it lacks
	pivotPlace    string // where the pivot's differs because of the row's side of P5 and P6
	swapped       bool
	families      Family
}

// stored perturbs the row of a person. s is moved.
func (u *Universe) stored(i int, t *truth, s *source) stored {
	s.at(u.o.Seed, streamStored, i)
	st := drawStyle(s)
	r := stored{family: t.family, usage: t.usage, given: append([]string(nil), t.given...), born: t.born, male: t.male}
	if t.born.Day() == 0 {
		r.families |= P7Dates
	}
	u.places(s, t, &r)
	if s.chance(15_000) {
		if name, ok := unparticled(s, r.family); ok {
			r.family = name
			r.families |= P4Particle
		}
	}
	if u.o.Shortened {
		r.shorten(s)
	}
	if t.usage != "" {
		r.families |= P8Usage
		if s.chance(1_000) {
			r.family, r.usage, r.swapped = r.usage, t.family, true
		}
	}
	if t.group == Lone || !u.o.Adversarial {
		u.err(s, &r)
	}
	r.write(s, st, t)
	return r
}

// shorten keeps the first given names only.
func (r *stored) shorten(s *source) {
	keep := len(r.given)
	switch x := s.Uint32N(100); {
	case x < 35:
		keep = 1
	case x < 45:
		keep = 2
	}
	if keep < len(r.given) {
		r.given = r.given[:keep]
		r.families |= P2Given
	}
}

// places gives the codes of the row and of the pivot.
func (u *Universe) places(s *source, t *truth, r *stored) {
	codes := u.atlas.codes
	birth, now := codes[t.codeAtBirth()], codes[t.place.now]
	other, share, family := "", 0, P5Communes
	switch {
	case t.foreign && birth != now:
		birth, now = now, birth
		other, share, family = now, 50_000, P6Countries
	case birth != now:
		other, share = now, 60_000
	case city(birth) != "":
		other, share = city(birth), 20_000
	}
	r.place, r.pivotPlace = birth, birth
	if other != "" && s.chance(share) {
		r.families |= family
		if s.chance(70_000) {
			r.place = other
		} else {
			r.pivotPlace = other
		}
	}
	if s.chance(1_000) {
		r.place = ""
		r.families |= P5Communes
	}
}

// city is the whole city of an arrondissement, "" for any other commune.
func city(code string) string {
	switch {
	case code >= "75101" && code <= "75120":
		return "75056"
	case code >= "69381" && code <= "69389":
		return "69123"
	case code >= "13201" && code <= "13216":
		return "13055"
	}
	return ""
}

// err makes the errors that no rule corrects (P10).
func (u *Universe) err(s *source, r *stored) {
	fails := func(share int) bool {
		if !s.chance(share) {
			return false
		}
		r.families |= P10Errors
		return true
	}
	if fails(300) {
		r.family = slip(s, r.family)
	}
	if fails(300) {
		k := s.IntN(len(r.given))
		r.given[k] = slip(s, r.given[k])
	}
	if r.born.Complete() && fails(110) {
		r.born = civil.Of(r.born.Year(), r.born.Month(), 1+(r.born.Day()+s.between(0, 26))%28)
	}
	if fails(300) {
		r.place = u.atlas.codes[u.atlas.french[s.IntN(len(u.atlas.french))].now]
	}
	if fails(50) {
		r.male = !r.male
	}
}

// write puts the names into the row's style and width.
func (r *stored) write(s *source, st style, t *truth) {
	if special(t.family) || special(strings.Join(r.given, " ")) {
		r.families |= P3Letters
	}
	if separated(r.family) && s.chance(50_000) {
		r.family = respace(s, r.family)
		r.families |= P1Separators
	}
	r.family = string(appendName(nil, r.family, st))
	r.usage = string(appendName(nil, r.usage, st))
	for k, g := range r.given {
		if strings.Contains(g, "-") && s.chance(50_000) {
			g = strings.ReplaceAll(g, "-", " ")
			r.families |= P1Separators
		}
		r.given[k] = string(appendName(nil, g, st))
	}
	if st != upperASCII && s.chance(5_000) {
		if d := decomposed(r.family); d != r.family {
			r.family = d
			r.families |= P3Letters
		}
	}
	if strings.Contains(r.family, " ") && s.chance(3_000) {
		r.family = strings.ReplaceAll(r.family, " ", "\u00a0")
		r.families |= P3Letters
	}
	if n := utf8.RuneCountInString(r.family); n >= 26 && s.chance(70_000) {
		r.family = string([]rune(r.family)[:25])
		r.families |= P9Width
	}
}
