package web

import (
	"context"
	"net/http"
	"time"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/fault"
)

// TeamActs is what is done about accounts.
type TeamActs interface {
	Invite(ctx context.Context, siret, mail string, r account.Role) (account.Person, error)
	SetMemberRole(ctx context.Context, siret, id string, r account.Role) error
	SetFactor(ctx context.Context, id string, secret []byte, code string) error
	DropFactor(ctx context.Context, id string) error
}

const (
	teamPath   = memberPath + "/equipe"
	memberSafe = memberPath + "/securite"
	agentSafe  = agentPath + "/securite"
)

// memberLine is one member on the page of the team.
type memberLine struct {
	ID, Name, Mail string
	Role           tag
	Seen           string
	Factor         bool
	Self           bool
	Roles          choices
	Change, Drop   string // addresses
}

// teamData is the page of the team.
type teamData struct {
	Mistakes []mistake
	Lines    []memberLine
	Manage   bool
	Mail     field
	Role     choices
}

// roleHints say what each role of a member may do.
var roleHints = map[account.Role]string{
	account.Gestionnaire: "engage l'organisme : équipe, signature, clés, départ", account.Demandeur: "rédige les demandes d'accès",
	account.Developpeur: "gère les clés, les notifications et le bac à sable", account.Lecteur: "consulte",
}

func roleChoices(name string, now account.Role) choices {
	c := choices{Name: name, Legend: "Rôle", Kind: "select"}
	for _, r := range account.MemberRoles() {
		c.Options = append(c.Options, option{Value: string(r), Label: roleNames[r] + " – " + roleHints[r], Checked: r == now})
	}
	return c
}

func (d *desk) team(w http.ResponseWriter, r *http.Request, t turn) error {
	return d.showTeam(w, r, t, field{}, account.Lecteur)
}

func (d *desk) showTeam(w http.ResponseWriter, r *http.Request, t turn, wrong field, chosen account.Role) error {
	people, err := d.Accounts.Team(r.Context(), t.who.SIRET)
	if err != nil {
		return err
	}
	x := teamData{Manage: t.may(account.ManageTeam), Role: roleChoices("role", chosen),
		Mail: field{Name: "courriel", Label: "Adresse électronique professionnelle", Hint: "Celle que le fournisseur d'identité transmettra, par exemple prenom.nom@hopital.example.", Kind: "email", Max: 200, Value: wrong.Value, Error: wrong.Error}}
	x.Mistakes = mistakes(x.Mail)
	for _, p := range people {
		l := memberLine{ID: p.ID, Name: p.Name, Mail: p.Mail, Factor: p.Factor, Self: p.ID == t.who.ID, Roles: roleChoices("role-"+p.ID, p.Role),
			Change: teamPath + "/" + p.ID + "/role", Drop: teamPath + "/" + p.ID + "/second-facteur/retirer", Seen: "jamais venu"}
		l.Role = tag{"", roleNames[p.Role]}
		if p.Role == "" {
			l.Role.Kind = "warn"
			l.Roles.Options = append([]option{{Label: "aucun rôle", Checked: true}}, l.Roles.Options...)
		} else {
			l.Roles.Options = append(l.Roles.Options, option{Label: "aucun rôle : cette personne n'a plus accès"})
		}
		if l.Mail == p.ID {
			l.Mail = ""
		}
		if l.Name == "" {
			l.Name = "Personne attendue"
		}
		if !p.SeenAt.IsZero() {
			l.Seen = instant(p.SeenAt)
		}
		x.Lines = append(x.Lines, l)
	}
	status := http.StatusOK
	if len(x.Mistakes) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return d.showWith(w, r, status, t, page{Name: "equipe", Title: "Équipe", Section: teamPath, Summary: "Les personnes de votre organisme et leur rôle.", Done: doneIn(r), Failed: len(x.Mistakes) > 0, Crumbs: d.trail(t, link{Text: "Équipe"}), Data: x})
}

func (d *desk) invite(w http.ResponseWriter, r *http.Request, t turn) error {
	if !d.form(w, r) {
		return nil
	}
	mail, role := r.PostForm.Get("courriel"), account.Role(r.PostForm.Get("role"))
	_, err := d.As(t.by).Invite(r.Context(), t.who.SIRET, mail, role)
	wrong := ""
	switch {
	case err == nil:
		return redirect(w, r, teamPath+"?fait=invitation")
	case fault.From(err).Reason() == "EXPECTED_ALREADY":
		wrong = "Cette adresse est déjà dans l'équipe."
	case fault.From(err).Field() == "courriel":
		wrong = "Écrivez une adresse complète, par exemple prenom.nom@hopital.example."
	default:
		return err
	}
	note(w, err)
	return d.showTeam(w, r, t, field{Value: mail, Error: wrong}, role)
}

func (d *desk) setRole(w http.ResponseWriter, r *http.Request, t turn) error {
	if !d.form(w, r) {
		return nil
	}
	id := r.PathValue("id")
	err := d.As(t.by).SetMemberRole(r.Context(), t.who.SIRET, id, account.Role(r.PostForm.Get("role-"+id)))
	if fault.From(err).Reason() == "LAST_MANAGER" {
		note(w, err)
		return redirect(w, r, teamPath+"?fait=dernier-gestionnaire")
	}
	if err != nil {
		return err
	}
	return redirect(w, r, teamPath+"?fait=role")
}

// dropTheirFactor takes the second factor from a member who has lost it.
func (d *desk) dropTheirFactor(w http.ResponseWriter, r *http.Request, t turn) error {
	p, err := d.Accounts.Account(r.Context(), r.PathValue("id"))
	if err == nil && (p.SIRET != t.who.SIRET || p.Role.Agent()) {
		err = fault.New(fault.RessourceInconnue, "web: second factor")
	}
	if err == nil {
		err = d.As(t.by).DropFactor(r.Context(), p.ID)
	}
	if err != nil {
		return err
	}
	return redirect(w, r, teamPath+"?fait=facteur-retire")
}

// safetyData is the page of one's own account.
type safetyData struct {
	Mistakes        []mistake
	Who, Mail, Role string
	SIRET           string
	Has, Forced     bool
	Provider        bool // the provider saw a second factor
	Set, Drop       string
	Secret, Address string
	Code            field
	Sessions        []sessionLine
	EndOthers       string
}

func (d *desk) safety(w http.ResponseWriter, r *http.Request, t turn) error {
	return d.showSafety(w, r, t, account.NewFactor(), "")
}

func (d *desk) showSafety(w http.ResponseWriter, r *http.Request, t turn, secret []byte, wrong string) error {
	at := securityOf(t.door)
	x := safetyData{Who: t.who.Name, Mail: t.who.Mail, Role: roleNames[t.who.Role], SIRET: t.who.SIRET, Has: t.who.Factor, Forced: d.Factor, Provider: t.login.Strong && !t.who.Factor,
		Set: at + "/second-facteur", Drop: at + "/second-facteur/retirer", EndOthers: at + "/sessions/fermer-les-autres", Code: codeField(wrong)}
	if !x.Has {
		x.Secret, x.Address = account.FactorText(secret), account.FactorAddress(secret, d.cfg.Name, t.who.Mail)
	}
	x.Mistakes = mistakes(x.Code)
	here := d.Sessions.SessionID(d.sessions.name(r))
	now := d.Clock()
	err := d.Sessions.EachSession(r.Context(), t.who.ID, func(id string, createdAt, seenAt time.Time) {
		if alive(createdAt, seenAt, now) {
			x.Sessions = append(x.Sessions, sessionLine{ID: id, Begun: instantOf{createdAt}, Seen: instantOf{seenAt}, Here: id == here})
		}
	})
	if err != nil {
		return err
	}
	status := http.StatusOK
	if wrong != "" {
		status = http.StatusUnprocessableEntity
	}
	return d.showWith(w, r, status, t, page{Name: "compte", Title: "Sécurité du compte", Section: at, Summary: "Votre compte, votre second facteur et vos sessions.", Done: doneIn(r), Failed: wrong != "", Crumbs: d.trail(t, link{Text: "Sécurité du compte"}), Data: x})
}

// setFactor begins a second factor, under the secret that the page has shown;
// the session counts as strong from then on.
func (d *desk) setFactor(w http.ResponseWriter, r *http.Request, t turn) error {
	if !d.form(w, r) {
		return nil
	}
	secret := account.ParseFactor(r.PostForm.Get("cle"))
	if secret == nil || t.who.Factor {
		return redirect(w, r, securityOf(t.door))
	}
	err := d.As(t.by).SetFactor(r.Context(), t.who.ID, secret, digitsOf(r.PostForm.Get("code")))
	if fault.From(err).Field() == "code" {
		note(w, err)
		return d.showSafety(w, r, t, secret, "Ce code n'est pas le bon. Vérifiez la clé saisie et l'heure de votre téléphone, puis recopiez le code affiché.")
	}
	if err != nil {
		return err
	}
	t.login.Strong = true
	if err := d.sessions.begin(w, r, t.login); err != nil {
		return err
	}
	return redirect(w, r, securityOf(t.door)+"?fait=facteur")
}

func (d *desk) dropFactor(w http.ResponseWriter, r *http.Request, t turn) error {
	if err := d.As(t.by).DropFactor(r.Context(), t.who.ID); err != nil {
		return err
	}
	return redirect(w, r, securityOf(t.door)+"?fait=facteur-retire")
}

func (d *desk) endOtherSessions(w http.ResponseWriter, r *http.Request, t turn) error {
	if _, err := d.Sessions.EndOtherSessions(r.Context(), t.who.ID, d.sessions.name(r)); err != nil {
		return err
	}
	return redirect(w, r, securityOf(t.door)+"?fait=fermees")
}
