package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// The objects on which decisions rest; access builds guards with them.

// KeyObject is the object of an API key.
func KeyObject(id string) trace.Object { return trace.Object(trace.ObjectKey + "/" + id) }

const keyColumns = `id, convention, digest, last4, environnement, created_at, expires_at, revoked_at, cle_client, suspended_at, suspendue_pour, editeur`

func scanKey(scan func(...any) error) (k partner.Key, err error) {
	var created, expires, revoked, suspended sql.NullInt64
	err = scan(&k.ID, &k.ConventionID, &k.Digest, &k.Last4, &k.Environment, &created, &expires, &revoked, &k.ClientKey, &suspended, &k.SuspendedFor, &k.Vendor)
	k.SuspendedAt = fromMillis(suspended)
	k.CreatedAt, k.ExpiresAt, k.RevokedAt = fromMillis(created), fromMillis(expires), fromMillis(revoked)
	return k, err
}

func scanPartner(scan func(...any) error) (p partner.Partner, err error) {
	var created sql.NullInt64
	err = scan(&p.ID, &p.Nom, &p.SIRET, &p.Kind, &created)
	p.CreatedAt = fromMillis(created)
	return p, err
}

func scanConvention(scan func(...any) error) (convention.Convention, error) {
	var doc, state, digest, signatures string
	var last sql.NullString
	if err := scan(&doc, &state, &digest, &signatures, &last); err != nil {
		return convention.Convention{}, err
	}
	var d convention.Document
	altered := fault.New(fault.ErreurInterne, "store: convention").Because("CONVENTION_ALTERED")
	if json.Unmarshal([]byte(doc), &d) != nil {
		return convention.Convention{Altered: true}, altered
	}
	c, err := convention.New(d, convention.State(state))
	if err == nil {
		err = json.Unmarshal([]byte(signatures), &c.Signatures)
	}
	if err == nil && last.Valid {
		c.LastOn, err = civil.Parse(last.String)
	}
	if err != nil || c.Digest != digest {
		c.Altered = true
		return c, altered
	}
	return c, nil
}

// PutPartner adds a partner or renames it; kind and SIRET of an existing one
// stay, and an empty SIRET then means the same. Errors: parametre_invalide with
// the member's name and the reason PARTNER_DIFFERS for another kind or SIRET,
// service_indisponible.
func (s *Store) PutPartner(ctx context.Context, p partner.Partner) error {
	if err := p.Check(); err != nil {
		return err
	}
	e := &trace.Event{Class: trace.ConventionEvent, Operation: "partenaire_renomme", Actor: trace.ActorOperator, Partner: p.ID}
	return s.change(ctx, e, nil, func(tx *sql.Tx) error { return s.putPartner(ctx, tx, e, p) })
}

// putPartner is PutPartner inside a transaction.
func (s *Store) putPartner(ctx context.Context, tx *sql.Tx, e *trace.Event, p partner.Partner) error {
	differs := fault.New(fault.ParametreInvalide, "store: put partner").Because("PARTNER_DIFFERS")
	var kind, siret string
	switch err := tx.QueryRowContext(ctx, `SELECT categorie, siret FROM partenaire WHERE id = $1`, p.ID).Scan(&kind, &siret); {
	case errors.Is(err, sql.ErrNoRows):
		e.Operation, e.After = "partenaire_ajoute", string(p.Kind)
	case err != nil:
		return err
	case kind != string(p.Kind):
		return differs.On("kind")
	case p.SIRET != "" && p.SIRET != siret:
		return differs.On("siret")
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO partenaire (id, nom, siret, categorie, created_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (id) DO UPDATE SET nom = excluded.nom`, p.ID, p.Nom, p.SIRET, string(p.Kind), millis(s.clock()))
	return err
}

// Partners lists them by identifier.
func (s *Store) Partners(ctx context.Context) (out []partner.Partner, err error) {
	err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
		p, err := scanPartner(scan)
		out = append(out, p)
		return err
	}, `SELECT id, nom, siret, categorie, created_at FROM partenaire ORDER BY id`)
	return out, unavailable("store: partners", err)
}

// Organisation are the partners that an organisation (SIRET) is, by identifier.
// Errors: service_indisponible.
func (s *Store) Organisation(ctx context.Context, siret string) (out []partner.Partner, err error) {
	err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
		p, err := scanPartner(scan)
		out = append(out, p)
		return err
	}, `SELECT id, nom, siret, categorie, created_at FROM partenaire WHERE siret = $1 ORDER BY id`, siret)
	return out, unavailable("store: partners", err)
}
