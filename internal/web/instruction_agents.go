package web

import (
	"context"
	"net/http"
	"time"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/fault"
)

// AgentActs is what is done about the habilitations of agents.
type AgentActs interface {
	AddAgent(ctx context.Context, siret, mail string, r account.Role, m account.Mandate) (account.Person, error)
	RenewAgent(ctx context.Context, id, director string, until time.Time) error
	ReviewAgent(ctx context.Context, id string) error
	EndAgent(ctx context.Context, id string) error
	Undertake(ctx context.Context, id string) error
}

// lastDay is the last day on which something counts that ends at an instant.
func lastDay(end time.Time) civil.Date {
	if end.IsZero() {
		return 0
	}
	return civil.On(end.Add(-time.Second))
}

// agentTags say where a mandate stands, by the reason for which it does not
// count.
var agentTags = map[string]tag{
	"": {"ok", "en vigueur"}, account.MandateEnded: {"", "terminée"}, account.ReviewOverdue: {"error", "suspendue : revue en retard"},
	account.NoUndertaking: {"warn", "engagement à signer"}, account.NoMandate: {"error", "aucune"},
}

// standingOf is a mandate in one or two words.
func standingOf(m account.Mandate, at time.Time) tag {
	s := m.Standing(at)
	if s == "" && m.ReviewBy.Sub(at) < account.ReviewNotice {
		return tag{"warn", "à revoir bientôt"}
	}
	if s == "" && m.Until.Sub(at) < account.ReviewNotice {
		return tag{"warn", "se termine bientôt"}
	}
	return agentTags[s]
}

// agentLine is one agent in the list.
type agentLine struct {
	Href, Name, Mail, Role, Director string
	Standing                         tag
	Until, Review                    civil.Date
	Seen                             string
}

// agentsData is the page of the agents.
type agentsData struct {
	Mistakes []mistake
	Due      int // that ask for something
	Lines    []agentLine
	Address  string
	Mail     field
	Role     choices
	Director field
	Until    field
}

func agentLineOf(p account.Person, at time.Time) agentLine {
	l := agentLine{Href: agentsPath + "/" + p.ID, Name: p.Name, Mail: p.Mail, Role: roleNames[p.Role], Director: p.Mandate.Director, Standing: standingOf(p.Mandate, at), Until: lastDay(p.Mandate.Until), Review: civil.On(p.Mandate.ReviewBy), Seen: "jamais venu"}
	if l.Name == "" {
		l.Name = "Personne attendue"
	}
	if !p.SeenAt.IsZero() {
		l.Seen = instant(p.SeenAt)
	}
	return l
}

// agentForm is what is typed to habilitate somebody.
type agentForm struct{ mail, role, director, until, field, wrong string }

func (d *desk) agents(w http.ResponseWriter, r *http.Request, t turn) error {
	return d.showAgents(w, r, t, agentForm{role: string(account.Instructeur)})
}

func (d *desk) showAgents(w http.ResponseWriter, r *http.Request, t turn, f agentForm) error {
	people, err := d.Accounts.Agents(r.Context())
	if err != nil {
		return err
	}
	x := agentsData{Address: agentsPath,
		Mail:     field{Name: "courriel", Label: "Adresse électronique professionnelle", Hint: "Celle que le fournisseur d'identité transmettra, par exemple prenom.nom@operateur.example.", Kind: "email", Max: 200, Value: f.mail},
		Role:     choices{Name: "role", Legend: "Rôle", Kind: "select"},
		Director: directorField(f.director), Until: untilField(f.until)}
	for _, role := range account.AgentRoles() {
		x.Role.Options = append(x.Role.Options, option{Value: string(role), Label: roleNames[role] + " – " + agentHints[role], Checked: string(role) == f.role})
	}
	for _, p := range people {
		l := agentLineOf(p, d.Clock())
		if l.Standing.Kind == "warn" || l.Standing.Kind == "error" {
			x.Due++
		}
		x.Lines = append(x.Lines, l)
	}
	for _, fd := range []*field{&x.Mail, &x.Director, &x.Until} {
		if fd.Name == f.field {
			fd.Error = f.wrong
		}
	}
	status := http.StatusOK
	if x.Mistakes = mistakes(x.Mail, x.Director, x.Until); len(x.Mistakes) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return d.showWith(w, r, status, t, page{Name: "agents", Title: "Agents", Section: agentsPath, Summary: "Les agents habilités, un par un.", Done: agentDeeds[r.URL.Query().Get("fait")], Failed: len(x.Mistakes) > 0, Crumbs: d.trail(t, link{Text: "Agents"}), Data: x})
}

// agentHints say what each role of an agent may do.
var agentHints = map[account.Role]string{
	account.Rapporteur: "consulte et évalue, ne modifie rien", account.Instructeur: "examine et décide", account.Responsable: "peut aussi signer et révoquer",
	account.Exploitant: "habilite les agents, ne décide rien", account.DPO: "suit les données personnelles",
}

// agentDeeds are what the pages of agents may say was just done.
var agentDeeds = map[string]string{
	"habilite":  "L'agent est habilité. Il signera l'engagement de secret à sa première connexion.",
	"renouvele": "L'habilitation est renouvelée.", "revu": "La revue est notée.", "termine": "L'habilitation est terminée ; l'agent n'a plus accès à rien.",
}

func directorField(v string) field {
	return field{Name: "directeur", Label: "Directeur qui autorise", Hint: "Son prénom et son nom : l'habilitation est donnée en son nom.", Kind: "text", Max: 200, Value: v}
}

func untilField(v string) field {
	return field{Name: "jusque", Label: "Dernier jour", Hint: "Trois ans au plus, par exemple 31/12/2027.", Kind: "date", Value: v}
}

// dayTyped reads a day as browsers send it or as people write it; zero is none.
func dayTyped(s string) civil.Date {
	for _, layout := range []string{time.DateOnly, "02/01/2006", "2/1/2006"} {
		if at, err := time.Parse(layout, s); err == nil {
			return civil.Of(at.Year(), int(at.Month()), at.Day())
		}
	}
	return 0
}

// untilOf is the first instant after a day that was typed.
func untilOf(s string) time.Time {
	day := dayTyped(s)
	if day.IsZero() {
		return time.Time{}
	}
	return day.AddDays(1).StartAt()
}

// mandateMistake says what is wrong with a mandate that was typed.
func mandateMistake(err error) (name, text string) {
	switch f := fault.From(err); {
	case f.Reason() == "EXPECTED_ALREADY":
		return "courriel", "Cette adresse est déjà celle d'un agent : renouvelez son habilitation."
	case f.Field() == "courriel":
		return "courriel", "Écrivez une adresse complète, par exemple prenom.nom@operateur.example."
	case f.Field() == "directeur":
		return "directeur", "Indiquez le nom du directeur qui autorise, par exemple Anne Exemple."
	case f.Field() == "jusque":
		return "jusque", "Indiquez un dernier jour à venir, dans trois ans au plus, par exemple 31/12/2027."
	}
	return "", ""
}

func (d *desk) addAgent(w http.ResponseWriter, r *http.Request, t turn) error {
	if !d.form(w, r) {
		return nil
	}
	f := agentForm{mail: r.PostForm.Get("courriel"), role: r.PostForm.Get("role"), director: r.PostForm.Get("directeur"), until: r.PostForm.Get("jusque")}
	_, err := d.As(t.by).AddAgent(r.Context(), d.Operator, f.mail, account.Role(f.role), account.Mandate{Director: f.director, Until: untilOf(f.until)})
	if f.field, f.wrong = mandateMistake(err); f.wrong != "" {
		note(w, err)
		return d.showAgents(w, r, t, f)
	}
	if err != nil {
		return err
	}
	return redirect(w, r, agentsPath+"?fait=habilite")
}

// agentData is the page of one agent.
type agentData struct {
	Mistakes []mistake
	Name     string
	Standing tag
	Self     bool
	Facts    []pair
	Renew    string
	Director field
	Until    field
	Acts     []action
}

func (d *desk) agentPage(w http.ResponseWriter, r *http.Request, t turn) error {
	return d.showAgent(w, r, t, agentForm{})
}

func (d *desk) showAgent(w http.ResponseWriter, r *http.Request, t turn, f agentForm) error {
	p, err := d.Accounts.Account(r.Context(), r.PathValue("id"))
	if err == nil && !p.Role.Agent() {
		err = fault.New(fault.RessourceInconnue, "web: agent")
	}
	if err != nil {
		return err
	}
	x := agentDataOf(p, t.who.ID, d.Clock())
	if f.director != "" || f.until != "" {
		x.Director.Value, x.Until.Value = f.director, f.until
	}
	for _, fd := range []*field{&x.Director, &x.Until} {
		if fd.Name == f.field {
			fd.Error = f.wrong
		}
	}
	status := http.StatusOK
	if x.Mistakes = mistakes(x.Director, x.Until); len(x.Mistakes) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return d.showWith(w, r, status, t, page{Name: "habilitation_agent", Title: "Habilitation d'un agent", Section: agentsPath, Summary: "L'habilitation d'un agent.", Done: agentDeeds[r.URL.Query().Get("fait")], Failed: len(x.Mistakes) > 0,
		Crumbs: d.trail(t, link{"Agents", agentsPath}, link{Text: "Habilitation"}), Data: x})
}

func agentDataOf(p account.Person, reader string, at time.Time) agentData {
	l, m := agentLineOf(p, at), p.Mandate
	x := agentData{Name: l.Name, Standing: l.Standing, Self: p.ID == reader, Renew: l.Href + "/renouveler", Director: directorField(m.Director), Until: untilField("")}
	x.Facts = []pair{
		{Term: "Adresse", Text: []string{p.Mail}}, {Term: "Rôle", Text: []string{l.Role}}, {Term: "Habilitation", State: l.Standing},
		{Term: "Directeur qui autorise", Text: []string{m.Director}}, {Term: "Dernier jour", Text: []string{longDay(l.Until)}}, {Term: "Revue à faire avant le", Text: []string{longDay(l.Review)}},
		{Term: "Engagement de secret", Text: []string{longInstant(m.SecretAt)}}, {Term: "Renouvelée", Text: []string{longInstant(m.RenewedAt)}}, {Term: "Terminée", Text: []string{longInstant(m.EndedAt)}}, {Term: "Dernière connexion", Text: []string{l.Seen}},
	}
	if ended := m.Standing(at) == account.MandateEnded; !ended && !x.Self {
		x.Acts = []action{
			{Address: l.Href + "/revoir", Label: "Noter la revue", Consequence: "Vous attestez que cet agent a toujours besoin de cet accès. La prochaine revue est dans six mois.", Second: true},
			{Address: l.Href + "/terminer", Label: "Terminer l'habilitation", Consequence: "Dès la page suivante, cet agent n'a plus accès à rien. Ce qu'il a fait reste écrit.", Second: true},
		}
	}
	return x
}

func (d *desk) renewAgent(w http.ResponseWriter, r *http.Request, t turn) error {
	if !d.form(w, r) {
		return nil
	}
	f := agentForm{director: r.PostForm.Get("directeur"), until: r.PostForm.Get("jusque")}
	err := d.As(t.by).RenewAgent(r.Context(), r.PathValue("id"), f.director, untilOf(f.until))
	if f.field, f.wrong = mandateMistake(err); f.wrong != "" {
		note(w, err)
		return d.showAgent(w, r, t, f)
	}
	return d.agentDone(w, r, err, "renouvele")
}

func (d *desk) reviewAgent(w http.ResponseWriter, r *http.Request, t turn) error {
	return d.agentDone(w, r, d.As(t.by).ReviewAgent(r.Context(), r.PathValue("id")), "revu")
}

func (d *desk) endAgent(w http.ResponseWriter, r *http.Request, t turn) error {
	return d.agentDone(w, r, d.As(t.by).EndAgent(r.Context(), r.PathValue("id")), "termine")
}

func (d *desk) agentDone(w http.ResponseWriter, r *http.Request, err error, deed string) error {
	if err != nil {
		return err
	}
	return redirect(w, r, agentsPath+"/"+r.PathValue("id")+"?fait="+deed)
}
