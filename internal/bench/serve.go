package bench

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"droits.example/droits/internal/store"
)

// ServeConfig says what to measure. Zero members take their defaults.
type ServeConfig struct {
	Exe         string        // this program
	Persons     int           // 10,000
	Connections int           // 64
	Rounds      int           // 5
	Round       time.Duration // 2 s
	Profile     string        // writes a CPU profile of the platform's process to this file
	Progress    io.Writer
}

// ServeReport is what bench serve prints.
type ServeReport struct {
	Persons     int       `json:"persons"`
	Connections int       `json:"connections"`
	Rounds      int       `json:"rounds"`
	Variants    []Variant `json:"variants"`
	RatioBare   float64   `json:"ratio_bare"`   // (b)/(a): /me against prepared bytes, median of paired rounds
	RatioEncode float64   `json:"ratio_encode"` // /me against a server that encodes the same JSON
	RatioList   float64   `json:"ratio_bare_contrats"`
	OpenLoop    OpenLoop  `json:"open_loop"`
	Answers     int       `json:"answers"`
	Untraced    int       `json:"answers_without_a_durable_trace"`
	Resident    int64     `json:"resident_bytes"`
	Parts       []Part    `json:"parts"`
}

// Variant is one server under a closed loop: medians over the rounds.
type Variant struct {
	Name       string  `json:"name"`
	PerSecond  float64 `json:"per_second"`
	P50        float64 `json:"p50_ms"`
	P99        float64 `json:"p99_ms"`
	CPUPerCall float64 `json:"cpu_us_per_call"`
	Failed     int     `json:"failed"`
}

// OpenLoop is the latency at half the ceiling, counted from when a call was
// due.
type OpenLoop struct {
	PerSecond float64 `json:"per_second"`
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
}

func (c *ServeConfig) defaults() {
	if c.Persons == 0 {
		c.Persons = 10_000
	}
	if c.Connections == 0 {
		c.Connections = 64
	}
	if c.Rounds == 0 {
		c.Rounds = 5
	}
	if c.Round == 0 {
		c.Round = 2 * time.Second
	}
	if c.Progress == nil {
		c.Progress = io.Discard
	}
}

// lane is one variant while it is measured.
type lane struct {
	name string
	p    *process
	reqs requests
	res  []result
	cpu  []time.Duration
}

// Serve measures the whole road against two yardsticks, alternating.
func Serve(ctx context.Context, c ServeConfig) (rep ServeReport, err error) {
	c.defaults()
	dir, err := os.MkdirTemp("", "droits-bench-")
	if err != nil {
		return rep, err
	}
	defer os.RemoveAll(dir)
	fmt.Fprintf(c.Progress, "building %d people…\n", c.Persons)
	w, err := build(ctx, dir, c.Persons, true)
	if err != nil {
		return rep, err
	}
	rep = ServeReport{Persons: c.Persons, Connections: c.Connections, Rounds: c.Rounds}
	fmt.Fprintln(c.Progress, "measuring the parts…")
	if rep.Parts, err = w.parts(ctx); err != nil {
		return rep, err
	}
	if err := measure(ctx, c, w, &rep); err != nil {
		return rep, err
	}
	return rep, nil
}

func measure(ctx context.Context, c ServeConfig, w *world, rep *ServeReport) (err error) {
	var procs []*process
	defer func() {
		for _, p := range procs {
			p.stop()
		}
	}()
	byKind := map[string]*process{}
	for _, kind := range []string{workerBare, workerEncode, workerFull} {
		p, err := start(ctx, c, kind, w.dir)
		if err != nil {
			return err
		}
		procs, byKind[kind] = append(procs, p), p
	}
	me, list := w.requests("/me"), w.requests("/contrats")
	lanes := []*lane{{name: "bare", p: byKind[workerBare], reqs: me}, {name: "encode", p: byKind[workerEncode], reqs: me}, {name: "/me", p: byKind[workerFull], reqs: me}, {name: "/contrats", p: byKind[workerFull], reqs: list}}
	seen := map[[64]byte]bool{}
	for i := range c.Rounds + 1 { // the first round warms up
		for _, l := range lanes {
			before := l.p.cpu()
			r, err := closed(ctx, l.p.addr, l.reqs, c.Connections, c.Round)
			if err != nil {
				return err
			}
			rep.count(l.name, r, seen)
			if i > 0 {
				l.res, l.cpu = append(l.res, r), append(l.cpu, (l.p.cpu()-before)/time.Duration(max(1, r.calls)))
				fmt.Fprintf(c.Progress, "round %d  %-10s %8.0f/s\n", i, l.name, r.rate())
			}
		}
	}
	for _, l := range lanes {
		rep.Variants = append(rep.Variants, l.variant())
	}
	rep.RatioBare, rep.RatioEncode, rep.RatioList = paired(lanes[2], lanes[0]), paired(lanes[2], lanes[1]), paired(lanes[3], lanes[0])
	half := rep.Variants[2].PerSecond / 2
	r, err := open(ctx, byKind[workerFull].addr, me, c.Connections, half, 2*c.Round)
	if err != nil {
		return err
	}
	rep.count("/me", r, seen)
	rep.OpenLoop = OpenLoop{r.rate(), millis(r.quantile(0.5)), millis(r.quantile(0.99))}
	rep.Resident = byKind[workerFull].resident()
	if err := byKind[workerFull].stop(); err != nil {
		return err
	}
	return w.audit(ctx, rep, seen)
}

// requests are the raw calls of everybody.
func (w *world) requests(path string) requests {
	out := make(requests, len(w.souls))
	for i, s := range w.souls {
		nir := ""
		if path != "/me" {
			nir = "nir: " + s.nir.Reveal() + "\r\n"
		}
		out[i] = []byte("GET /v1/droits/beneficiaires" + path + " HTTP/1.1\r\nHost: bench\r\nX-API-Key: " + benchKey + "\r\nAuthorization: Bearer " + s.token + "\r\n" + nir + "\r\n")
	}
	return out
}

func (rep *ServeReport) count(name string, r result, seen map[[64]byte]bool) {
	if name != "/me" && name != "/contrats" {
		return
	}
	rep.Answers += r.calls
	rep.Untraced += r.calls - len(r.traces)
	for _, t := range r.traces {
		seen[t] = true
	}
}

// audit looks for every leaf hash that an answer carried in the log on disk.
func (w *world) audit(ctx context.Context, rep *ServeReport, seen map[[64]byte]bool) error {
	a, err := w.open(ctx)
	if err != nil {
		return err
	}
	err = a.Store.Traces(ctx, 0, func(t store.TracedEntry) bool {
		var h [64]byte
		hex.Encode(h[:], t.Hash[:])
		delete(seen, h)
		return true
	})
	rep.Untraced += len(seen)
	return errors.Join(err, a.Close())
}

func (l *lane) variant() Variant {
	rate, p50, p99, cpu := make([]float64, 0), make([]float64, 0), make([]float64, 0), make([]float64, 0)
	failed := 0
	for i, r := range l.res {
		rate, p50, p99 = append(rate, r.rate()), append(p50, millis(r.quantile(0.5))), append(p99, millis(r.quantile(0.99)))
		cpu = append(cpu, float64(l.cpu[i].Nanoseconds())/1000)
		failed += r.failed
	}
	return Variant{l.name, median(rate), median(p50), median(p99), median(cpu), failed}
}

// paired is the median of the ratios of rounds run one after the other.
func paired(a, b *lane) float64 {
	var x []float64
	for i := range a.res {
		x = append(x, a.res[i].rate()/b.res[i].rate())
	}
	return median(x)
}

func median(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	s := slices.Clone(x)
	slices.Sort(s)
	return s[len(s)/2]
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Print writes the report for people.
func (rep ServeReport) Print(w io.Writer) {
	fmt.Fprintf(w, "%d people, as many tokens, %d connections, medians of %d alternating rounds\n\n", rep.Persons, rep.Connections, rep.Rounds)
	fmt.Fprintf(w, "%-12s %10s %9s %9s %14s %7s\n", "server", "calls/s", "p50 ms", "p99 ms", "CPU µs/call", "failed")
	for _, v := range rep.Variants {
		fmt.Fprintf(w, "%-12s %10.0f %9.2f %9.2f %14.1f %7d\n", v.Name, v.PerSecond, v.P50, v.P99, v.CPUPerCall, v.Failed)
	}
	fmt.Fprintf(w, "\nratio /me : prepared bytes       %.3f   (aim ≥ 0.28)\nratio /me : same JSON encoded    %.3f\nratio /contrats : prepared bytes %.3f\n", rep.RatioBare, rep.RatioEncode, rep.RatioList)
	fmt.Fprintf(w, "open loop at %.0f/s: p50 %.2f ms, p99 %.2f ms   (aim p99 ≤ 30 ms)\n", rep.OpenLoop.PerSecond, rep.OpenLoop.P50, rep.OpenLoop.P99)
	fmt.Fprintf(w, "answers %d, without a durable trace %d   (aim 0)\nresident memory %.0f MB\n\n", rep.Answers, rep.Untraced, float64(rep.Resident)/(1<<20))
	fmt.Fprintf(w, "%-34s %10s %10s %8s\n", "part, one call, one core", "CPU µs", "bytes", "allocs")
	for _, p := range rep.Parts {
		fmt.Fprintf(w, "%-34s %10.1f %10.0f %8.0f\n", p.Name, p.Micros, p.Bytes, p.Allocs)
	}
}
