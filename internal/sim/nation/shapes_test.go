package nation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/intake"
	"droits.example/droits/internal/nir"
)

// row is a line of the file, read back.
type row struct {
	Type                    string
	ID, NIR                 string
	NomFamille              string   `json:"nom_famille"`
	NomUsage                string   `json:"nom_usage"`
	Prenoms                 []string `json:"prenoms"`
	PrenomsComplets, Servie bool
	DateNaissance           civil.Date `json:"date_naissance"`
	Sexe                    string
	Lieu                    string     `json:"lieu_naissance"`
	Pays                    string     `json:"pays_naissance"`
	Deces                   civil.Date `json:"date_deces"`
	Precedents              []string   `json:"nir_precedents"`
	Liens                   []link     `json:"rattachements"`
}

type dated struct {
	From civil.Date `json:"date_debut"`
	To   civil.Date `json:"date_fin"`
}

type link struct {
	dated
	Ouvrant, Qualite, Caisse string
	Rang                     int `json:"rang_naissance"`
	Contrats                 []struct {
		dated
		Code     string  `json:"code_type_contrat"`
		Periodes []dated `json:"periodes_droits"`
	}
	Exonerations []struct {
		dated
		Code      string
		Maternite *struct {
			Accouchement civil.Date `json:"date_reelle_accouchement"`
		}
	}
	Medecins        []dated `json:"medecins_traitants"`
	Complementaires []dated
	Arrets          []struct{ Nature string } `json:"arrets_travail"`
	Risques         []struct{ Nature string } `json:"risques_professionnels"`
}

func rows(t *testing.T, text []byte) (people []row, funds int) {
	t.Helper()
	for line := range bytes.Lines(text) {
		var r row
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		switch r.Type {
		case intake.TypePersonne:
			people = append(people, r)
		case intake.TypeCaisse:
			funds++
		}
	}
	return people, funds
}

// shapes counts what a nation must hold.
type shapes map[string]int

func (c shapes) see(name string, is bool) {
	if is {
		c[name]++
	}
}

func TestANationHoldsEveryShape(t *testing.T) {
	people, funds := rows(t, written(t, Options{Persons: 40_000, Seed: 11, On: today}, Plain))
	c := shapes{"caisse": funds}
	before := row{}
	for _, p := range people {
		c.identity(p)
		c.family(p, before)
		for _, l := range p.Liens {
			c.rights(p, l)
		}
		before = p
	}
	want := map[string]int{"caisse": 100, "sentinel": 4000, "usage name": 1000, "one given name of an old record": 2000, "dead": 200, "former number": 80,
		"born abroad": 2000, "Algeria before 1962": 50, "Corsica": 100, "Corsica before 1976": 50, "overseas": 300, "month unknown": 80, "day unknown": 40, "place missing": 100,
		"name over 50": 1, "apostrophe": 50, "hyphen": 300, "double hyphen": 50, "accents": 2000, "minor with own rights": 50, "two funds": 150, "moved": 500,
		"double attachment": 1000, "twins": 50, "twins without number": 2, "newborn without number": 50, "boy and girl": 20,
		"two doctors": 1000, "doctor leaves": 100, "child with doctor": 500, "two covers": 100, "rights end soon": 300, "rights begin later": 50, "rights are over": 100, "rights interrupted": 50,
		"MAT before the birth": 20, "MAT after the birth": 10}
	for _, k := range "123478" {
		want["number of kind "+string(k)] = 4
	}
	for _, q := range droits.Qualites() {
		want[string(q)] = 20
	}
	for _, e := range droits.CodesExoneration() {
		want[e] = 10
	}
	for _, k := range []string{droits.ContratBase, droits.ContratACS, droits.ContratC2S, droits.ContratC2SP, droits.ContratCMUC} {
		want[k] = 200
	}
	for _, k := range []string{droits.NatureMaladie, droits.NatureMaternite, droits.NatureAccidentTravail, droits.NatureMaladiePro} {
		want["leave "+k] = 20
	}
	want["risk "+droits.NatureAccidentTravail], want["risk "+droits.NatureMaladiePro] = 100, 50
	for shape, least := range want {
		if c[shape] < least {
			t.Errorf("%s: %d, less than %d", shape, c[shape], least)
		}
	}
	if n := c["sentinel"]; n < 4400 || n > 5200 {
		t.Errorf("%d sentinels of 40,000, not about 12 in a hundred", n)
	}
}

func (c shapes) identity(p row) {
	c.see("sentinel", !p.Servie)
	c.see("usage name", p.NomUsage != "")
	c.see("one given name of an old record", !p.PrenomsComplets && len(p.Prenoms) == 1)
	c.see("dead", p.Deces != 0)
	c.see("former number", len(p.Precedents) > 0)
	c.see("born abroad", strings.HasPrefix(p.Pays, "99") && p.Pays != "99100")
	c.see("Corsica", strings.HasPrefix(p.Lieu, "2A") || strings.HasPrefix(p.Lieu, "2B"))
	c.see("overseas", strings.HasPrefix(p.Lieu, "97"))
	c.see("month unknown", p.DateNaissance.Month() == 0)
	c.see("day unknown", p.DateNaissance.Month() != 0 && p.DateNaissance.Day() == 0)
	c.see("place missing", p.Lieu == "" && p.Pays == "")
	c.see("name over 50", utf8.RuneCountInString(p.NomFamille) > 50)
	c.see("apostrophe", strings.Contains(p.NomFamille, "'"))
	c.see("hyphen", strings.Contains(p.NomFamille, "-"))
	c.see("double hyphen", strings.Contains(p.NomFamille, "--"))
	c.see("accents", strings.ContainsAny(p.NomFamille, "éèÉÈŒœ"))
	if p.NIR != "" {
		c.see("number of kind "+p.NIR[:1], true)
		c.see("Algeria before 1962", p.NIR[7:10] == "352" && p.NIR[5] == '9' && p.NIR[6] >= '1' && p.NIR[6] <= '4')
		c.see("Corsica before 1976", p.NIR[5:7] == "20")
	}
}

func (c shapes) family(p, before row) {
	parents, own, fundsOf := 0, 0, map[string]bool{}
	for _, l := range p.Liens {
		if l.Qualite == "enfant" {
			parents++
		}
		if l.Qualite == "assure" {
			own++
		}
		fundsOf[l.Caisse] = true
	}
	c.see("double attachment", parents == 2)
	c.see("two funds", parents == 2 && len(fundsOf) == 2)
	c.see("moved", own == 2)
	c.see("minor with own rights", own == 1 && parents > 0)
	c.see("newborn without number", p.NIR == "" && today.Sub(p.DateNaissance) < 60)
	twins := parents > 0 && len(before.Liens) > 0 && p.DateNaissance == before.DateNaissance && p.Liens[0].Ouvrant == before.Liens[0].Ouvrant
	c.see("twins", twins && p.Sexe == before.Sexe && p.Liens[0].Rang == 2 && before.Liens[0].Rang == 1)
	c.see("twins without number", twins && p.NIR == "" && before.NIR == "")
	c.see("boy and girl", twins && p.Sexe != before.Sexe)
}

func (c shapes) rights(p row, l link) {
	c[l.Qualite]++
	for _, k := range l.Contrats {
		c[k.Code]++
		if k.Code == "BASE" && l.To == 0 && len(k.Periodes) > 0 {
			first, last := k.Periodes[0], k.Periodes[len(k.Periodes)-1]
			c.see("rights end soon", last.To >= today && last.To < today.AddYears(1))
			c.see("rights begin later", first.From > today)
			c.see("rights are over", last.To != 0 && last.To < today)
			c.see("rights interrupted", len(k.Periodes) == 2)
		}
	}
	for _, e := range l.Exonerations {
		c[e.Code]++
		c.see("MAT before the birth", e.Maternite != nil && e.Maternite.Accouchement == 0)
		c.see("MAT after the birth", e.Maternite != nil && e.Maternite.Accouchement != 0)
	}
	c.see("two doctors", len(l.Medecins) == 2)
	c.see("doctor leaves", len(l.Medecins) > 0 && l.Medecins[len(l.Medecins)-1].To > today)
	c.see("child with doctor", l.Qualite == "enfant" && len(l.Medecins) > 0)
	c.see("two covers", len(l.Complementaires) == 2)
	for _, a := range l.Arrets {
		c["leave "+a.Nature]++
	}
	for _, r := range l.Risques {
		c["risk "+r.Nature]++
	}
}

// R9: a number says its owner's sex, year, month and place, and is nobody
// else's.
func TestNumbers(t *testing.T) {
	people, _ := rows(t, written(t, Options{Persons: 40_000, Seed: 12, On: today}, Plain))
	seen := map[nir.NIR]bool{}
	unique := func(text string) nir.NIR {
		n, err := nir.Parse(text)
		if err != nil || len(text) != 15 {
			t.Fatal("a number is not one")
		}
		if seen[n] {
			t.Error("two people have one number, or somebody has another's former one")
		}
		seen[n] = true
		return n
	}
	for i, p := range people {
		if p.NIR == "" {
			continue
		}
		r := identity.Record{NIR: unique(p.NIR), NomFamille: p.NomFamille, Prenoms: p.Prenoms, NaissanceOn: p.DateNaissance, Sexe: identity.Sexe(p.Sexe), LieuNaissance: p.Lieu, PaysNaissance: p.Pays}
		if len(r.Keys()) == 0 {
			t.Errorf("row %d: its number is not its own, or it cannot be indexed", i)
		}
		for _, former := range p.Precedents {
			unique(former)
		}
		if r.NIR.BirthData() && p.Lieu+p.Pays != "" && decided(r) != identity.Match {
			t.Errorf("row %d: its number and its place disagree", i)
		}
	}
}

// decided looks for a person born where its number says by a record that holds
// the place of the row.
func decided(r identity.Record) identity.Outcome {
	d := r.NaissanceOn
	p := identity.Pivot{FamilyName: r.NomFamille, GivenNames: r.Prenoms, Birthdate: civil.Of(d.Year(), max(d.Month(), 1), max(d.Day(), 1)).String(),
		Gender: map[identity.Sexe]string{"M": "male", "F": "female"}[r.Sexe], Birthcountry: "99100", Birthplace: r.NIR.Place()}
	if strings.HasPrefix(p.Birthplace, "99") {
		p.Birthplace, p.Birthcountry = "", p.Birthplace
	}
	return identity.Decide(p, []identity.Record{r}).Outcome
}

func TestNumbersOfALargePlace(t *testing.T) {
	t.Run("the special months serve when a month's ranks are used up, then it is full", func(t *testing.T) {
		a := newAtlas()
		reg := newRegister(a)
		seen := map[digits]bool{}
		for i := range 5*999 + 1 {
			d, err := reg.take(1, true, civil.Of(1970, 5, 3), a.index["75101"])
			if i == 5*999 {
				if err == nil {
					t.Error("a month never ends")
				}
				return
			}
			if err != nil || seen[d] {
				t.Fatalf("number %d: %v", i, err)
			}
			seen[d] = true
			if _, err := nir.Parse(string(d.append(nil))); err != nil {
				t.Fatalf("number %d is not one", i)
			}
		}
	})
	t.Run("months are written as special ones in order", func(t *testing.T) {
		for _, c := range []struct{ slot, round, want int }{{5, 0, 5}, {1, 1, 50}, {12, 4, 97}, {monthSlots, 0, 20}, {monthSlots, 22, 42}} {
			if m, err := monthOf(c.slot, c.round); err != nil || m != c.want {
				t.Errorf("%v: %d %v", c, m, err)
			}
		}
		if _, err := monthOf(monthSlots, 23); err == nil {
			t.Error("month 43 is given")
		}
	})
	if s := fmt.Sprint(Query{}, &Query{}); strings.Contains(s, "{") {
		t.Error("a query prints what it holds")
	}
}
