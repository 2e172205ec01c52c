package partners

import (
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"droits.example/droits/internal/civil"
)

// maxAdmissions bounds the counter's list; the oldest go first.
const maxAdmissions = 200

// desk is the hospital's part: the patient's journey and the counter.
type desk struct {
	*app
	mu   sync.Mutex
	list []*admission
}

// admission is one pre-admission as the counter sees it.
type admission struct {
	Ref      string
	At       time.Time
	Channel  string // how it was filled in
	File     file
	Fix      []string // sections that the patient says are wrong
	Comment  string
	Phone    string
	Admitted bool
}

// State is the word of the list; it never rests on a colour alone.
func (a *admission) State() string {
	switch {
	case a.Admitted:
		return "Admis"
	case len(a.ToBring()) > 0:
		return "À vérifier"
	}
	return "Prêt"
}

// Tags are the situations to know before the patient arrives.
func (a *admission) Tags() []string {
	tags := slices.Clone(a.File.tags)
	slices.Sort(tags)
	return slices.Compact(tags)
}

// ToBring lists what is missing or said to be wrong.
func (a *admission) ToBring() []string {
	out := slices.Clone(a.Fix)
	for _, s := range a.File.Sections {
		if s.Missing && !slices.Contains(out, s.Title) {
			out = append(out, s.Title)
		}
	}
	return out
}

func (d *desk) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+d.next, d.journey(d.chooseWho))
	mux.HandleFunc("POST "+d.next, d.journey(d.takeWho))
	mux.HandleFunc("GET "+d.start+"/recapitulatif", d.journey(d.recap))
	mux.HandleFunc("POST "+d.start+"/recapitulatif", d.journey(d.send))
	mux.HandleFunc("GET "+d.start+"/confirmation", d.confirm)
	mux.HandleFunc("GET "+d.start+"/saisie", func(w http.ResponseWriter, _ *http.Request) { d.askByHand(w, http.StatusOK, byHand{}) })
	mux.HandleFunc("POST "+d.start+"/saisie", d.takeByHand)
	mux.HandleFunc("GET /hopital/guichet", d.today)
	mux.HandleFunc("GET /hopital/guichet/{ref}", d.openFile)
	mux.HandleFunc("POST /hopital/guichet/{ref}", d.admit)
}

// person is one line of a choice; Index stands for the person everywhere, so
// that no number travels in an address or a form.
type person struct {
	Index                 int
	Name, Born, Link, NIR string
	Self, Picked          bool
}

func (s *session) people() []person {
	out := make([]person, 0, len(s.family))
	for i, b := range s.family {
		out = append(out, person{Index: i, Name: fullName(b), Born: day(b.DateNaissance), Link: qualites[b.Qualite], NIR: b.NIR.String(),
			Self: i == 0, Picked: slices.Contains(s.chosen, i)})
	}
	return out
}

func (d *desk) chooseWho(w http.ResponseWriter, r *http.Request, s *session) {
	if len(s.family) == 1 {
		d.readWho(w, r, s, 0)
		return
	}
	d.show(w, http.StatusOK, view{Page: "beneficiaire", Title: "Pour qui est la préadmission\u00a0?", Data: s.people()})
}

func (d *desk) takeWho(w http.ResponseWriter, r *http.Request, s *session) {
	i, err := strconv.Atoi(r.PostFormValue("personne"))
	if err != nil || i < 0 || i >= len(s.family) {
		http.Redirect(w, r, d.next, http.StatusSeeOther)
		return
	}
	d.readWho(w, r, s, i)
}

func (d *desk) readWho(w http.ResponseWriter, r *http.Request, s *session, i int) {
	if slices.Equal(s.chosen, []int{i}) && len(s.files) == 1 { // already read
		http.Redirect(w, r, d.start+"/recapitulatif", http.StatusSeeOther)
		return
	}
	f, err := d.hospitalFile(r.Context(), s, i)
	var gone errGone
	if errors.As(err, &gone) {
		d.toPaper(w, r, gone.motif)
		return
	}
	if err != nil {
		d.toPaper(w, r, "panne")
		return
	}
	s.chosen, s.files = []int{i}, []file{f}
	http.Redirect(w, r, d.start+"/recapitulatif", http.StatusSeeOther)
}

func (d *desk) recap(w http.ResponseWriter, r *http.Request, s *session) {
	if len(s.files) == 0 {
		http.Redirect(w, r, d.next, http.StatusSeeOther)
		return
	}
	d.show(w, http.StatusOK, view{Page: "recapitulatif", Title: "Vérifier avant l'envoi", Data: struct {
		File   file
		Others bool
	}{s.files[0], len(s.family) > 1}})
}

func (d *desk) send(w http.ResponseWriter, r *http.Request, s *session) {
	if len(s.files) == 0 {
		http.Redirect(w, r, d.next, http.StatusSeeOther)
		return
	}
	if s.done == "" {
		a := &admission{Channel: "FranceConnect", File: s.files[0], Comment: cut(r.PostFormValue("precisions"), 500), Phone: cut(r.PostFormValue("telephone"), 20)}
		for _, sec := range a.File.Sections {
			if slices.Contains(r.PostForm["inexact"], sec.ID) {
				a.Fix = append(a.Fix, sec.Title)
			}
		}
		if slices.Contains(r.PostForm["inexact"], "identite") {
			a.Fix = append([]string{"Identité"}, a.Fix...)
		}
		s.done = d.add(a)
	}
	http.Redirect(w, r, d.start+"/confirmation", http.StatusSeeOther)
}

func (d *desk) confirm(w http.ResponseWriter, r *http.Request) {
	s := d.sessions.of(r)
	if s == nil {
		d.toPaper(w, r, "session")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := d.find(s.done)
	if a == nil {
		http.Redirect(w, r, d.start, http.StatusSeeOther)
		return
	}
	d.show(w, http.StatusOK, view{Page: "confirmation", Title: "Préadmission envoyée", Data: struct {
		Ref   string
		Bring []string
	}{a.Ref, a.ToBring()}})
}

// add keeps an admission and returns its reference.
func (d *desk) add(a *admission) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	a.Ref, a.At = "PA-"+rand.Text()[:8], d.clock()
	d.list = append(d.list, a)
	if n := len(d.list) - maxAdmissions; n > 0 {
		d.list = append([]*admission(nil), d.list[n:]...)
	}
	return a.Ref
}

// find returns a copy, so that the caller needs no lock.
func (d *desk) find(ref string) *admission {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, a := range d.list {
		if a.Ref == ref {
			c := *a
			return &c
		}
	}
	return nil
}

// byHand is the form of those who do not use FranceConnect.
type byHand struct {
	Last, First, Born, Phone string
	Errors                   []formError
}

type formError struct{ Field, Text string }

// ErrorOf is the text under a field, or "".
func (b byHand) ErrorOf(field string) string {
	for _, e := range b.Errors {
		if e.Field == field {
			return e.Text
		}
	}
	return ""
}

func (d *desk) askByHand(w http.ResponseWriter, status int, b byHand) {
	title := "Saisir vos informations"
	if len(b.Errors) > 0 {
		title = "Erreur\u00a0: " + title
	}
	d.show(w, status, view{Page: "saisie", Title: title, Data: b})
}

func (d *desk) takeByHand(w http.ResponseWriter, r *http.Request) {
	b := byHand{Last: cut(r.PostFormValue("nom"), 80), First: cut(r.PostFormValue("prenom"), 80),
		Born: cut(r.PostFormValue("naissance"), 10), Phone: cut(r.PostFormValue("telephone"), 20)}
	if b.Last == "" {
		b.Errors = append(b.Errors, formError{"nom", "Indiquez votre nom de naissance, par exemple\u00a0: Martin"})
	}
	if b.First == "" {
		b.Errors = append(b.Errors, formError{"prenom", "Indiquez votre prénom, par exemple\u00a0: Camille"})
	}
	born, ok := typedDay(b.Born)
	if !ok || born > civil.On(d.clock()) {
		b.Errors = append(b.Errors, formError{"naissance", "Indiquez une date de naissance qui existe, par exemple\u00a0: 14/03/1985"})
	}
	if len(b.Errors) > 0 {
		d.askByHand(w, http.StatusUnprocessableEntity, b)
		return
	}
	f := file{Name: b.First + " " + strings.ToUpper(b.Last), Born: day(born.String()), birth: born.String(),
		Sections: []section{{ID: "papier", Title: "Attestation de droits ou carte Vitale", Missing: true, Note: "À présenter à l'accueil."}}}
	s := d.sessions.start(w, r)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done = d.add(&admission{Channel: "Saisie", File: f, Phone: b.Phone})
	http.Redirect(w, r, d.start+"/confirmation", http.StatusSeeOther)
}

// typedDay reads a day typed as 14/03/1985.
func typedDay(s string) (civil.Date, bool) {
	p := strings.Split(s, "/")
	if len(p) != 3 || len(p[0]) > 2 || len(p[1]) > 2 || len(p[2]) != 4 {
		return 0, false
	}
	pad := func(s string) string { return strings.Repeat("0", 2-len(s)) + s }
	d, err := civil.Parse(p[2] + "-" + pad(p[1]) + "-" + pad(p[0]))
	return d, err == nil && d.Year() > 1880
}

func cut(s string, n int) string {
	r := []rune(strings.TrimSpace(s))
	return string(r[:min(len(r), n)])
}
