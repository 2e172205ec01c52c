package access

import (
	"context"

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

// mandated finds the person for whom the portal acts: the token is that
// person's mandate, and a person that has stopped the partner is not shown.
func (w *walk) mandated(ctx context.Context) (who policy.Candidate, err error) {
	if err := w.count(ctx); err != nil {
		return who, err
	}
	pivot, err := w.check(ctx)
	if err != nil {
		return who, err
	}
	d := &w.caller.conv.Document
	switch {
	case !w.caller.conv.Speaks(w.asserted.Client, string(w.asserted.Profile)):
		return who, fault.New(fault.ClientNonRattache, "access: admit")
	case !contains(d.Blocks, droits.BlocIdentite) || !d.Journal:
		return who, fault.New(fault.OperationHorsConvention, "access: journal")
	case !w.asserted.HasScope(droits.ScopeUmbrella):
		return who, fault.New(fault.PorteeInsuffisante, "access: journal")
	}
	if who, err = w.identify(ctx, pivot); err != nil {
		return who, err
	}
	if (droits.Personne{NaissanceOn: who.Record.NaissanceOn}).AgeOn(civil.On(w.caller.startedAt)) < droits.AgeAccord {
		return who, fault.New(fault.ConsentementExpliciteRequis, "access: decide").Because("UNDER_SIXTEEN")
	}
	w.decided = true // even an absence tells something from here on
	if who.Standing.Ended(w.asserted.IssuedAt, w.caller.startedAt) {
		return who, fault.New(fault.ConsentementRetire, "access: journal")
	}
	return who, nil
}

func (w *walk) usages(ctx context.Context, who policy.Candidate, req UsageRequest) (out Usages, err error) {
	c := Citizen{subject: who.Sujet, known: true}
	if c.family, err = policy.OpenOwn(who); err != nil {
		return out, err
	}
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
	w.members = []droits.Sujet{who.Sujet}
	for _, m := range c.family.Dependants(w.s.today()) {
		if told[w.s.refOf(c, m)] {
			w.members = append(w.members, m.Personne.Sujet)
		}
	}
	return out, err
}
