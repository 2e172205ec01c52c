package web

import (
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/habilitation"
)

// requestsSeen is a request in each of its states, with one of everything.
func requestsSeen() (out []habilitation.Request) {
	c := habilitation.Contact{Nom: "Claude Exemple", Fonction: "directrice", Courriel: "claude@hopital.example", Telephone: "01 99 00 00 01"}
	f := habilitation.Form{
		Organisation: habilitation.Organisation{Kind: droits.Etablissement, Nom: "Hôpital d'exemple", SIRET: "12345678900007", FINESS: "120000013"},
		Projet:       habilitation.Projet{Intitule: "Préadmission", Description: "Préparer les admissions sans papier.", Purpose: "preadmission", StartOn: day22},
		Donnees:      habilitation.Donnees{Blocs: []droits.Bloc{droits.BlocIdentite, droits.BlocExonerationsMotif}, Destinataires: "Agents", Months: 12},
		Cadre:        habilitation.Cadre{Nature: "Code de la santé publique"}, Connexion: habilitation.Connexion{Habilitation: "FC-1", Client: "c-1", Profile: "v2"},
		Contacts: habilitation.Contacts{Responsable: c, DPO: c, Technique: c}, Volumes: habilitation.Volumes{PerDay: 100, PerSecond: 5},
		Engagements: habilitation.Engagements{Terms: convention.TermsVersion, DPOInformed: true}, Pieces: map[string]string{"cadre.document": "doc_1"},
	}
	other := f
	other.Projet.Intitule, other.Donnees.Blocs = "Autre", nil
	events := []habilitation.Event{
		{At: noonAt, Act: habilitation.Create, Role: habilitation.Demandeur, Author: "cpt_1", To: habilitation.Draft},
		{At: noonAt, Act: habilitation.Update, Role: habilitation.Demandeur, Author: "cpt_1", From: habilitation.Draft, To: habilitation.Draft, Changes: append(habilitation.Diff(habilitation.Form{}, f), habilitation.Diff(f, other)...)},
		{At: noonAt, Act: habilitation.Write, Role: habilitation.Instructeur, Author: "cpt_a", Motive: "Bonjour.\n\nUne question."},
		{At: noonAt, Act: habilitation.Note, Role: habilitation.Instructeur, Author: "cpt_a", Motive: "Note interne."},
		{At: noonAt, Act: habilitation.Archive, Role: habilitation.Systeme, Motive: "Trop ancienne."},
	}
	for _, s := range habilitation.States() {
		e := append(events[:len(events):len(events)], habilitation.Event{At: noonAt, Act: habilitation.RequestChanges, Role: habilitation.Instructeur, Author: "cpt_a", From: "avant", To: s, Motive: "Précisez les destinataires."})
		out = append(out, habilitation.Request{ID: "D-2026-0001", Organisation: f.Organisation.SIRET, State: s, Form: f, Events: e})
	}
	again := out[0]
	again.Grants, again.Form = []habilitation.Grant{{Version: 1, Form: f, GrantedAt: noonAt}}, other
	granted := out[3]
	granted.Grants = again.Grants
	empty := habilitation.Request{ID: "D-2026-0002", State: habilitation.Draft, Events: events[:1]}
	return append(out, again, granted, empty)
}

// requestModels are the pages of requests and conventions.
func requestModels() map[string][]any {
	pieces := []habilitation.Piece{{ID: "doc_1", Request: "D-2026-0001", Field: "cadre.document", Name: "Décret.pdf", At: noonAt}}
	var lines []requestLine
	var all, checks, steps []any
	for _, x := range requestsSeen() {
		lines = append(lines, requestLineOf(x, 1, true))
		page := requestDataOf(x, pieces, true)
		page.Events = eventsOf(x, pieces, 1, map[string]string{"cpt_1": "Camille Essai"})
		page.Messages = page.Events[:1]
		if page.Write != nil {
			page.Write.Text.Error = "Écrivez votre message."
			page.Wrong = mistakes(page.Write.Text)
		}
		page.Contract = []link{{"Convention c", "/partenaire/conventions/c"}}
		all = append(all, page, requestDataOf(x, nil, false))
		checks = append(checks, checkData{ID: x.ID, Steps: answersOf(x.Form, pieces, "/x"), Gaps: gapsOf(x.Form, "/x"), Motive: motiveOf(x), Overtaken: true, Coming: &termsLine{"2027-02", "/cgu/2027-02", "1er février 2027"}, Terms: termsLine{Version: "2026-11", Href: "/cgu"},
			Accept: choices{Name: "engagements.modalites", Legend: "Modalités", Kind: "checkbox", Options: []option{{Value: "2026-11", Label: "Accepter"}}}, DPO: choices{Name: "engagements.delegue_informe", Legend: "Délégué", Kind: "checkbox", Options: []option{{Value: "oui", Label: "Informé"}}}})
		for i, s := range formSteps {
			now := typed{form: x.Form, text: map[string]string{"volumes.appels_par_jour": "beaucoup"}, wrong: map[string]string{}, other: &habilitation.Form{}}
			for _, p := range problemsOf(x.Form, i) {
				now.wrong[p.Field] = p.Text
			}
			steps = append(steps, stepData{ID: x.ID, Title: s.Title, Step: i + 1, Of: 6, Asked: s.ask(now), Before: "/a", Next: "b", NextHref: "/b", NoFC: "/c", Motive: "M", Overtaken: true, Kept: true, Wrong: []mistake{{s.answers[0].name, "Non."}}})
			for j, place := range s.slots {
				steps[len(steps)-1] = stepData{Title: s.Title, Step: i + 1, Of: 6, Slots: []slotData{{Field: place.field, Label: place.label, Drop: "/d", Name: "Décret.pdf", Href: "/h", Error: []string{"", "Non."}[(j+i)%2]}}}
			}
		}
	}
	kinds := func(wrong string) choices { return kindChoices("categorie", otherKind, wrong) }
	return map[string][]any{
		"demandes":                   {requestsData{}, requestsData{Lines: lines, Write: true, New: "/x"}},
		"demande_nouvelle":           {newRequestData{Steps: formSteps, Kind: kinds("")}, newRequestData{Kind: kinds("Non."), Refuse: true, Help: "aide@droits.example", Wrong: []mistake{{"categorie", "Non."}}}, newRequestData{Kind: kinds(""), Refuse: true}},
		"demande_etape":              steps,
		"demande_verifier":           checks,
		"demande_deposee":            {submittedData{}, submittedData{"D-2026-0001", "/x", "Préadmission"}},
		"demande_sans_franceconnect": {struct{ ID, Back, List string }{"D-2026-0001", "/x", "/y"}},
		"demande":                    all,
		"conventions":                {[]conventionLine{}, []conventionLine{{Href: "/x", ID: "c", Why: "Préparer une admission", Version: 1, State: tag{"ok", "en vigueur"}, Until: "demain", Next: "Votre signature est attendue."}}},
		"convention":                 conventionModels(),
		"convention_partir":          {leaveData{Confirm: choices{Name: "confirmer", Legend: "Confirmation", Kind: "checkbox", Error: "Cochez.", Options: []option{{Value: "oui", Label: "Oui"}}}, Wrong: []mistake{{"confirmer", "Cochez."}}, Effects: []pair{{Term: "Dernier jour", Text: []string{"demain"}}}, Duties: endDuties}},
		"cgu": {termsData{Blocks: blocksOfTerms("Un.\n\n## Deux\n\n- trois\n- quatre\n"), State: tag{"ok", "en vigueur"}, Coming: &termsLine{"2027-02", "/cgu/2027-02", "1er février 2027"}},
			termsData{Version: "2027-02", From: "1er février 2027", State: tag{"warn", "à venir"}, Held: &termsLine{Version: "2026-11", Href: "/cgu"}}},
		"demande_acces": {eligibilityData{Who: kinds("")}, eligibilityData{Who: kinds(""), Answer: "oui", Start: "/x"}, eligibilityData{Who: kinds(""), Answer: "oui"}, eligibilityData{Who: kinds(""), Answer: "non"}, eligibilityData{Who: kinds("Non."), Answer: "non", Help: "a@b.example", Wrong: []mistake{{"categorie", "Non."}}}},
	}
}

func conventionModels() (out []any) {
	d := convention.Document{ID: "hopital-preadmission", Version: 2, Parties: convention.Parties{Operator: "Gestionnaire", Partner: "hopital", Name: "Hôpital", SIRET: "12345678900007"}, Purpose: "preadmission", Kind: droits.Etablissement,
		Blocks: []droits.Bloc{droits.BlocIdentite, droits.BlocExonerationsMotif}, Quota: convention.Quota{PerSecond: 1, PerDay: 100}, From: day22, Until: day22.AddYears(3), Auth: convention.AuthKey, FCClients: []convention.FCClient{{ID: "c", Profile: "v2"}},
		Consent: convention.Consent{Ticks: []droits.Bloc{droits.BlocExonerationsMotif}}, Terms: convention.Terms{Terms: convention.TermsVersion, Notice: convention.NoticeVersion, NoticeSHA256: convention.NoticeSHA256()}}
	field := func(name, wrong string) field { return field{Name: name, Label: name, Kind: "textarea", Error: wrong} }
	for _, s := range []convention.State{convention.Draft, convention.Active, convention.Suspended, convention.Notice, convention.Ended} {
		c, err := convention.New(d, s)
		if err != nil {
			panic("the model of a convention is wrong")
		}
		x := conventionData{ID: d.ID, Version: 2, State: conventionTags[s], Told: conventionSays(c), Digest: c.Digest, Wording: c.Wording(), Summary: summaryOf(c), Duties: endDuties, Reads: []string{"Identité"}, ByTick: []string{"Motif"},
			Signed: []signatureLine{{"Vous", tag{"ok", "signée"}, "hier", "…abc"}, {Who: "Nous", State: tag{"warn", "attendue"}}}, Files: []link{{"a", "/a"}}, Versions: []conventionLine{{Href: "/1", Version: 1}, {Href: "/2", Version: 2}}, Leave: "/partir", Last: "demain"}
		out = append(out, x)
		for _, f := range []signForm{{MayNot: true}, {SignedAlready: true}, {Key: field("cle", "Non."), Signature: field("signature", "Non."), Registered: 2}, {Key: field("cle", "")}} {
			x.Sign, x.Wrong = &f, mistakes(f.Key, f.Signature)
			out = append(out, x)
		}
	}
	return append(out, conventionData{ID: d.ID, State: tag{"error", "altérée"}, Told: conventionSays(convention.Convention{Altered: true}), Duties: endDuties})
}
