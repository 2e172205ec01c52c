package store

import (
	"crypto/ed25519"
	"encoding/base64"
	"strconv"
	"testing"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/habilitation"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// bothSign puts both signatures under a version.
func bothSign(t *testing.T, s *Store, c convention.Convention) (ref string) {
	t.Helper()
	own := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	key := base64.StdEncoding.EncodeToString(own.Public().(ed25519.PublicKey))
	_, err := s.RegisterSigningKey(ctx, c.Document.Parties.Partner, key)
	must(t, err)
	ref = c.Document.ID + "@" + strconv.Itoa(c.Document.Version)
	must(t, s.SignConvention(ctx, ref, nil))
	theirs := c.Sign(convention.Partner, own, s.clock())
	must(t, s.SignConvention(ctx, ref, &theirs))
	return ref
}

func TestANoticeCannotBePutOff(t *testing.T) { // R29
	start := func(t *testing.T) (*Store, *time.Time, civil.Date) {
		clock := noon()
		s := fresh(t)
		s.clock = func() time.Time { return clock }
		register(t, s)
		last, err := s.Leave(ctx, "conv-hopital", civil.On(clock))
		must(t, err)
		return s, &clock, last
	}
	lastDay := func(t *testing.T, s *Store) civil.Date {
		t.Helper()
		all, err := s.Conventions(ctx)
		must(t, err)
		for _, c := range all {
			if c.State != convention.Draft {
				return c.LastOn
			}
		}
		return 0
	}
	t.Run("R29 by a second notice while it is suspended", func(t *testing.T) {
		s, clock, last := start(t)
		must(t, s.SetConventionState(ctx, "conv-hopital", convention.Suspended))
		*clock = clock.AddDate(0, 0, 10)
		for _, leave := range []func() (civil.Date, error){
			func() (civil.Date, error) { return s.Leave(ctx, "conv-hopital", civil.On(*clock)) },
			func() (civil.Date, error) {
				return s.LeaveByLetter(ctx, "conv-hopital", civil.On(*clock), []byte("%PDF-"))
			},
		} {
			if _, err := leave(); fault.From(err).Field() != "state" {
				t.Error(err)
			}
		}
		if lastDay(t, s) != last {
			t.Error("its last day moved")
		}
	})
	t.Run("R29 by a suspension that is lifted, and a notice given by the operator", func(t *testing.T) {
		s, clock, last := start(t)
		must(t, s.SetConventionState(ctx, "conv-hopital", convention.Suspended))
		must(t, s.SetConventionState(ctx, "conv-hopital", convention.Active))
		*clock = clock.AddDate(0, 0, 10)
		must(t, s.SetConventionState(ctx, "conv-hopital", convention.Notice))
		if lastDay(t, s) != last {
			t.Error("its last day moved")
		}
	})
	t.Run("R29 by a version that was signed before it", func(t *testing.T) {
		clock := noon()
		s := fresh(t)
		s.clock = func() time.Time { return clock }
		secret, _ := register(t, s)
		c, err := convention.New(document(2), convention.Draft)
		must(t, err)
		must(t, s.PutConvention(ctx, c))
		ref := bothSign(t, s, c)
		clock = clock.AddDate(0, 0, 1)
		last, err := s.Leave(ctx, "conv-hopital", civil.On(clock))
		must(t, err)
		must(t, s.SetConventionState(ctx, ref, convention.Active))
		if lastDay(t, s) != last {
			t.Error("the new version forgets the notice")
		}
		clock = last.AddDays(1).StartAt()
		if _, c, _ := s.Key(secret); c.LiveAt(clock) {
			t.Error("it serves on the sixteenth day")
		}
	})
	t.Run("a version that the partner signs after its notice takes it back", func(t *testing.T) {
		s, clock, _ := start(t)
		*clock = clock.AddDate(0, 0, 2)
		c, err := convention.New(document(2), convention.Draft)
		must(t, err)
		must(t, s.PutConvention(ctx, c))
		must(t, s.SetConventionState(ctx, bothSign(t, s, c), convention.Active))
		if !lastDay(t, s).IsZero() {
			t.Error("it is left all the same")
		}
	})
}

func TestAVersionComesFromTheGrantThatHolds(t *testing.T) { // R26
	s := fresh(t)
	f := applied()
	f.Organisation.SIRET = "00000000000026"
	r := granted(t, s, f)
	first, err := s.PrepareConvention(ctx, r.ID, habilitation.Drafting{Operator: "Gestionnaire"})
	must(t, err)
	ref := bothSign(t, s, first)
	for _, d := range []habilitation.Doing{
		{Act: habilitation.Reopen, Role: habilitation.Demandeur}, {Act: habilitation.Submit, Role: habilitation.Demandeur}, {Act: habilitation.Approve, Role: habilitation.Instructeur},
	} {
		d.Author = "cpt_1"
		_, err := s.ActOnRequest(ctx, r.ID, d)
		must(t, err)
	}
	if err := s.SetConventionState(ctx, ref, convention.Active); fault.From(err).Reason() != GrantReplaced {
		t.Errorf("what was granted before comes into force: %v", err)
	}
	second, err := s.PrepareConvention(ctx, r.ID, habilitation.Drafting{Operator: "Gestionnaire"})
	must(t, err)
	must(t, s.SetConventionState(ctx, bothSign(t, s, second), convention.Active))
}

func TestOneAgentDoesNotRevokeAlone(t *testing.T) { // R33
	s := fresh(t)
	s.pair = habilitation.Paired()
	f := applied()
	f.Organisation.SIRET = "00000000000026"
	d := member("")
	d.Form = f
	r, err := s.OpenRequest(ctx, d)
	must(t, err)
	for _, x := range []habilitation.Doing{{Act: habilitation.Submit, Role: habilitation.Demandeur, Author: "cpt_1"}, {Act: habilitation.Approve, Role: habilitation.Instructeur, Author: "cpt_a"}, {Act: habilitation.Approve, Role: habilitation.Instructeur, Author: "cpt_b"}} {
		_, err = s.ActOnRequest(ctx, r.ID, x)
		must(t, err)
	}
	c, err := s.PrepareConvention(ctx, r.ID, habilitation.Drafting{Operator: "Gestionnaire"})
	must(t, err)
	must(t, s.SetConventionState(ctx, bothSign(t, s, c), convention.Active))
	agent := s.By(trace.By{Actor: trace.ActorOperator, Author: "cpt_a"})
	if err := agent.SetConventionState(ctx, c.Document.ID, convention.Ended); fault.From(err).Reason() != TwoAgents {
		t.Errorf("R33 one agent ends what takes two to revoke: %v", err)
	}
	must(t, agent.SetConventionState(ctx, c.Document.ID, convention.Suspended)) // at once, by one
	for _, by := range []string{"cpt_a", "cpt_b"} {
		_, err := s.ActOnRequest(ctx, r.ID, habilitation.Doing{Act: habilitation.Revoke, Role: habilitation.Responsable, Author: by, Text: "Manquement.", Ground: habilitation.GroundLaw})
		must(t, err)
	}
	if all, err := s.Conventions(ctx); err != nil || all[0].State != convention.Ended {
		t.Error("two agents did not revoke it", err)
	}
}

func TestAPartnerDoesNotWalkAroundASuspension(t *testing.T) { // R77
	s := fresh(t)
	secret, key := register(t, s)
	own := s.By(trace.By{Actor: trace.ActorPartner, Author: "cpt_1"})
	add := func(by *Store) error {
		_, err := by.AddKey(ctx, "conv-hopital", partner.NewSecret(partner.Sandbox), partner.Sandbox, time.Time{})
		return err
	}
	must(t, s.SuspendKey(ctx, key.ID))
	if err := add(own); fault.From(err).Reason() != KeySuspended {
		t.Errorf("R77 a key beside the one that is suspended: %v", err)
	}
	must(t, own.RevokeKey(ctx, key.ID))
	if err := add(own); fault.From(err).Reason() != KeySuspended {
		t.Errorf("R77 a key in place of the one that is suspended: %v", err)
	}
	must(t, s.ResumeKey(ctx, key.ID))
	if k, _, _ := s.Key(secret); k.LiveAt(s.clock()) {
		t.Error("a revoked key came back")
	}
	must(t, add(own))
	t.Run("the operator revokes and makes another", func(t *testing.T) {
		s := fresh(t)
		_, key := register(t, s)
		must(t, s.SuspendKey(ctx, key.ID))
		must(t, s.RevokeKey(ctx, key.ID))
		must(t, add(s.By(trace.By{Actor: trace.ActorPartner, Author: "cpt_1"})))
	})
}

func TestAConventionThatIsAlteredStandsInNobodysWay(t *testing.T) { // R27 T1
	clock := noon()
	s := fresh(t)
	s.clock = func() time.Time { return clock }
	secret, _ := register(t, s)
	d := document(1)
	d.ID = "autre"
	c, err := convention.New(d, convention.Draft)
	must(t, err)
	must(t, s.PutConvention(ctx, c))
	must(t, s.SetConventionState(ctx, bothSign(t, s, c), convention.Active))
	_, err = s.Leave(ctx, "conv-hopital", civil.On(clock))
	must(t, err)
	for _, sql := range []string{`UPDATE convention SET document = replace(document, '"id":"autre"', '"id":"conv-hopital"') WHERE id = 'autre'`, `UPDATE convention SET document = 'x' WHERE id = 'autre'`} {
		if _, err := s.journal.writer.ExecContext(ctx, sql); err != nil {
			t.Fatal(err)
		}
		must(t, s.Refresh(ctx))
		if _, c, ok := s.Key(secret); !ok || !c.LiveAt(clock) {
			t.Error("a convention that took another's name stands in its place")
		}
		list, err := s.Conventions(ctx)
		if err != nil || len(list) != 2 || !list[0].Altered || list[0].Document.ID != "autre" || list[1].Altered {
			t.Errorf("%d %v", len(list), err)
		}
	}
	clock = clock.AddDate(0, 0, 20)
	if n, err := s.EndConventions(ctx); err != nil || n != 1 {
		t.Errorf("the one that was left does not end: %d %v", n, err)
	}
}

func TestCallsOfOneCommitAcrossMidnight(t *testing.T) { // R64
	s := fresh(t)
	midnight := civil.MustParse("2026-11-22").StartAt()
	var batch []*trace.Pending
	for _, at := range []time.Time{midnight.Add(10 * time.Millisecond), midnight.Add(-10 * time.Millisecond)} {
		e := trace.Entry{Class: trace.AccessServed, Person: trace.Person{At: at, Operation: "getMe", Outcome: "servi"}}
		batch = append(batch, &trace.Pending{Leaf: e.Leaf(), Effects: []trace.Effect{&partner.Call{At: at, Partner: "hopital", Outcome: partner.Served, Count: 1}}})
	}
	must(t, s.Commit(ctx, batch))
	for name, q := range map[string]partner.CallQuery{"the day before": {To: midnight}, "the day": {From: midnight}} {
		q.Partner, q.Limit = "hopital", 10
		if list, _, err := s.Calls(ctx, q); err != nil || len(list) != 1 {
			t.Errorf("R64 %s has %d calls: %v", name, len(list), err)
		}
	}
}
