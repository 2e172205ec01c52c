package web_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/convention"
)

func TestOversight(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	head, evaluator := in.Staff(t, "agent-responsable"), in.Staff(t, "agent-rapporteur")
	id, at := in.Hospital.Convention, "/instruction/conventions/"+in.Hospital.Convention
	me := func() *apptest.Answer { return in.Get(t, "/me", in.As(t, "famille-martin", in.Hospital)) }
	me().Want(t, 200, "")

	t.Run("R33 who evaluates reads and moves nothing", func(t *testing.T) {
		for _, path := range []string{"/instruction/conventions", at, "/instruction/partenaires", "/instruction/partenaires/" + in.Hospital.ID} {
			whole(t, evaluator.Get(t, path), 200)
		}
		if p := evaluator.Get(t, at); p.Says("Suspendre") || p.Says("Révoquer") {
			t.Error("it is offered to")
		}
		for _, c := range []struct {
			method, path string
		}{{"GET", at + "/etat?vers=suspendre"}, {"POST", at + "/etat"}, {"POST", at + "/signature"}, {"GET", at + "/lettre"}, {"POST", at + "/lettre"}, {"POST", "/instruction/partenaires/" + in.Hospital.ID + "/cles/" + in.Hospital.KeyID + "/suspendre"}} {
			whole(t, evaluator.Once(t, c.method, c.path, url.Values{}), 403, "Compte utilisé", "rapporteur")
		}
	})
	t.Run("R29 a suspension takes a ground, holds at once, and is reversible", func(t *testing.T) {
		whole(t, head.Get(t, at+"/etat?vers=suspendre"), 200, "Effets", "00000000000018")
		whole(t, head.Post(t, at+"/etat", url.Values{"vers": {"suspendre"}}), 422, "Choisissez l'un des motifs")
		whole(t, head.Post(t, at+"/etat", url.Values{"vers": {"suspendre"}, "motif": {"parce que"}}), 422, "Choisissez l'un des motifs")
		me().Want(t, 200, "")
		form := url.Values{"vers": {"suspendre"}, "motif": {"securite"}}
		whole(t, head.Post(t, at+"/etat", form), 200, "suspendue")
		me().Want(t, 403, "convention_inactive")
		whole(t, head.Post(t, at+"/etat", form), 200, "suspendue") // posted twice
		whole(t, in.Staff(t, "hopital-gestionnaire").Get(t, "/partenaire"), 200, "est suspendue")
		whole(t, head.Post(t, at+"/etat", url.Values{"vers": {"vigueur"}}), 200, "en vigueur")
		me().Want(t, 200, "")
	})
	t.Run("R77 a key is suspended and resumed by an agent", func(t *testing.T) {
		of := "/instruction/partenaires/" + in.Hospital.ID
		whole(t, head.Post(t, of+"/cles/"+in.Hospital.KeyID+"/suspendre", url.Values{}), 200, "La clé est suspendue")
		me().Want(t, 403, "cle_suspendue")
		whole(t, head.Post(t, of+"/cles/"+in.Hospital.KeyID+"/retablir", url.Values{}), 200, "La clé est rétablie")
		me().Want(t, 200, "")
		for _, path := range []string{of + "/cles/cle_inconnue/suspendre", of + "/cles/" + in.Hospital.KeyID + "/detruire"} {
			if p := head.Post(t, path, url.Values{}); p.Status != 404 {
				t.Errorf("%s answers %d", path, p.Status)
			}
		}
	})
	t.Run("R29 a registered letter: from its receipt, to the end of the fifteenth day", func(t *testing.T) {
		send := func(received, name, content string) *apptest.Page {
			t.Helper()
			return head.Upload(t, at+"/lettre", apptest.File{Field: "document", Name: name, Content: []byte(content), With: url.Values{"recue": {received}}})
		}
		pdf := "%PDF-1.7\n1 0 obj\nendobj\n%%EOF\n"
		whole(t, send("2026-11-20", "lettre.pdf", "MZ not a PDF"), 422, "n'est pas un PDF")
		whole(t, send("2026-11-20", "lettre.pdf", ""), 422, "Choisissez un fichier")
		whole(t, send("2026-12-20", "lettre.pdf", pdf), 422, "Écrivez une date passée")
		whole(t, send("2026-10-01", "lettre.pdf", pdf), 422, "Écrivez une date passée")
		whole(t, send("hier", "lettre.pdf", pdf), 422, "Écrivez une date passée")
		me().Want(t, 200, "")
		whole(t, send("2026-11-20", "lettre.exe", pdf), 200, "5 décembre 2026", "Lettre de départ")
		if p := head.Get(t, at+"/lettre/scan"); p.Body != pdf || p.Header.Get("Content-Type") != "application/pdf" || !strings.Contains(p.Header.Get("Content-Disposition"), "attachment") || p.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Error("the scan is not given as a file")
		}
		me().Want(t, 200, "")
		in.Clock.Set(time.Date(2026, 12, 5, 22, 59, 59, 0, time.UTC)) // 23:59:59 in Paris
		me().Want(t, 200, "")
		in.Clock.Set(time.Date(2026, 12, 5, 23, 0, 0, 0, time.UTC))
		me().Want(t, 403, "convention_inactive")
	})
	t.Run("revocation now, on a closed ground; it does not come back", func(t *testing.T) {
		other := in.Staff(t, "agent-responsable")
		of := "/instruction/conventions/" + in.Insurer.Convention
		whole(t, other.Post(t, of+"/etat", url.Values{"vers": {"terminer"}, "motif": {"modalites"}}), 200, "terminée")
		in.Get(t, "/me", in.As(t, "famille-martin", in.Insurer)).Want(t, 403, "convention_inactive")
		if p := other.Post(t, of+"/etat", url.Values{"vers": {"vigueur"}}); p.Status != 409 && p.Status != 400 {
			t.Errorf("an ended convention is put in force: %d", p.Status)
		}
		if c := in.App.Store.ConventionsOf(in.Insurer.ID); len(c) > 0 && c[0].State != convention.Ended {
			t.Error(c[0].State)
		}
	})
	t.Run("a mandate that ended opens nothing", func(t *testing.T) {
		a := in.Habilitate(t, "agent-responsable")
		if err := in.App.Store.AmendMandate(t.Context(), a, "agent_termine", func(m *account.Mandate, at time.Time) error { m.EndedAt = at; return nil }); err != nil {
			t.Fatal(err)
		}
		last := in.Staff(t, "agent-responsable")
		whole(t, last.Get(t, "/instruction/conventions"), 403, "a pris fin")
	})
	if id == "" {
		t.Error("no convention")
	}
}
