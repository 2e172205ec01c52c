package store

import (
	"context"
	"database/sql"

	"zombiezen.com/go/sqlite"

	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// QuotaTaken is the number of calls counted on a day (YYYY-MM-DD, Paris).
func (s *Store) QuotaTaken(ctx context.Context, conventionID, day string) (n int, err error) {
	err = s.journal.reader.QueryRowContext(ctx, `SELECT COALESCE(MAX(pris), 0) FROM quota WHERE convention = $1 AND jour = $2`, conventionID, day).Scan(&n)
	return n, unavailable("store: quota", err)
}

// LeaseQuota sets aside calls of a day's quota for a holder, for LeaseFor, and
// gives what the holder may still draw: never so much that everything counted
// and everything set aside would pass the quota. What a holder that died had set
// aside returns when its time is over. It is no act: nobody's rights change.
// Errors: service_indisponible.
func (s *Store) LeaseQuota(ctx context.Context, a partner.Ask) (l partner.Lease, err error) {
	now := s.clock()
	l.Until = now.Add(partner.LeaseFor)
	err = s.tidy(ctx, "store: lease", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM quota_bail WHERE until_at < $1 OR jour < $2`, millis(now), a.Day); err != nil {
			return err
		}
		var counted, others, own int
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(pris), 0) FROM quota WHERE convention = $1 AND jour = $2`, a.Convention, a.Day).Scan(&counted); err != nil {
			return err
		}
		err := tx.QueryRowContext(ctx, `SELECT COALESCE(SUM(CASE WHEN porteur = $1 THEN 0 ELSE reste END), 0), COALESCE(SUM(CASE WHEN porteur = $1 THEN reste ELSE 0 END), 0)
			FROM quota_bail WHERE convention = $2 AND jour = $3`, a.Holder, a.Convention, a.Day).Scan(&others, &own)
		if err != nil {
			return err
		}
		free := max(0, a.Limit-counted-others-own)
		held := max(0, min(own, a.Limit-counted-others)) + min(a.Want, (free+leaseShare-1)/leaseShare)
		l.Free = max(0, a.Limit-counted-others-held)
		l.Have = max(0, held-int(a.Flying.Load())) // no commit happens meanwhile: what flies is in held
		_, err = tx.ExecContext(ctx, `INSERT INTO quota_bail (convention, jour, porteur, reste, until_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (convention, jour, porteur) DO UPDATE SET reste = excluded.reste, until_at = excluded.until_at`, a.Convention, a.Day, a.Holder, held, millis(l.Until))
		return err
	})
	if err != nil {
		return partner.Lease{}, err
	}
	return l, nil
}

// leaseShare is the part of what is free that one lease takes at most, so that
// leases shrink near the end and nobody waits for another's.
const leaseShare = 4

// ReturnQuota gives back everything that a holder has set aside: it stops.
// Errors: service_indisponible.
func (s *Store) ReturnQuota(ctx context.Context, holder string) error {
	return s.tidy(ctx, "store: return leases", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM quota_bail WHERE porteur = $1`, holder)
		return err
	})
}

// counted tells the leases which draws a commit has made durable.
func counted(batch []*trace.Pending) {
	for _, p := range batch {
		for _, e := range p.Effects {
			if d, ok := e.(partner.Draw); ok {
				d.Counted()
			}
		}
	}
}

// countDraws counts the calls of a commit, against the leases that they were
// taken from.
func (l *ledger) countDraws(taken map[partner.Draw]int64) error {
	for d, n := range taken {
		err := l.query(`INSERT INTO quota (convention, jour, pris) VALUES ($1, $2, $3) ON CONFLICT (convention, jour) DO UPDATE SET pris = pris + excluded.pris`, func(s *sqlite.Stmt) {
			s.BindText(1, d.Convention)
			s.BindText(2, d.Day)
			s.BindInt64(3, n)
		}, nil)
		if err == nil && d.Holder != "" {
			err = l.query(`UPDATE quota_bail SET reste = MAX(0, reste - $1) WHERE convention = $2 AND jour = $3 AND porteur = $4`, func(s *sqlite.Stmt) {
				s.BindInt64(1, n)
				s.BindText(2, d.Convention)
				s.BindText(3, d.Day)
				s.BindText(4, d.Holder)
			}, nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
