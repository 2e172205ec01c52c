package web

import (
	"context"
	"net/http"
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
