package nation

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Compression is how a file is written. Each block of people is a frame of its
// own, so that the bytes do not depend on who compressed when.
type Compression int

// The three compressions that an import reads.
const (
	Plain Compression = iota
	Gzip
	Zstd
)

// job is one pass over the nation.
type job struct {
	out      io.Writer
	kind     Compression
	head     []byte // written first
	register *register
	// numbered sees each block in order, once it has its numbers; nil for none.
	numbered func(*block)
	// encode appends the lines of a block; nil for none.
	encode func(*scribe, *block, []byte) []byte
}

// run draws, numbers, encodes and writes every block. Births are drawn in
// parallel, numbers are given in the order of the blocks (a rank depends on
// everybody before), the rest is parallel again, and bytes leave in order.
func (n *Nation) run(ctx context.Context, j job) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	number, write := newTurns(), newTurns()
	var work sync.WaitGroup
	next := make(chan int)
	for range min(n.o.Workers, n.blocks()) {
		work.Go(func() {
			h := hand{job: j, scribe: newScribe(n), press: newPress(j.kind), number: number, write: write}
			for i := range next {
				if err := h.block(ctx, i); err != nil {
					stop(err)
					return
				}
			}
		})
	}
	feed(ctx, next, n.blocks())
	work.Wait()
	return context.Cause(ctx)
}

// hand is one worker of a job.
type hand struct {
	job
	*scribe
	*press
	number, write *turns
}

func (h *hand) block(ctx context.Context, i int) error {
	b := h.draw(i, h.source)
	if err := h.number.wait(ctx, i); err != nil {
		return err
	}
	if err := h.register.number(b); err != nil {
		return err
	}
	if h.numbered != nil {
		h.numbered(b)
	}
	h.number.done(i)
	if h.encode == nil {
		return nil
	}
	h.text = h.text[:0]
	if i == 0 {
		h.text = append(h.text, h.head...)
	}
	h.text = h.encode(h.scribe, b, h.text)
	frame, err := h.squeeze(h.text)
	if err != nil {
		return err
	}
	if err := h.write.wait(ctx, i); err != nil {
		return err
	}
	if _, err := h.out.Write(frame); err != nil {
		return err
	}
	h.progress(b.first + len(b.souls))
	h.write.done(i)
	return nil
}

// feed hands out the blocks in order.
func feed(ctx context.Context, next chan<- int, blocks int) {
	defer close(next)
	for i := range blocks {
		select {
		case next <- i:
		case <-ctx.Done():
			return
		}
	}
}

// turns lets blocks pass one by one, in order.
type turns struct {
	mu    sync.Mutex
	after map[int]chan struct{} // closed when the block may pass
}

func newTurns() *turns {
	first := make(chan struct{})
	close(first)
	return &turns{after: map[int]chan struct{}{0: first}}
}

func (t *turns) gate(i int) chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.after[i] == nil {
		t.after[i] = make(chan struct{})
	}
	return t.after[i]
}

// wait blocks until block i may pass, or the work is given up.
func (t *turns) wait(ctx context.Context, i int) error {
	select {
	case <-t.gate(i):
		return context.Cause(ctx)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// done lets the block after i pass.
func (t *turns) done(i int) {
	close(t.gate(i + 1))
	t.mu.Lock()
	delete(t.after, i)
	t.mu.Unlock()
}

// press compresses one frame at a time.
type press struct {
	kind Compression
	zstd *zstd.Encoder
	gzip *gzip.Writer
	buf  []byte
}

func newPress(c Compression) *press {
	p := &press{kind: c}
	switch c {
	case Zstd:
		p.zstd, _ = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest)) // these options are right
	case Gzip:
		p.gzip, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed) // this level exists
	}
	return p
}

func (p *press) squeeze(text []byte) ([]byte, error) {
	switch p.kind {
	case Zstd:
		p.buf = p.zstd.EncodeAll(text, p.buf[:0])
		return p.buf, nil
	case Gzip:
		buf := bytes.NewBuffer(p.buf[:0])
		p.gzip.Reset(buf)
		_, err := p.gzip.Write(text)
		if err == nil {
			err = p.gzip.Close()
		}
		p.buf = buf.Bytes()
		return p.buf, err
	}
	return text, nil
}
