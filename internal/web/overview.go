package web

import (
	"net/http"

	"droits.example/droits/internal/access"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
)

// overviewData is the first page of the space.
type overviewData struct {
	Name     string
	Today    civil.Date
	State    tag
	Until    string // when the rights end, in words
	Fund     string
	Alerts   []notice
	Family   []familyLine
	Sharings []sharingLine
	Lines    []readingLine
	DataOn   civil.Date
}

// familyLine is a dependant on the first page.
type familyLine struct {
	Name, Href string
	Born       civil.Date
	State      tag
}

// sharingLine is a partner in a list.
type sharingLine struct {
	Href, Name, Kind, Why string
	State                 tag
	Detail                string
	LastRead              instantOf
	Read                  bool
}

// latest is how many accesses the first page shows.
const latest = 3

func (s *space) overview(w http.ResponseWriter, r *http.Request, v visit) error {
	own, err := s.Citizens.Rights(r.Context(), v.who, v.at, around(v.today))
	if err != nil {
		return err
	}
	journal, err := s.Citizens.Readings(r.Context(), v.who, v.at, access.ReadingQuery{Kind: access.KindReadings, Limit: latest})
	if err != nil {
		return err
	}
	shared, err := s.Citizens.Sharings(r.Context(), v.who)
	if err != nil {
		return err
	}
	d := overviewOf(own, v.today)
	d.Sharings = sharingLines(shared)
	for _, x := range shared {
		if len(x.Asked) > 0 && len(x.Conventions) > 0 {
			d.Alerts = append(d.Alerts, notice{"warn", x.Name + " attend votre choix.", []string{"Il a demandé des données que sa convention ne lui ouvre que si vous cochez une case, dans la page de ce partage. Rien ne lui a été transmis."}})
		}
	}
	d.Name = v.who.Name()
	names := namesOf(s.Citizens.Family(v.who))
	for _, l := range journal.Lines {
		d.Lines = append(d.Lines, readingLineOf(l, names))
	}
	return s.show(w, r, v, page{
		Name: "espace", Title: "Vue d'ensemble", Section: spacePath, Summary: "Vos droits, vos partages et les consultations de vos données.",
		Crumbs: trail(link{Text: spaceName}), Data: d,
	})
}

// overviewOf is the state of a family's rights on a day.
func overviewOf(own access.OwnRights, today civil.Date) overviewData {
	d := overviewData{Today: today, DataOn: own.DonneesOn, State: tag{"warn", "aucun droit ouvert"}}
	for _, m := range own.Members {
		state, until := baseOf(m, today)
		if m.Self {
			d.State, d.Until = state, until
			for _, l := range m.Liens {
				if l.Fenetre.Period.Contains(today) {
					d.Fund = l.Caisse.Libelle
				}
			}
		} else {
			d.Family = append(d.Family, familyLine{memberName(m.Personne), memberHref(m), m.Personne.NaissanceOn, state})
		}
		d.Alerts = append(d.Alerts, alertsOf(m, today)...)
	}
	return d
}

// baseOf is the state of somebody's basic rights on a day.
func baseOf(m access.OwnMember, today civil.Date) (tag, string) {
	for _, l := range m.Liens {
		for _, c := range l.Contrats {
			for _, p := range c.Droits {
				in, ok := linked(l, p)
				if c.CodeType != droits.ContratBase || !ok || !in.Contains(today) {
					continue
				}
				if in.To.IsZero() {
					return tag{"ok", "droits ouverts"}, "sans date de fin connue"
				}
				until := "jusqu'au " + longDay(in.To)
				if in.To.Sub(today) < soon {
					return tag{"warn", "se terminent bientôt"}, until
				}
				return tag{"ok", "droits ouverts"}, until
			}
		}
	}
	return tag{"warn", "aucun droit ouvert"}, ""
}

// alertsOf are what somebody should know: rights that end soon and are not
// followed by others, data under restriction.
func alertsOf(m access.OwnMember, today civil.Date) (out []notice) {
	whose := "Vos droits de base se terminent"
	if !m.Self {
		whose = "Les droits de base de " + memberName(m.Personne) + " se terminent"
	}
	var last civil.Date
	open := false
	for _, l := range m.Liens {
		for _, c := range l.Contrats {
			for _, p := range c.Droits {
				in, ok := linked(l, p)
				if c.CodeType != droits.ContratBase || !ok {
					continue
				}
				open = open || in.Contains(today)
				if in.To.IsZero() {
					last = civil.Of(9999, 12, 31)
				}
				last = max(last, in.To)
			}
		}
	}
	if open && last.Sub(today) < soon {
		out = append(out, notice{"warn", whose + " le " + longDay(last) + ".", []string{"Rapprochez-vous de votre caisse pour les renouveler."}})
	}
	if len(m.Restrictions) > 0 {
		out = append(out, notice{"", "Le traitement de certaines données est limité.", []string{memberName(m.Personne) + " : ces données ne sont transmises à personne tant que la limitation dure."}})
	}
	return out
}
