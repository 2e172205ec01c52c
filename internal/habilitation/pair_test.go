package habilitation

import (
	"fmt"
	"testing"
	"time"

	"droits.example/droits/internal/fault"
)

// Where an act takes two agents, whoever proposes never confirms, and a first
// agent decides nothing: every state, role and author.
func TestTwoAgents(t *testing.T) { // R22 R33
	doing := func(a Act, role Role, author string) Doing {
		return Doing{Act: a, Role: role, Author: author, At: at(), Text: "motif", Ground: GroundLaw, Pair: true}
	}
	for _, s := range States() {
		for _, live := range []bool{false, true} {
			for _, a := range Paired() {
				for _, first := range Roles() {
					for _, second := range Roles() {
						for _, author := range []string{"a1", "a2"} {
							r := in(s, live)
							one, err := r.Do(doing(a, first, "a1"))
							key := fmt.Sprintf("%s live %v %s by %s then %s (%s)", s, live, a, first, second, author)
							if want := r.Can(a, asProposer(a, first)) == nil; want != (err == nil) {
								t.Fatalf("R22 %s: proposed %v", key, err)
							}
							if err != nil {
								continue
							}
							if one.State != r.State || len(one.Grants) != len(r.Grants) || one.Proposal == nil || !one.Events[len(one.Events)-1].Internal() {
								t.Fatalf("R22 %s: a proposal decided", key)
							}
							two, err := one.Do(doing(a, second, author))
							allowed := author != "a1" && r.Can(a, second) == nil
							if allowed != (err == nil) {
								t.Fatalf("R33 %s: %v", key, err)
							}
							if err == nil && (two.State == r.State || two.Proposal != nil) {
								t.Fatalf("R22 %s: nothing was decided", key)
							}
							if err != nil && (two.State != r.State || two.Proposal == nil) {
								t.Fatalf("R22 %s: refused and changed something", key)
							}
							if can := one.CanBegin(a, second, author) == nil; can != allowed {
								t.Fatalf("R33 %s: the page would say %v", key, can)
							}
						}
					}
				}
			}
		}
	}
}

func TestProposals(t *testing.T) {
	propose := func(t *testing.T) Request {
		return do(t, in(Submitted, false), Doing{Act: Approve, Role: Instructeur, Author: "a1", Pair: true, Text: "Complet."})
	}
	t.Run("a proposal lapses when something else is decided, not when somebody writes", func(t *testing.T) {
		r := propose(t)
		for _, a := range []Act{Write, Note} {
			r = do(t, r, Doing{Act: a, Role: Instructeur, Author: "a1", Text: "x"})
		}
		if r.Proposal == nil {
			t.Fatal("a word ends it")
		}
		if r = do(t, r, Doing{Act: RequestChanges, Role: Instructeur, Author: "a2", Text: "Précisez."}); r.Proposal != nil {
			t.Error("it stays")
		}
	})
	t.Run("it is taken back by an agent who examines, and by nobody else", func(t *testing.T) {
		r := propose(t)
		for _, role := range Roles() {
			next, err := r.Do(Doing{Act: Withdraw, Role: role, Author: "x", At: at()})
			if deciding := role == Instructeur || role == Responsable; deciding != (err == nil) || deciding != (next.Proposal == nil) {
				t.Errorf("R33 %s: %v", role, err)
			}
		}
		r.Proposal = nil
		if _, err := r.Do(Doing{Act: Withdraw, Role: Instructeur, At: at()}); !fault.Is(err, fault.ActeImpossible) {
			t.Error(err)
		}
	})
	t.Run("who confirms signs the motive and the ground that were proposed", func(t *testing.T) {
		r := do(t, in(Validated, true), Doing{Act: Revoke, Role: Instructeur, Author: "a1", Pair: true, Text: "Fuite.", Ground: GroundSecurity})
		r = do(t, r, Doing{Act: Revoke, Role: Responsable, Author: "a2", Pair: true})
		e := r.Events[len(r.Events)-1]
		if r.State != Revoked || e.Motive != "Fuite." || e.Ground != GroundSecurity || e.Author != "a2" {
			t.Errorf("%+v", e)
		}
	})
	t.Run("of two who decide at once the second has to read what the first did", func(t *testing.T) {
		r := in(Submitted, false)
		read := r.Edition()
		r = do(t, r, Doing{Act: Approve, Role: Instructeur, Author: "a1", Pair: true})
		_, err := r.Do(Doing{Act: Approve, Role: Instructeur, Author: "a2", Pair: true, Edition: read + 1, At: at()})
		if err != nil {
			t.Error(err)
		}
		r = do(t, r, Doing{Act: Approve, Role: Instructeur, Author: "a2", Pair: true})
		if _, err := r.Do(Doing{Act: Refuse, Role: Instructeur, Author: "a3", Text: "x", Edition: read + 1, At: at()}); !fault.Is(err, fault.ActeImpossible) {
			t.Error(err)
		}
	})
	t.Run("R29 a revocation is on one of the closed grounds", func(t *testing.T) {
		for _, g := range []Ground{"", "humeur"} {
			_, err := in(Validated, true).Do(Doing{Act: Revoke, Role: Responsable, Text: "x", Ground: g, At: at()})
			if !fault.Is(err, fault.ParametreInvalide) || fault.From(err).Field() != "fondement" {
				t.Error(err)
			}
		}
		for _, g := range Grounds() {
			do(t, in(Validated, true), Doing{Act: Revoke, Role: Responsable, Text: "x", Ground: g})
		}
	})
}

func TestExamination(t *testing.T) {
	t.Run("a complete form has nothing wrong, and says what an agent has to look at", func(t *testing.T) {
		for _, c := range complete().Checks() {
			if c.Verdict == Bad || c.Text == "" || c.Name == "" {
				t.Errorf("%+v", c)
			}
		}
	})
	for name, c := range map[string]struct {
		spoil func(*Form)
		check string
		want  Verdict
	}{
		"a SIRET with a wrong digit":      {func(f *Form) { f.Organisation.SIRET = "12345678900008" }, "SIRET", Bad},
		"a FINESS with a wrong digit":     {func(f *Form) { f.Organisation.FINESS = "120000014" }, "FINESS", Bad},
		"no FranceConnect authorisation":  {func(f *Form) { f.Connexion.Habilitation = "" }, "Habilitation FranceConnect", Bad},
		"no legal text":                   {func(f *Form) { f.Cadre.Adresse = "" }, "Cadre juridique", Bad},
		"a legal text that is joined":     {func(f *Form) { f.Cadre.Adresse = ""; f.Pieces = map[string]string{"cadre.document": "p"} }, "Cadre juridique", Doubt},
		"R25 more than 36 months":         {func(f *Form) { f.Donnees.Months, f.Donnees.Why = 48, "Archives." }, "Durée de conservation", Doubt},
		"R25 more than 36 without a word": {func(f *Form) { f.Donnees.Months = 48 }, "Durée de conservation", Bad},
		"many calls":                      {func(f *Form) { f.Volumes.PerDay, f.Volumes.Why = 5000, "Réseau." }, "Volumes", Doubt},
		"one address for two roles":       {func(*Form) {}, "Contacts", Doubt},
		"a purpose of the other category": {func(f *Form) { f.Projet.Purpose = "adhesion" }, "Finalité", Bad},
	} {
		t.Run(name+" is seen", func(t *testing.T) {
			f := complete()
			c.spoil(&f)
			for _, x := range f.Checks() {
				if x.Name == c.check && x.Verdict == c.want {
					return
				}
			}
			t.Errorf("%+v", f.Checks())
		})
	}
	t.Run("R31 what was revised is told field by field, since the submission before", func(t *testing.T) {
		r := do(t, in(Draft, false), Doing{Act: Submit, Role: Demandeur})
		if r.Revised() != nil {
			t.Error("a first submission has revised nothing")
		}
		r = do(t, r, Doing{Act: RequestChanges, Role: Instructeur, Text: "x"})
		for _, months := range []int{24, 36} {
			f := r.Form
			f.Donnees.Months, f.Projet.Intitule = months, fmt.Sprint("Projet ", months)
			r = do(t, r, Doing{Act: Update, Role: Demandeur, Form: &f})
		}
		f := r.Form
		f.Projet.Intitule = "Préadmission"
		r = do(t, r, Doing{Act: Update, Role: Demandeur, Form: &f})
		want := "[{donnees.conservation_mois 12 36}]"
		if got := fmt.Sprint(r.Revised()); got != want {
			t.Error(got)
		}
		r = do(t, r, Doing{Act: Submit, Role: Demandeur})
		if got := fmt.Sprint(r.Revised()); got != want {
			t.Error(got)
		}
	})
	t.Run("a wait has a pace", func(t *testing.T) {
		for hours, want := range map[int]Pace{0: OnTime, 15: OnTime, 16: Soon, 23: Soon, 24: Late, 99: Late} {
			if got := PaceOf(time.Duration(hours)*time.Hour, 24*time.Hour); got != want {
				t.Errorf("%d: %s", hours, got)
			}
		}
	})
	t.Run("R34 the median is that of those who were answered", func(t *testing.T) {
		h := func(n int) time.Time { return at().Add(time.Duration(n) * time.Hour) }
		r := Summarise([]Timing{
			{SubmittedAt: h(0), AnsweredAt: h(2), State: Validated, Granted: true}, {SubmittedAt: h(0), AnsweredAt: h(10), State: Refused},
			{SubmittedAt: h(0), AnsweredAt: h(4), State: Submitted}, {SubmittedAt: h(0), State: Submitted}, {},
			{SubmittedAt: h(0), AnsweredAt: h(6), State: Revoked, Granted: true},
		}, 5*time.Hour)
		if r != (Report{Submitted: 5, Answered: 4, Granted: 2, Refused: 1, Median: 5 * time.Hour, Slowest: 10 * time.Hour, Within: 2}) {
			t.Errorf("%+v", r)
		}
		if Summarise(nil, time.Hour) != (Report{}) {
			t.Error("something out of nothing")
		}
	})
}

// do does an act that must be legal.
func do(t *testing.T, r Request, d Doing) Request {
	t.Helper()
	d.At = at()
	next, err := r.Do(d)
	if err != nil {
		t.Fatal(err)
	}
	return next
}
