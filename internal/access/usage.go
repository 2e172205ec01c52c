package access

import (
	"context"
	"slices"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/policy"
	"droits.example/droits/internal/trace"
)

// UsageRequest asks for the journal of the connected person, on behalf of a
// portal that acts for it. Meta.Name tells the trace which call it is.
type UsageRequest struct {
	Meta
	From, To      civil.Date // zero = open
	Offset, Limit int
	Encode        func(Usages) ([]byte, error)
}

// Usages are lines of a person's journal, newest first. Total counts those of
// the period, Began is the day of the oldest line that is kept.
type Usages struct {
	Lines []Reading
	Total int
	Began civil.Date
}

// Usage reads the journal of the connected person for a portal whose
// convention says so; the reading is traced like any other, and is in the
// journal from the next time on. Errors: those of Read;
// operation_hors_convention when the convention does not open the journal.
func (s *Service) Usage(ctx context.Context, c Caller, req UsageRequest) (Answer, error) {
	w := walk{s: s, caller: c, req: Request{Meta: req.Meta}}
	return w.run(ctx, func() ([]byte, error) {
		who, err := w.mandated(ctx)
		if err != nil {
			return nil, err
		}
		found, err := w.usages(ctx, who, req)
		if err != nil {
			return nil, err
		}
		body, err := req.Encode(found)
		return body, encoded(err)
	})
}

// mandated finds the person for whom the portal acts, and what it may be told:
// the token is that person's mandate, under the same decision as any reading
// of the identity. Errors: those of Read.
func (w *walk) mandated(ctx context.Context) (c Citizen, err error) {
	if err := w.count(ctx); err != nil {
		return c, err
	}
	pivot, err := w.check(ctx)
	if err != nil {
		return c, err
	}
	grant := policy.Grant{Convention: w.caller.conv, Scopes: w.asserted.Scopes}
	if err := w.admit(grant); err != nil {
		return c, err
	}
	switch {
	case !w.caller.conv.Document.Journal:
		return c, fault.New(fault.OperationHorsConvention, "access: journal")
	case !w.asserted.HasScope(droits.ScopeUmbrella):
		return c, fault.New(fault.PorteeInsuffisante, "access: journal")
	}
	who, err := w.identify(ctx, pivot)
	if err != nil {
		return c, err
	}
	if err := w.decide(ctx, who, grant); err != nil {
		return c, err
	}
	// Nothing of the rights themselves is told.
	w.decision.Served, w.decision.Withheld = []droits.Bloc{droits.BlocIdentite}, nil
	family, err := w.decision.Open(who)
	if err != nil {
		return c, err
	}
	w.cover(family)
	if err := w.decision.Check(who.Sujet); err != nil {
		return c, err
	}
	shown := *family
	closed := w.decision.CheckTiers(who.Sujet) != nil
	shown.Rattachements = slices.DeleteFunc(slices.Clone(family.Rattachements), func(r droits.Rattachement) bool {
		return closed || w.decision.Hidden(r.Beneficiaire.Sujet)
	})
	return Citizen{subject: who.Sujet, known: true, family: &shown}, nil
}

func (w *walk) usages(ctx context.Context, c Citizen, req UsageRequest) (out Usages, err error) {
	q := ReadingQuery{From: req.From, To: req.To, Kind: KindReadings}
	told := map[string]bool{}
	err = w.s.lines(ctx, c, func(_ trace.Found, r Reading) bool {
		if day := civil.On(r.At); out.Began.IsZero() || day < out.Began {
			out.Began = day
		}
		if !q.holds(r) || !q.From.IsZero() && civil.On(r.At) < q.From {
			return true
		}
		if out.Total >= req.Offset && len(out.Lines) < min(req.Limit, MaxReadings) {
			out.Lines = append(out.Lines, r)
			for _, ref := range r.Who {
				told[ref] = true
			}
		}
		out.Total++
		return true
	})
	w.members = []droits.Sujet{c.subject}
	for _, m := range c.family.Dependants(w.s.today()) {
		if told[w.s.refOf(c, m)] {
			w.members = append(w.members, m.Personne.Sujet)
		}
	}
	return out, err
}
