package web_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"droits.example/droits/internal/app"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/habilitation"
	"droits.example/droits/internal/partner"
)

// asked is a complete set of answers.
func asked() *habilitation.Form {
	c := habilitation.Contact{Nom: "Claude Exemple", Fonction: "directrice", Courriel: "claude@clinique.example", Telephone: "01 99 00 00 01"}
	return &habilitation.Form{
		Organisation: habilitation.Organisation{Kind: droits.Etablissement, Nom: "Clinique d'exemple", SIRET: "00000000000034", FINESS: "120000013"},
		Projet:       habilitation.Projet{Intitule: "Préadmission", Description: "Préparer les admissions sans papier.", Purpose: "preadmission"},
		Donnees:      habilitation.Donnees{Blocs: []droits.Bloc{droits.BlocIdentite}, Destinataires: "Agents des admissions", Months: 48, Why: "Contentieux."},
		Cadre:        habilitation.Cadre{Nature: "Code de la santé publique", Adresse: "https://texte.example/article"},
		Connexion:    habilitation.Connexion{Habilitation: "FC-12", Client: "client-12", Profile: "v2"},
		Contacts:     habilitation.Contacts{Responsable: c, DPO: c, Technique: c},
		Volumes:      habilitation.Volumes{PerDay: 100, PerSecond: 5},
		Engagements:  habilitation.Engagements{Terms: "2026-11", DPOInformed: true},
	}
}

// submitted is the number of a request that waits for an answer.
func submittedRequest(t *testing.T, in *apptest.Instance) string {
	t.Helper()
	r, err := in.App.Store.OpenRequest(context.Background(), habilitation.Doing{Role: habilitation.Demandeur, Author: "cpt_demandeur", Form: asked()})
	if err == nil {
		_, err = in.App.Store.ActOnRequest(context.Background(), r.ID, habilitation.Doing{Act: habilitation.Submit, Role: habilitation.Demandeur, Author: "cpt_demandeur"})
	}
	if err != nil {
		t.Fatal(err)
	}
	return r.ID
}

var carried = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)

// formOf is what the form of a page sends, with what is typed.
func formOf(p *apptest.Page, typed url.Values) url.Values {
	out := url.Values{}
	for _, m := range carried.FindAllStringSubmatch(p.Body, -1) {
		out.Set(m[1], m[2])
	}
	for k, v := range typed {
		out[k] = v
	}
	return out
}

func stateOf(t *testing.T, in *apptest.Instance, id string) habilitation.State {
	t.Helper()
	r, err := in.App.Store.Request(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return r.State
}

func TestExaminationOfARequest(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	lucie, adrien := in.Staff(t, "agent-instructrice"), in.Staff(t, "agent-instructeur")
	id := submittedRequest(t, in)
	at := "/instruction/demandes/" + id
	decide := func(t *testing.T, b *apptest.Browser, what string, typed url.Values) *apptest.Page {
		t.Helper()
		p := b.Get(t, at+"/"+what)
		if p.Status != 200 {
			t.Fatalf("the page before a decision answers %d: %s", p.Status, p.Text())
		}
		return b.Post(t, at+"/"+what, formOf(p, typed))
	}
	t.Run("R31 the queue marks what nobody has read, and the file shows answers and checks", func(t *testing.T) {
		if p := lucie.Get(t, "/instruction"); p.Path != "/instruction/demandes" || !p.Says(id+" non lue") || !p.Says("dans les temps") || !p.Says("Clinique d'exemple") {
			t.Error(p.Path, p.Text())
		}
		p := lucie.Get(t, at)
		for _, want := range []string{"Préadmission", "La clé du SIRET est juste", "48 mois, au-delà de 36 mois", "Agents des admissions", "c'est le premier dépôt", "Demande déposée"} {
			if !p.Says(want) {
				t.Errorf("R25 %q is not said", want)
			}
		}
		if p := lucie.Get(t, "/instruction/demandes"); p.Says("non lue") {
			t.Error("it is still marked")
		}
		if p := adrien.Get(t, "/instruction/demandes?lecture=non-lues"); !p.Says(id) {
			t.Error("read by one is read by all")
		}
	})
	t.Run("the queue names who submitted, where it is somebody of ours", func(t *testing.T) {
		direction := in.Staff(t, "clinique-direction")
		people, err := in.App.Store.Team(t.Context(), "00000000000034")
		if err != nil || len(people) != 1 {
			t.Fatal(err)
		}
		r, err := in.App.Store.OpenRequest(t.Context(), habilitation.Doing{Role: habilitation.Demandeur, Author: people[0].ID, Form: asked()})
		if err == nil {
			_, err = in.App.Store.ActOnRequest(t.Context(), r.ID, habilitation.Doing{Act: habilitation.Submit, Role: habilitation.Demandeur, Author: people[0].ID})
		}
		if p := lucie.Get(t, "/instruction/demandes?q="+r.ID); err != nil || !p.Says("Hélène Castagner") {
			t.Error(err, p.Text())
		}
		if p := direction.Get(t, "/instruction/demandes"); p.Status != 403 {
			t.Error("a member reads the queue:", p.Status)
		}
	})
	t.Run("R31 a note is between agents, a message is for the organisation", func(t *testing.T) {
		if p := lucie.Post(t, at+"/note", url.Values{"note": {"Vérifier la durée NOTE-SECRETE."}}); p.Status != 200 || !p.Says("NOTE-SECRETE") {
			t.Error(p.Status)
		}
		if p := lucie.Post(t, at+"/message", url.Values{"texte": {"Bonjour MESSAGE-VU."}}); p.Status != 200 || !p.Says("MESSAGE-VU") {
			t.Error(p.Status)
		}
		if p := lucie.Post(t, at+"/note", url.Values{"note": {" "}}); p.Status != 422 || !p.Says("Écrivez un texte") {
			t.Error(p.Status)
		}
		theirs := in.Staff(t, "clinique-direction").Get(t, "/partenaire/demandes/"+id)
		if theirs.Status != 200 || theirs.Says("NOTE-SECRETE") || !theirs.Says("MESSAGE-VU") || theirs.Says("Lucie") {
			t.Error("R31 what the organisation reads:", theirs.Status, theirs.Text())
		}
	})
	t.Run("R31 a decision says what it does, and wants a motive", func(t *testing.T) {
		p := lucie.Get(t, at+"/refuser")
		if !p.Says("Clinique d'exemple") || !p.Says("00000000000034") || !p.Says("irréversible") {
			t.Error(p.Text())
		}
		if p := decide(t, lucie, "refuser", nil); p.Status != 422 || !p.Says("Écrivez le motif") || stateOf(t, in, id) != habilitation.Submitted {
			t.Error(p.Status)
		}
		if p := decide(t, lucie, "modifications", nil); p.Status != 422 {
			t.Error(p.Status)
		}
	})
	t.Run("R31 changes are asked for with models and words, and what was revised is shown", func(t *testing.T) {
		if p := decide(t, lucie, "modifications", url.Values{"modeles": {"conservation", "inconnu"}, "motif": {"Trois ans suffisent."}}); p.Status != 200 || !p.Says("La demande de modification est envoyée") || !p.Says("Justifiez la durée de conservation") || !p.Says("Trois ans suffisent") {
			t.Fatal(p.Status, p.Text())
		}
		f := asked()
		f.Donnees.Months, f.Donnees.Why = 36, ""
		for _, d := range []habilitation.Doing{{Act: habilitation.Update, Form: f}, {Act: habilitation.Submit}} {
			d.Role, d.Author = habilitation.Demandeur, "cpt_demandeur"
			if _, err := in.App.Store.ActOnRequest(t.Context(), id, d); err != nil {
				t.Fatal(err)
			}
		}
		if p := lucie.Get(t, at); !p.Says("a changé de « 48 » en « 36 »") {
			t.Error(p.Text())
		}
	})
	t.Run("two agents deciding at once: one decides, the other reads what happened", func(t *testing.T) {
		mine, theirs := lucie.Get(t, at+"/valider"), adrien.Get(t, at+"/refuser")
		if p := lucie.Post(t, at+"/valider", formOf(mine, nil)); p.Status != 200 || !p.Says("La demande est validée") {
			t.Fatal(p.Status)
		}
		p := adrien.Post(t, at+"/refuser", formOf(theirs, url.Values{"motif": {"Non."}}))
		if p.Status != 409 || !p.Says("Votre décision n'a pas été prise") || !p.Says("Demande validée, Lucie Morvan") || stateOf(t, in, id) != habilitation.Validated {
			t.Error(p.Status, p.Text())
		}
		t.Run("a form posted twice is one decision", func(t *testing.T) {
			if p := lucie.Post(t, at+"/valider", formOf(mine, nil)); p.Status != 200 || !p.Says("La demande est validée") {
				t.Error(p.Status)
			}
			r, err := in.App.Store.Request(t.Context(), id)
			if err != nil || len(r.Grants) != 1 {
				t.Error(err, len(r.Grants))
			}
		})
	})
	t.Run("R27 what is granted becomes a convention that the manager signs", func(t *testing.T) {
		if p := lucie.Post(t, at+"/convention/preparer", nil); p.Status != 200 || !p.Says("Le projet de convention est prêt") || !p.Says("à signer : organisme") {
			t.Fatal(p.Status, p.Text())
		}
		page := in.Staff(t, "agent-responsable").Get(t, at)
		if !page.Says("Signer pour le gestionnaire") || page.Says("Mettre en vigueur") {
			t.Error(page.Text())
		}
		form := formOf(page, nil)
		if p := lucie.Post(t, at+"/convention/signer", form); p.Status != 403 || !p.Says("responsable") {
			t.Error(p.Status)
		}
		nadia := in.Staff(t, "agent-responsable")
		if p := nadia.Post(t, at+"/convention/activer", form); p.Status != 409 {
			t.Error("a convention is in force that one party signed:", p.Status)
		}
		if p := nadia.Post(t, at+"/convention/signer", form); p.Status != 200 || !p.Says("signée : gestionnaire") {
			t.Error(p.Status, p.Text())
		}
		if p := nadia.Post(t, at+"/convention/signer", url.Values{"convention": {"hopital-convention@1"}}); p.Status != 409 {
			t.Error("another request's convention is signed from here:", p.Status)
		}
	})
	t.Run("R29 a revocation names its ground, and only a manager does it", func(t *testing.T) {
		if p := lucie.Get(t, at+"/revoquer"); p.Status != 403 || !p.Says("responsable") {
			t.Error(p.Status)
		}
		nadia := in.Staff(t, "agent-responsable")
		page := nadia.Get(t, at+"/revoquer")
		if p := nadia.Post(t, at+"/revoquer", formOf(page, url.Values{"motif": {"Fuite."}})); p.Status != 422 || !p.Says("Choisissez le fondement") || !p.Says("Fuite.") {
			t.Error(p.Status)
		}
		if p := nadia.Post(t, at+"/revoquer", formOf(page, url.Values{"motif": {"Fuite."}, "fondement": {"securite"}})); p.Status != 200 || !p.Says("exigences de sécurité") || stateOf(t, in, id) != habilitation.Revoked {
			t.Error(p.Status, p.Text())
		}
		if p := in.Staff(t, "clinique-direction").Get(t, "/partenaire/demandes/"+id); !p.Says("Fondement : L'usage ne respecte pas les exigences de sécurité") || !p.Says("Fuite.") {
			t.Error("the organisation does not read why:", p.Text())
		}
	})
	t.Run("a request that is none, or a decision that the state does not admit", func(t *testing.T) {
		if p := lucie.Get(t, "/instruction/demandes/D-1999-0001"); p.Status != 404 {
			t.Error(p.Status)
		}
		if p := lucie.Get(t, at+"/valider"); p.Status != 409 || !p.Says("n'a pas été prise") {
			t.Error(p.Status)
		}
		if p := lucie.Post(t, at+"/valider", nil); p.Status != 409 {
			t.Error(p.Status)
		}
	})
}

// Every role, every state, every act that a page offers: what the table refuses
// is refused, and changes nothing.
func TestNoPageMakesAnIllegalMove(t *testing.T) { // R22 R33
	in := apptest.Start(t, apptest.Options{})
	ctx := t.Context()
	slugs := map[habilitation.Act]string{habilitation.Approve: "valider", habilitation.Refuse: "refuser", habilitation.RequestChanges: "modifications", habilitation.Revoke: "revoquer", habilitation.Write: "message", habilitation.Note: "note"}
	paths := map[habilitation.State][]habilitation.Doing{
		habilitation.Draft:     nil,
		habilitation.Submitted: {{Act: habilitation.Submit, Role: habilitation.Demandeur}},
	}
	then := func(from, to habilitation.State, d habilitation.Doing) {
		paths[to] = append(append([]habilitation.Doing(nil), paths[from]...), d)
	}
	then(habilitation.Submitted, habilitation.ChangesRequested, habilitation.Doing{Act: habilitation.RequestChanges, Role: habilitation.Instructeur, Text: "x"})
	then(habilitation.Submitted, habilitation.Validated, habilitation.Doing{Act: habilitation.Approve, Role: habilitation.Instructeur})
	then(habilitation.Submitted, habilitation.Refused, habilitation.Doing{Act: habilitation.Refuse, Role: habilitation.Instructeur, Text: "x"})
	then(habilitation.Validated, habilitation.Revoked, habilitation.Doing{Act: habilitation.Revoke, Role: habilitation.Responsable, Text: "x", Ground: habilitation.GroundLaw})
	then(habilitation.Refused, habilitation.Archived, habilitation.Doing{Act: habilitation.Archive, Role: habilitation.Instructeur})
	browsers := map[habilitation.Role]*apptest.Browser{
		habilitation.Rapporteur: in.Staff(t, "agent-rapporteur"), habilitation.Instructeur: in.Staff(t, "agent-instructrice"), habilitation.Responsable: in.Staff(t, "agent-responsable"),
		habilitation.Exploitant: in.Staff(t, "agent-exploitant"), habilitation.DPO: in.Staff(t, "agent-dpo"), habilitation.Demandeur: in.Staff(t, "clinique-direction"), "": in.Browser(),
	}
	cells, illegal := 0, 0
	for _, state := range habilitation.States() {
		for role, b := range browsers {
			for act, slug := range slugs {
				r, err := in.App.Store.OpenRequest(ctx, habilitation.Doing{Role: habilitation.Demandeur, Author: "c", Form: asked()})
				for _, d := range paths[state] {
					if err == nil {
						d.Author = "x"
						r, err = in.App.Store.ActOnRequest(ctx, r.ID, d)
					}
				}
				if err != nil || r.State != state {
					t.Fatal(state, err)
				}
				want := r.Can(act, role) == nil && role != habilitation.Demandeur && role != ""
				p := b.Post(t, "/instruction/demandes/"+r.ID+"/"+slug, url.Values{"motif": {"motif"}, "texte": {"motif"}, "note": {"motif"}, "fondement": {"loi"}, "edition": {fmt.Sprint(r.Edition())}})
				after, err := in.App.Store.Request(ctx, r.ID)
				if err != nil {
					t.Fatal(err)
				}
				cells++
				did := len(after.Events) > len(r.Events)
				if did && !want {
					illegal++
				}
				if did != want {
					t.Errorf("R33 %s by %q in %s: done %v, status %d", act, role, state, did, p.Status)
				}
				if !want && !did && role != "" && p.Status < 400 {
					t.Errorf("R33 %s by %q in %s is refused without a word: %d", act, role, state, p.Status)
				}
			}
		}
	}
	t.Logf("R22 R33 %d cells, %d illegal moves", cells, illegal)
	t.Run("R33 who reads and evaluates sees the file and no way to change it", func(t *testing.T) {
		id := submittedRequest(t, in)
		for _, role := range []habilitation.Role{habilitation.Rapporteur, habilitation.DPO} {
			p := browsers[role].Get(t, "/instruction/demandes/"+id)
			if p.Status != 200 || strings.Contains(p.Body, "/valider") || strings.Contains(p.Body, "<textarea") || !p.Says("n'y change rien") {
				t.Errorf("%s: %d", role, p.Status)
			}
		}
		if p := browsers[habilitation.Exploitant].Get(t, "/instruction/demandes/"+id); p.Status != 403 {
			t.Error(p.Status)
		}
	})
}

// Where two agents are demanded, the pages say so, and the second one decides.
func TestTwoAgentsThroughPages(t *testing.T) {
	in := apptest.Start(t, apptest.Options{Edit: func(c *app.Config) { c.Instruction.TwoPersons = []string{"approve", "revoke"} }})
	lucie, adrien, nadia := in.Staff(t, "agent-instructrice"), in.Staff(t, "agent-instructeur"), in.Staff(t, "agent-responsable")
	id := submittedRequest(t, in)
	at := "/instruction/demandes/" + id
	send := func(t *testing.T, b *apptest.Browser, what string, typed url.Values) *apptest.Page {
		t.Helper()
		return b.Post(t, at+"/"+what, formOf(b.Get(t, at+"/"+what), typed))
	}
	t.Run("R33 the first agent proposes, and does not confirm", func(t *testing.T) {
		if p := lucie.Get(t, at+"/valider"); !p.Says("se prend à deux") || !p.Says("Proposer") {
			t.Error(p.Text())
		}
		if p := send(t, lucie, "valider", url.Values{"motif": {"Complet."}}); p.Status != 200 || !p.Says("Votre décision est proposée") || !p.Says("Vous l'avez proposée") || stateOf(t, in, id) != habilitation.Submitted {
			t.Fatal(p.Status, p.Text())
		}
		if p := lucie.Get(t, at+"/valider"); p.Status != 409 {
			t.Error(p.Status)
		}
		if p := in.Staff(t, "clinique-direction").Get(t, "/partenaire/demandes/"+id); p.Says("proposée") || p.Says("Complet.") {
			t.Error("R31 the organisation is told of a proposal")
		}
	})
	t.Run("R33 the second one reads and confirms", func(t *testing.T) {
		if p := adrien.Get(t, at); !p.Says("validation proposée par Lucie Morvan") {
			t.Error(p.Text())
		}
		if p := adrien.Get(t, at+"/valider"); !p.Says("Complet.") || !p.Says("Confirmer") {
			t.Error(p.Text())
		}
		if p := send(t, adrien, "valider", nil); p.Status != 200 || stateOf(t, in, id) != habilitation.Validated {
			t.Error(p.Status)
		}
	})
	t.Run("R33 an instructor proposes a revocation, a manager confirms or takes it back", func(t *testing.T) {
		ground := url.Values{"motif": {"Fuite."}, "fondement": {"securite"}}
		if p := send(t, lucie, "revoquer", ground); p.Status != 200 || stateOf(t, in, id) != habilitation.Validated {
			t.Fatal(p.Status, p.Text())
		}
		if p := adrien.Get(t, at+"/revoquer"); p.Status != 403 {
			t.Error("an instructor confirms:", p.Status)
		}
		page := nadia.Get(t, at)
		if p := nadia.Post(t, at+"/retirer-proposition", formOf(page, nil)); p.Status != 200 || !p.Says("La proposition est retirée") {
			t.Error(p.Status)
		}
		send(t, lucie, "revoquer", ground)
		if p := send(t, nadia, "revoquer", nil); p.Status != 200 || stateOf(t, in, id) != habilitation.Revoked {
			t.Error(p.Status, p.Text())
		}
	})
	t.Run("of many who propose and confirm at once, each decision is taken by two", func(t *testing.T) {
		id := submittedRequest(t, in)
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				_, _ = in.App.Store.ActOnRequest(context.Background(), id, habilitation.Doing{Act: habilitation.Approve, Role: habilitation.Instructeur, Author: fmt.Sprint("a", i%2)})
			})
		}
		all.Wait()
		r, err := in.App.Store.Request(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		proposed, approved := "", ""
		for _, e := range r.Events {
			switch e.Act {
			case habilitation.Propose:
				proposed = e.Author
			case habilitation.Approve:
				approved = e.Author
			}
		}
		if r.State != habilitation.Validated || proposed == "" || proposed == approved || len(r.Grants) != 1 {
			t.Error(r.State, proposed, approved)
		}
	})
}

// Where a second factor is demanded, a revocation asks for it, proposed or not.
func TestARevocationAsksForASecondFactor(t *testing.T) {
	for _, pair := range [][]string{nil, {"revoke"}} {
		in := apptest.Start(t, apptest.Options{Edit: func(c *app.Config) { c.Login.SecondFactor, c.Instruction.TwoPersons = true, pair }})
		id := submittedRequest(t, in)
		if _, err := in.App.Store.ActOnRequest(t.Context(), id, habilitation.Doing{Act: habilitation.Approve, Role: habilitation.Instructeur, Author: "a"}); err != nil {
			t.Fatal(err)
		}
		nadia, at := in.Staff(t, "agent-responsable"), "/instruction/demandes/"+id+"/revoquer"
		for _, p := range []*apptest.Page{nadia.Get(t, at), nadia.Post(t, at, url.Values{"motif": {"x"}, "fondement": {"loi"}, "edition": {"3"}})} {
			if p.Status != 403 || !p.Says("second facteur") {
				t.Errorf("R33 pair %v: %d", pair, p.Status)
			}
		}
		if stateOf(t, in, id) != habilitation.Validated {
			t.Error("it is revoked")
		}
	}
}

// From the page of a revocation to the refusal of the partner's next call.
func TestARevocationStopsTheCalls(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	st, ctx := in.App.Store, t.Context()
	f := asked()
	f.Connexion.Client = apptest.ClientHospitalV2
	r, err := st.OpenRequest(ctx, habilitation.Doing{Role: habilitation.Demandeur, Author: "c", Form: f})
	for _, d := range []habilitation.Doing{{Act: habilitation.Submit, Role: habilitation.Demandeur}, {Act: habilitation.Approve, Role: habilitation.Instructeur}} {
		if d.Author = "x"; err == nil {
			_, err = st.ActOnRequest(ctx, r.ID, d)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	at := "/instruction/demandes/" + r.ID
	lucie, nadia := in.Staff(t, "agent-instructrice"), in.Staff(t, "agent-responsable")
	lucie.Post(t, at+"/convention/preparer", nil)
	nadia.Post(t, at+"/convention/signer", formOf(nadia.Get(t, at), nil))
	ids, err := st.ConventionsFrom(ctx, r.ID)
	if err != nil || len(ids) != 1 {
		t.Fatal(ids, err)
	}
	secret := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	all, err := st.ConventionsBySIRET(ctx, r.Organisation)
	if err != nil || len(all) != 1 {
		t.Fatal(err)
	}
	c := all[0]
	if _, err := st.Countersigned(ctx, c, secret); err != nil {
		t.Fatal(err)
	}
	signature := c.Sign(convention.Partner, secret, in.Clock.Now())
	if err := st.SignConvention(ctx, c.Document.ID, &signature); err != nil {
		t.Fatal(err)
	}
	if p := nadia.Post(t, at+"/convention/activer", formOf(nadia.Get(t, at), nil)); p.Status != 200 || !p.Says("La convention est en vigueur") {
		t.Fatal(p.Status, p.Text())
	}
	key := partner.NewSecret(partner.Sandbox)
	if _, err := st.AddKey(ctx, c.Document.ID, key, partner.Sandbox, time.Time{}); err != nil {
		t.Fatal(err)
	}
	clinic := apptest.Partner{ID: c.Document.Parties.Partner, Convention: c.Document.ID, Key: key, Client: apptest.ClientHospitalV2, Kind: droits.Etablissement}
	if a := in.Get(t, "/me", in.As(t, "famille-martin", clinic)); a.Status != 200 {
		t.Fatalf("R27 what was granted and signed answers %d", a.Status)
	}
	p := nadia.Get(t, at+"/revoquer")
	nadia.Post(t, at+"/revoquer", formOf(p, url.Values{"motif": {"Fuite."}, "fondement": {"securite"}}))
	t.Run("R29 the next call after a revocation is refused", func(t *testing.T) {
		if a := in.Get(t, "/me", in.As(t, "famille-martin", clinic)); a.Status != 403 || !strings.Contains(string(a.Body), "convention_inactive") {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	})
}
