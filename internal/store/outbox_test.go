package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/notify"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// withWebhook is a store whose partner has a webhook.
func withWebhook(t testing.TB) (*Store, *watch) {
	t.Helper()
	s, w := shared(t)
	must(t, s.SetWebhook(ctx, "hopital", "https://recepteur.example/droits", "whsec_essai-secret", partner.Production))
	for i, p := range []droits.Sujet{camille, dominique} { // what ended long ago
		r := record(p, consent.Token{9, byte(i)})
		r.GivenAt, r.ExpiresAt = noon().Add(-time.Hour), noon().Add(-time.Hour+time.Minute)
		give(t, s, r)
	}
	return s, w
}

func due(t testing.TB, s *Store) (out []notify.Delivery) {
	t.Helper()
	list, err := s.Waiting(ctx, true)
	must(t, err)
	for _, to := range list {
		some, err := s.Due(ctx, to, 100)
		must(t, err)
		out = append(out, some...)
	}
	return out
}

func ids(list []notify.Delivery) string {
	var out []string
	for _, d := range list {
		out = append(out, string(d.Type)+"/"+d.ID)
	}
	return strings.Join(out, " ")
}

func TestPartnersAreToldOfWhatPeopleDecide(t *testing.T) { // R20
	s, w := withWebhook(t)
	give(t, s, long(s, "acc_1", 10))
	until := noon().Add(90 * time.Minute)
	for _, act := range []consent.Act{consent.Paused, consent.Allowed, consent.Chosen, consent.Withdrawn, consent.Contested} {
		must(t, s.act1(camille, act, func(e *consent.Event) {
			switch act {
			case consent.Paused:
				e.Until = until
			case consent.Chosen:
				e.Last = standing(t, s, camille).Last
			case consent.Contested:
				e.Consent = "acc_1"
			}
		}))
		w.forward(time.Second)
	}
	var told []notify.Event
	for {
		list := due(t, s)
		if len(list) == 0 {
			break
		}
		if len(list) != 1 {
			t.Fatalf("R32 one person's messages leave one after the other: %s", ids(list))
		}
		d := list[0]
		var e notify.Event
		must(t, json.Unmarshal(d.Body, &e))
		if d.URL != "https://recepteur.example/droits" || d.Secret != "whsec_essai-secret" || e.ID != d.ID || e.Type != d.Type || e.Reference != s.Reference(camille, "hopital") || e.Partner != "hopital" || fmt.Sprint(e.Conventions) != "[conv-hopital/1]" {
			t.Errorf("R20 %+v %+v", d.Type, e)
		}
		told = append(told, e)
		must(t, s.Sent(ctx, d.ID))
	}
	var types []string
	for _, e := range told {
		types = append(types, string(e.Type))
		if fmt.Sprint(e.Consents) != "[acc_1]" {
			t.Errorf("R20 %s: the agreements that stand are named: %v", e.Type, e.Consents)
		}
	}
	if strings.Join(types, " ") != "consent.paused consent.allowed consent.chosen consent.withdrawn" {
		t.Errorf("R20 %v", types)
	}
	if !told[0].Until.Equal(until) || !told[1].Until.IsZero() {
		t.Error("R20 the end of a pause is told, and of a pause only")
	}
	t.Run("R20 a partner that never had an agreement of the person learns nothing of it", func(t *testing.T) {
		s, _ := withWebhook(t)
		must(t, s.act1(droits.Sujet{3}, consent.Withdrawn))
		if list, err := s.Outbox(ctx, 10); err != nil || len(list) != 0 {
			t.Errorf("%v %v", list, err)
		}
	})
	t.Run("a partner without a webhook is told nothing", func(t *testing.T) {
		s, _ := shared(t)
		must(t, s.act1(camille, consent.Withdrawn))
		if list, err := s.Outbox(ctx, 10); err != nil || len(list) != 0 {
			t.Errorf("%v %v", list, err)
		}
	})
	t.Run("R10 neither address, secret nor what is told lie in clear", func(t *testing.T) {
		for name, b := range files(t, s.dir) {
			for _, x := range []string{"recepteur.example", "essai-secret", s.Reference(camille, "hopital"), `"consents"`} {
				if strings.Contains(string(b), x) {
					t.Errorf("%s holds %s", name, x)
				}
			}
		}
	})
}

func TestMessagesWaitForTheOnesBefore(t *testing.T) { // R32
	s, w := withWebhook(t)
	must(t, s.act1(camille, consent.Withdrawn))
	must(t, s.act1(camille, consent.Allowed))
	must(t, s.act1(dominique, consent.Withdrawn))
	list := due(t, s)
	if len(list) != 2 || list[0].Type != notify.ConsentWithdrawn || list[1].Type != notify.ConsentWithdrawn {
		t.Fatalf("R32 the first of each person: %s", ids(list))
	}
	must(t, s.Failed(ctx, list[0].ID, "HTTP_503"))
	if got := due(t, s); len(got) != 1 || got[0].ID != list[1].ID {
		t.Errorf("R32 what comes after a failure waits: %s", ids(got))
	}
	w.forward(notify.FirstWait)
	if got := due(t, s); len(got) != 2 || got[0].ID != list[0].ID || got[0].Attempts != 1 {
		t.Errorf("R32 tried again after a while: %s", ids(got))
	}
	t.Run("R32 each wait is longer, and after a week it is given up", func(t *testing.T) {
		start, tries := w.now(), 0
		for {
			must(t, s.Failed(ctx, list[0].ID, "INJOIGNABLE"))
			tries++
			lines, err := s.Outbox(ctx, 10)
			must(t, err)
			x := lines[2]
			if x.State == notify.Dead {
				break
			}
			if !x.DueAt.After(w.now()) || tries > 2000 {
				t.Fatalf("%+v", x)
			}
			w.forward(x.DueAt.Sub(w.now()))
		}
		if d := w.now().Sub(start); d > notify.DeadAfter || d < notify.DeadAfter-2*notify.LongestWait {
			t.Errorf("R32 given up after %v", d)
		}
	})
	t.Run("R32 then the next one leaves", func(t *testing.T) {
		if got := due(t, s); len(got) != 2 || got[0].Type != notify.ConsentAllowed {
			t.Errorf("%s", ids(got))
		}
	})
	t.Run("R32 a replay sends it again under the same identifier, first", func(t *testing.T) {
		n, err := s.ReplayWebhook(ctx, "hopital", "")
		if err != nil || n != 1 {
			t.Fatal(n, err)
		}
		if got := due(t, s); got[0].ID != list[0].ID || got[0].Attempts != 0 {
			t.Errorf("%s", ids(got))
		}
		must(t, s.Sent(ctx, list[0].ID))
		if n, err := s.ReplayWebhook(ctx, "hopital", list[0].ID); err != nil || n != 1 {
			t.Errorf("one that has arrived: %d %v", n, err)
		}
		if _, err := s.ReplayWebhook(ctx, "hopital", "env_x"); !fault.Is(err, fault.RessourceInconnue) {
			t.Error(err)
		}
	})
}

func TestWebhooksOfPartners(t *testing.T) {
	s, w := withWebhook(t)
	x, err := s.Webhook(ctx, "hopital")
	if err != nil || x.URL != "https://recepteur.example/droits" || !x.CreatedAt.Equal(noon()) || x.Waiting != 0 {
		t.Errorf("%+v %v", x, err)
	}
	id, err := s.TestWebhook(ctx, "hopital")
	must(t, err)
	if list := due(t, s); len(list) != 1 || list[0].ID != id || list[0].Type != notify.Test || strings.Contains(string(list[0].Body), "reference") {
		t.Error(ids(list))
	}
	x, err = s.Webhook(ctx, "hopital")
	if b, _ := json.Marshal(x); err != nil || x.Waiting != 1 || len(x.Lines) != 1 || strings.Contains(string(b), "whsec") {
		t.Errorf("%s %v", b, err)
	}
	t.Run("a new address and secret take the place of the old ones, for what waits too", func(t *testing.T) {
		must(t, s.SetWebhook(ctx, "hopital", "https://ailleurs.example/", "whsec_2", partner.Production))
		if list := due(t, s); list[0].URL != "https://ailleurs.example/" || list[0].Secret != "whsec_2" {
			t.Error(ids(list))
		}
	})
	t.Run("a removed one gives up what waits", func(t *testing.T) {
		must(t, s.RemoveWebhook(ctx, "hopital"))
		list, err := s.Outbox(ctx, 10)
		if err != nil || list[0].State != notify.Dead || list[0].Last != "SANS_ADRESSE" || len(due(t, s)) != 0 {
			t.Errorf("%+v %v", list, err)
		}
	})
	t.Run("there is none", func(t *testing.T) {
		for name, err := range map[string]error{
			"show":   func() error { _, err := s.Webhook(ctx, "hopital"); return err }(),
			"test":   func() error { _, err := s.TestWebhook(ctx, "hopital"); return err }(),
			"remove": s.RemoveWebhook(ctx, "hopital"),
			"set":    s.SetWebhook(ctx, "personne", "https://a.example/", "s", partner.Production),
		} {
			if !fault.Is(err, fault.RessourceInconnue) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := s.SetWebhook(ctx, "hopital", "http://127.0.0.1:9/x", "s", partner.Production); !fault.Is(err, fault.ParametreInvalide) {
			t.Error(err)
		}
		must(t, s.SetWebhook(ctx, "hopital", "http://127.0.0.1:9/x", "s", partner.Sandbox))
	})
	t.Run("what has ended is erased in its time", func(t *testing.T) {
		if n, err := s.TrimOutbox(ctx, w.now()); err != nil || n != 0 {
			t.Error(n, err)
		}
		if n, err := s.TrimOutbox(ctx, w.now().Add(time.Second)); err != nil || n != 1 {
			t.Error(n, err)
		}
	})
}

func TestPeopleAreToldOfReadings(t *testing.T) {
	s, w := shared(t)
	must(t, s.SetSettings(ctx, camille, consent.Settings{Mail: "camille@exemple.fr", Notify: true}, trace.Event{Actor: trace.ActorHolder}))
	wr := trace.NewWriter(s, "test")
	defer wr.Close()
	read := func(p droits.Sujet, partnerID string) {
		_, err := wr.Append(ctx, trace.Pending{Leaf: traceAt(w.now(), "servi").Leaf(), Effects: []trace.Effect{consent.Read{Subject: p, Partner: partnerID, At: w.now()}}})
		must(t, err)
	}
	for range 5 {
		read(camille, "hopital")
		w.forward(time.Minute)
	}
	read(camille, "mutuelle")
	list, err := s.Outbox(ctx, 10)
	if err != nil || len(list) != 2 || list[0].To != "c•••@exemple.fr" || list[0].Type != notify.MailRead {
		t.Fatalf("one a partner and hour: %+v %v", list, err)
	}
	w.forward(time.Hour)
	read(camille, "hopital")
	if list, _ := s.Outbox(ctx, 10); len(list) != 3 {
		t.Errorf("%d in the next hour", len(list))
	}
	t.Run("without a mail server they stay where they are", func(t *testing.T) {
		if got, err := s.Waiting(ctx, false); err != nil || len(got) != 0 {
			t.Errorf("%v %v", got, err)
		}
	})
	t.Run("no organisation and nothing of the rights is in them", func(t *testing.T) {
		for _, l := range list {
			if low := strings.ToLower(l.Text); strings.Contains(low, "hopital") || strings.Contains(low, "mutuelle") {
				t.Error(l.Text)
			}
		}
	})
	t.Run("who no longer asks is not written to, for what waits either", func(t *testing.T) {
		if got := due(t, s); len(got) != 2 || got[0].To != "camille@exemple.fr" {
			t.Fatal(ids(got))
		}
		must(t, s.SetSettings(ctx, camille, consent.Settings{}, trace.Event{Actor: trace.ActorHolder}))
		if got := due(t, s); len(got) != 0 {
			t.Error(ids(got))
		}
	})
}

func TestAgreementsThatEnd(t *testing.T) { // R17
	s, w := withWebhook(t)
	must(t, s.SetSettings(ctx, camille, consent.Settings{Mail: "camille@exemple.fr", Notify: true}, trace.Event{Actor: trace.ActorHolder}))
	give(t, s, long(s, "acc_20", 20))
	give(t, s, long(s, "acc_20b", 20)) // the same instant
	give(t, s, long(s, "acc_5", 5))
	short := record(camille, consent.Token{1})
	give(t, s, short)
	pass := func() {
		_, err := s.Remind(ctx)
		must(t, err)
		_, err = s.EndAgreements(ctx)
		must(t, err)
	}
	count := func(typ notify.Type) (n int) {
		list, err := s.Outbox(ctx, 100)
		must(t, err)
		for _, l := range list {
			if l.Type == typ {
				n++
			}
		}
		return n
	}
	day := 24 * time.Hour
	pass()
	w.forward(5*day + time.Second)
	pass()
	pass()
	if count(notify.ConsentExpired) != 1 || count(notify.MailReminder) != 0 {
		t.Errorf("R17 after five days: %d ended, %d reminders", count(notify.ConsentExpired), count(notify.MailReminder))
	}
	w.forward(12 * day)
	pass()
	pass()
	if count(notify.MailReminder) != 2 || count(notify.ConsentExpired) != 1 {
		t.Errorf("R17 a reminder is queued before the end: %d", count(notify.MailReminder))
	}
	w.forward(3 * day)
	pass()
	pass()
	events, lines, err := s.History(ctx, []droits.Sujet{camille}, "hopital")
	must(t, err)
	if count(notify.ConsentExpired) != 3 || len(events) != 3 || count(notify.MailReminder) != 2 {
		t.Errorf("R17 %d ended, %d in the history, %d reminders", count(notify.ConsentExpired), len(events), count(notify.MailReminder))
	}
	consent.Fold(events).Settle(lines, w.now())
	for _, l := range lines {
		if l.State == consent.StateGiven {
			t.Errorf("R17 %s stands", l.ID)
		}
	}
	t.Run("one that was withdrawn does not end twice", func(t *testing.T) {
		give(t, s, long(s, "acc_retire", 2))
		must(t, s.act1(camille, consent.Withdrawn))
		before := count(notify.ConsentExpired)
		w.forward(3 * day)
		pass()
		if count(notify.ConsentExpired) != before {
			t.Error("it does")
		}
	})
	t.Run("who asks for no message is not reminded", func(t *testing.T) {
		must(t, s.SetSettings(ctx, camille, consent.Settings{}, trace.Event{Actor: trace.ActorHolder}))
		before := count(notify.MailReminder)
		give(t, s, long(s, "acc_muet", 9))
		w.forward(7 * day)
		pass()
		if count(notify.MailReminder) != before {
			t.Error("it is")
		}
	})
	verified(t, s)
}

func TestMoreAgreementsEndThanOnePassTakes(t *testing.T) { // R17
	s, w := shared(t)
	wr := trace.NewWriter(s, "test")
	for i := range maxEndings + 20 {
		r := long(s, fmt.Sprintf("acc_%04d", i), 10)
		r.ExpiresAt = r.ExpiresAt.Add(time.Duration(i/300) * time.Second) // many share an instant
		_, err := wr.Append(ctx, trace.Pending{Leaf: traceAt(w.now(), "servi").Leaf(), Effects: []trace.Effect{r}})
		must(t, err)
	}
	wr.Close()
	w.forward(11 * 24 * time.Hour)
	total := 0
	for {
		n, err := s.EndAgreements(ctx)
		must(t, err)
		if total += n; n == 0 {
			break
		}
	}
	events, _, err := s.History(ctx, []droits.Sujet{camille}, "hopital")
	if err != nil || total != maxEndings+20 || len(events) != total {
		t.Errorf("%d ended, %d in the history, %v", total, len(events), err)
	}
}

// Reading the outbox must not wait for itself: there are few connections.
func TestManyReadTheOutboxAtOnce(t *testing.T) {
	s, _ := withWebhook(t)
	must(t, s.SetSettings(ctx, camille, consent.Settings{Mail: "camille@exemple.fr", Notify: true}, trace.Event{Actor: trace.ActorHolder}))
	must(t, s.act1(camille, consent.Withdrawn))
	wr := trace.NewWriter(s, "test")
	_, err := wr.Append(ctx, trace.Pending{Leaf: traceAt(noon(), "servi").Leaf(), Effects: []trace.Effect{consent.Read{Subject: camille, Partner: "hopital", At: noon()}}})
	must(t, err)
	wr.Close()
	within, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for range 10 {
				if list, err := s.Outbox(within, 10); err != nil || len(list) != 2 {
					t.Error(len(list), err)
				}
				list, err := s.Waiting(within, true)
				if err != nil || len(list) != 2 {
					t.Error(len(list), err)
				}
				for _, to := range list {
					if list, err := s.Due(within, to, 10); err != nil || len(list) != 1 {
						t.Error(len(list), err)
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestAgreementsThatEndAtOneInstant(t *testing.T) { // R17
	s, w := withWebhook(t)
	const all = 2*maxEndings + 3
	wr := trace.NewWriter(s, "test")
	for i := range all {
		r := long(s, fmt.Sprintf("acc_%04d", i), 10)
		r.Subject = droits.Sujet{8, byte(i), byte(i >> 8)}
		_, err := wr.Append(ctx, trace.Pending{Leaf: traceAt(w.now(), "servi").Leaf(), Effects: []trace.Effect{r}})
		must(t, err)
	}
	wr.Close()
	for _, i := range []int{0, maxEndings, all - 1} {
		must(t, s.SetSettings(ctx, droits.Sujet{8, byte(i), byte(i >> 8)}, consent.Settings{Mail: "a@exemple.fr", Notify: true}, trace.Event{Actor: trace.ActorHolder}))
	}
	for _, c := range []struct {
		name string
		pass func(context.Context) (int, error)
		at   time.Duration
		typ  notify.Type
		want int
	}{
		{"R17 all are reminded of", s.Remind, 8 * 24 * time.Hour, notify.MailReminder, 3},
		{"R17 all end", s.EndAgreements, 11 * 24 * time.Hour, notify.ConsentExpired, all},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.forward(noon().Add(c.at).Sub(w.now()))
			if n, err := c.pass(ctx); err != nil || n != all {
				t.Errorf("%d of %d: %v", n, all, err)
			}
			if n, err := c.pass(ctx); err != nil || n != 0 {
				t.Errorf("again %d: %v", n, err)
			}
			var n int
			must(t, s.journal.reader.QueryRowContext(ctx, `SELECT COUNT(*) FROM envoi WHERE type = $1`, string(c.typ)).Scan(&n))
			if n != c.want {
				t.Errorf("%d messages, expected %d", n, c.want)
			}
		})
	}
}

func TestAnAgreementWhoseHolderHasAnotherNumber(t *testing.T) { // R17 R18
	s, w := withWebhook(t)
	now := droits.Sujet{99}
	give(t, s, long(s, "acc_retire", 10))
	w.forward(time.Minute)
	must(t, s.act1(now, consent.Withdrawn, func(e *consent.Event) { e.Before = []droits.Sujet{camille} }))
	must(t, s.SetSettings(ctx, now, consent.Settings{Mail: "camille@exemple.fr", Notify: true}, trace.Event{Actor: trace.ActorHolder}))
	must(t, s.act1(now, consent.Allowed, func(e *consent.Event) { e.Before = []droits.Sujet{camille} }))
	w.forward(time.Minute)
	give(t, s, long(s, "acc_tient", 10))
	sent := func(typ notify.Type) (n int) {
		must(t, s.journal.reader.QueryRowContext(ctx, `SELECT COUNT(*) FROM envoi WHERE type = $1`, string(typ)).Scan(&n))
		return n
	}
	w.forward(8 * 24 * time.Hour)
	_, err := s.Remind(ctx)
	if must(t, err); sent(notify.MailReminder) != 1 {
		t.Errorf("%d reminders", sent(notify.MailReminder))
	}
	w.forward(3 * 24 * time.Hour)
	_, err = s.EndAgreements(ctx)
	must(t, err)
	events, _, err := s.History(ctx, []droits.Sujet{now, camille}, "hopital")
	must(t, err)
	var ended []string
	for _, e := range events {
		if e.Act == consent.Expired {
			ended = append(ended, e.Consent)
		}
	}
	if fmt.Sprint(ended) != "[acc_tient]" || sent(notify.ConsentExpired) != 1 {
		t.Errorf("R18 what was withdrawn under the new number ends a second time: %v", ended)
	}
}

func TestAReceiverTakesNoPlaceOfAnother(t *testing.T) { // R20, R32
	s, w := withWebhook(t)
	must(t, s.PutPartner(ctx, partner.Partner{ID: "mutuelle", Nom: "mutuelle", Kind: droits.Etablissement}))
	must(t, s.SetWebhook(ctx, "mutuelle", "https://mutuelle.example/droits", "whsec_2", partner.Production))
	const people = 250
	wr := trace.NewWriter(s, "test")
	for i := range people {
		r := record(droits.Sujet{7, byte(i), byte(i >> 8)}, consent.Token{})
		r.ID = fmt.Sprintf("acc_x%04d", i)
		_, err := wr.Append(ctx, trace.Pending{Leaf: traceAt(w.now(), "servi").Leaf(), Effects: []trace.Effect{r}})
		must(t, err)
		must(t, s.act1(r.Subject, consent.Withdrawn))
	}
	must(t, s.SetSettings(ctx, camille, consent.Settings{Mail: "camille@exemple.fr", Notify: true}, trace.Event{Actor: trace.ActorHolder}))
	_, err := wr.Append(ctx, trace.Pending{Leaf: traceAt(noon(), "servi").Leaf(), Effects: []trace.Effect{consent.Read{Subject: camille, Partner: "hopital", At: noon()}}})
	must(t, err)
	wr.Close()
	id, err := s.TestWebhook(ctx, "mutuelle")
	must(t, err)
	list, err := s.Waiting(ctx, true)
	if err != nil || fmt.Sprint(list) != "[{mail } {webhook hopital} {webhook mutuelle}]" {
		t.Fatalf("%v %v", list, err)
	}
	for to, want := range map[notify.Receiver]int{list[0]: 1, list[1]: 20, list[2]: 1} {
		got, err := s.Due(ctx, to, 20)
		if err != nil || len(got) != want || to.Partner == "mutuelle" && got[0].ID != id {
			t.Errorf("%v: %d %v", to, len(got), err)
		}
	}
	must(t, s.Failed(ctx, id, "HTTP_500"))
	if list, err = s.Waiting(ctx, false); err != nil || fmt.Sprint(list) != "[{webhook hopital}]" {
		t.Errorf("who has nothing due is not named: %v %v", list, err)
	}
}
