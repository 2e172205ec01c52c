package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// AddKey stores a key for a convention; the secret is not kept, only its keyed
// digest. Two are live at a time, so that one can follow the other. Errors:
// ressource_inconnue (no such convention), parametre_invalide, acte_impossible
// with the reason KeysFull or, for a partner, KeySuspended.
func (s *Store) AddKey(ctx context.Context, conventionID, secret string, env partner.Environment, expiresAt time.Time) (partner.Key, error) {
	if !partner.LooksLikeKey(secret, env) {
		return partner.Key{}, fault.New(fault.ParametreInvalide, "store: add key").On("environment")
	}
	d := s.keys.apiKey.sum("cle/v1", []byte(secret))
	k := partner.Key{ID: partner.NewID("cle"), ConventionID: conventionID, Digest: d[:], Last4: secret[len(secret)-4:], Environment: env, CreatedAt: s.clock(), ExpiresAt: expiresAt}
	e := &trace.Event{Class: trace.KeyEvent, Operation: "cle_creee", Actor: trace.ActorOperator, Object: k.ID, Convention: conventionID, After: string(env)}
	return k, s.change(ctx, e, []trace.Object{KeyObject(k.ID)}, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `SELECT partenaire FROM convention WHERE id = $1 ORDER BY version DESC LIMIT 1`, conventionID).Scan(&e.Partner)
		if errors.Is(err, sql.ErrNoRows) {
			return notFound("store: add key")
		}
		if err != nil {
			return err
		}
		if err := s.notSuspended(ctx, tx, conventionID); err != nil {
			return err
		}
		return addKey(ctx, tx, k)
	})
}

// KeySuspended says that a partner cannot make a key in place of one that is
// suspended.
const KeySuspended = "KEY_SUSPENDED"

// notSuspended refuses that a partner walks around a suspension, by a key beside
// the one that is suspended or in its place. The operator may make one.
func (s *Store) notSuspended(ctx context.Context, tx *sql.Tx, conventionID string) error {
	if s.by.Actor != trace.ActorPartner {
		return nil
	}
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM cle_api WHERE convention = $1 AND suspended_at IS NOT NULL`, conventionID).Scan(&n); err != nil || n == 0 {
		return err
	}
	return fault.New(fault.ActeImpossible, "store: add key").On("key").Because(KeySuspended)
}

// KeysFull says that a key cannot be made beside those that are live.
const KeysFull = "KEYS_FULL"

// addKey writes a key beside at most one that is live.
func addKey(ctx context.Context, tx *sql.Tx, k partner.Key) error {
	var live int
	err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM cle_api WHERE convention = $1 AND editeur = $2 AND environnement = $3 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $4)`,
		k.ConventionID, k.Vendor, string(k.Environment), millis(k.CreatedAt)).Scan(&live)
	if err != nil {
		return err
	}
	if live >= partner.MostKeys {
		return fault.New(fault.ActeImpossible, "store: add key").On("key").Because(KeysFull)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO cle_api (`+keyColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, '', NULL, '', $8)`,
		k.ID, k.ConventionID, k.Digest, k.Last4, string(k.Environment), millis(k.CreatedAt), nullMillis(k.ExpiresAt), k.Vendor)
	return err
}

// BindKey notes the public key (a JWK, checked by whoever calls) under which
// the software that holds an API key signs; "" notes none. Errors:
// ressource_inconnue.
func (s *Store) BindKey(ctx context.Context, id, jwk string) error {
	e := &trace.Event{Class: trace.KeyEvent, Operation: "cle_liee", Actor: trace.ActorOperator, Object: id}
	return s.change(ctx, e, []trace.Object{KeyObject(id)}, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE cle_api SET cle_client = $1 WHERE id = $2 AND revoked_at IS NULL`, jwk, id)
		if err != nil {
			return err
		}
		if n, _ := r.RowsAffected(); n == 0 {
			return notFound("store: bind key")
		}
		return nil
	})
}

// RevokeKey ends a key at once. The operator lifts its suspension with it; a
// partner does not. Errors: ressource_inconnue.
func (s *Store) RevokeKey(ctx context.Context, id string) error {
	e := &trace.Event{Class: trace.KeyEvent, Operation: "cle_revoquee", Actor: trace.ActorOperator, Object: id}
	return s.change(ctx, e, []trace.Object{KeyObject(id)}, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `SELECT convention, editeur FROM cle_api WHERE id = $1`, id).Scan(&e.Convention, &e.Partner)
		if err == nil && e.Partner == "" {
			err = tx.QueryRowContext(ctx, `SELECT partenaire FROM convention WHERE id = $1 ORDER BY version DESC LIMIT 1`, e.Convention).Scan(&e.Partner)
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		r, err := tx.ExecContext(ctx, `UPDATE cle_api SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL`, millis(s.clock()), id)
		if err != nil {
			return err
		}
		if n, _ := r.RowsAffected(); n == 0 {
			return notFound("store: revoke key")
		}
		if s.by.Actor != trace.ActorPartner {
			_, err = tx.ExecContext(ctx, `UPDATE cle_api SET suspended_at = NULL, suspendue_pour = '' WHERE id = $1`, id)
		}
		return err
	})
}

// Keys lists the keys, newest first, with the last day of use that was noted;
// no secret is among them.
func (s *Store) Keys(ctx context.Context) (out []partner.Key, err error) {
	err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
		k, err := scanKey(scan)
		k.Digest = nil
		out = append(out, k)
		return err
	}, `SELECT `+keyColumns+` FROM cle_api ORDER BY created_at DESC, id`)
	if err != nil {
		return out, unavailable("store: keys", err)
	}
	bound, err := boundCertificates(ctx, s.journal.reader)
	if err != nil {
		return out, unavailable("store: keys", err)
	}
	used, err := lastUses(ctx, s.journal.reader)
	for i := range out {
		out[i].Certificates, out[i].LastOn = bound[out[i].ID], used[out[i].ID]
	}
	return out, unavailable("store: keys", err)
}
