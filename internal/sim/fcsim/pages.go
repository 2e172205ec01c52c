package fcsim

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/sim/provider"
)

//go:embed templates/*.html
var assets embed.FS

// maxShown bounds the people listed on one page; searching finds the others.
const maxShown = 400

func newPages() (*template.Template, error) {
	return template.New("").Funcs(template.FuncMap{"jour": frenchDate}).ParseFS(assets, "templates/*.html")
}

func (s *Simulator) routes() (http.Handler, error) {
	p, err := newPages()
	if err != nil {
		return nil, err
	}
	s.pages = p
	mux := http.NewServeMux()
	v1, v2 := identity.V1, identity.V2
	mux.HandleFunc("GET /api/v1/authorize", s.authorize(v1))
	mux.HandleFunc("POST /api/v1/token", s.token(v1))
	mux.HandleFunc("GET /api/v1/userinfo", s.userinfo(v1))
	mux.HandleFunc("POST /api/v1/checktoken", s.breakable(true, s.checkV1))
	mux.HandleFunc("GET /api/v1/logout", s.logout(v1))
	mux.HandleFunc("GET /api/v2/authorize", s.authorize(v2))
	mux.HandleFunc("POST /api/v2/authorize", s.authorize(v2))
	mux.HandleFunc("POST /api/v2/token", s.token(v2))
	mux.HandleFunc("GET /api/v2/userinfo", s.userinfo(v2))
	mux.HandleFunc("POST /api/v2/checktoken", s.breakable(true, s.checkV2))
	mux.HandleFunc("GET /api/v2/jwks", s.breakable(false, s.jwks))
	mux.HandleFunc("GET /api/v2/.well-known/openid-configuration", s.discovery)
	mux.HandleFunc("GET /api/v2/session/end", s.logout(v2))
	mux.HandleFunc("POST /api/v2/token/revocation", s.revoke)
	mux.HandleFunc("GET /js/franceconnect.js", emptyScript)
	mux.HandleFunc("GET "+provider.StylePath(""), provider.ServeStyle)
	mux.HandleFunc("GET /{$}", s.homePage)
	mux.HandleFunc("GET /fc/{id}", s.identityPage)
	mux.HandleFunc("POST /fc/{id}/identite", s.chooseIdentity)
	mux.HandleFunc("GET /fc/{id}/consentement", s.consentPage)
	mux.HandleFunc("POST /fc/{id}/consentement", s.decide)
	mux.HandleFunc("/", s.notFound)
	return mux, nil
}

func emptyScript(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
}

// page is what every template receives.
type page struct {
	Title, CSS string
	Session    string // identifier in the address
	Client     string
	Data       any
}

// render writes a page. origin, if any, is where its forms may end up: a
// browser applies form-action to the redirect that follows a form too.
func (s *Simulator) render(w http.ResponseWriter, status int, name, origin string, p page) {
	p.CSS = provider.StylePath("")
	var b bytes.Buffer
	if err := s.pages.ExecuteTemplate(&b, name, p); err != nil {
		s.log.Error("page", "name", name, "outcome", "template")
		http.Error(w, "Page indisponible", http.StatusInternalServerError)
		return
	}
	provider.PageHeaders(w.Header(), origin)
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

func (s *Simulator) homePage(w http.ResponseWriter, _ *http.Request) {
	s.render(w, http.StatusOK, "accueil.html", "", page{Title: "Simulateur d’identité"})
}

func (s *Simulator) notFound(w http.ResponseWriter, _ *http.Request) {
	s.render(w, http.StatusNotFound, "erreur.html", "", page{
		Title: "Page non trouvée", Data: map[string]string{"Texte": "Cette adresse n’existe pas dans le simulateur.", "Code": "404"},
	})
}

func (s *Simulator) errorPage(w http.ResponseWriter, code, text string) {
	s.render(w, http.StatusBadRequest, "erreur.html", "", page{
		Title: "Connexion impossible", Data: map[string]string{"Texte": text, "Code": code},
	})
}

// journey finds the session of the address, or answers.
func (s *Simulator) journey(w http.ResponseWriter, r *http.Request) (session, bool) {
	j, ok := s.state.session(s.clock(), r.PathValue("id"))
	if !ok {
		s.errorPage(w, codeSession, "Cette connexion est terminée ou a expiré. Retournez au service et recommencez.")
	}
	return j, ok
}

type group struct {
	Label  string
	People []*Person
}

func (s *Simulator) identityPage(w http.ResponseWriter, r *http.Request) {
	j, ok := s.journey(w, r)
	if !ok {
		return
	}
	q := strings.TrimSpace(r.URL.Query().Get("q"))
	if runes := []rune(q); len(runes) > 100 {
		q = string(runes[:100])
	}
	named := s.people.search(s.people.named, q)
	others := s.people.search(s.people.others, q)
	total := len(named) + len(others)
	named = named[:min(len(named), maxShown)]
	others = others[:min(len(others), maxShown-len(named))]
	s.render(w, http.StatusOK, "identite.html", provider.OriginOf(j.redirectURI), page{
		Title: "Choisir une identité fictive", Session: r.PathValue("id"), Client: j.client.Name,
		Data: map[string]any{
			"Q": q, "Named": named, "Groups": byInitial(others), "Open": q != "",
			"Total": total, "Shown": len(named) + len(others),
		},
	})
}

// byInitial groups people already sorted by name.
func byInitial(people []*Person) []group {
	var out []group
	for _, p := range people {
		label := "#"
		for _, r := range fold(p.Pivot.FamilyName) {
			label = strings.ToUpper(string(r))
			break
		}
		if len(out) == 0 || out[len(out)-1].Label != label {
			out = append(out, group{Label: label})
		}
		g := &out[len(out)-1]
		g.People = append(g.People, p)
	}
	return out
}

func (s *Simulator) chooseIdentity(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if _, ok := s.journey(w, r); !ok {
		return
	}
	form, _ := provider.PostForm(w, r)
	if form.Get("decision") == "refuser" {
		s.refuse(w, r)
		return
	}
	person := s.people.bySlug[form.Get("personne")]
	if person == nil || !s.state.choose(s.clock(), id, person) {
		http.Redirect(w, r, "/fc/"+id, http.StatusSeeOther)
		return
	}
	http.Redirect(w, r, "/fc/"+id+"/consentement", http.StatusSeeOther)
}

func (s *Simulator) consentPage(w http.ResponseWriter, r *http.Request) {
	j, ok := s.journey(w, r)
	if !ok {
		return
	}
	if j.person == nil {
		http.Redirect(w, r, "/fc/"+r.PathValue("id"), http.StatusSeeOther)
		return
	}
	s.renderConsent(w, r, j, false)
}

func (s *Simulator) renderConsent(w http.ResponseWriter, r *http.Request, j session, unticked bool) {
	status, title := http.StatusOK, "Données transmises"
	if unticked {
		status, title = http.StatusUnprocessableEntity, "Erreur : données transmises"
	}
	s.render(w, status, "consentement.html", provider.OriginOf(j.redirectURI), page{
		Title: title, Session: r.PathValue("id"), Client: j.client.Name,
		Data: map[string]any{
			"Person": j.person, "Sources": s.sources(j.scopes),
			"Tick": consentRequired(j), "Unticked": unticked,
		},
	})
}

// consentRequired: a private service must have a box ticked as soon as it asks
// for more than openid; all others inform (franceconnect.md §7).
func consentRequired(j session) bool { return j.client.Private && len(j.scopes) > 1 }

// source is a provider and what it would give.
type source struct {
	Title  string
	Labels []string
}

// sources groups what the scopes open by provider, in a fixed order.
func (s *Simulator) sources(scopes []string) []source {
	state := source{Title: "Répertoire d’état civil simulé"}
	for _, sc := range scopes {
		for _, c := range identityScopes[sc] {
			if l := claimLabels[c]; l != "" && !slices.Contains(state.Labels, l) {
				state.Labels = append(state.Labels, l)
			}
		}
	}
	out := []source{state}
	for _, sc := range scopes {
		if _, ok := identityScopes[sc]; ok {
			continue
		}
		title, label := s.providerOf(sc), scopeLabel(sc)
		i := slices.IndexFunc(out, func(x source) bool { return x.Title == title })
		if i < 0 {
			i, out = len(out), append(out, source{Title: title})
		}
		out[i].Labels = append(out[i].Labels, label)
	}
	return slices.DeleteFunc(out, func(x source) bool { return len(x.Labels) == 0 })
}

func (s *Simulator) providerOf(scope string) string {
	title := ""
	for _, p := range s.providers { // the smallest title wins, so that the page is always the same
		if slices.Contains(p.Scopes, scope) && (title == "" || p.Title < title) {
			title = p.Title
		}
	}
	if title == "" {
		return "Caisse nationale de l’assurance maladie (simulée)"
	}
	return title
}

func scopeLabel(scope string) string {
	for _, l := range cnamLabels {
		if l.scope == scope {
			return l.label
		}
	}
	return scope
}

func (s *Simulator) decide(w http.ResponseWriter, r *http.Request) {
	j, ok := s.journey(w, r)
	if !ok {
		return
	}
	form, _ := provider.PostForm(w, r)
	switch {
	case form.Get("decision") == "refuser":
		s.refuse(w, r)
	case j.person == nil:
		http.Redirect(w, r, "/fc/"+r.PathValue("id"), http.StatusSeeOther)
	case consentRequired(j) && form.Get("accord") != "oui":
		s.renderConsent(w, r, j, true)
	default:
		s.accept(w, r)
	}
}

func (s *Simulator) accept(w http.ResponseWriter, r *http.Request) {
	now := s.clock()
	j, ok := s.state.finish(now, r.PathValue("id"))
	if !ok || j.person == nil { // somebody else was quicker
		s.errorPage(w, codeSession, "Cette connexion est terminée ou a expiré. Retournez au service et recommencez.")
		return
	}
	c := s.state.addCode(now, &grant{
		client: j.client, person: j.person, scopes: j.scopes, acr: j.acr, nonce: j.nonce,
		redirectURI: j.redirectURI, wantsAMR: j.wantsAMR, authAt: now,
	})
	s.event(r.Context(), "consent", j.client, "ok")
	s.callback(w, r, &j, url.Values{"code": {c}})
}

func (s *Simulator) refuse(w http.ResponseWriter, r *http.Request) {
	j, ok := s.state.finish(s.clock(), r.PathValue("id"))
	if !ok {
		s.errorPage(w, codeSession, "Cette connexion est terminée ou a expiré. Retournez au service et recommencez.")
		return
	}
	s.event(r.Context(), "consent", j.client, "access_denied")
	s.callback(w, r, &j, url.Values{"error": {"access_denied"}, "error_description": {"user authentication aborted"}})
}

// frenchDate writes 1985-03-14 as 14/03/1985; an incomplete date keeps its
// known parts.
func frenchDate(iso string) string {
	parts := strings.Split(iso, "-")
	slices.Reverse(parts)
	parts = slices.DeleteFunc(parts, func(p string) bool { return p == "00" })
	return strings.Join(parts, "/")
}
