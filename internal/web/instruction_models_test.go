package web

import (
	"droits.example/droits/internal/account"
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
	return map[string][]any{
		"agents":             {list, wrong},
		"habilitation_agent": {agentDataOf(p, "cpt_9", noonAt), agentDataOf(p, "cpt_1", noonAt), agentDataOf(awaited, "cpt_9", noonAt)},
		"engagement":         {undertakingData{Director: "Anne Exemple", Until: "31 décembre 2027", Address: undertakingPath, Accept: accept}, undertakingData{Accept: unticked, Mistakes: []mistake{{"engagement", "Cochez la case."}}}, undertakingData{Accepted: "hier"}},
	}
}
