package partners

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"droits.example/droits/client"
)

// traits is what tells one application from the other.
type traits struct {
	slug, name string
	start      string // where the journey starts
	next       string // where it goes on after the login
	callback   string
	logout     string
	journey    string // its name in sentences, with its article
	space      string // its name in titles
	bring      []string
}

var hospitalTraits = traits{
	slug: "hopital", name: "Hôpital de démonstration", start: "/hopital/preadmission", next: "/hopital/preadmission/beneficiaire",
	callback: HospitalCallback, logout: HospitalLogout, journey: "la préadmission", space: "Préadmission",
	bring: []string{"votre pièce d'identité", "votre carte Vitale ou une attestation de droits", "votre carte de complémentaire santé, si vous en avez une",
		"le nom de votre médecin traitant"},
}

var insurerTraits = traits{
	slug: "mutuelle", name: "Mutuelle de démonstration", start: "/mutuelle/adhesion", next: "/mutuelle/adhesion/famille",
	callback: InsurerCallback, logout: InsurerLogout, journey: "l'adhésion", space: "Adhésion",
	bring: []string{"une pièce d'identité de chaque personne à couvrir", "une attestation de droits de chaque personne à couvrir",
		"la notification de la complémentaire santé solidaire (C2S), si vous en bénéficiez"},
}

// app is one partner's software: what both journeys have in common.
type app struct {
	traits
	partner  Partner
	base     string
	conns    []*connector
	http     *http.Client
	clock    func() time.Time
	log      *slog.Logger
	sessions *sessions
	pages    *pages
	policy   string
}

func newApp(cfg Config, t traits, p Partner, pg *pages) (*app, error) {
	if p.Name != "" {
		t.name = p.Name
	}
	if len(p.Clients) == 0 {
		return nil, errors.New("partners: a partner has no FranceConnect client")
	}
	h := *cfg.HTTP
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	a := &app{traits: t, partner: p, base: cfg.BaseURL, http: &h, clock: cfg.Clock, log: cfg.Logger.With("partner", t.slug), pages: pg,
		sessions: &sessions{byID: map[string]*session{}, clock: cfg.Clock, cookie: "droits-" + t.slug, secure: strings.HasPrefix(cfg.BaseURL, "https:")}}
	for _, c := range p.Clients {
		if c.Profile != v1 && (c.Profile != v2 || c.JWKSURL == "") {
			return nil, errors.New("partners: a FranceConnect client is neither v1 nor a whole v2")
		}
		a.conns = append(a.conns, &connector{FCClient: c, callback: cfg.BaseURL + t.callback, http: &h, clock: cfg.Clock})
	}
	if _, err := client.New(client.Config{BaseURL: p.APIBase, APIKey: p.APIKey, MoiURL: p.MoiURL}); err != nil {
		return nil, err
	}
	var err error
	a.policy, err = policyOf(p.Clients)
	return a, err
}

func (a *app) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /"+a.slug, a.home)
	mux.HandleFunc("GET "+a.start, a.intro)
	mux.HandleFunc("GET "+a.start+"/accord", a.askAgreement)
	mux.HandleFunc("POST "+a.start+"/accord", a.takeAgreement)
	mux.HandleFunc("GET "+a.callback, a.comeBack)
	mux.HandleFunc("GET "+a.start+"/papier", a.paper)
	mux.HandleFunc("GET /"+a.slug+"/journal", a.showJournal)
	mux.HandleFunc("POST /"+a.slug+"/deconnexion", a.leave)
	mux.HandleFunc("/"+a.slug+"/", func(w http.ResponseWriter, r *http.Request) {
		a.show(w, http.StatusNotFound, view{Page: "absent", Title: "Page non trouvée – Erreur 404"})
	})
}

// api is a client that writes into the session's journal.
func (a *app) api(s *session) (*client.Client, error) {
	c := client.Config{BaseURL: a.partner.APIBase, MoiURL: a.partner.MoiURL, APIKey: a.partner.APIKey, HTTP: a.http, Observe: a.observe(s)}
	if s.moi != nil && s.moi.Convention.AgentRequis {
		c.Agent = a.slug + "-en-ligne"
	}
	return client.New(c)
}

func (a *app) home(w http.ResponseWriter, _ *http.Request) {
	a.show(w, http.StatusOK, view{Page: a.slug, Title: a.name})
}

func (a *app) intro(w http.ResponseWriter, _ *http.Request) {
	a.show(w, http.StatusOK, view{Page: "intro_" + a.slug, Title: "Commencer", Data: a.bring})
}

// agreement is the page on which the person's agreement is asked: the wording
// of the convention, word for word, and its blocks.
type agreement struct {
	Text               []string
	NoticeText         []string
	Blocks             []block
	Convention, Notice string
	Version            int
	Buttons            []button
	Error              bool
}

type button struct {
	Index int
	Text  string
}

func (a *app) askAgreement(w http.ResponseWriter, r *http.Request) {
	s := a.sessions.start(w, r)
	s.mu.Lock()
	defer s.mu.Unlock()
	api, err := a.api(s)
	if err != nil {
		a.toPaper(w, r, "panne")
		return
	}
	moi, _, err := api.Moi(r.Context())
	if err != nil {
		a.log.Info("the convention cannot be read", "error", err)
		a.toPaper(w, r, s.refused(err))
		return
	}
	s.moi = &moi
	a.showAgreement(w, http.StatusOK, s, false)
}

func (a *app) showAgreement(w http.ResponseWriter, status int, s *session, missing bool) {
	c := s.moi.Convention
	d := agreement{Blocks: asked(c.Blocs), Convention: c.ID, Version: c.Version, Notice: c.Accord.VersionNotice, Error: missing}
	d.Text, d.NoticeText = paragraphs(c.Accord.Texte), paragraphs(c.Accord.Notice)
	for i, conn := range a.conns {
		text := "S'identifier avec FranceConnect (simulateur)"
		if len(a.conns) > 1 {
			text += ", profil\u00a0" + conn.Profile
		}
		d.Buttons = append(d.Buttons, button{i, text})
	}
	title := "Votre accord"
	if missing {
		title = "Erreur\u00a0: " + title
	}
	a.show(w, status, view{Page: "accord", Title: title, Data: d})
}

func paragraphs(text string) (out []string) {
	for _, p := range strings.Split(text, "\n") {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

func (a *app) takeAgreement(w http.ResponseWriter, r *http.Request) {
	s := a.sessions.of(r)
	if s == nil {
		a.toPaper(w, r, "session")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.moi == nil {
		http.Redirect(w, r, a.start+"/accord", http.StatusSeeOther)
		return
	}
	i, err := strconv.Atoi(r.PostFormValue("client"))
	if err != nil || i < 0 || i >= len(a.conns) {
		i = 0
	}
	s.forget()
	s.agreed = r.PostFormValue("accord") == "oui"
	if !s.agreed {
		a.showAgreement(w, http.StatusUnprocessableEntity, s, true)
		return
	}
	s.login = &login{state: rand.Text() + rand.Text(), nonce: rand.Text() + rand.Text(), via: a.conns[i], at: a.clock()}
	to := a.conns[i].authorize(s.login)
	a.redirect(s, to, "Redirection vers FranceConnect")
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// comeBack receives the person from FranceConnect. Whatever comes, it leads to
// the next page or to the paper route.
func (a *app) comeBack(w http.ResponseWriter, r *http.Request) {
	s := a.sessions.of(r)
	if s == nil {
		a.toPaper(w, r, "session")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.login
	if l == nil && s.family != nil { // the page was reloaded
		http.Redirect(w, r, a.next, http.StatusSeeOther)
		return
	}
	q := r.URL.Query()
	if l == nil || a.clock().Sub(l.at) > loginFor || subtle.ConstantTimeCompare([]byte(l.state), []byte(q.Get("state"))) != 1 {
		a.toPaper(w, r, "session")
		return
	}
	s.login = nil
	switch {
	case q.Get("error") == "access_denied":
		a.toPaper(w, r, "refus")
		return
	case q.Get("error") != "", q.Get("code") == "", l.via.Profile == v2 && q.Get("iss") != l.via.Issuer:
		a.toPaper(w, r, "fc")
		return
	}
	conn := *l.via
	conn.http = a.recording(s)
	got, err := conn.exchange(r.Context(), q.Get("code"), l.nonce)
	if err != nil {
		a.log.Info("the login failed", "error", err)
		a.toPaper(w, r, "fc")
		return
	}
	s.token, s.idToken, s.via = got.access, got.id, l.via
	a.sessions.renew(w, s)
	if err := a.readFamily(r, s); err != nil {
		a.log.Info("nobody could be read", "error", err)
		a.toPaper(w, r, s.refused(err))
		return
	}
	http.Redirect(w, r, a.next, http.StatusSeeOther)
}

// readFamily reads the person, with the beneficiaries when the convention and
// the scopes open them.
func (a *app) readFamily(r *http.Request, s *session) error {
	api, err := a.api(s)
	if err != nil {
		return err
	}
	q := client.Query{Token: s.token}
	if s.moi != nil && slices.Contains(s.moi.Convention.Blocs, "beneficiaires") {
		family, _, err := api.Beneficiaires(r.Context(), q)
		var p *client.Problem
		if err == nil && len(family) > 0 {
			s.family = family
			return nil
		}
		if err != nil && !(errors.As(err, &p) && p.Code == "portee_insuffisante") {
			return err
		}
	}
	me, _, err := api.Me(r.Context(), q)
	if err != nil {
		return err
	}
	s.family = []client.Beneficiaire{me}
	return nil
}

func (a *app) recording(s *session) *http.Client {
	h := *a.http
	next := h.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	h.Transport = recorder{app: a, s: s, next: next}
	return &h
}

// leave ends our session and FranceConnect's.
func (a *app) leave(w http.ResponseWriter, r *http.Request) {
	to := "/" + a.slug
	if s := a.sessions.of(r); s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.via != nil {
			if out := s.via.logout(s.idToken, a.base+a.traits.logout); out != "" {
				to = out
			}
		}
		s.forget()
		s.journal, s.moi = nil, nil
		a.sessions.end(w, s)
	}
	w.Header().Set("Clear-Site-Data", `"cache"`)
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// journey runs f with the session of somebody who is logged in; anybody else
// is told that the session is lost.
func (a *app) journey(f func(http.ResponseWriter, *http.Request, *session)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s := a.sessions.of(r)
		if s == nil {
			a.toPaper(w, r, "session")
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.family) == 0 {
			a.toPaper(w, r, "session")
			return
		}
		f(w, r, s)
	}
}

func (a *app) showJournal(w http.ResponseWriter, r *http.Request) {
	var entries []entry
	if s := a.sessions.of(r); s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		entries = s.journal
	}
	a.show(w, http.StatusOK, view{Page: "journal", Title: "Journal des échanges", Data: entries})
}
