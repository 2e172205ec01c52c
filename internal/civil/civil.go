// Package civil holds calendar days of Europe/Paris and closed periods of
// them. It hides calendar arithmetic; it has no clock.
package civil

import (
	"time"
	_ "time/tzdata" // Paris must exist on a machine without a zone database

	"droits.example/droits/internal/fault"
)

var paris = mustLoad("Europe/Paris")

func mustLoad(name string) *time.Location {
	l, err := time.LoadLocation(name)
	if err != nil {
		panic("civil: no zone " + name)
	}
	return l
}

// Paris is the zone in which every civil date of the system is read.
func Paris() *time.Location { return paris }

// Date is a civil day written as the number yyyymmdd, so that dates compare
// with < and ==. The zero value is "no date". A birth date may lack its day
// (19540300) or its day and month (19540000); see Complete.
type Date int32

// Of builds a date from its parts without checking them.
func Of(y, m, d int) Date { return Date(y*10000 + m*100 + d) }

// On is the civil day in Paris of an instant.
func On(t time.Time) Date {
	y, m, d := t.In(paris).Date()
	return Of(y, int(m), d)
}

// Parse reads a complete existing day in the form YYYY-MM-DD. Errors:
// date_invalide.
func Parse(s string) (Date, error) {
	d, err := ParseBirth(s)
	if err != nil || !d.Complete() {
		return 0, fault.New(fault.DateInvalide, "civil: parse")
	}
	return d, nil
}

// ParseBirth reads YYYY-MM-DD where the day, or the month and the day, may be
// 00 (data-format.md). YYYY-00-DD is refused. Errors: date_invalide.
func ParseBirth(s string) (Date, error) {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return 0, badDate()
	}
	n := [3]int{}
	for i, span := range [3][2]int{{0, 4}, {5, 7}, {8, 10}} {
		for _, c := range []byte(s[span[0]:span[1]]) {
			if c < '0' || c > '9' {
				return 0, badDate()
			}
			n[i] = n[i]*10 + int(c-'0')
		}
	}
	y, m, d := n[0], n[1], n[2]
	if y < 1 || m > 12 || m == 0 && d != 0 || m > 0 && d > daysIn(y, m) {
		return 0, badDate()
	}
	return Of(y, m, d), nil
}

func badDate() error { return fault.New(fault.DateInvalide, "civil: parse") }

// MustParse is Parse for constants; it panics on anything else.
func MustParse(s string) Date {
	d, err := ParseBirth(s)
	if err != nil {
		panic("civil: bad constant date")
	}
	return d
}

// Year is the year, of four figures.
func (d Date) Year() int { return int(d) / 10000 }

// Month is 1 to 12, or 0 when unknown.
func (d Date) Month() int { return int(d) / 100 % 100 }

// Day is 1 to 31, or 0 when unknown.
func (d Date) Day() int { return int(d) % 100 }

// IsZero reports "no date".
func (d Date) IsZero() bool { return d == 0 }

// Complete reports whether year, month and day are all known.
func (d Date) Complete() bool { return d.Month() != 0 && d.Day() != 0 }

// String is YYYY-MM-DD, or "" for no date.
func (d Date) String() string {
	if d == 0 {
		return ""
	}
	return string(d.Append(make([]byte, 0, 10)))
}

// Append appends YYYY-MM-DD to b.
func (d Date) Append(b []byte) []byte {
	y, m, day := d.Year(), d.Month(), d.Day()
	return append(b, byte('0'+y/1000%10), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10), '-',
		byte('0'+m/10), byte('0'+m%10), '-', byte('0'+day/10), byte('0'+day%10))
}

// MarshalText writes YYYY-MM-DD, or nothing for no date.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText writes; incomplete birth dates pass.
func (d *Date) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = 0
		return nil
	}
	v, err := ParseBirth(string(b))
	*d = v
	return err
}

// AddDays moves by n days.
func (d Date) AddDays(n int) Date { return fromTime(d.utc().AddDate(0, 0, n)) }

// AddMonths moves by n months and clamps to the last day of the month:
// 31 August + 6 months = 28 or 29 February (trust.md §2.1 d).
func (d Date) AddMonths(n int) Date {
	y, m := d.Year(), d.Month()-1+n
	y += m / 12
	if m %= 12; m < 0 {
		m, y = m+12, y-1
	}
	return Of(y, m+1, min(d.Day(), daysIn(y, m+1)))
}

// AddYears moves by n years; 29 February + 1 year = 28 February (contract.md).
func (d Date) AddYears(n int) Date { return d.AddMonths(12 * n) }

// Sub is the number of days from e to d.
func (d Date) Sub(e Date) int { return int(d.utc().Sub(e.utc()).Hours() / 24) }

// StartAt is the first instant of the day in Paris.
func (d Date) StartAt() time.Time {
	return time.Date(d.Year(), time.Month(d.Month()), d.Day(), 0, 0, 0, 0, paris)
}

func (d Date) utc() time.Time {
	return time.Date(d.Year(), time.Month(d.Month()), d.Day(), 0, 0, 0, 0, time.UTC)
}

func fromTime(t time.Time) Date { y, m, d := t.Date(); return Of(y, int(m), d) }

func daysIn(y, m int) int {
	switch m {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// Period is a closed interval of days. A zero From has no beginning, a zero
// To no end.
type Period struct{ From, To Date }

// Meets reports whether the two periods share a day.
func (p Period) Meets(q Period) bool {
	return (p.To == 0 || q.From <= p.To) && (q.To == 0 || p.From <= q.To)
}

// Contains reports whether the day lies in the period.
func (p Period) Contains(d Date) bool { return p.From <= d && (p.To == 0 || d <= p.To) }

// Intersect is the days common to both; ok is false when there are none.
func (p Period) Intersect(q Period) (r Period, ok bool) {
	if !p.Meets(q) {
		return Period{}, false
	}
	r.From = max(p.From, q.From)
	switch {
	case p.To == 0:
		r.To = q.To
	case q.To == 0:
		r.To = p.To
	default:
		r.To = min(p.To, q.To)
	}
	return r, true
}

// Valid reports whether the period has at least one day.
func (p Period) Valid() bool { return p.To == 0 || p.From <= p.To }

// String is FROM/TO, as in the header X-Periode.
func (p Period) String() string {
	b := make([]byte, 0, 21)
	if p.From != 0 {
		b = p.From.Append(b)
	}
	b = append(b, '/')
	if p.To != 0 {
		b = p.To.Append(b)
	}
	return string(b)
}
