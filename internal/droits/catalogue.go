package droits

// Kind is a kind of partner: who asks decides what can be told at all.
type Kind string

// The two kinds of partners of the information notice (source 000).
const (
	Etablissement           Kind = "etablissement_sante"
	OrganismeComplementaire Kind = "organisme_complementaire"
	// Editeur is a software vendor: it calls for those who delegate to it, has no
	// convention of its own and is told nothing for itself (R30).
	Editeur Kind = "editeur"
)

// Kinds lists them.
func Kinds() []Kind { return []Kind{Etablissement, OrganismeComplementaire} }

// Bloc is a block of data: the unit of a convention, a consent and a
// restriction. Values are the slugs of contract.md, "Who receives what".
type Bloc string

// The blocks.
const (
	BlocIdentite                Bloc = "identite"
	BlocBeneficiaires           Bloc = "beneficiaires"
	BlocCaisse                  Bloc = "caisse"
	BlocContrats                Bloc = "contrats"
	BlocPresenceMedecin         Bloc = "presence_medecin_traitant"
	BlocMedecinTraitant         Bloc = "medecin_traitant"
	BlocExonerations            Bloc = "exonerations"
	BlocExonerationsMotif       Bloc = "exonerations_motif"
	BlocComplementaire          Bloc = "complementaire"
	BlocComplementaireReference Bloc = "complementaire_reference"
	BlocArretsTravail           Bloc = "arrets_travail"
	BlocRisquesProfessionnels   Bloc = "risques_professionnels"
)

// ScopeUmbrella is the FranceConnect scope that opens every block.
const ScopeUmbrella = "droits_assurance_maladie"

// Scopes of FranceConnect that open a part of the API (franceconnect.md §2).
// cnam_paiements_ij exists too and opens nothing here.
const (
	ScopeBeneficiaires   = "cnam_beneficiaires"
	ScopeCaisse          = "cnam_caisse"
	ScopeContrats        = "cnam_contrats"
	ScopeExonerations    = "cnam_exonerations"
	ScopeMedecin         = "cnam_medecin_traitant"
	ScopePresenceMedecin = "cnam_presence_medecin_traitant"
)

// BlocInfo is a block's line of the data catalogue.
type BlocInfo struct {
	Bloc      Bloc
	Libelle   string   // plain French, for people
	Kinds     []Kind   // kinds of partner that may receive it at all
	Scopes    []string // scopes that open it besides the umbrella; AnyScope for identite
	AnyScope  bool     // any scope that opens something opens this block
	Sensitive bool     // health data
	Activity  string   // local sheet of the register (trust.md §2)
	Retention string   // rule of the retention table (trust.md §2.1)
}

var tous = []Kind{Etablissement, OrganismeComplementaire}
var etablissements = []Kind{Etablissement}

// blocs is the table of contract.md, "Who receives what". The documentation,
// the consent wording, the mask and the register derive from it.
var blocs = []BlocInfo{
	{BlocIdentite, "Votre identité", tous, nil, true, false, "L1", "C01"},
	{BlocBeneficiaires, "L'identité des personnes qui vous sont rattachées", tous, []string{ScopeBeneficiaires}, false, false, "L1", "C01"},
	{BlocCaisse, "Votre caisse gestionnaire", tous, []string{ScopeCaisse}, false, false, "L1", "C02"},
	{BlocContrats, "Vos droits de base et votre complémentaire santé solidaire", tous, []string{ScopeContrats}, false, false, "L1", "C02"},
	{BlocPresenceMedecin, "L'existence d'un médecin traitant déclaré", tous, []string{ScopePresenceMedecin, ScopeMedecin}, false, false, "L1", "C02"},
	{BlocMedecinTraitant, "Le nom de votre médecin traitant", etablissements, []string{ScopeMedecin}, false, false, "L1", "C02"},
	{BlocExonerations, "L'existence et les dates d'une exonération", tous, []string{ScopeExonerations}, false, false, "L1", "C02"},
	{BlocExonerationsMotif, "Le motif de l'exonération, dates de maternité comprises", etablissements, []string{ScopeExonerations}, false, true, "L1", "C02"},
	{BlocComplementaire, "La souscription d'une complémentaire santé", tous, nil, false, false, "L1", "C03"},
	{BlocComplementaireReference, "La référence de votre complémentaire santé", etablissements, nil, false, false, "L1", "C03"},
	{BlocArretsTravail, "Le numéro et les dates de vos arrêts de travail", etablissements, nil, false, true, "L1", "C06"},
	{BlocRisquesProfessionnels, "L'existence d'une couverture au titre d'un arrêt de travail ou d'une maladie professionnelle", etablissements, nil, false, true, "L1", "C04"},
}

var blocIndex = func() map[Bloc]BlocInfo {
	m := make(map[Bloc]BlocInfo, len(blocs))
	for _, b := range blocs {
		m[b.Bloc] = b
	}
	return m
}()

// Blocs returns the catalogue's blocks in the contract's order.
func Blocs() []BlocInfo { return append([]BlocInfo(nil), blocs...) }

// Info is the block's line; ok is false for a block that does not exist.
func (b Bloc) Info() (BlocInfo, bool) { i, ok := blocIndex[b]; return i, ok }

// OpenedBy reports whether one of the scopes opens the block.
func (i BlocInfo) OpenedBy(scopes []string) bool {
	for _, s := range scopes {
		switch {
		case s == ScopeUmbrella:
			return true
		case i.AnyScope && opensSomething(s):
			return true
		}
		for _, own := range i.Scopes {
			if s == own {
				return true
			}
		}
	}
	return false
}

// For reports whether the kind of partner may receive the block at all.
func (i BlocInfo) For(k Kind) bool {
	for _, own := range i.Kinds {
		if own == k {
			return true
		}
	}
	return false
}

func opensSomething(scope string) bool {
	switch scope {
	case ScopeUmbrella, ScopeBeneficiaires, ScopeCaisse, ScopeContrats, ScopeExonerations, ScopeMedecin, ScopePresenceMedecin:
		return true
	}
	return false
}

// Champ numbers one releasable field, so that a mask is a set of bits.
type Champ uint8

// Mask is a set of fields.
type Mask uint64

// Has reports whether the field is in the set.
func (m Mask) Has(c Champ) bool { return m&(1<<c) != 0 }

// With returns the set with the field added.
func (m Mask) With(c Champ) Mask { return m | 1<<c }

// The fields of the contract, schema by schema, in wire order.
const (
	BeneficiaireNIR Champ = iota
	BeneficiaireNomFamille
	BeneficiaireNomUsage
	BeneficiairePrenom
	BeneficiaireDateNaissance
	BeneficiaireRangNaissance
	BeneficiaireQualite
	BeneficiaireMedecinChoisi
	BeneficiairePresenceC2S
	CaisseID
	CaisseGrandRegime
	CaisseOrganisme
	CaisseCodeCentre
	CaisseLibelle
	CaisseAdresse
	ContratNature
	ContratDetails
	ContratDebut
	ContratFin
	ContratDroits
	ExonerationDebut
	ExonerationFin
	ExonerationMotif
	ExonerationMaternite
	MedecinNom
	MedecinPrenom
	MedecinNumero
	MedecinDebut
	MedecinFin
	ComplementaireSouscrite
	ComplementaireReference
	ArretNumero
	ArretDebut
	ArretFin
	RisqueArret
	RisqueMaladie
	champCount
)

// ChampInfo is a field's line of the data catalogue. BlocTiers replaces Bloc
// when the bénéficiaire is not the connected person.
type ChampInfo struct {
	Champ     Champ
	Name      string // schema.member as on the wire
	Bloc      Bloc
	BlocTiers Bloc
}

var champs = [champCount]ChampInfo{
	{BeneficiaireNIR, "Beneficiaire.nir", BlocIdentite, BlocBeneficiaires},
	{BeneficiaireNomFamille, "Beneficiaire.nom_famille", BlocIdentite, BlocBeneficiaires},
	{BeneficiaireNomUsage, "Beneficiaire.nom_usage", BlocIdentite, BlocBeneficiaires},
	{BeneficiairePrenom, "Beneficiaire.prenom", BlocIdentite, BlocBeneficiaires},
	{BeneficiaireDateNaissance, "Beneficiaire.date_naissance", BlocIdentite, BlocBeneficiaires},
	{BeneficiaireRangNaissance, "Beneficiaire.rang_naissance", BlocIdentite, BlocBeneficiaires},
	{BeneficiaireQualite, "Beneficiaire.qualite", BlocIdentite, BlocBeneficiaires},
	{BeneficiaireMedecinChoisi, "Beneficiaire.medecin_traitant_choisi", BlocPresenceMedecin, BlocPresenceMedecin},
	{BeneficiairePresenceC2S, "Beneficiaire.presence_CMUC_ACS", BlocContrats, BlocContrats},
	{CaisseID, "Caisse.id", BlocCaisse, BlocCaisse},
	{CaisseGrandRegime, "Caisse.grandRegime", BlocCaisse, BlocCaisse},
	{CaisseOrganisme, "Caisse.organisme", BlocCaisse, BlocCaisse},
	{CaisseCodeCentre, "Caisse.codeCentre", BlocCaisse, BlocCaisse},
	{CaisseLibelle, "Caisse.libelle", BlocCaisse, BlocCaisse},
	{CaisseAdresse, "Caisse.adresse", BlocCaisse, BlocCaisse},
	{ContratNature, "Contrat.nature_assurance", BlocContrats, BlocContrats},
	{ContratDetails, "Contrat.details", BlocContrats, BlocContrats},
	{ContratDebut, "Contrat.date_debut", BlocContrats, BlocContrats},
	{ContratFin, "Contrat.date_fin", BlocContrats, BlocContrats},
	{ContratDroits, "Contrat.periodes_droits", BlocContrats, BlocContrats},
	{ExonerationDebut, "Exoneration.date_debut", BlocExonerations, BlocExonerations},
	{ExonerationFin, "Exoneration.date_fin", BlocExonerations, BlocExonerations},
	{ExonerationMotif, "Exoneration.motif", BlocExonerationsMotif, BlocExonerationsMotif},
	{ExonerationMaternite, "Exoneration.maternite", BlocExonerationsMotif, BlocExonerationsMotif},
	{MedecinNom, "MedecinTraitant.nom", BlocMedecinTraitant, BlocMedecinTraitant},
	{MedecinPrenom, "MedecinTraitant.prenom", BlocMedecinTraitant, BlocMedecinTraitant},
	{MedecinNumero, "MedecinTraitant.numero_am", BlocMedecinTraitant, BlocMedecinTraitant},
	{MedecinDebut, "MedecinTraitant.date_debut", BlocMedecinTraitant, BlocMedecinTraitant},
	{MedecinFin, "MedecinTraitant.date_fin", BlocMedecinTraitant, BlocMedecinTraitant},
	{ComplementaireSouscrite, "Complementaire.souscrite", BlocComplementaire, BlocComplementaire},
	{ComplementaireReference, "Complementaire.reference", BlocComplementaireReference, BlocComplementaireReference},
	{ArretNumero, "ArretTravail.numero", BlocArretsTravail, BlocArretsTravail},
	{ArretDebut, "ArretTravail.date_debut", BlocArretsTravail, BlocArretsTravail},
	{ArretFin, "ArretTravail.date_fin", BlocArretsTravail, BlocArretsTravail},
	{RisqueArret, "RisquesProfessionnels.couverture_arret_travail", BlocRisquesProfessionnels, BlocRisquesProfessionnels},
	{RisqueMaladie, "RisquesProfessionnels.couverture_maladie_professionnelle", BlocRisquesProfessionnels, BlocRisquesProfessionnels},
}

// blocMasks are the fields of each block, told of the connected person and of
// a dependant.
var blocMasks = func() map[Bloc][2]Mask {
	m := map[Bloc][2]Mask{}
	for _, c := range champs {
		x := m[c.Bloc]
		x[0] = x[0].With(c.Champ)
		m[c.Bloc] = x
		y := m[c.BlocTiers]
		y[1] = y[1].With(c.Champ)
		m[c.BlocTiers] = y
	}
	return m
}()

// Masks are the fields that the block opens of the connected person, and of a
// dependant.
func (b Bloc) Masks() (self, tiers Mask) { m := blocMasks[b]; return m[0], m[1] }

// Champs returns every releasable field.
func Champs() []ChampInfo { return champs[:] }

// Operation is one call of the partner API.
type Operation uint8

// The seven published operations, then our additions.
const (
	OpMe Operation = iota
	OpBeneficiaires
	OpBeneficiaire
	OpCaisse
	OpContrats
	OpExonerations
	OpMedecinTraitant
	OpComplementaire
	OpArretsTravail
	OpRisquesProfessionnels
	opCount
)

// OperationInfo describes an operation of the contract.
type OperationInfo struct {
	Op         Operation
	ID         string // operationId
	Path       string // below the base path
	Bloc       Bloc   // main block: closed → 403
	NeedsNIR   bool
	Collection bool
	Blocs      []Bloc // every block that an answer can hold
}

var operations = [opCount]OperationInfo{
	{OpMe, "getMe", "/me", BlocIdentite, false, false, []Bloc{BlocIdentite, BlocPresenceMedecin, BlocContrats}},
	{OpBeneficiaires, "getBeneficiaires", "/me/beneficiaires", BlocBeneficiaires, false, true, []Bloc{BlocIdentite, BlocBeneficiaires, BlocPresenceMedecin, BlocContrats}},
	{OpBeneficiaire, "getBeneficiairesNir", "/", BlocIdentite, true, false, []Bloc{BlocIdentite, BlocBeneficiaires, BlocPresenceMedecin, BlocContrats}},
	{OpCaisse, "getBeneficiairesNirCaisse", "/caisse", BlocCaisse, true, false, []Bloc{BlocCaisse}},
	{OpContrats, "getBeneficiairesNirContrats", "/contrats", BlocContrats, true, true, []Bloc{BlocContrats}},
	{OpExonerations, "getBeneficiairesNirExonerations", "/exonerations", BlocExonerations, true, true, []Bloc{BlocExonerations, BlocExonerationsMotif}},
	{OpMedecinTraitant, "getBeneficiairesNirMedecinTraitant", "/medecin-traitant", BlocMedecinTraitant, true, false, []Bloc{BlocMedecinTraitant}},
	{OpComplementaire, "getComplementaire", "/complementaire", BlocComplementaire, true, false, []Bloc{BlocComplementaire, BlocComplementaireReference}},
	{OpArretsTravail, "getArretsTravail", "/arrets-travail", BlocArretsTravail, true, true, []Bloc{BlocArretsTravail}},
	{OpRisquesProfessionnels, "getRisquesProfessionnels", "/risques-professionnels", BlocRisquesProfessionnels, true, false, []Bloc{BlocRisquesProfessionnels}},
}

// Operations returns the operations in the contract's order.
func Operations() []OperationInfo { return operations[:] }

// Info is the operation's description.
func (o Operation) Info() OperationInfo { return operations[o] }

// String is the operationId.
func (o Operation) String() string { return operations[o].ID }
