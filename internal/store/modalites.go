package store

import (
	"context"
	"database/sql"
	"strconv"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/habilitation"
	"droits.example/droits/internal/notify"
	"droits.example/droits/internal/trace"
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

// AnnounceTerms tells every partner with a convention in force that a version
// of the terms of use will hold from a day on: its webhook, and by letter the
// members who may engage it, or its technical contact where nobody may. It is announced in the same transaction; nothing
// changes before that day. Partners counts those who are told. Errors: those of
// convention.CheckAnnounced, service_indisponible.
func (s *Store) AnnounceTerms(ctx context.Context, version string, from civil.Date) (partners int, err error) {
	t, _ := convention.TermsOf(version)
	a := convention.Announced{Version: version, SHA256: t.SHA256, From: from}
	e := trace.Event{Class: trace.ConventionEvent, Operation: "modalites_annoncees", Actor: trace.ActorOperator, Object: version, After: from.String()}
	return partners, s.act(ctx, "store: announce terms", &e, func(tx *sql.Tx) error {
		list, err := termsAnnounced(ctx, tx)
		if err != nil {
			return err
		}
		if err := convention.CheckAnnounced(list, a, civil.On(s.clock())); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO modalites (version, empreinte, vaut_on, announced_at) VALUES ($1, $2, $3, $4)`, a.Version, a.SHA256, from.String(), millis(s.clock())); err != nil {
			return err
		}
		live, err := liveParties(ctx, tx)
		if err != nil {
			return err
		}
		for _, p := range live {
			if err := s.tellWebhook(ctx, tx, notify.Event{Type: notify.TermsAnnounced, Partner: p.id, Conventions: p.conventions, Terms: version, From: from.String()}); err != nil {
				return err
			}
			if err := s.tellMembers(ctx, tx, p, notify.MailTerms, notify.About{Object: version, On: from.String()}); err != nil {
				return err
			}
		}
		partners = len(live)
		return nil
	})
}

// party is a partner with its conventions in force.
type party struct {
	id, siret   string
	conventions []string
}

func liveParties(ctx context.Context, q querier) (out []party, err error) {
	err = each(ctx, q, func(scan func(...any) error) error {
		var p party
		var c string
		var version int
		if err := scan(&p.id, &p.siret, &c, &version); err != nil {
			return err
		}
		if n := len(out); n == 0 || out[n-1].id != p.id {
			out = append(out, p)
		}
		last := &out[len(out)-1]
		last.conventions = append(last.conventions, c+"/"+strconv.Itoa(version))
		return nil
	}, `SELECT p.id, p.siret, c.id, c.version FROM partenaire AS p JOIN convention AS c ON c.partenaire = p.id WHERE c.etat IN `+inForce+` ORDER BY p.id, c.id`)
	return out, err
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
