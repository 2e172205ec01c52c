package store

import (
	"context"
	"database/sql"
	"time"

	"droits.example/droits/internal/consent"
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

// reportContest keeps, for the DPO, that a person contests an agreement whose
// leaf is at n, in the transaction of its act.
func (s *Store) reportContest(to pen, e *consent.Event, n int64) error {
	id := partner.NewID("sig")
	return to.put(`INSERT INTO signalement (id, sujet, n, texte, accord, reported_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		id, e.Subject[:], n, seal(s.keys.rows, placeReport+id, nil), e.Consent, millis(e.At))
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
	}, `SELECT n FROM signalement WHERE sujet = $1 AND accord = ''`, p[:])
	return out, unavailable("store: reported", err)
}

// Reports are those that persons have made, the agreements that they contest
// among them, the latest first. Reading them is
// an act, in the log under the reference of the file for which it is done.
// Errors: service_indisponible.
func (s *Store) Reports(ctx context.Context, file string, limit int) (out []trace.Report, err error) {
	e := trace.Event{Class: trace.AgentAction, Operation: "lecture_signalements", Actor: trace.ActorOperator, Object: file}
	err = s.act(ctx, "store: reports", &e, func(tx *sql.Tx) error {
		return each(ctx, tx, func(scan func(...any) error) error {
			var r trace.Report
			var at int64
			var sealed []byte
			if err := scan(&r.ID, &r.Trace, &at, &sealed, &r.Consent); err != nil {
				return err
			}
			text, err := open(s.keys.rows, placeReport+r.ID, sealed)
			r.At, r.Text = time.UnixMilli(at), string(text)
			out = append(out, r)
			return err
		}, `SELECT id, n, reported_at, texte, accord FROM signalement ORDER BY reported_at DESC, id LIMIT $1`, limit)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
