package policy

import (
	"fmt"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/nir"
)

// rules are the tables of testdata/matrice.md, as text.
type rules struct {
	blocs  []string
	kinds  map[string]map[string]bool // kind → bloc
	scopes map[string][]string        // bloc
	sante  map[string]bool
	ops    map[string]operation
	champs []champ
	codes  []string
}

type operation struct {
	main, schema string
	blocs        []string
	tiers        bool
}

type champ struct{ name, self, tiers string }

const toute = "toute portée"

func readRules(t testing.TB) rules {
	t.Helper()
	b, err := os.ReadFile("testdata/matrice.md")
	if err != nil {
		t.Fatal(err)
	}
	r := rules{kinds: map[string]map[string]bool{"organisme_complementaire": {}, "etablissement_sante": {}}, scopes: map[string][]string{}, sante: map[string]bool{}, ops: map[string]operation{}}
	section := ""
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if s, ok := strings.CutPrefix(line, "## "); ok {
			section = s[:1]
			continue
		}
		c := cells(line)
		if c == nil || strings.HasPrefix(c[0], "---") || slices.Contains([]string{"bloc", "opération", "champ", "cas"}, c[0]) {
			continue
		}
		switch section {
		case "1":
			r.blocs = append(r.blocs, c[0])
			r.kinds["organisme_complementaire"][c[0]] = yesno(t, c[1])
			r.kinds["etablissement_sante"][c[0]] = yesno(t, c[2])
			r.scopes[c[0]] = items(c[3])
			r.sante[c[0]] = yesno(t, c[4])
		case "2":
			r.ops[c[0]] = operation{main: c[1], blocs: append([]string{c[1]}, items(c[2])...), schema: c[3], tiers: yesno(t, c[4])}
		case "3":
			r.champs = append(r.champs, champ{c[0], c[1], c[2]})
		case "4":
			r.codes = append(r.codes, c[1])
		}
	}
	return r
}

func cells(line string) []string {
	if !strings.HasPrefix(line, "|") {
		return nil
	}
	parts := strings.Split(strings.Trim(line, "|"), "|")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

func items(s string) (out []string) {
	for p := range strings.SplitSeq(s, ",") {
		if p = strings.TrimSpace(p); p != "" && p != "aucune" {
			out = append(out, p)
		}
	}
	return out
}

func yesno(t testing.TB, s string) bool {
	if s != "oui" && s != "non" {
		t.Fatalf("neither oui nor non: %q", s)
	}
	return s == "oui"
}

// opens says whether scopes open a block, from the table alone.
func (r rules) opens(bloc string, scopes []string) bool {
	for _, s := range scopes {
		if s == "droits_assurance_maladie" || slices.Contains(r.scopes[bloc], s) {
			return true
		}
		if slices.Contains(r.scopes[bloc], toute) {
			for _, list := range r.scopes {
				if slices.Contains(list, s) {
					return true
				}
			}
		}
	}
	return false
}

// situation is one combination of the matrix.
type situation struct {
	op, kind            string
	blocs, scopes, agre []string // convention, token, consent
	ticks               []string
	asked               []string // nil = everything
	withdrawn           bool
	relation            string // personne, enfant
	excluded            bool   // the child is left out of the consent
	limited             map[string][]string
}

// expected is the outcome by the tables: a code, or the fields.
func (r rules) expected(s situation) (code string, fields []string) {
	op := r.ops[s.op]
	limited := func(who, bloc string) bool { return slices.Contains(s.limited[who], bloc) }
	closed := func(bloc string) string {
		switch {
		case !r.opens(bloc, s.scopes):
			return "portee_insuffisante"
		case !r.kinds[s.kind][bloc]:
			return "operation_reservee"
		case !slices.Contains(s.blocs, bloc):
			return "operation_hors_convention"
		}
		return ""
	}
	if c := closed(op.main); c != "" {
		return c, nil
	}
	switch {
	case s.withdrawn:
		return "consentement_retire", nil
	case limited("personne", "tout"):
		return "donnees_indisponibles", nil
	case !slices.Contains(s.agre, op.main) && slices.Contains(s.ticks, op.main):
		return "consentement_explicite_requis", nil
	case !slices.Contains(s.agre, op.main):
		return "donnees_indisponibles", nil
	}
	named := s.relation == "enfant" && s.op != "getBeneficiaires"
	hidden := s.relation == "enfant" && (s.excluded || limited("enfant", "tout"))
	if named {
		switch {
		case closed("beneficiaires") != "":
			return closed("beneficiaires"), nil
		case limited("personne", "beneficiaires") || !slices.Contains(s.agre, "beneficiaires"):
			return "donnees_indisponibles", nil
		case hidden:
			return "beneficiaire_inconnu", nil
		}
	}
	who := s.relation
	if !named {
		who = "personne"
	}
	if limited(who, op.main) {
		return "donnees_indisponibles", nil
	}
	if hidden {
		return "", nil
	}
	for _, c := range r.champs {
		bloc := c.self
		if s.relation == "enfant" {
			bloc = c.tiers
		}
		if strings.HasPrefix(c.name, op.schema+".") && slices.Contains(op.blocs, bloc) && closed(bloc) == "" && slices.Contains(s.agre, bloc) &&
			(s.asked == nil || slices.Contains(s.asked, bloc)) && !limited(s.relation, bloc) {
			fields = append(fields, c.name)
		}
	}
	sort.Strings(fields)
	return "", fields
}

var (
	today  = civil.MustParse("2026-11-22")
	window = droits.Fenetre{Today: today, Period: civil.Period{From: today, To: today.AddYears(1)}}
	self   = droits.Sujet{1}
	kid    = droits.Sujet{2}
)

// rich is a family of which every field can be told.
func rich() *droits.Famille {
	p := civil.Period{From: today.AddDays(10), To: today.AddDays(100)}
	link := func(who droits.Personne, propre bool, q droits.Qualite) droits.Rattachement {
		return droits.Rattachement{
			Beneficiaire: who, Propre: propre, Qualite: q, RangNaissance: 1, Periode: civil.Period{From: today.AddDays(-1000)},
			Caisse:            droits.Caisse{ID: "01261", CodeCentre: "0000", GrandRegime: "01", Organisme: "CPAM", Libelle: "Caisse", Adresse: droits.Adresse{Commune: "Valence"}},
			Contrats:          []droits.Contrat{{Nature: droits.AMC, CodeType: droits.ContratC2S, Periode: p, Droits: []civil.Period{p}}},
			Exonerations:      []droits.Exoneration{{Code: "MAT", Periode: p, Maternite: &droits.Maternite{PresumeeOn: today}}},
			MedecinsTraitants: []droits.MedecinTraitant{{Nom: "Nom", Prenom: "Prenom", NumeroAM: "123456789", Periode: p}},
			Complementaires:   []droits.Complementaire{{Organisme: "O", NumeroOrganisme: "1", NumeroContrat: "2", Periode: p}},
			ArretsTravail:     []droits.ArretTravail{{Nature: droits.NatureMaladie, Numero: "7", Periode: p}},
		}
	}
	a := droits.Personne{ID: 1, Sujet: self, NIR: nir.MustParse("1850312047912"), NomFamille: "Nom", NomUsage: "Usage", Prenoms: []string{"Prenom"}, NaissanceOn: civil.MustParse("1985-03-14")}
	b := droits.Personne{ID: 2, Sujet: kid, NIR: nir.MustParse("1150312047912"), NomFamille: "Nom", NomUsage: "Usage", Prenoms: []string{"Enfant"}, NaissanceOn: civil.MustParse("2015-03-14")}
	return &droits.Famille{Assure: a, Rattachements: []droits.Rattachement{link(a, true, droits.Assure), link(b, false, droits.Enfant)}}
}

func blocs(list []string) []droits.Bloc {
	out := []droits.Bloc{}
	for _, b := range list {
		out = append(out, droits.Bloc(b))
	}
	return out
}

func (s situation) grant() Grant {
	return Grant{Scopes: s.scopes, Convention: convention.Convention{Document: convention.Document{Kind: droits.Kind(s.kind), Blocks: blocs(s.blocs), Consent: convention.Consent{Ticks: blocs(s.ticks)}}}}
}

func (s situation) person() Person {
	p := Person{Withdrawn: s.withdrawn, Blocks: blocs(s.agre)}
	if s.excluded {
		p.Excluded = []droits.Sujet{kid}
	}
	if len(s.limited) > 0 {
		p.Restricted = func(who droits.Sujet) (out []consent.Restriction) {
			name := "personne"
			if who == kid {
				name = "enfant"
			}
			for _, b := range s.limited[name] {
				if b == "tout" {
					b = ""
				}
				out = append(out, consent.Restriction{Subject: who, Bloc: droits.Bloc(b)})
			}
			return out
		}
	}
	return p
}

// walked is what the rules give, step by step as the road takes them.
func (s situation) walked(op droits.Operation, f *droits.Famille) (View, error) {
	g, p := s.grant(), s.person()
	if err := Admit(op, g); err != nil {
		return View{}, err
	}
	req := Request{Op: op, Window: window}
	if s.asked != nil {
		req.Asked = blocs(s.asked)
	}
	d, err := Decide(req, g, p, self)
	if err != nil {
		return View{}, err
	}
	m := f.Self(window)
	if s.relation == "enfant" && op != droits.OpBeneficiaires {
		if err := AdmitTiers(g); err != nil {
			return View{}, err
		}
		if err := d.CheckTiers(self); err != nil {
			return View{}, err
		}
		m = f.Dependants(window)[0]
		if d.Hidden(m.Personne.Sujet) {
			return View{}, fault.New(fault.BeneficiaireInconnu, "test")
		}
	}
	return d.Release(f, m)
}

// names lists the fields that a view tells, of the member asked about.
func names(v View) (out []string) {
	add := func(on bool, name string) {
		if on {
			out = append(out, name)
		}
	}
	for _, b := range v.Beneficiaires {
		add(b.NIR != "", "Beneficiaire.nir")
		add(b.NomFamille != "", "Beneficiaire.nom_famille")
		add(b.NomUsage != "", "Beneficiaire.nom_usage")
		add(b.Prenom != "", "Beneficiaire.prenom")
		add(!b.NaissanceOn.IsZero(), "Beneficiaire.date_naissance")
		add(b.Rang != 0, "Beneficiaire.rang_naissance")
		add(b.Qualite != "", "Beneficiaire.qualite")
		add(b.MedecinChoisi != nil, "Beneficiaire.medecin_traitant_choisi")
		add(b.PresenceC2S != nil, "Beneficiaire.presence_CMUC_ACS")
	}
	c := v.Caisse
	add(c.ID != "", "Caisse.id")
	add(c.GrandRegime != "", "Caisse.grandRegime")
	add(c.Organisme != "", "Caisse.organisme")
	add(c.CodeCentre != "", "Caisse.codeCentre")
	add(c.Libelle != "", "Caisse.libelle")
	add(c.Adresse != nil, "Caisse.adresse")
	for _, k := range v.Contrats {
		add(k.Nature != "", "Contrat.nature_assurance")
		add(k.Code != "" && k.Libelle != "", "Contrat.details")
		add(!k.DebutOn.IsZero(), "Contrat.date_debut")
		add(!k.FinOn.IsZero(), "Contrat.date_fin")
		add(len(k.Droits) > 0, "Contrat.periodes_droits")
	}
	for _, e := range v.Exonerations {
		add(!e.DebutOn.IsZero(), "Exoneration.date_debut")
		add(!e.FinOn.IsZero(), "Exoneration.date_fin")
		add(e.Code != "" || e.Libelle != "" || e.Long != "", "Exoneration.motif")
		add(e.Maternite != nil, "Exoneration.maternite")
	}
	m := v.Medecin
	add(m.Nom != "", "MedecinTraitant.nom")
	add(m.Prenom != "", "MedecinTraitant.prenom")
	add(m.Numero != "", "MedecinTraitant.numero_am")
	add(!m.DebutOn.IsZero(), "MedecinTraitant.date_debut")
	add(!m.FinOn.IsZero(), "MedecinTraitant.date_fin")
	add(v.Complementaire.Souscrite != nil, "Complementaire.souscrite")
	add(v.Complementaire.Reference != nil, "Complementaire.reference")
	for _, a := range v.Arrets {
		add(a.Numero != "", "ArretTravail.numero")
		add(!a.DebutOn.IsZero(), "ArretTravail.date_debut")
		add(!a.FinOn.IsZero(), "ArretTravail.date_fin")
	}
	add(v.Risques.Arret != nil, "RisquesProfessionnels.couverture_arret_travail")
	add(v.Risques.Maladie != nil, "RisquesProfessionnels.couverture_maladie_professionnelle")
	sort.Strings(out)
	return slices.Compact(out)
}

// told is what a situation gives: a code, or the fields told of the member.
func (s situation) told(op droits.Operation, f *droits.Famille) (code string, fields []string) {
	if op == droits.OpBeneficiaires {
		f = listed()
	}
	v, err := s.walked(op, f)
	if err != nil {
		return string(fault.From(err).Code()), nil
	}
	if op == droits.OpBeneficiaires {
		v.Beneficiaires = s.only(v.Beneficiaires)
	}
	return "", names(v)
}

// only keeps, of a list, the member that the situation is about. Somebody told
// without a name is known by its flags, which are false for the child of listed.
func (s situation) only(list []Beneficiaire) (out []Beneficiaire) {
	no := func(b *bool) bool { return b != nil && !*b }
	for _, b := range list {
		isKid := b.Prenom == "Enfant" || b.Prenom == "" && (no(b.MedecinChoisi) || no(b.PresenceC2S))
		if isKid == (s.relation == "enfant") {
			out = append(out, b)
		}
	}
	return out
}

// listed is the rich family, with a child whose flags are false.
func listed() *droits.Famille {
	f := rich()
	f.Rattachements[1].Contrats, f.Rattachements[1].MedecinsTraitants = nil, nil
	return f
}

func TestTheCatalogueIsTheJuristsTable(t *testing.T) {
	r := readRules(t)
	var blocNames []string
	for _, b := range droits.Blocs() {
		n := string(b.Bloc)
		blocNames = append(blocNames, n)
		for _, k := range droits.Kinds() {
			if b.For(k) != r.kinds[string(k)][n] {
				t.Errorf("%s for %s", n, k)
			}
		}
		if b.Sensitive != r.sante[n] || b.AnyScope != slices.Contains(r.scopes[n], toute) || b.Libelle == "" || b.Activity == "" || b.Retention == "" {
			t.Errorf("%s: sensitivity, wording, activity or retention", n)
		}
	}
	if !slices.Equal(blocNames, r.blocs) {
		t.Errorf("blocks %v, table %v", blocNames, r.blocs)
	}
	if len(droits.Operations()) != len(r.ops) || len(droits.Champs()) != len(r.champs) {
		t.Error("another number of operations or fields")
	}
	for i, c := range droits.Champs() {
		if want := (champ{c.Name, string(c.Bloc), string(c.BlocTiers)}); r.champs[i] != want || int(c.Champ) != i {
			t.Errorf("%+v, table %+v", want, r.champs[i])
		}
	}
	for _, o := range droits.Operations() {
		want := r.ops[o.ID]
		got := []string{}
		for _, b := range o.Blocs {
			got = append(got, string(b))
		}
		sort.Strings(got)
		expect := slices.Sorted(slices.Values(want.blocs))
		if string(o.Bloc) != want.main || !slices.Equal(got, expect) {
			t.Errorf("%s: %s %v, table %+v", o.ID, o.Bloc, got, want)
		}
	}
	for _, c := range r.codes {
		if string(fault.Code(c).Entry().Code) != c {
			t.Errorf("code %s does not exist", c)
		}
	}
}

// subsets are all the subsets of a short list.
func subsets(list []string) (out [][]string) {
	for n := range 1 << len(list) {
		s := []string{}
		for i, v := range list {
			if n&(1<<i) != 0 {
				s = append(s, v)
			}
		}
		out = append(out, s)
	}
	return out
}

// lessOne are the list, each list without one of its items, and none.
func lessOne(list []string) (out [][]string) {
	out = append(out, list, []string{})
	for i := range list {
		out = append(out, slices.Delete(slices.Clone(list), i, i+1))
	}
	return out
}

var allScopes = []string{"droits_assurance_maladie", "cnam_beneficiaires", "cnam_caisse", "cnam_contrats", "cnam_exonerations", "cnam_medecin_traitant", "cnam_presence_medecin_traitant", "cnam_paiements_ij"}

// scopeSets are each scope alone, each pair, none, and all but the umbrella.
func scopeSets() (out [][]string) {
	out = append(out, nil, allScopes[1:])
	for i, a := range allScopes {
		out = append(out, []string{a})
		for _, b := range allScopes[i+1:] {
			out = append(out, []string{a, b})
		}
	}
	return out
}

func TestMatrix(t *testing.T) { // R36
	r := readRules(t)
	f := rich()
	cases, served := 0, 0
	for _, info := range droits.Operations() {
		op := r.ops[info.ID]
		relevant := slices.Clone(op.blocs)
		if !slices.Contains(relevant, "beneficiaires") {
			relevant = append(relevant, "beneficiaires")
		}
		relations := []string{"personne"}
		if op.tiers {
			relations = append(relations, "enfant")
		}
		try := func(s situation) {
			cases++
			code, fields := r.expected(s)
			gotCode, gotFields := s.told(info.Op, f)
			if code != gotCode || !slices.Equal(fields, gotFields) {
				t.Fatalf("R36 %+v\nexpected %q %v\ngot      %q %v", s, code, fields, gotCode, gotFields)
			}
			served += len(fields)
		}
		for _, kind := range []string{"etablissement_sante", "organisme_complementaire"} {
			for _, conv := range subsets(relevant) {
				for _, scopes := range scopeSets() {
					for _, agreed := range lessOne(relevant) {
						for _, rel := range relations {
							s := situation{op: info.ID, kind: kind, blocs: conv, scopes: scopes, agre: agreed, relation: rel}
							try(s)
							s.withdrawn = true
							try(s)
							s.withdrawn, s.ticks = false, []string{op.main}
							try(s)
						}
					}
				}
				for _, rel := range relations {
					for _, who := range []string{"personne", "enfant"} {
						for _, limit := range append(relevant, "tout", "caisse") {
							try(situation{op: info.ID, kind: kind, blocs: conv, scopes: allScopes[:1], agre: relevant, relation: rel, limited: map[string][]string{who: {limit}}})
						}
					}
					try(situation{op: info.ID, kind: kind, blocs: conv, scopes: allScopes[:1], agre: relevant, relation: rel, excluded: true})
					for _, asked := range subsets(relevant) {
						try(situation{op: info.ID, kind: kind, blocs: conv, scopes: allScopes[:1], agre: relevant, relation: rel, asked: asked})
					}
				}
			}
		}
	}
	t.Logf("%d combinations, %d fields told", cases, served)
	if cases < 100_000 || served == 0 {
		t.Errorf("only %d combinations", cases)
	}
}

func TestFourLimits(t *testing.T) { // R36
	r := readRules(t)
	f := rich()
	for _, info := range droits.Operations() {
		for _, c := range r.champs {
			op := r.ops[info.ID]
			if !strings.HasPrefix(c.name, op.schema+".") || c.self == op.main || !slices.Contains(op.blocs, c.self) {
				continue
			}
			t.Run("R36 "+info.ID+" "+c.name, func(t *testing.T) {
				for n := range 16 {
					with := func(bit int, list []string) []string {
						if n&(1<<bit) != 0 {
							return append(list, c.self)
						}
						return list
					}
					s := situation{op: info.ID, relation: "personne", kind: "organisme_complementaire", blocs: with(0, []string{op.main}), agre: with(1, []string{op.main}), scopes: []string{"cnam_paiements_ij"}}
					useCase := n&(1<<2) != 0
					if useCase {
						s.kind = "etablissement_sante"
					}
					if n&(1<<3) != 0 {
						s.scopes = []string{"droits_assurance_maladie"}
					}
					_, fields := s.told(info.Op, f)
					want := n&3 == 3 && n&8 != 0 && (useCase || r.kinds["organisme_complementaire"][c.self]) && r.kinds[s.kind][op.main]
					if slices.Contains(fields, c.name) != want {
						t.Errorf("row %04b: told %v", n, !want)
					}
				}
			})
		}
	}
}

func TestNothingIsTheDefault(t *testing.T) {
	f := rich()
	var d Decision
	v, err := d.Release(f, f.Self(window))
	if err != nil || len(names(v)) != 0 {
		t.Errorf("a decision of nothing tells %v, %v", names(v), err)
	}
	opened := false
	_, err = d.Open(Candidate{Dossier: droits.Sealed(func() (*droits.Famille, error) { opened = true; return f, nil })})
	if !fault.Is(err, fault.ErreurInterne) || opened {
		t.Errorf("it opens a dossier: %v", err)
	}
	for _, o := range droits.Operations() {
		if _, err := Decide(Request{Op: o.Op, Window: window}, Grant{}, Person{}, self); err == nil {
			t.Errorf("%s: nothing granted, and allowed", o.ID)
		}
	}
	t.Run("a scope that opens nothing opens nothing", func(t *testing.T) {
		for _, o := range droits.Operations() {
			if err := Admit(o.Op, situation{kind: "etablissement_sante", blocs: []string{"identite"}, scopes: []string{"openid", "cnam_paiements_ij", ""}}.grant()); !fault.Is(err, fault.PorteeInsuffisante) {
				t.Errorf("%s: %v", o.ID, err)
			}
		}
	})
}

func TestWithheldSaysWhy(t *testing.T) { // R42
	s := situation{op: "getMe", kind: "organisme_complementaire", blocs: []string{"identite", "contrats"}, scopes: allScopes[:1], agre: []string{"identite", "contrats"}, asked: []string{"identite"}}
	d, err := Decide(Request{Op: droits.OpMe, Asked: blocs(s.asked), Window: window}, s.grant(), s.person(), self)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(d.Served, d.Withheld); got != "[identite] [{presence_medecin_traitant NOT_ASKED} {contrats NOT_ASKED}]" {
		t.Errorf("R42 %s", got)
	}
	s.asked, s.scopes, s.agre = nil, []string{"cnam_contrats"}, []string{"identite"}
	d, err = Decide(Request{Op: droits.OpMe, Window: window}, s.grant(), s.person(), self)
	if got := fmt.Sprint(d.Served, d.Withheld); err != nil || got != "[identite] [{presence_medecin_traitant SCOPE} {contrats CONSENT}]" {
		t.Errorf("R42 %s %v", got, err)
	}
}
