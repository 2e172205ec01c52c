//go:build e2e

package e2e

import (
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// enter logs a professional in through a door of the site.
func (p *tab) enter(door, person string) {
	p.t.Helper()
	p.goTo(demo.api + door + "/connexion")
	p.click(`a[href^="/connexion/depart"]`)
	p.tick(`input[name=personne][value=` + person + `]`)
	p.click(`button[value=accepter]`)
	p.waitFor("main h1")
}

// named is the field of a form, by its name.
func named(name string) string { return `main form [name="` + name + `"]` }

// numberIn finds the number of a request in an address.
func (p *tab) numberIn() string {
	p.t.Helper()
	m := regexp.MustCompile(`D-\d{4}-\d{4}`).FindString(p.path())
	if m == "" {
		p.t.Fatalf("no number in %s", p.path())
	}
	return m
}

// next sends a page of the form.
func (p *tab) next() {
	p.t.Helper()
	p.click(`button[name=apres][value=suite]`)
}

// contacts fills in the last page of the form.
func (p *tab) contacts() {
	p.t.Helper()
	for _, who := range []string{"responsable_traitement", "delegue_protection_donnees", "responsable_technique"} {
		at := "contacts." + who
		p.fill(named(at+".nom"), "Claude Exemple")
		p.fill(named(at+".fonction"), "directrice")
		p.fill(named(at+".courriel"), "claude@clinique.example")
		p.fill(named(at+".telephone"), "01 99 00 00 01")
	}
}

// joined is a file to join.
func joined(t *testing.T, name, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// byHand runs the program against the demonstration.
func byHand(t *testing.T, d *running, args ...string) {
	t.Helper()
	// #nosec: the arguments are ours.
	out, err := exec.Command(d.binary, append(args, "--data", filepath.Join(filepath.Dir(d.binary), "data"))...).CombinedOutput()
	if err != nil {
		t.Fatalf("droits %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// The form and what follows, at both widths and without script, in a
// demonstration of its own.
func TestRequestForm(t *testing.T) { // R23 R24 R25 R27 R31
	if os.Getenv("E2E_API") != "" {
		t.Skip("the demonstration named by E2E_API is not ours to fill")
	}
	d, err := runDemo()
	if err != nil {
		t.Fatal(err)
	}
	defer d.clean()
	defer func(api, sim, partners string) { demo.api, demo.sim, demo.partners = api, sim, partners }(demo.api, demo.sim, demo.partners)
	demo.api, demo.sim, demo.partners = d.api, d.sim, d.partners
	for _, v := range spaceViews {
		t.Run("R81 an organisation asks for an access, "+v.name, func(t *testing.T) {
			p := tabFor(t, v.width, v.script)
			p.goTo(demo.api + "/l-api/demande-acces")
			p.check("demande-acces")
			p.tick(`input[name=qui][value=autre]`)
			p.click(`button[name=verifier]`)
			p.at("/l-api/demande-acces", "Votre organisme ne peut pas demander d'accès")
			p.check("demande-acces-non")
			p.tick(`input[name=qui][value=etablissement_sante]`)
			p.click(`button[name=verifier]`)
			p.at("/l-api/demande-acces", "Remplir une demande")
			p.check("demande-acces-oui")
			p.enter("/partenaire", "clinique-direction")
			p.goTo(demo.api + "/partenaire/demandes/nouvelle")
			p.check("demande-nouvelle")
			p.click(`main form button`)
			p.at("/partenaire/demandes", "Dites qui vous êtes")
			p.check("demande-nouvelle-erreur")
			p.tick(`input[name=categorie][value=etablissement_sante]`)
			p.click(`main form button`)
			id := p.numberIn()
			at := "/partenaire/demandes/" + id
			p.at(at+"/etapes/organisation", "Étape 1 sur 6")
			p.fill(named("organisation.nom"), "Clinique de démonstration")
			p.fill(named("organisation.finess"), "120000014")
			p.next()
			p.at(at+"/etapes/organisation", "sa clé doit être juste")
			p.check("demande-organisation-erreur")
			p.fill(named("organisation.finess"), "120000013")
			p.next()
			p.at(at+"/etapes/projet", "Étape 2 sur 6")
			p.check("demande-projet")
			p.fill(named("projet.intitule"), "Préadmission en ligne")
			p.fill(named("projet.description"), "Préparer les admissions sans papier, la veille de la venue du patient.")
			p.fill(named("volumes.appels_par_jour"), "500")
			p.fill(named("volumes.appels_par_seconde"), "5")
			p.next()
			p.at(at+"/etapes/donnees", "Étape 3 sur 6")
			p.check("demande-donnees")
			p.click(`button[name=apres][value=quitter]`)
			p.at(at, "Votre saisie est enregistrée")
			p.check("demande-brouillon")
			p.goTo(demo.api + "/partenaire/demandes")
			p.check("demandes")
			p.click(`a[href="` + at + `/etapes/donnees"]`)
			p.at(at+"/etapes/donnees", "Étape 3 sur 6")
			for _, b := range []string{"identite", "caisse", "contrats", "exonerations", "exonerations_motif"} {
				p.tick(`input[value=` + b + `]`)
			}
			p.fill(named("donnees.destinataires"), "Les agents des admissions")
			p.fill(named("donnees.conservation_mois"), "12")
			p.next()
			p.at(at+"/etapes/cadre", "Étape 4 sur 6")
			p.check("demande-cadre")
			p.fill(named("cadre.nature"), "Code de la santé publique")
			p.do(chromedp.SetUploadFiles(`input[type=file]`, []string{joined(t, "page.pdf", "<html>")}, chromedp.ByQuery))
			p.next()
			p.at(at+"/etapes/cadre", "n'est pas un PDF")
			if !strings.Contains(p.html(), "Code de la santé publique</textarea>") {
				t.Error("a file that is refused costs the answers of its page")
			}
			p.check("demande-cadre-erreur")
			if v.name == views[0].name { // once is enough for 50 MB
				p.do(chromedp.SetUploadFiles(`input[type=file]`, []string{joined(t, "énorme.pdf", "%PDF-1.7\n"+strings.Repeat("x", 50<<20))}, chromedp.ByQuery))
				p.next()
				p.at(at+"/etapes/cadre", "Ce fichier dépasse 10 Mo")
				p.check("demande-cadre-trop-grand")
			}
			p.do(chromedp.SetUploadFiles(`input[type=file]`, []string{joined(t, "Délibération.pdf", "%PDF-1.7\n%%EOF\n")}, chromedp.ByQuery))
			p.next()
			p.goTo(demo.api + at + "/etapes/cadre")
			p.at(at+"/etapes/cadre", "Délibération.pdf")
			p.check("demande-cadre-document")
			p.fill(named("cadre.adresse"), "https://texte.example/article")
			p.next()
			p.at(at+"/etapes/connexion", "Étape 5 sur 6")
			p.check("demande-connexion")
			p.click(`a[href="` + at + `/habilitation-franceconnect"]`)
			p.at(at+"/habilitation-franceconnect", "Habilitation FranceConnect manquante")
			p.check("demande-sans-franceconnect")
			p.click(`a[href="` + at + `/etapes/connexion"]`)
			p.fill(named("connexion.habilitation"), "FC-2026-12")
			p.fill(named("connexion.client"), "clinique-demo")
			p.tick(`input[value=v2]`)
			p.next()
			p.at(at+"/etapes/contacts", "Étape 6 sur 6")
			p.next()
			p.at(at+"/verifier", "Relisez votre demande")
			p.click(`main form button`)
			p.at(at+"/deposer", "Votre demande est à compléter")
			p.check("demande-verifier-erreurs")
			p.click(`#erreurs a`)
			p.at(at+"/etapes/contacts", "Indiquez le nom de cette personne")
			p.check("demande-contacts-erreurs")
			p.contacts()
			p.next()
			p.at(at + "/verifier")
			p.check("demande-verifier")
			p.tick(`input[name="engagements.modalites"]`)
			p.tick(`input[name="engagements.delegue_informe"]`)
			p.click(`main form button`)
			p.at(at+"/deposee", "Demande déposée", id)
			p.check("demande-deposee")

			byHand(t, d, "request", "ask-changes", id, "--text", "Précisez qui, dans le service, verra les données.", "--apply")
			p.goTo(demo.api + at)
			p.at(at, "Précisez qui, dans le service", "nouveau")
			p.check("demande-a-modifier")
			p.goTo(demo.api + at + "/etapes/donnees")
			p.fill(named("donnees.destinataires"), "Les agents des admissions et du guichet")
			p.next()
			p.goTo(demo.api + at + "/verifier")
			p.click(`main form button`)
			p.at(at + "/deposee")
			byHand(t, d, "request", "approve", id, "--apply")
			byHand(t, d, "convention", "from-request", id, "--apply")
			p.goTo(demo.api + at)
			p.at(at, "Validée", "a changé de")
			p.check("demande-validee")
			p.click(`a[href^="/partenaire/conventions/"]`)
			p.sign(t, v.script)
			p.goTo(demo.api + "/partenaire/conventions")
			p.check("conventions")
		})
	}
	t.Run("R81 the form is filled in with the keyboard alone", func(t *testing.T) {
		p := tabFor(t, 1280, true)
		p.enter("/partenaire", "clinique-direction")
		p.goTo(demo.api + "/partenaire/demandes/nouvelle")
		p.walk()
	})
}

// walk opens a request, fills in its first page and leaves, with keys only.
func (p *tab) walk() {
	p.t.Helper()
	focus := func(selector string) {
		p.t.Helper()
		for range 60 {
			p.press(keyTab)
			var here bool
			p.do(chromedp.Evaluate(`document.activeElement.matches('`+selector+`')`, &here))
			if here {
				return
			}
		}
		p.t.Fatalf("the keyboard does not reach %s", selector)
	}
	focus(`main form input[name=categorie]`)
	p.press(" ")
	focus(`main form button`)
	p.press(keyEnter)
	p.waitFor(`main form [name="organisation.nom"]`)
	id := p.numberIn()
	focus(`[name="organisation.nom"]`)
	p.press("C", "l", "i", "n", "i", "q", "u", "e")
	focus(`button[value=quitter]`)
	p.press(keyEnter)
	p.waitFor(`.box.ok`)
	p.at("/partenaire/demandes/"+id, "Votre saisie est enregistrée")
}

// sign signs the convention of a page with the commands that the page shows.
func (p *tab) sign(t *testing.T, script bool) {
	t.Helper()
	at := p.path()
	p.at(at, "attendue", "Signer pour votre organisme")
	p.check("convention-a-signer")
	openssl, err := exec.LookPath("openssl")
	if err != nil || !script { // without script the page cannot be asked for its file
		t.Log("no openssl here, or no script: the convention is not signed")
		return
	}
	dir := t.TempDir()
	var commands, href string
	p.do(chromedp.Evaluate(`[...document.querySelectorAll("main pre")].map(x => x.textContent).join("\n")`, &commands),
		chromedp.Evaluate(`document.querySelector('a[href*="/octets"]').getAttribute("href")`, &href))
	var encoded string
	p.do(chromedp.Evaluate(`fetch("`+href+`").then(r => r.arrayBuffer()).then(b => btoa(String.fromCharCode(...new Uint8Array(b))))`, &encoded, func(e *runtime.EvaluateParams) *runtime.EvaluateParams { return e.WithAwaitPromise(true) }))
	b, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	last := ""
	for line := range strings.Lines(commands) {
		args := strings.Fields(line)
		if len(args) == 0 {
			continue
		}
		if i := strings.Index(line, "-in "); strings.Contains(line, "-rawin") {
			if err := os.WriteFile(filepath.Join(dir, strings.Fields(line[i:])[1]), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		// #nosec: the arguments are ours.
		cmd := exec.Command(openssl, args[1:]...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
		last = string(out)
	}
	public, err := os.ReadFile(filepath.Join(dir, "cle-publique.pem"))
	if err != nil {
		t.Fatal(err)
	}
	p.fill(named("cle"), string(public))
	p.click(`form[action$="/cle"] button`)
	p.at(at, "La clé publique est déposée")
	p.fill(named("signature"), "abc")
	p.click(`form[action$="/signature"] button`)
	p.at(at+"/signature", "n'est pas celle de ce document")
	p.check("convention-signature-erreur")
	p.fill(named("signature"), strings.TrimSpace(last))
	p.click(`form[action$="/signature"] button`)
	p.at(at, "Votre organisme a signé")
	p.check("convention-signee")
}
