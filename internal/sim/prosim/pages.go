package prosim

import (
	"bytes"
	"embed"
	"net/http"
	"net/url"

	"droits.example/droits/internal/sim/provider"
)

//go:embed templates/*.html
var assets embed.FS

// page is what every template receives.
type page struct {
	Title, CSS, Prefix string
	Session, Client    string
	Missing            bool // nobody was chosen
	Organisations      []Organisation
	Text               string
	origin             string // where its form ends up
}

func (s *Simulator) render(w http.ResponseWriter, status int, name string, p page) {
	p.CSS, p.Prefix = provider.StylePath(s.prefix), s.prefix
	var b bytes.Buffer
	if err := s.tmpl.ExecuteTemplate(&b, name, p); err != nil {
		http.Error(w, "Page indisponible", http.StatusInternalServerError)
		return
	}
	provider.PageHeaders(w.Header(), p.origin)
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

func (s *Simulator) homePage(w http.ResponseWriter, _ *http.Request) {
	s.render(w, http.StatusOK, "accueil.html", page{Title: "Fournisseur d’identité de démonstration"})
}

func (s *Simulator) notFound(w http.ResponseWriter, _ *http.Request) {
	s.render(w, http.StatusNotFound, "erreur.html", page{Title: "Page non trouvée", Text: "Cette adresse n’existe pas ici."})
}

func (s *Simulator) errorPage(w http.ResponseWriter, text string) {
	s.render(w, http.StatusBadRequest, "erreur.html", page{Title: "Connexion impossible", Text: text})
}

const over = "Cette connexion est terminée ou a expiré. Retournez au service et recommencez."

func (s *Simulator) loginPage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	j, ok := s.sessions.Get(s.clock(), provider.DigestOf(r.PathValue("id")))
	s.mu.Unlock()
	if !ok {
		s.errorPage(w, over)
		return
	}
	s.list(w, http.StatusOK, r.PathValue("id"), j)
}

func (s *Simulator) list(w http.ResponseWriter, status int, id string, j *session) {
	p := page{Title: "Choisir un compte fictif", Session: id, Client: j.client.Name, Organisations: s.organisations, origin: provider.OriginOf(j.redirect)}
	if p.Missing = status != http.StatusOK; p.Missing {
		p.Title = "Erreur : choisir un compte fictif"
	}
	s.render(w, status, "comptes.html", p)
}

// choose ends a journey: with a person, or with the refusal of one.
func (s *Simulator) choose(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	form, _ := provider.PostForm(w, r)
	person, known := s.people[form.Get("personne")]
	refuses := form.Get("decision") == "refuser"
	s.mu.Lock()
	now := s.clock()
	j, ok := s.sessions.Get(now, provider.DigestOf(id))
	code := ""
	if ok && (known || refuses) {
		s.sessions.Drop(provider.DigestOf(id)) // only one answer
	}
	if ok && known && !refuses {
		g := &grant{session: j, person: person, methods: []string{"pwd"}, at: now, expiresAt: now.Add(codeTTL)}
		if form.Get("facteur") == "oui" {
			g.methods = []string{"pwd", "otp", "mfa"}
		}
		code = opaque()
		s.codes.Put(now, provider.DigestOf(code), g)
	}
	s.mu.Unlock()
	switch {
	case !ok:
		s.errorPage(w, over)
	case refuses:
		s.comeBack(w, r, j, url.Values{"error": {"access_denied"}, "error_description": {"user authentication aborted"}})
	case !known:
		s.list(w, http.StatusUnprocessableEntity, id, j)
	default:
		s.comeBack(w, r, j, url.Values{"code": {code}})
	}
}
