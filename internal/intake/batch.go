package intake

import (
	"context"
	"crypto/sha256"
	"encoding"
	"errors"
	"hash"
	"io"
	"runtime"
)

// A batch ends after so many lines or bytes of the file.
const (
	batchLines = 512
	batchBytes = 1 << 20
)

// chunk is some lines of the file, as they lie there.
type chunk struct {
	text []byte
	ends []int // of each line in text, its own end included
	long []int // lines longer than a line may be: counted, and empty in text
	mark Mark
	raw  int64
	out  chan parsed
}

// parsed is a batch ready to be put, or why the load stops.
type parsed struct {
	Batch
	raw int64 // bytes read of the file as it lies on disk
	err error
}

// batches reads the file in one goroutine and parses and prepares in as many
// as there are cores; what it gives comes in the order of the file. It ends
// with the file, with an error, or with ctx.
func (l *load) batches(ctx context.Context) <-chan (chan parsed) {
	workers := runtime.GOMAXPROCS(0)
	work, order := make(chan *chunk, workers), make(chan (chan parsed), 2*workers)
	l.running.Go(func() {
		defer close(order)
		defer close(work)
		for {
			c, err := l.chunk()
			if err != nil && !errors.Is(err, io.EOF) {
				c.out <- parsed{err: err}
				send(ctx, order, c.out)
				return
			}
			if len(c.ends) == 0 || !send(ctx, work, c) || !send(ctx, order, c.out) || err != nil {
				return
			}
		}
	})
	for range workers {
		l.running.Go(func() {
			for c := range work {
				p := l.parse(c)
				l.texts.Put(&c.text) // rows hold copies
				c.out <- p
			}
		})
	}
	return order
}

func send[T any](ctx context.Context, to chan<- T, v T) bool {
	select {
	case to <- v:
		return true
	case <-ctx.Done():
		return false
	}
}

// parse reads the lines of a chunk and prepares the rows. It is called on
// several goroutines at once.
func (l *load) parse(c *chunk) (p parsed) {
	p.raw, p.Mark = c.raw, c.mark
	line, start, long := c.mark.Lines-len(c.ends), 0, c.long
	for i, end := range c.ends {
		line++
		if len(long) > 0 && long[0] == i {
			long = long[1:]
			p.Rejects = append(p.Rejects, Reject{Line: line, Rule: LineTooLong})
			continue
		}
		text := c.text[start:end]
		start = end
		row, bad, err := parseText(text, line, l.Summary.Header)
		switch {
		case err != nil:
			p.err = err
			return p
		case bad != nil:
			p.Rejects = append(p.Rejects, *bad)
		default:
			p.Rows = append(p.Rows, row)
		}
	}
	p.Prepared, p.err = l.sink.Prepare(p.Rows)
	return p
}

// chunk reads the next lines. With io.EOF the chunk may hold the last ones;
// with any other error it holds nothing to use.
func (l *load) chunk() (*chunk, error) {
	c, r := &chunk{out: make(chan parsed, 1), ends: make([]int, 0, batchLines)}, l.reader
	if b, ok := l.texts.Get().(*[]byte); ok {
		c.text = (*b)[:0]
	}
	for len(c.ends) < batchLines && len(c.text) < batchBytes {
		b, long, err := r.next()
		if err != nil {
			c.mark, c.raw = r.mark(), r.raw.n
			return c, err
		}
		if long {
			c.long = append(c.long, len(c.ends))
		} else {
			c.text = append(c.text, b...)
		}
		c.ends = append(c.ends, len(c.text))
	}
	c.mark, c.raw = r.mark(), r.raw.n
	return c, nil
}

// mark is where the reader stands. Without a state of the hash, nothing can be
// resumed from there.
func (r *Reader) mark() (m Mark) {
	m.Lines = r.line
	if h, ok := r.sum.(encoding.BinaryMarshaler); ok {
		m.Sum, _ = h.MarshalBinary() // SHA-256's does not fail
	}
	return m
}

// skip passes over the lines before a mark and reports whether they are those
// that were read when the mark was made.
func (r *Reader) skip(ctx context.Context, to Mark) (bool, error) {
	for r.line < to.Lines {
		if _, _, err := r.next(); errors.Is(err, io.EOF) {
			return false, nil
		} else if err != nil {
			return false, err
		}
		if r.line%batchLines == 0 && ctx.Err() != nil {
			return false, ctx.Err()
		}
	}
	return len(to.Sum) > 0 && string(r.mark().Sum) == string(to.Sum), nil
}

func newSum() hash.Hash { return sha256.New() }
