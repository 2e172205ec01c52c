package cli_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/admin"
	"droits.example/droits/internal/app"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/habilitation"
)

// Every state, every act, every role over the network: what the table does not
// allow is refused, and nothing else is. A program that applies reaches the
// requests that it opened, and none of these.
func TestNoProgramMakesAnIllegalMove(t *testing.T) { // R22 R33 R48
	in := apptest.Start(t, apptest.Options{Edit: func(c *app.Config) { c.Administration.Open = true }})
	var form habilitation.Form
	if err := json.Unmarshal([]byte(ok(t, "", "request", "template").out), &form); err != nil {
		t.Fatal(err)
	}
	secrets := map[account.Role]string{}
	for _, r := range append(account.AgentRoles(), account.Demandeur) {
		secrets[r] = account.NewMachineSecret("test_")
		if _, err := in.App.Store.AddMachine(t.Context(), account.Machine{Name: "portail " + string(r), Role: r, Director: "Direction d'essai", ExpiresAt: in.Clock.Now().AddDate(1, 0, 0)}, secrets[r]); err != nil {
			t.Fatal(err)
		}
	}
	act := func(secret, id string, a habilitation.Act, as habilitation.Role) int {
		t.Helper()
		doing := map[string]any{"act": a, "role": as, "author": "portail-42", "text": "motif", "ground": habilitation.GroundLaw}
		if a == habilitation.Update {
			doing["form"] = form
		}
		body, _ := json.Marshal(map[string]any{"id": id, "doing": doing}) // strings
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, in.URL+admin.PortalPath+"/requests/act", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+secret)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	cells, refused, illegal := 0, 0, 0
	for name, r := range requestsInEveryState(t, in, form) {
		for _, a := range habilitation.Acts() {
			for role, secret := range secrets {
				for _, as := range []habilitation.Role{habilitation.Role(role), habilitation.Demandeur, habilitation.Responsable} {
					status := act(secret, r.ID, a, as)
					allowed := as == habilitation.Role(role) && role.Agent() && a != habilitation.Withdraw && r.Can(a, as) == nil
					cells++
					if status >= 400 {
						refused++
					}
					if !allowed && status < 400 {
						illegal++
					}
					if allowed != (status < 400) {
						t.Errorf("R22 R33 %s as %s by a program that is %s, on a request that is %s: %d", a, as, role, name, status)
					}
				}
			}
		}
		after, err := in.App.Store.Request(t.Context(), r.ID)
		if err != nil || len(after.Events) != len(r.Events) || after.State != r.State {
			t.Errorf("R48 a rehearsal changed a request that is %s", name)
		}
	}
	t.Logf("R22 R33: %d cells, %d refused, %d illegal moves", cells, refused, illegal)
}
