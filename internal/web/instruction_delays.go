package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/habilitation"
)

const delaysPath = agentPath + "/delais"

// delayMonths is how many months the statistics cover, the current one too.
const delayMonths = 6

// delayLine is the statistics of a period in words.
type delayLine struct {
	Period                                string
	Submitted, Answered, Granted, Refused int
	Median, Slowest, Within               string
}

// delaysData is the page of response times.
type delaysData struct {
	Due    string
	Total  delayLine
	Months []delayLine // newest first
}

// daysOf is a wait in days and tenths.
func daysOf(d time.Duration) string {
	tenths := int(d.Hours()/2.4 + 0.5)
	s := strconv.Itoa(tenths/10) + "," + strconv.Itoa(tenths%10)
	if tenths < 20 {
		return s + "\u00a0jour"
	}
	return s + "\u00a0jours"
}

func delayLineOf(period string, r habilitation.Report) delayLine {
	l := delayLine{Period: period, Submitted: r.Submitted, Answered: r.Answered, Granted: r.Granted, Refused: r.Refused, Median: "–", Slowest: "–", Within: "–"}
	if r.Answered > 0 {
		l.Median, l.Slowest = daysOf(r.Median), daysOf(r.Slowest)
		l.Within = strconv.Itoa(r.Within*100/r.Answered) + "\u00a0%"
	}
	return l
}

// delaysOf makes the statistics of the months that lead to a day.
func delaysOf(list []habilitation.Timing, today civil.Date, due time.Duration) delaysData {
	x := delaysData{Due: count(int(due.Hours()/24), "jour"), Total: delayLineOf("Six derniers mois", habilitation.Summarise(list, due))}
	for i := range delayMonths {
		from := firstOfMonth(today, i)
		to := from.AddMonths(1)
		var of []habilitation.Timing
		for _, t := range list {
			if on := civil.On(t.SubmittedAt); on >= from && on < to {
				of = append(of, t)
			}
		}
		name := months[from.Month()]
		x.Months = append(x.Months, delayLineOf(strings.ToUpper(name[:1])+name[1:]+" "+strconv.Itoa(from.Year()), habilitation.Summarise(of, due)))
	}
	return x
}

// firstOfMonth is the first day of the month so many before that of a day.
func firstOfMonth(d civil.Date, before int) civil.Date {
	return civil.Of(d.Year(), d.Month(), 1).AddMonths(-before)
}

func (d *desk) delays(w http.ResponseWriter, r *http.Request, t turn) error {
	list, err := d.Examination.Timings(r.Context(), firstOfMonth(t.today, delayMonths-1).StartAt())
	if err != nil {
		return err
	}
	return d.show(w, r, t, page{Name: "delais", Title: "Délais de réponse", Section: delaysPath, Summary: "Le temps que mettent les réponses aux demandes d'accès.", Crumbs: d.trail(t, link{Text: "Délais de réponse"}), Data: delaysOf(list, t.today, d.AnswerDue)})
}
