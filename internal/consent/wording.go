package consent

import (
	"strings"
	"time"

	"droits.example/droits/internal/civil"
)

// wording says in a sentence what the record agrees to, to whom, why and for
// how long: it derives from the record, not from what its convention may open.
func (r *Record) wording(partner string) string {
	var blocks []string
	for _, b := range r.Blocks {
		if i, ok := b.Info(); ok {
			blocks = append(blocks, lowerFirst(i.Libelle))
		}
	}
	text, list := "Vous acceptez que soient transmis à l'organisme « "+partner+" », pour ", strings.Join(blocks, " ; ")
	if r.Channel == ChannelSpace {
		text = "Vous avez choisi, dans votre espace personnel, de laisser lire à l'organisme « " + partner + " », pour "
	}
	if len(blocks) == 0 {
		list = "aucune donnée"
	}
	return text + asked(r.Purpose) + " : " + list + ". " + r.term()
}

// term says how long the agreement lives. What lives for less than a day is one
// connection's.
func (r *Record) term() string {
	if r.Channel != ChannelSpace && r.ExpiresAt.Sub(r.GivenAt) < 24*time.Hour {
		return "Cet accord vaut pour cette connexion seulement."
	}
	return "Cet accord vaut jusqu'au " + r.ExpiresAt.In(civil.Paris()).Format("02/01/2006 à 15 h 04") + ", heure de Paris. À chaque consultation, vous vous identifiez de nouveau."
}

// asked is the purpose as it is said to the person.
func asked(purpose string) string {
	switch purpose {
	case "preadmission":
		return "préparer votre admission"
	case "adhesion":
		return "faciliter votre adhésion"
	}
	return purpose
}

func lowerFirst(s string) string {
	for i, r := range s {
		if i == 0 {
			return strings.ToLower(string(r)) + s[len(string(r)):]
		}
	}
	return s
}
