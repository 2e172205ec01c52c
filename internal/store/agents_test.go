package store

import (
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/trace"
)

func TestAgentsOfTheStore(t *testing.T) { // R33 R48
	s := fresh(t)
	boss := s.By(trace.By{Actor: trace.ActorOperator, Author: "cpt_exploitant", RequestID: "req-1"})
	p, err := boss.AddAgent(ctx, "00000000000042", "lucie@operateur.example", account.Instructeur, account.Mandate{Director: "Anne Exemple", Until: s.clock().AddDate(1, 0, 0)})
	must(t, err)
	n, err := s.TraceCount(ctx)
	must(t, err)
	for _, do := range []func() error{
		func() error { return s.By(trace.By{Actor: trace.ActorOperator, Author: p.ID}).Undertake(ctx, p.ID) },
		func() error { return boss.ReviewAgent(ctx, p.ID) },
		func() error { return boss.RenewAgent(ctx, p.ID, "", s.clock().AddDate(2, 0, 0)) },
		func() error { return boss.EndAgent(ctx, p.ID) },
	} {
		must(t, do())
	}
	t.Run("R48 each act is an event that says who, and where the mandate stood before and after", func(t *testing.T) {
		list := events(t, s, n)
		want := []string{account.MandateUndertaken + " MANDATE_SECRECY MANDATE_ACTING", account.MandateReviewed + " MANDATE_ACTING MANDATE_ACTING", account.MandateRenewed + " MANDATE_ACTING MANDATE_ACTING", account.MandateClosed + " MANDATE_ACTING MANDATE_ENDED"}
		if len(list) != len(want) {
			t.Fatal(len(list))
		}
		for i, e := range list {
			before, _, _ := strings.Cut(e.Before, " ")
			after, _, _ := strings.Cut(e.After, " ")
			if got := e.Operation + " " + before + " " + after; got != want[i] || e.Object != p.ID || e.Actor != string(trace.ActorOperator) {
				t.Errorf("%s, %+v", got, e)
			}
		}
	})
	t.Run("R33 nobody changes their own mandate, and a member has none", func(t *testing.T) {
		own := s.By(trace.By{Actor: trace.ActorOperator, Author: p.ID})
		for name, err := range map[string]error{"renew": own.RenewAgent(ctx, p.ID, "", s.clock().Add(time.Hour)), "review": own.ReviewAgent(ctx, p.ID), "end": own.EndAgent(ctx, p.ID)} {
			if fault.From(err).Reason() != OwnMandate {
				t.Errorf("%s: %v", name, err)
			}
		}
		m, err := s.SignInMember(ctx, account.Assertion{Issuer: "i", Subject: "s", SIRET: "00000000000018", At: s.clock()})
		must(t, err)
		if err := boss.EndAgent(ctx, m.ID); !fault.Is(err, fault.RessourceInconnue) {
			t.Error(err)
		}
	})
	t.Run("a rehearsal ends nothing", func(t *testing.T) {
		q, err := boss.AddAgent(ctx, "00000000000042", "adrien@operateur.example", account.Instructeur, account.Mandate{Director: "Anne Exemple", Until: s.clock().AddDate(1, 0, 0)})
		must(t, err)
		must(t, s.Rehearsal().EndAgent(ctx, q.ID))
		again, err := s.Account(ctx, q.ID)
		if err != nil || !again.Mandate.EndedAt.IsZero() {
			t.Error("it did")
		}
	})
}
