package store

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/habilitation"
	"droits.example/droits/internal/trace"
)

func pdf(more string) []byte { return []byte("%PDF-1.7\n" + more + "\n%%EOF\n") }

func member(once string) habilitation.Doing {
	return habilitation.Doing{Role: habilitation.Demandeur, Author: "cpt_1", Once: once}
}

func openedRequest(t *testing.T, s *Store, once string) habilitation.Request {
	t.Helper()
	d := member(once)
	d.Form = applied()
	r, err := s.OpenRequest(ctx, d)
	must(t, err)
	return r
}

func TestAFormThatIsSentTwiceIsOneAct(t *testing.T) {
	s := fresh(t)
	a := openedRequest(t, s, "f1")
	if b := openedRequest(t, s, "f1"); b.ID != a.ID {
		t.Error("two requests of one form")
	}
	if b := openedRequest(t, s, "f2"); b.ID == a.ID {
		t.Error("another form is another request")
	}
	write := func(once, author string) {
		d := member(once)
		d.Act, d.Text, d.Author = habilitation.Write, "Bonjour.", author
		_, err := s.ActOnRequest(ctx, a.ID, d)
		must(t, err)
	}
	var both sync.WaitGroup
	for range 4 {
		both.Go(func() { write("f3", "cpt_1") })
	}
	both.Wait()
	write("f3", "cpt_2") // somebody else's form of the same name
	r, err := s.Request(ctx, a.ID)
	if err != nil || len(r.Events) != 3 {
		t.Errorf("%d events, %v", len(r.Events), err)
	}
}

func TestDocumentsOfARequest(t *testing.T) { // R25
	s := fresh(t)
	r := openedRequest(t, s, "")
	attach := func(content []byte) (habilitation.Request, error) {
		return s.AttachPiece(ctx, habilitation.Piece{Request: r.ID, Field: "cadre.document", Name: "Décret secret.pdf"}, content, member(""))
	}
	next, err := attach(pdf("Texte confidentiel"))
	must(t, err)
	id := next.Form.Pieces["cadre.document"]
	t.Run("it is read back as it was", func(t *testing.T) {
		p, b, err := s.Piece(ctx, r.ID, id)
		if err != nil || !bytes.Equal(b, pdf("Texte confidentiel")) || p.Name != "Décret secret.pdf" || p.Size != len(b) || p.Field != "cadre.document" {
			t.Errorf("%+v %v", p, err)
		}
	})
	t.Run("only with the request it belongs to", func(t *testing.T) {
		other := openedRequest(t, s, "")
		if _, _, err := s.Piece(ctx, other.ID, id); !fault.Is(err, fault.RessourceInconnue) {
			t.Error(err)
		}
	})
	t.Run("T5 it is sealed in the files", func(t *testing.T) {
		files, err := filepath.Glob(filepath.Join(s.dir, "*"))
		must(t, err)
		for _, f := range files {
			if b, err := os.ReadFile(f); err == nil && (bytes.Contains(b, []byte("confidentiel")) || bytes.Contains(b, []byte("secret.pdf"))) {
				t.Error(filepath.Base(f), "holds it")
			}
		}
	})
	t.Run("R31 one that replaces it is a difference, and the first stays with what was submitted", func(t *testing.T) {
		other := member("")
		other.Author = "cpt_2" // what one person saves in a sitting is told as one
		again, err := s.AttachPiece(ctx, habilitation.Piece{Request: r.ID, Field: "cadre.document"}, pdf("Autre"), other)
		must(t, err)
		last := again.Events[len(again.Events)-1]
		if len(last.Changes) != 1 || last.Changes[0].Field != "cadre.document" || last.Changes[0].Before != id {
			t.Errorf("%+v", last.Changes)
		}
		if list, err := s.Pieces(ctx, r.ID); err != nil || len(list) != 2 {
			t.Errorf("%d %v", len(list), err)
		}
	})
	t.Run("the same document sent twice is one", func(t *testing.T) {
		before, err := s.Request(ctx, r.ID)
		must(t, err)
		again, err := s.AttachPiece(ctx, habilitation.Piece{Request: r.ID, Field: "cadre.document"}, pdf("Autre"), member(""))
		list, _ := s.Pieces(ctx, r.ID)
		if err != nil || again.Form.Pieces["cadre.document"] != before.Form.Pieces["cadre.document"] || len(list) != 2 {
			t.Error(len(list), err)
		}
	})
	t.Run("what is no PDF is kept nowhere", func(t *testing.T) {
		if _, err := attach([]byte("MZ")); !fault.Is(err, fault.ParametreInvalide) || fault.From(err).Reason() != habilitation.PieceNotPDF {
			t.Error(err)
		}
	})
	t.Run("nothing is joined to what is submitted", func(t *testing.T) {
		d := member("")
		d.Act = habilitation.Submit
		_, err := s.ActOnRequest(ctx, r.ID, d)
		must(t, err)
		if _, err := attach(pdf("Tard")); !fault.Is(err, fault.ActeImpossible) {
			t.Error(err)
		}
		if list, _ := s.Pieces(ctx, r.ID); len(list) != 2 {
			t.Error("it was kept all the same")
		}
	})
	t.Run("there is a bound", func(t *testing.T) {
		many := openedRequest(t, s, "")
		var last error
		for n := range habilitation.MaxPieces + 1 {
			_, last = s.AttachPiece(ctx, habilitation.Piece{Request: many.ID, Field: "cadre.document"}, pdf(strconv.Itoa(n)), member(""))
		}
		if !fault.Is(last, fault.ParametreInvalide) || fault.From(last).Reason() != habilitation.PieceTooMany {
			t.Error(last)
		}
	})
}

func TestWhatIsDoneWithARequestIsInTheLog(t *testing.T) { // R48
	s := fresh(t)
	r := openedRequest(t, s, "")
	by := s.By(trace.By{Actor: trace.ActorPartner, Author: "cpt_1", RequestID: "req-1"})
	for _, c := range []struct {
		operation string
		actor     trace.Actor
		do        func(*Store) error
	}{
		{"demande_update", trace.ActorPartner, func(s *Store) error {
			_, err := s.AttachPiece(ctx, habilitation.Piece{Request: r.ID, Field: "cadre.document", Name: "a.pdf"}, pdf("a"), member(""))
			return err
		}},
		{"demande_update", trace.ActorPartner, func(s *Store) error {
			_, err := s.DetachPiece(ctx, r.ID, "cadre.document", member(""))
			return err
		}},
		{"demande_message", trace.ActorPartner, func(s *Store) error {
			d := member("")
			d.Act, d.Text = habilitation.Write, "Bonjour."
			_, err := s.ActOnRequest(ctx, r.ID, d)
			return err
		}},
		{"modalites_annoncees", trace.ActorOperator, func(s *Store) error {
			_, err := s.AnnounceTerms(ctx, "2027-02", civil.On(s.clock()).AddDays(convention.TermsNoticeDays))
			return err
		}},
	} {
		t.Run("R48 "+c.operation+" is one event, told as whose it is", func(t *testing.T) {
			n, err := s.TraceCount(ctx)
			must(t, err)
			who := s
			if c.actor == trace.ActorPartner {
				who = by
			}
			must(t, c.do(who))
			if e := events(t, s, n); len(e) != 1 || e[0].Operation != c.operation || e[0].Actor != string(c.actor) {
				t.Errorf("%+v", e)
			}
		})
	}
	verified(t, s)
}

func TestARequestStaysWithTheOrganisationThatOpenedIt(t *testing.T) {
	s := fresh(t)
	r := openedRequest(t, s, "")
	f := applied()
	f.Organisation.SIRET = "00000000000018"
	d := member("")
	d.Act, d.Form = habilitation.Update, f
	_, err := s.ActOnRequest(ctx, r.ID, d)
	must(t, err)
	for siret, n := range map[string]int{applied().Organisation.SIRET: 1, f.Organisation.SIRET: 0, "": 0} {
		if list, err := s.RequestsOf(ctx, siret); err != nil || len(list) != n {
			t.Errorf("%d requests, %v", len(list), err)
		}
	}
}

func TestAnOrganisationBeginsSoManyRequestsAndNoMore(t *testing.T) {
	s := fresh(t)
	var last error
	for range habilitation.MaxDrafts + 1 {
		d := member("")
		d.Form = applied()
		_, last = s.OpenRequest(ctx, d)
	}
	if fault.From(last).Reason() != habilitation.TooManyDrafts {
		t.Error(last)
	}
	other := member("")
	f := applied()
	f.Organisation.SIRET = "00000000000018"
	other.Form = f
	if _, err := s.OpenRequest(ctx, other); err != nil {
		t.Error("another organisation is stopped too:", err)
	}
}

func TestWhatAnAccountHasSeen(t *testing.T) {
	s := fresh(t)
	must(t, s.NoteSeen(ctx, "cpt_1", "D-1", 3))
	must(t, s.NoteSeen(ctx, "cpt_1", "D-1", 2))
	must(t, s.NoteSeen(ctx, "cpt_2", "D-1", 1))
	if seen, err := s.SeenBy(ctx, "cpt_1"); err != nil || len(seen) != 1 || seen["D-1"] != 3 {
		t.Error(seen, err)
	}
}

// granted is a request that was approved.
func granted(t *testing.T, s *Store, f *habilitation.Form) habilitation.Request {
	t.Helper()
	d := member("")
	d.Form = f
	r, err := s.OpenRequest(ctx, d)
	must(t, err)
	for _, x := range []habilitation.Doing{{Act: habilitation.Submit, Role: habilitation.Demandeur, Author: "cpt_1"}, {Act: habilitation.Approve, Role: habilitation.Instructeur, Author: "cpt_a"}} {
		r, err = s.ActOnRequest(ctx, r.ID, x)
		must(t, err)
	}
	return r
}

func TestAGrantBecomesAConvention(t *testing.T) { // R26 R27
	s := fresh(t)
	f := applied()
	f.Organisation.Nom, f.Organisation.SIRET = "Clinique de l'Île Fictive", "00000000000026"
	r := granted(t, s, f)
	x := habilitation.Drafting{Operator: "Gestionnaire"}
	t.Run("a rehearsal makes nothing", func(t *testing.T) {
		if c, err := s.Rehearsal().PrepareConvention(ctx, r.ID, x); err != nil || c.Document.Parties.Partner == "" {
			t.Fatal(err)
		}
		if list, err := s.Conventions(ctx); err != nil || len(list) != 0 {
			t.Error(len(list), err)
		}
	})
	n, err := s.TraceCount(ctx)
	must(t, err)
	c, err := s.PrepareConvention(ctx, r.ID, x)
	must(t, err)
	t.Run("R27 it is a draft, with a partner of its own", func(t *testing.T) {
		list, err := s.Conventions(ctx)
		must(t, err)
		p, err := s.Partners(ctx)
		must(t, err)
		if len(list) != 1 || list[0].Digest != c.Digest || list[0].State != convention.Draft || c.Document.ID != "clinique-de-l-ile-fictive-preadmission" || len(p) != 1 || p[0].ID != "clinique-de-l-ile-fictive" || p[0].SIRET != f.Organisation.SIRET {
			t.Errorf("%+v %+v", c.Document, p)
		}
	})
	t.Run("R74 the technical contact of the request is told of the end of keys", func(t *testing.T) {
		mail, err := s.contactOf(ctx, c.Document.Parties.Partner)
		must(t, err)
		if mail == "" || mail != f.Contacts.Technique.Courriel {
			t.Error("nobody is told")
		}
	})
	t.Run("R48 one event tells the request, the partner and the convention", func(t *testing.T) {
		e := events(t, s, n)
		if len(e) != 1 || e[0].Operation != "convention_preparee" || e[0].Object != r.ID || e[0].Partner != c.Document.Parties.Partner || !strings.HasSuffix(e[0].Convention, "/1") {
			t.Errorf("%+v", e)
		}
	})
	t.Run("asked again it is the same draft", func(t *testing.T) {
		again, err := s.PrepareConvention(ctx, r.ID, x)
		if list, _ := s.Conventions(ctx); err != nil || again.Digest != c.Digest || len(list) != 1 {
			t.Error(err)
		}
	})
	t.Run("R26 an update that is approved is the next version of the same convention", func(t *testing.T) {
		f.Donnees.Blocs = append(f.Donnees.Blocs, droits.BlocCaisse)
		for _, d := range []habilitation.Doing{
			{Act: habilitation.Reopen, Role: habilitation.Demandeur}, {Act: habilitation.Update, Role: habilitation.Demandeur, Form: f},
			{Act: habilitation.Submit, Role: habilitation.Demandeur}, {Act: habilitation.Approve, Role: habilitation.Instructeur},
		} {
			d.Author = "cpt_1"
			_, err := s.ActOnRequest(ctx, r.ID, d)
			must(t, err)
		}
		next, err := s.PrepareConvention(ctx, r.ID, x)
		if err != nil || next.Document.ID != c.Document.ID || next.Document.Version != 2 || !next.Has(droits.BlocCaisse) || c.Has(droits.BlocCaisse) {
			t.Errorf("%+v %v", next.Document, err)
		}
	})
	t.Run("a second organisation of the same name has its own", func(t *testing.T) {
		other := applied()
		other.Organisation.Nom = f.Organisation.Nom
		c, err := s.PrepareConvention(ctx, granted(t, s, other).ID, x)
		if err != nil || c.Document.Parties.Partner != "clinique-de-l-ile-fictive-2" {
			t.Error(c.Document.Parties.Partner, err)
		}
	})
	t.Run("R27 one that is altered by one byte is marked, and hides no other", func(t *testing.T) {
		for _, sql := range []string{`UPDATE convention SET document = replace(document, '"per_day":100', '"per_day":101') WHERE version = 2`, `UPDATE convention SET document = 'x' WHERE version = 2`} {
			if _, err := s.journal.writer.ExecContext(ctx, sql); err != nil {
				t.Fatal(err)
			}
			list, err := s.ConventionsBySIRET(ctx, f.Organisation.SIRET)
			if err != nil || len(list) != 2 || !list[0].Altered || list[0].Document.ID != c.Document.ID || list[0].Document.Version != 2 || list[1].Altered || list[0].LiveAt(s.clock()) {
				t.Errorf("%d %v", len(list), err)
			}
		}
	})
	t.Run("without a grant there is none", func(t *testing.T) {
		if _, err := s.PrepareConvention(ctx, openedRequest(t, s, "").ID, x); !fault.Is(err, fault.ActeImpossible) {
			t.Error(err)
		}
		if _, err := s.PrepareConvention(ctx, "D-1999-0001", x); !fault.Is(err, fault.RessourceInconnue) {
			t.Error(err)
		}
	})
}

func TestOnlyTermsThatHoldAreAccepted(t *testing.T) {
	s := fresh(t)
	f := applied()
	f.Engagements.Terms = "1999-01"
	d := member("")
	d.Form = f
	r, err := s.OpenRequest(ctx, d)
	must(t, err)
	submit := member("")
	submit.Act = habilitation.Submit
	if _, err := s.ActOnRequest(ctx, r.ID, submit); !fault.Is(err, fault.ParametreInvalide) || fault.From(err).Reason() != TermsStale {
		t.Error(err)
	}
	held, next, err := s.Terms(ctx)
	if err != nil || held.Version != convention.TermsVersion || next != (convention.Announced{}) {
		t.Error(held, next, err)
	}
}
