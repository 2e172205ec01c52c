//go:build e2e

package e2e

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// From "may I?" to the first call, and out again: request, change asked,
// resubmitted, approved, convention signed by both, key, first call, quota
// reached, departure, fifteenth day, refused. Nobody writes to an administrator.
func TestPartnerJourney(t *testing.T) { // R22 R26 R27 R28 R29 R31
	if os.Getenv("E2E_API") != "" {
		t.Skip("the demonstration named by E2E_API is not ours to stop")
	}
	d, err := runDemo()
	if err != nil {
		t.Fatal(err)
	}
	defer d.clean()
	defer func(api, sim, partners string) { demo.api, demo.sim, demo.partners = api, sim, partners }(demo.api, demo.sim, demo.partners)
	demo.api, demo.sim, demo.partners = d.api, d.sim, d.partners
	p := tabFor(t, 1280, true)
	clinic := func() {
		t.Helper()
		p.do(network.ClearBrowserCookies())
		p.enter("/partenaire", "clinique-direction")
	}

	clinic()
	id := p.apply()
	at, exam := "/partenaire/demandes/"+id, "/instruction/demandes/"+id
	p.asAgent("agent-instructrice")
	p.goTo(demo.api + exam + "/modifications")
	p.fill("#motif", "Précisez qui verra les données.")
	p.click(`main form button`)
	p.at(exam, "La demande de modification est envoyée")

	clinic()
	p.goTo(demo.api + at + "/etapes/donnees")
	p.fill(named("donnees.destinataires"), "Les agents des admissions et du guichet")
	p.next()
	p.goTo(demo.api + at + "/verifier")
	p.click(`main form button`)
	p.at(at + "/deposee")

	p.asAgent("agent-instructeur")
	p.goTo(demo.api + exam)
	p.at(exam, "Les agents des admissions et du guichet")
	p.goTo(demo.api + exam + "/valider")
	p.click(`main form button`)
	p.at(exam, "La demande est validée")
	p.click(`form[action$="/convention/preparer"] button`)
	p.at(exam, "Le projet de convention est prêt")

	p.asAgent("agent-responsable")
	p.goTo(demo.api + exam)
	p.click(`form[action$="/convention/signer"] button`)
	p.at(exam, "signée : gestionnaire")

	clinic()
	p.goTo(demo.api + "/partenaire/cles")
	p.at("/partenaire/cles", "une clé se crée après la signature des deux parties")
	p.goTo(demo.api + at)
	p.click(`a[href^="/partenaire/conventions/"]`)
	p.sign(t, true)
	convention := p.path()

	p.asAgent("agent-responsable")
	p.goTo(demo.api + "/instruction" + strings.TrimPrefix(convention, "/partenaire"))
	p.click(`a[href*="vers=vigueur"]`)
	p.check("suivi-etat")
	p.click(`main form button`)
	p.at("/instruction"+strings.TrimPrefix(convention, "/partenaire"), "en vigueur")
	p.check("suivi-convention")
	p.goTo(demo.api + "/instruction/conventions")
	p.check("suivi")
	p.goTo(demo.api + "/instruction/partenaires/hopital")
	p.check("suivi-partenaire")

	clinic()
	p.goTo(demo.api + "/partenaire/cles")
	p.click(`form[action="/partenaire/cles"] button`)
	p.at("/partenaire/cles", "elle n'est montrée qu'une fois")
	p.check("partenaire-cle-montree")
	var key string
	p.do(chromedp.Text("code.secret", &key))
	try := func(says ...string) {
		t.Helper()
		p.goTo(demo.api + "/partenaire/bac-a-sable?personne=famille-martin&operation=getMe")
		p.fill("#cle", strings.TrimSpace(key))
		p.click(`main form button`)
		p.at("/partenaire/bac-a-sable", says...)
	}
	try("200 OK", "MARTIN")
	p.check("partenaire-bac-reponse")
	try("200 OK")
	try("200 OK")
	try("429", "quota_depasse", "Retry-After")
	p.goTo(demo.api + "/partenaire/quotas")
	p.at("/partenaire/quotas", "il en reste 0")
	p.check("partenaire-quotas-atteints")
	p.goTo(demo.api + "/partenaire/appels?resultat=refus")
	p.at("/partenaire/appels", "quota_depasse")

	p.goTo(demo.api + convention + "/partir")
	p.check("convention-partir")
	p.tick(`main form input[type=checkbox]`)
	p.click(`main form button`)
	p.at(convention, "Dernier jour servi")
	p.check("convention-quittee")
	if err := d.again("--ahead", "360h"); err != nil { // the fifteenth day
		t.Fatal(err)
	}
	clinic()
	try("200 OK", "MARTIN")
	if err := d.again("--ahead", "384h"); err != nil { // the day after
		t.Fatal(err)
	}
	clinic()
	p.goTo(demo.api + convention)
	p.at(convention, "terminée")
	if status := p.calls(key); status != 403 {
		t.Errorf("R29 a call after the fifteenth day is answered %d", status)
	}
}

// apply fills in and submits a request of the clinic, and tells its number.
func (p *tab) apply() string {
	p.t.Helper()
	p.goTo(demo.api + "/l-api/demande-acces")
	p.tick(`input[name=qui][value=etablissement_sante]`)
	p.click(`button[name=verifier]`)
	p.goTo(demo.api + "/partenaire/demandes/nouvelle")
	p.tick(`input[name=categorie][value=etablissement_sante]`)
	p.click(`main form button`)
	id := p.numberIn()
	p.fill(named("organisation.nom"), "Clinique de démonstration")
	p.fill(named("organisation.finess"), "120000013")
	p.next()
	p.fill(named("projet.intitule"), "Préadmission en ligne")
	p.fill(named("projet.description"), "Préparer les admissions sans papier, la veille de la venue du patient.")
	p.fill(named("volumes.appels_par_jour"), "3")
	p.fill(named("volumes.appels_par_seconde"), "3")
	p.next()
	for _, b := range []string{"identite", "caisse", "contrats"} {
		p.tick(`input[value=` + b + `]`)
	}
	p.fill(named("donnees.destinataires"), "Les agents des admissions")
	p.fill(named("donnees.conservation_mois"), "12")
	p.next()
	p.fill(named("cadre.nature"), "Code de la santé publique")
	p.fill(named("cadre.adresse"), "https://texte.example/article")
	p.next()
	p.fill(named("connexion.habilitation"), "FC-2026-12")
	p.fill(named("connexion.client"), "clinique-demo")
	p.tick(`input[value=v2]`)
	p.next()
	p.contacts()
	p.next()
	p.tick(`input[name="engagements.modalites"]`)
	p.tick(`input[name="engagements.delegue_informe"]`)
	p.click(`main form button`)
	p.at("/partenaire/demandes/"+id+"/deposee", "Demande déposée", id)
	return id
}

// calls makes a call with a key and a token of nobody, and tells the status.
func (p *tab) calls(key string) int {
	p.t.Helper()
	req, err := http.NewRequest(http.MethodGet, demo.api+"/v1/droits/beneficiaires/me", http.NoBody)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("X-API-Key", strings.TrimSpace(key))
	req.Header.Set("Authorization", "Bearer jeton")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}
