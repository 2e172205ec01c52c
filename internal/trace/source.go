package trace

import (
	"context"
	"errors"

	"golang.org/x/mod/sumdb/tlog"
)

// Source is a trail as it is stored, to be verified: it decodes and opens, and
// believes nothing. Everything comes in order, a little at a time, so that the
// memory of a verification does not grow with the trail. Errors say that the
// source could not be read; what is wrong in it is data.
type Source interface {
	// Logs are the logs, the oldest first.
	Logs(ctx context.Context) ([]StoredLog, error)
	// Batches reads the batches from the one that holds an entry on.
	Batches(ctx context.Context, from int64, each func(*StoredBatch) error) error
	// Nodes reads stored nodes of a log.
	Nodes(ctx context.Context, log StoredLog) tlog.HashReader
	// NextCheckpoint is the first one of a log that is larger than a size.
	NextCheckpoint(ctx context.Context, origin string, size int64) (c StoredCheckpoint, ok bool, err error)
	// CheckpointOrigins are the logs of which there are checkpoints.
	CheckpointOrigins(ctx context.Context) ([]string, error)
	// Erasures are the events that say what is gone, in order.
	Erasures(ctx context.Context, each func(StoredErasure) error) error
	// Subjects are the rows of a slice of the index of persons, by digest, then
	// entry.
	Subjects(ctx context.Context, slice int64) ([]SubjectRow, error)
	// StraySubjects counts the rows outside the slices up to one, the others
	// below zero included.
	StraySubjects(ctx context.Context, last int64) (int64, error)
	// Decisions are the lines of what people decided whose entries are from one
	// to before another, by entry.
	Decisions(ctx context.Context, from, until int64) ([]RecordRow, error)
	// Locks are the heads that the lock holds.
	Locks(ctx context.Context) ([]StoredCheckpoint, error)
}

// RecordRow is a line that an act left beside the log: its entry, and the
// SHA-256 of what it says.
type RecordRow struct {
	N      int64
	Record [HashSize]byte
}

// ErrNodes says that the stored nodes of a tree are not where they should be.
var ErrNodes = errors.New("trace: the stored nodes of the trail are cut or missing")

// SliceBits makes slices of 1,024 entries of the index of persons.
const SliceBits = 10

// StoredLog is a log and its first entry.
type StoredLog struct {
	Origin string
	First  int64
}

// StoredBatch is one commit. Broken says that it could not be decoded: the
// entries are then those that could.
type StoredBatch struct {
	First   int64
	Count   int64
	Nodes   []byte
	Entries []StoredEntry
	Broken  bool
}

// StoredEntry is an entry of a batch.
type StoredEntry struct {
	Class    Class
	At       int64  // whole seconds
	Commits  []byte // both commitments
	Person   StoredPart
	Internal StoredPart
}

// StoredPart is a part of an entry: salt and canonical JSON, when it is open.
type StoredPart struct {
	Text  []byte
	State PartState
}

// PartState says whether a part could be opened.
type PartState byte

// The states of a part.
const (
	PartOpen   PartState = iota
	PartSealed           // no key was given to open anything
	PartErased           // its day has no key any more
	PartBroken           // it does not open
)

// StoredCheckpoint is a signed head with the size and origin under which it is
// kept.
type StoredCheckpoint struct {
	Origin       string
	Size         int64
	Before       int64 // size of the one signed before it
	Note         string
	Cosignatures string // lines of witnesses
}

// StoredErasure is the event of an erasure, kept in clear.
type StoredErasure struct {
	N        int64
	Person   []byte // salt ‖ canonical JSON
	Internal []byte // commitment
}

// SubjectRow is a row of the index of persons.
type SubjectRow struct {
	Digest Digest
	N      int64
	Self   bool // the connected person, or the one whom an act concerns
}
