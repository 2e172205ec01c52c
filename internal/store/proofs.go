package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/trace"
)

// Erased is the reason why an entry has no receipt any more: its person part is
// gone, and with it what a receipt would open.
const Erased = "ERASED"

// Proof makes the receipt of an entry, by its place among all entries. It rests
// on a signed head: the newest of those that most witnesses cosigned, if one holds
// the entry, else the newest; when none does yet, one is signed, within a second
// and with those asked for meanwhile. Errors:
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
		note, err := s.noteOver(ctx, origin, index)
		if err != nil {
			return c, unavailable("store: proof", err)
		}
		if note != "" {
			if c, err = s.logKeys(origin).Open([]byte(note)); err != nil {
				return c, fault.New(fault.ErreurInterne, "store: proof").Because("PROOF_BROKEN").With(err)
			}
			lines, err := s.cosignatures(ctx, c.Head)
			c.Note = trace.Cosigned(c.Note, lines)
			return c, unavailable("store: proof", err)
		}
		if err := s.signSoon(ctx); err != nil {
			return c, err
		}
	}
	return c, unavailable("store: proof", errNodes)
}

// receiptPace is the least time between two heads signed for receipts: those
// that are asked for meanwhile share the next one.
const receiptPace = time.Second

// receipts are those that wait for a signature.
type receipts struct {
	mu    sync.Mutex
	next  *signature
	ready <-chan time.Time // when the next one may be made; nil: now
}

// signature is one to come; err is set when done is closed.
type signature struct {
	done chan struct{}
	err  error
}

// signSoon signs the heads, once a pace at most, together with whoever else
// waits. It begins after it is asked for, and so holds what its caller has seen.
func (s *Store) signSoon(ctx context.Context) error {
	r := &s.receipts
	r.mu.Lock()
	mine := r.next
	if mine == nil {
		mine = &signature{done: make(chan struct{})}
		r.next = mine
		go s.signFor(context.WithoutCancel(ctx), mine, r.ready)
	}
	r.mu.Unlock()
	select {
	case <-mine.done:
		return mine.err
	case <-ctx.Done():
		return unavailable("store: proof", ctx.Err())
	}
}

func (s *Store) signFor(ctx context.Context, all *signature, ready <-chan time.Time) {
	if ready != nil {
		<-ready
	}
	r := &s.receipts
	r.mu.Lock()
	r.next, r.ready = nil, time.After(receiptPace)
	r.mu.Unlock()
	all.err = s.Beat(ctx)
	close(all.done)
}
