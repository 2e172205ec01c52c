package web

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/habilitation"
)

// MaxRequestForm is the size of a page of the form, all texts at their longest.
const MaxRequestForm = 256 << 10

// asked is one question of a page: a heading, a field or choices.
type asked struct {
	Heading string
	Field   *field
	Choices *choices
}

// slotData is a place for a document, with the one that is there.
type slotData struct {
	Field, Label, Hint, Error string
	Drop                      string // address that takes it out
	Name, Href                string // of the document, "" when there is none
}

// stepData is one page of the form.
type stepData struct {
	Wrong      []mistake
	ID, Title  string
	Step, Of   int
	Before     string // address of the page before, "" on the first
	Next       string // title of the page after, "" on the last
	Address    string // where it is sent
	Lead       string
	Overtaken  bool
	Kept       bool // it is saved although something is wrong
	NextHref   string
	Asked      []asked
	Slots      []slotData
	Seen, Once string
	Motive     string // why changes were asked for
	NoFC       string // where to go without a FranceConnect authorisation
}

// stepNamed finds a page of the form.
func stepNamed(slug string) (int, bool) {
	i := slices.IndexFunc(formSteps, func(s formStep) bool { return s.slug == slug })
	return i, i >= 0
}

// placeOf is the page on which a field is asked, and the field to go to there;
// false for what the last page asks.
func placeOf(name string) (step int, anchor string, ok bool) {
	if name == "projet.finalite" { // it follows from the kind of organisation
		name = "organisation.categorie"
	}
	for i, s := range formSteps {
		if slices.ContainsFunc(s.answers, func(a answer) bool { return a.name == name }) || slices.ContainsFunc(s.slots, func(x slot) bool { return x.field == name }) {
			return i, name, true
		}
	}
	return 0, name, false
}

// resumeAt is the first page with something to complete, or the last.
func resumeAt(f habilitation.Form) formStep {
	for i, s := range formSteps {
		if len(problemsOf(f, i)) > 0 {
			return s
		}
	}
	return formSteps[len(formSteps)-1]
}

// problemsOf are the problems of one page of the form.
func problemsOf(f habilitation.Form, step int) (out []habilitation.Problem) {
	for _, p := range f.Problems() {
		if i, anchor, ok := placeOf(p.Field); ok && i == step {
			p.Field = anchor
			out = append(out, p)
		}
	}
	return out
}

// seenOf stands for the answers of a page as they are kept: what comes back
// with another was overtaken.
func seenOf(f habilitation.Form, s formStep) string {
	h := sha256.New()
	for _, a := range s.answers {
		v := a.get(&f)
		h.Write([]byte(strconv.Itoa(len(v)) + ":" + v))
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// typed is what somebody wrote on a page: as it is shown again.
type typed struct {
	form  habilitation.Form
	text  map[string]string // what could not be read, by field
	wrong map[string]string // what is said of it
	other *habilitation.Form
}

// read takes the answers of a page out of what was sent.
func (s formStep) read(r *http.Request, f habilitation.Form) typed {
	out := typed{form: f, text: map[string]string{}, wrong: map[string]string{}}
	for _, a := range s.answers {
		if a.only != nil && !a.only(f) {
			continue
		}
		v := strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(r.PostForm.Get(a.name), "\ufffd"), "\r\n", "\n"))
		if a.kind == "checkbox" {
			v = strings.Join(r.PostForm[a.name], ",")
		}
		if !a.set(&out.form, v) {
			out.text[a.name] = v
			out.wrong[a.name] = map[string]string{"date": "Écrivez une date qui existe, par exemple 01/03/2027.", "radio": "Choisissez une des réponses proposées."}[a.kind]
			if out.wrong[a.name] == "" {
				out.wrong[a.name] = "Écrivez un nombre entier, par exemple 12."
			}
		}
	}
	return out
}

// ask makes the questions of a page.
func (s formStep) ask(x typed) (out []asked) {
	for _, a := range s.answers {
		if a.only != nil && !a.only(x.form) {
			continue
		}
		if a.heading != "" {
			out = append(out, asked{Heading: a.heading})
		}
		hint := a.hint
		if x.other != nil && a.get(x.other) != a.get(&x.form) {
			hint = strings.TrimSpace(hint + " Enregistré entre-temps : " + orDash(a.shown(*x.other)) + ".")
		}
		if a.options != nil {
			out = append(out, asked{Choices: &choices{Name: a.name, Legend: a.label, Hint: hint, Error: x.wrong[a.name], Kind: a.kind, Options: a.options(x.form)}})
			continue
		}
		v, unread := x.text[a.name]
		if !unread {
			v = a.get(&x.form)
		}
		out = append(out, asked{Field: &field{Name: a.name, Label: a.label, Hint: hint, Error: x.wrong[a.name], Kind: a.kind, Value: v, Autocomplete: a.auto, Inputmode: a.mode, Max: a.max, Optional: a.optional}})
	}
	return out
}

// shown is an answer in words.
func (a answer) shown(f habilitation.Form) string {
	if a.options == nil {
		v := a.get(&f)
		if day, err := civil.Parse(v); a.kind == "date" && err == nil {
			return longDay(day)
		}
		return v
	}
	var out []string
	for _, o := range a.options(f) {
		if o.Checked {
			out = append(out, o.Label)
		}
	}
	return strings.Join(out, " ; ")
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func (d *desk) formStep(w http.ResponseWriter, r *http.Request, t turn) error {
	x, step, err := d.editable(r, t)
	if fault.Is(err, fault.ActeImpossible) { // the back button, once it is submitted
		return redirect(w, r, requestsPath+"/"+x.ID)
	}
	if err != nil {
		return err
	}
	now := typed{form: x.Form, wrong: map[string]string{}}
	if r.URL.Query().Has("corriger") {
		for _, p := range problemsOf(x.Form, step) {
			now.wrong[p.Field] = p.Text
		}
	}
	return d.showStep(w, r, t, x, step, now, stepData{})
}

// editable reads a request whose form may be written, and the page asked for.
func (d *desk) editable(r *http.Request, t turn) (x habilitation.Request, step int, err error) {
	if x, err = d.own(r, t); err != nil {
		return x, 0, err
	}
	step, ok := stepNamed(r.PathValue("etape"))
	if !ok {
		return x, 0, fault.New(fault.RessourceInconnue, "web: step")
	}
	return x, step, x.Can(habilitation.Update, habilitation.Demandeur)
}

func (d *desk) showStep(w http.ResponseWriter, r *http.Request, t turn, x habilitation.Request, step int, now typed, data stepData) error {
	s, at := formSteps[step], requestsPath+"/"+x.ID
	data.ID, data.Title, data.Lead, data.Step, data.Of = x.ID, s.Title, s.Lead, step+1, len(formSteps)
	data.Address, data.Asked, data.Seen, data.Once, data.NextHref = at+"/etapes/"+s.slug, s.ask(now), seenOf(x.Form, s), once(), at+"/verifier"
	if step > 0 {
		data.Before = at + "/etapes/" + formSteps[step-1].slug
	}
	if step+1 < len(formSteps) {
		data.Next, data.NextHref = formSteps[step+1].Title, at+"/etapes/"+formSteps[step+1].slug
	}
	if s.slug == "connexion" {
		data.NoFC = at + "/habilitation-franceconnect"
	}
	data.Motive = motiveOf(x)
	if err := d.slots(r, x, s, now, &data); err != nil {
		return err
	}
	for _, q := range data.Asked {
		switch {
		case q.Field != nil && q.Field.Error != "":
			data.Wrong = append(data.Wrong, mistake{q.Field.Name, saidOf(q.Field.Name, q.Field.Error)})
		case q.Choices != nil && q.Choices.Error != "":
			data.Wrong = append(data.Wrong, mistake{q.Choices.Name, q.Choices.Error})
		}
	}
	for _, p := range data.Slots {
		if p.Error != "" {
			data.Wrong = append(data.Wrong, mistake{p.Field, p.Error})
		}
	}
	status := http.StatusOK
	switch {
	case data.Overtaken:
		status = http.StatusConflict
	case len(data.Wrong) > 0 && r.Method == http.MethodPost:
		status = http.StatusUnprocessableEntity
	}
	return d.showWith(w, r, status, t, page{
		Name: "demande_etape", Title: s.Title + " – étape " + strconv.Itoa(step+1) + " sur " + strconv.Itoa(len(formSteps)), Section: requestsPath, Summary: "Demande d'accès, " + s.Title + ".",
		Failed: len(data.Wrong) > 0, Done: requestDeeds[r.URL.Query().Get("fait")],
		Crumbs: d.trail(t, link{"Demandes d'accès", requestsPath}, link{x.ID, at}, link{Text: s.Title}), Data: data,
	})
}

// saveStep keeps a page as it is, with what is missing; what is wrong is said,
// and does not stop anybody.
func (d *desk) saveStep(w http.ResponseWriter, r *http.Request, t turn) error {
	doc, ok := d.readStep(w, r)
	if !ok {
		return nil
	}
	for range 3 { // another page of the same form may be kept meanwhile
		x, step, err := d.editable(r, t)
		if err != nil {
			return err
		}
		s := formSteps[step]
		now := s.read(r, x.Form)
		ownOrganisation(&now, x)
		changes := habilitation.Diff(x.Form, now.form)
		if len(changes) > 0 && r.PostForm.Get("vu") != seenOf(x.Form, s) {
			if now.other = &x.Form; doc != nil {
				now.wrong[doc.field] = "Ce fichier n'a pas été joint : choisissez-le de nouveau."
			}
			return d.showStep(w, r, t, x, step, now, stepData{Overtaken: true})
		}
		if len(changes) > 0 {
			doing := t.doing(r, habilitation.Update)
			doing.Form, doing.Edition = &now.form, x.Edition()
			next, err := d.As(t.by).ActOnRequest(r.Context(), x.ID, doing)
			if fault.From(err).Reason() == habilitation.EditionStale {
				continue
			}
			if err != nil {
				return err
			}
			x = next
		}
		next, wrong, err := d.attach(r, t, x, doc)
		if err != nil {
			return err
		}
		if x = next; wrong != "" {
			now.wrong[doc.field] = wrong
		}
		return d.stepSaved(w, r, t, x, step, now)
	}
	return fault.New(fault.ActeImpossible, "web: save step").Because(habilitation.EditionStale)
}

// stepSaved leads on, or says what is wrong with what was written.
func (d *desk) stepSaved(w http.ResponseWriter, r *http.Request, t turn, x habilitation.Request, step int, now typed) error {
	at := requestsPath + "/" + x.ID
	if r.PostForm.Get("apres") == "quitter" && len(now.wrong) == 0 {
		return redirect(w, r, at+"?fait=enregistree")
	}
	s := formSteps[step]
	for _, p := range problemsOf(x.Form, step) {
		i := slices.IndexFunc(s.answers, func(a answer) bool { return a.name == p.Field })
		if i >= 0 && now.wrong[p.Field] == "" && p.Code != habilitation.Missing && s.answers[i].get(&x.Form) != "" {
			now.wrong[p.Field] = p.Text
		}
	}
	if len(now.wrong) > 0 {
		now.form = x.Form // with the document that was joined, and without what could not be read
		return d.showStep(w, r, t, x, step, now, stepData{Kept: true})
	}
	if step+1 < len(formSteps) {
		return redirect(w, r, at+"/etapes/"+formSteps[step+1].slug)
	}
	return redirect(w, r, at+"/verifier")
}

// ownOrganisation keeps a request with the organisation of who writes it: the
// number of another is said to be wrong, and not kept.
func ownOrganisation(now *typed, x habilitation.Request) {
	const name = "organisation.siret"
	v := now.form.Organisation.SIRET
	if v == x.Organisation || v == "" {
		now.form.Organisation.SIRET = x.Organisation
		return
	}
	now.wrong[name] = "Ce SIRET n'est pas celui de votre organisme. Vous ne pouvez demander un accès que pour lui ; pour un autre, connectez-vous en son nom."
	for _, p := range now.form.Problems() {
		if p.Field == name {
			now.wrong[name] = p.Text
		}
	}
	now.text[name], now.form.Organisation.SIRET = v, x.Organisation
}

// largeForm reads a page of the form, whose texts may be long.
func (d *desk) largeForm(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, MaxRequestForm)
	if err := r.ParseForm(); err != nil {
		status := http.StatusBadRequest
		if r.ContentLength > MaxRequestForm {
			status = http.StatusRequestEntityTooLarge
		}
		d.Error(w, r, status)
		return false
	}
	return true
}

// motiveOf is what agents asked for last, while it is to be answered.
func motiveOf(x habilitation.Request) string {
	if x.State != habilitation.ChangesRequested {
		return ""
	}
	for _, e := range slices.Backward(x.Events) {
		if e.Act == habilitation.RequestChanges {
			return e.Motive
		}
	}
	return ""
}
