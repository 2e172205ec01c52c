package policy

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
)

func all() []string {
	var out []string
	for _, b := range droits.Blocs() {
		out = append(out, string(b.Bloc))
	}
	return out
}

// release tells an operation to a partner to whom nothing is closed.
func release(t testing.TB, kind droits.Kind, op droits.Operation, f *droits.Famille, w droits.Fenetre) (View, error) {
	t.Helper()
	s := situation{kind: string(kind), blocs: all(), scopes: allScopes[:1], agre: all()}
	d, err := Decide(Request{Op: op, Window: w}, s.grant(), s.person(), self)
	if err != nil {
		t.Fatal(err)
	}
	return d.Release(f, f.Self(w))
}

func on(s string) civil.Date { return civil.MustParse(s) }

func span(from, to string) civil.Period {
	p := civil.Period{From: on(from)}
	if to != "" {
		p.To = on(to)
	}
	return p
}

// one is an insured person alone, with one link.
func one(link droits.Rattachement) *droits.Famille {
	p := droits.Personne{ID: 1, Sujet: self, NaissanceOn: on("1985-03-14")}
	link.Beneficiaire, link.Propre = p, true
	if link.Qualite == "" {
		link.Qualite = droits.Assure
	}
	if link.Periode == (civil.Period{}) {
		link.Periode = span("2010-01-01", "")
	}
	return &droits.Famille{Assure: p, Rattachements: []droits.Rattachement{link}}
}

func TestContrats(t *testing.T) { // R3
	base := func(p civil.Period, droit ...civil.Period) droits.Contrat {
		return droits.Contrat{Nature: droits.AMO, CodeType: droits.ContratBase, Periode: p, Droits: droit}
	}
	for _, c := range []struct {
		name  string
		kind  droits.Kind
		links []droits.Rattachement
		w     droits.Fenetre
		want  string
	}{
		{"R3 a start in the past is not told, an end beyond a year is told as in a year", droits.Etablissement,
			[]droits.Rattachement{{Contrats: []droits.Contrat{base(span("2010-01-01", "2040-01-01"), span("2010-01-01", "2040-01-01"))}}}, window,
			"[AMO BASE - 2027-11-22 [2026-11-22/2027-11-22]]"},
		{"R3 no end is told as none, and an open period of rights ends with the window", droits.Etablissement,
			[]droits.Rattachement{{Contrats: []droits.Contrat{base(span("2010-01-01", ""), span("2010-01-01", ""))}}}, window,
			"[AMO BASE - - [2026-11-22/2027-11-22]]"},
		{"R3 a start today is not in the future", droits.Etablissement,
			[]droits.Rattachement{{Contrats: []droits.Contrat{base(span("2026-11-22", "2026-11-30"))}}}, window, "[AMO BASE - 2026-11-30 []]"},
		{"R3 a start tomorrow is told", droits.Etablissement,
			[]droits.Rattachement{{Contrats: []droits.Contrat{base(span("2026-11-23", "2026-11-30"))}}}, window, "[AMO BASE 2026-11-23 2026-11-30 []]"},
		{"R3 what ended yesterday is not told", droits.Etablissement,
			[]droits.Rattachement{{Contrats: []droits.Contrat{base(span("2010-01-01", "2026-11-21"))}}}, window, "[]"},
		{"R3 what ends today is told", droits.Etablissement,
			[]droits.Rattachement{{Contrats: []droits.Contrat{base(span("2010-01-01", "2026-11-22"))}}}, window, "[AMO BASE - 2026-11-22 []]"},
		{"R3 what begins after the window is not told", droits.Etablissement,
			[]droits.Rattachement{{Contrats: []droits.Contrat{base(span("2027-02-01", ""))}}}, droits.Fenetre{Today: today, Period: span("2026-11-22", "2027-01-31")}, "[]"},
		{"R3 periods outside the window are left out, the others cut", droits.Etablissement,
			[]droits.Rattachement{{Contrats: []droits.Contrat{base(span("2010-01-01", ""), span("2010-01-01", "2026-12-31"), span("2027-02-01", "2027-02-28"), span("2027-06-01", ""))}}},
			droits.Fenetre{Today: today, Period: span("2027-01-15", "2027-02-15")}, "[AMO BASE - - [2027-02-01/2027-02-15]]"},
		{"a participation is hidden from a complementary body", droits.OrganismeComplementaire,
			[]droits.Rattachement{{Contrats: []droits.Contrat{{Nature: droits.AMC, CodeType: droits.ContratC2SP, Periode: span("2026-01-01", "2026-12-31")}}}}, window, "[AMC C2S - 2026-12-31 []]"},
		{"a participation is told to an establishment", droits.Etablissement,
			[]droits.Rattachement{{Contrats: []droits.Contrat{{Nature: droits.AMC, CodeType: droits.ContratC2SP, Periode: span("2026-01-01", "2026-12-31")}}}}, window, "[AMC C2SP - 2026-12-31 []]"},
		{"rights end with the link that carries them", droits.Etablissement,
			[]droits.Rattachement{{Periode: span("2010-01-01", "2026-12-01"), Contrats: []droits.Contrat{base(span("2026-12-02", ""))}}}, window, "[]"},
		{"the basic cover comes first", droits.Etablissement,
			[]droits.Rattachement{{Contrats: []droits.Contrat{{Nature: droits.AMC, CodeType: droits.ContratC2S, Periode: span("2026-01-01", "")}, base(span("2026-01-01", ""))}}}, window, "[AMO BASE - - [] AMC C2S - - []]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := one(c.links[0])
			v, err := release(t, c.kind, droits.OpContrats, f, c.w)
			if err != nil {
				t.Fatal(err)
			}
			got := []string{}
			for _, k := range v.Contrats {
				got = append(got, fmt.Sprintf("%s %s %s %s %v", k.Nature, k.Code, dash(k.DebutOn), dash(k.FinOn), k.Droits))
				if k.Libelle != droits.LibelleContrat(k.Code) {
					t.Error("the wording is not the code's")
				}
			}
			if fmt.Sprint(got) != c.want {
				t.Errorf("%v, want %s", got, c.want)
			}
		})
	}
}

func dash(d civil.Date) string {
	if d.IsZero() {
		return "-"
	}
	return d.String()
}

func TestExonerations(t *testing.T) { // R39
	ex := func(code, from, to string) droits.Exoneration {
		return droits.Exoneration{Code: code, Periode: span(from, to)}
	}
	for _, c := range []struct {
		name, hospital, insurer string
		list                    []droits.Exoneration
	}{
		{"R39 overlapping ones make one item for a complementary body", "[LIS - 2027-03-31 INV 2026-12-01 2027-06-30]", "[ - 2027-06-30]", []droits.Exoneration{ex("LIS", "2020-01-01", "2027-03-31"), ex("INV", "2026-12-01", "2027-06-30")}},
		{"R39 one within another changes nothing", "[LIS - 2027-06-30 INV 2026-12-01 2026-12-31]", "[ - 2027-06-30]", []droits.Exoneration{ex("LIS", "2020-01-01", "2027-06-30"), ex("INV", "2026-12-01", "2026-12-31")}},
		{"R39 one without end swallows the others", "[LIS - - INV 2026-12-01 2026-12-31]", "[ - -]", []droits.Exoneration{ex("LIS", "2020-01-01", ""), ex("INV", "2026-12-01", "2026-12-31")}},
		{"R39 a later one without end lengthens", "[LIS - 2026-12-31 INV 2026-12-01 -]", "[ - -]", []droits.Exoneration{ex("LIS", "2020-01-01", "2026-12-31"), ex("INV", "2026-12-01", "")}},
		{"apart, they are two", "[LIS - 2026-12-31 INV 2027-02-01 2027-03-01]", "[ - 2026-12-31  2027-02-01 2027-03-01]", []droits.Exoneration{ex("INV", "2027-02-01", "2027-03-01"), ex("LIS", "2020-01-01", "2026-12-31")}},
		{"none is an empty list", "[]", "[]", []droits.Exoneration{ex("LIS", "2010-01-01", "2020-01-01")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for kind, want := range map[droits.Kind]string{droits.Etablissement: c.hospital, droits.OrganismeComplementaire: c.insurer} {
				v, err := release(t, kind, droits.OpExonerations, one(droits.Rattachement{Exonerations: c.list}), window)
				if err != nil || v.Exonerations == nil {
					t.Fatal(err)
				}
				got := []string{}
				for _, e := range v.Exonerations {
					got = append(got, fmt.Sprintf("%s %s %s", e.Code, dash(e.DebutOn), dash(e.FinOn)))
				}
				if fmt.Sprint(got) != want {
					t.Errorf("%s: %v, want %s", kind, got, want)
				}
			}
		})
	}
	t.Run("R39 the number of merged items does not depend on how many overlap", func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) {
			n := rapid.IntRange(1, 8).Draw(rt, "n")
			var list []droits.Exoneration
			for range n {
				from := rapid.IntRange(-400, 300).Draw(rt, "from")
				list = append(list, droits.Exoneration{Code: "LIS", Periode: civil.Period{From: today.AddDays(from), To: today.AddDays(from + rapid.IntRange(0, 200).Draw(rt, "length"))}})
			}
			v, err := release(t, droits.OrganismeComplementaire, droits.OpExonerations, one(droits.Rattachement{Exonerations: list, Periode: span("2000-01-01", "")}), window)
			if err != nil {
				rt.Fatal(err)
			}
			var last civil.Date
			for i, e := range v.Exonerations {
				if i > 0 && e.DebutOn <= last {
					rt.Fatalf("two items meet: %+v", v.Exonerations)
				}
				if e.Code != "" || e.Maternite != nil || e.Libelle != "" {
					rt.Fatal("a reason is told")
				}
				last = e.FinOn
			}
		})
	})
	t.Run("the dates of a maternity go with the reason", func(t *testing.T) {
		list := []droits.Exoneration{{Code: "MAT", Periode: span("2026-10-01", "2027-05-01"), Maternite: &droits.Maternite{PresumeeOn: on("2027-03-01")}}, {Code: "MAT", Periode: span("2026-10-02", "2027-05-01"), Maternite: &droits.Maternite{}}}
		v, _ := release(t, droits.Etablissement, droits.OpExonerations, one(droits.Rattachement{Exonerations: list}), window)
		if v.Exonerations[0].Maternite == nil || v.Exonerations[0].Maternite.PresumeeOn != on("2027-03-01") || v.Exonerations[1].Maternite != nil {
			t.Errorf("%+v", v.Exonerations)
		}
		v.Exonerations[0].Maternite.PresumeeOn = 0
		if list[0].Maternite.PresumeeOn == 0 {
			t.Error("the view shares the dossier's dates")
		}
	})
}

func TestTheOneObjectIsTheOneValidEarliest(t *testing.T) {
	doctor := func(nom, from, to string) droits.MedecinTraitant {
		return droits.MedecinTraitant{Nom: nom, Periode: span(from, to)}
	}
	for _, c := range []struct {
		name string
		list []droits.MedecinTraitant
		want string
	}{
		{"of two that succeed each other, the present one, with its known end", []droits.MedecinTraitant{doctor("SUIVANT", "2027-01-01", ""), doctor("ACTUEL", "2015-01-01", "2026-12-31")}, "ACTUEL 2015-01-01 2026-12-31"},
		{"of two valid from the first day, the one that began last", []droits.MedecinTraitant{doctor("ANCIEN", "2010-01-01", ""), doctor("RECENT", "2020-01-01", "")}, "RECENT 2020-01-01 -"},
		{"one that only begins in the window", []droits.MedecinTraitant{doctor("SUIVANT", "2027-01-01", "2040-01-01")}, "SUIVANT 2027-01-01 2027-11-22"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := release(t, droits.Etablissement, droits.OpMedecinTraitant, one(droits.Rattachement{MedecinsTraitants: c.list}), window)
			if got := fmt.Sprintf("%s %s %s", v.Medecin.Nom, dash(v.Medecin.DebutOn), dash(v.Medecin.FinOn)); err != nil || got != c.want {
				t.Errorf("%s %v", got, err)
			}
		})
	}
	t.Run("none is a 404", func(t *testing.T) {
		_, err := release(t, droits.Etablissement, droits.OpMedecinTraitant, one(droits.Rattachement{MedecinsTraitants: []droits.MedecinTraitant{doctor("X", "2010-01-01", "2026-11-21")}}), window)
		if !fault.Is(err, fault.MedecinTraitantAbsent) {
			t.Errorf("%v", err)
		}
	})
	t.Run("the first caisse of the window, or a 404", func(t *testing.T) {
		f := one(droits.Rattachement{Periode: span("2010-01-01", "2026-12-31"), Caisse: droits.Caisse{ID: "01261"}})
		next := f.Rattachements[0]
		next.Periode, next.Caisse = span("2027-01-01", ""), droits.Caisse{ID: "02262"}
		f.Rattachements = []droits.Rattachement{next, f.Rattachements[0]}
		if v, err := release(t, droits.Etablissement, droits.OpCaisse, f, window); err != nil || v.Caisse.ID != "01261" || v.Caisse.Adresse != nil {
			t.Errorf("%+v %v", v.Caisse, err)
		}
		if v, _ := release(t, droits.Etablissement, droits.OpCaisse, f, droits.Fenetre{Today: today, Period: span("2027-01-01", "2027-02-01")}); v.Caisse.ID != "02262" {
			t.Errorf("%+v", v.Caisse)
		}
		if _, err := release(t, droits.Etablissement, droits.OpCaisse, one(droits.Rattachement{}), window); !fault.Is(err, fault.CaisseAbsente) {
			t.Errorf("%v", err)
		}
	})
	t.Run("a reference is the earliest cover's, to establishments", func(t *testing.T) {
		f := one(droits.Rattachement{Complementaires: []droits.Complementaire{{Organisme: "B", Periode: span("2027-01-01", "")}, {Organisme: "A", NumeroOrganisme: "1", NumeroContrat: "2", Periode: span("2020-01-01", "2026-12-31")}}})
		v, _ := release(t, droits.Etablissement, droits.OpComplementaire, f, window)
		if r := v.Complementaire.Reference; r == nil || *r != (Reference{"A", "1", "2", on("2026-12-31")}) || !*v.Complementaire.Souscrite {
			t.Errorf("%+v", v.Complementaire)
		}
		v, _ = release(t, droits.OrganismeComplementaire, droits.OpComplementaire, f, window)
		if v.Complementaire.Reference != nil || !*v.Complementaire.Souscrite {
			t.Errorf("%+v", v.Complementaire)
		}
		v, _ = release(t, droits.Etablissement, droits.OpComplementaire, one(droits.Rattachement{}), window)
		if v.Complementaire.Reference != nil || *v.Complementaire.Souscrite {
			t.Errorf("%+v", v.Complementaire)
		}
	})
}

func TestPresence(t *testing.T) {
	amc := func(code, from, to string, droit ...civil.Period) droits.Contrat {
		return droits.Contrat{Nature: droits.AMC, CodeType: code, Periode: span(from, to), Droits: droit}
	}
	for _, c := range []struct {
		name string
		k    droits.Contrat
		w    droits.Fenetre
		want bool
	}{
		{"a C2S open in the window", amc("C2S", "2026-01-01", "2026-12-31"), window, true},
		{"with participation too", amc("C2SP", "2026-01-01", "2026-12-31"), window, true},
		{"an old CMU-C still open", amc("CMUC", "2019-01-01", ""), window, true},
		{"a C2S that has ended", amc("C2S", "2025-01-01", "2026-11-21"), window, false},
		{"a C2S of which no right is open in the window", amc("C2S", "2026-01-01", "", span("2026-01-01", "2026-06-30")), window, false},
		{"a C2S of which a right opens in the window", amc("C2S", "2026-01-01", "", span("2027-01-01", "2027-06-30")), window, true},
		{"an ACS, which counts no longer", amc("ACS", "2019-01-01", ""), window, false},
		{"an ACS, when it counted", amc("ACS", "2019-01-01", ""), droits.Fenetre{Today: on("2020-10-31"), Period: span("2020-10-31", "2021-10-31")}, true},
		{"an ACS, the day after", amc("ACS", "2019-01-01", ""), droits.Fenetre{Today: on("2020-11-01"), Period: span("2020-11-01", "2021-11-01")}, false},
		{"the basic cover", droits.Contrat{Nature: droits.AMO, CodeType: "BASE", Periode: span("2019-01-01", "")}, window, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := release(t, droits.OrganismeComplementaire, droits.OpMe, one(droits.Rattachement{Contrats: []droits.Contrat{c.k}}), c.w)
			if err != nil || *v.Beneficiaires[0].PresenceC2S != c.want {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("a person without rights is told, with what it does not have", func(t *testing.T) {
		f := one(droits.Rattachement{Periode: span("2010-01-01", "2020-01-01")})
		v, err := release(t, droits.Etablissement, droits.OpMe, f, window)
		if b := v.Beneficiaires[0]; err != nil || *b.PresenceC2S || *b.MedecinChoisi || b.Qualite != droits.Assure || b.Rang != 0 {
			t.Errorf("%+v %v", b, err)
		}
		for _, op := range []droits.Operation{droits.OpContrats, droits.OpExonerations, droits.OpArretsTravail} {
			v, err := release(t, droits.Etablissement, op, f, window)
			if err != nil || len(v.Contrats)+len(v.Exonerations)+len(v.Arrets) != 0 {
				t.Errorf("%s: %v", op, err)
			}
		}
	})
}

func TestLeavesAndRisks(t *testing.T) {
	leave := func(nature, from, to string) droits.Rattachement {
		return droits.Rattachement{ArretsTravail: []droits.ArretTravail{{Nature: nature, Numero: "7", Periode: span(from, to)}}}
	}
	risk := func(nature string) droits.Rattachement {
		return droits.Rattachement{RisquesProfessionnels: []droits.RisqueProfessionnel{{Nature: nature, Periode: span("2026-01-01", "")}}}
	}
	for _, c := range []struct {
		name            string
		link            droits.Rattachement
		arret, maladie  bool
		numbersOfLeaves int
	}{
		{"a sick leave", leave(droits.NatureMaladie, "2026-11-01", "2026-12-01"), true, false, 1},
		{"a leave for an occupational disease", leave(droits.NatureMaladiePro, "2026-11-01", "2026-12-01"), false, true, 1},
		{"a leave that has ended", leave(droits.NatureMaladie, "2026-10-01", "2026-11-21"), false, false, 0},
		{"a cover for accidents at work", risk(droits.NatureAccidentTravail), true, false, 0},
		{"a cover for occupational diseases", risk(droits.NatureMaladiePro), false, true, 0},
		{"nothing", droits.Rattachement{}, false, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := release(t, droits.Etablissement, droits.OpRisquesProfessionnels, one(c.link), window)
			if err != nil || *v.Risques.Arret != c.arret || *v.Risques.Maladie != c.maladie {
				t.Errorf("%+v %v", v.Risques, err)
			}
			if v, err = release(t, droits.Etablissement, droits.OpArretsTravail, one(c.link), window); err != nil || len(v.Arrets) != c.numbersOfLeaves {
				t.Errorf("%+v %v", v.Arrets, err)
			}
		})
	}
}

func TestTheFamily(t *testing.T) { // R2
	f := rich()
	list := func(f *droits.Famille, w droits.Fenetre) (out []string) {
		v, err := release(t, droits.Etablissement, droits.OpBeneficiaires, f, w)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range v.Beneficiaires {
			out = append(out, b.Prenom)
		}
		return out
	}
	t.Run("R2 the person first, then its dependants", func(t *testing.T) {
		if got := list(f, window); !slices.Equal(got, []string{"Prenom", "Enfant"}) {
			t.Errorf("%v", got)
		}
	})
	t.Run("a child never after eighteen", func(t *testing.T) {
		f := rich()
		f.Rattachements[1].Beneficiaire.NaissanceOn = today.AddYears(-18).AddDays(10) // eighteen in ten days
		until := func(days int) droits.Fenetre {
			return droits.Fenetre{Today: today, Period: civil.Period{From: today.AddDays(days), To: today.AddYears(1)}}
		}
		if got := list(f, until(9)); len(got) != 2 {
			t.Errorf("the day before: %v", got)
		}
		if got := list(f, until(10)); len(got) != 1 {
			t.Errorf("on the day: %v", got)
		}
		f.Rattachements[1].Qualite = droits.Conjoint
		if got := list(f, until(10)); len(got) != 2 {
			t.Errorf("a spouse of that age: %v", got)
		}
	})
	t.Run("nobody once dead", func(t *testing.T) {
		f := rich()
		f.Rattachements[1].Beneficiaire.DecesOn = on("2026-11-01")
		if got := list(f, window); len(got) != 1 {
			t.Errorf("%v", got)
		}
	})
	t.Run("a link that has ended, or begins after the window, is not told", func(t *testing.T) {
		for _, p := range []civil.Period{span("2016-01-01", "2026-11-21"), span("2027-11-23", "")} {
			f := rich()
			f.Rattachements[1].Periode = p
			if got := list(f, window); len(got) != 1 {
				t.Errorf("%v %v", p, got)
			}
		}
	})
	t.Run("two links of one child make one line", func(t *testing.T) {
		f := rich()
		second := f.Rattachements[1]
		second.Periode = span("2027-01-01", "")
		f.Rattachements = append(f.Rattachements, second)
		if got := list(f, window); len(got) != 2 {
			t.Errorf("%v", got)
		}
	})
	t.Run("R16 a child left out or restricted is absent", func(t *testing.T) {
		for _, s := range []situation{{excluded: true}, {limited: map[string][]string{"enfant": {"tout"}}}} {
			s.kind, s.blocs, s.scopes, s.agre = string(droits.Etablissement), all(), allScopes[:1], all()
			d, err := Decide(Request{Op: droits.OpBeneficiaires, Window: window}, s.grant(), s.person(), self)
			if err != nil {
				t.Fatal(err)
			}
			v, err := d.Release(rich(), rich().Self(window))
			if err != nil || len(v.Beneficiaires) != 1 || !d.Hidden(kid) || d.Hidden(self) {
				t.Errorf("R16 %v %v", v.Beneficiaires, err)
			}
		}
	})
}

func TestRemovingAGrantNeverAddsAField(t *testing.T) { // R35
	r := readRules(t)
	f := rich()
	list := func(rt *rapid.T, name string, from []string) []string {
		n := rapid.IntRange(0, 1<<len(from)-1).Draw(rt, name)
		var out []string
		for i, v := range from {
			if n&(1<<i) != 0 {
				out = append(out, v)
			}
		}
		return out
	}
	ops := droits.Operations()
	t.Run("R35 output is within the mask, and shrinks with it", func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) {
			info := ops[rapid.IntRange(0, len(ops)-1).Draw(rt, "op")]
			s := situation{op: info.ID, kind: rapid.SampledFrom([]string{"etablissement_sante", "organisme_complementaire"}).Draw(rt, "kind"),
				blocs: list(rt, "convention", r.blocs), scopes: list(rt, "scopes", allScopes), agre: list(rt, "consent", r.blocs), relation: "personne"}
			if r.ops[info.ID].tiers && rapid.Bool().Draw(rt, "child") {
				s.relation = "enfant"
			}
			_, before := s.told(info.Op, f)
			var mask []string
			for _, c := range r.champs {
				if slices.Contains(s.blocs, c.self) && slices.Contains(s.agre, c.self) || slices.Contains(s.blocs, c.tiers) && slices.Contains(s.agre, c.tiers) {
					mask = append(mask, c.name)
				}
			}
			for _, n := range before {
				if !slices.Contains(mask, n) {
					rt.Fatalf("R35 %s is told outside the mask", n)
				}
			}
			less := s
			drop := func(from []string) []string {
				if len(from) == 0 {
					return from
				}
				i := rapid.IntRange(0, len(from)-1).Draw(rt, "dropped")
				return slices.Delete(slices.Clone(from), i, i+1)
			}
			switch rapid.SampledFrom([]string{"convention", "scopes", "consent", "restriction", "withdrawal", "asked"}).Draw(rt, "removed") {
			case "convention":
				less.blocs = drop(s.blocs)
			case "scopes":
				less.scopes = drop(s.scopes)
			case "consent":
				less.agre = drop(s.agre)
			case "restriction":
				less.limited = map[string][]string{rapid.SampledFrom([]string{"personne", "enfant"}).Draw(rt, "who"): {rapid.SampledFrom(append(r.blocs, "tout")).Draw(rt, "bloc")}}
			case "withdrawal":
				less.withdrawn = true
			case "asked":
				less.asked = append([]string{}, list(rt, "asked", r.blocs)...)
			}
			_, after := less.told(info.Op, f)
			for _, n := range after {
				if !slices.Contains(before, n) {
					rt.Fatalf("R35 %s appears when a grant goes: %+v, then %+v", n, s, less)
				}
			}
		})
	})
}

func TestFieldsOfAConvention(t *testing.T) { // R63
	s := situation{kind: "organisme_complementaire", blocs: []string{"identite", "exonerations", "exonerations_motif"}}
	got := Fields(s.grant().Convention)
	if !slices.Contains(got, "Beneficiaire.nir") || !slices.Contains(got, "Exoneration.date_fin") || slices.Contains(got, "Exoneration.motif") || slices.Contains(got, "Caisse.id") {
		t.Errorf("R63 %v", got)
	}
	if got := Fields(situation{kind: "etablissement_sante"}.grant().Convention); got == nil || len(got) != 0 {
		t.Errorf("R63 nothing is named, and %v", got)
	}
}
