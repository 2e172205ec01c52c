package app_test

import (
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/app"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
)

const (
	siretOne, siretTwo = "00000000000018", "00000000000026"
	vendorID           = "logiciel"
)

// vendor signs a software vendor up and gives it a key.
func vendor(t *testing.T, in *apptest.Instance) apptest.Partner {
	t.Helper()
	if err := in.App.Store.PutPartner(t.Context(), partner.Partner{ID: vendorID, Nom: "Éditeur d'essai", SIRET: "00000000000034", Kind: droits.Editeur}); err != nil {
		t.Fatal(err)
	}
	p := apptest.Partner{ID: vendorID, Key: partner.NewSecret(partner.Sandbox)}
	k, err := in.App.Store.AddVendorKey(t.Context(), vendorID, p.Key, partner.Sandbox, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	p.KeyID = k.ID
	return p
}

func TestDelegation(t *testing.T) {
	in := apptest.Start(t, apptest.Options{Edit: func(c *app.Config) { c.Proxies = []string{"127.0.0.0/8"} }})
	twin := in.Twin(t)
	s := in.App.Store
	one := in.SignUp(t, droits.Etablissement, func(d *convention.Document) {
		d.Parties.SIRET, d.Quota, d.Blocks = siretOne, convention.Quota{PerSecond: 1000, PerDay: 40}, []droits.Bloc{droits.BlocIdentite, droits.BlocCaisse}
	})
	two := in.SignUp(t, droits.Etablissement, func(d *convention.Document) { d.Parties.SIRET = siretTwo })
	v := vendor(t, in)
	// The person is connected to a client of the organisation; the software's key is the vendor's.
	call := func(at *apptest.Instance, path, siret string, more ...apptest.Change) *apptest.Answer {
		t.Helper()
		p := one
		p.Key = v.Key
		changes := append([]apptest.Change{in.As(t, "famille-martin", p)}, more...)
		if siret != "" {
			changes = append(changes, apptest.With("X-Delegation", siret))
		}
		return at.Plain(t, path, changes...)
	}
	t.Run("R30 a vendor's key serves nothing for itself, nor for who has not delegated", func(t *testing.T) {
		for _, siret := range []string{"", siretOne, siretTwo, "00000000000034", "logiciel", "/", siretOne + "/" + one.Convention, strings.Repeat("9", 200)} {
			call(in, "/me", siret).Want(t, 403, "delegation_absente")
		}
		e := in.LastTrace(t)
		if e.Person["partner"] != vendorID {
			t.Errorf("traced for %v", e.Person["partner"])
		}
		p := one
		p.Key = v.Key
		in.Get(t, "/me", in.As(t, "famille-martin", p), apptest.With("X-Delegation", siretOne)).Want(t, 403, "delegation_absente")
		in.Do(t, "/v1/partenaire/moi", apptest.Key(v)).Want(t, 403, "delegation_absente")
	})
	if err := s.Delegate(t.Context(), vendorID, one.Convention); err != nil {
		t.Fatal(err)
	}
	t.Run("R30 it serves for an organisation that delegates to it, and for no other", func(t *testing.T) {
		p := one
		p.Key = v.Key
		in.Get(t, "/me", in.As(t, "famille-martin", p), apptest.With("X-Delegation", siretOne)).Want(t, 200, "")
		call(in, "/me", siretOne+"/"+one.Convention).Want(t, 200, "")
		call(in, "/me", siretTwo).Want(t, 403, "delegation_absente")
		call(in, "/me", siretOne+"/"+two.Convention).Want(t, 403, "delegation_absente")
	})
	t.Run("R30 the trace names both, the organisation's convention decides, its quota counts", func(t *testing.T) {
		before := in.Get(t, "/me", in.As(t, "famille-martin", one)).Header.Get("RateLimit-Remaining")
		a := call(in, "/me", siretOne).Want(t, 200, "")
		if a.Header.Get("RateLimit-Remaining") >= before || a.Header.Get("RateLimit-Limit") != "40" {
			t.Errorf("%s then %s left", before, a.Header.Get("RateLimit-Remaining"))
		}
		e := in.LastTrace(t)
		if e.Person["partner"] != one.ID || e.Person["through"] != vendorID || e.Person["convention"] != one.Convention+"/1" || e.Internal["key"] != v.KeyID {
			t.Errorf("traced as %v through %v", e.Person["partner"], e.Person["through"])
		}
		call(in, "/contrats", siretOne, in.NIROf(t, "famille-martin")).Want(t, 403, "operation_hors_convention")
		in.Get(t, "/me", in.As(t, "famille-martin", one)).Want(t, 200, "")
		if _, through := in.LastTrace(t).Person["through"]; through {
			t.Error("a call of the organisation itself names a vendor")
		}
	})
	t.Run("R30 the header of an organisation's own key changes nothing", func(t *testing.T) {
		in.Get(t, "/me", in.As(t, "famille-martin", one), apptest.With("X-Delegation", siretTwo)).Want(t, 200, "")
		if p := in.LastTrace(t).Person["partner"]; p != one.ID {
			t.Errorf("traced for %v", p)
		}
	})
	t.Run("R30 the person's journal tells both names", func(t *testing.T) {
		call(in, "/me", siretOne).Want(t, 200, "")
		b := in.Browser()
		b.SignIn(t, "famille-martin")
		if page := b.Get(t, "/mon-espace/acces"); !page.Says("Partenaire d'essai, par l'intermédiaire de Éditeur d'essai") {
			t.Error("the vendor is not named")
		}
	})
	t.Run("R30 an ambiguous organisation is refused until its convention is named", func(t *testing.T) {
		again := in.SignUp(t, droits.Etablissement, func(d *convention.Document) { d.Parties.SIRET = siretOne })
		if err := s.Delegate(t.Context(), vendorID, again.Convention); err != nil {
			t.Fatal(err)
		}
		call(in, "/me", siretOne).Want(t, 403, "delegation_absente")
		call(in, "/me", siretOne+"/"+again.Convention).Want(t, 200, "")
		if err := s.EndDelegation(t.Context(), vendorID, again.Convention, partner.ByOperator); err != nil {
			t.Fatal(err)
		}
		call(in, "/me", siretOne).Want(t, 200, "")
	})
	for _, by := range []partner.Side{partner.ByOrganisation, partner.ByVendor} {
		t.Run("R30 "+string(by)+" ends it at once, for both applications over one store", func(t *testing.T) {
			call(twin, "/me", siretOne).Want(t, 200, "")
			begin := time.Now()
			if err := s.EndDelegation(t.Context(), vendorID, one.Convention, by); err != nil {
				t.Fatal(err)
			}
			call(in, "/me", siretOne).Want(t, 403, "delegation_absente")
			call(twin, "/me", siretOne).Want(t, 403, "delegation_absente")
			if d := time.Since(begin); d > time.Second {
				t.Errorf("after %v", d)
			}
			in.Get(t, "/me", in.As(t, "famille-martin", one)).Want(t, 200, "")
			if err := s.EndDelegation(t.Context(), vendorID, one.Convention, by); !fault.Is(err, fault.RessourceInconnue) {
				t.Errorf("ended twice: %v", err)
			}
			if err := s.Delegate(t.Context(), vendorID, one.Convention); err != nil {
				t.Fatal(err)
			}
		})
	}
	t.Run("R30 a delegation given twice, to no vendor, or under what has ended is refused", func(t *testing.T) {
		if err := s.Delegate(t.Context(), vendorID, one.Convention); !fault.Is(err, fault.ActeImpossible) {
			t.Errorf("%v", err)
		}
		if err := s.Delegate(t.Context(), two.ID, one.Convention); fault.From(err).Reason() != "NOT_A_VENDOR" {
			t.Errorf("%v", err)
		}
		in.Move(t, two, convention.Ended)
		if err := s.Delegate(t.Context(), vendorID, two.Convention); !fault.Is(err, fault.RessourceInconnue) {
			t.Errorf("%v", err)
		}
	})
	t.Run("R29 R30 a delegation dies with its convention", func(t *testing.T) {
		in.Move(t, one, convention.Ended)
		call(in, "/me", siretOne).Want(t, 403, "delegation_absente")
		list, err := s.Delegations(t.Context(), one.ID)
		if err != nil || len(list) != 1 || list[0].EndedAt.IsZero() {
			t.Errorf("%v %v", err, list)
		}
	})
	t.Run("a vendor has no convention of its own", func(t *testing.T) {
		d := convention.Document{Kind: droits.Editeur}
		if _, err := convention.New(d, convention.Draft); err == nil {
			t.Error("it has")
		}
	})
}
