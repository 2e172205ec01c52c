package web

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/habilitation"
)

// answer is one field of the form: how it is asked, read and written. Its name
// is that of habilitation.Problem and of differences.
type answer struct {
	name, label, hint, kind string
	heading                 string // begins a group
	max                     int
	optional                bool
	auto, mode              string
	get                     func(*habilitation.Form) string
	set                     func(*habilitation.Form, string) bool // false: not what is asked for
	options                 func(habilitation.Form) []option
	only                    func(habilitation.Form) bool // nil = always asked
}

// words are the name of a question and how it is asked.
type words struct{ name, label, hint string }

// slot is a place for a document.
type slot struct{ field, label, hint string }

// formStep is one page of the form.
type formStep struct {
	slug, Title, Lead string
	answers           []answer
	slots             []slot
}

// Papers says what to have at hand for the step.
func (s formStep) Papers() string { return s.Lead }

// formSteps are the pages of the form in their order.
var formSteps = []formStep{
	{slug: "organisation", Title: "Votre organisme", Lead: "Le SIRET, et le numéro FINESS d'un établissement de soins.", answers: []answer{
		{name: "organisation.categorie", label: "Catégorie d'organisme", kind: "radio", get: func(f *habilitation.Form) string { return string(f.Organisation.Kind) }, set: setKind, options: kindOptions},
		written(words{"organisation.nom", "Nom de l'organisme", "Le nom que liront les personnes, par exemple Centre hospitalier d'Exemple."}, 200, func(f *habilitation.Form) *string { return &f.Organisation.Nom }).completed("organization"),
		{name: "organisation.siret", label: "SIRET", hint: "14 chiffres, celui de votre connexion : vous ne pouvez demander un accès que pour votre organisme.", kind: "text", mode: "numeric", max: 20,
			get: func(f *habilitation.Form) string { return f.Organisation.SIRET }, set: func(f *habilitation.Form, v string) bool { f.Organisation.SIRET = compact(v); return true }},
		{name: "organisation.finess", label: "Numéro FINESS", hint: "9 caractères, par exemple 120000013.", kind: "text", max: 15, only: func(f habilitation.Form) bool { return f.Organisation.Kind != droits.OrganismeComplementaire },
			get: func(f *habilitation.Form) string { return f.Organisation.FINESS }, set: func(f *habilitation.Form, v string) bool {
				f.Organisation.FINESS = strings.ToUpper(compact(v))
				return true
			}},
	}},
	{slug: "projet", Title: "Votre projet", Lead: "À quoi serviront les données, pour qui, et combien d'appels vous prévoyez.", answers: []answer{
		written(words{"projet.intitule", "Nom du projet", "Par exemple Préadmission en ligne."}, 200, func(f *habilitation.Form) *string { return &f.Projet.Intitule }),
		long(words{"projet.description", "Description", "À quoi sert le projet, pour qui, et à quel moment les données sont lues."}, func(f *habilitation.Form) *string { return &f.Projet.Description }),
		{name: "projet.mise_en_service", label: "Date de mise en service prévue", hint: "Par exemple 01/03/2027.", kind: "date", optional: true, get: startOf, set: setStart},
		number(words{"volumes.appels_par_jour", "Appels par jour", "Au plus fort d'une journée, par exemple 500."}, func(f *habilitation.Form) *int { return &f.Volumes.PerDay }),
		number(words{"volumes.appels_par_seconde", "Appels par seconde", "Au plus fort, par exemple 5."}, func(f *habilitation.Form) *int { return &f.Volumes.PerSecond }),
		long(words{"volumes.justification", "Pourquoi ce volume", "À remplir au-delà de 1 000 appels par jour ou de 20 par seconde."}, func(f *habilitation.Form) *string { return &f.Volumes.Why }).ifNeeded(),
	}, slots: []slot{{"projet.maquette", "Maquette du parcours", "Un PDF qui montre les écrans où les données apparaissent."}}},
	{slug: "donnees", Title: "Les données", Lead: "Les données nécessaires, qui les verra et combien de temps vous les garderez.", answers: []answer{
		{name: "donnees.blocs", label: "Données demandées", hint: "Ne cochez que celles dont votre démarche a besoin.", kind: "checkbox", get: func(f *habilitation.Form) string { return joined(f.Donnees.Blocs) }, set: setBlocks, options: blockOptions},
		long(words{"donnees.destinataires", "Destinataires des données", "Les services et les métiers qui les verront, par exemple les agents des admissions."}, func(f *habilitation.Form) *string { return &f.Donnees.Destinataires }),
		number(words{"donnees.conservation_mois", "Durée de conservation, en mois", "Par exemple 12. Au-delà de 36 mois, expliquez pourquoi."}, func(f *habilitation.Form) *int { return &f.Donnees.Months }),
		long(words{"donnees.conservation_motif", "Pourquoi cette durée", "À remplir au-delà de 36 mois."}, func(f *habilitation.Form) *string { return &f.Donnees.Why }).ifNeeded(),
	}},
	{slug: "cadre", Title: "Le cadre juridique", Lead: "Le texte sur lequel repose votre demande : son adresse, ou le document en PDF.", answers: []answer{
		long(words{"cadre.nature", "Nature et références du texte", "Par exemple un article de loi, un décret, une délibération."}, func(f *habilitation.Form) *string { return &f.Cadre.Nature }),
		written(words{"cadre.adresse", "Adresse du texte", "Elle commence par https://. À défaut, joignez le document plus bas."}, 500, func(f *habilitation.Form) *string { return &f.Cadre.Adresse }).ifNeeded().asAddress(),
	}, slots: []slot{{"cadre.document", "Le texte", "Un PDF, si le texte n'est pas en ligne."}}},
	{slug: "connexion", Title: "FranceConnect", Lead: "L'habilitation FranceConnect de votre organisme, validée, et l'identifiant de votre client.", answers: []answer{
		written(words{"connexion.habilitation", "Numéro de l'habilitation FranceConnect", "Celle du même organisme, déjà validée."}, 200, func(f *habilitation.Form) *string { return &f.Connexion.Habilitation }),
		written(words{"connexion.client", "Identifiant du client FranceConnect", "Le « client_id » que FranceConnect vous a donné."}, 200, func(f *habilitation.Form) *string { return &f.Connexion.Client }),
		{name: "connexion.profil", label: "Version de FranceConnect", kind: "radio", get: func(f *habilitation.Form) string { return f.Connexion.Profile }, set: setProfile, options: profileOptions},
	}},
	{slug: "contacts", Title: "Les contacts", Lead: "Le responsable de traitement, le délégué à la protection des données et le responsable technique.", answers: slices.Concat(
		contact("contacts.responsable_traitement", "Responsable de traitement", func(f *habilitation.Form) *habilitation.Contact { return &f.Contacts.Responsable }),
		contact("contacts.delegue_protection_donnees", "Délégué à la protection des données", func(f *habilitation.Form) *habilitation.Contact { return &f.Contacts.DPO }),
		contact("contacts.responsable_technique", "Responsable technique", func(f *habilitation.Form) *habilitation.Contact { return &f.Contacts.Technique }),
	)},
}

// written is a line of text.
func written(w words, most int, at func(*habilitation.Form) *string) answer {
	return answer{name: w.name, label: w.label, hint: w.hint, kind: "text", max: most, get: func(f *habilitation.Form) string { return *at(f) }, set: func(f *habilitation.Form, v string) bool {
		*at(f) = v
		return true
	}}
}

// long is a text of several lines.
func long(w words, at func(*habilitation.Form) *string) answer {
	a := written(w, 5000, at)
	a.kind = "textarea"
	return a
}

// number is a whole number; nothing is 0.
func number(w words, at func(*habilitation.Form) *int) answer {
	return answer{name: w.name, label: w.label, hint: w.hint, kind: "text", mode: "numeric", max: 12,
		get: func(f *habilitation.Form) string {
			if *at(f) == 0 {
				return ""
			}
			return strconv.Itoa(*at(f))
		},
		set: func(f *habilitation.Form, v string) bool {
			n, err := strconv.Atoi(compact(v))
			if v != "" && (err != nil || n < 0 || n > 1_000_000_000) {
				return false
			}
			*at(f) = n
			return true
		}}
}

func (a answer) completed(auto string) answer { a.auto = auto; return a }

// ifNeeded says that the answer may be empty; the check of the form knows when
// it may not.
func (a answer) ifNeeded() answer { a.optional = true; return a }

func (a answer) asAddress() answer { a.kind, a.mode = "url", "url"; return a }

// contact asks for a person to write to.
func contact(at, who string, c func(*habilitation.Form) *habilitation.Contact) []answer {
	out := []answer{
		written(words{at + ".nom", "Nom et prénom", ""}, 200, func(f *habilitation.Form) *string { return &c(f).Nom }),
		written(words{at + ".fonction", "Fonction", ""}, 200, func(f *habilitation.Form) *string { return &c(f).Fonction }),
		written(words{at + ".courriel", "Adresse électronique", "Par exemple prenom.nom@hopital.example."}, 200, func(f *habilitation.Form) *string { return &c(f).Courriel }),
		written(words{at + ".telephone", "Téléphone", "Par exemple 01 99 00 00 01."}, 30, func(f *habilitation.Form) *string { return &c(f).Telephone }),
	}
	out[0].heading = who
	out[2].kind, out[3].kind, out[3].mode = "email", "tel", "tel"
	return out
}

// compact forgives the spaces that people write in numbers.
func compact(s string) string {
	return strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "").Replace(s)
}

func setKind(f *habilitation.Form, v string) bool {
	if !slices.Contains(droits.Kinds(), droits.Kind(v)) {
		return v == ""
	}
	f.Organisation.Kind = droits.Kind(v)
	f.Projet.Purpose = habilitation.PurposeOf(f.Organisation.Kind)
	return true
}

func kindOptions(f habilitation.Form) []option {
	return kindChoices("", string(f.Organisation.Kind), "").Options[:2]
}

func startOf(f *habilitation.Form) string {
	if f.Projet.StartOn.IsZero() {
		return ""
	}
	return f.Projet.StartOn.String()
}

// setStart reads the date that browsers send, or the one that people write.
func setStart(f *habilitation.Form, v string) bool {
	if v == "" {
		f.Projet.StartOn = 0
		return true
	}
	for _, layout := range []string{time.DateOnly, "02/01/2006", "2/1/2006"} {
		at, err := time.Parse(layout, v)
		if err != nil || at.Year() < 2000 || at.Year() > 2200 {
			continue
		}
		f.Projet.StartOn, err = civil.Parse(at.Format(time.DateOnly))
		return err == nil
	}
	return false
}

func joined(list []droits.Bloc) string {
	out := make([]string, len(list))
	for i, b := range list {
		out[i] = string(b)
	}
	return strings.Join(out, ",")
}

// setBlocks keeps the blocks that exist, in the catalogue's order.
func setBlocks(f *habilitation.Form, v string) bool {
	asked := strings.Split(v, ",")
	f.Donnees.Blocs = nil
	for _, i := range droits.Blocs() {
		if slices.Contains(asked, string(i.Bloc)) {
			f.Donnees.Blocs = append(f.Donnees.Blocs, i.Bloc)
		}
	}
	return true
}

// blockOptions are the blocks that the kind of organisation may receive.
func blockOptions(f habilitation.Form) (out []option) {
	for _, i := range droits.Blocs() {
		if !i.For(f.Organisation.Kind) {
			continue
		}
		o := option{Value: string(i.Bloc), Label: blockNames[i.Bloc], Checked: slices.Contains(f.Donnees.Blocs, i.Bloc)}
		if i.Sensitive {
			o.Hint = "Donnée de santé : la personne doit la cocher elle-même."
		}
		out = append(out, o)
	}
	return out
}

// blockNames are the blocks as professionals call them.
var blockNames = map[droits.Bloc]string{
	droits.BlocIdentite: "Identité de la personne", droits.BlocBeneficiaires: "Identité des personnes qui lui sont rattachées", droits.BlocCaisse: "Caisse gestionnaire",
	droits.BlocContrats: "Droits de base et complémentaire santé solidaire", droits.BlocPresenceMedecin: "Existence d'un médecin traitant", droits.BlocMedecinTraitant: "Nom du médecin traitant",
	droits.BlocExonerations: "Existence et dates d'une exonération", droits.BlocExonerationsMotif: "Motif de l'exonération, dates de maternité comprises",
	droits.BlocComplementaire: "Souscription d'une complémentaire santé", droits.BlocComplementaireReference: "Référence de la complémentaire santé",
	droits.BlocArretsTravail: "Numéro et dates des arrêts de travail", droits.BlocRisquesProfessionnels: "Couverture au titre d'un arrêt de travail ou d'une maladie professionnelle",
}

func setProfile(f *habilitation.Form, v string) bool {
	if v != "" && v != "v1" && v != "v2" {
		return false
	}
	f.Connexion.Profile = v
	return true
}

func profileOptions(f habilitation.Form) []option {
	return []option{{Value: "v2", Label: "FranceConnect v2", Checked: f.Connexion.Profile == "v2"}, {Value: "v1", Label: "FranceConnect v1", Hint: "Si votre service ne l'a pas encore quittée.", Checked: f.Connexion.Profile == "v1"}}
}
