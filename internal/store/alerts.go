package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/notify"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// errRaised says that an alarm was raised today.
var errRaised = errors.New("store: the alarm was raised")

// Raise keeps an alarm about a key, once a day and kind, tells its partner and
// the operator of it, and suspends the key where the case is clear: it serves
// nothing from this instant on, whatever applications serve from the store. The
// requests are identifiers of that key's own calls (R47). raised is false when
// it was raised today already. Errors: ressource_inconnue, service_indisponible.
func (s *Store) Raise(ctx context.Context, id string, a partner.Alarm, requests []string) (raised bool, err error) {
	now := s.clock()
	e := &trace.Event{Class: trace.KeyEvent, Operation: "alerte_" + string(a), Actor: trace.ActorSystem, Object: id}
	do := func(tx *sql.Tx) (err error) {
		if e.Convention, e.Partner, err = partnerOfKey(ctx, tx, id); err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, `INSERT INTO alerte (id, cle, partenaire, genre, jour, requetes, suspendue, made_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (cle, genre, jour) DO UPDATE SET requetes = excluded.requetes, made_at = excluded.made_at WHERE excluded.suspendue = 1`,
			partner.NewID("ale"), id, e.Partner, string(a), civil.On(now).String(), strings.Join(requests, " "), a.Suspends(), millis(now))
		if err != nil {
			return err
		}
		if n, _ := r.RowsAffected(); n == 0 {
			return errRaised
		}
		typ := notify.UsageUnusual
		if a.Suspends() {
			typ, e.After = notify.KeySuspended, "suspendue"
			if r, err = tx.ExecContext(ctx, `UPDATE cle_api SET suspended_at = $1, suspendue_pour = $2 WHERE id = $3 AND suspended_at IS NULL`, millis(now), string(a), id); err != nil {
				return err
			}
			if n, _ := r.RowsAffected(); n == 0 {
				return errRaised // by another call at the same time
			}
		}
		return s.tellOfKey(ctx, tx, id, notify.Event{Type: typ, At: now, Partner: e.Partner, Reason: string(a), Requests: requests}, string(a)+"|"+now.String())
	}
	if a.Suspends() {
		err = s.change(ctx, e, []trace.Object{KeyObject(id)}, do)
		s.watch.Settle(id)
	} else {
		err = s.act(ctx, "store: raise an alarm", e, do)
	}
	if errors.Is(err, errRaised) {
		return false, nil
	}
	return err == nil, err
}

// ResumeKey ends the suspension of a key; one that its partner has revoked
// meanwhile stays so, and may have a successor again. Errors: ressource_inconnue
// (also when it is not suspended).
func (s *Store) ResumeKey(ctx context.Context, id string) error {
	e := &trace.Event{Class: trace.KeyEvent, Operation: "cle_reprise", Actor: trace.ActorOperator, Object: id, Before: "suspendue"}
	err := s.change(ctx, e, []trace.Object{KeyObject(id)}, func(tx *sql.Tx) (err error) {
		var revoked bool
		if err := tx.QueryRowContext(ctx, `SELECT revoked_at IS NOT NULL FROM cle_api WHERE id = $1`, id).Scan(&revoked); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if e.Convention, e.Partner, err = ownerOfKey(ctx, tx, id); err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, `UPDATE cle_api SET suspended_at = NULL, suspendue_pour = '' WHERE id = $1 AND suspended_at IS NOT NULL`, id)
		if err != nil {
			return err
		}
		if n, _ := r.RowsAffected(); n == 0 {
			return fault.New(fault.RessourceInconnue, "store: resume key").On("suspended key")
		}
		if revoked {
			return nil // nothing is served again: nobody is told so
		}
		now := s.clock()
		return s.tellOfKey(ctx, tx, id, notify.Event{Type: notify.KeyResumed, At: now, Partner: e.Partner}, now.String())
	})
	if err == nil && !s.rehearse {
		s.watch.Settle(id)
	}
	return err
}

// SuspendKey suspends a key by hand. Errors: ressource_inconnue (also when it
// is suspended already).
func (s *Store) SuspendKey(ctx context.Context, id string) error {
	e := &trace.Event{Class: trace.KeyEvent, Operation: "cle_suspendue", Actor: trace.ActorOperator, Object: id, After: "suspendue"}
	return s.change(ctx, e, []trace.Object{KeyObject(id)}, func(tx *sql.Tx) (err error) {
		if e.Convention, e.Partner, err = partnerOfKey(ctx, tx, id); err != nil {
			return err
		}
		now := s.clock()
		r, err := tx.ExecContext(ctx, `UPDATE cle_api SET suspended_at = $1, suspendue_pour = 'exploitant' WHERE id = $2 AND suspended_at IS NULL`, millis(now), id)
		if err != nil {
			return err
		}
		if n, _ := r.RowsAffected(); n == 0 {
			return notFound("store: suspend key")
		}
		return s.tellOfKey(ctx, tx, id, notify.Event{Type: notify.KeySuspended, At: now, Partner: e.Partner, Reason: "exploitant"}, now.String())
	})
}

// Alerts lists the last alarms, newest first: of one partner, or of all when it
// is "". Errors: service_indisponible.
func (s *Store) Alerts(ctx context.Context, partnerID string, limit int) (out []partner.Alert, err error) {
	out = []partner.Alert{}
	err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
		var a partner.Alert
		var requests string
		var made int64
		err := scan(&a.ID, &a.Key, &a.Partner, &a.Alarm, &requests, &a.Suspended, &made)
		a.Requests, a.At = strings.Fields(requests), time.UnixMilli(made)
		out = append(out, a)
		return err
	}, `SELECT id, cle, partenaire, genre, requetes, suspendue, made_at FROM alerte WHERE $1 = '' OR partenaire = $1 ORDER BY made_at DESC, id LIMIT $2`, partnerID, limit)
	return out, unavailable("store: alerts", err)
}
