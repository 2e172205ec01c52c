package store

import (
	"testing"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/fault"
)

func TestLeaving(t *testing.T) { // R29
	live := func(s *Store, secret string) bool {
		k, c, ok := s.Key(secret)
		return ok && k.LiveAt(s.clock()) && c.LiveAt(s.clock())
	}
	for _, c := range []struct {
		name     string
		received string
		last     string
	}{
		{"R29 notice given today", "2026-11-22", "2026-12-07"},
		{"R29 a letter received before it was entered", "2026-11-10", "2026-11-25"},
		{"R29 across the change of hour", "2026-10-20", "2026-11-04"},
	} {
		t.Run(c.name+": the last call is at the end of the fifteenth day, Paris", func(t *testing.T) {
			s := fresh(t)
			clock := civil.MustParse(c.received).StartAt().Add(9 * time.Hour)
			s.clock = func() time.Time { return clock }
			secret, _ := register(t, s)
			last, err := s.Leave(ctx, "conv-hopital", civil.MustParse(c.received))
			if err != nil || last.String() != c.last {
				t.Fatalf("%s %v", last, err)
			}
			clock = last.AddDays(1).StartAt().Add(-time.Second)
			if n, err := s.EndConventions(ctx); err != nil || n != 0 || !live(s, secret) {
				t.Errorf("R29 it ended early: %d %v", n, err)
			}
			clock = last.AddDays(1).StartAt()
			if live(s, secret) {
				t.Error("R29 it serves on the sixteenth day")
			}
			if n, err := s.EndConventions(ctx); err != nil || n != 1 {
				t.Errorf("%d %v", n, err)
			}
			if k, c, _ := s.Key(secret); k.LiveAt(clock) || c.State != convention.Ended {
				t.Error("its key outlives it")
			}
			if n, err := s.EndConventions(ctx); err != nil || n != 0 {
				t.Errorf("it ends twice: %d %v", n, err)
			}
		})
	}
	t.Run("a convention that is suspended while it is left does not come back after its last day", func(t *testing.T) {
		s := fresh(t)
		clock := noon()
		s.clock = func() time.Time { return clock }
		secret, _ := register(t, s)
		must(t, s.SetConventionState(ctx, "conv-hopital", convention.Suspended))
		last, err := s.Leave(ctx, "conv-hopital", civil.On(clock))
		must(t, err)
		must(t, s.SetConventionState(ctx, "conv-hopital", convention.Active))
		if !live(s, secret) {
			t.Error("it does not serve during its notice")
		}
		clock = last.AddDays(1).StartAt()
		if live(s, secret) {
			t.Error("it serves")
		}
	})
	t.Run("what cannot be left is said", func(t *testing.T) {
		s := fresh(t)
		register(t, s)
		today := civil.On(s.clock())
		for _, c := range []struct {
			id       string
			received civil.Date
			field    string
		}{{"conv-hopital", today.AddDays(1), "received"}, {"conv-hopital", today.AddDays(-16), "received"}} {
			if _, err := s.Leave(ctx, c.id, c.received); fault.From(err).Field() != c.field {
				t.Error(err)
			}
		}
		if _, err := s.Leave(ctx, "conv-inconnue", today); !fault.Is(err, fault.RessourceInconnue) {
			t.Error(err)
		}
		must(t, s.SetConventionState(ctx, "conv-hopital", convention.Ended))
		if _, err := s.Leave(ctx, "conv-hopital", today); fault.From(err).Field() != "state" {
			t.Error(err)
		}
	})
}
