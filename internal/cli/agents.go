package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/admin"
	"droits.example/droits/internal/civil"
)

const agentMore = `Agents are habilitated one by one, by name of the director who authorises it and until
a day. Each accepts an undertaking of secrecy at the first login; the habilitation is
reviewed every six months, or it is suspended.

`

// agentCommand groups what is done with the habilitations of agents.
func agentCommand(p Process) *cobra.Command {
	until := func(c *cobra.Command) (d civil.Date, err error) { return d, dayFlag(c, "until", &d) }
	days := func(c *cobra.Command) {
		c.Flags().String("director", "", "name of the director who authorises it")
		c.Flags().String("until", "", "last day, YYYY-MM-DD, at most three years ahead")
	}
	add := act{
		use: "add ROLE", short: "Habilitate an agent", args: 1, path: "/agents", would: "habilitate the agent", did: "the agent is habilitated",
		more:    agentMore + "ROLE is rapporteur, instructeur, responsable, exploitant or dpo. The address that the\nidentity provider will tell is read from standard input.\n\n",
		example: "  echo lucie.morvan@operateur.example | droits agent add instructeur --director 'Anne Exemple' --until 2027-12-31\n  echo lucie.morvan@operateur.example | droits agent add instructeur --director 'Anne Exemple' --until 2027-12-31 --apply",
		flags:   days,
		request: func(c *cobra.Command, args []string) (admin.Request, error) {
			day, err := until(c)
			if err != nil {
				return admin.Request{}, err
			}
			line, err := bufio.NewReader(io.LimitReader(c.InOrStdin(), 1024)).ReadString('\n')
			if err != nil && !errors.Is(err, io.EOF) {
				return admin.Request{}, err
			}
			return admin.Request{Mail: strings.TrimSpace(line), Agent: &admin.AgentBody{Role: account.Role(args[0]), Director: text(c, "director"), Until: day}}, nil
		},
	}
	renew := act{
		use: "renew AGENT", short: "Renew an agent's habilitation, or note its review", args: 1, path: "/agents/renew", would: "renew the habilitation", did: "the habilitation is renewed",
		more:    agentMore + "Without --until the periodic review is noted and the end stays.\n\n",
		example: "  droits agent renew cpt_… --until 2028-12-31\n  droits agent renew cpt_… --apply",
		flags:   days,
		request: func(c *cobra.Command, args []string) (admin.Request, error) {
			day, err := until(c)
			return admin.Request{ID: args[0], Agent: &admin.AgentBody{Director: text(c, "director"), Until: day}}, err
		},
	}
	end := act{
		use: "end AGENT", short: "End an agent's habilitation, from the next page on", args: 1, path: "/agents/end", would: "end the habilitation", did: "the habilitation is ended",
		more: agentMore, example: "  droits agent end cpt_…\n  droits agent end cpt_… --apply",
		request: func(_ *cobra.Command, args []string) (admin.Request, error) { return admin.Request{ID: args[0]}, nil },
	}
	list := listing[admin.AgentLine]{"agent", "List the agents and where their habilitation stands", "/agents", "AGENT\tROLE\tSTANDING\tUNTIL\tREVIEW BEFORE\tDIRECTOR\tADDRESS", func(x admin.AgentLine) string {
		standing := x.Standing
		if standing == "" {
			standing = "may act"
		}
		return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\t%s", x.ID, x.Role, standing, x.UntilOn, x.ReviewOn, x.Director, x.Mail)
	}}
	return group("agent", "Agents, habilitated one by one", add.command(p), renew.command(p), end.command(p), list.command(p))
}
