// Package policy decides what may be told, field by field. It hides the
// intersection: kind of partner ∩ convention ∩ scopes ∩ consent ∩ restriction.
// Its functions are pure.
//
// Source: contract.md, "Who receives what" and "Time and minimisation".
package policy

import (
	"slices"

	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/identity"
)

// Version names this table of rules in the traces.
const Version = "policy/1"

// Grant holds the limits that are known before the person is: who asks, under
// which convention, with which scopes.
type Grant struct {
	Convention convention.Convention
	Scopes     []string
}

func (g *Grant) kind() droits.Kind { return g.Convention.Document.Kind }

// Admit refuses an operation that the scopes, the kind of partner or the
// convention close, before anybody is looked up. Errors: portee_insuffisante,
// operation_reservee, operation_hors_convention.
func Admit(op droits.Operation, g Grant) error {
	return g.open(op.Info().Bloc)
}

// AdmitTiers refuses what concerns somebody else than the connected person
// when the scopes or the convention do not open the dependants.
func AdmitTiers(g Grant) error { return g.open(droits.BlocBeneficiaires) }

func (g *Grant) open(b droits.Bloc) error {
	info, _ := b.Info()
	switch {
	case !info.OpenedBy(g.Scopes):
		return fault.New(fault.PorteeInsuffisante, "policy: admit")
	case !info.For(g.kind()):
		return fault.New(fault.OperationReservee, "policy: admit")
	case !has(g.Convention.Document.Blocks, b):
		return fault.New(fault.OperationHorsConvention, "policy: admit")
	}
	return nil
}

// Person holds the limits that the person sets: the live consent and the
// restrictions in force in the family.
type Person struct {
	Withdrawn  bool
	Blocks     []droits.Bloc // of the live consent
	Excluded   []droits.Sujet
	Restricted func(droits.Sujet) []consent.Restriction // in force now; nil = none
}

// Candidate is somebody who may be the person of a token, with what stands
// between that person and the partner. The dossier stays sealed until a
// Decision opens it.
type Candidate struct {
	Record   identity.Record
	Sujet    droits.Sujet
	Standing consent.Standing
	Dossier  droits.Dossier
	Source   string         // the row's name in one whole load and its deltas; says nothing of the person
	Former   []string       // numbers that the source says the person had, 13 characters
	Before   []droits.Sujet // whom those numbers stood for
}

// String redacts fmt.
func (Candidate) String() string { return "Candidate(•••)" }

// GoString redacts %#v.
func (Candidate) GoString() string { return "Candidate(•••)" }

// TickRequired is the internal reason of a refusal for want of a tick of the
// person's own.
const TickRequired = "TICK_REQUIRED"

// Request is what is asked.
type Request struct {
	Op     droits.Operation
	Asked  []droits.Bloc // nil = everything
	Window droits.Fenetre
}

// Withheld says why a block of the operation is not served. Reasons go to the
// internal part of the trace.
type Withheld struct {
	Bloc   droits.Bloc
	Reason string // SCOPE KIND CONVENTION CONSENT RESTRICTION NOT_ASKED
}

// Decision is the outcome of Decide: the only thing that can release data.
// Its zero value releases nothing.
type Decision struct {
	req      Request
	kind     droits.Kind
	self     droits.Mask
	tiers    droits.Mask
	person   Person
	allowed  bool
	Served   []droits.Bloc
	Withheld []Withheld
}

// Decide builds the mask of an admitted operation. subject is the connected
// person. Errors: consentement_retire, donnees_indisponibles,
// consentement_explicite_requis; operation faults of Admit when it was skipped.
func Decide(req Request, g Grant, p Person, subject droits.Sujet) (Decision, error) {
	if err := Admit(req.Op, g); err != nil {
		return Decision{}, err
	}
	d := Decision{req: req, kind: g.kind(), person: p, allowed: true}
	op := req.Op.Info()
	main := op.Bloc
	switch {
	case p.Withdrawn:
		return Decision{}, fault.New(fault.ConsentementRetire, "policy: decide")
	case d.Hidden(subject):
		return Decision{}, fault.New(fault.DonneesIndisponibles, "policy: decide").Because("RESTRICTED_PERSON")
	}
	if !has(p.Blocks, main) {
		if has(g.Convention.Document.Consent.Ticks, main) {
			return Decision{}, fault.New(fault.ConsentementExpliciteRequis, "policy: decide").Because(TickRequired)
		}
		return Decision{}, fault.New(fault.DonneesIndisponibles, "policy: decide").Because("BLOCK_NOT_CONSENTED")
	}
	d.Served = make([]droits.Bloc, 0, len(op.Blocs))
	for _, b := range op.Blocs {
		if reason := d.closedBecause(b, &g); reason != "" {
			d.Withheld = append(d.Withheld, Withheld{b, reason})
			continue
		}
		self, tiers := b.Masks()
		d.self, d.tiers = d.self|self, d.tiers|tiers
		d.Served = append(d.Served, b)
	}
	return d, nil
}

func (d *Decision) closedBecause(b droits.Bloc, g *Grant) string {
	info, ok := b.Info()
	switch {
	case !ok:
		return "UNKNOWN"
	case d.req.Asked != nil && !has(d.req.Asked, b):
		return "NOT_ASKED"
	case !info.OpenedBy(g.Scopes):
		return "SCOPE"
	case !info.For(g.kind()):
		return "KIND"
	case !has(g.Convention.Document.Blocks, b):
		return "CONVENTION"
	case !has(d.person.Blocks, b):
		return "CONSENT"
	}
	return ""
}

// Open opens the dossier of the person decided upon. A decision that allows
// nothing opens nothing. Errors: service_indisponible when it cannot be read.
func (d *Decision) Open(c Candidate) (*droits.Famille, error) {
	if !d.allowed {
		return nil, fault.New(fault.ErreurInterne, "policy: open without a decision")
	}
	f, err := c.Dossier.Open()
	if err == nil {
		d.recognise(f)
	}
	return f, err
}

// recognise keeps out whoever was left out under a former number, or before it
// had one.
func (d *Decision) recognise(f *droits.Famille) {
	if len(d.person.Excluded) == 0 {
		return
	}
	out := slices.Clone(d.person.Excluded)
	for i := range f.Rattachements {
		who := &f.Rattachements[i].Beneficiaire
		for _, before := range who.Before {
			if slices.Contains(d.person.Excluded, before) {
				out = append(out, who.Sujet)
			}
		}
	}
	d.person.Excluded = out
}

// Hidden reports whether a member must not appear at all: restricted as a
// whole, or left out of the consent.
func (d *Decision) Hidden(s droits.Sujet) bool {
	for _, x := range d.person.Excluded {
		if x == s {
			return true
		}
	}
	return d.restricted(s, "")
}

// Check refuses the operation on a member whose main block is restricted.
// Errors: donnees_indisponibles.
func (d *Decision) Check(s droits.Sujet) error {
	if d.restricted(s, d.req.Op.Info().Bloc) {
		return fault.New(fault.DonneesIndisponibles, "policy: check").Because("RESTRICTED_BLOCK")
	}
	return nil
}

// CheckTiers refuses what concerns a dependant when the block of dependants is
// restricted for the connected person, or was left out of the consent.
func (d *Decision) CheckTiers(self droits.Sujet) error {
	if d.restricted(self, droits.BlocBeneficiaires) || !has(d.person.Blocks, droits.BlocBeneficiaires) {
		return fault.New(fault.DonneesIndisponibles, "policy: check").Because("RESTRICTED_BLOCK")
	}
	return nil
}

func (d *Decision) restricted(s droits.Sujet, b droits.Bloc) bool {
	if d.person.Restricted == nil {
		return false
	}
	for _, r := range d.person.Restricted(s) {
		if r.Bloc == b {
			return true
		}
	}
	return false
}

// mask is the set of fields that may be told of one member.
func (d *Decision) mask(s droits.Sujet, self bool) droits.Mask {
	m := d.tiers
	if self {
		m = d.self
	}
	if d.Hidden(s) {
		return 0
	}
	if d.person.Restricted == nil {
		return m
	}
	for _, r := range d.person.Restricted(s) {
		own, tiers := r.Bloc.Masks()
		if self {
			tiers = own
		}
		m &^= tiers
	}
	return m
}

// Fields are the names (schema.member) of every field that a convention can
// open with the umbrella scope, before any limit that a person sets.
func Fields(c convention.Convention) []string {
	g := Grant{Convention: c, Scopes: []string{droits.ScopeUmbrella}}
	out := []string{}
	for _, f := range droits.Champs() {
		if g.open(f.Bloc) == nil || g.open(f.BlocTiers) == nil {
			out = append(out, f.Name)
		}
	}
	return out
}

func has(list []droits.Bloc, b droits.Bloc) bool {
	for _, x := range list {
		if x == b {
			return true
		}
	}
	return false
}
