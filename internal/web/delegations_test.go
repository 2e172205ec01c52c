package web_test

import (
	"net/url"
	"regexp"
	"testing"
	"time"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/app"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/sim/prosim"
)

var (
	endLink      = regexp.MustCompile(`href="(/partenaire/delegations/[^"]+/terminer)"`)
	unbindForm   = regexp.MustCompile(`name="empreinte" value="([0-9a-f]{64})"`)
	vendorHolder = "clinique-direction" // its organisation is made a software vendor here
)

func TestDelegations(t *testing.T) {
	in := apptest.Start(t, apptest.Options{Sign: func(d *convention.Document) {
		if d.Kind == droits.OrganismeComplementaire {
			d.Parties.SIRET = prosim.InsurerSIRET
		}
	}})
	ctx, s := t.Context(), in.App.Store
	for _, id := range []string{"logiciel", "autre-logiciel"} {
		siret := prosim.ClinicSIRET
		if id != "logiciel" {
			siret = "00000000000059"
		}
		if err := s.PutPartner(ctx, partner.Partner{ID: id, Nom: "Éditeur " + id, SIRET: siret, Kind: droits.Editeur}); err != nil {
			t.Fatal(err)
		}
	}
	v := in.Hospital
	v.Key = partner.NewSecret(partner.Sandbox)
	if _, err := s.AddVendorKey(ctx, "logiciel", v.Key, partner.Sandbox, time.Time{}); err != nil {
		t.Fatal(err)
	}
	call := func(t *testing.T) *apptest.Answer {
		t.Helper()
		return in.Get(t, "/me", in.As(t, "famille-martin", v), apptest.With("X-Delegation", prosim.HospitalSIRET))
	}
	boss, other, soft := in.Staff(t, "hopital-gestionnaire"), in.Staff(t, "mutuelle-gestionnaire"), in.Staff(t, vendorHolder)
	give := func(b *apptest.Browser, whom, c string) *apptest.Page {
		return b.Post(t, "/partenaire/delegations", url.Values{"editeur": {whom}, "convention": {c}})
	}
	mine := in.Hospital.Convention
	t.Run("R30 nothing is delegated before somebody does", func(t *testing.T) {
		whole(t, boss.Get(t, "/partenaire/delegations"), 200, "Aucun éditeur n'appelle pour votre organisme")
		whole(t, soft.Get(t, "/partenaire/delegations"), 200, "Aucun organisme ne vous a délégué")
		call(t).Want(t, 403, "delegation_absente")
	})
	t.Run("a vendor that is none, or is misspelt, is told what to write; another's convention is unknown", func(t *testing.T) {
		for _, whom := range []string{"", "personne", "00000000000035", in.Insurer.ID, prosim.HospitalSIRET, "<b>"} {
			p := give(boss, whom, mine)
			whole(t, p, 422, "Aucun éditeur de logiciel n'a cet identifiant")
		}
		for _, c := range []string{"", "inconnue", in.Insurer.Convention} {
			if p := give(boss, "logiciel", c); p.Status != 404 {
				t.Errorf("answered %d", p.Status)
			}
		}
		if list, err := s.Delegations(ctx, ""); err != nil || len(list) != 0 {
			t.Errorf("%d given, %v", len(list), err)
		}
	})
	for _, x := range []struct {
		name, whom, says string
		by               *apptest.Browser
		side             partner.Side
	}{
		{"by its identifier, the organisation ends it", "logiciel", "refusées pour votre organisme", boss, partner.ByOrganisation},
		{"by its SIRET, the vendor ends it", "000 000 000 00034", "Prévenez-le", soft, partner.ByVendor},
	} {
		t.Run("R30 a vendor is named "+x.name+", and both hold at the next call", func(t *testing.T) {
			whole(t, give(boss, x.whom, mine), 200, "La délégation est donnée", "Éditeur logiciel")
			call(t).Want(t, 200, "")
			if e := in.LastTrace(t); e.Person["partner"] != in.Hospital.ID || e.Person["through"] != "logiciel" {
				t.Errorf("traced as %v through %v", e.Person["partner"], e.Person["through"])
			}
			whole(t, give(boss, x.whom, mine), 200, "cette délégation est déjà en vigueur")
			whole(t, soft.Get(t, "/partenaire/delegations"), 200, "Partenaire d'essai", prosim.HospitalSIRET)
			end := firstOf(t, x.by.Get(t, "/partenaire/delegations"), endLink)
			whole(t, x.by.Get(t, end), 200, x.says)
			call(t).Want(t, 200, "")
			if p := other.Post(t, end, url.Values{}); p.Status != 404 {
				t.Errorf("somebody else's delegation answers %d", p.Status)
			}
			whole(t, x.by.Post(t, end, url.Values{}), 200, "La délégation est terminée", "terminée le")
			call(t).Want(t, 403, "delegation_absente")
			if list, err := s.Delegations(ctx, "logiciel"); err != nil || list[0].EndedBy != x.side {
				t.Errorf("ended by %v, %v", list[0].EndedBy, err)
			}
			if p := x.by.Post(t, end, url.Values{}); p.Status != 404 {
				t.Errorf("ended twice: %d", p.Status)
			}
		})
	}
	t.Run("R33 a reader sees, and neither gives nor ends", func(t *testing.T) {
		whole(t, give(boss, "logiciel", mine), 200, "donnée")
		reader := in.Staff(t, "hopital-lecteur")
		for _, m := range teamOf(t, in) {
			if m.Role == "" {
				boss.Post(t, "/partenaire/equipe/"+m.ID+"/role", url.Values{"role-" + m.ID: {"lecteur"}})
			}
		}
		p := reader.Get(t, "/partenaire/delegations")
		whole(t, p, 200, "Éditeur logiciel")
		if endLink.MatchString(p.Body) || p.Says("Déléguer à un éditeur") {
			t.Error("what the role does not allow is shown")
		}
		if p := give(reader, "autre-logiciel", mine); p.Status != 403 {
			t.Errorf("answered %d", p.Status)
		}
	})
	t.Run("R78 a vendor sees its own keys, revokes one at once, and nobody else's", func(t *testing.T) {
		p := soft.Get(t, "/partenaire/cles")
		whole(t, p, 200, "celles qui vous sont déléguées", "…"+v.Key[len(v.Key)-4:])
		if p.Says(in.Hospital.KeyID) || boss.Get(t, "/partenaire/cles").Says("celles qui vous sont déléguées") {
			t.Error("one reads the other's keys")
		}
		call(t).Want(t, 200, "")
		whole(t, soft.Post(t, firstOf(t, p, revokeLink), url.Values{}), 200, "La clé est révoquée")
		call(t).Want(t, 401, "cle_invalide")
	})
	t.Run("agents read the delegations of a partner, and of a vendor", func(t *testing.T) {
		agent := in.Staff(t, "agent-instructeur")
		whole(t, agent.Get(t, "/instruction/partenaires/"+in.Hospital.ID), 200, "Délégations", "à Éditeur logiciel")
		whole(t, boss.Post(t, firstOf(t, boss.Get(t, "/partenaire/delegations"), endLink), url.Values{}), 200, "terminée")
		whole(t, agent.Get(t, "/instruction/partenaires/logiciel"), 200, "terminée le", "par l'organisme")
		whole(t, agent.Get(t, "/instruction/partenaires/"+in.Insurer.ID), 200, "Aucune délégation")
	})
}

func TestCertificatesOfAKey(t *testing.T) { // R73
	dir := t.TempDir()
	noon := apptest.Noon()
	server := apptest.NewIdentity(t, nil, noon.Add(-time.Hour), noon.AddDate(1, 0, 0))
	in := apptest.Start(t, apptest.Options{
		Edit: func(c *app.Config) {
			c.TLS = server.Write(t, dir)
			c.TLS.APIInClear, c.Listen.MTLS = true, "127.0.0.1:0"
		},
		Sign: func(d *convention.Document) {
			if d.Kind == droits.Etablissement {
				d.Auth = convention.AuthMTLS
			} else {
				d.Parties.SIRET = prosim.InsurerSIRET
			}
		},
	})
	boss := in.Staff(t, "hopital-gestionnaire")
	at := "/partenaire/cles/" + in.Hospital.KeyID + "/certificat"
	good := apptest.NewIdentity(t, nil, noon.Add(-time.Hour), noon.AddDate(0, 6, 0))
	old := apptest.NewIdentity(t, nil, noon.AddDate(-1, 0, 0), noon.Add(-time.Hour))
	shown := in.Under(t, good)
	note := func(pem string) *apptest.Page { return boss.Post(t, at, url.Values{"certificat": {pem}}) }
	whole(t, boss.Get(t, "/partenaire/cles"), 200, "exige un certificat client", "Aucun certificat n'est noté")
	shown.Get(t, "/me", in.As(t, "famille-martin", in.Hospital)).Want(t, 401, "certificat_invalide")
	t.Run("R73 what is no certificate alone, or has ended, changes nothing", func(t *testing.T) {
		for pem, want := range map[string]string{"": "ce n'est pas un certificat", "bonjour": "ce n'est pas un certificat", string(good.KeyPEM): "ce n'est pas un certificat", string(good.PEM) + string(good.KeyPEM): "ce n'est pas un certificat", string(old.PEM): "ce certificat a expiré"} {
			whole(t, note(pem), 200, want)
		}
	})
	t.Run("R73 a certificate that is bound serves at the next call, and not after it is taken off", func(t *testing.T) {
		p := note(string(good.PEM))
		whole(t, p, 200, "Le certificat est noté")
		shown.Get(t, "/me", in.As(t, "famille-martin", in.Hospital)).Want(t, 200, "")
		digest := firstOf(t, p, unbindForm)
		whole(t, boss.Post(t, at+"/retirer", url.Values{"empreinte": {digest}}), 200, "Le certificat est retiré")
		shown.Get(t, "/me", in.As(t, "famille-martin", in.Hospital)).Want(t, 401, "certificat_invalide")
		if p := boss.Post(t, at+"/retirer", url.Values{"empreinte": {digest}}); p.Status != 404 {
			t.Errorf("taken off twice: %d", p.Status)
		}
	})
	t.Run("another organisation's key is unknown, and its certificate is not shared", func(t *testing.T) {
		if p := in.Staff(t, "mutuelle-gestionnaire").Post(t, at, url.Values{"certificat": {string(good.PEM)}}); p.Status != 404 {
			t.Errorf("answered %d", p.Status)
		}
	})
}

// teamOf are the members of the hospital.
func teamOf(t *testing.T, in *apptest.Instance) []account.Person {
	t.Helper()
	team, err := in.App.Store.Team(t.Context(), prosim.HospitalSIRET)
	if err != nil {
		t.Fatal(err)
	}
	return team
}
