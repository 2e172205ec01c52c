package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"droits.example/droits/internal/cli"
)

// A request from the empty form to the grant, by hand.
func TestARequestByHand(t *testing.T) { // R22 R31
	dir, config := alone(t)
	form := filepath.Join(dir, "r.json")
	if err := os.WriteFile(form, []byte(ok(t, "", "request", "template").out), 0o600); err != nil {
		t.Fatal(err)
	}
	do := func(args ...string) string {
		t.Helper()
		return ok(t, "", append(append([]string{"request"}, args...), "--config", config)...).out
	}
	if s := do("open", form); !strings.Contains(s, "rehearsed, nothing changed") {
		t.Error(s)
	}
	if s := do("list", "--json"); !strings.Contains(s, `"total": 0`) {
		t.Error(s)
	}
	s := do("open", form, "--apply")
	id := s[strings.Index(s, "D-"):][:11]
	do("submit", id, "--apply")
	do("ask-changes", id, "--text", "Précisez.", "--apply")
	do("submit", id, "--apply")
	do("approve", id, "--author", "agent-7", "--apply")
	t.Run("R31 what was done is shown, in order", func(t *testing.T) {
		s := do("show", id)
		for _, want := range []string{"validated", "granted: version 1", "request_changes by instructeur (operateur): changes_requested, \"Précisez.\"", "approve by instructeur (agent-7)"} {
			if !strings.Contains(s, want) {
				t.Errorf("%q is not said:\n%s", want, s)
			}
		}
		var r struct{ Evenements []any }
		if err := json.Unmarshal([]byte(do("show", id, "--json")), &r); err != nil || len(r.Evenements) != 5 {
			t.Error(err, len(r.Evenements))
		}
	})
	for _, c := range []struct {
		name string
		code int
		args []string
	}{
		{"R22 an act that the state does not allow", cli.ExitRefused, []string{"approve", id, "--apply"}},
		{"R33 an act that the role does not allow", cli.ExitRefused, []string{"revoke", id, "--text", "x", "--role", "rapporteur", "--apply"}},
		{"a motive that is missing", cli.ExitUsage, []string{"revoke", id, "--apply"}},
		{"a number that nobody has", cli.ExitNotFound, []string{"show", "D-1999-0001"}},
		{"an author who is named", cli.ExitUsage, []string{"reopen", id, "--author", "Jean Dupont", "--apply"}},
		{"an order that does not exist", cli.ExitUsage, []string{"list", "--sort", "nom"}},
		{"a file that is not there", cli.ExitNotFound, []string{"open", filepath.Join(dir, "x.json")}},
		{"a file that is something else", cli.ExitUsage, []string{"open", config}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if s := run("", append(append([]string{"request"}, c.args...), "--config", config)...); s.code != c.code {
				t.Errorf("exit code %d: %s", s.code, s.err)
			}
		})
	}
}
