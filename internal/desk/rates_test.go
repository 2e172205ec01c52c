package desk

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"droits.example/droits/internal/civil"
)

func hour(day string, h int) time.Time {
	return civil.MustParse(day).StartAt().Add(time.Duration(h) * time.Hour).UTC()
}

func count(at time.Time, outcome, tolerances string, n int64) Count {
	return Count{Hour: at, Partner: "hopital", Outcome: outcome, Tolerances: tolerances, N: n}
}

func codes(r Report) string {
	var out []string
	for _, a := range r.Alerts {
		out = append(out, a.Code)
	}
	return strings.Join(out, " ")
}

func TestRatesOverTime(t *testing.T) {
	counts := []Count{
		count(hour("2026-11-21", 23), Match, "", 6),
		count(hour("2026-11-22", 0), Match, "T1", 2), {hour("2026-11-22", 0), "mutuelle", Match, "T1,T5", 1},
		count(hour("2026-11-22", 0), None, "", 1), count(hour("2026-11-22", 9), Ambiguous, "", 3), count(hour("2026-11-22", 9), Blocked, "", 3),
	}
	r := Judge(Query{Since: hour("2026-11-20", 0)}, hour("2026-11-22", 12), Found{Counts: counts})
	if len(r.Hours) != 3 || len(r.Days) != 2 || !r.Days[1].From.Equal(hour("2026-11-22", 0)) {
		t.Fatalf("%d hours, %d days", len(r.Hours), len(r.Days))
	}
	d := r.Days[1]
	if d.Decisions != 10 || d.Match != 3 || d.None != 1 || d.Ambiguous != 3 || d.Blocked != 3 {
		t.Errorf("%+v", d)
	}
	t.Run("tolerances are counted one by one, and told of the matches", func(t *testing.T) {
		if d.Tolerances["T1"] != 3 || d.Tolerances["T5"] != 1 || d.Rates["T1"] != 1 || d.Rates[Ambiguous] != 0.3 {
			t.Errorf("%+v", d)
		}
	})
	t.Run("a day is a day of Paris: 23 h there is the day before", func(t *testing.T) {
		if r.Days[0].Decisions != 6 || r.Hours[0].Decisions != 6 || r.Hours[0].Rates[None] != 0 {
			t.Errorf("%+v", r.Days[0])
		}
	})
}

func TestAlerts(t *testing.T) {
	day, before := hour("2026-11-22", 8), hour("2026-11-20", 8)
	for _, c := range []struct {
		name   string
		counts []Count
		want   string
	}{
		{"nothing happened", nil, ""},
		{"R9 more than 0.15 % of a day ambiguous", []Count{count(day, Match, "", 9984), count(day, Ambiguous, "", 16)}, AlertAmbiguous},
		{"0.15 % exactly is within the bar", []Count{count(day, Match, "", 9985), count(day, Ambiguous, "", 15)}, ""},
		{"too few decisions say nothing", []Count{count(day, Match, "", 989), count(day, Ambiguous, "", 10)}, ""},
		{"enough decisions over several hours", []Count{count(day, Match, "", 500), count(day.Add(2*time.Hour), None, "", 490), count(day, Ambiguous, "", 10)}, AlertAmbiguous},
		{"two days are not one", []Count{count(day, Match, "", 600), count(before, Match, "", 600), count(day, Ambiguous, "", 10)}, ""},
		{"none is no ambiguity", []Count{count(day, None, "", 5000)}, ""},
		{"a tolerance needed three times as often as before", []Count{count(before, Match, "", 990), count(before, Match, "T1", 10), count(day, Match, "", 970), count(day, Match, "T1", 30)}, AlertDrift},
		{"a tolerance that was never needed", []Count{count(before, Match, "", 1000), count(day, Match, "", 998), count(day, Match, "T5", 2)}, AlertDrift},
		{"a tolerance needed twice as often", []Count{count(before, Match, "", 990), count(before, Match, "T1", 10), count(day, Match, "", 980), count(day, Match, "T1", 20)}, ""},
		{"a tolerance too seldom to be told", []Count{count(before, Match, "", 10000), count(day, Match, "", 9999), count(day, Match, "T5", 1)}, ""},
		{"too few matches before to compare with", []Count{count(before, Match, "", 10), count(day, Match, "T1", 1000)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := codes(Judge(Query{}, day, Found{Counts: c.counts})); got != c.want {
				t.Errorf("%q, not %q", got, c.want)
			}
		})
	}
	t.Run("one subject that led to two people is told whatever is listed", func(t *testing.T) {
		r := Judge(Query{Outcome: None}, day, Found{Blocked: []Case{{At: day, RequestID: "r-1", Subject: "aa", Person: "bb", Before: "cc", Outcome: Blocked}}})
		if codes(r) != AlertSubject || !strings.Contains(r.Alerts[0].Text, "subject aa led to person bb, and to cc before; request r-1") {
			t.Errorf("%+v", r.Alerts)
		}
	})
}

func TestNothingIsLostInAWindow(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var counts []Count
		var all int64
		for range rapid.IntRange(0, 30).Draw(rt, "counts") {
			c := count(hour("2026-03-28", rapid.IntRange(0, 72).Draw(rt, "hour")), rapid.SampledFrom([]string{Match, None, Ambiguous, Blocked}).Draw(rt, "outcome"),
				rapid.SampledFrom([]string{"", "T1", "T1,T5"}).Draw(rt, "tolerances"), rapid.Int64Range(1, 1e6).Draw(rt, "n"))
			counts, all = append(counts, c), all+c.N
		}
		r := Judge(Query{}, hour("2026-03-31", 0), Found{Counts: counts})
		for _, list := range [][]Window{r.Hours, r.Days} {
			var sum int64
			for i, w := range list {
				sum += w.Decisions
				if w.Match+w.None+w.Ambiguous+w.Blocked != w.Decisions || i > 0 && !list[i-1].From.Before(w.From) {
					rt.Fatalf("%+v", w)
				}
			}
			if sum != all {
				rt.Fatalf("%d of %d", sum, all)
			}
		}
	})
}
