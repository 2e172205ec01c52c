package store

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"

	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/intake"
	"droits.example/droits/internal/nir"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

func TestOneProcessHoldsADirectory(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir)
	if _, err := Open(ctx, Config{Dir: dir, Root: testRoot(), Clock: noon}); !errors.Is(err, ErrLocked) {
		t.Errorf("a second store opens: %v", err)
	}
	must(t, s.Close())
	openAt(t, dir)
	t.Run("closing twice is closing once", func(t *testing.T) { s.Close() })
	t.Run("a store needs a clock", func(t *testing.T) {
		if _, err := Open(ctx, Config{Dir: t.TempDir(), Root: testRoot()}); err == nil {
			t.Error("opened")
		}
	})
	t.Run("a directory that cannot be made is an error", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "x")
		must(t, os.WriteFile(file, nil, 0o600))
		if _, err := Open(ctx, Config{Dir: file, Root: testRoot(), Clock: noon}); err == nil {
			t.Error("opened")
		}
	})
	t.Run("a file that is no database is an error, and the lock is given back", func(t *testing.T) {
		dir := t.TempDir()
		must(t, os.WriteFile(dir+"/people.db", []byte(strings.Repeat("not a database ", 100)), 0o600))
		for range 2 {
			if _, err := Open(ctx, Config{Dir: dir, Root: testRoot(), Clock: noon}); err == nil || errors.Is(err, ErrLocked) {
				t.Errorf("%v", err)
			}
		}
	})
}

func TestMigrationsGoDownAndUpAgain(t *testing.T) { // R71
	s := fresh(t)
	schema := func(d *database) string {
		var out strings.Builder
		must(t, each(ctx, d.reader, func(scan func(...any) error) error {
			var q string
			err := scan(&q)
			out.WriteString(q + "\n")
			return err
		}, `SELECT COALESCE(sql, name) FROM sqlite_schema WHERE name NOT LIKE 'goose%' AND name NOT LIKE 'sqlite_%' ORDER BY type, name`))
		return out.String()
	}
	population := &database{path: filepath.Join(t.TempDir(), "population.db")}
	must(t, population.open(ctx, "population"))
	defer population.close()
	for name, d := range map[string]*database{"people": s.people, "journal": s.journal, "population": population} {
		before := schema(d)
		p, err := d.provider(name)
		must(t, err)
		if _, err := p.DownTo(ctx, 0); err != nil {
			t.Fatal(err)
		}
		if left := schema(d); left != "" {
			t.Errorf("R71 %s: down leaves %s", name, left)
		}
		if _, err := p.Up(ctx); err != nil {
			t.Fatal(err)
		}
		if schema(d) != before {
			t.Errorf("R71 %s: up, down, up is another schema", name)
		}
	}
	load(t, s, head+fund("01261")+lines(adult("a", 1)))
}

func TestASealedValueStandsWhereItWasSealed(t *testing.T) {
	s := fresh(t)
	load(t, s, head+fund("01261")+lines(adult("a", 1), adult("b", 2), child("c", "a"), child("d", "b")))
	register(t, s)
	w := trace.NewWriter(s, "test")
	defer w.Close()
	for range 2 {
		_, err := w.Append(ctx, trace.Pending{Leaf: trace.Entry{Class: trace.AccessServed, Person: trace.Person{At: noon(), Partner: "hopital"}}.Leaf()})
		must(t, err)
	}
	for _, c := range []struct{ table, column string }{{"personne", "identite"}, {"personne", "liens"}, {"dossier", "contenu"}} {
		key := "id"
		if c.table == "dossier" {
			key = "personne"
		}
		type row struct {
			id     int64
			sealed []byte
		}
		var rows []row
		inPopulation(t, s, `SELECT `+key+`, `+c.column+` FROM `+c.table+` ORDER BY 1`, func(x *sqlite.Stmt) error {
			rows = append(rows, row{x.ColumnInt64(0), column(x, 1)})
			return nil
		})
		load := s.state.Load().population.load
		place := func(i int) (string, rowID) { return c.table + "|" + c.column, rowID{load, rows[i].id} }
		if len(rows) < 2 {
			t.Fatal("nothing to try on")
		}
		t.Run("any byte of "+c.table+"."+c.column, func(t *testing.T) {
			for i := range rows[0].sealed {
				b := bytes.Clone(rows[0].sealed)
				b[i] ^= 1
				column, at := place(0)
				if _, err := s.keys.plain(column, at, b); err == nil {
					t.Fatalf("byte %d may be changed", i)
				}
			}
			for n := range rows[0].sealed {
				column, at := place(0)
				if _, err := s.keys.plain(column, at, bytes.Clone(rows[0].sealed[:n])); err == nil {
					t.Fatalf("cut to %d bytes", n)
				}
			}
		})
		t.Run("a value of "+c.table+"."+c.column+" moved to another row", func(t *testing.T) {
			column, at := place(0)
			if _, err := s.keys.plain(column, at, bytes.Clone(rows[1].sealed)); err == nil {
				t.Error("opens")
			}
			at.load++
			if _, err := s.keys.plain(column, at, bytes.Clone(rows[0].sealed)); err == nil {
				t.Error("opens in another population")
			}
		})
	}
	t.Run("an identity moved to another person fails the look-up, closed", func(t *testing.T) {
		inPopulation(t, s, `UPDATE personne SET identite = (SELECT identite FROM personne WHERE ligne = 'b') WHERE ligne = 'a'`, nil)
		must(t, s.shown(ctx, "test", noop))
		if _, err := s.Find(ctx, adult("a", 1).pivot(), "hopital", consent.Token{}); !fault.Is(err, fault.ServiceIndisponible) {
			t.Errorf("%v", err)
		}
	})
	t.Run("a dossier moved to another person does not open", func(t *testing.T) {
		s := fresh(t)
		load(t, s, head+fund("01261")+lines(adult("a", 1), adult("b", 2)))
		inPopulation(t, s, `UPDATE personne SET liens = (SELECT liens FROM personne WHERE ligne = 'b')`, nil)
		must(t, s.shown(ctx, "test", noop))
		got, err := s.Find(ctx, adult("a", 1).pivot(), "hopital", consent.Token{})
		must(t, err)
		opened := 0
		for _, c := range got {
			if _, err := c.Dossier.Open(); err == nil {
				opened++
			} else if !fault.Is(err, fault.ServiceIndisponible) {
				t.Errorf("%v", err)
			}
		}
		if opened > 1 {
			t.Error("a moved dossier opens")
		}
	})
	t.Run("any byte of a batch of traces", func(t *testing.T) { batchFlips(t, s) })
	t.Run("a day key moved to the other part", func(t *testing.T) {
		_, err := s.journal.writer.ExecContext(ctx, `UPDATE cle_jour SET cle = (SELECT cle FROM cle_jour WHERE partie = 'person')`)
		must(t, err)
		if err := s.Traces(ctx, 0, func(TracedEntry) bool { return true }); err == nil {
			t.Error("the entries open")
		}
	})
}

func batchFlips(t *testing.T, s *Store) {
	var sealed []byte
	var first int64
	must(t, s.journal.reader.QueryRowContext(ctx, `SELECT first, sealed FROM batch ORDER BY first DESC LIMIT 1`).Scan(&first, &sealed))
	first-- // two calls, each alone in its batch
	want := map[string]bool{}
	read := func() (err error) {
		got := 0
		err = s.Traces(ctx, first, func(e TracedEntry) bool {
			got++
			if len(want) < 2 {
				want[string(e.Person)+string(e.Internal)] = true
			}
			if !want[string(e.Person)+string(e.Internal)] {
				err = errors.New("another content")
			}
			return true
		})
		if err == nil && got != 2 {
			err = errors.New("another number")
		}
		return err
	}
	must(t, read())
	silent := 0
	for i := range sealed {
		b := bytes.Clone(sealed)
		b[i] ^= 1
		_, err := s.journal.writer.ExecContext(ctx, `UPDATE batch SET sealed = $1 WHERE first = $2`, b, first+1)
		must(t, err)
		if read() == nil {
			silent++ // the class and the second beside the seals are held by the leaf, not by the seal
		}
	}
	_, err := s.journal.writer.ExecContext(ctx, `UPDATE batch SET sealed = $1 WHERE first = $2`, sealed, first+1)
	must(t, err)
	must(t, read())
	if silent > 8 {
		t.Errorf("%d bytes may be changed unseen", silent)
	}
}

func TestFind(t *testing.T) {
	s := fresh(t)
	load(t, s, head+fund("01261")+lines(adult("a", 1), adult("b", 2), someone{ID: "dehors", N: 3, Outside: true}, child("c", "a")))
	register(t, s)
	f, standing, ok := find(t, s, adult("a", 1))
	if !ok || len(f.Rattachements) != 2 || standing.Stopped || standing.ConsentID != "" {
		t.Fatalf("%v %+v", ok, standing)
	}
	t.Run("somebody outside the perimeter is a candidate, known only to refuse", func(t *testing.T) {
		got, err := s.Find(ctx, someone{N: 3}.pivot(), "hopital", consent.Token{})
		must(t, err)
		seen := false
		for _, c := range got {
			if c.Record.Sentinelle {
				seen = true
				if _, err := c.Dossier.Open(); !fault.Is(err, fault.ServiceIndisponible) {
					t.Errorf("a sentinel has a dossier: %v", err)
				}
			}
		}
		if !seen {
			t.Error("not a candidate")
		}
	})
	t.Run("an unusable pivot has no candidate", func(t *testing.T) {
		if got, err := s.Find(ctx, identity.Pivot{}, "hopital", consent.Token{}); err != nil || got != nil {
			t.Errorf("%v %v", got, err)
		}
	})
	t.Run("every shape of pivot has a statement", func(t *testing.T) {
		for _, gender := range []string{"male", "unspecified"} {
			for _, birth := range []string{"1985-03-14", "1985-03-01", "1985-00-00", "1985-01-01"} {
				p := adult("a", 1).pivot()
				p.Gender, p.Birthdate = gender, birth
				if _, err := s.Find(ctx, p, "hopital", consent.Token{}); err != nil {
					t.Errorf("%s %s: %v", gender, birth, err)
				}
			}
		}
	})
	t.Run("R13 a withdrawal stands between this person and this partner, until allowed again", func(t *testing.T) {
		must(t, s.Withdraw(ctx, f.Assure.Sujet, "hopital", "portail"))
		if _, st, _ := find(t, s, adult("a", 1)); !st.Stopped {
			t.Error("not withdrawn")
		}
		if _, st, _ := find(t, s, adult("b", 2)); st.Stopped {
			t.Error("withdrawn for another person")
		}
		got, err := s.Find(ctx, adult("a", 1).pivot(), "mutuelle", consent.Token{})
		must(t, err)
		for _, c := range got {
			if c.Standing.Stopped {
				t.Error("withdrawn for another partner")
			}
		}
		must(t, s.Allow(ctx, f.Assure.Sujet, "hopital"))
		if _, st, _ := find(t, s, adult("a", 1)); st.Stopped {
			t.Error("still withdrawn")
		}
		if err := s.Allow(ctx, f.Assure.Sujet, "hopital"); !fault.Is(err, fault.RessourceInconnue) {
			t.Errorf("nothing to allow: %v", err)
		}
		if err := s.Withdraw(ctx, f.Assure.Sujet, "inconnu", "x"); !fault.Is(err, fault.RessourceInconnue) {
			t.Errorf("no such partner: %v", err)
		}
	})
	t.Run("a withdrawal survives a restart and a new load", func(t *testing.T) {
		must(t, s.Withdraw(ctx, f.Assure.Sujet, "hopital", "portail"))
		load(t, s, head+fund("01261")+lines(adult("b", 2), adult("autre-nom", 1)))
		must(t, s.Close())
		s = openAt(t, s.dir)
		if _, st, ok := find(t, s, adult("a", 1)); !ok || !st.Stopped {
			t.Errorf("%v %+v", ok, st)
		}
	})
	t.Run("a cancelled call finds nobody", func(t *testing.T) {
		var held []*reader
		hot := s.state.Load().population.hot
		for range hot.n {
			held = append(held, <-hot.conns)
		}
		c, cancel := cancelled()
		defer cancel()
		if _, err := s.Find(c, adult("a", 1).pivot(), "hopital", consent.Token{}); !fault.Is(err, fault.ServiceIndisponible) {
			t.Errorf("%v", err)
		}
		for _, r := range held {
			hot.conns <- r
		}
	})
}

func TestKeysConventionsAndPartners(t *testing.T) {
	s := fresh(t)
	secret, key := register(t, s)
	t.Run("a key is recognised, with its convention", func(t *testing.T) {
		k, c, ok := s.Key(secret)
		if !ok || k.ID != key.ID || c.State != convention.Active || c.Document.ID != "conv-hopital" || !k.LiveAt(noon()) {
			t.Errorf("%v %+v", ok, k)
		}
		for _, wrong := range []string{"", secret + "x", secret[:len(secret)-1], strings.ToUpper(secret), partner.NewSecret(partner.Sandbox)} {
			if _, _, ok := s.Key(wrong); ok {
				t.Error("another secret is recognised")
			}
		}
	})
	t.Run("R74 two keys live side by side, one ends alone", func(t *testing.T) {
		second := partner.NewSecret(partner.Sandbox)
		k2, err := s.AddKey(ctx, "conv-hopital", second, partner.Sandbox, noon().Add(time.Hour))
		must(t, err)
		must(t, s.RevokeKey(ctx, key.ID))
		one, _, _ := s.Key(secret)
		two, _, _ := s.Key(second)
		if one.LiveAt(noon()) || !two.LiveAt(noon()) || two.LiveAt(noon().Add(time.Hour)) {
			t.Error("not alone")
		}
		if err := s.RevokeKey(ctx, key.ID); !fault.Is(err, fault.RessourceInconnue) {
			t.Errorf("twice: %v", err)
		}
		list, err := s.Keys(ctx)
		if err != nil || len(list) != 2 || list[0].Digest != nil || list[0].Last4 == "" || k2.ID == key.ID {
			t.Errorf("%d keys, %v", len(list), err)
		}
	})
	t.Run("wrong keys are refused", func(t *testing.T) {
		if _, err := s.AddKey(ctx, "conv-inconnue", partner.NewSecret(partner.Sandbox), partner.Sandbox, time.Time{}); !fault.Is(err, fault.RessourceInconnue) {
			t.Errorf("no convention: %v", err)
		}
		if _, err := s.AddKey(ctx, "conv-hopital", secret, partner.Production, time.Time{}); !fault.Is(err, fault.ParametreInvalide) {
			t.Errorf("another environment: %v", err)
		}
		if _, err := s.AddKey(ctx, "conv-hopital", secret, partner.Sandbox, time.Time{}); err == nil {
			t.Error("the same secret twice")
		}
	})
	t.Run("a convention moves as its states allow", func(t *testing.T) {
		if err := s.SetConventionState(ctx, "conv-hopital", convention.Draft); !fault.Is(err, fault.ParametreInvalide) {
			t.Errorf("back to draft: %v", err)
		}
		if err := s.SetConventionState(ctx, "conv-inconnue", convention.Active); !fault.Is(err, fault.RessourceInconnue) {
			t.Errorf("unknown: %v", err)
		}
		must(t, s.SetConventionState(ctx, "conv-hopital", convention.Suspended))
		if _, c, _ := s.Key(secret); c.State != convention.Suspended {
			t.Error("the key still sees the state before")
		}
		must(t, s.SetConventionState(ctx, "conv-hopital", convention.Active))
	})
	t.Run("R26 a new version in draft leaves the live one in force", func(t *testing.T) {
		d := document(2)
		d.Blocks = append(d.Blocks, droits.BlocCaisse)
		c, err := convention.New(d, convention.Draft)
		must(t, err)
		must(t, s.PutConvention(ctx, countersigned(t, s, c)))
		if _, live, _ := s.Key(secret); live.Document.Version != 1 || live.State != convention.Active {
			t.Errorf("version %d %s", live.Document.Version, live.State)
		}
		must(t, s.SetConventionState(ctx, "conv-hopital", convention.Active))
		if _, live, _ := s.Key(secret); live.Document.Version != 2 || !live.Has(droits.BlocCaisse) {
			t.Errorf("version %d", live.Document.Version)
		}
		list, err := s.Conventions(ctx)
		if err != nil || len(list) != 1 || list[0].Document.Version != 2 || list[0].Digest != c.Digest {
			t.Errorf("%v", err)
		}
		for _, v := range []int{1, 2} {
			again, _ := convention.New(document(v), convention.Draft)
			if err := s.PutConvention(ctx, again); !fault.Is(err, fault.ParametreInvalide) {
				t.Errorf("version %d twice: %v", v, err)
			}
		}
	})
	t.Run("a convention needs its partner, and its kind", func(t *testing.T) {
		d := document(1)
		d.ID, d.Parties.Partner = "conv-autre", "autre"
		c, _ := convention.New(d, convention.Draft)
		if err := s.PutConvention(ctx, c); !fault.Is(err, fault.RessourceInconnue) {
			t.Errorf("%v", err)
		}
		must(t, s.PutPartner(ctx, partner.Partner{ID: "autre", Nom: "Autre", Kind: droits.OrganismeComplementaire}))
		if err := s.PutConvention(ctx, c); !fault.Is(err, fault.ParametreInvalide) {
			t.Errorf("%v", err)
		}
	})
	t.Run("a partner may be renamed, and keeps its kind and its SIRET", func(t *testing.T) {
		renamed := partner.Partner{ID: "hopital", Nom: "Nouveau nom", SIRET: "11000001500013", Kind: droits.Etablissement}
		must(t, s.PutPartner(ctx, renamed))
		for field, p := range map[string]partner.Partner{
			"kind":  {ID: "hopital", Nom: "Autre", SIRET: "11000001500013", Kind: droits.OrganismeComplementaire},
			"siret": {ID: "hopital", Nom: "Autre", SIRET: "00000000000018", Kind: droits.Etablissement},
		} {
			if f := fault.From(s.PutPartner(ctx, p)); f.Code() != fault.ParametreInvalide || f.Field() != field {
				t.Errorf("another %s: %v", field, f)
			}
		}
		p, ok := s.Partner("hopital")
		list, err := s.Partners(ctx)
		if !ok || err != nil || p.Nom != "Nouveau nom" || p.Kind != droits.Etablissement || len(list) != 2 {
			t.Errorf("%+v %v", p, err)
		}
		if err := s.PutPartner(ctx, partner.Partner{ID: "Bad Id"}); !fault.Is(err, fault.ParametreInvalide) {
			t.Errorf("%v", err)
		}
	})
	t.Run("a convention altered in the database is not served", func(t *testing.T) {
		_, err := s.journal.writer.ExecContext(ctx, `UPDATE convention SET document = REPLACE(document, '"per_day":100000', '"per_day":999999')`)
		must(t, err)
		must(t, s.Refresh(ctx))
		_, c, ok := s.Key(secret)
		if !ok || c.LiveAt(noon()) {
			t.Error("its key serves")
		}
		list, err := s.Conventions(ctx)
		if err != nil || len(list) != 1 || !list[0].Altered || list[0].Document.ID != "conv-hopital" {
			t.Errorf("it is not listed as altered: %v", err)
		}
	})
}

func TestRehearsalsWriteNothing(t *testing.T) {
	s := fresh(t)
	secret, key := register(t, s)
	r := s.Rehearsal()
	was := s.Generation()
	must(t, r.RevokeKey(ctx, key.ID))
	must(t, r.SetConventionState(ctx, "conv-hopital", convention.Ended))
	must(t, r.PutPartner(ctx, partner.Partner{ID: "autre", Nom: "Autre", Kind: droits.Etablissement}))
	_, err := r.Restrict(ctx, consent.Restriction{Ground: "18-1-a", SinceAt: noon()})
	must(t, err)
	if k, c, _ := s.Key(secret); !k.LiveAt(noon()) || c.State != convention.Active || s.Generation() != was {
		t.Error("something was written")
	}
	if err := r.RevokeKey(ctx, "cle_inconnue"); !fault.Is(err, fault.RessourceInconnue) {
		t.Errorf("a rehearsal checks too: %v", err)
	}
}

func TestRestrictions(t *testing.T) { // R52
	s := fresh(t)
	var who droits.Sujet
	who[3] = 7
	id, err := s.Restrict(ctx, consent.Restriction{Subject: who, Bloc: droits.BlocContrats, Ground: "18-1-b", SinceAt: noon(), UntilAt: noon().Add(time.Hour)})
	must(t, err)
	for _, c := range []struct {
		name string
		at   time.Time
		n    int
	}{{"before", noon().Add(-time.Second), 0}, {"at its first instant", noon(), 1}, {"at its end", noon().Add(time.Hour), 0}} {
		if got := s.Restrictions(who, c.at); len(got) != c.n {
			t.Errorf("%s: %d in force", c.name, len(got))
		}
	}
	if len(s.Restrictions(droits.Sujet{}, noon())) != 0 {
		t.Error("on somebody else")
	}
	list, err := s.RestrictionsInForce(ctx)
	if err != nil || len(list) != 1 || list[0].ID != id {
		t.Errorf("%v %v", list, err)
	}
	must(t, s.Lift(ctx, id))
	if len(s.Restrictions(who, noon())) != 0 {
		t.Error("lifted, and in force")
	}
	if err := s.Lift(ctx, id); !fault.Is(err, fault.RessourceInconnue) {
		t.Errorf("%v", err)
	}
	if _, err := s.Restrict(ctx, consent.Restriction{Ground: "18-1-z"}); !fault.Is(err, fault.ParametreInvalide) {
		t.Errorf("%v", err)
	}
	if _, err := s.Restrict(ctx, consent.Restriction{Ground: "18-1-a", Bloc: "x"}); !fault.Is(err, fault.ParametreInvalide) {
		t.Errorf("%v", err)
	}
}

func TestNothingIsReadableInTheFiles(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir)
	people := []someone{adult("r1", 1), adult("r2", 2), {ID: "r3", N: 3, Outside: true}, {ID: "r4", N: 4, Former: 5, Links: []tie{self("r4", "01261")}}, child("r6", "r1")}
	load(t, s, head+fund("01261")+lines(people...))
	secret, _ := register(t, s)
	p, err := s.SubjectOf(ctx, nir.MustParse(digits(1)))
	must(t, err)
	w := trace.NewWriter(s, "test")
	rec := record(p, s.TokenDigest("jeton-secret"))
	_, err = w.Append(ctx, trace.Pending{Leaf: trace.Entry{Class: trace.AccessServed, Person: trace.Person{At: noon(), Partner: "hopital-trace", Operation: "getMe"}, Internal: trace.Internal{IP: "192.0.2.77"}, Subject: s.TraceSubject(p)}.Leaf(), Effects: []trace.Effect{rec}})
	must(t, err)
	w.Close()
	must(t, s.Withdraw(ctx, p, "hopital", "portail"))
	scan := func(t *testing.T) {
		raw, err := base64.RawURLEncoding.DecodeString(secret[len("test_"):])
		must(t, err)
		needles := map[string][]byte{"R78 an API key": []byte(secret[5:]), "R78 the bytes of an API key": raw, "a token": []byte("jeton-secret"), "a given name": []byte("Quentinelle"), "a trace": []byte("hopital-trace"), "an address": []byte("192.0.2.77"), "the root key": func() []byte { r := testRoot(); return r[:] }()}
		for _, x := range people {
			needles["R10 a number "+x.ID] = []byte(digits(x.N))[1:]
			needles["a name "+x.ID] = []byte(x.name())[:7]
		}
		needles["R10 a former number"] = []byte(digits(5))[1:]
		for name, b := range files(t, dir) {
			low := bytes.ToLower(b)
			for what, n := range needles {
				if bytes.Contains(b, n) || bytes.Contains(low, bytes.ToLower(n)) {
					t.Errorf("%s is in %s", what, name)
				}
			}
		}
	}
	t.Run("while running, write-ahead logs included", scan)
	t.Run("after a population is replaced", func(t *testing.T) {
		load(t, s, head+fund("01261")+lines(adult("r9", 9)))
		scan(t)
	})
	must(t, s.Close())
	t.Run("once closed", scan)
	t.Run("files are for their owner only", func(t *testing.T) {
		for _, n := range []string{"verrou"} {
			if i, err := os.Stat(filepath.Join(dir, n)); err != nil || i.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s %v", n, err)
			}
		}
	})
}

func record(p droits.Sujet, token consent.Token) *consent.Record {
	return &consent.Record{ID: partner.NewID("acc"), Subject: p, Partner: "hopital", Convention: "conv-hopital", ConventionVersion: 1, Purpose: "preadmission",
		Blocks: []droits.Bloc{droits.BlocIdentite, droits.BlocContrats}, Notice: "n", NoticeSHA256: "s", Channel: consent.ChannelPartner, Actor: "holder",
		Evidence: consent.Evidence{Kind: consent.DeclaredByPartner, Profile: "v1"}, GivenAt: noon(), ExpiresAt: noon().Add(time.Minute), Token: token}
}

func TestRootKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "root")
	r, err := CreateRoot(path)
	must(t, err)
	if again, err := CreateRoot(path); err != nil || again != r || r == (Root{}) {
		t.Errorf("an existing key is read: %v", err)
	}
	if strings.Contains(r.String()+r.GoString(), "\x01") || r.String() != r.GoString() {
		t.Error("it prints")
	}
	for name, c := range map[string]struct {
		mode os.FileMode
		n    int
	}{"readable by others": {0o644, 32}, "too short": {0o600, 31}, "too long": {0o600, 33}} {
		p := filepath.Join(t.TempDir(), "k")
		must(t, os.WriteFile(p, make([]byte, c.n), 0o600))
		must(t, os.Chmod(p, c.mode))
		if _, err := ReadRoot(p); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if _, err := ReadRoot(path + "x"); err == nil {
		t.Error("a file that is not there")
	}
	if _, err := CreateRoot(filepath.Join(path, "x")); err == nil {
		t.Error("a directory that is not there")
	}
	t.Run("another root opens nothing", func(t *testing.T) {
		s := fresh(t)
		load(t, s, head+fund("01261")+lines(adult("a", 1)))
		dir := s.dir
		must(t, s.Close())
		other := testRoot()
		other[0]++
		if _, err := Open(ctx, Config{Dir: dir, Root: other, Clock: noon}); !errors.Is(err, ErrOtherRoot) {
			t.Errorf("%v", err)
		}
	})
}

func TestABadDatabaseIsAnAnswerAndNeverAPanic(t *testing.T) {
	s := fresh(t)
	load(t, s, head+fund("01261")+lines(adult("a", 1)))
	secret, key := register(t, s)
	p, err := s.SubjectOf(ctx, nir.MustParse(digits(1)))
	must(t, err)
	id, err := s.Restrict(ctx, consent.Restriction{Subject: p, Ground: "18-1-a", SinceAt: noon()})
	must(t, err)
	conv, err := convention.New(document(2), convention.Draft)
	must(t, err)
	pop := s.state.Load().population
	must(t, pop.hot.close())
	must(t, removePopulation(pop.path))
	must(t, os.WriteFile(pop.path, []byte(strings.Repeat("not a database ", 100)), 0o600))
	must(t, s.ledger.close())
	must(t, s.people.close())
	must(t, s.journal.close())
	l := func() *Load { return s.NewLoad() }
	deltaLoad := l()
	deltaLoad.delta, deltaLoad.id = true, 1
	row := intake.Row{Line: 2, Personne: &intake.Personne{ID: "x", Servie: true}}
	for name, do := range map[string]func() error{
		"Ping":       func() error { return s.Ping(ctx) },
		"PingWriter": func() error { return s.PingWriter(ctx) },
		"Refresh":    func() error { return s.Refresh(ctx) },
		"PutPartner": func() error {
			return s.PutPartner(ctx, partner.Partner{ID: "x1", Nom: "X", Kind: droits.Etablissement})
		},
		"Partners":    func() error { _, err := s.Partners(ctx); return err },
		"Put conv":    func() error { return s.PutConvention(ctx, conv) },
		"State":       func() error { return s.SetConventionState(ctx, "conv-hopital", convention.Ended) },
		"Conventions": func() error { _, err := s.Conventions(ctx); return err },
		"AddKey": func() error {
			_, err := s.AddKey(ctx, "conv-hopital", partner.NewSecret(partner.Sandbox), partner.Sandbox, time.Time{})
			return err
		},
		"RevokeKey":  func() error { return s.RevokeKey(ctx, key.ID) },
		"Keys":       func() error { _, err := s.Keys(ctx); return err },
		"Quota":      func() error { _, err := s.QuotaTaken(ctx, "conv-hopital", "2026-11-22"); return err },
		"Forget":     func() error { _, err := s.ForgetTokens(ctx); return err },
		"Withdraw":   func() error { return s.Withdraw(ctx, p, "hopital", "x") },
		"Allow":      func() error { return s.Allow(ctx, p, "hopital") },
		"Restrict":   func() error { _, err := s.Restrict(ctx, consent.Restriction{Ground: "18-1-a"}); return err },
		"Lift":       func() error { return s.Lift(ctx, id) },
		"In force":   func() error { _, err := s.RestrictionsInForce(ctx); return err },
		"SubjectOf":  func() error { _, err := s.SubjectOf(ctx, nir.MustParse(digits(1))); return err },
		"Consents":   func() error { _, err := s.ConsentCount(ctx); return err },
		"Find":       func() error { _, err := s.Find(ctx, adult("a", 1).pivot(), "hopital", consent.Token{}); return err },
		"Traces":     func() error { return s.Traces(ctx, 0, func(TracedEntry) bool { return true }) },
		"TraceCount": func() error { _, err := s.TraceCount(ctx); return err },
		"Commit": func() error {
			return s.Commit(ctx, []*trace.Pending{{Leaf: trace.Entry{Person: trace.Person{At: noon()}}.Leaf()}})
		},
		"Begin":     func() error { return l().Begin(ctx, intake.Header{Jeu: intake.Complet, ReferenceOn: today}, nil) },
		"Put":       func() error { _, err := unopened(l()).Put(ctx, intake.Batch{Rows: []intake.Row{row}}); return err },
		"End":       func() error { _, err := l().End(ctx, quiet); return err },
		"End delta": func() error { _, err := deltaLoad.End(ctx, quiet); return err },
	} {
		t.Run(name, func(t *testing.T) {
			err := do()
			f := fault.From(err)
			if err == nil || f.Code() != fault.ServiceIndisponible || f.RetryAfter() == 0 {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("what is in memory still answers", func(t *testing.T) {
		if _, _, ok := s.Key(secret); !ok || s.DonneesOn() != today || len(s.Restrictions(p, noon())) != 1 {
			t.Error("forgotten")
		}
		if _, ok := s.Partner("hopital"); !ok {
			t.Error("forgotten")
		}
	})
	t.Run("an abort says nothing", func(t *testing.T) {
		x := l()
		unopened(x).Abort(nil)
	})
}

// unopened is a load whose file cannot be written.
func unopened(l *Load) *Load {
	l.id, l.f = 1, &building{path: l.s.populationPath(99)}
	return l
}

func TestTokensAreForgottenAfterADay(t *testing.T) {
	s := fresh(t)
	load(t, s, head+fund("01261")+lines(adult("a", 1)))
	register(t, s)
	p, err := s.SubjectOf(ctx, nir.MustParse(digits(1)))
	must(t, err)
	w := trace.NewWriter(s, "test")
	defer w.Close()
	rec := record(p, s.TokenDigest("jeton"))
	give := func(r *consent.Record) {
		_, err := w.Append(ctx, trace.Pending{Leaf: trace.Entry{Class: trace.AccessServed, Person: trace.Person{At: noon()}}.Leaf(), Effects: []trace.Effect{r, partner.Draw{Convention: "conv-hopital", Day: "2026-11-22"}}})
		must(t, err)
	}
	give(rec)
	t.Run("R13 the token's own consent is found again", func(t *testing.T) {
		_, st, _ := find(t, s, adult("a", 1))
		if st.ConsentID != rec.ID || len(st.Blocks) != 2 {
			t.Errorf("%+v", st)
		}
	})
	t.Run("two first calls of one token name one record, kept once", func(t *testing.T) {
		second := record(p, s.TokenDigest("jeton"))
		second.ID = rec.ID
		give(second)
		if _, st, _ := find(t, s, adult("a", 1)); st.ConsentID != rec.ID {
			t.Error("the second one")
		}
		if n, err := s.ConsentCount(ctx); err != nil || n != 1 {
			t.Errorf("%d records, %v", n, err)
		}
	})
	t.Run("another partner does not see it", func(t *testing.T) {
		got, err := s.Find(ctx, adult("a", 1).pivot(), "mutuelle", s.TokenDigest("jeton"))
		if err != nil || len(got) == 0 || got[0].Standing.ConsentID != "" {
			t.Errorf("%v", err)
		}
	})
	t.Run("R28 it survives a restart, with the quota", func(sub *testing.T) {
		must(sub, closeAll(w, s))
		s = openAt(t, s.dir)
		if _, st, _ := find(sub, s, adult("a", 1)); st.ConsentID != rec.ID || len(st.Blocks) != 2 {
			sub.Errorf("%+v", st)
		}
		if n, err := s.QuotaTaken(ctx, "conv-hopital", "2026-11-22"); err != nil || n != 2 {
			sub.Errorf("R28 %d taken, %v", n, err)
		}
		if n, err := s.QuotaTaken(ctx, "conv-hopital", "2026-11-23"); err != nil || n != 0 {
			sub.Errorf("R28 %d taken the next day, %v", n, err)
		}
	})
	t.Run("the digest of a token goes after a day, the record stays", func(t *testing.T) {
		if n, err := s.ForgetTokens(ctx); err != nil || n != 0 {
			t.Errorf("%d too early, %v", n, err)
		}
		s.clock = func() time.Time { return noon().Add(tokenMemory + time.Second) }
		if n, err := s.ForgetTokens(ctx); err != nil || n != 1 {
			t.Errorf("%d, %v", n, err)
		}
		if n, err := s.ConsentCount(ctx); err != nil || n != 1 {
			t.Errorf("%d records, %v", n, err)
		}
	})
}

func closeAll(w *trace.Writer, s *Store) error { w.Close(); return s.Close() }

func TestDigestsKeepTheirDomains(t *testing.T) { // R11
	s := fresh(t)
	var p droits.Sujet
	copy(p[:], "seize caracteres")
	seen := map[string]string{}
	for name, d := range map[string][]byte{
		"token": bytesOf(s.TokenDigest(string(p[:]))), "trace": bytesOf(s.TraceDigest("a", string(p[:]))), "trace of another domain": bytesOf(s.TraceDigest("b", string(p[:]))),
		"subject": bytesOf(s.TraceSubject(p)), "right": p[:],
	} {
		if other, twice := seen[string(d)]; twice {
			t.Errorf("%s and %s are one digest", name, other)
		}
		seen[string(d)] = name
	}
	if s.TokenDigest("x") != s.TokenDigest("x") {
		t.Error("a digest is not stable")
	}
}

func bytesOf[T ~[16]byte](d T) []byte { return d[:] }
