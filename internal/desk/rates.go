package desk

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"droits.example/droits/internal/civil"
)

// Window is what happened in one hour or one civil day of Paris.
type Window struct {
	From       time.Time          `json:"from"`
	Decisions  int64              `json:"decisions"`
	Match      int64              `json:"match"`
	None       int64              `json:"none"`
	Ambiguous  int64              `json:"ambiguous"`
	Blocked    int64              `json:"blocked"`
	Tolerances map[string]int64   `json:"tolerances"` // matches that needed each one
	Rates      map[string]float64 `json:"rates"`      // match, none and ambiguous of the decisions; T1… of the matches
}

// Alert is something that somebody has to look at.
type Alert struct {
	Code string    `json:"code"`
	At   time.Time `json:"at"` // the day, or the instant
	Text string    `json:"text"`
}

// The codes of alerts.
const (
	AlertAmbiguous = "AMBIGUOUS_RATE"       // of a day
	AlertDrift     = "TOLERANCE_DRIFT"      // a tolerance is needed much more often than on the days before
	AlertSubject   = "SUBJECT_LEADS_TO_TWO" // one FranceConnect subject, two people
)

// The thresholds of alerts. A rate counts from Enough decisions on: of fewer,
// one homonym is a peak.
const (
	MaxAmbiguous = 0.0015 // identity.md §4.1, G7
	MaxDrift     = 2      // times the rate of the days before
	MinDrift     = 0.001  // a rate below is noise
	Enough       = 1000
)

// Report is what the desk reads.
type Report struct {
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"`
	Alerts []Alert   `json:"alerts"`
	Hours  []Window  `json:"hours"` // those in which something was decided, the oldest first
	Days   []Window  `json:"days"`
	Cases  []Case    `json:"cases"` // the latest first
	More   bool      `json:"more"`
	Pairs  []Pair    `json:"confusable"` // flagged at load time
}

// Judge makes the report of what was found up to an instant. It is a pure
// function.
func Judge(q Query, until time.Time, f Found) Report {
	r := Report{Since: q.Since, Until: until, Alerts: []Alert{}, Cases: f.Cases, More: f.More, Pairs: f.Pairs}
	r.Hours = windows(f.Counts, func(t time.Time) time.Time { return t })
	r.Days = windows(f.Counts, func(t time.Time) time.Time { return civil.On(t).StartAt() })
	for i, d := range r.Days {
		r.Alerts = append(r.Alerts, judgeDay(d, r.Days[:i])...)
	}
	for _, c := range f.Blocked {
		r.Alerts = append(r.Alerts, Alert{AlertSubject, c.At, fmt.Sprintf("subject %s led to person %s, and to %s before; request %s was refused", c.Subject, c.Person, c.Before, c.RequestID)})
	}
	return r
}

// windows adds the counts up by the beginning of their window.
func windows(counts []Count, begin func(time.Time) time.Time) []Window {
	byStart := map[int64]*Window{}
	out := []Window{}
	for _, c := range counts {
		from := begin(c.Hour)
		w := byStart[from.Unix()]
		if w == nil {
			w = &Window{From: from, Tolerances: map[string]int64{}}
			byStart[from.Unix()] = w
		}
		w.add(c)
	}
	for _, w := range byStart {
		w.rate()
		out = append(out, *w)
	}
	slices.SortFunc(out, func(a, b Window) int { return a.From.Compare(b.From) })
	return out
}

func (w *Window) add(c Count) {
	w.Decisions += c.N
	switch c.Outcome {
	case Match:
		w.Match += c.N
		for t := range strings.SplitSeq(c.Tolerances, ",") {
			if t != "" {
				w.Tolerances[t] += c.N
			}
		}
	case None:
		w.None += c.N
	case Ambiguous:
		w.Ambiguous += c.N
	case Blocked:
		w.Blocked += c.N
	}
}

func (w *Window) rate() {
	of := func(n, all int64) float64 {
		if all == 0 {
			return 0
		}
		return float64(n) / float64(all)
	}
	w.Rates = map[string]float64{Match: of(w.Match, w.Decisions), None: of(w.None, w.Decisions), Ambiguous: of(w.Ambiguous, w.Decisions)}
	for t, n := range w.Tolerances {
		w.Rates[t] = of(n, w.Match)
	}
}

// judgeDay compares a day with the thresholds and with the days before it.
func judgeDay(d Window, before []Window) (out []Alert) {
	if d.Decisions >= Enough && d.Rates[Ambiguous] > MaxAmbiguous {
		out = append(out, Alert{AlertAmbiguous, d.From, fmt.Sprintf("%s: %d of %d decisions ambiguous, %.2f %% (at most %.2f %%)", civil.On(d.From), d.Ambiguous, d.Decisions, 100*d.Rates[Ambiguous], 100*MaxAmbiguous)})
	}
	var matches int64
	needed := map[string]int64{}
	for _, b := range before {
		matches += b.Match
		for t, n := range b.Tolerances {
			needed[t] += n
		}
	}
	if d.Match < Enough || matches < Enough {
		return out
	}
	for _, t := range sorted(d.Tolerances) {
		usual := float64(needed[t]) / float64(matches)
		if now := d.Rates[t]; now >= MinDrift && now > MaxDrift*usual {
			out = append(out, Alert{AlertDrift, d.From, fmt.Sprintf("%s: %s needed by %.2f %% of the matches, %.2f %% on the days before", civil.On(d.From), t, 100*now, 100*usual)})
		}
	}
	return out
}

func sorted(m map[string]int64) (out []string) {
	for t := range m {
		out = append(out, t)
	}
	slices.Sort(out)
	return out
}
