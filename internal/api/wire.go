package api

import (
	"encoding/json"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/policy"
)

// The wire shapes. Names are the contract's and live only here; an absent
// optional member is left out, never null.

type beneficiaire struct {
	NIR          string         `json:"nir,omitempty"`
	NomFamille   string         `json:"nom_famille,omitempty"`
	NomUsage     string         `json:"nom_usage,omitempty"`
	Prenom       string         `json:"prenom,omitempty"`
	Naissance    string         `json:"date_naissance,omitempty"`
	Rang         int            `json:"rang_naissance,omitempty"`
	Qualite      droits.Qualite `json:"qualite,omitempty"`
	Medecin      *bool          `json:"medecin_traitant_choisi,omitempty"`
	PresenceCMUC *bool          `json:"presence_CMUC_ACS,omitempty"`
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
	ID          string   `json:"id,omitempty"`
	GrandRegime string   `json:"grandRegime,omitempty"`
	Organisme   string   `json:"organisme,omitempty"`
	CodeCentre  string   `json:"codeCentre,omitempty"`
	Libelle     string   `json:"libelle,omitempty"`
	Adresse     *adresse `json:"adresse,omitempty"`
}

type contratDetails struct {
	Code    string `json:"code_type_contrat,omitempty"`
	Libelle string `json:"libelle_type_contrat,omitempty"`
}

type periode struct {
	Debut string `json:"date_debut,omitempty"`
	Fin   string `json:"date_fin,omitempty"`
}

type contrat struct {
	Nature  droits.NatureAssurance `json:"nature_assurance,omitempty"`
	Details contratDetails         `json:"details"`
	Debut   string                 `json:"date_debut,omitempty"`
	Fin     string                 `json:"date_fin,omitempty"`
	Droits  []periode              `json:"periodes_droits,omitempty"`
}

type motif struct {
	Code    string `json:"code,omitempty"`
	Libelle string `json:"libelle,omitempty"`
	Long    string `json:"libelle_long,omitempty"`
}

type maternite struct {
	Presumee     string `json:"date_presumee_grossesse,omitempty"`
	Accouchement string `json:"date_reelle_accouchement,omitempty"`
}

type exoneration struct {
	Debut     string     `json:"date_debut,omitempty"`
	Fin       string     `json:"date_fin,omitempty"`
	Motif     *motif     `json:"motif,omitempty"`
	Maternite *maternite `json:"maternite,omitempty"`
}

type medecin struct {
	Nom    string `json:"nom,omitempty"`
	Prenom string `json:"prenom,omitempty"`
	Numero string `json:"numero_am,omitempty"`
	Debut  string `json:"date_debut,omitempty"`
	Fin    string `json:"date_fin,omitempty"`
}

type reference struct {
	Organisme string `json:"organisme,omitempty"`
	Numero    string `json:"numero_organisme,omitempty"`
	Contrat   string `json:"numero_contrat,omitempty"`
	Fin       string `json:"date_fin,omitempty"`
}

type complementaire struct {
	Souscrite *bool      `json:"souscrite,omitempty"`
	Reference *reference `json:"reference,omitempty"`
}

type arret struct {
	Numero string `json:"numero,omitempty"`
	Debut  string `json:"date_debut,omitempty"`
	Fin    string `json:"date_fin,omitempty"`
}

type risques struct {
	Arret   *bool `json:"couverture_arret_travail,omitempty"`
	Maladie *bool `json:"couverture_maladie_professionnelle,omitempty"`
}

// encode writes a released view as the contract has it.
func encode(v policy.View) ([]byte, error) {
	switch v.Op {
	case droits.OpMe, droits.OpBeneficiaire:
		return json.Marshal(wireBeneficiaire(v.Beneficiaires[0]))
	case droits.OpBeneficiaires:
		return json.Marshal(each(v.Beneficiaires, wireBeneficiaire))
	case droits.OpCaisse:
		return json.Marshal(wireCaisse(v.Caisse))
	case droits.OpContrats:
		return json.Marshal(each(v.Contrats, wireContrat))
	case droits.OpExonerations:
		return json.Marshal(each(v.Exonerations, wireExoneration))
	case droits.OpMedecinTraitant:
		m := v.Medecin
		return json.Marshal(medecin{m.Nom, m.Prenom, m.Numero, m.DebutOn.String(), m.FinOn.String()})
	case droits.OpComplementaire:
		return json.Marshal(wireComplementaire(v.Complementaire))
	case droits.OpArretsTravail:
		return json.Marshal(each(v.Arrets, func(a policy.Arret) arret { return arret{a.Numero, a.DebutOn.String(), a.FinOn.String()} }))
	}
	return json.Marshal(risques{v.Risques.Arret, v.Risques.Maladie})
}

// each never gives null: an empty collection is [].
func each[A, B any](in []A, f func(A) B) []B {
	out := make([]B, len(in))
	for i, a := range in {
		out[i] = f(a)
	}
	return out
}

func wireBeneficiaire(b policy.Beneficiaire) beneficiaire {
	return beneficiaire{b.NIR, b.NomFamille, b.NomUsage, b.Prenom, b.NaissanceOn.String(), b.Rang, b.Qualite, b.MedecinChoisi, b.PresenceC2S}
}

func wireCaisse(c policy.Caisse) caisse {
	w := caisse{ID: c.ID, GrandRegime: c.GrandRegime, Organisme: c.Organisme, CodeCentre: c.CodeCentre, Libelle: c.Libelle}
	if a := c.Adresse; a != nil {
		w.Adresse = &adresse{a.Destinataire, a.PointRemise, a.ComplementAdresse, a.NumeroVoie, a.IndiceRepetition, a.TypeVoie, a.NomVoie, a.MentionDistribution, a.CodePostal, a.Commune}
	}
	return w
}

func wireContrat(c policy.Contrat) contrat {
	return contrat{c.Nature, contratDetails{c.Code, c.Libelle}, c.DebutOn.String(), c.FinOn.String(),
		each(c.Droits, func(p civil.Period) periode { return periode{p.From.String(), p.To.String()} })}
}

func wireExoneration(e policy.Exoneration) exoneration {
	w := exoneration{Debut: e.DebutOn.String(), Fin: e.FinOn.String()}
	if e.Code != "" {
		w.Motif = &motif{e.Code, e.Libelle, e.Long}
	}
	if m := e.Maternite; m != nil {
		w.Maternite = &maternite{m.PresumeeOn.String(), m.AccouchementOn.String()}
	}
	return w
}

func wireComplementaire(c policy.Complementaire) complementaire {
	w := complementaire{Souscrite: c.Souscrite}
	if r := c.Reference; r != nil {
		w.Reference = &reference{r.Organisme, r.Numero, r.Contrat, r.FinOn.String()}
	}
	return w
}
