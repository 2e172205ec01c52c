package nation

import (
	"errors"

	"droits.example/droits/internal/civil"
)

// digits is a number of 13 characters, without its key; the zero value is "no
// number".
type digits [13]byte

// register gives out numbers: one counter for each sex, year of two figures,
// month and code of place, as a commune's register counts births (identity.md
// §1.1). Two people never get one number. Not safe for concurrent use.
type register struct {
	atlas *atlas
	next  []uint16
}

// monthSlots are the twelve months and the unknown one.
const monthSlots = 13

// errFull is the answer when a place has used up its months.
var errFull = errors.New("nation: the numbers of a place are used up; ask for fewer people")

func newRegister(a *atlas) *register {
	return &register{atlas: a, next: make([]uint16, 2*100*monthSlots*len(a.codes))}
}

// number numbers everybody of a block.
func (r *register) number(b *block) (err error) {
	for i := range b.souls {
		s := &b.souls[i]
		if s.kind != 0 && err == nil {
			s.nir, err = r.take(s.kind, s.male, s.known, s.code)
		}
		if s.former != 0 && err == nil {
			err = r.rename(s)
		}
	}
	return err
}

// rename gives somebody a former number.
func (r *register) rename(s *soul) (err error) {
	switch s.former {
	case formerWaiting: // the waiting number of somebody registered since
		s.previous = s.nir
		s.previous[0] += 6
	case formerSex:
		s.previous, err = r.take(1, !s.male, s.known, s.code)
	case formerPlace: // a civil act corrected since
		s.previous, err = r.take(1, s.male, s.known, (s.code+1)%uint16(len(r.atlas.codes)))
	}
	return err
}

// take gives the next number. kind is 1 for an ordinary one, 3 for one being
// registered, 7 for a waiting one; sex adds one.
func (r *register) take(kind byte, male bool, born civil.Date, code uint16) (d digits, err error) {
	sex, slot, year := 1, born.Month(), born.Year()%100
	if male {
		sex = 0
	}
	if slot == 0 {
		slot = monthSlots
	}
	cell := ((sex*100+year)*monthSlots+slot-1)*len(r.atlas.codes) + int(code)
	n := int(r.next[cell])
	month, err := monthOf(slot, n/999)
	if err != nil {
		return d, err
	}
	r.next[cell]++
	put2(d[1:], year)
	put2(d[3:], month)
	d[0] = '0' + kind + byte(sex)
	copy(d[5:10], r.atlas.codes[code])
	put2(d[10:], n%999+1)
	return d, nil
}

// monthOf is the month part of a number: the month itself, then the special
// ones that serve when its 999 ranks are used up; 20 to 42 when it is unknown.
func monthOf(slot, round int) (int, error) {
	switch {
	case slot == monthSlots && round <= 22:
		return 20 + round, nil
	case slot == monthSlots || round > 4:
		return 0, errFull
	case round == 0:
		return slot, nil
	}
	return 50 + 12*(round-1) + slot - 1, nil
}

// put2 writes a number of two figures, or of three when it has more.
func put2(b []byte, n int) {
	if len(b) == 3 {
		b[0], b[1], b[2] = byte('0'+n/100), byte('0'+n/10%10), byte('0'+n%10)
		return
	}
	b[0], b[1] = byte('0'+n/10), byte('0'+n%10)
}

// key is the control key: 97 minus the number modulo 97, 2A counting as 19 and
// 2B as 18.
func (d *digits) key() int {
	n := 0
	for i, c := range d {
		v := int(c - '0')
		switch {
		case i == 6 && c == 'A':
			n, v = n-1, 9
		case i == 6 && c == 'B':
			n, v = n-1, 8
		}
		n = n*10 + v
	}
	return 97 - n%97
}

// append writes the 15 characters.
func (d *digits) append(dst []byte) []byte {
	k := d.key()
	return append(append(dst, d[:]...), byte('0'+k/10), byte('0'+k%10))
}
