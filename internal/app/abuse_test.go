package app_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"droits.example/droits/internal/app"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/notify"
	"droits.example/droits/internal/partner"
)

// unknown calls for a number that is nobody of the family, under a request id.
func unknown(t *testing.T, at *apptest.Instance, who apptest.Change, n int) *apptest.Answer {
	t.Helper()
	number := fmt.Sprintf("1850312047%03d", n%900+1)
	return at.Plain(t, "/contrats", who, apptest.With("nir", number), apptest.With("X-Request-Id", fmt.Sprintf("essai-%04d", n)))
}

func TestEnumerationSuspendsAKey(t *testing.T) {
	in := apptest.Start(t, apptest.Options{Edit: func(c *app.Config) {
		c.Mail = app.Mail{Host: "127.0.0.1:9", From: "droits@essai.example", Operator: "exploitation@essai.example"}
	}})
	p, other := in.SignUp(t, droits.Etablissement, nil), in.SignUp(t, droits.Etablissement, nil)
	told(t, in, p)
	who, quiet := in.As(t, "famille-martin", p), in.As(t, "famille-martin", other)
	unknown(t, in, quiet, 9000).Want(t, 404, "beneficiaire_inconnu") // another partner's
	t.Run("R77 20 unknown NIRs in a row suspend the key, and the answer says what to do", func(t *testing.T) {
		for n := range partner.MostUnknown {
			unknown(t, in, who, n).Want(t, 404, "beneficiaire_inconnu")
		}
		a := in.Get(t, "/me", who).Want(t, 403, "cle_suspendue")
		if !strings.Contains(a.Problem().Detail, "reprise") {
			t.Error("it does not say how to come back")
		}
		in.Get(t, "/me", quiet).Want(t, 200, "")
	})
	t.Run("R77 it is told in the trail, in the metrics, to the partner and to the operator", func(t *testing.T) {
		told := false
		for _, e := range in.Entries(t, 0) {
			told = told || e.Person["operation"] == "alerte_enumeration" && e.Person["partner"] == p.ID && e.Person["object"] == p.KeyID
		}
		if !told {
			t.Error("not in the trail")
		}
		if _, m := in.Inside(t, "/metrics"); !strings.Contains(m, `droits_alarms_total{kind="enumeration"} 1`) {
			t.Error("not counted")
		}
		if hooks, letters := messages(t, in, notify.Webhook, notify.KeySuspended), messages(t, in, notify.Mail, notify.KeySuspended); len(hooks) != 1 || len(letters) != 2 {
			t.Errorf("%d webhooks, %d letters", len(hooks), len(letters))
		}
	})
	t.Run("R47 the notice cites the requests of that partner and no other's", func(t *testing.T) {
		var list []partner.Alert
		list, err := in.App.Store.Alerts(t.Context(), p.ID, 10)
		if err != nil || len(list) != 1 || !list[0].Suspended || len(list[0].Requests) != partner.MostUnknown {
			t.Fatalf("%v, %d alerts", err, len(list))
		}
		for _, l := range append(messages(t, in, notify.Webhook, notify.KeySuspended), messages(t, in, notify.Mail, notify.KeySuspended)...) {
			for _, id := range list[0].Requests {
				if !strings.Contains(l.Text, id) {
					t.Errorf("%s is not cited", id)
				}
			}
			if strings.Contains(l.Text, "essai-9000") || strings.Contains(l.Text, "1850312047") {
				t.Error("it says more")
			}
		}
		if list, _ := in.App.Store.Alerts(t.Context(), other.ID, 10); len(list) != 0 {
			t.Error("the other partner has an alert")
		}
	})
	t.Run("R77 an agent resumes the key, which is traced and told; nobody resumes what is not suspended", func(t *testing.T) {
		if err := in.App.Store.Rehearsal().ResumeKey(t.Context(), p.KeyID); err != nil {
			t.Fatal(err)
		}
		in.Get(t, "/me", who).Want(t, 403, "cle_suspendue")
		if err := in.App.Store.ResumeKey(t.Context(), p.KeyID); err != nil {
			t.Fatal(err)
		}
		in.Get(t, "/me", who).Want(t, 200, "")
		if len(messages(t, in, notify.Webhook, notify.KeyResumed)) != 1 {
			t.Error("not told")
		}
		if err := in.App.Store.ResumeKey(t.Context(), p.KeyID); !fault.Is(err, fault.RessourceInconnue) {
			t.Errorf("%v", err)
		}
	})
	t.Run("R77 a suspension outlives a restart", func(t *testing.T) {
		for n := range partner.MostUnknown {
			unknown(t, in, who, 100+n).Want(t, 404, "beneficiaire_inconnu")
		}
		in.Get(t, "/me", who).Want(t, 403, "cle_suspendue")
		in.Restart(t)
		in.Get(t, "/me", who).Want(t, 403, "cle_suspendue")
	})
}

func TestTwoApplicationsCountUnknownNumbersTogether(t *testing.T) { // R77
	in := apptest.Start(t, apptest.Options{})
	twin := in.Twin(t)
	who := in.As(t, "famille-martin", in.Hospital)
	for n := range partner.MostUnknown {
		unknown(t, []*apptest.Instance{in, twin}[n%2], who, n).Want(t, 404, "beneficiaire_inconnu")
	}
	in.Plain(t, "/me", who).Want(t, 403, "cle_suspendue")
	twin.Plain(t, "/me", who).Want(t, 403, "cle_suspendue")
}

func TestAHospitalThatErrsIsNotSuspended(t *testing.T) { // R77
	in := apptest.Start(t, apptest.Options{})
	who := in.As(t, "famille-martin", in.Hospital)
	for round := range 4 {
		for n := range partner.MostUnknown - 1 {
			unknown(t, in, who, 100*round+n).Want(t, 404, "beneficiaire_inconnu")
		}
		in.Get(t, "/me", who).Want(t, 200, "")
	}
	stranger := in.As(t, "inconnu", in.Hospital) // people of another scheme, one after the other
	for range 3 * partner.MostUnknown {
		in.Plain(t, "/me", stranger).Want(t, 404, "personne_non_identifiee")
	}
	in.Get(t, "/me", who).Want(t, 200, "")
	list, err := in.App.Store.Alerts(t.Context(), "", 10)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(list, func(a partner.Alert) bool { return a.Alarm == partner.Unknowns && !a.Suspended }) || len(list) != 1 {
		t.Errorf("R77 so many unknown numbers in an hour raise one alert without a suspension: %v", list)
	}
}

func TestManyCallsAtOnceRaiseOneAlarm(t *testing.T) { // R77
	in := apptest.Start(t, apptest.Options{})
	p := in.SignUp(t, droits.Etablissement, nil)
	told(t, in, p)
	who := in.As(t, "famille-martin", p)
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for n := range 10 {
				if a := unknown(t, in, who, 10*g+n); a.Status != 404 && a.Code() != "cle_suspendue" && a.Code() != "cle_invalide" {
					t.Errorf("answered %d", a.Status)
				}
			}
		})
	}
	all.Wait()
	in.Get(t, "/me", who).Want(t, 403, "cle_suspendue")
	if n := len(messages(t, in, notify.Webhook, notify.KeySuspended)); n != 1 {
		t.Errorf("%d messages", n)
	}
}

func TestUnusualDays(t *testing.T) { // R77
	in := apptest.Start(t, apptest.Options{})
	p := in.SignUp(t, droits.Etablissement, nil)
	calls := func(n int) {
		t.Helper()
		for range n {
			in.App.Store.Watch().Saw(partner.Sighting{Key: p.KeyID, At: in.Clock.Now(), Outcome: partner.Answered})
		}
		if err := in.App.Store.NoteUses(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for day := range 6 {
		in.Clock.Set(apptest.Noon().AddDate(0, 0, day))
		calls(80)
	}
	raised := func() []partner.Alarm {
		t.Helper()
		out, err := in.App.Store.Unusual(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if got := raised(); len(got) != 0 {
		t.Errorf("a usual day raises %v", got)
	}
	in.Clock.Set(apptest.Noon().AddDate(0, 0, 6).Add(11 * time.Hour)) // 23:00
	calls(900)
	if got := raised(); !slices.Equal(got, []partner.Alarm{partner.Volume, partner.Hours}) {
		t.Errorf("an unusual day raises %v", got)
	}
	if got := raised(); len(got) != 0 {
		t.Errorf("the same day raises %v again", got)
	}
	in.Get(t, "/me", in.As(t, "famille-martin", p)).Want(t, 200, "")
}
