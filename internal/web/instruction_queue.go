package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/habilitation"
	"droits.example/droits/internal/partner"
)

// Examination reads what agents examine. Errors: ressource_inconnue,
// service_indisponible.
type Examination interface {
	Requests(ctx context.Context, q habilitation.Query) (habilitation.Page, error)
	Timings(ctx context.Context, since time.Time) ([]habilitation.Timing, error)
}

// queuePage is how many requests a page of the queue shows.
const queuePage = 50

// queueView is what an address asks of the queue: closed lists, and a number or
// a SIRET to search.
type queueView struct {
	state, wait, read, search string
	sort                      habilitation.Sort
	descending                bool
	page                      int
}

// allStates and its like are the values of the filters.
const (
	allStates = "toutes"
	lateOnly  = "retard"
	unread    = "non-lues"
)

func queueViewOf(q url.Values) queueView {
	states := []string{string(habilitation.Submitted), allStates}
	for _, s := range habilitation.States() {
		states = append(states, string(s))
	}
	v := queueView{
		state: askedOf(q.Get("etat"), states...), wait: askedOf(q.Get("attente"), "", lateOnly), read: askedOf(q.Get("lecture"), "", unread),
		sort:   askedOf(q.Get("tri"), habilitation.BySubmission, habilitation.ByID, habilitation.ByChange, habilitation.ByState),
		search: strings.ToUpper(strings.NewReplacer(" ", "", "\u00a0", "").Replace(q.Get("q"))), descending: q.Get("sens") == "desc",
	}
	if n, err := strconv.Atoi(q.Get("page")); err == nil && n > 1 && n < 1_000_000 {
		v.page = n - 1
	}
	return v
}

// askedOf keeps of a closed list what an address asks for; anything else is its
// first value.
func askedOf[T ~string](asked string, list ...T) T {
	if i := slices.Index(list, T(asked)); i >= 0 {
		return list[i]
	}
	return list[0]
}

// address is the queue as it is seen, changed by edit.
func (v queueView) address(edit func(*queueView)) string {
	edit(&v)
	q := url.Values{}
	set := func(name, value, plain string) {
		if value != plain {
			q.Set(name, value)
		}
	}
	set("etat", v.state, string(habilitation.Submitted))
	set("attente", v.wait, "")
	set("lecture", v.read, "")
	set("q", v.search, "")
	set("tri", string(v.sort), string(habilitation.BySubmission))
	if v.descending {
		q.Set("sens", "desc")
	}
	if v.page > 0 {
		q.Set("page", strconv.Itoa(v.page+1))
	}
	if len(q) == 0 {
		return queuePath
	}
	return queuePath + "?" + q.Encode()
}

// query is what the store is asked. ok is false for a search that can find
// nothing: neither a number nor a SIRET.
func (v queueView) query(reader string, now time.Time, due time.Duration) (q habilitation.Query, ok bool) {
	q = habilitation.Query{Reader: reader, Unread: v.read == unread, Sort: v.sort, Descending: v.descending, Limit: queuePage, Offset: v.page * queuePage}
	if v.state != allStates && v.search == "" {
		q.State = habilitation.State(v.state)
	}
	if v.wait == lateOnly {
		q.Before = now.Add(-due)
	}
	switch {
	case v.search == "":
	case strings.HasPrefix(v.search, "D-"):
		q.ID = v.search
	case partner.ValidSIRET(v.search):
		q.SIRET = v.search
	default:
		return q, false
	}
	return q, true
}

// queueLine is a request in the queue.
type queueLine struct {
	Href, ID, SIRET, Name, Project string
	State                          tag
	Again, Unread                  bool
	Proposed                       string
	Submitted, Changed             instantOf
	Wait, Who                      string
	Pace                           tag
}

// sortLink is the head of a column: where it leads, and how it is sorted now.
type sortLink struct {
	link
	Sorted string // ascending | descending | "" for aria-sort
}

// queueData is the page of the queue.
type queueData struct {
	Filters  []choices
	Search   field
	Filtered bool
	Keep     []hidden // what the filters keep of the address
	Total    string
	Heads    map[string]sortLink
	Lines    []queueLine
	Pages    []link // neighbouring pages
	Where    string
	Nothing  string
	Reset    string
}

// paceTags say how a wait stands: a colour and a word.
var paceTags = map[habilitation.Pace]tag{
	habilitation.OnTime: {"ok", "dans les temps"}, habilitation.Soon: {"warn", "à traiter"}, habilitation.Late: {"error", "en retard"},
}

// waited is a wait in days.
func waited(d time.Duration) string {
	if n := int(d.Hours() / 24); n >= 1 {
		return count(n, "jour")
	}
	return "moins d'un jour"
}

func queueLineOf(l habilitation.Line, now time.Time, due time.Duration) queueLine {
	out := queueLine{Href: queuePath + "/" + l.ID, ID: l.ID, SIRET: l.SIRET, Name: l.Name, Project: l.Project, State: stateTags[l.State], Again: l.Reopening, Unread: l.Unread,
		Submitted: instantOf{l.SubmittedAt}, Changed: instantOf{l.ChangedAt}, Proposed: proposals[l.Proposed]}
	if l.State == habilitation.Submitted && !l.SubmittedAt.IsZero() {
		wait := now.Sub(l.SubmittedAt)
		out.Wait, out.Pace = waited(wait), paceTags[habilitation.PaceOf(wait, due)]
	}
	if out.Name == "" {
		out.Name = "Organisme sans nom"
	}
	if out.Project == "" {
		out.Project = "sans titre"
	}
	return out
}

// proposals are decisions that wait for a second agent.
var proposals = map[habilitation.Act]string{habilitation.Approve: "validation proposée", habilitation.Revoke: "révocation proposée"}

func (d *desk) queue(w http.ResponseWriter, r *http.Request, t turn) error {
	v := queueViewOf(r.URL.Query())
	x := queueDataOf(v)
	q, ok := v.query(t.who.ID, d.Clock(), d.AnswerDue)
	if !ok {
		x.Search.Error = "Écrivez un numéro de demande, par exemple D-2026-0042, ou un SIRET de 14 chiffres."
		x.Nothing = "Aucune demande."
		return d.showWith(w, r, http.StatusUnprocessableEntity, t, queueOf(d, t, x))
	}
	p, err := d.Examination.Requests(r.Context(), q)
	if err != nil {
		return err
	}
	names := map[string]string{}
	for _, l := range p.Lines {
		line := queueLineOf(l, d.Clock(), d.AnswerDue)
		if line.Who, err = d.nameOf(r.Context(), l.Applicant, names); err != nil {
			return err
		}
		x.Lines = append(x.Lines, line)
	}
	x.paged(v, p.Total)
	return d.show(w, r, t, queueOf(d, t, x))
}

// nameOf is the name of an account, "" of one that is none; known keeps those
// that were read.
func (d *desk) nameOf(ctx context.Context, id string, known map[string]string) (string, error) {
	name, ok := known[id]
	if ok || id == "" {
		return name, nil
	}
	p, err := d.Accounts.Account(ctx, id)
	if err != nil && !fault.Is(err, fault.RessourceInconnue) {
		return "", err
	}
	known[id] = p.Name
	return p.Name, nil
}

func queueOf(d *desk, t turn, x queueData) page {
	return page{Name: "instruction", Title: "File d'instruction", Section: queuePath, Summary: "Les demandes d'accès à examiner.", Failed: x.Search.Error != "", Crumbs: d.trail(t, link{Text: "File d'instruction"}), Data: x}
}

func queueDataOf(v queueView) queueData {
	x := queueData{Reset: queuePath, Search: field{Name: "q", Label: "Numéro ou SIRET", Hint: "Par exemple D-2026-0042.", Kind: "text", Max: 40, Value: v.search, Optional: true}}
	state := choices{Name: "etat", Legend: "Statut", Kind: "select", Options: []option{{Value: allStates, Label: "Tous", Checked: v.state == allStates}}}
	for _, s := range habilitation.States() {
		state.Options = append(state.Options, option{Value: string(s), Label: stateTags[s].Text, Checked: v.state == string(s)})
	}
	pick := func(name, legend, value, none, label, now string) choices {
		return choices{Name: name, Legend: legend, Kind: "select", Options: []option{{Label: none, Checked: now == ""}, {Value: value, Label: label, Checked: now == value}}}
	}
	x.Filters = []choices{state, pick("attente", "Délai de réponse", lateOnly, "Tous", "En retard", v.wait), pick("lecture", "Lecture", unread, "Toutes", "Non lues", v.read)}
	x.Filtered = v.address(func(v *queueView) { v.page, v.sort, v.descending = 0, habilitation.BySubmission, false }) != queuePath
	if v.sort != habilitation.BySubmission {
		x.Keep = append(x.Keep, hidden{"tri", string(v.sort)})
	}
	if v.descending {
		x.Keep = append(x.Keep, hidden{"sens", "desc"})
	}
	x.Heads = map[string]sortLink{}
	for s, text := range map[habilitation.Sort]string{habilitation.ByID: "Numéro", habilitation.ByState: "Statut", habilitation.BySubmission: "Déposée", habilitation.ByChange: "Dernier acte"} {
		h := sortLink{link: link{Text: text, Href: v.address(func(v *queueView) { v.page, v.descending, v.sort = 0, v.sort == s && !v.descending, s })}}
		if v.sort == s {
			h.Sorted = map[bool]string{false: "ascending", true: "descending"}[v.descending]
		}
		x.Heads[string(s)] = h
	}
	return x
}

// paged says where the page stands among the others.
func (x *queueData) paged(v queueView, total int) {
	x.Total = count(total, "demande")
	last := max(0, (total-1)/queuePage)
	to := func(text string, page int) {
		x.Pages = append(x.Pages, link{text, v.address(func(v *queueView) { v.page = page })})
	}
	if v.page > 0 {
		to("Première page", 0)
		to("Page précédente", min(v.page-1, last))
	}
	if v.page < last {
		to("Page suivante", v.page+1)
		to("Dernière page", last)
	}
	if last > 0 {
		x.Where = "Page " + strconv.Itoa(v.page+1) + " sur " + strconv.Itoa(last+1)
	}
	if len(x.Lines) == 0 {
		x.Nothing = "Aucune demande ne correspond."
		if !x.Filtered {
			x.Nothing = "Aucune demande n'attend de réponse."
		}
	}
}
