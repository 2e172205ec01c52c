package admin_test

import (
	"net/http"
	"strings"
	"testing"

	"droits.example/droits/internal/admin"
	"droits.example/droits/internal/apptest"
)

func TestWebhooksOfPartners(t *testing.T) { // R20 R48
	in := apptest.Start(t, apptest.Options{})
	hook := func(apply bool) string {
		body := `{"id":"hopital","url":"https://recepteur.example/droits"`
		if apply {
			body += `,"apply":true`
		}
		return body + "}"
	}
	show := admin.WebhookPath("hopital")
	t.Run("setting one is rehearsed first, and its secret is shown once", func(t *testing.T) {
		if code, v, _ := act(t, in, http.MethodPost, "/webhooks", hook(false)); code != 200 || v["secret"] != nil {
			t.Errorf("%d %v", code, v)
		}
		if code, _, _ := act(t, in, http.MethodGet, show, ""); code != 404 {
			t.Errorf("the rehearsal acts: %d", code)
		}
		code, v, _ := act(t, in, http.MethodPost, "/webhooks", hook(true))
		secret, _ := v["secret"].(string)
		if code != 200 || !strings.HasPrefix(secret, "whsec_") {
			t.Fatalf("%d %v", code, v)
		}
		if code, v, text := act(t, in, http.MethodGet, show, ""); code != 200 || v["url"] != "https://recepteur.example/droits" || strings.Contains(text, secret) {
			t.Errorf("%d %s", code, text)
		}
	})
	for name, c := range map[string]struct {
		path, body, code, field string
		status                  int
	}{
		"an address in clear":                      {"/webhooks", `{"id":"hopital","url":"http://recepteur.example/"}`, "parametre_invalide", "url", 400},
		"an address that answers with credentials": {"/webhooks", `{"id":"hopital","url":"https://169.254.169.254/"}`, "parametre_invalide", "url", 400},
		"a partner that does not exist":            {"/webhooks", `{"id":"personne","url":"https://recepteur.example/"}`, "ressource_inconnue", "partner", 404},
		"a test of none":                           {"/webhooks/test", `{"id":"mutuelle"}`, "ressource_inconnue", "webhook", 404},
		"a replay of what does not exist":          {"/webhooks/replay", `{"id":"hopital","delivery":"env_x"}`, "ressource_inconnue", "delivery", 404},
		"a removal of none":                        {"/webhooks/remove", `{"id":"mutuelle"}`, "ressource_inconnue", "webhook", 404},
	} {
		t.Run(name+" is refused and named", func(t *testing.T) {
			if code, v, _ := act(t, in, http.MethodPost, c.path, c.body); code != c.status || v["code"] != c.code || v["field"] != c.field {
				t.Errorf("%d %v", code, v)
			}
		})
	}
	t.Run("a test is queued under an identifier, a replay counts, a removal ends it", func(t *testing.T) {
		if code, v, _ := act(t, in, http.MethodPost, "/webhooks/test", `{"id":"hopital","apply":true}`); code != 200 || !strings.HasPrefix(v["id"].(string), "env_") {
			t.Errorf("%d %v", code, v)
		}
		if code, v, _ := act(t, in, http.MethodPost, "/webhooks/replay", `{"id":"hopital","apply":true}`); code != 200 || v["messages"] != 0.0 {
			t.Errorf("%d %v", code, v)
		}
		if code, _, _ := act(t, in, http.MethodPost, "/webhooks/remove", `{"id":"hopital","apply":true}`); code != 200 {
			t.Errorf("%d", code)
		}
		if code, _, _ := act(t, in, http.MethodGet, show, ""); code != 404 {
			t.Errorf("%d", code)
		}
	})
	t.Run("R19 a convention that binds no known notice is refused", func(t *testing.T) {
		doc := document(t, in, func(d map[string]any) { d["terms"].(map[string]any)["notice"] = "2031-01" })
		if code, v, _ := act(t, in, http.MethodPost, "/conventions", `{"convention":`+doc+`}`); code != 400 || v["field"] != "terms" || v["reason"] != "NOTICE_UNKNOWN" {
			t.Errorf("R19 %d %v", code, v)
		}
	})
}
