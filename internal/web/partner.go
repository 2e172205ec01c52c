package web

import (
	"net/http"

	"droits.example/droits/internal/account"
)

// memberRoutes adds the pages of the partner space.
func (d *desk) memberRoutes(mux *http.ServeMux) {
	get := func(path string, need account.Deed, h func(http.ResponseWriter, *http.Request, turn) error) {
		mux.HandleFunc("GET "+path, d.member(need, h))
	}
	post := func(path string, need account.Deed, h func(http.ResponseWriter, *http.Request, turn) error) {
		mux.HandleFunc("POST "+path, d.member(need, h))
	}
	get(memberPath, account.ReadSpace, d.memberHome)
	get(teamPath, account.ReadSpace, d.team)
	post(teamPath, account.ManageTeam, d.invite)
	post(teamPath+"/{id}/role", account.ManageTeam, d.setRole)
	post(teamPath+"/{id}/second-facteur/retirer", account.ManageTeam, d.dropTheirFactor)
	get(memberSafe, account.ReadSpace, d.safety)
	post(memberSafe+"/second-facteur", account.ReadSpace, d.setFactor)
	post(memberSafe+"/second-facteur/retirer", account.ReadSpace, d.dropFactor)
	post(memberSafe+"/sessions/fermer-les-autres", account.ReadSpace, d.endOtherSessions)
}

// memberHomeData is the overview of an organisation.
type memberHomeData struct {
	Organisation string
	Tasks        []notice
}

func (d *desk) memberHome(w http.ResponseWriter, r *http.Request, t turn) error {
	x := memberHomeData{Organisation: t.who.SIRET}
	return d.show(w, r, t, page{Name: "partenaire", Title: "Vue d'ensemble", Section: memberPath, Summary: "Votre organisme et l'API de droits.", Done: doneIn(r), Crumbs: trail(link{Text: t.door.name}), Data: x})
}
