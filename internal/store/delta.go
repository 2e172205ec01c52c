package store

import (
	"context"
	"database/sql"
	"errors"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/intake"
)

// endDelta applies the rows that wait to the visible population, in one
// transaction: persons replace those of the same identifier, ends end theirs,
// and the dossiers of everybody touched are derived anew. The order of the
// rows does not matter: each is judged against what the whole delta makes of
// the population.
func (l *Load) endDelta(ctx context.Context) (rejects []intake.Reject, err error) {
	if l.id == 0 {
		return nil, errors.New("store: a delta needs a population; load a whole one first")
	}
	err = l.s.show(ctx, "store: apply delta", func(tx *sql.Tx) error {
		p := &plan{l: l, tx: tx, at: map[string]int{}, refused: map[int]intake.Reject{}, known: map[string]known{}, caisses: map[string]bool{}}
		if err := p.judge(ctx); err != nil {
			return err
		}
		for _, r := range p.refused {
			rejects = append(rejects, r)
		}
		return p.apply(ctx)
	})
	intake.SortRejects(rejects)
	l.done = err == nil
	return rejects, err
}

// plan is a delta being judged against the visible population, then applied.
type plan struct {
	l       *Load
	tx      *sql.Tx
	at      map[string]int // person → its row
	refused map[int]intake.Reject
	known   map[string]known
	caisses map[string]bool
}

// known is what the population holds under an identifier.
type known struct {
	id       int64 // 0 = nobody
	sentinel bool
}

func (p *plan) refuse(i int, rule intake.Rule, member string) {
	r := p.l.pending[i]
	bad := intake.Reject{Line: r.Line, Rule: rule, Member: member}
	if r.Fin != nil {
		bad.Type, bad.ID = intake.TypeFin, r.Fin.ID
	} else {
		bad.Type, bad.ID, bad.Sentinelle = intake.TypePersonne, r.Personne.ID, !r.Personne.Servie
	}
	p.refused[i] = bad
}

// judge finds the rows to refuse. A refused row leaves what it would have
// replaced as it was, which may refuse others: it goes on until nothing moves.
func (p *plan) judge(ctx context.Context) error {
	for c := range p.l.caisses {
		p.caisses[c] = true
	}
	err := each(ctx, p.tx, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		p.caisses[id] = true
		return err
	}, `SELECT id FROM caisse WHERE chargement = $1`, p.l.id)
	if err != nil {
		return err
	}
	for i, r := range p.l.pending {
		if err := p.alone(ctx, i, r); err != nil {
			return err
		}
	}
	for {
		bad, err := p.round(ctx)
		if err != nil || len(bad) == 0 {
			return err
		}
		for _, b := range bad {
			p.refuse(b.row, b.rule, b.member)
		}
	}
}

// verdict is why a row is refused.
type verdict struct {
	row    int
	rule   intake.Rule
	member string
}

// round judges every row that is left against one state, so that the order of
// the file decides nothing.
func (p *plan) round(ctx context.Context) (bad []verdict, err error) {
	for i, r := range p.l.pending {
		if _, out := p.refused[i]; out || r.Personne == nil {
			continue
		}
		v := verdict{row: i}
		if v.rule, v.member, err = p.together(ctx, r.Personne); err != nil {
			return nil, err
		}
		if v.rule != "" {
			bad = append(bad, v)
		}
	}
	return bad, nil
}

// alone judges a row by what does not depend on the others.
func (p *plan) alone(ctx context.Context, i int, r intake.Row) error {
	switch {
	case r.Fin != nil:
		p.at[r.Fin.ID] = i
		k, err := p.base(ctx, r.Fin.ID)
		if err == nil && k.id == 0 {
			p.refuse(i, intake.FinUnknown, "id")
		}
		return err
	case r.Personne != nil:
		p.at[r.Personne.ID] = i
		for _, link := range r.Personne.Rattachements {
			if c := link.Caisse.ID; c != "" && !p.caisses[c] {
				p.refuse(i, intake.CaisseUnknown, "caisse")
			}
		}
	}
	return nil
}

// together judges a person by what the delta makes of the others.
func (p *plan) together(ctx context.Context, who *intake.Personne) (intake.Rule, string, error) {
	free, err := p.free(ctx, who)
	if err != nil || !free {
		return intake.NIRTwice, "nir", err
	}
	for _, link := range who.Rattachements {
		if link.Ouvrant == who.ID {
			continue
		}
		if served, err := p.served(ctx, link.Ouvrant); err != nil || !served {
			return intake.OuvrantUnknown, "ouvrant", err
		}
	}
	return "", "", nil
}

// free reports whether nobody else keeps the person's number.
func (p *plan) free(ctx context.Context, who *intake.Personne) (bool, error) {
	if who.NIR.IsZero() {
		return true, nil
	}
	d := p.l.s.keys.nirDigest(who.NIR)
	var holder string
	err := p.tx.QueryRowContext(ctx, `SELECT p.ligne FROM index_nir i JOIN personne p ON p.id = i.personne WHERE i.chargement = $1 AND i.digest = $2 AND i.precedent = 0`, p.l.id, d[:]).Scan(&holder)
	if errors.Is(err, sql.ErrNoRows) || err == nil && holder == who.ID {
		return true, nil
	}
	i, moved := p.standing(holder)
	return moved && !p.l.outlives(p.l.pending[i].Fin), err
}

// served reports whether an identifier is somebody served once the delta is
// applied.
func (p *plan) served(ctx context.Context, id string) (bool, error) {
	if i, stands := p.standing(id); stands {
		r := p.l.pending[i]
		if r.Personne != nil {
			return r.Personne.Servie, nil
		}
		if !p.l.outlives(r.Fin) {
			return false, nil
		}
	}
	k, err := p.base(ctx, id)
	return k.id != 0 && !k.sentinel, err
}

// standing is the row about a person, unless it was refused.
func (p *plan) standing(id string) (i int, ok bool) {
	i, ok = p.at[id]
	if _, out := p.refused[i]; out {
		ok = false
	}
	return i, ok
}

func (p *plan) base(ctx context.Context, id string) (k known, err error) {
	if k, ok := p.known[id]; ok {
		return k, nil
	}
	err = p.tx.QueryRowContext(ctx, `SELECT id, sentinelle FROM personne WHERE chargement = $1 AND ligne = $2`, p.l.id, id).Scan(&k.id, &k.sentinel)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return k, err
	}
	p.known[id] = k
	return k, nil
}

// outlives reports whether an end leaves the person in for now: who leaves on
// the day of the data, or later, keeps its rights until then.
func (l *Load) outlives(f *intake.Fin) bool {
	return f != nil && f.Motif == intake.MotifSortie && f.On >= l.on
}

// apply writes what was not refused: first everybody who goes, then everybody
// who comes, so that a number may pass from one to another.
func (p *plan) apply(ctx context.Context) error {
	touched := map[int64]bool{}
	for i, r := range p.l.pending {
		if _, out := p.refused[i]; out {
			continue
		}
		if err := p.leave(ctx, r, touched); err != nil {
			return err
		}
	}
	for i, r := range p.l.pending {
		if _, out := p.refused[i]; out || r.Personne == nil {
			continue
		}
		if err := p.l.person(ctx, p.tx, r.Line, r.Personne); err != nil {
			return err
		}
		touched[p.l.next] = true
	}
	// Links keep their opener's identifier; those whose opener left end.
	for _, q := range []string{findOpeners, `DELETE FROM rattachement WHERE chargement = $1 AND ouvrant IS NULL`} {
		if _, err := p.tx.ExecContext(ctx, q, p.l.id); err != nil {
			return err
		}
	}
	if _, err := p.tx.ExecContext(ctx, `UPDATE chargement SET reference_on = CASE WHEN reference_on < $1 THEN $1 ELSE reference_on END, personnes = (SELECT COUNT(*) FROM personne WHERE chargement = $2) WHERE id = $2`,
		p.l.on.String(), p.l.id); err != nil {
		return err
	}
	return p.derive(ctx, touched)
}

// leave takes out the person that a row replaces or ends.
func (p *plan) leave(ctx context.Context, r intake.Row, touched map[int64]bool) error {
	id := ""
	switch {
	case r.Caisse != nil:
		return p.l.write(ctx, p.tx, r)
	case r.Personne != nil:
		id = r.Personne.ID
	default:
		id = r.Fin.ID
	}
	k, err := p.base(ctx, id)
	if err != nil || k.id == 0 {
		return err
	}
	if err := p.touch(ctx, k.id, touched); err != nil {
		return err
	}
	if p.l.outlives(r.Fin) {
		return p.until(ctx, k.id, r.Fin.On)
	}
	return removePerson(ctx, p.tx, k.id)
}

// touch notes everybody who sees a person or is seen by it.
func (p *plan) touch(ctx context.Context, id int64, touched map[int64]bool) error {
	return each(ctx, p.tx, func(scan func(...any) error) error {
		var a sql.NullInt64
		var b int64
		err := scan(&a, &b)
		touched[a.Int64], touched[b] = true, true
		return err
	}, `SELECT ouvrant, beneficiaire FROM rattachement WHERE ouvrant = $1 OR beneficiaire = $1`, id)
}

// until ends the links of a person, and those that it opens, on a day.
func (p *plan) until(ctx context.Context, id int64, last civil.Date) error {
	type link struct {
		id     int64
		sealed []byte
	}
	var links []link
	err := each(ctx, p.tx, func(scan func(...any) error) error {
		var k link
		err := scan(&k.id, &k.sealed)
		links = append(links, k)
		return err
	}, `SELECT id, contenu FROM rattachement WHERE ouvrant = $1 OR beneficiaire = $1`, id)
	if err != nil {
		return err
	}
	for _, k := range links {
		place := rowPlace("rattachement", "contenu", k.id)
		plain, err := open(p.l.s.keys.rows, place, k.sealed)
		if err != nil {
			return err
		}
		var d docLien
		if err := decode(plain, &d); err != nil {
			return err
		}
		if civil.Date(d.P.From) > last {
			_, err = p.tx.ExecContext(ctx, `DELETE FROM rattachement WHERE id = $1`, k.id)
		} else if to := civil.Date(d.P.To); to.IsZero() || to > last {
			d.P.To = int32(last)
			if plain, err = encode(&d); err == nil {
				_, err = p.tx.ExecContext(ctx, `UPDATE rattachement SET contenu = $1 WHERE id = $2`, seal(p.l.s.keys.rows, place, plain), k.id)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// derive rebuilds the dossiers of those touched and of their openers.
func (p *plan) derive(ctx context.Context, touched map[int64]bool) error {
	var openers []int64
	for id := range touched {
		err := each(ctx, p.tx, func(scan func(...any) error) error {
			var o int64
			err := scan(&o)
			openers = append(openers, o)
			return err
		}, `SELECT ouvrant FROM rattachement WHERE beneficiaire = $1`, id)
		if err != nil {
			return err
		}
	}
	for _, o := range openers {
		touched[o] = true
	}
	var ids []int64
	for id := range touched {
		var sentinel bool
		err := p.tx.QueryRowContext(ctx, `SELECT sentinelle FROM personne WHERE id = $1`, id).Scan(&sentinel)
		if errors.Is(err, sql.ErrNoRows) || err == nil && sentinel {
			continue
		}
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	return p.l.s.deriveSome(ctx, p.tx, ids)
}
