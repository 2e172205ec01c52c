package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// readDelegations reads those that hold.
func readDelegations(ctx context.Context, tx *sql.Tx, n *Snapshot, convs map[string]convention.Convention) error {
	return each(ctx, tx, func(scan func(...any) error) error {
		var vendor, id string
		if err := scan(&vendor, &id); err != nil {
			return err
		}
		if c, ok := convs[id]; ok && !c.Altered {
			at := vendor + "/" + c.Document.Parties.SIRET
			n.delegated[at] = append(n.delegated[at], c)
		}
		return nil
	}, `SELECT editeur, convention FROM delegation WHERE ended_at IS NULL ORDER BY editeur, convention`)
}

// Delegated finds the convention under which a vendor may call for an
// organisation, named by its SIRET, and by SIRET/convention where it has
// delegated several. ok is false when nothing holds or the name leaves a choice;
// whether the convention is live is not checked.
func (s *Store) Delegated(vendor, name string) (c convention.Convention, ok bool) {
	siret, id, precise := strings.Cut(name, "/")
	if siret == "" {
		return c, false
	}
	found := 0
	for _, x := range s.state.Load().delegated[vendor+"/"+siret] {
		if !precise || x.Document.ID == id {
			c, found = x, found+1
		}
	}
	if found != 1 {
		return convention.Convention{}, false
	}
	return c, true
}

// vendorThere reports a partner that is no vendor, or that does not exist.
func vendorThere(ctx context.Context, tx *sql.Tx, id string) error {
	var kind string
	err := tx.QueryRowContext(ctx, `SELECT categorie FROM partenaire WHERE id = $1`, id).Scan(&kind)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return fault.New(fault.RessourceInconnue, "store: vendor").On("vendor")
	case err == nil && kind != string(droits.Editeur):
		return fault.New(fault.ParametreInvalide, "store: vendor").On("vendor").Because(NotAVendor)
	}
	return err
}

// NotAVendor says that a partner is no software vendor.
const NotAVendor = "NOT_A_VENDOR"

// AddVendorKey stores a key of a software vendor, which serves nothing but for
// those who delegate to it. Errors: those of AddKey; parametre_invalide on
// vendor with the reason NotAVendor.
func (s *Store) AddVendorKey(ctx context.Context, vendor, secret string, env partner.Environment, expiresAt time.Time) (partner.Key, error) {
	if !partner.LooksLikeKey(secret, env) {
		return partner.Key{}, fault.New(fault.ParametreInvalide, "store: add key").On("environment")
	}
	d := s.keys.apiKey.sum("cle/v1", []byte(secret))
	k := partner.Key{ID: partner.NewID("cle"), Vendor: vendor, Digest: d[:], Last4: secret[len(secret)-4:], Environment: env, CreatedAt: s.clock(), ExpiresAt: expiresAt}
	e := &trace.Event{Class: trace.KeyEvent, Operation: "cle_creee", Actor: trace.ActorOperator, Object: k.ID, Partner: vendor, After: string(env)}
	return k, s.change(ctx, e, []trace.Object{KeyObject(k.ID)}, func(tx *sql.Tx) error {
		if err := vendorThere(ctx, tx, vendor); err != nil {
			return err
		}
		return addKey(ctx, tx, k)
	})
}

// Delegate lets a vendor call under a convention that has not ended, for its
// partner. Errors: ressource_inconnue on vendor or convention,
// parametre_invalide on vendor, acte_impossible when it holds already.
func (s *Store) Delegate(ctx context.Context, vendor, conventionID string) error {
	e := &trace.Event{Class: trace.ConventionEvent, Operation: "delegation_donnee", Actor: trace.ActorOperator, Object: vendor, Convention: conventionID}
	return s.change(ctx, e, []trace.Object{conventionObject(conventionID)}, func(tx *sql.Tx) error {
		if err := vendorThere(ctx, tx, vendor); err != nil {
			return err
		}
		all, err := versions(ctx, tx, conventionID)
		if err != nil {
			return err
		}
		v, ok := target(all, convention.Active)
		if !ok || v.state == convention.Ended {
			return fault.New(fault.RessourceInconnue, "store: delegate").On("convention")
		}
		e.Partner = v.partner
		r, err := tx.ExecContext(ctx, `INSERT INTO delegation (editeur, convention, created_at) VALUES ($1, $2, $3)
			ON CONFLICT (editeur, convention) DO UPDATE SET created_at = excluded.created_at, ended_at = NULL, ended_by = '' WHERE delegation.ended_at IS NOT NULL`, vendor, conventionID, millis(s.clock()))
		if err != nil {
			return err
		}
		if n, _ := r.RowsAffected(); n == 0 {
			return fault.New(fault.ActeImpossible, "store: delegate").On("delegation")
		}
		return nil
	})
}

// EndDelegation ends a delegation for one of its sides: from the next call on
// the vendor is refused for that organisation, by every application that serves
// from the store. Errors: ressource_inconnue on delegation, parametre_invalide on
// side.
func (s *Store) EndDelegation(ctx context.Context, vendor, conventionID string, by partner.Side) error {
	if !by.Valid() {
		return fault.New(fault.ParametreInvalide, "store: end delegation").On("side")
	}
	e := &trace.Event{Class: trace.ConventionEvent, Operation: "delegation_retiree", Actor: trace.ActorPartner, Object: vendor, Convention: conventionID, Reasons: []string{"BY_" + strings.ToUpper(string(by))}}
	if by == partner.ByOperator {
		e.Actor = trace.ActorOperator
	}
	return s.change(ctx, e, []trace.Object{conventionObject(conventionID)}, func(tx *sql.Tx) error {
		all, err := versions(ctx, tx, conventionID)
		if err != nil {
			return err
		}
		if len(all) > 0 {
			e.Partner = all[0].partner
		}
		r, err := tx.ExecContext(ctx, `UPDATE delegation SET ended_at = $1, ended_by = $2 WHERE editeur = $3 AND convention = $4 AND ended_at IS NULL`, millis(s.clock()), string(by), vendor, conventionID)
		if err != nil {
			return err
		}
		if n, _ := r.RowsAffected(); n == 0 {
			return fault.New(fault.RessourceInconnue, "store: end delegation").On("delegation")
		}
		return nil
	})
}

// Delegations lists them, those that hold first: of one vendor or partner, or of
// all when it is "". Errors: service_indisponible.
func (s *Store) Delegations(ctx context.Context, id string) (out []partner.Delegation, err error) {
	out = []partner.Delegation{}
	err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
		var d partner.Delegation
		var created, ended sql.NullInt64
		err := scan(&d.Vendor, &d.Convention, &d.Partner, &d.SIRET, &created, &ended, &d.EndedBy)
		d.CreatedAt, d.EndedAt = fromMillis(created), fromMillis(ended)
		out = append(out, d)
		return err
	}, `SELECT d.editeur, d.convention, COALESCE(p.id, ''), COALESCE(p.siret, ''), d.created_at, d.ended_at, d.ended_by FROM delegation AS d
		LEFT JOIN partenaire AS p ON p.id = (SELECT c.partenaire FROM convention AS c WHERE c.id = d.convention ORDER BY c.version DESC LIMIT 1)
		WHERE $1 = '' OR d.editeur = $1 OR p.id = $1 ORDER BY d.ended_at IS NOT NULL, d.editeur, d.convention`, id)
	return out, unavailable("store: delegations", err)
}
