package store

import (
	"fmt"
	"testing"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

func TestCalls(t *testing.T) { // R64
	s := fresh(t)
	call := func(of string, n int, change func(*partner.Call)) *partner.Call {
		c := &partner.Call{At: noon().Add(time.Duration(n) * time.Second), Partner: of, Convention: "conv", Key: "cle_1", Operation: "getMe", Outcome: partner.Served,
			RequestID: fmt.Sprintf("r-%d", n), Latency: time.Duration(n) * time.Millisecond, Count: 1, Overtaken: func(class string) string { return "parti_" + class }}
		if change != nil {
			change(c)
		}
		return c
	}
	leaf := func() trace.Leaf {
		e := trace.Entry{Class: trace.AccessServed, Person: trace.Person{At: noon(), Operation: "getMe", Outcome: "servi"}}
		return e.Leaf()
	}
	commit := func(of ...*partner.Call) {
		t.Helper()
		var batch []*trace.Pending
		for _, c := range of {
			batch = append(batch, &trace.Pending{Leaf: leaf(), Effects: []trace.Effect{c}})
		}
		must(t, s.Commit(ctx, batch))
	}
	for i := range 30 {
		commit(call("hopital", 3*i, nil), call("mutuelle", 3*i+1, nil), call("hopital", 3*i+2, func(c *partner.Call) { c.Outcome, c.Key = "consentement_retire", "cle_2" }))
	}
	commit(call("hopital", 90, func(c *partner.Call) { c.Outcome, c.Count = "quota_depasse", 40 }))
	list := func(q partner.CallQuery) (out []partner.LoggedCall) {
		t.Helper()
		for q.Limit = 7; ; {
			page, next, err := s.Calls(ctx, q)
			must(t, err)
			out = append(out, page...)
			if q.Before = next; next == 0 {
				return out
			}
		}
	}
	t.Run("R64 a partner reads its own calls, each once, newest first", func(t *testing.T) {
		own := list(partner.CallQuery{Partner: "hopital"})
		if len(own) != 61 || own[0].RequestID != "r-90" || own[60].RequestID != "r-0" {
			t.Fatalf("%d calls", len(own))
		}
		for i := 1; i < len(own); i++ {
			if own[i].Partner != "hopital" || own[i].Cursor >= own[i-1].Cursor {
				t.Fatal("another's, or out of order")
			}
		}
		if c := own[1]; c.Outcome != "consentement_retire" || c.Key != "cle_2" || c.Latency != 89*time.Millisecond || !c.At.Equal(noon().Add(89*time.Second)) {
			t.Errorf("read back as %+v", c.Call)
		}
	})
	t.Run("R64 filters", func(t *testing.T) {
		for name, c := range map[string]struct {
			q partner.CallQuery
			n int
		}{
			"one request":    {partner.CallQuery{RequestID: "r-3"}, 1},
			"another's":      {partner.CallQuery{RequestID: "r-1"}, 0},
			"refusals":       {partner.CallQuery{Outcome: partner.Refusals}, 31},
			"one code":       {partner.CallQuery{Outcome: "quota_depasse"}, 1},
			"a key":          {partner.CallQuery{Key: "cle_2"}, 30},
			"an operation":   {partner.CallQuery{Operation: "getCaisse"}, 0},
			"an hour before": {partner.CallQuery{To: noon()}, 0},
			"ten seconds":    {partner.CallQuery{From: noon(), To: noon().Add(10 * time.Second)}, 7},
		} {
			c.q.Partner = "hopital"
			if got := list(c.q); len(got) != c.n {
				t.Errorf("%s: %d calls, not %d", name, len(got), c.n)
			}
		}
		if _, _, err := s.Calls(ctx, partner.CallQuery{Partner: "hopital", Limit: partner.MaxCalls + 1}); !fault.Is(err, fault.ParametreInvalide) {
			t.Error(err)
		}
	})
	t.Run("R64 the counts of a day are those of the calls", func(t *testing.T) {
		use, err := s.Usage(ctx, "hopital", civil.MustParse("2026-11-22"), civil.MustParse("2026-11-22"))
		must(t, err)
		of := map[string]partner.Usage{}
		for _, u := range use {
			of[u.Outcome] = u
		}
		if of[partner.Served].Calls != 30 || of["consentement_retire"].Calls != 30 || of["quota_depasse"].Calls != 40 || of[partner.Served].Slowest != 87*time.Millisecond {
			t.Errorf("%+v", use)
		}
		if use, _ := s.Usage(ctx, "hopital", civil.MustParse("2026-11-23"), civil.MustParse("2026-12-22")); len(use) != 0 {
			t.Error("another day's")
		}
	})
	t.Run("a call whose ground moved is logged as the refusal that was committed", func(t *testing.T) {
		if got := call("a", 1, nil).Late("cle"); got.Outcome != "parti_cle" {
			t.Error(got.Outcome)
		}
	})
	t.Run("single calls are forgotten, the counts stay", func(t *testing.T) {
		if n, err := s.TrimCalls(ctx, noon().Add(time.Hour)); err != nil || n != 61 {
			t.Error(n, err)
		}
		if use, _ := s.Usage(ctx, "hopital", civil.MustParse("2026-11-22"), civil.MustParse("2026-11-22")); len(use) != 3 {
			t.Error("the counts went too")
		}
	})
}
