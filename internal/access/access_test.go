package access

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/policy"
	"droits.example/droits/internal/trace"
)

func (w *world) sujet(slug string) droits.Sujet {
	w.t.Helper()
	p, err := w.store.SubjectOf(ctx, w.people[slug].NIR)
	must(w.t, err)
	return p
}

func (w *world) consents() int {
	n, err := w.store.ConsentCount(ctx)
	must(w.t, err)
	return n
}

func (w *world) taken(id string) int {
	n, err := w.store.QuotaTaken(ctx, "conv-"+id, civil.On(w.Now()).String())
	must(w.t, err)
	return n
}

func TestAnAnswerAndItsTrace(t *testing.T) { // R42 R40
	w := newWorld(t)
	w.token("jeton", "famille-martin", "hopital")
	a, err := w.do(call{partner: "hopital", token: "jeton", op: droits.OpBeneficiaires})
	if err != nil || !strings.Contains(string(a.Body()), `"Names":["`) || !a.Receipt().Valid() || a.DonneesOn() != day || a.Window() != w.window() {
		t.Fatalf("%s %v", a.Body(), err)
	}
	x := w.last()
	for member, want := range map[string]string{
		"partner": "hopital", "purpose": "preadmission", "operation": "getBeneficiaires", "period": "2026-11-22/2027-11-22", "convention": "conv-hopital/1", "outcome": "servi", "beneficiary": "assure",
	} {
		if x.person[member] != want {
			t.Errorf("R42 R40 %s: %v", member, x.person[member])
		}
	}
	for _, member := range []string{"time", "consent", "reference", "request", "body", "body_salt", "served"} {
		if x.person[member] == nil {
			t.Errorf("R42 no %s", member)
		}
	}
	for member, want := range map[string]string{"request_id": "essai", "ip": "192.0.2.7", "key": w.keyIDs["hopital"], "policy": policy.Version} {
		if x.internal[member] != want {
			t.Errorf("R42 %s: %v", member, x.internal[member])
		}
	}
	if s := fmt.Sprint(x); strings.Contains(s, w.people["famille-martin"].NIR.Reveal()[:13]) || strings.Contains(strings.ToUpper(s), strings.ToUpper(w.people["famille-martin"].Pivot.FamilyName)) || strings.Contains(s, "jeton ") {
		t.Error("R10 the trace names the person")
	}
	if !strings.HasPrefix(fmt.Sprint(x.internal["matching"]), "match") {
		t.Errorf("R42 %v", x.internal["matching"])
	}
	t.Run("R42 blocks asked, served and withheld, and why", func(t *testing.T) {
		w.token("fin", "famille-martin", "mutuelle", "cnam_contrats")
		_, err := w.do(call{partner: "mutuelle", token: "fin", op: droits.OpMe, meta: func(m *Meta) { m.Asked = []droits.Bloc{droits.BlocIdentite, droits.BlocPresenceMedecin} }})
		x := w.last()
		if err != nil || fmt.Sprint(x.person["asked"], x.person["served"], x.person["withheld"], x.internal["withheld"]) != "[identite presence_medecin_traitant] [identite] [presence_medecin_traitant contrats] [presence_medecin_traitant:SCOPE contrats:NOT_ASKED]" {
			t.Errorf("%v %v", x.person, x.internal["withheld"])
		}
	})
	t.Run("a child is told apart without being named", func(t *testing.T) {
		w.token("enfant", "famille-martin", "hopital")
		f := familyOf(t, w, "famille-martin")
		kid := f.Dependants(w.window())[0].Personne
		if _, err := w.do(call{partner: "hopital", token: "enfant", op: droits.OpContrats, who: droits.Designation{NIR: kid.NIR}}); err != nil {
			t.Fatal(err)
		}
		if b := fmt.Sprint(w.last().person["beneficiary"]); !strings.HasPrefix(b, "beneficiaire-") || strings.Contains(b, kid.NIR.Reveal()[:13]) {
			t.Errorf("%s", b)
		}
	})
}

func familyOf(t testing.TB, w *world, slug string) *droits.Famille {
	t.Helper()
	got, err := w.store.Find(ctx, w.people[slug].Pivot, "hopital", consent.Token{})
	must(t, err)
	for _, c := range got {
		if c.Sujet == w.sujet(slug) {
			f, err := c.Dossier.Open()
			must(t, err)
			return f
		}
	}
	t.Fatal("not found")
	return nil
}

func TestOneTokenOneConsent(t *testing.T) { // R13
	w := newWorld(t)
	w.token("jeton", "famille-martin", "hopital")
	var ids []any
	for _, op := range []droits.Operation{droits.OpMe, droits.OpContrats, droits.OpBeneficiaires, droits.OpMe} {
		if _, err := w.do(call{partner: "hopital", token: "jeton", op: op}); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, w.last().person["consent"])
	}
	if w.consents() != 1 || ids[0] == nil || slices.ContainsFunc(ids, func(x any) bool { return x != ids[0] }) {
		t.Errorf("R13 %d consents, %v", w.consents(), ids)
	}
	t.Run("R13 another token is another consent", func(t *testing.T) {
		w.token("autre", "famille-martin", "hopital")
		if _, err := w.do(call{partner: "hopital", token: "autre", op: droits.OpMe}); err != nil || w.consents() != 2 {
			t.Errorf("%d, %v", w.consents(), err)
		}
	})
	t.Run("R13 a refused call gives no consent", func(t *testing.T) {
		w.token("portee", "famille-martin", "hopital", "cnam_caisse")
		w.token("personne", "inconnu", "hopital")
		for token, want := range map[string]string{"portee": "portee_insuffisante", "personne": "personne_non_identifiee", "faux": "jeton_invalide"} {
			if _, err := w.do(call{partner: "hopital", token: token, op: droits.OpContrats}); code(err) != want || w.consents() != 2 {
				t.Errorf("%s: %v, %d consents", token, err, w.consents())
			}
		}
	})
	t.Run("R13 after a withdrawal nothing is served and nothing consented, until allowed again", func(t *testing.T) {
		must(t, w.store.Withdraw(ctx, w.sujet("famille-martin"), "hopital", "portail"))
		w.token("apres", "famille-martin", "hopital")
		for _, token := range []string{"apres", "jeton"} {
			a, err := w.do(call{partner: "hopital", token: token, op: droits.OpMe})
			if code(err) != "consentement_retire" || !isTraced(err) || a.Body() != nil || w.consents() != 2 {
				t.Errorf("%v, %d consents", err, w.consents())
			}
		}
		if x := w.last(); x.class != trace.AccessRefused || x.person["served"] != nil || x.person["body"] != nil {
			t.Errorf("%v", x.person)
		}
		w.token("mutuelle", "famille-martin", "mutuelle")
		if _, err := w.do(call{partner: "mutuelle", token: "mutuelle", op: droits.OpMe}); err != nil {
			t.Errorf("another partner: %v", err)
		}
		must(t, w.store.Allow(ctx, w.sujet("famille-martin"), "hopital"))
		if _, err := w.do(call{partner: "hopital", token: "jeton", op: droits.OpMe}); code(err) != "consentement_retire" {
			t.Errorf("T7 a token from before the withdrawal lives again: %v", err)
		}
		w.token("nouveau", "famille-martin", "hopital")
		w.forward(time.Second)
		if _, err := w.do(call{partner: "hopital", token: "nouveau", op: droits.OpMe}); err != nil {
			t.Errorf("allowed again: %v", err)
		}
	})
	t.Run("concurrent first calls of a token make one consent", func(t *testing.T) {
		before := w.consents()
		w.token("presse", "c2s", "hopital")
		var wg sync.WaitGroup
		for range 30 {
			wg.Go(func() {
				if _, err := w.do(call{partner: "hopital", token: "presse", op: droits.OpMe}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := w.consents() - before; n != 1 {
			t.Errorf("%d consents", n)
		}
	})
}

func TestRefusalsAndTheirTraces(t *testing.T) { // R7
	w := newWorld(t)
	w.token("martin", "famille-martin", "hopital")
	w.token("mutuelle", "famille-martin", "mutuelle")
	w.token("ambigue", "ambigue", "hopital")
	w.token("inconnu", "inconnu", "hopital")
	w.token("dehors", "hors-perimetre", "hopital")
	w.token("sans-enfants", "famille-martin", "hopital", "cnam_contrats")
	w.answer("lent", identity.Assertion{}, fault.New(fault.FranceConnectLent, "test"))
	w.answer("panne", identity.Assertion{}, fault.New(fault.FranceConnectIndisponible, "test"))
	w.answer("faible", identity.Assertion{}, fault.New(fault.NiveauInsuffisant, "test"))
	stranger := w.people["c2s"].NIR
	for _, c := range []struct {
		name string
		call
		code, reason string
		untraced     bool
	}{
		{"no key", call{key: " "}, "cle_invalide", "", true},
		{"an unknown key is not traced", call{key: partner.NewSecret(partner.Sandbox), token: "martin"}, "cle_invalide", "", true},
		{"a key of another environment is not traced", call{key: partner.NewSecret(partner.Production), token: "martin"}, "cle_invalide", "", true},
		{"no token", call{partner: "hopital"}, "jeton_absent", "JETON_ABSENT", false},
		{"an unknown token", call{partner: "hopital", token: "x"}, "jeton_invalide", "JETON_INVALIDE", false},
		{"a token of another client", call{partner: "hopital", token: "mutuelle"}, "client_non_rattache", "CLIENT_NON_RATTACHE", false},
		{"R9 nobody", call{partner: "hopital", token: "inconnu"}, "personne_non_identifiee", "IDENTITY_NONE", false},
		{"R9 several", call{partner: "hopital", token: "ambigue"}, "personne_non_identifiee", "IDENTITY_AMBIGUOUS", false},
		{"FranceConnect late", call{partner: "hopital", token: "lent"}, "franceconnect_lent", "FRANCECONNECT_LENT", false},
		{"FranceConnect down", call{partner: "hopital", token: "panne"}, "franceconnect_indisponible", "FRANCECONNECT_INDISPONIBLE", false},
		{"a level too low", call{partner: "hopital", token: "faible"}, "niveau_insuffisant", "NIVEAU_INSUFFISANT", false},
		{"an operation of others", call{partner: "mutuelle", token: "mutuelle", op: droits.OpMedecinTraitant}, "operation_reservee", "OPERATION_RESERVEE", false},
		{"somebody else, without the scope", call{partner: "hopital", token: "sans-enfants", op: droits.OpContrats, who: droits.Designation{NIR: stranger}}, "portee_insuffisante", "PORTEE_INSUFFISANTE", false},
		{"a stranger", call{partner: "hopital", token: "martin", op: droits.OpContrats, who: droits.Designation{NIR: stranger}}, "beneficiaire_inconnu", "NIR_NOT_IN_FAMILY", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := len(w.traces())
			a, err := w.do(c.call)
			if code(err) != c.code || a.Body() != nil || a.Receipt().Valid() || isTraced(err) == c.untraced {
				t.Fatalf("%v", err)
			}
			all := w.traces()
			if c.untraced {
				if len(all) != before {
					t.Error("traced")
				}
				return
			}
			x := all[len(all)-1]
			if len(all) != before+1 || x.class != trace.AccessRefused || x.person["outcome"] != c.code || fmt.Sprint(x.internal["reasons"]) != "["+c.reason+"]" || x.person["served"] != nil {
				t.Errorf("R42 %v %v", x, x.person)
			}
		})
	}
	t.Run("another scheme is the same answer, told apart inside only", func(t *testing.T) {
		_, err := w.do(call{partner: "hopital", token: "dehors"})
		if code(err) != "personne_non_identifiee" || strings.Contains(fmt.Sprint(w.last().person), "scheme") {
			t.Errorf("%v", err)
		}
		if !strings.HasPrefix(fmt.Sprint(w.last().internal["reasons"]), "[IDENTITY_") {
			t.Errorf("%v", w.last())
		}
	})
	t.Run("R52 restricted data", func(t *testing.T) {
		id, err := w.store.Restrict(ctx, consent.Restriction{Subject: w.sujet("famille-martin"), Ground: "18-1-b", SinceAt: w.Now()})
		must(t, err)
		if _, err := w.do(call{partner: "hopital", token: "martin", op: droits.OpMe}); code(err) != "donnees_indisponibles" || fmt.Sprint(w.last().internal["reasons"]) != "[RESTRICTED_PERSON]" {
			t.Errorf("R52 %v %v", err, w.last())
		}
		must(t, w.store.Lift(ctx, id))
		if _, err := w.do(call{partner: "hopital", token: "martin", op: droits.OpMe}); err != nil {
			t.Errorf("R52 lifted: %v", err)
		}
	})
	t.Run("R40 a key without a live convention", func(t *testing.T) {
		must(t, w.store.SetConventionState(ctx, "conv-hopital", convention.Suspended))
		if _, err := w.do(call{partner: "hopital", token: "martin"}); code(err) != "convention_inactive" || fmt.Sprint(w.last().internal["reasons"]) != "[CONVENTION_SUSPENDED]" || w.last().person["purpose"] != "preadmission" {
			t.Errorf("R40 %v %v", err, w.last())
		}
		must(t, w.store.SetConventionState(ctx, "conv-hopital", convention.Active))
	})
	t.Run("a revoked key is a known one: traced", func(t *testing.T) {
		must(t, w.store.RevokeKey(ctx, w.keyIDs["hopital"]))
		if _, err := w.do(call{partner: "hopital", token: "martin"}); code(err) != "cle_invalide" || !isTraced(err) || fmt.Sprint(w.last().internal["reasons"]) != "[KEY_ENDED]" {
			t.Errorf("%v", err)
		}
	})
}

func TestQuotas(t *testing.T) { // R28 R76
	small := func(perSecond, perDay int) func(*convention.Document) {
		return func(d *convention.Document) { d.Quota = convention.Quota{PerSecond: perSecond, PerDay: perDay} }
	}
	t.Run("R28 the call after the last of the day is refused, and the count survives a restart", func(t *testing.T) {
		w := newWorld(t, small(1000, 3))
		w.token("jeton", "famille-martin", "hopital")
		for i := range 3 {
			if _, err := w.do(call{partner: "hopital", token: "jeton"}); err != nil {
				t.Fatalf("call %d: %v", i, err)
			}
		}
		_, err := w.do(call{partner: "hopital", token: "jeton"})
		if code(err) != "quota_depasse" || fault.From(err).RetryAfter() != 13*time.Hour-time.Hour+time.Second && fault.From(err).RetryAfter() <= 0 || w.taken("hopital") != 3 {
			t.Errorf("R28 %v, %d taken", err, w.taken("hopital"))
		}
		w.join(w.writer, w.store) // as after a restart: the memory is empty
		if _, err := w.do(call{partner: "hopital", token: "jeton"}); code(err) != "quota_depasse" {
			t.Errorf("R28 after a restart: %v", err)
		}
		w.forward(12 * time.Hour) // midnight in Paris
		if _, err := w.do(call{partner: "hopital", token: "jeton"}); err != nil || w.taken("hopital") != 1 {
			t.Errorf("R28 the next day: %v", err)
		}
	})
	t.Run("R76 the call too many in a second waits, and the figures say so", func(t *testing.T) {
		w := newWorld(t, small(2, 1000))
		w.token("jeton", "famille-martin", "hopital")
		caller, err := w.service.Authenticate(Credentials{Key: w.keys["hopital"], Token: "jeton"}, true)
		must(t, err)
		var left []int
		for range 2 {
			if _, err := w.do(call{partner: "hopital", token: "jeton"}); err != nil {
				t.Fatal(err)
			}
			r, ok := w.service.Rates(ctx, caller)
			if !ok || r.Limit != 2 || r.Reset < 1 {
				t.Errorf("%+v", r)
			}
			left = append(left, r.Remaining)
		}
		_, err = w.do(call{partner: "hopital", token: "jeton"})
		if code(err) != "quota_depasse" || fault.From(err).RetryAfter() != time.Second || !slices.Equal(left, []int{1, 0}) {
			t.Errorf("R76 %v %v", err, left)
		}
		w.forward(time.Second)
		if _, err := w.do(call{partner: "hopital", token: "jeton"}); err != nil {
			t.Errorf("R76 after the delay: %v", err)
		}
		if n := w.service.LeftToday(ctx, caller); n != 997 {
			t.Errorf("%d left", n)
		}
	})
	t.Run("a refused token gives its call back, a refused right does not", func(t *testing.T) {
		w := newWorld(t, small(1000, 5))
		w.answer("panne", identity.Assertion{}, fault.New(fault.FranceConnectIndisponible, "test"))
		for _, token := range []string{"faux", "panne", "faux"} {
			if _, err := w.do(call{partner: "hopital", token: token}); err == nil {
				t.Fatal("answered")
			}
		}
		if w.taken("hopital") != 0 {
			t.Errorf("%d taken by refused tokens", w.taken("hopital"))
		}
		w.token("inconnu", "inconnu", "hopital")
		for range 5 {
			if _, err := w.do(call{partner: "hopital", token: "inconnu"}); code(err) != "personne_non_identifiee" {
				t.Errorf("%v", err)
			}
		}
		if _, err := w.do(call{partner: "hopital", token: "inconnu"}); code(err) != "quota_depasse" || w.taken("hopital") != 5 {
			t.Errorf("%v, %d taken", err, w.taken("hopital"))
		}
	})
	t.Run("refusals for quota make one entry a minute, with their number", func(t *testing.T) {
		w := newWorld(t, small(1000, 1))
		w.token("jeton", "famille-martin", "hopital")
		for range 8 {
			w.do(call{partner: "hopital", token: "jeton"})
		}
		if n := len(w.traces()); n != 2 {
			t.Errorf("%d entries", n)
		}
		w.forward(61 * time.Second)
		w.do(call{partner: "hopital", token: "jeton"})
		if x := w.last(); x.person["count"] != float64(7) {
			t.Errorf("count %v", x.person["count"])
		}
	})
	t.Run("R28 a burst never exceeds the day", func(t *testing.T) {
		w := newWorld(t, small(100000, 40))
		w.token("jeton", "famille-martin", "hopital")
		var wg sync.WaitGroup
		var mu sync.Mutex
		served := 0
		for range 100 {
			wg.Go(func() {
				if _, err := w.do(call{partner: "hopital", token: "jeton"}); err == nil {
					mu.Lock()
					served++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if served != 40 || w.taken("hopital") != 40 {
			t.Errorf("R28 %d served, %d taken", served, w.taken("hopital"))
		}
	})
}

func TestNoTraceNoData(t *testing.T) { // R41
	broken := errors.New("disk")
	w := newWorld(t)
	w.token("jeton", "famille-martin", "hopital")
	for name, j := range map[string]Journal{"R41 the trace fails": failing{broken}, "R41 the trace panics": panicking{}, "R41 a journal that gives no receipt": silent{}} {
		t.Run(name, func(t *testing.T) {
			w.join(j, w.store)
			defer func() {
				if p := recover(); p != nil && name != "R41 the trace panics" {
					t.Errorf("it panics: %v", p)
				}
			}()
			a, err := w.do(call{partner: "hopital", token: "jeton"})
			if a.Body() != nil {
				t.Error("R41 a body without a receipt")
			}
			if name == "R41 the trace fails" && code(err) != "service_indisponible" {
				t.Errorf("R41 %v", err)
			}
			if _, err := w.do(call{partner: "hopital", token: "faux"}); name == "R41 the trace fails" && code(err) != "service_indisponible" {
				t.Errorf("R41 a refusal: %v", err)
			}
		})
	}
	if n := len(w.traces()); n != 0 {
		t.Errorf("%d entries", n)
	}
	t.Run("R41 a closed writer", func(t *testing.T) {
		w.join(w.writer, w.store)
		w.writer.Close()
		a, err := w.do(call{partner: "hopital", token: "jeton"})
		if code(err) != "service_indisponible" || a.Body() != nil || fault.From(err).RetryAfter() == 0 {
			t.Errorf("R41 %v", err)
		}
	})
	t.Run("the zero answer holds nothing", func(t *testing.T) {
		if (Answer{body: []byte("x")}).Body() != nil {
			t.Error("R41 a body")
		}
	})
}

type failing struct{ err error }

func (f failing) Append(context.Context, trace.Pending) (trace.Receipt, error) {
	return trace.Receipt{}, fault.Wrap(fault.ServiceIndisponible, "test", f.err)
}

type panicking struct{}

func (panicking) Append(context.Context, trace.Pending) (trace.Receipt, error) { panic("journal") }

type silent struct{}

func (silent) Append(context.Context, trace.Pending) (trace.Receipt, error) {
	return trace.Receipt{}, nil
}

func TestAPanicIsARefusalAndIsTraced(t *testing.T) {
	w := newWorld(t)
	w.token("jeton", "famille-martin", "hopital")
	a, err := w.do(call{partner: "hopital", token: "jeton", encode: func(policy.View) ([]byte, error) { panic("1850312047912") }})
	if code(err) != "erreur_interne" || !isTraced(err) || a.Body() != nil || strings.Contains(err.Error(), "1850312047912") {
		t.Errorf("%v", err)
	}
	if x := w.last(); fmt.Sprint(x.internal["reasons"]) != "[PANIC]" || x.person["outcome"] != "erreur_interne" {
		t.Errorf("%v", x)
	}
	_, err = w.do(call{partner: "hopital", token: "jeton", encode: func(policy.View) ([]byte, error) { return nil, errors.New("encoder") }})
	if code(err) != "erreur_interne" || !isTraced(err) {
		t.Errorf("%v", err)
	}
}

// between runs something once the person was found and before the trace.
type between struct {
	People
	do func()
}

func (b *between) Find(c context.Context, p identity.Pivot, partnerID string, t consent.Token) ([]policy.Candidate, error) {
	out, err := b.People.Find(c, p, partnerID, t)
	if b.do != nil {
		do := b.do
		b.do = nil
		do()
	}
	return out, err
}

func TestAChangeDuringTheCallIsSeenAtTheCommit(t *testing.T) { // R18 R52
	for name, c := range map[string]struct {
		do   func(*world)
		code string
	}{
		"R18 a withdrawal":       {func(w *world) { must(w.t, w.store.Withdraw(ctx, w.sujet("famille-martin"), "hopital", "x")) }, "consentement_retire"},
		"a key revoked":          {func(w *world) { must(w.t, w.store.RevokeKey(ctx, w.keyIDs["hopital"])) }, "cle_invalide"},
		"a convention suspended": {func(w *world) { must(w.t, w.store.SetConventionState(ctx, "conv-hopital", convention.Suspended)) }, "convention_inactive"},
		"a restriction of somebody": {func(w *world) {
			_, err := w.store.Restrict(ctx, consent.Restriction{Subject: w.sujet("c2s"), Ground: "18-1-a", SinceAt: w.Now()})
			must(w.t, err)
		}, ""},
		"R52 a restriction": {func(w *world) {
			_, err := w.store.Restrict(ctx, consent.Restriction{Subject: w.sujet("famille-martin"), Ground: "18-1-a", SinceAt: w.Now()})
			must(w.t, err)
		}, "donnees_indisponibles"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.token("jeton", "famille-martin", "hopital")
			w.join(w.writer, &between{w.store, func() { c.do(w) }})
			a, err := w.do(call{partner: "hopital", token: "jeton", op: droits.OpMe})
			if code(err) != c.code || (a.Body() == nil) != (c.code != "") {
				t.Fatalf("%v", err)
			}
			if c.code == "" {
				return
			}
			x := w.last()
			if x.class != trace.AccessRefused || x.person["outcome"] != c.code || x.person["body"] != nil || x.person["served"] != nil || w.consents() != 0 || w.taken("hopital") != 1 {
				t.Errorf("%v, %d consents, %d taken", x, w.consents(), w.taken("hopital"))
			}
			if why := fmt.Sprint(x.internal["reasons"]); !strings.HasPrefix(why, "[MOVED_") && why != "[RESTRICTED_PERSON]" {
				t.Errorf("%v", x.internal["reasons"])
			}
		})
	}
}

func TestNothingIsServedAfterAWithdrawal(t *testing.T) { // R18
	w := newWorld(t)
	w.token("jeton", "famille-martin", "hopital")
	var wg sync.WaitGroup
	start := make(chan struct{})
	for range 60 {
		wg.Go(func() {
			<-start
			for range 5 {
				a, err := w.do(call{partner: "hopital", token: "jeton", op: droits.OpContrats})
				if (a.Body() == nil) == (err == nil) || err != nil && code(err) != "consentement_retire" {
					t.Errorf("%v", err)
				}
			}
		})
	}
	close(start)
	wg.Go(func() { must(t, w.store.Withdraw(ctx, w.sujet("famille-martin"), "hopital", "x")) })
	wg.Wait()
	refused := false
	for i, x := range w.traces() {
		if x.class == trace.AccessServed && refused {
			t.Fatalf("R18 entry %d is served after the withdrawal", i)
		}
		refused = refused || x.class == trace.AccessRefused
	}
	if !refused {
		t.Error("nothing was refused")
	}
}

func TestMinorsAndAgents(t *testing.T) {
	w := newWorld(t, func(d *convention.Document) { d.AgentRequired = true })
	w.token("mineure", "mineure", "hopital")
	agent := func(name string) func(*Meta) { return func(m *Meta) { m.Agent = name } }
	t.Run("R46 an agent is required, and stored as a digest", func(t *testing.T) {
		if _, err := w.do(call{partner: "hopital", token: "mineure"}); code(err) != "agent_requis" {
			t.Errorf("R46 %v", err)
		}
		_, err := w.do(call{partner: "hopital", token: "mineure", meta: agent("agent-7")})
		if a := fmt.Sprint(w.last().internal["agent"]); err != nil || len(a) != 32 || strings.Contains(fmt.Sprint(w.last()), "agent-7") {
			t.Errorf("R46 %v %s", err, a)
		}
	})
	t.Run("a minor of seventeen sees herself alone", func(t *testing.T) {
		a, err := w.do(call{partner: "hopital", token: "mineure", op: droits.OpBeneficiaires, meta: agent("a")})
		if err != nil || strings.Count(string(a.Body()), ",") > 1 {
			t.Errorf("%s %v", a.Body(), err)
		}
	})
	t.Run("somebody under sixteen needs a representative", func(t *testing.T) {
		before := w.consents()
		w.forward(-2 * 365 * 24 * time.Hour) // she is fifteen then
		defer w.forward(2 * 365 * 24 * time.Hour)
		w.token("jeune", "mineure", "hopital")
		if _, err := w.do(call{partner: "hopital", token: "jeune", meta: agent("a")}); code(err) != "consentement_explicite_requis" || w.consents() != before {
			t.Errorf("%v", err)
		}
	})
}
