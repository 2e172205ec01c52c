package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/cheggaaa/pb/v3"
	"github.com/spf13/cobra"

	"droits.example/droits/internal/admin"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/intake"
)

func importCommand(p Process) *cobra.Command {
	c := &cobra.Command{
		Use:   "import FILE",
		Short: "Load people and rights from an NDJSON file (.ndjson, .gz or .zst)",
		Long: `Loads a file in the format droits/1, streamed. A whole population ("jeu":"complet")
becomes visible at once when the load ends, a "delta" changes the visible one.
Rows that break a rule are counted and written, one JSON object a line with the
rule and no personal value, to FILE.rejects.ndjson; the exit code is then 6. An
older file of rejects is replaced at the end, any other file is left alone.
An import that was interrupted, or killed, goes on where it stopped when the same
file is given again. With --dry-run everything is done and undone, and what would
change is told. With a running process on the data directory, the load happens in
that process, which goes on answering.

` + exitCodes,
		Example: `  droits import nation.ndjson.zst --config droits.toml
  droits import nation.ndjson --config droits.toml --dry-run`,
		Args: exactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runImport(c, p, args[0]) },
	}
	c.Flags().String("config", "droits.toml", "configuration file")
	c.Flags().String("data", "", "data directory of a running process, instead of --config")
	c.Flags().String("rejects", "", "where rejected rows go (default FILE.rejects.ndjson)")
	c.Flags().Bool("dry-run", false, "check everything and load nothing")
	return c
}

func runImport(c *cobra.Command, p Process, file string) error {
	path, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); err != nil {
		return &exitError{ExitNotFound, errors.New("the file cannot be read")}
	}
	rejects := text(c, "rejects")
	if rejects == "" {
		rejects = path + ".rejects.ndjson"
	}
	if rejects, err = filepath.Abs(rejects); err != nil {
		return err
	}
	a, err := reach(c, p)
	if err != nil {
		return err
	}
	defer a.close()
	err = load(c, a, path, rejects)
	if err != nil && c.Context().Err() != nil && exitCode(err) != ExitPartial {
		return &exitError{ExitInterrupted, errors.New("interrupted; unless it was just ending, nothing of the import is visible: the same command goes on where it stopped")}
	}
	return err
}

// load sends the import and follows it.
func load(c *cobra.Command, a *administration, path, rejects string) error {
	begin := time.Now()
	resp, err := a.send(c.Context(), http.MethodPost, "/import", admin.Request{Apply: !flag(c, "dry-run"), Path: path, RejectsPath: rejects})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return failure(resp.Body, resp.StatusCode)
	}
	last, err := follow(c, resp.Body)
	if err != nil {
		return err
	}
	return conclude(c, last, rejects, time.Since(begin))
}

// follow shows the progress on standard error: a bar on a terminal, a line
// every two seconds elsewhere.
func follow(c *cobra.Command, body io.Reader) (last admin.Progress, err error) {
	var bar *pb.ProgressBar
	stage := ""
	if terminal(c) {
		bar = pb.New64(0).SetWriter(c.ErrOrStderr()).Start()
		defer bar.Finish()
	}
	shown := time.Now()
	dec := json.NewDecoder(body)
	for {
		var p admin.Progress
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return last, nil
		} else if err != nil {
			return last, errors.New("the import was cut; nothing of it is visible")
		}
		last = p
		if bar != nil {
			bar.Set(pb.Bytes, p.Stage == intake.StageReading).SetTotal(p.Total).SetCurrent(p.Done).Set("prefix", p.Stage+" ").Set("suffix", fmt.Sprintf(" %d lines", p.Lines))
		} else if !flag(c, "quiet") && (time.Since(shown) > 2*time.Second || stage != "" && stage != p.Stage) && p.Summary == nil {
			shown = time.Now()
			fmt.Fprintf(c.ErrOrStderr(), "import: %s, %d lines, %s\n", p.Stage, p.Lines, percent(p.Done, p.Total))
		}
		stage = p.Stage
	}
}

// percent tells how far a stage is.
func percent(done, total int64) string {
	if total <= 0 {
		return "…"
	}
	return fmt.Sprintf("%d %%", 100*done/total)
}

func conclude(c *cobra.Command, last admin.Progress, rejects string, took time.Duration) error {
	if last.Failure != nil && last.Summary != nil && last.Summary.Visible {
		return fmt.Errorf("the load is visible, but what comes after it failed: %s", describe(last.Failure.Code, last.Failure.Field, last.Failure.Reason))
	}
	if last.Failure != nil {
		f := last.Failure
		if rule := intake.Rule(f.Reason); rule.Text() != "" {
			return &exitError{ExitFailure, fmt.Errorf("nothing was loaded: %s: %s", rule, rule.Text())}
		}
		code := ExitFailure
		if f.Code == fault.ParametreInvalide {
			code = ExitUsage
		}
		return &exitError{code, fmt.Errorf("nothing was loaded: %s", describe(f.Code, f.Field, f.Reason))}
	}
	s := last.Summary
	if s == nil {
		return errors.New("the import was cut; nothing of it is visible")
	}
	verb := "loaded"
	if flag(c, "dry-run") {
		verb = "would be loaded"
	}
	if flag(c, "json") {
		if err := printJSON(c, importLine{flag(c, "dry-run"), s.Lines, s.Resumed, s.Personnes, s.Sentinelles, s.Caisses, s.Fins, s.Rejected, s.ByRule, s.Outcome, took.Seconds(), last.Peak}); err != nil {
			return err
		}
	} else {
		w := c.OutOrStdout()
		fmt.Fprintf(w, "%s: %d people (%d sentinels), %d funds, %d ends; %d lines in %.1f s (%.0f/s), at most %d MB of memory\n", verb, s.Personnes, s.Sentinelles, s.Caisses, s.Fins, s.Lines, took.Seconds(), float64(s.Lines-s.Resumed)/took.Seconds(), last.Peak>>20)
		if o := s.Outcome; o != nil && o.Before > 0 {
			fmt.Fprintf(w, "people served: %d before\n", o.Before)
		}
		if s.Resumed > 0 {
			fmt.Fprintf(w, "went on after line %d, where an interrupted import of this file stopped\n", s.Resumed)
		}
		if o := s.Outcome; o != nil {
			if o.Compared {
				fmt.Fprintf(w, "people: %d added, %d changed, %d removed, %d unchanged\n", o.Added, o.Changed, o.Removed, o.Unchanged)
			}
			if o.Ambiguous > 0 {
				fmt.Fprintf(w, "ambiguous: %d pairs of people cannot be told apart; see droits identity desk\n", o.Ambiguous)
			}
		}
		rules := make([]string, 0, len(s.ByRule))
		for r := range s.ByRule {
			rules = append(rules, string(r))
		}
		sort.Strings(rules)
		for _, r := range rules {
			fmt.Fprintf(w, "rejected: %6d  %-20s %s\n", s.ByRule[intake.Rule(r)], r, intake.Rule(r).Text())
		}
	}
	if s.Rejected > 0 {
		return &exitError{ExitPartial, fmt.Errorf("%d rows were rejected; they are listed in %s", s.Rejected, filepath.Base(rejects))}
	}
	return nil
}

// importLine is what import --json prints; rejected > 0 goes with exit code 6
// and a file of rejects.
type importLine struct {
	DryRun      bool                `json:"dry_run"`
	Lines       int                 `json:"lines"`
	Resumed     int                 `json:"resumed_after,omitempty"`
	Personnes   int                 `json:"personnes"`
	Sentinelles int                 `json:"sentinelles"`
	Caisses     int                 `json:"caisses"`
	Fins        int                 `json:"fins"`
	Rejected    int                 `json:"rejected"`
	ByRule      map[intake.Rule]int `json:"by_rule,omitempty"`
	Outcome     *intake.Outcome     `json:"outcome,omitempty"`
	Seconds     float64             `json:"seconds"`
	Peak        int64               `json:"peak_memory_bytes"` // of the process that loaded
}

// character reports whether a file is a terminal's; the null device is one
// more thing that is not.
func character(f *os.File) bool {
	i, err := f.Stat()
	if err != nil || i.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(i, null)
}

// terminal reports whether a bar can be drawn.
func terminal(c *cobra.Command) bool {
	f, ok := c.ErrOrStderr().(*os.File)
	if !ok || flag(c, "quiet") || flag(c, "no-color") || os.Getenv("NO_COLOR") != "" || strings.EqualFold(os.Getenv("TERM"), "dumb") {
		return false
	}
	return character(f)
}
