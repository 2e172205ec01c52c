package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/admin"
	"droits.example/droits/internal/civil"
)

const machineMore = `A machine is a program, such as a portal that exists already, that drives the administration
over the network (administration.open in the configuration). It has one role, given by name
of a director and until a day; each of its acts is told as its own.

`

// machineCommand groups what is done with programs.
func machineCommand(p Process) *cobra.Command {
	add := act{
		use: "add NAME ROLE", short: "Habilitate a program; its secret is shown once", args: 2, path: "/machines", would: "habilitate the program", did: "the program is habilitated",
		more:    machineMore + "ROLE is demandeur, to write requests for organisations, or that of an agent: rapporteur,\ninstructeur, responsable, exploitant or dpo.\n\n",
		example: "  droits machine add portail-partenaires instructeur --director 'Anne Exemple' --until 2027-12-31\n  droits machine add portail-partenaires instructeur --director 'Anne Exemple' --until 2027-12-31 --apply",
		flags: func(c *cobra.Command) {
			c.Flags().String("director", "", "name of the director who authorises it")
			c.Flags().String("until", "", "last day, YYYY-MM-DD, at most three years ahead")
		},
		request: func(c *cobra.Command, args []string) (admin.Request, error) {
			var day civil.Date
			err := dayFlag(c, "until", &day)
			return admin.Request{Name: args[0], Agent: &admin.AgentBody{Role: account.Role(args[1]), Director: text(c, "director"), Until: day}}, err
		},
	}
	revoke := act{
		use: "revoke MACHINE", short: "End a program's access, from the next call on", args: 1, path: "/machines/revoke", would: "end its access, for good", did: "its access is ended",
		more: machineMore, example: "  droits machine revoke mac_…\n  droits machine revoke mac_… --apply",
		request: func(_ *cobra.Command, args []string) (admin.Request, error) { return admin.Request{ID: args[0]}, nil },
	}
	list := listing[admin.MachineLine]{"machine", "List the programs", "/machines", "MACHINE\tNAME\tROLE\tENDS IN\tUNTIL\tLIVE\tDIRECTOR", func(x admin.MachineLine) string {
		return fmt.Sprintf("%s\t%s\t%s\t…%s\t%s\t%v\t%s", x.ID, x.Name, x.Role, x.Last4, dayOf(x.ExpiresAt), x.Live, x.Director)
	}}
	return group("machine", "Programs that drive the administration", add.command(p), revoke.command(p), list.command(p))
}
