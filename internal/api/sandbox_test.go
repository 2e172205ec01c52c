package api_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/sim/people"
)

// Each sandbox person is documented with what each kind of partner gets, in a
// French sentence. The sentence is read here: the status and the codes that it
// announces are what the running API answers.

var (
	onPath  = regexp.MustCompile(`(?:sur )?(/[a-z-]+)(?: et (/[a-z-]+))? (?:répond )?(?:(\d{3}) )?([a-z]+(?:_[a-z]+)+)`)
	codeOn  = regexp.MustCompile(`(\d{3}) ([a-z]+(?:_[a-z]+)+) sur (/[a-z-]+)(?: et (/[a-z-]+))?`)
	emptyOn = regexp.MustCompile(`(/[a-z-]+) répond une liste vide`)
	factOn  = regexp.MustCompile(`\b(presence_CMUC_ACS|medecin_traitant_choisi|souscrite|couverture_arret_travail|couverture_maladie_professionnelle) (vrai|faux)\b`)
)

// homeOf is the operation on which a member is read.
var homeOf = map[string]string{"presence_CMUC_ACS": moi, "medecin_traitant_choisi": moi, "souscrite": compl, "couverture_arret_travail": risques, "couverture_maladie_professionnelle": risques}

func TestSandboxPeople(t *testing.T) {
	in := apptest.Shared(t)
	for _, p := range in.People {
		if strings.HasPrefix(p.Slug, "famille-0") && p.Slug > "famille-005" {
			continue // the crowd is all alike
		}
		t.Run("R57 "+p.Slug+" gets what the documentation says", func(t *testing.T) {
			clients := []apptest.Partner{in.Hospital, in.Hospital.V2()}
			if strings.Contains(p.Expect.Hopital, "(v1)") {
				clients = clients[:1] // the sentence tells the two versions apart
			}
			for _, h := range clients {
				promised(t, in, p, h, p.Expect.Hopital)
			}
			promised(t, in, p, in.Insurer, p.Expect.Mutuelle)
		})
	}
}

func promised(t *testing.T, in *apptest.Instance, p people.Person, who apptest.Partner, sentence string) {
	t.Helper()
	ask := func(path string) *apptest.Answer {
		t.Helper()
		c := []apptest.Change{in.As(t, p.Slug, who)}
		nir := in.NIR(t, "famille-martin") // when the person has none, anybody's
		if !p.NIR.IsZero() {
			nir = p.NIR.Reveal()
		}
		return in.Get(t, path, append(c, apptest.With("nir", nir))...)
	}
	complain := func(format string, args ...any) {
		t.Helper()
		t.Errorf("%s: %s, where the documentation says: %s", who.ID, fmt.Sprintf(format, args...), sentence)
	}
	if status, code, ok := everywhere(sentence); ok {
		for _, path := range []string{moi, family, contrats, caisse} {
			if a := ask(path); a.Status != status || a.Code() != code {
				complain("%s answers %d %s", path, a.Status, a.Code())
			}
		}
		return
	}
	if a := ask(moi); a.Status != 200 {
		complain("/me answers %d %s", a.Status, a.Code())
		return
	}
	for path, code := range refusals(sentence) {
		if a := ask(path); a.Code() != code {
			complain("%s answers %d %s", path, a.Status, a.Code())
		}
	}
	for _, m := range emptyOn.FindAllStringSubmatch(sentence, -1) {
		if a := ask(m[1]); string(a.Body) != "[]" {
			complain("%s is not an empty list", m[1])
		}
	}
	for _, m := range factOn.FindAllStringSubmatch(sentence, -1) {
		if a := ask(homeOf[m[1]]); a.Status != 200 || a.Object(t)[m[1]] != (m[2] == "vrai") {
			complain("%s is not %s", m[1], m[2])
		}
	}
}

// everywhere reads a sentence that promises one refusal on all operations.
func everywhere(sentence string) (status int, code string, ok bool) {
	words := strings.Fields(sentence)
	status, err := strconv.Atoi(words[0])
	if err != nil || status == 200 || len(codeOn.FindString(sentence)) > 0 {
		return 0, "", false
	}
	return status, strings.Trim(words[1], " .,:;"), true
}

func refusals(sentence string) map[string]string {
	out := map[string]string{}
	for _, m := range codeOn.FindAllStringSubmatch(sentence, -1) {
		out[m[3]] = m[2]
		if m[4] != "" {
			out[m[4]] = m[2]
		}
	}
	for _, m := range onPath.FindAllStringSubmatch(sentence, -1) {
		if m[3] != "" {
			out[m[1]] = m[4]
		}
	}
	return out
}
