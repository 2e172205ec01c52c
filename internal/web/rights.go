package web

import (
	"net/http"
	"strings"

	"droits.example/droits/internal/access"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
)

// rightsData is the page of somebody's rights on a day.
type rightsData struct {
	Ref, Name    string
	Self         bool
	NIR          string // masked, "" without a number of its own
	Reveal       action
	On           field
	Today        bool // the day shown is today
	Day          civil.Date
	Here         string // address of the page
	Family       []link
	Restrictions []string
	Identity     []pair
	Cover        []coverLine
	Funds        []fundLine
	Doctor       []pair
	Exemptions   []coverLine
	Complements  []coverLine
	Leaves       []coverLine
	Risks        []coverLine
	Timeline     timeline
	DataOn       civil.Date
	Proof        string // address of the trace of this very reading
	Attestation  string
}

// coverLine is one right in force on the day.
type coverLine struct {
	What, Explained string
	Period          civil.Period
	State           tag
}

// fundLine is a caisse and where to write to it.
type fundLine struct {
	Name    string
	Codes   string
	Address []string
}

// around is the window of the timeline: a year before and a year after.
func around(today civil.Date) civil.Period {
	return civil.Period{From: today.AddYears(-1), To: today.AddYears(1)}
}

func (s *space) rights(w http.ResponseWriter, r *http.Request, v visit) error {
	ref := r.PathValue("ref")
	if ref == "" {
		ref = access.Self
	}
	own, m, err := s.member(r, v, ref)
	if err != nil {
		return err
	}
	on := field{Name: "au", Label: "Voir la situation au", Hint: "Entre le " + day(around(v.today).From) + " et le " + day(around(v.today).To) + ".", Kind: "date", Value: v.today.String()}
	shown, status := v.today, http.StatusOK
	if asked := r.URL.Query().Get("au"); asked != "" {
		d, err := civil.Parse(asked)
		switch {
		case err != nil:
			on.Error, status = "Écrivez une date qui existe, par exemple 22/11/2026.", http.StatusUnprocessableEntity
		case !around(v.today).Contains(d):
			on.Error, status = "Choisissez une date entre le "+day(around(v.today).From)+" et le "+day(around(v.today).To)+".", http.StatusUnprocessableEntity
		default:
			shown, on.Value = d, d.String()
		}
	}
	d := rightsOf(own, m, v.today, shown)
	d.On = on
	title, crumbs, section := "Mes droits", spaceTrail(link{Text: "Mes droits"}), rightsPath
	if !d.Self {
		title, crumbs = "Les droits de "+d.Name, spaceTrail(link{"Mes droits", rightsPath}, link{Text: d.Name})
	}
	return s.showWith(w, r, status, v, page{
		Name: "droits", Title: title, Section: section, Summary: "Les droits connus de l'assurance maladie.", Failed: on.Error != "", Crumbs: crumbs, Data: d,
	})
}

// member reads the family's rights and finds one member by its reference.
// Errors: ressource_inconnue for a reference that is nobody's of the family,
// whoever else's it is.
func (s *space) member(r *http.Request, v visit, ref string) (access.OwnRights, access.OwnMember, error) {
	own, err := s.Citizens.Rights(r.Context(), v.who, v.at, around(v.today))
	if err != nil {
		return own, access.OwnMember{}, err
	}
	for _, m := range own.Members {
		if m.Ref == ref {
			return own, m, nil
		}
	}
	return own, access.OwnMember{}, fault.New(fault.RessourceInconnue, "web: rights")
}

// reveal shows a number whole, once, on the page that answers.
func (s *space) reveal(w http.ResponseWriter, r *http.Request, v visit) error {
	ref := r.PathValue("ref")
	number, err := s.Citizens.RevealNIR(r.Context(), v.who, v.at, ref)
	if err != nil {
		return err
	}
	back := rightsPath
	if ref != access.Self {
		back += "/" + ref
	}
	return s.show(w, r, v, page{
		Name: "numero", Title: "Numéro de sécurité sociale", Section: rightsPath, Summary: "Votre numéro, affiché une fois.",
		Crumbs: spaceTrail(link{"Mes droits", rightsPath}, link{Text: "Numéro"}), Data: struct{ Number, Back string }{grouped(number), back},
	})
}

// grouped is a number as it stands on a carte Vitale: 1 84 12 76 451 089 46.
func grouped(n string) string {
	if len(n) != 15 {
		return n
	}
	return strings.Join([]string{n[:1], n[1:3], n[3:5], n[5:7], n[7:10], n[10:13], n[13:]}, "\u00a0")
}

// memberName is how a page names a member of the family.
func memberName(p droits.Personne) string {
	name := p.NomFamille
	if p.NomUsage != "" {
		name = p.NomUsage
	}
	return strings.TrimSpace(p.Prenom() + " " + name)
}

func memberHref(m access.OwnMember) string {
	if m.Self {
		return rightsPath
	}
	return rightsPath + "/" + m.Ref
}

// rightsOf is what a page shows of a member on a day.
func rightsOf(own access.OwnRights, m access.OwnMember, today, shown civil.Date) rightsData {
	p := m.Personne
	d := rightsData{
		Ref: m.Ref, Name: memberName(p), Self: m.Self, NIR: p.NIR.Grouped(), Today: shown == today, Day: shown, Here: memberHref(m),
		DataOn: own.DonneesOn, Attestation: rightsPath + "/attestation",
		Identity: identityOf(p),
		Reveal:   action{Address: rightsPath + "/" + m.Ref + "/numero", Label: "Afficher le numéro en entier", Second: true, Consequence: "Il s'affichera une seule fois, et cet affichage sera noté dans vos accès."},
	}
	if !m.Self {
		d.Attestation += "?pour=" + m.Ref
	}
	for _, x := range own.Members {
		l := link{memberName(x.Personne), memberHref(x)}
		if x.Ref == m.Ref {
			l.Href = ""
		}
		d.Family = append(d.Family, l)
	}
	d.Restrictions = restrictionsOf(m.Restrictions)
	for _, l := range m.Liens {
		if l.Fenetre.Period.Contains(shown) {
			d.add(l, shown)
		}
	}
	d.Timeline = newTimeline(caption{"frise", "Les droits de " + d.Name}, around(today), today, lanesOf(m))
	return d
}

// add tells what a link opens on a day.
func (d *rightsData) add(l droits.Lien, shown civil.Date) {
	d.Funds = append(d.Funds, fundOf(l.Caisse))
	for _, c := range l.Contrats {
		for _, p := range c.Droits {
			if p, ok := linked(l, p); ok && p.Contains(shown) {
				d.Cover = append(d.Cover, coverLine{What: droits.LibelleContrat(c.CodeType), Explained: explainContract(c.CodeType), Period: p, State: stateOn(p, shown)})
			}
		}
	}
	for _, e := range l.Exonerations {
		if p, ok := linked(l, e.Periode); ok && p.Contains(shown) {
			_, long := droits.LibelleExoneration(e.Code)
			if long == "" {
				long = "Exonération"
			}
			d.Exemptions = append(d.Exemptions, coverLine{What: long, Explained: maternityOf(e.Maternite), Period: p, State: stateOn(p, shown)})
		}
	}
	for _, m := range l.MedecinsTraitants {
		if m.Periode.Contains(shown) {
			d.Doctor = append(d.Doctor, pair{Term: "Votre médecin traitant", Text: []string{strings.TrimSpace("Dr " + m.Prenom + " " + m.Nom), "Déclaré " + period(m.Periode)}})
		}
	}
	for _, c := range l.Complementaires {
		if c.Periode.Contains(shown) {
			d.Complements = append(d.Complements, coverLine{What: "Complémentaire santé " + c.Organisme, Explained: "Contrat " + c.NumeroContrat, Period: c.Periode, State: stateOn(c.Periode, shown)})
		}
	}
	for _, a := range l.ArretsTravail {
		if a.Periode.Contains(shown) {
			d.Leaves = append(d.Leaves, coverLine{What: "Arrêt de travail n° " + a.Numero, Period: a.Periode, State: stateOn(a.Periode, shown)})
		}
	}
	for _, x := range l.RisquesProfessionnels {
		if x.Periode.Contains(shown) {
			d.Risks = append(d.Risks, coverLine{What: riskOf(x.Nature), Period: x.Periode, State: stateOn(x.Periode, shown)})
		}
	}
}

// linked is the part of a period in which the link that opens it counts.
func linked(l droits.Lien, p civil.Period) (civil.Period, bool) {
	of, ok := l.Effective()
	if !ok {
		return p, false
	}
	return p.Intersect(of)
}

// soon is how long before its end a right is told to be ending.
const soon = 60

// stateOn is the state of a period that holds on a day.
func stateOn(p civil.Period, on civil.Date) tag {
	if !p.To.IsZero() && p.To.Sub(on) < soon {
		return tag{"warn", "se termine bientôt"}
	}
	return tag{"ok", "ouvert"}
}

func identityOf(p droits.Personne) []pair {
	out := []pair{{Term: "Prénoms", Text: []string{strings.Join(p.Prenoms, ", ")}}, {Term: "Nom de naissance", Text: []string{p.NomFamille}}}
	if p.NomUsage != "" {
		out = append(out, pair{Term: "Nom d'usage", Text: []string{p.NomUsage}})
	}
	return append(out, pair{Term: "Date de naissance", Text: []string{longDay(p.NaissanceOn)}})
}

// restrictionsOf says what is limited, and that it is not told to anybody.
func restrictionsOf(list []consent.Restriction) (out []string) {
	for _, r := range list {
		what := "Toutes les données"
		if i, ok := r.Bloc.Info(); ok {
			what = i.Libelle
		}
		text := what + " : traitement limité depuis le " + longDay(civil.On(r.SinceAt))
		if !r.UntilAt.IsZero() {
			text += ", jusqu'au " + longDay(civil.On(r.UntilAt))
		}
		out = append(out, text+". Aucun organisme ne les reçoit.")
	}
	return out
}

func explainContract(code string) string {
	switch code {
	case droits.ContratBase:
		return "La part des soins que l'assurance maladie obligatoire rembourse."
	case droits.ContratC2S, droits.ContratC2SP, droits.ContratCMUC, droits.ContratACS:
		return "Une aide, selon les ressources, pour ce que l'assurance maladie obligatoire ne rembourse pas."
	}
	return ""
}

func maternityOf(m *droits.Maternite) string {
	switch {
	case m == nil:
		return ""
	case !m.AccouchementOn.IsZero():
		return "Accouchement le " + longDay(m.AccouchementOn)
	case !m.PresumeeOn.IsZero():
		return "Début de grossesse présumé le " + longDay(m.PresumeeOn)
	}
	return ""
}

func riskOf(nature string) string {
	switch nature {
	case droits.NatureAccidentTravail:
		return "Accident du travail"
	case droits.NatureMaladiePro:
		return "Maladie professionnelle"
	}
	return "Risque professionnel"
}

func fundOf(c droits.Caisse) fundLine {
	a := c.Adresse
	street := strings.Join(strings.Fields(strings.Join([]string{a.NumeroVoie, a.IndiceRepetition, a.TypeVoie, a.NomVoie}, " ")), " ")
	f := fundLine{Name: c.Libelle, Codes: strings.TrimSpace(c.Organisme + " " + c.ID)}
	for _, line := range []string{a.Destinataire, a.PointRemise, a.ComplementAdresse, street, a.MentionDistribution, strings.TrimSpace(a.CodePostal + " " + a.Commune)} {
		if line != "" {
			f.Address = append(f.Address, line)
		}
	}
	return f
}

// lanesOf are the rows of the timeline, in the order in which rights are told.
func lanesOf(m access.OwnMember) []lane {
	names := []string{"Droits de base", "C2S", "Exonérations", "Médecin traitant", "Complémentaire", "Arrêts de travail", "Risques prof.", "Caisse"}
	rows := map[string][]span{}
	add := func(l droits.Lien, name, what string, p civil.Period) {
		if in, ok := linked(l, p); ok && in.Meets(l.Fenetre.Period) {
			rows[name] = append(rows[name], span{what, in})
		}
	}
	for _, l := range m.Liens {
		add(l, "Caisse", l.Caisse.Libelle, l.Periode)
		for _, c := range l.Contrats {
			name := "C2S"
			if c.CodeType == droits.ContratBase {
				name = "Droits de base"
			}
			for _, p := range c.Droits {
				add(l, name, droits.LibelleContrat(c.CodeType), p)
			}
		}
		for _, e := range l.Exonerations {
			short, _ := droits.LibelleExoneration(e.Code)
			add(l, "Exonérations", short, e.Periode)
		}
		for _, x := range l.MedecinsTraitants {
			add(l, "Médecin traitant", "Dr "+x.Nom, x.Periode)
		}
		for _, x := range l.Complementaires {
			add(l, "Complémentaire", x.Organisme, x.Periode)
		}
		for _, x := range l.ArretsTravail {
			add(l, "Arrêts de travail", "Arrêt de travail", x.Periode)
		}
		for _, x := range l.RisquesProfessionnels {
			add(l, "Risques prof.", riskOf(x.Nature), x.Periode)
		}
	}
	var out []lane
	for _, n := range names {
		if len(rows[n]) > 0 || n == "Droits de base" || n == "Médecin traitant" {
			out = append(out, lane{n, rows[n]})
		}
	}
	return out
}
