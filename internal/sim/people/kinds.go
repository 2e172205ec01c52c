package people

import (
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/identity"
)

// kind is one kind of hard identity. File is how the person was born according
// to the file; Pivot, when given, makes FranceConnect say it otherwise; Store,
// when given, makes the file say it otherwise.
type kind struct {
	slug, what string
	sexe, nom  string
	prenoms    []string
	file       born
	pivot      func(*identity.Pivot)
	store      func(*personne)
	expect     Expect // usual() when zero
}

// kinds adds at least the kinds of people of FranceConnect's public test set.
func (w *world) kinds() {
	for _, list := range [][]kind{w.placesInFrance(), placesAbroad(), dates(), w.names(), oldRecords()} {
		for _, k := range list {
			w.kind(k)
		}
	}
}

func (w *world) kind(k kind) {
	p, _ := w.single(k.slug, k.sexe, k.nom, k.prenoms, k.file)
	pivot := p.pivot() // civil status, before the file says it otherwise
	if k.pivot != nil {
		k.pivot(&pivot)
	}
	if k.store != nil {
		k.store(p)
	}
	if k.expect == (Expect{}) {
		k.expect = usual()
	}
	w.login(p, k.what, k.expect, func(v *identity.Pivot) { *v = pivot })
}

func bornAt(code string) func(*identity.Pivot) {
	return func(v *identity.Pivot) { v.Birthplace = code }
}

func bornIn(country string) func(*identity.Pivot) {
	return func(v *identity.Pivot) { v.Birthplace, v.Birthcountry = "", country }
}

func (w *world) placesInFrance() []kind {
	d := civil.Of
	return []kind{
		{slug: "corse-du-sud-ancienne", what: "Née à Ajaccio avant 1976 (20004 devenu 2A004).", sexe: "F", nom: "ORNANACCE", prenoms: []string{"Letizia", "Anna"}, file: born{On: d(1961, 4, 2), Lieu: "20004"}, pivot: bornAt("2A004")},
		{slug: "corse-du-sud", what: "Né en Corse-du-Sud après 1976.", sexe: "M", nom: "VALINCONI", prenoms: []string{"Ange", "Toussaint"}, file: born{On: d(1984, 9, 8), Lieu: "2A139"}},
		{slug: "haute-corse", what: "Née en Haute-Corse après 1976.", sexe: "F", nom: "CASTAGNICCI", prenoms: []string{"Serena"}, file: born{On: d(1999, 2, 19), Lieu: "2B150"}},
		{slug: "guadeloupe", what: "Née en Guadeloupe.", sexe: "F", nom: "SOUFRIÈRE", prenoms: []string{"Gerty", "Rose"}, file: born{On: d(1972, 7, 27), Lieu: "97104"}},
		{slug: "martinique", what: "Né en Martinique.", sexe: "M", nom: "ANSE-MITAN", prenoms: []string{"Fulbert"}, file: born{On: d(1958, 3, 3), Lieu: "97206"}},
		{slug: "guyane", what: "Née en Guyane.", sexe: "F", nom: "MARONI", prenoms: []string{"Solange", "Ti-Marie"}, file: born{On: d(1991, 11, 11), Lieu: "97304"}},
		{slug: "la-reunion", what: "Née à La Réunion.", sexe: "F", nom: "SALAZIE", prenoms: []string{"Ginette", "Marie", "Line"}, file: born{On: d(1980, 5, 18), Lieu: "97422"}},
		{slug: "mayotte", what: "Né à Mayotte avant 2011 (98511 devenu 97611).", sexe: "M", nom: "BACAR", prenoms: []string{"Abdou"}, file: born{On: d(1994, 6, 30), Lieu: "98511"}, pivot: bornAt("97611")},
		{slug: "saint-pierre-et-miquelon", what: "Né à Saint-Pierre-et-Miquelon.", sexe: "M", nom: "LANGLADE", prenoms: []string{"Yvon"}, file: born{On: d(1967, 1, 22), Lieu: "97501"}},
		{slug: "saint-barthelemy", what: "Née à Saint-Barthélemy avant 2007 (97123 devenu 97701).", sexe: "F", nom: "GUSTAVIA", prenoms: []string{"Inga"}, file: born{On: d(1986, 8, 24), Lieu: "97123"}, pivot: bornAt("97701")},
		{slug: "saint-martin", what: "Né à Saint-Martin avant 2007 (97127 devenu 97801).", sexe: "M", nom: "ORIENTBAY", prenoms: []string{"Derrick", "Jean"}, file: born{On: d(1990, 12, 15), Lieu: "97127"}, pivot: bornAt("97801")},
		{slug: "polynesie", what: "Née en Polynésie française.", sexe: "F", nom: "TEHAAPAPA", prenoms: []string{"Heimata", "Vaite"}, file: born{On: d(1998, 12, 9), Lieu: "98729"}},
		{slug: "nouvelle-caledonie", what: "Né en Nouvelle-Calédonie.", sexe: "M", nom: "WADRAWANE", prenoms: []string{"Ignace"}, file: born{On: d(1966, 7, 1), Lieu: "98818"}},
		{slug: "wallis-et-futuna", what: "Née à Wallis-et-Futuna.", sexe: "F", nom: "MUAFALE", prenoms: []string{"Malia", "Sosefina"}, file: born{On: d(1975, 10, 28), Lieu: "98613"}},
		{slug: "paris-arrondissement", what: "Née à Paris : ville entière au fichier, arrondissement chez FranceConnect.", sexe: "F", nom: "GRANDVALLET", prenoms: []string{"Joséphine", "Aline"}, file: born{On: d(1987, 2, 6), Lieu: "75056", Number: "75114"}, pivot: bornAt("75114")},
		{slug: "lyon-arrondissement", what: "Né à Lyon : arrondissement au fichier, ville entière chez FranceConnect.", sexe: "M", nom: "GINESTOUX", prenoms: []string{"Edgar"}, file: born{On: d(1965, 9, 14), Lieu: "69383"}, pivot: bornAt("69123")},
		{slug: "marseille-arrondissement", what: "Née à Marseille : ville entière au fichier.", sexe: "F", nom: "AUBANEL", prenoms: []string{"Magali", "Rose"}, file: born{On: d(1993, 4, 4), Lieu: "13055", Number: "13208"}, pivot: bornAt("13208")},
		{slug: "commune-fusionnee", what: "Née dans une commune fusionnée depuis (49079 devenu 49018).", sexe: "F", nom: "BOISSERIN", prenoms: []string{"Suzanne", "Berthe"}, file: born{On: d(1952, 6, 20), Lieu: "49079"}, pivot: bornAt("49018")},
		{slug: "seine-et-oise", what: "Né en Seine-et-Oise (78228 devenu 91228).", sexe: "M", nom: "JOURDANET", prenoms: []string{"Marcelin"}, file: born{On: d(1949, 3, 30), Lieu: "78228"}, pivot: bornAt("91228")},
		{slug: "ancienne-seine", what: "Née dans la Seine (75024 devenu 92024).", sexe: "F", nom: "DESGRANGES", prenoms: []string{"Lucile", "Odile"}, file: born{On: d(1955, 10, 10), Lieu: "75024"}, pivot: bornAt("92024")},
	}
}

func placesAbroad() []kind {
	d := civil.Of
	algerian := func(slug, departement, what, sexe, nom, prenom string, on civil.Date) kind {
		return kind{slug: slug, what: what, sexe: sexe, nom: nom, prenoms: []string{prenom},
			file:  born{On: on, Lieu: departement + "352"},
			pivot: bornIn("99352")}
	}
	return []kind{
		algerian("algerie-alger", "91", "Née dans le département d'Alger avant 1962.", "F", "BENSALEM", "Fatiha", d(1951, 5, 16)),
		algerian("algerie-oran", "92", "Né dans le département d'Oran avant 1962.", "M", "FERNANDIZ", "Roger", d(1955, 3, 9)),
		algerian("algerie-constantine", "93", "Née dans le département de Constantine avant 1962.", "F", "ATTALI-BÔNE", "Viviane", d(1948, 8, 21)),
		algerian("algerie-sahara", "94", "Né dans les territoires du Sahara avant 1962.", "M", "TOUATI", "Brahim", d(1959, 12, 2)),
		{slug: "algerie-independante", what: "Née en Algérie après 1962.", sexe: "F", nom: "OULDAMAR", prenoms: []string{"Nassima"}, file: born{On: d(1973, 9, 9), Pays: "99352"}},
		{slug: "maroc", what: "Né au Maroc.", sexe: "M", nom: "EL IDRISSOU", prenoms: []string{"Younès", "Amine"}, file: born{On: d(1985, 6, 25), Pays: "99350"}},
		{slug: "union-sovietique", what: "Née en Ukraine, alors en Union soviétique (99123 au fichier).", sexe: "F", nom: "DNIPROVA", prenoms: []string{"Oksana"}, file: born{On: d(1988, 2, 28), Pays: "99123"}, pivot: bornIn("99155")},
		{slug: "yougoslavie", what: "Né en Croatie, alors en Yougoslavie (99121 au fichier).", sexe: "M", nom: "JADRANOVIĆ", prenoms: []string{"Zvonimir"}, file: born{On: d(1970, 7, 7), Pays: "99121"}, pivot: bornIn("99119")},
		{slug: "tchecoslovaquie", what: "Née en Slovaquie, alors en Tchécoslovaquie (99115 au fichier).", sexe: "F", nom: "TATRANSKÁ", prenoms: []string{"Jarmila"}, file: born{On: d(1979, 11, 29), Pays: "99115"}, pivot: bornIn("99117")},
		{slug: "allemagne-de-l-est", what: "Né en République démocratique allemande (99141 au fichier).", sexe: "M", nom: "STRAẞENBERG", prenoms: []string{"Jürgen"}, file: born{On: d(1964, 1, 31), Pays: "99141"}, pivot: bornIn("99109")},
		{slug: "pologne", what: "Née en Pologne : lettres barrées.", sexe: "F", nom: "ŁĄKOWSKA", prenoms: []string{"Małgorzata", "Zofia"}, file: born{On: d(1982, 4, 27), Pays: "99122"}, pivot: func(v *identity.Pivot) {
			v.FamilyName, v.GivenName, v.GivenNames = "LAKOWSKA", "MALGORZATA ZOFIA", []string{"MALGORZATA", "ZOFIA"}
		}},
	}
}

func dates() []kind {
	d := civil.Of
	return []kind{
		{slug: "jour-presume", what: "Né au Sénégal un jour inconnu de mars : 1948-03-00 au fichier, le 1er chez FranceConnect.", sexe: "M", nom: "DIAGUÈNE", prenoms: []string{"Mamadou"}, file: born{On: d(1948, 3, 0), Pays: "99341"}},
		{slug: "mois-presume", what: "Née au Mali, jour et mois inconnus : 1939-00-00 au fichier, 1er janvier chez FranceConnect.", sexe: "F", nom: "KEÏTARA", prenoms: []string{"Awa"}, file: born{On: d(1939, 0, 0), Pays: "99335", Month: 31}},
		{slug: "premier-janvier", what: "Née un vrai 1er janvier, en France.", sexe: "F", nom: "ESTIVALET", prenoms: []string{"Céleste", "Aurore"}, file: born{On: d(1996, 1, 1), Lieu: "19108"}},
		{slug: "mois-special", what: "Né en 1949, numéro à mois 42 : acte de naissance incomplet.", sexe: "M", nom: "HADDOUCHA", prenoms: []string{"Larbi"}, file: born{On: d(1949, 6, 6), Pays: "99351", Month: 42}},
		{slug: "centenaire", what: "Née il y a plus de cent ans.", sexe: "F", nom: "MAZAURIC", prenoms: []string{"Eugénie", "Marthe"}, file: born{On: d(1921, 10, 3), Lieu: "48164"}},
		{slug: "bissextile", what: "Né un 29 février.", sexe: "M", nom: "QUINTAVAL", prenoms: []string{"Félicien"}, file: born{On: d(1992, 2, 29), Lieu: "11044"}},
	}
}

func (w *world) names() []kind {
	d := civil.Of
	refused := "403 consentement_explicite_requis : moins de seize ans, la démarche revient à un représentant légal."
	return []kind{
		{slug: "prenom-compose", what: "Prénom composé.", sexe: "M", nom: "PRADEILLES", prenoms: []string{"Jean-Baptiste", "Marie"}, file: born{On: d(1983, 5, 5), Lieu: "07232"}},
		{slug: "prenom-compose-espace", what: "Prénom composé, sans tiret au fichier.", sexe: "F", nom: "MONTAGNOL", prenoms: []string{"Anne Sophie"}, file: born{On: d(1990, 10, 20), Lieu: "12106"}, pivot: func(v *identity.Pivot) { v.GivenName, v.GivenNames = "Anne-Sophie", []string{"Anne-Sophie"} }},
		{slug: "nombreux-prenoms", what: "Sept prénoms.", sexe: "M", nom: "OLIVAREL", prenoms: []string{"Octave", "Marie", "Joseph", "Louis", "Ferdinand", "Auguste", "Désiré"}, file: born{On: d(1957, 8, 15), Lieu: "34219"}},
		{slug: "nom-compose", what: "Nom composé.", sexe: "F", nom: "GALTIER-ROUX", prenoms: []string{"Bérénice"}, file: born{On: d(1994, 3, 13), Lieu: "42140"}},
		{slug: "double-tiret", what: "Double nom des années 2005 à 2010, à double tiret.", sexe: "M", nom: "DUPRAT--VERNIER", prenoms: []string{"Théophile"}, file: born{On: d(2007, 9, 1), Lieu: "54238"}, pivot: func(v *identity.Pivot) { v.FamilyName = "DUPRAT VERNIER" }},
		{slug: "nom-a-particule", what: "Nom à particule.", sexe: "F", nom: "DE FONTENILLES", prenoms: []string{"Sidonie", "Anne"}, file: born{On: d(1973, 1, 25), Lieu: "33336"}},
		{slug: "nom-a-apostrophe", what: "Apostrophe typographique chez FranceConnect, absente du fichier.", sexe: "M", nom: "DARGENVILLIERS", prenoms: []string{"Hippolyte"}, file: born{On: d(1968, 6, 8), Lieu: "76268"}, pivot: func(v *identity.Pivot) { v.FamilyName = "D’ARGENVILLIERS" }},
		{slug: "nom-a-ligature", what: "Ligatures dans le nom et le prénom.", sexe: "F", nom: "HAUTECŒUR", prenoms: []string{"Lætitia", "Œnone"}, file: born{On: d(1981, 12, 24), Lieu: "62290"}, pivot: func(v *identity.Pivot) { v.FamilyName = "HAUTECOEUR" }},
		{slug: "nom-de-plus-de-50-caracteres", what: "Nom de famille de plus de cinquante caractères.", sexe: "M", nom: "SAINT-GERMAIN-DE-CALBERTE-ET-SAINT-ANDRÉ-DE-VALBORGNE", prenoms: []string{"Basile"}, file: born{On: d(1977, 7, 17), Lieu: "48115"}},
		{slug: "prenoms-de-plus-de-50-caracteres", what: "Prénoms de plus de cinquante caractères.", sexe: "F", nom: "NOZERAN", prenoms: []string{"Marie-Emmanuelle", "Anne-Charlotte", "Louise-Henriette", "Jeanne-Antoinette"}, file: born{On: d(1969, 9, 29), Lieu: "67176"}},
		{slug: "nom-d-usage", what: "Nom d'usage.", sexe: "F", nom: "COURBEVILLE", prenoms: []string{"Coralie", "Anne"}, file: born{On: d(1976, 4, 16), Lieu: "59318"}, store: func(p *personne) { p.NomUsage = "TREMBLEVAL" }},
		{slug: "nom-d-usage-double", what: "Nom d'usage double.", sexe: "M", nom: "ALBARET", prenoms: []string{"Damien"}, file: born{On: d(1989, 8, 2), Lieu: "54311"}, store: func(p *personne) { p.NomUsage = "ALBARET-CHAMBOREDON" }},
		{slug: "nom-d-une-lettre", what: "Nom d'une seule lettre.", sexe: "F", nom: "Ô", prenoms: []string{"Mai"}, file: born{On: d(1986, 10, 31), Lieu: "69057"}},
		{slug: "saint-abrege", what: "SAINT abrégé en ST au fichier.", sexe: "M", nom: "ST-MARCELLIN", prenoms: []string{"Gatien", "Luc"}, file: born{On: d(1962, 2, 22), Lieu: "07301"}, pivot: func(v *identity.Pivot) { v.FamilyName = "SAINT-MARCELLIN" }},
		{slug: "genre-non-precise", what: "FranceConnect ne précise pas le genre.", sexe: "F", nom: "VALLESPIR", prenoms: []string{"Dominique", "Alex"}, file: born{On: d(1988, 5, 27), Lieu: "09253"}, pivot: func(v *identity.Pivot) { v.Gender = "unspecified" }},
		{slug: "quinze-ans", what: "Quinze ans : trop jeune pour donner seul son accord.", sexe: "M", nom: "ESCALETTE", prenoms: []string{"Joris"}, file: born{On: w.aged(15, 120), Lieu: "12287"}, expect: Expect{refused, refused}},
		{slug: "seize-ans", what: "Seize ans, se connecte elle-même.", sexe: "F", nom: "LABORIEUX", prenoms: []string{"Iris", "Jade"}, file: born{On: w.aged(16, 33), Lieu: "26359"}},
	}
}

func oldRecords() []kind {
	d := civil.Of
	whole := func(p *personne) { p.PrenomsComplets = false }
	return []kind{
		{slug: "prenoms-abreges", what: "Fichier ancien : premier prénom seul.", sexe: "F", nom: "PARAYRE", prenoms: []string{"Noémie", "Claude", "Inès"}, file: born{On: d(1984, 1, 19), Lieu: "34268"}, store: func(p *personne) { p.Prenoms = p.Prenoms[:1]; whole(p) }},
		{slug: "particule-perdue", what: "Fichier ancien : particule perdue.", sexe: "M", nom: "DE LA ROQUEPLANE", prenoms: []string{"Gaspard"}, file: born{On: d(1956, 5, 11), Lieu: "62437"}, store: func(p *personne) { p.NomFamille = "ROQUEPLANE" }},
		{slug: "nom-tronque", what: "Fichier ancien : nom coupé à vingt-cinq caractères.", sexe: "F", nom: "VILLENEUVE-LES-MAGUELONNES-HAUTES", prenoms: []string{"Honorine"}, file: born{On: d(1950, 12, 1), Lieu: "33421"}, store: func(p *personne) { p.NomFamille = "VILLENEUVE-LES-MAGUELONNE" }},
		{slug: "noms-echanges", what: "Fichier ancien : nom de naissance et nom d'usage échangés, confirmés par les deux.", sexe: "F", nom: "TEISSONNIÈRE", prenoms: []string{"Estelle", "Marie"}, file: born{On: d(1971, 3, 8), Lieu: "13046"},
			pivot:  func(v *identity.Pivot) { v.PreferredUsername = "RASCALOU" },
			store:  func(p *personne) { p.NomFamille, p.NomUsage = "RASCALOU", "TEISSONNIÈRE" },
			expect: Expect{"200 si FranceConnect donne le nom d'usage (v1) : comme pour tout assuré ; 404 personne_non_identifiee sinon (v2).", nobody}},
		{slug: "sans-accents", what: "Fichier en capitales sans accents.", sexe: "M", nom: "HÉBRARDON", prenoms: []string{"Étienne", "Éloi"}, file: born{On: d(1985, 11, 6), Lieu: "76391"}, store: func(p *personne) { p.NomFamille, p.Prenoms = "HEBRARDON", []string{"ETIENNE", "ELOI"} }},
		{slug: "en-cours-d-immatriculation", what: "Numéro d'attente (NIA), né à l'étranger.", sexe: "M", nom: "ABEBAYO", prenoms: []string{"Tekle"}, file: born{On: d(1995, 3, 23), Pays: "99315"}, store: func(p *personne) { p.NIR = waiting(p.NIR) }},
		{slug: "lieu-absent", what: "Fichier sans lieu de naissance : celui du numéro fait foi.", sexe: "F", nom: "SABATHIER", prenoms: []string{"Mathilde"}, file: born{On: d(1979, 2, 2), Lieu: "67254"}, store: func(p *personne) { p.LieuNaissance, p.PaysNaissance = "", "" }},
	}
}
