package web_test

import (
	"fmt"
	"net/url"
	"sort"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/habilitation"
)

// The statistics of the page are those that anybody recomputes from the events
// of every request.
func TestResponseTimes(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	lucie := in.Staff(t, "agent-instructrice")
	ctx := t.Context()
	var ids []string
	for i := range 7 {
		id := submittedRequest(t, in)
		ids = append(ids, id)
		act := func(a habilitation.Act, after time.Duration) {
			t.Helper()
			in.Clock.Advance(after)
			if _, err := in.App.Store.ActOnRequest(ctx, id, habilitation.Doing{Act: a, Role: habilitation.Instructeur, Author: "a", Text: "x"}); err != nil {
				t.Fatal(err)
			}
		}
		act(habilitation.Note, time.Hour)
		switch i % 3 {
		case 0:
			act(habilitation.Write, time.Duration(i+1)*20*time.Hour)
			act(habilitation.Approve, time.Hour)
		case 1:
			act(habilitation.RequestChanges, time.Duration(i)*30*time.Hour)
		}
	}
	var waits []float64
	submitted := 0
	for _, id := range ids {
		r, err := in.App.Store.Request(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		var begun time.Time
		for _, e := range r.Events {
			if e.Act == habilitation.Submit && begun.IsZero() {
				begun = e.At
				submitted++
			}
			if !begun.IsZero() && e.Role == habilitation.Instructeur && e.Act != habilitation.Note {
				waits = append(waits, e.At.Sub(begun).Hours()/24)
				break
			}
		}
	}
	sort.Float64s(waits)
	median := (waits[(len(waits)-1)/2] + waits[len(waits)/2]) / 2
	lucie = in.Staff(t, "agent-instructrice") // the clock went on, and the session ended
	p := lucie.Get(t, "/instruction/delais")
	for _, want := range []string{fmt.Sprintf("Demandes déposées %d", submitted), fmt.Sprintf("première réponse %d", len(waits)), "Délai médian " + strings.Replace(fmt.Sprintf("%.1f jours", median), ".", ",", 1)} {
		if p.Status != 200 || !p.Says(want) {
			t.Errorf("R34 %q is not said: %s", want, p.Text())
		}
	}
}

// Ten thousand requests are paged: what an agent waits for is one page.
func TestQueueAddress(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	lucie := in.Staff(t, "agent-instructrice")
	var ids []string
	for range 55 {
		ids = append(ids, submittedRequest(t, in))
		in.Clock.Advance(time.Minute)
	}
	lucie = in.Staff(t, "agent-instructrice")
	first, last := ids[0], ids[len(ids)-1]
	for name, c := range map[string]struct {
		address   string
		says, not []string
	}{
		"the oldest first":                     {"", []string{first, "55 demandes – Page 1 sur 2", "Page suivante"}, []string{last}},
		"the next page":                        {"?page=2", []string{last, "Page 2 sur 2", "Page précédente"}, []string{first}},
		"sorted the other way":                 {"?sens=desc", []string{last}, []string{first}},
		"by number, all states":                {"?etat=toutes&tri=numero&sens=desc", []string{last}, []string{first}},
		"a number that is searched":            {"?q=" + strings.ToLower(last), []string{last, "1 demande"}, []string{first}},
		"a SIRET that is searched":             {"?q=" + url.QueryEscape("000 000 000 00034"), []string{first, "55 demandes"}, nil},
		"a search that can find nothing":       {"?q=clinique", []string{"Écrivez un numéro de demande"}, []string{first}},
		"those that are late":                  {"?attente=retard", []string{"Aucune demande ne correspond"}, []string{first}},
		"a state that nobody is in":            {"?etat=refused", []string{"Aucune demande ne correspond"}, []string{first}},
		"a page beyond the last":               {"?page=99", []string{"Aucune demande", "Page précédente"}, []string{first}},
		"values that are none are passed over": {"?etat=x&tri=nom&page=-3&attente=y&sens=z", []string{first, "Page 1 sur 2"}, nil},
	} {
		t.Run("R31 "+name, func(t *testing.T) {
			p := lucie.Get(t, "/instruction/demandes"+c.address)
			for _, s := range c.says {
				if !p.Says(s) {
					t.Errorf("%q is not said (%d)", s, p.Status)
				}
			}
			for _, s := range c.not {
				if p.Says(s) {
					t.Errorf("%q is said", s)
				}
			}
		})
	}
	t.Run("R34 a wait beyond the time that is due is late, in colour and in words", func(t *testing.T) {
		in.Clock.Advance(16 * 24 * time.Hour)
		lucie := in.Staff(t, "agent-instructrice")
		if p := lucie.Get(t, "/instruction/demandes?attente=retard"); !p.Says("16 jours en retard") || !strings.Contains(p.Body, `class="tag error"`) {
			t.Error(p.Text())
		}
	})
}
