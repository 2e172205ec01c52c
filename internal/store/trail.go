package store

import (
	"context"
	"crypto/cipher"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/sumdb/tlog"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/trace"
)

// Trail reads the trail of a data directory to verify it: beside the process
// that serves it, or without one. It takes no lock, changes nothing, and sees
// one state from its opening on. It is not safe for concurrent use.
type Trail struct {
	conn   *sqlite.Conn
	keys   *keys // nil: what is sealed stays so
	locked []trace.StoredCheckpoint
	days   map[string]cipher.AEAD // nil: the day has no key
	broken map[string]bool
	there  map[string]bool // days whose key is there, opened or not
}

// TrailConfig says what to read.
type TrailConfig struct {
	Dir      string
	LockFile string // verrou.db in the directory when empty
	Root     *Root  // nil: parts are not opened, and not checked
}

// ErrNoTrail says that a directory holds no trail.
var ErrNoTrail = errors.New("store: this directory holds no trail of accesses")

// OpenTrail opens it. The lock is read first: what it says was signed before
// the state that is read. A head that was put in the lock and is not kept beside
// the others yet is waited for a little. Errors: ErrNoTrail, ErrOtherRoot, the
// context's, and the engine's.
func OpenTrail(ctx context.Context, c TrailConfig) (*Trail, error) {
	for left := lockTries; ; left-- {
		t, err := openTrail(c)
		if err != nil || left == 0 {
			return t, err
		}
		missing := false
		for _, l := range t.locked {
			_, ok, err := t.NextCheckpoint(ctx, l.Origin, l.Size-1)
			if err != nil {
				return nil, errors.Join(err, t.Close())
			}
			missing = missing || !ok && l.Size > 0
		}
		if !missing {
			return t, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), t.Close())
		case <-time.After(lockWait):
		}
		if err := t.Close(); err != nil {
			return nil, err
		}
	}
}

// How often, and how long, a head in the lock is waited for.
const (
	lockTries = 5
	lockWait  = 20 * time.Millisecond
)

func openTrail(c TrailConfig) (*Trail, error) {
	path := filepath.Join(c.Dir, "journal.db")
	if _, err := os.Stat(path); err != nil {
		return nil, ErrNoTrail
	}
	t := &Trail{days: map[string]cipher.AEAD{}, broken: map[string]bool{}, there: map[string]bool{}}
	if c.LockFile == "" {
		c.LockFile = filepath.Join(c.Dir, "verrou.db")
	}
	if err := t.readLock(c.LockFile); err != nil {
		return nil, err
	}
	var err error
	if t.conn, err = openReading(path); err != nil {
		return nil, err
	}
	if c.Root != nil {
		k := derive(*c.Root)
		t.keys = &k
		err = t.each(`SELECT valeur FROM temoin WHERE cle = 'racine'`, nil, func(s *sqlite.Stmt) error {
			if string(column(s, 0)) != string(k.witness()) {
				return ErrOtherRoot
			}
			return nil
		})
		if err != nil {
			return nil, errors.Join(err, t.Close())
		}
	}
	return t, nil
}

func openReading(path string) (*sqlite.Conn, error) {
	c, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
	if err != nil {
		return nil, err
	}
	for _, q := range []string{"PRAGMA busy_timeout = 5000", "PRAGMA query_only = ON", "BEGIN"} {
		if err := sqlitex.ExecuteTransient(c, q, nil); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return c, nil
}

func (t *Trail) readLock(path string) error {
	if _, err := os.Stat(path); err != nil {
		return nil // the verification says that it is missing
	}
	c, err := openReading(path)
	if err != nil {
		return err
	}
	there := false
	err = sqlitex.Execute(c, `SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'verrou'`, &sqlitex.ExecOptions{ResultFunc: func(*sqlite.Stmt) error {
		there = true
		return nil
	}})
	if err != nil || !there {
		return errors.Join(err, c.Close())
	}
	err = sqlitex.Execute(c, `SELECT origine, note, precedent FROM verrou`, &sqlitex.ExecOptions{ResultFunc: func(s *sqlite.Stmt) error {
		l := trace.StoredCheckpoint{Origin: s.ColumnText(0), Note: s.ColumnText(1), Before: s.ColumnInt64(2)}
		l.Size = trace.SizeOf([]byte(l.Note))
		t.locked = append(t.locked, l)
		return nil
	}})
	return errors.Join(err, c.Close())
}

// Close gives the connection back.
func (t *Trail) Close() error { return t.conn.Close() }

func (t *Trail) each(q string, args []any, row func(*sqlite.Stmt) error) error {
	return sqlitex.Execute(t.conn, q, &sqlitex.ExecOptions{Args: args, ResultFunc: row})
}

// Logs implements trace.Source.
func (t *Trail) Logs(context.Context) (out []trace.StoredLog, err error) {
	err = t.each(`SELECT origine, first FROM arbre ORDER BY first, origine`, nil, func(s *sqlite.Stmt) error {
		out = append(out, trace.StoredLog{Origin: s.ColumnText(0), First: s.ColumnInt64(1)})
		return nil
	})
	return out, err
}

// Batches implements trace.Source.
func (t *Trail) Batches(ctx context.Context, from int64, each func(*trace.StoredBatch) error) error {
	var b trace.StoredBatch
	var stored sealedBatch
	return t.each(`SELECT first, count, nodes, sealed FROM batch WHERE first >= (SELECT COALESCE(MAX(first), $1) FROM batch WHERE first <= $1) ORDER BY first`, []any{from}, func(s *sqlite.Stmt) error {
		b = trace.StoredBatch{First: s.ColumnInt64(0), Count: s.ColumnInt64(1), Nodes: column(s, 2), Entries: b.Entries[:0]}
		stored.Entries = stored.Entries[:0]
		b.Broken = decode(column(s, 3), &stored) != nil
		for _, e := range stored.Entries {
			x := trace.StoredEntry{Class: trace.Class(e.Class), At: e.At, Commits: e.Commits}
			if len(e.Commits) == 2*trace.HashSize {
				hash := trace.LeafHash(x.Class, [trace.HashSize]byte(e.Commits), [trace.HashSize]byte(e.Commits[trace.HashSize:]))
				x.Person = t.part(trace.PartPerson, e.At, hash, e.Person)
				x.Internal = t.part(trace.PartInternal, e.At, hash, e.Internal)
			}
			b.Entries = append(b.Entries, x)
		}
		if err := each(&b); err != nil {
			return err
		}
		return ctx.Err()
	})
}

// part opens a part of an entry. Without the root key what is sealed stays so,
// and only whether it can still be opened is known.
func (t *Trail) part(name string, at int64, hash [trace.HashSize]byte, sealed []byte) trace.StoredPart {
	day := civil.On(time.Unix(at, 0))
	id := name + "|" + day.String()
	key, known := t.days[id]
	if !known {
		key = t.dayKey(day, name, id)
		t.days[id] = key
	}
	switch {
	case t.broken[id]:
		return trace.StoredPart{State: trace.PartBroken}
	case t.keys == nil && t.there[id]:
		return trace.StoredPart{State: trace.PartSealed}
	case key == nil:
		return trace.StoredPart{State: trace.PartErased}
	}
	text, err := open(key, "batch|"+name+"|"+hex.EncodeToString(hash[:]), sealed)
	if err != nil {
		return trace.StoredPart{State: trace.PartBroken}
	}
	return trace.StoredPart{Text: text}
}

// dayKey reads the key of a day, nil when it is destroyed.
func (t *Trail) dayKey(day civil.Date, name, id string) (key cipher.AEAD) {
	err := t.each(`SELECT cle FROM cle_jour WHERE jour = $1 AND partie = $2`, []any{day.String(), name}, func(s *sqlite.Stmt) error {
		t.there[id] = true
		if t.keys == nil {
			return nil
		}
		plain, err := open(t.keys.wrap, dayKeyPlace(day, name), column(s, 0))
		if err == nil {
			key = newAEAD(plain)
		}
		return err
	})
	t.broken[id] = err != nil
	return key
}

// Nodes implements trace.Source.
func (t *Trail) Nodes(_ context.Context, log trace.StoredLog) tlog.HashReader {
	return nodesOf(func(n int64) (first int64, nodes []byte, err error) {
		err = t.each(nodesQuery, []any{n}, func(s *sqlite.Stmt) error {
			first, nodes = s.ColumnInt64(0), column(s, 1)
			return nil
		})
		return first, nodes, err
	}, log)
}

// NextCheckpoint implements trace.Source.
func (t *Trail) NextCheckpoint(_ context.Context, origin string, size int64) (c trace.StoredCheckpoint, ok bool, err error) {
	err = t.each(`SELECT taille, note, precedent FROM point_controle WHERE origine = $1 AND taille > $2 ORDER BY taille LIMIT 1`, []any{origin, size}, func(s *sqlite.Stmt) error {
		c, ok = trace.StoredCheckpoint{Origin: origin, Size: s.ColumnInt64(0), Note: s.ColumnText(1), Before: s.ColumnInt64(2)}, true
		return nil
	})
	if err == nil && ok {
		err = t.each(`SELECT ligne FROM cosignature WHERE origine = $1 AND taille = $2 ORDER BY temoin`, []any{origin, c.Size}, func(s *sqlite.Stmt) error {
			c.Cosignatures += s.ColumnText(0)
			return nil
		})
	}
	return c, ok, err
}

// CheckpointOrigins implements trace.Source.
func (t *Trail) CheckpointOrigins(context.Context) (out []string, err error) {
	err = t.each(`SELECT origine FROM point_controle UNION SELECT c.origine || ' ' || c.taille FROM cosignature AS c WHERE NOT EXISTS (SELECT 1 FROM point_controle WHERE origine = c.origine AND taille = c.taille)`, nil, func(s *sqlite.Stmt) error {
		out = append(out, s.ColumnText(0))
		return nil
	})
	return out, err
}

// Erasures implements trace.Source.
func (t *Trail) Erasures(_ context.Context, each func(trace.StoredErasure) error) error {
	return t.each(`SELECT n, personne, interne FROM effacement ORDER BY n`, nil, func(s *sqlite.Stmt) error {
		return each(trace.StoredErasure{N: s.ColumnInt64(0), Person: column(s, 1), Internal: column(s, 2)})
	})
}

// Subjects implements trace.Source.
func (t *Trail) Subjects(_ context.Context, slice int64) (out []trace.SubjectRow, err error) {
	err = t.each(`SELECT digest, n, titulaire FROM subject WHERE tranche = $1 ORDER BY digest, n`, []any{slice}, func(s *sqlite.Stmt) error {
		r := trace.SubjectRow{N: s.ColumnInt64(1), Self: s.ColumnInt64(2) == 1}
		if s.ColumnLen(0) == len(r.Digest) {
			s.ColumnBytes(0, r.Digest[:])
		}
		out = append(out, r)
		return nil
	})
	return out, err
}

// StraySubjects implements trace.Source.
func (t *Trail) StraySubjects(_ context.Context, last int64) (n int64, err error) {
	err = t.each(`SELECT COUNT(*) FROM subject WHERE tranche < 0 OR tranche > $1`, []any{last}, func(s *sqlite.Stmt) error {
		n = s.ColumnInt64(0)
		return nil
	})
	return n, err
}

// Decisions implements trace.Source.
func (t *Trail) Decisions(_ context.Context, from, until int64) (out []trace.RecordRow, err error) {
	err = t.each(`SELECT `+eventColumns+` FROM partage_evenement WHERE trace >= $1 AND trace < $2 AND acte <> 'asked' ORDER BY trace`, []any{from, until}, func(s *sqlite.Stmt) error {
		values := make([]any, s.ColumnCount())
		for i := range values {
			switch s.ColumnType(i) {
			case sqlite.TypeInteger:
				values[i] = s.ColumnInt64(i)
			case sqlite.TypeText:
				values[i] = s.ColumnText(i)
			case sqlite.TypeBlob:
				values[i] = column(s, i)
			}
		}
		out = append(out, trace.RecordRow{N: s.ColumnInt64(len(values) - 1), Record: recordOf(values)})
		return nil
	})
	return out, err
}

// Locks implements trace.Source.
func (t *Trail) Locks(context.Context) ([]trace.StoredCheckpoint, error) { return t.locked, nil }

var _ trace.Source = (*Trail)(nil)

// ErrNoRoot says that what was asked needs the root key.
var ErrNoRoot = errors.New("the root key is needed: give it with --root, or its configuration")

// Accesses hands over the calls of a period, in order: what partners were
// served or refused. Errors: ErrNoRoot without the root key, since there is
// nothing to tell of whom; the context's, and the engine's.
func (t *Trail) Accesses(ctx context.Context, from, until time.Time, each func(trace.Access)) error {
	if t.keys == nil {
		return ErrNoRoot
	}
	return t.Batches(ctx, 0, func(b *trace.StoredBatch) error {
		for _, e := range b.Entries {
			if e.At < from.Unix() || e.At >= until.Unix() || e.Class != trace.AccessServed && e.Class != trace.AccessRefused || len(e.Commits) != 2*trace.HashSize {
				continue
			}
			a := trace.Access{Served: e.Class == trace.AccessServed, At: time.Unix(e.At, 0)}
			a.Hash = trace.LeafHash(e.Class, [trace.HashSize]byte(e.Commits), [trace.HashSize]byte(e.Commits[trace.HashSize:]))
			if e.Person.State == trace.PartOpen {
				p, err := trace.ReadPerson(e.Person.Text)
				if err != nil {
					return err
				}
				if p.Partner == "" {
					continue // the person's own reading
				}
				a.Partner = p.Partner
			}
			each(a)
		}
		return nil
	})
}

// Counted is what was counted against the quotas of each partner, between two
// days of Paris, the last one out.
func (t *Trail) Counted(_ context.Context, from, until civil.Date, each func(partner string, n int64)) error {
	return t.each(`SELECT (SELECT partenaire FROM convention WHERE id = q.convention ORDER BY version DESC LIMIT 1), SUM(pris) FROM quota AS q
		WHERE jour >= $1 AND jour < $2 GROUP BY convention`, []any{from.String(), until.String()}, func(s *sqlite.Stmt) error {
		each(s.ColumnText(0), s.ColumnInt64(1))
		return nil
	})
}
