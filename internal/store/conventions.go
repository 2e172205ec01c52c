package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/habilitation"
	"droits.example/droits/internal/trace"
)

// inForce lists the states of the one version of a convention that counts; its
// drafts wait, and what has ended is history.
const inForce = `('active', 'suspended', 'notice')`

// PutConvention adds a version of a convention. Its partner must exist and be
// of the document's kind, and it must bind a known version of the information
// notice; a version is written once. Errors:
// parametre_invalide, ressource_inconnue (no such partner). A draft changes
// nothing for the calls that run.
func (s *Store) PutConvention(ctx context.Context, c convention.Convention) error {
	d := c.Document
	if err := d.CheckNotice(); err != nil {
		return err
	}
	e := &trace.Event{Class: trace.ConventionEvent, Operation: "convention_ajoutee", Actor: trace.ActorOperator, Partner: d.Parties.Partner, Purpose: d.Purpose, Convention: d.ID + "/" + strconv.Itoa(d.Version), After: string(c.State)}
	return s.change(ctx, e, nil, func(tx *sql.Tx) error { return s.putConvention(ctx, tx, c) })
}

// putConvention is PutConvention inside a transaction.
func (s *Store) putConvention(ctx context.Context, tx *sql.Tx, c convention.Convention) error {
	d := c.Document
	var kind string
	switch err := tx.QueryRowContext(ctx, `SELECT categorie FROM partenaire WHERE id = $1`, d.Parties.Partner).Scan(&kind); {
	case errors.Is(err, sql.ErrNoRows):
		return notFound("store: partner of a convention")
	case err != nil:
		return err
	case kind != string(d.Kind):
		return fault.New(fault.ParametreInvalide, "store: put convention").On("kind")
	}
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM convention WHERE id = $1 AND version >= $2`, d.ID, d.Version).Scan(&n); err != nil {
		return err
	}
	if n > 0 {
		return fault.New(fault.ParametreInvalide, "store: put convention").On("version")
	}
	signatures, err := json.Marshal(c.Signatures)
	if err != nil {
		return err
	}
	now := millis(s.clock())
	_, err = tx.ExecContext(ctx, `INSERT INTO convention (id, version, partenaire, etat, document, empreinte, signatures, created_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		d.ID, d.Version, d.Parties.Partner, string(c.State), string(c.Canonical), c.Digest, string(signatures), now, now)
	if err != nil || c.State == convention.Draft {
		return err
	}
	return changed(ctx, tx, conventionObject(d.ID))
}

// version is one version of a convention, as much as a move needs.
type version struct {
	number  int
	state   convention.State
	partner string
	last    civil.Date // of its notice, zero when there is none
}

func (v version) inForce() bool {
	return v.state == convention.Active || v.state == convention.Suspended || v.state == convention.Notice
}

// SetConventionState moves one version of a convention: the one named by
// ID@VERSION; else, for active, the newest draft, and for any other state the
// version in force; else the newest. A draft that becomes active ends the
// version in force in the same transaction; a draft that is dropped (ended)
// changes nothing for the calls that run. Errors: ressource_inconnue,
// parametre_invalide on state for an illegal move, on version for a draft older
// than the version in force, acte_impossible with the reason GrantReplaced or
// TwoAgents.
func (s *Store) SetConventionState(ctx context.Context, id string, next convention.State) error {
	id, number, named := strings.Cut(id, "@")
	e := &trace.Event{Class: trace.ConventionEvent, Operation: "convention_deplacee", Actor: trace.ActorOperator, After: string(next)}
	return s.change(ctx, e, nil, func(tx *sql.Tx) error {
		all, err := versions(ctx, tx, id)
		if err != nil {
			return err
		}
		v, ok := target(all, next)
		if named {
			v, ok = numbered(all, number)
		}
		e.Convention, e.Before, e.Partner = id+"/"+strconv.Itoa(v.number), string(v.state), v.partner
		refused := fault.New(fault.ParametreInvalide, "store: move convention")
		switch {
		case !ok:
			return notFound("store: move convention")
		case !v.state.CanBecome(next):
			return refused.On("state")
		case v.state == convention.Draft && next == convention.Ended:
			_, err := tx.ExecContext(ctx, `UPDATE convention SET etat = 'ended', changed_at = $1 WHERE id = $2 AND version = $3`, millis(s.clock()), id, v.number)
			return err
		}
		for _, x := range all {
			if x.inForce() && x.number > v.number {
				return refused.On("version").Because("VERSION_OLDER")
			}
		}
		last := v.last
		switch {
		case next == convention.Notice && last.IsZero():
			last = convention.LeavesOn(civil.On(s.clock()))
		case next == convention.Active:
			if last, err = s.enters(ctx, tx, id, v, all); err != nil {
				return err
			}
		case next == convention.Ended:
			if err := s.endedByOne(ctx, tx, id); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `UPDATE convention SET etat = 'ended', changed_at = $1 WHERE id = $2 AND version < $3 AND etat IN `+inForce, millis(s.clock()), id, v.number); err != nil {
			return err
		}
		if _, err = tx.ExecContext(ctx, `UPDATE convention SET etat = $1, changed_at = $2, dernier_on = $3 WHERE id = $4 AND version = $5`, string(next), millis(s.clock()), sql.NullString{String: last.String(), Valid: !last.IsZero()}, id, v.number); err != nil {
			return err
		}
		if next == convention.Ended {
			return s.endConvention(ctx, tx, id, v.partner)
		}
		return changed(ctx, tx, conventionObject(id))
	})
}

// GrantReplaced is the reason of acte_impossible for a version that was prepared
// from a grant that has ended, or that a later one has replaced.
const GrantReplaced = "GRANT_REPLACED"

// enters checks a version that comes into force, and tells the last day that it
// keeps: the notice that a partner gave after it signed this version holds for
// it too.
func (s *Store) enters(ctx context.Context, tx *sql.Tx, id string, v version, all []version) (last civil.Date, err error) {
	if err := signedInForce(ctx, tx, id, v.number); err != nil || v.state != convention.Draft {
		return v.last, err
	}
	if err := s.grantHolds(ctx, tx, id, v.number); err != nil {
		return last, err
	}
	for _, x := range all {
		if !x.inForce() || x.last.IsZero() {
			continue
		}
		c, err := conventionIn(ctx, tx, id, v.number)
		if err != nil {
			return last, err
		}
		received := x.last.AddDays(-convention.NoticeDays)
		since := slices.ContainsFunc(c.Signatures, func(y convention.Signature) bool {
			return y.Party == convention.Partner && civil.On(y.At) > received
		})
		if !since {
			return x.last, nil
		}
	}
	return last, nil
}

// grantHolds refuses a version that was prepared from a grant that does not hold
// any more.
func (s *Store) grantHolds(ctx context.Context, tx *sql.Tx, id string, number int) error {
	request, grant, err := preparedFrom(ctx, tx, id, number)
	if err != nil || request == "" {
		return err
	}
	r, _, err := s.readRequest(ctx, tx, request)
	if err != nil {
		return err
	}
	if live := r.Live(); live == nil || live.Version != grant {
		return fault.New(fault.ActeImpossible, "store: move convention").Because(GrantReplaced)
	}
	return nil
}

// preparedFrom is the request and the grant that a version came from, "" when it
// came from none.
func preparedFrom(ctx context.Context, tx *sql.Tx, id string, number int) (request string, grant int, err error) {
	err = tx.QueryRowContext(ctx, `SELECT demande, octroi FROM convention_preparee WHERE convention = $1 AND version = $2`, id, number).Scan(&request, &grant)
	if errors.Is(err, sql.ErrNoRows) {
		return "", 0, nil
	}
	return request, grant, err
}

// TwoAgents is the reason of acte_impossible for an agent who would end alone
// what takes two agents to revoke.
const TwoAgents = "TWO_AGENTS"

// endedByOne refuses that one agent ends a convention whose grant takes two to
// revoke: it is proposed on its request. One agent may suspend it meanwhile.
func (s *Store) endedByOne(ctx context.Context, tx *sql.Tx, id string) error {
	if s.by.Author == "" || s.by.Actor != trace.ActorOperator || !slices.Contains(s.pair, habilitation.Revoke) {
		return nil
	}
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM convention_preparee WHERE convention = $1`, id).Scan(&n); err != nil || n == 0 {
		return err
	}
	return fault.New(fault.ActeImpossible, "store: move convention").Because(TwoAgents)
}

// versions lists those of a convention, newest first.
func versions(ctx context.Context, tx *sql.Tx, id string) (out []version, err error) {
	err = each(ctx, tx, func(scan func(...any) error) error {
		var v version
		var last sql.NullString
		err := scan(&v.number, &v.state, &v.partner, &last)
		if err == nil && last.Valid {
			v.last, err = civil.Parse(last.String)
		}
		out = append(out, v)
		return err
	}, `SELECT version, etat, partenaire, dernier_on FROM convention WHERE id = $1 ORDER BY version DESC`, id)
	return out, err
}

// target chooses the version that a move without a version means.
func target(all []version, next convention.State) (version, bool) {
	if next == convention.Active {
		for _, v := range all {
			if v.state == convention.Draft {
				return v, true
			}
		}
	}
	for _, v := range all {
		if v.inForce() {
			return v, true
		}
	}
	if len(all) == 0 {
		return version{}, false
	}
	return all[0], true
}

func numbered(all []version, number string) (version, bool) {
	for _, v := range all {
		if strconv.Itoa(v.number) == number {
			return v, true
		}
	}
	return version{}, false
}

func conventionObject(id string) trace.Object { return trace.Object(trace.ObjectConvention + "/" + id) }

// Conventions lists by identifier every version that is in force or a draft,
// the oldest first, and of a convention without any the last that ended. One
// that was altered is among them, marked: it must not hide the others.
func (s *Store) Conventions(ctx context.Context) (out []convention.Convention, err error) {
	err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
		c, err := scanMarked(scan)
		out = append(out, c)
		return err
	}, `SELECT document, etat, empreinte, signatures, dernier_on, id, version FROM convention AS c WHERE etat <> 'ended'
		OR version = (SELECT MAX(version) FROM convention WHERE id = c.id) AND NOT EXISTS (SELECT 1 FROM convention WHERE id = c.id AND etat <> 'ended')
		ORDER BY id, version`)
	return out, unavailable("store: conventions", err)
}

// scanMarked reads a convention, its identifier and its version: an altered one
// is named all the same, and is no error.
func scanMarked(scan func(...any) error) (convention.Convention, error) {
	var id string
	var version int
	c, err := scanConvention(func(to ...any) error { return scan(append(to, &id, &version)...) })
	if c.Altered {
		err, c.Document.ID, c.Document.Version = nil, id, version
	}
	return c, err
}
