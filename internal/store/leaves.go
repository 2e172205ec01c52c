package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"

	"github.com/tinylib/msgp/msgp"
	"zombiezen.com/go/sqlite"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/trace"
)

// pen writes the rows of the trail inside a transaction that is open: that of a
// batch of entries, on the ledger's connection, or that of an act.
type pen interface {
	// put runs a statement.
	put(query string, args ...any) error
	// blob reads the first column of the first row, nil when there is none.
	blob(query string, args ...any) ([]byte, error)
}

func (l *ledger) put(query string, args ...any) error {
	return l.query(query, binder(args), nil)
}

func (l *ledger) blob(query string, args ...any) (out []byte, err error) {
	err = l.query(query, binder(args), func(s *sqlite.Stmt) error {
		if out == nil {
			out = column(s, 0)
		}
		return nil
	})
	return out, err
}

func binder(args []any) func(*sqlite.Stmt) {
	return func(s *sqlite.Stmt) {
		for i, a := range args {
			switch a := a.(type) {
			case int64:
				s.BindInt64(i+1, a)
			case int:
				s.BindInt64(i+1, int64(a))
			case string:
				s.BindText(i+1, a)
			case []byte:
				s.BindBytes(i+1, a)
			default:
				s.BindNull(i + 1)
			}
		}
	}
}

// actPen writes in the transaction of an act.
type actPen struct {
	ctx context.Context
	tx  *sql.Tx
}

func (p actPen) put(query string, args ...any) error {
	_, err := p.tx.ExecContext(p.ctx, query, args...)
	return err
}

func (p actPen) blob(query string, args ...any) (out []byte, err error) {
	err = p.tx.QueryRowContext(p.ctx, query, args...).Scan(&out)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return out, err
}

// sliceBits makes slices of 1,024 entries of the subject rows.
const sliceBits = 10

// placeOf is where a part of an entry lies, valid until the next one.
func (l *ledger) placeOf(part string, leaf *trace.Leaf) []byte {
	l.place = hex.AppendEncode(append(l.place[:0], part...), leaf.Hash[:])
	return l.place
}

// write seals the parts, each under its own day key, and inserts the batch and
// its subject rows. The transaction is its caller's, who then says written or
// undone.
func (l *ledger) write(to pen, batch []*trace.Pending) error {
	leaves := make([]byte, 0, len(batch)*trace.HashSize)
	sealed := msgp.AppendArrayHeader(msgp.AppendArrayHeader(l.scratch[:0], 1), uint32(len(batch))) // a sealedBatch
	for i, p := range batch {
		p.Index = l.next + int64(i)
		leaf := &p.Leaf
		person, internal, err := l.dayKeys(to, civil.On(leaf.At))
		if err != nil {
			return err
		}
		sealed = msgp.AppendInt64(msgp.AppendByte(msgp.AppendArrayHeader(sealed, 4), byte(leaf.Class)), leaf.At.Unix())
		sealed = appendSealed(msgp.AppendBytesHeader(sealed, sealedSize(person, leaf.Person)), person, l.placeOf("batch|person|", leaf), leaf.Person)
		sealed = appendSealed(msgp.AppendBytesHeader(sealed, sealedSize(internal, leaf.Internal)), internal, l.placeOf("batch|internal|", leaf), leaf.Internal)
		leaves = append(leaves, leaf.Hash[:]...)
	}
	l.scratch = sealed
	if err := to.put(`INSERT INTO batch (first, count, at, leaves, sealed) VALUES ($1, $2, $3, $4, $5)`, l.next, len(batch), millis(l.clock()), leaves, sealed); err != nil {
		return err
	}
	for _, p := range batch {
		for i := -1; i < len(p.Leaf.Others); i++ {
			d, self := &p.Leaf.Subject, 1
			if i >= 0 {
				d, self = &p.Leaf.Others[i], 0
			}
			if *d == (trace.Digest{}) {
				continue
			}
			if err := to.put(`INSERT INTO subject (tranche, digest, n, titulaire) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, p.Index>>sliceBits, d[:], p.Index, self); err != nil {
				return err
			}
		}
	}
	return nil
}

// written moves the head past a batch whose transaction is durable.
func (l *ledger) written(batch []*trace.Pending) { l.next += int64(len(batch)) }

// undone reads the head again after a transaction that failed: it may have
// happened and been reported lost, so the file is asked.
func (l *ledger) undone() error {
	l.days.forget()
	return l.readHead()
}
