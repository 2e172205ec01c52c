package account

import (
	"testing"
	"time"

	"droits.example/droits/internal/fault"
)

func TestLifeOfAMandate(t *testing.T) { // R33
	t0 := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	m := Mandate{Director: "Directrice d'essai", Until: t0.AddDate(1, 0, 0), ReviewBy: t0.Add(ReviewEvery)}
	step := func(name string, err error, at time.Time, standing string) {
		t.Helper()
		if err != nil || m.Standing(at) != standing {
			t.Fatalf("R33 %s: %v, standing %q", name, err, m.Standing(at))
		}
	}
	step("given", nil, t0, NoUndertaking)
	step("the undertaking is accepted", m.Undertake(t0), t0, "")
	late := t0.Add(ReviewEvery)
	step("nobody reviews it", nil, late, ReviewOverdue)
	if err := m.Undertake(late); !fault.Is(err, fault.ActeImpossible) {
		t.Error("an undertaking makes up for a review")
	}
	step("it is reviewed", m.Review(late), late, "")
	step("it is ended", m.End(late), late, MandateEnded)
	for name, err := range map[string]error{"ended twice": m.End(late), "reviewed after its end": m.Review(late), "undertaken after its end": m.Undertake(late)} {
		if !fault.Is(err, fault.ActeImpossible) {
			t.Errorf("R33 %s: %v", name, err)
		}
	}
	if err := m.Renew("", late, late); fault.From(err).Field() != "jusque" || m.Standing(late) != MandateEnded {
		t.Error("a renewal into the past changed something")
	}
	step("it is renewed: secrecy is asked for again", m.Renew("Autre directeur", late.AddDate(1, 0, 0), late), late, NoUndertaking)
	if m.Director != "Autre directeur" || !m.RenewedAt.Equal(late) {
		t.Error("the renewal is not noted")
	}
	step("accepted again", m.Undertake(late), late, "")
	step("renewed while it lasts: the undertaking holds", m.Renew("", late.AddDate(2, 0, 0), late), late, "")
	over := late.AddDate(2, 0, 0)
	m.ReviewBy = over.Add(time.Hour)
	step("its term", nil, over, MandateEnded)
}
