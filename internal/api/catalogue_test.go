package api_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"droits.example/droits/internal/app"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/sim/fcsim"
	"droits.example/droits/internal/trace"
)

// TestCatalogue makes the running platform answer every code of the catalogue:
// a code that nothing can produce is not part of the contract.
func TestCatalogue(t *testing.T) {
	var broken atomic.Bool
	in := apptest.Start(t, apptest.Options{
		Edit: func(c *app.Config) { c.FranceConnect.Timeout = app.Duration(100 * time.Millisecond) },
		Ledger: func(l trace.Ledger) trace.Ledger {
			return &apptest.FailingLedger{Ledger: l, Before: func() error {
				if broken.Load() {
					return errors.New("refused")
				}
				return nil
			}}
		},
	})
	h, slug := in.Hospital, "sans-medecin"
	own := in.NIROf(t, slug)
	get := func(path string, more ...apptest.Change) *apptest.Answer {
		return in.Get(t, path, append([]apptest.Change{in.As(t, slug, h), own}, more...)...)
	}
	signed := func(edit func(*convention.Document)) *apptest.Answer {
		return in.Get(t, contrats, in.As(t, slug, in.SignUp(t, droits.Etablissement, edit)), own)
	}
	as := func(who string) *apptest.Answer { return in.Get(t, moi, in.As(t, who, h)) }
	with := func(f fcsim.Fault) *apptest.Answer {
		who := in.As(t, slug, h)
		in.Sim.Break(f)
		defer in.Sim.Break(fcsim.None())
		return in.Get(t, moi, who)
	}
	produce := map[fault.Code]func() *apptest.Answer{
		fault.AssertionInvalide: func() *apptest.Answer {
			return signed(func(d *convention.Document) { d.Auth = convention.AuthAssertion })
		},
		fault.DelegationAbsente: func() *apptest.Answer {
			ctx, secret := t.Context(), partner.NewSecret(partner.Sandbox)
			if err := in.App.Store.PutPartner(ctx, partner.Partner{ID: "logiciel", Nom: "Éditeur", Kind: droits.Editeur}); err != nil {
				t.Fatal(err)
			}
			if _, err := in.App.Store.AddVendorKey(ctx, "logiciel", secret, partner.Sandbox, time.Time{}); err != nil {
				t.Fatal(err)
			}
			return in.Get(t, moi, in.As(t, slug, apptest.Partner{Key: secret, Client: h.Client}))
		},
		fault.CleSuspendue: func() *apptest.Answer {
			p := in.SignUp(t, droits.Etablissement, nil)
			if err := in.App.Store.SuspendKey(t.Context(), p.KeyID); err != nil {
				t.Fatal(err)
			}
			return in.Get(t, moi, in.As(t, slug, p))
		},
		fault.CertificatInvalide: func() *apptest.Answer {
			return signed(func(d *convention.Document) { d.Auth = convention.AuthMTLS })
		},
		fault.ParametreInvalide: func() *apptest.Answer { return get(moi + "?champs=rien") },
		fault.EnteteTropLong:    func() *apptest.Answer { return get(moi, apptest.With("X-Long", strings.Repeat("a", 1<<20))) },
		fault.AdresseTropLongue: func() *apptest.Answer { return get(moi + "?" + strings.Repeat("a", 3000)) },
		fault.RequeteTropGrande: func() *apptest.Answer {
			return get(moi, body(strings.Repeat("a", 100_000)))
		},
		fault.NirAbsent:         func() *apptest.Answer { return get(contrats, apptest.Without("nir")) },
		fault.NirInvalide:       func() *apptest.Answer { return get(contrats, apptest.Without("nir"), apptest.With("nir", "1")) },
		fault.DateInvalide:      func() *apptest.Answer { return get(moi + "?dateFin=demain") },
		fault.PeriodeImpossible: func() *apptest.Answer { return get(moi + "?dateDebut=2099-01-01") },
		fault.PeriodePassee:     func() *apptest.Answer { return get(moi + "?dateDebut=2020-01-01") },
		fault.CleAbsente:        func() *apptest.Answer { return get(moi, apptest.Without("X-API-Key")) },
		fault.CleInvalide: func() *apptest.Answer {
			return get(moi, apptest.Key(apptest.Partner{Key: "test_" + strings.Repeat("a", 43)}))
		},
		fault.JetonAbsent:        func() *apptest.Answer { return get(moi, apptest.Without("Authorization")) },
		fault.JetonInvalide:      func() *apptest.Answer { return get(moi, apptest.Bearer(strings.Repeat("0", 64))) },
		fault.ConventionInactive: func() *apptest.Answer { return signed(func(d *convention.Document) { d.Until = today.AddDays(-1) }) },
		fault.ClientNonRattache: func() *apptest.Answer {
			return in.Get(t, moi, apptest.Key(h), apptest.Bearer(in.Mint(t, fcsim.MintRequest{ClientID: apptest.ClientStrangerV1, Slug: slug})))
		},
		fault.OperationHorsConvention: func() *apptest.Answer {
			return signed(func(d *convention.Document) { d.Blocks = []droits.Bloc{droits.BlocIdentite} })
		},
		fault.OperationReservee:  func() *apptest.Answer { return in.Get(t, arrets, in.As(t, slug, in.Insurer), own) },
		fault.PorteeInsuffisante: func() *apptest.Answer { return in.Get(t, contrats, in.As(t, slug, h, droits.ScopeCaisse), own) },
		fault.NiveauInsuffisant: func() *apptest.Answer {
			return in.Get(t, moi, apptest.Key(h), apptest.Bearer(in.Mint(t, fcsim.MintRequest{ClientID: h.Client, Slug: slug, ACR: "eidas0"})))
		},
		fault.AgentRequis: func() *apptest.Answer { return signed(func(d *convention.Document) { d.AgentRequired = true }) },
		fault.ConsentementRetire: func() *apptest.Answer {
			p := in.SignUp(t, droits.Etablissement, nil)
			if err := in.App.Store.Withdraw(t.Context(), in.Subject(t, slug), p.ID, ""); err != nil {
				t.Fatal(err)
			}
			return in.Get(t, moi, in.As(t, slug, p))
		},
		fault.ConsentementExpliciteRequis: func() *apptest.Answer { return as("quinze-ans") },
		fault.DonneesIndisponibles:        func() *apptest.Answer { return as("limitee") },
		fault.AdresseNonAutorisee: func() *apptest.Answer {
			return signed(func(d *convention.Document) { d.Networks = []string{"192.0.2.0/24"} })
		},
		fault.PersonneNonIdentifiee: func() *apptest.Answer { return as("inconnu") },
		fault.BeneficiaireInconnu:   func() *apptest.Answer { return get(contrats, apptest.Without("nir"), in.NIROf(t, "ald")) },
		fault.CaisseAbsente: func() *apptest.Answer {
			return in.Get(t, caisse, in.As(t, "sans-droits", h), in.NIROf(t, "sans-droits"))
		},
		fault.MedecinTraitantAbsent: func() *apptest.Answer { return get(medecin) },
		fault.RessourceInconnue:     func() *apptest.Answer { return get("/rien") },
		fault.MethodeNonPermise:     func() *apptest.Answer { return get(moi, apptest.Method("DELETE")) },
		fault.RangNaissanceRequis: func() *apptest.Answer {
			return in.Get(t, someone, in.As(t, "jumeaux", h), in.NIROf(t, "jumeaux"), apptest.With(dateField, dated("{-70}")))
		},
		fault.QuotaDepasse: func() *apptest.Answer {
			p := limited(t, in, 1, 1)
			in.Get(t, moi, in.As(t, slug, p))
			return in.Get(t, moi, in.As(t, slug, p))
		},
		fault.FranceConnectIndisponible: func() *apptest.Answer { return with(fcsim.Nonsense()) },
		fault.FranceConnectLent:         func() *apptest.Answer { return with(fcsim.Slow(5 * time.Second)) },
		fault.ServiceIndisponible: func() *apptest.Answer {
			broken.Store(true)
			defer broken.Store(false)
			return get(moi)
		},
		fault.ErreurInterne: func() *apptest.Answer {
			who := in.As(t, slug, h)
			in.Clock.Break(2) // the edge reads it once, then the API
			return in.Get(t, moi, who)
		},
	}
	for _, e := range fault.Catalogue() {
		if e.Spaces {
			continue // the tests of admin answer it
		}
		t.Run("R7 R79 "+string(e.Code)+" can be answered", func(t *testing.T) {
			if e.Code == fault.RequeteMalformee {
				if got := in.Raw(t, "BONJOUR\r\n\r\n"); !strings.Contains(got, `"code":"requete_malformee"`) {
					t.Errorf("answered %.80q", got)
				}
				return
			}
			do := produce[e.Code]
			if do == nil {
				t.Fatal("nothing here produces it")
			}
			do().Want(t, e.Status, string(e.Code))
			if !apptest.Witnessed(e.Code) {
				t.Error("not witnessed")
			}
		})
	}
	t.Run("a panic on the road is traced as an internal error, and the next call is served", func(t *testing.T) {
		who := in.As(t, slug, h)
		in.Clock.Break(4) // the verifier reads it, in the middle of the road
		a := in.Get(t, moi, who).Want(t, 500, "erreur_interne")
		if a.Header.Get("X-Trace") == "" {
			t.Error("not traced")
		}
		equal(t, "reason", in.LastTrace(t).Internal["reasons"], []any{"PANIC"})
		in.Get(t, moi, in.As(t, slug, h)).Want(t, 200, "")
	})
}
