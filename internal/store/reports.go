package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"math"
	"strconv"
	"time"

	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/trace"
)

const placeReport = "signalement|texte|"

// reportID is the reference of what a person reports: the same thing, reported
// again, is the same report.
func (s *Store) reportID(p droits.Sujet, what string) string {
	d := s.keys.reference.sum("signalement/v1", append(p[:], what...))
	return "sig_" + hex.EncodeToString(d[:12])
}

// Report keeps, for the DPO, that a person does not recognise an entry, with
// what it wrote, sealed; the event says that it did. It gives the reference of
// the report. There is one a person and entry: of several the last text stays,
// in the place of the first. Errors: service_indisponible.
func (s *Store) Report(ctx context.Context, p droits.Sujet, n int64, text string, e trace.Event) (string, error) {
	id := s.reportID(p, strconv.FormatInt(n, 10))
	e.Object = id
	return id, s.act(ctx, "store: report", &e, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO signalement (id, sujet, n, texte, reported_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (id) DO UPDATE SET texte = excluded.texte`,
			id, p[:], n, seal(s.keys.rows, placeReport+id, []byte(text)), millis(s.clock()))
		return err
	})
}

// reportContest keeps, for the DPO, that a person contests an agreement whose
// leaf is at n, in the transaction of its act.
func (s *Store) reportContest(to pen, e *consent.Event, n int64) error {
	id := s.reportID(e.Subject, e.Consent)
	return to.put(`INSERT INTO signalement (id, sujet, n, texte, accord, reported_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING`,
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
// among them, the latest first: at most limit, after the one that before names
// ("" for the first). Reading them is an act, in the log under the reference of
// the file for which it is done. Errors: parametre_invalide on before,
// service_indisponible.
func (s *Store) Reports(ctx context.Context, file, before string, limit int) (out []trace.Report, err error) {
	e := trace.Event{Class: trace.AgentAction, Operation: "lecture_signalements", Actor: trace.ActorOperator, Object: file}
	err = s.act(ctx, "store: reports", &e, func(tx *sql.Tx) error {
		from := int64(math.MaxInt64)
		if before != "" {
			err := tx.QueryRowContext(ctx, `SELECT reported_at FROM signalement WHERE id = $1`, before).Scan(&from)
			if errors.Is(err, sql.ErrNoRows) {
				return fault.New(fault.ParametreInvalide, "store: reports").On("before")
			}
			if err != nil {
				return err
			}
		}
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
		}, `SELECT id, n, reported_at, texte, accord FROM signalement WHERE reported_at < $1 OR reported_at = $2 AND id > $3 ORDER BY reported_at DESC, id LIMIT $4`, from, from, before, limit)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
