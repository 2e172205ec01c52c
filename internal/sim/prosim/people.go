package prosim

// The SIRETs of the sample organisations: of no SIREN that exists, with check
// digits that are right.
const (
	HospitalSIRET = "00000000000018"
	InsurerSIRET  = "00000000000026"
	ClinicSIRET   = "00000000000034"
	OperatorSIRET = "00000000000042"
)

// Sample is the fictitious world of professionals: two partners, a clinic that
// nobody here has heard of, and the agents of the operator.
func Sample() []Organisation {
	team := func(slug, domain string, names [][2]string) (out []Person) {
		for i, role := range []struct{ slug, what string }{
			{"gestionnaire", "gestionnaire : équipe, signature, clés"}, {"demandeur", "demandeur : demandes d’accès"},
			{"developpeur", "développeur : clés et bac à sable"}, {"lecteur", "lecteur : consulte"},
		}[:len(names)] {
			out = append(out, Person{slug + "-" + role.slug, names[i][0], names[i][1], role.slug + "@" + domain, role.what, role.slug})
		}
		return out
	}
	return []Organisation{
		{"Hôpital de démonstration", HospitalSIRET, team("hopital", "hopital.example", [][2]string{{"Inès", "Vasseur"}, {"Marc", "Delorme"}, {"Salomé", "Tessier"}, {"Yann", "Corbel"}})},
		{"Mutuelle de démonstration", InsurerSIRET, team("mutuelle", "mutuelle.example", [][2]string{{"Odile", "Ferrand"}, {"Karim", "Belhadj"}})},
		{"Clinique de démonstration (jamais venue)", ClinicSIRET, []Person{{"clinique-direction", "Hélène", "Castagner", "direction@clinique.example", "directrice : première visite", ""}}},
		{"Exploitant de la plateforme (agents)", OperatorSIRET, Agents()},
	}
}

// Agents are the fictitious agents of the operator.
func Agents() []Person {
	agent := func(slug, given, name, role, what string) Person {
		return Person{"agent-" + slug, given, name, slug + "@operateur.example", what, role}
	}
	return []Person{
		agent("rapporteur", "Paul", "Guérin", "rapporteur", "rapporteur : évalue, ne modifie rien"),
		agent("instructrice", "Lucie", "Morvan", "instructeur", "instructrice : examine et décide"),
		agent("instructeur", "Adrien", "Roche", "instructeur", "instructeur : examine et décide"),
		agent("responsable", "Nadia", "Lemaître", "responsable", "responsable : signe et révoque"),
		agent("exploitant", "Victor", "Salles", "exploitant", "exploitant : habilite les agents"),
		agent("dpo", "Claire", "Aubin", "dpo", "déléguée à la protection des données"),
	}
}
