package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/trace"
)

// Unwitnessed lists the newest checkpoint of each log that a witness has not
// cosigned, the oldest log first. Errors: service_indisponible.
func (s *Store) Unwitnessed(ctx context.Context, witness string) (out []trace.Checkpoint, err error) {
	err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
		var origin, note string
		if err := scan(&origin, &note); err != nil {
			return err
		}
		c, err := s.logKeys(origin).Open([]byte(note))
		if err == nil {
			out = append(out, c)
		}
		return nil
	}, `SELECT p.origine, p.note FROM point_controle AS p JOIN arbre AS a ON a.origine = p.origine
		WHERE p.taille = (SELECT MAX(taille) FROM point_controle WHERE origine = p.origine) AND p.taille > 0
		AND NOT EXISTS (SELECT 1 FROM cosignature WHERE origine = p.origine AND taille = p.taille AND temoin = $1) ORDER BY a.first`, witness)
	return out, unavailable("store: unwitnessed", err)
}

// Cosigned keeps what a witness said of a checkpoint; the line is checked by
// its caller. Errors: service_indisponible.
func (s *Store) Cosigned(ctx context.Context, h trace.Head, witness, line string) error {
	return s.tidy(ctx, "store: cosigned", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO cosignature (origine, taille, temoin, ligne, rang)
			VALUES ($1, $2, $3, $4, (SELECT COUNT(*) + 1 FROM cosignature WHERE origine = $1 AND taille = $2)) ON CONFLICT DO NOTHING`, h.Origin, h.Size, witness, line)
		return err
	})
}

// cosignatures are the lines that witnesses added to a checkpoint.
func (s *Store) cosignatures(ctx context.Context, h trace.Head) (lines string, err error) {
	err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
		var line string
		err := scan(&line)
		lines += line
		return err
	}, `SELECT ligne FROM cosignature WHERE origine = $1 AND taille = $2 ORDER BY temoin`, h.Origin, h.Size)
	return lines, err
}

// waitingHeads gives, for each log, the oldest head that came after the newest
// one that has its quorum: two searches a log, however many heads there are.
const waitingHeads = `SELECT a.origine, (SELECT p.note FROM point_controle AS p WHERE p.origine = a.origine AND p.taille >
	COALESCE((SELECT MAX(c.taille) FROM cosignature AS c WHERE c.origine = a.origine AND c.rang = $1), 0) ORDER BY p.taille LIMIT 1)
	FROM arbre AS a ORDER BY a.first`

// WaitingForWitnesses is since when the oldest head that too few witnesses have
// cosigned has waited: one that came after the newest that has its quorum (at
// least 1). Errors: service_indisponible.
func (s *Store) WaitingForWitnesses(ctx context.Context, quorum int) (since time.Time, waiting bool, err error) {
	err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
		var origin string
		var note sql.NullString
		if err := scan(&origin, &note); err != nil || !note.Valid || waiting {
			return err
		}
		c, err := s.logKeys(origin).Open([]byte(note.String))
		if err != nil {
			return fault.New(fault.ErreurInterne, "store: witnesses").Because("CHECKPOINT_BROKEN").With(err)
		}
		since, waiting = c.At, true
		return nil
	}, waitingHeads, quorum)
	return since, waiting, unavailable("store: witnesses", err)
}

// noteOver is the note of the head on which the receipt of an entry rests, ""
// while none holds it: the newest of those that most witnesses cosigned, so that
// whoever wants a quorum finds it if any head has it; else the newest.
func (s *Store) noteOver(ctx context.Context, origin string, index int64) (note string, err error) {
	var most int
	if err := s.journal.reader.QueryRowContext(ctx, `SELECT COALESCE(MAX(rang), 0) FROM cosignature WHERE origine = $1`, origin).Scan(&most); err != nil {
		return "", err
	}
	for ; most >= 0; most-- {
		q, args := newestWitnessed, []any{origin, index, most}
		if most == 0 {
			q, args = newestOver, args[:2]
		}
		err := s.journal.reader.QueryRowContext(ctx, q, args...).Scan(&note)
		if !errors.Is(err, sql.ErrNoRows) {
			return note, err
		}
	}
	return "", nil
}

const (
	newestOver      = `SELECT note FROM point_controle WHERE origine = $1 AND taille > $2 ORDER BY taille DESC LIMIT 1`
	newestWitnessed = `SELECT note FROM point_controle WHERE origine = $1 AND taille > $2 AND taille = (SELECT MAX(taille) FROM cosignature WHERE origine = $1 AND rang = $3)`
)
