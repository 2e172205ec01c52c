package store

import (
	"context"
	"database/sql"
	"time"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/trace"
)

// OwnMandate is the reason of acte_impossible for an agent who would renew,
// review or end their own mandate.
const OwnMandate = "OWN_MANDATE"

// RenewAgent gives an agent's mandate a new end. Errors: ressource_inconnue,
// acte_impossible (OwnMandate), and those of account.Mandate.Renew.
func (s *Store) RenewAgent(ctx context.Context, id, director string, until time.Time) error {
	return s.amendAgent(ctx, id, account.MandateRenewed, func(m *account.Mandate, at time.Time) error { return m.Renew(director, until, at) })
}

// ReviewAgent notes the periodic review of an agent's mandate. Errors:
// ressource_inconnue, acte_impossible (OwnMandate, or an ended mandate).
func (s *Store) ReviewAgent(ctx context.Context, id string) error {
	return s.amendAgent(ctx, id, account.MandateReviewed, (*account.Mandate).Review)
}

// EndAgent ends an agent's mandate at once. Errors: ressource_inconnue,
// acte_impossible (OwnMandate, or an ended mandate).
func (s *Store) EndAgent(ctx context.Context, id string) error {
	return s.amendAgent(ctx, id, account.MandateClosed, (*account.Mandate).End)
}

// Undertake notes that an agent accepted the undertaking of secrecy. Errors:
// ressource_inconnue, acte_impossible.
func (s *Store) Undertake(ctx context.Context, id string) error {
	return s.mandate(ctx, id, account.MandateUndertaken, (*account.Mandate).Undertake)
}

// amendAgent changes the mandate of somebody else.
func (s *Store) amendAgent(ctx context.Context, id, operation string, change func(*account.Mandate, time.Time) error) error {
	if s.by.Author != "" && s.by.Author == id {
		return fault.New(fault.ActeImpossible, "store: mandate").Because(OwnMandate)
	}
	return s.mandate(ctx, id, operation, change)
}

// mandate changes a mandate; the event says its standing and end before and
// after.
func (s *Store) mandate(ctx context.Context, id, operation string, change func(*account.Mandate, time.Time) error) error {
	e := trace.Event{Class: trace.AgentAction, Operation: operation, Actor: trace.ActorOperator}
	return s.amend(ctx, &e, id, func(_ *sql.Tx, x *accountRow) error {
		if x.side != sideAgent {
			return notFound("store: mandate")
		}
		now := s.clock()
		e.Before = stood(x.kept.Mandate, now)
		if err := change(&x.kept.Mandate, now); err != nil {
			return err
		}
		e.After = stood(x.kept.Mandate, now)
		return nil
	})
}

// stood is a mandate in the log: where it stands and until when.
func stood(m account.Mandate, at time.Time) string {
	standing := m.Standing(at)
	if standing == "" {
		standing = "MANDATE_ACTING"
	}
	return standing + " " + civil.On(m.Until).String()
}
