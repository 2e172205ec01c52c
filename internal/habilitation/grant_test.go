package habilitation

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
)

func TestTheConventionOfAGrantSaysWhatWasGranted(t *testing.T) { // R26 R27
	f := complete()
	f.Donnees.Blocs = []droits.Bloc{droits.BlocIdentite, droits.BlocContrats, droits.BlocExonerationsMotif, droits.BlocExonerations}
	f.Engagements.Terms = convention.TermsVersion
	from, _ := civil.Parse("2026-11-22")
	d := Grant{Version: 1, Form: f, GrantedAt: at()}.Document(Drafting{ID: "hopital-preadmission", Version: 1, Operator: "Gestionnaire", Partner: "hopital", From: from})
	if _, err := convention.New(d, convention.Draft); err != nil {
		t.Fatal(err)
	}
	if err := d.CheckNotice(); err != nil {
		t.Error(err)
	}
	terms, _ := convention.TermsOf(convention.TermsVersion)
	switch {
	case d.Until.String() != "2029-11-21":
		t.Error("three years", d.Until)
	case d.Quota.PerDay != f.Volumes.PerDay || d.Quota.PerSecond != f.Volumes.PerSecond:
		t.Error("R28 the quota is not the volume that was granted")
	case fmt.Sprint(d.FCClients) != "[{client-12 v2}]" || d.Purpose != "preadmission" || fmt.Sprint(d.Blocks) != fmt.Sprint(f.Donnees.Blocs):
		t.Errorf("%+v", d)
	case d.Terms.TermsSHA256 != terms.SHA256 || d.Auth != convention.AuthKey || d.Parties.SIRET != f.Organisation.SIRET || d.Parties.Name != f.Organisation.Nom:
		t.Errorf("%+v", d)
	case fmt.Sprint(d.Consent.Ticks) != fmt.Sprint([]droits.Bloc{droits.BlocExonerationsMotif}):
		t.Error("R38 a sensitive block waits for no tick", d.Consent.Ticks)
	}
}

func TestEditions(t *testing.T) {
	r := in(Draft, false)
	r.Events = []Event{{Act: Create}}
	f := complete()
	f.Projet.Intitule = "Autre"
	first := r.Edition()
	next, err := r.Do(Doing{Act: Update, Role: Demandeur, Author: "c1", At: at(), Form: &f, Edition: first})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("what was overtaken says so and does nothing", func(t *testing.T) {
		_, err := next.Do(Doing{Act: Update, Role: Demandeur, Author: "c2", At: at(), Form: &f, Edition: first})
		if !fault.Is(err, fault.ActeImpossible) || fault.From(err).Reason() != EditionStale {
			t.Error(err)
		}
	})
	t.Run("a message or a note overtakes nobody", func(t *testing.T) {
		for _, a := range []Act{Write, Note} {
			sub := next
			sub.State = Submitted
			told, err := sub.Do(Doing{Act: a, Role: Instructeur, Author: "a1", At: at(), Text: "Bonjour."})
			if err != nil || told.Edition() != next.Edition() {
				t.Error(a, err)
			}
		}
	})
}

func TestDocumentsAreKnownByWhatTheyHold(t *testing.T) { // R25
	pdf := "%PDF-1.7\n1 0 obj\n%%EOF\n"
	for _, c := range []struct{ name, content, reason string }{
		{"a PDF", pdf, ""}, {"nothing", "", PieceEmpty}, {"a program called .pdf", "MZ\x90\x00" + pdf, PieceNotPDF}, {"a page", "<html>%PDF-1.7 %%EOF", PieceNotPDF},
		{"half a PDF", "%PDF-1.7\n1 0 obj\n", PieceNotPDF}, {"too much", pdf + strings.Repeat(" ", MaxPiece) + "%%EOF", PieceTooLarge},
	} {
		err := CheckPiece("cadre.document", []byte(c.content))
		if c.reason == "" && err != nil || c.reason != "" && (!fault.Is(err, fault.ParametreInvalide) || fault.From(err).Reason() != c.reason) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if CheckPiece("organisation.siret", []byte(pdf)) == nil {
		t.Error("any field takes a document")
	}
}

func TestNamesOfDocuments(t *testing.T) {
	for raw, want := range map[string]string{
		"Décret.pdf": "Décret.pdf", "": "document.pdf", "../../etc/passwd": "passwd.pdf", `C:\docs\base.PDF`: "base.pdf", "a\r\nSet-Cookie: x.pdf": "aSet-Cookie x.pdf",
		`"quoted".pdf`: "quoted.pdf", "...": "document.pdf", "page.html": "page.html.pdf", "\u202egnp.pdf": "gnp.pdf",
	} {
		if got := PieceName(raw); got != want {
			t.Errorf("%q: %q, expected %q", raw, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		got := PieceName(rapid.String().Draw(t, "name"))
		if len([]rune(got)) > maxName+4 || !strings.HasSuffix(got, ".pdf") || strings.ContainsAny(got, "/\\\"\r\n\x00") || PieceName(got) != got {
			t.Fatalf("%q", got)
		}
	})
}
