package habilitation

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Verdict is what a check found.
type Verdict string

// The verdicts of checks.
const (
	Good  Verdict = "conforme"
	Doubt Verdict = "a_verifier" // an agent has to look
	Bad   Verdict = "non_conforme"
)

// Check is one thing that an agent looks at in a request.
type Check struct {
	Name    string
	Verdict Verdict
	Text    string // what was found, in French
}

// Checks is what can be found out of the answers alone. Whether the documents
// say what they should is for an agent.
func (f Form) Checks() []Check {
	wrong := map[string]string{}
	for _, p := range f.Problems() {
		wrong[p.Field] = p.Text
	}
	of := func(name string, fields []string, good Verdict, text string) Check {
		for _, x := range fields {
			if w, ok := wrong[x]; ok {
				return Check{name, Bad, w}
			}
		}
		return Check{name, good, text}
	}
	list := []Check{of("SIRET", []string{"organisation.siret"}, Good, "La clé du SIRET est juste.")}
	if PurposeOf(f.Organisation.Kind) == "preadmission" {
		list = append(list, of("FINESS", []string{"organisation.finess"}, Good, "La clé du numéro FINESS est juste ; le rattachement au SIRET reste à vérifier."))
	}
	list = append(list,
		of("Finalité", []string{"organisation.categorie", "projet.finalite"}, Good, "La finalité est celle de la catégorie de l'organisme."),
		of("Données demandées", []string{"donnees.blocs"}, Good, "Toutes les données demandées sont ouvertes à cette catégorie."),
		of("Habilitation FranceConnect", []string{"connexion.habilitation", "connexion.client", "connexion.profil"}, Doubt, "Le numéro est indiqué. Vérifiez qu'il est celui du même organisme et qu'il est en vigueur."),
		f.legalText(of), f.retention(of), f.contacts(of), f.expected(of),
		of("Modalités d'utilisation", []string{"engagements.modalites"}, Good, "Version "+f.Engagements.Terms+" acceptée."),
		of("Délégué informé", []string{"engagements.delegue_informe"}, Good, "Le demandeur déclare que le délégué à la protection des données est informé."))
	return list
}

type judge func(name string, fields []string, good Verdict, text string) Check

func (f Form) legalText(of judge) Check {
	text := "Une adresse est donnée. Vérifiez qu'elle mène au texte."
	if f.Pieces["cadre.document"] != "" {
		text = "Un document est joint. Vérifiez qu'il porte le texte invoqué."
	}
	return of("Cadre juridique", []string{"cadre.nature", "cadre.adresse"}, Doubt, text)
}

func (f Form) retention(of judge) Check {
	months := strconv.Itoa(f.Donnees.Months) + " mois"
	if f.Donnees.Months > PlainMonths {
		return of("Durée de conservation", []string{"donnees.conservation_mois", "donnees.conservation_motif"}, Doubt, months+", au-delà de "+strconv.Itoa(PlainMonths)+" mois : la justification est à apprécier.")
	}
	return of("Durée de conservation", []string{"donnees.conservation_mois"}, Good, months+".")
}

func (f Form) contacts(of judge) Check {
	var fields []string
	for _, c := range []string{"responsable_traitement", "delegue_protection_donnees", "responsable_technique"} {
		for _, x := range []string{"nom", "fonction", "courriel", "telephone"} {
			fields = append(fields, "contacts."+c+"."+x)
		}
	}
	if f.Contacts.DPO.Courriel != "" && strings.EqualFold(f.Contacts.DPO.Courriel, f.Contacts.Responsable.Courriel) {
		return of("Contacts", fields, Doubt, "Le délégué à la protection des données et le responsable du traitement ont la même adresse.")
	}
	return of("Contacts", fields, Good, "Les trois contacts sont complets.")
}

func (f Form) expected(of judge) Check {
	fields := []string{"volumes.appels_par_jour", "volumes.appels_par_seconde", "volumes.justification"}
	if f.Volumes.PerDay > PlainPerDay || f.Volumes.PerSecond > PlainPerSec {
		return of("Volumes", fields, Doubt, "Au-dessus du premier palier : la justification est à apprécier.")
	}
	return of("Volumes", fields, Good, "Dans le premier palier.")
}

// Revised lists the fields that differ from the submission before the last, or
// from the last one while the applicant writes; nothing on a first submission.
func (r *Request) Revised() []Change {
	var at []int
	for i, e := range r.Events {
		if e.Act == Submit {
			at = append(at, i)
		}
	}
	n := len(at)
	switch {
	case n == 0:
		return nil
	case r.State == Draft || r.State == ChangesRequested:
		return merged(r.Events[at[n-1]:])
	case n == 1:
		return nil
	}
	return merged(r.Events[at[n-2] : at[n-1]+1])
}

// merged is what a row of events changed in the end.
func merged(events []Event) (out []Change) {
	for _, e := range events {
		for _, c := range e.Changes {
			if i := slices.IndexFunc(out, func(x Change) bool { return x.Field == c.Field }); i >= 0 {
				out[i].After = c.After
			} else {
				out = append(out, c)
			}
		}
	}
	return slices.DeleteFunc(out, func(c Change) bool { return c.Before == c.After })
}

// Answered tells when an organisation first submitted and when an agent first
// answered so that it could read it; zero while that has not happened.
func (r *Request) Answered() (submittedAt, answeredAt time.Time) {
	for _, e := range r.Events {
		switch {
		case e.Act == Submit && submittedAt.IsZero():
			submittedAt = e.At
		case !submittedAt.IsZero() && !e.Internal() && (e.Role == Instructeur || e.Role == Responsable):
			return submittedAt, e.At
		}
	}
	return submittedAt, time.Time{}
}

// Pace says how a wait stands to the time in which an answer is due.
type Pace string

// The paces of a request that waits.
const (
	OnTime Pace = "dans_les_temps"
	Soon   Pace = "a_traiter" // two thirds of the time are gone
	Late   Pace = "en_retard"
)

// PaceOf is the pace of a wait.
func PaceOf(wait, due time.Duration) Pace {
	switch {
	case wait >= due:
		return Late
	case wait >= due/3*2:
		return Soon
	}
	return OnTime
}

// Timing is what the statistics need of a request.
type Timing struct {
	SubmittedAt time.Time // first
	AnsweredAt  time.Time // zero while it waits
	State       State
	Granted     bool // at least once
}

// Report is the statistics of requests first submitted in a period.
type Report struct {
	Submitted int // first submissions
	Answered  int
	Granted   int
	Refused   int
	Median    time.Duration // to the first answer, of those answered
	Slowest   time.Duration
	Within    int // answered within the time that is due
}

// Summarise makes the statistics of requests; due is the time in which an
// answer is owed.
func Summarise(list []Timing, due time.Duration) (r Report) {
	var waits []time.Duration
	for _, t := range list {
		if t.SubmittedAt.IsZero() {
			continue
		}
		r.Submitted++
		if t.Granted {
			r.Granted++
		}
		if t.State == Refused {
			r.Refused++
		}
		if t.AnsweredAt.IsZero() {
			continue
		}
		w := t.AnsweredAt.Sub(t.SubmittedAt)
		waits = append(waits, w)
		if w <= due {
			r.Within++
		}
	}
	slices.Sort(waits)
	if n := len(waits); n > 0 {
		r.Answered, r.Slowest = n, waits[n-1]
		r.Median = (waits[(n-1)/2] + waits[n/2]) / 2
	}
	return r
}
