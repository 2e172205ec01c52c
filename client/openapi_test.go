package client_test

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"droits.example/droits/client"
)

func loadDocument(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../internal/api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		t.Fatal(err)
	}
	return doc
}

// The names below are those of the published v1 document; generated clients
// depend on them (contract.md, "names of the published document").
func TestDocument(t *testing.T) {
	doc := loadDocument(t)
	t.Run("R1 the document keeps the published names", func(t *testing.T) {
		if doc.Info.Title != "API des droits assurés" || doc.Info.Version != "v1" || doc.OpenAPI != "3.0.3" {
			t.Error("title or version changed")
		}
		for _, name := range []string{"API-Key-Cnam", "Access-Token-France-Connect"} {
			if doc.Components.SecuritySchemes[name] == nil {
				t.Errorf("security scheme %s is missing", name)
			}
		}
		for _, name := range []string{"Adresse", "Beneficiaire", "Caisse", "Contrat", "ContratDetails", "ContratPeriodesDroits",
			"Exoneration", "ExonerationMaternite", "ExonerationMotif", "MedecinTraitant"} {
			if doc.Components.Schemas[name] == nil {
				t.Errorf("schema %s is missing", name)
			}
		}
	})
	t.Run("R1 each operation is routed by its path and asks for both proofs", func(t *testing.T) {
		router, err := gorillamux.NewRouter(doc)
		if err != nil {
			t.Fatal(err)
		}
		const base = "http://127.0.0.1:8080/v1/droits/beneficiaires"
		for id, url := range map[string]string{
			"getMe": base + "/me", "getBeneficiaires": base + "/me/beneficiaires", "getBeneficiairesNir": base + "/",
			"getBeneficiairesNirCaisse": base + "/caisse", "getBeneficiairesNirContrats": base + "/contrats",
			"getBeneficiairesNirExonerations": base + "/exonerations", "getBeneficiairesNirMedecinTraitant": base + "/medecin-traitant",
			"getComplementaire": base + "/complementaire", "getArretsTravail": base + "/arrets-travail",
			"getRisquesProfessionnels": base + "/risques-professionnels", "getMoi": "http://127.0.0.1:8080/v1/partenaire/moi",
		} {
			req, _ := http.NewRequest(http.MethodGet, url, nil)
			route, _, err := router.FindRoute(req)
			if err != nil {
				t.Errorf("%s: %v", id, err)
				continue
			}
			if route.Operation.OperationID != id {
				t.Errorf("%s is routed to %s", id, route.Operation.OperationID)
			}
			want := 2
			security := doc.Security
			if id == "getMoi" {
				want, security = 1, *route.Operation.Security
			}
			if len(security) != 1 || len(security[0]) != want {
				t.Errorf("%s: the proofs are not asked together", id)
			}
		}
	})
	t.Run("R79 every answer that is not 2xx is a problem", func(t *testing.T) {
		for path, item := range doc.Paths.Map() {
			for status, r := range item.Get.Responses.Map() {
				if status[0] != '2' && r.Value.Content.Get("application/problem+json") == nil {
					t.Errorf("%s %s has no problem", path, status)
				}
			}
		}
	})
}

// The client reads exactly the members that the document names.
func TestTypes(t *testing.T) {
	doc := loadDocument(t)
	for name, value := range map[string]any{
		"Beneficiaire": client.Beneficiaire{}, "Caisse": client.Caisse{}, "Adresse": client.Adresse{}, "Contrat": client.Contrat{},
		"ContratDetails": client.ContratDetails{}, "ContratPeriodesDroits": client.PeriodesDroits{}, "Exoneration": client.Exoneration{},
		"ExonerationMotif": client.Motif{}, "ExonerationMaternite": client.Maternite{}, "MedecinTraitant": client.MedecinTraitant{},
		"Complementaire": client.Complementaire{}, "ComplementaireReference": client.ComplementaireReference{},
		"ArretTravail": client.ArretTravail{}, "RisquesProfessionnels": client.RisquesProfessionnels{}, "Moi": client.Moi{}, "MoiCle": client.MoiCle{},
		"MoiPartenaire": client.MoiPartenaire{}, "MoiConvention": client.MoiConvention{}, "MoiQuota": client.MoiQuota{},
		"MoiClient": client.MoiClient{}, "MoiAccord": client.MoiAccord{}, "Probleme": client.Problem{},
	} {
		t.Run("R1 the client's "+name+" has the members of the document", func(t *testing.T) {
			var want, got []string
			for member := range doc.Components.Schemas[name].Value.Properties {
				want = append(want, member)
			}
			typ := reflect.TypeOf(value)
			for i := range typ.NumField() {
				if tag := typ.Field(i).Tag.Get("json"); tag != "-" {
					got = append(got, tag)
				}
			}
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(want, got) {
				t.Errorf("the client has %v, the document %v", got, want)
			}
		})
	}
}
