package web_test

import (
	"net/url"
	"testing"
	"time"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/apptest"
)

// Agents are habilitated one by one, and what is taken away counts at once.
func TestHabilitationOfAgents(t *testing.T) { // R33
	in := apptest.Start(t, apptest.Options{})
	boss := in.Staff(t, "agent-exploitant")
	add := func(mail, role, director, until string) *apptest.Page {
		return boss.Post(t, "/instruction/agents", url.Values{"courriel": {mail}, "role": {role}, "directeur": {director}, "jusque": {until}})
	}
	t.Run("whoever habilitates lands on the agents, and sees no request", func(t *testing.T) {
		if p := boss.Get(t, "/instruction"); p.Status != 200 || p.Path != "/instruction/agents" || !p.Says("Habiliter un agent") {
			t.Error(p.Status, p.Path)
		}
	})
	for name, c := range map[string]struct{ mail, role, director, until, says string }{
		"R33 no address":                      {"", "instructeur", "Anne Exemple", "31/12/2027", "Écrivez une adresse complète"},
		"R33 no director":                     {"x@operateur.example", "instructeur", "", "31/12/2027", "Indiquez le nom du directeur"},
		"R33 a day that is past":              {"x@operateur.example", "instructeur", "Anne Exemple", "01/01/2020", "Indiquez un dernier jour"},
		"R33 a day that is too far":           {"x@operateur.example", "instructeur", "Anne Exemple", "2036-01-01", "Indiquez un dernier jour"},
		"R33 a day that is none":              {"x@operateur.example", "instructeur", "Anne Exemple", "31/02/2027", "Indiquez un dernier jour"},
		"R33 an address that is expected yet": {"exploitant@operateur.example", "dpo", "Anne Exemple", "2027-12-31", "déjà celle d'un agent"},
	} {
		t.Run(name+" is told, and typed values stay", func(t *testing.T) {
			if p := add(c.mail, c.role, c.director, c.until); p.Status != 422 || !p.Says(c.says) {
				t.Error(p.Status, p.Text())
			}
		})
	}
	if p := add("lucie", "gestionnaire", "Anne Exemple", "2027-12-31"); p.Status < 400 {
		t.Error("a member's role is given to an agent")
	}
	if p := add("instructrice@operateur.example", "instructeur", "Anne Exemple", "31/12/2027"); p.Status != 200 || !p.Says("L'agent est habilité") {
		t.Fatal(p.Status, p.Text())
	}
	lucie := in.Browser()
	t.Run("R33 the undertaking of secrecy comes first, whatever is asked for", func(t *testing.T) {
		if p := in.LogIn(t, lucie, "/instruction", "agent-instructrice"); p.Path != "/instruction/engagement" || !p.Says("Anne Exemple") {
			t.Fatal(p.Path)
		}
		if p := lucie.Get(t, "/instruction/securite"); p.Path != "/instruction/engagement" {
			t.Error(p.Path)
		}
		if p := lucie.Post(t, "/instruction/engagement", url.Values{}); p.Status != 422 {
			t.Error(p.Status)
		}
		if p := lucie.Post(t, "/instruction/engagement", url.Values{"engagement": {account.UndertakingVersion}}); p.Status != 200 || p.Path == "/instruction/engagement" {
			t.Error(p.Status, p.Path)
		}
	})
	t.Run("R33 an agent without the role is told which one is needed", func(t *testing.T) {
		for _, path := range []string{"/instruction/agents", agentOf(t, in, "instructrice@operateur.example")} {
			if p := lucie.Get(t, path); p.Status != 403 || !p.Says("exploitant") || !p.Says("Lucie Morvan") {
				t.Error(p.Status, p.Text())
			}
		}
	})
	at := agentOf(t, in, "instructrice@operateur.example")
	t.Run("R33 an overdue review suspends at once, and the review lets in again", func(t *testing.T) {
		in.Clock.Advance(account.ReviewEvery + time.Hour)
		boss := in.Staff(t, "agent-exploitant") // whose own is overdue too
		if p := boss.Get(t, "/instruction/agents"); p.Status != 403 || !p.Says("revue périodique") {
			t.Fatal(p.Status)
		}
		if err := in.App.Store.ReviewAgent(t.Context(), in.Habilitate(t, "agent-exploitant")); err != nil {
			t.Fatal(err)
		}
		again := in.Browser()
		if p := in.LogIn(t, again, "/instruction", "agent-instructrice"); p.Status != 403 || !p.Says("revue périodique") {
			t.Error(p.Status, p.Text())
		}
		if p := boss.Post(t, at+"/revoir", nil); p.Status != 200 || !p.Says("La revue est notée") {
			t.Error(p.Status)
		}
		if p := again.Get(t, "/instruction/securite"); p.Status != 200 {
			t.Error(p.Status)
		}
		if p := boss.Post(t, at+"/renouveler", url.Values{"directeur": {"Anne Exemple"}, "jusque": {"01/01/2020"}}); p.Status != 422 {
			t.Error(p.Status)
		}
		if p := boss.Post(t, at+"/renouveler", url.Values{"directeur": {"Paul Exemple"}, "jusque": {"31/12/2028"}}); p.Status != 200 || !p.Says("31 décembre 2028") {
			t.Error(p.Status, p.Text())
		}
		t.Run("R33 nobody renews, reviews or ends their own", func(t *testing.T) {
			own := agentOf(t, in, "exploitant@operateur.example")
			if p := boss.Get(t, own); !p.Says("C'est votre habilitation") || p.Says("Terminer l'habilitation") {
				t.Error(p.Text())
			}
			for path, form := range map[string]url.Values{"/revoir": nil, "/terminer": nil, "/renouveler": {"directeur": {"Moi Même"}, "jusque": {"31/12/2028"}}} {
				if p := boss.Post(t, own+path, form); p.Status != 409 {
					t.Errorf("%s answers %d", path, p.Status)
				}
			}
		})
		t.Run("R33 an end counts from the next page on", func(t *testing.T) {
			if p := boss.Post(t, at+"/terminer", nil); p.Status != 200 || !p.Says("terminée") {
				t.Error(p.Status)
			}
			if p := again.Get(t, "/instruction/securite"); p.Status != 403 || !p.Says("pris fin") {
				t.Error(p.Status, p.Text())
			}
		})
	})
	t.Run("an agent who is nobody is not found", func(t *testing.T) {
		if p := in.Staff(t, "agent-exploitant").Get(t, "/instruction/agents/cpt_inconnu"); p.Status != 404 {
			t.Error(p.Status)
		}
	})
}

// agentOf is the address of an agent's page.
func agentOf(t *testing.T, in *apptest.Instance, mail string) string {
	t.Helper()
	list, err := in.App.Store.Agents(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		if p.Mail == mail {
			return "/instruction/agents/" + p.ID
		}
	}
	t.Fatalf("nobody has that address")
	return ""
}
