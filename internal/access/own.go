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

// Rights is everything that is held about the person and its dependants of today
// in a period, told once its trace is durable. The period may lie in the past:
// of a dependant it shows what its link to the person opened then. Whoever is no
// dependant any more, a child that came of age first of all, is not there: what
// it decides since is its own. Errors: jeton_absent,
// periode_impossible, service_indisponible.
func (s *Service) Rights(ctx context.Context, c Citizen, v Visit, p civil.Period) (OwnRights, error) {
	if !c.known {
		return OwnRights{}, nobodyHere("access: own rights")
	}
	if p.From.IsZero() || p.To.IsZero() || !p.Valid() {
		return OwnRights{}, fault.New(fault.PeriodeImpossible, "access: own rights")
	}
	out := OwnRights{Window: droits.Fenetre{Today: civil.On(s.Clock()), Period: p}, DonneesOn: s.People.DonneesOn()}
	e := s.visited(c, v, opRights)
	e.Person.Period = p.String()
	for _, m := range s.members(c, out.Window) {
		out.Members = append(out.Members, OwnMember{s.refOf(c, m), m, s.People.Restrictions(m.Personne.Sujet, s.Clock())})
		s.also(&e, c, m)
	}
	for _, b := range droits.Blocs() {
		e.Person.Served = append(e.Person.Served, string(b.Bloc))
	}
	receipt, err := s.Journal.Append(context.WithoutCancel(ctx), trace.Pending{Leaf: e.Leaf()})
	if err != nil {
		return OwnRights{}, err
	}
	out.Trace = receipt.String()
	return out, nil
}

// RevealNIR is the whole number of the person or of a dependant of today, for
// the page on which it was asked for; that it was is traced first. Errors:
// jeton_absent, beneficiaire_inconnu (also for a member without a number),
// service_indisponible.
func (s *Service) RevealNIR(ctx context.Context, c Citizen, v Visit, ref string) (string, error) {
	if !c.known {
		return "", nobodyHere("access: reveal")
	}
	e := s.visited(c, v, opReveal)
	m, ok := s.member(c, ref)
	number := ""
	if ok {
		number = policy.OwnNumber(m)
	}
	if number == "" {
		return "", fault.New(fault.BeneficiaireInconnu, "access: reveal").Because("NO_SUCH_MEMBER")
	}
	e.Person.Served = []string{string(droits.BlocIdentite)}
	if !m.Self {
		e.Person.Beneficiary = s.refOf(c, m)
		e.Others = []trace.Digest{s.Digests.TraceSubject(m.Personne.Sujet)}
	}
	if _, err := s.Journal.Append(context.WithoutCancel(ctx), trace.Pending{Leaf: e.Leaf()}); err != nil {
		return "", err
	}
	return number, nil
}

// also notes in an entry that something of a dependant was told.
func (s *Service) also(e *trace.Entry, c Citizen, m droits.Membre) {
	if m.Self {
		return
	}
	e.Others = append(e.Others, s.Digests.TraceSubject(m.Personne.Sujet))
	e.Person.Others = append(e.Person.Others, s.refOf(c, m))
}

// members are the person and its dependants of today, the person first, with
// their links that count in a window.
func (s *Service) members(c Citizen, w droits.Fenetre) []droits.Membre {
	out := []droits.Membre{c.family.Self(w)}
	within := c.family.Dependants(w)
	for _, m := range c.family.Dependants(s.today()) {
		i := slices.IndexFunc(within, func(x droits.Membre) bool { return x.Personne.ID == m.Personne.ID })
		if i >= 0 {
			out = append(out, within[i])
		} else {
			m.Liens = nil // a dependant of today, of whom nothing was open then
			out = append(out, m)
		}
	}
	return out
}

// today is the window of today alone: who is in the family now.
func (s *Service) today() droits.Fenetre {
	d := civil.On(s.Clock())
	return droits.Fenetre{Today: d, Period: civil.Period{From: d, To: d}}
}

// member finds one of today's family by its reference.
func (s *Service) member(c Citizen, ref string) (droits.Membre, bool) {
	for _, m := range s.members(c, s.today()) {
		if s.refOf(c, m) == ref {
			return m, true
		}
	}
	return droits.Membre{}, false
}

func (s *Service) refOf(c Citizen, m droits.Membre) string {
	if m.Self {
		return Self
	}
	return s.reference(m.Personne.Sujet)
}
