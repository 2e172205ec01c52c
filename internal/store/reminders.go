package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/notify"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// RemindEnds tells partners of the keys and certificates that end soon, each
// reminder once, and tells how many were made. Errors: service_indisponible.
func (s *Store) RemindEnds(ctx context.Context) (n int, err error) {
	now := s.clock()
	today := civil.On(now)
	type ending struct {
		key, object string
		made, ends  time.Time
	}
	var due []ending
	err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
		var x ending
		var made, ends int64
		err := scan(&x.key, &x.object, &made, &ends)
		x.made, x.ends = time.UnixMilli(made), time.UnixMilli(ends)
		due = append(due, x)
		return err
	}, `SELECT id, id, created_at, expires_at FROM cle_api WHERE revoked_at IS NULL AND expires_at > $1 AND expires_at < $2
		UNION ALL SELECT x.cle, x.cle || '/' || hex(x.empreinte), x.created_at, x.ends_at FROM certificat AS x JOIN cle_api AS k ON k.id = x.cle
		WHERE k.revoked_at IS NULL AND x.closed_at IS NULL AND x.ends_at > $1 AND x.ends_at < $2 ORDER BY 4, 2`, millis(now.AddDate(0, 0, -9)), millis(now.AddDate(0, 0, slices.Max(partner.ReminderDays())+2)))
	if err != nil {
		return 0, unavailable("store: reminders", err)
	}
	made, err := s.remindersMade(ctx)
	if err != nil {
		return 0, err
	}
	for _, x := range due {
		days, ok := partner.ReminderOn(today, civil.On(x.made), partner.LastOn(x.ends))
		if !ok || made[reminder{x.object, days}] {
			continue
		}
		if err := s.remindEnd(ctx, x.key, reminder{x.object, days}, x.ends); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// reminder is one that is made once: of a key, or of a certificate (key/SHA-256).
type reminder struct {
	object string
	days   int
}

func (s *Store) remindersMade(ctx context.Context) (map[reminder]bool, error) {
	out := map[reminder]bool{}
	err := each(ctx, s.journal.reader, func(scan func(...any) error) error {
		var r reminder
		err := scan(&r.object, &r.days)
		out[r] = true
		return err
	}, `SELECT objet, palier FROM rappel`)
	return out, unavailable("store: reminders", err)
}

// remindEnd makes one reminder.
func (s *Store) remindEnd(ctx context.Context, key string, r reminder, ends time.Time) error {
	now := s.clock()
	e := &trace.Event{Class: trace.KeyEvent, Operation: "fin_rappelee", Actor: trace.ActorSystem, Object: key, Reasons: []string{"DAYS_" + strconv.Itoa(r.days)}}
	return s.act(ctx, "store: remind of an end", e, func(tx *sql.Tx) (err error) {
		if e.Convention, e.Partner, err = partnerOfKey(ctx, tx, key); err != nil {
			return err
		}
		if _, err = tx.ExecContext(ctx, `INSERT INTO rappel (objet, palier, sent_at) VALUES ($1, $2, $3)`, r.object, r.days, millis(now)); err != nil {
			return err
		}
		out := notify.Event{Type: notify.KeyExpiring, At: now, Partner: e.Partner, Until: ends, Days: &r.days}
		if r.object != key {
			out.Type, out.Reason = notify.CertificateExpiring, strings.ToLower(r.object[len(key)+1:])
		}
		return s.tellOfKey(ctx, tx, key, out, r.object+"|"+strconv.Itoa(r.days))
	})
}

// tellOfKey queues what a partner is told of a key: to its webhook and to its
// technical contact, where there are such; of what is unusual, to the operator
// too. once tells one message about a key from the next.
func (s *Store) tellOfKey(ctx context.Context, tx *sql.Tx, id string, e notify.Event, once string) error {
	var conventionID string
	if err := tx.QueryRowContext(ctx, `SELECT last4, convention FROM cle_api WHERE id = $1`, id).Scan(&e.Last4, &conventionID); err != nil {
		return err
	}
	if e.Key = id; conventionID != "" {
		e.Conventions = []string{conventionID}
	}
	var hooks, contacts int
	if err := tx.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM crochet WHERE partenaire = $1), (SELECT COUNT(*) FROM contact WHERE partenaire = $1)`, e.Partner).Scan(&hooks, &contacts); err != nil {
		return err
	}
	for _, to := range []struct {
		channel notify.Channel
		partner string
		there   bool
	}{
		{notify.Webhook, e.Partner, hooks > 0}, {notify.Mail, e.Partner, contacts > 0},
		{notify.Mail, "", s.operator.Load() != nil && (e.Type == notify.KeySuspended || e.Type == notify.UsageUnusual)},
	} {
		if !to.there {
			continue
		}
		d := s.keys.reference.sum("cle_message/v1", []byte(string(to.channel)+"|"+to.partner+"|"+string(e.Type)+"|"+id+"|"+once))
		e.ID = "env_" + hex.EncodeToString(d[:12])
		body, err := e.Body()
		if err != nil {
			return err
		}
		if err := s.enqueue(actPen{ctx, tx, s.disk}, envoi{id: e.ID, channel: to.channel, typ: e.Type, partner: to.partner, body: body, at: e.At, dueAt: e.At}); err != nil {
			return err
		}
	}
	return nil
}

func placeContact(partnerID string) string { return "contact|adresse|" + partnerID + "|" + keyVersion }

// SetTechnicalContact says to whom one writes at a partner about its keys; the
// address is sealed. An empty one erases it. Errors: parametre_invalide on mail,
// ressource_inconnue (no such partner).
func (s *Store) SetTechnicalContact(ctx context.Context, partnerID, mail string) (err error) {
	e := &trace.Event{Class: trace.KeyEvent, Operation: "contact_technique", Actor: trace.ActorOperator, Partner: partnerID, After: isTold}
	if mail == "" {
		e.After = notTold
	} else if mail, err = notify.CheckMail(mail); err != nil {
		return err
	}
	return s.act(ctx, "store: technical contact", e, func(tx *sql.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM partenaire WHERE id = $1`, partnerID).Scan(&n); err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.RessourceInconnue, "store: technical contact").On("partner")
		}
		if mail == "" {
			_, err := tx.ExecContext(ctx, `DELETE FROM contact WHERE partenaire = $1`, partnerID)
			return err
		}
		return s.putContact(ctx, tx, partnerID, mail)
	})
}

// putContact keeps an address that was checked.
func (s *Store) putContact(ctx context.Context, tx *sql.Tx, partnerID, mail string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO contact (partenaire, adresse, changed_at) VALUES ($1, $2, $3)
		ON CONFLICT (partenaire) DO UPDATE SET adresse = excluded.adresse, changed_at = excluded.changed_at`, partnerID, seal(s.keys.outbox, placeContact(partnerID), []byte(mail)), millis(s.clock()))
	return err
}

// SetOperatorContact says where the operator is told of what is unusual; ""
// nowhere. It is kept in memory: the configuration holds it.
func (s *Store) SetOperatorContact(mail string) {
	if mail == "" {
		s.operator.Store(nil)
		return
	}
	s.operator.Store(&mail)
}

// contactOf is the address of a partner's technical contact, or of the operator
// when the partner is "", "" when there is none.
func (s *Store) contactOf(ctx context.Context, partnerID string) (string, error) {
	if partnerID == "" {
		if at := s.operator.Load(); at != nil {
			return *at, nil
		}
		return "", nil
	}
	var sealed []byte
	err := s.journal.reader.QueryRowContext(ctx, `SELECT adresse FROM contact WHERE partenaire = $1`, partnerID).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err == nil {
		sealed, err = open(s.keys.outbox, placeContact(partnerID), sealed)
	}
	return string(sealed), unavailable("store: technical contact", err)
}

// letterAboutKey completes a delivery by mail that is about a key.
func (s *Store) letterAboutKey(ctx context.Context, d *notify.Delivery, sealed []byte) (ok bool, err error) {
	if d.To, err = s.contactOf(ctx, d.Partner); err != nil || d.To == "" {
		return false, err
	}
	body, err := open(s.keys.outbox, placeEnvoi(d.ID), sealed)
	if err != nil {
		return false, err
	}
	l, ok := notify.LetterAboutKey(body)
	d.Subject, d.Text = l.Subject, l.Text
	return ok, nil
}

// showKeyLetter completes the line of such a mail, its address masked.
func (s *Store) showKeyLetter(ctx context.Context, x *notify.Line, sealed []byte) error {
	d := notify.Delivery{ID: x.ID, Partner: x.Partner}
	if _, err := s.letterAboutKey(ctx, &d, sealed); err != nil {
		return err
	}
	x.To, x.Subject, x.Text = notify.MaskMail(d.To), d.Subject, d.Text
	return nil
}
