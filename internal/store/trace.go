package store

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/trace"
)

// dayKeys holds the sealing keys of the current day. A key is random, kept
// wrapped, and destroyed with the day that it seals. A transaction that fails
// takes its new keys with it, so the cache is forgotten then.
type dayKeys struct {
	day              civil.Date
	person, internal cipher.AEAD
}

func (d *dayKeys) forget() { *d = dayKeys{} }

func (l *ledger) dayKeys(to pen, day civil.Date) (person, internal cipher.AEAD, err error) {
	if l.days.day != day {
		if person, err = l.dayKey(to, day, "person"); err != nil {
			return nil, nil, err
		}
		if internal, err = l.dayKey(to, day, "internal"); err != nil {
			return nil, nil, err
		}
		l.days = dayKeys{day, person, internal}
	}
	return l.days.person, l.days.internal, nil
}

func dayKeyPlace(day civil.Date, part string) string {
	return "cle_jour|" + part + "|" + day.String() + "|" + keyVersion
}

func (l *ledger) dayKey(to pen, day civil.Date, part string) (cipher.AEAD, error) {
	wrapped, err := to.blob(`SELECT cle FROM cle_jour WHERE jour = $1 AND partie = $2`, day.String(), part)
	if err != nil {
		return nil, err
	}
	if wrapped != nil {
		key, err := open(l.keys.wrap, dayKeyPlace(day, part), wrapped)
		if err != nil {
			return nil, err
		}
		return newAEAD(key), nil
	}
	key := make([]byte, 32)
	rand.Read(key)
	return newAEAD(key), to.put(`INSERT INTO cle_jour (jour, partie, cle) VALUES ($1, $2, $3)`, day.String(), part, seal(l.keys.wrap, dayKeyPlace(day, part), key))
}

// TracedEntry is an entry read back: what the verifier and the tests see.
type TracedEntry struct {
	Index            int64
	Class            trace.Class
	Hash             [trace.HashSize]byte
	Commits          [2 * trace.HashSize]byte // to the person part, then to the internal one
	Person, Internal []byte                   // salt ‖ canonical JSON, nil once erased
}

// Traces reads entries from an index on, in order, and stops when the function
// returns false. Errors: service_indisponible.
func (s *Store) Traces(ctx context.Context, from int64, each func(TracedEntry) bool) error {
	rows, err := s.journal.reader.QueryContext(ctx, `SELECT first, count, nodes, sealed, (SELECT COALESCE(MAX(a.first), 0) FROM arbre AS a WHERE a.first <= batch.first)
		FROM batch WHERE first >= (SELECT COALESCE(MAX(first), 0) FROM batch WHERE first <= $1) ORDER BY first`, from)
	if err != nil {
		return unavailable("store: traces", err)
	}
	defer rows.Close()
	for rows.Next() {
		var first, count, log int64
		var nodes, sealed []byte
		if err := rows.Scan(&first, &count, &nodes, &sealed, &log); err != nil {
			return unavailable("store: traces", err)
		}
		var b sealedBatch
		at := func(i int64) int64 {
			return (trace.NodesBefore(first-log+i) - trace.NodesBefore(first-log)) * trace.HashSize
		}
		if err := decode(sealed, &b); err != nil || int64(len(b.Entries)) != count || count > int64(len(nodes)) || int64(len(nodes)) != at(count) {
			return fault.New(fault.ErreurInterne, "store: traces").Because("BATCH_BROKEN")
		}
		for i, e := range b.Entries {
			t := TracedEntry{Index: first + int64(i), Class: trace.Class(e.Class)}
			copy(t.Hash[:], nodes[at(int64(i)):])
			copy(t.Commits[:], e.Commits)
			if t.Index < from {
				continue
			}
			if !t.joined() {
				return fault.New(fault.ErreurInterne, "store: traces").Because("BATCH_BROKEN")
			}
			if err := s.unseal(ctx, &t, e); err != nil {
				return unavailable("store: traces", err)
			}
			if !each(t) {
				return nil
			}
		}
	}
	return unavailable("store: traces", rows.Err())
}

// joined reports whether the leaf joins class and commitments.
func (t *TracedEntry) joined() bool {
	c := t.Commits
	return trace.LeafHash(t.Class, [trace.HashSize]byte(c[:]), [trace.HashSize]byte(c[trace.HashSize:])) == t.Hash
}

func (s *Store) unseal(ctx context.Context, t *TracedEntry, e sealedEntry) error {
	day := civil.On(time.Unix(e.At, 0))
	for part, to := range map[string]*[]byte{"person": &t.Person, "internal": &t.Internal} {
		var wrapped []byte
		err := s.journal.reader.QueryRowContext(ctx, `SELECT cle FROM cle_jour WHERE jour = $1 AND partie = $2`, day.String(), part).Scan(&wrapped)
		if errors.Is(err, sql.ErrNoRows) {
			continue // the day's key is destroyed: erased
		}
		if err != nil {
			return err
		}
		key, err := open(s.keys.wrap, dayKeyPlace(day, part), wrapped)
		if err != nil {
			return err
		}
		sealed := e.Person
		if part == "internal" {
			sealed = e.Internal
		}
		if *to, err = open(newAEAD(key), "batch|"+part+"|"+hex.EncodeToString(t.Hash[:]), sealed); err != nil {
			return err
		}
	}
	return nil
}

// TraceCount is the number of entries of the log.
func (s *Store) TraceCount(ctx context.Context) (n int64, err error) {
	err = s.journal.reader.QueryRowContext(ctx, `SELECT COALESCE(MAX(first + count), 0) FROM batch`).Scan(&n)
	return n, unavailable("store: count traces", err)
}
