package notify

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"droits.example/droits/internal/civil"
)

// closingKeys ends every letter about a key.
const closingKeys = `

Ce message est automatique. Il ne contient ni clé d'API ni donnée de personne, et nous ne vous demanderons jamais votre clé. Pour toute question, rapprochez-vous du gestionnaire des conventions en citant l'identifiant de la clé.
`

// unusual says the alarms in French.
var unusual = map[string]string{
	"enumeration": "une suite de numéros de sécurité sociale inconnus, sans réponse entre eux",
	"inconnus":    "un grand nombre de numéros de sécurité sociale inconnus en une heure",
	"adresses":    "des appels venus d'un grand nombre d'adresses réseau en une heure",
	"volume":      "un nombre d'appels très supérieur à celui des jours précédents",
	"horaires":    "des appels de nuit, alors que cette clé n'en fait pas d'ordinaire",
	"exploitant":  "une décision du gestionnaire de la plateforme",
}

// AboutKey reports whether a message is about an API key or a certificate.
func AboutKey(t Type) bool {
	switch t {
	case KeyExpiring, CertificateExpiring, KeySuspended, KeyResumed, UsageUnusual:
		return true
	}
	return false
}

// LetterAboutKey is the letter to a partner's technical contact, or to the
// operator, made from the event's body. It names a key by its identifier and its
// last four characters, and requests by their identifiers; nobody else. ok is
// false for an event that is not about a key.
func LetterAboutKey(body []byte) (l Letter, ok bool) {
	var e Event
	if json.Unmarshal(body, &e) != nil || e.Key == "" {
		return l, false
	}
	key := "la clé d'API " + e.Key + " (qui se termine par « " + e.Last4 + " »)"
	switch e.Type {
	case KeyExpiring:
		l.Subject = "Une de vos clés d'API prend bientôt fin"
		l.Text = "Bonjour,\n\n" + upperFirst(key) + " prend fin " + when(e) + ". Après cette date, les appels qui la présentent seront refusés.\n\nDeux clés peuvent vivre en même temps : demandez la suivante, mettez-la en service, puis laissez celle-ci prendre fin." + closingKeys
	case CertificateExpiring:
		l.Subject = "Un de vos certificats prend bientôt fin"
		l.Text = "Bonjour,\n\nUn certificat client rattaché à " + key + " prend fin " + when(e) + ". Son empreinte SHA-256 commence par " + firstOf(e.Reason, 16) + ".\n\nPlusieurs certificats peuvent être rattachés en même temps : faites rattacher le suivant avant cette date." + closingKeys
	case KeySuspended:
		l.Subject = "Une clé d'API est suspendue"
		l.Text = "Bonjour,\n\n" + upperFirst(key) + " est suspendue : ses appels sont refusés avec le code « cle_suspendue ». Motif : " + unusual[e.Reason] + "." + cited(e) + "\n\nVérifiez le logiciel et les personnes qui ont émis ces requêtes, puis demandez la reprise au gestionnaire des conventions. Si votre clé a pu être copiée, demandez sa révocation." + closingKeys
	case KeyResumed:
		l.Subject = "Une clé d'API est remise en service"
		l.Text = "Bonjour,\n\nLa suspension de " + key + " est levée : ses appels sont de nouveau acceptés." + closingKeys
	case UsageUnusual:
		l.Subject = "Un usage inhabituel d'une clé d'API"
		l.Text = "Bonjour,\n\nNous relevons un usage inhabituel de " + key + " : " + unusual[e.Reason] + "." + cited(e) + "\n\nLes appels restent acceptés. Vérifiez que cet usage est bien le vôtre ; si ce n'est pas le cas, demandez la révocation de la clé." + closingKeys
	default:
		return l, false
	}
	return l, true
}

func when(e Event) string {
	on := civil.On(e.Until.Add(-time.Millisecond))
	day := "le " + frenchDay(on.String())
	if e.Days == nil || *e.Days == 0 {
		return day + ", au plus tard en fin de journée (heure de Paris)"
	}
	return day + ", dans " + strconv.Itoa(*e.Days) + " jours au plus"
}

func cited(e Event) string {
	if len(e.Requests) == 0 {
		return ""
	}
	return " Identifiants des requêtes en cause :\n\n" + strings.Join(e.Requests, "\n")
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func firstOf(s string, n int) string { return s[:min(n, len(s))] }
