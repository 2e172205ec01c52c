package trace

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"droits.example/droits/internal/fault"
)

// Generation counts the changes that can make a decision stale: withdrawals,
// restrictions, keys and conventions. Each change bears the generation at
// which it was made.
type Generation int64

// Object names something whose change makes a decision stale: its class, a
// slash, what it is.
type Object string

// The classes of objects.
const (
	ObjectKey        = "cle"        // an API key
	ObjectConvention = "convention" // a convention
	ObjectSubject    = "sujet"      // the restrictions of a person
	ObjectSharing    = "partage"    // what holds between a person and a partner
	ObjectChoice     = "choix"      // what a person lets a partner read
	ObjectIdentity   = "identite"   // to whom a FranceConnect subject leads
)

// SubjectLeadsElsewhere is the internal reason of a refusal: the FranceConnect
// subject led to another person before.
const SubjectLeadsElsewhere = "SUBJECT_LEADS_ELSEWHERE"

// Class is the part before the slash.
func (o Object) Class() string {
	class, _, _ := strings.Cut(string(o), "/")
	return class
}

// Guard says at which generation a decision was taken and on what it rests.
// Objects is asked only when the generation has moved since.
type Guard struct {
	At      Generation
	Objects func() []Object
}

// Effect is something that must become durable in the same transaction as an
// entry: a consent given, a call counted against a quota. The ledger knows the
// concrete types that it can write.
type Effect interface{ Effect() }

// Pending is an entry on its way to the ledger. Refusal is committed in place
// of Leaf, without the effects, when the guard no longer holds.
type Pending struct {
	Leaf    Leaf
	Guard   Guard
	Effects []Effect
	Refusal func(Object) Leaf // nil: the entry stands whatever moved
	Moved   Object            // set by the ledger: why the refusal was committed, "" when it was not
	Index   int64             // set by the ledger: position among all entries
	Log     string            // set by the ledger: origin of the log that holds it
	Place   int64             // set by the ledger: position in that log
}

// Ledger makes batches durable. Commit is called by one goroutine at a time;
// when it returns nil every pending entry, or its refusal, is on disk
// (fsync included) with consecutive indexes in the order given; when it
// returns an error none of them counts. The slice is the caller's: it is not to
// be kept.
type Ledger interface {
	Commit(ctx context.Context, batch []*Pending) error
}

// Receipt proves that an entry is durable. Only a Writer makes one.
type Receipt struct {
	hash   [HashSize]byte
	index  int64
	place  int64
	moved  Object
	origin string
	ok     bool
}

// Valid reports whether the receipt comes from a writer.
func (r Receipt) Valid() bool { return r.ok }

// Moved is what had changed when the refusal was committed instead of the
// entry, "" when the entry itself was.
func (r Receipt) Moved() Object { return r.moved }

// Index is the position of the entry among all entries, whatever their log.
func (r Receipt) Index() int64 { return r.index }

// Log names the log that holds the entry, and the entry's position in it.
func (r Receipt) Log() (origin string, place int64) { return r.origin, r.place }

// String is the value of the header X-Trace: origin/leaf hash.
func (r Receipt) String() string {
	b := make([]byte, 0, 192)
	b = append(append(b, r.origin...), '/')
	return string(hex.AppendEncode(b, r.hash[:]))
}

// Writer is the one writer of the log. It is safe for concurrent use.
type Writer struct {
	ledger Ledger
	host   string
	name   atomic.Pointer[origin]
	free   sync.Pool // channels of those who waited to the end
	wake   chan struct{}
	done   chan struct{}

	mu     sync.Mutex
	queue  []*waiting // no longer than there are callers, those who left included
	needed int        // entries for which the writer wants to be woken, 0 when it works
	closed bool
}

// waiting is an entry whose caller waits for its commit.
type waiting struct {
	p    Pending
	done chan error
}

// origin names the log of a civil year.
type origin struct {
	year int
	name string
}

// The bounds of one commit (trust.md §3a): so many entries, or so long a wait.
// Under load a commit waits for company, because its cost is per sync and not
// per entry; a caller alone never waits.
const (
	MaxBatch   = 256
	gatherFor  = 1500 * time.Microsecond
	gatherFrom = 4  // entries in the last commit from which the next one waits
	gatherTo   = 32 // entries that end the wait
)

// NewWriter starts the writer. A ledger that keeps logs names the one that holds
// each entry; with one that does not, it is host/acces/year, one log per civil
// year (UTC, wherever the process runs).
func NewWriter(l Ledger, host string) *Writer {
	w := &Writer{
		ledger: l,
		host:   host,
		free:   sync.Pool{New: func() any { return make(chan error, 1) }},
		wake:   make(chan struct{}, 1),
		done:   make(chan struct{}),
	}
	w.name.Store(&origin{})
	go w.run()
	return w
}

// origin is the name of the log that holds an instant.
func (w *Writer) origin(t time.Time) string {
	year := t.UTC().Year()
	o := w.name.Load()
	if o.year != year {
		o = &origin{year, w.host + "/acces/" + t.UTC().Format("2006")}
		w.name.Store(o)
	}
	return o.name
}

// Append returns once the entry, or its refusal, is durable. Errors:
// service_indisponible when it is not, or may not be: nothing may leave then.
// A cancelled context stops the wait, not the commit.
func (w *Writer) Append(ctx context.Context, p Pending) (Receipt, error) {
	if err := ctx.Err(); err != nil {
		return Receipt{}, unavailable(err)
	}
	q := &waiting{p: p, done: w.free.Get().(chan error)}
	if !w.push(q) {
		return Receipt{}, unavailable(errClosed)
	}
	var err error
	select {
	case err = <-q.done:
	case <-ctx.Done():
		return Receipt{}, unavailable(ctx.Err())
	}
	w.free.Put(q.done) // empty, and nobody else holds it
	if err != nil {
		return Receipt{}, unavailable(err)
	}
	r := Receipt{hash: q.p.Leaf.Hash, index: q.p.Index, place: q.p.Place, moved: q.p.Moved, origin: q.p.Log, ok: true}
	if r.origin == "" {
		r.origin = w.origin(q.p.Leaf.At)
	}
	return r, nil
}

// push queues an entry; it is false once the writer is closed. What is queued
// is committed or refused, never forgotten.
func (w *Writer) push(q *waiting) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	w.queue = append(w.queue, q)
	if w.needed > 0 && len(w.queue) >= w.needed {
		w.rouse()
	}
	return true
}

// rouse wakes the writer. The caller holds the lock.
func (w *Writer) rouse() {
	w.needed = 0
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Close commits what waits and stops.
func (w *Writer) Close() {
	w.mu.Lock()
	w.closed = true
	w.rouse()
	w.mu.Unlock()
	<-w.done
}

var errClosed = errors.New("trace: writer closed")

func unavailable(err error) error {
	return fault.New(fault.ServiceIndisponible, "trace: append").Because("TRACE_NOT_WRITTEN").After(5 * time.Second).With(err)
}

func (w *Writer) run() {
	defer close(w.done)
	batch, pending := make([]*waiting, 0, MaxBatch), make([]*Pending, 0, MaxBatch)
	wait := time.NewTimer(time.Hour)
	for {
		last := len(batch)
		if w.sleepUntil(1, nil); last >= gatherFrom {
			wait.Reset(gatherFor)
			w.sleepUntil(gatherTo, wait.C)
		}
		if batch = w.take(batch[:0]); len(batch) == 0 {
			return
		}
		w.commit(batch, pending)
	}
}

// sleepUntil waits until so many entries are queued, the time is over, or the
// writer is closed.
func (w *Writer) sleepUntil(n int, over <-chan time.Time) {
	w.mu.Lock()
	for !w.closed && len(w.queue) < n {
		select {
		case <-w.wake: // of an earlier wait
		default:
		}
		w.needed = n
		w.mu.Unlock()
		select {
		case <-w.wake:
			w.mu.Lock()
		case <-over:
			w.mu.Lock()
			n = 0
		}
	}
	w.needed = 0
	w.mu.Unlock()
}

// take takes what waits, as much as one commit holds: while one commit syncs,
// the next batch forms by itself.
func (w *Writer) take(batch []*waiting) []*waiting {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := min(len(w.queue), MaxBatch)
	batch = append(batch, w.queue[:n]...)
	rest := copy(w.queue, w.queue[n:])
	clear(w.queue[rest:])
	w.queue = w.queue[:rest]
	return batch
}

func (w *Writer) commit(batch []*waiting, pending []*Pending) {
	for _, q := range batch {
		pending = append(pending, &q.p)
	}
	err := w.ledger.Commit(context.Background(), pending)
	clear(pending)
	for i, q := range batch {
		batch[i] = nil // once answered it is its caller's alone
		q.done <- err
	}
}
