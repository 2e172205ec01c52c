package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"droits.example/droits/internal/cases"
)

const explainLong = `Decide cases of identification and say why, one JSON object a line.

A case is {"id", "stored": [rows], "pivot": {…}}. A row has nir, nom_famille,
nom_usage, prenoms (one string), date_naissance, sexe (M, F or empty),
code_lieu_naissance, code_pays_naissance, and may have sentinelle and
prenoms_complets. The pivot is FranceConnect's: family_name, given_name,
birthdate, gender, birthplace, birthcountry, and may have preferred_username and
given_name_array. Other members are ignored.

Each case is a base of its own: the rows that the pivot's index keys give are
compared, as in a call. The answer is {"id", "outcome": "match:NIR", "none" or
"ambiguous", "reason", "rule", "tolerances", "candidates"}, with one candidate a
row, in the order of stored: its marks (E exact, T1 to T6 tolerated, W wildcard,
X conflict), the rule that rejects it, and whether the index gives it. A line
that is no case is answered by {"line", "id", "error", "member"}; the others go on.

This command prints numbers. It reads cases only: it opens no store, and refuses
a database, a data directory and an import file.

` + exitCodes

func identityCommand(p Process) *cobra.Command {
	c := &cobra.Command{
		Use: "explain --cases FILE", Short: "Decide fictitious cases of identification and say why", Long: explainLong, Args: noArgs,
		Example: `  droits identity explain --cases cases.ndjson
  droits identity explain --cases cases.ndjson --text
  echo '{"id":1,"stored":[{"nir":"2850312047001","nom_famille":"Lévêque","prenoms":"Hélène","date_naissance":"1985-03-14","sexe":"F","code_lieu_naissance":"12047","code_pays_naissance":"99100"}],"pivot":{"family_name":"LEVEQUE","given_name":"HELENE MARIE","birthdate":"1985-03-14","gender":"female","birthplace":"12047","birthcountry":"99100"}}' |
    droits identity explain --cases -`,
		RunE: func(c *cobra.Command, _ []string) error { return explainCases(c) },
	}
	c.Flags().String("cases", "", "file of cases; - is standard input")
	c.Flags().Bool("text", false, "print for a reader instead of JSON")
	return group("identity", "Identification: who a pivot is", c, deskCommand(p), forgetCommand(p))
}

func explainCases(c *cobra.Command) error {
	in, err := openCases(c)
	if err != nil {
		return err
	}
	defer in.Close()
	out := bufio.NewWriter(c.OutOrStdout())
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	tell := func(a cases.Answer) error { return enc.Encode(a) }
	if flag(c, "text") {
		tell = func(a cases.Answer) error { _, err := out.WriteString(a.Text()); return err }
	}
	sum, err := cases.Run(in, tell)
	if err = errors.Join(err, out.Flush()); err != nil {
		return notCases(err)
	}
	if sum.Broken > 0 {
		return &exitError{ExitPartial, fmt.Errorf("%d of %d lines are no case; each is told with its rule", sum.Broken, sum.Broken+sum.Cases)}
	}
	return nil
}

func openCases(c *cobra.Command) (io.ReadCloser, error) {
	path := text(c, "cases")
	switch path {
	case "":
		return nil, usage("name the file of cases with --cases FILE; - is standard input")
	case "-":
		return io.NopCloser(c.InOrStdin()), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, &exitError{ExitNotFound, errors.New("the file of cases cannot be read")}
	}
	if i, err := f.Stat(); err != nil || i.IsDir() {
		f.Close()
		return nil, &exitError{ExitRefused, errors.New("--cases names a directory: this command reads a file of cases, and never a store")}
	}
	return f, nil
}

func notCases(err error) error {
	switch {
	case errors.Is(err, cases.ErrStore):
		return &exitError{ExitRefused, errors.New("--cases names a database: this command reads a file of cases, and never a store")}
	case errors.Is(err, cases.ErrImport):
		return &exitError{ExitRefused, errors.New("--cases names an import file: its people are not cases; this command reads fictitious cases only")}
	}
	return err
}
