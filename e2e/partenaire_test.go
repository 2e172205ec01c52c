//go:build e2e

package e2e

import (
	"strings"
	"testing"
)

// logIn opens a space of professionals as somebody of the simulator.
func (p *tab) logIn(door, person string) {
	p.t.Helper()
	p.goTo(demo.api + door + "/connexion")
	p.click(`a[href^="/connexion/depart"]`)
	p.tick(`input[name=personne][value=` + person + `]`)
	p.click(`button[value=accepter]`)
	p.at(door)
}

// Every page of the partner space, at both widths and without script.
func TestPartnerPages(t *testing.T) {
	for _, v := range spaceViews {
		t.Run("R63 R64 R81 every page of the partner space holds, "+v.name, func(t *testing.T) {
			p := tabFor(t, v.width, v.script)
			p.read("famille-martin") // so that there is a call
			p.at("/hopital/preadmission/beneficiaire")
			p.goTo(demo.api + "/partenaire")
			p.at("/partenaire/connexion", "S'identifier (simulateur)")
			p.check("partenaire-connexion")
			p.logIn("/partenaire", "hopital-gestionnaire")
			p.at("/partenaire", "À faire")
			p.look("partenaire")
			visit := func(path, name string, texts ...string) {
				t.Helper()
				p.goTo(demo.api + "/partenaire" + path)
				p.at(strings.SplitN("/partenaire"+path, "?", 2)[0], texts...)
				p.look("partenaire-" + name)
			}
			visit("/cles", "cles", "Créer une clé")
			for _, l := range p.links() {
				if strings.HasSuffix(l, "/revoquer") {
					p.goTo(l)
					p.check("partenaire-cle-revoquer")
					break
				}
			}
			visit("/delegations", "delegations", "Déléguer à un éditeur")
			visit("/quotas", "quotas", "appels aujourd'hui sur")
			visit("/usage", "usage", "Par jour", "Par mois")
			visit("/appels", "appels", "getBeneficiaires")
			for _, l := range p.links() {
				if strings.HasPrefix(l, demo.api+"/partenaire/appels/hopital/") {
					p.goTo(l)
					p.look("partenaire-appel")
					break
				}
			}
			visit("/appels?du=hier", "appels-erreur", "Votre saisie est à corriger")
			visit("/notifications", "notifications", "Derniers messages")
			visit("/bac-a-sable?personne=famille-martin", "bac", "Faire l'appel")
			p.fill("#cle", "live_0")
			p.click("main form button")
			p.at("/partenaire/bac-a-sable", "elle commence par test_")
			p.look("partenaire-bac-erreur")
			visit("/support/nouveau?demande=r-1", "support-nouveau", "Envoyer la question")
			p.fill("#objet", "Un refus")
			p.fill("#texte", "Pourquoi ce refus ?")
			p.click("main form button")
			p.at(p.path(), "Votre message est envoyé")
			p.look("partenaire-dossier")
			visit("/incident", "incident", "article 33")
			visit("/support", "support", "Un refus")
			visit("/equipe", "equipe", "Inviter une personne")
			visit("/securite", "securite", "Second facteur")
			p.click(`.who form button`)
			p.at("/connexion/terminee", "Vous êtes déconnecté")
			p.check("partenaire-au-revoir")
			p.goTo(demo.api + "/partenaire/cles")
			p.at("/partenaire/connexion")
		})
	}
	t.Run("R33 who has no role is told whom to ask", func(t *testing.T) {
		p := tabFor(t, 320, true)
		p.logIn("/partenaire", "hopital-lecteur")
		p.at("/partenaire", "doit vous donner un rôle", "Compte utilisé")
		p.check("partenaire-sans-role")
	})
}
