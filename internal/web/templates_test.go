package web

import (
	"bytes"
	"maps"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/access"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/nir"
	"droits.example/droits/internal/notify"
	"droits.example/droits/internal/trace"
)

var (
	noonAt = time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC)
	day22  = civil.MustParse("2026-11-22")
)

// ownRights is a family of invented people with one of everything.
func ownRights() access.OwnRights {
	window := around(day22)
	long := civil.Period{From: day22.AddYears(-3), To: day22.AddDays(40)}
	link := droits.Rattachement{
		Propre: true, Qualite: droits.Assure, Periode: civil.Period{From: day22.AddYears(-9)},
		Caisse:                droits.Caisse{ID: "01751", GrandRegime: "01", Organisme: "CPAM", Libelle: "CPAM d'essai", Adresse: droits.Adresse{NumeroVoie: "1", TypeVoie: "RUE", NomVoie: "DE L'ESSAI", CodePostal: "75001", Commune: "PARIS"}},
		Contrats:              []droits.Contrat{{Nature: droits.AMO, CodeType: droits.ContratBase, Periode: long, Droits: []civil.Period{long}}, {Nature: droits.AMC, CodeType: droits.ContratC2SP, Droits: []civil.Period{{From: day22.AddMonths(-3)}}}},
		Exonerations:          []droits.Exoneration{{Code: "MAT", Periode: long, Maternite: &droits.Maternite{PresumeeOn: day22.AddMonths(-6)}}},
		MedecinsTraitants:     []droits.MedecinTraitant{{Nom: "EXEMPLE", Prenom: "Ada", Periode: civil.Period{From: day22.AddYears(-2)}}},
		Complementaires:       []droits.Complementaire{{Organisme: "Mutuelle d'essai", NumeroContrat: "C-1", Periode: civil.Period{From: day22.AddYears(-1)}}},
		ArretsTravail:         []droits.ArretTravail{{Numero: "A1", Periode: civil.Period{From: day22.AddDays(-3), To: day22.AddDays(3)}}},
		RisquesProfessionnels: []droits.RisqueProfessionnel{{Nature: droits.NatureAccidentTravail, Periode: long}},
	}
	me := droits.Personne{NIR: nir.MustParse("286021204798976"), NomFamille: "MARTIN", NomUsage: "DURAND", Prenoms: []string{"Camille", "Zoé"}, NaissanceOn: civil.MustParse("1986-02-14")}
	link.Beneficiaire = me
	child := link
	child.Propre, child.Qualite = false, droits.Enfant
	child.Beneficiaire = droits.Personne{NomFamille: "MARTIN", Prenoms: []string{"Léa"}, NaissanceOn: civil.MustParse("2015-00-00")}
	in := droits.Fenetre{Today: day22, Period: window}
	return access.OwnRights{Window: in, DonneesOn: day22.AddDays(-1), Trace: "essai/1", Members: []access.OwnMember{
		{Ref: access.Self, Membre: droits.Membre{Personne: me, Self: true, Liens: []droits.Lien{{Rattachement: &link, Fenetre: in}}}, Restrictions: []consent.Restriction{{Ground: "18-1-a", SinceAt: noonAt}, {Bloc: droits.BlocCaisse, SinceAt: noonAt, UntilAt: noonAt.AddDate(0, 1, 0)}}},
		{Ref: "beneficiaire-0123456789abcdef", Membre: droits.Membre{Personne: child.Beneficiaire, Liens: []droits.Lien{{Rattachement: &child, Fenetre: in}}}},
	}}
}

// readingsSeen are lines of every sort.
func readingsSeen() []access.Reading {
	l := access.Reading{ID: "0123456789abcdef0123456789abcdef", Code: "0123-4567-89AB", Class: trace.AccessServed, At: noonAt, Partner: "hopital", PartnerName: "Hôpital d'essai", Kind: droits.Etablissement,
		Purpose: "preadmission", Operation: "getMe", Outcome: served, Asked: []droits.Bloc{droits.BlocIdentite}, Served: []droits.Bloc{droits.BlocIdentite}, Withheld: []droits.Bloc{droits.BlocContrats}, Who: []string{access.Self}, Consent: "acc-1", Convention: "conv/1"}
	refused, elsewhere, mine, decision := l, l, l, l
	refused.Class, refused.Outcome, refused.Served, refused.Reported = trace.AccessRefused, "consentement_retire", nil, true
	elsewhere = access.Reading{ID: l.ID, Code: l.Code, Class: l.Class, At: l.At, Kind: l.Kind, Purpose: l.Purpose, Who: []string{"beneficiaire-0123456789abcdef"}, Elsewhere: true}
	mine.Partner, mine.PartnerName, mine.Kind, mine.Purpose, mine.Operation = "", "", "", access.Space, "consulter_mes_droits"
	decision.Class, decision.Operation = trace.ConsentEvent, "retirer"
	return []access.Reading{l, refused, elsewhere, mine, decision}
}

// sharingsSeen is a partner in each of its states.
func sharingsSeen() (out []access.Sharing) {
	x := access.Sharing{Partner: "hopital", Name: "Hôpital d'essai", Kind: droits.Etablissement, State: consent.StateGiven, LastRead: noonAt,
		Conventions: []access.SharedConvention{{Ref: "conv/1/2026-11", Purpose: "preadmission", Wording: "Vous acceptez.", Notice: "2026-11", NoticeText: "Un.\n\nDeux."}, {Ref: "autre/1/2026-11", Purpose: "adhesion", Wording: "Vous acceptez aussi.", Notice: "2026-11"}},
		Blocks:      []access.SharedBlock{{Bloc: droits.BlocIdentite, Libelle: "Votre identité", Given: true}, {Bloc: droits.BlocExonerationsMotif, Libelle: "Le motif", Sensitive: true, NeedsTick: true}, {Bloc: droits.BlocArretsTravail, Libelle: "Vos arrêts", Sensitive: true, Partly: true}},
		Dependants:  []access.SharedDependant{{Ref: "r1", Name: "Léa", Shared: true}, {Ref: "r2", Name: "Tom", Why: "Une limitation est en cours."}},
		Asked:       []droits.Bloc{droits.BlocExonerationsMotif}, LetUntil: noonAt.AddDate(0, 1, 0),
		Given: []consent.Line{{ID: "acc-1", Notice: "2026-11", Blocks: []droits.Bloc{droits.BlocIdentite}, GivenAt: noonAt, ExpiresAt: noonAt.Add(time.Hour)}, {ID: "acc-2", NoticeShown: true, Contested: true, GivenAt: noonAt, ExpiresAt: noonAt}},
	}
	for _, st := range []consent.State{consent.StateGiven, consent.StateNone, consent.StateExpired, consent.StateWithdrawn, consent.StatePaused} {
		x.State = st
		out = append(out, x)
	}
	x.Until = noonAt.AddDate(0, 0, 7)
	out = append(out, x)
	x.State, x.Conventions, x.Given, x.LastRead = consent.StateNone, nil, nil, time.Time{}
	return append(out, x)
}

func familySeen() []access.Relative {
	return []access.Relative{{Ref: access.Self, Name: "Camille DURAND", Self: true}, {Ref: "beneficiaire-0123456789abcdef", Name: "Léa MARTIN"}}
}

// models give each page what it shows; each is also tried with nothing in it.
func models(t *testing.T) map[string][]any {
	t.Helper()
	c := full()
	own := ownRights()
	family := namesOf(familySeen())
	var lines []readingLine
	var one []any
	for _, l := range readingsSeen() {
		lines = append(lines, readingLineOf(l, family))
		one = append(one, readingDataOf(l, family))
	}
	overview := overviewOf(own, day22)
	overview.Lines, overview.Sharings = lines, []sharingLine{{Href: "/", Name: "Hôpital d'essai", State: tag{"ok", "accord en cours"}}}
	wrong := field{Name: "du", Label: "Du", Kind: "date", Error: "Écrivez une date qui existe."}
	wrongTo := field{Name: "au", Label: "Au", Kind: "date", Error: "Écrivez une date qui existe."}
	blank := verifyField("")
	blank.Error = "Collez une preuve."
	ends := [2]field{{Name: "du", Label: "Du", Kind: "date", Optional: true}, {Name: "au", Label: "Au", Kind: "date", Optional: true}}
	on := func(d rightsData) rightsData {
		d.On = field{Name: "au", Label: "Au", Kind: "date", Error: "Non."}
		return d
	}
	paper := attestationOf(own, own.Members[0], day22)
	certified, err := paper.Certificate.seal([32]byte{1})
	if paper.Certificate = certified; err != nil {
		t.Fatal(err)
	}
	paper.Groups, paper.Sample = fours(paper.Certificate.Code), true
	failed := one[0].(readingData)
	failed.Report.Error = "Trop long."
	failed.Wrong = mistakes(failed.Report)
	var shared []any
	for _, x := range sharingsSeen() {
		d := sharingDataOf(x, noonAt)
		d.Wrong = nil
		shared = append(shared, d)
	}
	receipt, err := consent.Facts{Record: consent.Record{ID: "acc-1", Partner: "hopital", Purpose: "preadmission", Blocks: []droits.Bloc{droits.BlocIdentite, droits.BlocExonerationsMotif}, Notice: "2026-11", Channel: consent.ChannelPartner, GivenAt: noonAt, ExpiresAt: noonAt.Add(time.Minute)},
		Events: []consent.Event{{Act: consent.Withdrawn, At: noonAt.Add(time.Second)}}, Partner: "Hôpital d'essai", Operator: "Essai", Reference: func(droits.Sujet) string { return "r" }}.Receipt("conv/1")
	if err != nil {
		t.Fatal(err)
	}
	contested := agreementDataOf(receipt)
	contested.Contested, contested.Contest = true, nil
	var secured securityData
	secured.messagesOf(access.Settings{Mail: "nom@exemple.fr", Notify: true}, "Écrivez une adresse complète.")
	return map[string][]any{
		"home":             {homeData{c.HospitalURL, "/mon-espace", c.Pieces}},
		"documentation":    {documentationData{"/v1", c.Steps, operations, true}},
		"errors":           {fault.Catalogue()},
		"error_code":       {fault.Catalogue()[0]},
		"persons":          {c.Persons},
		"failure":          {failure{Heading: "Titre", Text: []string{"Texte"}, RequestID: "req-1"}},
		"composants":       {stories()},
		"composant":        {stories()[0]},
		"verifier":         {verifyData{Text: verifyField("x"), Result: &verdict{State: tag{"ok", "valide"}, Title: "T", Text: []string{"x"}, Facts: []pair{{Term: "a", Text: []string{"b"}}}, Checked: []string{"c"}}}, verifyData{Text: blank, Wrong: mistakes(blank)}},
		"messages":         {messageLines([]notify.Line{{Channel: notify.Mail, To: "n•••@exemple.fr", Subject: "Objet", Text: "Bonjour", State: notify.Sent}, {Channel: notify.Webhook, Partner: "hopital", Type: notify.ConsentWithdrawn, State: notify.Dead, Attempts: 3, Last: "REFUSED"}, {}})},
		"closed":           {nil},
		"connexion":        {connexionData{Start: startPath, Simulated: true, Why: &notice{"warn", "T", []string{"x"}}}},
		"connexion_rompue": {struct{ Login, RequestID string }{loginPath, "req-1"}},
		"depart":           {struct{ Next string }{"https://fc.example/fin"}},
		"au_revoir":        {struct{ Login string }{loginPath}},
		"espace":           {overview},
		"droits":           {on(rightsOf(own, own.Members[0], day22, day22)), on(rightsOf(own, own.Members[1], day22, day22.AddMonths(2))), on(rightsOf(access.OwnRights{}, access.OwnMember{}, day22, day22))},
		"numero":           {struct{ Number, Back string }{grouped("286021204798976"), rightsPath}},
		"attestation":      {paper, attestationOf(own, own.Members[1], day22)},
		"acces":            {readingsData{Filters: filtersOf(nil, "choix", readingsSeen(), familySeen()), From: ends[0], To: ends[1], Lines: lines, Pager: pager{"/", "/"}, Picture: newBars(caption{"mois", "T"}, "Mois", monthsOf(readingsSeen(), day22)), First: true}, readingsData{From: wrong, To: wrongTo, Wrong: mistakes(wrong, wrongTo), Filtered: true}},
		"acces_un":         append(one, failed),
		"partages":         {sharingLines(sharingsSeen())},
		"partage":          shared,
		"accord":           {agreementDataOf(receipt), contested},
		"preuve":           {proofData{Facts: []pair{{Term: "Rang", Text: []string{"1"}}}, Tells: tells([]byte(`{"time":1,"partner":"hopital","operation":"getMe","outcome":"servi","served":["identite"]}`), trace.AccessServed), Hashes: []string{"00"}, Note: "essai\n1\n", Text: "/a", JSON: "/b", Back: "/c", Verify: verifyPath, Keys: "/d", File: "acces.tlog-proof"}},
		"securite":         {securityData{Sessions: []sessionLine{{ID: "1", Here: true}, {ID: "2", End: "/x"}}, Others: true, Notify: secured.Notify, Mail: secured.Mail, Wrong: secured.Wrong}},
	}
}

var (
	inlineCode = regexp.MustCompile(`(?i)<script|<style|\sstyle=|\son[a-z]+=`)
	idOf       = regexp.MustCompile(`\sid="([^"]*)"`)
	describes  = regexp.MustCompile(`\s(?:aria-describedby|aria-labelledby|for)="([^"]*)"`)
	anchor     = regexp.MustCompile(`href="#([^"]*)"`)
)

// wellMade fails when a page is not well made: refused values, code that the
// policy blocks, two elements of one name, a name that nothing bears.
func wellMade(t *testing.T, html string) {
	t.Helper()
	if strings.Contains(html, "ZgotmplZ") || strings.Contains(html, "<no value>") || strings.Contains(html, "%!") {
		t.Error("a value was refused by the template")
	}
	if inlineCode.MatchString(html) {
		t.Error("something is inline that the policy blocks")
	}
	ids := map[string]bool{}
	for _, m := range idOf.FindAllStringSubmatch(html, -1) {
		if m[1] == "" || ids[m[1]] {
			t.Errorf("the id %q is empty or there twice", m[1])
		}
		ids[m[1]] = true
	}
	for _, m := range describes.FindAllStringSubmatch(html, -1) {
		for _, id := range strings.Fields(m[1]) {
			if !ids[id] {
				t.Errorf("something refers to %q, which is not there", id)
			}
		}
	}
	for _, m := range anchor.FindAllStringSubmatch(html, -1) {
		if !ids[m[1]] {
			t.Errorf("a link leads to %q, which is not there", m[1])
		}
	}
}

func TestTemplates(t *testing.T) {
	models := models(t)
	for _, more := range []map[string][]any{deskModels(), partnerModels(), requestModels(), instructionModels()} { // each area of the spaces has its own file
		maps.Copy(models, more)
	}
	for i, s := range []*Site{site(t, full()), site(t, Config{})} {
		where := []string{"in the demonstration", "elsewhere"}[i]
		execute := func(t *testing.T, v view) string {
			t.Helper()
			v.Title, v.Crumbs, v.Private, v.Site = "T", trail(link{Text: "T"}), i == 1, s.shell()
			if i == 1 {
				v.Crumbs, v.Room = nil, roomOf("Camille DURAND")
			}
			var b bytes.Buffer
			if err := s.pages[v.Name].ExecuteTemplate(&b, "layout", v); err != nil {
				t.Fatal(err)
			}
			if strings.Count(b.String(), "<h1>") != 1 {
				t.Error("the page has not one h1")
			}
			if strings.Contains(b.String(), "04798976") {
				t.Error("R10 a whole number is on the page")
			}
			return b.String()
		}
		for name := range s.pages {
			if len(models[name]) == 0 {
				t.Errorf("%s has no model here", name)
			}
			for n, d := range models[name] {
				t.Run(name+" holds "+where+", with model "+strconv.Itoa(n+1), func(t *testing.T) {
					wellMade(t, execute(t, view{page: page{Name: name, Data: d, Failed: n == 1, Done: "Fait."}}))
				})
				if d != nil {
					t.Run(name+" holds "+where+", with model "+strconv.Itoa(n+1)+" emptied", func(t *testing.T) {
						execute(t, view{page: page{Name: name, Data: reflect.Zero(reflect.TypeOf(d)).Interface()}})
					})
				}
			}
		}
	}
	for name := range models {
		if site(t, full()).pages[name] == nil {
			t.Errorf("the model %s is of no page", name)
		}
	}
}

func TestStories(t *testing.T) {
	s := site(t, full())
	shown := map[string]bool{}
	for _, x := range stories() {
		t.Run("R81 the component "+x.Slug+" holds in each of its cases", func(t *testing.T) {
			w := get(s, "GET", storiesPath+"/"+x.Slug)
			if w.Code != 200 || x.What == "" || len(x.Cases) == 0 {
				t.Fatalf("status %d", w.Code)
			}
			body := w.Body.String()
			if strings.Contains(x.Slug, "erreurs") { // its links lead to fields that are not there
				body = anchor.ReplaceAllString(body, "")
			}
			wellMade(t, body)
			for _, c := range x.Cases {
				shown[c.Part] = true
				if !strings.Contains(w.Body.String(), "<h2>"+c.Name+"</h2>") {
					t.Errorf("%s is not there", c.Name)
				}
			}
		})
	}
	t.Run("every part of the pages has its story", func(t *testing.T) {
		inside := map[string]bool{"compulsory": true, "instant": true, "dpo": true} // a sentence each, seen within pages
		for _, tpl := range s.pages["home"].Templates() {
			n := tpl.Name()
			if strings.HasSuffix(n, ".html") || n == "" || n == "main" || n == "layout" || inside[n] {
				continue
			}
			if !shown[n] {
				t.Errorf("%s has none", n)
			}
		}
	})
	t.Run("components are shown in the demonstration only", func(t *testing.T) {
		if get(site(t, Config{}), "GET", storiesPath).Code != 404 || get(s, "GET", storiesPath+"/inconnu").Code != 404 {
			t.Error("they are shown")
		}
	})
}

func TestFrench(t *testing.T) {
	for got, want := range map[string]string{
		day(day22): "22/11/2026", day(0): "–", day(civil.Of(1954, 3, 0)): "03/1954", day(civil.Of(1954, 0, 0)): "1954",
		longDay(civil.Of(2026, 12, 1)): "1er\u00a0décembre 2026", longDay(day22): "22\u00a0novembre 2026",
		clockTime(noonAt): "12\u00a0h\u00a000", instant(time.Time{}): "–", longInstant(noonAt): "22\u00a0novembre 2026 à\u00a012\u00a0h\u00a000 (heure de Paris)",
		period(civil.Period{}): "sans date", period(civil.Period{From: day22}): "depuis le\u00a022/11/2026", period(civil.Period{To: day22}): "jusqu'au\u00a022/11/2026",
		period(civil.Period{From: day22, To: day22}): "le\u00a022/11/2026", count(1, "refus", "refus"): "1\u00a0refus", count(2, "refus", "refus"): "2\u00a0refus", count(3, "transmission"): "3\u00a0transmissions",
		grouped("286021204798976"): "2\u00a086\u00a002\u00a012\u00a0047\u00a0989\u00a076",
	} {
		if got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
	t.Run("R44 every operation and every refusal is told in plain French", func(t *testing.T) {
		for _, o := range droits.Operations() {
			if operationOf(o.ID) == operationOf("inconnue") {
				t.Errorf("%s has no words", o.ID)
			}
		}
		for _, e := range fault.Catalogue() {
			if w := outcomeOf(string(e.Code)); w.Kind != "warn" || strings.Contains(w.Text, "_") {
				t.Errorf("%s is told as %q", e.Code, w.Text)
			}
		}
	})
}

func TestAttestationCodes(t *testing.T) {
	own := ownRights()
	c, err := attestationOf(own, own.Members[0], day22).Certificate.seal([32]byte{7})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("a code is read as people type it, and says when and of what", func(t *testing.T) {
		for _, typed := range []string{c.Code, strings.ToLower(c.Code), strings.Join(fours(c.Code), " "), " " + strings.Join(fours(c.Code), "-") + "\n"} {
			if issued, digest, ok := readCode([32]byte{7}, typed); !ok || issued != day22 || !strings.HasPrefix(c.Digest, string([]byte(hexOf(digest)))) {
				t.Error("it is not")
			}
		}
	})
	t.Run("a code of another service, cut or changed, is none", func(t *testing.T) {
		if _, _, ok := readCode([32]byte{8}, c.Code); ok {
			t.Error("another service's is read")
		}
		for i := range c.Code {
			b := []byte(c.Code)
			b[i] = "01"[b2i(b[i] == '0')]
			if _, _, ok := readCode([32]byte{7}, string(b)); ok && string(b) != c.Code {
				t.Errorf("changed at %d, it is read", i)
			}
			if _, _, ok := readCode([32]byte{7}, c.Code[:i]); ok {
				t.Errorf("cut at %d, it is read", i)
			}
		}
	})
	t.Run("an attestation tells no reason of an exemption", func(t *testing.T) {
		for _, r := range c.Rights {
			if strings.Contains(r.What, "aternité") {
				t.Error("it does")
			}
		}
	})
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	var out []byte
	for _, c := range b {
		out = append(out, digits[c>>4], digits[c&15])
	}
	return string(out)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
