package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
)

//go:embed templates/*.html
var templates embed.FS

// pageNames lists every page template; a test executes each.
var pageNames = []string{"home", "documentation", "errors", "error_code", "persons", "failure"}

// link is a text and where it leads; no Href means "here".
type link struct{ Text, Href string }

// page is what one template needs. Space is the part of the site in the title
// pattern "Page – Espace – Service".
type page struct {
	Name, Title, Space, Summary string
	Section                     string // the menu entry to mark
	Crumbs                      []link
	Data                        any
}

// view is what the layout reads.
type view struct {
	page
	Site shell
}

// shell is the part of the layout that is the same on every page.
type shell struct {
	Name, Baseline, Version string
	Demonstration           bool
	Menu, Footer            []link
}

// noBreak keeps French punctuation with its word, in texts that come as data;
// the templates write their own.
var noBreak = strings.NewReplacer(" ;", "\u00a0;", " : ", "\u00a0: ", " ?", "\u00a0?", " !", "\u00a0!", "« ", "«\u00a0", " »", "\u00a0»")

// trail starts every breadcrumb at home.
func trail(steps ...link) []link { return append([]link{{"Accueil", "/"}}, steps...) }

func loadPages(assets map[string]string) (map[string]*template.Template, error) {
	funcs := template.FuncMap{"asset": func(name string) (string, error) {
		if p, ok := assets[name]; ok {
			return p, nil
		}
		return "", fmt.Errorf("web: no asset %s", name)
	}, "fr": noBreak.Replace}
	pages := make(map[string]*template.Template, len(pageNames))
	for _, name := range pageNames {
		t, err := template.New(name).Funcs(funcs).Option("missingkey=error").
			ParseFS(templates, "templates/layout.html", "templates/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("web: template %s: %w", name, err)
		}
		pages[name] = t
	}
	return pages, nil
}

// shell builds menu and footer out of the pages that exist.
func (s *Site) shell() shell {
	menu := []link{{docs, "/documentation"}, {"Erreurs", "/documentation/erreurs"}}
	if len(s.cfg.Persons) > 0 {
		menu = append(menu, link{"Jeu d'essai", "/documentation/jeu-d-essai"})
	}
	footer := append([]link{{"Accueil", "/"}}, menu...)
	if len(s.cfg.OpenAPIYAML) > 0 {
		footer = append(footer, link{"OpenAPI (YAML)", "/openapi.yaml"})
	}
	if len(s.cfg.OpenAPIJSON) > 0 {
		footer = append(footer, link{"OpenAPI (JSON)", "/openapi.json"})
	}
	return shell{Name: s.cfg.Name, Baseline: s.cfg.Baseline, Version: s.cfg.Version,
		Demonstration: s.cfg.Demonstration, Menu: menu, Footer: footer}
}

// render writes a whole page or, when its template fails, a whole 500: never
// the half of one.
func (s *Site) render(w http.ResponseWriter, r *http.Request, status int, p page) {
	var buf bytes.Buffer
	if err := s.pages[p.Name].ExecuteTemplate(&buf, "layout", view{p, s.shell()}); err != nil {
		if p.Name != "failure" {
			s.Error(w, r, http.StatusInternalServerError)
			return
		}
		pageHeaders(w.Header())
		http.Error(w, "Erreur inattendue – Erreur 500", http.StatusInternalServerError)
		return
	}
	pageHeaders(w.Header())
	w.Header().Set("Content-Length", strconv.Itoa(buf.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes())
}
