package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/tinylib/msgp/msgp"
	"zombiezen.com/go/sqlite"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
)

// calls gathers what partners may see of a commit: the calls of each, and the
// counts of the day.
type calls struct {
	of     map[string]*madeCalls
	counts map[usageKey]*usageSum
}

type madeCalls struct {
	first, at int64
	n         uint32
	packed    []byte
}

type usageKey struct{ partner, day, convention, key, operation, outcome string }

type usageSum struct {
	n             int64
	took, slowest time.Duration
}

// add packs a call at its place in the log: place, instant (ms), convention,
// key, operation, outcome, request id, latency (µs), count.
func (c *calls) add(x *partner.Call, index int64) {
	if c.of == nil {
		c.of, c.counts = map[string]*madeCalls{}, map[usageKey]*usageSum{}
	}
	m := c.of[x.Partner]
	if m == nil {
		m = &madeCalls{first: index, at: millis(x.At)}
		c.of[x.Partner] = m
	}
	b := msgp.AppendInt64(msgp.AppendInt64(m.packed, index), millis(x.At))
	for _, s := range [...]string{x.Convention, x.Key, x.Operation, x.Outcome, x.RequestID} {
		b = msgp.AppendString(b, s)
	}
	m.packed = msgp.AppendInt(msgp.AppendInt64(b, x.Latency.Microseconds()), x.Count)
	m.n++
	k := usageKey{x.Partner, civil.On(x.At).String(), x.Convention, x.Key, x.Operation, x.Outcome}
	u := c.counts[k]
	if u == nil {
		u = &usageSum{}
		c.counts[k] = u
	}
	u.n, u.took, u.slowest = u.n+int64(x.Count), u.took+x.Latency, max(u.slowest, x.Latency)
}

func (l *ledger) logCalls(c *calls) error {
	for id, m := range c.of {
		if err := l.put(`INSERT INTO appel (partenaire, first, at, appels) VALUES ($1, $2, $3, $4)`, id, m.first, m.at, m.packed); err != nil {
			return err
		}
	}
	for k, u := range c.counts {
		err := l.query(`INSERT INTO usage_jour (partenaire, jour, convention, cle, operation, issue, nombre, duree_us, pire_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (partenaire, jour, convention, cle, operation, issue) DO UPDATE SET nombre = nombre + excluded.nombre, duree_us = duree_us + excluded.duree_us, pire_us = MAX(pire_us, excluded.pire_us)`, func(s *sqlite.Stmt) {
			for i, text := range [...]string{k.partner, k.day, k.convention, k.key, k.operation, k.outcome} {
				s.BindText(i+1, text)
			}
			s.BindInt64(7, u.n)
			s.BindInt64(8, u.took.Microseconds())
			s.BindInt64(9, u.slowest.Microseconds())
		}, nil)
		if err != nil {
			return err
		}
	}
	return nil
}

// unpackCalls reads what add has packed.
func unpackCalls(id string, b []byte) (out []partner.LoggedCall, err error) {
	for len(b) > 0 {
		x := partner.LoggedCall{Call: partner.Call{Partner: id}}
		var at, took int64
		if x.Cursor, b, err = msgp.ReadInt64Bytes(b); err == nil {
			at, b, err = msgp.ReadInt64Bytes(b)
		}
		for _, to := range [...]*string{&x.Convention, &x.Key, &x.Operation, &x.Outcome, &x.RequestID} {
			if err == nil {
				*to, b, err = msgp.ReadStringBytes(b)
			}
		}
		if err == nil {
			took, b, err = msgp.ReadInt64Bytes(b)
		}
		if err == nil {
			x.Count, b, err = msgp.ReadIntBytes(b)
		}
		if err != nil {
			return nil, fault.New(fault.ErreurInterne, "store: calls").Because("CALLS_BROKEN")
		}
		x.At, x.Latency = time.UnixMilli(at), time.Duration(took)*time.Microsecond
		out = append(out, x)
	}
	return out, nil
}

// commitSpan is how far apart the calls of one commit may be at most, in ms.
const commitSpan = 60_000

// maxLooked bounds the commits that one page of calls looks through: a filter
// that holds nothing answers all the same, and Next says where to go on.
const maxLooked = 20_000

// Calls reads the calls of a partner, newest first. next is the cursor of what
// follows, 0 when nothing does. Errors: parametre_invalide, service_indisponible.
func (s *Store) Calls(ctx context.Context, q partner.CallQuery) (list []partner.LoggedCall, next int64, err error) {
	if q.Limit < 1 || q.Limit > partner.MaxCalls || q.Partner == "" {
		return nil, 0, fault.New(fault.ParametreInvalide, "store: calls").On("page")
	}
	before := q.Before
	if before <= 0 {
		before = 1 << 62
	}
	until := int64(1) << 62
	if !q.To.IsZero() {
		until = millis(q.To) + commitSpan // a commit is known by its first call, and its calls are in no order of time
	}
	rows, err := s.journal.reader.QueryContext(ctx, `SELECT appels FROM appel WHERE partenaire = $1 AND first < $2 AND at < $3 AND at >= $4 ORDER BY first DESC LIMIT $5`,
		q.Partner, before, until, millis(q.From)-commitSpan, maxLooked)
	if err != nil {
		return nil, 0, unavailable("store: calls", err)
	}
	defer rows.Close()
	looked := 0
	for rows.Next() {
		var b sql.RawBytes
		if err := rows.Scan(&b); err != nil {
			return nil, 0, unavailable("store: calls", err)
		}
		made, err := unpackCalls(q.Partner, b)
		if err != nil {
			return nil, 0, err
		}
		looked++
		for i := len(made) - 1; i >= 0; i-- {
			x := made[i]
			if x.Cursor >= before || !q.Holds(&x.Call) {
				continue
			}
			if len(list) == q.Limit {
				return list, list[q.Limit-1].Cursor, nil
			}
			list = append(list, x)
		}
		if looked == maxLooked && len(made) > 0 {
			next = made[0].Cursor
		}
	}
	return list, next, unavailable("store: calls", rows.Err())
}

// Usage counts the calls of a partner over days, both included. Errors:
// service_indisponible.
func (s *Store) Usage(ctx context.Context, partnerID string, from, to civil.Date) (out []partner.Usage, err error) {
	err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
		var u partner.Usage
		var took, slowest int64
		err := scan(&u.Day, &u.Convention, &u.Key, &u.Operation, &u.Outcome, &u.Calls, &took, &slowest)
		u.Took, u.Slowest = time.Duration(took)*time.Microsecond, time.Duration(slowest)*time.Microsecond
		out = append(out, u)
		return err
	}, `SELECT jour, convention, cle, operation, issue, nombre, duree_us, pire_us FROM usage_jour WHERE partenaire = $1 AND jour >= $2 AND jour <= $3 ORDER BY jour, convention, cle, operation, issue`,
		partnerID, from.String(), to.String())
	return out, unavailable("store: usage", err)
}

// CallsFor is how long single calls are kept for their partner; the counts of
// the days stay.
const CallsFor = 90 * 24 * time.Hour

// TrimCalls erases the single calls from before an instant, and tells how many
// commits they came from.
func (s *Store) TrimCalls(ctx context.Context, before time.Time) (n int64, err error) {
	err = s.tidy(ctx, "store: trim calls", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM appel WHERE at < $1`, millis(before))
		if err != nil {
			return err
		}
		n, err = r.RowsAffected()
		return err
	})
	return n, err
}
