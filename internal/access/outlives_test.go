package access

import (
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/droits"
)

// A number is replaced; the person stays itself, in its own space and for its
// partners.
func TestAPersonOutlivesItsNumber(t *testing.T) { // R11 R44
	w := newWorld(t)
	c := w.signIn(holder)
	before, err := w.read("avant", holder, "hopital", droits.OpMe)
	must(t, err)
	must(t, w.service.SetSettings(ctx, c, visit, Settings{Mail: "camille@exemple.fr", Notify: true}))
	seen := w.journal(c, ReadingQuery{Partner: "hopital"})
	_, err = w.service.Report(ctx, c, visit, seen[0].ID, "")
	must(t, err)
	row := w.rowOf(func(row map[string]any) bool {
		n, _ := row["nir"].(string)
		return strings.HasPrefix(n, w.people[holder].NIR.Reveal()[:13])
	})
	former := row["nir"].(string)
	row["nir"], row["nir_precedents"] = another(t, former), []string{former}
	w.update(row)
	w.forward(time.Second)
	now := w.signIn(holder)
	if now.Key() == c.Key() {
		t.Fatal("the number did not change")
	}
	t.Run("R44 it finds what was read under the former number, with its proof and its report", func(t *testing.T) {
		lines := w.journal(now, ReadingQuery{Partner: "hopital"})
		if len(lines) != len(seen) || lines[0].ID != seen[0].ID || !lines[0].Reported || lines[0].Elsewhere {
			t.Fatalf("%+v", lines)
		}
		if _, err := w.service.Proof(ctx, now, visit, lines[0].ID); err != nil {
			t.Error(err)
		}
		if x := w.sharing(now, "hopital"); x.LastRead.IsZero() || len(x.Given) != 1 {
			t.Errorf("%+v", x)
		}
	})
	t.Run("R11 a partner knows it by the same reference", func(t *testing.T) {
		after, err := w.read("apres", holder, "hopital", droits.OpMe)
		must(t, err)
		if after.Reference() != before.Reference() {
			t.Error("another reference")
		}
	})
	t.Run("what it asked about messages stands, and can be taken back", func(t *testing.T) {
		if x, err := w.service.Settings(ctx, now); err != nil || x.Mail != "camille@exemple.fr" || !x.Notify {
			t.Errorf("%v", err)
		}
		must(t, w.service.SetSettings(ctx, now, visit, Settings{}))
		if x, err := w.service.Settings(ctx, now); err != nil || x != (Settings{}) {
			t.Error("the address of before stays")
		}
	})
}

// Whoever has come of age is no dependant: its parent sees nothing of what it
// decides, of today or of the year before.
func TestAFormerDependantIsGone(t *testing.T) { // T12
	w := newWorld(t)
	kid := familyOf(t, w, "famille-martin").Dependants(w.window())[0].Personne
	majority := kid.NaissanceOn.AddYears(18).StartAt()
	for _, x := range []struct {
		name  string
		at    time.Time
		there bool
	}{
		{"on the day before its majority it is there", majority.Add(-time.Hour), true},
		{"on the day of its majority it is not, whatever period is shown", majority.Add(12 * time.Hour), false},
		{"nor six months later", majority.AddDate(0, 6, 0), false},
	} {
		t.Run("T12 "+x.name, func(t *testing.T) {
			w.forward(x.at.Sub(w.Now()))
			_, err := w.store.Restrict(ctx, consent.Restriction{Subject: kid.Sujet, Bloc: droits.BlocArretsTravail, Ground: "18-1-a", SinceAt: w.Now().Add(-time.Hour)})
			must(t, err)
			c, today := w.signIn("famille-martin"), civil.On(w.Now())
			own, err := w.service.Rights(ctx, c, visit, civil.Period{From: today.AddYears(-1), To: today.AddYears(1)})
			must(t, err)
			found := false
			for _, m := range own.Members {
				found = found || m.Personne.ID == kid.ID
			}
			if found != x.there {
				t.Errorf("there: %v", found)
			}
		})
	}
}
