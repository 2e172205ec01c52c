package people

// Names for the filler people and the benchmarks: plausible, and together with
// the rest of the identity, nobody's.
var (
	familyNames = []string{
		"ABRIVAL", "AGRINIER", "ALBARET", "ANGLADON", "ARBOUSSET", "ASTIER-LANOUX", "AUBANEL", "BARBEROUSSE", "BASTIDOU", "BELLEGARDE",
		"BOISSERIN", "BONNAFOUS", "BOURDELOT", "BRUGUIÈRE", "CALMELS", "CAMBOULIVES", "CAPDEVILLE", "CASTELVIEL", "CAZENEUVE", "CHAMBOREDON",
		"CHANTELOUBE", "COMBELONGE", "COURBEVILLE", "D'AIGUEVIVES", "DE FONTENILLES", "DELPEUCH", "DESGRANGES", "DU ROCHER", "ESCALETTE", "ESTIVALET",
		"FABREGUETTES", "FALGAYRAC", "FONTANIEU", "FOURCADEL", "GALTIER-ROUX", "GARRIGOU", "GAUBERTIN", "GINESTOUX", "GRANDVALLET", "GUILLEMOT",
		"HAUTECŒUR", "HÉBRARDON", "ISSARTEL", "JALABERT", "JOURDANET", "LABORIEUX", "LACASSAGNE", "LAFONTANELLE", "LAGARRIGUE", "LE BOZEC",
		"LE GUELLEC", "LESPINASSE", "MALAFOSSE", "MARQUEFAVE", "MAZAURIC", "MÉJEAN", "MONTAGNOL", "MOULINIÉ", "NOZERAN", "OLIVAREL",
		"PARAYRE", "PÉCHAMBERT", "PEYROLLET", "POUGNADORESSE", "PRADEILLES", "QUATREFAGES", "RASCALOU", "RIEUCROS", "ROQUEPLAN", "ROUVEYROL",
		"SABATHIER", "SAINT-ÉTIENNE", "SALLELES", "SERVIÈRES", "TEISSONNIÈRE", "TOURNEMIRE", "TREMBLEVAL", "VALLESPIR", "VERNHETTE", "VILLEBRUNE",
	}
	femaleNames = []string{
		"Adèle", "Agathe", "Anaïs", "Anne-Lise", "Apolline", "Bérénice", "Blandine", "Capucine", "Céleste", "Clémence",
		"Constance", "Coralie", "Daphné", "Éléonore", "Élise", "Émeline", "Estelle", "Eugénie", "Flavie", "Garance",
		"Héloïse", "Honorine", "Iris", "Joséphine", "Léonie", "Lison", "Louison", "Lucile", "Marie-Ange", "Mathilde",
		"Noémie", "Octavie", "Ondine", "Pénélope", "Perrine", "Rosalie", "Sidonie", "Suzanne", "Thaïs", "Violette",
	}
	maleNames = []string{
		"Achille", "Adrien", "Alban", "Ambroise", "Anatole", "Antonin", "Armand", "Aurélien", "Barnabé", "Basile",
		"Célestin", "Clovis", "Côme", "Corentin", "Damien", "Edgar", "Éloi", "Émilien", "Étienne", "Fabrice",
		"Félicien", "Firmin", "Gaëtan", "Gatien", "Hippolyte", "Isidore", "Jean-Loup", "Joris", "Léandre", "Lilian",
		"Marcelin", "Maxence", "Nestor", "Octave", "Paul-Émile", "Quentin", "Raphaël", "Séraphin", "Théophile", "Valère",
	}
	// communes are small ones, where nobody meets nobody.
	communes = []string{
		"07011", "07064", "07129", "07232", "07301", "09023", "09101", "09174", "09253", "09306",
		"12018", "12047", "12106", "12154", "12222", "12287", "26012", "26077", "26128", "26205",
		"26286", "26359", "34032", "34086", "34135", "34219", "34268", "42016", "42061", "42140",
		"42203", "42277", "48012", "48045", "48088", "48115", "48164", "54033", "54105", "54238",
		"54311", "54472", "59022", "59107", "59235", "59318", "62041", "62155", "62290", "62437",
		"67014", "67098", "67176", "67254", "69024", "69057", "69108", "69176", "76034", "76125",
		"76268", "76391", "13006", "13046", "13089", "33027", "33118", "33225", "33336", "33421",
		"2A018", "2A065", "2A139", "2B023", "2B086", "2B150", "97104", "97119", "97206", "97219",
		"97304", "97309", "97403", "97417", "97422", "11044", "15062", "19108", "23095", "46151",
	}
)
