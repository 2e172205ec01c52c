package store

import (
	"context"
	"database/sql"

	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

const placeReport = "signalement|texte|"

// Report keeps, for the DPO, that a person does not recognise an entry, with
// what it wrote, sealed; the event says that it did. It gives the reference of
// the report. Errors: service_indisponible.
func (s *Store) Report(ctx context.Context, p droits.Sujet, n int64, text string, e trace.Event) (string, error) {
	id := partner.NewID("sig")
	e.Object = id
	return id, s.act(ctx, "store: report", &e, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO signalement (id, sujet, n, texte, reported_at) VALUES ($1, $2, $3, $4, $5)`,
			id, p[:], n, seal(s.keys.rows, placeReport+id, []byte(text)), millis(s.clock()))
		return err
	})
}

// Reported tells which entries a person has reported. Errors:
// service_indisponible.
func (s *Store) Reported(ctx context.Context, p droits.Sujet) (map[int64]bool, error) {
	out := map[int64]bool{}
	err := each(ctx, s.journal.reader, func(scan func(...any) error) error {
		var n int64
		err := scan(&n)
		out[n] = true
		return err
	}, `SELECT n FROM signalement WHERE sujet = $1`, p[:])
	return out, unavailable("store: reported", err)
}
