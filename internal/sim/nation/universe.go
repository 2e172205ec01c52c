package nation

import (
	"context"
	"errors"
	"io"
	"strings"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/nir"
)

// UniverseOptions say which people identification is tried on. The same
// options give the same people, rows and queries.
type UniverseOptions struct {
	Persons     int
	Seed        uint64
	On          civil.Date // date of the data
	Adversarial bool       // homonyms abound, and queries are about them and twins only
	Shortened   bool       // lists of given names may be cut (P2)
	Sentinels   bool       // people who are not served are known, to be refused
}

// Universe is people who live alone, as civil status knows them and as the
// store has them, which differ as identity.md §4.3 says. After Write it is safe
// for concurrent use.
type Universe struct {
	o       UniverseOptions
	atlas   *atlas
	names   *names
	numbers []digits
	alone   []bool   // nobody shares the main traits
	pairs   []uint32 // the pairs of twins and of homonyms
}

// NewUniverse prepares a universe; Write must come before any query.
func NewUniverse(o UniverseOptions) (*Universe, error) {
	if o.Persons < 100 || o.Persons > 20_000_000 {
		return nil, errors.New("nation: a universe has 100 to 20,000,000 people")
	}
	return &Universe{o: o, atlas: newAtlas(), names: newNames()}, nil
}

// Group is why somebody is hard to tell from another.
type Group byte

// The groups: people come two by two, most pairs being strangers.
const (
	Lone Group = iota
	Twins
	Homonyms
)

// truth is somebody's civil status.
type truth struct {
	family, usage string
	given         []string
	male          bool
	born          civil.Date // the recorded day: parts that nobody knows are 0
	place         place
	foreign       bool
	algerian      uint16 // the former département of birth, 0 for none
	group         Group
	absent        bool // of a scheme outside the perimeter
}

// Shares of pairs, in 100,000 (identity.md §4.2).
const (
	pairsTwins              = 3_340 // 1.7 % of deliveries
	pairsHomonyms           = 3
	pairsHomonymsInAttack   = 400
	shareUsage              = 40_000
	shareAbsent             = 12_000
	sharePermuted           = 15_000
	shareOneLetter          = 15_000
	shareLong               = 300
	firstBirth, lastBirthOn = 19300101, 20071231
)

// truth draws somebody: the first or the second of its pair. s is moved.
func (u *Universe) truth(i int, s *source) truth {
	s.at(u.o.Seed, streamPairs, i/2)
	homonyms := pairsHomonyms
	if u.o.Adversarial {
		homonyms = pairsHomonymsInAttack
	}
	group := Lone
	switch x := int(s.Uint32N(100_000)); {
	case x < pairsTwins:
		group = Twins
	case x < pairsTwins+homonyms:
		group = Homonyms
	}
	t := u.stranger(s)
	second := t
	switch {
	case group == Twins:
		second = u.twin(s, t)
	case group == Homonyms:
		second = u.homonym(s, t)
	case i%2 == 1:
		second = u.stranger(s)
	}
	if i%2 == 1 {
		t = second
	}
	t.group = group
	// each has its own fate, whoever was drawn with it
	s.at(u.o.Seed, streamPeople, i)
	t.absent = s.chance(shareAbsent)
	t.usage = ""
	if !t.male && s.chance(shareUsage) {
		t.usage = u.names.drawFamily(s)
	}
	return t
}

// stranger draws somebody.
func (u *Universe) stranger(s *source) (t truth) {
	t.male = s.chance(50_000)
	t.born = civil.Date(firstBirth).AddDays(s.between(0, civil.Date(lastBirthOn).Sub(firstBirth)))
	t.foreign = s.chance(shareAbroad)
	a, share := u.atlas, shareDateFrance
	if t.foreign {
		t.place, share = a.world[a.far.draw(s)], shareDateAbroad
		if a.codes[t.place.now] == "99352" && t.born < civil.Of(1962, 7, 1) {
			t.algerian = a.index[algeria[s.IntN(len(algeria))]]
		}
	} else {
		t.place = a.french[a.zipf.draw(s)]
	}
	switch {
	case !s.chance(share):
	case s.chance(33_333):
		t.born = civil.Of(t.born.Year(), t.born.Month(), 0)
	default:
		t.born = civil.Of(t.born.Year(), 0, 0)
	}
	t.family = u.names.drawFamily(s)
	if s.chance(shareLong) {
		t.family += "-" + u.names.drawFamily(s) + "-" + u.names.drawFamily(s)
	}
	t.given = u.names.drawGiven(s, t.male, nil)
	return t
}

// twin is born the same day in the same place under the same name.
func (u *Universe) twin(s *source, t truth) truth {
	first := t.given
	if s.chance(shareMixedTwins) {
		t.male = !t.male
		t.given = u.names.drawGiven(s, t.male, nil)
		return t
	}
	switch x := int(s.Uint32N(100_000)); {
	case x < sharePermuted && len(first) > 1:
		t.given = append(append([]string(nil), first[1:]...), first[0])
	case x < sharePermuted+shareOneLetter:
		t.given = append([]string{slip(s, first[0])}, first[1:]...)
	default:
		t.given = u.names.drawGiven(s, t.male, nil)
		for t.given[0] == first[0] {
			t.given = u.names.drawGiven(s, t.male, t.given[:0])
		}
	}
	return t
}

// homonym shares everything but the given names after the first.
func (u *Universe) homonym(s *source, t truth) truth {
	first := strings.Join(t.given, " ")
	for {
		given := u.names.drawGiven(s, t.male, nil)
		given[0] = t.given[0]
		if !contains(given[1:], given[0]) && strings.Join(given, " ") != first {
			t.given = given
			return t
		}
	}
}

// codeAtBirth is the code that the number holds.
func (t *truth) codeAtBirth() uint16 {
	if t.algerian != 0 {
		return t.algerian
	}
	return t.place.at(t.born.Year())
}

// Write draws everybody, gives out the numbers and writes the rows of the
// store as an import file.
func (u *Universe) Write(ctx context.Context, w io.Writer) error {
	u.numbers, u.alone, u.pairs = make([]digits, u.o.Persons), make([]bool, u.o.Persons), nil
	reg, s := newRegister(u.atlas), newSource()
	text := appendHeader(nil, "complet", u.o.On)
	text = appendFund(text, &u.atlas.funds[0])
	count := newCounter(u.o.Persons)
	for i := range u.o.Persons {
		t := u.truth(i, s)
		var err error
		if u.numbers[i], err = reg.take(1, t.male, t.born, t.codeAtBirth()); err != nil {
			return err
		}
		if i%2 == 1 && t.group != Lone {
			u.pairs = append(u.pairs, uint32(i/2))
		}
		count.see(i, &t)
		if !t.absent || u.o.Sentinels {
			r := u.stored(i, &t, s)
			text = u.appendRow(text, i, &t, &r)
		}
		if len(text) > 1<<16 || i+1 == u.o.Persons {
			if _, err := w.Write(text); err != nil {
				return err
			}
			text = text[:0]
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	}
	count.mark(u.alone)
	if u.o.Adversarial && len(u.pairs) == 0 {
		return errors.New("nation: a universe so small has neither twins nor homonyms")
	}
	return nil
}

// appendRow writes a row of the store.
func (u *Universe) appendRow(dst []byte, i int, t *truth, r *stored) []byte {
	l := &line{append(dst, '{')}
	l.text("type", "personne")
	l.id("id", i)
	l.nir("nir", &u.numbers[i])
	l.text("nom_famille", r.family)
	if r.usage != "" {
		l.text("nom_usage", r.usage)
	}
	mark := l.list("prenoms")
	for _, g := range r.given {
		l.next()
		l.quote(g)
	}
	l.shutList(mark)
	l.date("date_naissance", r.born)
	l.text("sexe", map[bool]string{true: "M", false: "F"}[r.male])
	switch {
	case r.place == "":
	case r.place[:2] == "99":
		l.text("pays_naissance", r.place)
	default:
		l.text("lieu_naissance", r.place)
		l.text("pays_naissance", "99100")
	}
	l.truth("servie", !t.absent)
	if !t.absent {
		always := civil.Period{From: civil.Of(2020, 1, 1)}
		m := l.list("rattachements")
		l.open()
		l.id("ouvrant", i)
		l.text("qualite", "assure")
		l.text("caisse", u.atlas.funds[0].id)
		l.period(always)
		c := l.list("contrats")
		l.contract("AMO", "BASE", always, always)
		l.shutList(c)
		l.shut()
		l.shutList(m)
	}
	return append(l.b, '}', '\n')
}

// number is somebody's number as the domain reads it.
func (u *Universe) number(i int) (nir.NIR, error) { return nir.Parse(string(u.numbers[i][:])) }
