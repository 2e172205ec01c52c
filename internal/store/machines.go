package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

const machineColumns = `SELECT id, nom, role, directeur, last4, created_at, expires_at, revoked_at FROM machine `

func scanMachine(scan func(...any) error) (m account.Machine, err error) {
	var created, expires int64
	var revoked sql.NullInt64
	err = scan(&m.ID, &m.Name, &m.Role, &m.Director, &m.Last4, &created, &expires, &revoked)
	m.CreatedAt, m.ExpiresAt, m.RevokedAt = time.UnixMilli(created), time.UnixMilli(expires), fromMillis(revoked)
	return m, err
}

// AddMachine habilitates a program under a secret, which is not kept. Errors:
// those of account.Machine.Check.
func (s *Store) AddMachine(ctx context.Context, m account.Machine, secret string) (account.Machine, error) {
	now := s.clock()
	if err := m.Check(now); err != nil {
		return m, err
	}
	d := s.keys.apiKey.sum("machine/v1", []byte(secret))
	m.ID, m.Last4, m.CreatedAt = partner.NewID("mac"), secret[len(secret)-4:], now
	e := trace.Event{Class: trace.AgentAction, Operation: "machine_habilitee", Actor: trace.ActorOperator, Object: m.ID, After: string(m.Role)}
	return m, s.act(ctx, "store: add machine", &e, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO machine (id, digest, nom, role, directeur, last4, created_at, expires_at, revoked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL)`,
			m.ID, d[:], m.Name, string(m.Role), m.Director, m.Last4, millis(now), millis(m.ExpiresAt))
		return err
	})
}

// RevokeMachine ends a program's access at once. Errors: ressource_inconnue.
func (s *Store) RevokeMachine(ctx context.Context, id string) error {
	e := trace.Event{Class: trace.AgentAction, Operation: "machine_revoquee", Actor: trace.ActorOperator, Object: id}
	return s.act(ctx, "store: revoke machine", &e, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE machine SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL`, millis(s.clock()), id)
		if err != nil {
			return err
		}
		if n, _ := r.RowsAffected(); n == 0 {
			return notFound("store: revoke machine")
		}
		return nil
	})
}

// Machines lists the programs, the newest first. Errors: service_indisponible.
func (s *Store) Machines(ctx context.Context) (out []account.Machine, err error) {
	err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
		m, err := scanMachine(scan)
		out = append(out, m)
		return err
	}, machineColumns+`ORDER BY created_at DESC, id`)
	return out, unavailable("store: machines", err)
}

// Machine finds the program whose secret it is, live at this instant. Errors:
// cle_invalide, service_indisponible.
func (s *Store) Machine(ctx context.Context, secret string) (account.Machine, error) {
	d := s.keys.apiKey.sum("machine/v1", []byte(secret))
	m, err := scanMachine(s.journal.reader.QueryRowContext(ctx, machineColumns+`WHERE digest = $1`, d[:]).Scan)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !m.LiveAt(s.clock()) {
		return account.Machine{}, fault.New(fault.CleInvalide, "store: machine").Because("MACHINE_UNKNOWN")
	}
	return m, unavailable("store: machine", err)
}
