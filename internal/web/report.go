package web

import (
	"net/http"
	"slices"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/fault"
)

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
