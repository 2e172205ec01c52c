package partners

import (
	"strconv"
	"strings"
	"time"

	"droits.example/droits/client"
	"droits.example/droits/internal/civil"
)

// day writes a civil date as people read it; what cannot be read is left out.
func day(s string) string {
	d, err := civil.ParseBirth(s)
	switch {
	case err != nil:
		return ""
	case d.Month() == 0:
		return strconv.Itoa(d.Year()) + " (jour et mois inconnus)"
	case d.Day() == 0:
		return two(d.Month()) + "/" + strconv.Itoa(d.Year()) + " (jour inconnu)"
	}
	return two(d.Day()) + "/" + two(d.Month()) + "/" + strconv.Itoa(d.Year())
}

func two(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

// hour writes an instant's hour in Paris.
func hour(t time.Time) string {
	t = t.In(civil.Paris())
	return strconv.Itoa(t.Hour()) + "\u00a0h\u00a0" + two(t.Minute())
}

// span writes a period; either bound may be unknown.
func span(from, to string) string {
	from, to = day(from), day(to)
	switch {
	case from != "" && to != "":
		return "du " + from + " au " + to
	case from != "":
		return "à partir du " + from
	case to != "":
		return "jusqu'au " + to
	}
	return "en cours, sans fin connue"
}

// window writes the header X-Periode.
func window(s string) string {
	from, to, ok := strings.Cut(s, "/")
	if !ok {
		return ""
	}
	return span(from, to)
}

func fullName(b client.Beneficiaire) string {
	name := b.NomFamille
	if b.NomUsage != "" && b.NomUsage != b.NomFamille {
		name = b.NomUsage + " (nom de naissance\u00a0: " + b.NomFamille + ")"
	}
	return strings.TrimSpace(b.Prenom + " " + name)
}

// age is in whole years; an incomplete birth date gives the smaller age.
func age(birth string, today civil.Date) (int, bool) {
	b, err := civil.ParseBirth(birth)
	if err != nil || b.IsZero() {
		return 0, false
	}
	month, d := b.Month(), b.Day()
	if month == 0 {
		month, d = 12, 31
	} else if d == 0 {
		d = 31
	}
	n := today.Year() - b.Year()
	if today.Month() < month || today.Month() == month && today.Day() < d {
		n--
	}
	return n, n >= 0
}

func years(birth string, today civil.Date) string {
	n, ok := age(birth, today)
	switch {
	case !ok:
		return ""
	case n == 0:
		return "moins d'un an"
	case n == 1:
		return "1 an"
	}
	return strconv.Itoa(n) + " ans"
}

var qualites = map[string]string{
	"assure": "Assuré", "concubin": "Concubin", "concubin_en_rupture": "Concubin (rupture)", "pacse": "Partenaire de Pacs",
	"ex_pacse": "Ancien partenaire de Pacs", "conjoint": "Conjoint", "conjoint_separe": "Conjoint séparé",
	"conjoint_divorce": "Conjoint divorcé", "conjoint_veuf": "Conjoint veuf", "parent": "Parent", "enfant": "Enfant", "autre": "Autre lien",
}

// block is how a block of a convention is said to the person.
type block struct {
	Text      string
	Sensitive bool
}

var blocks = map[string]block{
	"identite":                  {"Votre identité et votre numéro de sécurité sociale", false},
	"beneficiaires":             {"L'identité des personnes rattachées à vous", false},
	"caisse":                    {"Votre caisse d'assurance maladie", false},
	"contrats":                  {"Vos droits de base et la complémentaire santé solidaire (C2S)", false},
	"presence_medecin_traitant": {"Le fait d'avoir déclaré un médecin traitant", false},
	"medecin_traitant":          {"Le nom de votre médecin traitant", false},
	"exonerations":              {"L'existence d'une exonération du ticket modérateur (la part qui reste à votre charge), et ses dates", false},
	"exonerations_motif":        {"Le motif de cette exonération", true},
	"complementaire":            {"L'existence d'une complémentaire santé", false},
	"complementaire_reference":  {"La référence de votre complémentaire santé", false},
	"arrets_travail":            {"Le numéro et les dates de vos arrêts de travail", true},
	"risques_professionnels":    {"L'existence d'une couverture pour accident du travail ou maladie professionnelle", true},
}

// asked turns the blocks of a convention into what the person reads. A block
// that we do not know yet is named as it is rather than hidden.
func asked(slugs []string) []block {
	var out []block
	for _, s := range slugs {
		b, ok := blocks[s]
		if !ok {
			b = block{Text: strings.ReplaceAll(s, "_", " ")}
		}
		out = append(out, b)
	}
	return out
}
