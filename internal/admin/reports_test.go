package admin_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"droits.example/droits/internal/access"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/trace"
)

func TestReportsOfPersons(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	const words = "Je n'étais pas à Rodez ce jour-là."
	in.Get(t, "/me", in.As(t, "ald", in.Hospital)).Want(t, 200, "")
	c, err := in.App.Access.SignIn(t.Context(), identity.Assertion{Profile: identity.V2, Subject: "s", Pivot: in.Person(t, "ald").Pivot}, access.Visit{})
	if err != nil {
		t.Fatal(err)
	}
	page, err := in.App.Access.Readings(t.Context(), c, access.Visit{}, access.ReadingQuery{Partner: in.Hospital.ID})
	if err != nil || len(page.Lines) != 1 {
		t.Fatal(err)
	}
	ref, err := in.App.Access.Report(t.Context(), c, access.Visit{}, page.Lines[0].ID, words)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("R44 what a person reported is read under the reference of a file, and the reading is in the log", func(t *testing.T) {
		code, _, text := act(t, in, http.MethodGet, "/reports?file=DPO-2026-014", "")
		e := in.Entries(t, in.TraceCount(t)-1)[0]
		if code != 200 || !strings.Contains(text, ref) || !strings.Contains(text, words) {
			t.Errorf("%d", code)
		}
		if e.Class != trace.AgentAction || e.Str("operation") != "lecture_signalements" || e.Str("object") != "DPO-2026-014" {
			t.Error("another entry")
		}
	})
	for _, file := range []string{"", "a b", strings.Repeat("x", 65), "1860212047087"} {
		t.Run("without the reference of a file nothing is read", func(t *testing.T) {
			n := in.TraceCount(t)
			if code, v, _ := act(t, in, http.MethodGet, "/reports?file="+strings.ReplaceAll(file, " ", "+"), ""); code != 400 || v["field"] != "file" || in.TraceCount(t) != n {
				t.Errorf("%d %v", code, v)
			}
		})
	}
	t.Run("T5 what a person wrote is sealed in the files", func(t *testing.T) {
		files, err := filepath.Glob(filepath.Join(in.Dir, "*"))
		if err != nil || len(files) == 0 {
			t.Fatal(err)
		}
		for _, f := range files {
			if b, err := os.ReadFile(f); err == nil && strings.Contains(string(b), "Rodez") {
				t.Error(filepath.Base(f), "holds it")
			}
		}
	})
	t.Run("a store that is closed is said so", func(t *testing.T) {
		in.BadDB(t)
		if code, _, _ := act(t, in, http.MethodGet, "/reports?file=x", ""); code != 503 {
			t.Error(code)
		}
	})
}
