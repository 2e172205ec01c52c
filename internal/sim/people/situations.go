package people

import "droits.example/droits/internal/civil"

// situations adds people whose rights are worth a test beyond the named ones:
// what succeeds, overlaps, is over or is hosted.
func (w *world) situations() {
	w.successions()
	w.exemptions()
	w.schemes()
	w.relatives()
}

func (w *world) successions() {
	d := w.day
	p, r := w.single("changement-de-caisse", "F", "PÉCHAMBERT", []string{"Garance"}, born{On: civil.Of(1987, 5, 20), Lieu: "26012"})
	r.DateFin, r.Contrats[0].DateFin, r.Contrats[0].PeriodesDroits[0].DateFin = d.AddDays(40), d.AddDays(40), d.AddDays(40)
	next := w.assure(p, "01342")
	next.DateDebut, next.Contrats = d.AddDays(41), []contrat{base(d.AddDays(41))}
	w.login(p, "Change de caisse dans quarante jours (Drôme, puis Hérault).", Expect{
		"200 : aujourd'hui la caisse de la Drôme ; pour une période qui commence après quarante jours, celle de l'Hérault.",
		"200 : aujourd'hui la caisse de la Drôme ; pour une période qui commence après quarante jours, celle de l'Hérault.",
	})
	p, r = w.single("changement-de-medecin", "M", "MARQUEFAVE", []string{"Ambroise", "Jean"}, born{On: civil.Of(1975, 9, 1), Lieu: "12106"})
	r.MedecinsTraitants = append(doctor(1, between(civil.Of(2015, 3, 2), d.AddDays(29))), doctor(2, since(d.AddDays(30)))...)
	w.login(p, "Change de médecin traitant dans trente jours.", Expect{
		"200 : aujourd'hui le médecin sortant, avec sa date_fin ; pour une période plus tardive, le suivant.",
		"200 : medecin_traitant_choisi vrai ; /medecin-traitant répond 403 operation_reservee.",
	})
	p, r = w.single("sans-medecin", "F", "POUGNADORESSE", []string{"Lucile"}, born{On: civil.Of(1999, 1, 15), Lieu: "34032"})
	r.MedecinsTraitants = nil
	w.login(p, "N'a déclaré aucun médecin traitant.", Expect{
		"200 : medecin_traitant_choisi faux ; /medecin-traitant répond 404 medecin_traitant_absent.",
		"200 : medecin_traitant_choisi faux ; /medecin-traitant répond 403 operation_reservee.",
	})
	p, r = w.single("periodes-multiples", "M", "ROUVEYROL", []string{"Barnabé"}, born{On: civil.Of(1992, 6, 6), Lieu: "42016"})
	r.Contrats[0].PeriodesDroits = []periode{between(d.AddDays(-500), d.AddDays(-100)), between(d.AddDays(-60), d.AddDays(60)), between(d.AddDays(90), d.AddDays(500))}
	w.login(p, "Trois périodes de droits dans un même contrat, dont une passée.", Expect{
		"200 : deux périodes de droits, l'une dès aujourd'hui, l'autre bornée à la fin de la période demandée.",
		"200 : deux périodes de droits, l'une dès aujourd'hui, l'autre bornée à la fin de la période demandée.",
	})
	p, r = w.single("c2s-a-venir", "F", "SALLELES", []string{"Noémie", "Ida"}, born{On: civil.Of(2000, 4, 23), Lieu: "54033"})
	from := d.AddMonths(2)
	c2s := between(from, from.AddYears(1).AddDays(-1))
	r.Contrats = append(r.Contrats, contrat{"AMC", "C2S", c2s, []periode{c2s}})
	w.login(p, "Complémentaire santé solidaire qui commence dans deux mois.", Expect{
		"200 : contrat AMC C2S dont date_debut est dite ; presence_CMUC_ACS vrai dans la période par défaut.",
		"200 : contrat AMC C2S dont date_debut est dite ; presence_CMUC_ACS vrai dans la période par défaut.",
	})
	p, r = w.single("acs-ancienne", "M", "SABATHIER", []string{"Isidore"}, born{On: civil.Of(1953, 2, 12), Lieu: "59022"})
	old := between(civil.Of(2019, 6, 1), civil.Of(2020, 5, 31))
	r.Contrats = append(r.Contrats, contrat{"AMC", "ACS", old, []periode{old}})
	w.login(p, "A eu l'aide au paiement d'une complémentaire santé, terminée.", Expect{
		"200 : le seul contrat AMO BASE ; presence_CMUC_ACS faux.",
		"200 : le seul contrat AMO BASE ; presence_CMUC_ACS faux.",
	})
	p, r = w.single("complementaire-terminee", "F", "PEYROLLET", []string{"Octavie"}, born{On: civil.Of(1968, 8, 30), Lieu: "67014"})
	r.Complementaires = cover(9, between(civil.Of(2018, 1, 1), d.AddDays(-40)))
	w.login(p, "Complémentaire privée terminée.", Expect{
		"200 : souscrite faux, sans référence.",
		"200 : souscrite faux.",
	})
}

func (w *world) exemptions() {
	d := w.day
	p, r := w.single("exonerations-multiples", "M", "JALABERT", []string{"Théophile", "Marc"}, born{On: civil.Of(1961, 7, 19), Lieu: "34268"})
	r.Exonerations = []exoneration{
		{Code: "LIS", periode: between(d.AddDays(-300), d.AddDays(150))},
		{Code: "EXC", periode: between(d.AddDays(-20), d.AddDays(200))},
		{Code: "INV", periode: between(d.AddDays(260), d.AddDays(340))},
	}
	w.login(p, "Trois exonérations, dont deux se recouvrent.", Expect{
		"200 : trois exonérations avec leurs motifs LIS, EXC et INV.",
		"200 : deux exonérations sans motif, celles qui se recouvrent n'en faisant qu'une.",
	})
	for _, x := range []struct{ slug, code, what, nom, prenom string }{
		{"invalidite", "INV", "Exonération au titre de l'invalidité.", "MOULINIÉ", "Aurélien"},
		{"polypathologie", "EXP", "Affections multiples.", "NOZERAN", "Gatien"},
		{"pension-militaire", "A115_DET_PML", "Exonération de l'article L. 115.", "RASCALOU", "Séraphin"},
		{"sterilite", "STE", "Diagnostic et traitement de la stérilité.", "ROQUEPLAN", "Léandre"},
	} {
		p, r := w.single(x.slug, "M", x.nom, []string{x.prenom}, born{On: civil.Of(1972, 10, 2), Lieu: "48045"})
		r.Exonerations = []exoneration{{Code: x.code, periode: since(civil.Of(2022, 5, 1))}}
		w.login(p, x.what, Expect{"200 : une exonération de motif " + x.code + ".", "200 : une exonération sans motif."})
	}
	p, r = w.single("accouchement", "F", "VILLEBRUNE", []string{"Élise", "Marie"}, born{On: civil.Of(1994, 12, 8), Lieu: "76034"})
	r.Exonerations = []exoneration{{Code: "MAT", periode: between(d.AddDays(-110), d.AddDays(6)), Maternite: &maternite{d.AddDays(-276), d.AddDays(-6)}}}
	r.ArretsTravail = []arret{{"maternite", "FICTIF-MT-0001", between(d.AddDays(-48), d.AddDays(64))}}
	w.login(p, "A accouché il y a six jours, congé maternité en cours.", Expect{
		"200 : exonération MAT avec les deux dates ; un arrêt de travail sans sa nature.",
		"200 : une exonération sans motif ni dates de maternité ; 403 operation_reservee sur /arrets-travail.",
	})
	p, r = w.single("maladie-professionnelle", "M", "OLIVAREL", []string{"Firmin"}, born{On: civil.Of(1964, 3, 16), Lieu: "62041"})
	r.RisquesProfessionnels = []risque{{"maladie_professionnelle", since(d.AddDays(-700))}}
	w.login(p, "Maladie professionnelle reconnue.", Expect{
		"200 : couverture_maladie_professionnelle vrai sur /risques-professionnels.",
		"403 operation_reservee sur /risques-professionnels ; le reste comme pour tout assuré.",
	})
}

func (w *world) schemes() {
	for _, x := range []struct{ slug, caisse, what, nom, prenom string }{
		{"mnh", "01459", "Régime hébergé : mutuelle des hospitaliers.", "LAGARRIGUE", "Coralie"},
		{"camieg", "01928", "Régime hébergé : industries électriques et gazières.", "FOURCADEL", "Daphné"},
	} {
		p, r := w.single(x.slug, "F", x.nom, []string{x.prenom}, born{On: civil.Of(1985, 12, 3), Lieu: "69024"})
		r.Caisse = x.caisse
		w.login(p, x.what, usual())
	}
}

func (w *world) relatives() {
	p, _ := w.single("conjointe-rattachee", "M", "COMBELONGE", []string{"Célestin"}, born{On: civil.Of(1946, 2, 3), Lieu: "09174"})
	wife, r := w.child("conjointe-rattachee-epouse", "F", "GUILLEMOT", []string{"Suzanne"}, born{On: civil.Of(1948, 9, 26), Lieu: "09174"}, p)
	wife.NomUsage, r.Qualite, r.DateDebut = "COMBELONGE", "conjoint", civil.Of(1990, 1, 1)
	r.Contrats = []contrat{base(civil.Of(1990, 1, 1))}
	w.login(p, "Assuré dont l'épouse est encore rattachée (situation ancienne).", Expect{
		"200 : l'assuré et son épouse, qualité conjoint.",
		"200 : l'assuré et son épouse, qualité conjoint.",
	})
	w.login(wife, "L'épouse rattachée se connecte elle-même.", Expect{
		"200 : elle seule, jamais son époux, avec ses droits par son rattachement.",
		"200 : elle seule, jamais son époux, avec ses droits par son rattachement.",
	})
	p, _ = w.single("veuve", "F", "CAPDEVILLE", []string{"Rosalie"}, born{On: civil.Of(1949, 5, 9), Lieu: "46151"})
	dead, r := w.child("veuve-epoux", "M", "CAPDEVILLE", []string{"Marcelin"}, born{On: civil.Of(1944, 11, 17), Lieu: "46151"}, p)
	dead.DateDeces, r.Qualite, r.DateDebut = w.day.AddDays(-200), "conjoint", civil.Of(1990, 1, 1)
	w.login(p, "Veuve : son époux rattaché est décédé.", Expect{
		"200 : elle seule ; une personne décédée n'est jamais rendue.",
		"200 : elle seule ; une personne décédée n'est jamais rendue.",
	})
	p, _ = w.single("enfant-majeur", "F", "HAUTEVILLE", []string{"Honorine", "Lise"}, born{On: civil.Of(1978, 7, 2), Lieu: "33027"})
	w.child("enfant-majeur-enfant", "M", "HAUTEVILLE", []string{"Edgar"}, born{On: w.aged(18, 20), Lieu: "33027"}, p)
	w.login(p, "Mère d'un enfant devenu majeur, au rattachement resté ouvert au fichier.", Expect{
		"200 : elle seule ; un enfant n'est jamais rendu après ses dix-huit ans.",
		"200 : elle seule ; un enfant n'est jamais rendu après ses dix-huit ans.",
	})
	p, _ = w.single("numero-change", "F", "TREMBLEVAL", []string{"Iris", "Anne"}, born{On: civil.Of(1993, 9, 12), Pays: "99352"})
	p.NIRPrecedents = []string{waiting(w.number("F", born{On: civil.Of(1993, 9, 12), Pays: "99352"}))}
	w.login(p, "Son numéro d'attente a été remplacé par un NIR.", Expect{
		"200 avec le NIR actuel ; 404 beneficiaire_inconnu avec le numéro précédent.",
		"200 avec le NIR actuel ; 404 beneficiaire_inconnu avec le numéro précédent.",
	})
}
