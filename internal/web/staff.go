package web

import (
	"context"
	"net/http"
	"strings"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/fault"
)

// Provider makes members and agents log in: an OpenID provider, code flow with
// PKCE (S256). Errors of Finish: jeton_invalide, and those of a provider that
// does not answer.
type Provider interface {
	StartURL(ctx context.Context, state, nonce, challenge string) (string, error)
	Finish(ctx context.Context, code, issuer, nonce, verifier string) (account.Assertion, string, error)
	GoodbyeURL(ctx context.Context, idToken, state string) string
	Origin() string
}

// staffReasons are why a login did not end well: a closed list, by the
// parameter that the redirection carries.
var staffReasons = map[string]notice{
	"annule":       {"", "Vous avez interrompu la connexion.", []string{"Rien n'a été transmis."}},
	"panne":        {"warn", "Le fournisseur d'identité ne répond pas.", []string{"La connexion n'a pas abouti. Réessayez dans quelques minutes."}},
	"organisme":    {"warn", "Votre identité n'indique pas d'organisme que nous puissions reconnaître.", []string{"Le fournisseur d'identité doit transmettre le SIRET de l'organisme pour lequel vous agissez. Vérifiez votre choix d'organisme chez lui."}},
	"habilitation": {"warn", "Ce compte n'est pas habilité.", []string{"Les agents sont habilités un par un, par leur nom. Adressez-vous à votre directeur."}},
	"complet":      {"warn", "Votre organisme a trop de comptes ici.", []string{"Une personne gestionnaire doit en retirer."}},
}

// staffLoginData is the page of a login.
type staffLoginData struct {
	Why       *notice
	Agent     bool
	Start     string
	Simulated bool
}

// staffLogin is the page that leads to the provider.
func (d *desk) staffLogin(to byte) http.HandlerFunc {
	x := doors[to]
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if t, ok, err := d.enter(r, x); ok && err == nil && r.URL.RawQuery == "" && t.who.Role.Agent() == x.agent {
			http.Redirect(w, r, x.path, http.StatusSeeOther)
			return
		}
		data := staffLoginData{Agent: x.agent, Start: staffStartPath + "?porte=" + strings.TrimPrefix(x.path, "/"), Simulated: d.Simulated}
		if !x.agent && r.URL.Query().Get("vers") == "demande" {
			data.Start += "&vers=demande"
		}
		if n, ok := staffReasons[r.URL.Query().Get("motif")]; ok {
			data.Why = &n
		}
		d.render(w, r, http.StatusOK, page{
			Name: "connexion_pro", Title: "Connexion", Space: x.name, Section: x.path, Summary: "Se connecter à l'espace : " + x.name + ".",
			Crumbs: trail(link{x.name, x.path}, link{Text: "Connexion"}), Data: data,
		})
	}
}

// staffStart sends the browser to the provider: a plain link leads here,
// because form-action would stop a form.
func (d *desk) staffStart(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	var to byte
	if "/"+r.URL.Query().Get("porte") == agentPath {
		to = 1
	} else if r.URL.Query().Get("vers") == "demande" {
		to = toNewRequest
	}
	x := doors[to%toNewRequest]
	a := d.states.start(w, r, to)
	address, err := d.Provider.StartURL(r.Context(), a.state, a.nonce, a.challenge())
	if err != nil {
		note(w, err)
		http.Redirect(w, r, x.path+"/connexion?motif=panne", http.StatusSeeOther)
		return
	}
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, address, http.StatusSeeOther)
}

// staffReturn ends a login.
func (d *desk) staffReturn(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	q := r.URL.Query()
	a, err := d.states.take(r, q.Get("state"))
	if err != nil || a.to > toNewRequest {
		d.staffBroken(w, r, err)
		return
	}
	x, then := doors[a.to%toNewRequest], doors[a.to%toNewRequest].path
	if a.to == toNewRequest {
		then = newRequestPath
	}
	if q.Get("error") != "" {
		reason := "panne"
		if q.Get("error") == "access_denied" {
			reason = "annule"
		}
		http.Redirect(w, r, x.path+"/connexion?motif="+reason, http.StatusSeeOther)
		return
	}
	asserted, idToken, err := d.Provider.Finish(r.Context(), q.Get("code"), q.Get("iss"), a.nonce, a.verifier)
	var who account.Person
	if err == nil {
		who, err = d.signIn(r.Context(), x, asserted)
	}
	if err == nil {
		err = d.sessions.begin(w, r, staff{who.ID, idToken, asserted.Strong()})
	}
	if err != nil {
		d.staffRefused(w, r, x, err)
		return
	}
	http.Redirect(w, r, then, http.StatusSeeOther)
}

// signIn finds the account of who came through a door. An agent acts for the
// operator, and is nobody otherwise.
func (d *desk) signIn(ctx context.Context, x door, a account.Assertion) (account.Person, error) {
	if !x.agent {
		return d.Accounts.SignInMember(ctx, a)
	}
	if d.Operator == "" || a.SIRET != d.Operator {
		return account.Person{}, fault.New(fault.RoleInsuffisant, "web: login").Because(account.NoMandate)
	}
	return d.Accounts.SignInAgent(ctx, a)
}

func (d *desk) staffRefused(w http.ResponseWriter, r *http.Request, x door, err error) {
	reason := ""
	switch f := fault.From(err); {
	case fault.Is(err, fault.JetonInvalide):
		d.staffBroken(w, r, err)
		return
	case fault.Is(err, fault.ParametreInvalide), fault.Is(err, fault.OrganisationAbsente):
		reason = "organisme"
	case fault.Is(err, fault.RoleInsuffisant):
		reason = "habilitation"
	case fault.Is(err, fault.ActeImpossible):
		reason = "complet"
	case f.Kind() == fault.Upstream:
		reason = "panne"
	default:
		d.fail(w, r, err)
		return
	}
	note(w, err)
	http.Redirect(w, r, x.path+"/connexion?motif="+reason, http.StatusSeeOther)
}

// staffBroken is the page of a login that cannot be told from a forged one.
func (d *desk) staffBroken(w http.ResponseWriter, r *http.Request, err error) {
	if err != nil {
		note(w, err)
	}
	d.render(w, r, http.StatusBadRequest, page{
		Name: "connexion_rompue", Title: "Connexion interrompue – Erreur 400", Private: true, Summary: "La connexion n'a pas abouti.",
		Crumbs: trail(link{Text: "Connexion interrompue"}), Data: struct{ Login, RequestID string }{memberPath + "/connexion", w.Header().Get("X-Request-Id")},
	})
}

// staffLeave ends the session here, then at the provider, like the citizens'.
func (d *desk) staffLeave(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	l, ok, err := d.sessions.find(r)
	if err == nil {
		err = d.sessions.end(w, r)
	}
	if err != nil {
		d.fail(w, r, err)
		return
	}
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	next := ""
	if ok {
		next = d.Provider.GoodbyeURL(r.Context(), l.IDToken, "fin")
	}
	if next == "" {
		http.Redirect(w, r, StaffGoodbyePath, http.StatusSeeOther)
		return
	}
	w.Header().Set("Refresh", "0; url="+next)
	d.render(w, r, http.StatusOK, page{
		Name: "depart_pro", Title: "Déconnexion", Private: true, Summary: "Déconnexion.", Crumbs: trail(link{Text: "Déconnexion"}), Data: struct{ Next string }{next},
	})
}

// staffGoodbye is where the provider sends the browser once its session is
// over.
func (d *desk) staffGoodbye(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	d.render(w, r, http.StatusOK, page{
		Name: "au_revoir_pro", Title: "Vous êtes déconnecté", Summary: "Déconnexion.", Crumbs: trail(link{Text: "Déconnexion"}),
		Data: struct{ Member, Agent string }{memberPath + "/connexion", agentPath + "/connexion"},
	})
}

// factorData is the page that asks for a code.
type factorData struct {
	Code     field
	Mistakes []mistake
}

func codeField(wrong string) field {
	return field{Name: "code", Label: "Code à six chiffres", Hint: "Celui que votre application d'authentification affiche en ce moment, par exemple 123456.", Kind: "text", Inputmode: "numeric", Autocomplete: "one-time-code", Max: 6, Error: wrong}
}

// half finds a session whose second factor is still to be shown.
func (d *desk) half(r *http.Request) (t turn, ok bool, err error) {
	t, ok, err = d.enter(r, doors[0])
	if ok && t.who.Role.Agent() {
		t.door = doors[1]
	}
	return t, ok, err
}

func (d *desk) factorPage(w http.ResponseWriter, r *http.Request) { d.askFactor(w, r, "") }

func (d *desk) askFactor(w http.ResponseWriter, r *http.Request, wrong string) {
	w.Header().Set("Cache-Control", "no-store")
	t, ok, err := d.half(r)
	switch {
	case err != nil:
		d.fail(w, r, err)
	case !ok:
		http.Redirect(w, r, memberPath+"/connexion", http.StatusSeeOther)
	case !t.who.Factor || t.login.Strong:
		http.Redirect(w, r, t.door.path, http.StatusSeeOther)
	default:
		status, c := http.StatusOK, codeField(wrong)
		if wrong != "" {
			status = http.StatusUnprocessableEntity
		}
		d.render(w, r, status, page{
			Name: "second_facteur", Title: "Second facteur", Space: t.door.name, Private: true, Failed: wrong != "", Summary: "Second facteur d'authentification.",
			Crumbs: trail(link{t.door.name, t.door.path}, link{Text: "Second facteur"}), Data: factorData{c, mistakes(c)},
		})
	}
}

// factor takes a code; the session goes on under a new token.
func (d *desk) factor(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if !d.form(w, r) {
		return
	}
	t, ok, err := d.half(r)
	if err == nil && (!ok || !t.who.Factor) {
		http.Redirect(w, r, memberPath+"/connexion", http.StatusSeeOther)
		return
	}
	if err == nil {
		err = d.Accounts.CheckFactor(r.Context(), t.who.ID, digitsOf(r.PostForm.Get("code")))
	}
	if fault.From(err).Field() == "code" {
		note(w, err)
		d.askFactor(w, r, "Ce code n'est pas le bon, ou il a déjà servi. Attendez le suivant ; vérifiez l'heure de votre téléphone.")
		return
	}
	if err == nil {
		t.login.Strong = true
		err = d.sessions.begin(w, r, t.login)
	}
	if err != nil {
		d.fail(w, r, err)
		return
	}
	http.Redirect(w, r, t.door.path, http.StatusSeeOther)
}

// digitsOf forgives the spaces that applications show in a code.
func digitsOf(s string) string { return strings.ReplaceAll(strings.TrimSpace(s), " ", "") }
