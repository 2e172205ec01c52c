package store

import (
	"errors"

	"github.com/tinylib/msgp/msgp"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/nir"
)

func fromPersonne(p droits.Personne) docPersonne {
	return docPersonne{NIR: digits13(p.NIR), Nom: p.NomFamille, Usage: p.NomUsage, Prenoms: p.Prenoms, Complets: p.PrenomsComplets, Naissance: int32(p.NaissanceOn), Sexe: string(p.Sexe), Lieu: p.LieuNaissance, Pays: p.PaysNaissance, Deces: int32(p.DecesOn)}
}

func digits13(n nir.NIR) string {
	if n.IsZero() {
		return ""
	}
	b := n.Fixed()
	return string(b[:])
}

func (d *docPersonne) personne() droits.Personne {
	return droits.Personne{NIR: number(d.NIR), NomFamille: d.Nom, NomUsage: d.Usage, Prenoms: d.Prenoms, PrenomsComplets: d.Complets, NaissanceOn: civil.Date(d.Naissance), Sexe: droits.Sexe(d.Sexe), LieuNaissance: d.Lieu, PaysNaissance: d.Pays, DecesOn: civil.Date(d.Deces)}
}

func (d *docPersonne) record(sentinelle bool) identity.Record {
	return identity.Record{NIR: number(d.NIR), NomFamille: d.Nom, NomUsage: d.Usage, Prenoms: d.Prenoms, PrenomsComplets: d.Complets, NaissanceOn: civil.Date(d.Naissance), Sexe: identity.Sexe(d.Sexe), LieuNaissance: d.Lieu, PaysNaissance: d.Pays, Sentinelle: sentinelle}
}

func number(s string) nir.NIR {
	if s == "" {
		return nir.NIR{}
	}
	n, _ := nir.Parse(s) // it was checked before it was sealed
	return n
}

func fromPeriod(p civil.Period) docPeriode { return docPeriode{From: int32(p.From), To: int32(p.To)} }
func (d docPeriode) period() civil.Period {
	return civil.Period{From: civil.Date(d.From), To: civil.Date(d.To)}
}

func fromLien(r droits.Rattachement) docLien {
	d := docLien{Qualite: string(r.Qualite), Rang: r.RangNaissance, Caisse: r.Caisse.ID, P: fromPeriod(r.Periode)}
	for _, c := range r.Contrats {
		x := docContrat{Nature: string(c.Nature), Code: c.CodeType, P: fromPeriod(c.Periode)}
		for _, p := range c.Droits {
			x.Droits = append(x.Droits, fromPeriod(p))
		}
		d.Contrats = append(d.Contrats, x)
	}
	for _, e := range r.Exonerations {
		x := docExoneration{Code: e.Code, P: fromPeriod(e.Periode)}
		if e.Maternite != nil {
			x.Presumee, x.Accouchement = int32(e.Maternite.PresumeeOn), int32(e.Maternite.AccouchementOn)
		}
		d.Exonerations = append(d.Exonerations, x)
	}
	for _, m := range r.MedecinsTraitants {
		d.Medecins = append(d.Medecins, docDate{A: m.Nom, B: m.Prenom, C: m.NumeroAM, P: fromPeriod(m.Periode)})
	}
	for _, c := range r.Complementaires {
		d.Complements = append(d.Complements, docDate{A: c.Organisme, B: c.NumeroOrganisme, C: c.NumeroContrat, P: fromPeriod(c.Periode)})
	}
	for _, a := range r.ArretsTravail {
		d.Arrets = append(d.Arrets, docDate{A: a.Nature, B: a.Numero, P: fromPeriod(a.Periode)})
	}
	for _, x := range r.RisquesProfessionnels {
		d.Risques = append(d.Risques, docDate{A: x.Nature, P: fromPeriod(x.Periode)})
	}
	return d
}

// fill writes the link where it belongs: a family is large enough to be worth
// no copy.
func (d *docLien) fill(r *droits.Rattachement, caisses map[string]droits.Caisse) {
	r.Qualite, r.RangNaissance, r.Periode = droits.Qualite(d.Qualite), d.Rang, d.P.period()
	if c, ok := caisses[d.Caisse]; ok {
		r.Caisse = c
	} else {
		r.Caisse.ID = d.Caisse
	}
	for _, c := range d.Contrats {
		x := droits.Contrat{Nature: droits.NatureAssurance(c.Nature), CodeType: c.Code, Periode: c.P.period()}
		for _, p := range c.Droits {
			x.Droits = append(x.Droits, p.period())
		}
		r.Contrats = append(r.Contrats, x)
	}
	for _, e := range d.Exonerations {
		x := droits.Exoneration{Code: e.Code, Periode: e.P.period()}
		if e.Presumee != 0 || e.Accouchement != 0 {
			x.Maternite = &droits.Maternite{PresumeeOn: civil.Date(e.Presumee), AccouchementOn: civil.Date(e.Accouchement)}
		}
		r.Exonerations = append(r.Exonerations, x)
	}
	for _, m := range d.Medecins {
		r.MedecinsTraitants = append(r.MedecinsTraitants, droits.MedecinTraitant{Nom: m.A, Prenom: m.B, NumeroAM: m.C, Periode: m.P.period()})
	}
	for _, c := range d.Complements {
		r.Complementaires = append(r.Complementaires, droits.Complementaire{Organisme: c.A, NumeroOrganisme: c.B, NumeroContrat: c.C, Periode: c.P.period()})
	}
	for _, a := range d.Arrets {
		r.ArretsTravail = append(r.ArretsTravail, droits.ArretTravail{Nature: a.A, Numero: a.B, Periode: a.P.period()})
	}
	for _, x := range d.Risques {
		r.RisquesProfessionnels = append(r.RisquesProfessionnels, droits.RisqueProfessionnel{Nature: x.A, Periode: x.P.period()})
	}
}

// famille joins a person's own links and those that it opens to others. Only
// what passes through the person itself is there: never the other parent,
// never upwards.
func famille(self droits.Personne, own *docLiens, others *docFamille, p *population) *droits.Famille {
	f := &droits.Famille{Assure: self, DonneesOn: p.donneesOn, Rattachements: make([]droits.Rattachement, len(own.Liens)+len(others.Liens))}
	for i := range own.Liens {
		r := &f.Rattachements[i]
		own.Liens[i].fill(r, p.caisses)
		r.Beneficiaire, r.Propre = self, true
	}
	if len(others.Liens) == 0 {
		return f
	}
	people := make([]droits.Personne, len(others.Membres))
	for i := range others.Membres {
		m := &others.Membres[i]
		people[i] = m.P.personne()
		people[i].ID = m.ID
		copy(people[i].Sujet[:], m.Sujet)
		people[i].Before = splitSubjects(m.Before)
	}
	for i := range others.Liens {
		r := &f.Rattachements[len(own.Liens)+i]
		others.Liens[i].fill(r, p.caisses)
		r.Beneficiaire = people[others.Liens[i].Beneficiaire]
	}
	return f
}

func decode(b []byte, v msgp.Unmarshaler) error {
	left, err := v.UnmarshalMsg(b)
	if err == nil && len(left) > 0 {
		err = errors.New("store: bytes after a sealed value")
	}
	return err
}
