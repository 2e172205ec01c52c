package web

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
)

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
	x.Request = field{Name: "demande", Label: "Identifiant de l'appel", Hint: "L'en-tête X-Request-Id d'une réponse.", Kind: "text", Value: q.RequestID, Max: 128, Optional: true}
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
