//go:build e2e

package e2e

import (
	"regexp"
	"strings"
	"testing"
)

const martin = `button[name=personne][value=famille-martin]`

// number is a whole NIR, grouped or not, with its key or without: none may be
// on a page of a partner. The word boundaries leave hashes alone.
var number = regexp.MustCompile(`\b[1-478][ \x{00a0}]?\d{2}[ \x{00a0}]?\d{2}[ \x{00a0}]?(\d{2}|2[AB])[ \x{00a0}]?\d{3}[ \x{00a0}]?\d{3}([ \x{00a0}]?\d{2})?\b`)

// discreet fails when the page holds a whole number or a key.
func (p *tab) discreet(name string) {
	p.t.Helper()
	body := p.html()
	if number.MatchString(body) {
		p.t.Errorf("%s shows a whole number", name)
	}
	if regexp.MustCompile(`test_[A-Za-z0-9_-]{8}`).MatchString(body) {
		p.t.Errorf("%s shows a key", name)
	}
}

func (p *tab) look(name string) {
	p.t.Helper()
	p.check(name)
	p.discreet(name)
}

func TestHospital(t *testing.T) {
	for _, v := range views {
		for _, client := range []string{"0", "1"} {
			if client == "1" && v.name != "wide" {
				continue // the second FranceConnect client changes no page
			}
			t.Run("R58 R81 a patient pre-admits, "+v.name+", client "+client, func(t *testing.T) {
				p := tabFor(t, v.width, v.script)
				p.goTo(demo.partners + "/hopital")
				p.look("hopital-accueil")
				p.click(`a[href="/hopital/preadmission"].button`)
				p.look("hopital-preadmission")
				p.click(`a[href="/hopital/preadmission/accord"]`)
				p.at("/hopital/preadmission/accord", "médecin traitant", "donnée de santé")
				p.look("hopital-accord")
				p.tick("#accord")
				p.click(`button[name=client][value="` + client + `"]`)
				p.check("fc-identite")
				p.click(martin)
				p.check("fc-consentement")
				p.click(`button[value=accepter]`)
				p.at("/hopital/preadmission/beneficiaire", "Vous-même")
				p.look("hopital-beneficiaire")
				p.click(`.who li:first-child button`)
				p.at("/hopital/preadmission/recapitulatif", "Caisse d'assurance maladie", "Médecin traitant", "Source : assurance maladie")
				p.look("hopital-recapitulatif")
				p.tick("#inexact-identite")
				p.fill("#precisions", "Je viens avec un fauteuil roulant")
				p.click(`main form button.button`)
				p.at("/hopital/preadmission/confirmation", "PA-", "Identité")
				p.look("hopital-confirmation")
				p.goTo(demo.partners + "/hopital/journal")
				p.at("/hopital/journal", "Échange du code contre les jetons", "Médecin traitant")
				p.look("hopital-journal")
				p.goTo(demo.partners + "/hopital/guichet")
				p.look("hopital-guichet")
				p.click(`tbody tr:last-child a`)
				if !strings.Contains(p.text(), "fauteuil roulant") {
					t.Error("the clerk does not see what the patient said")
				}
				p.look("hopital-dossier")
				if n := p.pages(); n != 1 {
					t.Errorf("the sheet prints on %d pages", n)
				}
				p.click(`form.actions button`)
				p.at("/hopital/guichet", "Admis")
				p.goTo(demo.partners + "/hopital/preadmission/confirmation")
				p.click(`form[action="/hopital/deconnexion"] button`)
				p.at("/hopital")
				p.goTo(demo.partners + "/hopital/preadmission/recapitulatif")
				p.at("/hopital/preadmission/papier", "Votre session s'est interrompue", "carte Vitale")
			})
		}
	}
	t.Run("R81 three keys open the first file of the counter", func(t *testing.T) {
		p := tabFor(t, 1280, true)
		p.goTo(demo.partners + "/hopital/guichet")
		p.press(keyTab, keyEnter, keyEnter)
		p.waitFor(".patient")
		p.check("hopital-dossier-clavier")
	})
}

func TestInsurer(t *testing.T) {
	for _, v := range views {
		t.Run("R35 R81 a family enrols and no reason nor doctor is shown, "+v.name, func(t *testing.T) {
			p := tabFor(t, v.width, v.script)
			var all strings.Builder
			look := func(name string) {
				t.Helper()
				p.look(name)
				all.WriteString(p.html())
			}
			p.goTo(demo.partners + "/mutuelle")
			look("mutuelle-accueil")
			p.click(`a[href="/mutuelle/adhesion"].button`)
			look("mutuelle-adhesion")
			p.click(`a[href="/mutuelle/adhesion/accord"]`)
			look("mutuelle-accord")
			p.tick("#accord")
			p.click(`button[name=client]`)
			p.click(martin)
			if strings.Contains(p.html(), `id="accord"`) { // FranceConnect asks a private service's user to tick
				p.tick("#accord")
			}
			p.click(`button[value=accepter]`)
			p.at("/mutuelle/adhesion/famille", "Vous-même")
			look("mutuelle-famille")
			p.tick("#personne-1")
			p.tick("#personne-2")
			p.tick("#personne-3")
			p.click(`main form button.button`)
			p.at("/mutuelle/adhesion/simulation", "Droits de base", "Choisissez une formule")
			look("mutuelle-simulation")
			p.tick("#formule-confort")
			p.click(`main form button.button`)
			p.at("/mutuelle/adhesion/confirmation", "AD-", "Confort")
			look("mutuelle-confirmation")
			p.goTo(demo.partners + "/mutuelle/journal")
			look("mutuelle-journal")
			for _, never := range []string{"motif&#34;", `"motif"`, "libelle_long", "numero_am", "ALD", "medecin-traitant"} {
				if strings.Contains(all.String(), never) {
					t.Errorf("%s is on a page of the insurer", never)
				}
			}
		})
	}
}

// No refusal is a dead end.
func TestRefusals(t *testing.T) {
	for _, v := range views {
		t.Run("R81 no tick, no FranceConnect, no cookie: the paper route is there, "+v.name, func(t *testing.T) {
			p := tabFor(t, v.width, v.script)
			p.goTo(demo.partners + "/hopital/preadmission/accord")
			p.click(`button[name=client]`)
			p.at("/hopital/preadmission/accord", "Il manque votre accord")
			p.look("hopital-accord-erreur")
			p.tick("#accord")
			p.click(`button[name=client]`)
			p.click(`button[value=refuser]`)
			p.at("/hopital/preadmission/papier", "Continuer sans FranceConnect")
			p.look("hopital-papier-refus")
			p.click(`a[href="/hopital/preadmission/saisie"]`)
			p.look("hopital-saisie")
			p.fill("#prenom", "Zoé")
			p.fill("#naissance", "31/02/2001")
			p.click(`main form button.button`)
			p.at("/hopital/preadmission/saisie", "Votre saisie est à corriger")
			p.look("hopital-saisie-erreur")
			p.fill("#nom", "Essai")
			p.fill("#naissance", "01/02/2001")
			p.click(`main form button.button`)
			p.at("/hopital/preadmission/confirmation", "Attestation de droits")
			for _, reason := range []string{"accord", "fc", "panne", "quota", "retire", "refuse", "inconnu", "expire", "session"} {
				p.goTo(demo.partners + "/hopital/preadmission/papier?motif=" + reason)
				p.check("hopital-papier-" + reason)
			}
			p.goTo(demo.partners + "/")
			p.check("partenaires")
			p.goTo(demo.sim + "/")
			p.check("fc-accueil")
		})
	}
	t.Run("R81 somebody who is not found is sent to the paper route", func(t *testing.T) {
		p := tabFor(t, 1280, true)
		p.goTo(demo.partners + "/hopital/preadmission/accord")
		p.tick("#accord")
		p.click(`button[name=client]`)
		p.click(`button[name=personne][value=inconnu]`)
		p.click(`button[value=accepter]`)
		p.at("/hopital/preadmission/papier", "Nous n'avons pas retrouvé vos droits", "Identifiant à citer")
		p.look("hopital-papier-inconnu-reel")
	})
}
