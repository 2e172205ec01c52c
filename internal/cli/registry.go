package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"droits.example/droits/internal/admin"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
)

// act describes a command that rehearses by default and acts with --apply.
type act struct {
	use, short, example string
	args                int
	path                string
	more                string // lines of help after the first
	flags               func(*cobra.Command)
	request             func(c *cobra.Command, args []string) (admin.Request, error)
	would, did          string                                       // what it does, after "it would:" and once done
	outcome             func(out map[string]any) (would, did string) // instead, when the answer decides; may be nil
}

func where(c *cobra.Command) {
	c.Flags().String("config", "droits.toml", "configuration file")
	c.Flags().String("data", "", "data directory of a running process, instead of --config")
}

func (x act) command(p Process) *cobra.Command {
	c := &cobra.Command{
		Use: x.use, Short: x.short, Example: x.example, Args: exactArgs(x.args),
		Long: x.short + ".\n" + x.more + "Rehearses by default: everything is checked and undone. --apply acts.\n\n" + exitCodes,
		RunE: func(c *cobra.Command, args []string) error { return x.run(c, p, args) },
	}
	where(c)
	c.Flags().Bool("apply", false, "act instead of rehearsing")
	if x.flags != nil {
		x.flags(c)
	}
	return c
}

func (x act) run(c *cobra.Command, p Process, args []string) error {
	req, err := x.request(c, args)
	if err != nil {
		return err
	}
	req.Apply = flag(c, "apply")
	a, err := reach(c, p)
	if err != nil {
		return err
	}
	defer a.close()
	var out map[string]any
	if err := a.call(c.Context(), http.MethodPost, x.path, req, &out); err != nil {
		return err
	}
	if flag(c, "json") {
		return printJSON(c, out)
	}
	w := c.OutOrStdout()
	if x.outcome != nil {
		x.would, x.did = x.outcome(out)
	}
	if !req.Apply {
		fmt.Fprintf(w, "rehearsed, nothing changed; it would: %s\n", x.would)
		if !flag(c, "quiet") {
			fmt.Fprintf(w, "to act: %s --apply\n", again(p.Args))
		}
		return nil
	}
	fmt.Fprintf(w, "done: %s\n", x.did)
	for _, k := range []string{"id", "version", "state", "digest", "secret"} {
		if v, ok := out[k]; ok {
			fmt.Fprintf(w, "%s: %v\n", k, v)
		}
	}
	if _, ok := out["secret"]; ok {
		fmt.Fprintln(w, "This secret is shown once and kept nowhere.")
	}
	return nil
}

// listing describes a command that lists; group is the word before "list".
type listing[T any] struct {
	group, short, path string
	head               string
	row                func(T) string
}

func (x listing[T]) command(p Process) *cobra.Command {
	c := &cobra.Command{Use: "list", Short: x.short, Args: noArgs, Example: "  droits " + x.group + " list --config droits.toml\n  droits " + x.group + " list --data /var/lib/droits --json", RunE: func(c *cobra.Command, _ []string) error {
		a, err := reach(c, p)
		if err != nil {
			return err
		}
		defer a.close()
		var raw json.RawMessage
		if err := a.call(c.Context(), http.MethodGet, x.path, nil, &raw); err != nil {
			return err
		}
		if flag(c, "json") {
			return printJSON(c, raw)
		}
		var list []T
		if err := json.Unmarshal(raw, &list); err != nil {
			return err
		}
		w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
		fmt.Fprintln(w, x.head)
		for _, l := range list {
			fmt.Fprintln(w, x.row(l))
		}
		return w.Flush()
	}}
	where(c)
	return c
}

func group(use, short string, sub ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: noArgs, RunE: helpAsked}
	c.AddCommand(sub...)
	return c
}

func partnerCommand(p Process) *cobra.Command {
	add := act{
		use: "add ID", short: "Add a partner, or rename one", args: 1, path: "/partners",
		outcome: func(out map[string]any) (string, string) {
			if out["renamed"] == true {
				return "rename the partner", "the partner is renamed"
			}
			return "add the partner", "the partner is added"
		},
		example: "  droits partner add chu-exemple --name 'CHU d’Exemple' --kind etablissement_sante --siret 00000000000018 --apply",
		flags: func(c *cobra.Command) {
			c.Flags().String("name", "", "name of the organisation")
			c.Flags().String("kind", "", "etablissement_sante, organisme_complementaire or editeur (software vendor)")
			c.Flags().String("siret", "", "14 digits")
		},
		request: func(c *cobra.Command, args []string) (admin.Request, error) {
			return admin.Request{Partner: &admin.PartnerBody{ID: args[0], Nom: text(c, "name"), SIRET: text(c, "siret"), Kind: droits.Kind(text(c, "kind"))}}, nil
		},
	}
	list := listing[admin.PartnerBody]{"partner", "List the partners", "/partners", "ID\tKIND\tSIRET\tNAME", func(x admin.PartnerBody) string {
		return fmt.Sprintf("%s\t%s\t%s\t%s", x.ID, x.Kind, x.SIRET, x.Nom)
	}}
	return group("partner", "Partners: who calls", add.command(p), list.command(p), webhookCommand(p), signingKeyCommand(p), contactCommand(p))
}

type conventionLine struct {
	Document convention.Document `json:"document"`
	State    convention.State    `json:"state"`
	Digest   string              `json:"digest"`
	Live     bool                `json:"live"`
	Altered  bool                `json:"altered,omitempty"`
}

const stateTargets = `Without @VERSION, active means the newest draft if there is one, which then
replaces the version in force, else the suspended version in force; any other
state is given to the version in force. A draft is dropped by ID@VERSION ended.
`

func conventionCommand(p Process) *cobra.Command {
	add := act{
		use: "add FILE", short: "Add a convention, or a new version of one, as a draft", args: 1, path: "/conventions", would: "add the convention as a draft", did: "the convention is added as a draft",
		example: "  droits convention template > c.json\n  droits convention add c.json --apply",
		request: func(_ *cobra.Command, args []string) (admin.Request, error) {
			b, err := os.ReadFile(args[0])
			if err != nil {
				return admin.Request{}, &exitError{ExitNotFound, errors.New("the file cannot be read")}
			}
			d, err := convention.Parse(b)
			return admin.Request{Convention: &d}, err
		},
	}
	state := act{
		use: "state ID[@VERSION] STATE", short: "Move a convention: active, suspended, notice, ended", args: 2, path: "/conventions/state", would: "move the convention", did: "the convention is moved",
		more:    stateTargets,
		example: "  droits convention state chu-exemple active --apply",
		request: func(_ *cobra.Command, args []string) (admin.Request, error) {
			return admin.Request{ID: args[0], State: convention.State(args[1])}, nil
		},
	}
	list := listing[conventionLine]{"convention", "List the conventions: the version in force and the drafts", "/conventions", "ID\tVERSION\tSTATE\tSERVES\tFROM\tUNTIL\tPARTNER", func(x conventionLine) string {
		d := x.Document
		state := string(x.State)
		if x.Altered {
			state = "altered: out of service"
		}
		return fmt.Sprintf("%s\t%d\t%s\t%v\t%s\t%s\t%s", d.ID, d.Version, state, x.Live, d.From, d.Until, d.Parties.Partner)
	}}
	return group("convention", "Conventions: what a partner may read", append(signCommands(p), add.command(p), state.command(p), list.command(p), templateCommand())...)
}

func templateCommand() *cobra.Command {
	return &cobra.Command{Use: "template", Short: "Print a convention to fill in", Example: "  droits convention template > c.json", Args: noArgs, RunE: func(c *cobra.Command, _ []string) error {
		today := civil.On(time.Now())
		d := convention.Document{
			ID: "chu-exemple", Version: 1, Parties: convention.Parties{Operator: "operator of this instance", Partner: "chu-exemple", Name: "CHU d’Exemple", SIRET: "00000000000018"},
			Purpose: "preadmission", Kind: droits.Etablissement, Blocks: []droits.Bloc{droits.BlocIdentite, droits.BlocBeneficiaires, droits.BlocCaisse, droits.BlocContrats},
			Quota: convention.Quota{PerSecond: 10, PerDay: 5000}, From: today, Until: today.AddYears(3), Auth: "api_key",
			FCClients: []convention.FCClient{{ID: "identifier of the FranceConnect client", Profile: "v2"}},
			Consent:   convention.Consent{Ticks: []droits.Bloc{}}, Networks: []string{},
			Terms: convention.Terms{Terms: "2026-11", Notice: convention.NoticeVersion, NoticeSHA256: convention.NoticeSHA256()},
		}
		return printJSON(c, d)
	}}
}

// nirFlag reads a NIR from a file or standard input: never from an argument.
func nirFlag(c *cobra.Command) {
	c.Flags().String("nir-file", "-", "file that holds the NIR; - is standard input")
}

func readNIR(c *cobra.Command) (string, error) {
	var in io.Reader = c.InOrStdin()
	if path := text(c, "nir-file"); path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return "", &exitError{ExitNotFound, errors.New("the file cannot be read")}
		}
		defer f.Close()
		in = f
	}
	if f, ok := in.(*os.File); ok && character(f) && !flag(c, "quiet") {
		fmt.Fprint(c.ErrOrStderr(), "NIR: ")
	}
	line, err := bufio.NewReader(io.LimitReader(in, 256)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return strings.TrimSpace(line), nil
}

func restrictCommand(p Process) *cobra.Command {
	add := act{
		use: "add", short: "Restrict a person's data (GDPR article 18)", path: "/restrictions", would: "restrict the person's data", did: "the person's data are restricted",
		example: "  droits restrict add --ground 18-1-a < nir.txt\n  droits restrict add --ground 18-1-d --bloc exonerations --nir-file nir.txt --apply",
		flags: func(c *cobra.Command) {
			nirFlag(c)
			c.Flags().String("ground", "", "18-1-a (accuracy contested), 18-1-b (unlawful), 18-1-c (needed for a claim), 18-1-d (objection pending)")
			c.Flags().String("bloc", "", "one block of data (default: everything)")
		},
		request: func(c *cobra.Command, _ []string) (admin.Request, error) {
			n, err := readNIR(c)
			return admin.Request{NIR: n, Ground: text(c, "ground"), Bloc: droits.Bloc(text(c, "bloc"))}, err
		},
	}
	lift := act{
		use: "lift RESTRICTION", short: "Lift a restriction", args: 1, path: "/restrictions/lift", would: "lift the restriction", did: "the restriction is lifted", example: "  droits restrict lift lim_… --apply",
		request: func(_ *cobra.Command, args []string) (admin.Request, error) { return admin.Request{ID: args[0]}, nil },
	}
	type line struct {
		ID, Bloc, Ground string
		SinceAt          time.Time `json:"since_at"`
	}
	list := listing[line]{"restrict", "List the restrictions in force; nobody is named", "/restrictions", "ID\tGROUND\tBLOCK\tSINCE", func(x line) string {
		if x.Bloc == "" {
			x.Bloc = "everything"
		}
		return fmt.Sprintf("%s\t%s\t%s\t%s", x.ID, x.Ground, x.Bloc, x.SinceAt.Format(time.RFC3339))
	}}
	return group("restrict", "Restrictions of persons (GDPR article 18)", add.command(p), lift.command(p), list.command(p))
}

func consentCommand(p Process) *cobra.Command {
	request := func(c *cobra.Command, args []string) (admin.Request, error) {
		n, err := readNIR(c)
		return admin.Request{NIR: n, ID: args[0], Reason: "entered by the operator"}, err
	}
	withdraw := act{
		use: "withdraw PARTNER", short: "Record that a person withdraws its agreement for a partner", args: 1, path: "/consents/withdraw", flags: nirFlag, request: request,
		would: "withdraw the agreement, from the next call on", did: "the agreement is withdrawn, from the next call on", example: "  droits consent withdraw mutuelle --apply < nir.txt",
	}
	allow := act{
		use: "allow PARTNER", short: "Record that a person allows a partner again", args: 1, path: "/consents/allow", flags: nirFlag, request: request,
		would: "end the withdrawal", did: "the withdrawal is ended", example: "  droits consent allow mutuelle --apply < nir.txt",
	}
	return group("consent", "Agreements of persons", withdraw.command(p), allow.command(p))
}
