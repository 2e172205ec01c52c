package partners

import (
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"droits.example/droits/internal/civil"
)

// enrolment is the insurer's part: who is to be covered, what they have, what
// it would cost.
type enrolment struct{ *app }

func (e *enrolment) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+e.next, e.journey(e.chooseWho))
	mux.HandleFunc("POST "+e.next, e.journey(e.takeWho))
	mux.HandleFunc("GET "+e.start+"/simulation", e.journey(e.simulate))
	mux.HandleFunc("POST "+e.start+"/simulation", e.journey(e.join))
	mux.HandleFunc("GET "+e.start+"/confirmation", e.journey(e.confirm))
}

func (e *enrolment) chooseWho(w http.ResponseWriter, _ *http.Request, s *session) {
	e.showWho(w, http.StatusOK, s, false)
}

func (e *enrolment) showWho(w http.ResponseWriter, status int, s *session, missing bool) {
	people := s.people()
	if len(s.chosen) == 0 && !missing {
		people[0].Picked = true // the others are the person's own choice
	}
	title := "Qui souhaitez-vous couvrir\u00a0?"
	if missing {
		title = "Erreur\u00a0: " + title
	}
	e.show(w, status, view{Page: "famille", Title: title, Data: struct {
		People []person
		Error  bool
	}{people, missing}})
}

func (e *enrolment) takeWho(w http.ResponseWriter, r *http.Request, s *session) {
	_ = r.ParseForm()
	var chosen []int
	for _, v := range r.PostForm["personne"] {
		if i, err := strconv.Atoi(v); err == nil && i >= 0 && i < len(s.family) && !slices.Contains(chosen, i) {
			chosen = append(chosen, i)
		}
	}
	if len(chosen) == 0 {
		e.showWho(w, http.StatusUnprocessableEntity, s, true)
		return
	}
	slices.Sort(chosen)
	if !slices.Equal(chosen, s.chosen) || len(s.files) != len(chosen) {
		files := make([]file, 0, len(chosen))
		for _, i := range chosen {
			f, err := e.insurerFile(r.Context(), s, i)
			if err != nil {
				var gone errGone
				if !errors.As(err, &gone) {
					gone.motif = "panne"
				}
				e.toPaper(w, r, gone.motif)
				return
			}
			files = append(files, f)
		}
		s.chosen, s.files = chosen, files
	}
	http.Redirect(w, r, e.start+"/simulation", http.StatusSeeOther)
}

// formula is one offer, priced by month in cents. All figures are invented.
type formula struct {
	ID, Name, What       string
	adult, senior, child int
}

var formulas = []formula{
	{"essentielle", "Essentielle", "Hôpital et soins courants au tarif de base.", 3190, 5790, 1590},
	{"equilibre", "Équilibre", "Ajoute l'optique et le dentaire courants.", 4490, 7890, 2190},
	{"confort", "Confort", "Ajoute les dépassements d'honoraires et la chambre seule.", 6190, 10390, 2890},
}

// offer is a formula priced for the people of the journey.
type offer struct{ ID, Name, What, Price string }

// price is the sum for those who do not have a C2S, which costs them nothing
// and covers more.
func (f formula) price(files []file, today civil.Date) (cents int) {
	for _, p := range files {
		if p.solidarity {
			continue
		}
		switch n, ok := age(p.birth, today); {
		case ok && n < 18:
			cents += f.child
		case ok && n >= 60:
			cents += f.senior
		default:
			cents += f.adult
		}
	}
	return cents
}

func euros(cents int) string {
	return strconv.Itoa(cents/100) + "," + two(cents%100) + "\u00a0€"
}

func (e *enrolment) simulate(w http.ResponseWriter, r *http.Request, s *session) {
	if len(s.files) == 0 {
		http.Redirect(w, r, e.next, http.StatusSeeOther)
		return
	}
	today := civil.On(e.clock())
	d := struct {
		Files               []file
		Offers              []offer
		Solidarity, Covered []string
	}{Files: s.files}
	for _, f := range s.files {
		if f.solidarity {
			d.Solidarity = append(d.Solidarity, f.Name)
		}
		if f.covered {
			d.Covered = append(d.Covered, f.Name)
		}
	}
	if len(d.Solidarity) < len(s.files) {
		for _, f := range formulas {
			d.Offers = append(d.Offers, offer{f.ID, f.Name, f.What, euros(f.price(s.files, today))})
		}
	}
	e.show(w, http.StatusOK, view{Page: "simulation", Title: "Vos droits et votre simulation", Data: d})
}

func (e *enrolment) join(w http.ResponseWriter, r *http.Request, s *session) {
	if len(s.files) == 0 {
		http.Redirect(w, r, e.next, http.StatusSeeOther)
		return
	}
	i := slices.IndexFunc(formulas, func(f formula) bool { return f.ID == r.PostFormValue("formule") })
	if i < 0 {
		http.Redirect(w, r, e.start+"/simulation", http.StatusSeeOther)
		return
	}
	if s.done == "" {
		s.done = "AD-" + rand.Text()[:8] + " " + formulas[i].ID
	}
	http.Redirect(w, r, e.start+"/confirmation", http.StatusSeeOther)
}

func (e *enrolment) confirm(w http.ResponseWriter, r *http.Request, s *session) {
	if s.done == "" {
		http.Redirect(w, r, e.start+"/simulation", http.StatusSeeOther)
		return
	}
	ref, id := s.done[:11], s.done[12:]
	i := slices.IndexFunc(formulas, func(f formula) bool { return f.ID == id })
	d := struct {
		Ref, Formula, Price string
		Names, Bring        []string
	}{Ref: ref, Formula: formulas[i].Name, Price: euros(formulas[i].price(s.files, civil.On(e.clock())))}
	for _, f := range s.files {
		if !f.solidarity {
			d.Names = append(d.Names, f.Name)
		}
		for _, sec := range f.Sections {
			if sec.Missing {
				d.Bring = append(d.Bring, sec.Title+" ("+f.Name+")")
			}
		}
	}
	e.show(w, http.StatusOK, view{Page: "adhesion", Title: "Demande d'adhésion envoyée", Data: d})
}
