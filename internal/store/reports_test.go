package store

import (
	"testing"
	"time"

	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/trace"
)

func TestNobodyPushesAnothersReportOutOfTheList(t *testing.T) { // R44
	s, w := shared(t)
	report := func(p droits.Sujet, n int64, text string) string {
		t.Helper()
		id, err := s.Report(ctx, p, n, text, trace.Event{Class: trace.RightsRequest, Operation: "signalement", Actor: trace.ActorHolder})
		must(t, err)
		w.forward(time.Second)
		return id
	}
	one := report(camille, 7, "ce n'est pas moi")
	first := report(dominique, 7, "x")
	for range 50 {
		if id := report(dominique, 7, "y"); id != first {
			t.Fatal("the same report has another reference")
		}
	}
	list, err := s.Reports(ctx, "DPO-1", "", 10)
	if err != nil || len(list) != 2 || list[0].ID != first || list[0].Text != "y" || list[1].ID != one || list[1].Text != "ce n'est pas moi" {
		t.Fatalf("%v %v", list, err)
	}
	for n := range int64(5) {
		report(dominique, n, "z")
	}
	t.Run("R44 the list is read page by page, each report once", func(t *testing.T) {
		seen, before := map[string]bool{}, ""
		for {
			list, err := s.Reports(ctx, "DPO-1", before, 3)
			must(t, err)
			for _, r := range list {
				if seen[r.ID] {
					t.Error("one is there twice")
				}
				seen[r.ID], before = true, r.ID
			}
			if len(list) < 3 {
				break
			}
		}
		if len(seen) != 7 || before != one {
			t.Errorf("%d reports", len(seen))
		}
	})
	if _, err := s.Reports(ctx, "DPO-1", "sig_0", 3); !fault.Is(err, fault.ParametreInvalide) {
		t.Error(err)
	}
}
