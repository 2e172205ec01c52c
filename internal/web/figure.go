package web

import (
	"strconv"
	"strings"

	"droits.example/droits/internal/civil"
)

// Figures are drawn by the server as SVG of a fixed width in a box that
// scrolls, each followed by a table with the same values (web.md §7). What a
// colour says, a pattern, a height or a word says too.

// The measures of a timeline, in pixels.
const (
	lineLabel = 190 // where the axis begins
	lineWidth = 860
	lineHead  = 46
	lineRow   = 34
	lineBar   = 18
)

// span is one period of a row of a timeline.
type span struct {
	What   string
	Period civil.Period
}

// lane is one row of a timeline: a right and its periods.
type lane struct {
	Name  string
	Spans []span
}

// caption names a figure: for machines, and for people.
type caption struct{ ID, Title string }

// timeline is periods over time, month by month.
type timeline struct {
	ID, Title, Desc string
	Width, Height   int
	Months          []tick
	Rows            []drawnLane
	Today           int // abscissa, 0 when outside
	Lanes           []lane
}

type tick struct {
	X    int
	Text string
	Year bool // a new year begins: a longer line
}

type drawnLane struct {
	Y    int
	Name string
	Bars []drawnBar
}

type drawnBar struct {
	X, Y, W int
	Past    bool
	Open    bool // goes on beyond the figure: an arrow head
	Title   string
}

// newTimeline draws lanes over whole months around a window. Bars are cut at
// its ends.
func newTimeline(c caption, window civil.Period, today civil.Date, lanes []lane) timeline {
	first := civil.Of(window.From.Year(), window.From.Month(), 1)
	last := civil.Of(window.To.Year(), window.To.Month(), 1).AddMonths(1).AddDays(-1)
	total := max(1, last.Sub(first)+1)
	x := func(d civil.Date) int { return lineLabel + d.Sub(first)*(lineWidth-lineLabel-20)/total }
	t := timeline{ID: c.ID, Title: c.Title, Width: lineWidth, Height: lineHead + lineRow*len(lanes) + 12, Lanes: lanes,
		Desc: "Frise du " + longDay(first) + " au " + longDay(last) + " ; le tableau qui suit donne les mêmes dates."}
	every := max(1, (total+364)/365)
	for m, i := first, 0; m <= last; m, i = m.AddMonths(1), i+1 {
		tk := tick{X: x(m), Year: m.Month() == 1 || i == 0}
		if tk.Year {
			tk.Text = strconv.Itoa(m.Year())
		} else if i%every == 0 && i > 1 {
			tk.Text = shortMonths[m.Month()]
		}
		t.Months = append(t.Months, tk)
	}
	if first <= today && today <= last {
		t.Today = x(today)
	}
	for i, l := range lanes {
		row := drawnLane{Y: lineHead + i*lineRow + lineRow/2, Name: l.Name}
		for _, s := range l.Spans {
			in, ok := s.Period.Intersect(civil.Period{From: first, To: last})
			if !ok {
				continue
			}
			open := s.Period.To.IsZero() || s.Period.To > last
			b := drawnBar{X: x(in.From), Y: row.Y - lineBar/2, W: max(4, x(in.To.AddDays(1))-x(in.From)), Past: !in.To.IsZero() && in.To < today, Open: open, Title: l.Name + " : " + s.What + ", " + period(s.Period)}
			row.Bars = append(row.Bars, b)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// Arrow is the head of a bar that goes on.
func (b drawnBar) Arrow() string {
	x, mid := b.X+b.W, b.Y+lineBar/2
	return "M" + strconv.Itoa(x) + " " + strconv.Itoa(b.Y-3) + "l9 " + strconv.Itoa(mid-b.Y+3) + "l-9 " + strconv.Itoa(mid-b.Y+3) + "z"
}

// Tall is the height of every bar.
func (drawnBar) Tall() int { return lineBar }

// The measures of a bar chart, in pixels.
const (
	barsHeight = 180
	barsBase   = 140
	barsTop    = 24
	barsStep   = 52
	barsWidth  = 28
)

// tally is one column of a bar chart: a month, or a day.
type tally struct {
	Label, Name     string // under the column, and in words
	Served, Refused int
}

// monthTally counts a month.
func monthTally(first civil.Date, served, refused int) tally {
	return tally{shortMonths[first.Month()], monthName(first), served, refused}
}

// dayTally counts a day.
func dayTally(d civil.Date, served, refused int) tally {
	return tally{strconv.Itoa(d.Day()), longDay(d), served, refused}
}

// bars is counts a month or a day, stacked by outcome.
type bars struct {
	ID, Title, Desc string
	Unit            string // heading of the first column of the table
	Width, Height   int
	Base            int
	Columns         []column
	Tallies         []tally
	Empty           bool
}

type column struct {
	X, Wide               int
	ServedY, ServedTall   int
	RefusedY, RefusedTall int
	Middle                int
	Label, Total, Title   string
	TotalY                int
}

// newBars draws the counts given. unit names what a column is.
func newBars(c caption, unit string, tallies []tally) bars {
	b := bars{ID: c.ID, Title: c.Title, Unit: unit, Width: 20 + barsStep*len(tallies), Height: barsHeight, Base: barsBase, Tallies: tallies, Empty: true,
		Desc: "Une colonne par " + strings.ToLower(unit) + " ; la partie hachurée compte les refus. Le tableau qui suit donne les mêmes nombres."}
	highest := 1
	for _, m := range tallies {
		highest = max(highest, m.Served+m.Refused)
	}
	tall := func(n int) int {
		if n == 0 {
			return 0
		}
		return max(3, n*(barsBase-barsTop)/highest)
	}
	for i, m := range tallies {
		s, r := tall(m.Served), tall(m.Refused)
		x := 10 + i*barsStep + (barsStep-barsWidth)/2
		c := column{X: x, Wide: barsWidth, Middle: x + barsWidth/2, ServedY: barsBase - s, ServedTall: s, RefusedY: barsBase - s - r, RefusedTall: r,
			Label: m.Label, TotalY: barsBase - s - r - 6,
			Title: m.Name + " : " + count(m.Served, "transmission") + ", " + count(m.Refused, "refus", "refus")}
		if n := m.Served + m.Refused; n > 0 {
			c.Total, b.Empty = strconv.Itoa(n), false
		}
		b.Columns = append(b.Columns, c)
	}
	return b
}

// monthName is a month and its year.
func monthName(d civil.Date) string { return months[d.Month()] + " " + strconv.Itoa(d.Year()) }
