package partners

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"droits.example/droits/client"
	"droits.example/droits/internal/civil"
)

// Every template runs with everything and with nothing: a name that does not
// exist fails here, not in front of a patient.
func TestTemplates(t *testing.T) {
	p, err := loadPages()
	if err != nil {
		t.Fatal(err)
	}
	f := file{Name: "Noé MARTIN", Born: "02/05/2015", NIR: "1 15 ••", Link: "Enfant", DataOn: "21/11/2026", Window: "du …", birth: "2015-05-02",
		Sections: []section{{ID: "caisse", Title: "Caisse", Rows: []row{{"Caisse", "CPAM"}}}, {ID: "x", Title: "X", Note: "Non transmis.", Missing: true}}}
	type recap = struct {
		File   file
		Others bool
	}
	type confirmed = struct {
		Ref   string
		Bring []string
	}
	type today = struct {
		Day   string
		Lines []line
	}
	type opened = struct {
		*admission
		Hour, Years string
	}
	type who = struct {
		People []person
		Error  bool
	}
	type simulated = struct {
		Files               []file
		Offers              []offer
		Solidarity, Covered []string
	}
	type joined = struct {
		Ref, Formula, Price string
		Names, Bring        []string
	}
	people := []person{{Index: 0, Name: "A", Born: "01/01/1985", Self: true, Picked: true}, {Index: 1, Name: "B", Link: "Enfant"}}
	data := map[string][2]any{
		"index": {}, "hopital": {}, "mutuelle": {}, "absent": {}, "intro_hopital": {}, "intro_mutuelle": {},
		"accord": {agreement{[]string{"Texte"}, []string{"Notice"}, asked([]string{"identite", "arrets_travail", "nouveau_bloc"}), "c", "n", 1, []button{{0, "b"}, {1, "b"}}, true}, agreement{}},
		"papier": {paperRoute{motifs["quota"], []string{"x"}, "7 secondes", "req-1"}, paperRoute{}},
		"journal": {[]entry{{At: time.Unix(0, 0), What: "X", Form: "a = b", Curl: "curl", Trace: "t",
			Exchange: client.Exchange{Method: "GET", URL: "u", Request: []client.Header{{Name: "a", Value: "b"}}, Status: 200, Answer: []client.Header{{Name: "a", Value: "b"}}, Body: "{}"}}}, []entry(nil)},
		"beneficiaire":  {people, []person(nil)},
		"recapitulatif": {recap{f, true}, recap{}},
		"confirmation":  {confirmed{"PA-1", []string{"x"}}, confirmed{}},
		"saisie":        {byHand{"a", "b", "c", "d", []formError{{"nom", "x"}, {"prenom", "x"}, {"naissance", "x"}}}, byHand{}},
		"guichet":       {today{"22/11/2026", []line{{"PA-1", "14 h", "N", "B", "À vérifier", "Saisie", []string{"C2S"}, 1}, {Ref: "PA-2", State: "Admis"}}}, today{}},
		"dossier":       {opened{&admission{Ref: "PA-1", File: f, Fix: []string{"x"}, Comment: "c", Phone: "06"}, "14 h", "3 ans"}, opened{admission: &admission{Admitted: true}}},
		"famille":       {who{people, true}, who{}},
		"simulation":    {simulated{[]file{f}, []offer{{"a", "b", "c", "d"}}, []string{"x"}, []string{"y"}}, simulated{}},
		"adhesion":      {joined{"AD-1", "F", "1 €", []string{"x"}, []string{"y"}}, joined{}},
	}
	for _, name := range pageNames {
		for i, how := range []string{"everything", "nothing"} {
			t.Run(name+" executes with "+how, func(t *testing.T) {
				d, ok := data[name]
				if !ok {
					t.Fatal("the page has no case here")
				}
				v := view{Page: name, Title: "T", Slug: "hopital", Name: "H", Space: "S", Start: "/hopital/preadmission", Journey: "la préadmission", Skip: "contenu", Data: d[i]}
				if name == "mutuelle" || name == "index" {
					v.Slug = ""
				}
				var b bytes.Buffer
				if err := p.byName[name].ExecuteTemplate(&b, "layout", v); err != nil {
					t.Fatal(err)
				}
				s := b.String()
				if strings.Contains(s, "ZgotmplZ") || strings.Count(s, "<h1>") != 1 || strings.Contains(s, " style=") || strings.Contains(s, "<script") {
					t.Error("a refused value, not one h1, or something inline")
				}
			})
		}
	}
}

func TestWords(t *testing.T) {
	t.Run("dates and hours read as in French, in Paris", func(t *testing.T) {
		for in, want := range map[string]string{"2026-11-22": "22/11/2026", "1954-00-00": "1954 (jour et mois inconnus)", "1954-03-00": "03/1954 (jour inconnu)", "": "", "demain": ""} {
			if got := day(in); got != want {
				t.Errorf("%q", got)
			}
		}
		if got := hour(time.Date(2026, 7, 1, 22, 5, 0, 0, time.UTC)); got != "0\u00a0h\u00a005" {
			t.Errorf("%q", got)
		}
		if span("", "") == "" || span("2026-01-01", "") != "à partir du 01/01/2026" || window("x") != "" {
			t.Error("a period is misread")
		}
	})
	t.Run("an age never takes a child for older than is certain", func(t *testing.T) {
		today := civil.MustParse("2026-11-22")
		for birth, want := range map[string]string{"2015-11-22": "11 ans", "2015-11-23": "10 ans", "2015-00-00": "10 ans", "2026-11-01": "moins d'un an", "2025-01-01": "1 an", "x": ""} {
			if got := years(birth, today); got != want {
				t.Errorf("%s: %q", birth, got)
			}
		}
	})
	t.Run("a typed day may lack its zeros, and must exist", func(t *testing.T) {
		for in, ok := range map[string]bool{"14/03/1985": true, "1/2/2001": true, "31/02/2001": false, "2001-02-01": false, "": false, "//2001": false, "123/1/2001": false, "-1/1/2001": false} {
			if _, got := typedDay(in); got != ok {
				t.Errorf("%q: %v", in, got)
			}
		}
	})
	t.Run("every block of the contract has its words", func(t *testing.T) {
		for _, b := range []string{"identite", "beneficiaires", "caisse", "contrats", "presence_medecin_traitant", "medecin_traitant", "exonerations",
			"exonerations_motif", "complementaire", "complementaire_reference", "arrets_travail", "risques_professionnels"} {
			if blocks[b].Text == "" {
				t.Errorf("%s has none", b)
			}
		}
	})
}
