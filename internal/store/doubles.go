package store

import (
	"errors"
	"slices"

	"zombiezen.com/go/sqlite"

	"droits.example/droits/internal/intake"
)

// doubles are the rows that share a digest of an identifier or of a NIR with
// another one, few in a sound file.
type doubles struct {
	rows  map[uint32]bool
	links map[int][]uint32 // a link whose opener's identifier several rows have
}

// gather notes the rows of the entries that are not alone.
func (d *doubles) gather(sorted []entry) {
	if d.rows == nil {
		d.rows, d.links = map[uint32]bool{}, map[int][]uint32{}
	}
	for i := 1; i < len(sorted); i++ {
		if sorted[i].digest == sorted[i-1].digest {
			d.rows[sorted[i].row], d.rows[sorted[i-1].row] = true, true
		}
	}
}

// rowsAlike are the rows of the first entries of equal digest.
func rowsAlike(names []entry) (rows []uint32) {
	for _, n := range names {
		if n.digest != names[0].digest {
			break
		}
		rows = append(rows, n.row)
	}
	return rows
}

// refuseDoubles refuses the second row of an identifier or of a NIR, in the
// order of the file: a row refused takes neither. Digests only say where to
// look: the values themselves are compared.
func (c *conclusion) refuseDoubles(d *doubles) error {
	rows := make([]uint32, 0, len(d.rows))
	for r := range d.rows {
		rows = append(rows, r)
	}
	slices.Sort(rows)
	ids, numbers := map[string]bool{}, map[string]bool{}
	for _, r := range rows {
		var ligne string
		var who docPersonne
		found := false
		err := c.f.each(`SELECT ligne, identite FROM personne WHERE id = $1`, func(s *sqlite.Stmt) (err error) {
			found, ligne = true, s.ColumnText(0)
			return c.l.s.keys.openRow(placeIdentite, rowID{c.l.id, int64(r)}, column(s, 1), &who)
		}, int64(r))
		if err == nil && !found {
			err = errors.New("store: an entry leads to nobody")
		}
		switch {
		case err != nil:
		case ids[ligne]:
			err = c.refuse(r, intake.IDTwice, "id")
		case who.NIR != "" && numbers[who.NIR]:
			err = c.refuse(r, intake.NIRTwice, "nir")
		default:
			ids[ligne], numbers[who.NIR] = true, true
		}
		if err != nil {
			return err
		}
	}
	return nil
}
