package web

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"droits.example/droits/internal/civil"
)

func TestFigures(t *testing.T) {
	t.Run("every bar of a timeline lies on its axis, whatever its period", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			date := func(name string) civil.Date {
				return day22.AddDays(rapid.IntRange(-4000, 4000).Draw(t, name))
			}
			p := civil.Period{From: date("from")}
			if rapid.Bool().Draw(t, "ends") {
				p.To = p.From.AddDays(rapid.IntRange(0, 3000).Draw(t, "days"))
			}
			f := newTimeline(caption{"f", "T"}, around(day22), day22, []lane{{"Droits", []span{{"x", p}}}})
			for _, r := range f.Rows {
				for _, b := range r.Bars {
					if b.X < lineLabel || b.W < 4 || b.X+b.W > lineWidth-10 || b.Y < lineHead || b.Y+b.Tall() > f.Height {
						t.Errorf("a bar at %d, %d wide", b.X, b.W)
					}
					if b.Past != (!p.To.IsZero() && p.To < day22) {
						t.Error("a bar is hatched as past and is not, or the other way round")
					}
				}
			}
			if f.Today <= lineLabel || f.Today >= lineWidth {
				t.Error("today is not on the axis")
			}
		})
	})
	t.Run("a figure is drawn twice the same, and each period is in its table too", func(t *testing.T) {
		lanes := []lane{{"Droits de base", []span{{"Base", civil.Period{From: day22.AddMonths(-5), To: day22}}}}, {"Médecin traitant", nil}}
		x, y := newTimeline(caption{"f", "T"}, around(day22), day22, lanes), newTimeline(caption{"f", "T"}, around(day22), day22, lanes)
		if len(x.Months) != 25 || x.Rows[0].Bars[0] != y.Rows[0].Bars[0] || len(x.Lanes) != len(x.Rows) || len(x.Rows[1].Bars) != 0 {
			t.Error("it is not")
		}
	})
	t.Run("columns grow with their numbers, and none is as high as the figure", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			var list []tally
			for i := range 12 {
				list = append(list, monthTally(civil.Of(2026, i+1, 1), rapid.IntRange(0, 1000).Draw(t, "served"), rapid.IntRange(0, 1000).Draw(t, "refused")))
			}
			b := newBars(caption{"b", "T"}, "Mois", list)
			for i, c := range b.Columns {
				if (c.ServedTall == 0) != (list[i].Served == 0) || (c.RefusedTall == 0) != (list[i].Refused == 0) || c.TotalY < 10 || c.RefusedY < 0 {
					t.Errorf("column %d of %v", i, list[i])
				}
				if c.ServedY+c.ServedTall != barsBase || c.RefusedY+c.RefusedTall != c.ServedY {
					t.Error("the parts of a column are apart")
				}
			}
		})
	})
	t.Run("R81 what a colour says in a figure, a word or a pattern says too", func(t *testing.T) {
		body := get(site(t, full()), "GET", storiesPath+"/colonnes").Body.String() + get(site(t, full()), "GET", storiesPath+"/frise").Body.String()
		for _, want := range []string{`role="img"`, "<title id=", "<desc id=", "<pattern id=", "pas de droits connus", "<table", "transmissions"} {
			if !strings.Contains(body, want) {
				t.Errorf("%s is missing", want)
			}
		}
	})
}
