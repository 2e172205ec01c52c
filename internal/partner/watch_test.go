package partner

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"

	"droits.example/droits/internal/civil"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, civil.Paris())

func TestNoFalseEnumeration(t *testing.T) {
	t.Run("R77 a key is a clear case exactly when so many unknown NIRs follow each other with nothing served between", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			var w Watch
			row := 0
			for i, o := range rapid.SliceOfN(rapid.SampledFrom([]Outcome{Answered, UnknownName, UnknownName, UnknownName, UnknownName, UnknownName, UnknownName, UnknownName, UnknownName, UnknownName, UnknownName, UnknownName, Other}), 0, 400).Draw(t, "calls") {
				switch o {
				case Answered:
					row = 0
				case UnknownName:
					row++
				}
				a, cited := w.Saw(Sighting{Key: "cle_1", RequestID: fmt.Sprint(i), At: noon.Add(time.Duration(i) * time.Second), Outcome: o})
				if (a == Enumeration) != (o == UnknownName && row >= MostUnknown) {
					t.Fatalf("call %d: %q after %d in a row", i, a, row)
				}
				if a == Enumeration && (len(cited) != MostCited || cited[MostCited-1] != fmt.Sprint(i)) {
					t.Fatalf("cites %v", cited)
				}
			}
		})
	})
	t.Run("R77 keys are counted apart", func(t *testing.T) {
		var w Watch
		for i := range 2 * (MostUnknown - 1) {
			if a, _ := w.Saw(Sighting{Key: fmt.Sprint(i % 2), At: noon, Outcome: UnknownName}); a != "" {
				t.Errorf("call %d: %s", i, a)
			}
		}
	})
}

func TestManyAddresses(t *testing.T) { // R77
	var w Watch
	saw := func(at time.Time, n int) Alarm {
		a, _ := w.Saw(Sighting{Key: "cle_1", At: at, Addr: netip.AddrFrom4([4]byte{192, 0, 2, byte(n)}), Outcome: Answered})
		return a
	}
	for n := range MostAddresses {
		for range 3 {
			if a := saw(noon, n); a != "" {
				t.Fatalf("address %d: %s", n, a)
			}
		}
	}
	if a := saw(noon, MostAddresses); a != Addresses {
		t.Errorf("one too many: %q", a)
	}
	if a := saw(noon, MostAddresses+1); a != "" {
		t.Errorf("told again in the hour: %s", a)
	}
	if a := saw(noon.Add(time.Hour), 1); a != "" {
		t.Errorf("another hour: %s", a)
	}
}

func TestDrain(t *testing.T) {
	var w Watch
	w.Saw(Sighting{Key: "cle_1", At: noon, Outcome: Answered})
	w.Saw(Sighting{Key: "cle_1", At: noon.Add(10*time.Hour + time.Minute), Outcome: UnknownName}) // 22:01
	w.Saw(Sighting{Key: "cle_1", At: noon.Add(13 * time.Hour), Outcome: Other})                   // the day after
	got := w.Drain()
	today := civil.On(noon)
	want := []Use{{"cle_1", today, 2, 1, 1}, {"cle_1", today.AddDays(1), 1, 1, 0}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v", got)
	}
	if again := w.Drain(); len(again) != 0 {
		t.Errorf("drained twice: %v", again)
	}
	w.Return(got)
	if again := w.Drain(); fmt.Sprint(again) != fmt.Sprint(want) {
		t.Errorf("what was given back: %v", again)
	}
}

func TestUnusual(t *testing.T) { // R77
	days := func(n, calls, night int) (out []Use) {
		for range n {
			out = append(out, Use{Calls: calls, Night: night})
		}
		return out
	}
	for name, x := range map[string]struct {
		today  Use
		before []Use
		want   string
	}{
		"a key that is new":                          {Use{Calls: 100000, Night: 5000}, days(UsualDays-1, 10, 0), "[]"},
		"ten times the median and no more":           {Use{Calls: 1000}, days(UsualDays, 100, 0), "[]"},
		"more than ten times":                        {Use{Calls: 1001}, days(UsualDays, 100, 0), "[volume]"},
		"more than ten times of very little":         {Use{Calls: 499}, days(UsualDays, 2, 0), "[]"},
		"calls at night of a key that makes none":    {Use{Calls: 60, Night: 50}, days(UsualDays, 100, 0), "[horaires]"},
		"calls at night of an emergency department":  {Use{Calls: 600, Night: 300}, days(UsualDays, 500, 200), "[]"},
		"a few calls at night of a key that has few": {Use{Calls: 60, Night: 49}, days(UsualDays, 100, 0), "[]"},
	} {
		t.Run("R77 "+name+" is judged as it should", func(t *testing.T) {
			if got := fmt.Sprint(Unusual(x.today, x.before)); got != x.want {
				t.Error(got)
			}
		})
	}
}

func TestReminders(t *testing.T) { // R74
	last := civil.On(noon).AddDays(100)
	for _, x := range []struct {
		name string
		made int // days before the last one
		at   int // days before the last one, negative after it
		want int // -1 = none
	}{
		{"90 days before", 400, 90, 90}, {"the day before that", 400, 91, -1}, {"between two", 400, 75, 90}, {"the last day", 400, 0, 0},
		{"a day after the end, for who was away", 400, -1, 0}, {"eight days after the end", 400, -8, -1},
		{"on the day that it is made for ten days", 10, 10, -1}, {"three days later", 10, 7, 7}, {"made on the very day of a reminder", 30, 30, -1},
	} {
		t.Run("R74 "+x.name, func(t *testing.T) {
			n, ok := ReminderOn(last.AddDays(-x.at), last.AddDays(-x.made), last)
			if !ok {
				n = -1
			}
			if n != x.want {
				t.Errorf("%d", n)
			}
		})
	}
}
