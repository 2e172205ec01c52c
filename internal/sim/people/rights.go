package people

import (
	"fmt"

	"droits.example/droits/internal/civil"
)

// since is a period without an end.
func since(d civil.Date) periode { return periode{DateDebut: d} }

func between(from, to civil.Date) periode { return periode{from, to} }

// base is the basic cover, open since a day.
func base(from civil.Date) contrat {
	return contrat{"AMO", "BASE", since(from), []periode{since(from)}}
}

// assure opens a person's own rights, with the basic cover.
func (w *world) assure(p *personne, caisse string) *rattachement {
	from := max(civil.Of(p.DateNaissance.Year()+18, 9, 1), civil.Of(1990, 1, 1))
	if from > w.day {
		from = w.day.AddDays(-30)
	}
	r := &rattachement{Ouvrant: p.ID, Qualite: "assure", RangNaissance: 1, Caisse: caisse, periode: since(from), Contrats: []contrat{base(from)}}
	p.Rattachements = append(p.Rattachements, r)
	return r
}

// attach links a child to a parent since its birth.
func attach(child, parent *personne, caisse string, rank int) *rattachement {
	from := child.DateNaissance
	r := &rattachement{Ouvrant: parent.ID, Qualite: "enfant", RangNaissance: rank, Caisse: caisse, periode: since(from), Contrats: []contrat{base(from)}}
	child.Rattachements = append(child.Rattachements, r)
	return r
}

// doctor is a declared médecin traitant; n tells them apart.
func doctor(n int, p periode) []medecin {
	return []medecin{{doctors[n%len(doctors)], doctorGiven[n%len(doctorGiven)], fmt.Sprintf("9999%05d", 10000+n%len(doctors)), p}}
}

// cover is a private complementary cover; n tells the contracts apart.
func cover(n int, p periode) []complementaire {
	return []complementaire{{insurers[n%len(insurers)], fmt.Sprintf("99900%04d", n%len(insurers)+1), fmt.Sprintf("FICTIF-%06d", n), p}}
}

// solidarity is a C2S or C2SP contract of one year around the day.
func (w *world) solidarity(code string) contrat {
	p := between(w.day.AddDays(-120), w.day.AddDays(245))
	return contrat{"AMC", code, p, []periode{p}}
}

var (
	doctors     = []string{"PIQUEMAL", "ROUSSANE", "VERDALLE", "LESTRADE", "AUBRAC", "QUINSAC", "MONTBRUN", "SAUVETERRE"}
	doctorGiven = []string{"Odile", "Bastien", "Solène", "Ferdinand", "Maëlle", "Gaspard", "Inès"}
	insurers    = []string{"Mutuelle imaginaire du Vercors", "Prévoyance fictive des Causses", "Assurance inventée de l'Estuaire", "Mutuelle des Exemples"}
)
