//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// asAgent logs an agent in; the first time, the undertaking of secrecy is taken.
func (p *tab) asAgent(person string) {
	p.t.Helper()
	p.do(network.ClearBrowserCookies()) // whoever was here has left
	p.enter("/instruction", person)
	if p.path() == "/instruction/engagement" {
		p.check("instruction-engagement")
		p.tick("#engagement-0")
		p.click(`form[action="/instruction/engagement"] button`)
	}
}

// submitted submits a request by hand and tells its number.
func submitted(t *testing.T, d *running) string {
	t.Helper()
	dir := t.TempDir()
	form := filepath.Join(dir, "r.json")
	out, err := exec.Command(d.binary, "request", "template").Output()
	if err == nil {
		err = os.WriteFile(form, out, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	// #nosec: the arguments are ours.
	raw, err := exec.Command(d.binary, "request", "open", form, "--apply", "--json", "--data", filepath.Join(filepath.Dir(d.binary), "data")).Output()
	var r struct{ ID string }
	if err != nil || json.Unmarshal(raw, &r) != nil || r.ID == "" {
		t.Fatalf("no request: %v %s", err, raw)
	}
	byHand(t, d, "request", "submit", r.ID, "--apply")
	return r.ID
}

// tabTo presses Tab until the focus is on a match, as somebody without a mouse
// does.
func (p *tab) tabTo(selector string) {
	p.t.Helper()
	for range 120 {
		p.press(keyTab)
		var on bool
		p.do(chromedp.Evaluate(`document.activeElement.matches(`+quoted(selector)+`)`, &on))
		if on {
			return
		}
	}
	p.t.Fatalf("no Tab reaches %s on %s", selector, p.path())
}

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(b)
}

// enterKey presses Enter where it leads to another page.
func (p *tab) enterKey() {
	p.t.Helper()
	p.leave(chromedp.KeyEvent(keyEnter))
}

// Every page of the agents, at both widths and without script, in a
// demonstration of its own.
func TestExaminationPages(t *testing.T) { // R31 R33 R34
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
		t.Run("R81 every page of the agents holds, "+v.name, func(t *testing.T) {
			id := submitted(t, d)
			at := "/instruction/demandes/" + id
			p := tabFor(t, v.width, v.script)
			p.goTo(demo.api + "/instruction/connexion")
			p.check("instruction-connexion")
			p.click(`a[href^="/connexion/depart"]`)
			p.check("pro-comptes")
			p.click(`button[value=accepter]`)
			p.at(p.path(), "Aucun compte n’est choisi")
			p.check("pro-comptes-erreur")
			p.click(`button[value=refuser]`)
			p.at("/instruction/connexion", "Vous avez interrompu la connexion")
			p.asAgent("agent-instructrice")
			p.at("/instruction/demandes", id, "dans les temps", "non lue")
			p.check("instruction-file")
			p.goTo(demo.api + "/instruction/demandes?q=x")
			p.at("/instruction/demandes", "Votre saisie est à corriger")
			p.check("instruction-file-erreur")
			p.goTo(demo.api + at)
			p.at(at, "Contrôles", "La clé du SIRET est juste", "Notes internes")
			p.fill("#note", "À vérifier avec FranceConnect.")
			p.click(`form[action$="/note"] button`)
			p.at(at, "Votre note est gardée")
			p.check("instruction-dossier")
			p.goTo(demo.api + at + "/modifications")
			p.check("instruction-modifications")
			p.goTo(demo.api + at + "/refuser")
			p.do(chromedp.Evaluate(`document.querySelector("#motif").required = false`, nil)) // past the browser's own check
			p.click(`main form button`)
			p.at(at+"/refuser", "Votre saisie est à corriger")
			p.check("instruction-refuser-erreur")
			p.goTo(demo.api + at + "/valider")
			p.check("instruction-valider")
			p.click(`main form button`)
			p.at(at, "La demande est validée")
			p.click(`form[action$="/convention/preparer"] button`)
			p.at(at, "Le projet de convention est prêt")
			p.check("instruction-valide")
			p.goTo(demo.api + at + "/valider")
			p.at(at+"/valider", "Votre décision n'a pas été prise")
			p.check("instruction-depassee")
			p.goTo(demo.api + at + "/revoquer")
			p.at(at+"/revoquer", "responsable")
			p.check("instruction-role")
			p.goTo(demo.api + "/instruction/delais")
			p.at("/instruction/delais", "Délai médian")
			p.check("instruction-delais")
			p.asAgent("agent-responsable")
			p.goTo(demo.api + at)
			p.click(`form[action$="/convention/signer"] button`)
			p.at(at, "signée : gestionnaire")
			p.goTo(demo.api + at + "/revoquer")
			p.check("instruction-revoquer")
			p.fill("#motif", "Usage non conforme.")
			p.click(`main form button`)
			p.at(at+"/revoquer", "Choisissez le fondement")
			p.check("instruction-revoquer-erreur")
			p.tick(`input[name=fondement][value=securite]`)
			p.click(`main form button`)
			p.at(at, "L'habilitation est révoquée", "exigences de sécurité")
			p.asAgent("agent-exploitant")
			p.at("/instruction/agents", "Habiliter un agent", "Lucie Morvan")
			p.check("instruction-agents")
			p.fill("#courriel", "nouveau@operateur.example")
			p.fill("#directeur", "Anne Exemple")
			p.fill("#jusque", "2020-01-01")
			p.click(`form[action="/instruction/agents"] button`)
			p.at("/instruction/agents", "Indiquez un dernier jour")
			p.check("instruction-agents-erreur")
			p.click(`main td a, main th a`)
			p.check("instruction-agent")
			p.asAgent("agent-rapporteur")
			p.goTo(demo.api + at)
			p.at(at, "n'y change rien")
			if strings.Contains(p.html(), "<textarea") {
				t.Error("R33 who only reads is offered something to write")
			}
			p.check("instruction-lecture")
		})
	}
	t.Run("R81 the simulated provider's own pages hold", func(t *testing.T) {
		p := tabFor(t, 320, true)
		for _, path := range []string{"/pro/", "/pro/nulle-part", "/pro/connexion/inconnue", "/pro/session/end"} {
			p.goTo(demo.sim + path)
			p.check("pro" + strings.ReplaceAll(strings.TrimPrefix(path, "/pro"), "/", "-"))
		}
	})
	t.Run("R81 a request is examined with the keyboard alone", func(t *testing.T) {
		id := submitted(t, d)
		at := "/instruction/demandes/" + id
		p := tabFor(t, 1280, true)
		p.asAgent("agent-instructrice")
		p.tabTo(`a[href="` + at + `"]`)
		p.enterKey()
		p.at(at)
		p.tabTo(`a[href$="/modifications"]`)
		p.enterKey()
		p.tabTo(`input[value=destinataires]`)
		p.press(" ")
		p.tabTo(`#motif`)
		p.press("P", "r", "é", "c", "i", "s", "e", "z", ".")
		p.tabTo(`main form button`)
		p.enterKey()
		p.at(at, "La demande de modification est envoyée", "Précisez les destinataires", "Précisez.")
		p.tabTo(`a[href="/instruction/demandes"]`)
		p.enterKey()
		p.tabTo(`#etat`)
		p.press(kb.Home) // all of them
		p.tabTo(`form.filters button`)
		p.enterKey()
		p.at("/instruction/demandes", id)
	})
}
