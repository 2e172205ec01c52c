package people

import (
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/identity"
)

// named adds the people of data-format.md, in its order.
func (w *world) named() {
	w.families()
	w.covers()
	w.doctorsAndLeaves()
	w.hardIdentities()
	w.limits()
	for i := range w.logins {
		w.logins[i].Named = true
	}
}

// aged is a birth so many years, and some days, before the day.
func (w *world) aged(years, days int) civil.Date { return w.day.AddYears(-years).AddDays(-days) }

// single is an adult with basic rights and a doctor; most named people start
// from it.
func (w *world) single(slug, sexe, nom string, prenoms []string, b born) (*personne, *rattachement) {
	p := w.somebody(slug, sexe, nom, prenoms, b)
	lieu := b.Lieu
	if b.Pays != "" {
		lieu = b.Pays
	}
	r := w.assure(p, caisseOf(lieu))
	r.MedecinsTraitants = doctor(len(w.people), since(civil.Of(2019, 5, 13)))
	return p, r
}

// child is a child with a NIR, attached to a parent.
func (w *world) child(id, sexe, nom string, prenoms []string, b born, of *personne) (*personne, *rattachement) {
	p := w.somebody(id, sexe, nom, prenoms, b)
	return p, attach(p, of, of.Rattachements[0].Caisse, 1)
}

func (w *world) families() {
	m, r := w.single("famille-martin", "F", "MARTIN", []string{"Hélène", "Odette"}, born{On: civil.Of(1986, 2, 17), Lieu: "12047"})
	r.Complementaires = cover(1, since(civil.Of(2021, 1, 1)))
	w.child("famille-martin-enfant-1", "F", "MARTIN", []string{"Camille", "Rose"}, born{On: w.aged(12, 45), Lieu: "26077"}, m)
	_, ald := w.child("famille-martin-enfant-2", "M", "MARTIN", []string{"Jules", "Aimé"}, born{On: w.aged(9, 200), Lieu: "26077"}, m)
	ald.Exonerations = []exoneration{{Code: "LIS", periode: between(w.day.AddDays(-400), w.day.AddYears(3))}}
	ald.MedecinsTraitants = doctor(3, since(w.day.AddDays(-380)))
	w.child("famille-martin-enfant-3", "F", "MARTIN", []string{"Zoé"}, born{On: w.aged(5, 10), Lieu: "26128"}, m)
	w.login(m, "Mère assurée, trois enfants rattachés dont un en affection de longue durée.", Expect{
		"200 : la mère et ses trois enfants ; exonération LIS avec son motif pour le deuxième, médecin traitant, complémentaire avec sa référence.",
		"200 : la mère et ses trois enfants ; exonération du deuxième sans motif ; complémentaire souscrite, sans référence ; /medecin-traitant répond 403 operation_reservee.",
	})

	a, _ := w.single("double-rattachement-a", "F", "VERNHETTE", []string{"Solange", "Irma"}, born{On: civil.Of(1988, 9, 3), Lieu: "48012"})
	b, _ := w.single("double-rattachement-b", "M", "COMBELONGE", []string{"Bastien"}, born{On: civil.Of(1987, 4, 22), Lieu: "34086"})
	c, _ := w.child("double-rattachement-enfant", "M", "VERNHETTE COMBELONGE", []string{"Nino", "Paul"}, born{On: w.aged(7, 91), Lieu: "34086"}, a)
	attach(c, b, b.Rattachements[0].Caisse, 1)
	e := Expect{
		"200 : la personne et son enfant, avec la caisse et les périodes de son propre rattachement ; l'autre parent n'apparaît jamais.",
		"200 : la personne et son enfant, avec la caisse de son propre rattachement ; l'autre parent n'apparaît jamais.",
	}
	w.login(a, "Mère d'un enfant rattaché aux deux parents (caisse de la Lozère).", e)
	w.login(b, "Père du même enfant, rattaché aux deux parents (caisse de l'Hérault).", e)

	t, _ := w.single("jumeaux", "F", "LACASSAGNE", []string{"Perrine", "Alix"}, born{On: civil.Of(1993, 7, 8), Lieu: "09101"})
	for rank, prenom := range []string{"Mathis", "Matéo"} {
		j := w.unnumbered("jumeaux-enfant-"+string(rune('1'+rank)), "M", "LACASSAGNE", []string{prenom}, born{On: w.day.AddDays(-70), Lieu: "09101"})
		attach(j, t, t.Rattachements[0].Caisse, rank+1)
	}
	e = Expect{
		"200 : la mère et deux jumeaux sans NIR, distingués par rang_naissance ; avec date-naissance et sans rang-naissance : 409 rang_naissance_requis.",
		"200 : la mère et deux jumeaux sans NIR, distingués par rang_naissance ; avec date-naissance et sans rang-naissance : 409 rang_naissance_requis.",
	}
	w.login(t, "Mère de jumeaux de même sexe sans NIR propre.", e)

	n, _ := w.single("enfant-sans-nir", "M", "ISSARTEL", []string{"Côme", "Régis"}, born{On: civil.Of(1991, 12, 30), Lieu: "07064"})
	attach(w.unnumbered("enfant-sans-nir-enfant", "F", "ISSARTEL", []string{"Lison"}, born{On: w.day.AddDays(-21), Lieu: "07064"}), n, "01072", 1)
	e = Expect{
		"200 : le père et un nouveau-né sans membre nir, atteint par le NIR du père et l'en-tête date-naissance.",
		"200 : le père et un nouveau-né sans membre nir, atteint par le NIR du père et l'en-tête date-naissance.",
	}
	w.login(n, "Père d'un nouveau-né qui n'a pas encore de NIR.", e)
}

func (w *world) covers() {
	p, r := w.single("c2s", "F", "RIEUCROS", []string{"Thaïs"}, born{On: civil.Of(1995, 5, 2), Lieu: "54105"})
	r.Contrats = append(r.Contrats, w.solidarity("C2S"))
	w.login(p, "Complémentaire santé solidaire sans participation.", Expect{
		"200 : contrats AMO BASE et AMC C2S ; presence_CMUC_ACS vrai.",
		"200 : contrats AMO BASE et AMC C2S ; presence_CMUC_ACS vrai.",
	})
	p, r = w.single("c2s-participation", "M", "MALAFOSSE", []string{"Armand", "Luc"}, born{On: civil.Of(1974, 10, 11), Lieu: "62155"})
	r.Contrats = append(r.Contrats, w.solidarity("C2SP"))
	w.login(p, "Complémentaire santé solidaire avec participation.", Expect{
		"200 : contrats AMO BASE et AMC C2SP ; presence_CMUC_ACS vrai.",
		"200 : contrats AMO BASE et AMC, ce dernier présenté comme C2S ; presence_CMUC_ACS vrai.",
	})
	p, r = w.single("ald", "M", "QUATREFAGES", []string{"Firmin", "Joseph"}, born{On: civil.Of(1959, 3, 27), Lieu: "34135"})
	r.Exonerations = []exoneration{{Code: "LIS", periode: between(w.day.AddYears(-2), w.day.AddYears(3))}}
	w.login(p, "Affection de longue durée inscrite sur la liste.", Expect{
		"200 : une exonération avec son motif LIS, fin annoncée au plus dans un an.",
		"200 : une exonération sans motif, fin annoncée au plus dans un an.",
	})
	p, r = w.single("maternite", "F", "FALGAYRAC", []string{"Ondine", "Claire"}, born{On: civil.Of(1997, 8, 19), Lieu: "12154"})
	r.Exonerations = []exoneration{{Code: "MAT", periode: between(w.day.AddDays(-20), w.day.AddDays(112)), Maternite: &maternite{DatePresumeeGrossesse: w.day.AddDays(-200)}}}
	w.login(p, "Grossesse déclarée, exonération maternité en cours.", Expect{
		"200 : une exonération de motif MAT avec la date présumée de grossesse.",
		"200 : une exonération sans motif ni membre maternite.",
	})
	p, r = w.single("fin-proche", "M", "GAUBERTIN", []string{"Nestor"}, born{On: civil.Of(1982, 1, 29), Lieu: "76125"})
	end := w.day.AddDays(10)
	r.Contrats[0].DateFin, r.Contrats[0].PeriodesDroits[0].DateFin = end, end
	w.login(p, "Droits de base qui se terminent dans dix jours.", Expect{
		"200 : contrat AMO BASE dont date_fin est dans dix jours.",
		"200 : contrat AMO BASE dont date_fin est dans dix jours.",
	})
	p, r = w.single("droits-futurs", "F", "BELLEGARDE", []string{"Flavie", "Jeanne"}, born{On: civil.Of(2001, 6, 14), Lieu: "67098"})
	r.Contrats = []contrat{base(w.day.AddMonths(3))}
	w.login(p, "Droits de base qui commencent dans trois mois.", Expect{
		"200 : contrat AMO BASE dont date_debut, dans trois mois, est dite.",
		"200 : contrat AMO BASE dont date_debut, dans trois mois, est dite.",
	})
	p, r = w.single("sans-droits", "M", "BOURDELOT", []string{"Clovis"}, born{On: civil.Of(1978, 11, 5), Lieu: "59235"})
	end = w.day.AddDays(-30)
	r.DateFin, r.Contrats[0].DateFin, r.Contrats[0].PeriodesDroits[0].DateFin = end, end, end
	r.MedecinsTraitants = nil
	w.login(p, "Assuré connu dont tous les droits sont terminés.", Expect{
		"200 : l'identité sur /me ; /contrats répond une liste vide, /caisse 404 caisse_absente.",
		"200 : l'identité sur /me ; /contrats répond une liste vide, /caisse 404 caisse_absente.",
	})
}

func (w *world) doctorsAndLeaves() {
	p, r := w.single("medecin-sortant", "F", "CHANTELOUBE", []string{"Agathe", "Marie"}, born{On: civil.Of(1969, 4, 9), Lieu: "26205"})
	r.MedecinsTraitants = doctor(5, between(civil.Of(2012, 2, 1), w.day.AddDays(45)))
	w.login(p, "Le médecin traitant cesse son activité dans quarante-cinq jours.", Expect{
		"200 : médecin traitant avec sa date_fin, dans quarante-cinq jours.",
		"200 : medecin_traitant_choisi vrai ; /medecin-traitant répond 403 operation_reservee.",
	})
	p, r = w.single("arret-maladie", "M", "TOURNEMIRE", []string{"Gaëtan"}, born{On: civil.Of(1990, 2, 26), Lieu: "42061"})
	r.ArretsTravail = []arret{{"maladie", "FICTIF-AM-0001", between(w.day.AddDays(-5), w.day.AddDays(9))}}
	w.login(p, "Arrêt de travail pour maladie en cours.", Expect{
		"200 : un arrêt de travail (numéro et dates, sans sa nature).",
		"403 operation_reservee sur /arrets-travail ; le reste comme pour tout assuré.",
	})
	p, r = w.single("accident-travail", "F", "ROUVEYROL", []string{"Capucine"}, born{On: civil.Of(1984, 7, 31), Lieu: "33118"})
	r.ArretsTravail = []arret{{"accident_travail", "FICTIF-AT-0001", between(w.day.AddDays(-12), w.day.AddDays(18))}}
	r.RisquesProfessionnels = []risque{{"accident_travail", between(w.day.AddDays(-12), w.day.AddDays(170))}}
	w.login(p, "Accident du travail, avec arrêt et prise en charge en cours.", Expect{
		"200 : un arrêt de travail ; couverture_arret_travail vrai sur /risques-professionnels.",
		"403 operation_reservee sur /arrets-travail et /risques-professionnels ; le reste comme pour tout assuré.",
	})
	p, r = w.single("complementaire", "M", "DU ROCHER", []string{"Valère", "Henri"}, born{On: civil.Of(1966, 12, 12), Lieu: "69108"})
	r.Complementaires = cover(7, between(civil.Of(2022, 1, 1), w.day.AddDays(200)))
	w.login(p, "Complémentaire privée avec sa référence.", Expect{
		"200 : souscrite vrai, avec la référence du contrat.",
		"200 : souscrite vrai, sans la référence.",
	})
}

func (w *world) hardIdentities() {
	p, _ := w.single("corse", "F", "CASABIANDA", []string{"Ghjulia", "Maria"}, born{On: civil.Of(1970, 5, 24), Lieu: "20033"})
	p.Rattachements[0].Caisse = "01202"
	w.login(p, "Née à Bastia avant 1976 : commune 20033 au fichier, 2B033 chez FranceConnect.", usual(),
		func(v *identity.Pivot) { v.Birthplace = "2B033" })
	p, _ = w.single("outre-mer", "M", "PAYET", []string{"Jean-Loup", "Expédit"}, born{On: civil.Of(1983, 1, 16), Lieu: "97417"})
	w.login(p, "Né à La Réunion.", usual())
	p, _ = w.single("nee-etranger", "F", "ALVORADA DO MAR", []string{"Inês"}, born{On: civil.Of(1989, 10, 6), Pays: "99139"})
	w.login(p, "Née au Portugal : pays sans commune.", usual())
	p, _ = w.single("date-presumee", "M", "BENAMAR", []string{"Saïd"}, born{On: civil.Of(1954, 0, 0), Pays: "99350", Month: 20})
	w.login(p, "Né à l'étranger un jour inconnu : 1954-00-00 au fichier, 1954-01-01 chez FranceConnect.", usual())

	b := born{On: civil.Of(1981, 3, 21), Lieu: "12222"}
	p, _ = w.single("homonymes", "F", "BONNAFOUS", []string{"Marie", "Claire", "Luce"}, b)
	q, _ := w.single("homonymes-2", "F", "BONNAFOUS", []string{"Marie", "Hortense"}, b)
	w.login(p, "Même nom, même jour, même commune et même premier prénom qu'une autre assurée ; tous les prénoms la distinguent.", usual())
	w.login(q, "L'autre homonyme : reconnue elle aussi, par tous ses prénoms.", usual())

	b = born{On: civil.Of(1976, 8, 13), Lieu: "46151"}
	p, _ = w.single("ambigue", "M", "PEYROLLET", []string{"Alban"}, b)
	w.single("ambigue-double", "M", "PEYROLLET", []string{"Alban"}, b)
	w.login(p, "Deux assurés ont exactement cette identité : aucun n'est jamais rendu.", unknown())

	p = w.somebody("hors-perimetre", "F", "LESPINASSE", []string{"Rosalie", "Anne"}, born{On: civil.Of(1980, 9, 17), Lieu: "15062"})
	p.Servie = false
	w.login(p, "Assurée d'un régime hors périmètre, connue seulement pour être refusée.", unknown())
	p = &personne{ID: "inconnu", NomFamille: "NULLEPART", Prenoms: []string{"Achille"}, DateNaissance: civil.Of(1992, 2, 10), Sexe: "M", LieuNaissance: "23095", PaysNaissance: "99100"}
	w.login(p, "Personne que le service ne connaît pas.", unknown())
}

func (w *world) limits() {
	mother, _ := w.single("mineure-mere", "F", "SERVIÈRES", []string{"Blandine"}, born{On: civil.Of(1979, 6, 4), Lieu: "48088"})
	p, r := w.child("mineure", "F", "SERVIÈRES", []string{"Apolline", "Lou"}, born{On: w.aged(17, 100), Lieu: "48088"}, mother)
	r.MedecinsTraitants = doctor(2, since(w.day.AddDays(-300)))
	w.login(p, "Dix-sept ans, se connecte elle-même.", Expect{
		"200 : elle seule, jamais sa mère ni sa fratrie, avec ses propres droits.",
		"200 : elle seule, jamais sa mère ni sa fratrie ; /medecin-traitant répond 403 operation_reservee.",
	})
	q, _ := w.single("majorite", "M", "CALMELS", []string{"Éloi", "Pierre"}, born{On: civil.Of(1977, 3, 18), Lieu: "26286"})
	w.child("majorite-enfant", "F", "CALMELS", []string{"Daphné"}, born{On: w.day.AddDays(10).AddYears(-18), Lieu: "26286"}, q)
	w.login(q, "Père d'une enfant qui devient majeure dans dix jours.", Expect{
		"200 : le père et sa fille ; elle n'est plus rendue pour une période qui commence après ses dix-huit ans.",
		"200 : le père et sa fille ; elle n'est plus rendue pour une période qui commence après ses dix-huit ans.",
	})
	p, _ = w.single("limitee", "F", "ARBOUSSET", []string{"Violette", "Ève"}, born{On: civil.Of(1971, 1, 7), Lieu: "07129"})
	w.login(p, "A obtenu la limitation du traitement de ses données (RGPD, article 18).", Expect{
		"403 donnees_indisponibles sur toutes les opérations, sans le motif.",
		"403 donnees_indisponibles sur toutes les opérations, sans le motif.",
	}).Restricted = true
	p, _ = w.single("longs-noms", "F", "L'HÉRITIER-CŒURDEVEY DE LA ROCHE-SAINT-ÉTIENNE D'ÆTHELMONT",
		[]string{"Marie-Œnone", "Anne-Éléonore", "Louise-Françoise", "Jeanne-d'Arc", "Bérengère-Ægidia"}, born{On: civil.Of(1963, 11, 23), Lieu: "33225"})
	p.NomUsage = "D'ENTRAYGUES-SUR-TRUYÈRE DE CHÂTEAUNEUF-L'ÉVÊQUE DU BŒUF"
	w.login(p, "Noms de plus de cinquante caractères, apostrophes et ligatures.", Expect{
		"200 : les noms entiers, avec leurs accents, apostrophes et ligatures.",
		"200 : les noms entiers, avec leurs accents, apostrophes et ligatures.",
	}, func(v *identity.Pivot) {
		v.FamilyName = "L'HERITIER-COEURDEVEY DE LA ROCHE-SAINT-ETIENNE D'AETHELMONT"
	})
}
