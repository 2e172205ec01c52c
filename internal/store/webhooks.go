package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/notify"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

func placeWebhook(partnerID, column string) string {
	return "crochet|" + column + "|" + partnerID + "|" + keyVersion
}

// webhook is where a partner is told, and the secret that signs it.
func (s *Store) webhook(ctx context.Context, partnerID string) (url, secret string, ok bool, err error) {
	var a, b []byte
	err = s.journal.reader.QueryRowContext(ctx, `SELECT adresse, secret FROM crochet WHERE partenaire = $1`, partnerID).Scan(&a, &b)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", false, nil
	}
	if err == nil {
		a, err = open(s.keys.outbox, placeWebhook(partnerID, "adresse"), a)
	}
	if err == nil {
		b, err = open(s.keys.outbox, placeWebhook(partnerID, "secret"), b)
	}
	return string(a), string(b), err == nil, unavailable("store: webhook", err)
}

// SetWebhook says where a partner is told of what people decide, and under
// which secret; both are sealed, and take the place of former ones, for what
// waits too. Errors: parametre_invalide on url, ressource_inconnue (no such
// partner).
func (s *Store) SetWebhook(ctx context.Context, partnerID, url, secret string, env partner.Environment) error {
	if err := notify.CheckURL(url, env == partner.Sandbox); err != nil {
		return err
	}
	e := &trace.Event{Class: trace.KeyEvent, Operation: "crochet_defini", Actor: trace.ActorOperator, Partner: partnerID}
	return s.act(ctx, "store: set webhook", e, func(tx *sql.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM partenaire WHERE id = $1`, partnerID).Scan(&n); err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.RessourceInconnue, "store: set webhook").On("partner")
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO crochet (partenaire, adresse, secret, created_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (partenaire) DO UPDATE SET adresse = excluded.adresse, secret = excluded.secret, created_at = excluded.created_at`,
			partnerID, seal(s.keys.outbox, placeWebhook(partnerID, "adresse"), []byte(url)), seal(s.keys.outbox, placeWebhook(partnerID, "secret"), []byte(secret)), millis(s.clock()))
		return err
	})
}

// RemoveWebhook forgets where a partner is told; what waits is given up.
// Errors: ressource_inconnue.
func (s *Store) RemoveWebhook(ctx context.Context, partnerID string) error {
	e := &trace.Event{Class: trace.KeyEvent, Operation: "crochet_retire", Actor: trace.ActorOperator, Partner: partnerID}
	return s.act(ctx, "store: remove webhook", e, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM crochet WHERE partenaire = $1`, partnerID)
		if err != nil {
			return err
		}
		if n, _ := r.RowsAffected(); n == 0 {
			return errNoWebhook("store: remove webhook")
		}
		_, err = tx.ExecContext(ctx, `UPDATE envoi SET dead_at = $1, dernier = 'SANS_ADRESSE' WHERE partenaire = $2 AND canal = 'webhook' AND sent_at IS NULL AND dead_at IS NULL`, millis(s.clock()), partnerID)
		return err
	})
}

// Webhook tells where a partner is told and the last messages. Errors:
// ressource_inconnue, service_indisponible.
func (s *Store) Webhook(ctx context.Context, partnerID string) (t notify.Target, err error) {
	url, _, ok, err := s.webhook(ctx, partnerID)
	if err != nil {
		return t, err
	}
	if !ok {
		return t, errNoWebhook("store: webhook")
	}
	var created int64
	err = s.journal.reader.QueryRowContext(ctx, `SELECT created_at, (SELECT COUNT(*) FROM envoi WHERE partenaire = $1 AND canal = 'webhook' AND sent_at IS NULL AND dead_at IS NULL),
		(SELECT COUNT(*) FROM envoi WHERE partenaire = $2 AND canal = 'webhook' AND dead_at IS NOT NULL) FROM crochet WHERE partenaire = $3`, partnerID, partnerID, partnerID).Scan(&created, &t.Waiting, &t.Dead)
	if err != nil {
		return t, unavailable("store: webhook", err)
	}
	t.Partner, t.URL, t.CreatedAt = partnerID, url, time.UnixMilli(created)
	t.Lines, err = s.outbox(ctx, `SELECT `+outboxColumns+` FROM envoi WHERE partenaire = $1 AND canal = 'webhook' ORDER BY n DESC LIMIT 20`, partnerID)
	return t, err
}

// TestWebhook queues a message that says nothing, and returns its identifier.
// Errors: ressource_inconnue.
func (s *Store) TestWebhook(ctx context.Context, partnerID string) (id string, err error) {
	e := &trace.Event{Class: trace.AgentAction, Operation: "crochet_essaye", Actor: trace.ActorOperator, Partner: partnerID}
	id = partner.NewID("env")
	return id, s.act(ctx, "store: test webhook", e, func(tx *sql.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM crochet WHERE partenaire = $1`, partnerID).Scan(&n); err != nil {
			return err
		}
		if n == 0 {
			return errNoWebhook("store: test webhook")
		}
		now := s.clock()
		body, err := notify.Event{ID: id, Type: notify.Test, At: now, Partner: partnerID}.Body()
		if err != nil {
			return err
		}
		return s.enqueue(actPen{ctx, tx, s.disk}, envoi{id: id, channel: notify.Webhook, typ: notify.Test, partner: partnerID, person: droits.Sujet{}, body: body, at: now, dueAt: now})
	})
}

// ReplayWebhook sends again what was given up, or one message whatever became
// of it, under the same identifiers; it tells how many. Errors:
// ressource_inconnue.
func (s *Store) ReplayWebhook(ctx context.Context, partnerID, id string) (n int64, err error) {
	e := &trace.Event{Class: trace.AgentAction, Operation: "crochet_rejoue", Actor: trace.ActorOperator, Partner: partnerID, Object: id}
	err = s.act(ctx, "store: replay webhook", e, func(tx *sql.Tx) error {
		now := millis(s.clock())
		var r sql.Result
		var err error
		if id == "" {
			r, err = tx.ExecContext(ctx, `UPDATE envoi SET due_at = $1, since_at = $2, dead_at = NULL, essais = 0 WHERE partenaire = $3 AND canal = 'webhook' AND dead_at IS NOT NULL`, now, now, partnerID)
		} else {
			r, err = tx.ExecContext(ctx, `UPDATE envoi SET due_at = $1, since_at = $2, sent_at = NULL, dead_at = NULL, essais = 0 WHERE partenaire = $3 AND canal = 'webhook' AND id = $4`, now, now, partnerID, id)
		}
		if err != nil {
			return err
		}
		if n, err = r.RowsAffected(); err == nil && n == 0 && id != "" {
			return fault.New(fault.RessourceInconnue, "store: replay webhook").On("delivery")
		}
		return err
	})
	return n, err
}
