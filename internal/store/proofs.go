package store

import (
	"context"
	"database/sql"
	"errors"

	"golang.org/x/mod/sumdb/tlog"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/trace"
)

// Erased is the reason why an entry has no receipt any more: its person part is
// gone, and with it what a receipt would open.
const Erased = "ERASED"

// Proof makes the receipt of an entry, by its place among all entries. It rests
// on a signed head: the newest that witnesses cosigned, if one holds the entry,
// else the newest; when none does yet, one is signed now. Errors:
// ressource_inconnue (no such entry, or with the reason ERASED once its time has
// come), service_indisponible.
func (s *Store) Proof(ctx context.Context, n int64) (p trace.Proof, err error) {
	var log trace.StoredLog
	err = s.journal.reader.QueryRowContext(ctx, `SELECT origine, first FROM arbre WHERE first <= $1 AND $1 < (SELECT COALESCE(MAX(first + count), 0) FROM batch) ORDER BY first DESC LIMIT 1`, n).Scan(&log.Origin, &log.First)
	if errors.Is(err, sql.ErrNoRows) || n < 0 {
		return p, notFound("store: proof")
	}
	if err != nil {
		return p, unavailable("store: proof", err)
	}
	var e TracedEntry
	if err := s.Traces(ctx, n, func(x TracedEntry) bool { e = x; return false }); err != nil {
		return p, err
	}
	if e.Person == nil {
		return p, fault.New(fault.RessourceInconnue, "store: proof").Because(Erased)
	}
	p = trace.Proof{Index: n - log.First, Class: e.Class, Salt: e.Person[:trace.SaltSize], Person: e.Person[trace.SaltSize:]}
	copy(p.Internal[:], e.Commits[trace.HashSize:])
	under, err := s.checkpointOver(ctx, log.Origin, p.Index)
	if err != nil {
		return p, err
	}
	p.Checkpoint = under.Note
	hashes, err := tlog.ProveRecord(under.Size, p.Index, s.nodes(ctx, log))
	if err != nil {
		return p, unavailable("store: proof", err)
	}
	p.Hashes = hashes
	return p, s.holds(p)
}

// holds verifies a receipt before it leaves, as its reader will.
func (s *Store) holds(p trace.Proof) error {
	text, err := p.MarshalText()
	if err == nil {
		_, err = trace.VerifyProof(text, s.logKeys(trace.OriginOf([]byte(p.Checkpoint))))
	}
	if err != nil {
		return fault.New(fault.ErreurInterne, "store: proof").Because("PROOF_BROKEN").With(err)
	}
	return nil
}

// checkpointOver is a checkpoint that holds an entry of a log.
func (s *Store) checkpointOver(ctx context.Context, origin string, index int64) (c trace.Checkpoint, err error) {
	for range 2 {
		var note sql.NullString
		err = s.journal.reader.QueryRowContext(ctx, `SELECT note FROM point_controle WHERE origine = $1 AND taille > $2 AND taille = COALESCE(
			(SELECT MAX(taille) FROM cosignature WHERE origine = $1 AND taille > $2), (SELECT MAX(taille) FROM point_controle WHERE origine = $1))`, origin, index).Scan(&note)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return c, unavailable("store: proof", err)
		}
		if note.Valid {
			if c, err = s.logKeys(origin).Open([]byte(note.String)); err != nil {
				return c, fault.New(fault.ErreurInterne, "store: proof").Because("PROOF_BROKEN").With(err)
			}
			lines, err := s.cosignatures(ctx, c.Head)
			c.Note = trace.Cosigned(c.Note, lines)
			return c, unavailable("store: proof", err)
		}
		if err := s.Beat(ctx); err != nil {
			return c, err
		}
	}
	return c, unavailable("store: proof", errNodes)
}
