package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/nir"
	"droits.example/droits/internal/sim/nation"
	"droits.example/droits/internal/store"
)

// timed bounds the queries whose duration is measured one by one, on one core.
const timed = 100_000

// warm are the queries that come before any that counts.
const warm = 2_000

// ask puts every query: the first ones alone and timed, the rest by all
// workers.
func (c *IdentityConfig) ask(ctx context.Context, u *nation.Universe, s *store.Store, m *MixReport) error {
	solo := newSeeker(u, s)
	for q := range warm {
		if err := solo.seek(ctx, -1-q); err != nil {
			return err
		}
	}
	*solo = *newSeeker(u, s)
	first := min(timed, c.Queries)
	solo.durations = make([]time.Duration, 0, first)
	for q := range first {
		if err := solo.seek(ctx, q); err != nil {
			return err
		}
	}
	m.latency(solo.durations)
	begin := time.Now()
	seekers, err := c.together(ctx, u, s, first)
	if err != nil {
		return err
	}
	if rest := c.Queries - first; rest > 0 {
		m.PerSecond, m.Workers = float64(rest)/time.Since(begin).Seconds(), c.Workers
	}
	total := solo.tally
	for _, k := range seekers {
		total.add(&k.tally)
	}
	total.report(m)
	return nil
}

// together puts the queries from the first-th on.
func (c *IdentityConfig) together(ctx context.Context, u *nation.Universe, s *store.Store, first int) ([]*seeker, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var next atomic.Int64
	next.Store(int64(first))
	const step = 1000
	var wg sync.WaitGroup
	seekers := make([]*seeker, c.Workers)
	for i := range seekers {
		k := newSeeker(u, s)
		seekers[i] = k
		wg.Go(func() {
			for {
				from := int(next.Add(step)) - step
				if from >= c.Queries || ctx.Err() != nil {
					return
				}
				if from%1_000_000 == 0 {
					fmt.Fprintf(c.Progress, "%d of %d queries\n", from, c.Queries)
				}
				for q := from; q < min(from+step, c.Queries); q++ {
					if err := k.seek(ctx, q); err != nil {
						stop(err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	return seekers, context.Cause(ctx)
}

// seeker looks for people and counts what comes of it.
type seeker struct {
	asker     *nation.Asker
	store     *store.Store
	rows      []identity.Record
	durations []time.Duration // nil when they are not wanted
	tally     tally
}

func newSeeker(u *nation.Universe, s *store.Store) *seeker {
	return &seeker{asker: u.Asker(), store: s}
}

// seek puts one query, from pivot to decision.
func (k *seeker) seek(ctx context.Context, q int) error {
	query, err := k.asker.Query(q)
	if err != nil {
		return err
	}
	begin := time.Now()
	found, err := k.store.Find(ctx, query.Pivot, "bench", consent.Token{})
	if err != nil {
		return err
	}
	k.rows = k.rows[:0]
	for i := range found {
		k.rows = append(k.rows, found[i].Record)
	}
	res := identity.Decide(query.Pivot, k.rows)
	if k.durations != nil {
		k.durations = append(k.durations, time.Since(begin))
	}
	var got nir.NIR
	if res.Outcome == identity.Match {
		got = k.rows[res.Index].NIR
	}
	k.tally.count(q, &query, &res, got)
	return nil
}
