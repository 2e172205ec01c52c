package droits

import (
	"errors"
	"fmt"
	"testing"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/nir"
)

var (
	today  = civil.MustParse("2026-11-22")
	window = Fenetre{today, civil.Period{From: today, To: today.AddYears(1)}}
	mother = Personne{ID: 1, Sujet: Sujet{1}, NIR: nir.MustParse("2850312047912"), Prenoms: []string{"Mere"}, NaissanceOn: civil.MustParse("1985-03-14")}
)

func since(s string) civil.Period { return civil.Period{From: civil.MustParse(s)} }

func kid(id int64, prenom, born string, rank int, number string) Rattachement {
	p := Personne{ID: id, Sujet: Sujet{byte(id)}, Prenoms: []string{prenom}, NaissanceOn: civil.MustParse(born)}
	if number != "" {
		p.NIR = nir.MustParse(number)
	}
	return Rattachement{Beneficiaire: p, Qualite: Enfant, RangNaissance: rank, Periode: since("2016-01-01")}
}

func family(links ...Rattachement) *Famille {
	return &Famille{Assure: mother, Rattachements: append([]Rattachement{{Beneficiaire: mother, Propre: true, Qualite: Assure, Periode: since("2010-01-01")}}, links...)}
}

func TestSelect(t *testing.T) { // R12
	twins := []Rattachement{kid(2, "Un", "2026-06-01", 1, ""), kid(3, "Deux", "2026-06-01", 2, "")}
	adult := kid(4, "Ainee", "2015-06-01", 1, "2150612047912")
	ended := kid(5, "Partie", "2014-06-01", 1, "2140612047912")
	ended.Periode.To = today.AddDays(-1)
	f := family(append(twins, adult, ended, kid(6, "Seul", "2025-01-02", 1, ""))...)
	on := civil.MustParse
	for _, c := range []struct {
		name string
		d    Designation
		who  int64
		code fault.Code
	}{
		{"nothing designates the person itself", Designation{}, 1, ""},
		{"its own number too", Designation{NIR: mother.NIR}, 1, ""},
		{"a child by its number", Designation{NIR: nir.MustParse("2150612047912")}, 4, ""},
		{"a child whose link has ended is a stranger", Designation{NIR: nir.MustParse("2140612047912")}, 0, fault.BeneficiaireInconnu},
		{"a stranger is unknown", Designation{NIR: nir.MustParse("1850312047912")}, 0, fault.BeneficiaireInconnu},
		{"R12 a child without a number, by its opener's and its birth", Designation{NIR: mother.NIR, BirthOn: on("2025-01-02")}, 6, ""},
		{"R12 twins need their rank", Designation{NIR: mother.NIR, BirthOn: on("2026-06-01")}, 0, fault.RangNaissanceRequis},
		{"R12 the first of twins", Designation{NIR: mother.NIR, BirthOn: on("2026-06-01"), Rank: 1}, 2, ""},
		{"R12 the second of twins", Designation{NIR: mother.NIR, BirthOn: on("2026-06-01"), Rank: 2}, 3, ""},
		{"R12 a rank that nobody has", Designation{NIR: mother.NIR, BirthOn: on("2026-06-01"), Rank: 3}, 0, fault.BeneficiaireInconnu},
		{"a birth that is nobody's", Designation{NIR: mother.NIR, BirthOn: on("2026-06-02")}, 0, fault.BeneficiaireInconnu},
		{"a birth does not select who has a number", Designation{NIR: mother.NIR, BirthOn: on("2015-06-01")}, 0, fault.BeneficiaireInconnu},
		{"a birth goes with the person's own number only", Designation{NIR: nir.MustParse("2150612047912"), BirthOn: on("2015-06-01")}, 0, fault.ParametreInvalide},
		{"the same, of a stranger", Designation{NIR: nir.MustParse("1850312047912"), BirthOn: on("2015-06-01")}, 0, fault.ParametreInvalide},
		{"a birth without any number", Designation{BirthOn: on("2025-01-02")}, 0, fault.ParametreInvalide},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := f.Select(c.d, window)
			if c.code == "" && (err != nil || m.Personne.ID != c.who || m.Self != (c.who == 1)) || c.code != "" && !fault.Is(err, c.code) {
				t.Errorf("%d %v", m.Personne.ID, err)
			}
		})
	}
	t.Run("nobody without a number is selected by none", func(t *testing.T) {
		alone := family(kid(2, "Un", "2026-06-01", 1, ""))
		alone.Assure.NIR = nir.NIR{}
		if m, err := alone.Select(Designation{NIR: nir.MustParse("1850312047912")}, window); !fault.Is(err, fault.BeneficiaireInconnu) {
			t.Errorf("%d %v", m.Personne.ID, err)
		}
	})
}

func TestDependantsAreInOrder(t *testing.T) {
	spouse := kid(9, "Conjointe", "1986-01-01", 0, "2860112047912")
	spouse.Qualite = Conjoint
	f := family(kid(4, "Zoe", "2015-06-01", 1, ""), kid(3, "Deux", "2026-06-01", 2, ""), kid(2, "Un", "2026-06-01", 1, ""), kid(5, "Anna", "2015-06-01", 1, ""), spouse)
	got := ""
	for _, m := range f.Dependants(window) {
		got += m.Personne.Prenom() + " "
	}
	if got != "Conjointe Anna Zoe Un Deux " {
		t.Errorf("%s", got)
	}
	if len(f.Rattachements) != 6 || f.Rattachements[1].Beneficiaire.Prenom() != "Zoe" {
		t.Error("the family itself was put in order")
	}
}

func TestEffectiveLinks(t *testing.T) {
	child := kid(2, "Enfant", "2010-02-28", 1, "")
	for _, c := range []struct {
		name   string
		change func(*Rattachement)
		to     string
		ok     bool
	}{
		{"a child's link ends the day before it is eighteen", func(*Rattachement) {}, "2028-02-27", true},
		{"born on 29 February, on the 27th", func(r *Rattachement) { r.Beneficiaire.NaissanceOn = civil.MustParse("2008-02-29") }, "2026-02-27", true},
		{"an earlier end stays", func(r *Rattachement) { r.Periode.To = civil.MustParse("2027-01-01") }, "2027-01-01", true},
		{"a later end is cut", func(r *Rattachement) { r.Periode.To = civil.MustParse("2040-01-01") }, "2028-02-27", true},
		{"a spouse's does not end", func(r *Rattachement) { r.Qualite = Conjoint }, "", true},
		{"a minor's link to herself does not end", func(r *Rattachement) { r.Propre = true }, "", true},
		{"an unknown day of birth counts as the first of the month: never past eighteen", func(r *Rattachement) { r.Beneficiaire.NaissanceOn = civil.Of(2010, 2, 0) }, "2028-01-31", true},
		{"a link that begins once adult never counts", func(r *Rattachement) { r.Periode = since("2028-03-01") }, "2028-02-27", false},
		{"nothing counts for the dead", func(r *Rattachement) { r.Beneficiaire.DecesOn = today.AddDays(30) }, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := child
			c.change(&r)
			p, ok := r.Effective()
			if to := p.To; ok != c.ok || !to.IsZero() && to.String() != c.to || to.IsZero() && c.to != "" {
				t.Errorf("%v %v", p, ok)
			}
		})
	}
}

func TestAges(t *testing.T) {
	for _, c := range []struct {
		name, on string
		birth    civil.Date
		age      int
	}{
		{"the day before the birthday", "2026-11-21", civil.Of(2010, 11, 22), 15},
		{"on the birthday", "2026-11-22", civil.Of(2010, 11, 22), 16},
		{"born on 29 February, on the 28th", "2026-02-28", civil.Of(2008, 2, 29), 17},
		{"born on 29 February, on 1 March", "2026-03-01", civil.Of(2008, 2, 29), 18},
		{"an unknown day counts as the last of the month", "2026-11-30", civil.Of(2010, 11, 0), 15},
		{"and the month after as passed", "2026-12-01", civil.Of(2010, 11, 0), 16},
		{"an unknown month counts as the last of the year", "2026-12-30", civil.Of(2010, 0, 0), 15},
		{"until its last day", "2026-12-31", civil.Of(2010, 0, 0), 16},
	} {
		if got := (Personne{NaissanceOn: c.birth}).AgeOn(civil.MustParse(c.on)); got != c.age {
			t.Errorf("%s: %d", c.name, got)
		}
	}
}

func TestTheCatalogueHoldsTogether(t *testing.T) { // R35
	names := map[string]bool{}
	for i, c := range Champs() {
		if int(c.Champ) != i || names[c.Name] {
			t.Errorf("%s", c.Name)
		}
		names[c.Name] = true
		for _, b := range []Bloc{c.Bloc, c.BlocTiers} {
			if _, ok := b.Info(); !ok {
				t.Errorf("%s is of no block", c.Name)
			}
		}
	}
	if len(Champs()) > 64 {
		t.Error("a mask holds 64 fields")
	}
	var m Mask
	for _, c := range Champs() {
		if m.Has(c.Champ) {
			t.Errorf("R35 %s is in the mask already", c.Name)
		}
		m = m.With(c.Champ)
		if !m.Has(c.Champ) {
			t.Errorf("R35 %s cannot be put", c.Name)
		}
	}
	for i, o := range Operations() {
		if int(o.Op) != i || o.Op.Info().ID != o.ID || o.Op.String() != o.ID {
			t.Errorf("%s", o.ID)
		}
		own := false
		for _, b := range o.Blocs {
			_, ok := b.Info()
			own = own || b == o.Bloc
			if !ok {
				t.Errorf("%s: %s", o.ID, b)
			}
		}
		// The list of dependants is opened by their block, which its fields bear.
		if !own {
			t.Errorf("%s does not answer its own block", o.ID)
		}
	}
	if _, ok := Bloc("autre").Info(); ok {
		t.Error("a block that does not exist")
	}
	list := Blocs()
	list[0].Libelle = ""
	if Blocs()[0].Libelle == "" {
		t.Error("the catalogue can be changed")
	}
}

func TestWordings(t *testing.T) {
	for _, c := range CodesExoneration() {
		if short, long := LibelleExoneration(c); short == "" || long == "" {
			t.Errorf("%s", c)
		}
	}
	for _, c := range []string{ContratBase, ContratCMUC, ContratACS, ContratC2S, ContratC2SP} {
		if LibelleContrat(c) == "" {
			t.Errorf("%s", c)
		}
	}
	short, long := LibelleExoneration("autre")
	if short+long+LibelleContrat("autre") != "" {
		t.Error("an unknown code has a wording")
	}
	if len(Qualites()) != 12 || len(CodesExoneration()) != 9 {
		t.Error("the contract has twelve qualities and nine codes")
	}
	if (Personne{}).Prenom() != "" {
		t.Error("nobody's given name")
	}
}

func TestADossierIsOpenedOrNot(t *testing.T) {
	if _, err := (Dossier{}).Open(); !fault.Is(err, fault.ServiceIndisponible) {
		t.Errorf("%v", err)
	}
	want := errors.New("broken")
	if _, err := Sealed(func() (*Famille, error) { return nil, want }).Open(); !errors.Is(err, want) {
		t.Errorf("%v", err)
	}
	if got := fmt.Sprint(window.Horizon()); got != "2027-11-22" {
		t.Errorf("%s", got)
	}
}
