package access

import (
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// node is another process over the store of a world: its own writer, its own
// road.
func (w *world) node() (*world, func()) {
	other := &world{t: w.t, dir: w.dir, store: w.store, people: w.people, keys: w.keys, keyIDs: w.keyIDs, tokens: w.tokens, now: w.now}
	other.writer = trace.NewWriter(w.store, "test")
	other.join(other.writer, w.store)
	return other, other.writer.Close
}

func TestAQuotaIsSharedByAllProcesses(t *testing.T) { // R28
	limit, callers := 300, 8
	if os.Getenv("DROITS_SOAK") != "" {
		limit = 100_000
	}
	quota := func(perDay int) func(*convention.Document) {
		return func(d *convention.Document) {
			d.Quota = convention.Quota{PerSecond: 1_000_000, PerDay: perDay}
		}
	}
	t.Run("R28 two processes at the limit never pass it, and reach it", func(t *testing.T) {
		w := newWorld(t, quota(limit))
		w.token("jeton", "famille-martin", "hopital")
		other, stop := w.node()
		defer stop()
		var served, refused atomic.Int64
		var all sync.WaitGroup
		for i := range callers {
			all.Go(func() {
				at := []*world{w, other}[i%2]
				for served.Load()+refused.Load() < int64(limit+100) {
					if _, err := at.do(call{partner: "hopital", token: "jeton"}); err == nil {
						served.Add(1)
					} else if code(err) == "quota_depasse" {
						refused.Add(1)
					} else {
						t.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		if n := w.taken("hopital"); served.Load() != int64(limit) || n != limit {
			t.Errorf("R28 %d served, %d counted, of %d", served.Load(), n, limit)
		}
	})
	t.Run("R28 what a process that died had set aside returns within a minute, and not before", func(t *testing.T) {
		w := newWorld(t, quota(8))
		w.token("jeton", "famille-martin", "hopital")
		other, stop := w.node()
		if _, err := other.do(call{partner: "hopital", token: "jeton"}); err != nil { // sets a quarter aside
			t.Fatal(err)
		}
		stop() // it gives nothing back
		served := 0
		for range 10 {
			if _, err := w.do(call{partner: "hopital", token: "jeton"}); err == nil {
				served++
			}
		}
		if served != 6 {
			t.Errorf("%d served while a lease is out", served)
		}
		w.forward(partner.LeaseFor + time.Second)
		for range 10 {
			if _, err := w.do(call{partner: "hopital", token: "jeton"}); err == nil {
				served++
			}
		}
		if served != 7 || w.taken("hopital") != 8 {
			t.Errorf("%d served, %d counted", served, w.taken("hopital"))
		}
	})
	t.Run("R28 a process that stops gives back what it had set aside", func(t *testing.T) {
		w := newWorld(t, quota(8))
		w.token("jeton", "famille-martin", "hopital")
		other, stop := w.node()
		defer stop()
		if _, err := other.do(call{partner: "hopital", token: "jeton"}); err != nil {
			t.Fatal(err)
		}
		must(t, other.service.ReturnQuotas(ctx))
		served := 0
		for range 10 {
			if _, err := w.do(call{partner: "hopital", token: "jeton"}); err == nil {
				served++
			}
		}
		if served != 7 {
			t.Errorf("%d served", served)
		}
	})
	t.Run("a quota that is lowered holds at once", func(t *testing.T) {
		w := newWorld(t, quota(100))
		day := civil.On(w.Now()).String()
		var flying atomic.Int64
		ask := partner.Ask{Convention: "conv-hopital", Day: day, Holder: "a", Limit: 100, Want: 100, Flying: &flying}
		l, err := w.store.LeaseQuota(ctx, ask)
		if err != nil || l.Have != 25 || l.Free != 75 {
			t.Fatalf("%+v %v", l, err)
		}
		ask.Limit = 10
		if l, err = w.store.LeaseQuota(ctx, ask); err != nil || l.Have != 10 || l.Free != 0 {
			t.Errorf("%+v %v", l, err)
		}
	})
}
