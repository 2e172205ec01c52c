package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"droits.example/droits/internal/admin"
	"droits.example/droits/internal/partner"
)

// delegationCommand lets software vendors call for the organisations that
// delegate to them.
func delegationCommand(p Process) *cobra.Command {
	add := act{
		use: "add VENDOR CONVENTION", short: "Let a software vendor call under a convention, for its partner", args: 2, path: "/delegations",
		would: "give the delegation", did: "the delegation holds, from the next call on",
		more:    "The vendor is a partner of the kind editeur, with a key of its own; its calls name the\norganisation by its SIRET in the header X-Delegation. The convention decides, its quota counts,\nand the trace names both.\n\n",
		example: "  droits delegation add logiciel-exemple chu-exemple\n  droits delegation add logiciel-exemple chu-exemple --apply",
		request: func(_ *cobra.Command, args []string) (admin.Request, error) {
			return admin.Request{Vendor: args[0], ID: args[1]}, nil
		},
	}
	revoke := act{
		use: "revoke VENDOR CONVENTION", short: "End a delegation at once, for either side", args: 2, path: "/delegations/revoke",
		would: "end the delegation", did: "the delegation is over, from the next call on",
		example: "  droits delegation revoke logiciel-exemple chu-exemple --by organisme\n  droits delegation revoke logiciel-exemple chu-exemple --by editeur --apply",
		flags: func(c *cobra.Command) {
			c.Flags().String("by", string(partner.ByOperator), "who ends it: organisme, editeur or exploitant")
		},
		request: func(c *cobra.Command, args []string) (admin.Request, error) {
			return admin.Request{Vendor: args[0], ID: args[1], Side: partner.Side(text(c, "by"))}, nil
		},
	}
	list := listing[partner.Delegation]{"delegation", "List the delegations, those that hold first", "/delegations", "VENDOR\tCONVENTION\tPARTNER\tSIRET\tHOLDS", func(x partner.Delegation) string {
		holds := "yes"
		if !x.EndedAt.IsZero() {
			holds = "ended by " + string(x.EndedBy)
		}
		return fmt.Sprintf("%s\t%s\t%s\t%s\t%s", x.Vendor, x.Convention, x.Partner, x.SIRET, holds)
	}}
	return group("delegation", "Delegations to software vendors", add.command(p), revoke.command(p), list.command(p))
}
