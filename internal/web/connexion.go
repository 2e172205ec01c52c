package web

import (
	"net/http"
	"strconv"
	"time"

	"droits.example/droits/internal/access"
	"droits.example/droits/internal/edge"
	"droits.example/droits/internal/fault"
)

// connexionData is the login page.
type connexionData struct {
	Start     string
	Button    string // picture of the button, "" for a plain one
	Simulated bool
	Why       *notice
}

// reasons are why somebody is on the login page, by the parameter of the
// redirection.
var reasons = map[string]notice{
	"annule":  {"", "Vous avez annulé la connexion.", []string{"Rien n'a été transmis. Vous pouvez recommencer quand vous le souhaitez."}},
	"inconnu": {"warn", "Nous ne vous avons pas retrouvé.", []string{"Votre identité FranceConnect ne correspond à aucune personne couverte ici, ou pas avec assez de certitude. Par prudence, rien n'est montré.", "Votre caisse peut vérifier votre dossier : appelez-la, ou présentez-vous à un accueil avec une pièce d'identité."}},
	"panne":   {"warn", "FranceConnect ne répond pas.", []string{"La connexion n'a pas abouti. Réessayez dans quelques minutes."}},
	"mineur":  {"", "Cet espace s'ouvre à seize ans.", []string{"Vos droits sont visibles dans l'espace de la personne à qui vous êtes rattaché."}},
	"niveau":  {"warn", "Votre connexion n'est pas assez sûre pour cet espace.", []string{"Choisissez une autre identité sur la page de FranceConnect."}},
}

func (s *space) connexion(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if _, ok, err := s.sessions.find(r); ok && err == nil && r.URL.RawQuery == "" {
		http.Redirect(w, r, spacePath, http.StatusSeeOther)
		return
	}
	d := connexionData{Start: startPath, Simulated: s.Simulated}
	if !s.Simulated {
		d.Button = s.button
	}
	asked := r.URL.Query().Get("suite")
	if to := destinationOf(func(name, _ string) bool { return name == asked }); to > 0 {
		d.Start += "?suite=" + destinations[to].name
	}
	if n, ok := reasons[r.URL.Query().Get("motif")]; ok {
		d.Why = &n
	}
	s.render(w, r, http.StatusOK, page{
		Name: "connexion", Title: "Connexion", Space: spaceName, Section: spacePath,
		Summary: "Se connecter à son espace par FranceConnect.", Crumbs: spaceTrail(link{Text: "Connexion"}), Data: d,
	})
}

// start sends the browser to FranceConnect: a plain link leads here, because
// form-action would stop a form.
func (s *space) start(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query().Get("suite")
	a := s.states.start(w, r, destinationOf(func(name, _ string) bool { return name == asked }))
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, s.Login.StartURL(a.state, a.nonce), http.StatusSeeOther)
}

// comeBack ends a login. What does not come from a login of this browser is a
// page 400, whole, that says how to begin again.
func (s *space) comeBack(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	q := r.URL.Query()
	a, err := s.states.take(r, q.Get("state"))
	if err != nil {
		s.broken(w, r, err)
		return
	}
	if q.Get("error") != "" {
		reason := "panne"
		if q.Get("error") == "access_denied" {
			reason = "annule"
		}
		http.Redirect(w, r, loginPath+"?motif="+reason, http.StatusSeeOther)
		return
	}
	asserted, idToken, err := s.Login.Finish(r.Context(), q.Get("code"), q.Get("iss"), a.nonce)
	if err != nil {
		s.refused(w, r, err)
		return
	}
	who, err := s.Citizens.SignIn(r.Context(), asserted, visitOf(w))
	if err == nil && !who.Known() {
		err = fault.New(fault.PersonneNonIdentifiee, "web: login")
	}
	if err == nil {
		err = s.sessions.begin(w, r, login{who.Key(), asserted, idToken})
	}
	if err != nil {
		s.refused(w, r, err)
		return
	}
	http.Redirect(w, r, destinations[a.to].path, http.StatusSeeOther)
}

// refused says why a login did not end well.
func (s *space) refused(w http.ResponseWriter, r *http.Request, err error) {
	reason := ""
	switch {
	case fault.Is(err, fault.JetonInvalide):
		s.broken(w, r, err)
		return
	case fault.Is(err, fault.PersonneNonIdentifiee):
		reason = "inconnu"
	case fault.Is(err, fault.ConsentementExpliciteRequis):
		reason = "mineur"
	case fault.Is(err, fault.NiveauInsuffisant):
		reason = "niveau"
	case fault.From(err).Kind() == fault.Upstream:
		reason = "panne"
	default:
		s.fail(w, r, err)
		return
	}
	note(w, err)
	http.Redirect(w, r, loginPath+"?motif="+reason, http.StatusSeeOther)
}

// broken is the page of a login that cannot be told from a forged one.
func (s *space) broken(w http.ResponseWriter, r *http.Request, err error) {
	note(w, err)
	s.render(w, r, http.StatusBadRequest, page{
		Name: "connexion_rompue", Title: "Connexion interrompue – Erreur 400", Space: spaceName, Section: spacePath, Private: true,
		Summary: "La connexion n'a pas abouti.", Crumbs: spaceTrail(link{Text: "Connexion interrompue"}),
		Data: struct{ Login, RequestID string }{loginPath, w.Header().Get("X-Request-Id")},
	})
}

// note tells the log why, without showing it.
func note(w http.ResponseWriter, err error) {
	if e, ok := w.(*edge.Writer); ok {
		f := fault.From(err)
		e.Event.Code, e.Event.Reason = string(f.Code()), f.Reason()
	}
}

// leave ends the session here, then at FranceConnect. The answer is a page that
// goes on by itself, not a redirection: form-action would stop one that leads
// to another host.
func (s *space) leave(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	l, ok, err := s.sessions.find(r)
	if err == nil {
		err = s.sessions.end(w, r)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	if !ok {
		http.Redirect(w, r, GoodbyePath, http.StatusSeeOther)
		return
	}
	next := s.Login.GoodbyeURL(l.IDToken, "fin")
	w.Header().Set("Refresh", "0; url="+next)
	s.render(w, r, http.StatusOK, page{
		Name: "depart", Title: "Déconnexion", Space: spaceName, Section: spacePath, Private: true,
		Summary: "Déconnexion de l'espace assuré.", Crumbs: trail(link{Text: "Déconnexion"}), Data: struct{ Next string }{next},
	})
}

// goodbye is where FranceConnect sends the browser once its session is over.
func (s *space) goodbye(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	s.render(w, r, http.StatusOK, page{
		Name: "au_revoir", Title: "Vous êtes déconnecté", Space: spaceName, Section: spacePath,
		Summary: "Déconnexion de l'espace assuré.", Crumbs: trail(link{Text: "Déconnexion"}), Data: struct{ Login string }{loginPath},
	})
}

// sessionLine is one session on the page of security.
type sessionLine struct {
	ID          string
	Begun, Seen instantOf
	Here        bool
	End         string // address that ends it
}

// securityData is the page of security.
type securityData struct {
	Sessions []sessionLine
	Others   bool
	EndAll   string
	Minutes  int
	Hours    int
	Notify   choices
	Mail     field
	Save     string // address of the form of messages
	Wrong    []mistake
}

func (s *space) security(w http.ResponseWriter, r *http.Request, v visit) error {
	x, err := s.Citizens.Settings(r.Context(), v.who)
	if err != nil {
		return err
	}
	return s.showSecurity(w, r, v, x, "")
}

// messagesOf is the form of messages.
func (d *securityData) messagesOf(x access.Settings, wrong string) {
	d.Save = securityPath + "/messages"
	d.Notify = choices{Name: "prevenir", Legend: "Messages", Kind: "checkbox", Options: []option{{Value: "oui", Label: "Me prévenir par courriel quand un organisme lit mes droits", Checked: x.Notify, Hint: "Le message ne dit ni lequel ni quoi : il invite à ouvrir cet espace."}}}
	d.Mail = field{Name: "courriel", Label: "Adresse électronique", Hint: "Par exemple nom@exemple.fr. Elle ne sert qu'à cela.", Kind: "email", Value: x.Mail, Autocomplete: "email", Max: 254, Optional: true, Error: wrong}
	d.Wrong = mistakes(d.Mail)
}

func (s *space) showSecurity(w http.ResponseWriter, r *http.Request, v visit, x access.Settings, wrong string) error {
	d := securityData{EndAll: securityPath + "/sessions/fermer-les-autres", Minutes: int(SessionIdle.Minutes()), Hours: int(SessionLife.Hours())}
	here, now := s.Sessions.SessionID(s.sessions.name(r)), s.Clock()
	err := s.Sessions.EachSession(r.Context(), v.login.Person, func(id string, createdAt, seenAt time.Time) {
		if !alive(createdAt, seenAt, now) {
			return
		}
		d.Sessions = append(d.Sessions, sessionLine{ID: id, Begun: instantOf{createdAt}, Seen: instantOf{seenAt}, Here: id == here, End: securityPath + "/sessions/" + id + "/fermer"})
		d.Others = d.Others || id != here
	})
	if err != nil {
		return err
	}
	d.messagesOf(x, wrong)
	status := http.StatusOK
	if wrong != "" {
		status = http.StatusUnprocessableEntity
	}
	return s.showWith(w, r, status, v, page{
		Name: "securite", Title: "Sécurité", Section: securityPath, Summary: "Vos sessions ouvertes et vos messages.", Done: doneIn(r), Failed: wrong != "",
		Crumbs: spaceTrail(link{Text: "Sécurité"}), Data: d,
	})
}

func (s *space) endSession(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := s.Sessions.EndSessionOf(r.Context(), v.login.Person, r.PathValue("id")); err != nil {
		return err
	}
	return redirect(w, r, securityPath+"?fait=fermee")
}

func (s *space) endOthers(w http.ResponseWriter, r *http.Request, v visit) error {
	if _, err := s.Sessions.EndOtherSessions(r.Context(), v.login.Person, s.sessions.name(r)); err != nil {
		return err
	}
	return redirect(w, r, securityPath+"?fait=fermees")
}

// seconds is a delay for Retry-After.
func seconds(d time.Duration) string { return strconv.Itoa(int((d + time.Second - 1) / time.Second)) }
