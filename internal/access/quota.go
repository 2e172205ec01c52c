package access

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// Rates is what is left of the quota nearest to its end, for the headers
// RateLimit-*. Reset is in whole seconds from now.
type Rates struct {
	Limit, Remaining, Reset int
}

// quotas holds one meter a convention. Each draws from what this process has
// set aside of the day's quota in the store, where every process over it sets
// its own aside: together they never pass it. A call is counted with its trace,
// so that the count survives a restart.
type quotas struct {
	holder  string // this process
	mu      sync.Mutex
	meters  map[string]*meter        // by convention
	refused map[string]*refusedCount // by key
}

type meter struct {
	mu      sync.Mutex
	limiter *rate.Limiter
	quota   convention.Quota
	day     civil.Date
	began   time.Time     // the day, in Paris
	ends    time.Time     // and the next
	counted trace.Effect  // one call of the day
	have    int           // set aside here and not drawn
	flying  *atomic.Int64 // drawn, and not counted yet
	free    int           // set aside by nobody when that was last asked
	until   time.Time     // what is set aside returns then
}

// refusedCount gathers the refusals of a key, so that they make one entry a
// minute; walk is the last of them.
type refusedCount struct {
	since time.Time
	n     int
	walk  walk
}

func (q *quotas) of(c *convention.Convention) *meter {
	q.mu.Lock()
	defer q.mu.Unlock()
	m := q.meters[c.Document.ID]
	if m == nil {
		m = &meter{}
		q.meters[c.Document.ID] = m
	}
	return m
}

// draw is a call counted before its token is checked; giveBack undoes it when
// the token is refused.
type draw struct {
	m      *meter
	r      *rate.Reservation
	flying *atomic.Int64 // of its day
	effect trace.Effect  // what makes it durable
}

func (d draw) giveBack(now time.Time) {
	d.m.mu.Lock()
	defer d.m.mu.Unlock()
	d.r.CancelAt(now)
	d.flying.Add(-1)
	if d.flying == d.m.flying {
		d.m.have++
	}
}

// lost says that the call may not have been counted: what is set aside next is
// reckoned from what the store has.
func (d draw) lost() { d.flying.Add(-1) }

// take counts one call. Errors: quota_depasse with the delay,
// service_indisponible when the count of the day cannot be read.
func (s *Service) take(ctx context.Context, c *convention.Convention, now time.Time) (draw, error) {
	m := s.quotas.of(c)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := s.begin(ctx, m, c, now); err != nil {
		return draw{}, err
	}
	if m.have <= 0 {
		if err := s.lease(ctx, m, c, now); err != nil {
			return draw{}, err
		}
	}
	if m.have <= 0 {
		return draw{}, over("QUOTA_DAY", untilEnd(m.ends, now))
	}
	r := m.limiter.ReserveN(now, 1)
	if d := r.DelayFrom(now); !r.OK() || d > 0 {
		r.CancelAt(now)
		return draw{}, over("QUOTA_SECOND", max(d, time.Second))
	}
	m.have--
	m.flying.Add(1)
	return draw{m, r, m.flying, m.counted}, nil
}

func over(reason string, after time.Duration) error {
	return fault.New(fault.QuotaDepasse, "access: quota").Because(reason).After(after)
}

// begin turns the meter to the day and the quota in force, and sets calls aside
// when what was set aside is about to return.
func (s *Service) begin(ctx context.Context, m *meter, c *convention.Convention, now time.Time) error {
	stale := !now.Before(m.until.Add(-partner.LeaseMargin))
	if m.quota != c.Document.Quota {
		m.quota, stale = c.Document.Quota, true
		m.limiter = rate.NewLimiter(rate.Limit(m.quota.PerSecond), m.quota.PerSecond)
	}
	if !now.Before(m.ends) || now.Before(m.began) {
		today := civil.On(now)
		m.day, m.have, m.flying, stale = today, 0, &atomic.Int64{}, true
		m.began, m.ends = today.StartAt(), today.AddDays(1).StartAt()
		m.counted = partner.Draw{Convention: c.Document.ID, Day: today.String(), Holder: s.quotas.holder, Flying: m.flying}
	}
	if !stale {
		return nil
	}
	return s.lease(ctx, m, c, now)
}

// mostSetAside bounds what one lease asks for, in calls.
const mostSetAside = 10_000

// lease sets aside what a second may need.
func (s *Service) lease(ctx context.Context, m *meter, c *convention.Convention, _ time.Time) error {
	l, err := s.Keys.LeaseQuota(ctx, partner.Ask{
		Convention: c.Document.ID, Day: m.day.String(), Holder: s.quotas.holder, Limit: m.quota.PerDay, Want: min(m.quota.PerSecond, mostSetAside), Flying: m.flying,
	})
	if err != nil {
		return err
	}
	m.have, m.free, m.until = l.Have, l.Free, l.Until
	return nil
}

// Rates tells what is left to the caller, without counting anything. ok is
// false when the key was not accepted, or when the count cannot be read.
func (s *Service) Rates(ctx context.Context, c Caller) (r Rates, ok bool) {
	if !c.accepted {
		return Rates{}, false
	}
	now := s.Clock()
	m := s.quotas.of(&c.conv)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := s.begin(ctx, m, &c.conv, now); err != nil {
		return Rates{}, false
	}
	day := Rates{m.quota.PerDay, m.left(), int(untilEnd(m.ends, now).Seconds())}
	second := Rates{m.quota.PerSecond, max(0, int(m.limiter.TokensAt(now))), 1}
	if second.Remaining*day.Limit < day.Remaining*second.Limit {
		return second, true
	}
	return day, true
}

// left is what is left of the day's quota as far as this process knows.
func (m *meter) left() int { return min(m.quota.PerDay, m.free+m.have) }

// LeftToday is what is left of the day's quota.
func (s *Service) LeftToday(ctx context.Context, c Caller) int { return s.LeftUnder(ctx, &c.conv) }

// LeftUnder is what is left today under a convention, as the headers of its
// next call would say.
func (s *Service) LeftUnder(ctx context.Context, c *convention.Convention) int {
	m := s.quotas.of(c)
	m.mu.Lock()
	defer m.mu.Unlock()
	if s.begin(ctx, m, c, s.Clock()) != nil {
		return 0
	}
	return m.left()
}

// ReturnQuotas gives back what this process has set aside: it stops.
func (s *Service) ReturnQuotas(ctx context.Context) error {
	return s.Keys.ReturnQuota(ctx, s.quotas.holder)
}

// countRefusal reports whether a refused call makes an entry now, and how many
// refusals it stands for. The first of a minute speaks at once; those that
// follow wait for the next one, or for FlushRefusals.
func (q *quotas) countRefusal(w walk, now time.Time) (n int, speak bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	r := q.refused[w.caller.key.ID]
	if r == nil {
		r = &refusedCount{}
		q.refused[w.caller.key.ID] = r
	}
	w.caller.creds = Credentials{Addr: w.caller.creds.Addr} // the rest is not kept beyond the call
	r.n, r.walk = r.n+1, w
	if now.Sub(r.since) < time.Minute {
		return 0, false
	}
	n, r.n, r.since = r.n, 0, now
	return n, true
}

// pending takes the counts that have waited since before an instant.
func (q *quotas) pending(before time.Time) (out []refusedCount) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for k, r := range q.refused {
		switch {
		case r.since.After(before):
		case r.n == 0:
			delete(q.refused, k)
		default:
			out = append(out, *r)
			r.n, r.since = 0, before.Add(time.Minute)
		}
	}
	return out
}

// FlushRefusals makes entries of the refusals for quota that have been counted
// for a minute, or of all of them at the end. Errors: service_indisponible.
func (s *Service) FlushRefusals(ctx context.Context, all bool) error {
	now := s.Clock()
	before := now.Add(-time.Minute)
	if all {
		before = now
	}
	for _, r := range s.quotas.pending(before) {
		w := r.walk
		e := w.refusalEntry(fault.New(fault.QuotaDepasse, "access: quota").Because("QUOTA_COUNTED"))
		e.Person.Count = r.n
		if _, err := w.append(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

func untilEnd(end, now time.Time) time.Duration {
	return (end.Sub(now) + time.Second - 1).Truncate(time.Second) // never too short, never a second too long
}
