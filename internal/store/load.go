package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/intake"
	"droits.example/droits/internal/nir"
)

// Load is one import into the store: it implements intake.Sink. A whole
// population is written beside the visible one, in transactions of a few
// hundred rows so that traces pass in between, and becomes visible in one; a
// delta is applied in one transaction. Nothing of a load that does not end is
// ever visible.
type Load struct {
	s       *Store
	id      int64
	delta   bool
	pending []intake.Row
	people  int64
	next    int64 // next id of a person
	done    bool
}

// loadBatch is the number of rows of one transaction of a load.
const loadBatch = 500

// deltaMax bounds the rows of a delta, which waits in memory until its end.
const deltaMax = 100_000

// NewLoad prepares an import.
func (s *Store) NewLoad() *Load { return &Load{s: s} }

// Begin implements intake.Sink. Another load that was left unfinished is
// swept away first.
func (l *Load) Begin(ctx context.Context, h intake.Header) error {
	l.delta = h.Jeu == intake.Delta
	return l.s.tx(ctx, "store: begin load", func(tx *sql.Tx) error {
		var old []int64
		err := each(ctx, tx, func(scan func(...any) error) error {
			var id int64
			err := scan(&id)
			old = append(old, id)
			return err
		}, `SELECT id FROM chargement WHERE etat = 'en_cours'`)
		if err != nil {
			return err
		}
		for _, id := range old {
			if err := dropLoad(ctx, tx, id, "abandonne"); err != nil {
				return err
			}
		}
		if l.delta {
			l.id = l.s.state.Load().load
			return tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(id), 0) FROM personne`).Scan(&l.next)
		}
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(id), 0) FROM personne`).Scan(&l.next); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `INSERT INTO chargement (jeu, reference_on, etat, begun_at) VALUES ($1, $2, 'en_cours', $3) RETURNING id`,
			h.Jeu, h.ReferenceOn.String(), millis(l.s.clock())).Scan(&l.id)
	})
}

// Put implements intake.Sink. A row that repeats an identifier or a NIR of the
// load is refused alone.
func (l *Load) Put(ctx context.Context, row intake.Row) error {
	if l.delta {
		if len(l.pending) == deltaMax {
			return errors.New("store: a delta holds at most 100,000 rows; load a whole population instead")
		}
		l.pending = append(l.pending, row)
		return nil
	}
	if row.Personne != nil {
		if err := l.distinct(ctx, row.Personne); err != nil {
			return err
		}
	}
	l.pending = append(l.pending, row)
	if len(l.pending) < loadBatch {
		return nil
	}
	return l.flush(ctx)
}

// distinct refuses a second row with one identifier or one NIR, among those
// written and those that wait.
func (l *Load) distinct(ctx context.Context, p *intake.Personne) error {
	for _, r := range l.pending {
		if r.Personne == nil {
			continue
		}
		if r.Personne.ID == p.ID {
			return &intake.RejectError{Rule: intake.IDTwice}
		}
		if !p.NIR.IsZero() && r.Personne.NIR == p.NIR {
			return &intake.RejectError{Rule: intake.NIRTwice}
		}
	}
	d := l.s.keys.nirDigest(p.NIR)
	var twice, claimed bool
	err := l.s.reader.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM personne WHERE chargement = $1 AND ligne = $2), EXISTS (SELECT 1 FROM index_nir WHERE chargement = $1 AND digest = $3)`,
		l.id, p.ID, d[:]).Scan(&twice, &claimed)
	switch {
	case err != nil:
		return unavailable("store: load", err)
	case twice:
		return &intake.RejectError{Rule: intake.IDTwice}
	case claimed && !p.NIR.IsZero():
		return &intake.RejectError{Rule: intake.NIRTwice}
	}
	return nil
}

func (l *Load) flush(ctx context.Context) error {
	rows := l.pending
	l.pending = l.pending[:0]
	return l.s.tx(ctx, "store: load", func(tx *sql.Tx) error {
		for _, r := range rows {
			if err := l.write(ctx, tx, r); err != nil {
				return err
			}
		}
		return nil
	})
}

func (l *Load) write(ctx context.Context, tx *sql.Tx, r intake.Row) error {
	switch {
	case r.Caisse != nil:
		b, err := json.Marshal(r.Caisse)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO caisse (chargement, id, contenu) VALUES ($1, $2, $3) ON CONFLICT (chargement, id) DO UPDATE SET contenu = excluded.contenu`, l.id, r.Caisse.ID, string(b))
		return err
	case r.Personne != nil:
		return l.person(ctx, tx, r.Personne)
	}
	return nil
}

// person writes one person: the sealed identity, the index, the links.
func (l *Load) person(ctx context.Context, tx *sql.Tx, p *intake.Personne) error {
	l.next++
	l.people++
	id := l.next
	who := p.Personne
	who.ID, who.Sujet = id, l.s.keys.subject(p.NIR, p.ID)
	doc, err := encode(fromPersonne(who))
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO personne (id, chargement, ligne, sujet, sentinelle, identite) VALUES ($1, $2, $3, $4, $5, $6)`,
		id, l.id, p.ID, who.Sujet[:], !p.Servie, seal(l.s.keys.rows, rowPlace("personne", "identite", id), doc)); err != nil {
		return err
	}
	if err := l.index(ctx, tx, who, !p.Servie); err != nil {
		return err
	}
	if err := l.indexNIR(ctx, tx, id, p); err != nil {
		return err
	}
	for _, r := range p.Rattachements {
		doc, err := encode(fromLien(r.Rattachement))
		if err != nil {
			return err
		}
		var link int64
		if err := tx.QueryRowContext(ctx, `INSERT INTO rattachement (chargement, ouvrant_ligne, beneficiaire, contenu) VALUES ($1, $2, $3, $4) RETURNING id`, l.id, r.Ouvrant, id, []byte{}).Scan(&link); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE rattachement SET contenu = $1 WHERE id = $2`, seal(l.s.keys.rows, rowPlace("rattachement", "contenu", link), doc), link); err != nil {
			return err
		}
	}
	return nil
}

// index makes a person findable. The dead are not: FranceConnect lets nobody
// log in as one of them.
func (l *Load) index(ctx context.Context, tx *sql.Tx, p droits.Personne, sentinelle bool) error {
	if !p.DecesOn.IsZero() {
		return nil
	}
	var rows []any
	seen := map[[8]byte]bool{}
	for _, k := range fromPersonne(p).record(sentinelle).Keys() {
		if d := l.s.keys.indexKey(k); !seen[d] {
			seen[d] = true
			rows = append(rows, d[:], p.ID)
		}
	}
	return insertMany(ctx, tx, `INSERT INTO index_identite (cle, personne) VALUES `, 2, rows)
}

func (l *Load) indexNIR(ctx context.Context, tx *sql.Tx, id int64, p *intake.Personne) error {
	put := func(n nir.NIR, previous bool) error {
		if n.IsZero() {
			return nil
		}
		d := l.s.keys.nirDigest(n)
		_, err := tx.ExecContext(ctx, `INSERT INTO index_nir (chargement, digest, personne, precedent) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, l.id, d[:], id, previous)
		return err
	}
	if err := put(p.NIR, false); err != nil {
		return err
	}
	for _, n := range p.NIRPrecedents {
		if err := put(n, true); err != nil {
			return err
		}
	}
	return nil
}

// End implements intake.Sink: references are resolved, dossiers derived, and
// the load becomes visible in one transaction.
func (l *Load) End(ctx context.Context) ([]intake.Reject, error) {
	if l.delta {
		return l.endDelta(ctx)
	}
	if err := l.flush(ctx); err != nil {
		return nil, err
	}
	rejects, err := l.resolve(ctx)
	if err != nil {
		return nil, err
	}
	if err := l.derive(ctx); err != nil {
		return nil, err
	}
	err = l.s.change(ctx, "store: show load", nil, func(tx *sql.Tx) error {
		old := l.s.state.Load().load
		if _, err := tx.ExecContext(ctx, `UPDATE chargement SET etat = 'visible', visible_at = $1, personnes = $2 WHERE id = $3`, millis(l.s.clock()), l.people, l.id); err != nil {
			return err
		}
		if old != 0 {
			if _, err := tx.ExecContext(ctx, `UPDATE chargement SET etat = 'remplace' WHERE id = $1`, old); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `UPDATE reglage SET valeur = $1 WHERE cle = 'chargement'`, l.id)
		return err
	})
	if err != nil {
		return rejects, err
	}
	l.done = true
	if err := l.s.sweep(ctx); err != nil {
		return rejects, err
	}
	return rejects, l.s.Checkpoint(ctx)
}

// Abort implements intake.Sink.
func (l *Load) Abort() {
	if l.done || l.delta || l.id == 0 {
		return
	}
	// Best effort: Begin sweeps what is left, and none of it is visible.
	_ = l.s.tx(context.Background(), "store: abort load", func(tx *sql.Tx) error {
		return dropLoad(context.Background(), tx, l.id, "abandonne")
	})
}

// sweep erases the populations that are no longer visible.
func (s *Store) sweep(ctx context.Context) error {
	return s.tx(ctx, "store: sweep loads", func(tx *sql.Tx) error {
		var old []int64
		err := each(ctx, tx, func(scan func(...any) error) error {
			var id int64
			err := scan(&id)
			old = append(old, id)
			return err
		}, `SELECT id FROM chargement WHERE etat = 'remplace' AND EXISTS (SELECT 1 FROM personne WHERE chargement = chargement.id)`)
		if err != nil {
			return err
		}
		for _, id := range old {
			if err := dropLoad(ctx, tx, id, "remplace"); err != nil {
				return err
			}
		}
		return nil
	})
}

func dropLoad(ctx context.Context, tx *sql.Tx, id int64, state string) error {
	for _, q := range []string{
		`DELETE FROM dossier WHERE personne IN (SELECT id FROM personne WHERE chargement = $1)`,
		`DELETE FROM index_identite WHERE personne IN (SELECT id FROM personne WHERE chargement = $1)`,
		`DELETE FROM index_nir WHERE chargement = $1`,
		`DELETE FROM rattachement WHERE chargement = $1`,
		`DELETE FROM personne WHERE chargement = $1`,
		`DELETE FROM caisse WHERE chargement = $1`,
	} {
		if _, err := tx.ExecContext(ctx, q, id); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `UPDATE chargement SET etat = $1 WHERE id = $2`, state, id)
	return err
}

// resolve finds the openers of the links; a link that leads nowhere, or to a
// sentinel, is refused alone.
func (l *Load) resolve(ctx context.Context) (rejects []intake.Reject, err error) {
	err = l.s.tx(ctx, "store: resolve links", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE rattachement SET ouvrant = (SELECT p.id FROM personne p WHERE p.chargement = rattachement.chargement AND p.ligne = rattachement.ouvrant_ligne AND p.sentinelle = 0)
			WHERE chargement = $1 AND ouvrant IS NULL`, l.id); err != nil {
			return err
		}
		err := each(ctx, tx, func(scan func(...any) error) error {
			r := intake.Reject{Type: intake.TypePersonne, Rule: intake.OuvrantUnknown}
			err := scan(&r.ID)
			rejects = append(rejects, r)
			return err
		}, `SELECT p.ligne FROM rattachement r JOIN personne p ON p.id = r.beneficiaire WHERE r.chargement = $1 AND r.ouvrant IS NULL ORDER BY r.id`, l.id)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM rattachement WHERE chargement = $1 AND ouvrant IS NULL`, l.id)
		return err
	})
	return rejects, err
}

// derive writes the family record of every person served.
func (l *Load) derive(ctx context.Context) error {
	last := int64(0)
	for {
		var ids []int64
		err := each(ctx, l.s.reader, func(scan func(...any) error) error {
			var id int64
			err := scan(&id)
			ids = append(ids, id)
			return err
		}, `SELECT id FROM personne WHERE chargement = $1 AND sentinelle = 0 AND id > $2 ORDER BY id LIMIT $3`, l.id, last, loadBatch)
		if err != nil {
			return unavailable("store: derive", err)
		}
		if len(ids) == 0 {
			return nil
		}
		last = ids[len(ids)-1]
		if err := l.s.tx(ctx, "store: derive", func(tx *sql.Tx) error { return l.s.deriveSome(ctx, tx, ids) }); err != nil {
			return err
		}
	}
}

// deriveSome rebuilds the dossiers of the persons given.
func (s *Store) deriveSome(ctx context.Context, tx *sql.Tx, ids []int64) error {
	for _, id := range ids {
		doc, err := s.family(ctx, tx, id)
		if err != nil {
			return err
		}
		b, err := encode(doc)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO dossier (personne, contenu) VALUES ($1, $2) ON CONFLICT (personne) DO UPDATE SET contenu = excluded.contenu`,
			id, seal(s.keys.rows, rowPlace("dossier", "contenu", id), b)); err != nil {
			return err
		}
	}
	return nil
}

// family joins what one person can see: itself, the links in which it is the
// bénéficiaire, and the links that it opens.
func (s *Store) family(ctx context.Context, tx *sql.Tx, id int64) (docFamille, error) {
	self, err := s.readPerson(ctx, tx, id)
	if err != nil {
		return docFamille{}, err
	}
	d := docFamille{Personnes: []docPersonne{self}}
	at := map[int64]int{id: 0}
	type row struct {
		link, who int64
		sealed    []byte
	}
	var rows []row
	err = each(ctx, tx, func(scan func(...any) error) error {
		var r row
		err := scan(&r.link, &r.who, &r.sealed)
		rows = append(rows, r)
		return err
	}, `SELECT id, beneficiaire, contenu FROM rattachement WHERE ouvrant = $1 UNION SELECT id, beneficiaire, contenu FROM rattachement WHERE beneficiaire = $1 ORDER BY 1`, id)
	if err != nil {
		return d, err
	}
	for _, r := range rows {
		plain, err := open(s.keys.rows, rowPlace("rattachement", "contenu", r.link), r.sealed)
		if err != nil {
			return d, err
		}
		var l docLien
		if err := decode(plain, &l); err != nil {
			return d, err
		}
		i, known := at[r.who]
		if !known {
			p, err := s.readPerson(ctx, tx, r.who)
			if err != nil {
				return d, err
			}
			i, at[r.who] = len(d.Personnes), len(d.Personnes)
			d.Personnes = append(d.Personnes, p)
		}
		l.Beneficiaire = i
		d.Liens = append(d.Liens, l)
	}
	return d, nil
}

func (s *Store) readPerson(ctx context.Context, tx *sql.Tx, id int64) (p docPersonne, err error) {
	var sealed []byte
	if err := tx.QueryRowContext(ctx, `SELECT identite FROM personne WHERE id = $1`, id).Scan(&sealed); err != nil {
		return p, err
	}
	plain, err := open(s.keys.rows, rowPlace("personne", "identite", id), sealed)
	if err != nil {
		return p, err
	}
	return p, decode(plain, &p)
}

// Population counts the visible people and sentinels.
func (s *Store) Population(ctx context.Context) (people, sentinels int, err error) {
	err = s.reader.QueryRowContext(ctx, `SELECT COUNT(*) FILTER (WHERE sentinelle = 0), COUNT(*) FILTER (WHERE sentinelle = 1) FROM personne WHERE chargement = $1`, s.state.Load().load).Scan(&people, &sentinels)
	return people, sentinels, unavailable("store: population", err)
}

var _ intake.Sink = (*Load)(nil)
