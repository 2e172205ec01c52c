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
	// Origin is our own, for browsers that only tell the origin of a form.
	Origin string
	// Contact is an address to write to, for whoever may not ask for an access.
	Contact string
	// TrailKeys check proofs; nil leaves them unchecked. KeysPath is where
	// everybody reads the same keys.
	TrailKeys TrailKeys
	KeysPath  string
	// Outbox is what the demonstration would send; it is shown nowhere else.
	Outbox Outbox
	// Space is the citizen space; nil leaves it closed.
	Space *Space
	// Desk is the spaces of partners and agents; nil leaves them closed.
	Desk *Desk
}

// MaxForm is the size of a form that the pages read; larger is refused.
const MaxForm = 64 << 10

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
	own    *http.CrossOriginProtection
	space  *space // nil where it is closed
	desk   *desk  // nil where it is closed
	button string // served path of FranceConnect's own button, "" for a plain one
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
	s := &Site{cfg: cfg, faults: fault.Catalogue(), own: http.NewCrossOriginProtection()}
	if cfg.Origin != "" {
		if err := s.own.AddTrustedOrigin(cfg.Origin); err != nil {
			return nil, err
		}
	}
	if cfg.Space != nil {
		s.space = newSpace(s, *cfg.Space)
	}
	if cfg.Desk != nil {
		s.desk = newDesk(s, *cfg.Desk)
	}
	names, err := s.loadAssets()
	if err != nil {
		return nil, err
	}
	s.pages, err = loadPages(names)
	return s, err
}

func (s *Site) open() bool { return s.space != nil }

// Handler serves every page and asset. Unknown paths and methods get the
// error pages; a form sent by another site is refused. It sets the headers of
// HTML answers and expects the request id in the answer's X-Request-Id, where
// the edge puts it.
func (s *Site) Handler() http.Handler {
	mux := s.routes()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		plainHeaders(w.Header()) // redirections too
		if r.URL.Path != path.Clean(r.URL.Path) && r.URL.Path != path.Clean(r.URL.Path)+"/" {
			s.Error(w, r, http.StatusNotFound) // the mux would redirect to what it received
			return
		}
		h, known := mux.Handler(r)
		switch {
		case known == "":
			s.unrouted(w, r, h)
		case s.own.Check(r) != nil:
			s.foreign(w, r)
		case r.ContentLength > bodyLimit(known):
			s.Error(w, r, http.StatusRequestEntityTooLarge)
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

func (s *Site) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("GET /documentation", s.documentation)
	mux.HandleFunc("GET /documentation/erreurs", s.errors)
	mux.HandleFunc("GET /documentation/erreurs/{code}", s.errorCode)
	mux.HandleFunc("GET /documentation/jeu-d-essai", s.persons)
	mux.HandleFunc("GET "+eligibilityPath, s.eligibility)
	mux.HandleFunc("GET "+termsPath, s.terms)
	mux.HandleFunc("GET "+termsPath+"/{version}", s.terms)
	mux.HandleFunc("GET /openapi.yaml", s.document("application/yaml; charset=utf-8", s.cfg.OpenAPIYAML))
	mux.HandleFunc("GET /openapi.json", s.document("application/json; charset=utf-8", s.cfg.OpenAPIJSON))
	mux.HandleFunc("GET /robots.txt", s.document("text/plain; charset=utf-8", []byte("User-agent: *\nDisallow: /mon-espace\nDisallow: /partenaire\nDisallow: /instruction\nDisallow: /connexion\nAllow: /\n")))
	mux.HandleFunc("GET /favicon.ico", s.favicon)
	mux.HandleFunc("GET /static/{name}", s.static)
	mux.HandleFunc("GET "+verifyPath, s.verifyPage)
	mux.HandleFunc("POST "+verifyPath, s.verify)
	if s.cfg.Demonstration {
		mux.HandleFunc("GET "+storiesPath, s.stories)
		mux.HandleFunc("GET "+storiesPath+"/{name}", s.story)
		if s.cfg.Outbox != nil {
			mux.HandleFunc("GET "+messagesPath, s.messages)
		}
	}
	if s.open() {
		s.space.routes(mux)
	} else {
		mux.HandleFunc("GET "+spacePath, s.closed)
		mux.HandleFunc("GET "+spacePath+"/", s.closed)
	}
	if s.desk != nil {
		s.desk.routes(mux)
	}
	return mux
}

// unrouted answers what no route takes: the page meant by a path with slashes
// too many, a method that the page has not, or nothing.
func (s *Site) unrouted(w http.ResponseWriter, r *http.Request, h http.Handler) {
	if p := s.page(r.URL.Path); p != "" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		http.Redirect(w, r, p, http.StatusMovedPermanently)
		return
	}
	said := heard{header: http.Header{}}
	h.ServeHTTP(&said, r)
	if said.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", said.header.Get("Allow"))
		s.Error(w, r, http.StatusMethodNotAllowed)
		return
	}
	s.Error(w, r, http.StatusNotFound)
}

// heard keeps what the mux would say, and says nothing.
type heard struct {
	header http.Header
	status int
}

// Header implements http.ResponseWriter.
func (h *heard) Header() http.Header { return h.header }

// WriteHeader implements http.ResponseWriter.
func (h *heard) WriteHeader(status int) { h.status = status }

// Write implements http.ResponseWriter.
func (h *heard) Write(b []byte) (int, error) { return len(b), nil }

// page is the address of the page that a path with slashes too many at its end
// means, or "". It is always an address of ours, never what was received: a
// redirection leads neither to another host nor to a second 404, and repeats
// nothing.
func (s *Site) page(received string) string {
	p := strings.TrimRight(received, "/")
	if p == received {
		return ""
	}
	for _, known := range []string{"/documentation", "/documentation/erreurs", "/documentation/jeu-d-essai", eligibilityPath, termsPath, requestsPath, conventionsPath, verifyPath, spacePath, loginPath, rightsPath, sharingsPath, readingsPath, securityPath} {
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
		Data:    homeData{s.cfg.HospitalURL, s.spaceHref(), s.cfg.Pieces},
	})
}

// homeData is the home page.
type homeData struct {
	Hospital, Space string
	Pieces          []Piece
}

// spaceHref leads to the citizen space, "" where it is closed.
func (s *Site) spaceHref() string {
	if s.open() {
		return spacePath
	}
	return ""
}
