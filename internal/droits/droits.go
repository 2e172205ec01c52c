// Package droits is the vocabulary of health-insurance rights: people, their
// links to an opener of rights, what those links open, and the catalogue of
// every datum that can be released. It hides nothing but the field's words.
//
// Sources: the published v1 contract of the API de droits (contract.md),
// the information notice (source 000), the vocabulary of identity.md §7.
package droits

import (
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/nir"
)

// Sexe is M or F; empty when unknown.
type Sexe string

// The two values of civil status.
const (
	Masculin Sexe = "M"
	Feminin  Sexe = "F"
)

// Qualite says how a bénéficiaire is linked to the opener of rights. Values
// are the contract's.
type Qualite string

// The twelve published values.
const (
	Assure            Qualite = "assure"
	Concubin          Qualite = "concubin"
	ConcubinEnRupture Qualite = "concubin_en_rupture"
	Pacse             Qualite = "pacse"
	ExPacse           Qualite = "ex_pacse"
	Conjoint          Qualite = "conjoint"
	ConjointSepare    Qualite = "conjoint_separe"
	ConjointDivorce   Qualite = "conjoint_divorce"
	ConjointVeuf      Qualite = "conjoint_veuf"
	Parent            Qualite = "parent"
	Enfant            Qualite = "enfant"
	AutreQualite      Qualite = "autre"
)

// Qualites lists the published values in the contract's order.
func Qualites() []Qualite {
	return []Qualite{Assure, Concubin, ConcubinEnRupture, Pacse, ExPacse, Conjoint, ConjointSepare, ConjointDivorce, ConjointVeuf, Parent, Enfant, AutreQualite}
}

// Sujet is the keyed digest that stands for a person in the domain of rights:
// consents and restrictions hang on it. It cannot be turned back without the
// deployment's key, and survives a new load of the population.
type Sujet [16]byte

// Personne is somebody's civil identity. NIR is zero for a person without a
// number of its own.
type Personne struct {
	ID              int64 // of our store, never shown
	Sujet           Sujet
	Before          []Sujet // under which it was known before its number changed, or came
	NIR             nir.NIR
	NomFamille      string
	NomUsage        string
	Prenoms         []string
	PrenomsComplets bool // the list is whole and certified
	NaissanceOn     civil.Date
	Sexe            Sexe
	LieuNaissance   string // COG of the commune, "" when born abroad
	PaysNaissance   string // COG of the country, 99100 = France
	DecesOn         civil.Date
}

// Prenom is the first given name, the one the contract shows.
func (p Personne) Prenom() string {
	if len(p.Prenoms) == 0 {
		return ""
	}
	return p.Prenoms[0]
}

// AgeOn is the age in whole years on a day; an unknown day or month counts as
// the last of the year, so that nobody is taken for older than is certain.
func (p Personne) AgeOn(d civil.Date) int {
	b := p.NaissanceOn
	if b.Month() == 0 {
		b = civil.Of(b.Year(), 12, 31)
	} else if b.Day() == 0 {
		b = civil.Of(b.Year(), b.Month(), 31)
	}
	n := d.Year() - b.Year()
	if d.Month() < b.Month() || d.Month() == b.Month() && d.Day() < b.Day() {
		n--
	}
	return n
}

// Rattachement links a bénéficiaire to an opener of rights for a period, and
// carries what that link opens. The opener's link to itself is "assure".
type Rattachement struct {
	Beneficiaire          Personne
	Propre                bool // the bénéficiaire is the connected person itself
	Qualite               Qualite
	RangNaissance         int
	Caisse                Caisse
	Periode               civil.Period
	Contrats              []Contrat
	Exonerations          []Exoneration
	MedecinsTraitants     []MedecinTraitant
	Complementaires       []Complementaire
	ArretsTravail         []ArretTravail
	RisquesProfessionnels []RisqueProfessionnel
}

// Famille is what one person can see once identified: itself, its own links,
// and the links that it opens (identity.md §5). Never the other parent, never
// upwards.
type Famille struct {
	Assure        Personne
	Rattachements []Rattachement
	DonneesOn     civil.Date // date of the data
}

// Caisse is a fund. ID is 2 characters of grand régime and 3 of the caisse.
type Caisse struct {
	ID          string
	CodeCentre  string
	GrandRegime string
	Organisme   string
	Libelle     string
	Adresse     Adresse
}

// Adresse holds the postal lines of AFNOR XP Z 10-011.
type Adresse struct {
	Destinataire, PointRemise, ComplementAdresse, NumeroVoie, IndiceRepetition string
	TypeVoie, NomVoie, MentionDistribution, CodePostal, Commune                string
}

// NatureAssurance is AMO (basic) or AMC (complementary).
type NatureAssurance string

// The two natures.
const (
	AMO NatureAssurance = "AMO"
	AMC NatureAssurance = "AMC"
)

// Contrat is a basic or solidarity cover. CodeType is one of BASE, CMUC, ACS,
// C2S, C2SP.
type Contrat struct {
	Nature   NatureAssurance
	CodeType string
	Periode  civil.Period
	Droits   []civil.Period
}

// The codes of the types of contract (contract.md, "Contrat").
const (
	ContratBase = "BASE"
	ContratCMUC = "CMUC"
	ContratACS  = "ACS"
	ContratC2S  = "C2S"
	ContratC2SP = "C2SP"
)

// LibelleContrat is the plain wording of a type of contract.
func LibelleContrat(code string) string {
	switch code {
	case ContratBase:
		return "Droits de base"
	case ContratCMUC:
		return "Couverture maladie universelle complémentaire"
	case ContratACS:
		return "Aide au paiement d'une complémentaire santé"
	case ContratC2S:
		return "Complémentaire santé solidaire"
	case ContratC2SP:
		return "Complémentaire santé solidaire avec participation"
	}
	return ""
}

// Exoneration is an exemption from the ticket modérateur. Code and Maternite
// are health data.
type Exoneration struct {
	Code      string
	Periode   civil.Period
	Maternite *Maternite
}

// Maternite holds the two dates of a maternity exemption; either may be zero.
type Maternite struct{ PresumeeOn, AccouchementOn civil.Date }

// LibelleExoneration gives the short and the long wording of a code; both are
// empty for an unknown one (identity.md §7).
func LibelleExoneration(code string) (court, long string) {
	switch code {
	case "INV":
		return "Invalidité", "Pension d'invalidité et autres régimes exonérants"
	case "MAT":
		return "Maternité", "Assurance maternité, à partir du sixième mois"
	case "LIS":
		return "ALD liste", "Affection de longue durée inscrite sur la liste"
	case "EXP":
		return "Polypathologie", "Affections multiples entraînant un état invalidant"
	case "EXC":
		return "ALD hors liste", "Affection de longue durée hors liste"
	case "A115_DET_PML":
		return "Article L. 115, détenu ou PML", "Pension militaire, détention ou pensionné"
	case "NE":
		return "Nouveau-né", "Soins du nouveau-né"
	case "STE":
		return "Stérilité", "Diagnostic et traitement de la stérilité"
	case "EDS":
		return "Éducation spéciale", "Éducation spéciale"
	}
	return "", ""
}

// CodesExoneration lists the published codes.
func CodesExoneration() []string {
	return []string{"INV", "MAT", "LIS", "EXP", "EXC", "A115_DET_PML", "NE", "STE", "EDS"}
}

// MedecinTraitant is a dated declaration; an end in the future is a known
// cessation.
type MedecinTraitant struct {
	Nom, Prenom, NumeroAM string
	Periode               civil.Period
}

// Complementaire is a private complementary cover.
type Complementaire struct {
	Organisme, NumeroOrganisme, NumeroContrat string
	Periode                                   civil.Period
}

// ArretTravail is a sick leave. Nature is kept for the rules and never served.
type ArretTravail struct {
	Nature, Numero string
	Periode        civil.Period
}

// RisqueProfessionnel is an occupational-risk cover.
type RisqueProfessionnel struct {
	Nature  string
	Periode civil.Period
}

// The natures of sick leaves and occupational risks (data-format.md).
const (
	NatureMaladie         = "maladie"
	NatureMaternite       = "maternite"
	NatureAccidentTravail = "accident_travail"
	NatureMaladiePro      = "maladie_professionnelle"
)

// Dossier is a family's dossier as it lies in the store, still sealed. Its
// zero value holds nothing.
type Dossier struct{ open func() (*Famille, error) }

// Sealed makes a dossier that the function opens.
func Sealed(open func() (*Famille, error)) Dossier { return Dossier{open} }

// Open reads the dossier. Errors: service_indisponible.
func (d Dossier) Open() (*Famille, error) {
	if d.open == nil {
		return nil, fault.New(fault.ServiceIndisponible, "droits: open dossier")
	}
	return d.open()
}
