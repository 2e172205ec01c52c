package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"time"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/habilitation"
	"droits.example/droits/internal/notify"
	"droits.example/droits/internal/partner"
)

// letter is a mail to a professional, as it is sealed: to an account, or to the
// technical contact of a partner. The address is read when it leaves.
type letter struct {
	Account string `json:"compte,omitempty"`
	Partner string `json:"partenaire,omitempty"`
	notify.About
}

// post queues a letter to a professional in the transaction of what causes it.
func (s *Store) post(ctx context.Context, tx *sql.Tx, typ notify.Type, l letter) error {
	body, err := json.Marshal(l)
	if err != nil {
		return err
	}
	now := s.clock()
	return s.enqueue(actPen{ctx, tx, s.disk}, envoi{id: partner.NewID("env"), channel: notify.Mail, typ: typ, file: l.Account + l.Partner, body: body, at: now, dueAt: now})
}

// openLetter reads a letter and where it goes now: nowhere when the account has
// no role any more, or when the address is none that mail can reach.
func (s *Store) openLetter(ctx context.Context, id string, sealed []byte) (l letter, to string, err error) {
	plain, err := open(s.keys.outbox, placeEnvoi(id), sealed)
	if err == nil {
		err = json.Unmarshal(plain, &l)
	}
	if err != nil {
		return l, "", err
	}
	if l.Partner != "" {
		if to, err = s.contactOf(ctx, l.Partner); err != nil {
			return l, "", err
		}
	}
	if l.Account != "" {
		x, ok, err := s.oneAccount(ctx, s.journal.reader, `WHERE id = $1`, l.Account)
		if err != nil || !ok || x.Role == "" {
			return l, "", err
		}
		to = x.kept.Mail
	}
	if checked, err := notify.CheckMail(to); err == nil {
		return l, checked, nil
	}
	return l, "", nil
}

func (s *Store) addressLetter(ctx context.Context, d *notify.Delivery, sealed []byte) (ok bool, err error) {
	l, to, err := s.openLetter(ctx, d.ID, sealed)
	d.To, d.About = to, l.About
	return to != "", err
}

// showLetter completes a line of the outbox.
func (s *Store) showLetter(ctx context.Context, x *notify.Line, sealed []byte) error {
	l, to, err := s.openLetter(ctx, x.ID, sealed)
	text, _ := notify.Delivery{Type: x.Type, About: l.About}.Letter(notify.Places{Space: "…", Partners: "…"})
	x.To, x.Subject, x.Text = notify.MaskMail(to), text.Subject, text.Text
	return err
}

// lettersOf are the acts of agents of which the applicant hears.
var lettersOf = map[habilitation.Act]notify.Type{
	habilitation.RequestChanges: notify.MailDecided, habilitation.Approve: notify.MailDecided, habilitation.Refuse: notify.MailDecided, habilitation.Revoke: notify.MailDecided,
	habilitation.Write: notify.MailWritten,
}

// tellApplicant queues a letter to whoever acted last for the organisation.
func (s *Store) tellApplicant(ctx context.Context, tx *sql.Tx, r habilitation.Request, d habilitation.Doing) error {
	typ, ok := lettersOf[d.Act]
	if !ok || d.Role == habilitation.Demandeur {
		return nil
	}
	for _, e := range slices.Backward(r.Events) {
		if e.Role == habilitation.Demandeur && e.Author != "" {
			return s.post(ctx, tx, typ, letter{Account: e.Author, About: notify.About{Object: r.ID}})
		}
	}
	return nil
}

// tellMembers queues a letter to every member of an organisation whose role
// lets it engage it, or else to its technical contact.
func (s *Store) tellMembers(ctx context.Context, tx *sql.Tx, p party, typ notify.Type, about notify.About) error {
	var ids []string
	err := each(ctx, tx, func(scan func(...any) error) error {
		var id string
		var role account.Role
		err := scan(&id, &role)
		if role.May(account.Leave) {
			ids = append(ids, id)
		}
		return err
	}, `SELECT id, role FROM compte WHERE cote = 'membre' AND organisation = $1 AND organisation <> '' ORDER BY created_at, id`, p.siret)
	for _, id := range ids {
		if err == nil {
			err = s.post(ctx, tx, typ, letter{Account: id, About: about})
		}
	}
	if err != nil || len(ids) > 0 {
		return err
	}
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM contact WHERE partenaire = $1`, p.id).Scan(&n); err != nil || n == 0 {
		return err
	}
	return s.post(ctx, tx, typ, letter{Partner: p.id, About: about})
}

// tellWebhook queues an event to a partner that has a webhook.
func (s *Store) tellWebhook(ctx context.Context, tx *sql.Tx, e notify.Event) error {
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM crochet WHERE partenaire = $1`, e.Partner).Scan(&n); err != nil || n == 0 {
		return err
	}
	e.ID, e.At = partner.NewID("env"), s.clock().Truncate(time.Second)
	body, err := e.Body()
	if err != nil {
		return err
	}
	return s.enqueue(actPen{ctx, tx, s.disk}, envoi{id: e.ID, channel: notify.Webhook, typ: e.Type, partner: e.Partner, body: body, at: e.At, dueAt: e.At})
}
