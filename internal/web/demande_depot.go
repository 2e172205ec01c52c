package web

import (
	"net/http"
	"strings"

	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/habilitation"
)

// gap is something to complete, and where.
type gap struct{ Text, Href string }

// answeredStep is one page of the form as it was filled in.
type answeredStep struct {
	Title, Edit string
	Pairs       []pair
	Gaps        int
}

// checkData is the page before a request is submitted.
type checkData struct {
	Gaps          []gap
	ID            string
	Address       string
	Steps         []answeredStep
	Terms         termsLine
	Coming        *termsLine
	Accept        choices
	DPO           choices
	Edition, Once string
	Overtaken     bool
	Motive        string
}

// termsLine is a version of the terms in a page.
type termsLine struct{ Version, Href, From string }

func termsLineOf(a convention.Announced) termsLine {
	l := termsLine{Version: a.Version, Href: termsPath + "/" + a.Version}
	if !a.From.IsZero() {
		l.From = longDay(a.From)
	}
	return l
}

// answersOf are the answers of a form in words, page by page. edit makes links
// when it is not "".
func answersOf(f habilitation.Form, pieces []habilitation.Piece, edit string) (out []answeredStep) {
	for i, s := range formSteps {
		x := answeredStep{Title: s.Title, Gaps: len(problemsOf(f, i))}
		if edit != "" {
			x.Edit = edit + "/etapes/" + s.slug
		}
		heading := ""
		for _, a := range s.answers {
			if a.only != nil && !a.only(f) {
				continue
			}
			if a.heading != "" {
				heading = a.heading + " – "
			}
			p := pair{Term: heading + a.label}
			if v := a.shown(f); v != "" {
				p.Text = strings.Split(v, "\n")
			}
			x.Pairs = append(x.Pairs, p)
		}
		for _, place := range s.slots {
			p := pair{Term: place.label}
			for _, y := range pieces {
				if y.ID == f.Pieces[place.field] {
					p.Text, p.Href = []string{y.Name}, requestsPath+"/"+y.Request+"/pieces/"+y.ID
				}
			}
			x.Pairs = append(x.Pairs, p)
		}
		out = append(out, x)
	}
	return out
}

// gapsOf leads from each problem to its field.
func gapsOf(f habilitation.Form, at string) (out []gap) {
	for _, p := range f.Problems() {
		step, anchor, ok := placeOf(p.Field)
		g := gap{saidOf(anchor, p.Text), "#" + anchor}
		if ok {
			g.Href = at + "/etapes/" + formSteps[step].slug + "?corriger#" + anchor
		}
		out = append(out, g)
	}
	return out
}

func (d *desk) checkRequest(w http.ResponseWriter, r *http.Request, t turn) error {
	x, err := d.own(r, t)
	if err == nil {
		err = x.Can(habilitation.Submit, habilitation.Demandeur)
	}
	if err != nil {
		return err
	}
	return d.showCheck(w, r, t, x, x.Form.Engagements, checkData{})
}

func (d *desk) showCheck(w http.ResponseWriter, r *http.Request, t turn, x habilitation.Request, e habilitation.Engagements, data checkData) error {
	pieces, err := d.Requests.Pieces(r.Context(), x.ID)
	if err != nil {
		return err
	}
	held, next, err := d.Terms.Terms(r.Context())
	if err != nil {
		return err
	}
	at := requestsPath + "/" + x.ID
	data.ID, data.Address, data.Once, data.Motive = x.ID, at+"/deposer", once(), motiveOf(x)
	data.Steps, data.Terms, data.Edition = answersOf(x.Form, pieces, at), termsLineOf(held), editionOf(x)
	data.Accept = choices{Name: "engagements.modalites", Legend: "Modalités d'utilisation", Kind: "checkbox", Options: []option{{Value: held.Version, Label: "Notre organisme accepte les modalités d'utilisation, version " + held.Version + ".", Checked: e.Terms == held.Version}}}
	if next.Version != "" {
		l := termsLineOf(next)
		data.Coming = &l
	}
	data.DPO = choices{Name: "engagements.delegue_informe", Legend: "Délégué à la protection des données", Kind: "checkbox", Options: []option{{Value: "oui", Label: "Notre délégué à la protection des données est informé de cette demande.", Checked: e.DPOInformed}}}
	status := http.StatusOK
	switch {
	case data.Overtaken:
		status = http.StatusConflict
	case len(data.Gaps) > 0:
		status = http.StatusUnprocessableEntity
		for _, g := range data.Gaps {
			for _, c := range []*choices{&data.Accept, &data.DPO} {
				if g.Href == "#"+c.Name {
					c.Error = g.Text
				}
			}
		}
	}
	return d.showWith(w, r, status, t, page{
		Name: "demande_verifier", Title: "Vérifier et déposer", Section: requestsPath, Summary: "Relire la demande d'accès avant de la déposer.", Failed: len(data.Gaps) > 0,
		Crumbs: d.trail(t, link{"Demandes d'accès", requestsPath}, link{x.ID, at}, link{Text: "Vérifier et déposer"}), Data: data,
	})
}

// submit keeps the engagements, then submits. What is missing is told with the
// way to it; without FranceConnect there is a page of its own, and no way on.
func (d *desk) submit(w http.ResponseWriter, r *http.Request, t turn) error {
	if !d.form(w, r) {
		return nil
	}
	x, err := d.own(r, t)
	if err != nil {
		return err
	}
	at := requestsPath + "/" + x.ID
	if x.State == habilitation.Submitted { // a second click
		return redirect(w, r, at+"/deposee")
	}
	if err := x.Can(habilitation.Submit, habilitation.Demandeur); err != nil {
		return err
	}
	f := x.Form
	f.Engagements = habilitation.Engagements{Terms: r.PostForm.Get("engagements.modalites"), DPOInformed: r.PostForm.Get("engagements.delegue_informe") != ""}
	if f.Connexion.Habilitation == "" {
		return redirect(w, r, at+"/habilitation-franceconnect")
	}
	held, _, err := d.Terms.Terms(r.Context())
	if err != nil {
		return err
	}
	if f.Engagements.Terms != held.Version { // they may have changed while the page was open
		f.Engagements.Terms = ""
	}
	if gaps := gapsOf(f, at); len(gaps) > 0 {
		return d.showCheck(w, r, t, x, f.Engagements, checkData{Gaps: gaps})
	}
	if r.PostForm.Get("edition") != editionOf(x) {
		return d.showCheck(w, r, t, x, f.Engagements, checkData{Overtaken: true})
	}
	x, err = d.engage(r, t, x, f)
	if err == nil {
		doing := t.doing(r, habilitation.Submit)
		doing.Edition = x.Edition()
		x, err = d.As(t.by).ActOnRequest(r.Context(), x.ID, doing)
	}
	if fault.From(err).Reason() == habilitation.EditionStale {
		if x, err = d.own(r, t); err != nil {
			return err
		}
		return d.showCheck(w, r, t, x, f.Engagements, checkData{Overtaken: true})
	}
	if err != nil {
		return err
	}
	return redirect(w, r, at+"/deposee")
}

// engage keeps the boxes of the last page, when they changed.
func (d *desk) engage(r *http.Request, t turn, x habilitation.Request, f habilitation.Form) (habilitation.Request, error) {
	if f.Engagements == x.Form.Engagements {
		return x, nil
	}
	doing := t.doing(r, habilitation.Update)
	doing.Form, doing.Edition, doing.Once = &f, x.Edition(), ""
	return d.As(t.by).ActOnRequest(r.Context(), x.ID, doing)
}

// submittedData is the page after a request was submitted.
type submittedData struct{ ID, Href, Title string }

func (d *desk) submitted(w http.ResponseWriter, r *http.Request, t turn) error {
	x, err := d.own(r, t)
	if err != nil {
		return err
	}
	at := requestsPath + "/" + x.ID
	if x.State != habilitation.Submitted {
		return redirect(w, r, at)
	}
	return d.show(w, r, t, page{
		Name: "demande_deposee", Title: "Demande déposée", Section: requestsPath, Summary: "Votre demande d'accès est déposée.",
		Crumbs: d.trail(t, link{"Demandes d'accès", requestsPath}, link{x.ID, at}, link{Text: "Demande déposée"}), Data: submittedData{x.ID, at, projectOf(x)},
	})
}

// noFranceConnect is the page that stops a request without an authorisation of
// FranceConnect.
func (d *desk) noFranceConnect(w http.ResponseWriter, r *http.Request, t turn) error {
	x, err := d.own(r, t)
	if err != nil {
		return err
	}
	at := requestsPath + "/" + x.ID
	return d.show(w, r, t, page{
		Name: "demande_sans_franceconnect", Title: "Habilitation FranceConnect manquante", Section: requestsPath, Summary: "La demande attend l'habilitation FranceConnect de votre organisme.",
		Crumbs: d.trail(t, link{"Demandes d'accès", requestsPath}, link{x.ID, at}, link{Text: "Habilitation FranceConnect manquante"}),
		Data:   struct{ ID, Back, List string }{x.ID, at + "/etapes/connexion", requestsPath},
	})
}
