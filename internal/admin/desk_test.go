package admin_test

import (
	"net/http"
	"strings"
	"testing"

	"droits.example/droits/internal/apptest"
)

func TestTheDesk(t *testing.T) { // R9
	in := apptest.Start(t, apptest.Options{})
	in.Get(t, "/me", in.As(t, "ambigue", in.Insurer)).Want(t, 404, "personne_non_identifiee")
	in.Get(t, "/me", in.As(t, "inconnu", in.Hospital)).Want(t, 404, "personne_non_identifiee")
	in.Get(t, "/me", in.As(t, "c2s", in.Insurer)).Want(t, 200, "")
	t.Run("R9 what the caller cannot tell apart is told apart here", func(t *testing.T) {
		code, r, text := act(t, in, http.MethodGet, "/identity/desk?for=1h&outcome=&limit=10", "")
		cases, _ := r["cases"].([]any)
		if code != 200 || len(cases) != 2 || !strings.Contains(text, `"ambiguous"`) || !strings.Contains(text, `"NO_CANDIDATE"`) {
			t.Fatalf("%d %s", code, text)
		}
	})
	for name, query := range map[string]string{
		"without a duration":             "outcome=&limit=1",
		"with a duration of nothing":     "for=0s&outcome=&limit=1",
		"with a duration too long":       "for=99999h&outcome=&limit=1",
		"with an outcome that is none":   "for=1h&outcome=match&limit=1",
		"with a limit that is no number": "for=1h&outcome=&limit=x",
		"with a limit too large":         "for=1h&outcome=&limit=10001",
		"with a limit below zero":        "for=1h&outcome=&limit=-1",
	} {
		t.Run("a report "+name+" is refused and names the member", func(t *testing.T) {
			code, v, _ := act(t, in, http.MethodGet, "/identity/desk?"+query, "")
			if code != 400 || v["code"] != "parametre_invalide" || v["field"] == nil {
				t.Errorf("%d %v", code, v)
			}
		})
	}
	t.Run("a store that is closed is said so", func(t *testing.T) {
		in.BadDB(t)
		if code, v, _ := act(t, in, http.MethodGet, "/identity/desk?for=1h&outcome=&limit=1", ""); code != 503 || v["code"] != "service_indisponible" {
			t.Errorf("%d %v", code, v)
		}
	})
}
