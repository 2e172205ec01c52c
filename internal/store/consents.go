package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"

	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/nir"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// tokenMemory is how long a token's digest stays beside its consent.
const tokenMemory = 24 * time.Hour

func sharingObject(p droits.Sujet, partner string) trace.Object {
	return trace.Object(trace.ObjectSharing + "/" + hex.EncodeToString(p[:]) + "/" + partner)
}

func choiceObject(p droits.Sujet, partner string) trace.Object {
	return trace.Object(trace.ObjectChoice + "/" + hex.EncodeToString(p[:]) + "/" + partner)
}

func subjectObject(p droits.Sujet) trace.Object {
	return trace.Object(trace.ObjectSubject + "/" + hex.EncodeToString(p[:]))
}

// Guard is what a decision about a person rests on: the key, the convention,
// the person's restrictions and its standing with the partner.
func (s *Store) Guard(at trace.Generation, key partner.Key, partnerID string, people ...droits.Sujet) trace.Guard {
	return trace.Guard{At: at, Objects: func() []trace.Object {
		o := []trace.Object{KeyObject(key.ID), conventionObject(key.ConventionID)}
		for i, p := range people {
			o = append(o, subjectObject(p))
			if i == 0 {
				o = append(o, sharingObject(p, partnerID), choiceObject(p, partnerID))
			}
		}
		return o
	}}
}

func joinBlocs(list []droits.Bloc) string {
	parts := make([]string, len(list))
	for i, b := range list {
		parts[i] = string(b)
	}
	return strings.Join(parts, " ")
}

func splitBlocs(s string) (out []droits.Bloc) {
	for _, b := range strings.Fields(s) {
		out = append(out, droits.Bloc(b))
	}
	return out
}

// ForgetTokens erases the token digests older than a day and tells how many.
func (s *Store) ForgetTokens(ctx context.Context) (n int64, err error) {
	err = s.tidy(ctx, "store: forget tokens", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE consentement SET jeton = NULL WHERE jeton IS NOT NULL AND given_at < $1`, millis(s.clock().Add(-tokenMemory)))
		if err != nil {
			return err
		}
		n, err = r.RowsAffected()
		return err
	})
	s.tokens.forget(millis(s.clock().Add(-tokenLife)))
	return n, err
}

// Restrict limits the processing of a person's data (GDPR article 18), as a
// whole when bloc is empty. It returns the restriction's identifier.
func (s *Store) Restrict(ctx context.Context, r consent.Restriction) (string, error) {
	if r.Bloc != "" {
		if _, ok := r.Bloc.Info(); !ok {
			return "", fault.New(fault.ParametreInvalide, "store: restrict").On("bloc")
		}
	}
	known := false
	for _, g := range consent.Grounds() {
		known = known || g == r.Ground
	}
	if !known {
		return "", fault.New(fault.ParametreInvalide, "store: restrict").On("motif")
	}
	id := partner.NewID("lim")
	e := limitation("limitation_posee", id, s.TraceSubject(r.Subject))
	e.After = r.Ground
	if r.Bloc != "" {
		e.Blocks = []string{string(r.Bloc)}
	}
	return id, s.change(ctx, e, []trace.Object{subjectObject(r.Subject)}, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO restriction (id, sujet, bloc, motif, since_at, until_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			id, r.Subject[:], string(r.Bloc), r.Ground, millis(r.SinceAt), nullMillis(r.UntilAt))
		return err
	})
}

// limitation is the event of a restriction: a right of the person (GDPR article
// 18), which a hold of the operator for a court is not.
func limitation(operation, id string, subject trace.Digest) *trace.Event {
	return &trace.Event{Class: trace.RightsRequest, Operation: operation, Actor: trace.ActorOperator, Object: id, Subject: subject}
}

// Lift ends a restriction. Errors: ressource_inconnue.
func (s *Store) Lift(ctx context.Context, id string) error {
	var sujet []byte
	err := s.journal.reader.QueryRowContext(ctx, `SELECT sujet FROM restriction WHERE id = $1 AND lifted_at IS NULL`, id).Scan(&sujet)
	if errors.Is(err, sql.ErrNoRows) {
		return notFound("store: lift")
	}
	if err != nil {
		return unavailable("store: lift", err)
	}
	var p droits.Sujet
	copy(p[:], sujet)
	return s.change(ctx, limitation("limitation_levee", id, s.TraceSubject(p)), []trace.Object{subjectObject(p)}, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE restriction SET lifted_at = $1 WHERE id = $2`, millis(s.clock()), id)
		return err
	})
}

// RestrictionsInForce lists the restrictions that have not been lifted.
func (s *Store) RestrictionsInForce(ctx context.Context) (out []consent.RestrictionLine, err error) {
	err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
		var l consent.RestrictionLine
		var since, until sql.NullInt64
		err := scan(&l.ID, &l.Bloc, &l.Ground, &since, &until)
		l.SinceAt, l.UntilAt = fromMillis(since), fromMillis(until)
		out = append(out, l)
		return err
	}, `SELECT id, bloc, motif, since_at, until_at FROM restriction WHERE lifted_at IS NULL ORDER BY since_at, id`)
	return out, unavailable("store: restrictions", err)
}

// SubjectOf finds the person with that NIR in the visible population. Errors:
// ressource_inconnue.
func (s *Store) SubjectOf(ctx context.Context, n nir.NIR) (p droits.Sujet, err error) {
	pop := s.state.Load().population
	if pop.path == "" {
		return p, notFound("store: subject")
	}
	f, err := openReader(pop.path, pop.load)
	if err != nil {
		return p, unavailable("store: subject", err)
	}
	defer f.close()
	id, err := s.rowNumbered(f, pop.bits, n)
	if err != nil {
		return p, unavailable("store: subject", err)
	}
	if id == 0 {
		return p, notFound("store: subject")
	}
	err = f.each(`SELECT sujet FROM personne WHERE id = $1`, func(x *sqlite.Stmt) error {
		x.ColumnBytes(0, p[:])
		return ctx.Err()
	}, id)
	return p, unavailable("store: subject", err)
}

// rowNumbered finds a person by its own number, 0 when there is none.
func (s *Store) rowNumbered(f *building, b bits, n nir.NIR) (id int64, err error) {
	rows, err := b.probe(numberIndex).rows(f.conn, s.keys.numberDigest(n), nil)
	for _, r := range rows {
		if err != nil {
			return 0, err
		}
		err = f.each(`SELECT identite FROM personne WHERE id = $1`, func(x *sqlite.Stmt) error {
			var d docPersonne
			err := s.keys.openRow(placeIdentite, rowID{f.load, r}, column(x, 0), &d)
			if err == nil && d.NIR == digits13(n) {
				id = r
			}
			return err
		}, r)
	}
	return id, err
}

// ConsentCount is the number of consent records.
func (s *Store) ConsentCount(ctx context.Context) (n int, err error) {
	err = s.journal.reader.QueryRowContext(ctx, `SELECT COUNT(*) FROM consentement`).Scan(&n)
	return n, unavailable("store: count consents", err)
}
