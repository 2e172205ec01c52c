package habilitation

import (
	"strings"
	"time"

	"droits.example/droits/internal/fault"
)

// Proposal is a decision that one agent has proposed and another has to
// confirm. It lapses when anything else is done with the answers or the state.
type Proposal struct {
	Act    Act       `json:"acte"`
	Role   Role      `json:"role"`
	Author string    `json:"auteur"`
	At     time.Time `json:"le"`
	Text   string    `json:"texte,omitempty"`
	Ground Ground    `json:"motif,omitempty"`
}

// Paired lists the acts for which two agents may be demanded.
func Paired() []Act { return []Act{Approve, Revoke} }

// SamePerson is the reason of acte_impossible for an agent who would confirm
// what they proposed.
const SamePerson = "SAME_PERSON"

// ForAnother separates, in an author, the program that acts from the person for
// whom it says that it does. The program alone is known here: it is one person.
const ForAnother = "/"

func principal(author string) string {
	who, _, _ := strings.Cut(author, ForAnother)
	return who
}

// Ground is why a grant is revoked: source 004, §6, knows no other.
type Ground string

// The grounds of a revocation.
const (
	GroundImage    Ground = "image"     // the use harms the service's image
	GroundLaw      Ground = "loi"       // it does not respect the law in force
	GroundSecurity Ground = "securite"  // it does not meet the demands of security
	GroundTerms    Ground = "modalites" // it does not respect the terms of use
)

// Grounds lists them.
func Grounds() []Ground { return []Ground{GroundImage, GroundLaw, GroundSecurity, GroundTerms} }

// pairs reports whether an act is only proposed: two agents are demanded, and
// nobody else has proposed it yet. Errors: acte_impossible (SamePerson).
func (r *Request) pairs(d Doing) (bool, error) {
	if !d.Pair || !holds(Paired(), d.Act) {
		return false, nil
	}
	p := r.Proposal
	if p == nil || p.Act != d.Act {
		return true, nil
	}
	if principal(p.Author) == principal(d.Author) {
		return false, fault.New(fault.ActeImpossible, "habilitation: act").Because(SamePerson)
	}
	return false, nil
}

// asProposer is the role under which an act is judged when it is only proposed:
// whoever examines may propose the revocation that a manager confirms.
func asProposer(a Act, by Role) Role {
	if a == Revoke && by == Instructeur {
		return Responsable
	}
	return by
}

// CanBegin is Can for an act that takes two agents: it reports whether somebody
// may propose it or confirm it now. Errors: those of Can, and acte_impossible
// (SamePerson) for who proposed it.
func (r *Request) CanBegin(a Act, by Role, author string) error {
	half, err := r.pairs(Doing{Act: a, Author: author, Pair: true})
	if err != nil {
		return err
	}
	if half {
		by = asProposer(a, by)
	}
	return r.Can(a, by)
}

// propose writes the first half of an act that takes two agents.
func (r Request) propose(d Doing) Request {
	next := r
	next.Proposal = &Proposal{d.Act, d.Role, d.Author, d.At, d.Text, d.Ground}
	next.Events = append(append([]Event(nil), r.Events...), Event{At: d.At, Act: Propose, Of: d.Act, Role: d.Role, Author: d.Author, From: r.State, To: r.State, Motive: d.Text, Ground: d.Ground})
	return next
}

// withdraw takes a proposal back, whoever made it.
func (r Request) withdraw(d Doing) (Request, error) {
	switch {
	case !holds(deciders, d.Role):
		return r, fault.New(fault.RoleInsuffisant, "habilitation: act").Because("ROLE_WITHDRAW")
	case r.Proposal == nil:
		return r, fault.New(fault.ActeImpossible, "habilitation: act").Because("NOTHING_PROPOSED")
	case d.Edition > 0 && d.Edition != r.Edition():
		return r, fault.New(fault.ActeImpossible, "habilitation: act").Because(EditionStale)
	}
	next := r
	next.Proposal = nil
	next.Events = append(append([]Event(nil), r.Events...), Event{At: d.At, Act: Withdraw, Of: r.Proposal.Act, Role: d.Role, Author: d.Author, From: r.State, To: r.State})
	return next, nil
}

// confirm completes an act with what its proposal says: the ground is the one
// that was proposed, the motive too unless whoever confirms writes their own.
func (r *Request) confirm(d *Doing) {
	if p := r.Proposal; d.Pair && p != nil && p.Act == d.Act {
		if strings.TrimSpace(d.Text) == "" {
			d.Text = p.Text
		}
		d.Ground = p.Ground
	}
}
