package policy

import (
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
)

// View is what may leave: only released fields are set. Pointers and nil
// slices tell "not released" from a released zero. Only Release builds one
// that holds something.
type View struct {
	Op             droits.Operation
	Members        []droits.Sujet // everybody of whom something is told
	Beneficiaires  []Beneficiaire // one for /me and /
	Caisse         Caisse
	Contrats       []Contrat
	Exonerations   []Exoneration
	Medecin        Medecin
	Complementaire Complementaire
	Arrets         []Arret
	Risques        Risques
}

// Beneficiaire is the released part of a person. NIR holds 15 characters.
type Beneficiaire struct {
	NIR, NomFamille, NomUsage, Prenom string
	NaissanceOn                       civil.Date
	Rang                              int
	Qualite                           droits.Qualite
	MedecinChoisi, PresenceC2S        *bool
}

// Caisse is the released part of a fund.
type Caisse struct {
	ID, GrandRegime, Organisme, CodeCentre, Libelle string
	Adresse                                         *droits.Adresse
}

// Contrat is the released part of a contract.
type Contrat struct {
	Nature        droits.NatureAssurance
	Code, Libelle string
	DebutOn       civil.Date
	FinOn         civil.Date
	Droits        []civil.Period
}

// Exoneration is the released part of an exemption.
type Exoneration struct {
	DebutOn, FinOn      civil.Date
	Code, Libelle, Long string
	Maternite           *droits.Maternite
}

// Medecin is the released part of a médecin traitant.
type Medecin struct {
	Nom, Prenom, Numero string
	DebutOn, FinOn      civil.Date
}

// Complementaire is the released part of a private cover.
type Complementaire struct {
	Souscrite *bool
	Reference *Reference
}

// Reference names a private cover.
type Reference struct {
	Organisme, Numero, Contrat string
	FinOn                      civil.Date
}

// Arret is the released part of a sick leave.
type Arret struct {
	Numero         string
	DebutOn, FinOn civil.Date
}

// Risques says which occupational covers are open in the window.
type Risques struct{ Arret, Maladie *bool }
