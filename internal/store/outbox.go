package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"strconv"
	"time"

	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/notify"
	"droits.example/droits/internal/partner"
)

// envoi is a message on its way into the outbox.
type envoi struct {
	id        string
	channel   notify.Channel
	typ       notify.Type
	partner   string
	person    droits.Sujet // zero: about nobody
	body      []byte
	file      string // whose file it is in, when nobody's person or partner says it
	at, dueAt time.Time
}

func placeEnvoi(id string) string { return "envoi|contenu|" + id + "|" + keyVersion }

// enqueue writes a message in the transaction of what causes it. A message that
// is there already stays as it is.
func (s *Store) enqueue(to pen, m envoi) error {
	file := s.keys.reference.sum("file/"+string(m.channel)+"/v1", append(append(m.person[:], m.partner...), m.file...))
	var sealed = []byte{}
	if m.body != nil {
		sealed = seal(s.keys.outbox, placeEnvoi(m.id), m.body)
	}
	return to.put(`INSERT INTO envoi (id, file, canal, type, partenaire, sujet, contenu, made_at, since_at, due_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO NOTHING`,
		m.id, file[:16], string(m.channel), string(m.typ), m.partner, m.person[:], sealed, millis(m.at), millis(m.dueAt), millis(m.dueAt))
}

// hooked is what a partner is told of an act, "" for what does not concern it.
var hooked = map[consent.Act]notify.Type{
	consent.Withdrawn: notify.ConsentWithdrawn, consent.Paused: notify.ConsentPaused, consent.Allowed: notify.ConsentAllowed,
	consent.Chosen: notify.ConsentChosen, consent.Expired: notify.ConsentExpired,
}

// tellPartner queues the webhook of an act, when the partner has one and has
// had an agreement of the person: of the others it learns nothing.
func (s *Store) tellPartner(ctx context.Context, tx *sql.Tx, e consent.Event) error {
	typ, ok := hooked[e.Act]
	if !ok {
		return nil
	}
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM crochet WHERE partenaire = $1`, e.Partner).Scan(&n); err != nil || n == 0 {
		return err
	}
	known := false
	for _, p := range e.Who() {
		if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM consentement WHERE sujet = $1 AND partenaire = $2)`, p[:], e.Partner).Scan(&n); err != nil {
			return err
		}
		known = known || n == 1
	}
	if !known {
		return nil
	}
	out := notify.Event{ID: partner.NewID("env"), Type: typ, At: e.At, Partner: e.Partner, Reference: s.Reference(first(e.Who()), e.Partner)}
	if e.Act == consent.Paused {
		out.Until = e.Until
	}
	err := each(ctx, tx, func(scan func(...any) error) error {
		var id string
		var version int
		err := scan(&id, &version)
		out.Conventions = append(out.Conventions, id+"/"+strconv.Itoa(version))
		return err
	}, `SELECT id, version FROM convention WHERE partenaire = $1 AND etat IN `+inForce+` ORDER BY id`, e.Partner)
	if err != nil {
		return err
	}
	if out.Consents, err = concerned(ctx, tx, e); err != nil {
		return err
	}
	body, err := out.Body()
	if err != nil {
		return err
	}
	return s.enqueue(actPen{ctx, tx, s.disk}, envoi{id: out.ID, channel: notify.Webhook, typ: typ, partner: e.Partner, person: e.Subject, body: body, at: e.At, dueAt: e.At})
}

// concerned names the agreements that an act is about: its own, or those that
// stand.
func concerned(ctx context.Context, tx *sql.Tx, e consent.Event) (out []string, err error) {
	if e.Consent != "" {
		return []string{e.Consent}, nil
	}
	for _, p := range e.Who() {
		if err != nil {
			return nil, err
		}
		err = each(ctx, tx, func(scan func(...any) error) error {
			var id string
			err := scan(&id)
			out = append(out, id)
			return err
		}, `SELECT id FROM consentement WHERE sujet = $1 AND partenaire = $2 AND given_at <= $3 AND expires_at >= $4 ORDER BY given_at, id LIMIT 50`,
			p[:], e.Partner, millis(e.At), millis(e.At))
	}
	return out, err
}

// tellPerson queues, with a reading, the message to the person who asked for
// it: one an hour and partner.
func (s *Store) tellPerson(to pen, r consent.Read) error {
	hour := r.At.UTC().Truncate(time.Hour).Format("2006010215")
	d := s.keys.reference.sum("lecture/v1", append(r.Subject[:], r.Partner+"/"+hour...))
	return s.enqueue(to, envoi{id: "env_" + hex.EncodeToString(d[:12]), channel: notify.Mail, typ: notify.MailRead, partner: r.Partner, person: r.Subject, at: r.At, dueAt: r.At})
}

// Waiting are the receivers to whom something is to be sent now; mail says
// whether that is one. Errors: service_indisponible.
func (s *Store) Waiting(ctx context.Context, mail bool) (out []notify.Receiver, err error) {
	now := millis(s.clock())
	if mail {
		var n int
		if err := s.journal.reader.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM envoi WHERE canal = 'mail' AND sent_at IS NULL AND dead_at IS NULL AND due_at <= $1)`, now).Scan(&n); err != nil {
			return nil, unavailable("store: receivers", err)
		}
		if n == 1 {
			out = append(out, notify.Receiver{Channel: notify.Mail})
		}
	}
	err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
		to := notify.Receiver{Channel: notify.Webhook}
		err := scan(&to.Partner)
		out = append(out, to)
		return err
	}, `SELECT c.partenaire FROM crochet AS c WHERE EXISTS (SELECT 1 FROM envoi AS e
		WHERE e.canal = 'webhook' AND e.partenaire = c.partenaire AND e.sent_at IS NULL AND e.dead_at IS NULL AND e.due_at <= $1) ORDER BY c.partenaire`, now)
	return out, unavailable("store: receivers", err)
}

// firstWaits is what waits and is the first of its file.
const firstWaits = ` AND sent_at IS NULL AND dead_at IS NULL
	AND NOT EXISTS (SELECT 1 FROM envoi AS f WHERE f.file = e.file AND f.n < e.n AND f.sent_at IS NULL AND f.dead_at IS NULL)`

// Due are the messages to be sent to a receiver now, the oldest first: of each
// file only the first that waits, so that a receiver learns things in their
// order. Mail to a person who asks for none any more is given up. Errors:
// service_indisponible.
func (s *Store) Due(ctx context.Context, to notify.Receiver, limit int) (out []notify.Delivery, err error) {
	const columns = `SELECT id, canal, type, partenaire, sujet, contenu, essais, made_at FROM envoi AS e WHERE `
	query, args := columns+`canal = 'mail' AND due_at <= $1`+firstWaits+` ORDER BY n LIMIT $2`, []any{millis(s.clock()), limit}
	if to.Channel == notify.Webhook {
		query, args = columns+`canal = 'webhook' AND partenaire = $1 AND due_at <= $2`+firstWaits+` ORDER BY n LIMIT $3`, []any{to.Partner, millis(s.clock()), limit}
	}
	type row struct {
		d              notify.Delivery
		person, sealed []byte
	}
	var rows []row // read to the end first: what completes them wants a connection too
	err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
		var x row
		var made int64
		err := scan(&x.d.ID, &x.d.Channel, &x.d.Type, &x.d.Partner, &x.person, &x.sealed, &x.d.Attempts, &made)
		x.d.MadeAt = time.UnixMilli(made)
		rows = append(rows, x)
		return err
	}, query, args...)
	if err != nil {
		return nil, unavailable("store: due messages", err)
	}
	var gone []string
	for _, x := range rows {
		switch ok, err := s.address(ctx, &x.d, droits.Sujet(x.person), x.sealed); {
		case err != nil:
			return nil, unavailable("store: due messages", err)
		case ok:
			out = append(out, x.d)
		default:
			gone = append(gone, x.d.ID)
		}
	}
	for _, id := range gone {
		if err := s.end(ctx, id, "SANS_ADRESSE"); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// address completes a delivery with where it goes; false when it goes nowhere.
func (s *Store) address(ctx context.Context, d *notify.Delivery, person droits.Sujet, sealed []byte) (ok bool, err error) {
	if d.Channel == notify.Mail && notify.AboutKey(d.Type) {
		return s.letterAboutKey(ctx, d, sealed)
	}
	if d.Channel == notify.Mail && len(sealed) > 0 {
		return s.addressLetter(ctx, d, sealed)
	}
	if d.Channel == notify.Mail {
		pref, err := s.Settings(ctx, person)
		d.To = pref.Mail
		return err == nil && pref.Notify && pref.Mail != "", err
	}
	if d.URL, d.Secret, ok, err = s.webhook(ctx, d.Partner); err != nil || !ok {
		return false, err
	}
	d.Body, err = open(s.keys.outbox, placeEnvoi(d.ID), sealed)
	return err == nil, err
}

// Sent notes that a message has arrived. If that cannot be written, the message
// is sent again under the same identifier. Errors: service_indisponible.
func (s *Store) Sent(ctx context.Context, id string) error {
	return s.tidy(ctx, "store: message sent", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE envoi SET sent_at = $1, essais = essais + 1, dernier = 'RECU' WHERE id = $2`, millis(s.clock()), id)
		return err
	})
}

// Failed notes an attempt that failed, by its code, and when to try again; it
// gives the message up after notify.DeadAfter. Errors: service_indisponible.
func (s *Store) Failed(ctx context.Context, id, code string) error {
	return s.tidy(ctx, "store: message failed", func(tx *sql.Tx) error {
		var attempts int
		var since int64
		err := tx.QueryRowContext(ctx, `SELECT essais, since_at FROM envoi WHERE id = $1`, id).Scan(&attempts, &since)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		now := s.clock()
		due := now.Add(notify.Wait(attempts + 1))
		var dead any
		if due.Sub(time.UnixMilli(since)) > notify.DeadAfter {
			dead = millis(now)
		}
		_, err = tx.ExecContext(ctx, `UPDATE envoi SET essais = essais + 1, dernier = $1, due_at = $2, dead_at = $3 WHERE id = $4`, code, millis(due), dead, id)
		return err
	})
}

// end gives a message up.
func (s *Store) end(ctx context.Context, id, code string) error {
	return s.tidy(ctx, "store: message given up", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE envoi SET dernier = $1, dead_at = $2 WHERE id = $3`, code, millis(s.clock()), id)
		return err
	})
}

const outboxColumns = `id, canal, type, partenaire, sujet, contenu, made_at, due_at, essais, dernier, sent_at, dead_at`

// Outbox lists the last messages, newest first: addresses are masked, secrets
// left out. Errors: service_indisponible.
func (s *Store) Outbox(ctx context.Context, limit int) ([]notify.Line, error) {
	return s.outbox(ctx, `SELECT `+outboxColumns+` FROM envoi ORDER BY n DESC LIMIT $1`, limit)
}

func (s *Store) outbox(ctx context.Context, query string, args ...any) ([]notify.Line, error) {
	out := []notify.Line{}
	var people [][]byte         // of each line
	letters := map[int][]byte{} // to professionals, by line
	err := each(ctx, s.journal.reader, func(scan func(...any) error) error {
		var l notify.Line
		var person, sealed []byte
		var made, due int64
		var sent, dead sql.NullInt64
		if err := scan(&l.ID, &l.Channel, &l.Type, &l.Partner, &person, &sealed, &made, &due, &l.Attempts, &l.Last, &sent, &dead); err != nil {
			return err
		}
		l.MadeAt, l.SentAt, l.State = time.UnixMilli(made), fromMillis(sent), notify.Sent
		if !sent.Valid {
			l.DueAt, l.State = time.UnixMilli(due), notify.Waiting
		}
		if dead.Valid {
			l.DueAt, l.State = time.Time{}, notify.Dead
		}
		var err error
		switch {
		case l.Channel == notify.Webhook:
			var body []byte
			body, err = open(s.keys.outbox, placeEnvoi(l.ID), sealed)
			l.Text = string(body)
			person = nil
		case len(sealed) > 0:
			letters[len(out)], person = sealed, nil
		}
		out, people = append(out, l), append(people, person)
		return err
	}, query, args...)
	for i := range out {
		l := &out[i]
		if sealed, ok := letters[i]; ok && err == nil {
			show := s.showLetter
			if notify.AboutKey(l.Type) {
				show = s.showKeyLetter
			}
			err = show(ctx, l, sealed)
		}
		if err != nil || people[i] == nil {
			continue
		}
		var pref consent.Settings
		pref, err = s.Settings(ctx, droits.Sujet(people[i]))
		letter, _ := notify.LetterOf(l.Type, "…")
		l.To, l.Subject, l.Text = notify.MaskMail(pref.Mail), letter.Subject, letter.Text
	}
	return out, unavailable("store: outbox", err)
}

// TrimOutbox erases the messages that ended before an instant, and those that
// wait since before it for want of a mail server, and tells how many. Errors: service_indisponible.
func (s *Store) TrimOutbox(ctx context.Context, before time.Time) (n int64, err error) {
	err = s.tidy(ctx, "store: trim outbox", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM envoi WHERE sent_at < $1 OR dead_at < $2 OR canal = 'mail' AND made_at < $3`, millis(before), millis(before), millis(before))
		if err != nil {
			return err
		}
		n, err = r.RowsAffected()
		return err
	})
	return n, err
}

// errNoWebhook says that a partner has none.
func errNoWebhook(op string) error { return fault.New(fault.RessourceInconnue, op).On("webhook") }
