package web

import (
	"net/http"

	"droits.example/droits/internal/account"
)

// agentRoutes adds the pages of the agents' space.
func (d *desk) agentRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+agentSafe, d.agent(account.OwnSafety, d.safety))
	mux.HandleFunc("POST "+agentSafe+"/second-facteur", d.agent(account.OwnSafety, d.setFactor))
	mux.HandleFunc("POST "+agentSafe+"/second-facteur/retirer", d.agent(account.OwnSafety, d.dropFactor))
	mux.HandleFunc("POST "+agentSafe+"/sessions/fermer-les-autres", d.agent(account.OwnSafety, d.endOtherSessions))
}
