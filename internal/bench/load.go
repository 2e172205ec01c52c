package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sort"
	"strconv"
	"sync"
	"time"
)

// requests are the raw bytes of calls, one chosen at random each time. Raw
// sockets keep the load generator cheap beside the server that it measures.
type requests [][]byte

// answer is what the generator reads of an answer.
type answer struct {
	status int
	trace  [64]byte // leaf hash in hex, zero when there was none
}

// caller is one connection.
type caller struct {
	conn net.Conn
	r    *bufio.Reader
	rng  *rand.Rand
}

func dial(addr string, seed uint64) (*caller, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &caller{c, bufio.NewReaderSize(c, 16<<10), rand.New(rand.NewPCG(seed, 1))}, nil
}

func (c *caller) call(req []byte) (a answer, err error) {
	if _, err := c.conn.Write(req); err != nil {
		return a, err
	}
	line, err := c.r.ReadSlice('\n')
	if err != nil || len(line) < 12 {
		return a, errors.Join(err, io.ErrUnexpectedEOF)
	}
	a.status, _ = strconv.Atoi(string(line[9:12]))
	length := 0
	for {
		if line, err = c.r.ReadSlice('\n'); err != nil {
			return a, err
		}
		if len(line) <= 2 {
			break
		}
		switch {
		case bytes.HasPrefix(line, []byte("Content-Length: ")):
			length, _ = strconv.Atoi(string(bytes.TrimSpace(line[16:])))
		case bytes.HasPrefix(line, []byte("X-Trace: ")):
			if v := bytes.TrimSpace(line[9:]); len(v) > 64 {
				copy(a.trace[:], v[len(v)-64:])
			}
		}
	}
	_, err = c.r.Discard(length)
	return a, err
}

// result is one round of load.
type result struct {
	calls, failed int
	traces        [][64]byte
	latencies     []time.Duration
	took          time.Duration
}

func (r result) rate() float64 { return float64(r.calls) / r.took.Seconds() }

func (r result) quantile(q float64) time.Duration {
	if len(r.latencies) == 0 {
		return 0
	}
	sort.Slice(r.latencies, func(i, j int) bool { return r.latencies[i] < r.latencies[j] })
	return r.latencies[min(len(r.latencies)-1, int(q*float64(len(r.latencies))))]
}

// closed keeps n connections busy for a while: the ceiling.
func closed(ctx context.Context, addr string, reqs requests, n int, d time.Duration) (result, error) {
	return drive(ctx, addr, n, d, func(c *caller, begin time.Time, out *result) error {
		for time.Since(begin) < d && ctx.Err() == nil {
			t := time.Now()
			a, err := c.call(reqs[c.rng.IntN(len(reqs))])
			if err != nil {
				return err
			}
			out.note(a, time.Since(t))
		}
		return nil
	})
}

// open sends at a fixed rate whatever the answers do; a latency counts from the
// instant at which the call was due.
func open(ctx context.Context, addr string, reqs requests, n int, rate float64, d time.Duration) (result, error) {
	var mu sync.Mutex
	due := time.Time{}
	step := time.Duration(float64(time.Second) / rate)
	return drive(ctx, addr, n, d, func(c *caller, begin time.Time, out *result) error {
		for ctx.Err() == nil {
			mu.Lock()
			if due.IsZero() {
				due = begin
			}
			at := due
			due = due.Add(step)
			mu.Unlock()
			if at.Sub(begin) > d {
				return nil
			}
			if wait := time.Until(at); wait > 0 {
				time.Sleep(wait)
			}
			a, err := c.call(reqs[c.rng.IntN(len(reqs))])
			if err != nil {
				return err
			}
			out.note(a, time.Since(at))
		}
		return nil
	})
}

func (r *result) note(a answer, d time.Duration) {
	r.calls++
	if a.status != 200 {
		r.failed++
	}
	if a.trace[0] != 0 {
		r.traces = append(r.traces, a.trace)
	}
	r.latencies = append(r.latencies, d)
}

func drive(ctx context.Context, addr string, n int, d time.Duration, work func(*caller, time.Time, *result) error) (result, error) {
	callers := make([]*caller, n)
	for i := range callers {
		c, err := dial(addr, uint64(i)+uint64(time.Now().UnixNano()))
		if err != nil {
			return result{}, err
		}
		defer c.conn.Close()
		callers[i] = c
	}
	parts, errs := make([]result, n), make([]error, n)
	begin := time.Now()
	var wg sync.WaitGroup
	for i, c := range callers {
		wg.Add(1)
		go func() { defer wg.Done(); errs[i] = work(c, begin, &parts[i]) }()
	}
	wg.Wait()
	all := result{took: time.Since(begin)}
	for _, p := range parts {
		all.calls += p.calls
		all.failed += p.failed
		all.traces = append(all.traces, p.traces...)
		all.latencies = append(all.latencies, p.latencies...)
	}
	return all, errors.Join(errs...)
}
