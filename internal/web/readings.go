package web

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"droits.example/droits/internal/access"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/edge"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/trace"
)

// perPage is how many accesses a page shows; kept is how long they are kept
// (trust.md §2.1, C11), in months.
const (
	perPage    = 25
	keptMonths = 12
)

// readingsData is the journal of somebody's accesses.
type readingsData struct {
	Filters  []choices
	From, To field
	Filtered bool
	Wrong    []mistake
	Lines    []readingLine
	Pager    pager
	Picture  bars
	First    bool // the first page, which has the picture
	Months   int
}

// readingLine is one access in a list.
type readingLine struct {
	Href    string
	At      instantOf
	Who     string // partner, or what can be told of it
	Why     string
	What    string
	Concern string
	Outcome tag
	Report  bool
}

func (s *space) readings(w http.ResponseWriter, r *http.Request, v visit) error {
	q := r.URL.Query()
	d := readingsData{Months: keptMonths}
	for _, name := range []string{"organisme", "qui", "avant"} {
		if !edge.Opaque(q.Get(name)) {
			q.Del(name) // what could be somebody's number is not repeated
		}
	}
	ask := access.ReadingQuery{
		Partner: q.Get("organisme"), Outcome: oneOf(q.Get("issue"), access.OutcomeServed, access.OutcomeRefused), Who: q.Get("qui"), Before: q.Get("avant"),
	}
	kind := oneOf(q.Get("genre"), "choix", "tout")
	switch kind {
	case "":
		ask.Kind = access.KindReadings
	case "choix":
		ask.Kind = access.KindChoices
	}
	d.From, ask.From = dateField(q, "du", "À partir du", v.today)
	d.To, ask.To = dateField(q, "au", "Jusqu'au", v.today)
	if !ask.From.IsZero() && !ask.To.IsZero() && ask.To < ask.From {
		d.To.Error = "Choisissez une date de fin qui suit la date de début."
	}
	d.Wrong = mistakes(d.From, d.To)
	for _, name := range []string{"organisme", "issue", "qui", "genre", "du", "au"} {
		d.Filtered = d.Filtered || q.Get(name) != ""
	}
	status, seen := http.StatusOK, []access.Reading(nil)
	if len(d.Wrong) > 0 {
		status = http.StatusUnprocessableEntity
	} else {
		var err error
		if seen, err = s.readLines(r, v, ask, &d); err != nil {
			return err
		}
	}
	family := s.Citizens.Family(v.who)
	d.Filters = filtersOf(q, kind, seen, family)
	names := namesOf(family)
	for _, l := range seen[:min(perPage, len(seen))] {
		d.Lines = append(d.Lines, readingLineOf(l, names))
	}
	return s.showWith(w, r, status, v, page{
		Name: "acces", Title: "Qui a consulté mes droits", Section: readingsPath, Summary: "Chaque consultation de vos droits, et sa preuve.",
		Failed: len(d.Wrong) > 0, Crumbs: spaceTrail(link{Text: "Qui a consulté"}), Data: d,
	})
}

// readLines reads the lines of a page. The first page reads all that is kept,
// for its picture, so that it is opened, and traced, once.
func (s *space) readLines(r *http.Request, v visit, ask access.ReadingQuery, d *readingsData) ([]access.Reading, error) {
	ask.Limit = perPage
	if ask.Before == "" {
		ask.Limit = access.MaxReadings
	}
	page, err := s.Citizens.Readings(r.Context(), v.who, v.at, ask)
	if err != nil {
		return nil, err
	}
	if len(page.Lines) > perPage || page.More {
		d.Pager.Next = addressOf(ask, page.Lines[min(perPage, len(page.Lines))-1].ID)
	}
	if ask.Before != "" {
		d.Pager.First = addressOf(ask, "")
		return page.Lines, nil
	}
	d.Picture, d.First = newBars(caption{"mois", "Consultations par mois"}, "Mois", monthsOf(page.Lines, v.today)), true
	return page.Lines, nil
}

// addressOf is the address of a page of the journal, made from what was
// understood of the one that was asked for.
func addressOf(ask access.ReadingQuery, before string) string {
	genre := "tout"
	switch ask.Kind {
	case access.KindReadings:
		genre = ""
	case access.KindChoices:
		genre = "choix"
	}
	q := url.Values{}
	for _, p := range [][2]string{{"genre", genre}, {"organisme", ask.Partner}, {"issue", ask.Outcome}, {"qui", ask.Who}, {"du", ask.From.String()}, {"au", ask.To.String()}, {"avant", before}} {
		if p[1] != "" {
			q.Set(p[0], p[1])
		}
	}
	return strings.TrimSuffix(readingsPath+"?"+q.Encode(), "?")
}

// monthsOf counts the readings of partners in each of the last twelve months.
func monthsOf(lines []access.Reading, today civil.Date) []tally {
	out := make([]tally, keptMonths)
	first := civil.Of(today.Year(), today.Month(), 1).AddMonths(1 - keptMonths)
	for i := range out {
		out[i] = monthTally(first.AddMonths(i), 0, 0)
	}
	for _, l := range lines {
		if !isReading(l) {
			continue
		}
		d := civil.On(l.At)
		i := (d.Year()-first.Year())*12 + d.Month() - first.Month()
		switch {
		case i < 0 || i >= len(out):
		case l.Class == trace.AccessServed:
			out[i].Served++
		default:
			out[i].Refused++
		}
	}
	return out
}

// filtersOf are the drop-down lists of the journal, each showing what was
// chosen.
func filtersOf(q url.Values, kind string, seen []access.Reading, family []access.Relative) []choices {
	partners := []option{{Label: "Tous"}}
	known := map[string]bool{}
	for _, l := range seen {
		if l.Partner != "" && !known[l.Partner] {
			known[l.Partner] = true
			partners = append(partners, option{Value: l.Partner, Label: l.PartnerName, Checked: q.Get("organisme") == l.Partner})
		}
	}
	if p := q.Get("organisme"); p != "" && !known[p] {
		partners = append(partners, option{Value: p, Label: "Organisme choisi", Checked: true})
	}
	who := []option{{Label: "Toutes"}}
	for _, m := range family {
		who = append(who, option{Value: m.Ref, Label: m.Name, Checked: q.Get("qui") == m.Ref})
	}
	lists := []choices{
		{Name: "genre", Legend: "Montrer", Options: []option{{Label: "Les consultations des organismes"}, {Value: "choix", Label: "Les décisions", Checked: kind == "choix"}, {Value: "tout", Label: "Tout, mes visites comprises", Checked: kind == "tout"}}},
		{Name: "organisme", Legend: "Organisme", Options: partners},
		{Name: "issue", Legend: "Résultat", Options: []option{{Label: "Tous"}, {Value: access.OutcomeServed, Label: "Données transmises", Checked: q.Get("issue") == access.OutcomeServed}, {Value: access.OutcomeRefused, Label: "Refus", Checked: q.Get("issue") == access.OutcomeRefused}}},
	}
	if len(who) > 2 {
		lists = append(lists, choices{Name: "qui", Legend: "Personne concernée", Options: who})
	}
	for i := range lists {
		lists[i].Kind = "select"
	}
	return lists
}

// dateField reads one end of a period of the journal.
func dateField(q url.Values, name, label string, today civil.Date) (field, civil.Date) {
	f := field{Name: name, Label: label, Kind: "date", Value: q.Get(name), Optional: true}
	if f.Value == "" {
		return f, 0
	}
	d, err := civil.Parse(f.Value)
	if err != nil {
		f.Error, f.Value = "Écrivez une date qui existe, par exemple "+day(today)+".", ""
	}
	return f, d
}

// oneOf keeps a value of a closed list.
func oneOf(v string, list ...string) string {
	for _, x := range list {
		if v == x {
			return v
		}
	}
	return ""
}

func namesOf(family []access.Relative) map[string]string {
	out := map[string]string{}
	for _, m := range family {
		out[m.Ref] = m.Name
		if m.Self {
			out[m.Ref] = "vous"
		}
	}
	return out
}

// readingLineOf is a line of the journal in words. What was read in another
// person's session tells an instant, a kind of partner and a purpose only.
func readingLineOf(l access.Reading, names map[string]string) readingLine {
	out := readingLine{Href: readingsPath + "/" + l.ID, At: instantOf{l.At}, Why: purposeOf(l.Purpose), What: actOf(l), Concern: concernOf(l, names), Outcome: outcomeOfLine(l), Report: l.Reported}
	switch {
	case l.Elsewhere:
		out.Who, out.What, out.Outcome = kindOf(l.Kind), "Consultation avec l'accord d'un autre représentant", tag{"", "détail réservé"}
	case isReading(l):
		out.Who = partnerName(l)
	default:
		out.Who = actorOf(l)
	}
	return out
}

// isReading reports whether a partner asked for something of the person, got
// or refused; everything else is somebody's act.
func isReading(l access.Reading) bool {
	return (l.Partner != "" || l.Elsewhere) && (l.Class == trace.AccessServed || l.Class == trace.AccessRefused)
}

func partnerName(l access.Reading) string {
	name := cmp.Or(l.PartnerName, kindOf(l.Kind))
	if l.ThroughName != "" {
		name += ", par l'intermédiaire de " + l.ThroughName
	}
	return name
}

func concernOf(l access.Reading, names map[string]string) string {
	var out []string
	for _, ref := range l.Who {
		if n := names[ref]; n != "" {
			out = append(out, n)
		} else {
			out = append(out, "une personne qui vous était rattachée")
		}
	}
	return strings.Join(out, ", ")
}

// actOf says what an event was.
func actOf(l access.Reading) string {
	if l.Class == trace.AccessServed || l.Class == trace.AccessRefused {
		return operationOf(l.Operation)
	}
	return eventOf(l)
}

// outcomeOfLine is the state of an event: an act of the person has none but
// itself.
func outcomeOfLine(l access.Reading) tag {
	switch {
	case l.Partner == "" && l.Class == trace.AccessServed:
		return tag{"", "votre visite"}
	case l.Class == trace.AccessServed || l.Class == trace.AccessRefused:
		return outcomeOf(l.Outcome)
	}
	if l.Actor == trace.ActorHolder || l.Actor == "" {
		return tag{"", "votre décision"}
	}
	return tag{"", "fait"}
}

// readingData is one access, told whole.
type readingData struct {
	Line     readingLine
	Facts    []pair
	Asked    []string
	Served   []string
	Withheld []string
	Code     string
	Proof    string // address of its proof, "" when there is none for this person
	Report   field
	Send     string
	Reported bool
	Partner  bool // a partner read: it can be reported
	Wrong    []mistake
	Sharing  string // address of the sharing with that partner
}

func (s *space) reading(w http.ResponseWriter, r *http.Request, v visit) error {
	l, err := s.Citizens.Reading(r.Context(), v.who, v.at, r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.showReading(w, r, v, l, field{})
}

func (s *space) showReading(w http.ResponseWriter, r *http.Request, v visit, l access.Reading, text field) error {
	d := readingDataOf(l, namesOf(s.Citizens.Family(v.who)))
	status := http.StatusOK
	if text.Error != "" {
		d.Report.Value, d.Report.Error, status = text.Value, text.Error, http.StatusUnprocessableEntity
		d.Wrong = mistakes(d.Report)
	}
	return s.showWith(w, r, status, v, page{
		Name: "acces_un", Title: titleOf(l) + instant(l.At), Section: readingsPath, Summary: "Une consultation de vos droits.", Done: doneIn(r),
		Failed: text.Error != "", Crumbs: spaceTrail(link{"Qui a consulté", readingsPath}, link{Text: "Consultation"}), Data: d,
	})
}

// titleOf begins the title of a line: a partner consulted, or something else
// happened.
func titleOf(l access.Reading) string {
	if isReading(l) {
		return "Consultation du "
	}
	return "Ligne du "
}

func readingDataOf(l access.Reading, names map[string]string) readingData {
	line := readingLineOf(l, names)
	d := readingData{Line: line, Code: l.Code, Reported: l.Reported, Partner: isReading(l),
		Send:   line.Href + "/signaler",
		Report: field{Name: "texte", Label: "Ce que vous voulez préciser", Hint: "N'écrivez pas votre numéro de sécurité sociale. 1 000 caractères au plus.", Kind: "textarea", Max: reportMax, Optional: true},
	}
	d.Facts = []pair{
		{Term: "Quand", Text: []string{longInstant(l.At)}},
		{Term: "Qui", Text: []string{line.Who}},
		{Term: "Pourquoi", Text: []string{line.Why}},
	}
	if l.Elsewhere {
		return d
	}
	d.Proof = line.Href + "/preuve"
	if l.Partner != "" {
		d.Sharing = sharingsPath + "/" + l.Partner
	}
	if d.Partner {
		d.Facts[1].Text = append(d.Facts[1].Text, kindOf(l.Kind))
	}
	d.Facts = append(d.Facts, pair{Term: "Quoi", Text: []string{line.What}})
	if line.Concern != "" {
		d.Facts = append(d.Facts, pair{Term: "Au sujet de", Text: []string{line.Concern}})
	}
	d.Facts = append(d.Facts, pair{Term: "Résultat", State: line.Outcome})
	if l.Convention != "" {
		d.Facts = append(d.Facts, pair{Term: "Convention", Text: []string{l.Convention}})
	}
	if l.Consent != "" {
		d.Facts = append(d.Facts, pair{Term: "Votre accord", Text: []string{"n° " + l.Consent}, Href: sharingsPath + "/accords/" + l.Consent})
	}
	d.Asked, d.Served, d.Withheld = blocksOf(l.Asked), blocksOf(l.Served), blocksOf(l.Withheld)
	return d
}

// reportMax bounds what goes with a report, in characters, like the service
// does.
const reportMax = 1000

func (s *space) report(w http.ResponseWriter, r *http.Request, v visit) error {
	if !s.form(w, r) {
		return nil
	}
	id, text := r.PathValue("id"), r.PostForm.Get("texte")
	if _, err := s.Citizens.Report(r.Context(), v.who, v.at, id, text); fault.Is(err, fault.ParametreInvalide) {
		l, err := s.Citizens.Reading(r.Context(), v.who, v.at, id)
		if err != nil {
			return err
		}
		return s.showReading(w, r, v, l, field{Value: text, Error: "Votre texte dépasse 1 000 caractères : raccourcissez-le."})
	} else if err != nil {
		return err
	}
	return redirect(w, r, readingsPath+"/"+id+"?fait=signalement")
}
