package cli_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"droits.example/droits/internal/cli"
)

// Agents are habilitated one by one, rehearsed first.
func TestAgentsByHand(t *testing.T) { // R33 R48
	dir, config := alone(t)
	do := func(in string, args ...string) string {
		t.Helper()
		return ok(t, in, append(append([]string{"agent"}, args...), "--config", config)...).out
	}
	refused := func(name string, code int, in string, args ...string) {
		t.Helper()
		t.Run("R33 "+name, func(t *testing.T) {
			if got := run(in, append(append([]string{"agent"}, args...), "--config", config)...); got.code != code || strings.Contains(got.err, "operateur.example") {
				t.Errorf("exit %d: %s", got.code, got.err)
			}
		})
	}
	const mail = "lucie.morvan@operateur.example\n"
	whole := []string{"add", "instructeur", "--director", "Anne Exemple", "--until", "2027-12-31"}
	refused("there are no agents where the operator is not configured", cli.ExitRefused, mail, append(whole, "--apply")...)
	raw, err := os.ReadFile(config)
	if err == nil {
		err = os.WriteFile(config, append(raw, []byte("\n[login]\nissuer = \"https://id.example\"\nclient_id = \"x\"\nclient_secret_file = \"pro-secret\"\nagents_siret = \"00000000000042\"\n")...), 0o600)
	}
	if err == nil {
		err = os.WriteFile(dir+"/pro-secret", []byte("secret"), 0o400)
	}
	if err != nil {
		t.Fatal(err)
	}
	if s := do(mail, whole...); !strings.Contains(s, "rehearsed, nothing changed") {
		t.Error(s)
	}
	if s := do("", "list"); strings.Contains(s, "cpt_") {
		t.Error("a rehearsal habilitates")
	}
	do(mail, append(whole, "--apply")...)
	var list []struct{ ID, Mail, Role, Until, Standing string }
	if err := json.Unmarshal([]byte(do("", "list", "--json")), &list); err != nil || len(list) != 1 || list[0].Mail+"\n" != mail || list[0].Until != "2027-12-31" || list[0].Standing != "MANDATE_SECRECY" {
		t.Fatal(list, err)
	}
	id := list[0].ID
	do("", "renew", id, "--apply")
	do("", "renew", id, "--until", "2028-06-30", "--director", "Paul Exemple", "--apply")
	if s := do("", "list"); !strings.Contains(s, "2028-06-30") || !strings.Contains(s, "Paul Exemple") {
		t.Error(s)
	}
	refused("the same address twice", cli.ExitRefused, mail, append(whole, "--apply")...)
	refused("no director", cli.ExitUsage, "x@operateur.example\n", "add", "dpo", "--until", "2027-12-31", "--apply")
	refused("no end", cli.ExitUsage, "x@operateur.example\n", "add", "dpo", "--director", "Anne Exemple", "--apply")
	refused("an end that is no day", cli.ExitUsage, "x@operateur.example\n", "add", "dpo", "--director", "Anne Exemple", "--until", "bientôt", "--apply")
	refused("a member's role", cli.ExitUsage, "x@operateur.example\n", "add", "gestionnaire", "--director", "Anne Exemple", "--until", "2027-12-31", "--apply")
	refused("no address", cli.ExitUsage, "", "add", "dpo", "--director", "Anne Exemple", "--until", "2027-12-31", "--apply")
	refused("an agent who is nobody", cli.ExitNotFound, "", "end", "cpt_inconnu", "--apply")
	do("", "end", id, "--apply")
	if s := do("", "list"); !strings.Contains(s, "MANDATE_ENDED") {
		t.Error(s)
	}
	refused("ended twice", cli.ExitRefused, "", "end", id, "--apply")
	refused("reviewed after its end", cli.ExitRefused, "", "renew", id, "--apply")
}
