package store

import (
	"context"
	"database/sql"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/habilitation"
)

// termsAnnounced lists the versions of the terms that were announced.
func termsAnnounced(ctx context.Context, q querier) (out []convention.Announced, err error) {
	err = each(ctx, q, func(scan func(...any) error) error {
		var a convention.Announced
		var from string
		if err := scan(&a.Version, &a.SHA256, &from); err != nil {
			return err
		}
		a.From, err = civil.Parse(from)
		out = append(out, a)
		return err
	}, `SELECT version, empreinte, vaut_on FROM modalites ORDER BY version`)
	return out, err
}

// Terms is which version of the terms of use holds today, and which comes next,
// the zero value when none was announced. Errors: service_indisponible.
func (s *Store) Terms(ctx context.Context) (held, next convention.Announced, err error) {
	list, err := termsAnnounced(ctx, s.journal.reader)
	held, next = convention.TermsOn(list, civil.On(s.clock()))
	return held, next, unavailable("store: terms", err)
}

// TermsStale is the reason of parametre_invalide for a request that accepts
// terms of use which do not hold, or do not any more.
const TermsStale = "TERMS_STALE"

// termsAccepted refuses answers that accept other terms than those that hold on
// a day, or those that are announced.
func termsAccepted(ctx context.Context, tx *sql.Tx, f habilitation.Form, day civil.Date) error {
	list, err := termsAnnounced(ctx, tx)
	if err != nil {
		return err
	}
	held, next := convention.TermsOn(list, day)
	if f.Engagements.Terms == held.Version || next.Version != "" && f.Engagements.Terms == next.Version {
		return nil
	}
	return fault.New(fault.ParametreInvalide, "store: terms").On("engagements.modalites").Because(TermsStale)
}
