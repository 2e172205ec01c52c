package store

import (
	"bytes"
	"errors"

	"zombiezen.com/go/sqlite"
)

// compare says what a rehearsed load would change in the visible population:
// rows are matched by the file's identifier, and compared as they are sealed.
func (c *conclusion) compare() error {
	c.outcome.Compared = true
	p := c.l.s.state.Load().population
	if p.path == "" {
		c.outcome.Added = int(c.people)
		return nil
	}
	old, err := openReader(p.path, p.load)
	if err != nil {
		return err
	}
	defer old.close()
	b, err := old.bits()
	if err != nil {
		return err
	}
	kept, done := int64(0), int64(0)
	err = c.f.each(`SELECT id, ligne, sentinelle, identite, liens FROM personne`, func(x *sqlite.Stmt) error {
		if done++; done%10_000 == 0 {
			c.tell(stageCompare, done, c.people)
		}
		was, err := c.l.s.rowNamed(old, b, x.ColumnText(1))
		switch {
		case err != nil:
			return err
		case was == 0:
			c.outcome.Added++
			return c.ctx.Err()
		}
		kept++
		same, err := c.same(old, was, x)
		if same {
			c.outcome.Unchanged++
		} else {
			c.outcome.Changed++
		}
		return errors.Join(err, c.ctx.Err())
	})
	if err != nil {
		return err
	}
	return old.each(`SELECT COUNT(*) FROM personne`, func(x *sqlite.Stmt) error {
		c.outcome.Removed = int(x.ColumnInt64(0) - kept)
		return nil
	})
}

// same compares a row of the new population with one of the old.
func (c *conclusion) same(old *building, was int64, x *sqlite.Stmt) (same bool, err error) {
	k := c.l.s.keys
	at, before := rowID{c.l.id, x.ColumnInt64(0)}, rowID{old.load, was}
	err = old.each(`SELECT sentinelle, identite, liens FROM personne WHERE id = $1`, func(y *sqlite.Stmt) error {
		same = x.ColumnInt(2) == y.ColumnInt(0)
		for i, place := range []string{placeIdentite, placeLiens} {
			a, err := k.plain(place, at, column(x, 3+i))
			if err != nil {
				return err
			}
			b, err := k.plain(place, before, column(y, 1+i))
			if err != nil {
				return err
			}
			same = same && bytes.Equal(a, b)
		}
		return nil
	}, was)
	return same, err
}

// rowNamed finds a person by the file's identifier, 0 when there is none.
func (s *Store) rowNamed(f *building, b bits, ligne string) (id int64, err error) {
	rows, err := b.probe(nameIndex).rows(f.conn, s.keys.nameDigest(ligne), nil)
	for _, r := range rows {
		if err != nil {
			return 0, err
		}
		err = f.each(`SELECT ligne FROM personne WHERE id = $1`, func(x *sqlite.Stmt) error {
			if x.ColumnText(0) == ligne {
				id = r
			}
			return nil
		}, r)
	}
	return id, err
}
