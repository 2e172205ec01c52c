package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"os"

	"zombiezen.com/go/sqlite"

	"droits.example/droits/internal/intake"
)

// reading is what a load keeps to be resumed.
type reading struct {
	Header                          intake.Header
	Mark                            intake.Mark
	Caisses, Personnes, Sentinelles int
	Lots                            map[genre]int
	Entries                         map[genre]int64
	Keys                            int64 // indexVersion of those set aside
}

// Unfinished implements intake.Resumer: the load that was interrupted, if it
// is one of this header.
func (l *Load) Unfinished(ctx context.Context, h intake.Header) (r intake.Resume, found bool, err error) {
	if err := l.hold(); err != nil {
		return r, false, err
	}
	if h.Jeu != intake.Complet || l.s.rehearse {
		return r, false, nil
	}
	var id int64
	err = l.s.people.reader.QueryRowContext(ctx, `SELECT id FROM chargement WHERE etat = 'en_cours' ORDER BY id DESC LIMIT 1`).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return r, false, nil
	}
	if err != nil {
		return r, false, unavailable("store: unfinished load", err)
	}
	path := l.s.populationPath(id)
	if _, err := os.Stat(path); err != nil {
		return r, false, nil
	}
	f, err := openBuilding(path, id, true)
	if err != nil {
		return r, false, nil // damaged: the load begins anew
	}
	defer f.close()
	m, err := f.reading()
	if err != nil || m.Header != h || m.Mark.Lines == 0 || m.Keys != indexVersion() {
		return r, false, nil
	}
	return intake.Resume{Mark: m.Mark, Caisses: m.Caisses, Personnes: m.Personnes, Sentinelles: m.Sentinelles}, true, nil
}

func (f *building) reading() (m reading, err error) {
	err = f.each(`SELECT contenu FROM lecture WHERE id = 1`, func(s *sqlite.Stmt) error {
		return json.Unmarshal(column(s, 0), &m)
	})
	return m, err
}

// Replay implements intake.Resumer.
func (l *Load) Replay(_ context.Context, tell func(intake.Reject) error) error {
	return unavailable("store: resume load", l.f.each(`SELECT contenu FROM rejet ORDER BY id`, func(s *sqlite.Stmt) error {
		var r intake.Reject
		if err := json.Unmarshal(column(s, 0), &r); err != nil {
			return err
		}
		return tell(r)
	}))
}

// resume opens the load that was interrupted.
func (l *Load) resume(ctx context.Context) (err error) {
	if err := l.s.people.reader.QueryRowContext(ctx, `SELECT id FROM chargement WHERE etat = 'en_cours' ORDER BY id DESC LIMIT 1`).Scan(&l.id); err != nil {
		return err
	}
	if l.f, err = openBuilding(l.s.populationPath(l.id), l.id, true); err != nil {
		return err
	}
	if l.mark, err = l.f.reading(); err != nil {
		return err
	}
	return l.f.each(`SELECT id FROM caisse`, func(s *sqlite.Stmt) error {
		l.caisses[s.ColumnText(0)] = true
		return nil
	})
}
