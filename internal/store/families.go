package store

import (
	"context"
	"runtime"
	"slices"
	"sync"

	"zombiezen.com/go/sqlite"

	"droits.example/droits/internal/identity"
)

// familyBatch is how many family records one transaction of a load writes.
const familyBatch = 16 << 10

// sealedFamily is the record of one opener of rights, ready to be written.
type sealedFamily struct {
	opener uint32
	record []byte
}

// writeFamilies derives the family record of everybody who opens rights to
// somebody else: whom, and through which links. Who opens none needs no more
// than its own row.
func (c *conclusion) writeFamilies() error {
	readers, err := c.readers()
	if err != nil {
		return err
	}
	defer closeAllBuildings(readers)
	for from := 0; from < len(c.links); {
		to := c.afterOpener(from + familyBatch)
		parts := make([][]sealedFamily, len(readers))
		err := inParallel(len(readers), func(i int) (err error) {
			a, b := c.share(from, to, i, len(readers))
			return readers[i].view(func() error {
				parts[i], err = c.families(readers[i], a, b)
				return err
			})
		})
		if err != nil {
			return err
		}
		// The readers are at rest: a rollback journal has no room for them
		// beside a writer.
		if err := c.f.begin(); err != nil {
			return err
		}
		for _, p := range parts {
			for _, d := range p {
				if err := c.f.exec(insertDossier, int64(d.opener), d.record); err != nil {
					return err
				}
			}
		}
		if err := c.f.commit(); err != nil {
			return err
		}
		from = to
		c.tell(stageFamilies, int64(from), int64(len(c.links)))
		if err := c.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

const insertDossier = `INSERT INTO dossier (personne, contenu) VALUES ($1, $2) ON CONFLICT (personne) DO UPDATE SET contenu = excluded.contenu`

// afterOpener is the first link at or after i that begins another opener.
func (c *conclusion) afterOpener(i int) int {
	for i > 0 && i < len(c.links) && c.links[i].opener == c.links[i-1].opener {
		i++
	}
	return min(i, len(c.links))
}

// share is the n-th part of the links from a to b, whole families only.
func (c *conclusion) share(a, b, n, of int) (int, int) {
	cut := func(k int) int {
		switch k {
		case 0:
			return a
		case of:
			return b
		}
		return min(b, c.afterOpener(a+(b-a)*k/of))
	}
	return cut(n), cut(n + 1)
}

func (c *conclusion) families(f *building, from, to int) ([]sealedFamily, error) {
	var out []sealedFamily
	for from < to {
		opener := c.links[from].opener
		var children []int64
		for ; from < to && c.links[from].opener == opener; from++ {
			children = append(children, int64(c.links[from].child))
		}
		record, err := c.l.s.family(f, int64(opener), children)
		if err != nil {
			return nil, err
		}
		out = append(out, sealedFamily{opener, record})
	}
	return out, nil
}

// family derives and seals the record of one opener.
func (s *Store) family(f *building, opener int64, children []int64) ([]byte, error) {
	var ligne string
	if err := f.each(`SELECT ligne FROM personne WHERE id = $1`, func(x *sqlite.Stmt) error { ligne = x.ColumnText(0); return nil }, opener); err != nil {
		return nil, err
	}
	var d docFamille
	for _, child := range children {
		m := docMembre{ID: child}
		var links docLiens
		err := f.each(`SELECT sujet, identite, liens, ligne FROM personne WHERE id = $1`, func(x *sqlite.Stmt) error {
			m.Sujet = column(x, 0)
			if err := s.keys.openRow(placeIdentite, rowID{f.load, child}, column(x, 1), &m.P); err != nil {
				return err
			}
			m.Before = joinSubjects(append(s.keys.before(&m.P), s.keys.withoutNumber(&m.P, x.ColumnText(3))...))
			return s.keys.openRow(placeLiens, rowID{f.load, child}, column(x, 2), &links)
		}, child)
		if err != nil {
			return nil, err
		}
		n := len(d.Liens)
		for _, l := range links.Liens {
			if l.Ouvrant == ligne {
				l.Ouvrant, l.Beneficiaire = "", len(d.Membres)
				d.Liens = append(d.Liens, l)
			}
		}
		if len(d.Liens) > n {
			d.Membres = append(d.Membres, m)
		}
	}
	plain, err := d.MarshalMsg(nil)
	if err != nil {
		return nil, err
	}
	return s.keys.sealRow(placeDossier, rowID{f.load, opener}, plain), nil
}

// readers opens the file once more for each core.
func (c *conclusion) readers() ([]*building, error) {
	var out []*building
	for range runtime.GOMAXPROCS(0) {
		f, err := openReader(c.f.path, c.f.load)
		if err != nil {
			closeAllBuildings(out)
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

func closeAllBuildings(list []*building) {
	for _, f := range list {
		_ = f.close() // they only read
	}
}

// inParallel runs n parts at once and gives the first error.
func inParallel(n int, do func(i int) error) error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = do(i) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// The pairs that are looked at: of a key that more rows share, each with its
// next ones; and not more of them in all than memory holds.
const (
	pairsOfOne = 64
	pairsMost  = 8 << 20
)

// pair notes who shares an identity key.
func (c *conclusion) pair(sorted []entry) {
	for i := range sorted {
		for j := i + 1; j < len(sorted) && j <= i+pairsOfOne && sorted[j].digest == sorted[i].digest; j++ {
			if len(c.pairs) < pairsMost {
				c.pairs = append(c.pairs, link{sorted[i].row, sorted[j].row})
			}
		}
	}
}

// pairNear notes whom a person meets under the keys of others.
func (c *conclusion) pairNear(keys, near []entry) {
	i := 0
	for _, n := range near {
		for i < len(keys) && keys[i].digest < n.digest {
			i++
		}
		for j := i; j < len(keys) && j < i+pairsOfOne && keys[j].digest == n.digest; j++ {
			if a, b := min(n.row, keys[j].row), max(n.row, keys[j].row); a != b && !c.gone.has(n.row) && len(c.pairs) < pairsMost {
				c.pairs = append(c.pairs, link{a, b})
			}
		}
	}
}

// writeAmbiguities flags the pairs of which one could be answered for the
// other: the identity desk sees them before any call does (identity.md §3.5).
func (c *conclusion) writeAmbiguities() error {
	slices.SortFunc(c.pairs, func(a, b link) int {
		if a.opener != b.opener {
			return int(int64(a.opener) - int64(b.opener))
		}
		return int(int64(a.child) - int64(b.child))
	})
	c.pairs = slices.Compact(c.pairs)
	readers, err := c.readers()
	if err != nil {
		return err
	}
	defer closeAllBuildings(readers)
	found := make([][]link, len(readers))
	err = inParallel(len(readers), func(i int) error {
		n := len(c.pairs)
		return readers[i].view(func() (err error) {
			found[i], err = c.confusables(readers[i], c.pairs[n*i/len(readers):n*(i+1)/len(readers)])
			return err
		})
	})
	c.pairs = nil
	if err != nil {
		return err
	}
	if err := c.f.begin(); err != nil {
		return err
	}
	for _, list := range found {
		for _, p := range list {
			c.outcome.Ambiguous++
			if err := c.f.exec(insertAmbiguite, int64(p.opener), int64(p.child)); err != nil {
				return err
			}
		}
	}
	return c.f.commit()
}

const insertAmbiguite = `INSERT INTO ambiguite (a, b) VALUES ($1, $2) ON CONFLICT DO NOTHING`

// confusables are the pairs of which one could be answered for the other;
// neighbours share their first person.
func (c *conclusion) confusables(f *building, pairs []link) (out []link, err error) {
	var first, second identity.Record
	at := uint32(0)
	for i, p := range pairs {
		if p.opener != at {
			if first, err = c.l.s.recordAt(f, int64(p.opener)); err != nil {
				return nil, err
			}
			at = p.opener
		}
		if second, err = c.l.s.recordAt(f, int64(p.child)); err != nil {
			return nil, err
		}
		if identity.Confusable(first, second) {
			out = append(out, p)
		}
		if i%1024 == 0 && c.ctx.Err() != nil {
			return nil, c.ctx.Err()
		}
	}
	return out, nil
}

func (s *Store) recordAt(f *building, row int64) (r identity.Record, err error) {
	err = f.each(`SELECT sentinelle, identite FROM personne WHERE id = $1`, func(x *sqlite.Stmt) error {
		var d docPersonne
		err := s.keys.openRow(placeIdentite, rowID{f.load, row}, column(x, 1), &d)
		r = d.record(x.ColumnInt(0) == 1)
		return err
	}, row)
	return r, err
}

// Ambiguity is two people of the visible population of whom one could be
// answered for the other. Subjects are keyed digests: no trait is told.
type Ambiguity struct{ A, B [16]byte }

// mostAmbiguities bounds a list of pairs.
const mostAmbiguities = 10_000

// Ambiguities lists the pairs that a load or a delta flagged, 10,000 at most.
// Errors: service_indisponible.
func (s *Store) Ambiguities(ctx context.Context) (out []Ambiguity, err error) {
	p := s.state.Load().population
	if p.path == "" {
		return nil, nil
	}
	f, err := openReader(p.path, p.load)
	if err != nil {
		return nil, unavailable("store: ambiguities", err)
	}
	defer f.close()
	err = f.each(`SELECT x.sujet, y.sujet FROM ambiguite m JOIN personne x ON x.id = m.a JOIN personne y ON y.id = m.b ORDER BY m.a, m.b LIMIT $1`, func(x *sqlite.Stmt) error {
		var a Ambiguity
		copy(a.A[:], column(x, 0))
		copy(a.B[:], column(x, 1))
		out = append(out, a)
		return ctx.Err()
	}, mostAmbiguities)
	return out, unavailable("store: ambiguities", err)
}
