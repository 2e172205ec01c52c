package cli

import (
	"errors"
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/store"
	"droits.example/droits/internal/trace"
)

const reconcileLong = `Compares a month, partner by partner: what the reverse proxy let out, what the store
counted against quotas, and what the trail holds.

The proxy's log is one JSON object a line, other members being passed over:

  {"time": "2026-11-22T10:04:05Z", "path": "/v1/droits/…", "status": 200, "trace": "host/acces/2026/…"}

trace is the header X-Trace of the answer ("" or "-" when it had none). A month is one of
Paris. Gaps: an answer 2xx under a base path that quotes no entry, or one that says
refused; an answer that quotes an entry that the trail does not hold, or one quoted
already; fewer calls counted than entries served, or more than there are entries. An
entry served that no answer quotes is a connection that was cut: it is shown, and is no
gap. Entries of the ten minutes around the month are known, and not counted. A line that
is none, or longer than 64 KiB, is counted as unread, and is a gap. The root key is
needed. Memory: some 80 bytes an entry of the month. No personal datum is printed.

Exit codes: 0 balanced · 7 gaps · 1 could not compare · 2 usage`

func reconcileCommand(p Process) *cobra.Command {
	var bases []string
	c := &cobra.Command{
		Use: "reconcile", Short: "Compare the proxy's log, the store's counts and the trail, for a month", Args: noArgs, Long: reconcileLong,
		Example: `  droits trace reconcile --data /var/lib/droits --root /etc/droits/root.key --month 2026-11 --proxy-log access.ndjson
  droits trace reconcile --config droits.toml --month 2026-11 --proxy-log access.ndjson --json`,
		RunE: func(c *cobra.Command, _ []string) error {
			from, err := civil.Parse(text(c, "month") + "-01")
			if err != nil {
				return usage("--month is written YYYY-MM")
			}
			if text(c, "proxy-log") == "" {
				return usage("name the proxy's log with --proxy-log FILE")
			}
			log, err := os.Open(text(c, "proxy-log"))
			if err != nil {
				return &exitError{ExitFailure, errors.New("the proxy's log cannot be read")}
			}
			defer log.Close()
			t, _, err := openTrail(c, p)
			if err != nil {
				return err
			}
			defer t.Close()
			b := trace.NewBalance()
			until := from.AddDays(32)
			until = until.AddDays(1 - until.Day())
			if err := gather(c, t, b, [2]civil.Date{from, until}); err != nil {
				return &exitError{ExitFailure, fmt.Errorf("could not compare: %w", err)}
			}
			if err := b.Read(log, from.StartAt(), until.StartAt(), bases...); err != nil {
				return &exitError{ExitFailure, errors.New("could not compare: the proxy's log cannot be read")}
			}
			return printBalance(c, b.Close())
		},
	}
	trailFlags(c)
	c.Flags().String("month", "", "month of Paris, YYYY-MM")
	c.Flags().String("proxy-log", "", "log of the reverse proxy")
	c.Flags().StringSliceVar(&bases, "base", []string{"/v1/droits/beneficiaires", "/v1/journal/findUsage", "/v1/journal/usagePeriod"},
		"base path under which every answer 2xx quotes its entry; may be given again")
	return c
}

func gather(c *cobra.Command, t *store.Trail, b *trace.Balance, month [2]civil.Date) error {
	from, until := month[0].StartAt(), month[1].StartAt()
	err := t.Accesses(c.Context(), from.Add(-trace.AroundPeriod), until.Add(trace.AroundPeriod), func(a trace.Access) {
		if a.At.Before(from) || !a.At.Before(until) {
			b.HoldAround(a)
			return
		}
		b.Hold(a)
	})
	if err != nil {
		return err
	}
	return t.Counted(c.Context(), month[0], month[1], b.Count)
}

func printBalance(c *cobra.Command, r trace.Reconciliation) error {
	var gaps error
	if !r.Balanced {
		gaps = &exitError{ExitIntegrity, errors.New("there are gaps")}
	}
	if flag(c, "json") {
		return errors.Join(printJSON(c, r), gaps)
	}
	w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "PARTNER\tPROXY\tTRAIL\tREFUSED\tCOUNTED\tNOT QUOTED\tQUOTED AGAIN\tGAP")
	for _, p := range r.Partners {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%v\n", p.Partner, p.Proxy, p.Served, p.Refused, p.Counted, p.Unseen, p.Repeated, p.Gap)
	}
	fmt.Fprintf(w, "\nserved without a trace: %d\ntraces unknown: %d\nlines unread: %d\n", r.Untraced, r.Unknown, r.Unread)
	return errors.Join(w.Flush(), gaps)
}
