package access

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/desk"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/intake"
	"droits.example/droits/internal/nir"
	"droits.example/droits/internal/sim/people"
	"droits.example/droits/internal/trace"
)

// subject is a token of a person for the insurer, of a FranceConnect subject.
func (w *world) subject(token, slug, sub string) {
	w.t.Helper()
	p, ok := w.people[slug]
	if !ok {
		w.t.Fatal("nobody is called", slug)
	}
	w.answer(token, identity.Assertion{Profile: identity.V2, Client: "mutuelle-v2", Subject: sub, Scopes: []string{"openid", droits.ScopeUmbrella}, ACR: "eidas1", Pivot: p.Pivot}, nil)
}

// as calls /me with the insurer's token.
func (w *world) as(token string) error {
	_, err := w.do(call{partner: "mutuelle", token: token, op: droits.OpMe})
	return err
}

func (w *world) desk(outcome string) desk.Found {
	w.t.Helper()
	f, err := w.store.Desk(ctx, desk.Query{Since: w.Now().Add(-time.Hour), Outcome: outcome, Limit: 100})
	must(w.t, err)
	return f
}

func (w *world) decided(outcome string) (n int64) {
	for _, c := range w.desk("").Counts {
		if c.Outcome == outcome {
			n += c.N
		}
	}
	return n
}

func TestEveryDecisionReachesTheDesk(t *testing.T) { // R9
	w := newWorld(t)
	for i, slug := range []string{"famille-martin", "c2s", "inconnu", "hors-perimetre", "ambigue", "limitee"} {
		token := fmt.Sprint("jeton-", i)
		if slug == "ambigue" {
			w.token(token, slug, "hopital")
			_, err := w.do(call{partner: "hopital", token: token, op: droits.OpMe})
			if code(err) != "personne_non_identifiee" {
				t.Errorf("%s: %v", slug, err)
			}
			continue
		}
		w.subject(token, slug, "sub-"+slug)
		if err := w.as(token); slug == "inconnu" && code(err) != "personne_non_identifiee" {
			t.Errorf("%s: %v", slug, err)
		}
	}
	f := w.desk("")
	n, err := w.store.TraceCount(ctx)
	must(t, err)
	first := n - 6 // entries before these are of acts
	t.Run("R9 what is no match is listed one by one, with codes and pseudonyms", func(t *testing.T) {
		if len(f.Cases) != 3 {
			t.Fatalf("%d cases", len(f.Cases))
		}
		for i, want := range []desk.Case{
			{Trace: 4, Partner: "hopital", Outcome: "ambiguous", Reason: "SEVERAL_MATCH", Candidates: 2},
			{Trace: 3, Partner: "mutuelle", Outcome: "none", Reason: "OTHER_REGIME", Candidates: 1},
			{Trace: 2, Partner: "mutuelle", Outcome: "none", Reason: "NO_CANDIDATE"},
		} {
			c := f.Cases[i]
			if c.Trace != first+want.Trace || c.Partner != want.Partner || c.Outcome != want.Outcome || c.Reason != want.Reason || c.Candidates != want.Candidates || c.RequestID != "essai" || c.Purpose != "preadmission" || c.Rule == "" || c.Person != "" || !c.At.Equal(w.Now()) {
				t.Errorf("%+v", c)
			}
			if (c.Subject == "") != (c.Partner == "hopital") || c.Subject != "" && len(c.Subject) != 32 {
				t.Errorf("the subject's pseudonym is %q", c.Subject)
			}
		}
	})
	t.Run("matches are counted, those that are refused later too", func(t *testing.T) {
		if w.decided(desk.Match) != 3 || w.decided(desk.None) != 2 || w.decided(desk.Ambiguous) != 1 || w.decided(desk.Blocked) != 0 {
			t.Errorf("%+v", f.Counts)
		}
	})
	t.Run("an outcome can be chosen, and the list cut", func(t *testing.T) {
		if got := w.desk(desk.Ambiguous).Cases; len(got) != 1 {
			t.Errorf("%d", len(got))
		}
		cut, err := w.store.Desk(ctx, desk.Query{Since: w.Now().Add(-time.Hour), Limit: 2})
		if must(t, err); len(cut.Cases) != 2 || !cut.More || f.More {
			t.Errorf("%d cases, more %v", len(cut.Cases), cut.More)
		}
		if late, err := w.store.Desk(ctx, desk.Query{Since: w.Now().Add(time.Hour), Limit: 2}); err != nil || len(late.Cases)+len(late.Counts) != 0 {
			t.Errorf("%+v %v", late, err)
		}
	})
	t.Run("R10 no trait, number, token or subject is there", func(t *testing.T) {
		b, err := json.Marshal(f)
		must(t, err)
		for _, p := range w.people {
			for _, s := range []string{p.NIR.Reveal(), p.Pivot.FamilyName, p.Pivot.Birthdate, "sub-" + p.Slug} {
				if len(s) > 4 && strings.Contains(string(b), s) {
					t.Fatal("a trait or a number is there")
				}
			}
		}
		if strings.Contains(string(b), "jeton-") {
			t.Error("a token is there")
		}
	})
	t.Run("R42 the entry keeps the subject's pseudonym, and not where there is none", func(t *testing.T) {
		all := w.traces()
		if s, _ := all[0].internal["fc_subject"].(string); len(s) != 32 || all[4].internal["fc_subject"] != nil {
			t.Errorf("%v %v", all[0].internal, all[4].internal)
		}
	})
	t.Run("a refusal before anybody is looked up is no decision", func(t *testing.T) {
		w.answer("sans-portee", identity.Assertion{Profile: identity.V2, Client: "mutuelle-v2", Scopes: []string{"openid"}, ACR: "eidas1"}, nil)
		if err := w.as("sans-portee"); code(err) != "portee_insuffisante" || w.decided(desk.None) != 2 {
			t.Errorf("%v, %d", err, w.decided(desk.None))
		}
	})
}

func TestOneSubjectLeadsToOnePerson(t *testing.T) { // R9
	w := newWorld(t)
	w.subject("martin", "famille-martin", "sub-1")
	w.subject("martin-encore", "famille-martin", "sub-1")
	w.subject("autre", "c2s", "sub-1")
	w.subject("autre-sujet", "c2s", "sub-2")
	must(t, w.as("martin"))
	t.Run("R9 another person is refused like nobody", func(t *testing.T) {
		if err := w.as("autre"); code(err) != "personne_non_identifiee" || !isTraced(err) {
			t.Fatalf("%v", err)
		}
		x := w.last()
		if x.class != trace.AccessRefused || fmt.Sprint(x.internal["reasons"]) != "[SUBJECT_LEADS_ELSEWHERE]" || x.person["beneficiary"] != nil || x.person["consent"] != nil || w.consents() != 1 {
			t.Errorf("%v, %d consents", x, w.consents())
		}
	})
	t.Run("R9 it is listed with both pseudonyms", func(t *testing.T) {
		f := w.desk(desk.Blocked)
		a, b := w.store.TraceSubject(w.sujet("famille-martin")), w.store.TraceSubject(w.sujet("c2s"))
		if len(f.Cases) != 1 || len(f.Blocked) != 1 || f.Cases[0].Before != fmt.Sprintf("%x", a) || f.Cases[0].Person != fmt.Sprintf("%x", b) || f.Cases[0].Reason != trace.SubjectLeadsElsewhere {
			t.Errorf("%+v", f)
		}
	})
	t.Run("the first person goes on, and so does the other one by a subject of its own", func(t *testing.T) {
		must(t, w.as("martin-encore"))
		must(t, w.as("autre-sujet"))
		must(t, w.as("martin"))
	})
	t.Run("FranceConnect v1 tells no subject, and is not compared", func(t *testing.T) {
		w.token("v1", "c2s", "hopital")
		_, err := w.do(call{partner: "hopital", token: "v1", op: droits.OpMe})
		must(t, err)
	})
	t.Run("it outlives the process", func(t *testing.T) {
		w.writer.Close()
		must(t, w.store.Close())
		w.reopen()
		if err := w.as("autre"); code(err) != "personne_non_identifiee" {
			t.Errorf("%v", err)
		}
	})
	t.Run("once the block is forgotten, the next call decides anew and is remembered", func(t *testing.T) {
		if err := w.store.ForgetSubject(ctx, 0); !fault.Is(err, fault.RessourceInconnue) {
			t.Errorf("an entry that blocked nobody: %v", err)
		}
		blocked := w.desk(desk.Blocked).Cases[0].Trace
		must(t, w.store.Rehearsal().ForgetSubject(ctx, blocked))
		if err := w.as("autre"); code(err) != "personne_non_identifiee" {
			t.Errorf("a rehearsal forgets: %v", err)
		}
		must(t, w.store.ForgetSubject(ctx, blocked))
		must(t, w.as("autre"))
		if err := w.as("martin"); code(err) != "personne_non_identifiee" {
			t.Errorf("it is not remembered: %v", err)
		}
	})
}

// Two calls of one subject that meet: both find that nobody stands before, and
// the transaction tells them apart.
func TestSubjectsAreComparedAtTheCommit(t *testing.T) { // R9
	w := newWorld(t)
	w.subject("martin", "famille-martin", "sub-1")
	w.subject("autre", "c2s", "sub-1")
	w.join(&before{next: w.writer, do: func() { must(t, w.as("autre")) }}, w.store)
	a, err := w.do(call{partner: "mutuelle", token: "martin", op: droits.OpMe})
	if code(err) != "personne_non_identifiee" || !isTraced(err) || a.Body() != nil {
		t.Fatalf("R9 %v", err)
	}
	x := w.last()
	if fmt.Sprint(x.internal["reasons"]) != "[SUBJECT_LEADS_ELSEWHERE]" || x.person["beneficiary"] != nil || x.person["body"] != nil || w.consents() != 1 || w.taken("mutuelle") != 2 {
		t.Errorf("%v, %d consents, %d taken", x, w.consents(), w.taken("mutuelle"))
	}
	if f := w.desk(desk.Blocked); len(f.Cases) != 1 || w.decided(desk.Match) != 1 || w.decided(desk.Blocked) != 1 {
		t.Errorf("%+v", f)
	}
}

// A number that is reissued leads to the same person, by its row in the source
// or by the numbers that the source says it had.
func TestAReissuedNumberIsNoOtherPerson(t *testing.T) { // R9
	const slug = "famille-martin"
	for _, c := range []struct {
		name   string
		change func(row map[string]any, former string)
		want   string
	}{
		{"the row keeps its identifier", func(map[string]any, string) {}, ""},
		{"the row has another identifier and names the former number", func(row map[string]any, former string) {
			row["id"], row["nir_precedents"] = "nouveau", []string{former}
		}, ""},
		{"R9 another row that names no former number is another person", func(row map[string]any, _ string) { row["id"] = "nouveau" }, "personne_non_identifiee"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.subject("avant", slug, "sub-1")
			must(t, w.as("avant"))
			row := w.row(slug)
			old, former := row["id"].(string), row["nir"].(string)
			row["nir"] = another(t, former)
			c.change(row, former)
			delete(row, "rattachements")
			file := `{"type":"entete","format":"droits/1","jeu":"delta","date_reference":"2026-11-22"}` + "\n"
			if row["id"] != old {
				file += fmt.Sprintf(`{"type":"fin","id":%q,"motif":"erreur","date":"2026-11-01"}`+"\n", old)
			}
			b, err := json.Marshal(row)
			must(t, err)
			s, err := intake.Run(ctx, intake.Options{Reader: strings.NewReader(file + string(b) + "\n"), Sink: w.store.NewLoad()})
			if must(t, err); s.Rejected != 0 {
				t.Fatalf("%d rejected", s.Rejected)
			}
			for range 2 {
				w.forward(time.Second)
				w.subject("apres", slug, "sub-1")
				if err := w.as("apres"); code(err) != c.want {
					t.Errorf("%v", err)
				}
			}
		})
	}
}

// row is the line of a person in the file that was loaded.
func (w *world) row(slug string) map[string]any {
	w.t.Helper()
	var file strings.Builder
	must(w.t, people.WriteNDJSON(&file, 1, day))
	for line := range strings.SplitSeq(file.String(), "\n") {
		var row map[string]any
		if json.Unmarshal([]byte(line), &row) == nil && row["type"] == "personne" && row["nir"] != nil {
			if n, err := nir.Parse(row["nir"].(string)); err == nil && n == w.people[slug].NIR {
				return row
			}
		}
	}
	w.t.Fatal("not in the file")
	return nil
}

// another is a number of the same traits.
func another(t *testing.T, former string) string {
	t.Helper()
	n, err := nir.Parse(former[:10] + "998")
	must(t, err)
	return n.Reveal()
}

// A whole load may give a row's name to somebody else: it says nothing across
// two of them.
func TestARowsNameCountsInsideOneLoad(t *testing.T) { // R9
	w := newWorld(t)
	w.subject("avant", "famille-martin", "sub-1")
	w.subject("apres", "c2s", "sub-1")
	must(t, w.as("avant"))
	other := w.row("c2s")
	other["id"] = w.row("famille-martin")["id"]
	delete(other, "rattachements")
	line, err := json.Marshal(other)
	must(t, err)
	file := `{"type":"entete","format":"droits/1","jeu":"complet","date_reference":"2026-11-22"}` + "\n" + string(line) + "\n"
	_, err = intake.Run(ctx, intake.Options{Reader: strings.NewReader(file), Sink: w.store.NewLoad()})
	must(t, err)
	if err := w.as("apres"); code(err) != "personne_non_identifiee" || w.decided(desk.Blocked) != 1 {
		t.Errorf("R9 %v, %d blocked", err, w.decided(desk.Blocked))
	}
}

func TestWhatBindsASubjectAndWhatFreesIt(t *testing.T) { // R9
	t.Run("R9 a call that is refused binds nobody", func(t *testing.T) {
		w := newWorld(t)
		w.subject("autre", "c2s", "sub-1")
		w.subject("martin", "famille-martin", "sub-1")
		must(t, w.store.Withdraw(ctx, w.sujet("c2s"), "mutuelle", "x"))
		if err := w.as("autre"); code(err) != "consentement_retire" {
			t.Fatalf("%v", err)
		}
		must(t, w.as("martin"))
	})
	t.Run("R9 an old entry lifts no later block", func(t *testing.T) {
		w := newWorld(t)
		w.subject("martin", "famille-martin", "sub-1")
		w.subject("autre", "c2s", "sub-1")
		must(t, w.as("martin"))
		blocked := func() int64 {
			if err := w.as("autre"); code(err) != "personne_non_identifiee" {
				t.Fatalf("%v", err)
			}
			return w.desk(desk.Blocked).Cases[0].Trace
		}
		first := blocked()
		must(t, w.store.ForgetSubject(ctx, first))
		if f := w.desk(""); len(f.Blocked) != 0 {
			t.Error("an alert that was settled")
		}
		must(t, w.as("martin"))
		second := blocked()
		if err := w.store.ForgetSubject(ctx, first); !fault.Is(err, fault.RessourceInconnue) {
			t.Errorf("%v", err)
		}
		if blocked() == second {
			t.Error("the block is lifted")
		}
	})
	t.Run("what is older than the desk keeps is erased", func(t *testing.T) {
		w := newWorld(t)
		w.subject("martin", "famille-martin", "sub-1")
		w.subject("autre", "c2s", "sub-1")
		must(t, w.as("martin"))
		_ = w.as("autre") // blocked
		if n, err := w.store.TrimDesk(ctx, w.Now()); err != nil || n != 0 {
			t.Errorf("%d, %v", n, err)
		}
		if n, err := w.store.TrimDesk(ctx, w.Now().Add(2*time.Hour)); err != nil || n != 1 || len(w.desk("").Cases) != 0 || w.decided(desk.Match) != 0 {
			t.Errorf("%d, %v", n, err)
		}
	})
}
