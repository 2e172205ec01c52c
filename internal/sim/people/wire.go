package people

import (
	"bufio"
	"encoding/json"
	"io"

	"droits.example/droits/internal/civil"
)

// The objects of the import file, as data-format.md writes them.

type entete struct {
	Type          string     `json:"type"`
	Format        string     `json:"format"`
	Jeu           string     `json:"jeu"`
	DateReference civil.Date `json:"date_reference"`
}

type adresse struct {
	Destinataire        string `json:"destinataire,omitempty"`
	PointRemise         string `json:"point_remise,omitempty"`
	ComplementAdresse   string `json:"complement_adresse,omitempty"`
	NumeroVoie          string `json:"numero_voie,omitempty"`
	IndiceRepetition    string `json:"indice_repetition,omitempty"`
	TypeVoie            string `json:"type_voie,omitempty"`
	NomVoie             string `json:"nom_voie,omitempty"`
	MentionDistribution string `json:"mention_distribution,omitempty"`
	CodePostal          string `json:"code_postal,omitempty"`
	Commune             string `json:"commune,omitempty"`
}

type caisse struct {
	Type        string  `json:"type"`
	ID          string  `json:"id"`
	CodeCentre  string  `json:"code_centre"`
	GrandRegime string  `json:"grand_regime"`
	Organisme   string  `json:"organisme"`
	Libelle     string  `json:"libelle"`
	Adresse     adresse `json:"adresse"`
}

type personne struct {
	Type            string          `json:"type"`
	ID              string          `json:"id"`
	NIR             string          `json:"nir,omitempty"`
	NomFamille      string          `json:"nom_famille"`
	NomUsage        string          `json:"nom_usage,omitempty"`
	Prenoms         []string        `json:"prenoms"`
	PrenomsComplets bool            `json:"prenoms_complets,omitempty"`
	DateNaissance   civil.Date      `json:"date_naissance"`
	Sexe            string          `json:"sexe,omitempty"`
	LieuNaissance   string          `json:"lieu_naissance,omitempty"`
	PaysNaissance   string          `json:"pays_naissance,omitempty"`
	Servie          bool            `json:"servie"`
	DateDeces       civil.Date      `json:"date_deces,omitzero"`
	NIRPrecedents   []string        `json:"nir_precedents,omitempty"`
	Rattachements   []*rattachement `json:"rattachements,omitempty"`
}

// periode is embedded wherever the format has date_debut and date_fin.
type periode struct {
	DateDebut civil.Date `json:"date_debut,omitzero"`
	DateFin   civil.Date `json:"date_fin,omitzero"`
}

type rattachement struct {
	Ouvrant       string `json:"ouvrant"`
	Qualite       string `json:"qualite"`
	RangNaissance int    `json:"rang_naissance,omitempty"`
	Caisse        string `json:"caisse,omitempty"`
	periode
	Contrats              []contrat        `json:"contrats,omitempty"`
	Exonerations          []exoneration    `json:"exonerations,omitempty"`
	MedecinsTraitants     []medecin        `json:"medecins_traitants,omitempty"`
	Complementaires       []complementaire `json:"complementaires,omitempty"`
	ArretsTravail         []arret          `json:"arrets_travail,omitempty"`
	RisquesProfessionnels []risque         `json:"risques_professionnels,omitempty"`
}

type contrat struct {
	NatureAssurance string `json:"nature_assurance"`
	CodeTypeContrat string `json:"code_type_contrat"`
	periode
	PeriodesDroits []periode `json:"periodes_droits,omitempty"`
}

type exoneration struct {
	Code string `json:"code"`
	periode
	Maternite *maternite `json:"maternite,omitempty"`
}

type maternite struct {
	DatePresumeeGrossesse  civil.Date `json:"date_presumee_grossesse,omitzero"`
	DateReelleAccouchement civil.Date `json:"date_reelle_accouchement,omitzero"`
}

type medecin struct {
	Nom      string `json:"nom"`
	Prenom   string `json:"prenom,omitempty"`
	NumeroAM string `json:"numero_am,omitempty"`
	periode
}

type complementaire struct {
	Organisme       string `json:"organisme"`
	NumeroOrganisme string `json:"numero_organisme,omitempty"`
	NumeroContrat   string `json:"numero_contrat,omitempty"`
	periode
}

type arret struct {
	Nature string `json:"nature"`
	Numero string `json:"numero,omitempty"`
	periode
}

type risque struct {
	Nature string `json:"nature"`
	periode
}

// writer writes lines; the first error sticks.
type writer struct {
	buf *bufio.Writer
	enc *json.Encoder
	err error
}

func newWriter(w io.Writer, day civil.Date) *writer {
	out := &writer{buf: bufio.NewWriterSize(w, 1<<16)}
	out.enc = json.NewEncoder(out.buf)
	out.enc.SetEscapeHTML(false)
	out.put(entete{"entete", "droits/1", "complet", day})
	return out
}

func (w *writer) put(v any) {
	if w.err == nil {
		w.err = w.enc.Encode(v)
	}
}

func (w *writer) close() error {
	if w.err != nil {
		return w.err
	}
	return w.buf.Flush()
}
