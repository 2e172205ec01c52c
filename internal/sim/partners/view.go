package partners

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

//go:embed templates/*.html static/partners.css
var files embed.FS

// pageNames lists every page template; a test executes each.
var pageNames = []string{"index", "hopital", "mutuelle", "intro_hopital", "intro_mutuelle", "accord", "papier", "journal", "absent",
	"beneficiaire", "recapitulatif", "confirmation", "saisie", "guichet", "dossier", "famille", "simulation", "adhesion"}

// view is what the layout reads. Slug and Name are empty on the pages of
// neither partner.
type view struct {
	Page, Title       string
	Slug, Name, Space string
	Start, Journey    string
	Skip              string // where the skip link leads
	Names             [2]string
	Data              any
}

type pages struct {
	byName  map[string]*template.Template
	cssPath string
	cssBody []byte
}

func loadPages() (*pages, error) {
	body, err := files.ReadFile("static/partners.css")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	p := &pages{byName: map[string]*template.Template{}, cssBody: body, cssPath: "/static/partenaires." + hex.EncodeToString(sum[:6]) + ".css"}
	funcs := template.FuncMap{"css": func() string { return p.cssPath }, "day": day, "hour": hour, "inc": func(i int) int { return i + 1 },
		"join": strings.Join}
	for _, name := range pageNames {
		t, err := template.New(name).Funcs(funcs).Option("missingkey=error").
			ParseFS(files, "templates/layout.html", "templates/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("partners: template %s: %w", name, err)
		}
		p.byName[name] = t
	}
	return p, nil
}

func (p *pages) css(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(p.cssBody)
}

// policyOf allows forms to lead to the FranceConnect of the clients: browsers
// apply form-action to the redirection that follows a POST too.
func policyOf(clients []FCClient) (string, error) {
	action := "'self'"
	for _, c := range clients {
		for _, address := range []string{c.AuthorizeURL, c.LogoutURL} {
			u, err := url.Parse(address)
			if err != nil || address == c.AuthorizeURL && u.Host == "" || strings.ContainsAny(u.Host, " ;,") {
				return "", errors.New("partners: a FranceConnect address is wrong")
			}
			if origin := u.Scheme + "://" + u.Host; u.Host != "" && !strings.Contains(action, origin) {
				action += " " + origin
			}
		}
	}
	return basePolicy + "; form-action " + action, nil
}

const basePolicy = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"

// show renders a page of the application; nothing of it is ever cached.
func (a *app) show(w http.ResponseWriter, status int, v view) {
	v.Slug, v.Name, v.Space, v.Start, v.Journey = a.slug, a.name, a.space, a.start, a.traits.journey
	w.Header().Set("Content-Security-Policy", a.policy)
	a.pages.render(w, status, v)
}

// render writes a whole page, or a plain 500 when its template fails.
func (p *pages) render(w http.ResponseWriter, status int, v view) {
	if v.Skip == "" {
		v.Skip = "contenu"
	}
	h := w.Header()
	if h.Get("Content-Security-Policy") == "" {
		h.Set("Content-Security-Policy", basePolicy+"; form-action 'self'")
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cache-Control", "no-store")
	var buf bytes.Buffer
	t := p.byName[v.Page]
	if t == nil || t.ExecuteTemplate(&buf, "layout", v) != nil {
		http.Error(w, "Erreur inattendue – Erreur 500", http.StatusInternalServerError)
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes())
}
