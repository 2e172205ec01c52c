package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"

	"zombiezen.com/go/sqlite/sqlitex"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/intake"
	"droits.example/droits/internal/trace"
)

// Load is one import into the store: it implements intake.Sink. A whole
// population is written to a file of its own, beside the visible one, and
// becomes visible in one transaction; a delta is applied to the visible one in
// one transaction. Nothing of a load that does not end is ever visible. A load
// that was interrupted is kept, and the next one of the same file goes on from
// there. In a rehearsal everything is done and then undone. Put, End and Abort
// are called by one goroutine; Prepare by any number.
type Load struct {
	s       *Store
	id      int64
	delta   bool
	on      civil.Date
	f       *building        // of a whole population
	pending []intake.Row     // of a delta
	ids     map[string]bool  // of a delta
	numbers map[string]bool  // of a delta
	caisses map[string]bool  // of this load
	spill   map[genre][]byte // set aside since the last checkpoint, by kind
	mark    reading
	batches int // in the open transaction
	outcome *intake.Outcome
	done    bool // what it did is visible, or undone on purpose: nothing is to be removed
	held    bool // it is the load that runs
}

// commitBatches is the number of batches of one transaction of a load: a few
// megabytes, so that what a kill loses takes a second to read again.
const commitBatches = 32

// deltaMax bounds the rows of a delta, which waits in memory until its end.
const deltaMax = 100_000

// NewLoad prepares an import, or its rehearsal.
func (s *Store) NewLoad() *Load {
	return &Load{s: s, ids: map[string]bool{}, numbers: map[string]bool{}, caisses: map[string]bool{}, spill: map[genre][]byte{}}
}

// hold makes this the load that runs. Errors: parametre_invalide when another
// one is running.
func (l *Load) hold() error {
	if l.held {
		return nil
	}
	if l.held = l.s.loading.TryLock(); !l.held {
		return fault.New(fault.ParametreInvalide, "store: begin load").Because(ImportRunning)
	}
	return nil
}

// ImportRunning is the reason for which a second import is refused.
const ImportRunning = "IMPORT_RUNNING"

func (l *Load) release() {
	if l.held {
		l.held = false
		l.s.loading.Unlock()
	}
}

// Begin implements intake.Sink. Another load that was left unfinished is
// swept away first, unless this one goes on with it.
func (l *Load) Begin(ctx context.Context, h intake.Header, from *intake.Resume) (err error) {
	if err := l.hold(); err != nil {
		return err
	}
	l.delta, l.on = h.Jeu == intake.Delta, h.ReferenceOn
	if l.delta {
		if err := l.s.Refresh(ctx); err != nil {
			return err
		}
		if l.id = l.s.state.Load().population.load; l.id == 0 {
			return fault.New(fault.ParametreInvalide, "store: apply delta").Because(string(intake.DeltaOnNothing))
		}
		return nil
	}
	if from != nil {
		return unavailable("store: resume load", l.resume(ctx))
	}
	l.mark = reading{Header: h, Lots: map[genre]int{}, Entries: map[genre]int64{}, Keys: indexVersion()}
	path := filepath.Join(l.s.dir, fmt.Sprintf("population-essai-%p.db", l))
	if !l.s.rehearse {
		if path, err = l.register(ctx, h); err != nil {
			return err
		}
	}
	if l.f, err = createBuilding(ctx, path, l.id); err != nil {
		return unavailable("store: begin load", err)
	}
	return nil
}

// register notes a load that begins, in the place of any other.
func (l *Load) register(ctx context.Context, h intake.Header) (path string, err error) {
	var visible int64
	err = l.s.people.tx(ctx, "store: begin load", false, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE chargement SET etat = 'abandonne' WHERE etat = 'en_cours'`); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, `SELECT valeur FROM reglage WHERE cle = 'chargement'`).Scan(&visible); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `INSERT INTO chargement (reference_on, etat, begun_at) VALUES ($1, 'en_cours', $2) RETURNING id`,
			h.ReferenceOn.String(), millis(l.s.clock())).Scan(&l.id)
	})
	if err != nil {
		return "", err
	}
	return l.s.populationPath(l.id), unavailable("store: begin load", l.s.sweepFiles(visible, l.id))
}

// Put implements intake.Sink.
func (l *Load) Put(ctx context.Context, b intake.Batch) (refused []intake.Reject, err error) {
	if l.delta {
		return l.collect(b)
	}
	if err := l.f.begin(); err != nil {
		return nil, unavailable("store: load", err)
	}
	rows, _ := b.Prepared.([]ready)
	for i := range rows {
		rule, err := l.write(&rows[i])
		if err != nil {
			return nil, unavailable("store: load", err)
		}
		if rule != "" {
			refused = append(refused, b.Rows[i].Refused(rule, "id"))
		}
	}
	for _, r := range append(b.Rejects, refused...) {
		text, err := json.Marshal(r)
		if err != nil {
			return nil, err
		}
		if err := l.f.exec(`INSERT INTO rejet (contenu) VALUES ($1)`, string(text)); err != nil {
			return nil, unavailable("store: load", err)
		}
	}
	l.mark.Mark = b.Mark
	if l.batches++; l.batches < commitBatches {
		return refused, nil
	}
	return refused, l.checkpoint(ctx)
}

// checkpoint commits what has been read: a load that is killed later goes on
// from here.
func (l *Load) checkpoint(ctx context.Context) error {
	if err := l.ours(ctx); err != nil {
		return err
	}
	l.batches = 0
	err := l.f.begin()
	if err == nil {
		err = l.spillOut()
	}
	if err == nil {
		var text []byte
		if text, err = json.Marshal(l.mark); err == nil {
			err = l.f.exec(`INSERT INTO lecture (id, contenu) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET contenu = excluded.contenu`, text)
		}
	}
	if err == nil {
		err = l.f.commit()
	}
	return unavailable("store: load", err)
}

// spillOut writes what was set aside.
func (l *Load) spillOut() error {
	for g, b := range l.spill {
		if len(b) == 0 {
			continue
		}
		if err := l.f.exec(`INSERT INTO tri (id, entrees) VALUES ($1, $2)`, lot(g, l.mark.Lots[g]), b); err != nil {
			return err
		}
		l.mark.Lots[g]++
		l.mark.Entries[g] += int64(len(b) / entrySize)
		l.spill[g] = b[:0]
	}
	return nil
}

// errSuperseded is what a load gets when another one began after it.
var errSuperseded = errors.New("store: another load began since; this one was abandoned")

// ours makes sure that no other load swept this one away.
func (l *Load) ours(ctx context.Context) error {
	if l.s.rehearse {
		return nil
	}
	var n int
	err := l.s.people.reader.QueryRowContext(ctx, `SELECT COUNT(*) FROM chargement WHERE id = $1 AND etat = 'en_cours'`, l.id).Scan(&n)
	if err == nil && n == 0 {
		err = errSuperseded
	}
	return unavailable("store: load", err)
}

// write keeps one row of the file, or says which rule it breaks.
func (l *Load) write(r *ready) (intake.Rule, error) {
	switch {
	case r.caisse != nil:
		if l.caisses[r.ligne] {
			return intake.IDTwice, nil
		}
		l.caisses[r.ligne] = true
		l.mark.Caisses++
		return "", l.f.exec(insertCaisse, r.ligne, string(r.caisse))
	case r.who != nil:
		l.mark.Personnes++
		if r.sentinelle == 1 {
			l.mark.Sentinelles++
		}
		l.note(r)
		return "", l.f.exec(insertPersonne, r.id, r.ligne, r.sujet[:], r.sentinelle, r.identite, r.liens)
	}
	return "", nil
}

const (
	insertCaisse   = `INSERT INTO caisse (id, contenu) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET contenu = excluded.contenu`
	insertPersonne = `INSERT INTO personne (id, ligne, sujet, sentinelle, identite, liens) VALUES ($1, $2, $3, $4, $5, $6)`
)

// End implements intake.Sink: doubles and references are settled, the indexes
// and the family records are written, and the load becomes visible in one
// transaction. Errors: parametre_invalide when nobody served is left;
// service_indisponible.
func (l *Load) End(ctx context.Context, tell func(stage string, done, total int64)) (rejects []intake.Reject, err error) {
	if l.delta {
		return l.endDelta(ctx)
	}
	if l.f == nil {
		return nil, unavailable("store: load", errClosed)
	}
	if err := l.checkpoint(ctx); err != nil {
		return nil, err
	}
	rejects, err = l.finish(ctx, tell)
	if err == nil {
		l.release()
	}
	return rejects, unavailable("store: load", err)
}

func (l *Load) finish(ctx context.Context, tell func(stage string, done, total int64)) ([]intake.Reject, error) {
	c := &conclusion{l: l, f: l.f, ctx: ctx, tell: tell}
	c.outcome.Before, _ = l.s.Population()
	if err := c.run(); err != nil {
		return c.rejects, err
	}
	if l.s.rehearse {
		if err := c.compare(); err != nil {
			return c.rejects, err
		}
		l.outcome = &c.outcome
		l.Abort(nil)
		l.done = true
		return c.rejects, nil
	}
	l.outcome = &c.outcome
	if err := l.f.close(); err != nil {
		return c.rejects, err
	}
	if err := l.show(ctx); err != nil {
		return c.rejects, err
	}
	return c.rejects, l.s.sweepFiles(l.id)
}

// show makes the load the visible population. Once that is committed it is
// done, whatever happens next: its file is never removed.
func (l *Load) show(ctx context.Context) error {
	if err := l.ours(ctx); err != nil {
		return err
	}
	if err := l.announce(ctx, "chargement_visible"); err != nil {
		return err
	}
	return l.s.shown(ctx, "store: show load", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE chargement SET etat = 'remplace' WHERE etat = 'visible'`); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE chargement SET etat = 'visible', visible_at = $1 WHERE id = $2`, millis(l.s.clock()), l.id); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE reglage SET valeur = $1 WHERE cle = 'chargement'`, l.id); err != nil {
			return err
		}
		l.done = true // from here on the file may be the visible one
		return nil
	})
}

// announce tells in the log that what this load holds becomes what is served.
// It comes first: the population is another database.
func (l *Load) announce(ctx context.Context, operation string) error {
	return l.s.tell(ctx, "store: "+operation, &trace.Event{Class: trace.AgentAction, Operation: operation, Actor: trace.ActorOperator, Object: strconv.FormatInt(l.id, 10)})
}

// Outcome implements intake.Teller.
func (l *Load) Outcome() *intake.Outcome { return l.outcome }

// Abort implements intake.Sink. What an interruption leaves is kept, to go on
// from; after any other error nothing is.
func (l *Load) Abort(cause error) {
	defer l.release()
	if l.done || l.f == nil {
		return
	}
	f := l.f
	l.f = nil
	keep := !l.s.rehearse && (errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded))
	// Best effort: Begin sweeps what is left, and none of it is visible.
	_ = f.close()
	if !keep {
		_ = removePopulation(f.path)
	}
}

// Population counts the visible people and sentinels.
func (s *Store) Population() (served, sentinels int) {
	p := s.state.Load().population
	return int(p.served), int(p.sentinels)
}

// dropSpills drops what only the load needed.
func (f *building) dropSpills() error {
	return errors.Join(f.exec(`DELETE FROM tri`), f.exec(`DELETE FROM lecture`))
}

// logAhead ends the rollback journal: from now on there is a write-ahead log.
func (f *building) logAhead() error {
	return sqlitex.ExecuteTransient(f.conn, "PRAGMA journal_mode = WAL", nil)
}

var (
	_ intake.Sink    = (*Load)(nil)
	_ intake.Resumer = (*Load)(nil)
	_ intake.Teller  = (*Load)(nil)
)
