// Package habilitation holds the requests of organisations to use the API,
// from the draft to the decision. It hides which act is legal in which state
// and for whom: one table says it, and everybody asks the table.
//
// Sources: field-notes.md §5 (states, events, roles), web.md §2 (forms,
// motives), source 002 (who is eligible), source 004 (terms of use).
package habilitation

import (
	"strings"
	"time"
	"unicode/utf8"

	"droits.example/droits/internal/fault"
)

// State is where a request is.
type State string

// The states of a request.
const (
	Draft            State = "draft"
	Submitted        State = "submitted"
	ChangesRequested State = "changes_requested"
	Validated        State = "validated"
	Refused          State = "refused"
	Revoked          State = "revoked"
	Archived         State = "archived"
)

// States lists them in the order of the story.
func States() []State {
	return []State{Draft, Submitted, ChangesRequested, Validated, Refused, Revoked, Archived}
}

// Role is what somebody may do with requests. A member of an organisation acts
// on its requests only, an agent on those that are instructed here.
type Role string

// The roles. Each agent has one; the reporter reads and evaluates, and changes
// nothing.
const (
	Demandeur   Role = "demandeur"   // member of the organisation who may apply
	Lecteur     Role = "lecteur"     // member of the organisation who reads
	Rapporteur  Role = "rapporteur"  // agent, read only
	Instructeur Role = "instructeur" // agent who examines and decides
	Responsable Role = "responsable" // agent who may also revoke
	Exploitant  Role = "exploitant"  // runs the platform; decides nothing
	DPO         Role = "dpo"
	Systeme     Role = "systeme" // nobody: a date was reached
)

// Roles lists them.
func Roles() []Role {
	return []Role{Demandeur, Lecteur, Rapporteur, Instructeur, Responsable, Exploitant, DPO, Systeme}
}

// Act is something that is done with a request.
type Act string

// The acts. A request begins with Create, which is in no state.
const (
	Create          Act = "create"
	Update          Act = "update"
	Submit          Act = "submit"
	RequestChanges  Act = "request_changes"
	Approve         Act = "approve"
	Refuse          Act = "refuse"
	Revoke          Act = "revoke"
	Archive         Act = "archive"
	Reopen          Act = "reopen"
	CancelReopening Act = "cancel_reopening"
	Write           Act = "message" // from either side
	Note            Act = "note"    // between agents, never shown to the applicant
	Read            Act = "read"
	Propose         Act = "propose"  // first half of an act that takes two agents
	Withdraw        Act = "withdraw" // takes a proposal back
)

// Acts lists those of the table; Propose is what another becomes, and Withdraw is
// for a proposal alone.
func Acts() []Act {
	return []Act{Update, Submit, RequestChanges, Approve, Refuse, Revoke, Archive, Reopen, CancelReopening, Write, Note, Read}
}

// move is one line of the table: from which states, by whom, to what.
type move struct {
	act    Act
	from   []State
	by     []Role
	to     State // "" = the state stays
	motive bool  // a motive is required and sent to the applicant
	live   int   // whether a grant must be live: 0 whatever, 1 yes, -1 no
	again  int   // whether the request must be a reopening: 0 whatever, 1 yes, -1 no
}

var (
	everywhere = []State{Draft, Submitted, ChangesRequested, Validated, Refused, Revoked, Archived}
	deciders   = []Role{Instructeur, Responsable}
)

// moves is the whole of it (field-notes.md §5). When a request is a reopening,
// a refusal leaves the grant that exists: the request is validated again.
var moves = []move{
	{act: Update, from: []State{Draft, ChangesRequested}, by: []Role{Demandeur}},
	{act: Submit, from: []State{Draft, ChangesRequested}, by: []Role{Demandeur}, to: Submitted},
	{act: RequestChanges, from: []State{Submitted}, by: deciders, to: ChangesRequested, motive: true},
	{act: Approve, from: []State{Submitted, ChangesRequested}, by: deciders, to: Validated},
	{act: Refuse, from: []State{Submitted, ChangesRequested}, by: deciders, to: Refused, motive: true, again: -1},
	{act: Refuse, from: []State{Submitted, ChangesRequested}, by: deciders, to: Validated, motive: true, again: 1},
	{act: Reopen, from: []State{Validated}, by: []Role{Demandeur}, to: Draft, live: 1},
	{act: CancelReopening, from: []State{Draft, Submitted, ChangesRequested}, by: []Role{Demandeur}, to: Validated, again: 1},
	{act: Revoke, from: []State{Validated}, by: []Role{Responsable}, to: Revoked, motive: true, live: 1},
	{act: Archive, from: []State{Draft, Refused, Revoked}, by: []Role{Demandeur, Instructeur, Responsable, Systeme}, to: Archived, live: -1},
	{act: Write, from: []State{Draft, Submitted, ChangesRequested, Validated, Refused, Revoked}, by: []Role{Demandeur, Instructeur, Responsable}},
	{act: Note, from: everywhere, by: deciders},
	{act: Read, from: everywhere, by: []Role{Demandeur, Lecteur, Rapporteur, Instructeur, Responsable, DPO}},
}

// Grant is what an approval opened: the answers as they were, frozen. A later
// approval replaces it; a revocation ends it.
type Grant struct {
	Version   int       `json:"version"`
	Form      Form      `json:"reponses"`
	GrantedAt time.Time `json:"accordee"`
	RevokedAt time.Time `json:"revoquee,omitzero"` // zero = live
}

// Request is a request with everything that was done to it.
type Request struct {
	ID           string  `json:"id"`           // public, such as D-2026-0042
	Organisation string  `json:"organisation"` // SIRET when it was opened
	State        State   `json:"etat"`
	Form         Form    `json:"reponses"` // as the applicant writes it
	Grants       []Grant `json:"habilitations"`
	Events       []Event `json:"evenements"` // oldest first
	// Proposal waits for a second agent; nil when nothing does.
	Proposal *Proposal `json:"proposition,omitempty"`
}

// Event is one act that was done. Changes are those of the form since the
// event before.
type Event struct {
	At      time.Time `json:"le"`
	Act     Act       `json:"acte"`
	Role    Role      `json:"role"`
	Author  string    `json:"auteur,omitempty"` // opaque reference of the account
	From    State     `json:"avant,omitempty"`
	To      State     `json:"apres"`
	Motive  string    `json:"texte,omitempty"` // or the message, or the note
	Changes []Change  `json:"modifications,omitempty"`
	Of      Act       `json:"objet,omitempty"`  // what was proposed
	Ground  Ground    `json:"motif,omitempty"`  // of a revocation
	Folded  int       `json:"repris,omitempty"` // updates before it that it tells too
}

// Internal reports whether the applicant never sees the event.
func (e Event) Internal() bool { return e.Act == Note || e.Act == Propose || e.Act == Withdraw }

// Live is the grant in force, nil when there is none.
func (r *Request) Live() *Grant {
	if n := len(r.Grants); n > 0 && r.Grants[n-1].RevokedAt.IsZero() {
		return &r.Grants[n-1]
	}
	return nil
}

// Edition counts what was done to the answers and the state: a form that was
// shown at one edition and comes back at another was overtaken. Messages and
// notes change nothing.
func (r *Request) Edition() (n int) {
	for _, e := range r.Events {
		if e.Act != Write && e.Act != Note {
			n += 1 + e.Folded
		}
	}
	return n
}

// Reopening reports whether the request would change a grant that is live.
func (r *Request) Reopening() bool { return r.Live() != nil && r.State != Validated }

// find is the line of the table for an act.
func (r *Request) find(a Act, by Role) (move, error) {
	allowed := false
	for _, m := range moves {
		if m.act != a || !holds(m.by, by) {
			continue
		}
		allowed = true
		if holds(m.from, r.State) && agrees(m.live, r.Live() != nil) && agrees(m.again, r.Reopening()) {
			return m, nil
		}
	}
	if !allowed {
		return move{}, fault.New(fault.RoleInsuffisant, "habilitation: act").Because("ROLE_" + strings.ToUpper(string(a)))
	}
	return move{}, fault.New(fault.ActeImpossible, "habilitation: act").Because("STATE_" + strings.ToUpper(string(r.State)))
}

func agrees(want int, is bool) bool { return want == 0 || (want > 0) == is }

func holds[T comparable](list []T, x T) bool {
	for _, y := range list {
		if x == y {
			return true
		}
	}
	return false
}

// Can reports whether somebody may do something now. Errors: role_insuffisant,
// acte_impossible.
func (r *Request) Can(a Act, by Role) error {
	_, err := r.find(a, by)
	return err
}

// Doing is an act that somebody wants done.
type Doing struct {
	Act    Act
	Role   Role
	Author string
	At     time.Time
	Text   string // motive, message or note
	Form   *Form  // of an update
	Ground Ground // of a revocation, required
	// Pair says that the act takes two agents: the first one proposes it. The
	// store tells, for the acts of its configuration.
	Pair bool
	// Edition is the one that whoever acts has read; 0 = whatever it is.
	Edition int
	// Once names the form that was sent: the same one twice is one act. The
	// store tells; Do does not.
	Once string
}

// EditionStale is the reason of acte_impossible for an act on a request that
// somebody else has changed since it was read.
const EditionStale = "EDITION_STALE"

// OfAnother is the reason for which answers that name another organisation than
// the one of the request are neither submitted nor approved: what is granted
// would be that one's.
const OfAnother = "OF_ANOTHER_ORGANISATION"

func (r *Request) ofAnother() bool {
	return r.Organisation != "" && r.Form.Organisation.SIRET != r.Organisation
}

// maxText bounds what is written with an act, in characters.
const maxText = 5000

// Do makes the request that follows from an act, and leaves the receiver as it
// is: the live grant is never changed by what happens to the request, but by an
// approval or a revocation. Errors: role_insuffisant, acte_impossible,
// parametre_invalide (a motive that is missing or too long; a revocation without
// a ground; answers that are not complete when they are submitted, or that name
// another organisation than the one of the request).
func (r Request) Do(d Doing) (Request, error) {
	if d.Act == Withdraw {
		return r.withdraw(d)
	}
	half, err := r.pairs(d)
	if err != nil {
		return r, err
	}
	r.confirm(&d)
	by := d.Role
	if half {
		by = asProposer(d.Act, by)
	}
	m, err := r.find(d.Act, by)
	if err != nil {
		return r, err
	}
	if d.Edition > 0 && d.Edition != r.Edition() {
		return r, fault.New(fault.ActeImpossible, "habilitation: act").Because(EditionStale)
	}
	d.Text = strings.TrimSpace(d.Text)
	if utf8.RuneCountInString(d.Text) > maxText || !utf8.ValidString(d.Text) {
		return r, fault.New(fault.ParametreInvalide, "habilitation: act").On("texte").Because("TEXT_TOO_LONG")
	}
	if d.Text == "" && (m.motive || d.Act == Write || d.Act == Note) {
		return r, fault.New(fault.ParametreInvalide, "habilitation: act").On("motif").Because("MOTIVE_MISSING")
	}
	if d.Act == Revoke && !holds(Grounds(), d.Ground) {
		return r, fault.New(fault.ParametreInvalide, "habilitation: act").On("fondement").Because("GROUND_MISSING")
	}
	if half {
		return r.propose(d), nil
	}
	next := r
	next.Events = append(append([]Event(nil), r.Events...), Event{At: d.At, Act: d.Act, Role: d.Role, Author: d.Author, From: r.State, To: r.State, Motive: d.Text, Ground: d.Ground})
	if d.Act != Write && d.Act != Note {
		next.Proposal = nil // what it was about has moved
	}
	e := &next.Events[len(next.Events)-1]
	if m.to != "" {
		next.State, e.To = m.to, m.to
	}
	switch d.Act {
	case Read:
		return r, nil
	case Update:
		if d.Form == nil {
			return r, fault.New(fault.ParametreInvalide, "habilitation: act").On("reponses")
		}
		if len(r.Events) >= MaxEvents {
			return r, fault.New(fault.ActeImpossible, "habilitation: act").Because(TooManyEvents)
		}
		e.Changes = Diff(r.Form, *d.Form)
		next.Form = *d.Form
		next.fold()
	case Write:
		if len(r.Events) >= MaxEvents && d.Role == Demandeur {
			return r, fault.New(fault.ActeImpossible, "habilitation: act").Because(TooManyEvents)
		}
	case Submit:
		if r.ofAnother() {
			return r, fault.New(fault.ParametreInvalide, "habilitation: submit").On("organisation.siret").Because(OfAnother)
		}
		if p := r.Form.Problems(); len(p) > 0 {
			return r, fault.New(fault.ParametreInvalide, "habilitation: submit").On(p[0].Field).Because("ANSWERS_INCOMPLETE")
		}
	case Approve:
		if r.ofAnother() {
			return r, fault.New(fault.ActeImpossible, "habilitation: approve").Because(OfAnother)
		}
		next.Grants = append(append([]Grant(nil), r.Grants...), Grant{Version: len(r.Grants) + 1, Form: r.Form, GrantedAt: d.At})
	case Refuse, CancelReopening:
		if live := r.Live(); live != nil {
			e.Changes = Diff(r.Form, live.Form)
			next.Form = live.Form
		}
	case Revoke:
		next.Grants = append([]Grant(nil), r.Grants...)
		next.Grants[len(next.Grants)-1].RevokedAt = d.At
	}
	return next, nil
}
