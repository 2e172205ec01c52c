package app_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"droits.example/droits/internal/api"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/partner"
)

// own are the headers that two instances cannot share: names of traces and of
// people that each draws under its own keys, the quotas, the hour.
var own = []string{"X-Trace", "X-Reference-Personne", "Ratelimit-Limit", "Ratelimit-Remaining", "Ratelimit-Reset", "Date", "Content-Length"}

// drawn is what each instance says of itself: its environment, and the key that
// it made.
var drawn = regexp.MustCompile(`"environnement":"[a-z_]+"|"id":"cle_[^"]+","derniers_caracteres":"[^"]+"`)

// seen is an answer without what two instances cannot share.
func seen(in *apptest.Instance, a *apptest.Answer) string {
	var b strings.Builder
	fmt.Fprintln(&b, a.Status)
	names := []string{}
	for name := range a.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if slices.Contains(own, name) {
			fmt.Fprintln(&b, name)
		} else {
			fmt.Fprintln(&b, name, a.Header[name])
		}
	}
	b.WriteString(drawn.ReplaceAllString(strings.ReplaceAll(string(a.Body), in.URL, "origin"), "drawn"))
	return b.String()
}

// The sandbox is the same program under the same masks as production: what it
// answers about the same people, to the same conventions, is the same.
func TestSandboxAgainstProduction(t *testing.T) {
	box := apptest.Start(t, apptest.Options{})
	live := apptest.Start(t, apptest.Options{Environment: partner.Production})
	partners := func(in *apptest.Instance) []apptest.Partner {
		return []apptest.Partner{in.Hospital, in.Hospital.V2(), in.Insurer}
	}
	if !strings.HasPrefix(live.Hospital.Key, "live_") || !strings.HasPrefix(box.Hospital.Key, "test_") {
		t.Fatal("the keys do not tell the instances apart")
	}
	periods := []string{"", "?dateDebut=2027-03-01&dateFin=2027-04-30"}
	pairs, different, people := 0, 0, 0
	statuses := map[int]int{}
	compare := func(t *testing.T, what, path string, a, b []apptest.Change) {
		t.Helper()
		id := apptest.With("X-Request-Id", fmt.Sprintf("diff-%d", pairs))
		x, y := box.Do(t, path, append(a, id)...), live.Do(t, path, append(b, id)...)
		pairs++
		statuses[x.Status]++
		if seen(box, x) != seen(live, y) {
			different++
			t.Errorf("%s: the sandbox answers %d %s, production %d %s, or not the same body or headers", what, x.Status, x.Code(), y.Status, y.Code())
		}
	}
	t.Run("R37 every operation answers every sandbox person the same", func(t *testing.T) {
		for _, p := range box.People {
			if !p.Named {
				continue
			}
			people++
			nir := box.NIR(t, "famille-martin") // when the person has none, anybody's
			if !p.NIR.IsZero() {
				nir = p.NIR.Reveal()
			}
			for i, who := range partners(box) {
				a, b := box.As(t, p.Slug, who), live.As(t, p.Slug, partners(live)[i])
				for _, op := range droits.Operations() {
					ca, cb := []apptest.Change{a}, []apptest.Change{b}
					if op.NeedsNIR {
						ca, cb = append(ca, apptest.With("nir", nir)), append(cb, apptest.With("nir", nir))
					}
					for _, period := range periods {
						compare(t, p.Slug+" "+who.ID+" "+op.ID, box.Base+op.Path+period, ca, cb)
					}
				}
			}
		}
		for i, who := range partners(box) {
			compare(t, who.ID+" moi", api.MoiPath, []apptest.Change{apptest.Key(who)}, []apptest.Change{apptest.Key(partners(live)[i])})
		}
	})
	t.Logf("R37: %d pairs of answers about %d people, %d different; statuses %v", pairs, people, different, statuses)
	if people < 20 || statuses[http.StatusOK] == 0 || statuses[http.StatusForbidden] == 0 || statuses[http.StatusNotFound] == 0 {
		t.Error("too little was compared to say anything")
	}
	t.Run("R37 R74 neither takes a key of the other", func(t *testing.T) {
		stray := live.Hospital
		stray.Key = box.Hospital.Key
		live.Get(t, "/me", live.As(t, "famille-martin", stray)).Want(t, 401, "cle_invalide")
		stray = box.Hospital
		stray.Key = live.Hospital.Key
		box.Get(t, "/me", box.As(t, "famille-martin", stray)).Want(t, 401, "cle_invalide")
	})
}
