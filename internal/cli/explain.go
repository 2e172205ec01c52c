package cli

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"droits.example/droits/internal/admin"
)

const explainMore = `The signed document is the program: the mask, the quotas, the wording of the agreement,
the partner's own OpenAPI document and the reference in each trace derive from it, each
time anew, and each names its digest. --out writes them as files; droits convention
verify compares such files with what the convention says now.

`

func explainCommand(p Process) *cobra.Command {
	c := &cobra.Command{
		Use: "explain ID", Short: "Show everything that derives from a convention, under one digest", Args: exactArgs(1), Long: "Show everything that derives from a convention, under one digest.\n" + explainMore + exitCodes,
		Example: "  droits convention explain chu-exemple\n  droits convention explain chu-exemple --out ./chu",
		RunE: func(c *cobra.Command, args []string) error {
			x, err := askExplanation(c, p, args[0])
			if err != nil {
				return err
			}
			if dir := text(c, "out"); dir != "" {
				if err := writeArtefacts(dir, x); err != nil {
					return err
				}
			}
			if flag(c, "json") {
				return printJSON(c, x)
			}
			w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
			fmt.Fprintf(w, "%s version %d, %s, digest %s, signed by %v\n\n", x.ID, x.Version, x.State, x.Digest, x.SignedBy)
			fmt.Fprintln(w, "ARTEFACT\tSHA-256\tWHAT")
			for _, a := range x.Artefacts {
				fmt.Fprintf(w, "%s\t%s\t%s\n", a.Name, a.SHA256[:16], a.What)
			}
			return w.Flush()
		},
	}
	where(c)
	c.Flags().String("out", "", "folder in which to write the artefacts")
	return c
}

func askExplanation(c *cobra.Command, p Process, id string) (x admin.Explanation, err error) {
	a, err := reach(c, p)
	if err != nil {
		return x, err
	}
	defer a.close()
	return x, a.call(c.Context(), http.MethodGet, admin.ExplainPath(id), nil, &x)
}

func writeArtefacts(dir string, x admin.Explanation) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return &exitError{ExitFailure, errors.New("the folder cannot be made")}
	}
	for _, a := range x.Artefacts {
		if err := os.WriteFile(filepath.Join(dir, a.Name), []byte(a.Text), 0o644); err != nil {
			return &exitError{ExitFailure, errors.New("a file cannot be written")}
		}
	}
	return nil
}

func verifyConventionCommand(p Process) *cobra.Command {
	c := &cobra.Command{
		Use: "verify ID FOLDER", Short: "Compare files with what a convention says now, and check its signatures", Args: exactArgs(2), Long: "Compare files with what a convention says now, and check its signatures.\n" + explainMore + "Exit code 7 says that a file was altered or is missing, or that a signature is.\n\n" + exitCodes,
		Example: "  droits convention explain chu-exemple --out ./chu\n  droits convention verify chu-exemple ./chu --json",
		RunE: func(c *cobra.Command, args []string) error {
			x, err := askExplanation(c, p, args[0])
			if err != nil {
				return err
			}
			differs := []string{}
			for _, a := range x.Artefacts {
				b, err := os.ReadFile(filepath.Join(args[1], a.Name))
				if err != nil || string(b) != a.Text {
					differs = append(differs, a.Name)
				}
			}
			if len(x.SignedBy) < 2 {
				differs = append(differs, "signatures")
			}
			if flag(c, "json") {
				if err := printJSON(c, map[string]any{"digest": x.Digest, "intact": len(differs) == 0, "differs": differs}); err != nil {
					return err
				}
			} else if len(differs) == 0 {
				fmt.Fprintf(c.OutOrStdout(), "intact: %d artefacts of %s version %d, digest %s\n", len(x.Artefacts), x.ID, x.Version, x.Digest)
			}
			if len(differs) > 0 {
				return &exitError{ExitIntegrity, errors.New("not what the convention says: " + strings.Join(differs, ", "))}
			}
			return nil
		},
	}
	where(c)
	return c
}
