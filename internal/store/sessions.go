package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"time"
)

// placeSession is the sealed column of the sessions.
const placeSession = "session|contenu|"

// sessionIDSize is how much of the digest names a session in its person's list.
const sessionIDSize = 8

// sessionDigest is under what a session is found, without its token.
func (s *Store) sessionDigest(token string) []byte {
	d := s.keys.session.sum("session/v1", []byte(token))
	return d[:]
}

// sessionPerson is under what somebody's sessions are listed.
func (s *Store) sessionPerson(person string) []byte {
	d := s.keys.session.sum("personne/v1", []byte(person))
	return d[:]
}

// LoginKey is the key under which the citizen space makes the states of its
// logins: the same in every process of a deployment.
func (s *Store) LoginKey() [32]byte { return s.keys.session.sum("connexion/v1", nil) }

// SessionID names the session of a token in its person's list; it opens
// nothing.
func (s *Store) SessionID(token string) string {
	return hex.EncodeToString(s.sessionDigest(token)[:sessionIDSize])
}

// PutSession keeps a session of the citizen space: its content sealed, its
// token and its person as keyed digests. Keeping one again changes its content
// only. Errors: service_indisponible.
func (s *Store) PutSession(ctx context.Context, token, person string, content []byte) error {
	digest, now := s.sessionDigest(token), millis(s.clock())
	sealed := seal(s.keys.rows, placeSession+hex.EncodeToString(digest), content)
	return s.tidy(ctx, "store: put session", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO session (jeton, personne, contenu, created_at, seen_at) VALUES ($1, $2, $3, $4, $4)
			ON CONFLICT (jeton) DO UPDATE SET personne = excluded.personne, contenu = excluded.contenu, seen_at = excluded.seen_at`,
			digest, s.sessionPerson(person), sealed, now)
		return err
	})
}

// FindSession reads a session, however old: who asks decides whether it still
// counts. No content says that there is none. Errors: service_indisponible.
func (s *Store) FindSession(ctx context.Context, token string) (content []byte, createdAt, seenAt time.Time, err error) {
	digest := s.sessionDigest(token)
	var sealed []byte
	var created, seen int64
	err = s.journal.reader.QueryRowContext(ctx, `SELECT contenu, created_at, seen_at FROM session WHERE jeton = $1`, digest).Scan(&sealed, &created, &seen)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, createdAt, seenAt, nil
	}
	if err == nil {
		content, err = open(s.keys.rows, placeSession+hex.EncodeToString(digest), sealed)
	}
	return content, time.UnixMilli(created), time.UnixMilli(seen), unavailable("store: find session", err)
}

// TouchSession notes that a session is being used. Errors:
// service_indisponible.
func (s *Store) TouchSession(ctx context.Context, token string) error {
	return s.tidy(ctx, "store: touch session", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE session SET seen_at = $1 WHERE jeton = $2`, millis(s.clock()), s.sessionDigest(token))
		return err
	})
}

// EachSession visits the sessions of a person, the last used first. Errors:
// service_indisponible.
func (s *Store) EachSession(ctx context.Context, person string, visit func(id string, createdAt, seenAt time.Time)) error {
	err := each(ctx, s.journal.reader, func(scan func(...any) error) error {
		var digest []byte
		var created, seen int64
		if err := scan(&digest, &created, &seen); err != nil {
			return err
		}
		visit(hex.EncodeToString(digest[:sessionIDSize]), time.UnixMilli(created), time.UnixMilli(seen))
		return nil
	}, `SELECT jeton, created_at, seen_at FROM session WHERE personne = $1 ORDER BY seen_at DESC, jeton`, s.sessionPerson(person))
	return unavailable("store: sessions", err)
}

// EndSession ends the session of a token; an unknown one is passed over.
// Errors: service_indisponible.
func (s *Store) EndSession(ctx context.Context, token string) error {
	return s.tidy(ctx, "store: end session", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM session WHERE jeton = $1`, s.sessionDigest(token))
		return err
	})
}

// EndSessionOf ends the session of that name among those of a person. Errors:
// ressource_inconnue, service_indisponible.
func (s *Store) EndSessionOf(ctx context.Context, person, id string) error {
	prefix, err := hex.DecodeString(id)
	if err != nil || len(prefix) != sessionIDSize {
		return notFound("store: end session")
	}
	return s.tidy(ctx, "store: end session", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM session WHERE personne = $1 AND substr(jeton, 1, 8) = $2`, s.sessionPerson(person), prefix)
		if err != nil {
			return err
		}
		if n, _ := r.RowsAffected(); n == 0 {
			return notFound("store: end session")
		}
		return nil
	})
}

// EndOtherSessions ends the sessions of a person but the one of the token, and
// tells how many. Errors: service_indisponible.
func (s *Store) EndOtherSessions(ctx context.Context, person, token string) (n int64, err error) {
	err = s.tidy(ctx, "store: end sessions", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM session WHERE personne = $1 AND jeton <> $2`, s.sessionPerson(person), s.sessionDigest(token))
		if err != nil {
			return err
		}
		n, err = r.RowsAffected()
		return err
	})
	return n, err
}

// TrimSessions erases the sessions that began or were last used before the
// instants, and tells how many.
func (s *Store) TrimSessions(ctx context.Context, createdBefore, seenBefore time.Time) (n int64, err error) {
	err = s.tidy(ctx, "store: trim sessions", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM session WHERE created_at < $1 OR seen_at < $2`, millis(createdBefore), millis(seenBefore))
		if err != nil {
			return err
		}
		n, err = r.RowsAffected()
		return err
	})
	return n, err
}
