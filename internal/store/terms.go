package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"time"

	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/notify"
	"droits.example/droits/internal/trace"
)

// ending is an agreement that lives for days and is near its end.
type ending struct {
	id, partner, purpose, convention string
	person                           droits.Sujet
	given, expires                   int64
}

// maxEndings bounds one pass over the agreements that end.
const maxEndings = 500

// endings are the agreements of more than a day that end between where the
// last pass stopped and an instant.
func (s *Store) endings(ctx context.Context, mark string, until time.Time, longer time.Duration) (out []ending, err error) {
	err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
		var e ending
		var sujet []byte
		err := scan(&e.id, &sujet, &e.partner, &e.purpose, &e.convention, &e.given, &e.expires)
		copy(e.person[:], sujet)
		out = append(out, e)
		return err
	}, `SELECT id, sujet, partenaire, finalite, convention || '/' || version, given_at, expires_at FROM consentement AS c
		WHERE expires_at - given_at > 86400000 AND expires_at - given_at >= $1 AND expires_at > (SELECT valeur FROM reglage WHERE cle = $2) AND expires_at < $3
		AND NOT EXISTS (SELECT 1 FROM partage_evenement AS e WHERE e.accord = c.id AND e.accord <> '' AND e.acte = 'expired')
		ORDER BY expires_at, id LIMIT $4`, longer.Milliseconds(), mark, millis(until), maxEndings)
	return out, unavailable("store: agreements that end", err)
}

// advance notes how far a pass went: short of the last instant seen when there
// may be more of it.
func advance(ctx context.Context, tx *sql.Tx, mark string, list []ending) error {
	to := list[len(list)-1].expires
	if len(list) == maxEndings && list[0].expires != to {
		to--
	}
	_, err := tx.ExecContext(ctx, `UPDATE reglage SET valeur = $1 WHERE cle = $2 AND valeur < $3`, to, mark, to)
	return err
}

// EndAgreements writes the end of the agreements that live for days, in the
// history, in the log and to the partner, and tells how many. That they serve
// nothing after their end depends on the clock alone, not on this. Errors:
// service_indisponible.
func (s *Store) EndAgreements(ctx context.Context) (n int, err error) {
	now := s.clock()
	list, err := s.endings(ctx, "fins", now, 0)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	for _, x := range list {
		events, err := history(ctx, s.journal.reader, []droits.Sujet{x.person}, x.partner)
		if err != nil {
			return n, unavailable("store: end an agreement", err)
		}
		if stop := consent.Fold(events).LastStop; !stop.IsZero() && millis(stop) >= x.given {
			continue // it ended by that
		}
		if err := s.endAgreement(ctx, x); err != nil {
			return n, err
		}
		n++
	}
	return n, s.tidy(ctx, "store: agreements that ended", func(tx *sql.Tx) error { return advance(ctx, tx, "fins", list) })
}

func (s *Store) endAgreement(ctx context.Context, x ending) error {
	e := consent.Event{ID: "evt_fin_" + x.id, Subject: x.person, Partner: x.partner, Act: consent.Expired, At: time.UnixMilli(x.expires), Consent: x.id}
	by := &trace.Event{Class: trace.ConsentEvent, Operation: "fin", Actor: trace.ActorSystem, Partner: x.partner, Purpose: x.purpose, Consent: x.id, Convention: x.convention,
		Subject: s.TraceSubject(x.person), Before: string(consent.StateGiven), After: string(consent.StateExpired)}
	return s.act(ctx, "store: end an agreement", by, func(tx *sql.Tx) error {
		e.Trace = by.Index
		if err := insertEvent(actPen{ctx, tx, s.disk}, e); err != nil {
			return err
		}
		return s.tellPartner(ctx, tx, e)
	})
}

// Remind queues a message to the people whose agreement of more than a week
// ends within consent.RemindBefore and who asked to be told, and tells how many
// agreements were looked at. Errors: service_indisponible.
func (s *Store) Remind(ctx context.Context) (n int, err error) {
	now := s.clock()
	list, err := s.endings(ctx, "rappels", now.Add(consent.RemindBefore), consent.LongFrom)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	return len(list), s.tidy(ctx, "store: remind", func(tx *sql.Tx) error {
		for _, x := range list {
			if x.expires < millis(now) {
				continue // it has ended while nobody looked
			}
			d := s.keys.reference.sum("rappel/v1", []byte(x.id))
			m := envoi{id: "env_" + hex.EncodeToString(d[:12]), channel: notify.Mail, typ: notify.MailReminder, partner: x.partner, person: x.person, at: now, dueAt: now}
			var wants int
			if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM preference WHERE sujet = $1 AND prevenir = 1`, x.person[:]).Scan(&wants); err != nil {
				return err
			}
			if wants == 0 {
				continue
			}
			if err := s.enqueue(actPen{ctx, tx, s.disk}, m); err != nil {
				return err
			}
		}
		return advance(ctx, tx, "rappels", list)
	})
}
