package convention

import (
	"strings"

	"droits.example/droits/internal/droits"
)

// Wording is the sentence that the partner shows before the redirect: who
// asks, why, and which blocks. It derives from the document alone.
func (c Convention) Wording() string {
	purpose := "préparer votre admission"
	if c.Document.Purpose == "adhesion" {
		purpose = "faciliter votre adhésion"
	}
	var names []string
	for _, b := range c.Document.Blocks {
		if i, ok := b.Info(); ok {
			names = append(names, lowerFirst(i.Libelle))
		}
	}
	return "Vous acceptez que soient transmis à l'organisme « " + c.Document.Parties.Name + " », pour " + purpose + " : " + strings.Join(names, " ; ") + "."
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
