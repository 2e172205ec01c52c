package web

import (
	"time"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/support"
)

// partnerModels are the pages of the partner space.
func partnerModels() map[string][]any {
	quota := quotaLine{Convention: "hopital-1", Purpose: "Préparer une admission", State: tag{"ok", "en vigueur"}, PerSecond: 20, PerDay: 1000, Used: 850, Left: 150, Percent: 85, Width: 255, LastOn: day22}
	served := partner.LoggedCall{Call: partner.Call{At: noonAt, Partner: "hopital", Key: "cle_1", Operation: "getMe", Outcome: partner.Served, RequestID: "r-1", Latency: time.Millisecond, Count: 1}, Cursor: 7}
	refused := served
	refused.Outcome, refused.Count, refused.Cursor = string(fault.QuotaDepasse), 40, 8
	lines := []callLine{callLineOf(served), callLineOf(refused)}
	use := []partner.Usage{{Day: "2026-11-20", Operation: "getMe", Outcome: partner.Served, Calls: 9, Took: time.Second, Slowest: time.Second}, {Day: "2026-11-21", Operation: "getMe", Outcome: string(fault.QuotaDepasse), Calls: 3}}
	used := usageOf(use)
	used.Days = newBars(caption{"jours", "Par jour"}, "Jour", dailyTallies(use, day22.AddDays(-29), day22))
	used.Months = newBars(caption{"mois", "Par mois"}, "Mois", monthlyTallies(use, day22.AddMonths(-11)))
	key := keyLine{ID: "cle_1", Last4: "abcd", Convention: "hopital-1", Environment: environments[partner.Sandbox], State: tag{"ok", "utilisable"}, Live: true, Revoke: "/r", Bind: "/b", Assertion: true}
	file := support.File{ID: "V-2026-0001", Kind: support.Incident, State: support.Waiting, Subject: "Poste volé", OpenedAt: noonAt, ChangedAt: noonAt, KnownAt: noonAt, Concerned: "environ 10", RequestID: "r", Messages: []support.Message{{At: noonAt, Side: support.Partner, Text: "Un.\nDeux."}, {At: noonAt, Side: support.Operator, Text: "Trois."}}}
	own := fileDataOf(file, support.Partner, supportPath, noonAt)
	own.MayWrite = true
	theirs := fileDataOf(file, support.Operator, agentFilesPath, noonAt.Add(80*time.Hour))
	theirs.MayWrite, theirs.Text.Error, theirs.Mistakes = true, "Écrivez.", mistakes(field{Name: "texte", Error: "Écrivez."})
	list := filesData{Lines: []fileLine{own.Line}, Total: 1, Write: true}
	empty := func(string) string { return "" }
	wrongKey := field{Name: "fin", Label: "Dernier jour", Kind: "date", Error: "Écrivez une date."}
	address := field{Name: "adresse", Label: "Adresse", Kind: "url"}
	hook := hookLine{ID: "msg_1", Type: "accord retiré", Made: instantOf{noonAt}, State: tag{"error", "abandonnée"}, Attempts: 12, Last: "http_500", Replay: true}
	box := sandboxData{Conventions: choices{Name: "convention", Legend: "Convention", Kind: "select", Options: []option{{Value: "a", Label: "a"}}}, Person: choices{Name: "personne", Legend: "Personne", Kind: "select"}, Operation: choices{Name: "operation", Legend: "Opération", Kind: "select"},
		From: field{Name: "dateDebut", Label: "Du", Kind: "date"}, To: field{Name: "dateFin", Label: "Au", Kind: "date"}, Key: field{Name: "cle", Label: "Clé", Kind: "password"}}
	tried := box
	tried.Exchange = &exchange{Curl: "curl", Status: "429 Too Many Requests", Headers: []pair{{Term: "X-Request-Id", Text: []string{"r"}}}, Body: "{}", Code: "quota_depasse", Took: "1 ms"}
	act := action{Address: "/x", Label: "Révoquer", Consequence: "Pour toujours."}
	home := memberHomeData{Name: "Hôpital d'essai", Partner: true, Tasks: []task{{"warn", "Une clé expire.", keysPath, "Voir"}, {"error", "Suspendue.", keysPath, "Voir"}, {"", "Répondu.", keysPath, "Lire"}}, Quotas: []quotaLine{quota}, Last: lines}
	_, calls := callQuery(map[string][]string{"du": {"hier"}}, &organisation{keys: []partner.Key{{ID: "cle_1", Last4: "abcd"}}}, day22)
	calls.Lines, calls.Pager, calls.CSV = lines, pager{"/", "/"}, "/csv"
	ground := choices{Name: "motif", Legend: "Motif", Kind: "radio", Options: []option{{Value: "loi", Label: "La loi"}}, Error: "Choisissez."}
	follow := followLine{Href: "/c", ID: "hopital-1", Partner: "Hôpital", SIRET: "0", Why: "x", Version: 1, State: tag{"ok", "en vigueur"}, Until: "demain", Task: tag{"warn", "expire"}}
	received := field{Name: "recue", Label: "Date", Kind: "date"}
	bound := key
	bound.Assertion, bound.Mutual, bound.Certificates = false, true, []certificateLine{{Digest: "ab", Short: "ab…", Ends: "demain", State: tag{"ok", "utilisable"}}}
	given := delegationLineOf(partner.Delegation{Vendor: "logiciel", Convention: "hopital-1", Partner: "hopital", SIRET: "0", CreatedAt: noonAt}, map[string]string{"logiciel": "Éditeur", "hopital": "Hôpital"})
	given.End = "/e"
	gone := delegationLineOf(partner.Delegation{Vendor: "logiciel", Convention: "hopital-1", CreatedAt: noonAt, EndedAt: noonAt, EndedBy: partner.ByVendor}, nil)
	whom := field{Name: "editeur", Label: "Éditeur", Error: "Vérifiez."}
	return map[string][]any{
		"delegations": {delegationsData{}, delegationsData{Given: []delegationLine{given, gone}, Manage: true, Conventions: box.Conventions, Whom: whom, Mistakes: mistakes(whom)}, delegationsData{Manage: true}, delegationsData{Vendor: true}, delegationsData{Vendor: true, Manage: true, Received: []delegationLine{given}}},
		"delegation_terminer": {struct {
			Line delegationLine
			Act  action
		}{given, act}},
		"suivi":             {followedData{State: box.Conventions}, followedData{Lines: []followLine{follow}, State: box.Conventions}},
		"suivi_convention":  {followData{ID: "a"}, followData{ID: "a", Digest: "d", Last: "demain", Letter: "/l", Reads: []string{"x"}, Signed: []signatureLine{{Who: "Nous", State: tag{"ok", "signée"}, At: "hier", Key: "…"}}, Versions: []conventionLine{{}, {}}, Sign: &act, Moves: []link{{"Suspendre", "/s"}}, ByLetter: "/l", Task: tag{"warn", "x"}}},
		"suivi_etat":        {stateData{Title: "Mettre en vigueur"}, stateData{Title: "Révoquer", Ground: &ground, Effects: []string{"x"}, Mistakes: []mistake{{"motif", "Choisissez."}}}},
		"suivi_lettre":      {letterData{Received: received}, letterData{Received: received, Scan: "Non.", Mistakes: []mistake{{"document", "Non."}}}},
		"suivi_partenaires": {[]partnerLine(nil), []partnerLine{{Href: "/p", Name: "Hôpital", Alerts: 2}}},
		"suivi_partenaire":  {partnerData{Name: "x"}, partnerData{Name: "x", Keys: []followKey{{key, &act, nil}, {key, nil, &act}}, Conventions: []followLine{follow}, Delegations: []delegationLine{given, gone}, Alerts: []alertLine{{instantOf{noonAt}, "volume", "cle_1", []string{"r-1", "r-2"}, true}}}},
		"partenaire":        {memberHomeData{Name: "SIRET 0"}, home},
		"cles":              {keysData{Ends: field{Name: "fin", Label: "Fin", Kind: "date"}}, keysData{Lines: []keyLine{key, bound, {Mutual: true, Live: true, ID: "cle_2"}}, Manage: true, Conventions: box.Conventions, Ends: wrongKey, Secret: "test_secret", Curl: "curl", Mistakes: mistakes(wrongKey)}},
		"cle_revoquer": {struct {
			Last4 string
			Act   action
		}{"abcd", act}},
		"quotas":          {quotasData{}, quotasData{[]quotaLine{quota}, "maintenant"}},
		"usage":           {usageData{Days: newBars(caption{"jours", "Par jour"}, "Jour", nil), Months: newBars(caption{"mois", "Par mois"}, "Mois", nil)}, used},
		"rapport":         {reportData{}, reportData{usageData: used, Month: "novembre 2026", Before: "/a", After: "/b", Peak: "le 20", Ours: 1, Availability: "99,0 %", Under: "au-dessus", Whole: true}},
		"appels":          {callsData{Request: calls.Request, From: field{Name: "du", Label: "Du", Kind: "date"}, To: field{Name: "au", Label: "Au", Kind: "date"}, Outcome: calls.Outcome, Key: calls.Key}, calls},
		"appel":           {callData{Call: lines[0], Ask: "/a"}, callData{Call: lines[1], Cause: "Parce que.", Remedy: "Attendez.", Doc: "/d", Ask: "/a", Play: "/p"}},
		"notifications":   {hooksData{Address: address}, hooksData{Partner: "Hôpital", Address: address, Manage: true}, hooksData{Set: true, Partner: "Hôpital", Dead: 1, Lines: []hookLine{hook}, Manage: true, Address: field{Name: "adresse", Label: "Adresse", Kind: "url", Error: "Non."}, Secret: "whsec_x", Mistakes: mistakes(field{Name: "adresse", Error: "Non."})}},
		"support":         {filesData{}, list},
		"support_agents":  {filesData{}, list},
		"support_nouveau": {newFile(false, empty, ""), newFile(true, empty, "connu")},
		"echange":         {own, theirs},
		"bac":             {sandboxData{}, box, tried},
	}
}
