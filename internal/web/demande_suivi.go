package web

import (
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/habilitation"
)

// eventLine is an act on a request, as its organisation reads it.
type eventLine struct {
	At      instantOf
	What    string
	Who     string
	Text    []string // motive or message
	Changes []changeLine
	New     bool
	Message bool
	Ours    bool // of the organisation
}

// changeLine is a field that differs. What was empty, or is, has no value there.
type changeLine struct{ Field, Before, After string }

// Many reports whether the differences are too many to be read at once.
func (l eventLine) Many() bool { return len(l.Changes) > 3 }

// requestData is the page of a request.
type requestData struct {
	Wrong    []mistake
	ID       string
	Title    string
	State    tag
	Again    bool
	Told     string
	Motive   []string
	Next     *link
	Messages []eventLine
	Write    *messageForm
	Acts     []action
	Steps    []answeredStep
	Granted  string // since when something is granted, "" when nothing is
	Live     []answeredStep
	Contract []link // conventions that it led to
	Events   []eventLine
}

// messageForm writes to the other side.
type messageForm struct {
	Address, Once string
	Text          field
}

func (d *desk) request(w http.ResponseWriter, r *http.Request, t turn) error {
	x, err := d.own(r, t)
	if err != nil {
		return err
	}
	return d.showRequest(w, r, t, x, field{})
}

func (d *desk) showRequest(w http.ResponseWriter, r *http.Request, t turn, x habilitation.Request, wrong field) error {
	pieces, err := d.Requests.Pieces(r.Context(), x.ID)
	if err != nil {
		return err
	}
	seen, err := d.Requests.SeenBy(r.Context(), t.who.ID)
	if err != nil {
		return err
	}
	names, err := d.namesOf(r, t)
	if err != nil {
		return err
	}
	data := requestDataOf(x, pieces, t.may(account.WriteRequest))
	data.Events = eventsOf(x, pieces, seen[x.ID], names)
	for _, e := range data.Events {
		if e.Message {
			data.Messages = append(data.Messages, e)
		}
	}
	if data.Write != nil {
		data.Write.Text.Value, data.Write.Text.Error = wrong.Value, wrong.Error
		data.Wrong = mistakes(data.Write.Text)
	}
	if data.Contract, err = d.contractsOf(r, t, x); err != nil {
		return err
	}
	if len(x.Events) > seen[x.ID] && r.Method == http.MethodGet {
		if err := d.Requests.NoteSeen(r.Context(), t.who.ID, x.ID, len(x.Events)); err != nil {
			return err
		}
	}
	status := http.StatusOK
	if len(data.Wrong) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return d.showWith(w, r, status, t, page{
		Name: "demande", Title: data.Title + " – " + x.ID, Section: requestsPath, Summary: "Une demande d'accès de votre organisme.", Failed: len(data.Wrong) > 0,
		Done: requestDeeds[r.URL.Query().Get("fait")], Crumbs: d.trail(t, link{"Demandes d'accès", requestsPath}, link{Text: x.ID}), Data: data,
	})
}

// standing says what a state means, and what follows.
func standing(x habilitation.Request) string {
	switch {
	case x.State == habilitation.Draft && x.Reopening():
		return "Vous modifiez une habilitation. Ce qui est accordé continue de valoir ; rien ne change avant la décision."
	case x.State == habilitation.Submitted && x.Reopening():
		return "La modification est en cours d'instruction. Ce qui est accordé continue de valoir."
	}
	return map[habilitation.State]string{
		habilitation.Draft: "Votre demande n'est pas encore déposée. Tout ce que vous saisissez est gardé ; vous pouvez la reprendre quand vous voulez.", habilitation.Submitted: "Votre demande est en cours d'instruction. Vous serez prévenu par courriel de chaque réponse et de chaque message.",
		habilitation.ChangesRequested: "L'instruction vous demande de modifier votre demande, pour le motif ci-dessous.", habilitation.Validated: "Votre demande est validée. La convention qui en découle est à signer par les deux parties avant le premier appel.",
		habilitation.Refused: "Votre demande est refusée, pour le motif ci-dessous.", habilitation.Revoked: "L'habilitation est révoquée, pour le motif ci-dessous.", habilitation.Archived: "La demande est archivée : elle ne peut plus changer.",
	}[x.State]
}

func requestDataOf(x habilitation.Request, pieces []habilitation.Piece, write bool) requestData {
	at := requestsPath + "/" + x.ID
	data := requestData{ID: x.ID, Title: projectOf(x), State: stateTags[x.State], Again: x.Reopening(), Told: standing(x), Steps: answersOf(x.Form, pieces, "")}
	if n := len(x.Events); n > 0 {
		for i := n - 1; i >= 0; i-- { // the last decision, while it is where the request stands
			e := x.Events[i]
			if e.To == x.State && e.From != e.To && !e.Internal() {
				data.Motive = saidIn(e)
				if g := groundTexts[e.Ground]; g != "" {
					data.Motive = append([]string{"Motif de révocation : " + g + "."}, data.Motive...)
				}
				break
			}
		}
	}
	if live := x.Live(); live != nil {
		data.Granted = longInstant(live.GrantedAt)
		if x.Reopening() {
			data.Live = answersOf(live.Form, pieces, "")
		}
	}
	can := func(a habilitation.Act) bool { return write && x.Can(a, habilitation.Demandeur) == nil }
	act := func(path, label, consequence string) {
		data.Acts = append(data.Acts, action{Address: at + path, Label: label, Consequence: consequence, Second: true, Fields: []hidden{{"edition", editionOf(x)}, {"envoi", once()}}})
	}
	switch {
	case can(habilitation.Submit) && len(x.Form.Problems()) == 0:
		data.Next = &link{"Vérifier et déposer", at + "/verifier"}
	case can(habilitation.Update):
		data.Next = &link{"Reprendre la saisie", at + "/etapes/" + resumeAt(x.Form).slug}
	}
	if can(habilitation.Reopen) {
		act("/rouvrir", "Modifier l'habilitation", "Vous rouvrez la demande pour la modifier. Ce qui est accordé aujourd'hui continue de valoir jusqu'à la décision.")
	}
	if can(habilitation.CancelReopening) {
		act("/annuler", "Abandonner la modification", "Vos modifications sont perdues. Ce qui est accordé ne change pas.")
	}
	if can(habilitation.Archive) {
		act("/archiver", "Archiver la demande", "Une demande archivée ne peut plus changer ; elle reste lisible.")
	}
	if can(habilitation.Write) {
		data.Write = &messageForm{at + "/message", once(), field{Name: "texte", Label: "Votre message à l'instruction", Hint: "N'écrivez aucune donnée sur une personne assurée.", Kind: "textarea", Max: 5000}}
	}
	return data
}

// eventNames are the acts in words.
var eventNames = map[habilitation.Act]string{
	habilitation.Create: "Demande ouverte", habilitation.Update: "Saisie modifiée", habilitation.Submit: "Demande déposée", habilitation.RequestChanges: "Modification demandée", habilitation.Approve: "Demande validée",
	habilitation.Refuse: "Demande refusée", habilitation.Revoke: "Habilitation révoquée", habilitation.Archive: "Demande archivée", habilitation.Reopen: "Habilitation ouverte à la modification",
	habilitation.CancelReopening: "Modification abandonnée", habilitation.Write: "Message",
}

// groundTexts are the grounds of a revocation in words (source 004, §6).
var groundTexts = map[habilitation.Ground]string{
	habilitation.GroundImage: "l'usage porte préjudice à l'image du service", habilitation.GroundLaw: "l'usage n'est pas conforme à la loi",
	habilitation.GroundSecurity: "l'usage ne respecte pas les exigences de sécurité", habilitation.GroundTerms: "l'usage ne respecte pas les modalités d'utilisation",
}

// eventsOf are the acts that the organisation may see, newest first.
func eventsOf(x habilitation.Request, pieces []habilitation.Piece, seen int, names map[string]string) (out []eventLine) {
	for i := len(x.Events) - 1; i >= 0; i-- {
		e := x.Events[i]
		if e.Internal() || e.Act == habilitation.Read {
			continue
		}
		ours := e.Role == habilitation.Demandeur || e.Role == habilitation.Lecteur
		l := eventLine{At: instantOf{e.At}, What: eventNames[e.Act], Who: "L'instruction", Text: saidIn(e), New: i >= seen && !ours, Message: e.Act == habilitation.Write || e.Motive != "", Ours: ours}
		switch {
		case ours:
			l.Who = "Votre organisme"
			if n := names[e.Author]; n != "" {
				l.Who = n
			}
		case e.Role == habilitation.Systeme:
			l.Who = "Personne : une date prévue est arrivée"
		}
		if g := groundTexts[e.Ground]; g != "" {
			l.Text = append([]string{"Motif de révocation : " + g + "."}, l.Text...)
		}
		for _, c := range e.Changes {
			l.Changes = append(l.Changes, changeOf(c, x.Form, pieces))
		}
		out = append(out, l)
	}
	return out
}

// maxShown is how much of an answer a difference shows.
const maxShown = 300

// changeOf is a difference in words.
func changeOf(c habilitation.Change, f habilitation.Form, pieces []habilitation.Piece) changeLine {
	out := changeLine{Field: labelOf(c.Field), Before: c.Before, After: c.After}
	for _, v := range []*string{&out.Before, &out.After} {
		*v = wordsOf(c.Field, *v, f, pieces)
		if utf8.RuneCountInString(*v) > maxShown {
			*v = string([]rune(*v)[:maxShown]) + "…"
		}
	}
	return out
}

// labelOf is how a field is called on its page.
func labelOf(name string) string {
	for _, s := range formSteps {
		for _, a := range s.answers {
			switch {
			case a.name != name:
			case headingOf(name) != "":
				return headingOf(name) + ", " + a.label
			default:
				return a.label
			}
		}
		for _, p := range s.slots {
			if p.field == name {
				return p.label
			}
		}
	}
	switch name {
	case "projet.finalite":
		return "Finalité"
	case "engagements.modalites":
		return "Modalités d'utilisation acceptées"
	case "engagements.delegue_informe":
		return "Délégué à la protection des données informé"
	}
	return name
}

// headingOf is the group in which a field is asked, "" when it is in none.
func headingOf(name string) (heading string) {
	for _, s := range formSteps {
		heading = ""
		for _, a := range s.answers {
			if a.heading != "" {
				heading = a.heading
			}
			if a.name == name {
				return heading
			}
		}
	}
	return ""
}

// saidOf is what is wrong with a field, and with which one where several are
// alike.
func saidOf(name, text string) string {
	if h := headingOf(name); h != "" {
		return h + " : " + strings.ToLower(text[:1]) + text[1:]
	}
	return text
}

// wordsOf is a value of a difference as people read it.
func wordsOf(name, v string, f habilitation.Form, pieces []habilitation.Piece) string {
	switch name {
	case "donnees.blocs":
		var out []string
		for _, b := range strings.Split(v, ", ") {
			for known, label := range blockNames {
				if string(known) == b {
					out = append(out, label)
				}
			}
		}
		return strings.Join(out, " ; ")
	case "organisation.categorie":
		for _, o := range kindOptions(f) {
			if o.Value == v {
				return o.Label
			}
		}
	case "projet.finalite":
		if v != "" {
			return purposeOf(v)
		}
	}
	for _, p := range pieces {
		if p.ID == v {
			return p.Name
		}
	}
	return v
}

// namesOf are the names of the members of the organisation.
func (d *desk) namesOf(r *http.Request, t turn) (map[string]string, error) {
	team, err := d.Accounts.Team(r.Context(), t.who.SIRET)
	out := map[string]string{}
	for _, p := range team {
		out[p.ID] = p.Name
	}
	return out, err
}

// contractsOf leads to the conventions that a request led to.
func (d *desk) contractsOf(r *http.Request, t turn, x habilitation.Request) (out []link, err error) {
	ids, err := d.Conventions.ConventionsFrom(r.Context(), x.ID)
	for _, id := range ids {
		out = append(out, link{"Convention " + id, conventionsPath + "/" + id})
	}
	return out, err
}

func (d *desk) writeMessage(w http.ResponseWriter, r *http.Request, t turn) error {
	if !d.form(w, r) {
		return nil
	}
	x, err := d.own(r, t)
	if err != nil {
		return err
	}
	doing := t.doing(r, habilitation.Write)
	doing.Text = strings.ReplaceAll(r.PostForm.Get("texte"), "\r\n", "\n")
	_, err = d.As(t.by).ActOnRequest(r.Context(), x.ID, doing)
	if fault.Is(err, fault.ParametreInvalide) {
		note(w, err)
		text := "Écrivez votre message, en 5 000 caractères au plus."
		return d.showRequest(w, r, t, x, field{Value: doing.Text, Error: text})
	}
	if err != nil {
		return err
	}
	return redirect(w, r, requestsPath+"/"+x.ID+"?fait=message")
}

// actHandler does an act that takes no text. A second click finds it done.
func (d *desk) actHandler(a habilitation.Act, deed string) func(http.ResponseWriter, *http.Request, turn) error {
	return func(w http.ResponseWriter, r *http.Request, t turn) error {
		if !d.form(w, r) {
			return nil
		}
		x, err := d.own(r, t)
		if err != nil {
			return err
		}
		doing := t.doing(r, a)
		doing.Edition, _ = strconv.Atoi(r.PostForm.Get("edition"))
		if _, err := d.As(t.by).ActOnRequest(r.Context(), x.ID, doing); err != nil {
			return err
		}
		return redirect(w, r, requestsPath+"/"+x.ID+"?fait="+deed)
	}
}

// editionOf is the edition of a request as a form carries it.
func editionOf(x habilitation.Request) string { return strconv.Itoa(x.Edition()) }
