package api_test

import (
	"sync/atomic"
	"testing"

	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/trace"
)

// Between the decision and the commit of its trace, the ground of the decision
// may move. The store compares inside the transaction, and commits the refusal
// instead (trust.md §3g, T11).
func TestTheGroundMovesBeforeTheCommit(t *testing.T) {
	var meanwhile atomic.Pointer[func()]
	in := apptest.Start(t, apptest.Options{Ledger: func(l trace.Ledger) trace.Ledger {
		return &apptest.FailingLedger{Ledger: l, Before: func() error {
			if f := meanwhile.Swap(nil); f != nil {
				(*f)()
			}
			return nil
		}}
	}})
	s := in.App.Store
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	for _, c := range []struct {
		name string
		move func(apptest.Partner)
		code string
		want int
	}{
		{"R18 a withdrawal", func(p apptest.Partner) { must(s.Withdraw(t.Context(), in.Subject(t, "ald"), p.ID, "")) }, "consentement_retire", 403},
		{"R52 a restriction", func(apptest.Partner) {
			_, err := s.Restrict(t.Context(), restriction(in.Subject(t, "ald"), "", in.Clock.Now()))
			must(err)
		}, "donnees_indisponibles", 403},
		{"R29 a suspension", func(p apptest.Partner) { must(s.SetConventionState(t.Context(), p.Convention, convention.Suspended)) }, "convention_inactive", 403},
		{"R74 a revocation", func(p apptest.Partner) { must(s.RevokeKey(t.Context(), p.KeyID)) }, "cle_invalide", 401},
	} {
		t.Run(c.name+" that comes before the commit refuses the call, and the refusal is what is traced", func(t *testing.T) {
			p := in.SignUp(t, droits.Etablissement, nil)
			who := in.As(t, "ald", p)
			in.Get(t, contrats, who, in.NIROf(t, "ald")).Want(t, 200, "")
			served := in.TraceCount(t)
			move := func() { c.move(p) }
			meanwhile.Store(&move)
			if a := in.Get(t, contrats, who, in.NIROf(t, "ald")).Want(t, c.want, c.code); leaks(a) {
				t.Error("data")
			}
			e := in.LastTrace(t)
			equal(t, "entries", len(in.Traces(t, served)), 1)
			equal(t, "events", in.TraceCount(t)-served, int64(2))
			equal(t, "outcome", e.Str("outcome"), c.code)
			list, err := s.RestrictionsInForce(t.Context())
			must(err)
			for _, r := range list {
				if c.code == "donnees_indisponibles" && r.Ground == "18-1-b" {
					must(s.Lift(t.Context(), r.ID))
				}
			}
		})
	}
	t.Run("what moves for somebody else refuses nobody", func(t *testing.T) {
		p := in.SignUp(t, droits.Etablissement, nil)
		move := func() { must(s.Withdraw(t.Context(), in.Subject(t, "c2s"), p.ID, "")) }
		meanwhile.Store(&move)
		in.Get(t, contrats, in.As(t, "ald", p), in.NIROf(t, "ald")).Want(t, 200, "")
	})
}
