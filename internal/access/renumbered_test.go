package access

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/intake"
	"droits.example/droits/internal/sim/people"
)

// rowOf is the line of the file whose number or identifier a function accepts.
func (w *world) rowOf(is func(row map[string]any) bool) map[string]any {
	w.t.Helper()
	var file strings.Builder
	must(w.t, people.WriteNDJSON(&file, 1, day))
	for line := range strings.SplitSeq(file.String(), "\n") {
		var row map[string]any
		if json.Unmarshal([]byte(line), &row) == nil && row["type"] == "personne" && is(row) {
			return row
		}
	}
	w.t.Fatal("not in the file")
	return nil
}

// update applies rows that have changed.
func (w *world) update(rows ...map[string]any) {
	w.t.Helper()
	file := `{"type":"entete","format":"droits/1","jeu":"delta","date_reference":"2026-11-22"}` + "\n"
	for _, row := range rows {
		b, err := json.Marshal(row)
		must(w.t, err)
		file += string(b) + "\n"
	}
	s, err := intake.Run(ctx, intake.Options{Reader: strings.NewReader(file), Sink: w.store.NewLoad()})
	if must(w.t, err); s.Rejected != 0 {
		w.t.Fatalf("%d rejected", s.Rejected)
	}
}

// What was decided about somebody outlives its number: a number that is issued
// again, or that comes at last to a child that had none, opens nothing.
func TestDecisionsOutliveNumbers(t *testing.T) { // R16 R18
	t.Run("R18 a withdrawal and R16 a child left out, whose numbers change", func(t *testing.T) {
		w := newWorld(t)
		c := w.signIn(holder)
		kid := familyOf(t, w, holder).Dependants(w.window())[1].Personne
		choose := func(c Citizen, change func(*Choice)) {
			must(t, w.service.Choose(ctx, c, visit, "hopital", w.choice(c, change)))
		}
		_, err := w.read("avant", holder, "hopital", droits.OpMe)
		must(t, err)
		agreed := w.agreed()
		choose(c, func(x *Choice) { x.Excluded = w.refs(c)[1:2] })
		must(t, w.service.Withdraw(ctx, c, visit, "mutuelle"))
		of := func(number string) map[string]any {
			row := w.rowOf(func(row map[string]any) bool { n, _ := row["nir"].(string); return strings.HasPrefix(n, number) })
			former := row["nir"].(string)
			row["nir"], row["nir_precedents"] = another(t, former), []string{former}
			return row
		}
		w.update(of(w.people[holder].NIR.Reveal()[:13]), of(kid.NIR.Reveal()[:13]))
		if w.signIn(holder).subject == c.subject {
			t.Fatal("the number has not changed")
		}
		w.forward(time.Second)
		if _, err := w.read("mutuelle", holder, "mutuelle", droits.OpMe); code(err) != "consentement_retire" {
			t.Errorf("R18 %v", err)
		}
		kids := w.signIn(holder).family.Dependants(w.window())
		listed := func(token string) string {
			a, err := w.read(token, holder, "hopital", droits.OpBeneficiaires)
			must(t, err)
			return listedOf(a.Body(), kids)
		}
		if got := listed("liste"); got != "le premier" {
			t.Errorf("R16 %s", got)
		}
		now := w.signIn(holder)
		if x := w.sharing(now, "hopital"); len(x.Dependants) != 2 || x.Dependants[1].Shared || len(x.Given) < 2 {
			t.Errorf("R16 the page says otherwise: %+v", x.Dependants)
		}
		if _, err := w.service.Agreement(ctx, now, agreed); err != nil {
			t.Errorf("its receipt is lost: %v", err)
		}
		must(t, w.service.Contest(ctx, now, visit, agreed))
		if x := w.sharing(now, "mutuelle"); x.State != consent.StateWithdrawn {
			t.Errorf("R18 %s", x.State)
		}
		must(t, w.service.Allow(ctx, now, visit, "mutuelle"))
		choose(now, func(*Choice) {})
		w.forward(time.Second)
		if _, err := w.read("mutuelle-2", holder, "mutuelle", droits.OpMe); err != nil {
			t.Errorf("allowed again: %v", err)
		}
		if got := listed("liste-2"); got != "les deux" {
			t.Errorf("taken back in: %s", got)
		}
	})
	t.Run("R16 a newborn left out that gets its number", func(t *testing.T) {
		w := newWorld(t)
		const parent = "enfant-sans-nir"
		c := w.signIn(parent)
		must(t, w.service.Choose(ctx, c, visit, "hopital", w.choice(c, func(x *Choice) { x.Excluded = w.refs(c) })))
		id := w.rowOf(func(row map[string]any) bool {
			n, _ := row["nir"].(string)
			return strings.HasPrefix(n, w.people[parent].NIR.Reveal()[:13])
		})["id"]
		row := w.rowOf(func(row map[string]any) bool {
			links, _ := row["rattachements"].([]any)
			for _, l := range links {
				if l.(map[string]any)["ouvrant"] == id && row["nir"] == nil {
					return true
				}
			}
			return false
		})
		row["nir"] = another(t, "2261107064001")
		w.update(row)
		a, err := w.read("liste", parent, "hopital", droits.OpBeneficiaires)
		if err != nil || strings.Contains(string(a.Body()), "Lison") {
			t.Errorf("R16 %s %v", a.Body(), err)
		}
		if x := w.sharing(w.signIn(parent), "hopital"); len(x.Dependants) != 1 || x.Dependants[0].Shared {
			t.Errorf("R16 %+v", x.Dependants)
		}
	})
}
