package access

import (
	"fmt"
	"testing"
	"time"

	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/partner"
)

func ticked(x *Choice) { x.Blocks = append(x.Blocks, droits.BlocArretsTravail) }

// sign puts another convention of the hospital in force and gives a reader under
// it.
func (w *world) sign(c Citizen, change func(*convention.Document)) func(token string, op droits.Operation) error {
	w.t.Helper()
	d := w.store.ConventionsOf("hopital")[0].Document
	d.FCClients = []convention.FCClient{{ID: "hopital2-v1", Profile: "v1"}}
	change(&d)
	cv, err := convention.New(d, convention.Draft)
	must(w.t, err)
	w.put(cv)
	must(w.t, w.store.SetConventionState(ctx, d.ID, convention.Active))
	secret := partner.NewSecret(partner.Sandbox)
	_, err = w.store.AddKey(ctx, d.ID, secret, partner.Sandbox, time.Time{})
	must(w.t, err)
	return func(token string, op droits.Operation) error {
		w.answer(token, identity.Assertion{Profile: identity.V1, Client: "hopital2-v1", Scopes: []string{"openid", droits.ScopeUmbrella}, ACR: "eidas1", Pivot: w.people[holder].Pivot}, nil)
		_, err := w.do(call{partner: "hopital", key: secret, token: token, op: op})
		return err
	}
}

// A tick says yes to what was on the page, and to nothing else.
func TestATickOpensNothingUnderAnotherConvention(t *testing.T) { // R38 T7
	for name, change := range map[string]func(*convention.Document){
		"another convention and purpose": func(d *convention.Document) { d.ID, d.Version, d.Purpose = "conv-autre", 1, "adhesion" },
		"another convention":             func(d *convention.Document) { d.ID, d.Version = "conv-autre", 1 },
		"another version":                func(d *convention.Document) { d.Version++ },
		"another purpose":                func(d *convention.Document) { d.Version++; d.Purpose = "adhesion" },
		"another notice": func(d *convention.Document) {
			old, _ := convention.NoticeOf("2026-11")
			d.Version++
			d.Terms.Notice, d.Terms.NoticeSHA256 = old.Version, old.SHA256
		},
	} {
		t.Run("R38 T7 "+name, func(t *testing.T) {
			w := newWorld(t, ticking)
			c := w.signIn(holder)
			must(t, w.service.Choose(ctx, c, visit, "hopital", w.choice(c, func(x *Choice) { ticked(x); x.Blocks = without(x.Blocks, droits.BlocContrats) })))
			w.forward(time.Second)
			if _, err := w.read("a", holder, "hopital", droits.OpArretsTravail); err != nil {
				t.Fatal(err)
			}
			read := w.sign(c, change)
			w.forward(time.Second)
			if err := read("b", droits.OpArretsTravail); code(err) != "consentement_explicite_requis" {
				t.Errorf("R38 %v", err)
			}
			if err := read("c", droits.OpContrats); code(err) != "donnees_indisponibles" {
				t.Errorf("R15 what was kept back: %v", err)
			}
			x := w.sharing(c, "hopital")
			if b := x.block(droits.BlocArretsTravail); b.Given || b.Partly != (len(x.Conventions) == 2) || fmt.Sprint(x.Asked) != "[arrets_travail]" {
				t.Errorf("R38 the page says otherwise: %+v, asked %v", b, x.Asked)
			}
			must(t, w.service.Choose(ctx, c, visit, "hopital", w.choice(c, ticked)))
			w.forward(time.Second)
			if err := read("d", droits.OpArretsTravail); err != nil || !w.sharing(c, "hopital").block(droits.BlocArretsTravail).Given {
				t.Errorf("R38 ticked on a page that shows it: %v", err)
			}
			if len(x.Conventions) == 2 {
				if _, err := w.read("e", holder, "hopital", droits.OpArretsTravail); err != nil {
					t.Errorf("R38 the first convention was on that page too: %v", err)
				}
			}
		})
	}
	t.Run("R19 a page that did not show every convention in force is shown again", func(t *testing.T) {
		w := newWorld(t, ticking)
		c := w.signIn(holder)
		old := w.choice(c, ticked)
		w.sign(c, func(d *convention.Document) { d.ID, d.Version = "conv-autre", 1 })
		if err := w.service.Choose(ctx, c, visit, "hopital", old); fault.From(err).Reason() != NoticeChanged {
			t.Error(err)
		}
	})
}

// A token of a client that two conventions of one partner admit agrees under
// each of them apart.
func TestATokenUnderTwoConventions(t *testing.T) { // R13 R38
	w := newWorld(t)
	c := w.signIn(holder)
	_, err := w.read("a", holder, "hopital", droits.OpMe)
	must(t, err)
	first := w.agreed()
	read := w.sign(c, func(d *convention.Document) {
		d.ID, d.Version, d.Purpose, d.Consent.Ticks = "conv-autre", 1, "adhesion", []droits.Bloc{droits.BlocArretsTravail}
	})
	w.forward(time.Second)
	if err := read("a", droits.OpArretsTravail); code(err) != "consentement_explicite_requis" {
		t.Errorf("R38 what was agreed to for another purpose is served: %v", err)
	}
	if err := read("a", droits.OpMe); err != nil {
		t.Fatal(err)
	}
	if r, err := w.service.Agreement(ctx, c, w.agreed()); err != nil || r.Header.ID == first || r.Processing.Convention != "conv-autre/1" {
		t.Errorf("R13 %+v %v", r.Processing, err)
	}
}

func TestAChoiceThatOnlyRestrictsAgreesToNothing(t *testing.T) { // R15 R21
	w := newWorld(t, ticking)
	c := w.signIn(holder)
	choose := func(change func(*Choice)) { must(t, w.service.Choose(ctx, c, visit, "hopital", w.choice(c, change))) }
	t.Run("R21 keeping a block back, leaving a child out, or saving the page as it is", func(t *testing.T) {
		choose(func(x *Choice) { x.Blocks = without(x.Blocks, droits.BlocContrats) })
		choose(func(x *Choice) { x.Blocks = without(x.Blocks, droits.BlocContrats); x.Excluded = w.refs(c)[:1] })
		choose(func(x *Choice) { x.Blocks = without(x.Blocks, droits.BlocContrats) })
		if x := w.sharing(c, "hopital"); x.State != consent.StateNone || len(x.Given) != 0 || !x.LetUntil.IsZero() || w.consents() != 0 {
			t.Errorf("%s, %d agreements", x.State, w.consents())
		}
	})
	t.Run("R21 what is let go is an agreement to that, and to nothing else", func(t *testing.T) {
		choose(func(x *Choice) { ticked(x) }) // and gives the contracts back
		x := w.sharing(c, "hopital")
		if len(x.Given) != 1 || fmt.Sprint(x.Given[0].Blocks) != "[contrats arrets_travail]" || x.State != consent.StateGiven {
			t.Errorf("%+v", x.Given)
		}
	})
	until := w.sharing(c, "hopital").LetUntil
	t.Run("R17 R38 a later restriction neither ends what was ticked nor makes it last", func(t *testing.T) {
		w.forward(10 * aDay)
		choose(func(x *Choice) { ticked(x); x.Blocks = without(x.Blocks, droits.BlocCaisse) })
		if x := w.sharing(c, "hopital"); !x.LetUntil.Equal(until) || len(x.Given) != 1 || !x.block(droits.BlocArretsTravail).Given {
			t.Errorf("%v, expected %v, %d agreements", x.LetUntil, until, len(x.Given))
		}
		w.forward(until.Sub(w.Now()))
		if _, err := w.read("a", holder, "hopital", droits.OpArretsTravail); err != nil {
			t.Errorf("R17 at its last instant: %v", err)
		}
		w.forward(time.Second)
		if _, err := w.read("b", holder, "hopital", droits.OpArretsTravail); code(err) != "consentement_explicite_requis" {
			t.Errorf("R17 after it: %v", err)
		}
	})
}

func TestAPageThatIsLate(t *testing.T) { // R16 R18
	w := newWorld(t, ticking)
	c := w.signIn(holder)
	one, two := w.choice(c, func(x *Choice) { x.Excluded = w.refs(c)[1:2] }), w.choice(c, func(x *Choice) { x.Blocks = without(x.Blocks, droits.BlocContrats) })
	must(t, w.service.Choose(ctx, c, visit, "hopital", one))
	n := len(w.allTraces())
	t.Run("R16 a page from before a newer choice undoes nothing of it", func(t *testing.T) {
		err := w.service.Choose(ctx, c, visit, "hopital", two)
		if code(err) != "parametre_invalide" || fault.From(err).Reason() != ChoiceChanged || w.sharing(c, "hopital").Dependants[1].Shared || len(w.allTraces()) != n {
			t.Errorf("%v", err)
		}
	})
	t.Run("a second click finds what the first one kept, and keeps nothing more", func(t *testing.T) {
		twice := w.choice(c, func(x *Choice) {
			ticked(x)
			x.Blocks = without(x.Blocks, droits.BlocContrats)
			x.Excluded = w.refs(c)[:1]
		})
		must(t, w.service.Choose(ctx, c, visit, "hopital", twice))
		n, until := len(w.allTraces()), w.sharing(c, "hopital").LetUntil
		w.forward(time.Second)
		must(t, w.service.Choose(ctx, c, visit, "hopital", twice))
		if x := w.sharing(c, "hopital"); len(w.allTraces()) != n || len(x.Given) != 1 || !x.LetUntil.Equal(until) {
			t.Errorf("%d agreements, until %v", len(x.Given), x.LetUntil)
		}
	})
	t.Run("R18 nothing is chosen about what is withdrawn or paused", func(t *testing.T) {
		for _, stop := range []func() error{func() error { return w.service.Pause(ctx, c, visit, "hopital", w.Now().Add(aDay)) }, func() error { return w.service.Withdraw(ctx, c, visit, "hopital") }} {
			must(t, stop())
			w.forward(time.Second)
			before := w.consents()
			if err := w.service.Choose(ctx, c, visit, "hopital", w.choice(c, ticked)); code(err) != "parametre_invalide" || fault.From(err).Reason() != SharingStopped || w.consents() != before {
				t.Errorf("%v", err)
			}
		}
		must(t, w.service.Allow(ctx, c, visit, "hopital"))
		w.forward(time.Second)
		if _, err := w.read("a", holder, "hopital", droits.OpArretsTravail); code(err) != "consentement_explicite_requis" {
			t.Errorf("R38 what was refused opens once allowed: %v", err)
		}
		must(t, w.service.Choose(ctx, c, visit, "hopital", w.choice(c, ticked)))
	})
}
