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
	// One batch at a time: a connection held while another is asked for would
	// have readers wait for each other.
	for at := max(from, 0); ; {
		b, err := s.batchWith(ctx, at)
		if err != nil || b == nil {
			return err
		}
		for i, e := range b.entries {
			t, err := b.entry(i)
			if err != nil {
				return err
			}
			if t.Index < from {
				continue
			}
			if t.Person, err = s.part(ctx, &t, e, trace.PartPerson); err == nil {
				t.Internal, err = s.part(ctx, &t, e, trace.PartInternal)
			}
			if err != nil {
				return unavailable("store: traces", err)
			}
			if !each(t) {
				return nil
			}
		}
		at = b.first + int64(len(b.entries))
	}
}

// storedBatch is a batch as it lies in the database, decoded.
type storedBatch struct {
	first, log int64 // its first entry, and that of its log
	nodes      []byte
	entries    []sealedEntry
}

// batchWith reads the batch that holds an entry, nil when there is none.
func (s *Store) batchWith(ctx context.Context, n int64) (*storedBatch, error) {
	var b storedBatch
	var count int64
	var sealed []byte
	err := s.journal.reader.QueryRowContext(ctx, `SELECT first, count, nodes, sealed, (SELECT COALESCE(MAX(a.first), 0) FROM arbre AS a WHERE a.first <= batch.first)
		FROM batch WHERE first = (SELECT MAX(b.first) FROM batch AS b WHERE b.first <= $1) AND first + count > $1`, n).Scan(&b.first, &count, &b.nodes, &sealed, &b.log)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, unavailable("store: traces", err)
	}
	var x sealedBatch
	if err := decode(sealed, &x); err != nil || int64(len(x.Entries)) != count || count > int64(len(b.nodes)) || int64(len(b.nodes)) != b.at(count) {
		return nil, brokenBatch()
	}
	b.entries = x.Entries
	return &b, nil
}

func brokenBatch() error {
	return fault.New(fault.ErreurInterne, "store: traces").Because("BATCH_BROKEN")
}

// at is where the leaf of the i-th entry lies among the nodes.
func (b *storedBatch) at(i int64) int64 {
	return (trace.NodesBefore(b.first-b.log+i) - trace.NodesBefore(b.first-b.log)) * trace.HashSize
}

// entry is the i-th entry, its parts closed.
func (b *storedBatch) entry(i int) (t TracedEntry, err error) {
	e := b.entries[i]
	t = TracedEntry{Index: b.first + int64(i), Class: trace.Class(e.Class)}
	copy(t.Hash[:], b.nodes[b.at(int64(i)):])
	copy(t.Commits[:], e.Commits)
	if !t.joined() {
		return t, brokenBatch()
	}
	return t, nil
}

// joined reports whether the leaf joins class and commitments.
func (t *TracedEntry) joined() bool {
	c := t.Commits
	return trace.LeafHash(t.Class, [trace.HashSize]byte(c[:]), [trace.HashSize]byte(c[trace.HashSize:])) == t.Hash
}

// part opens one part of an entry, nil once its day's key is destroyed.
func (s *Store) part(ctx context.Context, t *TracedEntry, e sealedEntry, name string) ([]byte, error) {
	key, err := s.partKey(ctx, civil.On(time.Unix(e.At, 0)), name)
	if err != nil || key == nil {
		return nil, err
	}
	sealed := e.Person
	if name == trace.PartInternal {
		sealed = e.Internal
	}
	return open(key, "batch|"+name+"|"+hex.EncodeToString(t.Hash[:]), sealed)
}

// partKey is the key of a part of a day, nil once it is destroyed: erased.
func (s *Store) partKey(ctx context.Context, day civil.Date, name string) (cipher.AEAD, error) {
	var wrapped []byte
	err := s.journal.reader.QueryRowContext(ctx, `SELECT cle FROM cle_jour WHERE jour = $1 AND partie = $2`, day.String(), name).Scan(&wrapped)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	key, err := open(s.keys.wrap, dayKeyPlace(day, name), wrapped)
	if err != nil {
		return nil, err
	}
	return newAEAD(key), nil
}

// TraceCount is the number of entries of the log.
func (s *Store) TraceCount(ctx context.Context) (n int64, err error) {
	err = s.journal.reader.QueryRowContext(ctx, `SELECT COALESCE(MAX(first + count), 0) FROM batch`).Scan(&n)
	return n, unavailable("store: count traces", err)
}
