package access

import "strings"

// Relative is how the pages of a person name it or one of today's dependants.
type Relative struct {
	Ref  string
	Name string
	Self bool
}

// Family names the person, first, and today's dependants, to fill the lists of
// its own pages: it tells nothing of their rights and leaves no trace.
func (s *Service) Family(c Citizen) (out []Relative) {
	if !c.known {
		return nil
	}
	for _, m := range s.members(c, s.today()) {
		name := m.Personne.NomFamille
		if m.Personne.NomUsage != "" {
			name = m.Personne.NomUsage
		}
		out = append(out, Relative{s.refOf(c, m), strings.TrimSpace(m.Personne.Prenom() + " " + name), m.Self})
	}
	return out
}
