package store

import (
	"errors"

	"zombiezen.com/go/sqlite"

	"droits.example/droits/internal/civil"
)

// endLater ends the links of those who leave on the day of the data or later.
func (p *plan) endLater([]ready) error {
	for i, r := range p.l.pending {
		if _, out := p.refused[i]; out || !p.l.outlives(r.Fin) {
			continue
		}
		k, err := p.base(r.Fin.ID)
		if err == nil {
			err = p.until(k.id, r.Fin.ID, r.Fin.On)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// openers and children are the rows at the other end of a person's links.
func (p *plan) openers(id int64) ([]int64, error) {
	return p.ends(`SELECT ouvrant FROM lien WHERE beneficiaire = $1`, id)
}

func (p *plan) children(id int64) ([]int64, error) {
	return p.ends(`SELECT beneficiaire FROM lien WHERE ouvrant = $1 ORDER BY 1`, id)
}

func (p *plan) ends(query string, id int64) (out []int64, err error) {
	err = p.f.each(query, func(x *sqlite.Stmt) error {
		out = append(out, x.ColumnInt64(0))
		return nil
	}, id)
	return out, err
}

// until ends the links of a person, and those that it opens, on a day.
func (p *plan) until(id int64, ligne string, last civil.Date) error {
	children, err := p.children(id)
	if err != nil {
		return err
	}
	openers, err := p.openers(id)
	if err != nil {
		return err
	}
	for _, o := range append(openers, id) {
		p.touched[o] = true
	}
	capped := func(l docLien) (docLien, bool) {
		if to := civil.Date(l.P.To); to.IsZero() || to > last {
			l.P.To = int32(last)
		}
		return l, civil.Date(l.P.From) <= last
	}
	if err := p.relink(id, capped); err != nil {
		return err
	}
	for _, c := range children {
		err := p.relink(c, func(l docLien) (docLien, bool) {
			if l.Ouvrant != ligne {
				return l, true
			}
			return capped(l)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// relink changes the links of a person, or drops some.
func (p *plan) relink(id int64, change func(docLien) (docLien, bool)) error {
	at, found := rowID{p.f.load, id}, false
	var d docLiens
	err := p.f.each(`SELECT liens FROM personne WHERE id = $1`, func(x *sqlite.Stmt) error {
		found = true
		return p.l.s.keys.openRow(placeLiens, at, column(x, 0), &d)
	}, id)
	if err != nil || !found {
		return err
	}
	kept := d.Liens[:0]
	for _, l := range d.Liens {
		if l, keep := change(l); keep {
			kept = append(kept, l)
		}
	}
	d.Liens = kept
	plain, err := d.MarshalMsg(nil)
	if err != nil {
		return err
	}
	return p.f.exec(`UPDATE personne SET liens = $1 WHERE id = $2`, p.l.s.keys.sealRow(placeLiens, at, plain), id)
}

// link leads from the openers to those who come.
func (p *plan) link(fresh []ready) error {
	for _, r := range fresh {
		for _, l := range r.who.Rattachements {
			if l.Ouvrant == r.ligne {
				continue
			}
			o, err := p.now(l.Ouvrant)
			if err == nil && o == 0 {
				err = errors.New("store: an opener that was judged is nowhere")
			}
			if err == nil {
				p.touched[o] = true
				err = p.f.exec(insertLien, o, r.id)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// reattach gives those whose opener left to the row that replaces it; without
// one, or under a sentinel, their links through it end.
func (p *plan) reattach([]ready) error {
	for _, o := range p.orphans {
		opener, err := p.now(o.opener)
		if err != nil {
			return err
		}
		served := false
		err = p.f.each(`SELECT sentinelle FROM personne WHERE id = $1`, func(x *sqlite.Stmt) error { served = x.ColumnInt(0) == 0; return nil }, opener)
		if err != nil {
			return err
		}
		here := false
		if err := p.f.each(`SELECT 1 FROM personne WHERE id = $1`, func(*sqlite.Stmt) error { here = true; return nil }, o.child); err != nil {
			return err
		}
		switch {
		case !here:
		case served:
			p.touched[opener] = true
			err = p.f.exec(insertLien, opener, o.child)
		default:
			err = p.relink(o.child, func(l docLien) (docLien, bool) { return l, l.Ouvrant != o.opener })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// now finds a person by its identifier among those who are there now.
func (p *plan) now(ligne string) (id int64, err error) {
	rows, err := p.names.rows(p.l.s.keys.nameDigest(ligne))
	for _, r := range rows {
		if err != nil {
			return 0, err
		}
		err = p.f.each(`SELECT ligne FROM personne WHERE id = $1`, func(x *sqlite.Stmt) error {
			if x.ColumnText(0) == ligne {
				id = r
			}
			return nil
		}, r)
	}
	return id, err
}
