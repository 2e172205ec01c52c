package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/intake"
)

// conclusion is the end of a load: who is refused, the indexes, the links, the
// family records. It can be done again after a kill: it writes nothing about a
// person until everything is known.
type conclusion struct {
	l    *Load
	f    *building
	ctx  context.Context
	tell func(stage string, done, total int64)

	gone      bitmap // refused, and removed
	demoted   bitmap // refused, and kept as sentinels
	numbered  bitmap // with a number of their own
	outside   bitmap // sentinels of the file
	links     []link
	pairs     []link // who shares an identity key
	rejects   []intake.Reject
	bits      bits
	people    int64 // left, sentinels included
	sentinels int64
	outcome   intake.Outcome
}

// link leads from an opener of rights to another person; opener is 0 when it
// is nowhere.
type link struct{ opener, child uint32 }

// bitmap is a set of rows.
type bitmap []uint64

func (b *bitmap) add(row uint32) {
	for int(row>>6) >= len(*b) {
		*b = append(*b, make([]uint64, max(1024, len(*b)))...)
	}
	(*b)[row>>6] |= 1 << (row & 63)
}

func (b bitmap) has(row uint32) bool { return int(row>>6) < len(b) && b[row>>6]>>(row&63)&1 == 1 }

// The stages of a conclusion, as progress names them.
const (
	stageSettle   = "checking references"
	stageIndex    = "indexing"
	stageFamilies = "families"
	stageCompare  = "comparing"
)

func (c *conclusion) run() error {
	for _, q := range []string{`DELETE FROM index_identite`, `DELETE FROM index_nir`, `DELETE FROM index_ligne`, `DELETE FROM lien`, `DELETE FROM dossier`, `DELETE FROM ambiguite`} {
		if err := c.f.exec(q); err != nil {
			return err
		}
	}
	for _, step := range []func() error{c.settle, c.writeIndexes, c.writeLinks, c.writeFamilies, c.writeAmbiguities, c.close} {
		if err := step(); err != nil {
			return err
		}
		if err := c.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// settle finds the rows to refuse: first doubles, as if the file were read line
// after line, then caisses that are nowhere, then openers, until every link
// that is left leads to somebody who is left.
func (c *conclusion) settle() error {
	e := c.l.mark.Entries
	c.tell(stageSettle, 0, e[byName])
	if err := c.sweep([]genre{outside}, func(part [][]entry) error {
		for _, x := range part[0] {
			c.outside.add(x.row)
		}
		return nil
	}); err != nil {
		return err
	}
	c.links = make([]link, 0, e[byOpener])
	var doubles doubles
	done := int64(0)
	err := c.sweep([]genre{byName, byOpener}, func(part [][]entry) error {
		doubles.gather(part[0])
		c.join(part[0], part[1], &doubles)
		done += int64(len(part[0]))
		c.tell(stageSettle, done, e[byName])
		return c.ctx.Err()
	})
	if err != nil {
		return err
	}
	err = c.sweep([]genre{byNumber}, func(part [][]entry) error {
		doubles.gather(part[0])
		for _, e := range part[0] {
			c.numbered.add(e.row)
		}
		return c.ctx.Err()
	})
	if err != nil {
		return err
	}
	if err := c.refuseDoubles(&doubles); err != nil {
		return err
	}
	for i, to := range doubles.links {
		c.links[i].opener = c.firstLeft(to)
	}
	if err := c.refuseCaisses(); err != nil {
		return err
	}
	if err := c.refuseOpeners(); err != nil {
		return err
	}
	intake.SortRejects(c.rejects)
	return c.count()
}

// join resolves the links of a range of digests.
func (c *conclusion) join(names, openers []entry, d *doubles) {
	i := 0
	var alike []uint32 // of names[i], one list for all the links that lead there
	for _, o := range openers {
		for i < len(names) && names[i].digest < o.digest {
			i, alike = i+1, nil
		}
		l := link{child: o.row}
		if i < len(names) && names[i].digest == o.digest {
			l.opener = names[i].row
			if i+1 < len(names) && names[i+1].digest == o.digest {
				if alike == nil {
					alike = rowsAlike(names[i:])
				}
				d.links[len(c.links)] = alike
			}
		}
		c.links = append(c.links, l)
	}
}

// firstLeft is the first row that is not refused, 0 when all are.
func (c *conclusion) firstLeft(rows []uint32) uint32 {
	for _, r := range rows {
		if !c.gone.has(r) {
			return r
		}
	}
	return 0
}

// out reports that a row is refused.
func (c *conclusion) out(row uint32) bool { return c.gone.has(row) || c.demoted.has(row) }

// refuse takes a row out and tells why, once. Who has a number of its own and
// takes nobody else's place is somebody all the same, who may be another's
// namesake: it is known only to refuse, like a sentinel.
func (c *conclusion) refuse(row uint32, rule intake.Rule, member string) error {
	switch double := rule == intake.IDTwice || rule == intake.NIRTwice; {
	case c.out(row):
		return nil
	case !double && c.numbered.has(row) && !c.outside.has(row):
		c.demoted.add(row)
	default:
		c.gone.add(row)
	}
	return c.f.each(`SELECT ligne FROM personne WHERE id = $1`, func(s *sqlite.Stmt) error {
		c.rejects = append(c.rejects, intake.Reject{Line: int(row), Type: intake.TypePersonne, ID: s.ColumnText(0), Rule: rule, Member: member, Sentinelle: c.outside.has(row)})
		return nil
	}, int64(row))
}

// refuseCaisses refuses who is attached to a caisse that is nowhere.
func (c *conclusion) refuseCaisses() error {
	known := map[uint64]bool{}
	for id := range c.l.caisses {
		known[caisseDigest(id)] = true
	}
	return c.sweep([]genre{byCaisse}, func(part [][]entry) error {
		for _, x := range part[0] {
			if !known[x.digest] {
				if err := c.refuse(x.row, intake.CaisseUnknown, "caisse"); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// refuseOpeners refuses who depends on nobody, on a sentinel or on somebody
// refused, and then who depends on them.
func (c *conclusion) refuseOpeners() error {
	slices.SortFunc(c.links, func(a, b link) int {
		if a.opener != b.opener {
			return int(int64(a.opener) - int64(b.opener))
		}
		return int(int64(a.child) - int64(b.child))
	})
	var queue []uint32
	lose := func(l link) error {
		if c.out(l.child) {
			return nil
		}
		queue = append(queue, l.child)
		return c.refuse(l.child, intake.OuvrantUnknown, "ouvrant")
	}
	for _, l := range c.links {
		if l.opener == 0 || c.outside.has(l.opener) || c.out(l.opener) {
			if err := lose(l); err != nil {
				return err
			}
		}
	}
	for len(queue) > 0 {
		lost := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		i, _ := slices.BinarySearchFunc(c.links, lost, func(l link, row uint32) int { return int(int64(l.opener) - int64(row)) })
		for ; i < len(c.links) && c.links[i].opener == lost; i++ {
			if err := lose(c.links[i]); err != nil {
				return err
			}
		}
	}
	c.links = slices.DeleteFunc(slices.Compact(c.links), func(l link) bool { return c.out(l.child) })
	return nil
}

// count makes sure that somebody served is left.
func (c *conclusion) count() error {
	m := c.l.mark
	c.people, c.sentinels = int64(m.Personnes), int64(m.Sentinelles)
	for _, r := range c.rejects {
		switch {
		case c.demoted.has(uint32(r.Line)):
			c.sentinels++
		case r.Sentinelle:
			c.people, c.sentinels = c.people-1, c.sentinels-1
		default:
			c.people--
		}
	}
	if c.people == c.sentinels {
		return intake.NothingLeft()
	}
	return nil
}

// writeLinks keeps who opens rights to whom, for deltas.
func (c *conclusion) writeLinks() error {
	if err := c.f.begin(); err != nil {
		return err
	}
	for _, l := range c.links {
		if err := c.f.exec(insertLien, int64(l.opener), int64(l.child)); err != nil {
			return err
		}
	}
	return c.f.commit()
}

const insertLien = `INSERT INTO lien (ouvrant, beneficiaire) VALUES ($1, $2) ON CONFLICT DO NOTHING`

// close takes out who was refused, overwriting it, and what only the load
// needed.
func (c *conclusion) close() error {
	if err := sqlitex.ExecuteTransient(c.f.conn, "PRAGMA secure_delete = ON", nil); err != nil {
		return err
	}
	if err := c.f.begin(); err != nil {
		return err
	}
	for _, r := range c.rejects {
		at := rowID{c.l.id, int64(r.Line)}
		var err error
		if c.demoted.has(uint32(r.Line)) {
			err = c.f.exec(retirePersonne, c.l.s.keys.noLinks(at), at.row)
		} else {
			err = c.f.exec(`DELETE FROM personne WHERE id = $1`, at.row)
		}
		if err != nil {
			return err
		}
	}
	if err := c.f.exec(`DELETE FROM rejet`); err != nil {
		return err
	}
	if err := sqlitex.ExecuteTransient(c.f.conn, "PRAGMA secure_delete = FAST", nil); err != nil {
		return err
	}
	if err := c.f.dropSpills(); err != nil {
		return err
	}
	for name, n := range c.settings() {
		if err := c.f.set(name, n); err != nil {
			return err
		}
	}
	if err := c.f.commit(); err != nil {
		return err
	}
	return c.f.logAhead()
}

// settings are what the population says of itself.
func (c *conclusion) settings() map[string]int64 {
	return map[string]int64{
		"bits_identite": int64(c.bits.identite), "bits_nir": int64(c.bits.nir), "bits_ligne": int64(c.bits.ligne),
		"personnes": c.people - c.sentinels, "sentinelles": c.sentinels, "reference_on": int64(c.l.on), "cles": indexVersion(),
	}
}

// indexVersion is identity.IndexVersion as a number.
func indexVersion() int64 {
	sum := sha256.Sum256([]byte(identity.IndexVersion))
	return int64(binary.BigEndian.Uint64(sum[:]) >> 1)
}

// reindex writes the identity index of a population anew when it was made of
// other keys than those of this program: nobody is found less surely after an
// upgrade. Errors are the engine's.
func (s *Store) reindex(ctx context.Context, f *building) error {
	l := s.NewLoad()
	l.f, l.mark = f, reading{Lots: map[genre]int{}, Entries: map[genre]int64{}}
	if err := f.begin(); err != nil {
		return err
	}
	for _, q := range []string{`DELETE FROM tri`, `DELETE FROM index_identite`, `DELETE FROM ambiguite`} {
		if err := f.exec(q); err != nil {
			return err
		}
	}
	err := f.each(`SELECT id, sentinelle, identite FROM personne`, func(x *sqlite.Stmt) error {
		at := rowID{f.load, x.ColumnInt64(0)}
		var d docPersonne
		if err := s.keys.openRow(placeIdentite, at, column(x, 2), &d); err != nil || d.Deces != 0 {
			return err
		}
		r := ready{id: at.row}
		r.keys, r.near = s.keys.identityDigests(d.record(x.ColumnInt(1) == 1))
		l.noteKeys(&r)
		if len(l.spill[byIdentity]) > 1<<20 {
			return l.spillOut()
		}
		return ctx.Err()
	})
	if err == nil {
		err = l.spillOut()
	}
	if err != nil {
		return err
	}
	c := &conclusion{l: l, f: f, ctx: ctx, tell: func(string, int64, int64) {}}
	c.bits.identite = bitsFor(l.mark.Entries[byIdentity])
	// A kill before the last of these leaves the old version: it begins again.
	for _, step := range []func() error{
		func() error { return c.writeIndex(byIdentity, identityIndex, func(int) {}) },
		func() error { return f.set("bits_identite", int64(c.bits.identite)) },
		c.writeAmbiguities,
		func() error { return f.exec(`DELETE FROM tri`) },
		func() error { return f.set("cles", indexVersion()) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
