package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"

	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/notify"
	"droits.example/droits/internal/trace"
)

func placePreference(p droits.Sujet) string {
	return "preference|adresse|" + hex.EncodeToString(p[:]) + "|" + keyVersion
}

// Settings are what a person asks of us; the zero value when nothing. Errors:
// service_indisponible.
func (s *Store) Settings(ctx context.Context, p droits.Sujet) (out consent.Settings, err error) {
	var sealed, plain []byte
	err = s.journal.reader.QueryRowContext(ctx, `SELECT adresse, prevenir FROM preference WHERE sujet = $1`, p[:]).Scan(&sealed, &out.Notify)
	if errors.Is(err, sql.ErrNoRows) {
		return consent.Settings{}, nil
	}
	if err == nil {
		plain, err = open(s.keys.outbox, placePreference(p), sealed)
	}
	out.Mail = string(plain)
	return out, unavailable("store: settings", err)
}

// SetSettings keeps what a person asks: the address, sealed, and whether to
// write to it; an empty address erases both. by says who asks, for the log,
// which never holds the address. What was asked under former numbers goes.
// Errors: parametre_invalide on mail.
func (s *Store) SetSettings(ctx context.Context, p droits.Sujet, x consent.Settings, by trace.Event, before ...droits.Sujet) (err error) {
	by.Class, by.Operation, by.Subject, by.After = trace.ConsentEvent, "reglages", s.TraceSubject(p), notTold
	if x.Mail != "" {
		if x.Mail, err = notify.CheckMail(x.Mail); err != nil {
			return err
		}
		if x.Notify {
			by.After = isTold
		}
	}
	return s.act(ctx, "store: settings", &by, func(tx *sql.Tx) error {
		for _, old := range before {
			if _, err := tx.ExecContext(ctx, `DELETE FROM preference WHERE sujet = $1`, old[:]); err != nil {
				return err
			}
		}
		if x.Mail == "" {
			_, err := tx.ExecContext(ctx, `DELETE FROM preference WHERE sujet = $1`, p[:])
			return err
		}
		s.deciders.add(p, "")
		_, err := tx.ExecContext(ctx, `INSERT INTO preference (sujet, adresse, prevenir, changed_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (sujet) DO UPDATE SET adresse = excluded.adresse, prevenir = excluded.prevenir, changed_at = excluded.changed_at`,
			p[:], seal(s.keys.outbox, placePreference(p), []byte(x.Mail)), x.Notify, millis(s.clock()))
		return err
	})
}

// What a person asks about messages, as the log says it.
const (
	isTold  = "prevenu"
	notTold = "non_prevenu"
)
