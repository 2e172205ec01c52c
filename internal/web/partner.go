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
	d.requestRoutes(mux)
	d.conventionRoutes(mux)
	get(memberPath, account.ReadSpace, d.memberHome)

	get(keysPath, account.ReadSpace, d.keys)
	post(keysPath, account.ManageKeys, d.addKey)
	get(keysPath+"/{id}/revoquer", account.ManageKeys, d.keyRevocation)
	post(keysPath+"/{id}/revoquer", account.ManageKeys, d.revokeKey)
	post(keysPath+"/{id}/logiciel", account.ManageKeys, d.bindKey)
	post(keysPath+"/{id}/certificat", account.ManageKeys, d.bindCertificate)
	post(keysPath+"/{id}/certificat/retirer", account.ManageKeys, d.unbindCertificate)
	get(delegationsPath, account.ReadSpace, d.delegations)
	post(delegationsPath, account.ManageDelegates, d.delegate)
	get(delegationsPath+"/{editeur}/{convention}/terminer", account.ManageDelegates, d.delegationEnd)
	post(delegationsPath+"/{editeur}/{convention}/terminer", account.ManageDelegates, d.endDelegation)
	get(quotasPath, account.ReadSpace, d.quotas)

	get(usagePath, account.ReadSpace, d.usage)
	get(usagePath+"/export", account.ReadSpace, d.exportUsage)
	get(reportsPath+"/{mois}", account.ReadSpace, d.report)
	get(callsPath, account.ReadSpace, d.calls)
	get(callsPath+"/export", account.ReadSpace, d.exportCalls)
	get(callsPath+"/{partenaire}/{n}", account.ReadSpace, d.call)

	get(webhooksPath, account.ReadSpace, d.hooks)
	post(webhooksPath, account.ManageWebhooks, d.setHook)
	post(webhooksPath+"/retirer", account.ManageWebhooks, d.removeHook)
	post(webhooksPath+"/essai", account.ManageWebhooks, d.testHook)
	post(webhooksPath+"/renvoyer", account.ManageWebhooks, d.replayHook)

	get(supportPath, account.ReadSpace, d.files)
	get(supportPath+"/nouveau", account.WriteTicket, d.askFile(false))
	post(supportPath+"/nouveau", account.WriteTicket, d.openFile(false))
	get(supportPath+"/{id}", account.ReadSpace, d.file)
	post(supportPath+"/{id}", account.WriteTicket, d.writeFile)
	post(supportPath+"/{id}/clore", account.WriteTicket, d.closeFile)
	get(incidentPath, account.ReportIncident, d.askFile(true))
	post(incidentPath, account.ReportIncident, d.openFile(true))

	if d.Sandbox != nil {
		get(sandboxPath, account.UseSandbox, d.sandbox)
		post(sandboxPath, account.UseSandbox, d.try)
	}

	get(teamPath, account.ReadSpace, d.team)
	post(teamPath, account.ManageTeam, d.invite)
	post(teamPath+"/{id}/role", account.ManageTeam, d.setRole)
	post(teamPath+"/{id}/second-facteur/retirer", account.ManageTeam, d.dropTheirFactor)
	get(memberSafe, account.ReadSpace, d.safety)
	post(memberSafe+"/second-facteur", account.ReadSpace, d.setFactor)
	post(memberSafe+"/second-facteur/retirer", account.ReadSpace, d.dropFactor)
	post(memberSafe+"/sessions/fermer-les-autres", account.ReadSpace, d.endOtherSessions)
}

// agentSupportRoutes adds the agents' side of questions and incidents.
func (d *desk) agentSupportRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+agentFilesPath, d.agent(account.ReadQueue, d.agentFiles))
	mux.HandleFunc("GET "+agentFilesPath+"/{id}", d.agent(account.ReadQueue, d.readAgentFile))
	mux.HandleFunc("POST "+agentFilesPath+"/{id}", d.agent(account.ReadQueue, d.answerFile))
	mux.HandleFunc("POST "+agentFilesPath+"/{id}/clore", d.agent(account.ReadQueue, d.closeAgentFile))
}
