package habilitation

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
)

func at() time.Time { return time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC) }

// complete is a form that can be submitted.
func complete() Form {
	c := Contact{"Claude Exemple", "directrice", "claude@hopital.example", "01 99 00 00 01"}
	return Form{
		Organisation: Organisation{droits.Etablissement, "Hôpital d'exemple", "12345678900007", "120000013"},
		Projet:       Projet{Intitule: "Préadmission", Description: "Préparer les admissions sans papier.", Purpose: "preadmission"},
		Donnees:      Donnees{Blocs: []droits.Bloc{droits.BlocIdentite, droits.BlocContrats}, Destinataires: "Agents des admissions", Months: 12},
		Cadre:        Cadre{Nature: "Code de la santé publique", Adresse: "https://texte.example/article"},
		Connexion:    Connexion{"FC-12", "client-12", "v2"},
		Contacts:     Contacts{c, c, c},
		Volumes:      Volumes{PerDay: 100, PerSecond: 5},
		Engagements:  Engagements{"2026-11", true},
	}
}

// in makes a request in a state, with or without a live grant.
func in(s State, live bool) Request {
	r := Request{ID: "D-2026-0001", State: s, Form: complete()}
	if live {
		r.Grants = []Grant{{Version: 1, Form: complete(), GrantedAt: at()}}
	}
	return r
}

// expected is the table that a reader holds against the code: for each state,
// live or not, who may do what and where it leads.
func expected(t *testing.T) map[string]string {
	raw, err := os.ReadFile("testdata/etats.md")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(raw)) {
		cells := strings.Split(line, "|")
		if len(cells) != 7 || strings.HasPrefix(strings.TrimSpace(cells[1]), "---") || strings.TrimSpace(cells[1]) == "état" {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		for _, role := range strings.Split(cells[4], ", ") {
			out[cells[1]+"/"+cells[2]+"/"+cells[3]+"/"+role] = cells[5]
		}
	}
	return out
}

func TestEveryCell(t *testing.T) { // R22 R33
	want := expected(t)
	met, n := map[string]bool{}, 0
	for _, s := range States() {
		for _, live := range []bool{false, true} {
			for _, a := range Acts() {
				for _, role := range Roles() {
					grant := "non"
					if live {
						grant = "oui"
					}
					key := fmt.Sprintf("%s/%s/%s/%s", s, grant, a, role)
					r := in(s, live)
					f := complete()
					f.Projet.Intitule = "Autre"
					next, err := r.Do(Doing{Act: a, Role: role, Author: "c1", At: at(), Text: "motif", Form: &f, Ground: GroundSecurity})
					n++
					to, legal := want[key]
					met[key] = true
					switch {
					case legal && err != nil:
						t.Errorf("R22 %s is refused: %v", key, err)
					case !legal && err == nil:
						t.Errorf("R22 %s is allowed", key)
					case legal && string(next.State) != to:
						t.Errorf("R22 %s leads to %s", key, next.State)
					case !legal && next.State != r.State, !legal && len(next.Events) != len(r.Events), !legal && len(next.Grants) != len(r.Grants):
						t.Errorf("R22 %s was refused and changed something", key)
					case !legal && !fault.Is(err, fault.RoleInsuffisant) && !fault.Is(err, fault.ActeImpossible):
						t.Errorf("R33 %s: %v", key, err)
					}
				}
			}
		}
	}
	for key := range want {
		if !met[key] {
			t.Errorf("the table speaks of %s, which does not exist", key)
		}
	}
	if n != len(States())*2*len(Acts())*len(Roles()) {
		t.Error(n)
	}
}

func TestAReopeningNeverTouchesTheLiveGrant(t *testing.T) { // R26
	rapid.Check(t, func(t *rapid.T) {
		r := in(Validated, true)
		before := fmt.Sprint(r.Grants[0])
		for i := range rapid.IntRange(1, 12).Draw(t, "acts") {
			f := complete()
			f.Projet.Intitule = fmt.Sprint("Version ", i)
			d := Doing{
				Act: rapid.SampledFrom(Acts()).Draw(t, "act"), Role: rapid.SampledFrom(Roles()).Draw(t, "role"), Author: "c1", At: at().Add(time.Duration(i) * time.Hour), Text: "motif", Form: &f,
			}
			next, err := r.Do(d)
			if err != nil {
				continue
			}
			if d.Act == Approve || d.Act == Revoke {
				return // these two may
			}
			r = next
			if live := r.Live(); live == nil || fmt.Sprint(*live) != before {
				t.Fatalf("R26 %s changed the grant", d.Act)
			}
		}
	})
}

func TestDecisions(t *testing.T) {
	t.Run("R31 what changed is told field by field", func(t *testing.T) {
		f := complete()
		f.Projet.Intitule, f.Donnees.Months, f.Pieces = "Autre", 24, map[string]string{"cadre.document": "doc-1"}
		r := do(t, in(Draft, false), Doing{Act: Update, Role: Demandeur, Form: &f})
		got := fmt.Sprint(r.Events[0].Changes)
		if got != "[{projet.intitule Préadmission Autre} {donnees.conservation_mois 12 24} {cadre.document  doc-1}]" {
			t.Error(got)
		}
	})
	t.Run("R26 an approval freezes the answers, and a refused update leaves them", func(t *testing.T) {
		r := do(t, in(Submitted, false), Doing{Act: Approve, Role: Instructeur})
		r = do(t, r, Doing{Act: Reopen, Role: Demandeur})
		f := complete()
		f.Donnees.Months = 36
		r = do(t, r, Doing{Act: Update, Role: Demandeur, Form: &f})
		r = do(t, r, Doing{Act: Submit, Role: Demandeur})
		r = do(t, r, Doing{Act: Refuse, Role: Instructeur, Text: "Durée trop longue."})
		if r.State != Validated || r.Live() == nil || r.Live().Form.Donnees.Months != 12 || r.Form.Donnees.Months != 12 || len(r.Grants) != 1 {
			t.Errorf("%s, %d grants", r.State, len(r.Grants))
		}
	})
	t.Run("a revocation ends the grant and keeps it", func(t *testing.T) {
		r := do(t, in(Validated, true), Doing{Act: Revoke, Role: Responsable, Text: "Usage non conforme.", Ground: GroundTerms})
		if r.State != Revoked || r.Live() != nil || len(r.Grants) != 1 {
			t.Error(r.State)
		}
	})
	for _, a := range []Act{RequestChanges, Refuse, Write, Note} {
		t.Run("R31 a motive or a text is required: "+string(a), func(t *testing.T) {
			for _, text := range []string{"", " \n", strings.Repeat("é", maxText+1), "\xff"} {
				r := in(Submitted, false)
				if _, err := r.Do(Doing{Act: a, Role: Instructeur, At: at(), Text: text}); !fault.Is(err, fault.ParametreInvalide) {
					t.Errorf("%d characters: %v", len(text), err)
				}
			}
		})
	}
	t.Run("a note is between agents", func(t *testing.T) {
		r := do(t, in(Submitted, false), Doing{Act: Note, Role: Instructeur, Text: "À vérifier."})
		if !r.Events[0].Internal() {
			t.Error("the applicant would see it")
		}
	})
	t.Run("R24 without a FranceConnect authorisation nothing is submitted", func(t *testing.T) {
		r := in(Draft, false)
		r.Form.Connexion.Habilitation = ""
		_, err := r.Do(Doing{Act: Submit, Role: Demandeur, At: at()})
		if !fault.Is(err, fault.ParametreInvalide) || fault.From(err).Field() != "connexion.habilitation" {
			t.Error(err)
		}
	})
}
