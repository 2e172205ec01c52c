package app_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/app"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/habilitation"
	"droits.example/droits/internal/sim/prosim"
)

// What professionals write: found again on their own pages and sealed in the
// store, and nowhere else.
const (
	markedGuest    = "zzcanariequipe@hopital.example"
	markedRequest  = "ZZCANARIDEMANDEZZ"
	markedContact  = "zzcanaricontact@hopital.example"
	markedPhone    = "0199123987"
	markedPiece    = "ZZCANARIPIECEZZ"
	markedMotive   = "ZZCANARIMOTIFZZ"
	markedNote     = "ZZCANARINOTEZZ"
	markedSupport  = "ZZCANARISUPPORTZZ"
	markedIncident = "ZZCANARIINCIDENTZZ"
)

// professionals gathers members and agents of the simulated provider, and what
// they write.
func professionals(t *testing.T) *secrets {
	t.Helper()
	s := &secrets{words: map[string]string{}}
	for _, o := range prosim.Sample() {
		for _, p := range o.People {
			s.add("the name of "+p.Slug, p.Name)
			s.add("the address of "+p.Slug, p.Mail)
		}
	}
	for _, w := range []string{markedGuest, markedRequest, markedContact, markedPhone, markedPiece, markedMotive, markedNote, markedSupport, markedIncident} {
		s.add("what was written as "+w[:10], w)
	}
	if len(s.words) < 25 {
		t.Fatalf("only %d words", len(s.words))
	}
	return s
}

// markedForm is a request whose every free text is marked.
func markedForm() *habilitation.Form {
	c := habilitation.Contact{Nom: markedRequest, Fonction: markedRequest, Courriel: markedContact, Telephone: markedPhone}
	return &habilitation.Form{
		Organisation: habilitation.Organisation{Kind: droits.Etablissement, Nom: "Hôpital d'essai", SIRET: prosim.HospitalSIRET, FINESS: "120000013"},
		Projet:       habilitation.Projet{Intitule: markedRequest, Description: markedRequest, Purpose: "preadmission"},
		Donnees:      habilitation.Donnees{Blocs: []droits.Bloc{droits.BlocIdentite}, Destinataires: markedRequest, Months: 48, Why: markedRequest},
		Cadre:        habilitation.Cadre{Nature: markedRequest, Adresse: "https://texte.example/"},
		Connexion:    habilitation.Connexion{Habilitation: "FC-12", Client: "client-12", Profile: "v2"},
		Contacts:     habilitation.Contacts{Responsable: c, DPO: c, Technique: c},
		Volumes:      habilitation.Volumes{PerDay: 100, PerSecond: 5},
		Engagements:  habilitation.Engagements{Terms: "2026-11", DPOInformed: true},
	}
}

// walk is what a professional did: what was seen of addresses and headers, and
// the bodies of refusals.
type walk struct{ seen, refused strings.Builder }

func (w *walk) note(p *apptest.Page) *apptest.Page {
	p.Header.Del("Content-Disposition") // the name of a file that its own side downloads
	fmt.Fprintln(&w.seen, p.Path, p.Header, hrefs.FindAllString(p.Body, -1))
	if p.Status >= 400 && p.Status != http.StatusUnprocessableEntity { // 422 is the form, with what was typed
		fmt.Fprintln(&w.refused, p.Header, p.Body)
	}
	return p
}

// pages opens every link of a space, from its home on.
func (w *walk) pages(t *testing.T, b *apptest.Browser, home string) {
	t.Helper()
	queue, visited := []string{home}, map[string]bool{}
	for len(queue) > 0 && len(visited) < 80 {
		path := queue[0]
		queue = queue[1:]
		if visited[path] {
			continue
		}
		visited[path] = true
		p := w.note(b.Get(t, path))
		for _, m := range hrefs.FindAllStringSubmatch(p.Body, -1) {
			if strings.HasPrefix(m[0], "href") && strings.HasPrefix(m[1], home) {
				queue = append(queue, strings.ReplaceAll(m[1], "&amp;", "&"))
			}
		}
	}
	if len(visited) < 5 {
		t.Errorf("only %d pages below %s", len(visited), home)
	}
}

// member does what a marked member does: team, request, question, incident.
func (w *walk) member(t *testing.T, in *apptest.Instance, b *apptest.Browser) (request string) {
	t.Helper()
	w.note(b.Post(t, "/partenaire/equipe", url.Values{"courriel": {markedGuest}, "role": {string(account.Lecteur)}}))
	s := in.App.Store
	team, err := s.Team(t.Context(), prosim.HospitalSIRET)
	if err != nil || len(team) < 2 {
		t.Fatalf("%d in the team, %v", len(team), err)
	}
	r, err := s.OpenRequest(t.Context(), habilitation.Doing{Role: habilitation.Demandeur, Author: team[0].ID, Form: markedForm()})
	if err == nil {
		_, err = s.AttachPiece(t.Context(), habilitation.Piece{Request: r.ID, Field: "cadre.document", Name: markedPiece + ".pdf"}, []byte("%PDF-1.4\n"+markedPiece+"\n%%EOF\n"), habilitation.Doing{Role: habilitation.Demandeur, Author: team[0].ID})
	}
	if err == nil {
		_, err = s.ActOnRequest(t.Context(), r.ID, habilitation.Doing{Act: habilitation.Submit, Role: habilitation.Demandeur, Author: team[0].ID})
	}
	if err != nil {
		t.Fatal(err)
	}
	p := w.note(b.Post(t, "/partenaire/support/nouveau", url.Values{"objet": {markedSupport}, "texte": {markedSupport}, "demande": {"req-1"}, "une_fois": {"question"}}))
	if !p.Says(markedSupport) {
		t.Fatalf("no question: %d", p.Status)
	}
	p = w.note(b.Post(t, "/partenaire/incident", url.Values{"objet": {markedIncident}, "texte": {markedIncident}, "personnes": {markedIncident}, "connu": {in.Clock.Now().Add(-2e9).Format("2006-01-02T15:04")}, "une_fois": {"incident"}}))
	if !p.Says(markedIncident) {
		t.Fatalf("no incident: %d", p.Status)
	}
	for path, form := range map[string]url.Values{
		"/partenaire/support/" + markedSupport:                     {"texte": {markedSupport}},
		"/partenaire/support/nouveau":                              {"objet": {""}, "texte": {markedSupport}},
		"/partenaire/incident":                                     {"objet": {markedIncident}, "connu": {markedIncident}},
		"/partenaire/delegations":                                  {"convention": {markedRequest}, "editeur": {markedRequest}},
		"/partenaire/cles":                                         {"convention": {markedRequest}},
		"/partenaire/equipe":                                       {"courriel": {"pas une adresse " + markedGuest}, "role": {markedRequest}},
		"/partenaire/equipe/" + markedGuest + "/role":              {"role": {markedRequest}},
		"/partenaire/demandes/" + markedRequest:                    {"texte": {markedRequest}},
		"/partenaire/cles/" + in.Hospital.KeyID + "/certificat":    {"certificat": {markedPiece}},
		"/partenaire/notifications":                                {"adresse": {markedRequest}},
		"/partenaire/conventions/" + markedRequest + "/signer":     {"cle": {markedRequest}},
		"/partenaire/conventions/" + markedRequest + "/partir":     {"texte": {markedRequest}},
		"/partenaire/securite/second-facteur":                      {"code": {markedRequest}},
		"/partenaire/delegations/x/" + markedRequest + "/terminer": {},
	} {
		w.note(b.Once(t, http.MethodPost, path, form))
	}
	return r.ID
}

// agents read, note, write and refuse, and answer a question.
func (w *walk) agents(t *testing.T, b *apptest.Browser, request string) {
	t.Helper()
	at := "/instruction/demandes/" + request
	if p := w.note(b.Get(t, at)); !p.Says(markedRequest) {
		t.Fatalf("the agent does not read the request: %d", p.Status)
	}
	w.note(b.Post(t, at+"/note", url.Values{"note": {markedNote}}))
	w.note(b.Post(t, at+"/message", url.Values{"texte": {markedMotive}}))
	edition := regexp.MustCompile(`name="edition" value="(\d+)"`).FindStringSubmatch(w.note(b.Get(t, at+"/modifications")).Body)
	if edition == nil {
		t.Fatal("no page before a decision")
	}
	if p := w.note(b.Post(t, at+"/modifications", url.Values{"motif": {markedMotive}, "edition": edition[1:]})); p.Status != 200 {
		t.Fatalf("no decision: %d", p.Status)
	}
	if p := b.Post(t, at+"/refuser", url.Values{"motif": {markedMotive}, "edition": {"1"}}); p.Status != 409 { // overtaken: the file itself, to read again
		t.Errorf("a decision that was overtaken answers %d", p.Status)
	}
	for _, m := range regexp.MustCompile(`/instruction/support/[SV]-\d+-\d+`).FindAllString(b.Get(t, "/instruction/support").Body, 4) {
		w.note(b.Post(t, m, url.Values{"texte": {markedSupport}}))
	}
	for _, path := range []string{"/instruction/demandes?q=" + markedRequest, "/instruction/demandes/" + markedRequest, "/instruction/conventions/" + markedRequest, "/instruction/partenaires/" + markedRequest, "/instruction/support/" + markedSupport} {
		if p := b.Get(t, path); strings.Contains(p.Body, markedSupport) || strings.Contains(p.Body, markedRequest) && p.Status >= 400 && p.Status != http.StatusUnprocessableEntity {
			t.Errorf("R10 %d of %s repeats what it received", p.Status, path)
		}
	}
}

// Marked members and agents go through everything that they can do; nothing of
// them is anywhere but on their pages.
func TestCanaryOfProfessionals(t *testing.T) { // R10
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	in := apptest.Start(t, apptest.Options{Edit: func(c *app.Config) { c.Administration.Open = true }})
	s := professionals(t)
	var w walk
	boss, examiner := in.Staff(t, "hopital-gestionnaire"), in.Staff(t, "agent-instructrice")
	request := w.member(t, in, boss)
	w.agents(t, examiner, request)
	for _, x := range []struct{ slug, home string }{{"", "/partenaire"}, {"agent-instructrice", "/instruction"}, {"agent-exploitant", "/instruction"}, {"agent-responsable", "/instruction/conventions"}} {
		b := boss
		if x.slug != "" {
			b = in.Staff(t, x.slug)
		}
		if x.slug != "agent-responsable" {
			w.pages(t, b, x.home)
		}
		for name, v := range b.Cookies {
			fmt.Fprintln(&w.seen, name, v)
		}
	}
	for range 5 {
		if _, err := in.App.Worker.Pass(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	// What was asked with a mark in its address is the test's own doing.
	seen := w.seen.String()
	for _, mark := range []string{markedSupport, markedRequest, markedGuest} {
		seen = regexp.MustCompile(`(?m)^/partenaire/\S*`+mark+`\S*`).ReplaceAllString(seen, "")
	}
	t.Run("R10 nothing of professionals in addresses, redirections and cookies", func(t *testing.T) {
		if len(seen) < 5000 {
			t.Fatalf("%d bytes", len(seen))
		}
		s.clean(t, "an address or a header", []byte(seen))
	})
	t.Run("R10 a refusal names nobody but who is logged in, and repeats nothing", func(t *testing.T) {
		own := strings.NewReplacer("Vasseur", "", "Lucie Morvan", "", "Morvan", "", "Victor Salles", "").Replace(w.refused.String())
		s.clean(t, "a refusal", []byte(own))
	})
	t.Run("R10 nothing of professionals in the log at debug level", func(t *testing.T) {
		if n := strings.Count(in.Logs.String(), "\n"); n < 100 {
			t.Fatalf("only %d lines", n)
		}
		s.clean(t, "the log", []byte(in.Logs.String()))
	})
	t.Run("R10 nothing of professionals in the metrics", func(t *testing.T) {
		_, body := in.Inside(t, "/metrics")
		s.clean(t, "the metrics", []byte(body))
	})
	t.Run("R10 the trail tells acts by references, and no text", func(t *testing.T) {
		acts := 0
		for _, e := range in.Entries(t, 0) {
			acts++
			for _, part := range e.Parts {
				s.clean(t, "an event", []byte(part))
			}
		}
		if acts < 10 {
			t.Errorf("only %d events", acts)
		}
	})
	t.Run("R10 T5 nothing of professionals in clear in the data directory", func(t *testing.T) { s.cleanFolder(t, in.Dir) })
	t.Run("R10 nothing of professionals in temporary files", func(t *testing.T) { s.cleanFolder(t, temp) })
}
