package policy

import "droits.example/droits/internal/droits"

// OpenOwn opens the dossier of somebody for that person's own eyes: the right
// of access (GDPR article 15) knows neither convention nor restriction. What
// is shown of it is traced by whoever shows it. Errors: service_indisponible.
func OpenOwn(c Candidate) (*droits.Famille, error) { return c.Dossier.Open() }

// OwnNumber is the whole number of a member of the person's own family, in
// groups, for a page on which the person has asked to see it; "" for a member
// who has none.
func OwnNumber(m droits.Membre) string {
	n := m.Personne.NIR.Reveal()
	if len(n) < 13 {
		return ""
	}
	out := n[:1] + " " + n[1:3] + " " + n[3:5] + " " + n[5:7] + " " + n[7:10] + " " + n[10:13]
	if len(n) > 13 {
		out += " " + n[13:]
	}
	return out
}
