package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/habilitation"
)

// checkLine is a check of a request.
type checkLine struct {
	Name, Text string
	Verdict    tag
}

// proposalBox is a decision that waits for a second agent.
type proposalBox struct {
	What, Who string
	At        instantOf
	Text      []string
	Own       bool // the reader proposed it
	Confirm   *link
	Withdraw  *action
}

// dossierData is the page of a request as agents read it.
type dossierData struct {
	Mistakes          []mistake
	ID, Title         string
	Name, SIRET, Kind string
	State             tag
	Again             bool
	Told, Wait        string
	Pace              tag
	Overtaken         *eventLine // what somebody else did meanwhile
	Proposal          *proposalBox
	Decisions         []link
	Checks            []checkLine
	First             bool
	Revised, Against  []changeLine
	Steps             []answeredStep
	Messages, Notes   []eventLine
	Write, Note       *messageForm
	Events            []eventLine
	Others            []queueLine
	Contracts         []contractLine
	Prepare           *action
	ReadOnly          bool
}

// verdictTags say what a check found.
var verdictTags = map[habilitation.Verdict]tag{
	habilitation.Good: {"ok", "conforme"}, habilitation.Doubt: {"warn", "à vérifier"}, habilitation.Bad: {"error", "non conforme"},
}

// agentEventNames are the acts that only agents see.
var agentEventNames = map[habilitation.Act]string{habilitation.Note: "Note interne", habilitation.Propose: "Décision proposée", habilitation.Withdraw: "Proposition retirée"}

// groundNames are the closed grounds of a revocation.
var groundNames = map[habilitation.Ground]string{
	habilitation.GroundImage: "L'usage porte préjudice à l'image du service", habilitation.GroundLaw: "L'usage n'est pas conforme à la loi",
	habilitation.GroundSecurity: "L'usage ne respecte pas les exigences de sécurité", habilitation.GroundTerms: "L'usage ne respecte pas une disposition des modalités d'utilisation",
}

// roleOf is the role under which the domain judges an agent.
func (t turn) roleOf() habilitation.Role { return habilitation.Role(t.who.Role) }

// dossier is the page of a request.
func (d *desk) dossier(w http.ResponseWriter, r *http.Request, t turn) error {
	x, err := d.Requests.Request(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return d.showDossier(w, r, t, x, dossierWrong{})
}

// dossierWrong is why the page of a request is shown again.
type dossierWrong struct {
	message, note field
	overtaken     bool
}

func (d *desk) showDossier(w http.ResponseWriter, r *http.Request, t turn, x habilitation.Request, wrong dossierWrong) error {
	ctx := r.Context()
	pieces, err := d.Requests.Pieces(ctx, x.ID)
	if err != nil {
		return err
	}
	seen, err := d.Requests.SeenBy(ctx, t.who.ID)
	if err != nil {
		return err
	}
	people, err := d.peopleOf(ctx, x)
	if err != nil {
		return err
	}
	data := d.dossierOf(t, x, pieces, people)
	data.readBy(t, x, pieces, people, seen[x.ID])
	if wrong.overtaken && len(data.Events) > 0 {
		data.Overtaken = &data.Events[0]
	}
	for form, f := range map[*messageForm]field{data.Write: wrong.message, data.Note: wrong.note} {
		if form != nil && f.Error != "" {
			form.Text.Value, form.Text.Error = f.Value, f.Error
			data.Mistakes = append(data.Mistakes, mistakes(form.Text)...)
		}
	}
	if data.Others, err = d.othersOf(ctx, t, x); err != nil {
		return err
	}
	if err := d.contracts(ctx, t, x, &data); err != nil {
		return err
	}
	if len(x.Events) > seen[x.ID] {
		if err := d.Requests.NoteSeen(ctx, t.who.ID, x.ID, len(x.Events)); err != nil {
			return err
		}
	}
	status := http.StatusOK
	switch {
	case wrong.overtaken:
		status = http.StatusConflict
	case len(data.Mistakes) > 0:
		status = http.StatusUnprocessableEntity
	}
	return d.showWith(w, r, status, t, page{Name: "dossier", Title: data.Title + " – " + x.ID, Section: queuePath, Summary: "Une demande d'accès à examiner.", Done: decisionDeeds[r.URL.Query().Get("fait")], Failed: len(data.Mistakes) > 0,
		Crumbs: d.trail(t, link{"File d'instruction", queuePath}, link{Text: x.ID}), Data: data})
}

// peopleOf are the names of those who act on a request.
func (d *desk) peopleOf(ctx context.Context, x habilitation.Request) (map[string]string, error) {
	out := map[string]string{}
	agents, err := d.Accounts.Agents(ctx)
	if err != nil {
		return nil, err
	}
	team, err := d.Accounts.Team(ctx, x.Organisation)
	for _, p := range slices.Concat(agents, team) {
		out[p.ID] = p.Name
	}
	return out, err
}

// toldAgents says where a request stands, to agents.
func toldAgents(x habilitation.Request) string {
	switch {
	case x.Proposal != nil:
		return "Une décision est proposée ; une autre personne la confirme ou la retire."
	case x.State == habilitation.Submitted && x.Reopening():
		return "L'organisme demande à modifier ce qui lui est accordé. Ce qui est accordé continue de valoir."
	}
	return map[habilitation.State]string{
		habilitation.Draft: "L'organisme n'a pas encore déposé sa demande.", habilitation.Submitted: "La demande attend une réponse.", habilitation.ChangesRequested: "L'organisme doit modifier sa demande.",
		habilitation.Validated: "La demande est validée.", habilitation.Refused: "La demande est refusée.", habilitation.Revoked: "L'habilitation est révoquée.", habilitation.Archived: "La demande est archivée.",
	}[x.State]
}

func (d *desk) dossierOf(t turn, x habilitation.Request, pieces []habilitation.Piece, people map[string]string) dossierData {
	o := x.Form.Organisation
	data := dossierData{ID: x.ID, Title: projectOf(x), Name: o.Nom, SIRET: x.Organisation, Kind: kindOf(o.Kind), State: stateTags[x.State], Again: x.Reopening(), Told: toldAgents(x), Steps: answersOf(x.Form, pieces, ""), ReadOnly: !t.may(account.Examine)}
	for i := range data.Steps {
		for k := range data.Steps[i].Pairs {
			p := &data.Steps[i].Pairs[k]
			p.Href = strings.Replace(p.Href, requestsPath, queuePath, 1)
		}
	}
	if x.State == habilitation.Submitted {
		wait := d.Clock().Sub(lastSubmitted(x))
		data.Wait, data.Pace = waited(wait), paceTags[habilitation.PaceOf(wait, d.AnswerDue)]
	}
	for _, c := range x.Form.Checks() {
		data.Checks = append(data.Checks, checkLine{c.Name, c.Text, verdictTags[c.Verdict]})
	}
	for _, c := range x.Revised() {
		data.Revised = append(data.Revised, changeOf(c, x.Form, pieces))
	}
	data.First = firstSubmission(x)
	if live := x.Live(); live != nil && x.Reopening() {
		for _, c := range habilitation.Diff(live.Form, x.Form) {
			data.Against = append(data.Against, changeOf(c, x.Form, pieces))
		}
	}
	at := queuePath + "/" + x.ID
	for _, c := range decisions {
		if t.may(d.needOf(c)) && d.begin(t, x, c.act) == nil && (x.Proposal == nil || x.Proposal.Act != c.act) {
			data.Decisions = append(data.Decisions, link{c.button, at + "/" + c.slug})
		}
	}
	data.Proposal = d.proposalOf(t, x, people)
	if t.may(account.Examine) && x.Can(habilitation.Write, t.roleOf()) == nil && x.State != habilitation.Draft {
		data.Write = &messageForm{at + "/message", once(), field{Name: "texte", Label: "Votre message à l'organisme", Hint: "Il le lira dans son espace. N'écrivez aucune donnée sur une personne assurée.", Kind: "textarea", Max: 5000}}
	}
	if t.may(account.Examine) && x.Can(habilitation.Note, t.roleOf()) == nil {
		data.Note = &messageForm{at + "/note", once(), field{Name: "note", Label: "Votre note", Hint: "Entre agents : l'organisme ne la voit jamais.", Kind: "textarea", Max: 5000}}
	}
	return data
}

// lastSubmitted is when the request was last submitted.
func lastSubmitted(x habilitation.Request) (at time.Time) {
	for _, e := range x.Events {
		if e.Act == habilitation.Submit {
			at = e.At
		}
	}
	return at
}

func firstSubmission(x habilitation.Request) bool {
	n := 0
	for _, e := range x.Events {
		if e.Act == habilitation.Submit {
			n++
		}
	}
	return n < 2
}

// readBy adds what was done, newest first, notes included, with what the reader
// has not seen marked.
func (data *dossierData) readBy(t turn, x habilitation.Request, pieces []habilitation.Piece, people map[string]string, seen int) {
	for i := len(x.Events) - 1; i >= 0; i-- {
		e := x.Events[i]
		ours := e.Role != habilitation.Demandeur && e.Role != habilitation.Lecteur
		l := eventLine{At: instantOf{e.At}, What: eventNames[e.Act], Who: whoDid(e, people), Text: saidIn(e), New: i >= seen && e.Author != t.who.ID, Message: e.Act == habilitation.Write, Ours: ours}
		if n, ok := agentEventNames[e.Act]; ok {
			l.What = n
		}
		if e.Act == habilitation.Propose || e.Act == habilitation.Withdraw {
			l.What += " : " + strings.ToLower(eventNames[e.Of])
		}
		for _, c := range e.Changes {
			l.Changes = append(l.Changes, changeOf(c, x.Form, pieces))
		}
		data.Events = append(data.Events, l)
		switch e.Act {
		case habilitation.Write:
			data.Messages = append(data.Messages, l)
		case habilitation.Note:
			data.Notes = append(data.Notes, l)
		}
	}
}

// saidIn is what was written with an act: the ground of a revocation, then the
// motive, the message or the note.
func saidIn(e habilitation.Event) []string { return withGround(e.Ground, e.Motive) }

func withGround(g habilitation.Ground, text string) []string {
	if g == "" {
		return paragraphs(text)
	}
	return append([]string{"Fondement : " + groundNames[g] + "."}, paragraphs(text)...)
}

// whoDid is who acted, by name and role where they are known.
func whoDid(e habilitation.Event, people map[string]string) string {
	if e.Role == habilitation.Systeme {
		return "Personne : une date prévue est arrivée"
	}
	side := roleNames[account.Role(e.Role)]
	if e.Role == habilitation.Demandeur {
		side = "pour l'organisme"
	}
	if n := people[e.Author]; n != "" {
		return n + " (" + side + ")"
	}
	return side
}

// othersOf are the other requests of the organisation.
func (d *desk) othersOf(ctx context.Context, t turn, x habilitation.Request) (out []queueLine, err error) {
	if x.Organisation == "" {
		return nil, nil
	}
	p, err := d.Examination.Requests(ctx, habilitation.Query{SIRET: x.Organisation, Reader: t.who.ID, Sort: habilitation.ByChange, Descending: true, Limit: 20})
	for _, l := range p.Lines {
		if l.ID != x.ID {
			out = append(out, queueLineOf(l, d.Clock(), d.AnswerDue))
		}
	}
	return out, err
}

func (d *desk) filePiece(w http.ResponseWriter, r *http.Request, _ turn) error {
	return d.givePiece(w, r, r.PathValue("id"))
}

// writeAbout writes a message to the organisation, or a note between agents.
func (d *desk) writeAbout(a habilitation.Act) func(http.ResponseWriter, *http.Request, turn) error {
	return func(w http.ResponseWriter, r *http.Request, t turn) error {
		if !d.form(w, r) {
			return nil
		}
		name, deed := "texte", "message"
		if a == habilitation.Note {
			name, deed = "note", "note"
		}
		id, text := r.PathValue("id"), strings.ReplaceAll(r.PostForm.Get(name), "\r\n", "\n")
		_, err := d.As(t.by).ActOnRequest(r.Context(), id, habilitation.Doing{Act: a, Role: t.roleOf(), Author: t.who.ID, Text: text, Once: onceIn(r)})
		if !fault.Is(err, fault.ParametreInvalide) {
			return d.acted(w, r, t, account.Examine, err, deed)
		}
		note(w, err)
		x, err := d.Requests.Request(r.Context(), id)
		if err != nil {
			return err
		}
		f := field{Value: text, Error: "Écrivez un texte, de " + strconv.Itoa(5000) + " caractères au plus."}
		if a == habilitation.Note {
			return d.showDossier(w, r, t, x, dossierWrong{note: f})
		}
		return d.showDossier(w, r, t, x, dossierWrong{message: f})
	}
}
