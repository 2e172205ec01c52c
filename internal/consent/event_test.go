package consent

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
)

// shown is what was on the page of a choice.
var shown = Terms{"conv", 1, "preadmission", "00ff"}

var noon = time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC)

func after(d time.Duration) time.Time { return noon.Add(d) }

func TestWhatHoldsIsWhatHappened(t *testing.T) {
	until := after(48 * time.Hour)
	for _, c := range []struct {
		name    string
		events  []Event
		at      time.Time
		stopped bool
		state   State
	}{
		{"nothing happened", nil, noon, false, StateNone},
		{"R18 a withdrawal holds at its own instant", []Event{{Act: Withdrawn, At: noon}}, noon, true, StateWithdrawn},
		{"R18 a withdrawal holds for ever", []Event{{Act: Withdrawn, At: noon}}, after(100000 * time.Hour), true, StateWithdrawn},
		{"R18 allowing again ends it", []Event{{Act: Withdrawn, At: noon}, {Act: Allowed, At: after(1)}}, after(1), false, StateNone},
		{"R18 a pause holds until its end", []Event{{Act: Paused, At: noon, Until: until}}, until.Add(-1), true, StatePaused},
		{"R18 a pause is over at its end", []Event{{Act: Paused, At: noon, Until: until}}, until, false, StateNone},
		{"R18 a pause without end holds until allowed again", []Event{{Act: Paused, At: noon}}, after(100000 * time.Hour), true, StatePaused},
		{"R18 a later pause takes the place of the first", []Event{{Act: Paused, At: noon, Until: until}, {Act: Paused, At: after(1)}}, until, true, StatePaused},
		{"R18 a pause never softens a withdrawal", []Event{{Act: Withdrawn, At: noon}, {Act: Paused, At: after(1), Until: until}}, until, true, StateWithdrawn},
		{"R18 a withdrawal during a pause outlives it", []Event{{Act: Paused, At: noon, Until: until}, {Act: Withdrawn, At: after(1)}}, until, true, StateWithdrawn},
		{"a choice stops nothing", []Event{{Act: Chosen, At: noon}}, noon, false, StateNone},
		{"a contestation, an end and a replacement stop nothing", []Event{{Act: Contested}, {Act: Expired}, {Act: Replaced}, {Act: Asked}, {Act: Given}}, noon, false, StateNone},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := Fold(c.events)
			if d.StoppedAt(c.at) != c.stopped || d.StateAt(nil, c.at) != c.state {
				t.Errorf("%v %v", d.StoppedAt(c.at), d.StateAt(nil, c.at))
			}
		})
	}
}

func TestTokensFromBeforeAStop(t *testing.T) {
	s := Standing{Decided: Fold([]Event{{Act: Withdrawn, At: noon}, {Act: Allowed, At: after(time.Minute)}}), SeenAt: after(-1)}
	for _, c := range []struct {
		name   string
		issued time.Time
		ended  bool
	}{
		{"T7 a token issued before the withdrawal stays refused once allowed again", after(-time.Second), true},
		{"T7 a token issued at its instant too", noon, true},
		{"T7 a token issued after it is admitted", after(time.Second), false},
		{"T7 a token that does not tell counts from when it was first seen", time.Time{}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if s.Ended(c.issued, after(time.Hour)) != c.ended {
				t.Error(!c.ended)
			}
		})
	}
	t.Run("T7 a pause that is over keeps the tokens from before it out", func(t *testing.T) {
		s := Standing{Decided: Fold([]Event{{Act: Paused, At: noon, Until: after(time.Second)}})}
		if !s.Ended(after(-1), after(time.Hour)) || s.Ended(after(time.Minute), after(time.Hour)) {
			t.Error("another answer")
		}
	})
}

func TestChoicesOfBlocks(t *testing.T) { // R15 R38
	all := []droits.Bloc{droits.BlocIdentite, droits.BlocCaisse, droits.BlocContrats}
	choice := Event{Act: Chosen, Under: []Terms{shown}, At: noon, Until: after(time.Hour), Blocks: []droits.Bloc{droits.BlocIdentite, droits.BlocArretsTravail}, Refused: []droits.Bloc{droits.BlocCaisse}, Excluded: []droits.Sujet{{7}}}
	for _, c := range []struct {
		name   string
		events []Event
		at     time.Time
		want   string
	}{
		{"without a choice the agreement stands as it is", nil, noon, "[identite caisse contrats]"},
		{"R15 what is kept back goes, R38 what is ticked comes", []Event{choice}, noon, "[identite contrats arrets_travail]"},
		{"R38 what was ticked holds at its last instant", []Event{choice}, after(time.Hour), "[identite contrats arrets_travail]"},
		{"R17 R38 and not after; what was kept back stays so", []Event{choice}, after(time.Hour + 1), "[identite contrats]"},
		{"R38 a withdrawal ends what was ticked", []Event{choice, {Act: Withdrawn, At: after(1)}, {Act: Allowed, At: after(2)}}, after(3), "[identite contrats]"},
		{"R38 a pause does not", []Event{choice, {Act: Paused, At: after(1), Until: after(2)}}, after(3), "[identite contrats arrets_travail]"},
		{"a choice of dependants alone leaves the blocks", []Event{choice, {Act: Chosen, At: after(1)}}, after(3), "[identite contrats arrets_travail]"},
		{"R15 everything kept back leaves nothing", []Event{{Act: Chosen, Blocks: []droits.Bloc{}, Refused: all}}, noon, "[]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := fmt.Sprint(Fold(c.events).Narrow(all, shown, c.at)); got != c.want {
				t.Errorf("%s, expected %s", got, c.want)
			}
		})
	}
	t.Run("R38 what is ticked opens nothing under other terms", func(t *testing.T) {
		for name, under := range map[string]Terms{
			"another convention": {"autre", 1, "preadmission", "00ff"}, "another version": {"conv", 2, "preadmission", "00ff"},
			"another purpose": {"conv", 1, "adhesion", "00ff"}, "another notice": {"conv", 1, "preadmission", "00fe"}, "none": {},
		} {
			if got := fmt.Sprint(Fold([]Event{choice}).Narrow(all, under, noon)); got != "[identite contrats]" {
				t.Errorf("%s: %s", name, got)
			}
		}
	})
	t.Run("R15 what was kept back and is not on a later page stays kept back", func(t *testing.T) {
		later := Event{Act: Chosen, Blocks: []droits.Bloc{}, Refused: []droits.Bloc{droits.BlocContrats}}
		if got := fmt.Sprint(Fold([]Event{choice, later}).Narrow(all, shown, noon)); got != "[identite]" {
			t.Error(got)
		}
	})
	t.Run("a choice is what holds already as long as that holds", func(t *testing.T) {
		d := Fold([]Event{choice})
		same, less := choice, choice
		less.Refused = append([]droits.Bloc{droits.BlocContrats}, choice.Refused...)
		late, nobody := choice, choice
		late.At, nobody.Excluded = after(2*time.Hour), nil
		if !d.Is(same) || d.Is(less) || d.Is(late) || d.Is(nobody) || d.Is(Event{Act: Chosen}) || (Decided{}).Is(same) {
			t.Error("another answer")
		}
	})
	t.Run("R16 the last choice says who is left out", func(t *testing.T) {
		if d := Fold([]Event{choice, {Act: Chosen}}); len(d.Excluded) != 0 {
			t.Error("the first one does")
		}
		if d := Fold([]Event{choice, {Act: Withdrawn}, {Act: Allowed}}); !slices.Equal(d.Excluded, choice.Excluded) {
			t.Error("a withdrawal brings them back in")
		}
	})
}

func TestHistoriesOfEveryKind(t *testing.T) { // R13 R15
	acts := []Act{Given, Withdrawn, Paused, Allowed, Chosen, Contested, Expired, Replaced, Asked}
	blocks := []droits.Bloc{droits.BlocIdentite, droits.BlocCaisse, droits.BlocContrats, droits.BlocArretsTravail}
	rapid.Check(t, func(rt *rapid.T) {
		var events []Event
		for i := range rapid.IntRange(0, 12).Draw(rt, "events") {
			e := Event{Act: rapid.SampledFrom(acts).Draw(rt, "act"), At: after(time.Duration(i) * time.Hour)}
			if e.Act == Paused || e.Act == Chosen {
				e.Until = e.At.Add(time.Duration(rapid.IntRange(0, 20).Draw(rt, "hours")) * time.Hour)
			}
			if e.Act == Chosen && rapid.Bool().Draw(rt, "blocks") {
				e.Blocks, e.Under = []droits.Bloc{}, []Terms{{}, shown}[rapid.IntRange(0, 1).Draw(rt, "under"):]
				for _, b := range blocks {
					if rapid.Bool().Draw(rt, string(b)) {
						e.Blocks = append(e.Blocks, b)
					} else {
						e.Refused = append(e.Refused, b)
					}
				}
			}
			events = append(events, e)
		}
		at := after(time.Duration(rapid.IntRange(0, 40).Draw(rt, "at")) * time.Hour)
		d := Fold(events)
		if again := Fold(slices.Clone(events)); fmt.Sprint(again) != fmt.Sprint(d) {
			rt.Fatal("the same history comes to something else")
		}
		// A withdrawal that no allowance follows holds, whatever else happened.
		last := ""
		for _, e := range events {
			if e.Act == Withdrawn || e.Act == Allowed {
				last = string(e.Act)
			}
		}
		if last == string(Withdrawn) && !d.StoppedAt(at) {
			rt.Fatal("R18 a withdrawal does not hold")
		}
		if stopped := Fold(append(slices.Clone(events), Event{Act: Withdrawn, At: at})); !stopped.StoppedAt(at.Add(time.Hour)) || len(stopped.LetGo) != 0 {
			rt.Fatal("R18 a withdrawal after anything does not hold")
		}
		agreed := blocks[:rapid.IntRange(0, len(blocks)).Draw(rt, "agreed")]
		for _, b := range d.Narrow(agreed, shown, at) {
			if slices.Contains(d.Refused, b) || !slices.Contains(agreed, b) && !d.LetsGo(b, shown, at) {
				rt.Fatalf("R15 %s comes from nowhere", b)
			}
		}
	})
}

func TestAnAgreementEnds(t *testing.T) { // R17
	for _, c := range []struct {
		name  string
		birth string
		life  time.Duration
		want  time.Time
	}{
		{"R17 after its life", "1985-03-14", 30 * 24 * time.Hour, after(30 * 24 * time.Hour)},
		{"a minor's ends with the day before its majority", "2008-11-30", 30 * 24 * time.Hour, civil.MustParse("2026-11-30").StartAt().Add(-time.Millisecond)},
		{"a minor's that ends before stays", "2008-11-30", 24 * time.Hour, after(24 * time.Hour)},
		{"on the day of majority nothing is cut", "2008-11-22", 30 * 24 * time.Hour, after(30 * 24 * time.Hour)},
		{"nobody's birth is known: nothing to cut by", "", time.Hour, after(time.Hour)},
	} {
		t.Run(c.name, func(t *testing.T) {
			var birth civil.Date
			if c.birth != "" {
				birth = civil.MustParse(c.birth)
			}
			if got := Term(noon, c.life, birth); !got.Equal(c.want) {
				t.Errorf("%v, expected %v", got, c.want)
			}
		})
	}
	t.Run("majority is the first day on which the age says so, whatever is unknown of the birth", func(t *testing.T) {
		for _, birth := range []string{"2008-02-29", "2008-01-01", "2008-12-31", "2008-06-00", "2008-00-00"} {
			b, err := civil.ParseBirth(birth)
			if err != nil {
				t.Fatal(err)
			}
			of, _ := majority(b)
			day := civil.On(of)
			if Minor(b, day) || !Minor(b, day.AddDays(-1)) || !of.Equal(day.StartAt()) {
				t.Errorf("%s: %v", birth, day)
			}
		}
	})
	t.Run("R17 at its last instant it holds, and not after", func(t *testing.T) {
		l := Live{ConsentID: "acc_1", ExpiresAt: noon}
		if !l.HoldsAt(noon) || l.HoldsAt(after(1)) || (Live{ExpiresAt: noon}).HoldsAt(noon) {
			t.Error("another answer")
		}
	})
}

func TestAgreementsSettle(t *testing.T) {
	line := func(id, conv string, given, end time.Duration) Line {
		return Line{ID: id, Convention: conv, Purpose: "adhesion", Channel: ChannelPartner, GivenAt: after(given), ExpiresAt: after(end)}
	}
	lines := []Line{ // newest first
		line("now", "c/2", -time.Hour, time.Hour),
		line("older version", "c/1", -2*time.Hour, time.Hour),
		line("ended", "c/1", -10*time.Hour, -9*time.Hour),
		line("before the withdrawal", "d/1", -30*time.Hour, 10*time.Hour),
	}
	d := Fold([]Event{{Act: Withdrawn, At: after(-20 * time.Hour)}, {Act: Allowed, At: after(-19 * time.Hour)}})
	d.Settle(lines, noon)
	for i, want := range []State{StateGiven, StateReplaced, StateExpired, StateWithdrawn} {
		if lines[i].State != want {
			t.Errorf("%s: %s, expected %s", lines[i].ID, lines[i].State, want)
		}
	}
	if got := d.StateAt(lines, noon); got != StateGiven {
		t.Error(got)
	}
	if got := d.StateAt(lines[2:3], noon); got != StateExpired {
		t.Error(got)
	}
}

func TestEveryActAndStateHasItsWords(t *testing.T) {
	for _, a := range []Act{Given, Withdrawn, Paused, Allowed, Chosen, Contested, Expired, Replaced, Asked} {
		if a.Label() == "" {
			t.Error(a)
		}
	}
	for _, s := range []State{StateNone, StateGiven, StateExpired, StatePaused, StateWithdrawn, StateReplaced} {
		if s.Label() == "" {
			t.Error(s)
		}
	}
	if Act("x").Label() != "" || State("x").Label() != "" {
		t.Error("words for nothing")
	}
}
