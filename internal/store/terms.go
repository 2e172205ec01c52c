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

// maxEndings bounds what is read at a time of the agreements that end.
const maxEndings = 500

// pass goes over the agreements of more than a day, and of at least longer, that
// end between where the last one stopped and an instant. mark keeps where.
type pass struct {
	mark   string
	until  time.Time
	longer time.Duration
}

// over does a thing to the next agreements of a pass, the first to end first,
// and tells how many there were. It stops between two instants only, so that
// none is lost however many end at one; what fails is done again.
func (s *Store) over(ctx context.Context, p pass, do func([]ending) error) (n int, err error) {
	var at ending // after it
	if err := s.journal.reader.QueryRowContext(ctx, `SELECT valeur + 1 FROM reglage WHERE cle = $1`, p.mark).Scan(&at.expires); err != nil {
		return 0, unavailable("store: agreements that end", err)
	}
	for full := true; full; {
		list, err := s.endings(ctx, p, at)
		if err != nil {
			return n, err
		}
		if len(list) == 0 {
			break
		}
		if err := do(list); err != nil {
			return n, err
		}
		n, at, full = n+len(list), list[len(list)-1], len(list) == maxEndings
		p.until = time.UnixMilli(at.expires + 1) // what remains of that instant
	}
	if n == 0 {
		return 0, nil
	}
	return n, s.tidy(ctx, "store: agreements that ended", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE reglage SET valeur = $1 WHERE cle = $2 AND valeur < $3`, at.expires, p.mark, at.expires)
		return err
	})
}

// endings are the next agreements of a pass after one of them.
func (s *Store) endings(ctx context.Context, p pass, after ending) (out []ending, err error) {
	err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
		var e ending
		var sujet []byte
		err := scan(&e.id, &sujet, &e.partner, &e.purpose, &e.convention, &e.given, &e.expires)
		copy(e.person[:], sujet)
		out = append(out, e)
		return err
	}, `SELECT id, sujet, partenaire, finalite, convention || '/' || version, given_at, expires_at FROM consentement AS c
		WHERE expires_at - given_at > 86400000 AND expires_at - given_at >= $1 AND expires_at >= $2 AND (expires_at > $3 OR id > $4) AND expires_at < $5
		AND NOT EXISTS (SELECT 1 FROM partage_evenement AS e WHERE e.accord = c.id AND e.accord <> '' AND e.acte = 'expired')
		ORDER BY expires_at, id LIMIT $6`, p.longer.Milliseconds(), after.expires, after.expires, after.id, millis(p.until), maxEndings)
	return out, unavailable("store: agreements that end", err)
}

// knownAs are the subjects of a person whose agreement was made under one of
// them: that one, and those under which it has decided since.
func knownAs(ctx context.Context, q querier, p droits.Sujet) ([]droits.Sujet, error) {
	out := []droits.Sujet{p}
	err := each(ctx, q, func(scan func(...any) error) error {
		var b []byte
		err := scan(&b)
		if err == nil {
			out = append(out, droits.Sujet(b))
		}
		return err
	}, `SELECT sujet FROM sujet_ancien WHERE ancien = $1 ORDER BY sujet`, p[:])
	return out, err
}

// stopped reports whether the person ended an agreement before its end, under
// whatever number it did.
func stopped(ctx context.Context, q querier, x ending) (bool, error) {
	who, err := knownAs(ctx, q, x.person)
	if err != nil {
		return false, err
	}
	events, err := history(ctx, q, who, x.partner)
	stop := consent.Fold(events).LastStop
	return !stop.IsZero() && millis(stop) >= x.given, err
}

// EndAgreements writes the end of the agreements that live for days, in the
// history, in the log and to the partner, and tells how many it looked at. That
// they serve nothing after their end depends on the clock alone, not on this.
// Errors: service_indisponible.
func (s *Store) EndAgreements(ctx context.Context) (int, error) {
	return s.over(ctx, pass{mark: "fins", until: s.clock()}, func(list []ending) error {
		for _, x := range list {
			over, err := stopped(ctx, s.journal.reader, x)
			if err != nil {
				return unavailable("store: end an agreement", err)
			}
			if over {
				continue
			}
			if err := s.endAgreement(ctx, x); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) endAgreement(ctx context.Context, x ending) error {
	e := consent.Event{ID: "evt_fin_" + x.id, Subject: x.person, Partner: x.partner, Act: consent.Expired, At: time.UnixMilli(x.expires), Consent: x.id}
	by := &trace.Event{Class: trace.ConsentEvent, Operation: "fin", Actor: trace.ActorSystem, Partner: x.partner, Purpose: x.purpose, Consent: x.id, Convention: x.convention,
		Subject: s.TraceSubject(x.person), Before: string(consent.StateGiven), After: string(consent.StateExpired)}
	return s.act(ctx, "store: end an agreement", by, func(tx *sql.Tx) error {
		if err := addEvent(actPen{ctx, tx, s.disk}, e, by); err != nil {
			return err
		}
		return s.tellPartner(ctx, tx, e)
	})
}

// Remind queues a message to the people whose agreement of more than a week
// ends within consent.RemindBefore and who asked to be told, and tells how many
// agreements were looked at. Errors: service_indisponible.
func (s *Store) Remind(ctx context.Context) (int, error) {
	now := s.clock()
	return s.over(ctx, pass{"rappels", now.Add(consent.RemindBefore), consent.LongFrom}, func(list []ending) error {
		return s.tidy(ctx, "store: remind", func(tx *sql.Tx) error {
			for _, x := range list {
				if x.expires < millis(now) {
					continue // it has ended while nobody looked
				}
				if err := s.remind(ctx, tx, x, now); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// remind queues the message about an agreement, once, under the subject that
// asked for messages.
func (s *Store) remind(ctx context.Context, tx *sql.Tx, x ending, now time.Time) error {
	over, err := stopped(ctx, tx, x)
	if err != nil || over {
		return err
	}
	who, err := knownAs(ctx, tx, x.person)
	if err != nil {
		return err
	}
	for _, p := range who {
		var wants int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM preference WHERE sujet = $1 AND prevenir = 1`, p[:]).Scan(&wants); err != nil {
			return err
		}
		if wants == 0 {
			continue
		}
		d := s.keys.reference.sum("rappel/v1", []byte(x.id))
		return s.enqueue(actPen{ctx, tx, s.disk}, envoi{id: "env_" + hex.EncodeToString(d[:12]), channel: notify.Mail, typ: notify.MailReminder, partner: x.partner, person: p, at: now, dueAt: now})
	}
	return nil
}
