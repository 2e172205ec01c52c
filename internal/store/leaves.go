package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"strings"
	"time"

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
	if l.disk == nil || l.disk.fail == nil {
		return l.query(query, binder(args), nil)
	}
	return l.disk.write(func() error { return l.query(query, binder(args), nil) })
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
	ctx  context.Context
	tx   *sql.Tx
	disk *disk
}

func (p actPen) put(query string, args ...any) error {
	return p.disk.write(func() error {
		_, err := p.tx.ExecContext(p.ctx, query, args...)
		return err
	})
}

func (p actPen) blob(query string, args ...any) (out []byte, err error) {
	err = p.tx.QueryRowContext(p.ctx, query, args...).Scan(&out)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return out, err
}

// placeOf is where a part of an entry lies, valid until the next one.
func (l *ledger) placeOf(part string, leaf *trace.Leaf) []byte {
	l.place = hex.AppendEncode(append(l.place[:0], part...), leaf.Hash[:])
	return l.place
}

// edge is where the trail stands: the log being written, its tree, and the place
// of the next entry.
type edge struct {
	logs []trace.StoredLog // all of them, the one being written last
	tree trace.Tree
	next int64
}

func (h *edge) copy() edge { return edge{h.logs, h.tree.Copy(), h.next} }

// log is the one being written; none yet has no origin.
func (h *edge) log() trace.StoredLog {
	if len(h.logs) == 0 {
		return trace.StoredLog{}
	}
	return h.logs[len(h.logs)-1]
}

// write seals the parts, each under its own day key, and inserts the batch, its
// tree nodes and its subject rows; entries that begin another log make a batch
// of their own. The transaction is its caller's, who then says written or
// undone.
func (l *ledger) write(to pen, batch []*trace.Pending) error {
	if l.refused != nil {
		return l.refused
	}
	l.draft = l.head.copy()
	for len(batch) > 0 {
		if err := l.enter(to, batch[0].Leaf.At); err != nil {
			return err
		}
		n := 1
		for n < len(batch) && l.successor(batch[n].Leaf.At) == "" {
			n++
		}
		if err := l.writeBatch(to, batch[:n]); err != nil {
			return err
		}
		batch = batch[n:]
	}
	return nil
}

func (l *ledger) writeBatch(to pen, batch []*trace.Pending) error {
	h := &l.draft
	log := h.log()
	sealed := msgp.AppendArrayHeader(msgp.AppendArrayHeader(l.scratch[:0], 1), uint32(len(batch))) // a sealedBatch
	nodes := l.nodes[:0]
	for i, p := range batch {
		p.Index = h.next + int64(i)
		p.Log, p.Place = log.Origin, p.Index-log.First
		leaf := &p.Leaf
		person, internal, err := l.dayKeys(to, civil.On(leaf.At))
		if err != nil {
			return err
		}
		sealed = msgp.AppendInt64(msgp.AppendByte(msgp.AppendArrayHeader(sealed, 5), byte(leaf.Class)), leaf.At.Unix())
		sealed = msgp.AppendBytes(sealed, leaf.Commits[:])
		sealed = appendSealed(msgp.AppendBytesHeader(sealed, sealedSize(person, leaf.Person)), person, l.placeOf("batch|person|", leaf), leaf.Person)
		sealed = appendSealed(msgp.AppendBytesHeader(sealed, sealedSize(internal, leaf.Internal)), internal, l.placeOf("batch|internal|", leaf), leaf.Internal)
		nodes = h.tree.Append(nodes, leaf.Hash)
	}
	l.scratch, l.nodes = sealed, nodes
	if err := to.put(`INSERT INTO batch (first, count, nodes, sealed) VALUES ($1, $2, $3, $4)`, h.next, len(batch), nodes, sealed); err != nil {
		return err
	}
	for _, p := range batch {
		if err := writeSubjects(to, p); err != nil {
			return err
		}
	}
	h.next += int64(len(batch))
	return nil
}

// writeSubjects writes the rows by which people find an entry, and the clear
// copy of an erasure's event.
func writeSubjects(to pen, p *trace.Pending) error {
	for i := -1; i < len(p.Leaf.Others); i++ {
		d, self := &p.Leaf.Subject, 1
		if i >= 0 {
			d, self = &p.Leaf.Others[i], 0
		}
		if *d == (trace.Digest{}) {
			continue
		}
		if err := to.put(`INSERT INTO subject (tranche, digest, n, titulaire) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, p.Index>>trace.SliceBits, d[:], p.Index, self); err != nil {
			return err
		}
	}
	if p.Leaf.Class != trace.Erasure {
		return nil
	}
	return to.put(`INSERT INTO effacement (n, personne, interne) VALUES ($1, $2, $3)`, p.Index, p.Leaf.Person, p.Leaf.Commits[trace.HashSize:])
}

// successor is the origin of the log that an entry of an instant begins, ""
// when it goes on in the one being written: so does a late entry of an earlier
// year, and one for which the log of its year was left before.
func (l *ledger) successor(at time.Time) string {
	now := l.draft.log().Origin
	origin := l.host + "/acces/" + at.UTC().Format("2006")
	if now == origin || strings.HasPrefix(now, l.host+"/") && now > origin {
		return ""
	}
	for _, g := range l.draft.logs {
		if g.Origin == origin {
			return ""
		}
	}
	return origin
}

// enter opens the log that an entry begins. The lock holds its empty head
// before anything is written in it.
func (l *ledger) enter(to pen, at time.Time) error {
	origin := l.successor(at)
	if origin == "" {
		return nil
	}
	if err := l.lock.begin(origin, l.seed, at); err != nil {
		return err
	}
	if err := to.put(`INSERT INTO arbre (origine, first) VALUES ($1, $2)`, origin, l.draft.next); err != nil {
		return err
	}
	h := &l.draft
	h.logs = append(h.logs[:len(h.logs):len(h.logs)], trace.StoredLog{Origin: origin, First: h.next})
	h.tree = trace.Tree{}
	return nil
}

// written makes the draft the head, once its transaction is durable.
func (l *ledger) written() { l.head = l.draft }

// undone reads the head again after a transaction that failed: it may have
// happened and been reported lost, so the file is asked.
func (l *ledger) undone() error {
	l.days.forget()
	return l.readHead()
}

// readHead reads where the trail stands, its tree from the nodes that are
// stored.
func (l *ledger) readHead() error {
	h := edge{}
	err := l.query(`SELECT origine, first FROM arbre ORDER BY first, origine`, nil, func(s *sqlite.Stmt) error {
		h.logs = append(h.logs, trace.StoredLog{Origin: s.ColumnText(0), First: s.ColumnInt64(1)})
		return nil
	})
	if err == nil {
		err = l.query(`SELECT COALESCE(MAX(first + count), 0) FROM batch`, nil, func(s *sqlite.Stmt) error {
			h.next = s.ColumnInt64(0)
			return nil
		})
	}
	if err != nil {
		return err
	}
	log := h.log()
	if h.tree, err = trace.TreeAt(h.next-log.First, nodesOf(l.nodesAt, log)); err != nil {
		return err
	}
	l.head = h
	return nil
}

// nodesAt reads the batch that holds an entry.
func (l *ledger) nodesAt(n int64) (first int64, nodes []byte, err error) {
	err = l.query(nodesQuery, binder([]any{n}), func(s *sqlite.Stmt) error {
		first, nodes = s.ColumnInt64(0), column(s, 1)
		return nil
	})
	return first, nodes, err
}

const nodesQuery = `SELECT first, nodes FROM batch WHERE first <= $1 ORDER BY first DESC LIMIT 1`
