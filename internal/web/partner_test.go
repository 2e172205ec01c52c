package web_test

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/sim/prosim"
)

var (
	onceField  = regexp.MustCompile(`name="une_fois" value="([^"]+)"`)
	secretShow = regexp.MustCompile(`<code class="secret">(test_[^<]+)</code>`)
	revokeLink = regexp.MustCompile(`href="(/partenaire/cles/cle_[^"/]+/revoquer)"`)
	callLink   = regexp.MustCompile(`href="(/partenaire/appels/[^"/]+/\d+)"`)
	fileLink   = regexp.MustCompile(`href="(/partenaire/support/[SV]-[^"]+)"`)
	roleForm   = regexp.MustCompile(`/partenaire/equipe/(cpt_[^/]+)/role`)
	leftNow    = regexp.MustCompile(`il en reste (\d+)`)
)

// memberPages are those that every member reads.
var memberPages = []string{"/partenaire", "/partenaire/cles", "/partenaire/delegations", "/partenaire/quotas", "/partenaire/usage", "/partenaire/rapports/2026-11", "/partenaire/appels", "/partenaire/notifications", "/partenaire/support", "/partenaire/equipe", "/partenaire/securite"}

func TestPartnerSpace(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	boss := in.Staff(t, "hopital-gestionnaire")

	t.Run("nobody enters without a login", func(t *testing.T) {
		for _, path := range append(memberPages, "/partenaire/bac-a-sable", "/partenaire/incident", "/instruction/support") {
			if p := in.Browser().Once(t, "GET", path, nil); p.Status != 303 || !strings.HasSuffix(p.Header.Get("Location"), "/connexion") {
				t.Errorf("%s answers %d", path, p.Status)
			}
		}
	})

	var secret string
	t.Run("R74 R78 a key is shown once, calls, and is revoked at once", func(t *testing.T) {
		p := boss.Get(t, "/partenaire/cles")
		whole(t, p, 200, "Créer une clé", "essai – test_")
		form := url.Values{"convention": {in.Hospital.Convention}, "fin": {"2027-06-30"}, "une_fois": {firstOf(t, p, onceField)}}
		p = boss.Post(t, "/partenaire/cles", form)
		whole(t, p, 200, "elle n'est montrée qu'une fois")
		secret = firstOf(t, p, secretShow)
		again := boss.Post(t, "/partenaire/cles", form)
		if again.Says(secret) || secretShow.MatchString(again.Body) {
			t.Error("a form posted twice makes two keys, or shows one twice")
		}
		whole(t, again, 200, "Cette clé est déjà créée")
		if p := boss.Get(t, "/partenaire/cles"); p.Says(secret) || !p.Says("…"+secret[len(secret)-4:]) || !p.Says("30/06/2027") {
			t.Error("the list shows the secret, or not its end")
		}
		own := in.Hospital
		own.Key = secret
		in.Get(t, "/me", in.As(t, "famille-martin", own)).Want(t, 200, "")
		for _, bad := range []string{"hier", "2020-01-01", "2099-01-01"} {
			whole(t, boss.Post(t, "/partenaire/cles", url.Values{"convention": {in.Hospital.Convention}, "fin": {bad}, "une_fois": {"x" + bad}}), 422, "Écrivez une date à venir")
		}
		for _, link := range revokeLink.FindAllStringSubmatch(boss.Get(t, "/partenaire/cles").Body, -1) {
			p := boss.Get(t, link[1])
			if p.Says("…" + secret[len(secret)-4:]) {
				whole(t, p, 200, "Dès maintenant et pour toujours")
				whole(t, boss.Post(t, link[1], url.Values{}), 200, "La clé est révoquée")
			}
		}
		in.Get(t, "/me", in.As(t, "famille-martin", own)).Want(t, 401, "cle_invalide")
		if p := boss.Post(t, "/partenaire/cles/cle_inconnue/revoquer", url.Values{}); p.Status != 404 {
			t.Errorf("an unknown key answers %d", p.Status)
		}
		if p := boss.Post(t, "/partenaire/cles/"+in.Insurer.KeyID+"/revoquer", url.Values{}); in.Insurer.ID == in.Hospital.ID && p.Status != 404 {
			t.Errorf("another's key answers %d", p.Status)
		}
	})

	t.Run("R63 R76 the gauge says what the headers say", func(t *testing.T) {
		in.Get(t, "/me", in.As(t, "famille-martin", in.Hospital)).Want(t, 200, "")
		k, c, _ := in.App.Store.Key(in.Hospital.Key)
		if k.ID == "" {
			t.Fatal("no key")
		}
		p := boss.Get(t, "/partenaire/quotas")
		m := leftNow.FindAllStringSubmatch(p.Text(), -1)
		want := in.App.Access.LeftUnder(t.Context(), &c)
		found := false
		for _, x := range m {
			found = found || x[1] == strconv.Itoa(want)
		}
		if !found {
			t.Errorf("none of %v is %d", m, want)
		}
	})

	t.Run("R64 its own calls, counted exactly, each refusal explained", func(t *testing.T) {
		a := in.Get(t, "/me", in.As(t, "inconnu", in.Hospital))
		a.Want(t, 404, "personne_non_identifiee")
		id := a.Header.Get("X-Request-Id")
		p := boss.Get(t, "/partenaire/appels?demande="+id)
		whole(t, p, 200, "Personne non identifiée", id)
		p = boss.Get(t, firstOf(t, p, callLink))
		whole(t, p, 200, "Pourquoi ce refus", "Demandez l'attestation de droits à la personne", id)
		for _, name := range []string{"MARTIN", "Camille"} {
			if p.Says(name) || boss.Get(t, "/partenaire/appels").Says(name) {
				t.Error("a person is in the log")
			}
		}
		sheet := boss.Get(t, "/partenaire/appels/export?resultat=refus")
		if sheet.Status != 200 || !strings.Contains(sheet.Body, id) || !strings.HasPrefix(sheet.Header.Get("Content-Type"), "text/csv") {
			t.Error("the export is not what is asked for")
		}
		whole(t, boss.Get(t, "/partenaire/usage"), 200, "getMe", "Données transmises", "Personne non identifiée")
		whole(t, boss.Get(t, "/partenaire/rapports/2026-11"), 200, "Rapport de novembre 2026", "100,0 %")
		for _, path := range []string{"/partenaire/rapports/2026-13", "/partenaire/rapports/x", "/partenaire/rapports/2099-01", "/partenaire/appels/hopital/0", "/partenaire/appels/autre/1"} {
			if p := boss.Get(t, path); p.Status != 404 {
				t.Errorf("%s answers %d", path, p.Status)
			}
		}
		whole(t, boss.Get(t, "/partenaire/appels?du=hier"), 200, "Écrivez une date qui existe")
	})

	t.Run("a question and an incident reach the agents, who answer", func(t *testing.T) {
		p := boss.Get(t, "/partenaire/support/nouveau?demande=01K9Z3")
		form := url.Values{"objet": {"Refus"}, "texte": {"Pourquoi ce refus ?"}, "demande": {"01K9Z3"}, "une_fois": {firstOf(t, p, onceField)}}
		whole(t, boss.Post(t, "/partenaire/support/nouveau", url.Values{"objet": {""}, "texte": {"x"}, "demande": {"a b"}}), 422, "Donnez un objet")
		p = boss.Post(t, "/partenaire/support/nouveau", form)
		whole(t, p, 200, "Votre message est envoyé", "S-2026-0001", "01K9Z3")
		if p := boss.Post(t, "/partenaire/support/nouveau", form); strings.Count(p.Body, "S-2026-000") == 0 || strings.Contains(p.Body, "S-2026-0002") {
			t.Error("a form posted twice opens two files")
		}
		whole(t, boss.Post(t, "/partenaire/incident", url.Values{"connu": {"hier"}, "demande": {"<>"}}), 422, "Donnez un objet", "Indiquez quand vous avez eu connaissance", "Un identifiant d'appel n'a", "Écrivez votre message")
		p = boss.Get(t, "/partenaire/incident")
		whole(t, boss.Post(t, "/partenaire/incident", url.Values{"objet": {"Vol"}, "texte": {"Un poste."}, "connu": {"2099-01-01T00:00"}}), 422, "dans le passé")
		whole(t, boss.Post(t, "/partenaire/incident", url.Values{"objet": {"Vol"}, "texte": {"Un poste."}, "connu": {"2026-11-22T08:00"}, "une_fois": {firstOf(t, p, onceField)}}), 200, "V-2026-0001", "25 novembre 2026")

		agent, dpo := in.Staff(t, "agent-instructeur"), in.Staff(t, "agent-dpo")
		if p := agent.Get(t, "/instruction/support"); p.Says("V-2026-0001") || !p.Says("S-2026-0001") {
			t.Error("R33 an examiner reads breaches, or no question")
		}
		if p := agent.Get(t, "/instruction/support/V-2026-0001"); p.Status != 403 {
			t.Errorf("R33 a breach answers %d to an examiner", p.Status)
		}
		if p := dpo.Post(t, "/instruction/support/S-2026-0001", url.Values{"texte": {"x"}}); p.Status != 403 {
			t.Errorf("R33 the DPO answers a question: %d", p.Status)
		}
		whole(t, dpo.Post(t, "/instruction/support/V-2026-0001", url.Values{"texte": {"Combien de personnes ?"}}), 200, "Combien de personnes")
		whole(t, agent.Post(t, "/instruction/support/S-2026-0001", url.Values{"texte": {"La personne est inconnue."}}), 200, "Votre message est envoyé")
		whole(t, boss.Get(t, "/partenaire"), 200, "L'exploitant a répondu à S-2026-0001")
		whole(t, boss.Get(t, firstOf(t, boss.Get(t, "/partenaire/support"), fileLink)), 200)
		if p := boss.Post(t, "/partenaire/support/V-2026-0001/clore", url.Values{}); p.Status != 403 {
			t.Errorf("a partner closes a breach: %d", p.Status)
		}
		stranger := in.Staff(t, "clinique-direction")
		if p := stranger.Get(t, "/partenaire/support/S-2026-0001"); p.Status != 404 || p.Says("Refus") {
			t.Errorf("another organisation's file answers %d", p.Status)
		}
	})

	t.Run("notifications: an address, its secret once, a test, a replay", func(t *testing.T) {
		whole(t, boss.Post(t, "/partenaire/notifications", url.Values{"adresse": {"ftp://x"}}), 422, "Écrivez une adresse publique")
		p := boss.Post(t, "/partenaire/notifications", url.Values{"adresse": {"http://127.0.0.1:9/recu"}})
		whole(t, p, 200, "whsec_")
		whole(t, boss.Post(t, "/partenaire/notifications/essai", url.Values{}), 200, "Un message d'essai est en file", "essai")
		if p := boss.Get(t, "/partenaire/notifications"); strings.Contains(p.Body, "whsec_") {
			t.Error("the secret is shown again")
		}
		whole(t, boss.Post(t, "/partenaire/notifications/renvoyer", url.Values{}), 200, "de nouveau en file")
		whole(t, boss.Post(t, "/partenaire/notifications/retirer", url.Values{}), 200, "L'adresse est retirée")
	})
}

// Each member page and act, by each role: what the table does not allow is 403,
// and names the role needed and the account in use.
func TestMemberRoles(t *testing.T) { // R33
	in := apptest.Start(t, apptest.Options{})
	boss := in.Staff(t, "hopital-gestionnaire")
	by := map[account.Role]*apptest.Browser{account.Gestionnaire: boss, "": in.Staff(t, "hopital-lecteur")}
	for role, slug := range map[account.Role]string{account.Demandeur: "hopital-demandeur", account.Developpeur: "hopital-developpeur"} {
		whole(t, boss.Post(t, "/partenaire/equipe", url.Values{"courriel": {mailOf(t, slug)}, "role": {string(role)}}), 200, "Cette personne est attendue")
		by[role] = in.Staff(t, slug)
	}
	deeds := []struct {
		method, path string
		need         account.Deed
	}{
		{"GET", "/partenaire", account.ReadSpace}, {"GET", "/partenaire/cles", account.ReadSpace}, {"POST", "/partenaire/cles", account.ManageKeys}, {"POST", "/partenaire/cles/" + in.Hospital.KeyID + "x/revoquer", account.ManageKeys},
		{"GET", "/partenaire/delegations", account.ReadSpace}, {"POST", "/partenaire/delegations", account.ManageDelegates}, {"GET", "/partenaire/delegations/x/y/terminer", account.ManageDelegates}, {"POST", "/partenaire/delegations/x/y/terminer", account.ManageDelegates},
		{"POST", "/partenaire/cles/x/certificat", account.ManageKeys}, {"POST", "/partenaire/cles/x/certificat/retirer", account.ManageKeys},
		{"POST", "/partenaire/notifications/retirer", account.ManageWebhooks}, {"POST", "/partenaire/notifications/renvoyer", account.ManageWebhooks}, {"POST", "/partenaire/notifications/essai", account.ManageWebhooks},
		{"GET", "/partenaire/support/nouveau", account.WriteTicket}, {"GET", "/partenaire/incident", account.ReportIncident}, {"POST", "/partenaire/incident", account.ReportIncident},
		{"POST", "/partenaire/equipe", account.ManageTeam}, {"POST", "/partenaire/equipe/cpt_x/role", account.ManageTeam}, {"POST", "/partenaire/equipe/cpt_x/second-facteur/retirer", account.ManageTeam},
		{"GET", "/instruction/support", account.ReadQueue}, {"POST", "/instruction/support/S-1", account.ReadQueue},
	}
	for role, b := range by {
		for _, d := range deeds {
			t.Run("R33 "+d.method+" "+d.path+" by "+string(role), func(t *testing.T) {
				p := b.Once(t, d.method, d.path, url.Values{})
				if allowed := role.May(d.need); allowed == (p.Status == 403) {
					t.Fatalf("answered %d", p.Status)
				}
				if p.Status == 403 {
					whole(t, p, 403, "Compte utilisé")
				}
			})
		}
	}
	t.Run("R33 a role that is taken away counts at the next page", func(t *testing.T) {
		id := ""
		for _, m := range roleForm.FindAllStringSubmatch(boss.Get(t, "/partenaire/equipe").Body, -1) {
			if p, err := in.App.Store.Account(t.Context(), m[1]); err == nil && p.Role == account.Developpeur {
				id = m[1]
			}
		}
		whole(t, boss.Post(t, "/partenaire/equipe/"+id+"/role", url.Values{"role-" + id: {""}}), 200, "Le rôle est changé")
		whole(t, by[account.Developpeur].Get(t, "/partenaire"), 403, "doit vous donner un rôle")
	})
}

// The sandbox calls through the platform's own handler: what it answers is what
// a call answers.
func TestSandbox(t *testing.T) { // R37
	in := apptest.Start(t, apptest.Options{})
	b := in.Staff(t, "hopital-gestionnaire")
	form := func(change func(url.Values)) url.Values {
		v := url.Values{"convention": {in.Hospital.Convention}, "personne": {"famille-martin"}, "operation": {"getMe"}, "cle": {in.Hospital.Key}}
		change(v)
		return v
	}
	whole(t, b.Get(t, "/partenaire/bac-a-sable?operation=getMe"), 200, "Faire l'appel")
	p := b.Post(t, "/partenaire/bac-a-sable", form(func(url.Values) {}))
	whole(t, p, 200, "200 OK", "MARTIN", "X-Request-Id", "RateLimit-Remaining", "X-Trace", "$CLE")
	if p.Says(in.Hospital.Key) {
		t.Error("the key is on the page")
	}
	whole(t, b.Post(t, "/partenaire/bac-a-sable", form(func(v url.Values) { v.Set("operation", "getBeneficiairesNirContrats") })), 200, "200 OK", "nir:")
	whole(t, b.Post(t, "/partenaire/bac-a-sable", form(func(v url.Values) { v.Set("personne", "inconnu") })), 200, "404", "personne_non_identifiee")
	whole(t, b.Post(t, "/partenaire/bac-a-sable", form(func(v url.Values) { v.Set("cle", "live_0123456789abcdef0123") })), 422, "elle commence par test_")
	whole(t, b.Post(t, "/partenaire/bac-a-sable", form(func(v url.Values) { v.Set("dateDebut", "2099-01-01") })), 200, "400", "periode_impossible")
	for _, change := range []func(url.Values){func(v url.Values) { v.Set("convention", "autre") }, func(v url.Values) { v.Set("operation", "dropAll") }} {
		if p := b.Post(t, "/partenaire/bac-a-sable", form(change)); p.Status != 404 {
			t.Errorf("answered %d", p.Status)
		}
	}
}

func mailOf(t *testing.T, slug string) string {
	t.Helper()
	for _, o := range prosim.Sample() {
		for _, p := range o.People {
			if p.Slug == slug {
				return p.Mail
			}
		}
	}
	t.Fatalf("nobody is %s", slug)
	return ""
}

func TestSecondFactorOfMembers(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	b := in.Staff(t, "hopital-gestionnaire")
	p := b.Get(t, "/partenaire/securite")
	key := regexp.MustCompile(`name="cle" value="([A-Z2-7]+)"`)
	text := firstOf(t, p, key)
	secret := account.ParseFactor(text)
	code := func() string { return account.FactorCode(secret, account.FactorStep(in.Clock.Now())) }
	wrong := "000000"
	if code() == wrong {
		wrong = "000001"
	}
	whole(t, b.Post(t, "/partenaire/securite/second-facteur", url.Values{"cle": {text}, "code": {wrong}}), 422, "Ce code n'est pas le bon", text)
	whole(t, b.Post(t, "/partenaire/securite/second-facteur", url.Values{"cle": {text}, "code": {code()}}), 200, "Le second facteur est posé")
	again := in.Browser()
	in.LogIn(t, again, "/partenaire", "hopital-gestionnaire")
	for _, path := range memberPages {
		if p := again.Once(t, "GET", path, nil); p.Header.Get("Location") != "/connexion/second-facteur" {
			t.Fatalf("%s opens without the code: %d", path, p.Status)
		}
	}
	in.Clock.Advance(30 * time.Second)
	before := again.Copy()
	whole(t, again.Post(t, "/connexion/second-facteur", url.Values{"code": {code()[:3] + " " + code()[3:]}}), 200, "À faire")
	if p := before.Once(t, "GET", "/partenaire", nil); p.Status == 200 {
		t.Error("the session of before the code goes on")
	}
}
