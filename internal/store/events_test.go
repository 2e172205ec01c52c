package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/nir"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// told is an act as the log tells it.
type told struct {
	class                                                                 trace.Class
	Operation, Actor, Partner, Convention, Object, Before, After, Outcome string
}

func events(t *testing.T, s *Store, from int64) (out []told) {
	t.Helper()
	must(t, s.Traces(ctx, from, func(e TracedEntry) bool {
		x := told{class: e.Class}
		must(t, json.Unmarshal(e.Person[trace.SaltSize:], &x))
		out = append(out, x)
		return true
	}))
	return out
}

func TestEveryActLeavesItsEvent(t *testing.T) { // R41
	s := fresh(t)
	load(t, s, head+fund("01261")+lines(adult("a", 1)))
	_, key := register(t, s)
	who, err := s.SubjectOf(ctx, nir.MustParse(digits(1)))
	must(t, err)
	var restriction string
	for _, c := range []struct {
		name string
		do   func(*Store) error
		want told
	}{
		{"a withdrawal", func(s *Store) error { return s.Withdraw(ctx, who, "hopital", "x") },
			told{class: trace.ConsentEvent, Operation: "retrait", Partner: "hopital", Before: "none", After: "withdrawn"}},
		{"allowing again", func(s *Store) error { return s.Allow(ctx, who, "hopital") },
			told{class: trace.ConsentEvent, Operation: "autorisation", Partner: "hopital", Before: "withdrawn", After: "none"}},
		{"R52 a restriction is a right of the person", func(s *Store) error {
			id, err := s.Restrict(ctx, consent.Restriction{Subject: who, Ground: "18-1-a", SinceAt: noon()})
			if !s.rehearse {
				restriction = id
			}
			return err
		}, told{class: trace.RightsRequest, Operation: "limitation_posee", After: "18-1-a"}},
		{"its end", func(s *Store) error { return s.Lift(ctx, restriction) }, told{class: trace.RightsRequest, Operation: "limitation_levee"}},
		{"a partner's new name", func(s *Store) error {
			return s.PutPartner(ctx, partner.Partner{ID: "hopital", Nom: "Autre", Kind: "etablissement_sante"})
		}, told{class: trace.ConventionEvent, Operation: "partenaire_renomme", Partner: "hopital"}},
		{"a convention suspended", func(s *Store) error { return s.SetConventionState(ctx, "conv-hopital", convention.Suspended) },
			told{class: trace.ConventionEvent, Operation: "convention_deplacee", Partner: "hopital", Convention: "conv-hopital/1", Before: "active", After: "suspended"}},
		{"a key made", func(s *Store) error {
			_, err := s.AddKey(ctx, "conv-hopital", partner.NewSecret(partner.Sandbox), partner.Sandbox, time.Time{})
			return err
		}, told{class: trace.KeyEvent, Operation: "cle_creee", Partner: "hopital", Convention: "conv-hopital", After: "sandbox"}},
		{"a key revoked", func(s *Store) error { return s.RevokeKey(ctx, key.ID) },
			told{class: trace.KeyEvent, Operation: "cle_revoquee", Partner: "hopital", Convention: "conv-hopital"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, err := s.TraceCount(ctx)
			must(t, err)
			must(t, c.do(s.Rehearsal()))
			if n, _ := s.TraceCount(ctx); n != before {
				t.Error("a rehearsal leaves an event")
			}
			must(t, c.do(s))
			got := events(t, s, before)
			if len(got) != 1 {
				t.Fatalf("%d events", len(got))
			}
			c.want.Actor, c.want.Outcome = string(trace.ActorOperator), trace.Acted
			got[0].Object = ""
			if got[0] != c.want {
				t.Errorf("%+v", got[0])
			}
		})
	}
	t.Run("the person whom it concerns is marked", func(t *testing.T) {
		var n int
		d := s.TraceSubject(who)
		must(t, s.journal.reader.QueryRowContext(ctx, `SELECT COUNT(*) FROM subject WHERE digest = $1 AND titulaire = 1`, d[:]).Scan(&n))
		if n != 4 {
			t.Errorf("%d", n)
		}
	})
	verified(t, s)
}

func TestAnActWithoutItsEventIsNotDone(t *testing.T) { // R41
	s := fresh(t)
	register(t, s)
	before, _ := s.TraceCount(ctx)
	seen := func() (n int) {
		must(t, s.journal.reader.QueryRowContext(ctx, `SELECT COUNT(*) FROM quota`).Scan(&n))
		return n
	}
	insert := func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO quota (convention, jour, pris) VALUES ('r', 'x', 0)`)
		return err
	}
	for name, c := range map[string]struct {
		event *trace.Event
		do    func(*sql.Tx) error
	}{
		"no class":          {&trace.Event{Operation: "retrait", Actor: trace.ActorHolder}, insert},
		"an access's class": {&trace.Event{Class: trace.AccessServed, Operation: "retrait", Actor: trace.ActorHolder}, insert},
		"no operation":      {&trace.Event{Class: trace.ConsentEvent, Actor: trace.ActorHolder}, insert},
		"no actor":          {&trace.Event{Class: trace.ConsentEvent, Operation: "retrait"}, insert},
		"an act that fails": {&trace.Event{Class: trace.ConsentEvent, Operation: "retrait", Actor: trace.ActorHolder}, func(tx *sql.Tx) error { return errors.Join(insert(tx), errors.New("x")) }},
	} {
		t.Run(name, func(t *testing.T) {
			err := s.change(ctx, c.event, nil, c.do)
			n, _ := s.TraceCount(ctx)
			if err == nil || seen() != 0 || n != before || name != "an act that fails" && fault.From(err).Reason() != "EVENT_INCOMPLETE" {
				t.Errorf("%v, %d done, %d entries", err, seen(), n-before)
			}
		})
	}
	t.Run("an act cut short takes its event with it", func(t *testing.T) {
		cut, cancel := context.WithCancel(ctx)
		e := &trace.Event{Class: trace.ConsentEvent, Operation: "retrait", Actor: trace.ActorHolder}
		err := s.change(cut, e, nil, func(tx *sql.Tx) error { defer cancel(); return insert(tx) })
		if n, _ := s.TraceCount(ctx); err == nil || seen() != 0 || n != before {
			t.Errorf("%v, %d done", err, seen())
		}
	})
	t.Run("an act knows where its event will be", func(t *testing.T) {
		e := &trace.Event{Class: trace.ConsentEvent, Operation: "retrait", Actor: trace.ActorHolder}
		must(t, s.change(ctx, e, nil, func(*sql.Tx) error { return nil }))
		if n, _ := s.TraceCount(ctx); e.Index != before || n != before+1 {
			t.Errorf("%d %d", e.Index, n)
		}
	})
	must(t, s.Commit(ctx, []*trace.Pending{{Leaf: traceAt(noon(), "x").Leaf()}}))
	verified(t, s)
}
