package habilitation

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"droits.example/droits/internal/fault"
)

func TestWhatIsSavedInOneSittingIsToldAsOne(t *testing.T) { // R31
	rapid.Check(t, func(t *rapid.T) {
		start := complete()
		r := Request{ID: "D-2026-0001", State: Draft, Form: start, Events: []Event{{Act: Create, At: at()}}}
		base, when := start, at()
		edition := r.Edition()
		for range rapid.IntRange(1, 12).Draw(t, "updates") {
			f := r.Form
			f.Projet.Intitule = rapid.SampledFrom([]string{"Un", "Deux", start.Projet.Intitule}).Draw(t, "title")
			f.Donnees.Months = rapid.IntRange(1, 3).Draw(t, "months")
			author := rapid.SampledFrom([]string{"c1", "c2"}).Draw(t, "author")
			when = when.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "minutes")) * time.Minute)
			last := r.Events[len(r.Events)-1]
			next, err := r.Do(Doing{Act: Update, Role: Demandeur, Author: author, At: when, Form: &f, Edition: r.Edition()})
			if err != nil {
				t.Fatal(err)
			}
			if edition++; next.Edition() != edition {
				t.Fatal("an update that is folded moves the edition too")
			}
			together := last.Act == Update && last.Author == author && when.Sub(last.At) < sitting
			if !together {
				base = r.Form
			}
			if together != (len(next.Events) == len(r.Events)) {
				t.Fatalf("%d events after %d", len(next.Events), len(r.Events))
			}
			if got, want := next.Events[len(next.Events)-1].Changes, Diff(base, f); fmt.Sprint(sortedChanges(got)) != fmt.Sprint(sortedChanges(want)) {
				t.Fatalf("R31 it tells %v, and %v changed", got, want)
			}
			r = next
		}
	})
}

func sortedChanges(list []Change) map[string]string {
	out := map[string]string{}
	for _, c := range list {
		out[c.Field] = c.Before + " > " + c.After
	}
	return out
}

func TestTheHistoryOfARequestIsBounded(t *testing.T) {
	r := in(Submitted, false)
	for i := range MaxEvents {
		r.Events = append(r.Events, Event{Act: Write, Role: Demandeur, Motive: strconv.Itoa(i)})
	}
	if _, err := r.Do(Doing{Act: Write, Role: Demandeur, Author: "c1", At: at(), Text: "Encore"}); fault.From(err).Reason() != TooManyEvents {
		t.Error(err)
	}
	for _, a := range []Act{Write, Approve, RequestChanges} {
		if _, err := r.Do(Doing{Act: a, Role: Instructeur, Author: "a1", At: at(), Text: "Décision."}); err != nil {
			t.Errorf("an agent cannot %s: %v", a, err)
		}
	}
}
