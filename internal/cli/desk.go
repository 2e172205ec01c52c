package cli

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"droits.example/droits/internal/admin"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/desk"
)

const deskLong = `List what ended without a match, as pseudonyms and codes, with rates over time.

Three outcomes are no match, and a caller is told the same of each: none (nobody
fits), ambiguous (several could, or one is too close to another), and blocked
(FranceConnect's subject led to another person before). Each is listed with the
place of its entry in the log, the request, the partner, the reason, how many
candidates each code rejected, and keyed pseudonyms: of FranceConnect's subject
(v2 only), and of people where somebody is named. No trait, number or token is
kept here. T1 to T6 are the tolerances that matches needed.

Alerts: more than 0.15 % of a day's decisions ambiguous; a tolerance needed twice
as often as on the days before; one subject that led to two people. A day is
judged from 1,000 decisions on. The last section lists the pairs of people that
the loading of the population flagged: one could be answered for the other.

` + exitCodes

func deskCommand(p Process) *cobra.Command {
	c := &cobra.Command{
		Use: "desk", Short: "List identifications that ended without a match, with rates and alerts", Long: deskLong, Args: noArgs,
		Example: `  droits identity desk --config droits.toml
  droits identity desk --data /var/lib/droits --since 30d --by day
  droits identity desk --since 2h --outcome ambiguous --json`,
		RunE: func(c *cobra.Command, _ []string) error { return showDesk(c, p) },
	}
	where(c)
	c.Flags().String("since", "7d", "how far back, such as 90m, 24h or 30d")
	c.Flags().String("outcome", "all", "none, ambiguous, blocked or all")
	c.Flags().String("by", "day", "rates by hour or by day")
	c.Flags().Int("limit", 50, "cases and pairs to list, the latest cases first")
	return c
}

func showDesk(c *cobra.Command, p Process) error {
	back, err := ago(text(c, "since"))
	if err != nil {
		return err
	}
	outcome := text(c, "outcome")
	switch outcome {
	case "all":
		outcome = ""
	case desk.None, desk.Ambiguous, desk.Blocked:
	default:
		return usage("--outcome is none, ambiguous, blocked or all")
	}
	by := text(c, "by")
	if by != "hour" && by != "day" {
		return usage("--by is hour or day")
	}
	limit, _ := c.Flags().GetInt("limit")
	if limit < 0 || limit > admin.MaxDeskCases {
		return usage("--limit is at most %d", admin.MaxDeskCases)
	}
	a, err := reach(c, p)
	if err != nil {
		return err
	}
	defer a.close()
	var r desk.Report
	if err := a.call(c.Context(), http.MethodGet, admin.DeskPath(back, outcome, limit), nil, &r); err != nil {
		return err
	}
	if flag(c, "json") {
		return printJSON(c, r)
	}
	rates := r.Days
	if by == "hour" {
		rates = r.Hours
	}
	return deskText{r, rates, by, limit}.print(c.OutOrStdout())
}

// deskText is a report for a reader.
type deskText struct {
	desk.Report
	rates []desk.Window
	by    string
	limit int
}

// ago reads a duration in which d means 24 hours.
func ago(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		d = time.Duration(min(max(n, -1), 10_000)) * 24 * time.Hour
	}
	if err != nil || d <= 0 || d > admin.MaxDeskFor {
		return 0, usage("--since is a duration such as 90m, 24h or 30d, at most %d days", int(admin.MaxDeskFor.Hours()/24))
	}
	return d, nil
}

func (r deskText) print(w io.Writer) error {
	for _, a := range r.Alerts {
		fmt.Fprintf(w, "ALERT %s  %s\n", a.Code, a.Text)
	}
	if len(r.Alerts) == 0 {
		fmt.Fprintln(w, "no alert")
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, strings.ToUpper(r.by)+"\tDECISIONS\tMATCH\tNONE\tAMBIGUOUS\tBLOCKED\tTOLERANCES")
	for _, x := range r.rates {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d (%.2f %%)\t%d\t%s\n", beginning(x.From, r.by), x.Decisions, x.Match, x.None, x.Ambiguous, 100*x.Rates[desk.Ambiguous], x.Blocked, needed(x))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	r.printCases(t, w)
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n%d pairs of people of the population could be answered for one another\n", len(r.Pairs))
	for _, p := range r.Pairs[:min(r.limit, len(r.Pairs))] {
		fmt.Fprintf(w, "%s  %s\n", p.A, p.B)
	}
	return nil
}

func (r deskText) printCases(t, w io.Writer) {
	fmt.Fprintln(w)
	if len(r.Cases) == 0 {
		fmt.Fprintln(w, "no case")
		return
	}
	fmt.Fprintln(t, "AT\tOUTCOME\tREASON\tREJECTED\tCANDIDATES\tPARTNER\tPURPOSE\tREQUEST\tTRACE\tSUBJECT\tRULE")
	for _, c := range r.Cases {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\t%d\t%s\t%s\n", c.At.Format(time.RFC3339), c.Outcome, c.Reason, histogram(c.Rejected), c.Candidates, c.Partner, c.Purpose, c.RequestID, c.Trace, dash(c.Subject), c.Rule)
	}
	if r.More {
		fmt.Fprintln(t, "… older ones are there: --limit")
	}
}

func beginning(at time.Time, by string) string {
	if by == "hour" {
		return at.Format("2006-01-02 15:04 MST")
	}
	return civil.On(at).String()
}

// needed are the tolerances that matches needed, with their rates.
func needed(x desk.Window) string {
	var out []string
	for _, t := range slices.Sorted(maps.Keys(x.Tolerances)) {
		out = append(out, fmt.Sprintf("%s %d (%.2f %%)", t, x.Tolerances[t], 100*x.Rates[t]))
	}
	return dash(strings.Join(out, ", "))
}

func histogram(of map[string]int) string {
	var out []string
	for _, code := range slices.Sorted(maps.Keys(of)) {
		out = append(out, code+":"+strconv.Itoa(of[code]))
	}
	return dash(strings.Join(out, " "))
}

func dash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// forgetCommand undoes a block that was wrong.
func forgetCommand(p Process) *cobra.Command {
	return act{
		use: "forget ENTRY", short: "Forget to whom the subject of a blocked identification led, so that its next call decides anew", args: 1, path: "/identity/forget",
		would: "forget to whom the subject led", did: "the subject's next call decides anew", example: "  droits identity forget 1042 --apply      # ENTRY as the desk lists it",
		request: func(_ *cobra.Command, args []string) (admin.Request, error) { return admin.Request{ID: args[0]}, nil },
	}.command(p)
}
