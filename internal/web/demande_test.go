package web_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/habilitation"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/sim/prosim"
	"droits.example/droits/internal/trace"
)

var (
	hiddenInput = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)
	requestLink = regexp.MustCompile(`/partenaire/demandes/(D-\d{4}-\d{4})`)
)

// kept are the hidden values of the form of a page that goes to an address.
func kept(t *testing.T, p *apptest.Page, action string) url.Values {
	t.Helper()
	i := strings.Index(p.Body, `action="`+action+`"`)
	if i < 0 {
		t.Fatalf("no form leads to %s (status %d on %s)", action, p.Status, p.Path)
	}
	form := p.Body[i:]
	form = form[:strings.Index(form, "</form>")]
	out := url.Values{}
	for _, m := range hiddenInput.FindAllStringSubmatch(form, -1) {
		out.Set(m[1], html.UnescapeString(m[2]))
	}
	return out
}

// member is somebody of an organisation in the space of partners.
type member struct {
	*apptest.Browser
	t *testing.T
}

func as(t *testing.T, in *apptest.Instance, slug string) member {
	t.Helper()
	return member{in.Staff(t, slug), t}
}

// open begins a request and tells its number.
func (m member) open(kind string) string {
	m.t.Helper()
	form := kept(m.t, m.Get(m.t, "/partenaire/demandes/nouvelle"), "/partenaire/demandes")
	form.Set("categorie", kind)
	p := m.Post(m.t, "/partenaire/demandes", form)
	id := requestLink.FindStringSubmatch(p.Path)
	if p.Status != 200 || id == nil {
		m.t.Fatalf("no request is opened: status %d on %s", p.Status, p.Path)
	}
	return id[1]
}

// step sends a page of the form.
func (m member) step(id, slug string, answers url.Values) *apptest.Page {
	m.t.Helper()
	at := "/partenaire/demandes/" + id + "/etapes/" + slug
	form := kept(m.t, m.Get(m.t, at), at)
	maps.Copy(form, answers)
	return m.Post(m.t, at, form)
}

// whole answers of each page.
func answers(siret, finess string) map[string]url.Values {
	out := map[string]url.Values{
		"organisation": {"organisation.categorie": {"etablissement_sante"}, "organisation.nom": {"Clinique d'essai"}, "organisation.siret": {siret}, "organisation.finess": {finess}},
		"projet":       {"projet.intitule": {"Préadmission"}, "projet.description": {"Préparer les admissions sans papier."}, "projet.mise_en_service": {"01/03/2027"}, "volumes.appels_par_jour": {"500"}, "volumes.appels_par_seconde": {"5"}},
		"donnees":      {"donnees.blocs": {"identite", "caisse", "exonerations", "exonerations_motif"}, "donnees.destinataires": {"Agents des admissions"}, "donnees.conservation_mois": {"12"}},
		"cadre":        {"cadre.nature": {"Code de la santé publique"}, "cadre.adresse": {"https://texte.example/article"}},
		"connexion":    {"connexion.habilitation": {"FC-12"}, "connexion.client": {apptest.ClientHospitalV2}, "connexion.profil": {"v2"}},
		"contacts":     {},
	}
	for _, who := range []string{"responsable_traitement", "delegue_protection_donnees", "responsable_technique"} {
		for k, v := range map[string]string{"nom": "Claude Exemple", "fonction": "directrice", "courriel": "claude@clinique.example", "telephone": "01 99 00 00 01"} {
			out["contacts"].Set("contacts."+who+"."+k, v)
		}
	}
	return out
}

const finess = "120000013"

var stepSlugs = []string{"organisation", "projet", "donnees", "cadre", "connexion", "contacts"}

// fill completes every page.
func (m member) fill(id, siret string) {
	m.t.Helper()
	for _, slug := range stepSlugs {
		if p := m.step(id, slug, answers(siret, finess)[slug]); p.Status != 200 {
			m.t.Fatalf("page %s: status %d\n%s", slug, p.Status, p.Text())
		}
	}
}

// submit accepts the terms and submits.
func (m member) submit(id string) *apptest.Page {
	m.t.Helper()
	at := "/partenaire/demandes/" + id
	form := kept(m.t, m.Get(m.t, at+"/verifier"), at+"/deposer")
	form.Set("engagements.modalites", convention.TermsVersion)
	form.Set("engagements.delegue_informe", "oui")
	return m.Post(m.t, at+"/deposer", form)
}

func decide(t *testing.T, in *apptest.Instance, id string, a habilitation.Act, text string) {
	t.Helper()
	author := in.Habilitate(t, "agent-instructrice")
	_, err := in.App.Store.By(trace.By{Actor: trace.ActorOperator, Author: author}).ActOnRequest(t.Context(), id, habilitation.Doing{Act: a, Role: habilitation.Instructeur, Author: author, Text: text})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhoMayAsk(t *testing.T) { // R23
	in := apptest.Start(t, apptest.Options{})
	visitor := in.Browser()
	for _, kind := range []string{"etablissement_sante", "organisme_complementaire"} {
		t.Run("R23 the two publics find the form: "+kind, func(t *testing.T) {
			if p := visitor.Get(t, "/l-api/demande-acces?qui="+kind); p.Status != 200 || !strings.Contains(p.Body, `href="/partenaire/demandes/nouvelle"`) {
				t.Error(p.Status)
			}
		})
	}
	t.Run("R23 anybody else finds no way to it", func(t *testing.T) {
		for _, q := range []string{"?qui=autre", "", "?verifier=1", "?qui=tout"} {
			if p := visitor.Get(t, "/l-api/demande-acces"+q); p.Status != 200 || strings.Contains(p.Body, "/partenaire/demandes") {
				t.Errorf("%q: %d", q, p.Status)
			}
		}
	})
	boss := as(t, in, "clinique-direction")
	t.Run("R23 nor by a direct POST", func(t *testing.T) {
		for _, kind := range []string{"autre", "editeur", "", "etablissement_sante'"} {
			if p := boss.Post(t, "/partenaire/demandes", url.Values{"categorie": {kind}}); p.Status != 422 || strings.Contains(p.Path, "etapes") {
				t.Errorf("%q: %d", kind, p.Status)
			}
		}
		if list, err := in.App.Store.RequestsOf(t.Context(), prosim.ClinicSIRET); err != nil || len(list) != 0 {
			t.Error(len(list), err)
		}
	})
	t.Run("whoever is not logged in is sent to log in", func(t *testing.T) {
		for path, to := range map[string]string{"/partenaire/demandes": "", "/partenaire/demandes/nouvelle": "?vers=demande", "/partenaire/conventions": ""} {
			if p := visitor.Once(t, "GET", path, nil); p.Status != http.StatusSeeOther || p.Header.Get("Location") != "/partenaire/connexion"+to {
				t.Errorf("%s: %d", path, p.Status)
			}
		}
	})
}

func TestTheFormKeepsEverything(t *testing.T) { // R24 R25
	in := apptest.Start(t, apptest.Options{})
	m := as(t, in, "clinique-direction")
	id := m.open("etablissement_sante")
	at := "/partenaire/demandes/" + id
	t.Run("leave at step 3 with a gap, and resume there", func(t *testing.T) {
		for _, slug := range stepSlugs[:2] {
			m.step(id, slug, answers(prosim.ClinicSIRET, finess)[slug])
		}
		p := m.step(id, "donnees", url.Values{"donnees.destinataires": {"Agents des admissions & accueil\n<b>oui</b>"}, "apres": {"quitter"}})
		if p.Path != at+"?fait=enregistree" || !p.Says("Votre saisie est enregistrée") {
			t.Fatal(p.Path)
		}
		other := as(t, in, "clinique-direction") // another session
		if list := other.Get(t, "/partenaire/demandes"); !strings.Contains(list.Body, at+"/etapes/donnees") {
			t.Error("the list does not lead back to step 3")
		}
		if p := other.Get(t, at+"/etapes/donnees"); !p.Says("Étape 3 sur 6") || !strings.Contains(p.Body, "Agents des admissions &amp; accueil\n&lt;b&gt;oui&lt;/b&gt;") {
			t.Error("what was written is not there")
		}
	})
	for _, c := range []struct {
		name, slug string
		answers    url.Values
		field      string
		says       string
	}{
		{"a SIRET with a wrong digit", "organisation", url.Values{"organisation.siret": {"00000000000035"}}, "organisation.siret", "sa clé doit être juste"},
		{"the SIRET of another organisation", "organisation", url.Values{"organisation.siret": {prosim.HospitalSIRET}}, "organisation.siret", "pas celui de votre organisme"},
		{"a FINESS with a wrong digit", "organisation", url.Values{"organisation.finess": {"120000014"}}, "organisation.finess", "sa clé doit être juste"},
		{"R25 more than 36 months without a reason", "donnees", url.Values{"donnees.conservation_mois": {"37"}}, "", ""},
		{"a number in letters", "donnees", url.Values{"donnees.conservation_mois": {"douze"}}, "donnees.conservation_mois", "nombre entier"},
		{"a date that does not exist", "projet", url.Values{"projet.mise_en_service": {"31/02/2027"}}, "projet.mise_en_service", "date qui existe"},
		{"an address that is not https", "cadre", url.Values{"cadre.adresse": {"http://texte.example"}}, "cadre.adresse", "https://"},
	} {
		t.Run(c.name+" is said, beside its field and on top, and nothing else is lost", func(t *testing.T) {
			full := answers(prosim.ClinicSIRET, finess)[c.slug]
			maps.Copy(full, c.answers)
			p := m.step(id, c.slug, full)
			if c.field == "" {
				if p.Status != 200 {
					t.Error(p.Status)
				}
				return
			}
			if p.Status != 422 || !strings.Contains(p.Body, `href="#`+c.field+`"`) || !strings.Contains(p.Body, `id="`+c.field+`-erreur"`) || !p.Says(c.says) {
				t.Errorf("status %d\n%s", p.Status, p.Text())
			}
			if v := c.answers.Get(c.field); !strings.Contains(p.Body, `value="`+v+`"`) {
				t.Error("what was typed is not shown again")
			}
			if r, err := in.App.Store.Request(t.Context(), id); err != nil || r.Organisation != prosim.ClinicSIRET || r.Form.Organisation.SIRET != prosim.ClinicSIRET {
				t.Error("the request went to another organisation")
			}
		})
	}
	t.Run("R25 every gap leads to its field", func(t *testing.T) {
		p := m.Post(t, at+"/deposer", url.Values{})
		if p.Status != 200 || !p.Says("Habilitation FranceConnect manquante") {
			t.Fatalf("R24 without the authorisation of FranceConnect it goes on: %d", p.Status)
		}
		m.step(id, "connexion", url.Values{"connexion.habilitation": {"FC-12"}})
		p = m.Post(t, at+"/deposer", url.Values{})
		links := regexp.MustCompile(`<li><a href="([^"]*)#([^"]+)">`).FindAllStringSubmatch(p.Body, -1)
		if p.Status != 422 || len(links) < 12 {
			t.Fatalf("status %d, %d links", p.Status, len(links))
		}
		for _, l := range links {
			target := p
			if l[1] != "" {
				target = m.Get(t, html.UnescapeString(l[1]))
			}
			if target.Status != 200 && target != p || !strings.Contains(target.Body, `id="`+l[2]+`"`) {
				t.Errorf("%s#%s is nowhere", l[1], l[2])
			}
		}
		var fields []string
		for _, l := range links {
			fields = append(fields, l[2])
		}
		for _, want := range []string{"donnees.conservation_motif", "connexion.client", "contacts.delegue_protection_donnees.nom", "engagements.modalites", "engagements.delegue_informe"} {
			if !slices.Contains(fields, want) {
				t.Errorf("R25 nothing is said of %s", want)
			}
		}
	})
	t.Run("R24 the page says what to do, and leads back", func(t *testing.T) {
		p := m.Get(t, at+"/habilitation-franceconnect")
		if p.Status != 200 || !p.Says("Demandez une habilitation FranceConnect") || !strings.Contains(p.Body, at+"/etapes/connexion") {
			t.Error(p.Status)
		}
	})
}

func TestAFormSentTwiceAndAFormOvertaken(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	m := as(t, in, "clinique-direction")
	t.Run("opening twice is one request", func(t *testing.T) {
		form := kept(t, m.Get(t, "/partenaire/demandes/nouvelle"), "/partenaire/demandes")
		form.Set("categorie", "etablissement_sante")
		if a, b := m.Post(t, "/partenaire/demandes", form), m.Post(t, "/partenaire/demandes", form); a.Path != b.Path {
			t.Error(a.Path, b.Path)
		}
	})
	id := m.open("etablissement_sante")
	at := "/partenaire/demandes/" + id + "/etapes/projet"
	events := func() int {
		r, err := in.App.Store.Request(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return len(r.Events)
	}
	mine, theirs := kept(t, m.Get(t, at), at), kept(t, m.Get(t, at), at)
	mine.Set("projet.intitule", "Le mien")
	theirs.Set("projet.intitule", "Le leur")
	t.Run("a page that is sent twice is kept once", func(t *testing.T) {
		m.Post(t, at, theirs)
		n := events()
		if p := m.Post(t, at, theirs); p.Status != 200 || events() != n {
			t.Error(p.Status, events()-n)
		}
	})
	t.Run("one that was overtaken says so, and loses nothing", func(t *testing.T) {
		p := m.Post(t, at, mine)
		if p.Status != 409 || !p.Says("Quelqu'un d'autre a modifié") || !strings.Contains(p.Body, `value="Le mien"`) || !p.Says("Enregistré entre-temps : Le leur") {
			t.Fatalf("%d\n%s", p.Status, p.Text())
		}
		again := kept(t, p, at)
		again.Set("projet.intitule", "Le mien")
		if p := m.Post(t, at, again); p.Status != 200 {
			t.Error(p.Status)
		}
		if r, _ := in.App.Store.Request(t.Context(), id); r.Form.Projet.Intitule != "Le mien" {
			t.Error("it is not kept after all")
		}
	})
	t.Run("another page of the same form overtakes nobody", func(t *testing.T) {
		a, b := kept(t, m.Get(t, at), at), "/partenaire/demandes/"+id+"/etapes/cadre"
		m.step(id, "cadre", url.Values{"cadre.nature": {"Un décret"}})
		a.Set("projet.intitule", "Encore")
		if p := m.Post(t, at, a); p.Status != 200 {
			t.Error(p.Status, b)
		}
	})
	t.Run("whoever came to apply is led there once logged in", func(t *testing.T) {
		b := in.Browser()
		if p := b.Get(t, "/partenaire/demandes/nouvelle"); p.Path != "/partenaire/connexion?vers=demande" || !strings.Contains(p.Body, "porte=partenaire&amp;vers=demande") {
			t.Error(p.Path)
		}
		if p := in.LogIn(t, b, "/partenaire&vers=demande", "clinique-direction"); p.Status != 200 || p.Path != "/partenaire/demandes/nouvelle" {
			t.Error(p.Status, p.Path)
		}
		if p := in.LogIn(t, in.Browser(), "/partenaire&vers=ailleurs", "clinique-direction"); p.Path != "/partenaire" {
			t.Error("it leads elsewhere:", p.Path)
		}
	})
	t.Run("submitting twice is once", func(t *testing.T) {
		m.fill(id, prosim.ClinicSIRET)
		at := "/partenaire/demandes/" + id
		form := kept(t, m.Get(t, at+"/verifier"), at+"/deposer")
		form.Set("engagements.modalites", convention.TermsVersion)
		form.Set("engagements.delegue_informe", "oui")
		first := m.Post(t, at+"/deposer", form)
		n := events()
		second := m.Post(t, at+"/deposer", form)
		if first.Path != at+"/deposee" || !first.Says(id) || second.Path != first.Path || events() != n {
			t.Error(first.Path, second.Path, events()-n)
		}
		if p := m.Post(t, at+"/etapes/projet", url.Values{"projet.intitule": {"Trop tard"}}); p.Status != 409 || !p.Says("Le dossier a changé") {
			t.Error(p.Status)
		} else if !p.Says("Revenir au dossier") {
			t.Error("no way back to the request:", p.Text())
		}
		if p := m.Get(t, at+"/etapes/projet"); p.Status != 200 || p.Path != at {
			t.Error("the back button leads to", p.Status, p.Path)
		}
		if p := m.Get(t, "/partenaire"); !p.Says("Suivre la demande "+id) || p.Says("Rien n'a été fait") {
			t.Error("the overview does not tell that it is examined:", p.Text())
		}
		if p := m.Get(t, at+"/deposer"); p.Status != 405 || !p.Says("Revenir à l'espace : Espace partenaire") {
			t.Error("the address of a form, opened:", p.Status, p.Text())
		}
		if p := m.Get(t, "/instruction"); p.Status != 403 || !p.Says("Ouvrir l'espace : Espace partenaire") {
			t.Error("the other space leads nowhere:", p.Status, p.Text())
		}
	})
	t.Run("a message that is sent twice is one", func(t *testing.T) {
		at := "/partenaire/demandes/" + id
		form := kept(t, m.Get(t, at), at+"/message")
		form.Set("texte", "Bonjour,\r\n\r\nUne question.")
		n := events()
		m.Post(t, at+"/message", form)
		if p := m.Post(t, at+"/message", form); p.Status != 200 || events() != n+1 {
			t.Error(p.Status, events()-n)
		}
		if p := m.Post(t, at+"/message", url.Values{"texte": {" "}}); p.Status != 422 {
			t.Error("an empty one", p.Status)
		}
	})
}

func TestDocumentsOfTheForm(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	m := as(t, in, "clinique-direction")
	id := m.open("etablissement_sante")
	at, field := "/partenaire/demandes/"+id+"/etapes/cadre", "cadre.document"
	good := []byte("%PDF-1.7\nUn texte\n%%EOF\n")
	send := func(text, name string, content []byte) *apptest.Page {
		form := kept(t, m.Get(t, at), at)
		form.Set("cadre.nature", text)
		return m.Upload(t, at, apptest.File{Field: field, Name: name, Content: content, With: form})
	}
	for _, c := range []struct {
		name, file, says string
		content          []byte
	}{
		{"a file that is not what it says", "décret.pdf", "n'est pas un PDF", []byte("MZ\x90\x00 un programme")},
		{"a page called .pdf", "page.pdf", "n'est pas un PDF", []byte("<script>alert(1)</script>")},
		{"an empty file", "vide.pdf", "Choisissez un fichier", nil},
		{"just too large", "gros.pdf", "dépasse 10 Mo", append(append([]byte("%PDF-1.7\n"), bytes.Repeat([]byte(" "), habilitation.MaxPiece)...), "%%EOF"...)},
		{"50 MB", "énorme.pdf", "dépasse 10 Mo", append([]byte("%PDF-1.7\n"), bytes.Repeat([]byte(" "), 50<<20)...)},
	} {
		t.Run(c.name+" gets a clear answer, is kept nowhere, and costs no answer of the page", func(t *testing.T) {
			p := send("Décret : "+c.name, c.file, c.content)
			if p.Status != 422 || !p.Says(c.says) || !strings.Contains(p.Body, `id="cadre.document-erreur"`) || !strings.Contains(p.Body, `href="#cadre.document"`) || !p.Says("Décret : "+c.name) {
				t.Errorf("status %d\n%s", p.Status, p.Text())
			}
			if list, err := in.App.Store.Pieces(t.Context(), id); err != nil || len(list) != 0 {
				t.Error(len(list), err)
			}
			if r, err := in.App.Store.Request(t.Context(), id); err != nil || r.Form.Cadre.Nature != "Décret : "+c.name {
				t.Error("the answer is lost", err)
			}
		})
	}
	t.Run("no file at all is no mistake", func(t *testing.T) {
		if p := send("Décret", "", nil); p.Status != 200 || !p.Says("Étape 5 sur 6") {
			t.Errorf("status %d\n%s", p.Status, p.Text())
		}
	})
	for range 2 { // the same form twice is one document
		if p := send("Décret", "../Décret n° 1.pdf", good); p.Status != 200 || !p.Says("Étape 5 sur 6") {
			t.Fatalf("status %d\n%s", p.Status, p.Text())
		}
	}
	if list, err := in.App.Store.Pieces(t.Context(), id); err != nil || len(list) != 1 {
		t.Fatal(len(list), err)
	}
	p := m.Get(t, at)
	if !p.Says("Décret n° 1.pdf") {
		t.Fatal(p.Text())
	}
	piece := regexp.MustCompile(`/partenaire/demandes/` + id + `/pieces/doc_[^"]+`).FindString(p.Body)
	t.Run("it is given back byte for byte, to be kept and never shown", func(t *testing.T) {
		p := m.Get(t, piece)
		if p.Body != string(good) || p.Header.Get("X-Content-Type-Options") != "nosniff" || p.Header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(p.Header.Get("Content-Disposition"), "attachment") || p.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%d %v", p.Status, p.Header)
		}
	})
	t.Run("another organisation finds neither the request nor the document", func(t *testing.T) {
		other := as(t, in, "mutuelle-gestionnaire")
		for _, path := range []string{"", "/verifier", "/etapes/projet", "/deposee", "/habilitation-franceconnect", strings.TrimPrefix(piece, "/partenaire/demandes/"+id)} {
			if p := other.Get(t, "/partenaire/demandes/"+id+path); p.Status != 404 || strings.Contains(p.Body, "PDF") {
				t.Errorf("%s: %d", path, p.Status)
			}
		}
		own := other.open("organisme_complementaire")
		if p := other.Get(t, strings.Replace(piece, id, own, 1)); p.Status != 404 {
			t.Error("through a request of its own", p.Status)
		}
		for _, path := range []string{"/deposer", "/message", "/rouvrir", "/annuler", "/archiver", "/etapes/projet", "/pieces/cadre.document/retirer"} {
			if p := other.Post(t, "/partenaire/demandes/"+id+path, url.Values{"texte": {"x"}}); p.Status != 404 {
				t.Errorf("%s: %d", path, p.Status)
			}
		}
	})
	t.Run("it is taken out again", func(t *testing.T) {
		if p := m.Post(t, "/partenaire/demandes/"+id+"/pieces/"+field+"/retirer", url.Values{}); p.Status != 200 || !p.Says("Le document est retiré") {
			t.Error(p.Status)
		}
	})
	t.Run("a form as large as a document is refused anywhere else", func(t *testing.T) {
		if p := m.Upload(t, "/partenaire/demandes/"+id+"/message", apptest.File{Field: "texte", Name: "x", Content: good[:0:0]}); p.Status != 422 {
			t.Error(p.Status)
		}
		if p := m.Upload(t, "/partenaire/demandes/"+id+"/message", apptest.File{Field: "texte", Name: "x", Content: make([]byte, 1<<20)}); p.Status != 413 {
			t.Error(p.Status)
		}
	})
}

func TestRolesInTheForm(t *testing.T) { // R33
	in := apptest.Start(t, apptest.Options{})
	boss := as(t, in, "hopital-gestionnaire")
	id := boss.open("etablissement_sante")
	reader := as(t, in, "hopital-lecteur") // has no role yet
	team, err := in.App.Store.Team(t.Context(), prosim.HospitalSIRET)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range team {
		if p.Role == "" {
			if err := in.App.Store.SetMemberRole(t.Context(), prosim.HospitalSIRET, p.ID, "lecteur"); err != nil {
				t.Fatal(err)
			}
		}
	}
	at := "/partenaire/demandes/" + id
	t.Run("R33 who reads sees the request, and no way to change it", func(t *testing.T) {
		p := reader.Get(t, at)
		if p.Status != 200 || strings.Contains(p.Body, `action="`+at) || strings.Contains(p.Body, "/etapes/") {
			t.Error(p.Status)
		}
	})
	t.Run("R33 who has not the role is told which one, and which account is in use", func(t *testing.T) {
		for _, path := range []string{"/partenaire/demandes/nouvelle", at + "/etapes/projet", at + "/verifier"} {
			if p := reader.Get(t, path); p.Status != 403 || !p.Says("demandeur") || !p.Says("Yann Corbel") {
				t.Errorf("%s: %d", path, p.Status)
			}
		}
		for _, path := range []string{"/partenaire/demandes", at + "/etapes/projet", at + "/deposer", at + "/message", at + "/archiver"} {
			if p := reader.Post(t, path, url.Values{}); p.Status != 403 {
				t.Errorf("%s: %d", path, p.Status)
			}
		}
		if p := reader.Upload(t, at+"/etapes/cadre", apptest.File{Field: "cadre.document", Name: "a.pdf", Content: []byte("%PDF-1.7\n%%EOF")}); p.Status != 403 {
			t.Error("a document", p.Status)
		}
	})
}

// pemOf is a public key as openssl writes it.
func pemOf(t *testing.T, k ed25519.PublicKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func TestFromTheRequestToTheSignedConvention(t *testing.T) { // R22 R26 R27 R29 R31
	in := apptest.Start(t, apptest.Options{})
	m := as(t, in, "clinique-direction")
	id := m.open("etablissement_sante")
	at := "/partenaire/demandes/" + id
	m.fill(id, prosim.ClinicSIRET)
	if p := m.submit(id); p.Path != at+"/deposee" {
		t.Fatalf("%s\n%s", p.Path, p.Text())
	}
	decide(t, in, id, habilitation.Note, "Note entre agents.")
	decide(t, in, id, habilitation.RequestChanges, "Précisez les destinataires.")
	t.Run("R31 what is asked is told, and marked as new, once", func(t *testing.T) {
		if p := m.Get(t, "/partenaire"); !p.Says("La demande " + id + " est à modifier.") {
			t.Error("no task says so")
		}
		if p := m.Get(t, "/partenaire/demandes"); !p.Says("1 nouveauté") || !p.Says("À modifier") {
			t.Error(p.Text())
		}
		p := m.Get(t, at)
		if !p.Says("Précisez les destinataires.") || !p.Says("nouveau") || p.Says("Note entre agents") {
			t.Error(p.Text())
		}
		if m.Get(t, at).Says("nouveau") || m.Get(t, "/partenaire/demandes").Says("nouveauté") {
			t.Error("R31 it stays new")
		}
	})
	t.Run("R31 the answer is told field by field", func(t *testing.T) {
		m.step(id, "donnees", url.Values{"donnees.blocs": {"identite", "caisse", "exonerations", "exonerations_motif"}, "donnees.destinataires": {"Agents des admissions et du guichet"}, "donnees.conservation_mois": {"12"}})
		if p := m.Get(t, at); !p.Says("Le champ « Destinataires des données » a changé de « Agents des admissions » en « Agents des admissions et du guichet ».") {
			t.Error(p.Text())
		}
	})
	m.submit(id)
	decide(t, in, id, habilitation.Approve, "")
	first, err := in.App.Store.PrepareConvention(t.Context(), id, habilitation.Drafting{Operator: "Gestionnaire d'essai"})
	if err != nil {
		t.Fatal(err)
	}
	page := "/partenaire/conventions/" + first.Document.ID
	t.Run("R26 a reopening leaves what is granted, and is given up", func(t *testing.T) {
		p := m.Post(t, at+"/rouvrir", kept(t, m.Get(t, at), at+"/rouvrir"))
		if !p.Says("continue de valoir") {
			t.Fatal(p.Text())
		}
		m.step(id, "projet", url.Values{"projet.intitule": {"Tout autre"}})
		if r, _ := in.App.Store.Request(t.Context(), id); r.Live() == nil || r.Live().Form.Projet.Intitule != "Préadmission" {
			t.Error("R26 the grant changed")
		}
		p = m.Post(t, at+"/annuler", kept(t, m.Get(t, at), at+"/annuler"))
		if r, _ := in.App.Store.Request(t.Context(), id); r.State != habilitation.Validated || r.Form.Projet.Intitule != "Préadmission" || !p.Says("abandonnée") {
			t.Error(r.State)
		}
	})
	t.Run("R27 the page says what the document says, with its digest", func(t *testing.T) {
		p := m.Get(t, page)
		for _, want := range []string{"Convention " + first.Document.ID, first.Digest, "5 appels par seconde", "500 appels par jour", apptest.ClientHospitalV2 + " (v2)", "Motif de l'exonération", "attendue", "openssl pkeyutl -sign", convention.TermsVersion} {
			if !p.Says(want) {
				t.Errorf("%q is not said", want)
			}
		}
		if !m.Get(t, at).Says("Convention " + first.Document.ID) {
			t.Error("the request does not lead to it")
		}
		if doc := m.Get(t, page+"/document?version=1"); doc.Body != string(first.Canonical) {
			t.Error("R27 the document is not the canonical one")
		}
		if api := m.Get(t, page+"/openapi?version=1"); api.Status != 200 || !strings.Contains(api.Body, first.Digest) || strings.Contains(api.Body, "/arrets-travail") {
			t.Error("the contract is not that of this organisation", api.Status)
		}
	})
	_, secret, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	bytesToSign := m.Get(t, page+"/octets?version=1")
	sign := func(k ed25519.PrivateKey, b string) url.Values {
		return url.Values{"version": {"1"}, "signature": {base64.StdEncoding.EncodeToString(ed25519.Sign(k, []byte(b)))}}
	}
	for name, c := range map[string]struct {
		path string
		form url.Values
		says string
	}{
		"a key that is none":             {"/cle", url.Values{"version": {"1"}, "cle": {"bonjour"}}, "pas une clé publique"},
		"a signature before any key":     {"/signature", sign(secret, bytesToSign.Body), "déposez-la d'abord"},
		"no signature, and no file":      {"/signature", url.Values{"version": {"1"}}, "déposez-la"},
		"the key that stands for a pair": {"/cle", url.Values{"version": {"1"}, "cle": {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"}}, "pas une clé publique"},
	} {
		t.Run("R27 "+name+" is refused in words", func(t *testing.T) {
			if p := m.Post(t, page+c.path, c.form); p.Status != 422 || !p.Says(c.says) {
				t.Errorf("%d\n%s", p.Status, p.Text())
			}
		})
	}
	t.Run("R27 the organisation signs with a key of its own, and the state changes", func(t *testing.T) {
		if p := m.Post(t, page+"/cle", url.Values{"version": {"1"}, "cle": {pemOf(t, secret.Public().(ed25519.PublicKey))}}); p.Status != 200 || !p.Says("La clé publique est déposée") {
			t.Fatal(p.Status, p.Text())
		}
		_, other, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, form := range map[string]url.Values{"of something else": sign(secret, bytesToSign.Body+" "), "by another key": sign(other, bytesToSign.Body), "that is none": {"version": {"1"}, "signature": {"y"}}, "that is not there": {"version": {"1"}}} {
			if p := m.Post(t, page+"/signature", form); p.Status != 422 || !p.Says("n'est pas celle de ce document") {
				t.Errorf("R27 a signature %s answers %d", name, p.Status)
			}
		}
		p := m.Post(t, page+"/signature", sign(secret, bytesToSign.Body))
		if p.Status != 200 || !p.Says("La signature de votre organisme est vérifiée") || !p.Says("Votre organisme a signé") {
			t.Fatal(p.Status, p.Text())
		}
	})
	st := in.App.Store
	if err := st.SignConvention(t.Context(), first.Document.ID, nil); err != nil {
		t.Fatal(err)
	}
	if err := st.SetConventionState(t.Context(), first.Document.ID, convention.Active); err != nil {
		t.Fatalf("R27 both have signed, and it does not come into force: %v", err)
	}
	secretKey := partner.NewSecret(partner.Sandbox)
	if _, err := st.AddKey(t.Context(), first.Document.ID, secretKey, partner.Sandbox, time.Time{}); err != nil {
		t.Fatal(err)
	}
	clinic := apptest.Partner{ID: first.Document.Parties.Partner, Convention: first.Document.ID, Key: secretKey, Client: apptest.ClientHospitalV2, Kind: droits.Etablissement}
	t.Run("R26 R35 what was granted answers its first call, and what was not does not", func(t *testing.T) {
		if a := in.Get(t, "/me", in.As(t, "famille-martin", clinic)); a.Status != 200 {
			t.Errorf("R26 the first call answers %d", a.Status)
		}
		if a := in.Get(t, "/caisse", in.As(t, "famille-martin", clinic), in.NIROf(t, "famille-martin")); a.Status != 200 {
			t.Errorf("a block that was granted answers %d", a.Status)
		}
		if a := in.Get(t, "/medecin-traitant", in.As(t, "famille-martin", clinic), in.NIROf(t, "famille-martin")); a.Status != 403 {
			t.Errorf("R35 a block that was not asked for answers %d", a.Status)
		}
	})
	t.Run("R29 leaving says the last day and the duties before, and is confirmed", func(t *testing.T) {
		last := convention.LeavesOn(first.Document.From)
		p := m.Get(t, page+"/partir")
		day := fmt.Sprintf("%d", last.Day())
		if p.Status != 200 || !p.Says("Dernier jour servi") || !p.Says(day+" ") || !p.Says("Vous détruisez vos clés secrètes") || !p.Says("quinze jours") {
			t.Fatal(p.Text())
		}
		if p := m.Post(t, page+"/partir", url.Values{}); p.Status != 422 {
			t.Error("without the box", p.Status)
		}
		for range 2 {
			if p := m.Post(t, page+"/partir", url.Values{"confirmer": {"oui"}}); p.Status != 200 || !p.Says("départ annoncé") {
				t.Error(p.Status)
			}
		}
		in.Clock.Set(last.AddDays(1).StartAt().Add(-time.Second))
		if c, err := st.ConventionsBySIRET(t.Context(), prosim.ClinicSIRET); err != nil || !c[0].LiveAt(in.Clock.Now()) {
			t.Error("R29 the fifteenth day is not served", err)
		}
		in.Clock.Set(last.AddDays(1).StartAt())
		if c, err := st.ConventionsBySIRET(t.Context(), prosim.ClinicSIRET); err != nil || c[0].LiveAt(in.Clock.Now()) {
			t.Error("R29 the sixteenth is", err)
		}
	})
	t.Run("another organisation finds no convention of this one", func(t *testing.T) {
		other := as(t, in, "mutuelle-gestionnaire")
		for _, path := range []string{"", "/document", "/octets", "/openapi", "/partir"} {
			if p := other.Get(t, page+path); p.Status != 404 {
				t.Errorf("%s: %d", path, p.Status)
			}
		}
		for _, path := range []string{"/cle", "/signature", "/partir"} {
			if p := other.Post(t, page+path, url.Values{"confirmer": {"oui"}}); p.Status != 404 {
				t.Errorf("%s: %d", path, p.Status)
			}
		}
	})
}

func TestTheTermsOnThePages(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	b := in.Browser()
	now, _ := convention.TermsOf(convention.TermsVersion)
	p := b.Get(t, "/cgu")
	for _, want := range []string{"L. 114-8", "gratuit", "préavis de quinze jours", "Les seuls motifs de révocation", "ne jamais vendre", now.SHA256, "en vigueur"} {
		if p.Status != 200 || !strings.Contains(strings.ToLower(p.Text()), strings.ToLower(want)) {
			t.Errorf("%q is not said", want)
		}
	}
	if p := b.Get(t, "/cgu/2027-02"); p.Status != 404 {
		t.Error("a version that nobody announced is shown", p.Status)
	}
	from := convention.LeavesOn(convention.LeavesOn(civil.On(in.Clock.Now())))
	if _, err := in.App.Store.AnnounceTerms(t.Context(), "2027-02", from); err != nil {
		t.Fatal(err)
	}
	if !b.Get(t, "/cgu").Says("Une nouvelle version s'appliquera") || !b.Get(t, "/cgu/2027-02").Says("à venir") {
		t.Error("a version that was announced is not")
	}
	if p := as(t, in, "hopital-gestionnaire").Get(t, "/partenaire"); !p.Says("Les modalités d'utilisation changent le") || !strings.Contains(p.Body, "/cgu/2027-02") {
		t.Error("no task announces it")
	}
	in.Clock.Set(from.StartAt())
	if p := b.Get(t, "/cgu"); !p.Says("Version 2027-02") || !b.Get(t, "/cgu/2026-11").Says("ancienne version") {
		t.Error("it does not hold on its day")
	}
}
