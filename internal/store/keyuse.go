package store

import (
	"context"
	"database/sql"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/partner"
)

// Watch follows the use of keys for all who serve from this store.
func (s *Store) Watch() *partner.Watch { return &s.watch }

// NoteUses keeps what the watch has counted; it is given back when it cannot be
// kept. It is no act: nobody's rights change. Errors: service_indisponible.
func (s *Store) NoteUses(ctx context.Context) error {
	uses := s.watch.Drain()
	for len(uses) > 0 {
		some := uses[:min(len(uses), usesAtOnce)]
		if err := s.noteUses(ctx, some); err != nil {
			s.watch.Return(uses)
			return err
		}
		uses = uses[len(some):]
	}
	return nil
}

// usesAtOnce bounds a transaction: traces wait for its end.
const usesAtOnce = 500

func (s *Store) noteUses(ctx context.Context, uses []partner.Use) error {
	return s.tidy(ctx, "store: uses of keys", func(tx *sql.Tx) error {
		for _, u := range uses {
			_, err := tx.ExecContext(ctx, `INSERT INTO cle_usage (cle, jour, appels, nuit, inconnus) VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (cle, jour) DO UPDATE SET appels = appels + excluded.appels, nuit = nuit + excluded.nuit, inconnus = inconnus + excluded.inconnus`,
				u.Key, u.Day.String(), u.Calls, u.Night, u.Unknown)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// TrimUses forgets the counts of days before one. Errors: service_indisponible.
func (s *Store) TrimUses(ctx context.Context, before civil.Date) error {
	return s.tidy(ctx, "store: trim uses of keys", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM cle_usage WHERE jour < $1 AND jour < (SELECT MAX(u.jour) FROM cle_usage AS u WHERE u.cle = cle_usage.cle)`, before.String())
		return err
	})
}

// lastUses is the last day on which each key was used.
func lastUses(ctx context.Context, q querier) (map[string]civil.Date, error) {
	out := map[string]civil.Date{}
	return out, each(ctx, q, func(scan func(...any) error) error {
		var id, day string
		err := scan(&id, &day)
		if err == nil {
			out[id], err = civil.Parse(day)
		}
		return err
	}, `SELECT cle, MAX(jour) FROM cle_usage GROUP BY cle`)
}

// Unusual raises the alarms of a day's use, once a day, key and kind, and tells
// which. Errors: service_indisponible.
func (s *Store) Unusual(ctx context.Context) (out []partner.Alarm, err error) {
	today := civil.On(s.clock())
	now, before := map[string]partner.Use{}, map[string][]partner.Use{}
	err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
		var u partner.Use
		var day string
		err := scan(&u.Key, &day, &u.Calls, &u.Night, &u.Unknown)
		if err == nil {
			u.Day, err = civil.Parse(day)
		}
		if err != nil {
			return err
		}
		if u.Day == today {
			now[u.Key] = u
		} else {
			before[u.Key] = append(before[u.Key], u)
		}
		return nil
	}, `SELECT cle, jour, appels, nuit, inconnus FROM cle_usage WHERE jour >= $1 AND cle IN (SELECT u.cle FROM cle_usage AS u WHERE u.jour = $2 AND (u.appels >= $3 OR u.nuit >= $4))`,
		today.AddDays(-partner.UsualOver).String(), today.String(), partner.VolumeLeast, partner.NightLeast)
	if err != nil {
		return nil, unavailable("store: unusual uses", err)
	}
	for key, u := range now {
		for _, a := range partner.Unusual(u, before[key]) {
			raised, err := s.Raise(ctx, key, a, nil)
			if err != nil {
				return out, err
			}
			if raised {
				out = append(out, a)
			}
		}
	}
	return out, nil
}
