package app_test

import (
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/convention"
)

// Two applications over one store at the limit of a day: together they serve
// the quota, to the call, and none beyond.
func TestAQuotaOverTwoApplications(t *testing.T) { // R28 R76
	limit := 400
	if os.Getenv("DROITS_SOAK") != "" {
		limit = 100_000
	}
	in := apptest.Start(t, apptest.Options{Quota: convention.Quota{PerSecond: 1_000_000, PerDay: limit}})
	twin := in.Twin(t)
	who := in.As(t, "ald", in.Hospital)
	var served, refused, negative atomic.Int64
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			at := []*apptest.Instance{in, twin}[i%2]
			for served.Load()+refused.Load() < int64(limit+100) {
				a := at.Plain(t, "/me", who)
				if n, err := strconv.Atoi(a.Header.Get("RateLimit-Remaining")); err != nil || n < 0 {
					negative.Add(1)
				}
				switch a.Status {
				case 200:
					served.Add(1)
				case 429:
					refused.Add(1)
				default:
					t.Errorf("answered %d", a.Status)
					return
				}
			}
		})
	}
	all.Wait()
	if n := served.Load(); n != int64(limit) || negative.Load() > 0 {
		t.Errorf("R28 %d served of %d, %d calls without a number that is left", n, limit, negative.Load())
	}
	t.Logf("R28: %d served of %d, %d refused", served.Load(), limit, refused.Load())
}
