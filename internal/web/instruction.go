package web

import (
	"net/http"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/habilitation"
)

// Addresses of the agents' space.
const (
	queuePath  = agentPath + "/demandes"
	agentsPath = agentPath + "/agents"
)

// agentRoutes adds the pages of the agents' space.
func (d *desk) agentRoutes(mux *http.ServeMux) {
	get := func(path string, need account.Deed, h func(http.ResponseWriter, *http.Request, turn) error) {
		mux.HandleFunc("GET "+path, d.agent(need, h))
	}
	post := func(path string, need account.Deed, h func(http.ResponseWriter, *http.Request, turn) error) {
		mux.HandleFunc("POST "+path, d.agent(need, h))
	}
	get(agentPath, account.OwnSafety, d.agentHome)
	get(undertakingPath, account.OwnSafety, d.undertaking)
	post(undertakingPath, account.OwnSafety, d.undertake)
	get(agentSafe, account.OwnSafety, d.safety)
	post(agentSafe+"/second-facteur", account.OwnSafety, d.setFactor)
	post(agentSafe+"/second-facteur/retirer", account.OwnSafety, d.dropFactor)
	post(agentSafe+"/sessions/fermer-les-autres", account.OwnSafety, d.endOtherSessions)
	get(queuePath, account.ReadQueue, d.queue)
	get(delaysPath, account.ReadQueue, d.delays)
	get(queuePath+"/{id}", account.ReadQueue, d.dossier)
	get(queuePath+"/{id}/pieces/{piece}", account.ReadQueue, d.filePiece)
	post(queuePath+"/{id}/message", account.Examine, d.writeAbout(habilitation.Write))
	post(queuePath+"/{id}/note", account.Examine, d.writeAbout(habilitation.Note))
	post(queuePath+"/{id}/retirer-proposition", account.Examine, d.withdrawProposal)
	for _, c := range decisions {
		get(queuePath+"/{id}/"+c.slug, d.needOf(c), d.decidePage(c))
		post(queuePath+"/{id}/"+c.slug, d.needOf(c), d.decide(c))
	}
	post(queuePath+"/{id}/convention/preparer", account.PrepareConvention, d.prepareContract)
	post(queuePath+"/{id}/convention/signer", account.EngageOperator, d.engageOperator("signee", signContract))
	post(queuePath+"/{id}/convention/activer", account.EngageOperator, d.engageOperator("vigueur", activateContract))
	get(agentsPath, account.ManageAgents, d.agents)
	post(agentsPath, account.ManageAgents, d.addAgent)
	get(agentsPath+"/{id}", account.ManageAgents, d.agentPage)
	post(agentsPath+"/{id}/renouveler", account.ManageAgents, d.renewAgent)
	post(agentsPath+"/{id}/revoir", account.ManageAgents, d.reviewAgent)
	post(agentsPath+"/{id}/terminer", account.ManageAgents, d.endAgent)
}

// agentHome leads to the first page that the role opens.
func (d *desk) agentHome(w http.ResponseWriter, r *http.Request, t turn) error {
	for _, m := range menus[agentPath] {
		if t.may(m.need) {
			return redirect(w, r, m.Href)
		}
	}
	return redirect(w, r, agentSafe)
}

// undertakingData is the page of the undertaking of secrecy.
type undertakingData struct {
	Mistakes []mistake
	Director string
	Until    string
	Address  string
	Accept   choices
	Accepted string // when it was, "" when it was not
}

func (d *desk) undertaking(w http.ResponseWriter, r *http.Request, t turn) error {
	return d.showUndertaking(w, r, t, "")
}

func (d *desk) showUndertaking(w http.ResponseWriter, r *http.Request, t turn, wrong string) error {
	m := t.who.Mandate
	if why := m.Standing(d.Clock()); why != "" && why != account.NoUndertaking {
		d.lacking(w, r, t, account.OwnSafety, m.Acting(d.Clock()))
		return nil
	}
	x := undertakingData{Director: m.Director, Until: longDay(lastDay(m.Until)), Address: undertakingPath,
		Accept: choices{Name: "engagement", Legend: "Votre engagement", Kind: "checkbox", Error: wrong, Options: []option{{Value: account.UndertakingVersion, Label: "Je m'engage à respecter le secret, comme il est dit ci-dessus."}}}}
	if !m.SecretAt.IsZero() {
		x.Accepted = longInstant(m.SecretAt)
	}
	status := http.StatusOK
	if wrong != "" {
		status, x.Mistakes = http.StatusUnprocessableEntity, []mistake{{"engagement", wrong}}
	}
	return d.showWith(w, r, status, t, page{Name: "engagement", Title: "Engagement de secret", Section: undertakingPath, Summary: "L'engagement de secret des agents.", Failed: wrong != "", Crumbs: d.trail(t, link{Text: "Engagement de secret"}), Data: x})
}

func (d *desk) undertake(w http.ResponseWriter, r *http.Request, t turn) error {
	if !d.form(w, r) {
		return nil
	}
	if r.PostForm.Get("engagement") != account.UndertakingVersion {
		return d.showUndertaking(w, r, t, "Cochez la case pour entrer dans l'espace d'instruction.")
	}
	if err := d.As(t.by).Undertake(r.Context(), t.who.ID); err != nil {
		return err
	}
	return redirect(w, r, agentPath)
}
