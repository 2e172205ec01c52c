package web

import "droits.example/droits/internal/account"

// deskModels are the pages that both spaces share, and the team.
func deskModels() map[string][]any {
	wrong := codeField("Ce code n'est pas le bon.")
	why := staffReasons["habilitation"]
	line := memberLine{ID: "cpt_1", Name: "Camille Essai", Mail: "camille@hopital.example", Role: tag{"", "gestionnaire"}, Seen: "hier", Factor: true, Self: true, Roles: roleChoices("role-cpt_1", account.Gestionnaire), Change: "/a", Drop: "/b"}
	other := line
	other.ID, other.Self, other.Roles = "cpt_2", false, roleChoices("role-cpt_2", account.Lecteur)
	return map[string][]any{
		"connexion_pro":    {staffLoginData{}, staffLoginData{Why: &why, Agent: true, Start: "/x", Simulated: true}},
		"au_revoir_pro":    {struct{ Member, Agent string }{"/partenaire/connexion", "/instruction/connexion"}},
		"depart_pro":       {struct{ Next string }{"https://fi.example/fin"}},
		"second_facteur":   {factorData{Code: codeField("")}, factorData{wrong, mistakes(wrong)}},
		"role_insuffisant": {lackingData{}, lackingData{Who: "Camille Essai", Role: "lecteur", Needed: []string{"gestionnaire", "demandeur"}, RequestID: "r"}, lackingData{Why: "Ce compte n'est pas habilité.", Security: "/partenaire/securite"}},
		"compte": {safetyData{Code: codeField("")}, safetyData{Who: "Camille Essai", Has: true, Forced: true, Sessions: []sessionLine{{Here: true}}},
			safetyData{Provider: true, Secret: "ABCD", Code: wrong, Mistakes: mistakes(wrong)}},
		"equipe": {teamData{Lines: []memberLine{line}}, teamData{Lines: []memberLine{line, other}, Manage: true, Mail: field{Name: "courriel", Label: "Adresse", Kind: "email"}, Role: roleChoices("role", account.Lecteur)}},
	}
}
