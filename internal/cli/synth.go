package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cheggaaa/pb/v3"
	"github.com/spf13/cobra"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/sim/nation"
)

func synthCommand() *cobra.Command {
	o := synthOptions{}
	c := &cobra.Command{
		Use:   "synth",
		Short: "Write an import file of fictitious people, of any size",
		Long: `Invents a nation and writes it in the format droits/1: families, funds, rights of
every kind, and people of schemes outside the perimeter. Nobody in it exists. The same
number of people, seed and reference date give the same bytes on any machine. Nothing
is kept in memory: ten million people take minutes and about 7 GB uncompressed.

The file is compressed when its name ends in .zst or .gz, and is there only once it is
whole. With --delta N the file holds N changes of the same nation instead: deaths,
departures, moves, new rights, births and numbers issued again.

` + exitCodes,
		Example: `  droits synth --persons 1000000 --seed 1 --out nation.ndjson.zst
  droits synth --persons 1000000 --seed 1 --delta 5000 --out changes.ndjson.zst
  droits synth --persons 100 --seed 7 | head -n 1`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c) },
	}
	c.Flags().IntVar(&o.persons, "persons", 10_000, "people, children and sentinels included")
	c.Flags().Uint64Var(&o.seed, "seed", 1, "which nation")
	c.Flags().StringVar(&o.out, "out", "", "file to write (default standard output)")
	c.Flags().StringVar(&o.reference, "reference", "", "date of the data, YYYY-MM-DD (default today)")
	c.Flags().IntVar(&o.delta, "delta", 0, "write so many changes instead of the nation")
	c.Flags().BoolVar(&o.force, "force", false, "replace an existing file")
	return c
}

type synthOptions struct {
	persons, delta int
	seed           uint64
	out, reference string
	force          bool
}

func (o *synthOptions) run(c *cobra.Command) error {
	on := civil.On(time.Now())
	if o.reference != "" {
		var err error
		if on, err = civil.Parse(o.reference); err != nil {
			return usage("--reference wants an existing day, YYYY-MM-DD")
		}
	}
	if c.Flags().Changed("delta") && (o.delta < 1 || o.delta > nation.MostChanges(o.persons)) {
		return usage("--delta wants 1 change or more, and one for four people at most")
	}
	report := &synthProgress{c: c, total: o.persons, begun: time.Now(), shown: time.Now()}
	opts := nation.Options{Persons: o.persons, Seed: o.seed, On: on, Progress: report.at}
	if o.delta > 0 {
		report.total = o.delta
	}
	n, err := nation.New(opts)
	if err != nil {
		return usage("%s", strings.TrimPrefix(err.Error(), "nation: "))
	}
	if o.out == "" || o.out == "-" {
		err = o.write(c.Context(), n, c.OutOrStdout(), nation.Plain)
	} else {
		err = o.save(c.Context(), n)
	}
	report.end(err)
	return err
}

func (o *synthOptions) write(ctx context.Context, n *nation.Nation, w io.Writer, k nation.Compression) error {
	if o.delta > 0 {
		return n.WriteDelta(ctx, w, k, o.delta)
	}
	return n.Write(ctx, w, k)
}

// save writes beside the file and renames: a file that is there is whole.
func (o *synthOptions) save(ctx context.Context, n *nation.Nation) (err error) {
	if _, err := os.Lstat(o.out); err == nil && !o.force {
		return &exitError{ExitRefused, fmt.Errorf("%s exists already; --force replaces it", filepath.Base(o.out))}
	}
	// A name of its own: nothing that lies there is lost, and two may run.
	f, err := os.CreateTemp(filepath.Dir(o.out), filepath.Base(o.out)+".*.part")
	if err != nil {
		return unwritten(err)
	}
	part := f.Name()
	if err = errors.Join(f.Chmod(0o644), o.write(ctx, n, f, compressionOf(o.out)), f.Sync(), f.Close()); err == nil {
		err = os.Rename(part, o.out)
	}
	if err != nil {
		os.Remove(part)
	}
	return unwritten(err)
}

// unwritten says why a file cannot be written, without its path.
func unwritten(err error) error {
	var p *os.PathError
	var l *os.LinkError
	switch {
	case errors.As(err, &p):
		err = p.Err
	case errors.As(err, &l):
		err = l.Err
	default:
		return err
	}
	return fmt.Errorf("the file cannot be written: %w", err)
}

// compressionOf is what the extension asks for.
func compressionOf(path string) nation.Compression {
	switch filepath.Ext(path) {
	case ".zst", ".zstd":
		return nation.Zstd
	case ".gz":
		return nation.Gzip
	}
	return nation.Plain
}

// synthProgress shows how far it is on standard error, as import does.
type synthProgress struct {
	c            *cobra.Command
	total, done  int
	begun, shown time.Time
	bar          *pb.ProgressBar
}

func (p *synthProgress) at(people int) {
	p.done = people
	switch {
	case flag(p.c, "quiet"):
	case p.bar != nil:
		p.bar.SetCurrent(int64(people))
	case terminal(p.c):
		p.bar = pb.New(p.total).SetWriter(p.c.ErrOrStderr()).Start()
	case time.Since(p.shown) > 2*time.Second:
		p.shown = time.Now()
		fmt.Fprintf(p.c.ErrOrStderr(), "synth: %d of %d people\n", people, p.total)
	}
}

func (p *synthProgress) end(err error) {
	if p.bar != nil {
		p.bar.Finish()
	}
	if err == nil && !flag(p.c, "quiet") {
		took := time.Since(p.begun).Seconds()
		fmt.Fprintf(p.c.ErrOrStderr(), "synth: %d people in %.1f s (%.0f/s)\n", p.done, took, float64(p.done)/took)
	}
}
