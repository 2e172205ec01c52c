package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"droits.example/droits/internal/access"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
)

// pauses are how long a person may pause a partner for, in days; 0 is until it
// allows it again.
var pauses = []int{7, 30, 90, 0}

// sharingData is one partner, and what the person decides about it.
type sharingData struct {
	Name, Kind, Why string
	State           tag
	Told            string // the state in a sentence
	LastRead        string
	Readings        string   // address of the accesses of this partner
	Asked           []string // blocks that the partner was refused for want of a tick
	Withdraw        *action
	Allow           *action
	Pause           *pauseForm
	Choice          *choiceForm
	Shown           []shownConvention
	Given           []agreementLine
	Wrong           []mistake
}

// pauseForm stops a partner for a while.
type pauseForm struct {
	Address string
	For     choices
}

// choiceForm is which blocks and dependants a partner may read.
type choiceForm struct {
	Address    string
	Shown      []string // what the page holds, to come back with the choice
	Last       string
	Blocks     choices
	Dependants choices
	Days       int
	Opens      bool   // a tick may let something go
	Until      string // end of what is ticked, "" when nothing is
}

// shownConvention is a convention in force, as its person reads it.
type shownConvention struct {
	Why, Wording, Notice string
	NoticeText           []string
}

func shownOf(list []access.SharedConvention) (out []shownConvention) {
	for _, c := range list {
		out = append(out, shownConvention{purposeOf(c.Purpose), c.Wording, c.Notice, paragraphs(c.NoticeText)})
	}
	return out
}

// purposesOf are the purposes of the conventions in force, each once.
func purposesOf(list []access.SharedConvention) string {
	var out []string
	for _, c := range list {
		if p := purposeOf(c.Purpose); !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	if len(out) == 0 {
		return "Démarche auprès de cet organisme"
	}
	return strings.Join(out, ", ")
}

// agreementLine is an agreement in a list.
type agreementLine struct {
	Href      string
	Given     instantOf
	Until     instantOf
	State     tag
	How       string
	Blocks    int
	Contested bool
}

func (s *space) sharings(w http.ResponseWriter, r *http.Request, v visit) error {
	list, err := s.Citizens.Sharings(r.Context(), v.who)
	if err != nil {
		return err
	}
	return s.show(w, r, v, page{
		Name: "partages", Title: "Mes partages", Section: sharingsPath, Summary: "Les organismes qui lisent vos droits, et ce que vous leur permettez.", Done: doneIn(r),
		Crumbs: spaceTrail(link{Text: "Mes partages"}), Data: sharingLines(list),
	})
}

func sharingLines(list []access.Sharing) (out []sharingLine) {
	for _, x := range list {
		out = append(out, sharingLine{
			Href: sharingsPath + "/" + x.Partner, Name: x.Name, Kind: kindOf(x.Kind), Why: purposesOf(x.Conventions), State: stateOf(x), Detail: toldOf(x),
			LastRead: instantOf{x.LastRead}, Read: !x.LastRead.IsZero(),
		})
	}
	return out
}

// stateOf is the state of a sharing in a word or two.
func stateOf(x access.Sharing) tag {
	switch {
	case x.State == consent.StateWithdrawn:
		return tag{"warn", "accord retiré"}
	case x.State == consent.StatePaused:
		return tag{"warn", "en pause"}
	case len(x.Conventions) == 0:
		return tag{"", "ne lit plus rien"}
	case len(x.Asked) > 0:
		return tag{"warn", "attend votre choix"}
	case x.State == consent.StateGiven:
		return tag{"ok", "accord en cours"}
	}
	return tag{"", "aucun accord en cours"}
}

// toldOf is the state of a sharing in a sentence.
func toldOf(x access.Sharing) string {
	switch {
	case x.State == consent.StateWithdrawn:
		return "Vous avez retiré votre accord : cet organisme ne reçoit rien tant que vous ne l'autorisez pas de nouveau."
	case x.State == consent.StatePaused && x.Until.IsZero():
		return "Vous avez mis le partage en pause : cet organisme ne reçoit rien tant que vous ne l'autorisez pas de nouveau."
	case x.State == consent.StatePaused:
		return "Vous avez mis le partage en pause jusqu'au " + longInstant(x.Until) + "."
	case len(x.Conventions) == 0:
		return "Aucune convention n'est en vigueur : cet organisme ne lit plus rien."
	case x.State == consent.StateGiven:
		return "Un accord est en cours : cet organisme peut lire ce que vous lui laissez, lors d'une démarche que vous faites avec lui."
	}
	return "Aucun accord n'est en cours. Cet organisme ne pourra lire vos droits que lors d'une démarche que vous ferez avec lui."
}

func (s *space) sharing(w http.ResponseWriter, r *http.Request, v visit) error {
	x, err := s.Citizens.Sharing(r.Context(), v.who, r.PathValue("partner"))
	if err != nil {
		return err
	}
	return s.showSharing(w, r, v, x, nil)
}

func (s *space) showSharing(w http.ResponseWriter, r *http.Request, v visit, x access.Sharing, wrong []mistake) error {
	d := sharingDataOf(x, s.Clock())
	d.Wrong = wrong
	status := http.StatusOK
	if len(wrong) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return s.showWith(w, r, status, v, page{
		Name: "partage", Title: x.Name, Section: sharingsPath, Summary: "Ce que cet organisme peut lire, et ce que vous décidez.", Done: doneIn(r), Failed: len(wrong) > 0,
		Crumbs: spaceTrail(link{"Mes partages", sharingsPath}, link{Text: x.Name}), Data: d,
	})
}

// sharingDataOf is a sharing and the acts that its state leaves open.
func sharingDataOf(x access.Sharing, now time.Time) sharingData {
	at := sharingsPath + "/" + x.Partner
	d := sharingData{
		Name: x.Name, Kind: kindOf(x.Kind), Why: purposesOf(x.Conventions), State: stateOf(x), Told: toldOf(x), Readings: readingsPath + "?organisme=" + x.Partner,
		Shown: shownOf(x.Conventions),
	}
	if len(x.Conventions) > 0 {
		d.Asked = blocksOf(x.Asked)
	}
	if !x.LastRead.IsZero() {
		d.LastRead = longInstant(x.LastRead)
	}
	stopped := x.State == consent.StateWithdrawn || x.State == consent.StatePaused
	if x.State != consent.StateWithdrawn {
		d.Withdraw = &action{Address: at + "/retirer", Label: "Retirer mon accord", Consequence: "Dès maintenant, cet organisme ne reçoit plus rien, jusqu'à ce que vous l'autorisiez de nouveau. Ce qu'il a déjà lu reste chez lui. Votre démarche reste possible avec vos justificatifs."}
	}
	if stopped {
		d.Allow = &action{Address: at + "/autoriser", Label: "Autoriser de nouveau", Consequence: "Cet organisme pourra de nouveau lire vos droits, lors d'une démarche que vous ferez avec lui. Une connexion faite avant reste refusée."}
	} else {
		d.Pause = &pauseForm{Address: at + "/pause", For: choices{Name: "jours", Legend: "Mettre en pause", Kind: "select", Hint: "Rien n'est transmis pendant la pause."}}
		for _, n := range pauses {
			d.Pause.For.Options = append(d.Pause.For.Options, option{Value: strconv.Itoa(n), Label: pauseLabel(n)})
		}
	}
	if len(x.Conventions) > 0 && !stopped {
		d.Choice = choiceOf(x, at+"/choix")
	}
	for _, l := range x.Given {
		a := agreementLine{Href: agreementsPath + "/" + l.ID, Given: instantOf{l.GivenAt}, Until: instantOf{l.ExpiresAt}, Blocks: len(l.Blocks), Contested: l.Contested, How: shownBy(l), State: tag{"", "terminé"}}
		switch {
		case l.Contested:
			a.State = tag{"warn", "contesté"}
		case !stopped && !now.After(l.ExpiresAt):
			a.State = tag{"ok", "en cours"}
		}
		d.Given = append(d.Given, a)
	}
	return d
}

func pauseLabel(days int) string {
	switch days {
	case 0:
		return "Jusqu'à ce que j'autorise de nouveau"
	case 7:
		return "Une semaine"
	case 30:
		return "Un mois"
	}
	return "Trois mois"
}

// shownBy says who showed the notice: we say what we saw, no more.
func shownBy(l consent.Line) string {
	if l.NoticeShown {
		return "Donné ici ; nous vous avons montré la notice " + l.Notice + "."
	}
	return "Déclaré par l'organisme ; sa convention l'oblige à vous montrer la notice " + l.Notice + ". Nous ne l'avons pas vue affichée."
}

func choiceOf(x access.Sharing, at string) *choiceForm {
	f := &choiceForm{Address: at, Last: x.Last, Days: consent.MaxRepeatDays,
		Blocks:     choices{Name: "blocs", Legend: "Ce que vous laissez lire", Kind: "checkbox", Hint: "Décochez ce que vous voulez garder pour vous."},
		Dependants: choices{Name: "personnes", Legend: "Pour qui", Kind: "checkbox", Hint: "Décochez les personnes dont rien ne doit être lu par votre intermédiaire."},
	}
	if !x.LetUntil.IsZero() {
		f.Until = longInstant(x.LetUntil)
	}
	for _, c := range x.Conventions {
		f.Shown = append(f.Shown, c.Ref)
	}
	for _, b := range x.Blocks {
		o := option{Value: string(b.Bloc), Label: b.Libelle, Checked: b.Given}
		switch {
		case b.Partly:
			o.Hint = "Transmise aujourd'hui pour une partie seulement de ce qui est écrit plus haut. Cochez pour tout, laissez vide pour rien."
		case b.NeedsTick:
			o.Hint = "Donnée sensible : rien n'est transmis sans cette case."
		case b.Sensitive:
			o.Hint = "Donnée de santé."
		}
		f.Opens = f.Opens || b.NeedsTick || !b.Given
		f.Blocks.Options = append(f.Blocks.Options, o)
	}
	for _, p := range x.Dependants {
		f.Dependants.Options = append(f.Dependants.Options, option{Value: p.Ref, Label: p.Name, Checked: p.Shared, Locked: p.Why})
	}
	return f
}

// paragraphs splits a text at its empty lines.
func paragraphs(text string) (out []string) {
	for _, p := range strings.Split(text, "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

func (s *space) withdraw(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.decided(w, r, s.Citizens.Withdraw(r.Context(), v.who, v.at, r.PathValue("partner")), "retrait")
}

func (s *space) allow(w http.ResponseWriter, r *http.Request, v visit) error {
	err := s.Citizens.Allow(r.Context(), v.who, v.at, r.PathValue("partner"))
	if fault.Is(err, fault.RessourceInconnue) { // a second click: nothing is left to end
		if _, again := s.Citizens.Sharing(r.Context(), v.who, r.PathValue("partner")); again == nil {
			err = nil
		}
	}
	return s.decided(w, r, err, "autorise")
}

func (s *space) pause(w http.ResponseWriter, r *http.Request, v visit) error {
	if !s.form(w, r) {
		return nil
	}
	days, err := strconv.Atoi(r.PostForm.Get("jours"))
	if err != nil || !slices.Contains(pauses, days) {
		x, err := s.Citizens.Sharing(r.Context(), v.who, r.PathValue("partner"))
		if err != nil {
			return err
		}
		return s.showSharing(w, r, v, x, []mistake{{"jours", "Choisissez une durée de pause dans la liste."}})
	}
	var until time.Time
	if days > 0 {
		until = civil.On(s.Clock()).AddDays(days + 1).StartAt() // whole days, in Paris
	}
	return s.decided(w, r, s.Citizens.Pause(r.Context(), v.who, v.at, r.PathValue("partner"), until), "pause")
}

// choose keeps what is ticked, and nothing else; what has changed since the page was shown is shown again before
// anything is kept.
func (s *space) choose(w http.ResponseWriter, r *http.Request, v visit) error {
	if !s.form(w, r) {
		return nil
	}
	partner := r.PathValue("partner")
	x, err := s.Citizens.Sharing(r.Context(), v.who, partner)
	if err != nil {
		return err
	}
	c := access.Choice{Blocks: []droits.Bloc{}, Shown: r.PostForm["vu"], Last: r.PostForm.Get("dernier")}
	for _, b := range x.Blocks {
		if slices.Contains(r.PostForm["blocs"], string(b.Bloc)) {
			c.Blocks = append(c.Blocks, b.Bloc)
		}
	}
	for _, p := range x.Dependants {
		if !slices.Contains(r.PostForm["personnes"], p.Ref) { // also who could not be ticked: in doubt, no data
			c.Excluded = append(c.Excluded, p.Ref)
		}
	}
	if slices.ContainsFunc(r.PostForm["personnes"], func(ref string) bool {
		return !slices.ContainsFunc(x.Dependants, func(p access.SharedDependant) bool { return p.Ref == ref })
	}) {
		return fault.New(fault.RessourceInconnue, "web: choose").Because("NOT_A_DEPENDANT")
	}
	err = s.Citizens.Choose(r.Context(), v.who, v.at, partner, c)
	if fault.Is(err, fault.ParametreInvalide) || fault.Is(err, fault.ConventionInactive) {
		field := "blocs"
		if sharingDataOf(x, s.Clock()).Choice == nil {
			field = "contenu" // there is no form any more
		}
		return s.showSharing(w, r, v, x, []mistake{{field, whyNotKept(err)}})
	}
	return s.decided(w, r, err, "choix")
}

// whyNotKept says why a choice was not kept, and what to do.
func whyNotKept(err error) string {
	switch fault.From(err).Reason() {
	case access.SharingStopped:
		return "Rien n'est enregistré : le partage est arrêté. Autorisez d'abord de nouveau cet organisme, puis choisissez."
	case access.ChoiceChanged:
		return "Rien n'est enregistré : vous avez décidé autre chose depuis que cette page est ouverte. Voici ce qui vaut maintenant ; relisez, puis enregistrez vos choix."
	}
	return "La notice ou la convention a changé depuis que cette page est ouverte. Relisez-la, puis enregistrez vos choix."
}

// decided goes back to the page of the partner.
func (s *space) decided(w http.ResponseWriter, r *http.Request, err error, deed string) error {
	if err != nil {
		return err
	}
	return redirect(w, r, sharingsPath+"/"+r.PathValue("partner")+"?fait="+deed)
}

// settings keeps whether and where the person wants a message.
func (s *space) settings(w http.ResponseWriter, r *http.Request, v visit) error {
	if !s.form(w, r) {
		return nil
	}
	x := access.Settings{Mail: strings.TrimSpace(r.PostForm.Get("courriel")), Notify: r.PostForm.Get("prevenir") != ""}
	wrong := ""
	if x.Notify && x.Mail == "" {
		wrong = "Écrivez l'adresse à laquelle vous voulez être prévenu, par exemple nom@exemple.fr."
	} else if err := s.Citizens.SetSettings(r.Context(), v.who, v.at, x); fault.Is(err, fault.ParametreInvalide) {
		wrong = "Écrivez une adresse complète, par exemple nom@exemple.fr."
		if fault.From(err).Reason() == "MAIL_ACCENTED" {
			wrong = "Écrivez une adresse dont les lettres n'ont pas d'accent : nous ne pouvons pas encore envoyer de message aux autres."
		}
	} else if err != nil {
		return err
	}
	if wrong != "" {
		return s.showSecurity(w, r, v, x, wrong)
	}
	return redirect(w, r, securityPath+"?fait=messages")
}
