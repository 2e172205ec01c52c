package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/habilitation"
)

// Every name that the rules of the form know has a page, a label and words.
func TestTheFormAsksEveryFieldOfTheRules(t *testing.T) { // R25
	full := requestsSeen()[0].Form
	for _, p := range append((habilitation.Form{}).Problems(), (habilitation.Form{Organisation: habilitation.Organisation{Kind: droits.Etablissement}, Donnees: habilitation.Donnees{Months: 40}, Volumes: habilitation.Volumes{PerDay: 5000}}).Problems()...) {
		if _, anchor, ok := placeOf(p.Field); !ok && !strings.HasPrefix(anchor, "engagements.") {
			t.Errorf("R25 nowhere is %s asked", p.Field)
		}
	}
	for _, c := range habilitation.Diff(habilitation.Form{}, full) {
		if l := changeOf(c, full, []habilitation.Piece{{ID: "doc_1", Name: "Décret.pdf"}}); l.Field == c.Field || strings.Contains(l.After, "etablissement_sante") || strings.Contains(l.After, "doc_1") {
			t.Errorf("R31 a difference of %s is told as %q", c.Field, l.Field)
		}
	}
	for _, f := range habilitation.PieceFields() {
		if _, _, ok := placeOf(f); !ok {
			t.Errorf("nothing can be joined to %s", f)
		}
	}
}

func TestEveryWordIsThere(t *testing.T) {
	for _, i := range droits.Blocs() {
		if blockNames[i.Bloc] == "" {
			t.Errorf("%s has no name for professionals", i.Bloc)
		}
	}
	for _, s := range habilitation.States() {
		if stateTags[s].Text == "" || standing(habilitation.Request{State: s}) == "" {
			t.Errorf("the state %s is not told", s)
		}
	}
	for _, a := range habilitation.Acts() {
		if e := (habilitation.Event{Act: a}); !e.Internal() && a != habilitation.Read && eventNames[a] == "" {
			t.Errorf("the act %s is not told", a)
		}
	}
	for _, g := range habilitation.Grounds() {
		if groundTexts[g] == "" {
			t.Errorf("the ground %s is not told", g)
		}
	}
	for _, r := range []string{habilitation.PieceEmpty, habilitation.PieceTooLarge, habilitation.PieceNotPDF, habilitation.PieceTooMany} {
		if pieceErrors[r] == "" {
			t.Errorf("%s is not told", r)
		}
	}
}

// What an answer is set to comes back as it was, page by page.
func TestAnswersAreReadAsTheyAreWritten(t *testing.T) {
	full := requestsSeen()[0].Form
	for _, s := range formSteps {
		for _, a := range s.answers {
			var f habilitation.Form
			f.Organisation.Kind = droits.Etablissement
			if v := a.get(&full); !a.set(&f, v) || a.get(&f) != v {
				t.Errorf("%s is read as something else", a.name)
			}
			if a.options == nil && a.label == "" || a.get == nil || a.set == nil {
				t.Errorf("%s is not whole", a.name)
			}
		}
	}
	for raw, ok := range map[string]bool{"1 000": true, "1\u202f000": true, "1.000": false, "1,5": false, "-1": false, "1e3": false, "99999999999999999999": false, "douze": false, "": true} {
		var f habilitation.Form
		a := formSteps[1].answers[3]
		if a.name != "volumes.appels_par_jour" || a.set(&f, raw) != ok || raw == "1 000" && f.Volumes.PerDay != 1000 {
			t.Errorf("%q: %d", raw, f.Volumes.PerDay)
		}
	}
}

func TestPublicKeys(t *testing.T) { // R27
	const raw = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
	pem := "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n"
	for _, text := range []string{raw, " " + raw + "\n", pem, "# ma clé\n" + pem} {
		if got, err := publicKey(text); err != nil || got != raw {
			t.Errorf("R27 %q: %v", text[:10], err)
		}
	}
	for _, text := range []string{"", "abc", pem[:60], strings.Replace(pem, "MCow", "MIow", 1), strings.Replace(pem, "PUBLIC", "PRIVATE", 2), raw + raw} {
		if _, err := publicKey(text); err == nil {
			t.Errorf("R27 %.20q is taken for a key", text)
		}
	}
}

// Whatever a page of the form is sent, it is kept or shown again, and never more
// than a page.
func TestAnyAnswerIsTaken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(formSteps).Draw(t, "page")
		sent := url.Values{}
		for _, a := range s.answers {
			sent[a.name] = rapid.SliceOfN(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"etablissement_sante", "identite", "v2", "2027-02-30", "12", "-1", "\xff\xfe", "01/03/2027"})), 0, 3).Draw(t, a.name)
		}
		r := &http.Request{PostForm: sent}
		now := s.read(r, habilitation.Form{Organisation: habilitation.Organisation{Kind: droits.Etablissement, SIRET: "00000000000034"}})
		ownOrganisation(&now, habilitation.Request{Organisation: "00000000000034"})
		if now.form.Organisation.SIRET != "00000000000034" {
			t.Fatal("the organisation moved")
		}
		b, err := json.Marshal(now.form)
		var again habilitation.Form
		if err != nil || json.Unmarshal(b, &again) != nil || len(habilitation.Diff(now.form, again)) > 0 {
			t.Fatalf("what was kept is read as something else: %v", err)
		}
		if len(s.ask(now)) < len(s.answers)-1 || len(now.form.Problems()) == 0 {
			t.Fatal("a question is not asked again")
		}
	})
}
