//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"

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
	for _, v := range views {
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
					if strings.HasPrefix(l, prefix) {
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

func TestCitizenJourney(t *testing.T) {
	t.Run("R18 R44 an access appears at once, a withdrawal stops the hospital, which may be allowed again", func(t *testing.T) {
		p := tabFor(t, 1280, true)
		p.read("c2s")
		p.at("/hopital/preadmission/recapitulatif")
		read := time.Now()
		p.signIn("c2s")
		p.goTo(demo.api + "/mon-espace/acces")
		p.at("/mon-espace/acces", "Hôpital de démonstration")
		if d := time.Since(read); d > 5*time.Second { // the two logins by hand included
			t.Errorf("the access is told %s after it was made", d)
		}
		p.goTo(demo.api + "/mon-espace/partages/hopital")
		p.click(`form[action$="/retirer"] button`)
		p.at("/mon-espace/partages/hopital", "C'est fait.", "accord retiré")
		p.check("espace-partage-retire")
		p.read("c2s")
		p.at("/hopital/preadmission/papier")
		p.goTo(demo.api + "/mon-espace/acces")
		p.at("/mon-espace/acces", "vous aviez retiré votre accord")
		p.goTo(demo.api + "/mon-espace/partages/hopital")
		p.click(`form[action$="/autoriser"] button`)
		p.at("/mon-espace/partages/hopital", "C'est fait.")
		p.read("c2s")
		p.at("/hopital/preadmission/recapitulatif")
	})
}
