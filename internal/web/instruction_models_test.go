package web

import (
	"time"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/habilitation"
)

// instructionModels are the pages of agents.
func instructionModels() map[string][]any {
	p := account.Person{ID: "cpt_1", Name: "Lucie Essai", Mail: "lucie@operateur.example", Role: account.Instructeur, SeenAt: noonAt,
		Mandate: account.Mandate{Director: "Anne Exemple", Until: noonAt.AddDate(1, 0, 0), ReviewBy: noonAt.AddDate(0, 0, 10), SecretAt: noonAt}}
	awaited := account.Person{ID: "cpt_2", Mail: "attendu@operateur.example", Role: account.DPO, Mandate: account.Mandate{Director: "Anne Exemple", Until: noonAt, EndedAt: noonAt}}
	list := agentsData{Due: 1, Lines: []agentLine{agentLineOf(p, noonAt), agentLineOf(awaited, noonAt)}, Address: agentsPath, Mail: field{Name: "courriel", Label: "Adresse", Kind: "email"}, Role: choices{Name: "role", Legend: "Rôle", Kind: "select"}, Director: directorField(""), Until: untilField("")}
	wrong := list
	wrong.Until.Error = "Indiquez un dernier jour."
	wrong.Mistakes = mistakes(wrong.Until)
	accept := choices{Name: "engagement", Legend: "Votre engagement", Kind: "checkbox", Options: []option{{Value: "2026-11", Label: "Je m'engage."}}}
	unticked := accept
	unticked.Error = "Cochez la case."
	due := 15 * 24 * time.Hour
	line := habilitation.Line{ID: "D-2026-0001", SIRET: "12345678900007", Name: "Hôpital d'essai", Project: "Préadmission", State: habilitation.Submitted, SubmittedAt: noonAt.AddDate(0, 0, -20), ChangedAt: noonAt, Unread: true, Proposed: habilitation.Approve, Reopening: true}
	bare := habilitation.Line{ID: "D-2026-0002", State: habilitation.Draft, ChangedAt: noonAt}
	v := queueView{state: allStates, sort: habilitation.ByID, descending: true, page: 1}
	full := queueDataOf(v)
	full.Lines = []queueLine{queueLineOf(line, noonAt, due), queueLineOf(bare, noonAt, due)}
	full.paged(v, 500)
	lost := queueDataOf(queueView{state: allStates, search: "X"})
	lost.Search.Error, lost.Nothing = "Écrivez un numéro.", "Aucune demande."
	said := eventLine{At: instantOf{noonAt}, What: "Message", Who: "Lucie Essai (instructeur)", Text: []string{"Bonjour."}, New: true, Changes: []changeLine{{"Nom", "a", "b"}}}
	dossier := dossierData{ID: "D-2026-0001", Title: "Préadmission", Name: "Hôpital d'essai", SIRET: "12345678900007", Kind: "Établissement de soins", State: stateTags[habilitation.Submitted], Again: true, Told: "Elle attend.", Wait: "3 jours", Pace: paceTags[habilitation.Soon],
		Overtaken: &said, Proposal: &proposalBox{What: "validation proposée", Who: "Lucie", At: instantOf{noonAt}, Text: []string{"x"}, Own: true, Confirm: &link{"Lire et confirmer", "/x"}, Withdraw: &action{Address: "/x", Label: "Retirer"}},
		Decisions: []link{{"Valider", "/x"}, {"Refuser", "/y"}}, Checks: []checkLine{{"SIRET", "Juste.", verdictTags[habilitation.Good]}}, Revised: said.Changes, Against: said.Changes, Steps: []answeredStep{{Title: "Votre organisme", Pairs: []pair{{Term: "Nom", Text: []string{"x"}}}}},
		Messages: []eventLine{said}, Notes: []eventLine{said}, Write: &messageForm{"/m", "envoi", field{Name: "texte", Label: "Message", Kind: "textarea"}}, Note: &messageForm{"/n", "envoi", field{Name: "note", Label: "Note", Kind: "textarea"}}, Events: []eventLine{said}, Others: full.Lines,
		Contracts: []contractLine{{Text: "Convention", Digest: "00", State: conventionTags[convention.Draft], Signed: []tag{{"ok", "signée"}}, Acts: []action{{Address: "/x", Label: "Signer"}}}}, Prepare: &action{Address: "/p", Label: "Préparer"}}
	readOnly := dossierData{ReadOnly: true, First: true}
	var decided []any
	d := &desk{Desk: Desk{Pair: habilitation.Paired()}}
	for _, c := range decisions {
		for _, p := range []*habilitation.Proposal{nil, {Act: c.act, Text: "Motif proposé.", Ground: habilitation.GroundLaw}} {
			x := d.decisionDataOf(c, habilitation.Request{ID: "D-2026-0001", Proposal: p})
			decided = append(decided, x)
			if x.Grounds != nil {
				x.Grounds.Error = "Choisissez."
				x.Mistakes = []mistake{{"fondement", "Choisissez."}}
				decided = append(decided, x)
			}
		}
	}
	return map[string][]any{
		"delais":             {delaysOf([]habilitation.Timing{{SubmittedAt: noonAt.AddDate(0, 0, -3), AnsweredAt: noonAt, State: habilitation.Refused}}, day22, due), delaysOf(nil, day22, due)},
		"dossier":            {dossier, readOnly},
		"decision":           decided,
		"instruction":        {full, lost},
		"agents":             {list, wrong},
		"habilitation_agent": {agentDataOf(p, "cpt_9", noonAt), agentDataOf(p, "cpt_1", noonAt), agentDataOf(awaited, "cpt_9", noonAt)},
		"engagement":         {undertakingData{Director: "Anne Exemple", Until: "31 décembre 2027", Address: undertakingPath, Accept: accept}, undertakingData{Accept: unticked, Mistakes: []mistake{{"engagement", "Cochez la case."}}}, undertakingData{Accepted: "hier"}},
	}
}
