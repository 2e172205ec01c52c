package cli

import (
	"cmp"
	"fmt"
	"net/http"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"droits.example/droits/internal/admin"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/trace"
)

const reportsLong = `List what persons do not recognise in their journals of accesses, the latest first.

A person reports a line from the citizen space, or contests an agreement that it never
gave; the platform keeps it for the data protection officer, with what the person wrote.
There is one report a person and line: of several, the last text stays, in the place of
the first. The list is personal data: it needs the reference of the file for which it is
read, and the reading is itself in the log. The column "trace" is the place of the entry
there; "agreement" names the one that is contested.

A list holds --limit reports; --before REPORT lists those that follow the last one shown.

` + exitCodes

func reportCommand(p Process) *cobra.Command {
	c := &cobra.Command{
		Use: "list", Short: "List what persons do not recognise in their journals", Long: reportsLong, Args: noArgs,
		Example: "  droits report list --file DPO-2026-014 --config droits.toml\n  droits report list --file DPO-2026-014 --limit 500 --before sig_5f0c1d2e3a4b5c6d7e8f9a0b --data /var/lib/droits --json",
		RunE:    func(c *cobra.Command, _ []string) error { return showReports(c, p) },
	}
	where(c)
	c.Flags().String("file", "", "reference of the file for which the list is read (required)")
	c.Flags().Int("limit", 100, "reports in a list, 1 to 1000")
	c.Flags().String("before", "", "last report of the list before")
	return group("report", "Read what persons report from the citizen space", c)
}

func showReports(c *cobra.Command, p Process) error {
	if text(c, "file") == "" {
		return usage("--file wants the reference of the file for which the list is read")
	}
	limit, err := c.Flags().GetInt("limit")
	if err != nil || limit < 1 || limit > 1000 {
		return usage("--limit is 1 to 1000")
	}
	a, err := reach(c, p)
	if err != nil {
		return err
	}
	defer a.close()
	var list []trace.Report
	if err := a.call(c.Context(), http.MethodGet, admin.ReportsPath(text(c, "file"), text(c, "before"), limit), nil, &list); err != nil {
		return err
	}
	if flag(c, "json") {
		return printJSON(c, list)
	}
	w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "REPORT\tWHEN (PARIS)\tTRACE\tAGREEMENT\tTEXT")
	for _, r := range list {
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%q\n", r.ID, r.At.In(civil.Paris()).Format("2006-01-02 15:04"), r.Trace, cmp.Or(r.Consent, "-"), r.Text)
	}
	if len(list) == limit {
		fmt.Fprintf(c.ErrOrStderr(), "there may be more: --before %s\n", list[limit-1].ID)
	}
	return w.Flush()
}
