package web

import (
	"strconv"
	"strings"
	"time"

	"droits.example/droits/internal/access"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/trace"
)

// noBreak keeps French punctuation with its word, in texts that come as data;
// the templates write their own.
var noBreak = strings.NewReplacer(" ;", "\u00a0;", " : ", "\u00a0: ", " ?", "\u00a0?", " !", "\u00a0!", "« ", "«\u00a0", " »", "\u00a0»")

func fr(s string) string { return noBreak.Replace(s) }

var months = [...]string{"", "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"}

// shortMonths stand on the axis of a figure.
var shortMonths = [...]string{"", "janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."}

// day is a date of a table: 22/11/2026. What is unknown of a birth date is
// left out; no date is a dash.
func day(d civil.Date) string {
	switch {
	case d.IsZero():
		return "–"
	case d.Month() == 0:
		return strconv.Itoa(d.Year())
	case d.Day() == 0:
		return two(d.Month()) + "/" + strconv.Itoa(d.Year())
	}
	return two(d.Day()) + "/" + two(d.Month()) + "/" + strconv.Itoa(d.Year())
}

// longDay is a date of a sentence: 22 novembre 2026.
func longDay(d civil.Date) string {
	if d.IsZero() || d.Month() == 0 || d.Day() == 0 {
		return day(d)
	}
	n := strconv.Itoa(d.Day())
	if d.Day() == 1 {
		n = "1er"
	}
	return n + "\u00a0" + months[d.Month()] + " " + strconv.Itoa(d.Year())
}

// clockTime is 14 h 05, in Paris.
func clockTime(t time.Time) string {
	t = t.In(civil.Paris())
	return strconv.Itoa(t.Hour()) + "\u00a0h\u00a0" + two(t.Minute())
}

// instant is a moment of a table: 22/11/2026 à 14 h 05.
func instant(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return day(civil.On(t)) + " à\u00a0" + clockTime(t)
}

// longInstant is a moment of a sentence.
func longInstant(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return longDay(civil.On(t)) + " à\u00a0" + clockTime(t) + " (heure de Paris)"
}

// period is "du … au …", or what is known of it.
func period(p civil.Period) string {
	switch {
	case p.From.IsZero() && p.To.IsZero():
		return "sans date"
	case p.To.IsZero():
		return "depuis le\u00a0" + day(p.From)
	case p.From.IsZero():
		return "jusqu'au\u00a0" + day(p.To)
	case p.From == p.To:
		return "le\u00a0" + day(p.From)
	}
	return "du\u00a0" + day(p.From) + " au\u00a0" + day(p.To)
}

func two(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

// count is a number and its noun; the plural is the noun with an s unless
// given.
func count(n int, noun string, plural ...string) string {
	s := strconv.Itoa(n) + "\u00a0" + noun
	switch {
	case n < 2:
	case len(plural) > 0:
		s = strconv.Itoa(n) + "\u00a0" + plural[0]
	default:
		s += "s"
	}
	return s
}

// kindOf says what sort of partner it is.
func kindOf(k droits.Kind) string {
	switch k {
	case droits.Etablissement:
		return "Établissement de soins"
	case droits.OrganismeComplementaire:
		return "Organisme complémentaire"
	case droits.Editeur:
		return "Éditeur de logiciel"
	}
	return "Organisme"
}

// purposeOf says why a partner reads.
func purposeOf(p string) string {
	switch p {
	case "preadmission":
		return "Préparer une admission"
	case "adhesion":
		return "Faciliter une adhésion"
	case "", access.Space:
		return "Utiliser votre espace"
	}
	return "Démarche auprès de cet organisme"
}

// refusals say to the person why nothing, or not everything, was told. Codes
// that are the partner's own business read as one sentence.
var refusals = map[fault.Code]string{
	fault.ConsentementRetire:          "Refusé : vous aviez retiré votre accord",
	fault.ConsentementExpliciteRequis: "Refusé : votre accord explicite était nécessaire",
	fault.DonneesIndisponibles:        "Refusé : données non communicables",
	fault.BeneficiaireInconnu:         "Refusé : personne non rattachée",
	fault.OperationHorsConvention:     "Refusé : hors de la convention de l'organisme",
	fault.OperationReservee:           "Refusé : réservé à d'autres organismes",
	fault.PorteeInsuffisante:          "Refusé : non prévu lors de votre connexion",
	fault.JetonInvalide:               "Refusé : connexion expirée",
	fault.QuotaDepasse:                "Refusé : trop de demandes de l'organisme",
	fault.CaisseAbsente:               "Aucune donnée : caisse inconnue",
	fault.MedecinTraitantAbsent:       "Aucune donnée : pas de médecin traitant déclaré",
	fault.NiveauInsuffisant:           "Refusé : niveau de connexion insuffisant",
}

// outcomeOf says how an access ended.
func outcomeOf(outcome string) tag {
	if outcome == served || outcome == "" {
		return tag{"ok", "Données transmises"}
	}
	if text, ok := refusals[fault.Code(outcome)]; ok {
		return tag{"warn", text}
	}
	return tag{"warn", "Refusé : aucune donnée transmise"}
}

// served is the outcome of an access that was answered.
const served = "servi"

// blocksOf are the plain names of blocks.
func blocksOf(list []droits.Bloc) (out []string) {
	for _, b := range list {
		if i, ok := b.Info(); ok {
			out = append(out, i.Libelle)
		}
	}
	return out
}

// operationOf says what was asked, in words.
func operationOf(id string) string {
	switch id {
	case "getMe":
		return "Votre identité"
	case "getBeneficiaires":
		return "La liste des personnes qui vous sont rattachées"
	case "getBeneficiairesNir":
		return "L'identité d'une personne"
	case "getBeneficiairesNirCaisse":
		return "La caisse"
	case "getBeneficiairesNirContrats":
		return "Les droits de base et la complémentaire santé solidaire"
	case "getBeneficiairesNirExonerations":
		return "Les exonérations"
	case "getBeneficiairesNirMedecinTraitant":
		return "Le médecin traitant"
	case "getComplementaire":
		return "La complémentaire santé"
	case "getArretsTravail":
		return "Les arrêts de travail"
	case "getRisquesProfessionnels":
		return "Les risques professionnels"
	}
	if text, ok := events[id]; ok {
		return text
	}
	return "Une consultation"
}

// eventOf says what happened, for an event that is no reading.
func eventOf(l access.Reading) string {
	text, ok := events[l.Operation]
	switch {
	case ok:
	case l.Class == trace.ConsentEvent:
		text = "Une décision sur un partage"
	case l.Class == trace.RightsRequest:
		text = "Une demande de votre part"
	default:
		text = "Un événement sur votre dossier"
	}
	if l.PartnerName != "" {
		text += " : " + l.PartnerName
	}
	return text
}

// actorOf says who did it.
func actorOf(l access.Reading) string {
	switch l.Actor {
	case trace.ActorOperator:
		return "Le gestionnaire du service"
	case trace.ActorSystem:
		return "Personne : une date prévue est arrivée"
	case trace.ActorPartner:
		return partnerName(l)
	case trace.ActorRepresentative:
		return "Un représentant légal"
	}
	return "Vous"
}

// events are what happens beside the readings of partners, as the trail names
// it.
var events = map[string]string{
	"connexion": "Connexion à votre espace", "consulter_mes_droits": "Vos droits, vus par vous", "afficher_mon_numero": "Affichage d'un numéro en entier",
	"consulter_mes_acces": "Cette liste, vue par vous", "obtenir_une_preuve": "La preuve d'une consultation", "signalement": "Signalement d'une consultation", "reglages": "Réglage des messages",
	"retrait": "Accord retiré", "pause": "Partage mis en pause", "autorisation": "Partage de nouveau autorisé", "choix": "Choix des données et des personnes",
	"contestation": "Accord contesté", "fin": "Accord arrivé à son terme", "limitation_posee": "Limitation du traitement posée", "limitation_levee": "Limitation du traitement levée",
}
