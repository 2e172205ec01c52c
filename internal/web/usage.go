package web

import (
	"context"
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
)

const (
	usagePath = memberPath + "/usage"
	callsPath = memberPath + "/appels"
)

// outcomeLine counts the calls that ended alike.
type outcomeLine struct {
	Name  string
	Code  string // "" for calls that were answered
	Calls int64
	Share string // of all, "12,5 %"
}

// operationLine counts the calls of an operation.
type operationLine struct {
	Name            string
	Served, Refused int64
	Mean, Slowest   string
}

// usageData is the page of what an organisation has called.
type usageData struct {
	Days, Months bars
	Outcomes     []outcomeLine
	Operations   []operationLine
	Total        int64
	From, To     string
	CSV          string
	Report       string // of the month
}

// usedBetween is the usage of every partner of the organisation.
func (d *desk) usedBetween(ctx context.Context, o *organisation, from, to civil.Date) (out []partner.Usage, err error) {
	for _, p := range o.partners {
		use, err := d.Organisations.Usage(ctx, p.ID, from, to)
		if err != nil {
			return nil, err
		}
		out = append(out, use...)
	}
	return out, nil
}

// shownDays is how many days the picture of days has.
const shownDays = 30

func (d *desk) usage(w http.ResponseWriter, r *http.Request, t turn) error {
	o, err := d.organisation(r.Context(), t)
	if err != nil {
		return err
	}
	first := civil.Of(t.today.Year(), t.today.Month(), 1).AddMonths(-11)
	use, err := d.usedBetween(r.Context(), &o, first, t.today)
	if err != nil {
		return err
	}
	since := t.today.AddDays(1 - shownDays)
	x := usageOf(slices.DeleteFunc(slices.Clone(use), func(u partner.Usage) bool { return u.Day < since.String() }))
	x.From, x.To, x.CSV, x.Report = longDay(since), longDay(t.today), usagePath+"/export", reportsPath+"/"+t.today.String()[:7]
	x.Days = newBars(caption{"jours", "Appels par jour, trente derniers jours"}, "Jour", dailyTallies(use, since, t.today))
	x.Months = newBars(caption{"mois", "Appels par mois, douze derniers mois"}, "Mois", monthlyTallies(use, first))
	return d.show(w, r, t, page{Name: "usage", Title: "Consommation", Section: usagePath, Summary: "Les appels de votre organisme.", Crumbs: d.trail(t, link{Text: "Consommation"}), Data: x})
}

func dailyTallies(use []partner.Usage, from, to civil.Date) (out []tally) {
	for day := from; day <= to; day = day.AddDays(1) {
		var served, refused int
		for _, u := range use {
			if u.Day == day.String() {
				add(u, &served, &refused)
			}
		}
		out = append(out, dayTally(day, served, refused))
	}
	return out
}

func monthlyTallies(use []partner.Usage, first civil.Date) (out []tally) {
	for i := range 12 {
		m := first.AddMonths(i)
		var served, refused int
		for _, u := range use {
			if strings.HasPrefix(u.Day, m.String()[:7]) {
				add(u, &served, &refused)
			}
		}
		out = append(out, monthTally(m, served, refused))
	}
	return out
}

func add(u partner.Usage, served, refused *int) {
	if u.Outcome == partner.Served {
		*served += int(u.Calls)
	} else {
		*refused += int(u.Calls)
	}
}

// usageOf sums usage by outcome and by operation.
func usageOf(use []partner.Usage) (x usageData) {
	byOutcome := map[string]int64{}
	type sum struct {
		served, refused int64
		took, slowest   time.Duration
	}
	byOperation := map[string]*sum{}
	for _, u := range use {
		x.Total += u.Calls
		byOutcome[u.Outcome] += u.Calls
		o := byOperation[u.Operation]
		if o == nil {
			o = &sum{}
			byOperation[u.Operation] = o
		}
		if u.Outcome == partner.Served {
			o.served += u.Calls
		} else {
			o.refused += u.Calls
		}
		o.took, o.slowest = o.took+u.Took, max(o.slowest, u.Slowest)
	}
	for code, n := range byOutcome {
		l := outcomeLine{Name: outcomeName(code), Calls: n, Share: percent(n, x.Total)}
		if code != partner.Served {
			l.Code = code
		}
		x.Outcomes = append(x.Outcomes, l)
	}
	slices.SortFunc(x.Outcomes, func(a, b outcomeLine) int {
		if a.Calls != b.Calls {
			return int(b.Calls - a.Calls)
		}
		return strings.Compare(a.Name, b.Name)
	})
	for name, o := range byOperation {
		x.Operations = append(x.Operations, operationLine{name, o.served, o.refused, millisecondsOf(o.took / time.Duration(max(1, o.served+o.refused))), millisecondsOf(o.slowest)})
	}
	slices.SortFunc(x.Operations, func(a, b operationLine) int { return strings.Compare(a.Name, b.Name) })
	return x
}

// percent is a share with one decimal, in French.
func percent(n, of int64) string {
	tenths := (n*1000 + of/2) / max(1, of)
	return strconv.FormatInt(tenths/10, 10) + "," + strconv.FormatInt(tenths%10, 10) + " %"
}

func millisecondsOf(d time.Duration) string {
	return strings.Replace(strconv.FormatFloat(float64(d.Microseconds())/1000, 'f', 1, 64), ".", ",", 1) + " ms"
}

// outcomeName is an outcome in words.
func outcomeName(code string) string {
	if code == partner.Served {
		return "Données transmises"
	}
	for _, e := range fault.Catalogue() {
		if string(e.Code) == code {
			return e.Title
		}
	}
	return "Refus"
}

// callLine is one call in the log of an organisation.
type callLine struct {
	Href, RequestID, Operation, Key, Took string
	At                                    instantOf
	Outcome                               tag
	Code                                  string
	Count                                 int
	Replay                                string
}

func callLineOf(c partner.LoggedCall) callLine {
	l := callLine{Href: callsPath + "/" + c.Partner + "/" + strconv.FormatInt(c.Cursor, 10), RequestID: c.RequestID, Operation: c.Operation, Key: c.Key, Took: millisecondsOf(c.Latency), At: instantOf{c.At}, Count: c.Count,
		Outcome: tag{"ok", outcomeName(c.Outcome)}}
	if c.Outcome != partner.Served {
		l.Outcome.Kind, l.Code = "warn", c.Outcome
	}
	return l
}

// callsData is the page of the call log.
type callsData struct {
	Lines    []callLine
	Outcome  choices
	Key      choices
	Request  field
	From, To field
	Pager    pager
	CSV      string
	Mistakes []mistake
	Days     int // how long single calls are kept
}

// keptCallDays is how long single calls are kept, in days.
const keptCallDays = 90

// callQuery reads the filters of an address; what is wrong becomes a field's
// error.
func callQuery(v url.Values, o *organisation, today civil.Date) (q partner.CallQuery, x callsData) {
	q.Outcome, q.RequestID = v.Get("resultat"), strings.TrimSpace(v.Get("demande"))
	x.Outcome = choices{Name: "resultat", Legend: "Résultat", Kind: "select", Options: []option{{Label: "Tous"}, {Value: partner.Served, Label: "Données transmises"}, {Value: partner.Refusals, Label: "Tous les refus"}}}
	for _, e := range fault.Catalogue() {
		if !e.Spaces {
			x.Outcome.Options = append(x.Outcome.Options, option{Value: string(e.Code), Label: e.Title})
		}
	}
	x.Key = choices{Name: "cle", Legend: "Clé", Kind: "select", Options: []option{{Label: "Toutes"}}}
	for _, k := range o.keys {
		x.Key.Options = append(x.Key.Options, option{Value: k.ID, Label: "…" + k.Last4})
	}
	q.Outcome, q.Key = choose(&x.Outcome, q.Outcome), choose(&x.Key, v.Get("cle"))
	x.Request = field{Name: "demande", Label: "Identifiant de la demande", Hint: "L'en-tête X-Request-Id d'une réponse.", Kind: "text", Value: q.RequestID, Max: 128, Optional: true}
	var from, to civil.Date
	x.From, from = dateField(v, "du", "Du", today)
	x.To, to = dateField(v, "au", "Au", today)
	if !from.IsZero() {
		q.From = from.StartAt()
	}
	if !to.IsZero() {
		q.To = to.AddDays(1).StartAt()
	}
	x.Mistakes = mistakes(x.From, x.To)
	return q, x
}

// choose marks an option of a list, its first one when the value is none of
// them.
func choose(c *choices, value string) string {
	for i := range c.Options {
		if c.Options[i].Value == value {
			c.Options[i].Checked = true
			return value
		}
	}
	c.Options[0].Checked = true
	return c.Options[0].Value
}

func (d *desk) calls(w http.ResponseWriter, r *http.Request, t turn) error {
	o, err := d.organisation(r.Context(), t)
	if err != nil {
		return err
	}
	v := r.URL.Query()
	q, x := callQuery(v, &o, t.today)
	x.Days = keptCallDays
	if p, err := o.partner(v.Get("partenaire")); err == nil && len(x.Mistakes) == 0 {
		q.Partner, q.Limit = p.ID, 50
		q.Before, _ = strconv.ParseInt(v.Get("avant"), 10, 64) // anything else is the newest
		list, next, err := d.Organisations.Calls(r.Context(), q)
		if err != nil {
			return err
		}
		for _, c := range list {
			x.Lines = append(x.Lines, callLineOf(c))
		}
		v.Del("avant")
		if q.Before > 0 {
			x.Pager.First = callsPath + "?" + v.Encode()
		}
		x.CSV = callsPath + "/export?" + v.Encode()
		if next > 0 {
			v.Set("avant", strconv.FormatInt(next, 10))
			x.Pager.Next = callsPath + "?" + v.Encode()
		}
	}
	return d.show(w, r, t, page{Name: "appels", Title: "Journal des appels", Section: callsPath, Summary: "Vos appels, sans aucune donnée personnelle.", Failed: len(x.Mistakes) > 0, Crumbs: d.trail(t, link{Text: "Journal des appels"}), Data: x})
}

// maxCallExport bounds the lines of an export of calls.
const maxCallExport = 50_000

func (d *desk) exportCalls(w http.ResponseWriter, r *http.Request, t turn) error {
	o, err := d.organisation(r.Context(), t)
	if err != nil {
		return err
	}
	v := r.URL.Query()
	q, x := callQuery(v, &o, t.today)
	p, err := o.partner(v.Get("partenaire"))
	if err != nil || len(x.Mistakes) > 0 {
		return fault.New(fault.RessourceInconnue, "web: calls")
	}
	rows := [][]string{{"Date (heure de Paris)", "Opération", "Résultat", "Code", "Nombre", "Durée (ms)", "Clé", "Convention", "X-Request-Id"}}
	for q.Partner, q.Limit = p.ID, partner.MaxCalls; len(rows) <= maxCallExport; {
		list, next, err := d.Organisations.Calls(r.Context(), q)
		if err != nil {
			return err
		}
		for _, c := range list {
			rows = append(rows, []string{c.At.In(civil.Paris()).Format("2006-01-02 15:04:05"), c.Operation, outcomeName(c.Outcome), c.Outcome, strconv.Itoa(c.Count), millisecondsOf(c.Latency), c.Key, c.Convention, c.RequestID})
		}
		if q.Before = next; next == 0 {
			break
		}
	}
	return sheet(w, "appels-"+t.today.String(), rows)
}

func (d *desk) exportUsage(w http.ResponseWriter, r *http.Request, t turn) error {
	o, err := d.organisation(r.Context(), t)
	if err != nil {
		return err
	}
	use, err := d.usedBetween(r.Context(), &o, t.today.AddYears(-1), t.today)
	if err != nil {
		return err
	}
	rows := [][]string{{"Jour", "Convention", "Clé", "Opération", "Résultat", "Appels", "Durée moyenne (ms)", "Durée la plus longue (ms)"}}
	for _, u := range use {
		rows = append(rows, []string{u.Day, u.Convention, u.Key, u.Operation, u.Outcome, strconv.FormatInt(u.Calls, 10), millisecondsOf(u.Took / time.Duration(max(1, u.Calls))), millisecondsOf(u.Slowest)})
	}
	return sheet(w, "consommation-"+t.today.String(), rows)
}

// sheet answers a file that spreadsheets open: UTF-8 with its mark, semicolons.
func sheet(w http.ResponseWriter, name string, rows [][]string) error {
	var b strings.Builder
	b.WriteString("\ufeff")
	out := csv.NewWriter(&b)
	out.Comma, out.UseCRLF = ';', true
	for _, row := range rows {
		for i := range row {
			row[i] = plainCell(row[i])
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return err
	}
	plainHeaders(w.Header())
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`.csv"`)
	_, err := w.Write([]byte(b.String()))
	return err
}

// callData is the page of one call.
type callData struct {
	Call           callLine
	Convention     string
	Cause, Remedy  string // of a refusal, from the catalogue
	Doc, Ask, Play string
}

func (d *desk) call(w http.ResponseWriter, r *http.Request, t turn) error {
	o, err := d.organisation(r.Context(), t)
	if err != nil {
		return err
	}
	p, err := o.partner(r.PathValue("partenaire"))
	if err != nil {
		return err
	}
	at, err := strconv.ParseInt(r.PathValue("n"), 10, 62)
	if err != nil {
		return fault.New(fault.RessourceInconnue, "web: call")
	}
	list, _, err := d.Organisations.Calls(r.Context(), partner.CallQuery{Partner: p.ID, Before: at + 1, Limit: 1})
	if err != nil {
		return err
	}
	if len(list) == 0 || list[0].Cursor != at {
		return fault.New(fault.RessourceInconnue, "web: call")
	}
	c := list[0]
	x := callData{Call: callLineOf(c), Convention: c.Convention, Ask: supportPath + "/nouveau?demande=" + url.QueryEscape(c.RequestID)}
	if d.Sandbox != nil {
		x.Play = sandboxPath + "?operation=" + url.QueryEscape(c.Operation)
	}
	for _, e := range fault.Catalogue() {
		if string(e.Code) == c.Outcome {
			x.Cause, x.Remedy, x.Doc = e.Cause, e.Remedy, "/documentation/erreurs/"+c.Outcome
		}
	}
	return d.show(w, r, t, page{Name: "appel", Title: "Un appel", Section: callsPath, Summary: "Un appel de votre organisme.", Crumbs: d.trail(t, link{"Journal des appels", callsPath}, link{Text: "Un appel"}), Data: x})
}

const reportsPath = memberPath + "/rapports"

// reportData is the report of a month.
type reportData struct {
	usageData
	Month          string
	Before, After  string // addresses of the neighbouring months, "" when there is none
	Peak           string // the day with most calls, in words
	Ours           int64  // calls that failed by our fault
	Availability   string
	Under          string // whether the promise of 95 % holds, in words
	Whole          bool   // the month is over
	Partner, Print string
}

// promised is what the terms promise a month (source 004), in tenths of a per
// cent.
const promised = 950

// report sums a month up: the use, and the service as the calls met it.
func (d *desk) report(w http.ResponseWriter, r *http.Request, t turn) error {
	first, err := civil.Parse(r.PathValue("mois") + "-01")
	if err != nil || first > t.today || first < t.today.AddYears(-5) {
		return fault.New(fault.RessourceInconnue, "web: report")
	}
	o, err := d.organisation(r.Context(), t)
	if err != nil {
		return err
	}
	last := first.AddMonths(1).AddDays(-1)
	use, err := d.usedBetween(r.Context(), &o, first, last)
	if err != nil {
		return err
	}
	x := reportData{usageData: usageOf(use), Month: monthName(first), Whole: last < t.today, Partner: o.name(t.who.SIRET), Before: reportsPath + "/" + first.AddMonths(-1).String()[:7]}
	if last < t.today {
		x.After = reportsPath + "/" + first.AddMonths(1).String()[:7]
	}
	days := dailyTallies(use, first, min(last, t.today))
	x.Days = newBars(caption{"jours", "Appels par jour"}, "Jour", days)
	most := slices.MaxFunc(days, func(a, b tally) int { return a.Served + a.Refused - b.Served - b.Refused })
	if n := most.Served + most.Refused; n > 0 {
		x.Peak = most.Name + ", " + count(n, "appel")
	}
	for _, u := range use {
		if failedByUs(u.Outcome) {
			x.Ours += u.Calls
		}
	}
	if x.Total > 0 {
		met := x.Total - x.Ours
		x.Availability = percent(met, x.Total)
		x.Under = "au-dessus de l'engagement de 95 %"
		if met*1000 < x.Total*promised {
			x.Under = "en dessous de l'engagement de 95 %"
		}
	}
	return d.show(w, r, t, page{Name: "rapport", Title: "Rapport de " + x.Month, Section: usagePath, Summary: "Votre consommation et le service rendu sur un mois.", Crumbs: d.trail(t, link{"Consommation", usagePath}, link{Text: "Rapport de " + x.Month}), Data: x})
}

// failedByUs reports whether a refusal is no answer to the call, but a failure
// of the service or of what it rests on.
func failedByUs(code string) bool {
	for _, e := range fault.Catalogue() {
		if string(e.Code) == code {
			return e.Kind == fault.Upstream || e.Kind == fault.Unavailable || e.Kind == fault.Internal
		}
	}
	return false
}
