package policy

import (
	"sort"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
)

// Release tells, field by field, what the decision opens of one member, or of
// the whole family for the list of bénéficiaires. Errors: caisse_absente,
// medecin_traitant_absent, donnees_indisponibles.
func (d *Decision) Release(f *droits.Famille, m droits.Membre) (View, error) {
	s := m.Personne.Sujet
	if err := d.Check(s); err != nil {
		return View{}, err
	}
	v := View{Op: d.req.Op, Members: []droits.Sujet{s}}
	mask := d.mask(s, m.Self)
	switch d.req.Op {
	case droits.OpMe, droits.OpBeneficiaire:
		v.Beneficiaires = []Beneficiaire{d.beneficiaire(m, mask)}
	case droits.OpBeneficiaires:
		v.Beneficiaires, v.Members = d.family(f)
	case droits.OpCaisse:
		return d.caisse(v, m, mask)
	case droits.OpContrats:
		v.Contrats = d.contrats(m, mask)
	case droits.OpExonerations:
		v.Exonerations = d.exonerations(m, mask)
	case droits.OpMedecinTraitant:
		return d.medecin(v, m, mask)
	case droits.OpComplementaire:
		v.Complementaire = d.complementaire(m, mask)
	case droits.OpArretsTravail:
		v.Arrets = d.arrets(m, mask)
	case droits.OpRisquesProfessionnels:
		v.Risques = d.risques(m, mask)
	}
	return v, nil
}

func (d *Decision) family(f *droits.Famille) (out []Beneficiaire, members []droits.Sujet) {
	out = []Beneficiaire{}
	for _, m := range append([]droits.Membre{f.Self(d.req.Window)}, f.Dependants(d.req.Window)...) {
		s := m.Personne.Sujet
		mask := d.mask(s, m.Self)
		if mask == 0 {
			continue
		}
		out, members = append(out, d.beneficiaire(m, mask)), append(members, s)
	}
	return out, members
}

func (d *Decision) beneficiaire(m droits.Membre, mask droits.Mask) Beneficiaire {
	p, b := m.Personne, Beneficiaire{}
	set := func(c droits.Champ, do func()) {
		if mask.Has(c) {
			do()
		}
	}
	set(droits.BeneficiaireNIR, func() { b.NIR = p.NIR.Reveal() })
	set(droits.BeneficiaireNomFamille, func() { b.NomFamille = p.NomFamille })
	set(droits.BeneficiaireNomUsage, func() { b.NomUsage = p.NomUsage })
	set(droits.BeneficiairePrenom, func() { b.Prenom = p.Prenom() })
	set(droits.BeneficiaireDateNaissance, func() { b.NaissanceOn = p.NaissanceOn })
	set(droits.BeneficiaireQualite, func() { b.Qualite = qualite(m) })
	set(droits.BeneficiaireRangNaissance, func() {
		if len(m.Liens) > 0 {
			b.Rang = m.Liens[0].RangNaissance
		}
	})
	set(droits.BeneficiaireMedecinChoisi, func() { b.MedecinChoisi = yes(medecinChoisi(m)) })
	set(droits.BeneficiairePresenceC2S, func() { b.PresenceC2S = yes(presenceC2S(m)) })
	return b
}

func qualite(m droits.Membre) droits.Qualite {
	if len(m.Liens) > 0 {
		return m.Liens[0].Qualite
	}
	return droits.Assure
}

// lastACS is the last day on which an ACS contract counted (identity.md §7).
var lastACS = civil.MustParse("2020-10-31")

func presenceC2S(m droits.Membre) bool {
	for _, l := range m.Liens {
		for _, c := range l.Contrats {
			if c.Nature != droits.AMC || !c.Periode.Meets(l.Fenetre.Period) {
				continue
			}
			if c.CodeType == droits.ContratACS && l.Fenetre.From > lastACS {
				continue
			}
			if len(c.Droits) == 0 {
				return true
			}
			for _, p := range c.Droits {
				if p.Meets(l.Fenetre.Period) {
					return true
				}
			}
		}
	}
	return false
}

func (d *Decision) caisse(v View, m droits.Membre, mask droits.Mask) (View, error) {
	for _, l := range m.Liens {
		c := l.Caisse
		if c.ID == "" {
			continue
		}
		pick := func(f droits.Champ, s string) string {
			if mask.Has(f) {
				return s
			}
			return ""
		}
		v.Caisse = Caisse{
			ID: pick(droits.CaisseID, c.ID), GrandRegime: pick(droits.CaisseGrandRegime, c.GrandRegime),
			Organisme: pick(droits.CaisseOrganisme, c.Organisme), CodeCentre: pick(droits.CaisseCodeCentre, c.CodeCentre),
			Libelle: pick(droits.CaisseLibelle, c.Libelle),
		}
		if mask.Has(droits.CaisseAdresse) && c.Adresse != (droits.Adresse{}) {
			a := c.Adresse
			v.Caisse.Adresse = &a
		}
		return v, nil
	}
	return View{}, fault.New(fault.CaisseAbsente, "policy: release")
}

func (d *Decision) contrats(m droits.Membre, mask droits.Mask) []Contrat {
	out := []Contrat{}
	if !mask.Has(droits.ContratNature) {
		return out
	}
	for _, l := range m.Liens {
		for _, c := range l.Contrats {
			if !c.Periode.Meets(l.Fenetre.Period) {
				continue
			}
			code := c.CodeType
			if code == droits.ContratC2SP && d.kind == droits.OrganismeComplementaire {
				code = droits.ContratC2S // hides the income band
			}
			w := Contrat{Nature: c.Nature, Code: code, Libelle: droits.LibelleContrat(code), DebutOn: future(c.Periode.From, l.Fenetre), FinOn: capped(c.Periode.To, l.Fenetre)}
			for _, p := range c.Droits {
				if in, ok := p.Intersect(l.Fenetre.Period); ok {
					w.Droits = append(w.Droits, in)
				}
			}
			out = append(out, w)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Nature > out[j].Nature })
	return out
}

func (d *Decision) exonerations(m droits.Membre, mask droits.Mask) []Exoneration {
	type dated struct {
		Exoneration
		p civil.Period
	}
	var list []dated
	for _, l := range m.Liens {
		for _, e := range l.Exonerations {
			if !e.Periode.Meets(l.Fenetre.Period) {
				continue
			}
			w := dated{p: e.Periode}
			if mask.Has(droits.ExonerationMotif) {
				w.Code = e.Code
				w.Libelle, w.Long = droits.LibelleExoneration(e.Code)
			}
			if mask.Has(droits.ExonerationMaternite) && e.Maternite != nil && *e.Maternite != (droits.Maternite{}) {
				mat := *e.Maternite
				w.Maternite = &mat
			}
			list = append(list, w)
		}
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].p.From < list[j].p.From })
	if !mask.Has(droits.ExonerationMotif) { // merged, so that the number betrays nothing
		merged := list[:0]
		for _, e := range list {
			if n := len(merged); n > 0 && merged[n-1].p.Meets(e.p) {
				if last := &merged[n-1].p; !last.To.IsZero() && (e.p.To.IsZero() || e.p.To > last.To) {
					last.To = e.p.To
				}
				continue
			}
			merged = append(merged, e)
		}
		list = merged
	}
	out := []Exoneration{}
	if !mask.Has(droits.ExonerationDebut) && !mask.Has(droits.ExonerationMotif) {
		return out
	}
	for _, e := range list {
		if mask.Has(droits.ExonerationDebut) {
			e.DebutOn, e.FinOn = future(e.p.From, d.req.Window), capped(e.p.To, d.req.Window)
		}
		out = append(out, e.Exoneration)
	}
	return out
}

func medecinChoisi(m droits.Membre) bool {
	for i := range m.Liens {
		for j := range m.Liens[i].MedecinsTraitants {
			if m.Liens[i].MedecinsTraitants[j].Periode.Meets(m.Liens[i].Fenetre.Period) {
				return true
			}
		}
	}
	return false
}

func medecins(m droits.Membre) []droits.MedecinTraitant {
	var out []droits.MedecinTraitant
	for _, l := range m.Liens {
		for _, t := range l.MedecinsTraitants {
			if t.Periode.Meets(l.Fenetre.Period) {
				out = append(out, t)
			}
		}
	}
	return out
}

func (d *Decision) medecin(v View, m droits.Membre, mask droits.Mask) (View, error) {
	list := medecins(m)
	if len(list) == 0 {
		return View{}, fault.New(fault.MedecinTraitantAbsent, "policy: release")
	}
	t := list[earliest(len(list), d.req.Window, func(i int) civil.Period { return list[i].Periode })]
	if mask.Has(droits.MedecinNom) {
		v.Medecin = Medecin{Nom: t.Nom, Prenom: t.Prenom, Numero: t.NumeroAM, DebutOn: t.Periode.From, FinOn: capped(t.Periode.To, d.req.Window)}
	}
	return v, nil
}

func (d *Decision) complementaire(m droits.Membre, mask droits.Mask) (c Complementaire) {
	var list []droits.Complementaire
	for _, l := range m.Liens {
		for _, x := range l.Complementaires {
			if x.Periode.Meets(l.Fenetre.Period) {
				list = append(list, x)
			}
		}
	}
	if mask.Has(droits.ComplementaireSouscrite) {
		c.Souscrite = yes(len(list) > 0)
	}
	if mask.Has(droits.ComplementaireReference) && len(list) > 0 {
		x := list[earliest(len(list), d.req.Window, func(i int) civil.Period { return list[i].Periode })]
		c.Reference = &Reference{x.Organisme, x.NumeroOrganisme, x.NumeroContrat, capped(x.Periode.To, d.req.Window)}
	}
	return c
}

func (d *Decision) arrets(m droits.Membre, mask droits.Mask) []Arret {
	out := []Arret{}
	if !mask.Has(droits.ArretNumero) {
		return out
	}
	for _, l := range m.Liens {
		for _, a := range l.ArretsTravail {
			if a.Periode.Meets(l.Fenetre.Period) {
				out = append(out, Arret{a.Numero, a.Periode.From, capped(a.Periode.To, d.req.Window)})
			}
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].DebutOn < out[j].DebutOn })
	return out
}

func (d *Decision) risques(m droits.Membre, mask droits.Mask) (r Risques) {
	if !mask.Has(droits.RisqueArret) {
		return r
	}
	arret, maladie := false, false
	for _, l := range m.Liens {
		for _, a := range l.ArretsTravail {
			if a.Periode.Meets(l.Fenetre.Period) {
				arret, maladie = arret || a.Nature != droits.NatureMaladiePro, maladie || a.Nature == droits.NatureMaladiePro
			}
		}
		for _, x := range l.RisquesProfessionnels {
			if x.Periode.Meets(l.Fenetre.Period) {
				arret, maladie = arret || x.Nature == droits.NatureAccidentTravail, maladie || x.Nature == droits.NatureMaladiePro
			}
		}
	}
	return Risques{yes(arret), yes(maladie)}
}

// future is a start date that is told only when it is still to come.
func future(d civil.Date, w droits.Fenetre) civil.Date {
	if d > w.Today {
		return d
	}
	return 0
}

// capped is an end date told at most one year ahead; none stays none.
func capped(d civil.Date, w droits.Fenetre) civil.Date {
	if d.IsZero() {
		return 0
	}
	return min(d, w.Horizon())
}

// earliest is the index of the period valid earliest in the window; of two
// valid from its first day, the one that began last.
func earliest(n int, w droits.Fenetre, at func(int) civil.Period) int {
	best := 0
	for i := 1; i < n; i++ {
		a, b := at(best), at(i)
		fa, fb := max(a.From, w.From), max(b.From, w.From)
		if fb < fa || fb == fa && b.From > a.From {
			best = i
		}
	}
	return best
}

func yes(b bool) *bool { return &b }
