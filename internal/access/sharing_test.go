package access

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/policy"
	"droits.example/droits/internal/store"
	"droits.example/droits/internal/trace"
)

const (
	holder = "famille-001" // two children with numbers of their own
	aDay   = 24 * time.Hour
)

func ticking(d *convention.Document) { d.Consent.Ticks = []droits.Bloc{droits.BlocArretsTravail} }

func repeated(days int) func(*convention.Document) {
	return func(d *convention.Document) { d.Consent.RepeatDays = days }
}

// choice is what the page of the hospital sends: everything let go but what the
// convention wants ticked and what is named.
func (w *world) choice(of Citizen, change func(*Choice)) Choice {
	c := Choice{}
	c.sees(w.sharing(of, "hopital"))
	for _, b := range droits.Blocs() {
		if b.For(droits.Etablissement) && b.Bloc != droits.BlocArretsTravail {
			c.Blocks = append(c.Blocks, b.Bloc)
		}
	}
	change(&c)
	return c
}

// sees makes a choice one of a page that shows a sharing.
func (c *Choice) sees(x Sharing) {
	c.Shown, c.Last = nil, x.Last
	for _, conv := range x.Conventions {
		c.Shown = append(c.Shown, conv.Ref)
	}
}

func without(list []droits.Bloc, b ...droits.Bloc) []droits.Bloc {
	return slices.DeleteFunc(slices.Clone(list), func(x droits.Bloc) bool { return slices.Contains(b, x) })
}

// decision plays a line of partages.md up to an instant; what comes later is
// left out.
func (w *world) decision(name string, c Citizen) {
	w.t.Helper()
	s, start := w.service, w.Now()
	kids := w.refs(c)
	choose := func(change func(*Choice)) func() error {
		return func() error { return s.Choose(ctx, c, visit, "hopital", w.choice(c, change)) }
	}
	at := func(d time.Duration, do func() error) func() error {
		return func() error { w.forward(start.Add(d).Sub(w.Now())); return do() }
	}
	refused := func(do func() error) func() error {
		return func() error {
			if err := do(); fault.From(err).Reason() != SharingStopped {
				return errors.New("a choice about what is stopped is kept")
			}
			return nil
		}
	}
	withdraw := func() error { return s.Withdraw(ctx, c, visit, "hopital") }
	allow := at(5*aDay, func() error { return s.Allow(ctx, c, visit, "hopital") })
	pause := func() error { return s.Pause(ctx, c, visit, "hopital", start.Add(10*aDay)) }
	tick := func(x *Choice) { x.Blocks = append(x.Blocks, droits.BlocArretsTravail) }
	second := func(x *Choice) { x.Excluded = kids[1:2] }
	acts := map[string][]func() error{
		"aucune":  nil,
		"retrait": {withdraw},
		"retrait, puis autorisation à J + 5 jours": {withdraw, allow},
		"pause jusqu'à J + 10 jours":               {pause},
		"pause sans terme":                         {func() error { return s.Pause(ctx, c, visit, "hopital", time.Time{}) }},
		"pause, puis retrait":                      {pause, withdraw},
		"case des arrêts cochée":                   {choose(tick)},
		"case des arrêts cochée, puis retrait, puis autorisation à J + 5 jours": {choose(tick), withdraw, allow},
		"case des arrêts cochée, puis pause jusqu'à J + 10 jours":               {choose(tick), pause},
		"contrats gardés":                  {choose(func(x *Choice) { x.Blocks = without(x.Blocks, droits.BlocContrats) })},
		"contrats gardés, puis rendus":     {choose(func(x *Choice) { x.Blocks = without(x.Blocks, droits.BlocContrats) }), at(5*aDay, choose(func(*Choice) {}))},
		"identité gardée":                  {choose(func(x *Choice) { x.Blocks = without(x.Blocks, droits.BlocIdentite) })},
		"ayants droit gardés":              {choose(func(x *Choice) { x.Blocks = without(x.Blocks, droits.BlocBeneficiaires) })},
		"tout gardé":                       {choose(func(x *Choice) { x.Blocks = []droits.Bloc{} })},
		"second enfant laissé de côté":     {choose(second)},
		"les deux enfants laissés de côté": {choose(func(x *Choice) { x.Excluded = kids })},
		"second enfant laissé de côté, puis retrait, puis autorisation à J + 5 jours": {choose(second), withdraw, allow},
		"second enfant laissé de côté, puis repris":                                   {choose(second), at(5*aDay, choose(func(x *Choice) { x.Blocks = nil }))},
		"second enfant laissé de côté et case des arrêts cochée":                      {choose(func(x *Choice) { second(x); tick(x) })},
		"choix pendant un retrait":                                                    {withdraw, at(5*aDay, refused(choose(tick)))},
		"accord contesté":                                                             {func() error { return s.Contest(ctx, c, visit, w.agreed()) }},
	}
	list, ok := acts[name]
	if !ok {
		w.t.Fatalf("no such decision: %q", name)
	}
	for _, do := range list {
		must(w.t, do())
	}
}

// until plays a decision whose last act comes after an instant without that
// act.
func (w *world) until(name string, moment time.Duration) string {
	if moment < 5*aDay && strings.HasSuffix(name, ", puis autorisation à J + 5 jours") {
		return strings.TrimSuffix(name, ", puis autorisation à J + 5 jours")
	}
	return name
}

// agreed is the identifier of the last agreement.
func (w *world) agreed() string {
	_, lines, err := w.store.History(ctx, []droits.Sujet{w.sujet(holder)}, "hopital")
	must(w.t, err)
	return lines[0].ID
}

func (w *world) refs(c Citizen) (out []string) {
	for _, m := range c.family.Dependants(w.service.today()) {
		out = append(out, w.service.refOf(c, m))
	}
	return out
}

// table reads the lines of partages.md.
func table(t *testing.T) (lines [][]string) {
	t.Helper()
	b, err := os.ReadFile("testdata/partages.md")
	must(t, err)
	for l := range strings.Lines(string(b)) {
		if l = strings.TrimSpace(l); !strings.HasPrefix(l, "|") || strings.HasPrefix(l, "|---") || strings.HasPrefix(l, "| décision") {
			continue
		}
		var cells []string
		for _, c := range strings.Split(strings.Trim(l, "|"), "|") {
			cells = append(cells, strings.TrimSpace(c))
		}
		lines = append(lines, cells)
	}
	return lines
}

// moments are the instants of the table, after the decision.
var moments = map[string]time.Duration{
	"J": time.Second, "ancien jeton": 11 * aDay, "J + 5 jours - 1 s": 5*aDay - time.Second, "J + 5 jours": 5*aDay + time.Second, "J + 10 jours - 1 s": 10*aDay - time.Second,
	"J + 10 jours": 10 * aDay, "J + 30 jours": 30 * aDay, "J + 30 jours + 1 s": 30*aDay + time.Second, "J + 31 jours": 31 * aDay,
}

func TestTheTableOfSharings(t *testing.T) { // R13 R15 R16 R18 R38 T7
	words := map[string]string{"consentement_retire": "retiré", "consentement_explicite_requis": "case", "donnees_indisponibles": "indisponible", "beneficiaire_inconnu": "inconnu"}
	requests := []call{
		{op: droits.OpMe}, {op: droits.OpContrats}, {op: droits.OpArretsTravail}, {op: droits.OpBeneficiaires}, {op: droits.OpContrats}, {op: droits.OpContrats}, {op: droits.OpMe, partner: "mutuelle"},
	}
	for _, line := range table(t) {
		t.Run("R13 R15 R16 R18 R38 T7 "+line[0]+" "+line[1], func(t *testing.T) {
			w := newWorld(t, ticking)
			kids := familyOf(t, w, holder).Dependants(w.window())
			w.token("ancien", holder, "hopital")
			if _, err := w.do(call{partner: "hopital", token: "ancien", op: droits.OpCaisse}); err != nil {
				t.Fatal(err)
			}
			w.forward(time.Second)
			start, moment := w.Now(), moments[line[1]]
			if moment == 0 {
				t.Fatalf("no such moment: %q", line[1])
			}
			w.decision(w.until(line[0], moment), w.signIn(holder))
			w.forward(start.Add(moment).Sub(w.Now()))
			for i, c := range requests {
				if c.token = "ancien"; line[1] != "ancien jeton" || c.partner != "" {
					c.token = fmt.Sprint("neuf-", i)
					w.token(c.token, holder, "hopital")
				}
				switch i {
				case 4, 5:
					c.who = droits.Designation{NIR: kids[i-4].Personne.NIR}
				case 6:
					w.token(c.token, holder, "mutuelle")
				}
				if c.partner == "" {
					c.partner = "hopital"
				}
				a, err := w.do(c)
				got := "transmis"
				if err != nil {
					got = words[code(err)]
				} else if i == 3 {
					got = listedOf(a.Body(), kids)
				}
				if got != line[i+2] {
					t.Errorf("column %d: %s (%v), expected %s", i+3, got, err, line[i+2])
				}
				if (a.Body() != nil) != (err == nil) || err != nil && !isTraced(err) {
					t.Errorf("column %d: a refusal that is not traced, or that tells something", i+3)
				}
			}
		})
	}
}

// listedOf says which children are in a list.
func listedOf(body []byte, kids []droits.Membre) string {
	var s struct{ Names []string }
	if err := json.Unmarshal(body, &s); err != nil || len(s.Names) == 0 {
		return "?"
	}
	first, second := slices.Contains(s.Names[1:], kids[0].Personne.Prenom()), slices.Contains(s.Names[1:], kids[1].Personne.Prenom())
	switch {
	case first && second:
		return "les deux"
	case first:
		return "le premier"
	case second:
		return "le second"
	}
	return "aucun"
}

func TestAgreementsThatMayBeRepeated(t *testing.T) { // R17 R13
	w := newWorld(t, repeated(10))
	n := 0
	read := func() (string, error) {
		n++
		token := fmt.Sprint("jeton-", n)
		w.token(token, holder, "hopital")
		_, err := w.do(call{partner: "hopital", token: token, op: droits.OpContrats})
		return fmt.Sprint(w.last().person["consent"]), err
	}
	first, err := read()
	must(t, err)
	start := w.Now()
	t.Run("R13 a fresh token of the same person attaches to the agreement that stands", func(t *testing.T) {
		for _, d := range []time.Duration{time.Hour, 5 * aDay, 10 * aDay} {
			w.forward(start.Add(d).Sub(w.Now()))
			if id, err := read(); err != nil || id != first || w.consents() != 1 {
				t.Errorf("after %v: %s %v, %d agreements", d, id, err, w.consents())
			}
		}
	})
	t.Run("R17 at its end and a second another one is made", func(t *testing.T) {
		w.forward(time.Second)
		if id, err := read(); err != nil || id == first || w.consents() != 2 {
			t.Errorf("%s %v", id, err)
		}
	})
	t.Run("never a call without a token", func(t *testing.T) {
		if _, err := w.do(call{partner: "hopital", op: droits.OpContrats}); code(err) != "jeton_absent" {
			t.Error(err)
		}
	})
	t.Run("another person's token attaches to nothing of this one", func(t *testing.T) {
		w.token("autre", "c2s", "hopital")
		if _, err := w.do(call{partner: "hopital", token: "autre", op: droits.OpMe}); err != nil || w.consents() != 3 {
			t.Errorf("%v, %d agreements", err, w.consents())
		}
	})
	t.Run("R18 one from before a withdrawal is never attached to again", func(t *testing.T) {
		c := w.signIn(holder)
		must(t, w.service.Withdraw(ctx, c, visit, "hopital"))
		if _, err := read(); code(err) != "consentement_retire" {
			t.Error(err)
		}
		must(t, w.service.Allow(ctx, c, visit, "hopital"))
		w.forward(time.Second)
		if _, err := read(); err != nil || w.consents() != 4 {
			t.Errorf("%v, %d agreements", err, w.consents())
		}
	})
	t.Run("a contested one neither", func(t *testing.T) {
		must(t, w.service.Contest(ctx, w.signIn(holder), visit, w.agreed()))
		w.forward(time.Second)
		if _, err := read(); err != nil || w.consents() != 5 {
			t.Errorf("%v, %d agreements", err, w.consents())
		}
	})
	t.Run("R19 nor does one cross to another version of the convention", func(t *testing.T) {
		c := w.store.ConventionsOf("hopital")[0].Document
		c.Version = 2
		next, err := convention.New(c, convention.Draft)
		must(t, err)
		w.put(next)
		must(t, w.store.SetConventionState(ctx, c.ID, convention.Active))
		if _, err := read(); err != nil || w.consents() != 6 {
			t.Errorf("%v, %d agreements", err, w.consents())
		}
	})
}

func TestMajority(t *testing.T) { // R17
	t.Run("what a minor agreed to ends with the day before its majority", func(t *testing.T) {
		w := newWorld(t, repeated(30), ticking)
		eighteen := civil.MustParse("2027-08-14").StartAt() // of "mineure"
		w.forward(eighteen.Add(-aDay).Sub(w.Now()))
		c := w.signIn("mineure")
		must(t, w.service.Choose(ctx, c, visit, "hopital", w.choice(c, func(x *Choice) { x.Blocks = append(x.Blocks, droits.BlocArretsTravail) })))
		read := func(token string, op droits.Operation) error {
			w.token(token, "mineure", "hopital")
			_, err := w.do(call{partner: "hopital", token: token, op: op})
			return err
		}
		must(t, read("avant", droits.OpArretsTravail))
		before := w.consents()
		w.forward(eighteen.Add(-time.Second).Sub(w.Now()))
		if err := read("veille", droits.OpArretsTravail); err != nil || w.consents() != before {
			t.Errorf("R17 a second before: %v, %d agreements more", err, w.consents()-before)
		}
		w.forward(time.Second)
		if err := read("jour", droits.OpArretsTravail); code(err) != "consentement_explicite_requis" {
			t.Errorf("R17 its tick holds: %v", err)
		}
		if err := read("jour-2", droits.OpMe); err != nil || w.consents() != before+1 {
			t.Errorf("R17 its agreement holds: %v", err)
		}
	})
	t.Run("a child of age is covered by nothing that its parent agreed to or chose", func(t *testing.T) {
		w := newWorld(t, repeated(30))
		child := familyOf(t, w, "majorite").Dependants(w.window())[0].Personne // eighteen on 2 December
		read := func(token string) error {
			w.token(token, "majorite", "hopital")
			_, err := w.do(call{partner: "hopital", token: token, op: droits.OpContrats, who: droits.Designation{NIR: child.NIR}})
			return err
		}
		must(t, read("avant"))
		id := fmt.Sprint(w.last().person["consent"])
		c := w.signIn("majorite")
		r, err := w.service.Agreement(ctx, c, id)
		if err != nil || len(r.Processing.Covered) != 1 || !strings.Contains(r.Header.Actor, "représentant légal") {
			t.Errorf("the agreement covers the child, by its representative: %+v %v", r.Processing.Covered, err)
		}
		w.forward(civil.MustParse("2026-12-02").StartAt().Sub(w.Now()))
		if err := read("jour"); code(err) != "beneficiaire_inconnu" {
			t.Errorf("%v", err)
		}
		c = w.signIn("majorite")
		if x, err := w.service.Sharing(ctx, c, "hopital"); err != nil || len(x.Dependants) != 0 {
			t.Errorf("%+v %v", x.Dependants, err)
		}
	})
}

// Whoever reads while somebody withdraws, through two roads over one store,
// is served before the withdrawal in the log, or not at all.
func TestAWithdrawalRacesWithReads(t *testing.T) { // R18 T11
	w := newWorld(t)
	other := New(w.service.Config) // a second road over the same store
	c := w.signIn(holder)
	w.token("jeton", holder, "hopital")
	reads := 1000
	if os.Getenv("DROITS_SOAK") != "" {
		reads = 10_000
	} else if testing.Short() {
		reads = 100
	}
	one := w.service
	var wg sync.WaitGroup
	start := make(chan struct{})
	var mu sync.Mutex
	begun := 0
	reached := make(chan struct{})
	for i := range 50 {
		road := one
		if i%2 == 1 {
			road = other
		}
		wg.Go(func() {
			<-start
			for range reads / 50 {
				caller, err := road.Authenticate(Credentials{Key: w.keys["hopital"], Token: "jeton"}, true)
				must(t, err)
				a, err := road.Read(ctx, caller, Request{Meta: Meta{RequestID: "course", Operation: droits.OpBeneficiaires, Window: w.window()}, Encode: encodeNothing})
				if (a.Body() == nil) == (err == nil) || err != nil && code(err) != "consentement_retire" {
					t.Errorf("%v", err)
				}
				mu.Lock()
				if begun++; begun == reads/4 {
					close(reached)
				}
				mu.Unlock()
			}
		})
	}
	close(start)
	<-reached
	must(t, one.Withdraw(ctx, c, visit, "hopital"))
	if caller, err := other.Authenticate(Credentials{Key: w.keys["hopital"], Token: "jeton"}, true); err != nil {
		t.Error(err)
	} else if _, err := other.Read(ctx, caller, Request{Meta: Meta{Operation: droits.OpMe, Window: w.window()}, Encode: encodeNothing}); code(err) != "consentement_retire" {
		t.Errorf("R18 the next call, through the other road: %v", err)
	}
	wg.Wait()
	events, _, err := w.store.History(ctx, []droits.Sujet{w.sujet(holder)}, "hopital")
	must(t, err)
	withdrawn, after, before, refused := events[0].Trace, 0, 0, 0
	must(t, w.store.Traces(ctx, 0, func(e store.TracedEntry) bool {
		switch {
		case e.Class == trace.AccessServed && e.Index > withdrawn:
			after++
		case e.Class == trace.AccessServed:
			before++
		case e.Class == trace.AccessRefused:
			refused++
		}
		return true
	}))
	if after != 0 || refused == 0 || before == 0 {
		t.Errorf("R18 T11 %d served after the commit of the withdrawal, %d before, %d refused", after, before, refused)
	}
	t.Logf("%d served before, %d refused, %d served after", before, refused, after)
}

func TestPauseAndChoiceRaceWithACall(t *testing.T) { // R18 R16 T11
	for name, c := range map[string]struct {
		do   func(*world, Citizen) error
		code string
	}{
		"R18 a pause": {func(w *world, c Citizen) error { return w.service.Pause(ctx, c, visit, "hopital", time.Time{}) }, "consentement_retire"},
		"R16 a dependant left out": {func(w *world, c Citizen) error {
			return w.service.Choose(ctx, c, visit, "hopital", w.choice(c, func(x *Choice) { x.Excluded = w.refs(c)[:1] }))
		}, "donnees_indisponibles"},
		"a contestation": {func(w *world, c Citizen) error {
			return w.service.Contest(ctx, c, visit, w.agreed())
		}, "donnees_indisponibles"},
	} {
		t.Run("T11 "+name, func(t *testing.T) {
			w := newWorld(t)
			citizen := w.signIn(holder)
			w.token("avant", holder, "hopital")
			if _, err := w.do(call{partner: "hopital", token: "avant", op: droits.OpMe}); err != nil {
				t.Fatal(err)
			}
			w.token("jeton", holder, "hopital")
			w.join(w.writer, &between{w.store, func() { must(t, c.do(w, citizen)) }})
			a, err := w.do(call{partner: "hopital", token: "jeton", op: droits.OpBeneficiaires})
			if code(err) != c.code || a.Body() != nil || !isTraced(err) {
				t.Errorf("%v", err)
			}
		})
	}
}

func encodeNothing(policy.View) ([]byte, error) { return []byte("{}"), nil }

func TestContestingAnAgreement(t *testing.T) { // R17 T7
	w := newWorld(t, repeated(10))
	c := w.signIn(holder)
	read := func(token string) error {
		_, err := w.do(call{partner: "hopital", token: token, op: droits.OpMe})
		return err
	}
	for _, token := range []string{"a", "b", "c"} {
		w.token(token, holder, "hopital")
	}
	must(t, read("a"))
	id, made := w.agreed(), w.last()
	w.forward(time.Minute)
	must(t, read("b")) // attaches
	w.forward(time.Second)
	must(t, w.service.Contest(ctx, c, visit, id))
	must(t, w.service.Contest(ctx, c, visit, id))
	t.Run("T7 the token that made it and those that attached to it are refused, for good", func(t *testing.T) {
		for _, d := range []time.Duration{0, time.Second, 11 * aDay} {
			w.forward(d)
			for _, token := range []string{"a", "b"} {
				if err := read(token); code(err) != "consentement_retire" {
					t.Errorf("T7 %s after %v: %v", token, d, err)
				}
			}
		}
	})
	t.Run("a later connection makes an agreement of its own", func(t *testing.T) {
		if err := read("c"); err != nil || w.agreed() == id {
			t.Error(err)
		}
	})
	t.Run("R44 the DPO finds it among the reports, once, with the place of the agreement", func(t *testing.T) {
		list, err := w.store.Reports(ctx, "DPO-1", "", 10)
		if err != nil || len(list) != 1 || list[0].Consent != id || list[0].Text != "" || list[0].ID == "" {
			t.Fatalf("%+v %v", list, err)
		}
		r, err := w.service.Agreement(ctx, c, id)
		if err != nil || r.Header.Trace != list[0].Trace || made.person["consent"] != id {
			t.Errorf("R44 %d, expected %d: %v", list[0].Trace, r.Header.Trace, err)
		}
		for _, l := range w.journal(c, ReadingQuery{Partner: "hopital"}) {
			if l.Reported {
				t.Error("a reading is said to be reported")
			}
		}
	})
}
