package client

import "log/slog"

// Secret is a key or a token. It prints as a mask; convert it to string to
// send it.
type Secret string

// String redacts fmt and html/template.
func (Secret) String() string { return "•••" }

// GoString redacts %#v.
func (Secret) GoString() string { return "•••" }

// LogValue redacts slog.
func (Secret) LogValue() slog.Value { return slog.StringValue("•••") }

// MarshalText redacts encoding/json.
func (Secret) MarshalText() ([]byte, error) { return []byte("•••"), nil }

// NIR is a social-security number as the wire writes it: 15 characters in
// answers, 13 or 15 in questions. It is not checked here. It prints as a mask;
// convert it to string to send it.
type NIR string

// String is the mask that people may see: sex, year, then dots.
func (n NIR) String() string {
	if len(n) < 3 {
		return ""
	}
	return string(n[0]) + "\u00a0" + string(n[1:3]) + "\u00a0••\u00a0••\u00a0•••\u00a0•••"
}

// GoString redacts %#v.
func (n NIR) GoString() string { return n.String() }

// LogValue redacts slog.
func (NIR) LogValue() slog.Value { return slog.StringValue("•••") }

// MarshalText redacts encoding/json.
func (n NIR) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText reads the wire's form, unchecked.
func (n *NIR) UnmarshalText(b []byte) error { *n = NIR(b); return nil }

// Beneficiaire is somebody's identity. Dates are YYYY-MM-DD everywhere; a
// birth date may have 00 for what is unknown. An absent member is the zero
// value, or nil where absence and false differ.
type Beneficiaire struct {
	NIR                   NIR    `json:"nir"` // "" for a child without its own
	NomFamille            string `json:"nom_famille"`
	NomUsage              string `json:"nom_usage"`
	Prenom                string `json:"prenom"`
	DateNaissance         string `json:"date_naissance"`
	RangNaissance         int    `json:"rang_naissance"`
	Qualite               string `json:"qualite"`
	MedecinTraitantChoisi *bool  `json:"medecin_traitant_choisi"`
	PresenceCMUCACS       *bool  `json:"presence_CMUC_ACS"`
}

// String redacts fmt.
func (Beneficiaire) String() string { return "Beneficiaire(•••)" }

// GoString redacts %#v.
func (Beneficiaire) GoString() string { return "Beneficiaire(•••)" }

// Caisse is a fund; ID is 2 characters of grand régime and 3 of the caisse.
type Caisse struct {
	ID          string  `json:"id"`
	GrandRegime string  `json:"grandRegime"`
	Organisme   string  `json:"organisme"`
	CodeCentre  string  `json:"codeCentre"`
	Libelle     string  `json:"libelle"`
	Adresse     Adresse `json:"adresse"`
}

// Adresse holds postal lines.
type Adresse struct {
	Destinataire        string `json:"destinataire"`
	PointRemise         string `json:"point_remise"`
	ComplementAdresse   string `json:"complement_adresse"`
	NumeroVoie          string `json:"numero_voie"`
	IndiceRepetition    string `json:"indice_repetition"`
	TypeVoie            string `json:"type_voie"`
	NomVoie             string `json:"nom_voie"`
	MentionDistribution string `json:"mention_distribution"`
	CodePostal          string `json:"code_postal"`
	Commune             string `json:"commune"`
}

// Contrat is a base right (AMO) or a solidarity cover (AMC).
type Contrat struct {
	NatureAssurance string           `json:"nature_assurance"`
	Details         ContratDetails   `json:"details"`
	DateDebut       string           `json:"date_debut"`
	DateFin         string           `json:"date_fin"`
	PeriodesDroits  []PeriodesDroits `json:"periodes_droits"`
}

// ContratDetails is the type of a contract: BASE, CMUC, ACS, C2S, C2SP.
type ContratDetails struct {
	CodeTypeContrat    string `json:"code_type_contrat"`
	LibelleTypeContrat string `json:"libelle_type_contrat"`
}

// PeriodesDroits is one period of open rights, both days included.
type PeriodesDroits struct {
	DateDebut string `json:"date_debut"`
	DateFin   string `json:"date_fin"`
}

// Exoneration is an exemption. Motif and Maternite are nil where this partner
// may not receive them.
type Exoneration struct {
	DateDebut string     `json:"date_debut"`
	DateFin   string     `json:"date_fin"`
	Motif     *Motif     `json:"motif"`
	Maternite *Maternite `json:"maternite"`
}

// Motif is the reason of an exemption (health data).
type Motif struct {
	Code        string `json:"code"`
	Libelle     string `json:"libelle"`
	LibelleLong string `json:"libelle_long"`
}

// Maternite holds the dates of a maternity (health data).
type Maternite struct {
	DatePresumeeGrossesse  string `json:"date_presumee_grossesse"`
	DateReelleAccouchement string `json:"date_reelle_accouchement"`
}

// MedecinTraitant is the declared doctor.
type MedecinTraitant struct {
	Nom       string `json:"nom"`
	Prenom    string `json:"prenom"`
	NumeroAM  string `json:"numero_am"`
	DateDebut string `json:"date_debut"`
	DateFin   string `json:"date_fin"`
}

// Complementaire says whether a private cover is open; Reference is nil where
// this partner may not receive it.
type Complementaire struct {
	Souscrite bool                     `json:"souscrite"`
	Reference *ComplementaireReference `json:"reference"`
}

// ComplementaireReference names the private cover.
type ComplementaireReference struct {
	Organisme       string `json:"organisme"`
	NumeroOrganisme string `json:"numero_organisme"`
	NumeroContrat   string `json:"numero_contrat"`
	DateFin         string `json:"date_fin"`
}

// ArretTravail is a sick leave.
type ArretTravail struct {
	Numero    string `json:"numero"`
	DateDebut string `json:"date_debut"`
	DateFin   string `json:"date_fin"`
}

// RisquesProfessionnels says which occupational covers are open.
type RisquesProfessionnels struct {
	ArretTravail           bool `json:"couverture_arret_travail"`
	MaladieProfessionnelle bool `json:"couverture_maladie_professionnelle"`
}

// Moi is what the key may do.
type Moi struct {
	Partenaire    MoiPartenaire `json:"partenaire"`
	Cle           MoiCle        `json:"cle"`
	Convention    MoiConvention `json:"convention"`
	Champs        []string      `json:"champs"`
	Environnement string        `json:"environnement"`
}

// MoiCle is the API key that was presented: never the key itself. DateFin is its
// last day, "" when it has none; Editeur the software vendor whose key it is.
type MoiCle struct {
	ID                 string          `json:"id"`
	DerniersCaracteres string          `json:"derniers_caracteres"`
	DateFin            string          `json:"date_fin"`
	Editeur            string          `json:"editeur"`
	Certificats        []MoiCertificat `json:"certificats"`
}

// MoiCertificat is a client certificate bound to the key, by its fingerprint.
type MoiCertificat struct {
	SHA256  string `json:"sha256"`
	DateFin string `json:"date_fin"`
}

// MoiPartenaire names the partner.
type MoiPartenaire struct {
	ID        string `json:"id"`
	Nom       string `json:"nom"`
	Categorie string `json:"categorie"`
}

// MoiConvention is the live convention of the key.
type MoiConvention struct {
	ID                   string      `json:"id"`
	Version              int         `json:"version"`
	Etat                 string      `json:"etat"`
	Finalite             string      `json:"finalite"`
	DateDebut            string      `json:"date_debut"`
	DateFin              string      `json:"date_fin"`
	Blocs                []string    `json:"blocs"`
	Quota                MoiQuota    `json:"quota"`
	AgentRequis          bool        `json:"agent_requis"`
	ClientsFranceConnect []MoiClient `json:"clients_franceconnect"`
	Accord               MoiAccord   `json:"accord"`
	Empreinte            string      `json:"empreinte"`
}

// MoiQuota counts calls; the day is the civil day of Paris.
type MoiQuota struct {
	ParSeconde      int `json:"par_seconde"`
	ParJour         int `json:"par_jour"`
	ResteAujourdHui int `json:"reste_aujourd_hui"`
}

// MoiClient is a FranceConnect client of the convention; Profil is v1 or v2.
type MoiClient struct {
	ID     string `json:"id"`
	Profil string `json:"profil"`
}

// MoiAccord is the wording with which the partner must ask for the person's
// agreement before the login, and the notice version that binds it.
type MoiAccord struct {
	VersionNotice   string `json:"version_notice"`
	EmpreinteNotice string `json:"empreinte_notice"`
	Texte           string `json:"texte"`
	Notice          string `json:"notice"` // the notice itself, to show with the wording
}
