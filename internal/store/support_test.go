package store

import (
	"errors"
	"testing"
	"time"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/support"
)

func TestFiles(t *testing.T) { // R48
	s := fresh(t)
	open := func(org string, k support.Kind) support.File {
		t.Helper()
		f, err := s.OpenFile(ctx, support.File{Kind: k, Organisation: org, Subject: "Objet", KnownAt: noon().Add(-time.Hour), Messages: []support.Message{{Side: support.Partner, Author: "cpt", Text: "Texte scellé"}}})
		must(t, err)
		return f
	}
	a, b, v := open("a", support.Question), open("b", support.Question), open("a", support.Incident)
	if a.ID != "S-2026-0001" || b.ID != "S-2026-0002" || v.ID != "V-2026-0001" {
		t.Error(a.ID, b.ID, v.ID)
	}
	t.Run("an organisation reads, writes and closes its own alone", func(t *testing.T) {
		_, read := s.File(ctx, "b", a.ID)
		write := s.WriteFile(ctx, "b", a.ID, support.Message{Side: support.Partner, Text: "x"})
		end := s.CloseFile(ctx, "b", a.ID, support.Partner)
		for _, err := range []error{read, write, end} {
			if !fault.Is(err, fault.RessourceInconnue) {
				t.Error(err)
			}
		}
		if list, n, err := s.Files(ctx, support.Query{Organisation: "a", Limit: 10}); err != nil || n != 2 || len(list) != 2 {
			t.Error(n, err)
		}
	})
	t.Run("what both sides write is kept in order", func(t *testing.T) {
		must(t, s.WriteFile(ctx, "", a.ID, support.Message{Side: support.Operator, Author: "cpt_2", Text: "Réponse"}))
		f, err := s.File(ctx, "a", a.ID)
		if err != nil || len(f.Messages) != 2 || f.State != support.Answered {
			t.Error(err, len(f.Messages), f.State)
		}
		must(t, s.CloseFile(ctx, "a", a.ID, support.Partner))
		if err := s.CloseFile(ctx, "a", v.ID, support.Partner); !fault.Is(err, fault.RoleInsuffisant) {
			t.Error(err)
		}
		if _, n, _ := s.Files(ctx, support.Query{Kind: support.Question, State: support.Waiting, Limit: 10}); n != 1 {
			t.Error(n)
		}
	})
	t.Run("pages have bounds", func(t *testing.T) {
		_, _, none := s.Files(ctx, support.Query{})
		_, _, many := s.Files(ctx, support.Query{Limit: support.MaxPage + 1})
		if err := errors.Join(none, many); !fault.Is(none, fault.ParametreInvalide) || !fault.Is(many, fault.ParametreInvalide) {
			t.Error(err)
		}
	})
}
