package store

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/fxamacker/cbor/v2"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// sealedEntry is one entry of a batch: each part sealed singly under its own
// day key, so that each may be erased on its own date.
type sealedEntry struct {
	_        struct{} `cbor:",toarray"`
	Class    trace.Class
	At       int64 // whole seconds
	Person   []byte
	Internal []byte
}

// Commit implements trace.Ledger: one transaction, one row per commit, one
// narrow row per entry that names a person, FULL sync.
func (s *Store) Commit(ctx context.Context, batch []*trace.Pending) error {
	s.nextMu.Lock()
	defer s.nextMu.Unlock()
	err := s.tx(ctx, "store: trace", func(tx *sql.Tx) error { return s.commit(ctx, tx, batch) })
	if err != nil {
		s.days.forget()
		// The commit may have happened and been reported lost: ask the file.
		var head int64
		if e := s.writer.QueryRowContext(ctx, `SELECT COALESCE(MAX(first + count), 0) FROM batch`).Scan(&head); e == nil {
			s.next = head
		}
		return err
	}
	s.next += int64(len(batch))
	return nil
}

func (s *Store) commit(ctx context.Context, tx *sql.Tx, batch []*trace.Pending) error {
	if err := s.guard(ctx, tx, batch); err != nil {
		return err
	}
	entries := make([]sealedEntry, len(batch))
	leaves := make([]byte, 0, len(batch)*trace.HashSize)
	var subjects []any
	for i, p := range batch {
		p.Index = s.next + int64(i)
		l := p.Leaf
		person, internal, err := s.days.at(ctx, s, tx, civil.On(l.At))
		if err != nil {
			return err
		}
		place := hex.EncodeToString(l.Hash[:])
		entries[i] = sealedEntry{Class: l.Class, At: l.At.Unix(), Person: seal(person, "batch|person|"+place, l.Person), Internal: seal(internal, "batch|internal|"+place, l.Internal)}
		leaves = append(leaves, l.Hash[:]...)
		if l.Subject != (trace.Digest{}) {
			subjects = append(subjects, l.Subject[:], p.Index)
		}
	}
	sealed, err := cbor.Marshal(entries)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO batch (first, count, at, leaves, sealed) VALUES ($1, $2, $3, $4, $5)`, s.next, len(batch), millis(s.clock()), leaves, sealed); err != nil {
		return err
	}
	if err := insertMany(ctx, tx, `INSERT INTO subject (digest, n) VALUES `, 2, subjects); err != nil {
		return err
	}
	return s.effects(ctx, tx, batch)
}

// guard replaces by its refusal every entry whose decision rests on something
// that has moved since. The common case costs one row: nothing has moved.
func (s *Store) guard(ctx context.Context, tx *sql.Tx, batch []*trace.Pending) error {
	var now trace.Generation
	if err := tx.QueryRowContext(ctx, `SELECT valeur FROM reglage WHERE cle = 'generation'`).Scan(&now); err != nil {
		return err
	}
	for _, p := range batch {
		if p.Refusal == nil || p.Guard.At == now {
			continue
		}
		for _, o := range p.Guard.Objects() {
			var at trace.Generation
			err := tx.QueryRowContext(ctx, `SELECT generation FROM epoque WHERE objet = $1`, string(o)).Scan(&at)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			if at > p.Guard.At {
				p.Leaf, p.Moved, p.Effects = p.Refusal(o), o, draws(p.Effects)
				break
			}
		}
	}
	return nil
}

// draws keeps what a refused call leaves behind: it counts against its quota.
func draws(effects []trace.Effect) (out []trace.Effect) {
	for _, e := range effects {
		if d, ok := e.(partner.Draw); ok {
			out = append(out, d)
		}
	}
	return out
}

func (s *Store) effects(ctx context.Context, tx *sql.Tx, batch []*trace.Pending) error {
	taken := map[partner.Draw]int{}
	for _, p := range batch {
		for _, e := range p.Effects {
			switch e := e.(type) {
			case partner.Draw:
				taken[e]++
			case *consent.Record:
				if err := insertConsent(ctx, tx, e, p.Index); err != nil {
					return err
				}
			default:
				return fault.New(fault.ErreurInterne, "store: unknown effect")
			}
		}
	}
	for d, n := range taken {
		if _, err := tx.ExecContext(ctx, `INSERT INTO quota (convention, jour, pris) VALUES ($1, $2, $3)
			ON CONFLICT (convention, jour) DO UPDATE SET pris = pris + excluded.pris`, d.Convention, d.Day, n); err != nil {
			return err
		}
	}
	return nil
}

// insertMany writes rows of width columns, up to 64 a statement.
func insertMany(ctx context.Context, tx *sql.Tx, head string, width int, args []any) error {
	const rows = 64
	for len(args) > 0 {
		n := min(len(args)/width, rows)
		var q strings.Builder
		q.WriteString(head)
		for i := range n {
			if i > 0 {
				q.WriteByte(',')
			}
			q.WriteByte('(')
			for j := range width {
				if j > 0 {
					q.WriteByte(',')
				}
				q.WriteString("$" + strconv.Itoa(i*width+j+1))
			}
			q.WriteByte(')')
		}
		if _, err := tx.ExecContext(ctx, q.String(), args[:n*width]...); err != nil {
			return err
		}
		args = args[n*width:]
	}
	return nil
}

// dayKeys holds the sealing keys of the current day. A key is random, kept
// wrapped, and destroyed with the day that it seals. A transaction that fails
// takes its new keys with it, so the cache is forgotten then.
type dayKeys struct {
	mu               sync.Mutex
	day              civil.Date
	person, internal cipher.AEAD
}

func (d *dayKeys) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.day, d.person, d.internal = 0, nil, nil
}

func (d *dayKeys) at(ctx context.Context, s *Store, tx *sql.Tx, day civil.Date) (person, internal cipher.AEAD, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.day != day {
		p, err := s.dayKey(ctx, tx, day, "person")
		if err != nil {
			return nil, nil, err
		}
		i, err := s.dayKey(ctx, tx, day, "internal")
		if err != nil {
			return nil, nil, err
		}
		d.person, d.internal, d.day = p, i, day
	}
	return d.person, d.internal, nil
}

func (s *Store) dayKey(ctx context.Context, tx *sql.Tx, day civil.Date, part string) (cipher.AEAD, error) {
	place := "cle_jour|" + part + "|" + day.String() + "|" + keyVersion
	var wrapped []byte
	err := tx.QueryRowContext(ctx, `SELECT cle FROM cle_jour WHERE jour = $1 AND partie = $2`, day.String(), part).Scan(&wrapped)
	if errors.Is(err, sql.ErrNoRows) {
		key := make([]byte, 32)
		rand.Read(key)
		_, err := tx.ExecContext(ctx, `INSERT INTO cle_jour (jour, partie, cle) VALUES ($1, $2, $3)`, day.String(), part, seal(s.keys.wrap, place, key))
		return newAEAD(key), err
	}
	if err != nil {
		return nil, err
	}
	key, err := open(s.keys.wrap, place, wrapped)
	if err != nil {
		return nil, err
	}
	return newAEAD(key), nil
}

// TracedEntry is an entry read back: what the verifier and the tests see.
type TracedEntry struct {
	Index            int64
	Class            trace.Class
	Hash             [trace.HashSize]byte
	Person, Internal []byte // salt ‖ canonical JSON, nil once erased
}

// Traces reads entries from an index on, in order, and stops when the function
// returns false. Errors: service_indisponible.
func (s *Store) Traces(ctx context.Context, from int64, each func(TracedEntry) bool) error {
	rows, err := s.reader.QueryContext(ctx, `SELECT first, count, leaves, sealed FROM batch WHERE first + count > $1 ORDER BY first`, from)
	if err != nil {
		return unavailable("store: traces", err)
	}
	defer rows.Close()
	for rows.Next() {
		var first, count int64
		var leaves, sealed []byte
		if err := rows.Scan(&first, &count, &leaves, &sealed); err != nil {
			return unavailable("store: traces", err)
		}
		var entries []sealedEntry
		if err := cbor.Unmarshal(sealed, &entries); err != nil || int64(len(entries)) != count || int64(len(leaves)) != count*trace.HashSize {
			return fault.New(fault.ErreurInterne, "store: traces").Because("BATCH_BROKEN")
		}
		for i, e := range entries {
			t := TracedEntry{Index: first + int64(i), Class: e.Class}
			copy(t.Hash[:], leaves[i*trace.HashSize:])
			if t.Index < from {
				continue
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

func (s *Store) unseal(ctx context.Context, t *TracedEntry, e sealedEntry) error {
	day := civil.On(time.Unix(e.At, 0))
	for part, to := range map[string]*[]byte{"person": &t.Person, "internal": &t.Internal} {
		var wrapped []byte
		err := s.reader.QueryRowContext(ctx, `SELECT cle FROM cle_jour WHERE jour = $1 AND partie = $2`, day.String(), part).Scan(&wrapped)
		if errors.Is(err, sql.ErrNoRows) {
			continue // the day's key is destroyed: erased
		}
		if err != nil {
			return err
		}
		key, err := open(s.keys.wrap, "cle_jour|"+part+"|"+day.String()+"|"+keyVersion, wrapped)
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
	err = s.reader.QueryRowContext(ctx, `SELECT COALESCE(MAX(first + count), 0) FROM batch`).Scan(&n)
	return n, unavailable("store: count traces", err)
}
