package store

import (
	"context"
	"database/sql"
	"errors"
	"sort"

	"droits.example/droits/internal/trace"
)

// Readings hands over the entries about somebody, newest first, until the
// function returns false. The first digest is the person's, the others those
// of dependants; an entry about several is handed over once. Errors:
// service_indisponible.
func (s *Store) Readings(ctx context.Context, who []trace.Digest, each func(trace.Found) bool) error {
	var low, high sql.NullInt64
	err := s.journal.reader.QueryRowContext(ctx, `SELECT MIN(tranche), MAX(tranche) FROM subject`).Scan(&low, &high)
	if err != nil || !high.Valid {
		return unavailable("store: readings", err)
	}
	rows, err := s.journal.reader.PrepareContext(ctx, `SELECT n, titulaire FROM subject WHERE tranche = $1 AND digest = $2`)
	if err != nil {
		return unavailable("store: readings", err)
	}
	defer rows.Close()
	for slice := high.Int64; slice >= low.Int64; slice-- {
		found, err := inSlice(ctx, rows, slice, who)
		if err != nil {
			return unavailable("store: readings", err)
		}
		for _, f := range found {
			if err := s.reading(ctx, &f); err != nil {
				return err
			}
			if !each(f) {
				return nil
			}
		}
	}
	return nil
}

// inSlice finds the entries of a slice about any of the digests, newest first.
func inSlice(ctx context.Context, rows *sql.Stmt, slice int64, who []trace.Digest) ([]trace.Found, error) {
	at := map[int64]*trace.Found{}
	for _, d := range who {
		r, err := rows.QueryContext(ctx, slice, d[:])
		if err != nil {
			return nil, err
		}
		for r.Next() {
			var n int64
			var connected bool
			if err := r.Scan(&n, &connected); err != nil {
				return nil, errors.Join(err, r.Close())
			}
			if f, ok := at[n]; ok {
				f.Also = append(f.Also, d)
			} else {
				at[n] = &trace.Found{Index: n, Subject: d, Connected: connected}
			}
		}
		if err := errors.Join(r.Err(), r.Close()); err != nil {
			return nil, err
		}
	}
	out := make([]trace.Found, 0, len(at))
	for _, f := range at {
		out = append(out, *f)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Index > out[j].Index })
	return out, nil
}

// reading opens the person's part of an entry.
func (s *Store) reading(ctx context.Context, f *trace.Found) (err error) {
	var bad error
	err = s.Traces(ctx, f.Index, func(e TracedEntry) bool {
		f.Class, f.Hash = e.Class, e.Hash
		if f.Erased = e.Person == nil; !f.Erased {
			f.Person, bad = trace.ReadPerson(e.Person)
			f.At = f.Person.At
		}
		return false
	})
	return errors.Join(err, unavailable("store: reading", bad))
}
