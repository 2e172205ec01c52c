package people

// caisses are funds of the general scheme and of schemes hosted with it, with
// the numbers of identity.md §7 and addresses that do not exist.
var caisses = []caisse{
	fund("01261", "CPAM", "de la Drôme", "26"),
	fund("01121", "CPAM", "de l'Aveyron", "12"),
	fund("01481", "CPAM", "de la Lozère", "48"),
	fund("01091", "CPAM", "de l'Ariège", "09"),
	fund("01072", "CPAM", "de l'Ardèche", "07"),
	fund("01342", "CPAM", "de l'Hérault", "34"),
	fund("01422", "CPAM", "de la Loire", "42"),
	fund("01542", "CPAM", "de Meurthe-et-Moselle", "54"),
	fund("01594", "CPAM", "des Flandres", "59"),
	fund("01595", "CPAM", "de Lille-Douai", "59"),
	fund("01623", "CPAM", "de la Côte d'Opale", "62"),
	fund("01673", "CPAM", "du Bas-Rhin", "67"),
	fund("01691", "CPAM", "du Rhône", "69"),
	fund("01751", "CPAM", "de Paris", "75"),
	fund("01763", "CPAM", "de Seine-Maritime", "76"),
	fund("01131", "CPAM", "des Bouches-du-Rhône", "13"),
	fund("01331", "CPAM", "de la Gironde", "33"),
	fund("01201", "CPAM", "de la Corse-du-Sud", "20"),
	fund("01202", "CPAM", "de la Haute-Corse", "20"),
	fund("01971", "CGSS", "de la Guadeloupe", "97"),
	fund("01972", "CGSS", "de la Martinique", "97"),
	fund("01973", "CGSS", "de la Guyane", "97"),
	fund("01974", "CGSS", "de La Réunion", "97"),
	fund("01976", "CSSM", "de Mayotte", "97"),
	fund("01459", "MNH", "des hospitaliers", "45"),
	fund("01928", "CAMIEG", "des industries électriques et gazières", "93"),
}

func fund(id, organisme, of, departement string) caisse {
	return caisse{Type: "caisse", ID: id, CodeCentre: "0000", GrandRegime: id[:2], Organisme: organisme,
		Libelle: organisme + " " + of + " (fictive)",
		Adresse: adresse{
			Destinataire: organisme + " FICTIVE", ComplementAdresse: "BÂTIMENT IMAGINAIRE", NumeroVoie: "1",
			TypeVoie: "RUE", NomVoie: "DE L'EXEMPLE", MentionDistribution: "CS 99999",
			CodePostal: departement + "999", Commune: "VILLE-FICTIVE",
		}}
}

// caisseOf is the fund of a place of birth, for want of a place of living.
func caisseOf(lieu string) string {
	if len(lieu) < 3 {
		return "01261"
	}
	head := lieu[:2]
	if head == "97" {
		head = lieu[:3]
	}
	for _, c := range caisses {
		if c.Adresse.CodePostal[:2] == head || c.ID[2:] == head {
			return c.ID
		}
	}
	switch head {
	case "2A":
		return "01201"
	case "2B":
		return "01202"
	}
	return "01261"
}
