package web

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"time"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/support"
)

const (
	supportPath  = memberPath + "/support"
	incidentPath = memberPath + "/incident"
)

// fileLine is one question or incident in a list.
type fileLine struct {
	ID, Href, Subject, Kind string
	Organisation            string
	State                   tag
	Changed                 instantOf
	Due                     tag // of an incident
}

var fileStates = map[support.State]tag{support.Waiting: {"warn", "en attente de l'exploitant"}, support.Answered: {"ok", "répondu"}, support.Closed: {"", "clos"}}

func fileLineOf(f support.File, base string, now time.Time) fileLine {
	l := fileLine{ID: f.ID, Href: base + "/" + f.ID, Subject: f.Subject, Kind: "Question", Organisation: f.Organisation, State: fileStates[f.State], Changed: instantOf{f.ChangedAt}}
	if f.Kind == support.Incident {
		l.Kind, l.Due = "Incident", dueTag(f, now)
	}
	return l
}

// dueTag says how long is left before the authority must have been told.
func dueTag(f support.File, now time.Time) tag {
	left := f.Due().Sub(now)
	switch {
	case f.State == support.Closed:
		return tag{}
	case left <= 0:
		return tag{"error", "72 heures écoulées"}
	case left < 24*time.Hour:
		return tag{"warn", "il reste " + count(int(left.Hours()), "heure")}
	}
	return tag{"", "il reste " + count(int(left.Hours()), "heure")}
}

// filesData is a list of questions and incidents.
type filesData struct {
	Lines []fileLine
	Total int
	Write bool
	Pager pager
}

func (d *desk) files(w http.ResponseWriter, r *http.Request, t turn) error {
	list, total, err := d.Organisations.Files(r.Context(), support.Query{Organisation: t.who.SIRET, Limit: support.MaxPage})
	if err != nil {
		return err
	}
	x := filesData{Total: total, Write: t.may(account.WriteTicket)}
	for _, f := range list {
		x.Lines = append(x.Lines, fileLineOf(f, supportPath, d.Clock()))
	}
	return d.show(w, r, t, page{Name: "support", Title: "Aide et incidents", Section: supportPath, Summary: "Vos questions à l'exploitant et vos signalements.", Done: doneIn(r), Crumbs: d.trail(t, link{Text: "Aide et incidents"}), Data: x})
}

// newFileData is a form that opens a question or an incident.
type newFileData struct {
	Address                                  string
	Once                                     string
	Incident                                 bool
	Subject, Text, Request, Known, Concerned field
	Mistakes                                 []mistake
}

// fileMistakes are what is said of a field of a new file.
var fileMistakes = map[string]string{
	"objet": "Donnez un objet en quelques mots, 200 caractères au plus.", "texte": "Écrivez votre message, 5 000 caractères au plus.",
	"demande": "Un identifiant d'appel n'a que des lettres, des chiffres, des points et des tirets. Exemple : 01K9Z3T0QX.",
	"connu":   "Indiquez quand vous avez eu connaissance de l'incident, dans le passé, par exemple 22/11/2026 09:30.", "personnes": "Indiquez un nombre approché en quelques mots, par exemple « environ 200 ».",
}

func newFile(incident bool, v func(string) string, wrong ...string) newFileData {
	f := func(name, label, hint, kind string, most int) field {
		x := field{Name: name, Label: label, Hint: hint, Kind: kind, Value: v(name), Max: most}
		if slices.Contains(wrong, name) {
			x.Error = fileMistakes[name]
		}
		return x
	}
	x := newFileData{Address: supportPath + "/nouveau", Once: rand.Text(), Incident: incident,
		Subject: f("objet", "Objet", "", "text", 200), Text: f("texte", "Votre message", "N'écrivez aucune donnée d'une personne : ni nom, ni numéro.", "textarea", 5000),
		Request:   f("demande", "Identifiant d'un appel", "L'en-tête X-Request-Id de la réponse dont vous parlez.", "text", 128),
		Known:     f("connu", "Quand en avez-vous eu connaissance ?", "Date et heure de Paris.", "datetime-local", 0),
		Concerned: f("personnes", "Combien de personnes sont concernées ?", "Ce que vous en savez, par exemple « environ 200 » ou « inconnu ».", "text", 200)}
	x.Request.Optional = true
	if incident {
		x.Address = incidentPath
		x.Text.Label, x.Text.Hint = "Ce qui s'est passé", "Nature de l'incident, catégories de données, mesures déjà prises. N'écrivez le nom ni le numéro de personne."
		x.Concerned.Optional = true
	}
	x.Mistakes = mistakes(x.Subject, x.Text, x.Request, x.Known, x.Concerned)
	return x
}

func (d *desk) askFile(incident bool) func(http.ResponseWriter, *http.Request, turn) error {
	return func(w http.ResponseWriter, r *http.Request, t turn) error {
		quoted := r.URL.Query().Get("demande")
		return d.showNewFile(w, r, t, newFile(incident, func(name string) string {
			if name == "demande" && len(quoted) <= 128 {
				return quoted
			}
			return ""
		}))
	}
}

func (d *desk) showNewFile(w http.ResponseWriter, r *http.Request, t turn, x newFileData) error {
	status, title := http.StatusOK, "Demander de l'aide"
	if x.Incident {
		title = "Signaler un incident"
	}
	if len(x.Mistakes) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return d.showWith(w, r, status, t, page{Name: "support_nouveau", Title: title, Section: supportPath, Summary: title + ".", Failed: len(x.Mistakes) > 0, Crumbs: d.trail(t, link{"Aide et incidents", supportPath}, link{Text: title}), Data: x})
}

func (d *desk) openFile(incident bool) func(http.ResponseWriter, *http.Request, turn) error {
	return func(w http.ResponseWriter, r *http.Request, t turn) error {
		if !d.form(w, r) {
			return nil
		}
		v := r.PostForm.Get
		f := support.File{Kind: support.Question, Organisation: t.who.SIRET, Subject: v("objet"), RequestID: strings.TrimSpace(v("demande")), Messages: []support.Message{{Side: support.Partner, Author: t.who.ID, Text: v("texte")}}}
		if incident {
			f.Kind, f.Concerned = support.Incident, v("personnes")
			f.KnownAt = knownIn(v("connu"))
		}
		if _, err := f.Open(d.Clock()); err != nil {
			note(w, err)
			return d.showNewFile(w, r, t, newFile(incident, v, wrongIn(f, d.Clock())...))
		}
		once := "dossier/" + v("une_fois")
		if v("une_fois") == "" || !d.states.first(once, d.Clock().Add(stateLife)) {
			return redirect(w, r, supportPath)
		}
		f, err := d.As(t.by).OpenFile(r.Context(), f)
		if err != nil {
			d.states.again(once) // it is not kept: the same form may be sent again
			return err
		}
		return redirect(w, r, supportPath+"/"+f.ID+"?fait=dossier")
	}
}

// knownIn reads when an incident became known, as browsers send it or as
// people write it where browsers have no field for it; zero otherwise, which is
// refused.
func knownIn(s string) time.Time {
	for _, layout := range []string{"2006-01-02T15:04", "02/01/2006 15:04", "02/01/2006 à 15:04"} {
		if at, err := time.ParseInLocation(layout, strings.TrimSpace(s), civil.Paris()); err == nil {
			return at
		}
	}
	return time.Time{}
}

// wrongIn names every field of a file that cannot be opened: whoever reports an
// incident is in a hurry and hears of all of them at once.
func wrongIn(f support.File, now time.Time) (wrong []string) {
	for range fileMistakes {
		_, err := f.Open(now)
		field := fault.From(err).Field()
		switch field {
		case "objet":
			f.Subject = "-"
		case "texte":
			f.Messages = []support.Message{{Side: support.Partner, Author: f.Messages[0].Author, Text: "-"}}
		case "demande":
			f.RequestID = ""
		case "connu":
			f.KnownAt = now.Add(-time.Minute)
		case "personnes":
			f.Concerned = ""
		default:
			return wrong
		}
		wrong = append(wrong, field)
	}
	return wrong
}

// threadLine is one text of a thread.
type threadLine struct {
	Who, Text string
	At        instantOf
	Own       bool
}

// fileData is one question or incident.
type fileData struct {
	Line               fileLine
	RequestID          string
	Known, Concerned   string
	Due                string
	Messages           []threadLine
	Text               field
	Address, CloseIt   string
	MayWrite, MayClose bool
	Mistakes           []mistake
}

func fileDataOf(f support.File, side support.Side, base string, now time.Time) fileData {
	x := fileData{Line: fileLineOf(f, base, now), RequestID: f.RequestID, Concerned: f.Concerned, Address: base + "/" + f.ID, CloseIt: base + "/" + f.ID + "/clore",
		Text: field{Name: "texte", Label: "Votre message", Hint: "N'écrivez aucune donnée d'une personne.", Kind: "textarea", Max: 5000}}
	if f.Kind == support.Incident {
		x.Known, x.Due = longInstant(f.KnownAt), longInstant(f.Due())
	}
	for _, m := range f.Messages {
		l := threadLine{Who: "Votre organisme", Text: m.Text, At: instantOf{m.At}, Own: m.Side == side}
		switch {
		case m.Side == support.Operator && side == support.Operator:
			l.Who = "Exploitant (agent)"
		case m.Side == support.Operator:
			l.Who = "L'exploitant"
		case side == support.Operator:
			l.Who = "Le partenaire"
		}
		x.Messages = append(x.Messages, l)
	}
	_, err := f.Close(side, now)
	x.MayClose = err == nil
	return x
}

func (d *desk) file(w http.ResponseWriter, r *http.Request, t turn) error {
	return d.showFile(w, r, t, "")
}

func (d *desk) showFile(w http.ResponseWriter, r *http.Request, t turn, wrong string) error {
	f, err := d.Organisations.File(r.Context(), t.who.SIRET, r.PathValue("id"))
	if err != nil {
		return err
	}
	x := fileDataOf(f, support.Partner, supportPath, d.Clock())
	x.MayWrite = t.may(account.WriteTicket)
	x.MayClose = x.MayClose && x.MayWrite
	return d.fileShown(w, r, t, x, wrong)
}

func (d *desk) fileShown(w http.ResponseWriter, r *http.Request, t turn, x fileData, wrong string) error {
	status := http.StatusOK
	if wrong != "" {
		status, x.Text.Error = http.StatusUnprocessableEntity, wrong
		x.Mistakes = mistakes(x.Text)
	}
	base, name := supportPath, "Aide et incidents"
	if t.door.agent {
		base = agentPath + "/support"
	}
	return d.showWith(w, r, status, t, page{Name: "echange", Title: x.Line.ID, Section: base, Summary: "Échanges sur " + x.Line.ID + ".", Done: doneIn(r), Failed: wrong != "", Crumbs: d.trail(t, link{name, base}, link{Text: x.Line.ID}), Data: x})
}

func (d *desk) writeFile(w http.ResponseWriter, r *http.Request, t turn) error {
	if !d.form(w, r) {
		return nil
	}
	err := d.As(t.by).WriteFile(r.Context(), t.who.SIRET, r.PathValue("id"), support.Message{Side: support.Partner, Author: t.who.ID, Text: r.PostForm.Get("texte")})
	if fault.From(err).Field() == "texte" {
		note(w, err)
		return d.showFile(w, r, t, fileMistakes["texte"])
	}
	if err != nil {
		return err
	}
	return redirect(w, r, supportPath+"/"+r.PathValue("id")+"?fait=message")
}

func (d *desk) closeFile(w http.ResponseWriter, r *http.Request, t turn) error {
	if err := d.As(t.by).CloseFile(r.Context(), t.who.SIRET, r.PathValue("id"), support.Partner); err != nil {
		return err
	}
	return redirect(w, r, supportPath+"?fait=clos")
}

// The agents' side.

const (
	agentFilesPath = agentPath + "/support"
)

func (d *desk) agentFiles(w http.ResponseWriter, r *http.Request, t turn) error {
	v := r.URL.Query()
	q := support.Query{Kind: support.Kind(oneOf(v.Get("nature"), string(support.Question), string(support.Incident))), State: support.State(oneOf(v.Get("etat"), string(support.Waiting), string(support.Answered), string(support.Closed))), Limit: support.MaxPage}
	list, total, err := d.Organisations.Files(r.Context(), q)
	if err != nil {
		return err
	}
	x := filesData{Total: total}
	for _, f := range list {
		if f.Kind == support.Question || t.may(account.FollowIncidents) {
			x.Lines = append(x.Lines, fileLineOf(f, agentFilesPath, d.Clock()))
		}
	}
	return d.show(w, r, t, page{Name: "support_agents", Title: "Aide et incidents", Section: agentFilesPath, Summary: "Questions et incidents des partenaires.", Done: doneIn(r), Crumbs: d.trail(t, link{Text: "Aide et incidents"}), Data: x})
}

// agentFile finds a file that the agent may read: breaches are for those who
// follow them.
func (d *desk) agentFile(r *http.Request, t turn) (support.File, error) {
	f, err := d.Organisations.File(r.Context(), "", r.PathValue("id"))
	if err == nil && f.Kind == support.Incident && !t.may(account.FollowIncidents) {
		err = fault.New(fault.RoleInsuffisant, "web: incident")
	}
	return f, err
}

func (d *desk) readAgentFile(w http.ResponseWriter, r *http.Request, t turn) error {
	return d.showAgentFile(w, r, t, "")
}

func (d *desk) showAgentFile(w http.ResponseWriter, r *http.Request, t turn, wrong string) error {
	f, err := d.agentFile(r, t)
	if err != nil {
		return err
	}
	x := fileDataOf(f, support.Operator, agentFilesPath, d.Clock())
	x.MayWrite = t.may(account.AnswerTickets) || f.Kind == support.Incident
	x.MayClose = x.MayClose && x.MayWrite
	return d.fileShown(w, r, t, x, wrong)
}

func (d *desk) answerFile(w http.ResponseWriter, r *http.Request, t turn) error {
	if !d.form(w, r) {
		return nil
	}
	f, err := d.agentFile(r, t)
	if err == nil && f.Kind == support.Question && !t.may(account.AnswerTickets) {
		err = fault.New(fault.RoleInsuffisant, "web: answer")
	}
	if err == nil {
		err = d.As(t.by).WriteFile(r.Context(), "", f.ID, support.Message{Side: support.Operator, Author: t.who.ID, Text: r.PostForm.Get("texte")})
	}
	if fault.From(err).Field() == "texte" {
		note(w, err)
		return d.showAgentFile(w, r, t, fileMistakes["texte"])
	}
	if err != nil {
		return err
	}
	return redirect(w, r, agentFilesPath+"/"+f.ID+"?fait=message")
}

func (d *desk) closeAgentFile(w http.ResponseWriter, r *http.Request, t turn) error {
	f, err := d.agentFile(r, t)
	if err == nil && f.Kind == support.Question && !t.may(account.AnswerTickets) {
		err = fault.New(fault.RoleInsuffisant, "web: close")
	}
	if err == nil {
		err = d.As(t.by).CloseFile(r.Context(), "", f.ID, support.Operator)
	}
	if err != nil {
		return err
	}
	return redirect(w, r, agentFilesPath+"?fait=clos")
}
