package habilitation

import (
	"strings"
	"testing"

	"droits.example/droits/internal/droits"
)

func TestFormRules(t *testing.T) { // R25
	if p := complete().Problems(); len(p) != 0 {
		t.Fatal(p)
	}
	for _, c := range []struct {
		name  string
		edit  func(*Form)
		field string
		code  string
	}{
		{"R23 an organisation of another kind is not eligible", func(f *Form) { f.Organisation.Kind = "collectivite" }, "organisation.categorie", Missing},
		{"no name", func(f *Form) { f.Organisation.Nom = " " }, "organisation.nom", Missing},
		{"no SIRET", func(f *Form) { f.Organisation.SIRET = "" }, "organisation.siret", Missing},
		{"a SIRET with a wrong digit", func(f *Form) { f.Organisation.SIRET = "12345678900008" }, "organisation.siret", WrongKey},
		{"a SIRET with letters", func(f *Form) { f.Organisation.SIRET = "1234567890000A" }, "organisation.siret", WrongKey},
		{"an establishment without FINESS", func(f *Form) { f.Organisation.FINESS = "" }, "organisation.finess", Missing},
		{"a FINESS with a wrong key", func(f *Form) { f.Organisation.FINESS = "120000014" }, "organisation.finess", WrongKey},
		{"a project in one word", func(f *Form) { f.Projet.Description = "Essai" }, "projet.description", TooShort},
		{"a text without end", func(f *Form) { f.Projet.Description = strings.Repeat("é", maxAnswer+1) }, "projet.description", TooLong},
		{"a hospital that asks for an insurer's purpose", func(f *Form) { f.Projet.Purpose = "adhesion" }, "projet.finalite", NotOpen},
		{"no data", func(f *Form) { f.Donnees.Blocs = nil }, "donnees.blocs", Missing},
		{"data that do not exist", func(f *Form) { f.Donnees.Blocs = []droits.Bloc{"tout"} }, "donnees.blocs", NotOpen},
		{"a datum twice", func(f *Form) { f.Donnees.Blocs = append(f.Donnees.Blocs, droits.BlocIdentite) }, "donnees.blocs", NotOpen},
		{"R25 recipients", func(f *Form) { f.Donnees.Destinataires = "" }, "donnees.destinataires", Missing},
		{"R25 no retention", func(f *Form) { f.Donnees.Months = 0 }, "donnees.conservation_mois", OutOfStep},
		{"R25 a century of retention", func(f *Form) { f.Donnees.Months = MaxMonths + 1 }, "donnees.conservation_mois", OutOfStep},
		{"R25 above 36 months a reason is asked for", func(f *Form) { f.Donnees.Months = 37 }, "donnees.conservation_motif", Missing},
		{"R25 no legal ground", func(f *Form) { f.Cadre.Nature = "" }, "cadre.nature", Missing},
		{"R25 a legal ground without text", func(f *Form) { f.Cadre.Adresse = "" }, "cadre.adresse", Missing},
		{"an address that is none", func(f *Form) { f.Cadre.Adresse = "javascript:alert(1)" }, "cadre.adresse", WrongForm},
		{"R24 no FranceConnect authorisation", func(f *Form) { f.Connexion.Habilitation = "" }, "connexion.habilitation", Missing},
		{"no FranceConnect client", func(f *Form) { f.Connexion.Client = "" }, "connexion.client", Missing},
		{"another FranceConnect", func(f *Form) { f.Connexion.Profile = "v3" }, "connexion.profil", Missing},
		{"R25 no data protection officer", func(f *Form) { f.Contacts.DPO = Contact{} }, "contacts.delegue_protection_donnees.nom", Missing},
		{"an address of mail that is none", func(f *Form) { f.Contacts.Technique.Courriel = "claude" }, "contacts.responsable_technique.courriel", WrongForm},
		{"an address of mail with a name", func(f *Form) { f.Contacts.Technique.Courriel = "Claude <c@h.example>" }, "contacts.responsable_technique.courriel", WrongForm},
		{"a telephone in letters", func(f *Form) { f.Contacts.Responsable.Telephone = "zéro un" }, "contacts.responsable_traitement.telephone", WrongForm},
		{"no volume", func(f *Form) { f.Volumes.PerDay = 0 }, "volumes.appels_par_jour", OutOfStep},
		{"a large volume without a reason", func(f *Form) { f.Volumes.PerDay = PlainPerDay + 1 }, "volumes.justification", Missing},
		{"terms that are not accepted", func(f *Form) { f.Engagements.Terms = "" }, "engagements.modalites", Missing},
		{"a data protection officer who does not know", func(f *Form) { f.Engagements.DPOInformed = false }, "engagements.delegue_informe", Missing},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := complete()
			c.edit(&f)
			p := f.Problems()
			found := false
			for _, x := range p {
				found = found || x.Field == c.field && x.Code == c.code && x.Text != ""
			}
			if !found {
				t.Errorf("%v", p)
			}
		})
	}
	t.Run("what is allowed", func(t *testing.T) {
		for name, edit := range map[string]func(*Form){
			"36 months":                     func(f *Form) { f.Donnees.Months = PlainMonths },
			"more with a reason":            func(f *Form) { f.Donnees.Months, f.Donnees.Why = 60, "Prescription" },
			"a document in place of a text": func(f *Form) { f.Cadre.Adresse, f.Pieces = "", map[string]string{"cadre.document": "doc-1"} },
			"an insurer needs no FINESS": func(f *Form) {
				f.Organisation.Kind, f.Organisation.FINESS, f.Projet.Purpose = droits.OrganismeComplementaire, "", "adhesion"
			},
			"a large volume with its reason": func(f *Form) { f.Volumes = Volumes{5000, 50, "Trois hôpitaux"} },
		} {
			f := complete()
			edit(&f)
			if p := f.Problems(); len(p) != 0 {
				t.Errorf("%s: %v", name, p)
			}
		}
	})
	t.Run("a problem never repeats the value", func(t *testing.T) {
		f := complete()
		f.Organisation.SIRET, f.Contacts.DPO.Courriel = "99999999999999", "secret@@"
		for _, p := range f.Problems() {
			if strings.Contains(p.Text, "9999") || strings.Contains(p.Text, "secret") {
				t.Error(p.Field)
			}
		}
	})
}
