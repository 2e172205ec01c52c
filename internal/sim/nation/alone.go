package nation

import "slices"

// counter finds who shares family name, first given name, sex, date and place
// with nobody.
type counter struct {
	seen []uint64 // digest of each person
}

func newCounter(n int) *counter { return &counter{seen: make([]uint64, n)} }

func (c *counter) see(i int, t *truth) {
	d := t.born.Append(nil)
	d = append(d, byte(t.place.now), byte(t.place.now>>8))
	if t.male {
		d = append(d, 'M')
	}
	d = append(append(appendName(d, t.family, upperASCII), '/'), t.given[0]...)
	h := uint64(len(d))
	for _, b := range d {
		h = scramble(h ^ uint64(b))
	}
	c.seen[i] = h
}

func (c *counter) mark(alone []bool) {
	sorted := slices.Clone(c.seen)
	slices.Sort(sorted)
	for i, d := range c.seen {
		at, _ := slices.BinarySearch(sorted, d)
		alone[i] = at+1 == len(sorted) || sorted[at+1] != d
	}
}
