package web

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed templates
var templates embed.FS

// pageFolders hold one template a page; a test executes each.
var pageFolders = []string{"public", "citizen", "pro", "partenaire", "instruction"}

// link is a text and where it leads; no Href means "here".
type link struct{ Text, Href string }

// page is what one template needs. Space is the part of the site in the title
// pattern "Page – Espace – Service".
type page struct {
	Name, Title, Space, Summary string
	Section                     string // the menu entry to mark
	Crumbs                      []link
	Done                        string // what the person has just done, told once
	Failed                      bool   // the title says so: a form came back
	Private                     bool   // a page of somebody who is logged in
	Data                        any
}

// view is what the layout reads.
type view struct {
	page
	Site shell
	Room *room
}

// room is the layout of a space where somebody is logged in.
type room struct {
	Home string // address of the space
	Who  string // who is logged in
	Menu []link
	Exit string // address that ends the session
}

// shell is the part of the layout that is the same on every page.
type shell struct {
	Name, Baseline, Version string
	Demonstration           bool
	Menu, Footer            []link
}

// trail starts every breadcrumb at home.
func trail(steps ...link) []link { return append([]link{{"Accueil", "/"}}, steps...) }

func loadPages(assets map[string]string) (map[string]*template.Template, error) {
	funcs := template.FuncMap{"asset": func(name string) (string, error) {
		if p, ok := assets[name]; ok {
			return p, nil
		}
		return "", fmt.Errorf("web: no asset %s", name)
	}, "fr": fr, "day": day, "longDay": longDay, "instant": instant, "longInstant": longInstant, "period": period, "monthName": monthName, "count": count,
		"cover": func(title string, lines []coverLine) coverTable { return coverTable{title, lines} }}
	funcs["part"] = func(string, any) (template.HTML, error) { return "", errors.New("web: no parts yet") }
	common, err := template.New("").Funcs(funcs).Option("missingkey=error").ParseFS(templates, "templates/layout.html", "templates/parts/*.html")
	if err != nil {
		return nil, fmt.Errorf("web: templates: %w", err)
	}
	pages := map[string]*template.Template{}
	for _, folder := range pageFolders {
		files, err := fs.Glob(templates, "templates/"+folder+"/*.html")
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			t, err := common.Clone()
			if err == nil {
				t, err = t.Funcs(template.FuncMap{"part": func(name string, data any) (template.HTML, error) {
					var b bytes.Buffer
					err := t.ExecuteTemplate(&b, name, data)
					return template.HTML(b.String()), err // our own templates, which have escaped it
				}}).ParseFS(templates, f)
			}
			if err != nil {
				return nil, fmt.Errorf("web: template %s: %w", f, err)
			}
			name := strings.TrimSuffix(path.Base(f), ".html")
			if pages[name] != nil {
				return nil, fmt.Errorf("web: two templates are called %s", name)
			}
			pages[name] = t
		}
	}
	return pages, nil
}

// shell builds menu and footer out of the pages that exist.
func (s *Site) shell() shell {
	menu := []link{}
	if s.open() {
		menu = append(menu, link{"Espace assuré", spacePath})
	}
	if s.desk != nil {
		menu = append(menu, link{doors[0].name, memberPath})
	}
	menu = append(menu, link{docs, "/documentation"}, link{"Vérifier une preuve", verifyPath})
	footer := append([]link{{"Accueil", "/"}}, menu...)
	footer = append(footer, link{"Demander un accès", eligibilityPath}, link{"Modalités d'utilisation", termsPath}, link{"Erreurs", "/documentation/erreurs"})
	if s.desk != nil && s.desk.Operator != "" {
		footer = append(footer, link{doors[1].name, agentPath})
	}
	if len(s.cfg.Persons) > 0 {
		footer = append(footer, link{"Jeu d'essai", "/documentation/jeu-d-essai"})
	}
	if len(s.cfg.OpenAPIYAML) > 0 {
		footer = append(footer, link{"OpenAPI (YAML)", "/openapi.yaml"})
	}
	if len(s.cfg.OpenAPIJSON) > 0 {
		footer = append(footer, link{"OpenAPI (JSON)", "/openapi.json"})
	}
	if s.cfg.Demonstration {
		footer = append(footer, link{"Composants", storiesPath})
		if s.cfg.Outbox != nil {
			footer = append(footer, link{"Messages", messagesPath})
		}
	}
	return shell{Name: s.cfg.Name, Baseline: s.cfg.Baseline, Version: s.cfg.Version,
		Demonstration: s.cfg.Demonstration, Menu: menu, Footer: footer}
}

// render writes a whole page or, when its template fails, a whole 500: never
// the half of one.
func (s *Site) render(w http.ResponseWriter, r *http.Request, status int, p page) {
	s.renderIn(w, r, status, view{page: p})
}

// renderIn is render within a space.
func (s *Site) renderIn(w http.ResponseWriter, r *http.Request, status int, v view) {
	v.Site = s.shell()
	var buf bytes.Buffer
	if t := s.pages[v.Name]; t == nil || t.ExecuteTemplate(&buf, "layout", v) != nil {
		if v.Name != "failure" {
			s.Error(w, r, http.StatusInternalServerError)
			return
		}
		pageHeaders(w.Header())
		http.Error(w, "Erreur inattendue – Erreur 500", http.StatusInternalServerError)
		return
	}
	if v.Private {
		w.Header().Set("Cache-Control", "no-store")
	}
	pageHeaders(w.Header())
	w.Header().Set("Content-Length", strconv.Itoa(buf.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes())
}
