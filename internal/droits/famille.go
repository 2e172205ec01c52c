package droits

import (
	"crypto/subtle"
	"sort"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/nir"
)

// Majorite is the age from which a child is no longer shown with its opener;
// AgeAccord is the age under which a connected person needs a representative
// (contract.md, decision).
const (
	Majorite  = 18
	AgeAccord = 16
)

// Fenetre is the effective window of a call: the day of the call and the days
// asked for, capped (contract.md, "Period limits").
type Fenetre struct {
	Today civil.Date
	civil.Period
}

// Horizon is the last end date that may be told: one year ahead.
func (f Fenetre) Horizon() civil.Date { return f.Today.AddYears(1) }

// Effective is the period in which the link counts: a child's ends the day
// before it turns eighteen, and nothing counts for the dead.
func (r Rattachement) Effective() (p civil.Period, ok bool) {
	p = r.Periode
	if !r.Beneficiaire.DecesOn.IsZero() {
		return p, false
	}
	if r.Qualite == Enfant && !r.Propre && !r.Beneficiaire.NaissanceOn.IsZero() {
		born := r.Beneficiaire.NaissanceOn // an unknown day or month counts as the first: never past eighteen
		born = civil.Of(born.Year(), max(1, born.Month()), max(1, born.Day()))
		last := born.AddYears(Majorite).AddDays(-1)
		if p.To.IsZero() || last < p.To {
			p.To = last
		}
	}
	return p, p.Valid()
}

// Membre is one person of a family with its links that count in a window,
// earliest first.
type Membre struct {
	Personne Personne
	Self     bool // the connected person
	Liens    []Lien
}

// Lien is a link and the days of the window in which it counts.
type Lien struct {
	*Rattachement
	Fenetre Fenetre
}

// Self is the connected person, with or without links in the window.
func (f *Famille) Self(w Fenetre) Membre {
	return Membre{Personne: f.Assure, Self: true, Liens: f.liens(w, func(r *Rattachement) bool { return r.Propre })}
}

// Dependants are the people attached to the connected person in the window,
// each once, by birth date, rank and given name.
func (f *Famille) Dependants(w Fenetre) []Membre {
	var out []Membre
	at := map[int64]int{}
	for _, l := range f.liens(w, func(r *Rattachement) bool { return !r.Propre }) {
		i, seen := at[l.Beneficiaire.ID]
		if !seen {
			i, at[l.Beneficiaire.ID] = len(out), len(out)
			out = append(out, Membre{Personne: l.Beneficiaire})
		}
		out[i].Liens = append(out[i].Liens, l)
	}
	sort.SliceStable(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if a.Personne.NaissanceOn != b.Personne.NaissanceOn {
			return a.Personne.NaissanceOn < b.Personne.NaissanceOn
		}
		if ra, rb := a.Liens[0].RangNaissance, b.Liens[0].RangNaissance; ra != rb {
			return ra < rb
		}
		return a.Personne.Prenom() < b.Personne.Prenom()
	})
	return out
}

func (f *Famille) liens(w Fenetre, keep func(*Rattachement) bool) []Lien {
	var out []Lien
	for i := range f.Rattachements {
		r := &f.Rattachements[i]
		if !keep(r) {
			continue
		}
		p, ok := r.Effective()
		if !ok {
			continue
		}
		if in, ok := p.Intersect(w.Period); ok {
			out = append(out, Lien{r, Fenetre{w.Today, in}})
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Fenetre.From < out[j].Fenetre.From })
	return out
}

// Designation says which member of the family a call is about. Without a NIR
// it is the connected person. BirthOn and Rank select a child that has no
// number of its own and are valid only with the connected person's own NIR.
type Designation struct {
	NIR     nir.NIR
	BirthOn civil.Date
	Rank    int
}

// IsSelf reports whether the designation is the connected person itself.
func (d Designation) IsSelf(f *Famille) bool {
	return d.BirthOn.IsZero() && (d.NIR.IsZero() || d.NIR == f.Assure.NIR)
}

// Select finds the member designated, inside the family and nowhere else: a
// stranger's number and an unknown one take the same road and the same time.
// Errors: parametre_invalide, beneficiaire_inconnu, rang_naissance_requis.
func (f *Famille) Select(d Designation, w Fenetre) (Membre, error) {
	if d.IsSelf(f) {
		return f.Self(w), nil
	}
	own := d.NIR == f.Assure.NIR
	if !own && !d.BirthOn.IsZero() {
		return Membre{}, fault.New(fault.ParametreInvalide, "droits: select").On("date-naissance")
	}
	var found []Membre
	for _, m := range f.Dependants(w) {
		if own {
			if m.Personne.NIR.IsZero() && m.Personne.NaissanceOn == d.BirthOn && (d.Rank == 0 || m.Liens[0].RangNaissance == d.Rank) {
				found = append(found, m)
			}
		} else if same(m.Personne.NIR, d.NIR) {
			found = append(found, m)
		}
	}
	switch {
	case len(found) == 0:
		return Membre{}, fault.New(fault.BeneficiaireInconnu, "droits: select").Because("NIR_NOT_IN_FAMILY")
	case len(found) > 1:
		return Membre{}, fault.New(fault.RangNaissanceRequis, "droits: select").On("rang-naissance")
	}
	return found[0], nil
}

// same compares two numbers in constant time; nobody's number is nobody.
func same(a, b nir.NIR) bool {
	x, y := a.Fixed(), b.Fixed()
	return !a.IsZero() && subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
