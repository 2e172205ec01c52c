package bench

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"droits.example/droits/internal/store"
	"droits.example/droits/internal/trace"
)

// TraceConfig says what to measure. Zero members take their defaults.
type TraceConfig struct {
	Clients  int           // 64
	Rounds   int           // 5
	Round    time.Duration // 2 s
	Entries  int           // verified; 200,000
	Dir      string        // where the trails lie meanwhile, a temporary folder when empty
	Progress io.Writer
}

// TraceReport is what bench trace prints.
type TraceReport struct {
	Clients   int     `json:"clients"`
	Rounds    int     `json:"rounds"`
	PerSecond float64 `json:"appends_per_second"` // medians over the rounds
	Bare      float64 `json:"bare_per_second"`
	Ratio     float64 `json:"ratio_bare"` // median of paired rounds
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
	CPU       float64 `json:"cpu_us_per_append"`
	Tree      float64 `json:"tree_us_per_append"` // hashes of the tree alone, in a loop
	Sign      float64 `json:"sign_us"`            // one head, with its instant
	Share     float64 `json:"tree_and_signatures_share"`

	Verified     int64   `json:"verified_entries"`
	VerifySecond float64 `json:"verify_seconds"`
	PerMillion   float64 `json:"verify_seconds_per_million"`
	Peak         int64   `json:"verify_live_heap_bytes"`
	Intact       bool    `json:"intact"`
}

// Print writes it for a reader.
func (r TraceReport) Print(w io.Writer) {
	fmt.Fprintf(w, `appends through the whole writer, %d clients, %d rounds
  %.0f a second, p50 %.2f ms, p99 %.2f ms, %.1f µs of processor each
  bare group commit of rows of the same size: %.0f a second; ratio %.2f
  tree %.2f µs an append, %.0f µs a signed head: %.1f %% of an append
verification of %d entries
  %.2f s (%.1f s a million), live heap %.1f MB, intact: %v
`, r.Clients, r.Rounds, r.PerSecond, r.P50, r.P99, r.CPU, r.Bare, r.Ratio, r.Tree, r.Sign, 100*r.Share,
		r.Verified, r.VerifySecond, r.PerMillion, float64(r.Peak)/1e6, r.Intact)
}

func (c *TraceConfig) defaults() {
	if c.Clients == 0 {
		c.Clients = 64
	}
	if c.Rounds == 0 {
		c.Rounds = 5
	}
	if c.Round == 0 {
		c.Round = 2 * time.Second
	}
	if c.Entries == 0 {
		c.Entries = 200_000
	}
	if c.Progress == nil {
		c.Progress = io.Discard
	}
}

// Trace measures durable appends through the whole writer (sealed parts,
// subject rows, tree) against a bare group commit, in alternating rounds, then
// the verification of a trail.
func Trace(ctx context.Context, c TraceConfig) (r TraceReport, err error) {
	c.defaults()
	dir, err := os.MkdirTemp(c.Dir, "droits-bench-trace-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	r = TraceReport{Clients: c.Clients, Rounds: c.Rounds}
	var root store.Root
	rand.Read(root[:])
	s, err := store.Open(ctx, store.Config{Dir: filepath.Join(dir, "trail"), Root: root, Clock: time.Now})
	if err != nil {
		return r, err
	}
	if err = appendRounds(ctx, c, s, dir, &r); err == nil {
		err = fill(ctx, c, s)
	}
	if err == nil {
		err = s.Beat(ctx)
	}
	if closing := s.Close(); err != nil || closing != nil {
		return r, err
	}
	treeCost(&r)
	return r, verifyTrail(ctx, c, filepath.Join(dir, "trail"), root, &r)
}

// appended is a round of one ledger.
type appended struct {
	perSecond float64
	waits     []time.Duration
	cpu       time.Duration
}

func appendRounds(ctx context.Context, c TraceConfig, s *store.Store, dir string, r *TraceReport) error {
	bare, err := store.OpenBareLedger(dir)
	if err != nil {
		return err
	}
	defer bare.Close()
	var full, plain []float64
	var ratios, p50, p99, cpu []float64
	for round := range c.Rounds {
		fmt.Fprintf(c.Progress, "round %d…\n", round+1)
		b, err := appendFor(ctx, c, bare)
		if err != nil {
			return err
		}
		f, err := appendFor(ctx, c, s)
		if err != nil {
			return err
		}
		slices.Sort(f.waits)
		at := func(q float64) float64 {
			return float64(f.waits[int(q*float64(len(f.waits)-1))].Microseconds()) / 1000
		}
		full, plain, ratios = append(full, f.perSecond), append(plain, b.perSecond), append(ratios, f.perSecond/b.perSecond)
		p50, p99, cpu = append(p50, at(0.5)), append(p99, at(0.99)), append(cpu, float64(f.cpu.Nanoseconds())/1000/float64(len(f.waits)))
	}
	r.PerSecond, r.Bare, r.Ratio, r.P50, r.P99, r.CPU = median(full), median(plain), median(ratios), median(p50), median(p99), median(cpu)
	return nil
}

// appendFor drives a writer over a ledger for a round.
func appendFor(ctx context.Context, c TraceConfig, l trace.Ledger) (out appended, err error) {
	w := trace.NewWriter(l, "bench")
	defer w.Close()
	var mu sync.Mutex
	var wg sync.WaitGroup
	cpu, began := processCPU(), time.Now()
	for client := range c.Clients {
		wg.Go(func() {
			var waits []time.Duration
			for i := 0; time.Since(began) < c.Round && ctx.Err() == nil; i++ {
				begun := time.Now()
				_, failed := w.Append(ctx, trace.Pending{Leaf: benchEntry(client, i).Leaf()})
				if failed != nil {
					mu.Lock()
					err = failed
					mu.Unlock()
					return
				}
				waits = append(waits, time.Since(begun))
			}
			mu.Lock()
			out.waits = append(out.waits, waits...)
			mu.Unlock()
		})
	}
	wg.Wait()
	out.perSecond, out.cpu = float64(len(out.waits))/time.Since(began).Seconds(), processCPU()-cpu
	if len(out.waits) == 0 && err == nil {
		err = ctx.Err()
	}
	return out, err
}

// benchEntry is an entry of the size that a call leaves.
func benchEntry(client, i int) trace.Entry {
	at := time.Now()
	digest := trace.Digest{1, byte(client), byte(i), byte(i >> 8), byte(i >> 16)}
	e := trace.Entry{
		Class: trace.AccessServed,
		Person: trace.Person{
			At: at, Partner: "hopital-exemple", Purpose: "preadmission", Operation: "getBeneficiairesNirContrats", Period: "2026-11-22/2027-11-22",
			Asked: []string{"identite", "contrats"}, Served: []string{"identite", "contrats", "caisse"}, Withheld: []string{"medecin_traitant"}, Beneficiary: "assure",
			Consent: "acc_0123456789abcdef0123", Convention: "conv-hopital-exemple/3", Reference: hex.EncodeToString(make([]byte, 32)), Outcome: "servi",
			RequestHash: digest[:], BodyHash: make([]byte, 32), BodySalt: make([]byte, 32),
		},
		Internal: trace.Internal{
			RequestID: "0123456789abcdef", KeyID: "cle_0123456789abcdef0123", IP: "192.0.2.1", Latency: time.Millisecond, Withheld: []string{"medecin_traitant:SCOPE"},
			Matching: "match STRICT", Policy: "policy/1", Token: hex.EncodeToString(digest[:]), FCSubject: hex.EncodeToString(digest[:]),
		},
		Subject: digest,
	}
	if i%3 == 0 {
		e.Others = []trace.Digest{{2, byte(client), byte(i), byte(i >> 8)}}
	}
	return e
}

// fill completes the trail to the number of entries that is verified.
func fill(ctx context.Context, c TraceConfig, s *store.Store) error {
	n, err := s.TraceCount(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.Progress, "filling the trail up to %d entries…\n", max(int64(c.Entries), n))
	for left := int64(c.Entries) - n; left > 0; {
		size := min(left, 100)
		batch := make([]*trace.Pending, size)
		for i := range batch {
			batch[i] = &trace.Pending{Leaf: benchEntry(int(left>>8), i).Leaf()}
		}
		if err := s.Commit(ctx, batch); err != nil {
			return err
		}
		left -= size
	}
	return ctx.Err()
}

// treeCost measures what the tree and its signatures add, in a loop.
func treeCost(r *TraceReport) {
	const n = 200_000
	var t trace.Tree
	var nodes []byte
	leaf := benchEntry(0, 0).Leaf()
	begun := processCPU()
	for range n {
		nodes = t.Append(nodes[:0], leaf.Hash)
	}
	r.Tree = float64((processCPU() - begun).Nanoseconds()) / 1000 / n
	const heads = 200
	begun = processCPU()
	for range heads {
		if _, err := (trace.Seed{1}).Sign(trace.Head{Origin: "bench/acces/2026", Size: t.Size(), Root: t.Root()}, time.Unix(1, 0)); err != nil {
			return
		}
	}
	r.Sign = float64((processCPU() - begun).Nanoseconds()) / 1000 / heads
	perBeat := r.PerSecond * 60 // a head a minute
	r.Share = (r.Tree + r.Sign/max(perBeat, 1)) / r.CPU
}

func verifyTrail(ctx context.Context, c TraceConfig, dir string, root store.Root, r *TraceReport) error {
	fmt.Fprintln(c.Progress, "verifying…")
	t, err := store.OpenTrail(ctx, store.TrailConfig{Dir: dir, Root: &root})
	if err != nil {
		return err
	}
	defer t.Close()
	seed, err := store.ReadLogKey(filepath.Join(dir, "log.key"))
	if err != nil {
		return err
	}
	logs, err := t.Logs(ctx)
	if err != nil {
		return err
	}
	text := ""
	for _, l := range logs {
		text += seed.PublicKey(l.Origin) + "\n"
	}
	keys, err := trace.ParseKeys([]byte(text))
	if err != nil {
		return err
	}
	heap := watchHeap()
	begun := time.Now()
	v, err := trace.Verify(ctx, t, trace.VerifyOptions{Keys: keys})
	r.VerifySecond, r.Peak = time.Since(begun).Seconds(), heap()
	r.Verified, r.Intact = v.Checked, v.Intact
	r.PerMillion = r.VerifySecond * 1e6 / float64(max(v.Checked, 1))
	return err
}

// watchHeap samples what lives on the heap until its result is called, which is
// the most seen beyond what was there.
func watchHeap() func() int64 {
	live := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before, peak := live(), int64(0)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			peak = max(peak, live()-before)
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	}()
	return func() int64 { close(stop); <-done; return peak }
}
