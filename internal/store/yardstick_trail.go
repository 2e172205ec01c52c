package store

import (
	"context"
	"errors"
	"path/filepath"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"droits.example/droits/internal/trace"
)

// BareLedger is what the trail is compared with: the same group commit, with
// the same durability, of one row an entry, of the size that the entry has once
// sealed. Nothing is hashed, sealed, indexed or guarded.
type BareLedger struct {
	conn *sqlite.Conn
	next int64
}

// OpenBareLedger makes one in a folder of its own.
func OpenBareLedger(dir string) (*BareLedger, error) {
	path := filepath.Join(dir, "bare.db")
	if err := private(path); err != nil {
		return nil, err
	}
	c, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	for _, q := range []string{
		"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA cache_size = -4096", "PRAGMA wal_autocheckpoint = 4000",
		`CREATE TABLE ligne (n INTEGER PRIMARY KEY, contenu BLOB NOT NULL) STRICT`,
	} {
		if err := sqlitex.ExecuteTransient(c, q, nil); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return &BareLedger{conn: c}, nil
}

// sealOverhead is what sealing adds to a part: nonce and tag.
const sealOverhead = 12 + 16

// Commit implements trace.Ledger.
func (b *BareLedger) Commit(_ context.Context, batch []*trace.Pending) error {
	l := ledger{conn: b.conn}
	if err := l.put(`BEGIN IMMEDIATE`); err != nil {
		return err
	}
	for i, p := range batch {
		row := make([]byte, len(p.Leaf.Person)+len(p.Leaf.Internal)+2*sealOverhead+len(p.Leaf.Commits)+len(p.Leaf.Hash))
		copy(row, p.Leaf.Person)
		if err := l.put(`INSERT INTO ligne (n, contenu) VALUES ($1, $2)`, b.next+int64(i), row); err != nil {
			return errors.Join(err, l.put(`ROLLBACK`))
		}
	}
	if err := l.put(`COMMIT`); err != nil {
		return err
	}
	b.next += int64(len(batch))
	return nil
}

// Close closes it.
func (b *BareLedger) Close() error { return b.conn.Close() }
