package app_test

import (
	"testing"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/admin"
	"droits.example/droits/internal/app"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/habilitation"

	"github.com/getkin/kin-openapi/openapi3"
)

func TestAProgramIsOnePerson(t *testing.T) { // R33
	in := apptest.Start(t, apptest.Options{Edit: func(c *app.Config) {
		c.Administration.Open = true
		c.Instruction.TwoPersons = []string{"approve", "revoke"}
	}})
	doc, err := openapi3.NewLoader().LoadFromData(admin.PortalDocument)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	program := func(name string, r account.Role) portal {
		t.Helper()
		secret := account.NewMachineSecret("test_")
		m, err := in.App.Store.AddMachine(t.Context(), account.Machine{Name: name, Role: r, Director: "Direction d'essai", ExpiresAt: in.Clock.Now().AddDate(1, 0, 0)}, secret)
		if err != nil {
			t.Fatal(err)
		}
		ids[name] = m.ID
		return portal{in, doc, secret}
	}
	form := habilitation.Form{Organisation: habilitation.Organisation{Nom: "Clinique", SIRET: "00000000000034"}}
	act := func(p portal, id string, d map[string]any) (int, map[string]any) {
		t.Helper()
		return p.call(t, "POST", "/requests/act", map[string]any{"apply": true, "id": id, "doing": d})
	}
	opener, follower, other := program("portail", account.Demandeur), program("portail", account.Demandeur), program("autre portail", account.Demandeur)
	_, out := opener.call(t, "POST", "/requests", map[string]any{"apply": true, "doing": map[string]any{"role": "demandeur", "author": "u1", "form": form}})
	id, _ := out["id"].(string)
	if id == "" {
		t.Fatal("no request")
	}
	own, err := in.App.Store.OpenRequest(t.Context(), habilitation.Doing{Role: habilitation.Demandeur, Author: "cpt_membre", Form: &form})
	if err != nil {
		t.Fatal(err)
	}
	update := map[string]any{"act": "update", "role": "demandeur", "author": "u1", "form": form}
	t.Run("R22 a program that applies touches what it opened, and nothing else", func(t *testing.T) {
		for _, c := range []struct {
			name string
			p    portal
			id   string
			want int
		}{{"its own", opener, id, 200}, {"that of the program it follows", follower, id, 200}, {"another program's", other, id, 404}, {"a member's", opener, own.ID, 404}, {"none", opener, "D-1999-0001", 404}} {
			for _, a := range []string{"update", "message", "archive", "submit", "read"} {
				if c.want == 200 && a != "update" {
					continue
				}
				update["act"], update["text"] = a, "x"
				if status, _ := act(c.p, c.id, update); status != c.want {
					t.Errorf("%s, %s: %d", c.name, a, status)
				}
			}
		}
	})
	t.Run("R26 a request does not become that of another organisation", func(t *testing.T) {
		f := form
		f.Organisation.SIRET = "00000000000018"
		if status, _ := act(opener, id, map[string]any{"act": "update", "role": "demandeur", "author": "u1", "form": f}); status != 200 {
			t.Fatal(status)
		}
		if status, out := act(opener, id, map[string]any{"act": "submit", "role": "demandeur", "author": "u1"}); status != 400 || out["field"] != "organisation.siret" || out["reason"] != habilitation.OfAnother {
			t.Error(status, out["field"])
		}
	})
	t.Run("R48 nobody passes for an account of ours", func(t *testing.T) {
		if _, err := in.App.Store.Request(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		_, out := opener.call(t, "POST", "/requests", map[string]any{"apply": true, "doing": map[string]any{"role": "demandeur", "author": "cpt_membre", "form": form}})
		x, err := in.App.Store.Request(t.Context(), out["id"].(string))
		if err != nil || x.Events[0].Author == "cpt_membre" {
			t.Error("the request says that a member opened it", err)
		}
	})
	t.Run("R33 one program is not two agents, whoever it says it acts for", func(t *testing.T) {
		for _, a := range []habilitation.Act{habilitation.Submit} {
			full := *markedForm()
			x, err := in.App.Store.OpenRequest(t.Context(), habilitation.Doing{Role: habilitation.Demandeur, Author: "cpt_membre", Form: &full})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := in.App.Store.ActOnRequest(t.Context(), x.ID, habilitation.Doing{Act: a, Role: habilitation.Demandeur, Author: "cpt_membre"}); err != nil {
				t.Fatal(err)
			}
			id = x.ID
		}
		agents, more := program("instruction", account.Instructeur), program("instruction bis", account.Instructeur)
		approve := func(p portal, author string) (int, map[string]any) {
			return act(p, id, map[string]any{"act": "approve", "role": "instructeur", "author": author})
		}
		if status, out := approve(agents, "a"); status != 200 || out["proposed"] != "approve" {
			t.Fatal(status, out)
		}
		if status, out := approve(agents, "b"); status != 409 || out["reason"] != habilitation.SamePerson {
			t.Error("one program approved alone", status, out["reason"])
		}
		if status, out := approve(more, "a"); status != 200 || out["state"] != "validated" {
			t.Error(status, out["state"])
		}
	})
}
