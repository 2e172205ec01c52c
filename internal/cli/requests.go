package cli

import (
	"bytes"
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
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/habilitation"
)

const requestMore = `A request goes from draft to submitted, then to changes_requested, validated or
refused; what is validated may be revoked, or opened again without touching what it
opened. An act that the state or the role does not allow is refused (exit 5).
--author names who acts by an opaque reference, kept with the act. Where the instance
demands two agents for an act, the first one proposes it and another author confirms.

`

// requestCommand groups what is done with requests for access.
func requestCommand(p Process) *cobra.Command {
	asked := func(use string, a habilitation.Act, role habilitation.Role, short, did string, example string) act {
		x := act{
			use: use, short: short, args: 1, path: "/requests/act", would: lower(short), did: did, more: requestMore, example: example,
			flags: func(c *cobra.Command) { authored(c, role) },
			outcome: func(out map[string]any) (string, string) {
				if out["proposed"] == string(a) {
					return "propose it, for another agent to confirm", "it is proposed; another agent has to confirm"
				}
				return lower(short), did
			},
		}
		x.request = func(c *cobra.Command, args []string) (admin.Request, error) {
			return admin.Request{ID: args[0], Doing: &admin.Doing{Act: a, Role: habilitation.Role(text(c, "role")), Author: text(c, "author"), Text: text(c, "text")}}, nil
		}
		return x
	}
	written := func(use string, a habilitation.Act, role habilitation.Role, short, did string, example string) act {
		x := asked(use, a, role, short, did, example)
		x.flags = func(c *cobra.Command) {
			authored(c, role)
			c.Flags().String("text", "", "what is written (required)")
		}
		return x
	}
	open := asked("open FILE", "", habilitation.Demandeur, "Open a request with the answers of a file", "the request is open, as a draft",
		"  droits request template > r.json\n  droits request open r.json --apply")
	open.path = "/requests"
	open.request = withForm("", false)
	update := asked("update ID FILE", habilitation.Update, habilitation.Demandeur, "Replace the answers of a draft", "the answers are replaced", "  droits request update D-2026-0001 r.json\n  droits request update D-2026-0001 r.json --apply")
	update.args, update.request = 2, withForm(habilitation.Update, true)
	list := []act{
		open, update,
		asked("submit ID", habilitation.Submit, habilitation.Demandeur, "Submit a draft", "the request is submitted", "  droits request submit D-2026-0001\n  droits request submit D-2026-0001 --apply"),
		written("ask-changes ID", habilitation.RequestChanges, habilitation.Instructeur, "Ask the applicant for changes", "changes are asked for", "  droits request ask-changes D-2026-0001 --text 'Précisez les destinataires.'\n  droits request ask-changes D-2026-0001 --text 'Précisez les destinataires.' --apply"),
		asked("approve ID", habilitation.Approve, habilitation.Instructeur, "Approve a request", "the request is approved", "  droits request approve D-2026-0001\n  droits request approve D-2026-0001 --author agent-7 --apply"),
		written("refuse ID", habilitation.Refuse, habilitation.Instructeur, "Refuse a request; a live grant stays", "the request is refused", "  droits request refuse D-2026-0001 --text 'Hors du périmètre.'\n  droits request refuse D-2026-0001 --text 'Hors du périmètre.' --apply"),
		revokeCommand(written),
		asked("withdraw ID", habilitation.Withdraw, habilitation.Instructeur, "Take back a proposal that waits for a second agent", "the proposal is taken back", "  droits request withdraw D-2026-0001\n  droits request withdraw D-2026-0001 --apply"),
		asked("reopen ID", habilitation.Reopen, habilitation.Demandeur, "Open a validated request again; the live grant stays", "the request is open again", "  droits request reopen D-2026-0001\n  droits request reopen D-2026-0001 --apply"),
		asked("cancel ID", habilitation.CancelReopening, habilitation.Demandeur, "Give up an update; the live grant stays", "the update is given up", "  droits request cancel D-2026-0001\n  droits request cancel D-2026-0001 --apply"),
		asked("archive ID", habilitation.Archive, habilitation.Demandeur, "Put a request away", "the request is put away", "  droits request archive D-2026-0001\n  droits request archive D-2026-0001 --apply"),
		written("message ID", habilitation.Write, habilitation.Instructeur, "Write to the other side", "the message is there", "  droits request message D-2026-0001 --text 'Bonjour…'\n  droits request message D-2026-0001 --text 'Bonjour…' --apply"),
		written("note ID", habilitation.Note, habilitation.Instructeur, "Leave a note between agents; the applicant never sees it", "the note is there", "  droits request note D-2026-0001 --text 'À revoir.'\n  droits request note D-2026-0001 --text 'À revoir.' --apply"),
	}
	sub := []*cobra.Command{queueCommand(p), showRequestCommand(p), formCommand()}
	for _, x := range list {
		sub = append(sub, x.command(p))
	}
	return group("request", "Requests for access, from draft to decision", sub...)
}

// revokeCommand demands one of the closed grounds.
func revokeCommand(written func(string, habilitation.Act, habilitation.Role, string, string, string) act) act {
	x := written("revoke ID", habilitation.Revoke, habilitation.Responsable, "Revoke what was granted, with the conventions that it led to", "what was granted is revoked",
		"  droits request revoke D-2026-0001 --ground securite --text 'Usage non conforme.'\n  droits request revoke D-2026-0001 --ground securite --text 'Usage non conforme.' --apply")
	flags, request := x.flags, x.request
	x.flags = func(c *cobra.Command) {
		flags(c)
		c.Flags().String("ground", "", "image, loi, securite or modalites (required)")
	}
	x.request = func(c *cobra.Command, args []string) (admin.Request, error) {
		r, err := request(c, args)
		if err == nil {
			r.Doing.Ground = habilitation.Ground(text(c, "ground"))
		}
		return r, err
	}
	return x
}

func lower(s string) string { return strings.ToLower(s[:1]) + s[1:] }

func authored(c *cobra.Command, role habilitation.Role) {
	c.Flags().String("author", "operateur", "who acts, by an opaque reference")
	c.Flags().String("role", string(role), "in which role")
}

// withForm reads the answers from a file, the last argument.
func withForm(a habilitation.Act, id bool) func(*cobra.Command, []string) (admin.Request, error) {
	return func(c *cobra.Command, args []string) (admin.Request, error) {
		b, err := os.ReadFile(args[len(args)-1])
		if err != nil {
			return admin.Request{}, &exitError{ExitNotFound, errors.New("the file cannot be read")}
		}
		var f habilitation.Form
		dec := json.NewDecoder(bytes.NewReader(b))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&f); err != nil {
			return admin.Request{}, usage("the file does not hold the answers of a request; droits request template prints one")
		}
		if _, err := dec.Token(); err != io.EOF {
			return admin.Request{}, usage("the file holds more than one answer")
		}
		r := admin.Request{Doing: &admin.Doing{Act: a, Role: habilitation.Role(text(c, "role")), Author: text(c, "author"), Form: &f}}
		if id {
			r.ID = args[0]
		}
		return r, nil
	}
}

func formCommand() *cobra.Command {
	return &cobra.Command{Use: "template", Short: "Print the answers of a request to fill in", Example: "  droits request template > r.json\n  droits request template | jq .contacts", Args: noArgs, RunE: func(c *cobra.Command, _ []string) error {
		contact := habilitation.Contact{Nom: "nom", Fonction: "fonction", Courriel: "prenom.nom@hopital.example", Telephone: "01 99 00 00 01"}
		return printJSON(c, habilitation.Form{
			Organisation: habilitation.Organisation{Kind: droits.Etablissement, Nom: "CHU d’Exemple", SIRET: "00000000000018", FINESS: "120000013"},
			Projet:       habilitation.Projet{Intitule: "Préadmission", Description: "à quoi sert le projet, et pour qui", Purpose: "preadmission", StartOn: civil.On(time.Now()).AddMonths(3)},
			Donnees:      habilitation.Donnees{Blocs: []droits.Bloc{droits.BlocIdentite, droits.BlocCaisse, droits.BlocContrats}, Destinataires: "qui reçoit les données", Months: 12},
			Cadre:        habilitation.Cadre{Nature: "texte sur lequel repose la demande", Adresse: "https://texte.example/"},
			Connexion:    habilitation.Connexion{Habilitation: "numéro de l’habilitation FranceConnect", Client: "identifiant du client FranceConnect", Profile: "v2"},
			Contacts:     habilitation.Contacts{Responsable: contact, DPO: contact, Technique: contact},
			Volumes:      habilitation.Volumes{PerDay: 500, PerSecond: 5},
			Engagements:  habilitation.Engagements{Terms: "2026-11", DPOInformed: true},
			Pieces:       map[string]string{},
		})
	}}
}

func queueCommand(p Process) *cobra.Command {
	c := &cobra.Command{
		Use: "list", Short: "List requests: filters, order, pages", Args: noArgs, Long: "List requests: filters, order, pages.\n" + requestMore + exitCodes,
		Example: "  droits request list --state submitted --sort depot\n  droits request list --siret 00000000000018 --json",
		RunE:    func(c *cobra.Command, _ []string) error { return showQueue(c, p) },
	}
	where(c)
	c.Flags().String("state", "", "draft, submitted, changes_requested, validated, refused, revoked or archived (default all)")
	c.Flags().String("siret", "", "of one organisation")
	c.Flags().String("sort", string(habilitation.BySubmission), "numero, depot, changement or etat")
	c.Flags().Bool("desc", false, "the last first")
	c.Flags().Int("limit", 50, "lines of a page, at most 200")
	c.Flags().Int("offset", 0, "lines to pass over")
	return c
}

func showQueue(c *cobra.Command, p Process) error {
	limit, _ := c.Flags().GetInt("limit")
	offset, _ := c.Flags().GetInt("offset")
	a, err := reach(c, p)
	if err != nil {
		return err
	}
	defer a.close()
	var page struct {
		Requests []habilitation.Line `json:"requests"`
		Total    int                 `json:"total"`
	}
	q := habilitation.Query{State: habilitation.State(text(c, "state")), SIRET: text(c, "siret"), Sort: habilitation.Sort(text(c, "sort")), Descending: flag(c, "desc"), Limit: limit, Offset: offset}
	if err := a.call(c.Context(), http.MethodGet, admin.RequestsPath(q), nil, &page); err != nil {
		return err
	}
	if flag(c, "json") {
		return printJSON(c, page)
	}
	w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "REQUEST\tSTATE\tSUBMITTED\tSIRET\tORGANISATION\tPROJECT")
	for _, l := range page.Requests {
		state, submitted := string(l.State), "-"
		if l.Reopening {
			state += " (update)"
		}
		if !l.SubmittedAt.IsZero() {
			submitted = l.SubmittedAt.In(civil.Paris()).Format("2006-01-02")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%q\t%q\n", l.ID, state, submitted, l.SIRET, l.Name, l.Project)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "%d of %d\n", len(page.Requests), page.Total)
	return nil
}

func showRequestCommand(p Process) *cobra.Command {
	c := &cobra.Command{
		Use: "show ID", Short: "Show a request: answers, what is missing, everything that was done", Args: exactArgs(1), Long: "Show a request: answers, what is missing, everything that was done.\n" + requestMore + exitCodes,
		Example: "  droits request show D-2026-0001 --config droits.toml\n  droits request show D-2026-0001 --json",
		RunE: func(c *cobra.Command, args []string) error {
			a, err := reach(c, p)
			if err != nil {
				return err
			}
			defer a.close()
			var r habilitation.Request
			if err := a.call(c.Context(), http.MethodGet, admin.RequestPath(args[0]), nil, &r); err != nil {
				return err
			}
			if flag(c, "json") {
				return printJSON(c, r)
			}
			printRequest(c.OutOrStdout(), r)
			return nil
		},
	}
	where(c)
	return c
}

func printRequest(out io.Writer, r habilitation.Request) {
	fmt.Fprintf(out, "%s  %s  %q  %q\n", r.ID, r.State, r.Form.Organisation.Nom, r.Form.Projet.Intitule)
	if live := r.Live(); live != nil {
		fmt.Fprintf(out, "granted: version %d since %s\n", live.Version, live.GrantedAt.In(civil.Paris()).Format("2006-01-02"))
	}
	for _, x := range habilitation.Diff(habilitation.Form{}, r.Form) {
		fmt.Fprintf(out, "  %s: %q\n", x.Field, x.After)
	}
	if missing := r.Form.Problems(); len(missing) > 0 {
		fmt.Fprintln(out, "missing before it can be submitted:")
		for _, x := range missing {
			fmt.Fprintf(out, "  %s: %s\n", x.Field, x.Text)
		}
	}
	fmt.Fprintln(out, "done so far:")
	for _, e := range r.Events {
		fmt.Fprintf(out, "  %s  %s by %s (%s): %s", e.At.In(civil.Paris()).Format("2006-01-02 15:04"), e.Act, e.Role, e.Author, e.To)
		if e.Motive != "" {
			fmt.Fprintf(out, ", %q", e.Motive)
		}
		fmt.Fprintln(out)
		for _, x := range e.Changes {
			fmt.Fprintf(out, "      %s: %q -> %q\n", x.Field, x.Before, x.After)
		}
	}
}
