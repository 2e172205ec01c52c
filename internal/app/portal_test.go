package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/admin"
	"droits.example/droits/internal/app"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/habilitation"
)

// portal drives the administration over the network, and holds each exchange
// against its document.
type portal struct {
	in     *apptest.Instance
	doc    *openapi3.T
	secret string
}

func (p portal) call(t *testing.T, method, path string, body any) (int, map[string]any) {
	t.Helper()
	var sent []byte
	if body != nil {
		sent, _ = json.Marshal(body)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, p.in.URL+admin.PortalPath+path, bytes.NewReader(sent))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if p.secret != "" {
		req.Header.Set("Authorization", "Bearer "+p.secret)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, _ := io.ReadAll(resp.Body)
	router, err := gorillamux.NewRouter(p.doc)
	if err != nil {
		t.Fatal(err)
	}
	asked, _ := http.NewRequest(method, admin.PortalPath+path, bytes.NewReader(sent))
	asked.Header.Set("Content-Type", "application/json")
	if route, params, err := router.FindRoute(asked); err == nil {
		err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
			RequestValidationInput: &openapi3filter.RequestValidationInput{Request: asked, PathParams: params, Route: route},
			Status:                 resp.StatusCode, Header: resp.Header, Body: io.NopCloser(bytes.NewReader(raw)),
		})
		if err != nil {
			t.Errorf("%s %s, status %d: not what the document says: %.200v", method, path, resp.StatusCode, err)
		}
	}
	var out map[string]any
	_ = json.Unmarshal(raw, &out) // a list has no members to look at
	return resp.StatusCode, out
}

func TestAdministrationOverTheNetwork(t *testing.T) { // R22 R33 R48
	in := apptest.Start(t, apptest.Options{Edit: func(c *app.Config) { c.Administration.Open = true }})
	doc, err := openapi3.NewLoader().LoadFromData(admin.PortalDocument)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		t.Fatal(err)
	}
	ids := map[account.Role]string{}
	as := func(r account.Role) portal {
		t.Helper()
		secret := account.NewMachineSecret("test_")
		m, err := in.App.Store.AddMachine(t.Context(), account.Machine{Name: "portail d'essai", Role: r, Director: "Direction d'essai", ExpiresAt: in.Clock.Now().AddDate(1, 0, 0)}, secret)
		if err != nil {
			t.Fatal(err)
		}
		ids[r] = m.ID
		return portal{in, doc, secret}
	}
	t.Run("the document and the operations are the same", func(t *testing.T) {
		var said []string
		for path, item := range doc.Paths.Map() {
			for method := range item.Operations() {
				said = append(said, method+" "+path)
			}
		}
		slices.Sort(said)
		if want := admin.PortalOperations(); !slices.Equal(said, want) {
			t.Errorf("documented:\n%s\nanswered:\n%s", strings.Join(said, "\n"), strings.Join(want, "\n"))
		}
		resp, err := http.Get(in.URL + admin.PortalPath + "/openapi.yaml")
		if err != nil || resp.StatusCode != 200 {
			t.Error("the document is not served")
		}
	})
	t.Run("nobody enters without a secret, or with one that is no longer good", func(t *testing.T) {
		old := as(account.DPO)
		if err := in.App.Store.RevokeMachine(t.Context(), ids[account.DPO]); err != nil {
			t.Fatal(err)
		}
		for name, p := range map[string]portal{"none": {in, doc, ""}, "forged": {in, doc, "adm_test_x"}, "a partner's key": {in, doc, in.Hospital.Key}, "long": {in, doc, strings.Repeat("a", 5000)}, "revoked": old} {
			for _, op := range admin.PortalOperations() {
				method, path, _ := strings.Cut(op, " ")
				if status, out := p.call(t, method, path, nil); status != 401 || out["code"] == "" {
					t.Errorf("%s: %s answers %d", name, op, status)
				}
			}
		}
	})
	applicant, examiner, evaluator := as(account.Demandeur), as(account.Instructeur), as(account.Rapporteur)
	doing := func(act habilitation.Act, r habilitation.Role, text string) map[string]any {
		return map[string]any{"act": act, "role": r, "author": "portail-42", "text": text}
	}
	form := habilitation.Form{Organisation: habilitation.Organisation{Nom: "Clinique", SIRET: "00000000000034"}}
	var id string
	t.Run("R22 an existing portal opens a request and writes to it; a rehearsal keeps nothing", func(t *testing.T) {
		d := doing("", habilitation.Demandeur, "")
		delete(d, "act")
		d["form"] = form
		if status, out := applicant.call(t, "POST", "/requests", map[string]any{"doing": d}); status != 200 || out["applied"] != false {
			t.Fatal(status, out["code"])
		}
		if status, out := examiner.call(t, "GET", "/requests", nil); out["total"] != float64(0) {
			t.Error("the queue wants a page size:", status)
		}
		if _, out := examiner.call(t, "GET", "/requests?sort=numero&limit=10&offset=0", nil); out["total"] != float64(0) {
			t.Error("a rehearsal was kept")
		}
		status, out := applicant.call(t, "POST", "/requests", map[string]any{"apply": true, "doing": d})
		if status != 200 || out["applied"] != true {
			t.Fatal(status, out["code"])
		}
		id, _ = out["id"].(string)
		if status, out := applicant.call(t, "POST", "/requests/act", map[string]any{"apply": true, "id": id, "doing": doing(habilitation.Submit, habilitation.Demandeur, "")}); status != 400 || out["code"] != "parametre_invalide" || out["field"] == "" {
			t.Error("gaps were submitted", status)
		}
	})
	t.Run("R33 each act by each role: what the table does not allow is 403 or 409", func(t *testing.T) {
		for _, act := range habilitation.Acts() {
			for role, p := range map[habilitation.Role]portal{habilitation.Demandeur: applicant, habilitation.Instructeur: examiner, habilitation.Rapporteur: evaluator} {
				r, err := in.App.Store.Request(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				status, out := p.call(t, "POST", "/requests/act", map[string]any{"id": id, "doing": doing(act, role, "motif")})
				if allowed := r.Can(act, role) == nil; allowed == (status == 403 || status == 409) {
					t.Errorf("%s by %s answers %d %v", act, role, status, out["code"])
				}
			}
		}
		if status, out := examiner.call(t, "POST", "/requests/act", map[string]any{"id": id, "doing": doing(habilitation.Archive, habilitation.Responsable, "")}); status != 403 || out["code"] != "role_insuffisant" {
			t.Errorf("a program takes another role: %d", status)
		}
	})
	t.Run("R33 what engages the operator is for those who may", func(t *testing.T) {
		for _, p := range []portal{applicant, examiner, evaluator} {
			if status, _ := p.call(t, "POST", "/conventions/state", map[string]any{"id": in.Hospital.Convention, "state": "suspended"}); status != 403 {
				t.Errorf("answers %d", status)
			}
		}
		head := as(account.Responsable)
		if status, out := head.call(t, "POST", "/conventions/state", map[string]any{"apply": true, "id": in.Hospital.Convention, "state": "suspended"}); status != 200 {
			t.Fatal(status, out["code"])
		}
		in.Get(t, "/me", in.As(t, "famille-martin", in.Hospital)).Want(t, 403, "convention_inactive")
	})
	t.Run("wrong input has a clear answer and is not repeated", func(t *testing.T) {
		for _, body := range []any{map[string]any{"nir": "1"}, []int{1}, map[string]any{"apply": "oui"}} {
			if status, out := examiner.call(t, "POST", "/partners", body); status != 400 || out["field"] == nil {
				t.Errorf("answers %d", status)
			}
		}
		if status, out := examiner.call(t, "GET", "/requests/one?id=D-9999-1", nil); status != 404 || out["code"] != "ressource_inconnue" {
			t.Errorf("answers %d", status)
		}
		if status, _ := examiner.call(t, "GET", "/nir", nil); status != 404 {
			t.Errorf("answers %d", status)
		}
	})
	t.Run("a machine ends at its date", func(t *testing.T) {
		in.Clock.Advance(367 * 24 * time.Hour)
		if status, _ := examiner.call(t, "GET", "/partners", nil); status != 401 {
			t.Errorf("answers %d", status)
		}
	})
}

func TestAdministrationIsClosedByDefault(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	resp, err := http.Get(in.URL + admin.PortalPath + "/partners")
	if err != nil || resp.StatusCode != 404 {
		t.Error("it answers")
	}
	away := apptest.Start(t, apptest.Options{Edit: func(c *app.Config) {
		c.Administration = app.Administration{Open: true, Networks: []string{"10.0.0.0/8"}}
	}})
	if resp, err = http.Get(away.URL + admin.PortalPath + "/partners"); err != nil || resp.StatusCode != 403 {
		t.Error("R75 another network is answered", resp.StatusCode)
	}
}
