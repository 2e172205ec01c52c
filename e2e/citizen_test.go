//go:build e2e

package e2e

import (
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// signIn opens the citizen space as a person of the simulator.
func (p *tab) signIn(person string) {
	p.t.Helper()
	p.goTo(demo.api + "/mon-espace/connexion")
	p.click(`a[href="/mon-espace/connexion/franceconnect"]`)
	p.click(`button[name=personne][value=` + person + `]`)
	p.click(`button[value=accepter]`)
	p.at("/mon-espace", "Bonjour")
}

// read has the sample hospital read a person's rights, like the person does.
func (p *tab) read(person string) {
	p.t.Helper()
	p.goTo(demo.partners + "/hopital/preadmission/accord")
	p.tick("#accord")
	p.click(`button[name=client][value="0"]`)
	p.click(`button[name=personne][value=` + person + `]`)
	p.click(`button[value=accepter]`)
}

// Every page of the citizen space, at both widths and without script.
func TestCitizenPages(t *testing.T) {
	for _, v := range spaceViews {
		t.Run("R81 every page of the citizen space holds, "+v.name, func(t *testing.T) {
			p := tabFor(t, v.width, v.script)
			p.read("famille-martin")
			p.at("/hopital/preadmission/beneficiaire")
			p.goTo(demo.api + "/mon-espace")
			p.at("/mon-espace/connexion", "S'identifier avec FranceConnect (simulateur)")
			p.check("espace-connexion")
			p.signIn("famille-martin")
			p.look("espace")
			seen := map[string]bool{}
			visit := func(path, name string, texts ...string) {
				t.Helper()
				p.goTo(demo.api + path)
				p.at(strings.SplitN(path, "?", 2)[0], texts...)
				p.look(name)
				for _, l := range p.links() {
					seen[strings.TrimPrefix(l, demo.api)] = true
				}
			}
			first := func(prefix string) string {
				t.Helper()
				for l := range seen {
					if strings.HasPrefix(l, prefix) && !strings.Contains(l, "/export") { // a file, not a page
						return l
					}
				}
				t.Fatalf("no link leads to %s", prefix)
				return ""
			}
			visit("/mon-espace/droits", "espace-droits", "Droits ouverts", "•• •• ••• •••")
			visit("/mon-espace/droits?au=2020-01-01", "espace-droits-erreur", "Votre saisie est à corriger")
			visit(first("/mon-espace/droits/beneficiaire-"), "espace-droits-enfant", "Les droits de")
			visit("/mon-espace/droits/attestation", "espace-attestation", "SPÉCIMEN")
			visit("/mon-espace/partages", "espace-partages", "Hôpital de démonstration")
			visit("/mon-espace/partages/hopital", "espace-partage", "Retirer mon accord", "Notice d'information")
			visit(first("/mon-espace/partages/accords/"), "espace-accord", "Reçu d'un accord")
			visit("/mon-espace/acces", "espace-acces", "Qui a consulté mes droits", "Hôpital de démonstration")
			visit("/mon-espace/acces?du=demain", "espace-acces-erreur", "Votre saisie est à corriger")
			visit("/mon-espace/acces?genre=tout", "espace-acces-tout", "votre visite")
			visit("/mon-espace/acces?organisme=hopital", "espace-acces-hopital", "Effacer les filtres")
			clear(seen) // what follows is about a line of the hospital
			visit("/mon-espace/acces?organisme=hopital&issue=servi", "espace-acces-filtre", "Données transmises")
			visit(first("/mon-espace/acces/"), "espace-acces-un", "Code à citer")
			visit(p.path()+"/preuve", "espace-preuve", "Preuve d'une consultation", "Ce que dit la ligne")
			visit("/mon-espace/securite", "espace-securite", "cette session")
			p.fill("#courriel", "pas une adresse")
			p.tick("#prevenir-0")
			p.do(chromedp.Evaluate(`document.querySelector("#courriel").type = "text"`, nil)) // past the browser's own check
			p.click(`form[action$="/messages"] button`)
			p.at("/mon-espace/securite/messages", "Votre saisie est à corriger")
			p.look("espace-securite-erreur")
			p.goTo(demo.api + "/mon-espace/droits")
			p.click(`form[action$="/numero"] button`)
			p.at("/mon-espace/droits/assure/numero", "Masquer et revenir")
			p.check("espace-numero")
			p.click(`.who form button`)
			p.at("/mon-espace/deconnexion/terminee", "Vous êtes déconnecté")
			p.check("espace-au-revoir")
			for range 4 {
				if s := p.back(); strings.Contains(s, "MARTIN") || number.MatchString(s) {
					t.Error("the back button shows data after logout")
				}
			}
			p.goTo(demo.api + "/mon-espace/droits")
			p.at("/mon-espace/connexion")
			p.goTo(demo.api + "/demo/messages")
			p.check("messages")
		})
	}
	t.Run("R81 every component of the book holds at both widths", func(t *testing.T) {
		for _, width := range []int64{1280, 320} {
			p := tabFor(t, width, true)
			p.goTo(demo.api + "/composants")
			p.check("composants")
			for _, l := range p.links() {
				if strings.HasPrefix(l, demo.api+"/composants/") {
					p.goTo(l)
					p.check("composant-" + strings.TrimPrefix(l, demo.api+"/composants/"))
				}
			}
		}
	})
}

// Consent, read, access, proof, withdrawal: in a demonstration of its own, which
// is stopped before the proof is verified.
func TestCitizenJourney(t *testing.T) {
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
	dir := t.TempDir()
	file, keys := filepath.Join(dir, "acces.tlog-proof"), filepath.Join(dir, "cles.txt")
	p := tabFor(t, 1280, true)
	t.Run("R44 an access by the hospital is in the space within two seconds", func(t *testing.T) {
		p.t = t
		p.signIn("c2s")
		p.goTo(demo.api + "/mon-espace/acces")
		p.at("/mon-espace/acces", "Aucune ligne")
		p.read("c2s")
		read := time.Now()
		p.at("/hopital/preadmission/recapitulatif")
		p.goTo(demo.api + "/mon-espace/acces")
		p.at("/mon-espace/acces", "Hôpital de démonstration", "Données transmises")
		if took := time.Since(read); took > 2*time.Second {
			t.Errorf("it took %s", took)
		}
	})
	t.Run("who asked to be told has a message, which names nobody", func(t *testing.T) {
		p.t = t
		p.goTo(demo.api + "/mon-espace/securite")
		p.fill("#courriel", "personne@exemple.example")
		p.tick("#prevenir-0")
		p.click(`form[action$="/messages"] button`)
		p.at("/mon-espace/securite", "C'est fait.")
		p.read("c2s")
		p.goTo(demo.api + "/demo/messages")
		p.at("/demo/messages", "Un organisme a consulté vos droits")
		p.check("messages-un")
		if s := p.html(); strings.Contains(s, "personne@") || strings.Contains(s, "Hôpital") {
			t.Error("the message names somebody")
		}
	})
	t.Run("R43 its proof is downloaded, and is valid on the page that anybody opens", func(t *testing.T) {
		p.t = t
		p.goTo(demo.api + "/mon-espace/acces")
		p.click(`tbody th a`)
		p.click(`a[href$="/preuve"]`)
		p.at(p.path(), "Preuve d'une consultation")
		var text, public string
		fetch := func(address string, into *string) {
			t.Helper()
			p.do(chromedp.Evaluate(`fetch("`+address+`").then(r => r.text())`, into, func(e *runtime.EvaluateParams) *runtime.EvaluateParams { return e.WithAwaitPromise(true) }))
		}
		fetch(p.path()+".tlog-proof", &text)
		fetch("/preuves/cles", &public)
		if !strings.HasPrefix(text, "c2sp.org/tlog-proof@v1") || public == "" {
			t.Fatal("no proof, or no key")
		}
		if err := errors.Join(os.WriteFile(file, []byte(text), 0o600), os.WriteFile(keys, []byte(public), 0o600)); err != nil {
			t.Fatal(err)
		}
		p.goTo(demo.api + "/verifier")
		p.check("verifier")
		p.fill("#texte", text)
		p.click(`main form button`)
		p.at("/verifier", "Cette preuve est valide", "Comment c'est vérifié")
		p.check("verifier-valide")
		p.fill("#texte", strings.Replace(text, "\nindex ", "\nindex 1", 1))
		p.click(`main form button`)
		p.at("/verifier", "Cette preuve est altérée")
		p.check("verifier-alteree")
	})
	t.Run("R18 a withdrawal stops the hospital within a second, and it may be allowed again", func(t *testing.T) {
		p.t = t
		p.goTo(demo.api + "/mon-espace/partages/hopital")
		p.click(`form[action$="/retirer"] button`)
		p.at("/mon-espace/partages/hopital", "C'est fait.", "accord retiré")
		p.check("espace-partage-retire")
		p.read("c2s")
		p.at("/hopital/preadmission/papier")
		p.goTo(demo.api + "/mon-espace/acces?issue=refuse")
		p.at("/mon-espace/acces", "vous aviez retiré votre accord")
		p.goTo(demo.api + "/mon-espace/partages/hopital")
		p.click(`form[action$="/autoriser"] button`)
		p.at("/mon-espace/partages/hopital", "C'est fait.")
		p.read("c2s")
		p.at("/hopital/preadmission/recapitulatif")
	})
	t.Run("an attestation prints on one page", func(t *testing.T) {
		p.t = t
		p.goTo(demo.api + "/mon-espace/droits/attestation")
		if n := p.pages(); n != 1 {
			t.Errorf("it prints on %d pages", n)
		}
	})
	t.Run("R43 with the server stopped the same file verifies, and no longer once a byte is changed", func(t *testing.T) {
		p.t = t
		d.stop()
		if resp, err := http.Get(d.api); err == nil {
			resp.Body.Close()
			t.Fatal("the server still answers")
		}
		verify := func() (int, string) {
			// #nosec: the arguments are ours.
			out, err := exec.Command(d.binary, "trace", "verify-receipt", file, "--key", keys).CombinedOutput()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if exit != nil {
				return exit.ExitCode(), string(out)
			}
			return 0, string(out)
		}
		if code, out := verify(); code != 0 {
			t.Errorf("exit %d: %s", code, out)
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		b[len("c2sp.org/tlog-proof@v1\nextra ")+40] ^= 1
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _ := verify(); code != 7 {
			t.Errorf("altered: exit %d", code)
		}
	})
}
