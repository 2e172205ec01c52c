package nation

import (
	"context"
	"errors"
	"io"

	"droits.example/droits/internal/civil"
)

// changeKind is what a delta does to somebody.
type changeKind byte

const (
	unchanged changeKind = iota
	changeNumber
	changeFund
	changeSolidarity
	changeBirth
	changeDeath
	changeExit
	changeError
)

// changed is a family to which something happens: a block of one family.
type changed struct {
	*block
	kind changeKind
}

// MostChanges is the number of changes that a delta of a nation may hold: each
// needs a family of its own.
func MostChanges(persons int) int { return persons / 4 }

// errTooMany is the answer when a nation has not enough families. It comes
// before anything is written.
var errTooMany = errors.New("nation: so many changes need a larger nation: four people for each")

// WriteDelta writes a delta file of the same nation: deaths, departures, moves,
// new rights, births and numbers issued again, one line each. Every change
// happens to another family, so that none depends on another. The changes are
// those of the nation's seed and of their number.
func (n *Nation) WriteDelta(ctx context.Context, w io.Writer, c Compression, changes int) error {
	if changes < 1 || changes > MostChanges(n.o.Persons) {
		return errTooMany
	}
	reg, picked := newRegister(n.atlas), make([]changed, 0, changes)
	s := newSource()
	err := n.run(ctx, job{register: reg, numbered: func(b *block) {
		until := b.first + len(b.souls)
		due := int(int64(until)*int64(changes)/int64(n.o.Persons)) - len(picked)
		picked = n.pick(picked, b, due, s)
	}})
	switch {
	case err != nil:
		return err
	case len(picked) < changes:
		return errTooMany
	}
	return n.writeChanges(w, newPress(c), reg, picked)
}

// pick chooses families of a block in which the first is served and alive.
func (n *Nation) pick(picked []changed, b *block, due int, s *source) []changed {
	if due <= 0 {
		return picked
	}
	s.at(n.o.Seed, streamChanges, b.first)
	for _, i := range s.Perm(len(b.families)) {
		f := b.families[i]
		if due == 0 {
			break
		}
		if f.sentinel || b.souls[f.first].dead != 0 {
			continue
		}
		one := &block{first: b.first + f.first, souls: append([]soul(nil), b.souls[f.first:f.first+f.size]...)}
		f.first = 0
		one.families = []family{f}
		for k := range one.souls {
			one.souls[k].family = 0
		}
		picked = append(picked, changed{one, n.happens(s, one)})
		due--
	}
	return picked
}

// happens draws what happens to a family.
func (n *Nation) happens(s *source, b *block) changeKind {
	age := int(n.o.On-b.souls[0].born) / 10000
	switch x := s.IntN(100); {
	case x < 22:
		return changeDeath
	case x < 30:
		return changeExit
	case x < 32:
		return changeError
	case x < 55:
		return changeFund
	case x < 68:
		return changeNumber
	case x < 84 && age >= 18 && age < 50:
		return changeBirth
	}
	return changeSolidarity
}

func (n *Nation) writeChanges(w io.Writer, p *press, reg *register, picked []changed) (err error) {
	s := newScribe(n)
	s.text = appendHeader(s.text[:0], "delta", n.o.On)
	flush := func() error {
		frame, err := p.squeeze(s.text)
		if err == nil {
			_, err = w.Write(frame)
		}
		s.text = s.text[:0]
		return err
	}
	for i, c := range picked {
		if s.text, err = s.changed(s.text, c, reg, i); err != nil {
			return err
		}
		if (i+1)%blockSize == 0 {
			if err := flush(); err != nil {
				return err
			}
		}
		if (i+1)%blockSize == 0 || i+1 == len(picked) {
			n.progress(i + 1)
		}
	}
	return flush()
}

func (n *Nation) progress(people int) {
	if n.o.Progress != nil {
		n.o.Progress(people)
	}
}

// changed appends the line of the i-th change.
func (s *scribe) changed(dst []byte, c changed, reg *register, i int) (_ []byte, err error) {
	head := &c.souls[0]
	s.at(s.o.Seed, streamChanges, -1-c.first)
	switch c.kind {
	case changeDeath:
		return appendEnd(dst, c.first, "deces", s.o.On.AddDays(-s.between(0, 20))), nil
	case changeExit:
		return appendEnd(dst, c.first, "sortie", s.o.On.AddDays(s.between(-30, 60))), nil
	case changeError:
		return appendEnd(dst, c.first, "erreur", s.o.On), nil
	case changeNumber:
		what := change{kind: c.kind}
		what.nir, err = reg.take(1, head.male, head.known, head.code)
		return s.row(dst, c.block, 0, what), err
	case changeBirth:
		baby := soul{role: childRole, male: s.chance(51_200), rank: 1, code: head.now, now: head.now, newcomer: s.o.Persons + i}
		baby.born = s.o.On.AddDays(-s.between(0, 40))
		baby.known = baby.born
		if s.chance(50_000) {
			baby.kind = 1
			baby.nir, err = reg.take(1, baby.male, baby.known, baby.code)
		}
		c.souls = append(c.souls, baby)
		return s.row(dst, c.block, len(c.souls)-1, change{}), err
	}
	return s.row(dst, c.block, 0, change{kind: c.kind}), nil
}

func appendEnd(dst []byte, person int, why string, on civil.Date) []byte {
	l := line{append(dst, '{')}
	l.text("type", "fin")
	l.id("id", person)
	l.text("motif", why)
	l.date("date", on)
	return append(l.b, '}', '\n')
}
