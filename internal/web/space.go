package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"droits.example/droits/internal/access"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/edge"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/trace"
)

// Citizens is the road to what a person may see of itself and decide. Every
// reading that it answers is in the trail.
type Citizens interface {
	SignIn(ctx context.Context, a identity.Assertion, v access.Visit) (access.Citizen, error)
	Resume(ctx context.Context, a identity.Assertion) (access.Citizen, error)
	Rights(ctx context.Context, c access.Citizen, v access.Visit, p civil.Period) (access.OwnRights, error)
	RevealNIR(ctx context.Context, c access.Citizen, v access.Visit, ref string) (string, error)
	Readings(ctx context.Context, c access.Citizen, v access.Visit, q access.ReadingQuery) (access.ReadingPage, error)
	Reading(ctx context.Context, c access.Citizen, v access.Visit, id string) (access.Reading, error)
	Proof(ctx context.Context, c access.Citizen, v access.Visit, id string) (trace.Proof, error)
	Report(ctx context.Context, c access.Citizen, v access.Visit, id, text string) (string, error)
	Family(c access.Citizen) []access.Relative
	Sharings(ctx context.Context, c access.Citizen) ([]access.Sharing, error)
	Sharing(ctx context.Context, c access.Citizen, partnerID string) (access.Sharing, error)
	Withdraw(ctx context.Context, c access.Citizen, v access.Visit, partnerID string) error
	Pause(ctx context.Context, c access.Citizen, v access.Visit, partnerID string, until time.Time) error
	Allow(ctx context.Context, c access.Citizen, v access.Visit, partnerID string) error
	Choose(ctx context.Context, c access.Citizen, v access.Visit, partnerID string, choice access.Choice) error
	Agreement(ctx context.Context, c access.Citizen, id string) (consent.Receipt, error)
	Contest(ctx context.Context, c access.Citizen, v access.Visit, id string) error
	Settings(ctx context.Context, c access.Citizen) (access.Settings, error)
	SetSettings(ctx context.Context, c access.Citizen, v access.Visit, x access.Settings) error
}

// Space is what the citizen space needs. Every member is required but
// Simulated and Button.
type Space struct {
	Citizens Citizens
	Sessions Sessions
	Login    Login
	// Key is under what states of logins and codes of attestations are made.
	Key   [32]byte
	Clock func() time.Time
	// Secure says that the browser keeps Secure cookies here: https, or
	// loopback.
	Secure bool
	// Simulated says that FranceConnect is the simulator: the button says so
	// and carries no mark.
	Simulated bool
	// Button is FranceConnect's own button, an SVG that the operator was given;
	// nil = a plain one.
	Button []byte
}

// Addresses of the citizen space.
const (
	spacePath    = "/mon-espace"
	loginPath    = spacePath + "/connexion"
	startPath    = loginPath + "/franceconnect"
	rightsPath   = spacePath + "/droits"
	sharingsPath = spacePath + "/partages"
	readingsPath = spacePath + "/acces"
	securityPath = spacePath + "/securite"
	exitPath     = spacePath + "/deconnexion"

	// ReturnPath is where FranceConnect sends the browser back after a login,
	// and GoodbyePath after a logout: both are registered there.
	ReturnPath  = loginPath + "/retour"
	GoodbyePath = exitPath + "/terminee"
)

const spaceName = "Espace assuré"

// space is the citizen space of a site.
type space struct {
	*Site
	Space
	sessions *sessions[login]
	states   *states
}

func newSpace(s *Site, c Space) *space {
	return &space{s, c, newSessions[login](c.Sessions, c.Clock, "session", c.Secure), newStates(c.Key, c.Clock, "fc", c.Secure)}
}

// visit is one request of somebody who is logged in.
type visit struct {
	who   access.Citizen
	at    access.Visit
	login login
	today civil.Date
}

// routes adds the pages of the space. One that begins a name has its own
// answer to each method.
func (s *space) routes(mux *http.ServeMux) {
	get := func(path string, h func(http.ResponseWriter, *http.Request, visit) error) {
		mux.HandleFunc("GET "+path, s.guard(h))
	}
	post := func(path string, h func(http.ResponseWriter, *http.Request, visit) error) {
		mux.HandleFunc("POST "+path, s.guard(h))
	}
	mux.HandleFunc("GET "+loginPath, s.connexion)
	mux.HandleFunc("GET "+startPath, s.start)
	mux.HandleFunc("GET "+ReturnPath, s.comeBack)
	mux.HandleFunc("POST "+exitPath, s.leave)
	mux.HandleFunc("GET "+GoodbyePath, s.goodbye)
	get(spacePath, s.overview)
	get(rightsPath, s.rights)
	get(rightsPath+"/attestation", s.attestation)
	get(rightsPath+"/{ref}", s.rights)
	post(rightsPath+"/{ref}/numero", s.reveal)
	get(sharingsPath, s.sharings)
	get(sharingsPath+"/{partner}", s.sharing)
	post(sharingsPath+"/{partner}/retirer", s.withdraw)
	post(sharingsPath+"/{partner}/pause", s.pause)
	post(sharingsPath+"/{partner}/autoriser", s.allow)
	post(sharingsPath+"/{partner}/choix", s.choose)
	get(agreementsPath+"/{id}", s.agreement)
	post(agreementsPath+"/{id}/contester", s.contest)
	get(readingsPath, s.readings)
	get(readingsPath+"/export", s.export)
	get(readingsPath+"/{id}", s.reading)
	get(readingsPath+"/{id}/preuve", s.proof)
	get(readingsPath+"/{id}/preuve.tlog-proof", s.proofText)
	get(readingsPath+"/{id}/preuve.json", s.proofFile)
	post(readingsPath+"/{id}/signaler", s.report)
	get(securityPath, s.security)
	post(securityPath+"/sessions/{id}/fermer", s.endSession)
	post(securityPath+"/sessions/fermer-les-autres", s.endOthers)
	post(securityPath+"/messages", s.settings)
}

// guard lets in who is logged in and still somebody here; others are sent to
// the login. A failure becomes a whole page.
func (s *space) guard(h func(http.ResponseWriter, *http.Request, visit) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		l, ok, err := s.sessions.find(r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		if !ok {
			http.Redirect(w, r, loginFor(r), http.StatusSeeOther)
			return
		}
		who, err := s.Citizens.Resume(r.Context(), l.Asserted)
		switch {
		case fault.Is(err, fault.PersonneNonIdentifiee) || err == nil && !who.Known():
			if err := s.sessions.end(w, r); err != nil {
				s.fail(w, r, err)
				return
			}
			http.Redirect(w, r, loginPath+"?motif=inconnu", http.StatusSeeOther)
			return
		case err != nil:
			s.fail(w, r, err)
			return
		}
		if err := h(w, r, visit{who, visitOf(w), l, civil.On(s.Clock())}); err != nil {
			s.fail(w, r, err)
		}
	}
}

// loginFor is the login that leads back to the part of the space that was asked
// for.
func loginFor(r *http.Request) string {
	to := destinationOf(func(_, path string) bool { return r.URL.Path == path || strings.HasPrefix(r.URL.Path, path+"/") })
	if to == 0 {
		return loginPath
	}
	return loginPath + "?suite=" + destinations[to].name
}

// visitOf is what the trail keeps of a request.
func visitOf(w http.ResponseWriter) (v access.Visit) {
	v.RequestID = w.Header().Get("X-Request-Id")
	if e, ok := w.(*edge.Writer); ok {
		v.Addr = e.Addr
	}
	return v
}

// fail answers the page of an error and tells the log its code.
func (s *Site) fail(w http.ResponseWriter, r *http.Request, err error) {
	f := fault.From(err)
	if e, ok := w.(*edge.Writer); ok {
		e.Event.Code, e.Event.Reason = string(f.Code()), f.Reason()
	}
	if d := f.RetryAfter(); d > 0 {
		w.Header().Set("Retry-After", seconds(d))
	}
	s.Error(w, r, f.Status())
}

// show answers a page of the space.
func (s *space) show(w http.ResponseWriter, r *http.Request, v visit, p page) error {
	return s.showWith(w, r, http.StatusOK, v, p)
}

func (s *space) showWith(w http.ResponseWriter, r *http.Request, status int, v visit, p page) error {
	p.Space, p.Private = spaceName, true
	s.renderIn(w, r, status, view{page: p, Room: roomOf(v.who.Name())})
	return nil
}

// roomOf is the layout of the space for a person.
func roomOf(name string) *room {
	return &room{Home: spacePath, Who: name, Exit: exitPath, Menu: []link{
		{"Vue d'ensemble", spacePath}, {"Mes droits", rightsPath}, {"Mes partages", sharingsPath}, {"Qui a consulté", readingsPath}, {"Sécurité", securityPath},
	}}
}

// spaceTrail starts the breadcrumbs of the space.
func spaceTrail(steps ...link) []link {
	return append(trail(link{spaceName, spacePath}), steps...)
}

// redirect answers a form: the page that shows what it did.
func redirect(w http.ResponseWriter, r *http.Request, to string) error {
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// deeds are what a page may say was just done, by the parameter that the
// redirection carries: a closed list, nothing received is shown.
var deeds = map[string]string{
	"retrait":      "Votre accord est retiré. Dès maintenant, cet organisme ne reçoit plus rien.",
	"pause":        "Le partage est en pause. Rien n'est transmis jusqu'à la date indiquée.",
	"autorise":     "Cet organisme peut de nouveau lire vos droits, lors d'une démarche que vous faites avec lui.",
	"choix":        "Vos choix sont enregistrés ; ils valent dès maintenant.",
	"contestation": "Votre contestation est enregistrée. Le délégué à la protection des données l'examinera.",
	"signalement":  "Votre signalement est enregistré. Le délégué à la protection des données l'examinera.",
	"fermee":       "La session est fermée.",
	"fermees":      "Vos autres sessions sont fermées.",
	"messages":     "Votre choix sur les messages est enregistré.",

	"invitation":           "Cette personne est attendue : elle peut se connecter.",
	"role":                 "Le rôle est changé.",
	"dernier-gestionnaire": "Rien n'a changé : votre organisme garde au moins une personne gestionnaire.",
	"facteur":              "Le second facteur est posé. Un code vous sera demandé à chaque connexion.",
	"facteur-retire":       "Le second facteur est retiré.",
	"cle-revoquee":         "La clé est révoquée : les appels qui la présentent sont refusés.",
	"cle-deja":             "Cette clé est déjà créée ; son secret n'est montré qu'une fois. S'il est perdu, créez-en une autre et révoquez celle-ci.",
	"cle-trop":             "Rien n'a été créé : deux clés au plus sont utilisables à la fois. Révoquez l'ancienne d'abord.",
	"cle-en-suspens":       "Rien n'a été créé : une clé de cette convention est suspendue. Écrivez au gestionnaire du service, qui lève la suspension.",
	"deux-agents":          "Rien n'a changé : cette fin demande deux personnes. Proposez la révocation depuis la demande d'accès ; vous pouvez suspendre la convention en attendant.",
	"octroi-remplace":      "Rien n'a changé : ce projet reprend un accord qui a pris fin ou qu'un autre a remplacé.",
	"cle-liee":             "La clé publique de votre logiciel est notée.",
	"cle-publique-fausse":  "Rien n'a changé : ce n'est pas une clé publique JWK, ES256 ou EdDSA.",
	"certificat-lie":       "Le certificat est noté : votre logiciel peut le présenter dès maintenant.",
	"certificat-retire":    "Le certificat est retiré : les appels qui le présentent sont refusés.",
	"certificat-faux":      "Rien n'a changé : ce n'est pas un certificat seul, au format PEM et sans clé privée.",
	"certificat-expire":    "Rien n'a changé : ce certificat a expiré.",
	"certificat-pris":      "Rien n'a changé : ce certificat est celui d'un autre partenaire.",
	"certificat-trop":      "Rien n'a changé : quatre certificats au plus par clé. Retirez-en un d'abord.",
	"delegation-donnee":    "La délégation est donnée : cet éditeur peut appeler pour votre organisme dès maintenant.",
	"delegation-deja":      "Rien n'a changé : cette délégation est déjà en vigueur.",
	"delegation-terminee":  "La délégation est terminée ; elle ne vaut plus dès le prochain appel.",
	"dossier":              "Votre message est envoyé. Conservez son numéro.",
	"message":              "Votre message est envoyé.",
	"clos":                 "Le dossier est clos.",
	"convention-preparee":  "Le projet de convention est prêt : il reprend ce qui a été accordé.",
	"convention-signee":    "La convention est signée pour le gestionnaire du service.",
	"convention-deplacee":  "L'état de la convention a changé ; il vaut dès maintenant.",
	"signature-manque":     "Rien n'a changé : les deux parties doivent avoir signé.",
	"lettre":               "La lettre est enregistrée : le préavis court depuis sa réception.",
	"cle-suspendre":        "La clé est suspendue.",
	"cle-retablir":         "La clé est rétablie.",
	"crochet-retire":       "L'adresse est retirée ; plus rien n'y est envoyé.",
	"crochet-essai":        "Un message d'essai est en file ; il part dans les secondes qui viennent.",
	"crochet-renvoi":       "Les messages choisis sont de nouveau en file.",
}

func doneIn(r *http.Request) string { return deeds[r.URL.Query().Get("fait")] }

// form reads the fields of a form that was sent, within the limit that the
// edge leaves to pages.
func (s *Site) form(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, MaxForm)
	parse := r.ParseForm
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		parse = func() error { return r.ParseMultipartForm(MaxForm) } // all of it in memory
	}
	if err := parse(); err != nil {
		s.Error(w, r, http.StatusBadRequest)
		return false
	}
	return true
}

// closed is every page of the space where it is not opened.
func (s *Site) closed(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusNotFound, page{
		Name: "closed", Title: "Espace non ouvert", Space: spaceName, Section: spacePath,
		Summary: "L'espace assuré n'est pas ouvert ici.", Crumbs: trail(link{Text: spaceName}),
	})
}
