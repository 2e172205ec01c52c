package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// The objects on which decisions rest; access builds guards with them.

// KeyObject is the object of an API key.
func KeyObject(id string) trace.Object { return trace.Object(trace.ObjectKey + "/" + id) }

const keyColumns = `id, convention, digest, last4, environnement, created_at, expires_at, revoked_at, cle_client`

func scanKey(scan func(...any) error) (k partner.Key, err error) {
	var created, expires, revoked sql.NullInt64
	err = scan(&k.ID, &k.ConventionID, &k.Digest, &k.Last4, &k.Environment, &created, &expires, &revoked, &k.ClientKey)
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

// AddKey stores a key for a convention; the secret is not kept, only its keyed
// digest. Errors: ressource_inconnue (no such convention), parametre_invalide.
func (s *Store) AddKey(ctx context.Context, conventionID, secret string, env partner.Environment, expiresAt time.Time) (partner.Key, error) {
	if !partner.LooksLikeKey(secret, env) {
		return partner.Key{}, fault.New(fault.ParametreInvalide, "store: add key").On("environment")
	}
	d := s.keys.apiKey.sum("cle/v1", []byte(secret))
	k := partner.Key{ID: partner.NewID("cle"), ConventionID: conventionID, Digest: d[:], Last4: secret[len(secret)-4:], Environment: env, CreatedAt: s.clock(), ExpiresAt: expiresAt}
	e := &trace.Event{Class: trace.KeyEvent, Operation: "cle_creee", Actor: trace.ActorOperator, Object: k.ID, Convention: conventionID, After: string(env)}
	return k, s.change(ctx, e, []trace.Object{KeyObject(k.ID)}, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `SELECT partenaire FROM convention WHERE id = $1 ORDER BY version DESC LIMIT 1`, conventionID).Scan(&e.Partner)
		if errors.Is(err, sql.ErrNoRows) {
			return notFound("store: add key")
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO cle_api (`+keyColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, '')`,
			k.ID, k.ConventionID, k.Digest, k.Last4, string(k.Environment), millis(k.CreatedAt), nullMillis(k.ExpiresAt))
		return err
	})
}

// BindKey notes the public key (a JWK, checked by whoever calls) under which
// the software that holds an API key signs; "" notes none. Errors:
// ressource_inconnue.
func (s *Store) BindKey(ctx context.Context, id, jwk string) error {
	e := &trace.Event{Class: trace.KeyEvent, Operation: "cle_liee", Actor: trace.ActorOperator, Object: id}
	return s.change(ctx, e, []trace.Object{KeyObject(id)}, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE cle_api SET cle_client = $1 WHERE id = $2 AND revoked_at IS NULL`, jwk, id)
		if err != nil {
			return err
		}
		if n, _ := r.RowsAffected(); n == 0 {
			return notFound("store: bind key")
		}
		return nil
	})
}

// RevokeKey ends a key at once. Errors: ressource_inconnue.
func (s *Store) RevokeKey(ctx context.Context, id string) error {
	e := &trace.Event{Class: trace.KeyEvent, Operation: "cle_revoquee", Actor: trace.ActorOperator, Object: id}
	return s.change(ctx, e, []trace.Object{KeyObject(id)}, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `SELECT convention FROM cle_api WHERE id = $1`, id).Scan(&e.Convention)
		if err == nil {
			err = tx.QueryRowContext(ctx, `SELECT partenaire FROM convention WHERE id = $1 ORDER BY version DESC LIMIT 1`, e.Convention).Scan(&e.Partner)
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		r, err := tx.ExecContext(ctx, `UPDATE cle_api SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL`, millis(s.clock()), id)
		if err != nil {
			return err
		}
		if n, _ := r.RowsAffected(); n == 0 {
			return notFound("store: revoke key")
		}
		return nil
	})
}

// Keys lists the keys, newest first; no secret is among them.
func (s *Store) Keys(ctx context.Context) (out []partner.Key, err error) {
	err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
		k, err := scanKey(scan)
		k.Digest = nil
		out = append(out, k)
		return err
	}, `SELECT `+keyColumns+` FROM cle_api ORDER BY created_at DESC, id`)
	if err != nil {
		return out, unavailable("store: keys", err)
	}
	bound, err := boundCertificates(ctx, s.journal.reader)
	for i := range out {
		out[i].Certificates = bound[out[i].ID]
	}
	return out, unavailable("store: keys", err)
}
