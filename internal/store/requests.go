package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/habilitation"
	"droits.example/droits/internal/trace"
)

const placeRequest = "demande|contenu|"

// OpenRequest begins a request of an organisation, as a draft; it gets the next
// number of the year. The form that opened one already opens no other: it gives
// that one back. Errors: acte_impossible (habilitation.TooManyDrafts),
// service_indisponible.
func (s *Store) OpenRequest(ctx context.Context, by habilitation.Doing) (r habilitation.Request, err error) {
	now := s.clock()
	r = habilitation.Request{State: habilitation.Draft}
	if by.Form != nil {
		r.Form = *by.Form
	}
	r.Organisation = r.Form.Organisation.SIRET
	r.Events = []habilitation.Event{{At: now, Act: habilitation.Create, Role: by.Role, Author: by.Author, To: habilitation.Draft}}
	e := trace.Event{Class: trace.ConventionEvent, Operation: "demande_ouverte", Actor: actorOf(by.Role), Author: by.Author, After: string(r.State)}
	var known string
	err = s.act(ctx, "store: open request", &e, func(tx *sql.Tx) error {
		if known, err = formSent(ctx, tx, by); err != nil || known != "" {
			return errors.Join(err, errSentAlready)
		}
		if err := draftsLeft(ctx, tx, r.Organisation); err != nil {
			return err
		}
		year := strconv.Itoa(civil.On(now).Year())
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM demande WHERE id LIKE $1`, "D-"+year+"-%").Scan(&n); err != nil {
			return err
		}
		r.ID = fmt.Sprintf("D-%s-%04d", year, n+1)
		e.Object = r.ID
		if err := noteForm(ctx, tx, by, r.ID, millis(now)); err != nil {
			return err
		}
		sealed, err := s.sealRequest(&r)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO demande (id, organisation, etat, reouverte, version, contenu, created_at, changed_at) VALUES ($1, $2, $3, 0, 1, $4, $5, $6)`,
			r.ID, r.Organisation, string(r.State), sealed, millis(now), millis(now))
		return err
	})
	if known != "" {
		return s.Request(ctx, known)
	}
	return r, err
}

// draftsLeft refuses one draft more to an organisation that has begun too many.
func draftsLeft(ctx context.Context, tx *sql.Tx, organisation string) error {
	var n int
	err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM demande WHERE organisation = $1 AND organisation <> '' AND etat = 'draft'`, organisation).Scan(&n)
	if err == nil && n >= habilitation.MaxDrafts {
		return fault.New(fault.ActeImpossible, "store: open request").Because(habilitation.TooManyDrafts)
	}
	return err
}

// errSentAlready undoes the transaction of a form that was sent before.
var errSentAlready = errors.New("store: this form was sent already")

// formSent finds the request to which somebody sent a form, "" when it was not.
func formSent(ctx context.Context, tx *sql.Tx, d habilitation.Doing) (id string, err error) {
	if d.Once == "" {
		return "", nil
	}
	err = tx.QueryRowContext(ctx, `SELECT demande FROM envoi_unique WHERE jeton = $1`, d.Author+"/"+d.Once).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return id, err
}

// noteForm keeps that a form was sent, and forgets those of long ago.
func noteForm(ctx context.Context, tx *sql.Tx, d habilitation.Doing, id string, now int64) error {
	if d.Once == "" {
		return nil
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM envoi_unique WHERE at < $1`, now-formsKept.Milliseconds()); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO envoi_unique (jeton, demande, at) VALUES ($1, $2, $3)`, d.Author+"/"+d.Once, id, now)
	return err
}

// formsKept is how long a form is recognised: longer than a session lasts.
const formsKept = 7 * 24 * time.Hour

// ActOnRequest does an act on a request, in one transaction: of two that meet,
// the second sees what the first did. A form that was sent before does nothing
// again. What is submitted accepts the terms of use that hold that day. Errors:
// ressource_inconnue, and those of habilitation.Request.Do.
func (s *Store) ActOnRequest(ctx context.Context, id string, d habilitation.Doing) (next habilitation.Request, err error) {
	d.At = s.clock()
	e := trace.Event{Class: trace.ConventionEvent, Operation: "demande_" + string(d.Act), Actor: actorOf(d.Role), Author: d.Author, Object: id}
	var known string
	run := func(do func(*sql.Tx) error) error { return s.act(ctx, "store: act on request", &e, do) }
	if d.Act == habilitation.Revoke {
		run = func(do func(*sql.Tx) error) error { return s.change(ctx, &e, nil, do) } // its conventions end with it
	}
	err = run(func(tx *sql.Tx) error {
		if known, err = formSent(ctx, tx, d); err != nil || known != "" {
			return errors.Join(err, errSentAlready)
		}
		if err := noteForm(ctx, tx, d, id, millis(d.At)); err != nil {
			return err
		}
		next, err = s.actIn(ctx, tx, &e, d)
		return err
	})
	switch {
	case known != "":
		return s.Request(ctx, known)
	case err != nil:
		return habilitation.Request{}, err
	}
	return next, nil
}

// actIn does an act on the request that an event names, inside its transaction.
func (s *Store) actIn(ctx context.Context, tx *sql.Tx, e *trace.Event, d habilitation.Doing) (next habilitation.Request, err error) {
	r, version, err := s.readRequest(ctx, tx, e.Object)
	if err != nil {
		return next, err
	}
	d.Pair = slices.Contains(s.pair, d.Act)
	if next, err = r.Do(d); err != nil {
		return next, err
	}
	done := next.Events[len(next.Events)-1].Act
	e.Operation = "demande_" + string(done)
	if next.State == habilitation.Revoked && r.State != habilitation.Revoked {
		if err := s.endGranted(ctx, tx, e); err != nil {
			return next, err
		}
	}
	if d.Act == habilitation.Submit {
		if err := termsAccepted(ctx, tx, r.Form, civil.On(d.At)); err != nil {
			return next, err
		}
	}
	if next.Organisation == "" { // once it is there it stays: it says who may read the request
		next.Organisation = next.Form.Organisation.SIRET
	}
	e.Before, e.After = string(r.State), string(next.State)
	if done == d.Act { // a proposal is between agents
		if err := s.tellApplicant(ctx, tx, next, d); err != nil {
			return next, err
		}
	}
	sealed, err := s.sealRequest(&next)
	if err != nil {
		return next, err
	}
	submitted := sql.NullInt64{Int64: millis(d.At), Valid: done == habilitation.Submit}
	first, answered := next.Answered()
	_, err = tx.ExecContext(ctx, `UPDATE demande SET organisation = $1, etat = $2, reouverte = $3, version = $4, contenu = $5, submitted_at = COALESCE($6, submitted_at), changed_at = $7, first_submitted_at = $8, first_answered_at = $9, granted = $10 WHERE id = $11`,
		next.Organisation, string(next.State), flagOf(next.Reopening()), version+1, sealed, submitted, millis(d.At), orNull(first), orNull(answered), len(next.Grants), e.Object)
	return next, err
}

func flagOf(b bool) int {
	if b {
		return 1
	}
	return 0
}

// actorOf is how the log names whoever has a role.
func actorOf(r habilitation.Role) trace.Actor {
	switch r {
	case habilitation.Demandeur, habilitation.Lecteur:
		return trace.ActorPartner
	case habilitation.Systeme:
		return trace.ActorSystem
	}
	return trace.ActorOperator
}

func (s *Store) sealRequest(r *habilitation.Request) ([]byte, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fault.Wrap(fault.ErreurInterne, "store: encode request", err)
	}
	return seal(s.keys.rows, placeRequest+r.ID, b), nil
}

// readRequest reads a request inside a transaction, or outside one.
func (s *Store) readRequest(ctx context.Context, q interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}, id string) (r habilitation.Request, version int, err error) {
	var sealed []byte
	err = q.QueryRowContext(ctx, `SELECT contenu, version FROM demande WHERE id = $1`, id).Scan(&sealed, &version)
	if errors.Is(err, sql.ErrNoRows) {
		return r, 0, notFound("store: request")
	}
	if err != nil {
		return r, 0, err
	}
	plain, err := open(s.keys.rows, placeRequest+id, sealed)
	if err == nil {
		err = json.Unmarshal(plain, &r)
	}
	return r, version, err
}

// Request reads a request. Errors: ressource_inconnue, service_indisponible.
func (s *Store) Request(ctx context.Context, id string) (habilitation.Request, error) {
	r, _, err := s.readRequest(ctx, s.journal.reader, id)
	return r, unavailable("store: request", err)
}
