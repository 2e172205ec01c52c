package api_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/sim/fcsim"
)

// wrong is a call with something wrong in each of the parts that are set.
type wrong struct {
	sign       func(*convention.Document)
	exhausted  bool
	suspended  bool
	withdrawn  bool
	revoked    bool
	client     string
	slug       string
	scopes     []string
	path       string
	query      []string
	changes    []apptest.Change
	stranger   bool
	restricted bool
}

// refusal is one thing that can be wrong, and the answer that it deserves.
// What touches the same part of a call as another cannot be wrong with it.
type refusal struct {
	name   string
	status int
	code   string
	part   string
	spoil  func(*wrong)
}

// refusals is the order of contract.md, "The first that applies wins". The
// call itself is about a person without a médecin traitant: the last line.
func refusalsInOrder() []refusal {
	change := func(c apptest.Change) func(*wrong) {
		return func(w *wrong) { w.changes = append(w.changes, c) }
	}
	return []refusal{
		{"an unknown route", 404, "ressource_inconnue", "path", func(w *wrong) { w.path = "/inconnue" }},
		{"another method", 405, "methode_non_permise", "method", change(apptest.Method(http.MethodPost))},
		{"an address that is too long", 414, "adresse_trop_longue", "length", func(w *wrong) { w.query = append(w.query, "x="+strings.Repeat("a", 3000)) }},
		{"no key", 401, "cle_absente", "key", change(apptest.Without("X-API-Key"))},
		{"no token", 401, "jeton_absent", "token", change(apptest.Without("Authorization"))},
		{"a convention that is not in force", 403, "convention_inactive", "state", func(w *wrong) { w.suspended = true }},
		{"a network that is not allowed", 403, "adresse_non_autorisee", "network", func(w *wrong) {
			w.edit(func(d *convention.Document) { d.Networks = []string{"192.0.2.0/24"} })
		}},
		{"a date in the past", 400, "periode_passee", "window", func(w *wrong) { w.query = append(w.query, dated("dateDebut={-1}")) }},
		{"an exhausted quota", 429, "quota_depasse", "quota", func(w *wrong) { w.exhausted = true }},
		{"a revoked token", 401, "jeton_invalide", "token", func(w *wrong) { w.revoked = true }},
		{"a token of another client", 403, "client_non_rattache", "client", func(w *wrong) { w.client = apptest.ClientStrangerV1 }},
		{"a scope that does not open the operation", 403, "portee_insuffisante", "scope", func(w *wrong) { w.scopes = []string{droits.ScopeCaisse} }},
		{"a convention that does not open the operation", 403, "operation_hors_convention", "blocks", func(w *wrong) {
			w.edit(func(d *convention.Document) {
				d.Blocks = slices.DeleteFunc(d.Blocks, func(b droits.Bloc) bool { return b == droits.BlocMedecinTraitant })
			})
		}},
		{"an agent that is required", 403, "agent_requis", "agent", func(w *wrong) { w.edit(func(d *convention.Document) { d.AgentRequired = true }) }},
		{"a person that is not identified", 404, noPerson, "person", func(w *wrong) { w.slug = "inconnu" }},
		{"a withdrawal", 403, "consentement_retire", "consent", func(w *wrong) { w.withdrawn = true }},
		{"a restriction of the person", 403, "donnees_indisponibles", "restriction", func(w *wrong) { w.restricted = true }},
		{"a number outside the family", 404, inconnu, "nir", func(w *wrong) { w.stranger = true }},
	}
}

func (w *wrong) edit(f func(*convention.Document)) {
	before := w.sign
	w.sign = func(d *convention.Document) {
		if before != nil {
			before(d)
		}
		f(d)
	}
}

func TestOrderOfRefusals(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	list := refusalsInOrder()
	for i, first := range list {
		t.Run(first.name+" is refused by its code", func(t *testing.T) {
			w := wrong{slug: "sans-medecin", path: medecin, client: apptest.ClientHospitalV1}
			first.spoil(&w)
			w.call(t, in).Want(t, first.status, first.code)
		})
		for _, then := range list[i+1:] {
			if first.part == then.part || first.part == "person" && (then.part == "consent" || then.part == "restriction") {
				continue
			}
			t.Run(first.name+" wins over "+then.name, func(t *testing.T) {
				w := wrong{slug: "sans-medecin", path: medecin, client: apptest.ClientHospitalV1}
				first.spoil(&w)
				then.spoil(&w)
				w.call(t, in).Want(t, first.status, first.code)
			})
		}
	}
	t.Run("with nothing wrong, nothing of that kind is the last answer", func(t *testing.T) {
		w := wrong{slug: "sans-medecin", path: medecin, client: apptest.ClientHospitalV1}
		w.call(t, in).Want(t, 404, "medecin_traitant_absent")
	})
}

// call signs up a partner for the occasion, and calls.
func (w *wrong) call(t *testing.T, in *apptest.Instance) *apptest.Answer {
	t.Helper()
	if w.exhausted {
		w.edit(func(d *convention.Document) { d.Quota = convention.Quota{PerSecond: 10, PerDay: 1} })
	}
	sign := w.sign
	p := in.SignUp(t, droits.Etablissement, sign)
	if w.exhausted {
		w.exhaust(t, in, p)
	}
	if w.suspended {
		in.Move(t, p, convention.Suspended)
	}
	if w.withdrawn {
		if err := in.App.Store.Withdraw(t.Context(), in.Subject(t, "sans-medecin"), p.ID, ""); err != nil {
			t.Fatal(err)
		}
	}
	if w.restricted {
		restrict(t, in, "sans-medecin", "")
	}
	scopes := w.scopes
	if scopes == nil {
		scopes = []string{droits.ScopeUmbrella}
	}
	token := in.Mint(t, fcsim.MintRequest{ClientID: w.client, Slug: w.slug, Scopes: append([]string{"openid"}, scopes...), TTL: time.Hour})
	if w.revoked {
		in.Sim.Revoke(token)
	}
	nir := in.NIROf(t, "sans-medecin")
	if w.stranger {
		nir = in.NIROf(t, "ald")
	}
	changes := append([]apptest.Change{apptest.Key(p), apptest.Bearer(token), nir}, w.changes...)
	path := w.path
	if len(w.query) > 0 {
		path += "?" + strings.Join(w.query, "&")
	}
	return in.Get(t, path, changes...)
}

// exhaust uses up a quota of one call a day: the meter counts it once key and
// token are accepted, whatever follows. A network that is not allowed keeps
// the quota out of reach, and does not matter then.
func (w *wrong) exhaust(t *testing.T, in *apptest.Instance, p apptest.Partner) {
	t.Helper()
	in.Get(t, moi, in.As(t, "ald", p))
}

// restrict limits the processing of a person's data until the test ends.
func restrict(t *testing.T, in *apptest.Instance, slug string, b droits.Bloc) {
	t.Helper()
	id, err := in.App.Store.Restrict(t.Context(), restriction(in.Subject(t, slug), b, in.Clock.Now()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.App.Store.Lift(context.Background(), id); err != nil {
			t.Error(err)
		}
	})
}
