package store

import (
	"math"
	"slices"

	"zombiezen.com/go/sqlite"
)

// partEntries bounds how many entries are sorted at once: 64 MB.
const partEntries = 4 << 20

// sweep gives the entries of some kinds, sorted, range after range of digests:
// each range of every kind at once, so that two kinds can be joined. The lots
// are read once a range; ranges are as many as memory asks for.
func (c *conclusion) sweep(genres []genre, do func(part [][]entry) error) error {
	total := int64(0)
	for _, g := range genres {
		total += c.l.mark.Entries[g]
	}
	if total == 0 {
		return do(make([][]entry, len(genres)))
	}
	parts := uint64((total + partEntries - 1) / partEntries)
	step := uint64(math.MaxUint64)/parts + 1 // 0 for one part
	out := make([][]entry, len(genres))
	for p := range parts {
		low, high := p*step, (p+1)*step-1
		if p == parts-1 {
			high = math.MaxUint64
		}
		for i, g := range genres {
			out[i] = out[i][:0]
			err := c.f.each(`SELECT entrees FROM tri WHERE id >= $1 AND id < $2 ORDER BY id`, func(s *sqlite.Stmt) error {
				b := column(s, 0)
				for j := range len(b) / entrySize {
					if e := entryAt(b, j); e.digest >= low && e.digest <= high {
						out[i] = append(out[i], e)
					}
				}
				return nil
			}, lot(g, 0), lot(g+1, 0))
			if err != nil {
				return err
			}
			slices.SortFunc(out[i], byDigest)
		}
		if err := do(out); err != nil {
			return err
		}
	}
	return nil
}

// writeIndexes writes the three indexes, and finds the pairs that the index of
// identities brings together.
func (c *conclusion) writeIndexes() error {
	e := c.l.mark.Entries
	c.bits = bits{identite: bitsFor(e[byIdentity]), nir: bitsFor(e[byNumber]), ligne: bitsFor(e[byName])}
	total, done := e[byIdentity]+e[byNumber]+e[byName], int64(0)
	for _, x := range []struct {
		g genre
		x index
	}{{byName, nameIndex}, {byNumber, numberIndex}, {byIdentity, identityIndex}} {
		err := c.writeIndex(x.g, x.x, func(n int) {
			done += int64(n)
			c.tell(stageIndex, done, total)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// writeIndex writes one index, in a transaction of its own.
func (c *conclusion) writeIndex(g genre, x index, tell func(entries int)) error {
	if err := c.f.begin(); err != nil {
		return err
	}
	genres := []genre{g}
	if g == byIdentity {
		genres = append(genres, byNear)
	}
	w := &buckets{f: c.f, x: x, bits: c.bits.of(x)}
	err := c.sweep(genres, func(part [][]entry) error {
		n := len(part[0])
		left := slices.Compact(slices.DeleteFunc(part[0], func(e entry) bool { return c.gone.has(e.row) }))
		for _, e := range left {
			if err := w.add(e); err != nil {
				return err
			}
		}
		if g == byIdentity {
			c.pair(left)
			c.pairNear(left, part[1])
		}
		tell(n)
		return c.ctx.Err()
	})
	if err == nil {
		err = w.flush()
	}
	if err != nil {
		return err
	}
	return c.f.commit()
}
