package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/intake"
	"droits.example/droits/internal/sim/nation"
	"droits.example/droits/internal/store"
)

// IdentityConfig says what to measure. Zero members take their defaults.
type IdentityConfig struct {
	Persons     int    // 200,000, of each mix
	Queries     int    // 300,000, of each mix
	Seed        uint64 // 1
	Natural     bool   // people drawn uniformly; both when neither is asked
	Adversarial bool   // twins and homonyms only
	Full        bool   // rows hold every given name: P2 is off
	NoSentinels bool   // those who are not served are unknown
	Workers     int    // 2
	Progress    io.Writer
}

func (c *IdentityConfig) defaults() {
	if c.Persons == 0 {
		c.Persons = 200_000
	}
	if c.Queries == 0 {
		c.Queries = 300_000
	}
	if c.Workers == 0 {
		c.Workers = 2
	}
	if c.Progress == nil {
		c.Progress = io.Discard
	}
	if !c.Natural && !c.Adversarial {
		c.Natural, c.Adversarial = true, true
	}
}

// Identity measures identification on people whose right answer is known: they
// are written as an import file, loaded into a store, then looked for as a call
// does, from pivot to decision.
func Identity(ctx context.Context, c IdentityConfig) (rep IdentityReport, err error) {
	c.defaults()
	rep = IdentityReport{Persons: c.Persons, Queries: c.Queries, Seed: c.Seed, Lists: "short", Sentinels: !c.NoSentinels}
	if c.Full {
		rep.Lists = "full"
	}
	for _, mix := range []struct {
		name string
		runs bool
	}{{"natural", c.Natural}, {"adversarial", c.Adversarial}} {
		if !mix.runs {
			continue
		}
		m, err := c.mix(ctx, mix.name)
		if err != nil {
			return rep, err
		}
		rep.Mixes = append(rep.Mixes, m)
	}
	return rep, nil
}

// mix measures one universe, in a directory of its own.
func (c *IdentityConfig) mix(ctx context.Context, name string) (m MixReport, err error) {
	dir, err := os.MkdirTemp("", "droits-bench-")
	if err != nil {
		return m, err
	}
	defer os.RemoveAll(dir)
	m = MixReport{Mix: name}
	u, err := nation.NewUniverse(nation.UniverseOptions{Persons: c.Persons, Seed: c.Seed, On: civil.On(time.Now()),
		Adversarial: name == "adversarial", Shortened: !c.Full, Sentinels: !c.NoSentinels})
	if err != nil {
		return m, err
	}
	path := filepath.Join(dir, "universe.ndjson")
	fmt.Fprintf(c.Progress, "%s: drawing %d people…\n", name, c.Persons)
	if err := writeUniverse(ctx, u, path); err != nil {
		return m, err
	}
	s, err := store.Open(ctx, store.Config{Dir: filepath.Join(dir, "data"), Root: benchRoot(), Clock: time.Now})
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	begin := time.Now()
	sum, err := intake.Run(ctx, intake.Options{Path: path, Sink: s.NewLoad()})
	if err != nil {
		return m, err
	}
	if sum.Rejected > 0 {
		return m, fmt.Errorf("bench: %d rows were rejected", sum.Rejected)
	}
	m.Rows, m.ImportSeconds = sum.Personnes, time.Since(begin).Seconds()
	fmt.Fprintf(c.Progress, "%s: %d rows loaded in %.1f s\n", name, m.Rows, m.ImportSeconds)
	if m.IndexBytes, err = s.IndexBytes(ctx); err != nil {
		return m, err
	}
	return m, c.ask(ctx, u, s, &m)
}

func benchRoot() (r store.Root) {
	copy(r[:], "droits bench root key, not secret")
	return r
}

func writeUniverse(ctx context.Context, u *nation.Universe, path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	return firstError(u.Write(ctx, w), w.Flush(), f.Close())
}
