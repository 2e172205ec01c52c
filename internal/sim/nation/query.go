package nation

import (
	"strings"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/nir"
)

// Query is somebody who logs in, and what must come of it.
type Query struct {
	Person   int // its row
	Pivot    identity.Pivot
	NIR      nir.NIR // whose rights they are; nobody else's may be given
	Absent   bool    // must be refused
	Group    Group
	Alone    bool   // nobody shares family name, first given name, sex, date and place
	Families Family // how the row and the pivot differ
}

// String redacts fmt.
func (Query) String() string { return "Query(•••)" }

// GoString redacts %#v.
func (Query) GoString() string { return "Query(•••)" }

// Asker makes queries. Each goroutine needs its own.
type Asker struct {
	u *Universe
	s *source
}

// Asker gives a maker of queries.
func (u *Universe) Asker() *Asker { return &Asker{u, newSource()} }

// Query makes the q-th query: it depends on the universe and on q alone.
func (a *Asker) Query(q int) (Query, error) {
	u, s := a.u, a.s
	s.at(u.o.Seed, streamQueries, q)
	i := s.IntN(u.o.Persons)
	if u.o.Adversarial {
		i = int(u.pairs[s.IntN(len(u.pairs))])*2 + s.IntN(2)
	}
	t := u.truth(i, s)
	r := u.stored(i, &t, s)
	out := Query{Person: i, Absent: t.absent, Group: t.group, Families: r.families}
	var err error
	if out.NIR, err = u.number(i); err != nil {
		return out, err
	}
	s.at(u.o.Seed, streamQueries, -1-q)
	out.Pivot = u.pivot(s, &t, &r, &out.Families)
	out.Alone = t.group == Lone && u.alone[i]
	return out, nil
}

// pivot writes a person as FranceConnect does.
func (u *Universe) pivot(s *source, t *truth, r *stored, families *Family) identity.Pivot {
	st := upperASCII
	if s.chance(15_000) {
		st = asWritten
	}
	family, given := t.family, t.given
	if u.o.Shortened && len(given) > 1 && s.chance(3_000) {
		given = given[:1]
		*families |= P2Given
	}
	if separated(family) && s.chance(50_000) {
		family = respace(s, family)
		*families |= P1Separators
	}
	p := identity.Pivot{FamilyName: string(appendName(nil, family, st)), Gender: "female", Birthcountry: "99100", Birthplace: r.pivotPlace}
	if t.male {
		p.Gender = "male"
	}
	list := make([]string, len(given))
	for i, g := range given {
		if strings.Contains(g, "-") && s.chance(50_000) {
			g = strings.ReplaceAll(g, "-", " ")
			*families |= P1Separators
		}
		list[i] = string(appendName(nil, g, st))
	}
	p.GivenName = strings.Join(list, " ")
	if s.chance(50_000) {
		p.GivenNames = list
	}
	if st == asWritten && s.chance(10_000) {
		if d := decomposed(p.FamilyName); d != p.FamilyName {
			p.FamilyName = d
			*families |= P3Letters
		}
	}
	p.Birthdate = civil.Of(t.born.Year(), max(t.born.Month(), 1), max(t.born.Day(), 1)).String()
	if r.pivotPlace[:2] == "99" {
		p.Birthplace, p.Birthcountry = "", r.pivotPlace
	}
	if t.usage != "" && s.chance(50_000) {
		p.PreferredUsername = string(appendName(nil, t.usage, st))
	} else if r.swapped {
		*families |= SwappedUnconfirmed
	}
	return p
}
