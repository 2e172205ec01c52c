package habilitation

import (
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/partner"
)

// Form holds the answers of an applicant. A draft may hold anything that fits;
// Problems says what is missing before it can be submitted. The tags are the
// names of the fields, which addresses, differences and errors use.
type Form struct {
	Organisation Organisation      `json:"organisation"`
	Projet       Projet            `json:"projet"`
	Donnees      Donnees           `json:"donnees"`
	Cadre        Cadre             `json:"cadre"`
	Connexion    Connexion         `json:"connexion"`
	Contacts     Contacts          `json:"contacts"`
	Volumes      Volumes           `json:"volumes"`
	Engagements  Engagements       `json:"engagements"`
	Pieces       map[string]string `json:"pieces"` // field → identifier of a stored document
}

// Organisation is who applies.
type Organisation struct {
	Kind   droits.Kind `json:"categorie"`
	Nom    string      `json:"nom"`
	SIRET  string      `json:"siret"`
	FINESS string      `json:"finess"` // of an establishment
}

// Projet is what the data are for.
type Projet struct {
	Intitule    string     `json:"intitule"`
	Description string     `json:"description"`
	Purpose     string     `json:"finalite"` // preadmission | adhesion
	StartOn     civil.Date `json:"mise_en_service"`
}

// Donnees is which data, for whom and for how long.
type Donnees struct {
	Blocs         []droits.Bloc `json:"blocs"`
	Destinataires string        `json:"destinataires"`
	Months        int           `json:"conservation_mois"`
	Why           string        `json:"conservation_motif"` // above 36 months
}

// Cadre is the legal ground: a text, and its address or a document.
type Cadre struct {
	Nature  string `json:"nature"`
	Adresse string `json:"adresse"`
}

// Connexion is the FranceConnect authorisation of the same organisation.
type Connexion struct {
	Habilitation string `json:"habilitation"` // its number
	Client       string `json:"client"`       // identifier of the client
	Profile      string `json:"profil"`       // v1 | v2
}

// Contacts are who answers for the processing.
type Contacts struct {
	Responsable Contact `json:"responsable_traitement"`
	DPO         Contact `json:"delegue_protection_donnees"`
	Technique   Contact `json:"responsable_technique"`
}

// Contact is somebody to whom one writes.
type Contact struct {
	Nom       string `json:"nom"`
	Fonction  string `json:"fonction"`
	Courriel  string `json:"courriel"`
	Telephone string `json:"telephone"`
}

// Volumes is how many calls are expected.
type Volumes struct {
	PerDay    int    `json:"appels_par_jour"`
	PerSecond int    `json:"appels_par_seconde"`
	Why       string `json:"justification"` // above the smallest step
}

// Engagements are the boxes that only the applicant ticks.
type Engagements struct {
	Terms       string `json:"modalites"` // version accepted, "" when not
	DPOInformed bool   `json:"delegue_informe"`
}

// The limits beyond which a reason is asked for.
const (
	MaxMonths     = 1200
	PlainMonths   = 36
	PlainPerDay   = 1000
	PlainPerSec   = 20
	maxAnswer     = 5000
	maxShort      = 200
	minimumAnswer = 10
)

// Problem is what is wrong with one field: its name, a stable code, and what
// to do, in French. The value is never in it.
type Problem struct {
	Field string
	Code  string
	Text  string
}

// The codes of problems.
const (
	Missing   = "MANQUANT"
	TooLong   = "TROP_LONG"
	TooShort  = "TROP_COURT"
	WrongKey  = "CLE_FAUSSE"
	WrongForm = "FORME_INATTENDUE"
	OutOfStep = "HORS_LIMITES"
	NotOpen   = "NON_OUVERT"
)

// problems gathers what is wrong, in the order of the form.
type problems []Problem

func (p *problems) add(bad bool, field, code, text string) {
	if bad && !slices.ContainsFunc(*p, func(x Problem) bool { return x.Field == field }) {
		*p = append(*p, Problem{field, code, text})
	}
}

func (p *problems) text(field, v string, most int, what string) {
	n := utf8.RuneCountInString(strings.TrimSpace(v))
	p.add(n == 0, field, Missing, what)
	p.add(n > most || !utf8.ValidString(v), field, TooLong, "Ce texte est trop long : "+strconv.Itoa(most)+" caractères au plus.")
}

// Problems is what keeps the form from being submitted, in its order; empty
// when nothing does.
func (f Form) Problems() []Problem {
	var p problems
	f.organisation(&p)
	f.project(&p)
	f.data(&p)
	p.text("cadre.nature", f.Cadre.Nature, maxAnswer, "Indiquez le texte sur lequel repose votre demande, par exemple un article de loi.")
	p.add(f.Cadre.Adresse == "" && f.Pieces["cadre.document"] == "", "cadre.adresse", Missing, "Donnez l'adresse du texte, ou joignez-le.")
	p.add(f.Cadre.Adresse != "" && !webAddress(f.Cadre.Adresse), "cadre.adresse", WrongForm, "L'adresse commence par https://, par exemple https://www.legifrance.gouv.fr/.")
	p.text("connexion.habilitation", f.Connexion.Habilitation, maxShort, "Indiquez le numéro de votre habilitation FranceConnect. Sans elle, la demande ne peut pas être déposée.")
	p.text("connexion.client", f.Connexion.Client, maxShort, "Indiquez l'identifiant de votre client FranceConnect.")
	p.add(f.Connexion.Profile != "v1" && f.Connexion.Profile != "v2", "connexion.profil", Missing, "Choisissez la version de FranceConnect : v1 ou v2.")
	f.Contacts.Responsable.check(&p, "contacts.responsable_traitement")
	f.Contacts.DPO.check(&p, "contacts.delegue_protection_donnees")
	f.Contacts.Technique.check(&p, "contacts.responsable_technique")
	f.volumes(&p)
	p.add(f.Engagements.Terms == "", "engagements.modalites", Missing, "Lisez les modalités d'utilisation, puis acceptez-les.")
	p.add(!f.Engagements.DPOInformed, "engagements.delegue_informe", Missing, "Confirmez que votre délégué à la protection des données est informé de la demande.")
	return p
}

func (f Form) organisation(p *problems) {
	o := f.Organisation
	p.add(!slices.Contains(droits.Kinds(), o.Kind), "organisation.categorie", Missing, "Dites si vous êtes un établissement de soins ou un organisme complémentaire : les autres organismes ne sont pas éligibles.")
	p.text("organisation.nom", o.Nom, maxShort, "Indiquez le nom de l'organisme.")
	p.add(o.SIRET == "", "organisation.siret", Missing, "Indiquez le SIRET de l'organisme, 14 chiffres.")
	p.add(!partner.ValidSIRET(o.SIRET), "organisation.siret", WrongKey, "Ce SIRET n'existe pas : il a 14 chiffres, et sa clé doit être juste. Exemple : 123 456 789 00007.")
	if o.Kind == droits.Etablissement {
		p.add(o.FINESS == "", "organisation.finess", Missing, "Indiquez le numéro FINESS de l'établissement, 9 caractères.")
		p.add(!partner.ValidFINESS(o.FINESS), "organisation.finess", WrongKey, "Ce numéro FINESS n'existe pas : il a 9 caractères, et sa clé doit être juste.")
	}
}

func (f Form) project(p *problems) {
	p.text("projet.intitule", f.Projet.Intitule, maxShort, "Donnez un nom au projet.")
	p.text("projet.description", f.Projet.Description, maxAnswer, "Décrivez le projet : à quoi il sert et pour qui.")
	p.add(utf8.RuneCountInString(f.Projet.Description) < minimumAnswer, "projet.description", TooShort, "Décrivez le projet en quelques phrases : à quoi il sert et pour qui.")
	p.add(f.Projet.Purpose != PurposeOf(f.Organisation.Kind), "projet.finalite", NotOpen, "Un établissement de soins demande la pré-admission, un organisme complémentaire l'adhésion.")
}

// PurposeOf is the one purpose for which a kind of organisation may apply
// (source 002), "" for any other.
func PurposeOf(k droits.Kind) string {
	switch k {
	case droits.Etablissement:
		return "preadmission"
	case droits.OrganismeComplementaire:
		return "adhesion"
	}
	return ""
}

func (f Form) data(p *problems) {
	d := f.Donnees
	p.add(len(d.Blocs) == 0, "donnees.blocs", Missing, "Choisissez au moins une donnée.")
	for i, b := range d.Blocs {
		info, ok := b.Info()
		p.add(!ok || !info.For(f.Organisation.Kind) || slices.Contains(d.Blocs[:i], b), "donnees.blocs", NotOpen, "Une des données choisies n'est pas ouverte à votre catégorie d'organisme.")
	}
	p.text("donnees.destinataires", d.Destinataires, maxAnswer, "Indiquez qui recevra les données dans votre organisme.")
	p.add(d.Months < 1 || d.Months > MaxMonths, "donnees.conservation_mois", OutOfStep, "Indiquez la durée de conservation en mois, de 1 à 1 200.")
	p.add(d.Months > PlainMonths && strings.TrimSpace(d.Why) == "", "donnees.conservation_motif", Missing, "Au-delà de 36 mois, expliquez pourquoi les données doivent être gardées si longtemps.")
	p.add(utf8.RuneCountInString(d.Why) > maxAnswer, "donnees.conservation_motif", TooLong, "Ce texte est trop long.")
}

func (f Form) volumes(p *problems) {
	v := f.Volumes
	p.add(v.PerDay < 1 || v.PerDay > 10_000_000, "volumes.appels_par_jour", OutOfStep, "Indiquez le nombre d'appels attendus par jour.")
	p.add(v.PerSecond < 1 || v.PerSecond > 1000, "volumes.appels_par_seconde", OutOfStep, "Indiquez le nombre d'appels attendus par seconde, de 1 à 1 000.")
	p.add((v.PerDay > PlainPerDay || v.PerSecond > PlainPerSec) && strings.TrimSpace(v.Why) == "", "volumes.justification", Missing, "Au-delà de 1 000 appels par jour ou de 20 par seconde, expliquez ce besoin.")
	p.add(utf8.RuneCountInString(v.Why) > maxAnswer, "volumes.justification", TooLong, "Ce texte est trop long.")
}

func (c Contact) check(p *problems, at string) {
	p.text(at+".nom", c.Nom, maxShort, "Indiquez le nom de cette personne.")
	p.text(at+".fonction", c.Fonction, maxShort, "Indiquez sa fonction.")
	a, err := mail.ParseAddress(c.Courriel)
	p.add(err != nil || a.Address != c.Courriel || len(c.Courriel) > maxShort, at+".courriel", WrongForm, "Indiquez une adresse électronique, par exemple prenom.nom@hopital.example.")
	digits := strings.NewReplacer(" ", "", ".", "", "-", "", "+", "").Replace(c.Telephone)
	_, err = strconv.ParseUint(digits, 10, 64)
	p.add(err != nil || len(digits) < 8 || len(digits) > 15, at+".telephone", WrongForm, "Indiquez un numéro de téléphone, par exemple 01 99 00 00 01.")
}

func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && len(s) <= 500
}

// Change is one field that differs. The values are the applicant's own
// answers: they are shown to those who may read the request, and logged
// nowhere.
type Change struct {
	Field  string `json:"champ"`
	Before string `json:"avant"`
	After  string `json:"apres"`
}

// Diff lists the fields in which two forms differ, in the order of the form.
func Diff(a, b Form) (out []Change) {
	x, y := flat(a), flat(b)
	for i := range x {
		if x[i].value != y[i].value {
			out = append(out, Change{x[i].name, x[i].value, y[i].value})
		}
	}
	return append(out, attached(a.Pieces, b.Pieces)...)
}

type answer struct{ name, value string }

// flat lists the fields of a form by name, the documents left out.
func flat(f Form) []answer {
	blocs := make([]string, len(f.Donnees.Blocs))
	for i, b := range f.Donnees.Blocs {
		blocs[i] = string(b)
	}
	slices.Sort(blocs)
	start := ""
	if !f.Projet.StartOn.IsZero() {
		start = f.Projet.StartOn.String()
	}
	informed := ""
	if f.Engagements.DPOInformed {
		informed = "oui"
	}
	out := []answer{
		{"organisation.categorie", string(f.Organisation.Kind)}, {"organisation.nom", f.Organisation.Nom}, {"organisation.siret", f.Organisation.SIRET}, {"organisation.finess", f.Organisation.FINESS},
		{"projet.intitule", f.Projet.Intitule}, {"projet.description", f.Projet.Description}, {"projet.finalite", f.Projet.Purpose}, {"projet.mise_en_service", start},
		{"donnees.blocs", strings.Join(blocs, ", ")}, {"donnees.destinataires", f.Donnees.Destinataires}, {"donnees.conservation_mois", number(f.Donnees.Months)}, {"donnees.conservation_motif", f.Donnees.Why},
		{"cadre.nature", f.Cadre.Nature}, {"cadre.adresse", f.Cadre.Adresse},
		{"connexion.habilitation", f.Connexion.Habilitation}, {"connexion.client", f.Connexion.Client}, {"connexion.profil", f.Connexion.Profile},
	}
	for _, c := range []struct {
		at string
		Contact
	}{{"contacts.responsable_traitement", f.Contacts.Responsable}, {"contacts.delegue_protection_donnees", f.Contacts.DPO}, {"contacts.responsable_technique", f.Contacts.Technique}} {
		out = append(out, answer{c.at + ".nom", c.Nom}, answer{c.at + ".fonction", c.Fonction}, answer{c.at + ".courriel", c.Courriel}, answer{c.at + ".telephone", c.Telephone})
	}
	return append(out, answer{"volumes.appels_par_jour", number(f.Volumes.PerDay)}, answer{"volumes.appels_par_seconde", number(f.Volumes.PerSecond)}, answer{"volumes.justification", f.Volumes.Why},
		answer{"engagements.modalites", f.Engagements.Terms}, answer{"engagements.delegue_informe", informed})
}

// number is a number as it was written, "" for one that was not.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func attached(a, b map[string]string) (out []Change) {
	var names []string
	for k := range a {
		names = append(names, k)
	}
	for k := range b {
		if _, ok := a[k]; !ok {
			names = append(names, k)
		}
	}
	slices.Sort(names)
	for _, k := range names {
		if a[k] != b[k] {
			out = append(out, Change{k, a[k], b[k]})
		}
	}
	return out
}
