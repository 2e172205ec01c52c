package store

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sort"

	"zombiezen.com/go/sqlite"
)

// An index leads from keyed digests of 8 bytes to rows of personne. Its
// entries are 12 bytes (digest, row), sorted, in buckets of a few dozen: a
// bucket is one row of a table, found by the first bits of the digest. A load
// writes the buckets in order, full pages one after the other: 25 to 26 bytes a
// person, who has two entries. A delta rewrites the buckets that it touches.
// Digests are unordered by construction, so buckets fill evenly. A collision
// only adds a candidate: rows are compared again.

// entry is one row of an index.
type entry struct {
	digest uint64
	row    uint32
}

const (
	entrySize  = 12
	bucketFill = 48 // entries of a bucket at most, on average, when it is written
)

func byDigest(a, b entry) int {
	if c := cmp.Compare(a.digest, b.digest); c != 0 {
		return c
	}
	return cmp.Compare(a.row, b.row)
}

func appendEntry(b []byte, e entry) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(b, e.digest), e.row)
}

func entryAt(b []byte, i int) entry {
	b = b[i*entrySize:]
	return entry{binary.BigEndian.Uint64(b), binary.BigEndian.Uint32(b[8:])}
}

// rowsOf appends the rows of a digest in a bucket, each once.
func rowsOf(rows []int64, bucket []byte, digest uint64) []int64 {
	n := len(bucket) / entrySize
	for i := sort.Search(n, func(i int) bool { return entryAt(bucket, i).digest >= digest }); i < n; i++ {
		e := entryAt(bucket, i)
		if e.digest != digest {
			break
		}
		if r := int64(e.row); !slices.Contains(rows, r) {
			rows = append(rows, r)
		}
	}
	return rows
}

// bitsFor is how many first bits of a digest name its bucket.
func bitsFor(entries int64) int {
	bits := 0
	for entries>>bits > bucketFill {
		bits++
	}
	return bits
}

// index is one index of a population, by its statements.
type index struct {
	table string
	read  string
	write string
}

func indexOf(table string) index {
	return index{table, `SELECT entrees FROM ` + table + ` WHERE seau = $1`, `INSERT INTO ` + table + ` (seau, entrees) VALUES ($1, $2) ON CONFLICT (seau) DO UPDATE SET entrees = excluded.entrees`}
}

// The indexes of a population: by identity keys, by number, by the file's
// identifier.
var (
	identityIndex = indexOf("index_identite")
	numberIndex   = indexOf("index_nir")
	nameIndex     = indexOf("index_ligne")
)

// bits are the bucket bits of each index, kept in the population.
type bits struct{ identite, nir, ligne int }

func (b bits) of(x index) int {
	switch x.table {
	case identityIndex.table:
		return b.identite
	case numberIndex.table:
		return b.nir
	}
	return b.ligne
}

func bucketOf(digest uint64, bits int) int64 { return int64(digest >> (64 - bits)) }

// probe is an index to look into: its read, and the bits of its buckets.
type probe struct {
	query string
	bits  int
}

func (b bits) probe(x index) probe { return probe{x.read, b.of(x)} }

// rows appends the rows of a digest.
func (p probe) rows(c *sqlite.Conn, digest uint64, rows []int64) ([]int64, error) {
	stmt, err := c.Prepare(p.query)
	if err != nil {
		return rows, err
	}
	stmt.BindInt64(1, bucketOf(digest, p.bits))
	found, err := stmt.Step()
	if found && err == nil {
		var room [bucketFill * 2 * entrySize]byte
		b := room[:]
		if n := stmt.ColumnLen(0); n <= len(b) {
			b = b[:n]
		} else {
			b = make([]byte, n)
		}
		stmt.ColumnBytes(0, b)
		if len(b)%entrySize != 0 {
			err = errors.New("store: an index is damaged")
		} else {
			rows = rowsOf(rows, b, digest)
		}
	}
	return rows, errors.Join(err, stmt.Reset())
}

// buckets writes an index from sorted entries.
type buckets struct {
	f      *building
	x      index
	bits   int
	at     int64
	page   []byte
	inside bool
}

func (w *buckets) add(e entry) error {
	at := bucketOf(e.digest, w.bits)
	if w.inside && at != w.at {
		if err := w.flush(); err != nil {
			return err
		}
	}
	w.at, w.inside, w.page = at, true, appendEntry(w.page, e)
	return nil
}

func (w *buckets) flush() error {
	if !w.inside {
		return nil
	}
	w.inside = false
	err := w.f.exec(w.x.write, w.at, w.page)
	w.page = w.page[:0]
	return err
}

// amend is the change of an index by a delta: buckets are read when touched
// and written at the end.
type amend struct {
	f     *building
	x     index
	bits  int
	dirty map[int64][]entry
}

func newAmend(f *building, x index, b bits) *amend {
	return &amend{f, x, b.of(x), map[int64][]entry{}}
}

func (a *amend) bucket(digest uint64) (int64, error) {
	at := bucketOf(digest, a.bits)
	if _, here := a.dirty[at]; here {
		return at, nil
	}
	var list []entry
	err := a.f.each(a.x.read, func(s *sqlite.Stmt) error {
		b := column(s, 0)
		for i := range len(b) / entrySize {
			list = append(list, entryAt(b, i))
		}
		return nil
	}, at)
	a.dirty[at] = list
	return at, err
}

// rows are those of a digest, as changed so far.
func (a *amend) rows(digest uint64) (out []int64, err error) {
	at, err := a.bucket(digest)
	for _, e := range a.dirty[at] {
		if e.digest == digest {
			out = append(out, int64(e.row))
		}
	}
	return out, err
}

func (a *amend) add(e entry) error {
	at, err := a.bucket(e.digest)
	if err != nil {
		return err
	}
	if i, found := slices.BinarySearchFunc(a.dirty[at], e, byDigest); !found {
		a.dirty[at] = slices.Insert(a.dirty[at], i, e)
	}
	return nil
}

func (a *amend) remove(e entry) error {
	at, err := a.bucket(e.digest)
	if err != nil {
		return err
	}
	if i, found := slices.BinarySearchFunc(a.dirty[at], e, byDigest); found {
		a.dirty[at] = slices.Delete(a.dirty[at], i, i+1)
	}
	return nil
}

func (a *amend) write() error {
	for at, list := range a.dirty {
		page := make([]byte, 0, len(list)*entrySize)
		for _, e := range list {
			page = appendEntry(page, e)
		}
		if err := a.f.exec(a.x.write, at, page); err != nil {
			return err
		}
	}
	return nil
}

// IndexBytes is what the identity index takes on disk, its pages counted
// whole. Errors: service_indisponible.
func (s *Store) IndexBytes(ctx context.Context) (n int64, err error) {
	p := s.state.Load().population
	if p.path == "" {
		return 0, nil
	}
	f, err := openReader(p.path, p.load)
	if err != nil {
		return 0, unavailable("store: index", err)
	}
	defer f.close()
	err = f.each(`SELECT COALESCE(SUM(pgsize), 0) FROM dbstat WHERE name = $1`, func(s *sqlite.Stmt) error {
		n = s.ColumnInt64(0)
		return ctx.Err()
	}, identityIndex.table)
	return n, unavailable("store: index", err)
}

// String never prints a digest.
func (e entry) String() string { return fmt.Sprintf("entry(%d)", e.row) }
