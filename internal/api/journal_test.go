package api_test

import (
	"encoding/json"
	"testing"

	"droits.example/droits/internal/api"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
)

const (
	findUsage   = api.JournalPath + "/findUsage"
	usagePeriod = api.JournalPath + "/usagePeriod"
)

func TestJournal(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	portal := in.SignUp(t, droits.OrganismeComplementaire, func(d *convention.Document) { d.Journal = true })
	who := apptest.With("X-Road-UserId", "portail-7")
	as := func() apptest.Change { return in.As(t, "famille-martin", portal) }
	in.Get(t, "/me", in.As(t, "famille-martin", in.Hospital)).Want(t, 200, "")
	in.Get(t, "/contrats", in.As(t, "double-rattachement-a", in.Hospital), apptest.With("nir", in.NIRInFile(t, "double-rattachement-enfant"))).Want(t, 200, "")
	type lines struct {
		Total  int `json:"totalUsages"`
		Usages []struct{ Logtime, Action, ReceiverCode, ReceiverSystem, ReceiverName string }
	}
	read := func(t *testing.T, path string, changes ...apptest.Change) (l lines) {
		t.Helper()
		a := in.Do(t, path, changes...).Want(t, 200, "")
		if err := json.Unmarshal(a.Body, &l); err != nil {
			t.Fatal(err)
		}
		return l
	}
	t.Run("R44 the portal shows who read, when and why, newest first", func(t *testing.T) {
		l := read(t, findUsage, as(), who)
		if l.Total != 1 || l.Usages[0].ReceiverCode != in.Hospital.ID || l.Usages[0].ReceiverName == "" || l.Usages[0].Logtime != "2026-11-22T12:00:00+01:00" || l.Usages[0].Action == "" {
			t.Errorf("%+v", l)
		}
	})
	t.Run("R45 it is in the journal the next time", func(t *testing.T) {
		if l := read(t, findUsage+"?limit=1", as(), who); l.Total != 2 || len(l.Usages) != 1 || l.Usages[0].ReceiverCode != portal.ID {
			t.Errorf("%+v", l)
		}
		if l := read(t, findUsage+"?periodStart=2026-11-23", as(), who); l.Total != 0 || l.Usages == nil {
			t.Errorf("%+v", l)
		}
	})
	t.Run("T12 of a reading in the other parent's session only the kind of partner is told", func(t *testing.T) {
		l := read(t, findUsage, in.As(t, "double-rattachement-b", portal), who)
		if l.Total != 1 || l.Usages[0].ReceiverCode != string(droits.Etablissement) || l.Usages[0].ReceiverName != "" {
			t.Errorf("%+v", l)
		}
	})
	t.Run("the period begins with the oldest line", func(t *testing.T) {
		a := in.Do(t, usagePeriod, as(), who).Want(t, 200, "")
		if string(a.Body) != `{"start":"2026-11-22","end":"2026-11-22"}` {
			t.Errorf("%d bytes", len(a.Body))
		}
	})
	t.Run("the heartbeat needs nobody and leaves no trace", func(t *testing.T) {
		n := in.TraceCount(t)
		if a := in.Do(t, api.JournalPath+"/heartbeat").Want(t, 200, ""); string(a.Body) != `{"status":"OK"}` || in.TraceCount(t) != n {
			t.Error("another answer")
		}
	})
	for _, c := range []struct {
		what, path string
		status     int
		code       string
		changes    []apptest.Change
	}{
		{"without the person who acts", findUsage, 400, badParam, []apptest.Change{as()}},
		{"R10 a number in place of the person who acts", findUsage, 400, badParam, []apptest.Change{as(), apptest.With("X-Road-UserId", "1860212047087")}},
		{"an impossible day", findUsage + "?periodStart=2026-02-30", 400, "date_invalide", []apptest.Change{as(), who}},
		{"a period that ends before it begins", findUsage + "?periodStart=2026-11-22&periodEnd=2026-11-21", 400, "periode_impossible", []apptest.Change{as(), who}},
		{"more lines than a page", findUsage + "?limit=1001", 400, badParam, []apptest.Change{as(), who}},
		{"a negative offset", findUsage + "?offset=-1", 400, badParam, []apptest.Change{as(), who}},
		{"a partner whose convention does not open it", findUsage, 403, "operation_hors_convention", []apptest.Change{in.As(t, "famille-martin", in.Hospital), who}},
		{"a person whom nobody knows", findUsage, 404, "personne_non_identifiee", []apptest.Change{in.As(t, "inconnu", portal), who}},
		{"a key alone", usagePeriod, 401, "jeton_absent", []apptest.Change{apptest.Key(portal), who}},
	} {
		t.Run(c.what+" is refused, and traced", func(t *testing.T) {
			n := in.TraceCount(t)
			in.Do(t, c.path, c.changes...).Want(t, c.status, c.code)
			if in.TraceCount(t) != n+1 {
				t.Error("R42 no trace")
			}
		})
	}
}
