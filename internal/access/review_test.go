package access

import (
	"context"
	"testing"
	"time"

	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/trace"
)

// before runs something between the decision of a call and its commit.
type before struct {
	next Journal
	do   func()
}

func (b *before) Append(ctx context.Context, p trace.Pending) (trace.Receipt, error) {
	if do := b.do; do != nil {
		b.do = nil
		do()
	}
	return b.next.Append(ctx, p)
}

// TestAListIsGuardedForEverybodyInIt: what moves about a dependant between the
// decision and the commit stops the whole list.
func TestAListIsGuardedForEverybodyInIt(t *testing.T) {
	w := newWorld(t)
	w.token("jeton", "famille-martin", "hopital")
	a, err := w.do(call{partner: "hopital", token: "jeton", op: droits.OpBeneficiaires})
	must(t, err)
	t.Run("R42 the trace says of how many others", func(t *testing.T) {
		if others, _ := w.last().person["others"].([]any); len(others) != 3 || a.Body() == nil {
			t.Errorf("%d others", len(others))
		}
	})
	t.Run("T11 a child restricted before the commit is in no answer", func(t *testing.T) {
		view, err := w.service.People.Find(ctx, w.people["famille-martin"].Pivot, "hopital", consent.Token{})
		must(t, err)
		f, err := view[0].Dossier.Open()
		must(t, err)
		child := f.Dependants(w.window())[0].Personne.Sujet
		j := &before{next: w.writer, do: func() {
			_, err := w.store.Restrict(ctx, consent.Restriction{Subject: child, Ground: "18-1-a", SinceAt: w.Now()})
			must(t, err)
		}}
		w.join(j, w.store)
		a, err := w.do(call{partner: "hopital", token: "jeton", op: droits.OpBeneficiaires})
		if code(err) != "donnees_indisponibles" || a.Body() != nil {
			t.Errorf("served: %v", err)
		}
	})
}

// TestAConsentThatHasExpiredIsNotReused: a token that still lives makes a new
// record.
func TestAConsentThatHasExpiredIsNotReused(t *testing.T) {
	w := newWorld(t)
	w.token("jeton", "c2s", "hopital")
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{0, 1}, {30 * time.Second, 1}, {40 * time.Second, 2}, {time.Second, 2}} {
		w.forward(step.after)
		_, err := w.do(call{partner: "hopital", token: "jeton", op: droits.OpMe})
		must(t, err)
		if n := w.consents(); n != step.want {
			t.Errorf("%d records, want %d", n, step.want)
		}
	}
}

// TestNoEntryNamesAConsentThatIsNotKept: a call refused for the person's own
// limits makes no consent, and its trace names none.
func TestNoEntryNamesAConsentThatIsNotKept(t *testing.T) { // R42
	w := newWorld(t)
	w.token("jeton", "limitee", "hopital")
	must(t, func() error {
		_, err := w.store.Restrict(ctx, consent.Restriction{Subject: w.sujet("limitee"), Ground: "18-1-a", SinceAt: w.Now()})
		return err
	}())
	if _, err := w.do(call{partner: "hopital", token: "jeton", op: droits.OpMe}); code(err) != "donnees_indisponibles" {
		t.Fatal(err)
	}
	if x := w.last(); x.person["consent"] != nil || w.consents() != 0 {
		t.Errorf("a consent is named, %d kept", w.consents())
	}
}

// TestRefusalsForQuotaAreAllCounted: those that were only counted are written
// when the minute is over, or at the end.
func TestRefusalsForQuotaAreAllCounted(t *testing.T) {
	w := newWorld(t, func(d *convention.Document) { d.Quota.PerDay = 1 })
	w.token("jeton", "c2s", "hopital")
	for range 48 {
		w.do(call{partner: "hopital", token: "jeton", op: droits.OpMe})
	}
	told := func() (n int) {
		for _, x := range w.traces() {
			if x.person["outcome"] == "quota_depasse" {
				n += int(x.person["count"].(float64))
			}
		}
		return n
	}
	if n := told(); n != 1 {
		t.Errorf("%d told at once, want 1", n)
	}
	must(t, w.service.FlushRefusals(ctx, false))
	if n := told(); n != 1 {
		t.Errorf("%d told within the minute, want 1", n)
	}
	w.forward(time.Minute)
	must(t, w.service.FlushRefusals(ctx, false))
	must(t, w.service.FlushRefusals(ctx, true))
	if n := told(); n != 47 {
		t.Errorf("%d told, want 47", n)
	}
}
