// Package partners plays two partners' own software, a hospital and a
// complementary insurer; it hides that neither is real, and calls the platform
// as any partner would: the FranceConnect login, then the partner API.
//
// Journeys: web.md §9, last table. Agreement before the redirect: trust.md
// §3b, channel A. Everything is kept in memory, bounded, and forgotten.
package partners

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"droits.example/droits/client"
)

// Config is what the two partners know of the world. Hospital, Insurer,
// BaseURL and Clock are required.
type Config struct {
	Hospital, Insurer Partner
	// BaseURL is the public origin of this handler, without a trailing slash.
	// FranceConnect sends people back to BaseURL + CallbackPath of each.
	BaseURL string
	Clock   func() time.Time
	HTTP    *http.Client // nil means a client with a 10 s time-out
	Logger  *slog.Logger // nil means silence
}

// Partner is one partner: its key and its FranceConnect clients, in the order
// in which the login page offers them.
type Partner struct {
	Name    string // shown; empty means the default name of the kind
	APIKey  client.Secret
	APIBase string // …/v1/droits/beneficiaires
	MoiURL  string // empty means /v1/partenaire/moi on the host of APIBase
	Clients []FCClient
	Webhook client.Secret // signs what the platform tells; empty = nothing is believed
}

// FCClient is one registration at FranceConnect. Profile is v1 or v2; JWKSURL
// is needed for v2, whose id_tokens are signed with a published key.
type FCClient struct {
	Profile                                    string
	AuthorizeURL, TokenURL, LogoutURL, JWKSURL string
	UserinfoURL                                string // not called: the API tells the identity
	Issuer                                     string
	ID                                         string
	Secret                                     client.Secret
	Scopes                                     []string // empty means openid and droits_assurance_maladie
}

// The paths to register at FranceConnect, after BaseURL.
const (
	HospitalCallback = "/hopital/fc/retour"
	InsurerCallback  = "/mutuelle/fc/retour"
	HospitalLogout   = "/hopital"
	InsurerLogout    = "/mutuelle"
)

// New checks the configuration and builds the handler of both partners. It
// calls nobody: a platform that is down shows on the pages.
func New(cfg Config) (http.Handler, error) {
	if cfg.Clock == nil {
		return nil, errors.New("partners: Clock is missing")
	}
	base, err := url.Parse(cfg.BaseURL)
	if err != nil || base.Host == "" || base.Path != "" && base.Path != "/" {
		return nil, errors.New("partners: BaseURL is not an origin")
	}
	cfg.BaseURL = strings.TrimRight(cfg.BaseURL, "/")
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Client{Timeout: 10 * time.Second}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	pages, err := loadPages()
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	hospital, err := newApp(cfg, hospitalTraits, cfg.Hospital, pages)
	if err != nil {
		return nil, err
	}
	insurer, err := newApp(cfg, insurerTraits, cfg.Insurer, pages)
	if err != nil {
		return nil, err
	}
	for _, a := range []*app{hospital, insurer} {
		(&notices{app: a, secret: a.partner.Webhook}).routes(mux)
	}
	hospital.routes(mux)
	(&desk{app: hospital}).routes(mux)
	insurer.routes(mux)
	(&enrolment{app: insurer}).routes(mux)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		pages.render(w, http.StatusOK, view{Page: "index", Title: "Partenaires de démonstration", Names: [2]string{hospital.name, insurer.name}})
	})
	mux.HandleFunc("GET "+pages.cssPath, pages.css)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		pages.render(w, http.StatusNotFound, view{Page: "absent", Title: "Page non trouvée – Erreur 404"})
	})
	return http.NewCrossOriginProtection().Handler(limit(mux)), nil
}

// limit bounds what a form may hold.
func limit(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		h.ServeHTTP(w, r)
	})
}
