package cli

import (
	"fmt"
	"net/http"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"droits.example/droits/internal/admin"
	"droits.example/droits/internal/app"
)

func demoTokenCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "token",
		Short: "Print a working API key and access token of the running demonstration",
		Example: `  droits demo token
  droits demo token --person c2s --partner mutuelle --ttl 1h --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			a, err := reachDemo(c)
			if err != nil {
				return err
			}
			defer a.close()
			var t app.TokenLine
			req := admin.Request{Person: text(c, "person"), ID: text(c, "partner"), TTL: text(c, "ttl")}
			if err := a.call(c.Context(), http.MethodPost, "/demo/token", req, &t); err != nil {
				return err
			}
			if flag(c, "json") {
				return printJSON(c, t)
			}
			fmt.Fprintln(c.OutOrStdout(), t.Curl)
			return nil
		},
	}
	c.Flags().String("person", "famille-martin", "slug of a person; see droits demo persons")
	c.Flags().String("partner", "hopital", "hopital, mutuelle, or hopital-v2 for the hospital's second FranceConnect client")
	c.Flags().String("ttl", "", "life of the token, at most 1h (default 10m)")
	c.Flags().String("data", "", "data folder of the demonstration (default: the one that runs)")
	return c
}

func demoPersonsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "persons",
		Short:   "List the fictitious people of the running demonstration and what each partner must get",
		Example: "  droits demo persons\n  droits demo persons --json",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			a, err := reachDemo(c)
			if err != nil {
				return err
			}
			defer a.close()
			var list []app.PersonLine
			if err := a.call(c.Context(), http.MethodGet, "/demo/persons", nil, &list); err != nil {
				return err
			}
			if flag(c, "json") {
				return printJSON(c, list)
			}
			w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
			fmt.Fprintln(w, "SLUG\tNIR (FICTITIOUS)\tWHO")
			for _, p := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\n", p.Slug, p.NIR, p.What)
			}
			return w.Flush()
		},
	}
	c.Flags().String("data", "", "data folder of the demonstration (default: the one that runs)")
	return c
}
