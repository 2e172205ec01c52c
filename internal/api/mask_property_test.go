package api_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
)

// row is a line of contract.md, "Who receives what", written here once more so
// that the program is not its own judge.
type row struct {
	bloc      droits.Bloc
	insurerTo bool     // complementary bodies may have it; establishments may have all
	scopes    []string // besides the umbrella; nil = the umbrella only
}

var everyScope = []string{"cnam_beneficiaires", "cnam_caisse", "cnam_contrats", "cnam_exonerations", "cnam_medecin_traitant", "cnam_presence_medecin_traitant"}

func whoReceivesWhat() []row {
	return []row{
		{"identite", true, everyScope},
		{"beneficiaires", true, []string{"cnam_beneficiaires"}},
		{"caisse", true, []string{"cnam_caisse"}},
		{"contrats", true, []string{"cnam_contrats"}},
		{"presence_medecin_traitant", true, []string{"cnam_presence_medecin_traitant", "cnam_medecin_traitant"}},
		{"medecin_traitant", false, []string{"cnam_medecin_traitant"}},
		{"exonerations", true, []string{"cnam_exonerations"}},
		{"exonerations_motif", false, []string{"cnam_exonerations"}},
		{"complementaire", true, nil},
		{"complementaire_reference", false, nil},
		{"arrets_travail", false, nil},
		{"risques_professionnels", false, nil},
	}
}

// operationsByBlock are the main block of each operation, and the block of each
// member that it can answer.
var operationsByBlock = map[string]struct {
	main    droits.Bloc
	members map[string]droits.Bloc
}{
	moi: {"identite", map[string]droits.Bloc{"nir": "identite", "nom_famille": "identite", "nom_usage": "identite", "prenom": "identite", "date_naissance": "identite", "rang_naissance": "identite", "qualite": "identite",
		"medecin_traitant_choisi": "presence_medecin_traitant", "presence_CMUC_ACS": "contrats"}},
	caisse:   {"caisse", map[string]droits.Bloc{"id": "caisse", "grandRegime": "caisse", "organisme": "caisse", "codeCentre": "caisse", "libelle": "caisse", "adresse": "caisse"}},
	contrats: {"contrats", map[string]droits.Bloc{"nature_assurance": "contrats", "details": "contrats", "date_debut": "contrats", "date_fin": "contrats", "periodes_droits": "contrats"}},
	exos:     {"exonerations", map[string]droits.Bloc{"date_debut": "exonerations", "date_fin": "exonerations", "motif": "exonerations_motif", "maternite": "exonerations_motif"}},
	medecin:  {"medecin_traitant", map[string]droits.Bloc{"nom": "medecin_traitant", "prenom": "medecin_traitant", "numero_am": "medecin_traitant", "date_debut": "medecin_traitant", "date_fin": "medecin_traitant"}},
	compl:    {"complementaire", map[string]droits.Bloc{"souscrite": "complementaire", "reference": "complementaire_reference"}},
	arrets:   {"arrets_travail", map[string]droits.Bloc{"numero": "arrets_travail", "date_debut": "arrets_travail", "date_fin": "arrets_travail"}},
	risques:  {"risques_professionnels", map[string]droits.Bloc{"couverture_arret_travail": "risques_professionnels", "couverture_maladie_professionnelle": "risques_professionnels"}},
}

// TestMaskProperty draws conventions, scopes and lists of fields, and holds
// what is answered against the table above.
func TestMaskProperty(t *testing.T) {
	in := apptest.Shared(t)
	people := []string{"famille-martin", "accouchement", "maternite", "c2s-participation", "accident-travail", "complementaire"}
	t.Run("R35 R36 what is told is what kind, convention, scopes and fields asked all open", func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) {
			kind := rapid.SampledFrom(droits.Kinds()).Draw(rt, "kind")
			signed, opened, asked := draw(rt, kind)
			p := in.SignUp(t, kind, func(d *convention.Document) { d.Blocks = signed })
			slug := rapid.SampledFrom(people).Draw(rt, "person")
			who := []apptest.Change{in.As(t, slug, p, opened...), in.NIROf(t, slug)}
			query := ""
			if asked != nil {
				query = "?champs=" + join(asked)
			}
			for path, op := range operationsByBlock {
				a := in.Get(t, path+query, who...)
				want := refusedBecause(op.main, kind, signed, opened)
				if leavesNothing(path, asked) { // a parameter is told before the token is looked at
					want = badParam
				}
				if a.Code() != want {
					rt.Fatalf("%s answers %q, the table says %q", path, a.Code(), want)
				}
				if a.Status != 200 {
					continue
				}
				for _, o := range objects(t, a) {
					for m := range o {
						b, known := op.members[m]
						if !known || refusedBecause(b, kind, signed, opened) != "" || asked != nil && !slices.Contains(asked, b) {
							rt.Fatalf("%s tells %s", path, m)
						}
					}
					if path == moi {
						told(rt, o, kind, signed, opened, asked)
					}
				}
			}
		})
	})
}

// leavesNothing reports whether the list of fields leaves out what the answer
// consists of: for the identity any member will do, elsewhere the main block.
func leavesNothing(path string, asked []droits.Bloc) bool {
	if asked == nil {
		return false
	}
	op := operationsByBlock[path]
	if path != moi {
		return !slices.Contains(asked, op.main)
	}
	for _, b := range op.members {
		if slices.Contains(asked, b) {
			return false
		}
	}
	return true
}

// told checks the other direction on the identity: what is open is there.
func told(rt *rapid.T, o map[string]any, kind droits.Kind, signed []droits.Bloc, opened []string, asked []droits.Bloc) {
	for m, b := range map[string]droits.Bloc{"nir": "identite", "presence_CMUC_ACS": "contrats", "medecin_traitant_choisi": "presence_medecin_traitant"} {
		open := refusedBecause(b, kind, signed, opened) == "" && (asked == nil || slices.Contains(asked, b))
		if open != (o[m] != nil) {
			rt.Fatalf("%s: open %v, told %v", m, open, o[m] != nil)
		}
	}
}

func draw(rt *rapid.T, kind droits.Kind) (signed []droits.Bloc, opened []string, asked []droits.Bloc) {
	var may, all []droits.Bloc
	for _, r := range whoReceivesWhat() {
		all = append(all, r.bloc)
		if r.insurerTo || kind == droits.Etablissement {
			may = append(may, r.bloc)
		}
	}
	signed = rapid.SliceOfNDistinct(rapid.SampledFrom(may), 1, len(may), rapid.ID[droits.Bloc]).Draw(rt, "convention")
	opened = rapid.SliceOfNDistinct(rapid.SampledFrom(append([]string{droits.ScopeUmbrella, "profile"}, everyScope...)), 1, 4, rapid.ID[string]).Draw(rt, "scopes")
	if rapid.Bool().Draw(rt, "narrowed") {
		asked = rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, 4, rapid.ID[droits.Bloc]).Draw(rt, "fields asked")
	}
	return signed, opened, asked
}

// refusedBecause is the code of a refusal of a block, "" when it is open.
func refusedBecause(b droits.Bloc, kind droits.Kind, signed []droits.Bloc, opened []string) string {
	for _, r := range whoReceivesWhat() {
		if r.bloc != b {
			continue
		}
		switch {
		case !slices.ContainsFunc(opened, func(s string) bool { return s == droits.ScopeUmbrella || slices.Contains(r.scopes, s) }):
			return "portee_insuffisante"
		case !r.insurerTo && kind != droits.Etablissement:
			return reservee
		case !slices.Contains(signed, b):
			return "operation_hors_convention"
		}
	}
	return ""
}

func join(list []droits.Bloc) string {
	var words []string
	for _, b := range list {
		words = append(words, string(b))
	}
	return strings.Join(words, ",")
}

// objects are the objects of an answer, one or many.
func objects(t *testing.T, a *apptest.Answer) []map[string]any {
	t.Helper()
	if a.Body[0] == '[' {
		return a.List(t)
	}
	return []map[string]any{a.Object(t)}
}
