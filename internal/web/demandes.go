package web

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/habilitation"
)

// Requests reads requests for access. Errors: ressource_inconnue,
// service_indisponible.
type Requests interface {
	Request(ctx context.Context, id string) (habilitation.Request, error)
	RequestsOf(ctx context.Context, siret string) ([]habilitation.Request, error)
	Pieces(ctx context.Context, request string) ([]habilitation.Piece, error)
	Piece(ctx context.Context, request, id string) (habilitation.Piece, []byte, error)
	SeenBy(ctx context.Context, account string) (map[string]int, error)
	NoteSeen(ctx context.Context, account, request string, events int) error
}

// RequestActs is what is done with requests, one transaction each.
type RequestActs interface {
	OpenRequest(ctx context.Context, by habilitation.Doing) (habilitation.Request, error)
	ActOnRequest(ctx context.Context, id string, d habilitation.Doing) (habilitation.Request, error)
	AttachPiece(ctx context.Context, p habilitation.Piece, content []byte, d habilitation.Doing) (habilitation.Request, error)
	DetachPiece(ctx context.Context, request, field string, d habilitation.Doing) (habilitation.Request, error)
}

// requestsPath is where the requests of an organisation are.
const requestsPath = memberPath + "/demandes"

// requestRoutes adds the pages of requests for access.
func (d *desk) requestRoutes(mux *http.ServeMux) {
	get := func(path string, need account.Deed, h func(http.ResponseWriter, *http.Request, turn) error) {
		mux.HandleFunc("GET "+requestsPath+path, d.member(need, h))
	}
	post := func(path string, h func(http.ResponseWriter, *http.Request, turn) error) {
		mux.HandleFunc("POST "+requestsPath+path, d.member(account.WriteRequest, h))
	}
	get("", account.ReadSpace, d.requests)
	post("", d.openRequest)
	get("/nouvelle", account.WriteRequest, d.newRequest)
	get("/{id}", account.ReadSpace, d.request)
	get("/{id}/verifier", account.WriteRequest, d.checkRequest)
	get("/{id}/deposee", account.ReadSpace, d.submitted)
	get("/{id}/habilitation-franceconnect", account.WriteRequest, d.noFranceConnect)
	get("/{id}/pieces/{piece}", account.ReadSpace, d.piece)
	get("/{id}/etapes/{etape}", account.WriteRequest, d.formStep)
	post("/{id}/etapes/{etape}", d.saveStep)
	post("/{id}/deposer", d.submit)
	post("/{id}/message", d.writeMessage)
	post("/{id}/rouvrir", d.actHandler(habilitation.Reopen, "rouverte"))
	post("/{id}/annuler", d.actHandler(habilitation.CancelReopening, "annulee"))
	post("/{id}/archiver", d.actHandler(habilitation.Archive, "archivee"))
	post("/{id}/pieces/{champ}/retirer", d.detach)
}

// stateTags are the states in words.
var stateTags = map[habilitation.State]tag{
	habilitation.Draft: {"", "Brouillon"}, habilitation.Submitted: {"", "En cours d'instruction"}, habilitation.ChangesRequested: {"warn", "À modifier"}, habilitation.Validated: {"ok", "Validée"},
	habilitation.Refused: {"error", "Refusée"}, habilitation.Revoked: {"error", "Révoquée"}, habilitation.Archived: {"", "Archivée"},
}

// once makes the name of a form: sent twice, it is one act.
func once() string {
	b := make([]byte, 12)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// onceIn reads the name of a form; one of another shape is none.
func onceIn(r *http.Request) string {
	s := r.PostForm.Get("envoi")
	if _, err := base64.RawURLEncoding.DecodeString(s); err != nil || len(s) != 16 {
		return ""
	}
	return s
}

// doing is an act of a member on a request.
func (t turn) doing(r *http.Request, a habilitation.Act) habilitation.Doing {
	return habilitation.Doing{Act: a, Role: habilitation.Demandeur, Author: t.who.ID, Once: onceIn(r)}
}

// own reads a request of the organisation; of another's it knows nothing.
func (d *desk) own(r *http.Request, t turn) (habilitation.Request, error) {
	x, err := d.Requests.Request(r.Context(), r.PathValue("id"))
	if err == nil && (x.Organisation == "" || x.Organisation != t.who.SIRET) {
		return habilitation.Request{}, fault.New(fault.RessourceInconnue, "web: request")
	}
	return x, err
}

// requestLine is a request in the list of its organisation.
type requestLine struct {
	Href, ID, Title string
	State           tag
	Again           bool // a reopening
	Changed         instantOf
	New             string // what was not seen, "" when nothing
	Next            link   // what is to be done, "" when nothing
}

// requestsData is the list of requests.
type requestsData struct {
	Lines []requestLine
	Write bool
	New   string
}

// projectOf is how a request is called in its organisation.
func projectOf(x habilitation.Request) string {
	if x.Form.Projet.Intitule == "" {
		return "Demande sans titre"
	}
	return x.Form.Projet.Intitule
}

// unseen counts what agents did on a request since somebody looked at it.
func unseen(x habilitation.Request, seen int) (n int) {
	for i, e := range x.Events {
		if i >= seen && e.Role != habilitation.Demandeur && !e.Internal() {
			n++
		}
	}
	return n
}

func requestLineOf(x habilitation.Request, seen int, write bool) requestLine {
	at := requestsPath + "/" + x.ID
	l := requestLine{Href: at, ID: x.ID, Title: projectOf(x), State: stateTags[x.State], Again: x.Reopening(), Changed: instantOf{x.Events[len(x.Events)-1].At}}
	if n := unseen(x, seen); n > 0 {
		l.New = count(n, "nouveauté")
	}
	if write {
		switch x.State {
		case habilitation.Draft:
			l.Next = link{"Reprendre la saisie", at + "/etapes/" + resumeAt(x.Form).slug}
		case habilitation.ChangesRequested:
			l.Next = link{"Répondre à la demande de modification", at}
		}
	}
	return l
}

func (d *desk) requests(w http.ResponseWriter, r *http.Request, t turn) error {
	list, err := d.Requests.RequestsOf(r.Context(), t.who.SIRET)
	if err != nil {
		return err
	}
	seen, err := d.Requests.SeenBy(r.Context(), t.who.ID)
	if err != nil {
		return err
	}
	x := requestsData{Write: t.may(account.WriteRequest), New: requestsPath + "/nouvelle"}
	for _, q := range list {
		x.Lines = append(x.Lines, requestLineOf(q, seen[q.ID], x.Write))
	}
	return d.show(w, r, t, page{
		Name: "demandes", Title: "Demandes d'accès", Section: requestsPath, Summary: "Les demandes d'accès de votre organisme.", Done: requestDeeds[r.URL.Query().Get("fait")],
		Crumbs: d.trail(t, link{Text: "Demandes d'accès"}), Data: x,
	})
}

// newRequestData is the page before the form: what it will ask.
type newRequestData struct {
	Wrong  []mistake
	Steps  []formStep
	Kind   choices
	Once   string
	Terms  string // version that holds
	Refuse bool   // the organisation is not eligible
	Help   string
}

// otherKind is what the radios say for whoever is neither.
const otherKind = "autre"

// kindChoices are the radios of the eligibility question.
func kindChoices(name, chosen, wrong string) choices {
	c := choices{Name: name, Legend: "Qui êtes-vous ?", Kind: "radio", Error: wrong}
	for _, o := range []option{
		{Value: string(droits.Etablissement), Label: "Un établissement de soins", Hint: "Pour préparer l'admission de vos patients."},
		{Value: string(droits.OrganismeComplementaire), Label: "Un organisme complémentaire en santé", Hint: "Pour faciliter une adhésion."},
		{Value: otherKind, Label: "Un autre organisme"},
	} {
		o.Checked = o.Value == chosen
		c.Options = append(c.Options, o)
	}
	return c
}

func (d *desk) newRequest(w http.ResponseWriter, r *http.Request, t turn) error {
	return d.askKind(w, r, t, "", "")
}

func (d *desk) askKind(w http.ResponseWriter, r *http.Request, t turn, chosen, wrong string) error {
	held, _, err := d.Terms.Terms(r.Context())
	if err != nil {
		return err
	}
	x := newRequestData{Steps: formSteps, Kind: kindChoices("categorie", chosen, wrong), Once: once(), Terms: held.Version, Refuse: chosen == otherKind, Help: d.cfg.Contact}
	status := http.StatusOK
	if wrong != "" {
		x.Wrong, status = []mistake{{"categorie", wrong}}, http.StatusUnprocessableEntity
	}
	return d.showWith(w, r, status, t, page{
		Name: "demande_nouvelle", Title: "Demander un accès", Section: requestsPath, Summary: "Ce que la demande d'accès vous demandera.", Failed: wrong != "",
		Crumbs: d.trail(t, link{"Demandes d'accès", requestsPath}, link{Text: "Nouvelle demande"}), Data: x,
	})
}

// openRequest begins a draft. Whoever is not eligible gets no form, however the
// request comes.
func (d *desk) openRequest(w http.ResponseWriter, r *http.Request, t turn) error {
	if !d.form(w, r) {
		return nil
	}
	kind := droits.Kind(r.PostForm.Get("categorie"))
	switch {
	case kind == "":
		return d.askKind(w, r, t, "", "Dites qui vous êtes : la suite en dépend.")
	case !slices.Contains(droits.Kinds(), kind):
		return d.askKind(w, r, t, otherKind, "Seuls les établissements de soins et les organismes complémentaires en santé peuvent demander un accès.")
	}
	f := habilitation.Form{Organisation: habilitation.Organisation{Kind: kind, SIRET: t.who.SIRET}, Projet: habilitation.Projet{Purpose: habilitation.PurposeOf(kind)}}
	doing := t.doing(r, habilitation.Create)
	doing.Form = &f
	x, err := d.As(t.by).OpenRequest(r.Context(), doing)
	if fault.From(err).Reason() == habilitation.TooManyDrafts {
		note(w, err)
		return d.askKind(w, r, t, string(kind), "Votre organisme a déjà "+strconv.Itoa(habilitation.MaxDrafts)+" demandes commencées : déposez-en, ou archivez celles qui ne servent plus.")
	}
	if err != nil {
		return err
	}
	return redirect(w, r, requestsPath+"/"+x.ID+"/etapes/"+formSteps[0].slug)
}

// requestDeeds are what a page of requests may say was just done.
var requestDeeds = map[string]string{
	"enregistree": "Votre saisie est enregistrée. Vous pouvez la reprendre quand vous voulez.",
	"message":     "Votre message est envoyé.",
	"rouverte":    "L'habilitation est ouverte à la modification. Ce qui est accordé aujourd'hui continue de valoir jusqu'à la décision.",
	"annulee":     "La modification est abandonnée. Ce qui est accordé n'a pas changé.",
	"archivee":    "La demande est archivée.",
	"retiree":     "Le document est retiré.",
}

// requestTasks are what the requests of an organisation wait for, and the terms
// of use that are to come.
func (d *desk) requestTasks(ctx context.Context, t turn) (out []task, err error) {
	list, err := d.Requests.RequestsOf(ctx, t.who.SIRET)
	if err != nil {
		return nil, err
	}
	seen, err := d.Requests.SeenBy(ctx, t.who.ID)
	if err != nil {
		return nil, err
	}
	for _, x := range list {
		l := requestLineOf(x, seen[x.ID], t.may(account.WriteRequest))
		switch {
		case x.State == habilitation.ChangesRequested:
			out = append(out, task{"warn", "La demande " + x.ID + " est à modifier.", l.Href, "Lire et répondre"})
		case l.New != "":
			out = append(out, task{"", "La demande " + x.ID + " a du nouveau : " + strings.ToLower(l.State.Text) + ".", l.Href, "Lire"})
		case l.Next.Href != "":
			out = append(out, task{"", "La demande " + x.ID + " n'est pas encore déposée.", l.Next.Href, l.Next.Text})
		}
	}
	_, next, err := d.Terms.Terms(ctx)
	if next.Version != "" {
		out = append(out, task{"warn", "Les modalités d'utilisation changent le " + longDay(next.From) + ".", termsPath + "/" + next.Version, "Lire la nouvelle version"})
	}
	return out, err
}
