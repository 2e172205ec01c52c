package api_test

import (
	"fmt"
	"testing"

	"droits.example/droits/internal/api"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/droits"
)

const (
	moi       = "/me"
	family    = "/me/beneficiaires"
	caisse    = "/caisse"
	contrats  = "/contrats"
	exos      = "/exonerations"
	medecin   = "/medecin-traitant"
	compl     = "/complementaire"
	arrets    = "/arrets-travail"
	risques   = "/risques-professionnels"
	someone   = "/"
	reservee  = "operation_reservee"
	inconnu   = "beneficiaire_inconnu"
	noPerson  = "personne_non_identifiee"
	badParam  = "parametre_invalide"
	dateField = "date-naissance"
)

// read asks one operation about the connected person itself.
func read(t *testing.T, in *apptest.Instance, slug string, p apptest.Partner, path string, more ...apptest.Change) *apptest.Answer {
	t.Helper()
	changes := []apptest.Change{in.As(t, slug, p)}
	if path != moi && path != family {
		changes = append(changes, in.NIROf(t, slug))
	}
	return in.Get(t, path, append(changes, more...)...)
}

func TestPublishedOperations(t *testing.T) {
	in := apptest.Shared(t)
	nir := in.NIR(t, "famille-martin")
	self := fmt.Sprintf(`"nir":"%s","nom_famille":"MARTIN","prenom":"Hélène","date_naissance":"1986-02-17","rang_naissance":1,"qualite":"assure","medecin_traitant_choisi":true,"presence_CMUC_ACS":false`, nir)
	t.Run("R1 every operation answers both kinds of partner by its published name", func(t *testing.T) {
		kinds(t, in, func(t *testing.T, p apptest.Partner) {
			wants(t, read(t, in, "famille-martin", p, moi), "{"+self+"}")
			wants(t, read(t, in, "famille-martin", p, someone), "{"+self+"}")
			wants(t, read(t, in, "famille-martin", p, caisse), `{"id":"01121","grandRegime":"01","organisme":"CPAM","codeCentre":"0000","libelle":"CPAM de l'Aveyron (fictive)","adresse":{"destinataire":"CPAM FICTIVE","complement_adresse":"BÂTIMENT IMAGINAIRE","numero_voie":"1","type_voie":"RUE","nom_voie":"DE L'EXEMPLE","mention_distribution":"CS 99999","code_postal":"12999","commune":"VILLE-FICTIVE"}}`)
			wants(t, read(t, in, "famille-martin", p, contrats), `[{"nature_assurance":"AMO","details":{"code_type_contrat":"BASE","libelle_type_contrat":"`+droits.LibelleContrat("BASE")+`"},"periodes_droits":[{"date_debut":"{0}","date_fin":"{an}"}]}]`)
			wants(t, read(t, in, "famille-martin", p, exos), `[]`)
		})
	})
	t.Run("the médecin traitant is told to establishments, start date included", func(t *testing.T) {
		o := read(t, in, "famille-martin", in.Hospital, medecin).Object(t)
		equal(t, "date_debut", o["date_debut"], "2019-05-13")
		if o["date_fin"] != nil || o["nom"] == nil || o["prenom"] == nil || o["numero_am"] == nil {
			t.Error("nom, prenom and numero_am are told, date_fin is not when there is none")
		}
		read(t, in, "famille-martin", in.Insurer, medecin).Want(t, 403, reservee)
	})
	t.Run("R2 the person comes first in the list, then the dependants", func(t *testing.T) {
		kinds(t, in, func(t *testing.T, p apptest.Partner) {
			list := read(t, in, "famille-martin", p, family).List(t)
			equal(t, "given names", members(list, "prenom"), []string{"Hélène", "Camille", "Jules", "Zoé"})
			equal(t, "qualites", members(list, "qualite"), []string{"assure", "enfant", "enfant", "enfant"})
			equal(t, "the person's number", list[0]["nir"], nir)
		})
	})
	t.Run("R2 a child is read by its own number, in 13 or 15 characters, spaces tolerated", func(t *testing.T) {
		list := read(t, in, "famille-martin", in.Hospital, family).List(t)
		child := list[2]["nir"].(string)
		for _, written := range []string{child, child[:13], child[:1] + " " + child[1:3] + " " + child[3:5] + " " + child[5:7] + " " + child[7:10] + " " + child[10:13] + " " + child[13:]} {
			who := []apptest.Change{in.As(t, "famille-martin", in.Hospital), apptest.With("nir", written)}
			equal(t, "prenom", in.Get(t, someone, who...).Object(t)["prenom"], "Jules")
			equal(t, "exemptions of the child", len(in.Get(t, exos, who...).List(t)), 1)
			in.Get(t, medecin, who...).Want(t, 200, "")
		}
	})
}

func TestAdditions(t *testing.T) {
	in := apptest.Shared(t)
	h, m := in.Hospital, in.Insurer
	end := today.AddDays(200).String()
	for _, c := range []struct {
		name, slug, path string
		p                apptest.Partner
		want             string
	}{
		{"a cover and its reference are told to an establishment", "complementaire", compl, h, `{"souscrite":true,"reference":{"organisme":"Mutuelle des Exemples","numero_organisme":"999000004","numero_contrat":"FICTIF-000007","date_fin":"` + end + `"}}`},
		{"a complementary body is told that there is a cover, not which", "complementaire", compl, m, `{"souscrite":true}`},
		{"no cover is told as none", "complementaire-terminee", compl, h, `{"souscrite":false}`},
		{"a cover that has ended is told as none", "complementaire-terminee", compl, m, `{"souscrite":false}`},
		{"a sick leave is told by number and dates, its nature is not", "arret-maladie", arrets, h, `[{"numero":"FICTIF-AM-0001","date_debut":"{-5}","date_fin":"{+9}"}]`},
		{"nobody on sick leave is an empty list", "ald", arrets, h, `[]`},
		{"an accident at work opens the cover of sick leave", "accident-travail", risques, h, `{"couverture_arret_travail":true,"couverture_maladie_professionnelle":false}`},
		{"an occupational disease opens its own cover", "maladie-professionnelle", risques, h, `{"couverture_arret_travail":false,"couverture_maladie_professionnelle":true}`},
		{"no occupational risk is told as two no", "ald", risques, h, `{"couverture_arret_travail":false,"couverture_maladie_professionnelle":false}`},
	} {
		t.Run(c.name, func(t *testing.T) { wants(t, read(t, in, c.slug, c.p, c.path), c.want) })
	}
	for _, path := range []string{arrets, risques, medecin} {
		t.Run("a complementary body is refused "+path, func(t *testing.T) {
			read(t, in, "accident-travail", m, path).Want(t, 403, reservee)
		})
	}
	t.Run("R63 R40 a partner reads its own rights with its key alone", func(t *testing.T) {
		kinds(t, in, func(t *testing.T, p apptest.Partner) {
			o := in.Do(t, api.MoiPath, apptest.Key(p)).Object(t)
			conv := o["convention"].(map[string]any)
			equal(t, "id", conv["id"], p.Convention)
			equal(t, "etat", conv["etat"], "active")
			equal(t, "categorie", o["partenaire"].(map[string]any)["categorie"], string(p.Kind))
			equal(t, "environnement", o["environnement"], "bac_a_sable")
		})
	})
	t.Run("moi ends with a slash or not", func(t *testing.T) {
		in.Do(t, api.MoiPath+"/", apptest.Key(h)).Want(t, 200, "")
	})
	t.Run("R63 moi lists only the fields that the kind may have", func(t *testing.T) {
		fields := func(p apptest.Partner) map[string]bool {
			out := map[string]bool{}
			for _, f := range in.Do(t, api.MoiPath, apptest.Key(p)).Object(t)["champs"].([]any) {
				out[f.(string)] = true
			}
			return out
		}
		if f := fields(h); !f["Exoneration.motif"] || !f["MedecinTraitant.nom"] || !f["Complementaire.reference"] {
			t.Error("an establishment lacks a field")
		}
		if f := fields(m); f["Exoneration.motif"] || f["Exoneration.maternite"] || f["MedecinTraitant.nom"] || f["Complementaire.reference"] || f["ArretTravail.numero"] || !f["Caisse.id"] {
			t.Error("a complementary body has a field too many, or lacks one")
		}
	})
}

func TestMasksOfTheKinds(t *testing.T) {
	in := apptest.Shared(t)
	h, m := in.Hospital, in.Insurer
	label := func(code string) string { return `"libelle_type_contrat":"` + droits.LibelleContrat(code) + `"` }
	amo := `{"nature_assurance":"AMO","details":{"code_type_contrat":"BASE",` + label("BASE") + `},"periodes_droits":[{"date_debut":"{0}","date_fin":"{an}"}]}`
	amc := func(code string) string {
		return `{"nature_assurance":"AMC","details":{"code_type_contrat":"` + code + `",` + label(code) + `},"date_fin":"{+245}","periodes_droits":[{"date_debut":"{0}","date_fin":"{+245}"}]}`
	}
	motif := func(code string) string {
		short, long := droits.LibelleExoneration(code)
		return `"motif":{"code":"` + code + `","libelle":"` + short + `","libelle_long":"` + long + `"}`
	}
	for _, c := range []struct {
		name, slug, path string
		p                apptest.Partner
		want             string
	}{
		{"the free solidarity cover is told to an establishment", "c2s", contrats, h, "[" + amo + "," + amc("C2S") + "]"},
		{"the free solidarity cover is told to a complementary body", "c2s", contrats, m, "[" + amo + "," + amc("C2S") + "]"},
		{"the solidarity cover with participation is told to an establishment", "c2s-participation", contrats, h, "[" + amo + "," + amc("C2SP") + "]"},
		{"the solidarity cover with participation is told as C2S to a complementary body", "c2s-participation", contrats, m, "[" + amo + "," + amc("C2S") + "]"},
		{"an exemption has its motif for an establishment, its end capped to one year", "ald", exos, h, `[{"date_fin":"{an}",` + motif("LIS") + `}]`},
		{"an exemption has no motif for a complementary body", "ald", exos, m, `[{"date_fin":"{an}"}]`},
		{"the maternity dates are told to an establishment", "maternite", exos, h, `[{"date_fin":"{+112}",` + motif("MAT") + `,"maternite":{"date_presumee_grossesse":"{-200}"}}]`},
		{"the maternity dates are withheld from a complementary body", "maternite", exos, m, `[{"date_fin":"{+112}"}]`},
		{"a birth adds the real date", "accouchement", exos, h, `[{"date_fin":"{+6}",` + motif("MAT") + `,"maternite":{"date_presumee_grossesse":"{-276}","date_reelle_accouchement":"{-6}"}}]`},
		{"three exemptions are three for an establishment", "exonerations-multiples", exos, h, `[{"date_fin":"{+150}",` + motif("LIS") + `},{"date_fin":"{+200}",` + motif("EXC") + `},{"date_debut":"{+260}","date_fin":"{+340}",` + motif("INV") + `}]`},
		{"R39 overlapping exemptions are one for a complementary body", "exonerations-multiples", exos, m, `[{"date_fin":"{+200}"},{"date_debut":"{+260}","date_fin":"{+340}"}]`},
	} {
		t.Run(c.name, func(t *testing.T) { wants(t, read(t, in, c.slug, c.p, c.path), c.want) })
	}
	t.Run("the solidarity cover shows in the identity of both kinds", func(t *testing.T) {
		for slug, want := range map[string]bool{"c2s": true, "c2s-participation": true, "c2s-a-venir": true, "acs-ancienne": false, "complementaire": false} {
			kinds(t, in, func(t *testing.T, p apptest.Partner) {
				equal(t, slug, read(t, in, slug, p, moi).Object(t)["presence_CMUC_ACS"], want)
			})
		}
	})
	t.Run("a code of exemption is told with its label, whichever it is", func(t *testing.T) {
		for slug, code := range map[string]string{"invalidite": "INV", "polypathologie": "EXP", "pension-militaire": "A115_DET_PML", "sterilite": "STE"} {
			wants(t, read(t, in, slug, h, exos), `[{`+motif(code)+`}]`)
			wants(t, read(t, in, slug, m, exos), `[{}]`)
		}
	})
}

func TestClipping(t *testing.T) {
	in := apptest.Shared(t)
	amo := func(dates, periods string) string {
		return `[{"nature_assurance":"AMO","details":{"code_type_contrat":"BASE","libelle_type_contrat":"` + droits.LibelleContrat("BASE") + `"}` + dates + `,"periodes_droits":[` + periods + `]}]`
	}
	kinds(t, in, func(t *testing.T, p apptest.Partner) {
		for _, c := range []struct{ name, slug, path, want string }{
			{"an end within a year is told", "fin-proche", contrats, amo(`,"date_fin":"{+10}"`, `{"date_debut":"{0}","date_fin":"{+10}"}`)},
			{"a start in the future is told", "droits-futurs", contrats, amo(`,"date_debut":"`+today.AddMonths(3).String()+`"`, `{"date_debut":"`+today.AddMonths(3).String()+`","date_fin":"{an}"}`)},
			{"a window that begins later cuts the periods at its start", "fin-proche", contrats + dated("?dateDebut={+4}"), amo(`,"date_fin":"{+10}"`, `{"date_debut":"{+4}","date_fin":"{+10}"}`)},
			{"a window that ends sooner cuts the periods at its end, not the end date", "fin-proche", contrats + dated("?dateFin={+4}"), amo(`,"date_fin":"{+10}"`, `{"date_debut":"{0}","date_fin":"{+4}"}`)},
			{"an open-ended period ends at the window's end", "complementaire", contrats + dated("?dateDebut={+1}&dateFin={+2}"), amo(``, `{"date_debut":"{+1}","date_fin":"{+2}"}`)},
			{"a window after the end of rights holds nothing", "fin-proche", contrats + dated("?dateDebut={+11}"), `[]`},
			{"a window before the start of rights holds nothing", "droits-futurs", contrats + dated("?dateFin={+5}"), `[]`},
			{"periods of rights are the intersections with the window", "periodes-multiples", contrats, amo(``, `{"date_debut":"{0}","date_fin":"{+60}"},{"date_debut":"{+90}","date_fin":"{an}"}`)},
			{"a start that is past on the day of the call stays untold in a later window", "c2s", contrats + dated("?dateDebut={+246}"), amo(``, `{"date_debut":"{+246}","date_fin":"{an}"}`)},
			{"ended rights are an empty list", "sans-droits", contrats, `[]`},
			{"nobody's exemptions are an empty list", "sans-droits", exos, `[]`},
		} {
			t.Run(c.name, func(t *testing.T) { wants(t, read(t, in, c.slug, p, c.path), c.want) })
		}
		t.Run("a person without rights keeps an identity, without a fund", func(t *testing.T) {
			read(t, in, "sans-droits", p, moi).Want(t, 200, "")
			read(t, in, "sans-droits", p, someone).Want(t, 200, "")
			equal(t, "list", len(read(t, in, "sans-droits", p, family).List(t)), 1)
			read(t, in, "sans-droits", p, caisse).Want(t, 404, "caisse_absente")
		})
		t.Run("of funds that succeed each other, the one valid earliest in the window is told", func(t *testing.T) {
			equal(t, "today", read(t, in, "changement-de-caisse", p, caisse).Object(t)["id"], "01261")
			equal(t, "later", read(t, in, "changement-de-caisse", p, caisse+dated("?dateDebut={+41}")).Object(t)["id"], "01342")
		})
	})
	t.Run("a doctor who leaves within the window is told with the end date", func(t *testing.T) {
		o := read(t, in, "medecin-sortant", in.Hospital, medecin).Object(t)
		equal(t, "date_fin", o["date_fin"], dated("{+45}"))
		equal(t, "date_debut", o["date_debut"], "2012-02-01")
		read(t, in, "medecin-sortant", in.Hospital, medecin+dated("?dateDebut={+46}")).Want(t, 404, "medecin_traitant_absent")
	})
	t.Run("of doctors who succeed each other, the one valid earliest in the window is told", func(t *testing.T) {
		first := read(t, in, "changement-de-medecin", in.Hospital, medecin).Object(t)
		next := read(t, in, "changement-de-medecin", in.Hospital, medecin+dated("?dateDebut={+30}")).Object(t)
		equal(t, "end of the first", first["date_fin"], dated("{+29}"))
		equal(t, "start of the next", next["date_debut"], dated("{+30}"))
	})
	t.Run("no doctor is told as none", func(t *testing.T) {
		read(t, in, "sans-medecin", in.Hospital, medecin).Want(t, 404, "medecin_traitant_absent")
		equal(t, "choisi", read(t, in, "sans-medecin", in.Insurer, moi).Object(t)["medecin_traitant_choisi"], false)
		equal(t, "choisi", read(t, in, "medecin-sortant", in.Insurer, moi).Object(t)["medecin_traitant_choisi"], true)
	})
}
