package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/habilitation"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// Desk is what the spaces of partners and of agents need. Every member is
// required but Simulated, Factor and Operator.
type Desk struct {
	Provider Provider
	Sessions Sessions
	Accounts Accounts
	// Organisations is what members read of their organisation.
	Organisations Organisations
	// Oversight is what agents follow.
	Oversight Oversight
	// Left is what is left today under a convention.
	Left func(ctx context.Context, c *convention.Convention) int
	// PublicKey says what is wrong with a public key (JWK) of a software.
	PublicKey func(jwk string) error
	// Certificate reads a client certificate (PEM) of a software.
	Certificate func(pem []byte) (partner.Certificate, error)
	// Environment of this instance: the only one whose keys it makes.
	Environment partner.Environment
	// Sandbox tries calls; nil where there are no test persons.
	Sandbox *Sandbox
	// Requests, Conventions and Terms are what members read.
	Requests    Requests
	Conventions Conventions
	Terms       Terms
	// Contract is the OpenAPI document of a convention.
	Contract func(convention.Convention) ([]byte, error)
	// Examination is what agents read.
	Examination Examination
	// AnswerDue is the time in which an applicant is owed a first answer.
	AnswerDue time.Duration
	// Pair lists the decisions that take two agents.
	Pair []habilitation.Act
	// Party is the operator's name in conventions.
	Party string
	// As is what is done in somebody's name: each act is told as theirs.
	As func(by trace.By) Acts
	// Key is under what states of logins are made.
	Key   [32]byte
	Clock func() time.Time
	// Secure says that the browser keeps Secure cookies here.
	Secure bool
	// Simulated says that the provider is the simulator.
	Simulated bool
	// Operator is the SIRET of the operator, whose people alone may be agents;
	// "" = there are none.
	Operator string
	// Factor demands a second factor for what engages an organisation.
	Factor bool
}

// Accounts reads who is who among members and agents. Errors: those that the
// store documents.
type Accounts interface {
	SignInMember(ctx context.Context, a account.Assertion) (account.Person, error)
	SignInAgent(ctx context.Context, a account.Assertion) (account.Person, error)
	Account(ctx context.Context, id string) (account.Person, error)
	Team(ctx context.Context, siret string) ([]account.Person, error)
	Agents(ctx context.Context) ([]account.Person, error)
	CheckFactor(ctx context.Context, id, code string) error
}

// Acts is everything that members and agents do through pages.
type Acts interface {
	TeamActs
	PartnerActs
	OversightActs
	RequestActs
	ConventionActs
	AgentActs
	ContractActs
}

// Addresses of the spaces of partners and agents.
const (
	memberPath = "/partenaire"
	agentPath  = "/instruction"

	staffPath       = "/connexion"
	staffStartPath  = staffPath + "/depart"
	factorPath      = staffPath + "/second-facteur"
	staffExitPath   = staffPath + "/quitter"
	undertakingPath = agentPath + "/engagement"

	// StaffReturnPath is where the provider sends members and agents back after
	// a login, and StaffGoodbyePath after a logout: both are registered there.
	StaffReturnPath  = staffPath + "/retour"
	StaffGoodbyePath = staffPath + "/terminee"
)

// door is one of the two spaces that the provider opens.
type door struct {
	path, name string
	agent      bool
}

// newRequestPath is where a first visitor goes, once logged in; toNewRequest is
// that destination of a login, through the members' door.
const (
	newRequestPath = memberPath + "/demandes/nouvelle"
	toNewRequest   = 2
)

// doors by the destination byte of a login.
var doors = []door{{memberPath, "Espace partenaire", false}, {agentPath, "Espace d'instruction", true}}

// menus are what each space leads to, with what it takes to go there.
var menus = map[string][]struct {
	link
	need account.Deed
}{
	memberPath: {
		{link{"Vue d'ensemble", memberPath}, account.ReadSpace}, {link{"Demandes d'accès", requestsPath}, account.ReadSpace}, {link{"Conventions", conventionsPath}, account.ReadSpace}, {link{"Clés", keysPath}, account.ReadSpace}, {link{"Délégations", delegationsPath}, account.ReadSpace}, {link{"Quotas", quotasPath}, account.ReadSpace},
		{link{"Consommation", usagePath}, account.ReadSpace}, {link{"Journal des appels", callsPath}, account.ReadSpace}, {link{"Notifications", webhooksPath}, account.ReadSpace},
		{link{"Bac à sable", sandboxPath}, account.UseSandbox}, {link{"Aide et incidents", supportPath}, account.ReadSpace}, {link{"Équipe", teamPath}, account.ReadSpace}, {link{"Sécurité", memberSafe}, account.ReadSpace},
	},
	agentPath: {
		{link{"File d'instruction", queuePath}, account.ReadQueue}, {link{"Délais", delaysPath}, account.ReadQueue}, {link{"Conventions", followPath}, account.ReadQueue}, {link{"Partenaires", partnersPath}, account.ReadQueue}, {link{"Aide et incidents", agentFilesPath}, account.ReadQueue}, {link{"Agents", agentsPath}, account.ManageAgents}, {link{"Sécurité", agentSafe}, account.OwnSafety},
	},
}

// desk is the two spaces of a site.
type desk struct {
	*Site
	Desk
	sessions *sessions[staff]
	states   *states
}

func newDesk(s *Site, c Desk) *desk {
	return &desk{s, c, newSessions[staff](c.Sessions, c.Clock, "pro", c.Secure), newStates(c.Key, c.Clock, "op", c.Secure)}
}

// staff is what a session of a member or an agent holds. It prints as a mask.
type staff struct {
	Account string `json:"compte"`
	IDToken string `json:"id_token"`
	Strong  bool   `json:"fort"` // a second factor was shown, there or here
}

// Owner is under whom the session is listed.
func (l staff) Owner() string { return l.Account }

// String redacts fmt.
func (staff) String() string { return "staff(•••)" }

// GoString redacts %#v.
func (staff) GoString() string { return "staff(•••)" }

// turn is one request of somebody who is logged in to one of the two spaces.
type turn struct {
	who   account.Person
	login staff
	by    trace.By
	today civil.Date
	door  door
}

// may reports whether the role lets who is here do a deed; what it does not is
// not shown.
func (t turn) may(d account.Deed) bool { return t.who.Role.May(d) }

// routes adds the pages of both spaces.
func (d *desk) routes(mux *http.ServeMux) {
	for i, x := range doors {
		mux.HandleFunc("GET "+x.path+"/connexion", d.staffLogin(byte(i)))
	}
	mux.HandleFunc("GET "+staffStartPath, d.staffStart)
	mux.HandleFunc("GET "+StaffReturnPath, d.staffReturn)
	mux.HandleFunc("GET "+factorPath, d.factorPage)
	mux.HandleFunc("POST "+factorPath, d.factor)
	mux.HandleFunc("POST "+staffExitPath, d.staffLeave)
	mux.HandleFunc("GET "+StaffGoodbyePath, d.staffGoodbye)
	d.memberRoutes(mux)
	d.agentRoutes(mux)
	d.agentSupportRoutes(mux)
	d.oversightRoutes(mux)
}

// member lets in a member of an organisation whose role lets it do a deed.
func (d *desk) member(need account.Deed, h func(http.ResponseWriter, *http.Request, turn) error) http.HandlerFunc {
	return d.guard(doors[0], need, h)
}

// agent lets in an agent whose mandate counts and whose role lets it do a deed.
func (d *desk) agent(need account.Deed, h func(http.ResponseWriter, *http.Request, turn) error) http.HandlerFunc {
	return d.guard(doors[1], need, h)
}

// guard lets in who is logged in, through the right door, with a role that
// allows the deed; the others are told what they lack. Account and role are
// read at each request: what is taken away counts at once.
func (d *desk) guard(x door, need account.Deed, h func(http.ResponseWriter, *http.Request, turn) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		t, ok, err := d.enter(r, x)
		switch {
		case err != nil:
			d.fail(w, r, err)
			return
		case !ok:
			to := x.path + "/connexion"
			if r.Method == http.MethodGet && r.URL.Path == newRequestPath {
				to += "?vers=demande"
			}
			http.Redirect(w, r, to, http.StatusSeeOther)
			return
		case t.who.Factor && !t.login.Strong:
			http.Redirect(w, r, factorPath, http.StatusSeeOther)
			return
		}
		v := visitOf(w)
		t.by.RequestID, t.by.IP = v.RequestID, v.Addr.String()
		if x.agent && t.who.Role.Agent() && r.URL.Path != undertakingPath {
			if err := t.who.Mandate.Acting(d.Clock()); fault.From(err).Reason() == account.NoUndertaking {
				http.Redirect(w, r, undertakingPath, http.StatusSeeOther)
				return
			} else if err != nil {
				note(w, err)
				d.lacking(w, r, t, need, err)
				return
			}
		}
		if t.who.Role.Agent() != x.agent || !t.may(need) || d.Factor && need.Strong() && !t.login.Strong {
			err := fault.New(fault.RoleInsuffisant, "web: guard").Because("ROLE_" + strings.ToUpper(string(t.who.Role)))
			note(w, err)
			d.lacking(w, r, t, need, nil)
			return
		}
		if err := h(w, r, t); err != nil {
			d.fail(w, r, err)
		}
	}
}

// enter finds who makes a request.
func (d *desk) enter(r *http.Request, x door) (t turn, ok bool, err error) {
	l, ok, err := d.sessions.find(r)
	if err != nil || !ok {
		return t, false, err
	}
	who, err := d.Accounts.Account(r.Context(), l.Account)
	if fault.Is(err, fault.RessourceInconnue) {
		return t, false, nil
	}
	actor := trace.ActorPartner
	if who.Role.Agent() {
		actor = trace.ActorOperator
	}
	return turn{who, l, trace.By{Actor: actor, Author: who.ID}, civil.On(d.Clock()), x}, err == nil, err
}

// lackingData is the page of somebody who may not.
type lackingData struct {
	Who, Role string
	Needed    []string // roles that may
	Why       string   // what is missing beside the role, "" when the role is
	Security  string   // where a second factor is set, "" when none is asked for
	Back      link     // where this account may go
	RequestID string
}

// roleNames are the roles in words.
var roleNames = map[account.Role]string{
	account.Gestionnaire: "gestionnaire", account.Demandeur: "demandeur", account.Developpeur: "développeur", account.Lecteur: "lecteur",
	account.Rapporteur: "rapporteur", account.Instructeur: "instructeur", account.Responsable: "responsable", account.Exploitant: "exploitant", account.DPO: "délégué à la protection des données",
	"": "aucun rôle",
}

// lacking answers 403: which role is needed, and which account is in use.
func (d *desk) lacking(w http.ResponseWriter, r *http.Request, t turn, need account.Deed, mandate error) {
	x := lackingData{Who: t.who.Name, Role: roleNames[t.who.Role], RequestID: w.Header().Get("X-Request-Id")}
	for _, role := range need.Who() {
		x.Needed = append(x.Needed, roleNames[role])
	}
	switch {
	case mandate != nil:
		x.Why = map[string]string{
			account.NoMandate:     "Ce compte n'est pas habilité.",
			account.MandateEnded:  "Votre habilitation a pris fin. Votre directeur peut la renouveler auprès de l'exploitant.",
			account.ReviewOverdue: "La revue périodique de votre habilitation n'a pas été faite : elle est suspendue jusque-là.",
		}[fault.From(mandate).Reason()]
	case t.who.Role.Agent() != t.door.agent:
		other := doors[0]
		if t.who.Role.Agent() {
			other = doors[1]
		}
		x.Why = "Ce compte ouvre un autre espace que celui-ci. Allez dans le sien, ou déconnectez-vous pour entrer ici avec un autre compte."
		x.Back = link{Text: "Ouvrir l'espace : " + other.name, Href: other.path}
	case t.who.Role == "" && !t.door.agent:
		x.Why = "Votre organisme a déjà des membres ici. Une personne gestionnaire de votre organisme doit vous donner un rôle."
	case t.may(need):
		x.Why, x.Security = "Cette action demande un second facteur d'authentification.", securityOf(t.door)
	}
	if x.Back.Href == "" && t.who.Role != "" && mandate == nil {
		x.Back = link{Text: "Revenir à l'espace : " + t.door.name, Href: t.door.path}
	}
	_ = d.showWith(w, r, http.StatusForbidden, t, page{Name: "role_insuffisant", Title: "Accès refusé – Erreur 403", Summary: "Accès refusé.", Crumbs: d.trail(t, link{Text: "Erreur 403"}), Data: x})
}

func securityOf(x door) string { return x.path + "/securite" }

// show answers a page of the space that the turn is in.
func (d *desk) show(w http.ResponseWriter, r *http.Request, t turn, p page) error {
	return d.showWith(w, r, http.StatusOK, t, p)
}

func (d *desk) showWith(w http.ResponseWriter, r *http.Request, status int, t turn, p page) error {
	p.Space, p.Private = t.door.name, true
	room := &room{Home: t.door.path, Who: t.who.Name, Exit: staffExitPath}
	for _, m := range menus[t.door.path] {
		if t.who.Role.Agent() == t.door.agent && t.may(m.need) && (m.Href != sandboxPath || d.Sandbox != nil) {
			room.Menu = append(room.Menu, m.link)
		}
	}
	d.renderIn(w, r, status, view{page: p, Room: room})
	return nil
}

// trail starts the breadcrumbs of the space.
func (d *desk) trail(t turn, steps ...link) []link {
	return append(trail(link{t.door.name, t.door.path}), steps...)
}
