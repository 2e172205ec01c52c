package provider

import (
	"crypto/sha256"
	"time"
)

// sweepEvery is how often what has expired is dropped.
const sweepEvery = 10 * time.Second

// Digest is how a secret thing is named in a Table.
type Digest = [32]byte

// DigestOf names a value.
func DigestOf(s string) Digest { return sha256.Sum256([]byte(s)) }

// Table is a bounded map of things that expire. When it is full after a sweep,
// some entries are forgotten early. It is used under a lock of its owner.
type Table[V any] struct {
	rows    map[Digest]V
	max     int
	end     func(V) time.Time
	sweptAt time.Time
}

// NewTable makes an empty table of a bound; end is when a thing expires.
func NewTable[V any](bound int, end func(V) time.Time) Table[V] {
	return Table[V]{rows: map[Digest]V{}, max: bound, end: end}
}

// Put keeps a thing.
func (t *Table[V]) Put(now time.Time, k Digest, v V) {
	if now.Sub(t.sweptAt) >= sweepEvery || len(t.rows) >= t.max {
		for k, v := range t.rows {
			if !now.Before(t.end(v)) {
				delete(t.rows, k)
			}
		}
		t.sweptAt = now
	}
	for k := range t.rows { // still full: forget some
		if len(t.rows) < t.max {
			break
		}
		delete(t.rows, k)
	}
	t.rows[k] = v
}

// Get finds a thing that has not expired.
func (t *Table[V]) Get(now time.Time, k Digest) (v V, ok bool) {
	if v, ok = t.rows[k]; ok && !now.Before(t.end(v)) {
		return v, false
	}
	return v, ok
}

// Drop forgets a thing.
func (t *Table[V]) Drop(k Digest) { delete(t.rows, k) }

// DropIf forgets every thing of which gone is true.
func (t *Table[V]) DropIf(gone func(V) bool) {
	for k, v := range t.rows {
		if gone(v) {
			delete(t.rows, k)
		}
	}
}

// Len counts what is kept, expired or not.
func (t *Table[V]) Len() int { return len(t.rows) }
