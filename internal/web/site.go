// Package web makes the pages of the platform; it hides templates, the style
// sheet and the security headers of HTML answers.
//
// Rules of the pages: web.md §1 (look), §2 (wording), §8 (headers).
package web

import (
	"html/template"
	"net/http"
	"path"
	"strings"

	"droits.example/droits/internal/fault"
)

// Config is what the pages show. Every member may be empty.
type Config struct {
	Name          string // of the service; empty means "Droits"
	Baseline      string // under the name
	Version       string // of the program, shown in the footer
	Demonstration bool   // shows the band that says that data are fictitious

	// OpenAPIYAML and OpenAPIJSON are served as they are; empty means 404.
	OpenAPIYAML, OpenAPIJSON []byte
	// BasePath is where the operations answer, for the documentation.
	BasePath string
	Steps    []Step   // the quick start
	Persons  []Person // the test persons
	Pieces   []Piece  // what the demonstration consists of
	// HospitalURL is the sample hospital's address, without a trailing slash.
	HospitalURL string
}

// Step is one step of the quick start. Command is shown as it is.
type Step struct{ Title, Text, Command string }

// Person is one test person: what it is and what each kind of partner gets.
// No number is shown.
type Person struct{ Slug, Name, What, Hospital, Insurer string }

// Piece is one part of the demonstration. Link says whether Href is a page.
type Piece struct {
	Name, What, Href string
	Link             bool
}

// Site is the set of pages. It is immutable and safe for concurrent use.
type Site struct {
	cfg    Config
	pages  map[string]*template.Template
	assets map[string]asset // by served path
	faults []fault.Entry
}

// New parses the templates and hashes the assets. Its error is a defect of
// the embedded files.
func New(cfg Config) (*Site, error) {
	if cfg.Name == "" {
		cfg.Name = "Droits"
	}
	if cfg.Baseline == "" {
		cfg.Baseline = "Partage des droits à l'assurance maladie"
	}
	if cfg.BasePath == "" {
		cfg.BasePath = "/v1/droits/beneficiaires"
	}
	s := &Site{cfg: cfg, faults: fault.Catalogue()}
	names, err := s.loadAssets()
	if err != nil {
		return nil, err
	}
	s.pages, err = loadPages(names)
	return s, err
}

// Handler serves every page and asset. Unknown paths and methods get the
// error pages. It sets the headers of HTML answers and expects the request id
// in the answer's X-Request-Id, where the edge puts it.
func (s *Site) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", s.home)
	mux.HandleFunc("/documentation", s.documentation)
	mux.HandleFunc("/documentation/erreurs", s.errors)
	mux.HandleFunc("/documentation/erreurs/{code}", s.errorCode)
	mux.HandleFunc("/documentation/jeu-d-essai", s.persons)
	mux.HandleFunc("/openapi.yaml", s.document("application/yaml; charset=utf-8", s.cfg.OpenAPIYAML))
	mux.HandleFunc("/openapi.json", s.document("application/json; charset=utf-8", s.cfg.OpenAPIJSON))
	mux.HandleFunc("/robots.txt", s.document("text/plain; charset=utf-8", []byte("User-agent: *\nAllow: /\n")))
	mux.HandleFunc("/favicon.ico", s.favicon)
	mux.HandleFunc("/static/{name}", s.static)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if p := s.page(r.URL.Path); p != "" {
			http.Redirect(w, r, p, http.StatusMovedPermanently)
			return
		}
		s.Error(w, r, http.StatusNotFound)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			s.Error(w, r, http.StatusMethodNotAllowed)
			return
		}
		if r.URL.Path != path.Clean(r.URL.Path) && r.URL.Path != path.Clean(r.URL.Path)+"/" {
			s.Error(w, r, http.StatusNotFound) // the mux would redirect to what it received
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// page is the address of the page that a path with slashes too many at its end
// means, or "". It is always an address of ours, never what was received: a
// redirection leads neither to another host nor to a second 404, and repeats
// nothing.
func (s *Site) page(received string) string {
	p := strings.TrimRight(received, "/")
	if p == received {
		return ""
	}
	for _, known := range []string{"/documentation", "/documentation/erreurs", "/documentation/jeu-d-essai"} {
		if p == known {
			return known
		}
	}
	for _, f := range s.faults {
		if known := "/documentation/erreurs/" + string(f.Code); p == known {
			return known
		}
	}
	return ""
}

// document serves fixed bytes.
func (s *Site) document(media string, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if len(body) == 0 {
			s.Error(w, r, http.StatusNotFound)
			return
		}
		plainHeaders(w.Header())
		w.Header().Set("Content-Type", media)
		w.Header().Set("Cache-Control", "public, max-age=300")
		_, _ = w.Write(body)
	}
}

func (s *Site) home(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusOK, page{
		Name: "home", Title: "Accueil",
		Summary: "Partager les droits à l'assurance maladie avec l'accord de la personne.",
		Data: struct {
			Hospital string
			Pieces   []Piece
		}{s.cfg.HospitalURL, s.cfg.Pieces},
	})
}
