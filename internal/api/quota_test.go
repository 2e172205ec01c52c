package api_test

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"droits.example/droits/internal/api"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
)

// limited signs up a hospital with a small quota.
func limited(t *testing.T, in *apptest.Instance, perSecond, perDay int) apptest.Partner {
	t.Helper()
	return in.SignUp(t, droits.Etablissement, func(d *convention.Document) {
		d.Quota = convention.Quota{PerSecond: perSecond, PerDay: perDay}
	})
}

// rates are the three headers, limit, remaining, reset, and Retry-After.
func rates(t *testing.T, a *apptest.Answer) (out [4]int) {
	t.Helper()
	for i, k := range []string{"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After"} {
		if v := a.Header.Get(k); v != "" {
			n, err := strconv.Atoi(v)
			if err != nil || n < 0 {
				t.Errorf("%s is not a number", k)
			}
			out[i] = n
		}
	}
	return out
}

func TestQuotas(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	t.Run("R76 a burst sees the quota of the second go down to nothing, then a delay", func(t *testing.T) {
		p := limited(t, in, 5, 1000)
		who := in.As(t, "ald", p)
		for i := range 5 {
			r := rates(t, in.Get(t, moi, who).Want(t, 200, ""))
			equal(t, "limit, remaining, reset", r, [4]int{5, 4 - i, 1, 0})
		}
		for range 3 {
			r := rates(t, in.Get(t, moi, who).Want(t, 429, "quota_depasse"))
			equal(t, "refused", r, [4]int{5, 0, 1, 1})
		}
		in.Clock.Advance(time.Second)
		r := rates(t, in.Get(t, moi, in.As(t, "ald", p)).Want(t, 200, ""))
		equal(t, "a second later", r[:2], []int{5, 4})
	})
	t.Run("R28 R76 the call after the last of the day is refused until midnight in Paris", func(t *testing.T) {
		p := limited(t, in, 1000, 4)
		who := in.As(t, "ald", p)
		left := int(civil.On(in.Clock.Now()).AddDays(1).StartAt().Sub(in.Clock.Now()).Seconds())
		for i := range 4 {
			r := rates(t, in.Get(t, contrats, who, in.NIROf(t, "ald")).Want(t, 200, ""))
			equal(t, "limit and remaining", r[:2], []int{4, 3 - i})
			equal(t, "reset", r[2], left)
		}
		r := rates(t, in.Get(t, moi, who).Want(t, 429, "quota_depasse"))
		equal(t, "headers of the refusal", r, [4]int{4, 0, left, left})
		in.Do(t, api.MoiPath, apptest.Key(p)).Want(t, 200, "") // its own rights count nothing
		in.Clock.Advance(time.Duration(left)*time.Second - time.Second)
		in.Get(t, moi, in.As(t, "ald", p)).Want(t, 429, "quota_depasse")
		in.Clock.Advance(time.Second)
		in.Get(t, moi, in.As(t, "ald", p)).Want(t, 200, "")
	})
	t.Run("a call counts once key and token are accepted, whatever follows, and not before", func(t *testing.T) {
		p := limited(t, in, 1000, 100)
		remaining := func(a *apptest.Answer) int { return rates(t, a)[1] }
		who, own := in.As(t, "ald", p), in.NIROf(t, "ald")
		equal(t, "served", remaining(in.Get(t, moi, who).Want(t, 200, "")), 99)
		equal(t, "parameter", remaining(in.Get(t, moi+"?dateDebut=hier", who).Want(t, 400, "date_invalide")), 99)
		equal(t, "token", remaining(in.Get(t, moi, apptest.Key(p), apptest.Bearer("0123456789")).Want(t, 401, "jeton_invalide")), 99)
		equal(t, "no token", remaining(in.Get(t, moi, apptest.Key(p)).Want(t, 401, "jeton_absent")), 99)
		equal(t, "not found", remaining(in.Get(t, medecin, in.As(t, "sans-medecin", p), in.NIROf(t, "sans-medecin")).Want(t, 404, "medecin_traitant_absent")), 98)
		equal(t, "not in the family", remaining(in.Get(t, caisse, who, in.NIROf(t, "c2s")).Want(t, 404, inconnu)), 97)
		equal(t, "scope", remaining(in.Get(t, caisse, in.As(t, "ald", p, droits.ScopeContrats), own).Want(t, 403, "portee_insuffisante")), 96)
	})
	t.Run("R28 the count survives a restart", func(t *testing.T) {
		p := limited(t, in, 1000, 3)
		for range 2 {
			in.Get(t, moi, in.As(t, "ald", p)).Want(t, 200, "")
		}
		in.Restart(t)
		equal(t, "remaining", rates(t, in.Get(t, moi, in.As(t, "ald", p)).Want(t, 200, ""))[1], 0)
		in.Get(t, moi, in.As(t, "ald", p)).Want(t, 429, "quota_depasse")
		in.Restart(t)
		in.Get(t, moi, in.As(t, "ald", p)).Want(t, 429, "quota_depasse")
	})
	t.Run("R28 calls at the same time never pass the quota", func(t *testing.T) {
		p := limited(t, in, 1000, 20)
		var ok, refused atomic.Int64
		var wg sync.WaitGroup
		for range 10 {
			who := in.As(t, "ald", p)
			wg.Go(func() {
				for range 5 {
					switch a := in.Get(t, moi, who); a.Status {
					case 200:
						ok.Add(1)
					case 429:
						refused.Add(1)
					}
				}
			})
		}
		wg.Wait()
		equal(t, "answers and refusals", [2]int64{ok.Load(), refused.Load()}, [2]int64{20, 30})
	})
	t.Run("R76 the headers of calls at the same time never tell more than is left, and agree at the end", func(t *testing.T) {
		p := limited(t, in, 1000, 50)
		who := in.As(t, "ald", p)
		var done atomic.Int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 5 {
					before := done.Load() // answered before this call began
					a := in.Get(t, moi, who).Want(t, 200, "")
					done.Add(1)
					if r := rates(t, a); r[0] != 50 || r[1] < 50-40 || r[1] > 50-int(before)-1 {
						t.Errorf("limit %d, %d left after %d answers", r[0], r[1], before)
					}
				}
			})
		}
		wg.Wait()
		equal(t, "left after the burst", rates(t, in.Get(t, moi, who))[1], 50-40-1)
	})
	t.Run("R42 refused bursts make one entry a minute and key, with the count", func(t *testing.T) {
		p := limited(t, in, 1000, 1)
		in.Get(t, moi, in.As(t, "ald", p)).Want(t, 200, "")
		before := in.TraceCount(t)
		for range 6 {
			in.Get(t, moi, in.As(t, "ald", p)).Want(t, 429, "quota_depasse")
		}
		equal(t, "entries of the burst", in.TraceCount(t)-before, int64(1))
		in.Clock.Advance(time.Minute)
		in.Get(t, moi, in.As(t, "ald", p)).Want(t, 429, "quota_depasse")
		e := in.LastTrace(t)
		equal(t, "outcome", e.Str("outcome"), "quota_depasse")
		equal(t, "count of the next entry", e.Person["count"], 6.0)
	})
}

// The day of a quota is the civil day of Paris, also when it has 23 or 25 hours.
func TestQuotaDays(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	for _, c := range []struct {
		name, begin string
		hours       int
	}{
		{"R28 an ordinary day has 24 hours", "2026-12-04T23:00:00Z", 24},
		{"R28 the day that loses an hour has 23", "2027-03-27T23:00:00Z", 23},
		{"R28 the day that gains an hour has 25", "2027-10-30T22:00:00Z", 25},
	} {
		t.Run(c.name, func(t *testing.T) {
			begin, err := time.Parse(time.RFC3339, c.begin)
			if err != nil {
				t.Fatal(err)
			}
			in.Clock.Set(begin)
			p := limited(t, in, 1000, 1)
			r := rates(t, in.Get(t, moi, in.As(t, "ald", p)).Want(t, 200, ""))
			equal(t, "reset", r[2], c.hours*3600)
			in.Clock.Set(begin.Add(time.Duration(c.hours)*time.Hour - time.Second))
			in.Get(t, moi, in.As(t, "ald", p)).Want(t, 429, "quota_depasse")
			in.Clock.Advance(time.Second)
			in.Get(t, moi, in.As(t, "ald", p)).Want(t, 200, "")
		})
	}
}
