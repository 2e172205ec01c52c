package identity

import (
	"bytes"
	"slices"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/geo"
)

// Confusable reports whether some pivot that one of the two rows stands for
// would be decided ambiguous because of the other (identity.md §3.5, insert
// rule). The pivots tried are the row's own traits with its given names whole
// or shortened to any number of them, its place or a place that succeeded it,
// its date as it is and as FranceConnect fills it, its two family names as
// stored or exchanged, with or without the particle; never an unspecified
// gender. Like a call, it counts a row only where the index would give it.
//
// It is symmetric, pure and safe for concurrent use, and takes a few
// microseconds. Two rows of one number are one person. Two sentinels can be
// confusable: nobody is served either way. A third row is not looked at.
func Confusable(a, b Record) bool {
	switch {
	case a.NIR == b.NIR, a.sex() != b.sex(),
		a.NaissanceOn.Year() != b.NaissanceOn.Year(),
		a.NaissanceOn.Complete() && b.NaissanceOn.Complete() && a.NaissanceOn != b.NaissanceOn:
		return false
	}
	pair := [2]Record{a, b}
	var ready [2]entry
	for i := range pair {
		ok := false
		if ready[i], ok = pair[i].entry(nil); !ok {
			return false
		}
		if pair[i].NomUsage != "" {
			ready[i].usage = appendFamily(nil, pair[i].NomUsage)
		}
	}
	for i := range pair {
		if ready[i].stands(ready[1-i].place, func(q *probe) bool { return ambiguous(q, &ready) }) {
			return true
		}
	}
	return false
}

// ambiguous is Decide for two rows of two people that the index gave.
func ambiguous(q *probe, pair *[2]entry) bool {
	var marks [2]Agreement
	var fits [2]bool
	for i := range pair {
		if !pair[i].reached(q) {
			return false
		}
		marks[i] = pair[i].compare(q)
		fits[i] = rejection(q, pair[i].r, marks[i]) == ""
	}
	for i := range pair {
		if fits[i] && !fits[1-i] {
			short := marks[i].Given == T1
			return short && pair[1-i].castsDoubt(q, marks[1-i], letters(pair[i].given)) || pair[1-i].eludes(q, marks[1-i], short || marks[1-i].Given == T1)
		}
	}
	return fits[0] && fits[1]
}

// entry is a row made ready to stand for pivots and to be reached by them.
type entry struct {
	r                    *Record
	family, usage, given []byte
	place                string
}

func readRow(r *Record, buf []byte) entry {
	buf = appendFamily(buf, r.NomFamille)
	n := len(buf)
	buf = appendUnits(buf, r.Prenoms)
	e := entry{r: r, family: buf[:n:n], given: buf[n:], place: upper(r.place())}
	return e
}

// stands tries the pivots that the row stands for until one pleases. Of the
// places that it became, those of the other row's are the ones that matter.
func (e *entry) stands(other string, pleases func(*probe) bool) bool {
	q := probe{sex: e.r.sex()}
	for _, q.place = range e.places(other) {
		for _, q.date = range slices.Compact([]civil.Date{defaulted(e.r.NaissanceOn), e.r.NaissanceOn}) {
			q.family, q.usage = e.family, e.usage
			if e.shortened(&q, pleases) {
				return true
			}
			if core, _, _ := unparticled(e.family); len(core) < len(e.family) && letters(core) >= shortestCore {
				if q.family = core; e.shortened(&q, pleases) {
					return true
				}
			}
			if len(e.usage) > 0 {
				if q.family, q.usage = e.usage, e.family; e.shortened(&q, pleases) {
					return true
				}
			}
		}
	}
	return false
}

// places are the row's own, what it became, and the other row's when one of
// the two became the other.
func (e *entry) places(other string) []string {
	year := e.r.NaissanceOn.Year()
	out := make([]string, 0, 4)
	for at := e.place; at != ""; at = geo.Parent(at, year) {
		out = append(out, at)
	}
	if placeMark(e.place, other, year) == T5 && !slices.Contains(out, other) {
		out = append(out, other)
	}
	return out
}

// shortened tries the whole list of given names, then its beginnings.
func (e *entry) shortened(q *probe, pleases func(*probe) bool) bool {
	q.given = e.given
	for {
		if pleases(q) {
			return true
		}
		i := bytes.LastIndexByte(q.given, unitMark)
		if i <= 0 {
			return false
		}
		q.given = q.given[:i]
	}
}

// reached reports whether the pivot's keys meet the row's: Keys, without their
// texts.
func (e *entry) reached(q *probe) bool {
	d := e.r.NaissanceOn
	if q.sex != "" && q.sex != e.r.sex() {
		return false
	}
	if !d.Complete() {
		return q.date.Day() <= 1 && d.Year() == q.date.Year() && same(q.family, e.family)
	}
	return d == defaulted(q.date) && (same(q.family, e.family) ||
		e.place != "" && geo.Group(e.place) == geo.Group(q.place) && sameInitials(q.given, e.given))
}
