package cli_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"testing"

	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/cli"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/habilitation"
)

// commandsOf are the acts on requests, as they are written on a command line
// with everything that they ask for.
func commandsOf(id, form string) map[habilitation.Act][]string {
	return map[habilitation.Act][]string{
		habilitation.Update: {"update", id, form}, habilitation.Submit: {"submit", id}, habilitation.RequestChanges: {"ask-changes", id, "--text", "x"}, habilitation.Approve: {"approve", id},
		habilitation.Refuse: {"refuse", id, "--text", "x"}, habilitation.Revoke: {"revoke", id, "--text", "x", "--ground", "loi"}, habilitation.Archive: {"archive", id}, habilitation.Reopen: {"reopen", id},
		habilitation.CancelReopening: {"cancel", id}, habilitation.Write: {"message", id, "--text", "x"}, habilitation.Note: {"note", id, "--text", "x"}, habilitation.Withdraw: {"withdraw", id},
	}
}

// requestsInEveryState opens one request for each state, and for each state of
// an update of what was granted.
func requestsInEveryState(t *testing.T, in *apptest.Instance, form habilitation.Form) map[string]habilitation.Request {
	t.Helper()
	applies := func(a habilitation.Act) habilitation.Doing {
		return habilitation.Doing{Act: a, Role: habilitation.Demandeur}
	}
	decides := func(a habilitation.Act) habilitation.Doing {
		return habilitation.Doing{Act: a, Role: habilitation.Responsable, Text: "x", Ground: habilitation.GroundLaw}
	}
	granted := []habilitation.Doing{applies(habilitation.Submit), decides(habilitation.Approve)}
	again := append(append([]habilitation.Doing(nil), granted...), applies(habilitation.Reopen))
	out := map[string]habilitation.Request{}
	for name, done := range map[string][]habilitation.Doing{
		"draft": nil, "submitted": granted[:1], "changes_requested": {granted[0], decides(habilitation.RequestChanges)}, "validated": granted,
		"refused": {granted[0], decides(habilitation.Refuse)}, "revoked": {granted[0], granted[1], decides(habilitation.Revoke)}, "archived": {applies(habilitation.Archive)},
		"draft of an update": again, "submitted update": {again[0], again[1], again[2], applies(habilitation.Submit)}, "changes asked in an update": {again[0], again[1], again[2], applies(habilitation.Submit), decides(habilitation.RequestChanges)},
	} {
		r, err := in.App.Store.OpenRequest(context.Background(), habilitation.Doing{Role: habilitation.Demandeur, Author: "a", Form: &form})
		for _, d := range done {
			if err == nil {
				d.Author = "b"
				r, err = in.App.Store.ActOnRequest(context.Background(), r.ID, d)
			}
		}
		if err != nil {
			t.Fatal(name, err)
		}
		out[name] = r
	}
	return out
}

// Every state, every act, every role on the command line: what the table does
// not allow is refused, and nothing else is.
func TestNoCommandMakesAnIllegalMove(t *testing.T) { // R22 R33 R48
	in := apptest.Start(t, apptest.Options{})
	text := ok(t, "", "request", "template").out
	file := write(t, filepath.Join(t.TempDir(), "r.json"), text)
	var form habilitation.Form
	if err := json.Unmarshal([]byte(text), &form); err != nil {
		t.Fatal(err)
	}
	cells, refused, illegal := 0, 0, 0
	for name, r := range requestsInEveryState(t, in, form) {
		commands := commandsOf(r.ID, file)
		for act, line := range commands {
			for _, role := range append(habilitation.Roles(), "", "directeur") {
				s := run("", append(append([]string{"request"}, line...), "--role", string(role), "--data", in.Dir)...)
				allowed := act != habilitation.Withdraw && r.Can(act, role) == nil // nothing waits for a second agent here
				cells++
				if s.code == cli.ExitRefused {
					refused++
				}
				if !allowed && s.code == 0 {
					illegal++
				}
				if want := map[bool]int{true: 0, false: cli.ExitRefused}[allowed]; s.code != want {
					t.Errorf("R22 R33 %s by %q on a request that is %s: exit %d, not %d", act, role, name, s.code, want)
				}
			}
		}
		after, err := in.App.Store.Request(t.Context(), r.ID)
		if err != nil || len(after.Events) != len(r.Events) || after.State != r.State {
			t.Errorf("R48 a rehearsal changed a request that is %s", name)
		}
		for _, act := range habilitation.Acts() {
			if _, there := commands[act]; !there && act != habilitation.Read {
				t.Errorf("no command does %s", act)
			}
		}
	}
	t.Logf("R22 R33: %d cells, %d refused, %d illegal moves", cells, refused, illegal)
}

// A convention moves on the command line where its own table says so.
func TestNoCommandMovesAConventionIllegally(t *testing.T) { // R28 R48
	in := apptest.Start(t, apptest.Options{})
	states := []convention.State{convention.Draft, convention.Active, convention.Suspended, convention.Notice, convention.Ended}
	cells := 0
	for _, from := range states[1:] {
		p := in.SignUp(t, droits.Etablissement, nil)
		if from != convention.Active {
			in.Move(t, p, from)
		}
		for _, to := range states {
			s := run("", "convention", "state", p.Convention, string(to), "--data", in.Dir)
			cells++
			if allowed := from.CanBecome(to); allowed != (s.code == 0) {
				t.Errorf("%s to %s: exit %d %s", from, to, s.code, s.err)
			}
		}
		if list := in.App.Store.ConventionsOf(p.ID); len(list) != 1 || list[0].State != from {
			t.Errorf("R48 a rehearsal moved a convention that is %s", from)
		}
	}
	t.Logf("%d cells", cells)
}
