package partners

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// discreet fails when anything that the person's browser saw holds a secret.
func (b *browser) discreet(t *testing.T) {
	t.Helper()
	for _, secret := range []string{hospitalKey, insurerKey, sharedSecret, motherNIR, motherNIR[:13], childNIR, childNIR[:13]} {
		if strings.Contains(b.seen.String(), secret) {
			t.Error("a key, a secret or a whole number is on a page or in an address")
		}
	}
	for _, r := range b.w.called("") {
		if a := r.Header.Get("Authorization"); len(a) > 20 && strings.Contains(b.seen.String(), strings.TrimPrefix(a, "Bearer ")) {
			t.Error("a token is on a page")
		}
	}
}

func TestHospital(t *testing.T) {
	for _, c := range []struct{ client, profile string }{{"0", v1}, {"1", v2}} {
		t.Run("a patient pre-admits a child through the "+c.profile+" client in eight clicks at most", func(t *testing.T) {
			w := newWorld(t)
			b := w.browser(t).visit("/hopital/preadmission")
			b.follow("Continuer avec FranceConnect").on("/hopital/preadmission/accord", "Second alinéa.", "Notice, second alinéa.", "Le nom de votre médecin traitant",
				"donnée de santé", "conv-hopital")
			if len(w.called("/me/beneficiaires")) != 0 {
				t.Error("data are asked before the agreement")
			}
			b.login(c.client).on("/hopital/preadmission/beneficiaire", "Camille DURAND", "Noé MARTIN", "Lou MARTIN")
			b.send(url.Values{"personne": {"1"}}, 0).on("/hopital/preadmission/recapitulatif", "ALD liste", "Ana TOUBIB", "C-77", "A-12",
				"1 15 •• •• ••• •••", "données au 21/11/2026", "du 22/11/2026 au 22/11/2027")
			b.send(url.Values{"inexact": {"medecin"}, "precisions": {"Allergie au latex"}}, 0).on("/hopital/preadmission/confirmation", "PA-", "Médecin traitant")
			if b.clicks > 8 {
				t.Errorf("%d clicks", b.clicks)
			}
			b.visit("/hopital/journal").on("/hopital/journal", "Échange du code contre les jetons", "/medecin-traitant", "X-Api-Key: $CLE", "client_secret = •••")
			b.visit("/hopital/guichet").on("/hopital/guichet", "Noé MARTIN", "À vérifier", "14 h 05", "AT/MP").
				follow("Noé MARTIN").on(b.at.Path, "11 ans", "Allergie au latex", "À demander au patient", "Ana TOUBIB")
			b.send(nil, 0).on("/hopital/guichet", "Admis")
			b.discreet(t)
			b.visit("/hopital/preadmission/confirmation")
			b.send(nil, 0).on("/hopital") // log out, through FranceConnect and back
			b.visit("/hopital/preadmission/recapitulatif").on("/hopital/preadmission/papier", "session")
		})
	}
	t.Run("a twin without a number is chosen by its opener, its birth date and its rank", func(t *testing.T) {
		w := newWorld(t)
		b := w.browser(t).visit("/hopital/preadmission/accord").login("0")
		b.send(url.Values{"personne": {"2"}}, 0).on("/hopital/preadmission/recapitulatif", "pas encore attribué")
		r := w.called("/caisse")
		if len(r) != 1 || r[0].Header.Get("nir") != motherNIR || r[0].Header.Get("date-naissance") != "2026-10-01" || r[0].Header.Get("rang-naissance") != "2" {
			t.Error("the child is not selected so")
		}
	})
	t.Run("what the convention does not open is not even asked", func(t *testing.T) {
		w := newWorld(t)
		w.moi[hospitalKey] = moiOf("hopital", "identite", "caisse")
		b := w.browser(t).visit("/hopital/preadmission/accord").login("0")
		b.on("/hopital/preadmission/recapitulatif", "CPAM de l'Exemple")
		if len(w.called("/me/beneficiaires"))+len(w.called("/exonerations"))+len(w.called("/medecin-traitant")) != 0 || len(w.called("/me")) != 1 {
			t.Error("it is asked")
		}
	})
	t.Run("a patient without FranceConnect fills in the form, and is told what is wrong in it", func(t *testing.T) {
		w := newWorld(t)
		b := w.browser(t).visit("/hopital/preadmission").follow("Continuer sans FranceConnect").on("/hopital/preadmission/papier", "pièce d'identité")
		b.follow("Saisir mes informations").send(url.Values{"nom": {""}, "prenom": {"Zoé"}, "naissance": {"31/02/2001"}}, 0)
		b.on("/hopital/preadmission/saisie", "Erreur", "14/03/1985", "Indiquez votre nom", `value="Zoé"`)
		if b.status != http.StatusUnprocessableEntity {
			t.Errorf("status %d", b.status)
		}
		b.send(url.Values{"nom": {"Essai"}, "prenom": {"Zoé"}, "naissance": {"1/2/2001"}}, 0).on("/hopital/preadmission/confirmation", "Attestation de droits")
		b.visit("/hopital/guichet").on("/hopital/guichet", "Zoé ESSAI", "01/02/2001", "Saisie")
		if len(w.called("")) != 0 {
			t.Error("the platform was called")
		}
	})
}

func TestInsurer(t *testing.T) {
	t.Run("a family enrols, and no reason nor doctor is on any page of the insurer", func(t *testing.T) {
		w := newWorld(t)
		b := w.browser(t).visit("/mutuelle/adhesion")
		b.follow("Continuer avec FranceConnect").login("0").on("/mutuelle/adhesion/famille", "Noé MARTIN")
		b.send(url.Values{"personne": {"0", "1", "77", "x"}}, 0).on("/mutuelle/adhesion/simulation", "CPAM de l'Exemple", "Droits de base", "47,80 €", "Déjà une complémentaire")
		b.send(url.Values{"formule": {"essentielle"}}, 0).on("/mutuelle/adhesion/confirmation", "AD-", "Essentielle")
		if b.clicks > 8 {
			t.Errorf("%d clicks", b.clicks)
		}
		for _, never := range []string{"ALD", "TOUBIB", "LIS", "Maternité", "C-77", "grossesse"} {
			if strings.Contains(b.seen.String(), never) {
				t.Errorf("%s is on a page", never)
			}
		}
		if len(w.called("/medecin-traitant"))+len(w.called("/arrets-travail")) != 0 {
			t.Error("what an insurer may not know is asked")
		}
		b.visit("/mutuelle/journal").discreet(t)
	})
	t.Run("nobody chosen is told, a C2S is not priced", func(t *testing.T) {
		w := newWorld(t)
		b := w.browser(t).visit("/mutuelle/adhesion/accord").login("0")
		if b.send(url.Values{}, 0).on("/mutuelle/adhesion/famille", "Personne n'est choisi"); b.status != 422 {
			t.Errorf("status %d", b.status)
		}
		files := []file{{Name: "A", birth: "1985-03-14", solidarity: true}, {Name: "B", birth: "1950-00-00"}, {Name: "C", birth: "2015-05-02"}}
		if got := formulas[0].price(files, 20261122); got != 5790+1590 {
			t.Errorf("%d cents", got)
		}
	})
}

// No refusal and no failure is a dead end; each leads to the paper route.
func TestNoDeadEnd(t *testing.T) {
	accord := func(t *testing.T) (*world, *browser) {
		w := newWorld(t)
		return w, w.browser(t).visit("/hopital/preadmission/accord")
	}
	paper := func(b *browser, reason string) {
		b.t.Helper()
		b.on("/hopital/preadmission/papier", "Continuer sans FranceConnect", "carte Vitale")
		if got := b.at.Query().Get("motif"); got != reason {
			b.t.Errorf("told %q, not %q", got, reason)
		}
		if b.status != 200 {
			b.t.Errorf("status %d", b.status)
		}
	}
	t.Run("an agreement that is not ticked is asked again, with the paper route beside", func(t *testing.T) {
		w, b := accord(t)
		b.send(url.Values{}, 0).on("/hopital/preadmission/accord", "Il manque votre accord", "Erreur")
		if b.status != 422 || len(w.called("/me/beneficiaires")) != 0 {
			t.Error("the journey went on")
		}
		paper(b.follow("continuez avec vos papiers"), "accord")
	})
	t.Run("a refusal at FranceConnect", func(t *testing.T) {
		_, b := accord(t)
		b.send(url.Values{"accord": {"oui"}}, 1).send(url.Values{"decision": {"refuser"}}, 0)
		paper(b, "refus")
	})
	for _, c := range []struct {
		what, path string
		failure    failure
		motif      string
	}{
		{"the platform is down when the convention is read", "/moi", failure{503, "service_indisponible", 0}, "panne"},
		{"the convention is not live", "/moi", failure{403, "convention_inactive", 0}, "refuse"},
		{"the platform is down after the login", "/me/beneficiaires", failure{503, "service_indisponible", 0}, "panne"},
		{"FranceConnect cannot be asked", "/me/beneficiaires", failure{502, "franceconnect_indisponible", 0}, "panne"},
		{"the quota is used up", "/me/beneficiaires", failure{429, "quota_depasse", 0}, "quota"},
		{"the agreement was withdrawn", "/me/beneficiaires", failure{403, "consentement_retire", 0}, "retire"},
		{"nobody is found", "/me/beneficiaires", failure{404, "personne_non_identifiee", 0}, "inconnu"},
		{"the data are restricted", "/me/beneficiaires", failure{403, "donnees_indisponibles", 0}, "refuse"},
		{"the token is refused at once", "/me/beneficiaires", failure{401, "jeton_invalide", 0}, "expire"},
		{"an intermediary answers a page", "/me/beneficiaires", failure{418, "", 0}, "panne"},
		{"the token expires before the beneficiary is read", "/caisse", failure{401, "jeton_invalide", 0}, "expire"},
		{"the token expires between two calls", "/medecin-traitant", failure{401, "jeton_invalide", 0}, "expire"},
		{"the agreement is withdrawn between two calls", "/exonerations", failure{403, "consentement_retire", 0}, "retire"},
	} {
		t.Run(""+c.what, func(t *testing.T) {
			w := newWorld(t)
			w.broken(c.path, c.failure)
			b := w.browser(t).visit("/hopital/preadmission/accord")
			if c.path != "/moi" {
				b.login("1")
			}
			if b.at.Path == "/hopital/preadmission/beneficiaire" {
				b.send(url.Values{"personne": {"0"}}, 0)
			}
			paper(b, c.motif)
			if !strings.Contains(b.body, "req-") || c.motif == "quota" && !strings.Contains(b.body, "7 secondes") {
				t.Error("the request to quote, or the delay, is not told")
			}
		})
	}
	t.Run("one block that is refused or down leaves the others", func(t *testing.T) {
		w, b := accord(t)
		w.broken("/medecin-traitant", failure{404, "medecin_traitant_absent", 0})
		w.broken("/exonerations", failure{403, "donnees_indisponibles", 0})
		w.broken("/complementaire", failure{503, "service_indisponible", 0})
		b.login("0").send(url.Values{"personne": {"0"}}, 0)
		b.on("/hopital/preadmission/recapitulatif", "Aucun médecin traitant déclaré", "Non transmis", "Indisponible pour l'instant", "CPAM de l'Exemple")
		b.send(nil, 0).on("/hopital/preadmission/confirmation", "un justificatif : Exonérations")
	})
	t.Run("nobody answers at the platform's address", func(t *testing.T) {
		w, b := accord(t)
		w.api.Close()
		paper(b.visit("/hopital/preadmission/accord"), "panne")
		b.visit("/hopital/journal").on("/hopital/journal", "sans réponse")
	})
	t.Run("FranceConnect stops between the login and the tokens", func(t *testing.T) {
		w, b := accord(t)
		b.send(url.Values{"accord": {"oui"}}, 1)
		b.http.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if strings.HasSuffix(r.URL.Path, "/fc/retour") {
				return http.ErrUseLastResponse
			}
			return nil
		}
		b.send(url.Values{"personne": {"famille-martin"}}, 0)
		req, _ := http.NewRequest("POST", b.at.String(), strings.NewReader("decision=accepter&accord=oui"))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := b.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		w.fc.Close()
		paper(b.open(resp.Header.Get("Location")), "fc")
	})
	t.Run("a session that is lost on the way", func(t *testing.T) {
		w, b := accord(t)
		w.later(idleFor + time.Minute)
		b.send(url.Values{"accord": {"oui"}}, 0)
		paper(b, "session")
	})
}

func TestCallback(t *testing.T) {
	t.Run("a return that nobody asked for, or with another state, is refused", func(t *testing.T) {
		w := newWorld(t)
		b := w.browser(t).visit(HospitalCallback+"?code=abcdefghijkl&state=x").on("/hopital/preadmission/papier", "session")
		b.visit("/hopital/preadmission/accord").send(url.Values{"accord": {"oui"}}, 1)
		b.visit(HospitalCallback+"?code=abcdefghijkl&state=x").on("/hopital/preadmission/papier", "session")
		b.visit(HospitalCallback+"?code=abcdefghijkl").on("/hopital/preadmission/papier", "session")
	})
	t.Run("a return that is reloaded goes on with the journey", func(t *testing.T) {
		w := newWorld(t)
		b := w.browser(t).visit("/hopital/preadmission/accord").login("0")
		b.visit(HospitalCallback+"?code=abcdefghijkl&state=x").on("/hopital/preadmission/beneficiaire", "Noé")
	})
	t.Run("the session changes its name at the login", func(t *testing.T) {
		w := newWorld(t)
		b := w.browser(t).visit("/hopital/preadmission/accord")
		u, _ := url.Parse(w.partners.URL)
		before := b.http.Jar.Cookies(u)[0].Value
		b.login("0")
		if after := b.http.Jar.Cookies(u)[0]; after.Value == before || after.Name != "droits-hopital" {
			t.Error("it keeps it")
		}
	})
}

func TestProtection(t *testing.T) {
	w := newWorld(t)
	t.Run("a form of another site is refused", func(t *testing.T) {
		req, _ := http.NewRequest("POST", w.partners.URL+"/hopital/preadmission/accord", strings.NewReader("accord=oui"))
		req.Header.Set("Origin", "https://ailleurs.example")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("status %d", resp.StatusCode)
		}
	})
	t.Run("pages allow nothing foreign but the way to FranceConnect, and are not cached", func(t *testing.T) {
		resp, err := http.Get(w.partners.URL + "/hopital/preadmission/accord")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		want := basePolicy + "; form-action 'self' " + w.fc.URL
		if got := resp.Header.Get("Content-Security-Policy"); got != want {
			t.Errorf("policy %q", got)
		}
		c := resp.Cookies()
		if resp.Header.Get("Cache-Control") != "no-store" || len(c) != 1 || !c[0].HttpOnly || c[0].SameSite != http.SameSiteLaxMode {
			t.Error("cached, or a weak cookie")
		}
	})
	t.Run("an unknown page and an unknown file are 404 with a way out", func(t *testing.T) {
		for _, p := range []string{"/x", "/hopital/x", "/hopital/guichet/PA-NOBODY", "/mutuelle/guichet"} {
			if b := w.browser(t).visit(p); b.status != 404 || !strings.Contains(b.body, "Revenir à l'accueil") {
				t.Errorf("%s: status %d", p, b.status)
			}
		}
	})
	t.Run("sessions and admissions are bounded", func(t *testing.T) {
		now := time.Unix(0, 0)
		ss := &sessions{byID: map[string]*session{}, clock: func() time.Time { now = now.Add(time.Millisecond); return now }, cookie: "c"}
		r, _ := http.NewRequest("GET", "/", nil)
		for range maxSessions + 20 {
			ss.start(discard{}, r)
		}
		d := &desk{app: &app{clock: ss.clock}}
		for range maxAdmissions + 20 {
			d.add(&admission{})
		}
		s := &session{}
		for range maxEntries + 20 {
			s.note(entry{})
		}
		if len(ss.byID) != maxSessions || len(d.list) != maxAdmissions || len(s.journal) != maxEntries {
			t.Errorf("%d, %d, %d", len(ss.byID), len(d.list), len(s.journal))
		}
	})
}

type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}
