// Package account holds the people of partners and the agents: who a provider
// says they are, and what their role lets them do. It hides the table of roles
// and deeds; everybody asks the table.
//
// Sources: field-notes.md §5 (roles), requirements.md R33, web.md §9; the
// habilitation of agents one by one follows the practice of source 001 (list
// of persons having access).
package account

import (
	"slices"
	"strings"
	"time"

	"droits.example/droits/internal/fault"
)

// Assertion is what the identity provider says of somebody who has just logged
// in. It prints as a mask.
type Assertion struct {
	Issuer, Subject string // who they are, for ever
	Given, Family   string
	Mail            string
	MailVerified    bool
	SIRET           string    // of the organisation on whose behalf they act, 14 digits
	At              time.Time // of the authentication
	Methods         []string  // amr: how they proved it
}

// String redacts fmt.
func (Assertion) String() string { return "Assertion(•••)" }

// GoString redacts %#v.
func (Assertion) GoString() string { return "Assertion(•••)" }

// Strong reports whether the provider saw a second factor.
func (a Assertion) Strong() bool {
	return slices.ContainsFunc(a.Methods, func(m string) bool { return m == "mfa" || m == "otp" || m == "hwk" || m == "pop" })
}

// Role is what somebody is here. A member has one in an organisation, an agent
// one with the operator; "" is somebody to whom nobody has given any.
type Role string

// The roles of members of an organisation.
const (
	Gestionnaire Role = "gestionnaire" // engages the organisation: team, signature, keys, leaving
	Demandeur    Role = "demandeur"    // writes requests for access
	Developpeur  Role = "developpeur"  // keys, webhooks, sandbox
	Lecteur      Role = "lecteur"      // reads
)

// The roles of agents.
const (
	Rapporteur  Role = "rapporteur"  // reads and evaluates, changes nothing
	Instructeur Role = "instructeur" // examines and decides
	Responsable Role = "responsable" // may also sign and revoke
	Exploitant  Role = "exploitant"  // runs the platform, habilitates agents, decides nothing
	DPO         Role = "dpo"
)

// MemberRoles lists the roles of members, the widest first.
func MemberRoles() []Role { return []Role{Gestionnaire, Demandeur, Developpeur, Lecteur} }

// AgentRoles lists the roles of agents.
func AgentRoles() []Role { return []Role{Rapporteur, Instructeur, Responsable, Exploitant, DPO} }

// Agent reports whether the role is an agent's.
func (r Role) Agent() bool { return slices.Contains(AgentRoles(), r) }

// Member reports whether the role is a member's.
func (r Role) Member() bool { return slices.Contains(MemberRoles(), r) }

// Deed is something that a role lets somebody do.
type Deed string

// What members do.
const (
	ReadSpace       Deed = "espace.lire" // requests, conventions, keys without secret, quotas, usage
	WriteRequest    Deed = "demande.ecrire"
	SignConvention  Deed = "convention.signer"
	ManageKeys      Deed = "cle.gerer"
	UseSandbox      Deed = "bac-a-sable.utiliser"
	ManageWebhooks  Deed = "webhook.gerer"
	ManageTeam      Deed = "equipe.gerer"
	ReportIncident  Deed = "incident.signaler"
	WriteTicket     Deed = "support.ecrire"
	Leave           Deed = "depart.annoncer"
	ManageDelegates Deed = "delegation.gerer"
)

// What agents do.
const (
	ReadQueue         Deed = "file.lire"
	Examine           Deed = "demande.instruire"
	RevokeGrant       Deed = "habilitation.revoquer"
	PrepareConvention Deed = "convention.preparer"
	EngageOperator    Deed = "convention.engager" // sign, activate, suspend, end
	FollowPartners    Deed = "partenaire.suivre"
	AnswerTickets     Deed = "support.repondre"
	FollowIncidents   Deed = "incident.suivre"
	ManageAgents      Deed = "agent.gerer"
	OwnSafety         Deed = "compte.proteger" // an agent's own account
)

var table = map[Deed][]Role{
	ReadSpace:       {Gestionnaire, Demandeur, Developpeur, Lecteur},
	WriteRequest:    {Gestionnaire, Demandeur},
	SignConvention:  {Gestionnaire},
	ManageKeys:      {Gestionnaire, Developpeur},
	UseSandbox:      {Gestionnaire, Developpeur},
	ManageWebhooks:  {Gestionnaire, Developpeur},
	ManageTeam:      {Gestionnaire},
	ReportIncident:  {Gestionnaire, Demandeur, Developpeur},
	WriteTicket:     {Gestionnaire, Demandeur, Developpeur},
	Leave:           {Gestionnaire},
	ManageDelegates: {Gestionnaire},

	ReadQueue:         {Rapporteur, Instructeur, Responsable, DPO},
	Examine:           {Instructeur, Responsable},
	RevokeGrant:       {Responsable},
	PrepareConvention: {Instructeur, Responsable},
	EngageOperator:    {Responsable},
	FollowPartners:    {Instructeur, Responsable, Exploitant},
	AnswerTickets:     {Instructeur, Responsable},
	FollowIncidents:   {Responsable, DPO},
	ManageAgents:      {Exploitant},
	OwnSafety:         {Rapporteur, Instructeur, Responsable, Exploitant, DPO},
}

// Deeds lists every deed, in the order of their names.
func Deeds() []Deed {
	list := make([]Deed, 0, len(table))
	for d := range table {
		list = append(list, d)
	}
	slices.Sort(list)
	return list
}

// Who lists the roles that may do a deed, none for one that is unknown.
func (d Deed) Who() []Role { return slices.Clone(table[d]) }

// May reports whether the role lets somebody do a deed; no role lets anything.
func (r Role) May(d Deed) bool { return slices.Contains(table[d], r) }

// Strong reports whether a deed asks for a second factor where the operator
// demands one: those that engage the organisation or open its data.
func (d Deed) Strong() bool {
	switch d {
	case SignConvention, ManageKeys, ManageTeam, Leave, ManageDelegates, RevokeGrant, EngageOperator, FollowPartners, ManageAgents:
		return true
	}
	return false
}

// Person is somebody with an account. It prints as a mask.
type Person struct {
	ID        string // opaque, cpt_…
	Name      string
	Mail      string
	SIRET     string // the organisation; the operator's for an agent
	Role      Role
	Mandate   Mandate   // of an agent
	Factor    bool      // has a second factor of ours
	InvitedBy string    // account, "" for the first of an organisation
	CreatedAt time.Time // of the account or the invitation
	SeenAt    time.Time // last login, zero for one who never came
}

// String redacts fmt.
func (Person) String() string { return "Person(•••)" }

// GoString redacts %#v.
func (Person) GoString() string { return "Person(•••)" }

// Mandate is why an agent may act: who authorised it, until when, and what the
// agent undertook. Agents are habilitated one by one.
type Mandate struct {
	Director  string    `json:"directeur"`         // name of the authorising director
	Until     time.Time `json:"jusque"`            // first instant at which it no longer counts
	ReviewBy  time.Time `json:"revue"`             // the periodic review is due before it
	SecretAt  time.Time `json:"secret,omitzero"`   // the undertaking of secrecy was accepted
	EndedAt   time.Time `json:"terminee,omitzero"` // ended before its term
	RenewedAt time.Time `json:"renouvelee,omitzero"`
}

// ReviewEvery is how often a mandate is reviewed.
const ReviewEvery = 182 * 24 * time.Hour

// MaxMandate is how long a mandate may last.
const MaxMandate = 3 * 366 * 24 * time.Hour

// The reasons for which an agent cannot act.
const (
	NoMandate     = "MANDATE_ABSENT"
	MandateEnded  = "MANDATE_ENDED"
	ReviewOverdue = "MANDATE_REVIEW"
	NoUndertaking = "MANDATE_SECRECY"
)

// Acting reports whether an agent may act at an instant. Errors:
// role_insuffisant, whose reason tells why.
func (m Mandate) Acting(at time.Time) error {
	reason := ""
	switch {
	case m.Until.IsZero():
		reason = NoMandate
	case !m.EndedAt.IsZero() && !at.Before(m.EndedAt), !at.Before(m.Until):
		reason = MandateEnded
	case !at.Before(m.ReviewBy):
		reason = ReviewOverdue
	case m.SecretAt.IsZero():
		reason = NoUndertaking
	default:
		return nil
	}
	return fault.New(fault.RoleInsuffisant, "account: mandate").Because(reason)
}

// Check reports what is wrong with a mandate that is given at an instant.
// Errors: parametre_invalide on directeur or jusque.
func (m Mandate) Check(at time.Time) error {
	switch n := len(strings.TrimSpace(m.Director)); {
	case n < 3 || n > 200:
		return fault.New(fault.ParametreInvalide, "account: mandate").On("directeur")
	case !m.Until.After(at) || m.Until.Sub(at) > MaxMandate:
		return fault.New(fault.ParametreInvalide, "account: mandate").On("jusque")
	}
	return nil
}
