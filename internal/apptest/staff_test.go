package apptest_test

import (
	"strings"
	"testing"

	"droits.example/droits/internal/apptest"
)

func TestProfessionalsLogIn(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	t.Run("R33 the first member of an organisation manages it, another has no role yet", func(t *testing.T) {
		if p := in.Staff(t, "hopital-gestionnaire").Get(t, "/partenaire"); p.Status != 200 || !p.Says("Inès Vasseur") {
			t.Error(p.Status, p.Text())
		}
		if p := in.Staff(t, "hopital-lecteur").Get(t, "/partenaire"); p.Status != 403 || !p.Says("doit vous donner un rôle") {
			t.Error(p.Status, p.Text())
		}
	})
	t.Run("R33 an agent is habilitated by name, or is nobody", func(t *testing.T) {
		b := in.Browser()
		if p := in.LogIn(t, b, "/instruction", "agent-dpo"); p.Status != 200 || !p.Says("Ce compte n'est pas habilité") {
			t.Error(p.Status, p.Path)
		}
		if p := in.LogIn(t, b, "/instruction", "hopital-gestionnaire"); !p.Says("Ce compte n'est pas habilité") {
			t.Error(p.Status, p.Path)
		}
		if p := in.Staff(t, "agent-instructrice").Get(t, "/instruction/securite"); p.Status != 200 || !p.Says("Lucie Morvan") {
			t.Error(p.Status, p.Text())
		}
	})
	t.Run("a logout ends both sessions and comes back", func(t *testing.T) {
		b := in.Staff(t, "mutuelle-gestionnaire")
		p := b.Post(t, "/connexion/quitter", nil)
		_, to, ok := strings.Cut(p.Header.Get("Refresh"), "url=")
		if !ok || !strings.HasPrefix(to, in.Pro.Issuer()) {
			t.Fatal(p.Status, p.Header.Get("Refresh"))
		}
		if p := b.Get(t, "/partenaire"); !strings.HasPrefix(p.Path, "/partenaire/connexion") {
			t.Error(p.Path)
		}
	})
}
