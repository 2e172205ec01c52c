package convention

import (
	"slices"
	"strconv"
	"strings"

	"droits.example/droits/internal/droits"
)

// Wording is what the partner shows before the redirect: who asks, why, which
// blocks, which of them wait for a tick in the citizen space, and for how long.
// It derives from the document alone.
func (c Convention) Wording() string {
	purpose := "préparer votre admission"
	if c.Document.Purpose == "adhesion" {
		purpose = "faciliter votre adhésion"
	}
	var agreed, ticked []string
	for _, b := range c.Document.Blocks {
		switch i, ok := b.Info(); {
		case !ok:
		case slices.Contains(c.Document.Consent.Ticks, b):
			ticked = append(ticked, lowerFirst(i.Libelle))
		default:
			agreed = append(agreed, lowerFirst(i.Libelle))
		}
	}
	who := "l'organisme « " + c.Document.Parties.Name + " »"
	if len(agreed) == 0 {
		return "Pour " + purpose + ", " + who + " vous demande de cocher, dans votre espace personnel : " + strings.Join(ticked, " ; ") + "."
	}
	text := "Vous acceptez que soient transmis à " + who + ", pour " + purpose + " : " + strings.Join(agreed, " ; ") + ". "
	if len(ticked) > 0 {
		text += "Ne sont transmis que si vous les cochez vous-même dans votre espace personnel : " + strings.Join(ticked, " ; ") + ". "
	}
	return text + c.Document.Consent.term()
}

// term says how long the agreement lives.
func (c Consent) term() string {
	switch c.RepeatDays {
	case 0:
		return "Cet accord vaut pour cette connexion seulement."
	case 1:
		return "Cet accord vaut un jour. À chaque consultation, vous vous identifiez de nouveau."
	}
	return "Cet accord vaut " + strconv.Itoa(c.RepeatDays) + " jours. À chaque consultation, vous vous identifiez de nouveau."
}

// Libelles are the plain names of the blocks, in the catalogue's order.
func (c Convention) Libelles() []string {
	var out []string
	for _, i := range droits.Blocs() {
		if c.Has(i.Bloc) {
			out = append(out, i.Libelle)
		}
	}
	return out
}

func lowerFirst(s string) string {
	for i, r := range s {
		if i == 0 {
			return strings.ToLower(string(r)) + s[len(string(r)):]
		}
	}
	return s
}
