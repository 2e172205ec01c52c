package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/intake"
	"droits.example/droits/internal/nir"
)

// Load is one import into the store: it implements intake.Sink. A whole
// population is written beside the visible one, in transactions of a few
// hundred rows so that nothing waits for long, and becomes visible in one; a
// delta is applied in one transaction. Nothing of a load that does not end is
// ever visible. In a rehearsal the same rows are refused and nothing is
// written. Not safe for concurrent use.
type Load struct {
	s       *Store
	check   *intake.Check // of a rehearsed population
	id      int64
	delta   bool
	on      civil.Date
	pending []intake.Row
	waiting doubles
	caisses map[string]bool // of this load, written or waiting
	people  int64
	next    int64 // next id of a person
	done    bool
}

// doubles are the identifiers and numbers of the rows that wait.
type doubles struct {
	ids     map[string]bool
	numbers map[nir.NIR]bool
}

// loadBatch is the number of rows of one transaction of a load.
const loadBatch = 500

// deltaMax bounds the rows of a delta, which waits in memory until its end.
const deltaMax = 100_000

// NewLoad prepares an import, or its rehearsal.
func (s *Store) NewLoad() *Load {
	return &Load{s: s, caisses: map[string]bool{}, waiting: newDoubles()}
}

func newDoubles() doubles { return doubles{map[string]bool{}, map[nir.NIR]bool{}} }

// Begin implements intake.Sink. Another load that was left unfinished is
// swept away first.
func (l *Load) Begin(ctx context.Context, h intake.Header) error {
	l.delta, l.on = h.Jeu == intake.Delta, h.ReferenceOn
	if l.s.rehearse && !l.delta {
		l.check = intake.NewCheck()
		return l.check.Begin(ctx, h)
	}
	return l.s.tx(ctx, "store: begin load", func(tx *sql.Tx) error {
		if err := sweepState(ctx, tx, "en_cours", "abandonne"); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(id), 0) FROM personne`).Scan(&l.next); err != nil {
			return err
		}
		if l.delta {
			l.id = l.s.state.Load().population.load
			return nil
		}
		return tx.QueryRowContext(ctx, `INSERT INTO chargement (jeu, reference_on, etat, begun_at) VALUES ($1, $2, 'en_cours', $3) RETURNING id`,
			h.Jeu, h.ReferenceOn.String(), millis(l.s.clock())).Scan(&l.id)
	})
}

// Put implements intake.Sink. A row that repeats an identifier or a NIR of the
// load is refused alone.
func (l *Load) Put(ctx context.Context, row intake.Row) error {
	if l.check != nil {
		return l.check.Put(ctx, row)
	}
	if l.delta && len(l.pending) == deltaMax {
		return errors.New("store: a delta holds at most 100,000 rows; load a whole population instead")
	}
	if err := l.distinct(ctx, row); err != nil {
		return err
	}
	l.pending = append(l.pending, row)
	if l.delta || len(l.pending) < loadBatch {
		return nil
	}
	return l.flush(ctx)
}

// distinct refuses a second row with one identifier or one NIR, among those
// written by this load and those that wait, and notes the row.
func (l *Load) distinct(ctx context.Context, row intake.Row) error {
	if c := row.Caisse; c != nil {
		if l.caisses[c.ID] {
			return &intake.RejectError{Rule: intake.IDTwice, Member: "id"}
		}
		l.caisses[c.ID] = true
		return nil
	}
	id, number := "", nir.NIR{}
	if row.Fin != nil {
		id = row.Fin.ID
	} else {
		id, number = row.Personne.ID, row.Personne.NIR
	}
	twice, claimed := l.waiting.ids[id], l.waiting.numbers[number]
	if !l.delta && !twice {
		d := l.s.keys.nirDigest(number)
		var held bool
		err := l.s.people.reader.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM personne WHERE chargement = $1 AND ligne = $2), EXISTS (SELECT 1 FROM index_nir WHERE chargement = $1 AND digest = $3 AND precedent = 0)`,
			l.id, id, d[:]).Scan(&twice, &held)
		if err != nil {
			return unavailable("store: load", err)
		}
		claimed = claimed || held
	}
	switch {
	case twice:
		return &intake.RejectError{Rule: intake.IDTwice, Member: "id"}
	case claimed && !number.IsZero():
		return &intake.RejectError{Rule: intake.NIRTwice, Member: "nir"}
	}
	l.waiting.ids[id] = true
	if !number.IsZero() {
		l.waiting.numbers[number] = true
	}
	return nil
}

func (l *Load) flush(ctx context.Context) error {
	rows := l.pending
	l.pending, l.waiting = l.pending[:0], newDoubles()
	return l.s.tx(ctx, "store: load", func(tx *sql.Tx) error {
		if err := l.ours(ctx, tx); err != nil {
			return err
		}
		for _, r := range rows {
			if err := l.write(ctx, tx, r); err != nil {
				return err
			}
		}
		return nil
	})
}

// errSuperseded is what a load gets when another one began after it.
var errSuperseded = errors.New("store: another load began since; this one was abandoned")

// ours makes sure that no other load swept this one away.
func (l *Load) ours(ctx context.Context, tx *sql.Tx) error {
	var n int
	err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM chargement WHERE id = $1 AND etat = 'en_cours'`, l.id).Scan(&n)
	if err == nil && n == 0 {
		err = errSuperseded
	}
	return err
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
		return l.person(ctx, tx, r.Line, r.Personne)
	}
	return nil
}

// person writes one person: the sealed identity, the index, the links.
func (l *Load) person(ctx context.Context, tx *sql.Tx, line int, p *intake.Personne) error {
	l.next++
	l.people++
	id := l.next
	who := p.Personne
	who.ID, who.Sujet = id, l.s.keys.subject(p.NIR, p.ID)
	doc, err := encodePersonne(who)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO personne (id, chargement, ligne, ligne_no, sujet, sentinelle, identite) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		id, l.id, p.ID, line, who.Sujet[:], !p.Servie, seal(l.s.keys.rows, rowPlace("personne", "identite", id), doc)); err != nil {
		return err
	}
	if err := l.index(ctx, tx, who, !p.Servie); err != nil {
		return err
	}
	if err := l.indexNIR(ctx, tx, id, p); err != nil {
		return err
	}
	return l.links(ctx, tx, id, p)
}

// links writes what attaches a person to its openers. A caisse that is not
// known yet may come later in the file: it is due until the end.
func (l *Load) links(ctx context.Context, tx *sql.Tx, id int64, p *intake.Personne) error {
	for _, r := range p.Rattachements {
		lien := fromLien(r.Rattachement)
		doc, err := encode(&lien)
		if err != nil {
			return err
		}
		due := sql.NullString{String: r.Caisse.ID, Valid: r.Caisse.ID != "" && !l.delta && !l.caisses[r.Caisse.ID]}
		var link int64
		if err := tx.QueryRowContext(ctx, `INSERT INTO rattachement (chargement, ouvrant_ligne, beneficiaire, caisse_due, contenu) VALUES ($1, $2, $3, $4, $5) RETURNING id`, l.id, r.Ouvrant, id, due, []byte{}).Scan(&link); err != nil {
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

// indexNIR makes a person findable by its number, and by its former ones as
// long as they are nobody's own.
func (l *Load) indexNIR(ctx context.Context, tx *sql.Tx, id int64, p *intake.Personne) error {
	if !p.NIR.IsZero() {
		d := l.s.keys.nirDigest(p.NIR)
		if _, err := tx.ExecContext(ctx, `INSERT INTO index_nir (chargement, digest, personne, precedent) VALUES ($1, $2, $3, 0)
			ON CONFLICT (chargement, digest) DO UPDATE SET personne = excluded.personne, precedent = 0`, l.id, d[:], id); err != nil {
			return err
		}
	}
	for _, n := range p.NIRPrecedents {
		d := l.s.keys.nirDigest(n)
		if _, err := tx.ExecContext(ctx, `INSERT INTO index_nir (chargement, digest, personne, precedent) VALUES ($1, $2, $3, 1) ON CONFLICT DO NOTHING`, l.id, d[:], id); err != nil {
			return err
		}
	}
	return nil
}

// End implements intake.Sink: references are resolved, dossiers derived, and
// the load becomes visible in one transaction. Errors: parametre_invalide when
// nobody served is left; service_indisponible.
func (l *Load) End(ctx context.Context) ([]intake.Reject, error) {
	switch {
	case l.check != nil:
		return l.check.End(ctx)
	case l.delta:
		return l.endDelta(ctx)
	}
	if err := l.flush(ctx); err != nil {
		return nil, err
	}
	rejects, err := l.resolve(ctx)
	if err != nil {
		return rejects, err
	}
	if err := l.derive(ctx); err != nil {
		return rejects, err
	}
	if err := l.show(ctx); err != nil {
		return rejects, err
	}
	l.done = true
	if err := l.s.sweep(ctx); err != nil {
		return rejects, err
	}
	return rejects, l.s.Checkpoint(ctx)
}

// show makes the load the visible population.
func (l *Load) show(ctx context.Context) error {
	return l.s.show(ctx, "store: show load", func(tx *sql.Tx) error {
		if err := l.ours(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE chargement SET etat = 'remplace' WHERE etat = 'visible'`); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE chargement SET etat = 'visible', visible_at = $1, personnes = $2 WHERE id = $3`, millis(l.s.clock()), l.people, l.id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE reglage SET valeur = $1 WHERE cle = 'chargement'`, l.id)
		return err
	})
}

// Abort implements intake.Sink.
func (l *Load) Abort() {
	if l.done || l.delta || l.id == 0 || l.check != nil {
		return
	}
	// Best effort: Begin sweeps what is left, and none of it is visible.
	_ = l.s.tx(context.Background(), "store: abort load", func(tx *sql.Tx) error {
		if err := l.ours(context.Background(), tx); err != nil {
			return err
		}
		return dropLoad(context.Background(), tx, l.id, "abandonne")
	})
}

// sweep erases the populations that are no longer visible.
func (s *Store) sweep(ctx context.Context) error {
	return s.tx(ctx, "store: sweep loads", func(tx *sql.Tx) error { return sweepState(ctx, tx, "remplace", "remplace") })
}

// sweepState erases what the loads of a state hold and gives them another.
func sweepState(ctx context.Context, tx *sql.Tx, state, then string) error {
	var old []int64
	err := each(ctx, tx, func(scan func(...any) error) error {
		var id int64
		err := scan(&id)
		old = append(old, id)
		return err
	}, `SELECT id FROM chargement WHERE etat = $1 AND (etat = 'en_cours' OR EXISTS (SELECT 1 FROM personne WHERE chargement = chargement.id))`, state)
	if err != nil {
		return err
	}
	for _, id := range old {
		if err := dropLoad(ctx, tx, id, then); err != nil {
			return err
		}
	}
	return nil
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

// Population counts the visible people and sentinels.
func (s *Store) Population(ctx context.Context) (people, sentinels int, err error) {
	err = s.people.reader.QueryRowContext(ctx, `SELECT COUNT(*) FILTER (WHERE sentinelle = 0), COUNT(*) FILTER (WHERE sentinelle = 1) FROM personne WHERE chargement = $1`, s.state.Load().population.load).Scan(&people, &sentinels)
	return people, sentinels, unavailable("store: population", err)
}

var _ intake.Sink = (*Load)(nil)
