package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// Leave takes the notice of a partner that leaves, received on a day that is
// not to come: its convention in force serves until the end of the fifteenth
// day that follows, Paris. Errors: ressource_inconnue, parametre_invalide on
// received for a day to come or one from which the notice is over, on state
// when nothing is in force or when it is left already.
func (s *Store) Leave(ctx context.Context, id string, received civil.Date) (last civil.Date, err error) {
	return s.leave(ctx, id, received, nil)
}

// LeaveByLetter takes the notice that a registered letter gives, with its scan,
// a PDF whose content whoever calls has checked. Errors: those of Leave.
func (s *Store) LeaveByLetter(ctx context.Context, id string, received civil.Date, scan []byte) (last civil.Date, err error) {
	return s.leave(ctx, id, received, scan)
}

func placeLetter(id string) string { return "lettre|contenu|" + id }

// LeavingLetter is the scan of the letter by which a convention was left, and
// when it was received. Errors: ressource_inconnue, service_indisponible.
func (s *Store) LeavingLetter(ctx context.Context, id string) (scan []byte, received civil.Date, err error) {
	var sealed []byte
	var on string
	err = s.journal.reader.QueryRowContext(ctx, `SELECT contenu, recue_on FROM lettre WHERE convention = $1`, id).Scan(&sealed, &on)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, received, notFound("store: letter")
	}
	if err == nil {
		scan, err = open(s.keys.rows, placeLetter(id), sealed)
	}
	if err == nil {
		received, err = civil.Parse(on)
	}
	return scan, received, unavailable("store: letter", err)
}

func (s *Store) leave(ctx context.Context, id string, received civil.Date, scan []byte) (last civil.Date, err error) {
	today := civil.On(s.clock())
	last = convention.LeavesOn(received)
	e := &trace.Event{Class: trace.ConventionEvent, Operation: "convention_quittee", Actor: trace.ActorPartner, After: string(convention.Notice)}
	return last, s.change(ctx, e, nil, func(tx *sql.Tx) error {
		refused := fault.New(fault.ParametreInvalide, "store: leave")
		if received > today || last < today {
			return refused.On("received")
		}
		all, err := versions(ctx, tx, id)
		if err != nil {
			return err
		}
		v, ok := target(all, convention.Notice)
		switch {
		case !ok:
			return notFound("store: leave")
		case v.state != convention.Active && v.state != convention.Suspended, !v.last.IsZero():
			return refused.On("state") // the first notice holds: a second one would put its last day off
		}
		e.Convention, e.Before, e.Partner = id+"/"+strconv.Itoa(v.number), string(v.state), v.partner
		next := convention.Notice
		if v.state == convention.Suspended {
			next = convention.Suspended // it stays so, and ends on that day all the same
		}
		if _, err := tx.ExecContext(ctx, `UPDATE convention SET etat = $1, dernier_on = $2, changed_at = $3 WHERE id = $4 AND version = $5`, string(next), last.String(), millis(s.clock()), id, v.number); err != nil {
			return err
		}
		if scan != nil {
			if _, err := tx.ExecContext(ctx, `INSERT INTO lettre (convention, recue_on, contenu, created_at) VALUES ($1, $2, $3, $4)
				ON CONFLICT (convention) DO UPDATE SET recue_on = excluded.recue_on, contenu = excluded.contenu, created_at = excluded.created_at`,
				id, received.String(), seal(s.keys.rows, placeLetter(id), scan), millis(s.clock())); err != nil {
				return err
			}
		}
		return changed(ctx, tx, conventionObject(id))
	})
}

// EndConventions ends what has had its last day, of its notice or of its own
// dates, and tells how many ended. Until then a convention whose last day is
// over serves nothing already. Errors: service_indisponible.
func (s *Store) EndConventions(ctx context.Context) (n int, err error) {
	today := civil.On(s.clock())
	all, err := s.Conventions(ctx)
	if err != nil {
		return 0, err
	}
	var due []string
	for _, c := range all {
		over := today > c.Document.Until || !c.LastOn.IsZero() && today > c.LastOn
		if !c.Altered && over && (version{state: c.State}).inForce() {
			due = append(due, c.Document.ID+"@"+strconv.Itoa(c.Document.Version))
		}
	}
	for _, id := range due {
		if e := s.SetConventionState(ctx, id, convention.Ended); e != nil {
			err = errors.Join(err, e) // the others end all the same
			continue
		}
		n++
	}
	return n, err
}

// endConvention ends what lives by a convention: its keys, and, of a partner
// that has no other in force, its webhook.
func (s *Store) endConvention(ctx context.Context, tx *sql.Tx, id, partnerID string) error {
	objects := []trace.Object{conventionObject(id)}
	err := each(ctx, tx, func(scan func(...any) error) error {
		var key string
		err := scan(&key)
		objects = append(objects, KeyObject(key))
		return err
	}, `SELECT id FROM cle_api WHERE convention = $1 AND revoked_at IS NULL`, id)
	if err != nil {
		return err
	}
	now := millis(s.clock())
	if _, err := tx.ExecContext(ctx, `UPDATE cle_api SET revoked_at = $1 WHERE convention = $2 AND revoked_at IS NULL`, now, id); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE delegation SET ended_at = $1, ended_by = $2 WHERE convention = $3 AND ended_at IS NULL`, now, string(partner.ByOperator), id); err != nil {
		return err
	}
	var others int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM convention WHERE partenaire = $1 AND etat IN `+inForce, partnerID).Scan(&others); err != nil {
		return err
	}
	if others == 0 {
		if _, err := tx.ExecContext(ctx, `DELETE FROM crochet WHERE partenaire = $1`, partnerID); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE envoi SET dead_at = $1, dernier = 'SANS_ADRESSE' WHERE partenaire = $2 AND canal = 'webhook' AND sent_at IS NULL AND dead_at IS NULL`, now, partnerID); err != nil {
			return err
		}
	}
	return changed(ctx, tx, objects...)
}
