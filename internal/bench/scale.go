package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/intake"
	"droits.example/droits/internal/nir"
	"droits.example/droits/internal/sim/nation"
	"droits.example/droits/internal/store"
)

// ScaleConfig says which nations to measure. Zero members take their defaults.
type ScaleConfig struct {
	Exe      string // this program
	Sizes    []int  // people; 10,000 and 1,000,000
	Tokens   int    // people who log in, spread over the nation; 50,000
	Seed     uint64
	Dir      string // where the nations lie meanwhile; a temporary folder
	Rounds   int    // of the calls
	Progress io.Writer
}

// ScaleReport is what bench scale prints.
type ScaleReport struct {
	Nations []NationReport `json:"nations"`
	// Cost is the CPU of a call on the largest nation over that on the
	// smallest, each over the bare server's of its own minute.
	Cost float64 `json:"cost_largest_over_smallest"`
}

// NationReport is one size.
type NationReport struct {
	Persons        int          `json:"persons"`
	Skipped        string       `json:"skipped,omitempty"`
	FileBytes      int64        `json:"file_bytes"`
	ImportSeconds  float64      `json:"import_seconds"`
	PersonsASecond float64      `json:"persons_per_second"`
	BareASecond    float64      `json:"bare_inserts_persons_per_second"` // the rows that the load keeps
	RatioOfInserts float64      `json:"ratio_of_bare_inserts"`
	PlainASecond   float64      `json:"plain_inserts_persons_per_second"` // a row for each object of the file
	RatioOfPlain   float64      `json:"ratio_of_plain_inserts"`
	Peak           int64        `json:"import_peak_memory_bytes"`
	Stored         int64        `json:"stored_bytes"`
	StoredEach     float64      `json:"stored_bytes_per_person"`
	IndexEach      float64      `json:"identity_index_bytes_per_person"`
	Ambiguous      int          `json:"ambiguous_pairs"`
	Calls          *ServeReport `json:"calls,omitempty"`
}

func (c *ScaleConfig) defaults() {
	if len(c.Sizes) == 0 {
		c.Sizes = []int{10_000, 1_000_000}
	}
	if c.Tokens == 0 {
		c.Tokens = 50_000
	}
	if c.Seed == 0 {
		c.Seed = 1
	}
	if c.Rounds == 0 {
		c.Rounds = 3
	}
	if c.Progress == nil {
		c.Progress = io.Discard
	}
}

// roomEach is the disk that a person takes at most while it is measured: the
// file, the population, and the rows written again.
const roomEach = 2400

// Scale measures imports and calls on nations of growing size.
func Scale(ctx context.Context, c ScaleConfig) (rep ScaleReport, err error) {
	c.defaults()
	for _, n := range c.Sizes {
		r, err := c.nation(ctx, n)
		if err != nil {
			return rep, err
		}
		rep.Nations = append(rep.Nations, r)
	}
	first, last := rep.Nations[0], rep.Nations[len(rep.Nations)-1]
	if first.Calls != nil && last.Calls != nil {
		rep.Cost = cost(last.Calls) / cost(first.Calls)
	}
	return rep, nil
}

// cost is the CPU of /me over that of the bare server.
func cost(r *ServeReport) float64 { return r.Variants[2].CPUPerCall / r.Variants[0].CPUPerCall }

func (c *ScaleConfig) nation(ctx context.Context, n int) (r NationReport, err error) {
	r.Persons = n
	dir, err := os.MkdirTemp(c.Dir, "droits-scale-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err == nil && int64(fs.Bavail)*int64(fs.Bsize) < int64(n)*roomEach {
		r.Skipped = fmt.Sprintf("%d MB of disk are needed", int64(n)*roomEach>>20)
		return r, nil
	}
	fmt.Fprintf(c.Progress, "%d people: drawing\n", n)
	path := filepath.Join(dir, "nation.ndjson")
	if err := c.draw(ctx, n, path); err != nil {
		return r, err
	}
	w, err := sample(path, n, min(c.Tokens, n))
	if err != nil {
		return r, err
	}
	w.dir = dir
	if err := w.keepSouls(); err != nil {
		return r, err
	}
	fmt.Fprintf(c.Progress, "%d people: importing\n", n)
	if err := c.imported(ctx, w, path, &r); err != nil {
		return r, err
	}
	if err := os.Remove(path); err != nil {
		return r, err
	}
	a, err := w.open(ctx)
	if err != nil {
		return r, err
	}
	if err := firstError(w.signUp(ctx, a), a.Close()); err != nil {
		return r, err
	}
	fmt.Fprintf(c.Progress, "%d people: calls\n", n)
	r.Calls = &ServeReport{Persons: n, Connections: 64, Rounds: c.Rounds}
	return r, measure(ctx, ServeConfig{Exe: c.Exe, Persons: n, Connections: 64, Rounds: c.Rounds, Round: 2 * time.Second, Progress: io.Discard}, w, r.Calls)
}

func (c *ScaleConfig) draw(ctx context.Context, n int, path string) error {
	made, err := nation.New(nation.Options{Persons: n, Seed: c.Seed, On: civil.On(time.Now())})
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(made.Write(ctx, f, nation.Plain), f.Close())
}

// sample takes people of a nation, spread over the whole file, who can log in.
func sample(path string, n, want int) (*world, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 1<<20)
	header, err := in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	w := &world{root: benchRoot()}
	every := max(1, n*3/4/want)
	for i := 0; len(w.souls) < want; i++ {
		b, err := in.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if i%every != 0 {
			continue
		}
		r, err := intake.NewReader(io.MultiReader(strings.NewReader(header), bytes.NewReader(b)))
		if err != nil {
			return nil, err
		}
		row, _, err := r.Next()
		if err != nil {
			return nil, err
		}
		if p := row.Personne; p != nil && p.Servie && !p.NIR.IsZero() && p.DecesOn.IsZero() && p.NaissanceOn.Complete() && p.Sexe != "" {
			w.souls = append(w.souls, soul{tokenOf(len(w.souls)), p.NIR, pivotOf(p)})
		}
	}
	return w, nil
}

// pivotOf is how FranceConnect would tell of a person of the file.
func pivotOf(p *intake.Personne) identity.Pivot {
	v := identity.Pivot{FamilyName: p.NomFamille, GivenName: strings.Join(p.Prenoms, " "), GivenNames: p.Prenoms, Birthdate: p.NaissanceOn.String(), Gender: "male", Birthplace: p.LieuNaissance, Birthcountry: p.PaysNaissance}
	if p.Sexe == "F" {
		v.Gender = "female"
	}
	return v
}

// keepSouls writes who logs in, for the server's process; readSouls reads it.
func (w *world) keepSouls() error {
	type line struct {
		Token, NIR string
		Pivot      identity.Pivot
	}
	var list []line
	for _, s := range w.souls {
		list = append(list, line{s.token, s.nir.Reveal(), s.pivot})
	}
	b, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(w.dir, soulsFile), b, 0o600)
}

const soulsFile = "souls.json"

func readSouls(dir string) (*world, error) {
	b, err := os.ReadFile(filepath.Join(dir, soulsFile))
	if err != nil {
		return nil, err
	}
	var list []struct {
		Token, NIR string
		Pivot      identity.Pivot
	}
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, err
	}
	w := &world{dir: dir, root: benchRoot()}
	for _, l := range list {
		w.souls = append(w.souls, soul{l.Token, nir.MustParse(l.NIR), l.Pivot})
	}
	return w, nil
}

// imported runs the import and the bare inserts, each in a process of its own,
// one after the other.
func (c *ScaleConfig) imported(ctx context.Context, w *world, path string, r *NationReport) error {
	var got, bare workerReport
	if err := c.child(ctx, &got, "--kind", workerImport, "--dir", w.dir, "--file", path); err != nil {
		return err
	}
	if err := c.child(ctx, &bare, "--kind", workerInsert, "--dir", w.dir, "--persons", strconv.Itoa(min(r.Persons, 1_000_000))); err != nil {
		return err
	}
	r.FileBytes, r.ImportSeconds, r.Peak, r.Ambiguous = got.FileBytes, got.Seconds, got.Peak, got.Ambiguous
	r.PersonsASecond, r.BareASecond, r.PlainASecond = float64(got.Persons)/got.Seconds, float64(bare.Persons)/bare.Seconds, float64(bare.Persons)/bare.PlainSeconds
	r.RatioOfInserts, r.RatioOfPlain = r.PersonsASecond/r.BareASecond, r.PersonsASecond/r.PlainASecond
	r.Stored, r.StoredEach, r.IndexEach = got.Stored, float64(got.Stored)/float64(got.Persons), float64(got.Index)/float64(got.Persons)
	return nil
}

func (c *ScaleConfig) child(ctx context.Context, into *workerReport, args ...string) error {
	cmd := exec.CommandContext(ctx, c.Exe, append([]string{"bench", "worker"}, args...)...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe() // open until it ends: a closed one stops a worker
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := cmd.Output()
	if err != nil {
		return err
	}
	return json.Unmarshal(out, into)
}

// workerReport is what a worker prints that measures the store.
type workerReport struct {
	Persons, FileBytes, Peak, Stored, Index int64
	Seconds, PlainSeconds                   float64
	Ambiguous                               int
}

// storeWorker imports a file, or measures bare inserts, on the store alone.
func storeWorker(ctx context.Context, c WorkerConfig, out io.Writer) error {
	data := filepath.Join(c.Dir, "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	s, err := store.Open(ctx, store.Config{Dir: data, Root: benchRoot(), Clock: time.Now})
	if err != nil {
		return err
	}
	var r workerReport
	if c.Kind == workerInsert {
		y, err := s.MeasureInserts(ctx, int64(c.Persons))
		r.Persons, r.Seconds, r.PlainSeconds = y.Persons, y.Stored.Took.Seconds(), y.Plain.Took.Seconds()
		return firstError(err, json.NewEncoder(out).Encode(r), s.Close())
	}
	begun := time.Now()
	sum, err := intake.Run(ctx, intake.Options{Path: c.File, Sink: s.NewLoad()})
	if err != nil {
		return firstError(err, s.Close())
	}
	r.Seconds, r.Persons, r.FileBytes = time.Since(begun).Seconds(), int64(sum.Personnes), sum.Bytes
	if sum.Outcome != nil {
		r.Ambiguous = sum.Outcome.Ambiguous
	}
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err == nil {
		r.Peak = u.Maxrss << 10
	}
	if r.Index, err = s.IndexBytes(ctx); err != nil {
		return firstError(err, s.Close())
	}
	list, err := filepath.Glob(filepath.Join(data, "population-*"))
	for _, f := range list {
		if i, err := os.Stat(f); err == nil {
			r.Stored += i.Size()
		}
	}
	return firstError(err, s.Close(), json.NewEncoder(out).Encode(r))
}

// Print writes the report for people.
func (rep ScaleReport) Print(w io.Writer) {
	fmt.Fprintf(w, "%10s %9s %9s %6s %9s %6s %9s %8s %8s %7s | %9s %9s %7s %8s %8s\n", "people", "import/s", "inserts/s", "ratio", "plain/s", "ratio", "memory MB", "B/person", "index B", "pairs", "bare /s", "/me /s", "ratio", "CPU µs", "p99 ms")
	for _, n := range rep.Nations {
		if n.Skipped != "" {
			fmt.Fprintf(w, "%10d skipped: %s\n", n.Persons, n.Skipped)
			continue
		}
		fmt.Fprintf(w, "%10d %9.0f %9.0f %6.2f %9.0f %6.2f %9d %8.0f %8.1f %7d | ", n.Persons, n.PersonsASecond, n.BareASecond, n.RatioOfInserts, n.PlainASecond, n.RatioOfPlain, n.Peak>>20, n.StoredEach, n.IndexEach, n.Ambiguous)
		if c := n.Calls; c != nil {
			fmt.Fprintf(w, "%9.0f %9.0f %7.3f %8.1f %8.2f", c.Variants[0].PerSecond, c.Variants[2].PerSecond, c.RatioBare, c.Variants[2].CPUPerCall, c.OpenLoop.P99)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, "\nall in people per second; inserts: the rows that the load keeps, written bare; plain: a bare row for each object of the file")
	fmt.Fprintf(w, "aims: import ≥ 15,000/s at 1 M and ≥ 12,000/s at 10 M, ratio ≥ 0.5, memory ≤ 512 MB, ≤ 1,500 B and ≤ 32 B of index a person\n")
	if rep.Cost > 0 {
		fmt.Fprintf(w, "cost of a call, largest over smallest nation: %.2f (aim ≤ 1.5)\n", rep.Cost)
	}
}
