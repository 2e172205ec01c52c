package support

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/fault"
)

func TestFiles(t *testing.T) { // R77
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	whole := func() File {
		return File{Kind: Incident, Organisation: "x", Subject: "Poste volé", KnownAt: now.Add(-time.Hour), Messages: []Message{{Side: Partner, Author: "cpt_1", Text: "Un poste a été volé."}}}
	}
	for name, c := range map[string]struct {
		change func(*File)
		field  string
	}{
		"a whole incident":              {func(*File) {}, ""},
		"no subject":                    {func(f *File) { f.Subject = "  " }, "objet"},
		"a subject too long":            {func(f *File) { f.Subject = strings.Repeat("é", 201) }, "objet"},
		"no text":                       {func(f *File) { f.Messages[0].Text = "" }, "texte"},
		"no message":                    {func(f *File) { f.Messages = nil }, "texte"},
		"a request id that is none":     {func(f *File) { f.RequestID = "a b" }, "demande"},
		"an incident of no date":        {func(f *File) { f.KnownAt = time.Time{} }, "connu"},
		"an incident known tomorrow":    {func(f *File) { f.KnownAt = now.Add(time.Hour) }, "connu"},
		"another kind":                  {func(f *File) { f.Kind = "autre" }, "nature"},
		"a question needs no such date": {func(f *File) { f.Kind, f.KnownAt = Question, time.Time{} }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := whole()
			c.change(&f)
			if _, err := f.Open(now); c.field == "" && err != nil || c.field != "" && fault.From(err).Field() != c.field {
				t.Errorf("answered %v", err)
			}
		})
	}
	f, err := whole().Open(now)
	if err != nil || f.State != Waiting || !f.Due().Equal(now.Add(71*time.Hour)) {
		t.Fatal(err, f.State, f.Due())
	}
	t.Run("whose turn it is follows who wrote last", func(t *testing.T) {
		g, err := f.Write(Message{At: now, Side: Operator, Text: "Combien de personnes ?"})
		if err != nil || g.State != Answered || len(f.Messages) != 1 {
			t.Error(err, g.State, "or the file before was changed")
		}
		if h, _ := g.Write(Message{At: now, Side: Partner, Text: "Douze."}); h.State != Waiting {
			t.Error(h.State)
		}
		if _, err := g.Write(Message{Side: Partner}); fault.From(err).Field() != "texte" {
			t.Error(err)
		}
	})
	t.Run("the operator alone closes an incident, either side a question, once", func(t *testing.T) {
		if _, err := f.Close(Partner, now); !fault.Is(err, fault.RoleInsuffisant) {
			t.Error(err)
		}
		g, err := f.Close(Operator, now)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := g.Close(Operator, now); !fault.Is(err, fault.ActeImpossible) {
			t.Error(err)
		}
		q := f
		q.Kind = Question
		if _, err := q.Close(Partner, now); err != nil || !q.Due().IsZero() {
			t.Error(err)
		}
	})
	if s := fmt.Sprintf("%v %+v %#v", f, f, f); strings.Contains(s, "volé") {
		t.Error("a text is printed")
	}
}
