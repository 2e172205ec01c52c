package access

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/trace"
)

var visit = Visit{RequestID: "page-1", Addr: netip.MustParseAddr("192.0.2.9")}

// login is what FranceConnect tells of somebody to the citizen space.
func (w *world) login(slug string) identity.Assertion {
	p, ok := w.people[slug]
	if !ok {
		w.t.Fatal("nobody is called", slug)
	}
	return identity.Assertion{Profile: identity.V2, Client: "espace", Subject: "sub-" + slug, ACR: "eidas1", Pivot: p.Pivot}
}

func (w *world) signIn(slug string) Citizen {
	w.t.Helper()
	c, err := w.service.SignIn(ctx, w.login(slug), visit)
	must(w.t, err)
	return c
}

func (w *world) journal(c Citizen, q ReadingQuery) []Reading {
	w.t.Helper()
	page, err := w.service.readings(ctx, c, q)
	must(w.t, err)
	return page.Lines
}

func TestSigningIn(t *testing.T) {
	w := newWorld(t)
	t.Run("R45 signing in is in the log, of the person who did", func(t *testing.T) {
		c := w.signIn("famille-martin")
		e := w.last()
		if !c.Known() || e.person["operation"] != opSignIn || e.person["outcome"] != "servi" || e.person["purpose"] != Space || e.person["beneficiary"] != Self {
			t.Error(e)
		}
		if again, err := w.service.Resume(ctx, w.login("famille-martin")); err != nil || again.Key() != c.Key() {
			t.Errorf("a session finds somebody else: %v", err)
		}
	})
	for _, c := range []struct{ what, slug, code string }{
		{"a person of another scheme is nobody", "hors-perimetre", "personne_non_identifiee"},
		{"R9 two who fit are nobody", "ambigue", "personne_non_identifiee"},
		{"somebody unknown is nobody", "inconnu", "personne_non_identifiee"},
	} {
		t.Run(c.what, func(t *testing.T) {
			got, err := w.service.SignIn(ctx, w.login(c.slug), visit)
			e := w.last()
			if code(err) != c.code || got.Known() || e.class != trace.AccessRefused || e.person["outcome"] != c.code || e.person["beneficiary"] != nil {
				t.Errorf("%v %v", err, e)
			}
		})
	}
	t.Run("a subject that led to somebody else before is nobody from then on", func(t *testing.T) {
		a := w.login("c2s")
		a.Subject = "sub-famille-martin"
		if _, err := w.service.SignIn(ctx, a, visit); code(err) != "personne_non_identifiee" || w.last().person["beneficiary"] != nil {
			t.Errorf("%v %v", err, w.last())
		}
	})
	t.Run("nobody reads anything without being signed in", func(t *testing.T) {
		before := len(w.traces())
		var c Citizen
		_, e1 := w.service.Rights(ctx, c, visit, civil.Period{From: day, To: day})
		_, e2 := w.service.RevealNIR(ctx, c, visit, Self)
		_, e3 := w.service.Readings(ctx, c, visit, ReadingQuery{})
		_, e4 := w.service.Reading(ctx, c, visit, "00")
		_, e5 := w.service.Report(ctx, c, visit, "00", "")
		for i, err := range []error{e1, e2, e3, e4, e5} {
			if code(err) != "jeton_absent" {
				t.Errorf("%d: %v", i, err)
			}
		}
		if len(w.traces()) != before {
			t.Error("something was traced of nobody")
		}
	})
	t.Run("R41 without a trace nobody signs in and nothing is shown", func(t *testing.T) {
		c := w.signIn("ald")
		w.writer.Close()
		if _, err := w.service.SignIn(ctx, w.login("ald"), visit); code(err) != "service_indisponible" {
			t.Error(err)
		}
		if r, err := w.service.Rights(ctx, c, visit, civil.Period{From: day, To: day}); code(err) != "service_indisponible" || r.Members != nil {
			t.Error(err)
		}
		if n, err := w.service.RevealNIR(ctx, c, visit, Self); code(err) != "service_indisponible" || n != "" {
			t.Error("a number without a trace")
		}
		w.writer = trace.NewWriter(w.store, "test")
	})
}

func TestOwnRights(t *testing.T) {
	w := newWorld(t)
	year := civil.Period{From: day, To: day.AddYears(1)}
	t.Run("the person sees itself first, then its dependants, each under an opaque name", func(t *testing.T) {
		c := w.signIn("famille-martin")
		own, err := w.service.Rights(ctx, c, visit, year)
		must(t, err)
		if len(own.Members) != 4 || own.Members[0].Ref != Self || own.Trace == "" || own.DonneesOn.IsZero() {
			t.Fatalf("%d members", len(own.Members))
		}
		for _, m := range own.Members[1:] {
			if !strings.HasPrefix(m.Ref, "beneficiaire-") || m.Self {
				t.Error("a dependant is not named as one")
			}
		}
		e := w.last()
		if e.person["operation"] != opRights || len(e.person["others"].([]any)) != 3 || len(e.person["served"].([]any)) != len(droits.Blocs()) {
			t.Error(e)
		}
	})
	t.Run("a restricted person still sees what is held, and that it is restricted", func(t *testing.T) {
		p := w.people["limitee"]
		s, err := w.store.SubjectOf(ctx, p.NIR)
		must(t, err)
		c := w.signIn("limitee")
		own, err := w.service.Rights(ctx, c, visit, year)
		if err != nil || len(own.Members) == 0 || len(own.Members[0].Liens) == 0 || s == (droits.Sujet{}) {
			t.Errorf("%v", err)
		}
	})
	t.Run("the other parent never appears", func(t *testing.T) {
		own, err := w.service.Rights(ctx, w.signIn("double-rattachement-a"), visit, year)
		if err != nil || len(own.Members) != 2 {
			t.Fatalf("%d members, %v", len(own.Members), err)
		}
	})
	t.Run("T10 a number is shown once it was asked for and traced, of one's own family only", func(t *testing.T) {
		c := w.signIn("famille-martin")
		number, err := w.service.RevealNIR(ctx, c, visit, Self)
		if err != nil || strings.ReplaceAll(number, " ", "") != w.people["famille-martin"].NIR.Reveal() {
			t.Error("another number")
		}
		if e := w.last(); e.person["operation"] != opReveal || strings.Contains(fmt.Sprint(e), number) {
			t.Error("the act is not traced as it should be")
		}
		own, err := w.service.Rights(ctx, c, visit, year)
		must(t, err)
		child, err := w.service.RevealNIR(ctx, c, visit, own.Members[1].Ref)
		if err != nil || child == number || w.last().person["beneficiary"] != own.Members[1].Ref {
			t.Error("the child's number")
		}
		other, err := w.service.Rights(ctx, w.signIn("double-rattachement-a"), visit, year)
		must(t, err)
		for _, ref := range []string{"", "beneficiaire-0000000000000000", other.Members[1].Ref, "assure "} {
			if n, err := w.service.RevealNIR(ctx, c, visit, ref); code(err) != "beneficiaire_inconnu" || n != "" {
				t.Errorf("T12 a child of the wrong parent: %v", err)
			}
		}
		if n, err := w.service.RevealNIR(ctx, w.signIn("jumeaux"), visit, "beneficiaire-1"); err == nil || n != "" {
			t.Error("a child without a number")
		}
	})
	t.Run("a period that ends before it begins is refused", func(t *testing.T) {
		if _, err := w.service.Rights(ctx, w.signIn("ald"), visit, civil.Period{From: day, To: day.AddDays(-1)}); code(err) != "periode_impossible" {
			t.Error(err)
		}
	})
}

func TestTheJournalOfAPerson(t *testing.T) {
	w := newWorld(t)
	c := w.signIn("famille-martin")
	w.token("h", "famille-martin", "hopital")
	w.token("m", "famille-martin", "mutuelle")
	_, err := w.do(call{partner: "hopital", token: "h", op: droits.OpBeneficiaires})
	must(t, err)
	_, err = w.do(call{partner: "mutuelle", token: "m", op: droits.OpMedecinTraitant, who: droits.Designation{NIR: w.people["famille-martin"].NIR}})
	if code(err) != "operation_reservee" {
		t.Fatal(err)
	}
	_, err = w.do(call{partner: "mutuelle", token: "m", op: droits.OpMe})
	must(t, err)
	t.Run("R44 a reading is in the journal at once, with who, what, why and whom", func(t *testing.T) {
		lines := w.journal(c, ReadingQuery{Partner: "hopital"})
		if len(lines) != 1 {
			t.Fatalf("%d lines", len(lines))
		}
		l := lines[0]
		if l.PartnerName != "hopital" || l.Kind != droits.Etablissement || l.Purpose != "preadmission" || l.Operation != "getBeneficiaires" || l.Outcome != "servi" || l.Elsewhere || len(l.Who) != 4 || l.Who[0] != Self ||
			!slices.Contains(l.Served, droits.BlocBeneficiaires) || l.Consent == "" || len(l.Code) != 14 {
			t.Errorf("%+v", l)
		}
	})
	t.Run("a call that was refused before anybody was identified is in nobody's journal", func(t *testing.T) {
		if lines := w.journal(c, ReadingQuery{Outcome: OutcomeRefused}); len(lines) != 0 {
			t.Errorf("%+v", lines)
		}
	})
	t.Run("R44 a refused call about the person is there too", func(t *testing.T) {
		_, err := w.do(call{partner: "hopital", token: "h", op: droits.OpCaisse, who: droits.Designation{NIR: w.people["ald"].NIR}})
		if code(err) != "beneficiaire_inconnu" {
			t.Fatal(err)
		}
		lines := w.journal(c, ReadingQuery{Outcome: OutcomeRefused})
		if len(lines) != 1 || lines[0].Outcome != "beneficiaire_inconnu" {
			t.Errorf("%+v", lines)
		}
		for _, l := range w.journal(w.signIn("ald"), ReadingQuery{Kind: KindReadings}) {
			t.Errorf("the stranger whose number was tried sees %+v", l)
		}
	})
	t.Run("R45 opening the journal is in the journal", func(t *testing.T) {
		page, err := w.service.Readings(ctx, c, visit, ReadingQuery{})
		must(t, err)
		if page.Lines[0].Operation != opReadings || page.Lines[0].Partner != "" {
			t.Errorf("%+v", page.Lines[0])
		}
	})
	t.Run("pages follow each other without a gap or a double", func(t *testing.T) {
		whole := w.journal(c, ReadingQuery{})
		var got []string
		q := ReadingQuery{Limit: 2}
		for {
			page, err := w.service.readings(ctx, c, q)
			must(t, err)
			for _, l := range page.Lines {
				got = append(got, l.ID)
			}
			if !page.More {
				break
			}
			q.Before = page.Lines[len(page.Lines)-1].ID
		}
		if len(got) != len(whole) || len(whole) < 5 {
			t.Fatalf("%d of %d", len(got), len(whole))
		}
		for i, l := range whole {
			if got[i] != l.ID {
				t.Error("another order")
			}
		}
	})
	t.Run("filters select, and wrong ones are refused", func(t *testing.T) {
		for _, q := range []ReadingQuery{{Outcome: "x"}, {Kind: "x"}, {From: day, To: day.AddDays(-1)}} {
			if _, err := w.service.Readings(ctx, c, visit, q); code(err) != "parametre_invalide" {
				t.Error(err)
			}
		}
		if n := len(w.journal(c, ReadingQuery{From: day.AddDays(1)})); n != 0 {
			t.Errorf("%d lines of tomorrow", n)
		}
		if n := len(w.journal(c, ReadingQuery{To: day.AddDays(-1)})); n != 0 {
			t.Errorf("%d lines of yesterday", n)
		}
		child := w.journal(c, ReadingQuery{Partner: "hopital", Outcome: OutcomeServed})[0].Who[1]
		for _, l := range w.journal(c, ReadingQuery{Who: child, Kind: KindReadings}) {
			if l.Operation == "getMe" {
				t.Error("a line that is not about the child")
			}
		}
	})
	t.Run("somebody else's line is no line", func(t *testing.T) {
		mine := w.journal(c, ReadingQuery{})[0].ID
		if _, err := w.service.Reading(ctx, w.signIn("c2s"), visit, mine); code(err) != "ressource_inconnue" {
			t.Error(err)
		}
		if l, err := w.service.Reading(ctx, c, visit, mine); err != nil || l.ID != mine {
			t.Error(err)
		}
	})
	t.Run("R43 R45 a line has a proof that holds offline, tells what the person knows, and asking for it is in the log", func(t *testing.T) {
		l := w.journal(c, ReadingQuery{Partner: "hopital", Outcome: OutcomeServed})[0]
		proof, err := w.service.Proof(ctx, c, visit, l.ID)
		must(t, err)
		text, err := proof.MarshalText()
		must(t, err)
		lines, err := w.store.PublicKeys(ctx)
		must(t, err)
		keys, err := trace.ParseKeys([]byte(strings.Join(lines, "\n")))
		must(t, err)
		p, err := trace.VerifyProof(text, keys)
		if err != nil || !strings.HasPrefix(fmt.Sprintf("%x", p.Leaf), l.ID) || !strings.Contains(string(p.Person), `"getBeneficiaires"`) {
			t.Errorf("%v", err)
		}
		for _, internal := range []string{"192.0.2.7", "essai", w.keyIDs["hopital"]} {
			if strings.Contains(string(text), internal) || strings.Contains(string(p.Person), internal) {
				t.Error("the internal part is told")
			}
		}
		if w.last().person["operation"] != opProof {
			t.Error(w.last())
		}
		for i := range text {
			broken := []byte(string(text))
			broken[i] ^= 1
			if _, err := trace.VerifyProof(broken, keys); err == nil {
				t.Fatalf("R43 a bit changed at %d of %d passes", i, len(text))
			}
		}
	})
	t.Run("T12 there is no proof of somebody else's line", func(t *testing.T) {
		if _, err := w.service.Proof(ctx, w.signIn("c2s"), visit, w.journal(c, ReadingQuery{})[0].ID); code(err) != "ressource_inconnue" {
			t.Error(err)
		}
	})
	t.Run("what a person does not recognise is kept for the DPO and marked", func(t *testing.T) {
		l := w.journal(c, ReadingQuery{Partner: "hopital"})[0]
		ref, err := w.service.Report(ctx, c, visit, l.ID, "Je n'étais pas à cet hôpital.")
		if err != nil || !strings.HasPrefix(ref, "sig_") {
			t.Fatal(err)
		}
		if l, _ = w.service.Reading(ctx, c, visit, l.ID); !l.Reported {
			t.Error("not marked")
		}
		if events := w.journal(c, ReadingQuery{Kind: KindChoices}); len(events) != 1 || events[0].Operation != "signalement" {
			t.Errorf("%+v", events)
		}
		if _, err := w.service.Report(ctx, c, visit, l.ID, strings.Repeat("é", maxReport+1)); code(err) != "parametre_invalide" {
			t.Error(err)
		}
	})
}

func TestALineAboutAChildNeverBetraysTheOtherParent(t *testing.T) {
	w := newWorld(t)
	a, b := w.signIn("double-rattachement-a"), w.signIn("double-rattachement-b")
	w.token("h", "double-rattachement-a", "hopital")
	_, err := w.do(call{partner: "hopital", token: "h", op: droits.OpBeneficiaires})
	must(t, err)
	t.Run("T12 the parent who was there sees everything, the other an instant, a kind and a purpose", func(t *testing.T) {
		mine, theirs := w.journal(a, ReadingQuery{Kind: KindReadings}), w.journal(b, ReadingQuery{Kind: KindReadings})
		if len(mine) != 1 || mine[0].Elsewhere || mine[0].Partner != "hopital" {
			t.Fatalf("%+v", mine)
		}
		if len(theirs) != 1 {
			t.Fatalf("%+v", theirs)
		}
		l := theirs[0]
		if !l.Elsewhere || l.Kind != droits.Etablissement || l.Purpose != "preadmission" || l.At.IsZero() || len(l.Who) != 1 {
			t.Errorf("%+v", l)
		}
		l.ID, l.Code, l.At, l.Kind, l.Purpose, l.Class, l.Who, l.Elsewhere = "", "", time.Time{}, "", "", 0, nil, false
		if fmt.Sprint(l) != fmt.Sprint(Reading{}) {
			t.Errorf("more is told: %+v", l)
		}
	})
	t.Run("T12 a filter does not tell what the line does not", func(t *testing.T) {
		for _, q := range []ReadingQuery{{Partner: "hopital"}, {Outcome: OutcomeServed}, {Outcome: OutcomeRefused}} {
			if n := len(w.journal(b, q)); n != 0 && (q.Partner != "" || q.Outcome == OutcomeRefused) {
				t.Errorf("%+v finds %d lines", q, n)
			}
		}
	})
	t.Run("T12 what a child of sixteen lets a partner read in its own session is its own affair", func(t *testing.T) {
		kid := a.family.Dependants(w.service.today())[0].Personne.Sujet
		e := trace.Entry{Class: trace.AccessServed, Subject: w.service.Digests.TraceSubject(kid), Person: trace.Person{
			At: w.Now(), Partner: "hopital", Purpose: "preadmission", Operation: "getMe", Beneficiary: Self, Outcome: "servi"}}
		_, err := w.service.Journal.Append(ctx, trace.Pending{Leaf: e.Leaf()})
		must(t, err)
		for _, c := range []Citizen{a, b} {
			if n := len(w.journal(c, ReadingQuery{Kind: KindReadings})); n != 1 {
				t.Errorf("%d lines", n)
			}
		}
	})
	t.Run("T12 what a parent looks at in its own space is in the other's journal as nothing but its own", func(t *testing.T) {
		_, err := w.service.Rights(ctx, a, visit, civil.Period{From: day, To: day})
		must(t, err)
		for _, l := range w.journal(b, ReadingQuery{}) {
			if l.Elsewhere && l.Purpose == Space {
				t.Errorf("%+v", l)
			}
		}
	})
}

func TestThePortalThatActsForAPerson(t *testing.T) {
	w := newWorld(t, func(d *convention.Document) { d.Journal = true })
	w.token("m", "famille-martin", "mutuelle")
	_, err := w.do(call{partner: "mutuelle", token: "m", op: droits.OpMe})
	must(t, err)
	ask := func(partnerID, token string, q UsageRequest) (u Usages, err error) {
		q.Meta = Meta{RequestID: "essai", Name: "findUsage", Agent: "portail-1", Window: w.window()}
		q.Encode = func(x Usages) ([]byte, error) { u = x; return []byte("{}"), nil }
		caller, err := w.service.Authenticate(Credentials{Key: w.keys[partnerID], Token: token, Addr: visit.Addr}, true)
		must(t, err)
		_, err = w.service.Usage(ctx, caller, q)
		return u, err
	}
	t.Run("R45 the portal's reading is answered, traced, and there the next time", func(t *testing.T) {
		w.token("h", "famille-martin", "hopital")
		u, err := ask("hopital", "h", UsageRequest{Limit: 10})
		if err != nil || u.Total != 1 || len(u.Lines) != 1 || u.Lines[0].Partner != "mutuelle" || u.Began.IsZero() {
			t.Fatalf("%+v %v", u, err)
		}
		if e := w.last(); e.person["operation"] != "findUsage" || e.person["partner"] != "hopital" || e.internal["agent"] == nil {
			t.Error(e)
		}
		if u, err = ask("hopital", "h", UsageRequest{Limit: 1}); err != nil || u.Total != 2 || len(u.Lines) != 1 || u.Lines[0].Operation != "findUsage" {
			t.Errorf("%+v %v", u, err)
		}
		if u, err = ask("hopital", "h", UsageRequest{Limit: 10, Offset: 2}); err != nil || len(u.Lines) != 1 || u.Lines[0].Partner != "mutuelle" {
			t.Errorf("%+v %v", u, err)
		}
	})
	t.Run("R18 the portal is among those with whom the person shares", func(t *testing.T) {
		list, err := w.service.Sharings(ctx, w.signIn("famille-martin"))
		must(t, err)
		if !slices.ContainsFunc(list, func(x Sharing) bool { return x.Partner == "hopital" && len(x.Given) > 0 && !x.LastRead.IsZero() }) {
			t.Errorf("%+v", list)
		}
	})
	t.Run("R21 a dependant whom a restriction hides is not told of", func(t *testing.T) {
		c := w.signIn("famille-martin")
		w.token("k", "famille-martin", "mutuelle")
		_, err := w.do(call{partner: "mutuelle", token: "k", op: droits.OpBeneficiaires})
		must(t, err)
		w.token("t", "famille-martin", "hopital")
		u, err := ask("hopital", "t", UsageRequest{Limit: 100})
		must(t, err)
		kid := c.family.Dependants(w.service.today())[0]
		of := func(u Usages) (n int) {
			for _, l := range u.Lines {
				if slices.Contains(l.Who, w.service.refOf(c, kid)) {
					n++
				}
			}
			return n
		}
		if of(u) == 0 {
			t.Fatalf("%+v", u)
		}
		id, err := w.store.Restrict(ctx, consent.Restriction{Subject: kid.Personne.Sujet, Ground: "18-1-a", SinceAt: w.Now()})
		must(t, err)
		if u, err = ask("hopital", "t", UsageRequest{Limit: 100}); err != nil || of(u) != 0 || u.Total == 0 {
			t.Errorf("%+v %v", u, err)
		}
		must(t, w.store.Lift(ctx, id))
	})
	t.Run("R21 a restricted person is not told of", func(t *testing.T) {
		id, err := w.store.Restrict(ctx, consent.Restriction{Subject: w.sujet("famille-martin"), Ground: "18-1-a", SinceAt: w.Now()})
		must(t, err)
		w.token("r", "famille-martin", "hopital")
		if _, err := ask("hopital", "r", UsageRequest{Limit: 10}); !fault.Is(err, fault.DonneesIndisponibles) {
			t.Error(err)
		}
		must(t, w.store.Lift(ctx, id))
	})
	t.Run("a convention that does not say so opens no journal", func(t *testing.T) {
		if _, err := ask("mutuelle", "m", UsageRequest{Limit: 10}); !fault.Is(err, fault.OperationHorsConvention) {
			t.Error(err)
		}
	})
	t.Run("finer scopes do not open the journal", func(t *testing.T) {
		w.token("f", "famille-martin", "hopital", "openid", droits.ScopeContrats)
		if _, err := ask("hopital", "f", UsageRequest{Limit: 10}); !fault.Is(err, fault.PorteeInsuffisante) {
			t.Error(err)
		}
	})
	t.Run("R18 a person who has stopped the partner is not shown", func(t *testing.T) {
		s, err := w.store.SubjectOf(ctx, w.people["famille-martin"].NIR)
		must(t, err)
		must(t, w.store.Withdraw(ctx, s, "hopital", "essai"))
		w.token("late", "famille-martin", "hopital")
		if _, err := ask("hopital", "late", UsageRequest{Limit: 10}); !fault.Is(err, fault.ConsentementRetire) {
			t.Error(err)
		}
	})
}
