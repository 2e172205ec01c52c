package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/notify"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// watch is a clock that a test moves.
type watch struct {
	mu sync.Mutex
	at time.Time
}

func (w *watch) now() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.at }

func (w *watch) forward(d time.Duration) { w.mu.Lock(); defer w.mu.Unlock(); w.at = w.at.Add(d) }

var camille, dominique = droits.Sujet{1}, droits.Sujet{2}

// shared is a store with the partner hopital and a clock.
func shared(t testing.TB) (*Store, *watch) {
	t.Helper()
	w := &watch{at: noon()}
	s, err := Open(ctx, Config{Dir: t.TempDir(), Root: testRoot(), Clock: w.now})
	must(t, err)
	t.Cleanup(func() { s.Close() })
	register(t, s)
	return s, w
}

func (s *Store) act1(p droits.Sujet, act consent.Act, change ...func(*consent.Event)) error {
	e := consent.Event{Subject: p, Partner: "hopital", Act: act, Channel: consent.ChannelSpace, Actor: consent.Holder}
	for _, c := range change {
		c(&e)
	}
	return s.Decide(ctx, e, trace.Event{Actor: trace.ActorHolder, RequestID: "r-1"})
}

func standing(t testing.TB, s *Store, p droits.Sujet) (st consent.Standing) {
	t.Helper()
	must(t, s.decided(ctx, "hopital", &st, p))
	return st
}

// give makes an agreement durable, as a call does.
func give(t testing.TB, s *Store, r *consent.Record) {
	t.Helper()
	w := trace.NewWriter(s, "test")
	defer w.Close()
	_, err := w.Append(ctx, trace.Pending{Leaf: traceAt(s.clock(), "servi").Leaf(), Effects: []trace.Effect{r}})
	must(t, err)
}

func long(s *Store, id string, days int) *consent.Record {
	r := record(camille, consent.Token{})
	r.ID, r.GivenAt, r.ExpiresAt = id, s.clock(), s.clock().Add(time.Duration(days)*24*time.Hour)
	return r
}

func TestDecisionsAreAHistory(t *testing.T) { // R18 R48
	s, w := shared(t)
	until := noon().Add(48 * time.Hour)
	must(t, s.act1(camille, consent.Withdrawn))
	if st := standing(t, s, camille); !st.StoppedAt(w.now()) || st.Paused {
		t.Error("R18 not withdrawn")
	}
	if standing(t, s, dominique).Stopped {
		t.Error("another person")
	}
	w.forward(time.Minute)
	must(t, s.act1(camille, consent.Allowed))
	terms := consent.Terms{Convention: "conv-hopital", Version: 1, Purpose: "preadmission", NoticeSHA256: "00ff"}
	must(t, s.act1(camille, consent.Chosen, func(e *consent.Event) {
		e.Last, e.Under = standing(t, s, camille).Last, []consent.Terms{terms}
		e.Blocks, e.Refused, e.Excluded, e.Until = []droits.Bloc{droits.BlocIdentite}, []droits.Bloc{droits.BlocContrats}, []droits.Sujet{{9}, {8}}, until
	}))
	must(t, s.act1(camille, consent.Paused, func(e *consent.Event) { e.Until = until }))
	check := func(t *testing.T) {
		st := standing(t, s, camille)
		if !st.Paused || !st.Until.Equal(until) || fmt.Sprint(st.Narrow([]droits.Bloc{droits.BlocIdentite, droits.BlocContrats}, terms, w.now())) != "[identite]" || fmt.Sprint(st.Excluded) != fmt.Sprint([]droits.Sujet{{9}, {8}}) || fmt.Sprint(st.Under) != fmt.Sprint([]consent.Terms{terms}) {
			t.Errorf("%+v", st.Decided)
		}
	}
	check(t)
	events, _, err := s.History(ctx, []droits.Sujet{camille}, "hopital")
	must(t, err)
	var acts []string
	for i, e := range events {
		acts = append(acts, string(e.Act))
		if e.ID == "" || e.Subject != camille || i > 0 && e.Trace <= events[i-1].Trace {
			t.Errorf("%+v", e)
		}
	}
	if strings.Join(acts, " ") != "withdrawn allowed chosen paused" {
		t.Error(acts)
	}
	t.Run("R48 each line has its leaf, of the person and its partner", func(t *testing.T) {
		all := verified(t, s)
		for i, want := range []string{"retrait none withdrawn", "autorisation withdrawn none", "choix none none", "pause none paused"} {
			var p struct{ Operation, Before, After, Partner, Actor string }
			e := all[events[i].Trace]
			must(t, json.Unmarshal(e.Person[trace.SaltSize:], &p))
			if got := strings.Join([]string{p.Operation, p.Before, p.After}, " "); got != want || e.Class != trace.ConsentEvent || p.Partner != "hopital" || p.Actor != "holder" {
				t.Errorf("R48 %s, %+v", want, p)
			}
		}
	})
	t.Run("after a restart all of it holds", func(sub *testing.T) {
		must(sub, s.Close())
		var err error
		s, err = Open(ctx, Config{Dir: s.dir, Root: testRoot(), Clock: w.now})
		must(sub, err)
		t.Cleanup(func() { s.Close() })
		check(sub)
	})
}

func TestDecisionsThatAreNone(t *testing.T) {
	s, _ := shared(t)
	count := func() int64 { n, err := s.TraceCount(ctx); must(t, err); return n }
	must(t, s.act1(camille, consent.Withdrawn))
	n := count()
	must(t, s.act1(camille, consent.Withdrawn))
	if count() != n {
		t.Error("R48 withdrawing twice is traced twice")
	}
	for name, c := range map[string]struct {
		err  error
		code fault.Code
	}{
		"a pause of what is withdrawn":         {s.act1(camille, consent.Paused), fault.ParametreInvalide},
		"allowing where nothing is stopped":    {s.act1(dominique, consent.Allowed), fault.RessourceInconnue},
		"an agreement that does not exist":     {s.act1(camille, consent.Contested, func(e *consent.Event) { e.Consent = "acc_x" }), fault.RessourceInconnue},
		"a partner that does not exist":        {s.act1(camille, consent.Withdrawn, func(e *consent.Event) { e.Partner = "personne" }), fault.RessourceInconnue},
		"what befalls an agreement is no act":  {s.act1(camille, consent.Expired), fault.ErreurInterne},
		"an act that nobody makes is not done": {s.Decide(ctx, consent.Event{Subject: dominique, Partner: "hopital", Act: consent.Withdrawn}, trace.Event{}), fault.ErreurInterne},
	} {
		if !fault.Is(c.err, c.code) {
			t.Errorf("%s: %v", name, c.err)
		}
	}
	if count() != n || standing(t, s, dominique).Stopped {
		t.Error("something was done")
	}
	t.Run("a rehearsal changes nothing", func(t *testing.T) {
		must(t, s.Rehearsal().Withdraw(ctx, dominique, "hopital", "x"))
		if count() != n || standing(t, s, dominique).Stopped {
			t.Error("it does")
		}
	})
	t.Run("another person's agreement is nobody's to contest", func(t *testing.T) {
		r := record(camille, consent.Token{})
		give(t, s, r)
		if err := s.act1(dominique, consent.Contested, func(e *consent.Event) { e.Consent = r.ID }); !fault.Is(err, fault.RessourceInconnue) {
			t.Error(err)
		}
		must(t, s.act1(camille, consent.Contested, func(e *consent.Event) { e.Consent = r.ID }))
		_, lines, err := s.History(ctx, []droits.Sujet{camille}, "hopital")
		if err != nil || len(lines) != 1 || !lines[0].Contested || !standing(t, s, camille).Contested(r.ID) {
			t.Errorf("%+v %v", lines, err)
		}
	})
}

// A withdrawal must not cost what all the withdrawals of the country cost, and
// what is in memory must say the same as a new reading of the tables.
func TestAWithdrawalReadsNothingAnew(t *testing.T) { // R18
	s, _ := shared(t)
	before := s.state.Load()
	must(t, s.act1(camille, consent.Withdrawn))
	after := s.state.Load()
	if after.Generation != before.Generation+1 || fmt.Sprintf("%p", after.keys) != fmt.Sprintf("%p", before.keys) {
		t.Error("keys and conventions were read again")
	}
	must(t, s.Refresh(ctx))
	if s.Generation() != after.Generation {
		t.Error("another generation")
	}
	t.Run("R18 acts that meet lose nothing of each other", func(t *testing.T) {
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				p := droits.Sujet{7, byte(i)}
				if i%4 == 0 {
					_, err := s.Restrict(ctx, consent.Restriction{Subject: p, Ground: "18-1-a", SinceAt: noon()})
					must(t, err)
					if len(s.Restrictions(p, noon())) != 1 {
						t.Error("a restriction is not in force when it returns")
					}
					return
				}
				must(t, s.Withdraw(ctx, p, "hopital", "x"))
				if !standing(t, s, p).Stopped {
					t.Error("R18 a withdrawal is not in force when it returns")
				}
			})
		}
		wg.Wait()
		at := s.Generation()
		must(t, s.Refresh(ctx))
		if s.Generation() != at {
			t.Errorf("in memory %d, on disk %d", at, s.Generation())
		}
	})
}

func TestReferencesOfPeople(t *testing.T) { // R11
	s, _ := shared(t)
	a, b := s.Reference(camille, "hopital"), s.Reference(camille, "mutuelle")
	t.Run("R11 two partners get different references for the same person", func(t *testing.T) {
		if a == b || a != s.Reference(camille, "hopital") || a == s.Reference(dominique, "hopital") || len(a) != 30 || !strings.HasPrefix(a, "per_") {
			t.Errorf("%s %s", a, b)
		}
	})
	t.Run("R11 another deployment gives others", func(t *testing.T) {
		root := testRoot()
		root[0]++
		o := &Store{engine: &engine{keys: derive(root)}}
		if o.Reference(camille, "hopital") == a {
			t.Error("the same")
		}
	})
	t.Run("R11 nothing of the subject is in it", func(t *testing.T) {
		if d := s.TraceSubject(camille); strings.Contains(a, fmt.Sprintf("%x", d[:4])) {
			t.Error("it is the trace's")
		}
	})
}

func TestRepeatsAttachToALiveAgreement(t *testing.T) { // R17
	s, w := shared(t)
	d := document(1)
	live := func() string { l, err := s.Live(ctx, camille, &d, w.now()); must(t, err); return l.ConsentID }
	if live() != "" {
		t.Error("from nowhere")
	}
	give(t, s, long(s, "acc_1", 10))
	if live() != "acc_1" {
		t.Error("not found")
	}
	own := long(s, "acc_space", 30)
	own.Channel = consent.ChannelSpace
	give(t, s, own)
	if live() != "acc_1" {
		t.Error("a choice in the space is not what a partner's call attaches to")
	}
	for name, change := range map[string]func(*convention.Document){
		"another version":    func(d *convention.Document) { d.Version = 2 },
		"another convention": func(d *convention.Document) { d.ID = "conv-autre" },
		"another purpose":    func(d *convention.Document) { d.Purpose = "adhesion" },
		"another partner":    func(d *convention.Document) { d.Parties.Partner = "mutuelle" },
	} {
		x := d
		change(&x)
		if l, err := s.Live(ctx, camille, &x, w.now()); err != nil || l.ConsentID != "" {
			t.Errorf("%s: %v %v", name, l, err)
		}
	}
	w.forward(10 * 24 * time.Hour)
	if live() != "acc_1" {
		t.Error("R17 not at its last instant")
	}
	w.forward(time.Second)
	if live() != "" {
		t.Error("R17 a second after its end it is found")
	}
}

func TestSettings(t *testing.T) {
	s, _ := shared(t)
	by := trace.Event{Actor: trace.ActorHolder}
	if x, err := s.Settings(ctx, camille); err != nil || x != (consent.Settings{}) {
		t.Errorf("%v %v", x, err)
	}
	must(t, s.SetSettings(ctx, camille, consent.Settings{Mail: "camille.durand@exemple.fr", Notify: true}, by))
	if x, err := s.Settings(ctx, camille); err != nil || x.Mail != "camille.durand@exemple.fr" || !x.Notify || !standing(t, s, camille).Notify {
		t.Errorf("%v", err)
	}
	for _, bad := range []string{"x", "a@b", "a@exemple.fr\nBcc: b@exemple.fr"} {
		if err := s.SetSettings(ctx, camille, consent.Settings{Mail: bad}, by); !fault.Is(err, fault.ParametreInvalide) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	t.Run("R10 the address is in no file", func(t *testing.T) {
		for name, b := range files(t, s.dir) {
			if strings.Contains(string(b), "camille.durand") {
				t.Error(name)
			}
		}
	})
	t.Run("without an address nobody is written to, and nothing is kept", func(t *testing.T) {
		must(t, s.SetSettings(ctx, camille, consent.Settings{Notify: true}, by))
		var n int
		must(t, s.journal.reader.QueryRowContext(ctx, `SELECT COUNT(*) FROM preference`).Scan(&n))
		if standing(t, s, camille).Notify || n != 0 {
			t.Error("kept")
		}
	})
}

func TestAClosedStoreDecidesNothing(t *testing.T) { // R41
	s, _ := shared(t)
	must(t, s.SetWebhook(ctx, "hopital", "https://chu.example/x", "whsec_x", partner.Production))
	must(t, s.act1(camille, consent.Withdrawn))
	must(t, s.SetSettings(ctx, camille, consent.Settings{Mail: "a@exemple.fr", Notify: true}, trace.Event{Actor: trace.ActorHolder}))
	give(t, s, long(s, "acc_1", 10))
	must(t, s.ledger.close())
	must(t, s.journal.close())
	d := document(1)
	for name, do := range map[string]func() error{
		"Decide":       func() error { return s.act1(camille, consent.Allowed) },
		"decided":      func() error { return s.decided(ctx, "hopital", &consent.Standing{}, camille) },
		"Live":         func() error { _, err := s.Live(ctx, camille, &d, noon()); return err },
		"History":      func() error { _, _, err := s.History(ctx, []droits.Sujet{camille}, "hopital"); return err },
		"PartnersOf":   func() error { _, err := s.PartnersOf(ctx, []droits.Sujet{camille}); return err },
		"Agreement":    func() error { _, _, err := s.Agreement(ctx, []droits.Sujet{camille}, "acc_1"); return err },
		"ConventionAt": func() error { _, err := s.ConventionAt(ctx, "conv-hopital", 1); return err },
		"Settings":     func() error { _, err := s.Settings(ctx, camille); return err },
		"SetSettings": func() error {
			return s.SetSettings(ctx, camille, consent.Settings{}, trace.Event{Actor: trace.ActorHolder})
		},
		"Waiting":       func() error { _, err := s.Waiting(ctx, true); return err },
		"Due":           func() error { _, err := s.Due(ctx, notify.Receiver{Channel: notify.Mail}, 10); return err },
		"Sent":          func() error { return s.Sent(ctx, "x") },
		"Failed":        func() error { return s.Failed(ctx, "x", "X") },
		"Outbox":        func() error { _, err := s.Outbox(ctx, 10); return err },
		"TrimOutbox":    func() error { _, err := s.TrimOutbox(ctx, noon()); return err },
		"SetWebhook":    func() error { return s.SetWebhook(ctx, "hopital", "https://chu.example/x", "s", partner.Production) },
		"RemoveWebhook": func() error { return s.RemoveWebhook(ctx, "hopital") },
		"Webhook":       func() error { _, err := s.Webhook(ctx, "hopital"); return err },
		"TestWebhook":   func() error { _, err := s.TestWebhook(ctx, "hopital"); return err },
		"ReplayWebhook": func() error { _, err := s.ReplayWebhook(ctx, "hopital", ""); return err },
		"EndAgreements": func() error { _, err := s.EndAgreements(ctx); return err },
		"Remind":        func() error { _, err := s.Remind(ctx); return err },
		"deciders":      func() error { return s.rememberDeciders(ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			if err := do(); !fault.Is(err, fault.ServiceIndisponible) {
				t.Errorf("%v", err)
			}
		})
	}
}

// An act and what it queues are one: whichever cannot be written takes the other
// with it.
func TestNoActWithoutItsMessage(t *testing.T) { // R20
	s, _ := shared(t)
	must(t, s.SetWebhook(ctx, "hopital", "https://chu.example/x", "whsec_x", partner.Production))
	give(t, s, record(camille, consent.Token{1}))
	must(t, s.tidy(ctx, "test", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `CREATE TRIGGER plein BEFORE INSERT ON envoi BEGIN SELECT RAISE(ABORT, 'plein'); END`)
		return err
	}))
	if err := s.act1(camille, consent.Withdrawn); !fault.Is(err, fault.ServiceIndisponible) {
		t.Error(err)
	}
	if events, _, err := s.History(context.Background(), []droits.Sujet{camille}, "hopital"); err != nil || len(events) != 0 {
		t.Errorf("R20 the act stands without its message: %v %v", events, err)
	}
	verified(t, s)
	if list, err := s.Outbox(ctx, 10); err != nil || len(list) != 0 {
		t.Error(list, err)
	}
}

func TestAPartnerIsToldUnderTheReferenceThatItKnows(t *testing.T) { // R11 R20
	s, _ := withWebhook(t)
	give(t, s, long(s, "acc_1", 10))
	known := s.Reference(camille, "hopital")
	must(t, s.act1(droits.Sujet{99}, consent.Withdrawn, func(e *consent.Event) { e.Before = []droits.Sujet{camille} }))
	told := due(t, s)
	if len(told) != 1 || !strings.Contains(string(told[0].Body), `"`+known+`"`) || !strings.Contains(string(told[0].Body), `"acc_1"`) {
		t.Errorf("R20 %d messages, or of somebody whom it does not know", len(told))
	}
}
