package cli

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"droits.example/droits/internal/convention"
)

// noticeCommand groups what concerns the versions of the information notice.
// They are in the program: no instance is asked.
func noticeCommand() *cobra.Command {
	list := &cobra.Command{
		Use: "list", Short: "List the versions of the information notice", Args: noArgs, Example: "  droits notice list\n  droits notice list --json",
		RunE: func(c *cobra.Command, _ []string) error {
			all := convention.Notices()
			if flag(c, "json") {
				return printJSON(c, all)
			}
			w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
			fmt.Fprintln(w, "VERSION\tCURRENT\tSHA-256")
			for _, n := range all {
				fmt.Fprintf(w, "%s\t%v\t%s\n", n.Version, n.Current, n.SHA256)
			}
			return w.Flush()
		},
	}
	show := &cobra.Command{
		Use: "show VERSION", Short: "Print a version of the information notice, byte by byte as it is hashed, and a newline", Args: exactArgs(1), Example: "  droits notice show " + convention.NoticeVersion + "\n  droits notice show " + convention.NoticeVersion + " --json",
		RunE: func(c *cobra.Command, args []string) error {
			n, err := noticeNamed(args[0])
			switch {
			case err != nil:
				return err
			case flag(c, "json"):
				return printJSON(c, n)
			}
			fmt.Fprintln(c.OutOrStdout(), n.Text)
			return nil
		},
	}
	diff := &cobra.Command{
		Use: "diff FROM TO", Short: "Tell sentence by sentence what changed from one version to another", Args: exactArgs(2), Example: "  droits notice diff 2026-11 2026-11-2\n  droits notice diff 2026-11 2026-11-2 --json",
		RunE: func(c *cobra.Command, args []string) error {
			from, err := noticeNamed(args[0])
			if err != nil {
				return err
			}
			to, err := noticeNamed(args[1])
			if err != nil {
				return err
			}
			lines := convention.CompareNotices(from, to)
			if flag(c, "json") {
				return printJSON(c, lines)
			}
			for _, l := range lines {
				fmt.Fprintln(c.OutOrStdout(), l.Change+" "+l.Text)
			}
			return nil
		},
	}
	return group("notice", "Versions of the information notice", list, show, diff)
}

func noticeNamed(version string) (convention.InformationNotice, error) {
	n, ok := convention.NoticeOf(version)
	if !ok {
		var known []string
		for _, x := range convention.Notices() {
			known = append(known, x.Version)
		}
		return n, &exitError{ExitNotFound, errors.New("there is no such version; there are " + strings.Join(known, ", "))}
	}
	return n, nil
}
