package web

import (
	"net/http"

	"droits.example/droits/internal/fault"
)

const docs = "Documentation"

// operation is one line of the table of the documentation page.
type operation struct{ Path, What, Who string }

const (
	allPartners    = "tous"
	establishments = "établissements de soins"
)

// operations follow contract.md; the columns say what a partner may expect,
// the OpenAPI document says the rest.
var operations = []operation{
	{"/me", "L'identité de la personne connectée", allPartners},
	{"/me/beneficiaires", "La personne et ses bénéficiaires rattachés", allPartners},
	{"/", "L'identité d'un bénéficiaire", allPartners},
	{"/caisse", "La caisse gestionnaire", allPartners},
	{"/contrats", "Les droits de base et la complémentaire santé solidaire", allPartners},
	{"/exonerations", "Les exonérations ; leur motif pour les seuls établissements", allPartners},
	{"/medecin-traitant", "Le médecin traitant", establishments},
	{"/complementaire", "L'existence d'une complémentaire ; sa référence pour les seuls établissements", allPartners},
	{"/arrets-travail", "Le numéro et les dates des arrêts de travail", establishments},
	{"/risques-professionnels", "Les couvertures au titre des risques professionnels", establishments},
}

// documentationData is the page of the documentation.
type documentationData struct {
	Base       string
	Steps      []Step
	Operations []operation
	Persons    bool
}

func (s *Site) documentation(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusOK, page{
		Name: "documentation", Title: docs, Section: "/documentation",
		Summary: "Premier appel, opérations et règles de l'API des droits assurés.",
		Crumbs:  trail(link{Text: docs}),
		Data:    documentationData{s.cfg.BasePath, s.cfg.Steps, operations, len(s.cfg.Persons) > 0},
	})
}

func (s *Site) errors(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusOK, page{
		Name: "errors", Title: "Catalogue des erreurs", Space: docs, Section: "/documentation/erreurs",
		Summary: "Les codes d'erreur de l'API, leur statut et la suite à donner.",
		Crumbs:  trail(link{docs, "/documentation"}, link{Text: "Catalogue des erreurs"}),
		Data:    s.faults,
	})
}

func (s *Site) errorCode(w http.ResponseWriter, r *http.Request) {
	code := fault.Code(r.PathValue("code"))
	entry := code.Entry()
	if entry.Code != code {
		s.Error(w, r, http.StatusNotFound)
		return
	}
	s.render(w, r, http.StatusOK, page{
		Name: "error_code", Title: entry.Title, Space: docs, Section: "/documentation/erreurs",
		Summary: entry.Title + " : cause et suite à donner.",
		Crumbs:  trail(link{docs, "/documentation"}, link{"Catalogue des erreurs", "/documentation/erreurs"}, link{Text: entry.Title}),
		Data:    entry,
	})
}

func (s *Site) persons(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusOK, page{
		Name: "persons", Title: "Jeu d'essai", Space: docs, Section: "/documentation/jeu-d-essai",
		Summary: "Les personnes fictives du bac à sable et ce que chaque partenaire doit recevoir.",
		Crumbs:  trail(link{docs, "/documentation"}, link{Text: "Jeu d'essai"}),
		Data:    s.cfg.Persons,
	})
}
