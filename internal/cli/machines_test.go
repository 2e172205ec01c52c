package cli_test

import (
	"strings"
	"testing"

	"droits.example/droits/internal/cli"
)

func TestMachinesByHand(t *testing.T) { // R78
	_, config := alone(t)
	on := func(args ...string) []string { return append(args, "--config", config) }
	give := []string{"machine", "add", "portail", "instructeur", "--director", "Anne Exemple", "--until", "2028-12-31"}
	if s := ok(t, "", on(give...)...); !strings.Contains(s.out, "rehearsed") || strings.Contains(s.out, "adm_") {
		t.Error("a rehearsal makes a secret")
	}
	var made struct{ ID, Secret string }
	decode(t, ok(t, "", on(append(give, "--apply", "--json")...)...).out, &made)
	if s := ok(t, "", on("machine", "list")...); strings.Contains(s.out, made.Secret) || !strings.Contains(s.out, "…"+made.Secret[len(made.Secret)-4:]) || !strings.Contains(s.out, "2028-12-31") {
		t.Error("the list shows the secret, or not its end")
	}
	ok(t, "", on("machine", "revoke", made.ID, "--apply")...)
	if s := run("", on("machine", "revoke", made.ID, "--apply")...); s.code != cli.ExitNotFound {
		t.Error(s.code, s.err)
	}
	for _, bad := range [][]string{{"machine", "add", "portail", "gestionnaire", "--director", "Anne", "--until", "2028-12-31"}, {"machine", "add", "portail", "dpo", "--until", "2028-12-31"}, {"machine", "add", "portail", "dpo", "--director", "Anne", "--until", "2020-01-01"}} {
		if s := run("", on(bad...)...); s.code == 0 || strings.Contains(s.err, "gestionnaire") {
			t.Error(s.code, s.err)
		}
	}
}
