package store

import (
	"context"
	"crypto/cipher"
	"database/sql"
	"encoding/hex"
	"errors"
	"sort"
	"time"

	"droits.example/droits/internal/civil"
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
	parts := opener{Store: s, days: map[civil.Date]cipher.AEAD{}}
	for slice := high.Int64; slice >= low.Int64; slice-- {
		found, err := inSlice(ctx, rows, slice, who)
		if err != nil {
			return unavailable("store: readings", err)
		}
		for _, f := range found {
			if err := parts.open(ctx, &f); err != nil {
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

// opener opens the person's part of entries, and no other part: it keeps the
// last batch and the keys of the days from one entry to the next.
type opener struct {
	*Store
	batch *storedBatch
	days  map[civil.Date]cipher.AEAD
}

func (o *opener) open(ctx context.Context, f *trace.Found) (err error) {
	if b := o.batch; b == nil || f.Index < b.first || f.Index >= b.first+int64(len(b.entries)) {
		if o.batch, err = o.batchWith(ctx, f.Index); err != nil {
			return err
		}
	}
	if o.batch == nil {
		return brokenBatch() // a row without its entry
	}
	i := int(f.Index - o.batch.first)
	t, err := o.batch.entry(i)
	if err != nil {
		return err
	}
	f.Class, f.Hash = t.Class, t.Hash
	sealed := o.batch.entries[i]
	day := civil.On(time.Unix(sealed.At, 0))
	key, known := o.days[day]
	if !known {
		if key, err = o.partKey(ctx, day, trace.PartPerson); err != nil {
			return unavailable("store: reading", err)
		}
		o.days[day] = key
	}
	if f.Erased = key == nil; f.Erased {
		return nil
	}
	text, err := open(key, "batch|"+trace.PartPerson+"|"+hex.EncodeToString(f.Hash[:]), sealed.Person)
	if err == nil {
		f.Person, err = trace.ReadPerson(text)
		f.At = f.Person.At
	}
	return unavailable("store: reading", err)
}
