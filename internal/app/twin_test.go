package app_test

import (
	"strings"
	"sync"
	"testing"

	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/trace"
)

// Two applications over one store: what a person decides at one holds at the
// other's next call, and no call that was on its way is served afterwards.
func TestTwoApplicationsOverOneStore(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	twin := in.Twin(t)
	who := in.As(t, "ald", in.Hospital)
	in.Get(t, "/me", who).Want(t, 200, "")
	twin.Get(t, "/me", who).Want(t, 200, "")
	from := in.TraceCount(t)
	const callers, calls = 8, 25
	var mu sync.Mutex
	served := map[string]bool{} // leaf hashes
	var all sync.WaitGroup
	half := make(chan struct{})
	for i := range callers {
		all.Go(func() {
			at := []*apptest.Instance{in, twin}[i%2]
			for n := range calls {
				if n == calls/2 && i == 0 {
					close(half)
				}
				a := at.Plain(t, "/me", who)
				if a.Status != 200 {
					continue
				}
				x := a.Header.Get("X-Trace")
				mu.Lock()
				served[x[strings.LastIndexByte(x, '/')+1:]] = true
				mu.Unlock()
			}
		})
	}
	<-half
	if err := in.App.Store.Withdraw(t.Context(), in.Subject(t, "ald"), in.Hospital.ID, "essai"); err != nil {
		t.Fatal(err)
	}
	if a := twin.Plain(t, "/me", who); a.Status != 403 || !strings.Contains(string(a.Body), `"consentement_retire"`) {
		t.Errorf("R18 the other application answers %d", a.Status)
	}
	in.Get(t, "/me", who).Want(t, 403, "consentement_retire")
	all.Wait()
	t.Run("R18 T11 nothing is served after the commit of a withdrawal, by either", func(t *testing.T) {
		withdrawn, after, before := false, 0, 0
		for _, e := range in.Entries(t, from) {
			if e.Class == trace.ConsentEvent {
				withdrawn = true
			}
			if served[e.Hex()] {
				if before++; withdrawn {
					after++
				}
			}
		}
		if !withdrawn || after != 0 || before != len(served) {
			t.Errorf("withdrawn %v, %d of %d served answers after it, %d in the log", withdrawn, after, len(served), before)
		}
	})
}
