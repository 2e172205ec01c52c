package access

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/notify"
	"droits.example/droits/internal/store"
	"droits.example/droits/internal/trace"
)

// read makes a call with a fresh token.
func (w *world) read(token, slug, partnerID string, op droits.Operation) (Answer, error) {
	w.t.Helper()
	w.token(token, slug, partnerID)
	return w.do(call{partner: partnerID, token: token, op: op})
}

func (w *world) sharing(c Citizen, partnerID string) Sharing {
	w.t.Helper()
	x, err := w.service.Sharing(ctx, c, partnerID)
	must(w.t, err)
	return x
}

func (x Sharing) block(b droits.Bloc) SharedBlock {
	for _, s := range x.Blocks {
		if s.Bloc == b {
			return s
		}
	}
	return SharedBlock{}
}

func TestWhatAPersonSeesOfItsSharings(t *testing.T) { // R14 R15
	w := newWorld(t, ticking)
	c := w.signIn(holder)
	if list, err := w.service.Sharings(ctx, c); err != nil || len(list) != 0 {
		t.Errorf("nothing was agreed: %v %v", list, err)
	}
	_, err := w.read("a", holder, "hopital", droits.OpMe)
	must(t, err)
	read := w.Now()
	x := w.sharing(c, "hopital")
	if x.State != consent.StateGiven || len(x.Conventions) != 1 || x.Conventions[0].Purpose != "preadmission" || x.Conventions[0].Notice != convention.NoticeVersion || x.Conventions[0].NoticeText != convention.NoticeText() || !strings.Contains(x.Conventions[0].Wording, "hopital") || len(x.Given) != 1 || !x.LastRead.Equal(read.Truncate(time.Second)) {
		t.Errorf("R14 %+v", x)
	}
	if b := x.block(droits.BlocArretsTravail); !b.NeedsTick || b.Given || !b.Sensitive || b.Libelle == "" {
		t.Errorf("R38 %+v", b)
	}
	if b := x.block(droits.BlocContrats); b.NeedsTick || !b.Given {
		t.Errorf("R15 %+v", b)
	}
	if len(x.Dependants) != 2 || !x.Dependants[0].Shared || x.Dependants[0].Why != "" || strings.Contains(fmt.Sprint(x.Dependants[0].Ref), "001") {
		t.Errorf("R16 %+v", x.Dependants)
	}
	w.forward(2 * time.Minute)
	if s := w.sharing(c, "hopital").State; s != consent.StateExpired {
		t.Errorf("its minute has passed: %s", s)
	}
	t.Run("R38 a partner that was refused for want of a tick is there, whatever was agreed before", func(t *testing.T) {
		c := w.signIn("c2s")
		for range 3 {
			if _, err := w.read("case", "c2s", "hopital", droits.OpArretsTravail); code(err) != "consentement_explicite_requis" {
				t.Fatal(err)
			}
		}
		list, err := w.service.Sharings(ctx, c)
		if err != nil || len(list) != 1 || list[0].Partner != "hopital" || list[0].State != consent.StateNone || len(list[0].Given) != 0 || fmt.Sprint(list[0].Asked) != "[arrets_travail]" {
			t.Fatalf("%+v %v", list, err)
		}
		events, _, err := w.store.History(ctx, []droits.Sujet{w.sujet("c2s")}, "hopital")
		if err != nil || len(events) != 1 || events[0].Act != consent.Asked || fmt.Sprint(events[0].Blocks) != "[arrets_travail]" {
			t.Errorf("asked once: %+v %v", events, err)
		}
		must(t, w.service.Choose(ctx, c, visit, "hopital", w.choice(c, func(x *Choice) { x.Blocks = append(x.Blocks, droits.BlocArretsTravail) })))
		w.forward(time.Second)
		if _, err := w.read("coche", "c2s", "hopital", droits.OpArretsTravail); err != nil {
			t.Errorf("R38 once ticked it opens: %v", err)
		}
		x := w.sharing(c, "hopital")
		if len(x.Given) != 2 || x.Given[1].Channel != consent.ChannelSpace || !x.Given[1].NoticeShown || x.Given[0].NoticeShown || !x.block(droits.BlocArretsTravail).Given || x.Asked != nil || x.LetUntil.IsZero() {
			t.Errorf("R38 %+v", x)
		}
	})
	t.Run("what each state is called", func(t *testing.T) {
		until := w.Now().Add(aDay)
		must(t, w.service.Pause(ctx, c, visit, "hopital", until))
		if x := w.sharing(c, "hopital"); x.State != consent.StatePaused || !x.Until.Equal(until) {
			t.Errorf("%+v", x)
		}
		must(t, w.service.Withdraw(ctx, c, visit, "hopital"))
		if x := w.sharing(c, "hopital"); x.State != consent.StateWithdrawn || !x.Until.IsZero() {
			t.Errorf("%+v", x)
		}
	})
	t.Run("why a dependant cannot be chosen is said", func(t *testing.T) {
		kid := familyOf(t, w, holder).Dependants(w.window())[0].Personne.Sujet
		_, err := w.store.Restrict(ctx, consent.Restriction{Subject: kid, Ground: "18-1-a", SinceAt: w.Now()})
		must(t, err)
		if x := w.sharing(c, "hopital"); x.Dependants[0].Shared || !strings.Contains(x.Dependants[0].Why, "limitation") || !x.Dependants[1].Shared {
			t.Errorf("%+v", x.Dependants)
		}
		must(t, w.service.Allow(ctx, c, visit, "hopital"))
		must(t, w.service.Choose(ctx, c, visit, "hopital", w.choice(c, func(x *Choice) { x.Blocks = without(x.Blocks, droits.BlocBeneficiaires) })))
		if x := w.sharing(c, "hopital"); x.Dependants[1].Shared || x.Dependants[1].Why == "" {
			t.Errorf("%+v", x.Dependants)
		}
	})
}

func TestActsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	c, other := w.signIn(holder), w.signIn("majorite")
	_, err := w.read("a", holder, "hopital", droits.OpMe)
	must(t, err)
	id := w.agreed()
	choose := func(partnerID string, change func(*Choice)) error {
		return w.service.Choose(ctx, c, visit, partnerID, w.choice(c, change))
	}
	before := len(w.allTraces())
	for name, x := range map[string]struct {
		err  error
		code string
	}{
		"a partner that does not exist":      {w.service.Withdraw(ctx, c, visit, "personne"), "ressource_inconnue"},
		"a choice about it":                  {choose("personne", func(*Choice) {}), "ressource_inconnue"},
		"a pause that is past":               {w.service.Pause(ctx, c, visit, "hopital", w.Now()), "parametre_invalide"},
		"a pause of years":                   {w.service.Pause(ctx, c, visit, "hopital", w.Now().Add(400*aDay)), "parametre_invalide"},
		"allowing where nothing is stopped":  {w.service.Allow(ctx, c, visit, "hopital"), "ressource_inconnue"},
		"R19 another notice was on the page": {choose("hopital", func(x *Choice) { x.Shown = []string{"conv-hopital/1/2026-11"} }), "parametre_invalide"},
		"no notice was on the page":          {choose("hopital", func(x *Choice) { x.Shown = nil }), "parametre_invalide"},
		"a block that no convention opens": {choose("mutuelle", func(x *Choice) {
			x.sees(w.sharing(c, "mutuelle"))
			x.Blocks = []droits.Bloc{droits.BlocMedecinTraitant}
		}), "parametre_invalide"},
		"R16 a child of other parents":          {choose("hopital", func(x *Choice) { x.Excluded = w.refs(other) }), "beneficiaire_inconnu"},
		"R16 a reference that was made up":      {choose("hopital", func(x *Choice) { x.Excluded = []string{"beneficiaire-0000000000000000"} }), "beneficiaire_inconnu"},
		"R16 the person itself":                 {choose("hopital", func(x *Choice) { x.Excluded = []string{Self} }), "beneficiaire_inconnu"},
		"another person's agreement":            {w.service.Contest(ctx, other, visit, id), "ressource_inconnue"},
		"another person's receipt":              {func() error { _, err := w.service.Agreement(ctx, other, id); return err }(), "ressource_inconnue"},
		"an agreement that does not exist":      {w.service.Contest(ctx, c, visit, "acc_x"), "ressource_inconnue"},
		"an address that is none":               {w.service.SetSettings(ctx, c, visit, Settings{Mail: "x"}), "parametre_invalide"},
		"a partner that is unknown to be shown": {func() error { _, err := w.service.Sharing(ctx, c, "personne"); return err }(), "ressource_inconnue"},
	} {
		if code(x.err) != x.code {
			t.Errorf("%s: %v", name, x.err)
		}
	}
	if n := len(w.allTraces()); n != before {
		t.Errorf("%d of them are in the log", n-before)
	}
	t.Run("nobody decides without being signed in", func(t *testing.T) {
		var c Citizen
		s := w.service
		_, e1 := s.Sharings(ctx, c)
		_, e2 := s.Sharing(ctx, c, "hopital")
		_, e3 := s.Agreement(ctx, c, id)
		_, e4 := s.Settings(ctx, c)
		for i, err := range []error{e1, e2, e3, e4, s.Withdraw(ctx, c, visit, "hopital"), s.Pause(ctx, c, visit, "hopital", time.Time{}), s.Allow(ctx, c, visit, "hopital"),
			s.Choose(ctx, c, visit, "hopital", Choice{}), s.Contest(ctx, c, visit, id), s.SetSettings(ctx, c, visit, Settings{})} {
			if code(err) != "jeton_absent" {
				t.Errorf("%d: %v", i, err)
			}
		}
	})
	t.Run("a partner that reads nothing any more can be stopped, not chosen about", func(t *testing.T) {
		must(t, w.store.SetConventionState(ctx, "conv-hopital", convention.Ended))
		if err := choose("hopital", func(*Choice) {}); code(err) != "convention_inactive" {
			t.Error(err)
		}
		must(t, w.service.Withdraw(ctx, c, visit, "hopital"))
		if x := w.sharing(c, "hopital"); len(x.Conventions) != 0 || x.State != consent.StateWithdrawn {
			t.Errorf("%+v", x)
		}
	})
}

// allTraces are the classes of every entry of the log.
func (w *world) allTraces() (out []trace.Class) {
	must(w.t, w.store.Traces(ctx, 0, func(e store.TracedEntry) bool { out = append(out, e.Class); return true }))
	return out
}

func TestWhoWasLeftOutAndIsAwayStaysLeftOut(t *testing.T) { // R16
	w := newWorld(t)
	c := w.signIn(holder)
	away := droits.Sujet{0xab}
	must(t, w.store.Decide(ctx, consent.Event{Subject: w.sujet(holder), Partner: "hopital", Act: consent.Chosen, Excluded: []droits.Sujet{away}}, trace.Event{Actor: trace.ActorHolder}))
	must(t, w.service.Choose(ctx, c, visit, "hopital", w.choice(c, func(x *Choice) { x.Excluded = w.refs(c)[:1] })))
	events, _, err := w.store.History(ctx, []droits.Sujet{w.sujet(holder)}, "hopital")
	must(t, err)
	if d := consent.Fold(events); len(d.Excluded) != 2 || d.Excluded[1] != away {
		t.Errorf("R16 %v", d.Excluded)
	}
}

func TestReceiptsOfAgreements(t *testing.T) { // R19 R21
	w := newWorld(t)
	c := w.signIn(holder)
	_, err := w.read("a", holder, "hopital", droits.OpMe)
	must(t, err)
	id := w.agreed()
	r, err := w.service.Agreement(ctx, c, id)
	must(t, err)
	file, err := r.JSON()
	must(t, err)
	t.Run("R21 it is whole, in words, and says where its leaf is", func(t *testing.T) {
		if !r.Whole() || r.Parties[1].Name != "hopital" || r.Processing.Notice.SHA256 != convention.NoticeSHA256() || r.Header.Trace == 0 || !strings.Contains(r.Processing.Wording, "préparer votre admission") {
			t.Errorf("%s", file)
		}
		var of trace.Class
		must(t, w.store.Traces(ctx, r.Header.Trace, func(e store.TracedEntry) bool { of = e.Class; return false }))
		if of != trace.AccessServed {
			t.Errorf("class %d", of)
		}
	})
	t.Run("R10 R21 it names nobody", func(t *testing.T) {
		p := w.people[holder]
		for _, word := range []string{p.NIR.Reveal()[:13], p.Pivot.FamilyName, p.Pivot.GivenName} {
			if strings.Contains(strings.ToUpper(string(file)), strings.ToUpper(word)) {
				t.Error("it does")
			}
		}
	})
	t.Run("R19 a new wording and a new version of the convention leave it as it is", func(t *testing.T) {
		d := w.store.ConventionsOf("hopital")[0].Document
		old, _ := convention.NoticeOf("2026-11")
		d.Version, d.Terms.Notice, d.Terms.NoticeSHA256, d.Parties.Name = 2, old.Version, old.SHA256, "Autre nom"
		next, err := convention.New(d, convention.Draft)
		must(t, err)
		w.put(next)
		must(t, w.store.SetConventionState(ctx, d.ID, convention.Active))
		again, err := w.service.Agreement(ctx, c, id)
		if b, _ := again.JSON(); err != nil || string(b) != string(file) {
			t.Errorf("R19 %v\n%s\n%s", err, file, b)
		}
		if _, err := w.read("b", holder, "hopital", droits.OpMe); err != nil {
			t.Fatal(err)
		}
		after, err := w.service.Agreement(ctx, c, w.agreed())
		if err != nil || after.Processing.Notice.Version != "2026-11" || after.Processing.Notice.SHA256 != old.SHA256 {
			t.Errorf("R19 %+v %v", after.Processing.Notice, err)
		}
	})
	t.Run("what came after is told, contested ones too", func(t *testing.T) {
		must(t, w.service.Contest(ctx, c, visit, id))
		must(t, w.service.Contest(ctx, c, visit, id))
		must(t, w.service.Withdraw(ctx, c, visit, "hopital"))
		r, err := w.service.Agreement(ctx, c, id)
		if err != nil || len(r.Events) != 3 || r.Events[1].Act != consent.Contested || r.Events[2].Act != consent.Withdrawn || !r.Whole() {
			t.Errorf("%+v %v", r.Events, err)
		}
	})
}

func TestPartnersKnowPeopleByTheirOwnReference(t *testing.T) { // R11
	w := newWorld(t)
	a, err := w.read("a", holder, "hopital", droits.OpMe)
	must(t, err)
	b, err := w.read("b", holder, "mutuelle", droits.OpMe)
	must(t, err)
	again, err := w.read("c", holder, "hopital", droits.OpContrats)
	must(t, err)
	if a.Reference() == b.Reference() || a.Reference() != again.Reference() || !strings.HasPrefix(a.Reference(), "per_") {
		t.Errorf("R11 %s %s %s", a.Reference(), b.Reference(), again.Reference())
	}
	must(t, w.service.Withdraw(ctx, w.signIn(holder), visit, "hopital"))
	if x, err := w.read("d", holder, "hopital", droits.OpMe); err == nil || x.Reference() != "" {
		t.Error("R11 a refusal tells it")
	}
}

func TestAMessageWhenAPartnerReads(t *testing.T) {
	w := newWorld(t)
	c := w.signIn(holder)
	mails := func() (n int) {
		list, err := w.store.Outbox(ctx, 100)
		must(t, err)
		for _, l := range list {
			if l.Channel == notify.Mail {
				n++
			}
		}
		return n
	}
	_, err := w.read("a", holder, "hopital", droits.OpMe)
	must(t, err)
	if mails() != 0 {
		t.Error("nobody asked")
	}
	must(t, w.service.SetSettings(ctx, c, visit, Settings{Mail: "camille@exemple.fr", Notify: true}))
	if x, err := w.service.Settings(ctx, c); err != nil || x.Mail != "camille@exemple.fr" || !x.Notify {
		t.Errorf("%v", err)
	}
	for i := range 3 {
		_, err := w.read(fmt.Sprint("b", i), holder, "hopital", droits.OpMe)
		must(t, err)
	}
	if mails() != 1 {
		t.Errorf("%d", mails())
	}
	t.Run("a refusal is not a reading", func(t *testing.T) {
		must(t, w.service.Withdraw(ctx, c, visit, "mutuelle"))
		if _, err := w.read("c", holder, "mutuelle", droits.OpMe); err == nil || mails() != 1 {
			t.Errorf("%v, %d", err, mails())
		}
	})
	t.Run("R41 the message and the trace are one", func(t *testing.T) {
		w.forward(2 * time.Hour)
		w.join(failing{fault.New(fault.ServiceIndisponible, "test")}, w.store)
		if _, err := w.read("d", holder, "hopital", droits.OpMe); !fault.Is(err, fault.ServiceIndisponible) || mails() != 1 {
			t.Errorf("%v, %d", err, mails())
		}
	})
}
