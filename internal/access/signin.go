package access

import (
	"context"
	"encoding/hex"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/policy"
	"droits.example/droits/internal/trace"
)

// Space is the purpose of what a person does in the citizen space.
const Space = "mon_espace"

// The acts of the citizen space, as the trail names them.
const (
	opSignIn   = "connexion"
	opRights   = "consulter_mes_droits"
	opReveal   = "afficher_mon_numero"
	opReadings = "consulter_mes_acces"
	opProof    = "obtenir_une_preuve"
)

// SignIn finds the person of a FranceConnect login and records that it signed
// in, or was refused. Errors: personne_non_identifiee,
// consentement_explicite_requis (under sixteen), service_indisponible.
func (s *Service) SignIn(ctx context.Context, a identity.Assertion, v Visit) (Citizen, error) {
	now := s.Clock()
	c, r, err := s.recognise(ctx, a, v, now)
	e := s.visited(c, v, opSignIn)
	e.Internal.Matching = r.matching
	if a.Subject != "" {
		e.Internal.FCSubject = hex.EncodeToString(r.subject[:])
	}
	p := trace.Pending{Leaf: e.Leaf()}
	refused := func(f *fault.Fault) trace.Leaf {
		e := e
		e.Class, e.Person.Outcome, e.Internal.Reasons = trace.AccessRefused, string(f.Code()), []string{f.Reason()}
		if f.Code() == fault.PersonneNonIdentifiee {
			e.Subject, e.Person.Beneficiary = trace.Digest{}, ""
		}
		return e.Leaf()
	}
	if err != nil {
		p.Leaf = refused(fault.From(err))
	}
	if r.seen != nil {
		p.Effects = []trace.Effect{r.seen}
	}
	p.Guard = trace.Guard{At: s.Keys.Generation()}
	p.Guard.Objects = func() []trace.Object { return nil }
	p.Refusal = func(o trace.Object) trace.Leaf { return refused(stale(o)) }
	receipt, failed := s.Journal.Append(context.WithoutCancel(ctx), p)
	switch {
	case failed != nil:
		return Citizen{}, failed
	case receipt.Moved() != "":
		return Citizen{}, stale(receipt.Moved())
	}
	return c, err
}

// Resume finds the person of a session again, without a trace: it shows
// nothing yet. Errors: those of SignIn.
func (s *Service) Resume(ctx context.Context, a identity.Assertion) (Citizen, error) {
	c, _, err := s.recognise(ctx, a, Visit{}, s.Clock())
	return c, err
}

// spacePartner stands where the identity desk names a partner.
const spacePartner = "mon-espace"

func (s *Service) recognise(ctx context.Context, a identity.Assertion, v Visit, now time.Time) (Citizen, *recognition, error) {
	r := &recognition{s: s, partner: spacePartner, purpose: Space, requestID: v.RequestID, at: now, told: a.Subject != ""}
	if r.told {
		r.subject = s.Digests.TraceDigest("sub/espace", a.Subject) // pairwise: not the one that partners' tokens tell
	}
	candidates, err := s.People.Candidates(ctx, a.Pivot)
	if err != nil {
		return Citizen{}, r, err
	}
	who, err := r.among(ctx, a.Pivot, candidates)
	if err != nil {
		return Citizen{}, r, err
	}
	c := Citizen{asserted: a, subject: who.Sujet}
	if (droits.Personne{NaissanceOn: who.Record.NaissanceOn}).AgeOn(civil.On(now)) < droits.AgeAccord {
		return c, r, fault.New(fault.ConsentementExpliciteRequis, "access: sign in").Because("UNDER_SIXTEEN")
	}
	if c.family, err = policy.OpenOwn(who); err != nil {
		return Citizen{}, r, err
	}
	c.known = true
	return c, r, nil
}

// visited begins the entry of an act of a person about itself.
func (s *Service) visited(c Citizen, v Visit, operation string) trace.Entry {
	now := s.Clock()
	e := trace.Entry{
		Class:    trace.AccessServed,
		Person:   trace.Person{At: now, Purpose: Space, Operation: operation, Outcome: "servi"},
		Internal: trace.Internal{RequestID: v.RequestID, Policy: policy.Version},
	}
	if v.Addr.IsValid() {
		e.Internal.IP = v.Addr.String()
	}
	if c.subject != (droits.Sujet{}) {
		e.Subject = s.Digests.TraceSubject(c.subject)
		e.Person.Beneficiary = Self
	}
	return e
}

// decided begins the event of what a person decides in its space.
func (s *Service) decided(c Citizen, v Visit, operation string, class trace.Class) trace.Event {
	e := trace.Event{Class: class, Operation: operation, Actor: trace.ActorHolder, RequestID: v.RequestID, Subject: s.Digests.TraceSubject(c.subject)}
	if v.Addr.IsValid() {
		e.IP = v.Addr.String()
	}
	return e
}

// nobodyHere is what a Citizen that nobody made is refused with.
func nobodyHere(op string) error { return fault.New(fault.JetonAbsent, op).Because("NOT_SIGNED_IN") }

// reference is an opaque name of somebody else than the connected person.
func (s *Service) reference(p droits.Sujet) string {
	d := s.Digests.TraceDigest("beneficiaire", hex.EncodeToString(p[:]))
	return "beneficiaire-" + hex.EncodeToString(d[:])[:16]
}
