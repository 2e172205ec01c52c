package store

import (
	"encoding/json"
	"errors"
	"math"
	"slices"

	"zombiezen.com/go/sqlite"

	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/intake"
)

// apply writes what was not refused: first everybody who goes, then everybody
// who comes, so that a number may pass from one to another; then the links, the
// indexes, and the records of everybody touched.
func (p *plan) apply() error {
	served, sentinels, err := p.counts()
	if err != nil {
		return err
	}
	if err := p.f.each(`SELECT COALESCE(MAX(id), 0) FROM personne`, func(x *sqlite.Stmt) error { p.next = x.ColumnInt64(0); return nil }); err != nil {
		return err
	}
	if p.next+int64(len(p.l.pending)) > math.MaxUint32 {
		return errors.New("store: no row number is left; load a whole population")
	}
	for i, r := range p.l.pending {
		if _, out := p.refused[i]; out {
			continue
		}
		if err := p.leave(r); err != nil {
			return err
		}
	}
	var fresh []ready
	for i, r := range p.l.pending {
		if _, out := p.refused[i]; out || r.Personne == nil {
			continue
		}
		n, err := p.come(r.Personne)
		if err != nil {
			return err
		}
		fresh = append(fresh, n)
	}
	for _, step := range []func([]ready) error{p.link, p.reattach, p.endLater, p.index, p.flag} {
		if err := step(fresh); err != nil {
			return err
		}
	}
	if err := p.derive(); err != nil {
		return err
	}
	return p.settle(served, sentinels)
}

// counts are the people before the delta.
func (p *plan) counts() (served, sentinels int64, err error) {
	if served, err = p.f.setting("personnes"); err == nil {
		sentinels, err = p.f.setting("sentinelles")
	}
	return served, sentinels, err
}

// settle keeps the numbers of the population.
func (p *plan) settle(served, sentinels int64) error {
	for i, r := range p.l.pending {
		if _, out := p.refused[i]; out || r.Caisse != nil {
			continue
		}
		id := ""
		if r.Fin != nil {
			id = r.Fin.ID
		} else {
			id = r.Personne.ID
		}
		was, stays := p.known[id], p.l.outlives(r.Fin)
		switch {
		case stays || was.id != 0 && r.Personne != nil:
			p.outcome.Changed++
		case was.id == 0:
			p.outcome.Added++
		default:
			p.outcome.Removed++
		}
		if stays {
			continue
		}
		if was.id != 0 {
			served, sentinels = less(served, sentinels, was.sentinel)
		}
		switch {
		case r.Personne != nil && r.Personne.Servie:
			served++
		case r.Personne != nil || p.retired[id]:
			sentinels++
		}
	}
	if served == 0 {
		return intake.NothingLeft()
	}
	p.outcome.Compared = true
	p.outcome.Unchanged = int(served+sentinels) - p.outcome.Added - p.outcome.Changed - len(p.retired)
	on := max(p.pop.donneesOn, p.l.on)
	for name, n := range map[string]int64{"personnes": served, "sentinelles": sentinels, "reference_on": int64(on)} {
		if err := p.f.set(name, n); err != nil {
			return err
		}
	}
	return nil
}

func less(served, sentinels int64, sentinel bool) (int64, int64) {
	if sentinel {
		return served, sentinels - 1
	}
	return served - 1, sentinels
}

// leave takes out the person that a row replaces or ends.
func (p *plan) leave(r intake.Row) error {
	id := ""
	switch {
	case r.Caisse != nil:
		text, err := json.Marshal(r.Caisse)
		if err != nil {
			return err
		}
		return p.f.exec(insertCaisse, r.Caisse.ID, string(text))
	case r.Personne != nil:
		id = r.Personne.ID
	default:
		id = r.Fin.ID
	}
	k, err := p.base(id)
	if err != nil || k.id == 0 {
		return err
	}
	if p.l.outlives(r.Fin) {
		return nil // once everybody who comes is there
	}
	if r.Fin != nil && r.Fin.Motif == intake.MotifSortie && !k.sentinel {
		return p.retire(k, id)
	}
	return p.remove(k, id)
}

// retire makes a sentinel of somebody who left the perimeter: still somebody,
// who may be another's namesake, and is known only to refuse (identity.md §0,
// decision 4). Who can never identify anybody is removed.
func (p *plan) retire(k known, ligne string) error {
	at := rowID{p.f.load, k.id}
	var d docPersonne
	err := p.f.each(`SELECT identite FROM personne WHERE id = $1`, func(x *sqlite.Stmt) error {
		return p.l.s.keys.openRow(placeIdentite, at, column(x, 0), &d)
	}, k.id)
	if err != nil {
		return err
	}
	if d.NIR == "" || d.Deces != 0 {
		return p.remove(k, ligne)
	}
	if err := p.detach(k, ligne); err != nil {
		return err
	}
	p.retired[ligne] = true
	return p.f.exec(retirePersonne, p.l.s.keys.noLinks(at), k.id)
}

const retirePersonne = `UPDATE personne SET sentinelle = 1, liens = $1 WHERE id = $2`

// noLinks is the sealed column of somebody without any link.
func (k keys) noLinks(at rowID) []byte {
	var none docLiens
	plain, _ := none.MarshalMsg(nil) // memory does not fail
	return k.sealRow(placeLiens, at, plain)
}

// remove erases a person with its own links and its place in the indexes.
func (p *plan) remove(k known, ligne string) error {
	if err := p.detach(k, ligne); err != nil {
		return err
	}
	if err := p.unindex(k, ligne); err != nil {
		return err
	}
	for _, q := range []string{`DELETE FROM ambiguite WHERE a = $1`, `DELETE FROM ambiguite WHERE b = $1`, `DELETE FROM personne WHERE id = $1`} {
		if err := p.f.exec(q, k.id); err != nil {
			return err
		}
	}
	return nil
}

// detach ends a person's links; those to whom it opened rights wait for another
// row of the same identifier.
func (p *plan) detach(k known, ligne string) error {
	openers, err := p.openers(k.id)
	if err != nil {
		return err
	}
	for _, o := range openers {
		p.touched[o] = true
	}
	children, err := p.children(k.id)
	if err != nil {
		return err
	}
	for _, c := range children {
		p.orphans = append(p.orphans, orphan{ligne, c})
	}
	for _, q := range []string{`DELETE FROM lien WHERE beneficiaire = $1`, `DELETE FROM lien WHERE ouvrant = $1`, `DELETE FROM dossier WHERE personne = $1`} {
		if err := p.f.exec(q, k.id); err != nil {
			return err
		}
	}
	return nil
}

// unindex takes a person out of the indexes.
func (p *plan) unindex(k known, ligne string) error {
	var d docPersonne
	err := p.f.each(`SELECT identite FROM personne WHERE id = $1`, func(x *sqlite.Stmt) error {
		return p.l.s.keys.openRow(placeIdentite, rowID{p.f.load, k.id}, column(x, 0), &d)
	}, k.id)
	if err != nil {
		return err
	}
	row, errs := uint32(k.id), []error{p.names.remove(entry{p.l.s.keys.nameDigest(ligne), uint32(k.id)})}
	if d.NIR != "" {
		errs = append(errs, p.numbers.remove(entry{p.l.s.keys.numberDigest(number(d.NIR)), row}))
	}
	own, _ := p.l.s.keys.identityDigests(d.record(k.sentinel))
	for _, x := range own {
		errs = append(errs, p.identities.remove(entry{x, row}))
	}
	return errors.Join(errs...)
}

// come writes one person.
func (p *plan) come(who *intake.Personne) (r ready, err error) {
	p.next++
	if err := p.l.s.prepare(&r, rowID{p.f.load, p.next}, who); err != nil {
		return r, err
	}
	p.touched[r.id] = true
	row, errs := uint32(r.id), []error{p.names.add(entry{r.name, uint32(r.id)})}
	if r.number != 0 {
		errs = append(errs, p.numbers.add(entry{r.number, row}))
	}
	for _, k := range r.keys {
		errs = append(errs, p.identities.add(entry{k, row}))
	}
	errs = append(errs, p.f.exec(insertPersonne, r.id, r.ligne, r.sujet[:], r.sentinelle, r.identite, r.liens))
	return r, errors.Join(errs...)
}

// index writes the buckets that changed.
func (p *plan) index([]ready) error {
	for _, a := range []*amend{p.names, p.numbers, p.identities} {
		if err := a.write(); err != nil {
			return err
		}
	}
	return nil
}

// flag notes whom those who come could be taken for.
func (p *plan) flag(fresh []ready) error {
	for _, r := range fresh {
		var others []int64
		for _, k := range slices.Concat(r.keys, r.near) {
			rows, err := p.identities.rows(k)
			if err != nil {
				return err
			}
			for _, o := range rows[:min(len(rows), pairsOfOne)] {
				if o != r.id && !slices.Contains(others, o) {
					others = append(others, o)
				}
			}
		}
		if len(others) == 0 {
			continue
		}
		self, err := p.l.s.recordAt(p.f, r.id)
		if err != nil {
			return err
		}
		for _, o := range others {
			other, err := p.l.s.recordAt(p.f, o)
			if err == nil && identity.Confusable(self, other) {
				if err = p.f.exec(insertAmbiguite, min(o, r.id), max(o, r.id)); err == nil {
					p.outcome.Ambiguous += p.f.conn.Changes()
				}
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// derive writes the family records of those touched anew.
func (p *plan) derive() error {
	for id := range p.touched {
		children, err := p.children(id)
		if err != nil {
			return err
		}
		if len(children) == 0 {
			if err := p.f.exec(`DELETE FROM dossier WHERE personne = $1`, id); err != nil {
				return err
			}
			continue
		}
		record, err := p.l.s.family(p.f, id, children)
		if err == nil {
			err = p.f.exec(insertDossier, id, record)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
