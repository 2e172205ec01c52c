package civil

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"droits.example/droits/internal/fault"
)

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		in           string
		birth, whole bool
	}{
		"an ordinary day":                        {"2026-11-22", true, true},
		"29 February of a leap year":             {"2028-02-29", true, true},
		"29 February of 2000, divisible by 400":  {"2000-02-29", true, true},
		"29 February of 1900, not a leap year":   {"1900-02-29", false, false},
		"29 February of a common year":           {"2026-02-29", false, false},
		"31 April":                               {"2026-04-31", false, false},
		"month 13":                               {"2026-13-01", false, false},
		"an unknown day is a birth date only":    {"1954-03-00", true, false},
		"an unknown day and month, a birth date": {"1954-00-00", true, false},
		"an unknown month with a day is nothing": {"1954-00-12", false, false},
		"year 0":                                 {"0000-01-01", false, false},
		"no digits in the year":                  {"abcd-01-01", false, false},
		"slashes":                                {"2026/11/22", false, false},
		"day first":                              {"22-11-2026", false, false},
		"a time after it":                        {"2026-11-22T00:00:00Z", false, false},
		"a space before it":                      {" 2026-11-22", false, false},
		"one digit for the day":                  {"2026-11-2", false, false},
		"a sign":                                 {"+026-11-22", false, false},
		"full-width digits":                      {"２０２６-11-22", false, false},
		"nothing":                                {"", false, false},
	} {
		t.Run("R3 "+name, func(t *testing.T) {
			d, err := Parse(c.in)
			if (err == nil) != c.whole || err == nil && d.String() != c.in {
				t.Errorf("Parse: %v", err)
			}
			b, err2 := ParseBirth(c.in)
			if (err2 == nil) != c.birth || err2 == nil && b.String() != c.in {
				t.Errorf("ParseBirth: %v", err2)
			}
			for _, err := range []error{err, err2} {
				if err != nil && !fault.Is(err, fault.DateInvalide) {
					t.Errorf("not date_invalide: %v", err)
				}
			}
		})
	}
}

func TestArithmetic(t *testing.T) {
	p := MustParse
	for name, c := range map[string]struct{ got, want Date }{
		"29 February plus a year is 28 February":           {p("2028-02-29").AddYears(1), p("2029-02-28")},
		"29 February plus four years is 29 February":       {p("2028-02-29").AddYears(4), p("2032-02-29")},
		"28 February plus a year stays 28 February":        {p("2027-02-28").AddYears(1), p("2028-02-28")},
		"29 February minus a year is 28 February":          {p("2028-02-29").AddYears(-1), p("2027-02-28")},
		"31 August plus six months is the end of February": {p("2026-08-31").AddMonths(6), p("2027-02-28")},
		"31 August 2027 plus six months is a 29th":         {p("2027-08-31").AddMonths(6), p("2028-02-29")},
		"31 January minus two months is 30 November":       {p("2027-01-31").AddMonths(-2), p("2026-11-30")},
		"15 January minus thirteen months":                 {p("2027-01-15").AddMonths(-13), p("2025-12-15")},
		"no month":                                         {p("2027-01-31").AddMonths(0), p("2027-01-31")},
		"the day after 31 December":                        {p("2026-12-31").AddDays(1), p("2027-01-01")},
		"the day before 1 March of a leap year":            {p("2028-03-01").AddDays(-1), p("2028-02-29")},
		"ten days across the change to winter time":        {p("2026-10-20").AddDays(10), p("2026-10-30")},
	} {
		t.Run("R3 "+name, func(t *testing.T) {
			if c.got != c.want {
				t.Errorf("%s, not %s", c.got, c.want)
			}
		})
	}
}

func TestTheDayIsThatOfParis(t *testing.T) {
	for name, c := range map[string]struct {
		at   string
		want string
	}{
		"23:30 UTC in winter is tomorrow in Paris": {"2026-11-21T23:30:00Z", "2026-11-22"},
		"22:59 UTC in winter is still today":       {"2026-11-21T22:59:59Z", "2026-11-21"},
		"22:00 UTC in summer is tomorrow in Paris": {"2026-07-13T22:00:00Z", "2026-07-14"},
		"21:59 UTC in summer is still today":       {"2026-07-13T21:59:59Z", "2026-07-13"},
		"the night of the change to summer time":   {"2027-03-27T23:00:00Z", "2027-03-28"},
		"the night of the change to winter time":   {"2026-10-24T22:00:00Z", "2026-10-25"},
		"an instant written in another zone":       {"2026-11-22T08:30:00+14:00", "2026-11-21"},
	} {
		t.Run("R3 "+name, func(t *testing.T) {
			at, err := time.Parse(time.RFC3339, c.at)
			if err != nil {
				t.Fatal(err)
			}
			if got := On(at).String(); got != c.want {
				t.Errorf("%s, not %s", got, c.want)
			}
		})
	}
	if h := MustParse("2026-10-25").AddDays(1).StartAt().Sub(MustParse("2026-10-25").StartAt()).Hours(); h != 25 {
		t.Errorf("the day of the change to winter time has %v hours", h)
	}
	if h := MustParse("2027-03-29").StartAt().Sub(MustParse("2027-03-28").StartAt()).Hours(); h != 23 {
		t.Errorf("the day of the change to summer time has %v hours", h)
	}
}

func aDay(t *rapid.T, name string) Date {
	y := rapid.IntRange(1850, 2150).Draw(t, name+" year")
	m := rapid.IntRange(1, 12).Draw(t, name+" month")
	return Of(y, m, rapid.IntRange(1, daysIn(y, m)).Draw(t, name+" day"))
}

func TestDatesBehaveLikeTheStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, n := aDay(t, "d"), rapid.IntRange(-40000, 40000).Draw(t, "n")
		want := time.Date(d.Year(), time.Month(d.Month()), d.Day()+n, 12, 0, 0, 0, time.UTC)
		got := d.AddDays(n)
		if got.String() != want.Format("2006-01-02") || got.Sub(d) != n {
			t.Fatalf("%s plus %d days is %s", d, n, got)
		}
		if back, err := Parse(d.String()); err != nil || back != d {
			t.Fatalf("%s does not read back", d)
		}
		if On(d.StartAt()) != d || On(d.StartAt().Add(-time.Nanosecond)) != d.AddDays(-1) {
			t.Fatalf("%s does not start where it starts", d)
		}
		e := aDay(t, "e")
		if (d < e) != (d.Sub(e) < 0) {
			t.Fatalf("%s and %s compare otherwise than they follow", d, e)
		}
	})
}

func TestMonthsClampAndNeverOverflow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, n := aDay(t, "d"), rapid.IntRange(-1200, 1200).Draw(t, "n")
		got := d.AddMonths(n)
		months := func(d Date) int { return d.Year()*12 + d.Month() }
		if months(got)-months(d) != n || got.Day() > d.Day() || got.Day() < min(d.Day(), 28) || got.Day() > daysIn(got.Year(), got.Month()) {
			t.Fatalf("%s plus %d months is %s", d, n, got)
		}
		if got.Day() < d.Day() && got.Day() != daysIn(got.Year(), got.Month()) {
			t.Fatalf("%s plus %d months is %s, short of the month's end", d, n, got)
		}
	})
}

func aPeriod(t *rapid.T, name string) Period {
	p := Period{From: aDay(t, name+" from")}
	if rapid.Bool().Draw(t, name+" open") {
		return p
	}
	p.To = p.From.AddDays(rapid.IntRange(0, 2000).Draw(t, name+" length"))
	return p
}

func TestIntersectionIsWhatBothContain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, q := aPeriod(t, "p"), aPeriod(t, "q")
		d := p.From.AddDays(rapid.IntRange(-100, 2100).Draw(t, "d"))
		r, ok := p.Intersect(q)
		r2, ok2 := q.Intersect(p)
		if ok != ok2 || r != r2 || ok != p.Meets(q) || ok && !r.Valid() {
			t.Fatal("Intersect and Meets disagree, or are not symmetrical")
		}
		if (ok && r.Contains(d)) != (p.Contains(d) && q.Contains(d)) {
			t.Fatal("a day of both is not in the intersection, or the reverse")
		}
	})
}

func TestPeriods(t *testing.T) {
	p := Period{MustParse("2026-11-22"), MustParse("2027-11-22")}
	if p.String() != "2026-11-22/2027-11-22" || !p.Valid() || (Period{p.To, p.From}).Valid() || !(Period{From: p.From}).Valid() {
		t.Error("R3 periods print or validate wrongly")
	}
	if !(Period{To: p.From}).Meets(p) || !(Period{}).Contains(p.From) {
		t.Error("a period without a beginning is closed")
	}
	for _, d := range []Date{p.From, p.To} {
		if !p.Contains(d) {
			t.Error("the bounds belong to the period")
		}
	}
}

func TestText(t *testing.T) {
	var d Date
	if err := d.UnmarshalText([]byte("1954-00-00")); err != nil || d.Complete() || d.IsZero() {
		t.Error("an incomplete birth date does not read")
	}
	if b, _ := d.MarshalText(); string(b) != "1954-00-00" {
		t.Error("it does not write back")
	}
	if err := d.UnmarshalText([]byte("hier")); err == nil || d != 0 {
		t.Error("nonsense reads")
	}
	if Date(0).String() != "" {
		t.Error("no date prints something")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"2026-11-22", "1954-00-00", "1954-03-00", "0000-00-00", "2028-02-29", "9999-12-31", "", "２０２６-11-22"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseBirth(s)
		if err == nil && d.String() != s {
			t.Error("a date does not write back as it was read")
		}
		whole, err2 := Parse(s)
		if err2 == nil && (err != nil || whole != d || !whole.Complete()) {
			t.Error("a whole date is not a birth date")
		}
		if err2 == nil {
			if back := whole.AddDays(1).AddDays(-1); whole.Year() < 9999 && back != whole {
				t.Error("the day after is not followed by the day before")
			}
		}
	})
}

func TestNoDateIsWrittenAsNothing(t *testing.T) {
	t.Run("no date is written as an empty text and read back", func(t *testing.T) {
		b, err := Date(0).MarshalText()
		if err != nil || len(b) != 0 {
			t.Errorf("written as %q, %v", b, err)
		}
		d := MustParse("2026-11-22")
		if err := d.UnmarshalText(b); err != nil || !d.IsZero() {
			t.Errorf("read as %s, %v", d, err)
		}
	})
	t.Run("0000-00-00 is not a date", func(t *testing.T) {
		var d Date
		if err := d.UnmarshalText([]byte("0000-00-00")); err == nil {
			t.Error("it is read")
		}
	})
}
