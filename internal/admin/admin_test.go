package admin_test

import (
	"crypto/ed25519"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/admin"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/convention"
)

func TestMain(m *testing.M) { os.Exit(apptest.Main(m)) }

// act calls the administration of an instance in its own process.
func act(t *testing.T, in *apptest.Instance, method, path, body string) (int, map[string]any, string) {
	t.Helper()
	w := httptest.NewRecorder()
	in.App.Admin().ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	var v map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &v) // a list is read by the caller
	return w.Code, v, w.Body.String()
}

func state(t *testing.T, in *apptest.Instance) string {
	t.Helper()
	var b strings.Builder
	for _, path := range []string{"/partners", "/conventions", "/keys", "/restrictions"} {
		code, _, text := act(t, in, http.MethodGet, path, "")
		if code != 200 {
			t.Fatalf("%s answers %d", path, code)
		}
		b.WriteString(text)
	}
	return b.String()
}

// document is the convention of the hospital under another name.
func document(t *testing.T, in *apptest.Instance, change func(map[string]any)) string {
	t.Helper()
	_, _, text := act(t, in, http.MethodGet, "/conventions", "")
	var list []struct{ Document map[string]any }
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	d := list[0].Document
	d["id"] = "nouvelle"
	if change != nil {
		change(d)
	}
	b, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// partnerSignature signs a document with the key that apptest's partners have.
func partnerSignature(t *testing.T, document string) string {
	t.Helper()
	d, err := convention.Parse([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	c, err := convention.New(d, convention.Draft)
	if err != nil {
		t.Fatal(err)
	}
	s := c.Sign(convention.Partner, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)), apptest.Noon())
	return `{"key":"` + s.Key + `","value":"` + s.Value + `"}`
}

func TestActs(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	nir := in.NIR(t, "c2s")
	acts := []struct{ name, path, body string }{
		{"a partner is added", "/partners", `"partner":{"id":"clinique","nom":"Clinique d'essai","siret":"00000000000034","kind":"etablissement_sante"}`},
		{"a convention is written", "/conventions", `"convention":` + document(t, in, nil)},
		{"the partner signs", "/conventions/sign", `"id":"nouvelle","signature":` + partnerSignature(t, document(t, in, nil))},
		{"the operator signs", "/conventions/sign", `"id":"nouvelle"`},
		{"a convention becomes active", "/conventions/state", `"id":"nouvelle","state":"active"`},
		{"a key is made", "/keys", `"id":"nouvelle"`},
		{"a person's data are restricted", "/restrictions", `"nir":"` + nir + `","ground":"18-1-a"`},
		{"an agreement is withdrawn", "/consents/withdraw", `"nir":"` + nir + `","id":"hopital","reason":"demande"`},
		{"an agreement is allowed again", "/consents/allow", `"nir":"` + nir + `","id":"hopital"`},
	}
	for _, a := range acts {
		t.Run(a.name+": rehearsed, nothing changes; applied, it does", func(t *testing.T) {
			before, traces := state(t, in), in.TraceCount(t)
			code, v, text := act(t, in, http.MethodPost, a.path, `{`+a.body+`}`)
			if code != 200 || v["applied"] != false || strings.Contains(text, "secret") {
				t.Fatalf("rehearsal answers %d %s", code, text)
			}
			if state(t, in) != before || in.TraceCount(t) != traces {
				t.Fatal("a rehearsal changed something")
			}
			code, v, _ = act(t, in, http.MethodPost, a.path, `{`+a.body+`,"apply":true}`)
			if code != 200 || v["applied"] != true {
				t.Fatalf("the act answers %d", code)
			}
			if !strings.HasPrefix(a.path, "/consents") && state(t, in) == before {
				t.Error("the act changed nothing")
			}
		})
	}
	t.Run("R52 the restriction holds at the next call, and no longer once lifted", func(t *testing.T) {
		in.Get(t, "/me", in.As(t, "c2s", in.Insurer)).Want(t, 403, "donnees_indisponibles")
		_, _, text := act(t, in, http.MethodGet, "/restrictions", "")
		var list []struct {
			ID      string
			SinceAt time.Time `json:"since_at"`
		}
		if err := json.Unmarshal([]byte(text), &list); err != nil || strings.Contains(text, nir[:13]) {
			t.Fatal("the list cannot be read, or names somebody")
		}
		for _, l := range list {
			if code, _, _ := act(t, in, http.MethodPost, "/restrictions/lift", `{"apply":true,"id":"`+l.ID+`"}`); code != 200 {
				t.Fatalf("lifting answers %d", code)
			}
		}
		in.Get(t, "/me", in.As(t, "c2s", in.Insurer)).Want(t, 200, "")
	})
	t.Run("R78 the secret of a key is shown once, by the act that makes it", func(t *testing.T) {
		_, v, _ := act(t, in, http.MethodPost, "/keys", `{"apply":true,"id":"nouvelle"}`)
		secret, _ := v["secret"].(string)
		if !strings.HasPrefix(secret, "test_") || len(secret) < 40 {
			t.Fatal("no secret")
		}
		if strings.Contains(state(t, in), secret[5:20]) {
			t.Error("the secret is listed")
		}
		p := in.Hospital
		p.Key = secret
		in.Get(t, "/me", in.As(t, "ald", p)).Want(t, 200, "")
	})
}

func TestWrongActs(t *testing.T) {
	in := apptest.Shared(t)
	nir := in.NIR(t, "ald")
	with := func(member string, value any) string {
		return `{"convention":` + document(t, in, func(d map[string]any) { d[member] = value }) + `}`
	}
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		code, field              string
	}{
		{"a body that is not JSON", "POST", "/partners", `{`, 400, "parametre_invalide", "body"},
		{"an unknown member", "POST", "/partners", `{"aplly":true}`, 400, "parametre_invalide", "body"},
		{"an empty body", "POST", "/keys", ``, 400, "parametre_invalide", "body"},
		{"no partner", "POST", "/partners", `{}`, 400, "parametre_invalide", "partner"},
		{"a partner with a wrong SIRET", "POST", "/partners", `{"partner":{"id":"abc","nom":"x","siret":"12","kind":"etablissement_sante"}}`, 400, "parametre_invalide", "siret"},
		{"a partner of an unknown kind", "POST", "/partners", `{"partner":{"id":"abc","nom":"x","kind":"banque"}}`, 400, "parametre_invalide", "kind"},
		{"a convention without a document", "POST", "/conventions", `{}`, 400, "parametre_invalide", "convention"},
		{"a convention of no block", "POST", "/conventions", with("blocks", []string{}), 400, "parametre_invalide", "blocks"},
		{"a convention of an unknown block", "POST", "/conventions", with("blocks", []string{"salaire"}), 400, "parametre_invalide", "blocks"},
		{"a convention without a quota", "POST", "/conventions", with("quota", map[string]int{"per_second": 0, "per_day": 0}), 400, "parametre_invalide", "quota"},
		{"a convention with a network that is none", "POST", "/conventions", with("networks", []string{"partout"}), 400, "parametre_invalide", "networks"},
		{"a convention of an unknown partner", "POST", "/conventions", with("parties", map[string]string{"operator": "x", "partner": "personne", "name": "x", "siret": ""}), 404, "ressource_inconnue", ""},
		{"a state that does not exist", "POST", "/conventions/state", `{"id":"hopital-convention","state":"vivante"}`, 400, "parametre_invalide", "state"},
		{"a move that is not legal", "POST", "/conventions/state", `{"id":"hopital-convention","state":"draft"}`, 400, "parametre_invalide", "state"},
		{"a move of nothing", "POST", "/conventions/state", `{"id":"rien","state":"active"}`, 404, "ressource_inconnue", ""},
		{"a key of nothing", "POST", "/keys", `{"id":"rien"}`, 404, "ressource_inconnue", ""},
		{"a key that has ended before it begins", "POST", "/keys", `{"id":"hopital-convention","expires_at":"2020-01-01T00:00:00Z"}`, 400, "parametre_invalide", "expires_at"},
		{"a revocation of nothing", "POST", "/keys/revoke", `{"id":"rien"}`, 404, "ressource_inconnue", ""},
		{"a restriction of a wrong number", "POST", "/restrictions", `{"nir":"123","ground":"18-1-a"}`, 400, "nir_invalide", ""},
		{"a restriction without a number", "POST", "/restrictions", `{"ground":"18-1-a"}`, 400, "nir_absent", ""},
		{"a restriction of nobody", "POST", "/restrictions", `{"nir":"1600513055998","ground":"18-1-a"}`, 404, "ressource_inconnue", ""},
		{"a restriction without a ground", "POST", "/restrictions", `{"nir":"` + nir + `"}`, 400, "parametre_invalide", "motif"},
		{"a restriction of an unknown block", "POST", "/restrictions", `{"nir":"` + nir + `","ground":"18-1-a","bloc":"salaire"}`, 400, "parametre_invalide", "bloc"},
		{"a lift of nothing", "POST", "/restrictions/lift", `{"id":"rien"}`, 404, "ressource_inconnue", ""},
		{"a withdrawal towards nobody", "POST", "/consents/withdraw", `{"nir":"` + nir + `","id":"rien"}`, 404, "ressource_inconnue", ""},
		{"an allowance without a withdrawal", "POST", "/consents/allow", `{"nir":"` + nir + `","id":"mutuelle"}`, 404, "ressource_inconnue", ""},
		{"a token of a demonstration that is none", "POST", "/demo/token", `{"person":"famille-martin","id":"hopital"}`, 404, "ressource_inconnue", ""},
		{"the people of a demonstration that is none", "GET", "/demo/persons", "", 404, "ressource_inconnue", ""},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			code, v, text := act(t, in, c.method, c.path, c.body)
			field, _ := v["field"].(string)
			if code != c.status || v["code"] != c.code || c.field != "" && field != c.field {
				t.Errorf("answered %d %s", code, text)
			}
			if strings.Contains(text, nir[:13]) {
				t.Error("R10 a number is echoed")
			}
		})
	}
	t.Run("a route that does not exist is not found, another method is not allowed", func(t *testing.T) {
		if code, _, _ := act(t, in, http.MethodGet, "/rien", ""); code != 404 {
			t.Errorf("answered %d", code)
		}
		if code, _, _ := act(t, in, http.MethodDelete, "/keys", ""); code != 405 {
			t.Errorf("answered %d", code)
		}
	})
}

func TestImport(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	write := func(text string) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "fichier.ndjson")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	last := func(body string) (out struct {
		Summary map[string]any
		Failure map[string]any
	}) {
		t.Helper()
		code, _, text := act(t, in, http.MethodPost, "/import", body)
		if code != 200 {
			t.Fatalf("answered %d %s", code, text)
		}
		lines := strings.Split(strings.TrimSpace(text), "\n")
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	const head = `{"type":"entete","format":"droits/1","jeu":"delta","date_reference":"2026-11-22"}` + "\n"
	person := `{"type":"personne","id":"nouveau","nom_famille":"ESSAI","prenoms":["Un"],"date_naissance":"1985-10-01","sexe":"M","servie":true,"nir":"1851048099001","lieu_naissance":"48099","pays_naissance":"99100"}` + "\n"
	t.Run("a rehearsed import checks everything and changes nothing", func(t *testing.T) {
		out := last(`{"path":"` + write(head+person) + `"}`)
		if out.Failure != nil || out.Summary == nil {
			t.Errorf("answered %v", out)
		}
	})
	t.Run("a file that is not there is a failure, without its path", func(t *testing.T) {
		out := last(`{"apply":true,"path":"/nulle/part/fichier.ndjson"}`)
		if out.Failure == nil || strings.Contains(text(out.Failure), "nulle") {
			t.Errorf("answered %v", out)
		}
	})
	t.Run("a file without a header is a failure, and the people stay", func(t *testing.T) {
		if out := last(`{"apply":true,"path":"` + write(person) + `"}`); out.Failure == nil {
			t.Errorf("answered %v", out)
		}
		in.Get(t, "/me", in.As(t, "famille-martin", in.Hospital)).Want(t, 200, "")
	})
	t.Run("a reject file that cannot be written is a failure", func(t *testing.T) {
		if out := last(`{"apply":true,"path":"` + write(head) + `","rejects_path":"/nulle/part/rejets"}`); out.Failure == nil || out.Failure["field"] != "rejects_path" {
			t.Errorf("answered %v", out)
		}
	})
	t.Run("a reject file that is the input, or something else, is refused by its reason and left as it is", func(t *testing.T) {
		input, other := write(head), write("autre chose\n")
		for path, reason := range map[string]string{input: admin.RejectsIsInput, other: admin.RejectsNotOurs} {
			if out := last(`{"apply":true,"path":"` + input + `","rejects_path":"` + path + `"}`); out.Failure == nil || out.Failure["field"] != "rejects_path" || out.Failure["reason"] != reason {
				t.Errorf("answered %v", out.Failure)
			}
		}
		for path, want := range map[string]string{input: head, other: "autre chose\n"} {
			if b, err := os.ReadFile(path); err != nil || string(b) != want {
				t.Error("a file changed")
			}
		}
	})
	t.Run("an import is visible at the next call", func(t *testing.T) {
		in.Clock.Advance(24 * time.Hour)
		before := in.Get(t, "/me", in.As(t, "famille-martin", in.Hospital)).Header.Get("X-Donnees-Au")
		out := last(`{"apply":true,"path":"` + write(strings.Replace(head, "2026-11-22", "2026-11-23", 1)+person) + `"}`)
		if out.Failure != nil {
			t.Fatalf("answered %v", out)
		}
		after := in.Get(t, "/me", in.As(t, "famille-martin", in.Hospital)).Want(t, 200, "").Header.Get("X-Donnees-Au")
		if reflect.DeepEqual(before, after) {
			t.Error("the day of the data did not move")
		}
	})
}

func text(v any) string { b, _ := json.Marshal(v); return string(b) }

func TestAClosedStore(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	in.BadDB(t)
	t.Run("every act on a closed store says that the service is unavailable", func(t *testing.T) {
		nir := in.NIR(t, "c2s")
		for path, body := range map[string]string{
			"/partners":          `{"apply":true,"partner":{"id":"abc","nom":"x","kind":"etablissement_sante"}}`,
			"/conventions/state": `{"apply":true,"id":"hopital-convention","state":"ended"}`,
			"/keys":              `{"apply":true,"id":"hopital-convention"}`,
			"/keys/revoke":       `{"apply":true,"id":"` + in.Hospital.KeyID + `"}`,
			"/restrictions":      `{"apply":true,"nir":"` + nir + `","ground":"18-1-a"}`,
			"/restrictions/lift": `{"apply":true,"id":"lim_1"}`,
			"/consents/withdraw": `{"apply":true,"nir":"` + nir + `","id":"hopital"}`,
			"/consents/allow":    `{"apply":true,"nir":"` + nir + `","id":"hopital"}`,
			"GET /partners":      "",
			"GET /conventions":   "",
			"GET /keys":          "",
			"GET /restrictions":  "",
		} {
			method := http.MethodPost
			if p, ok := strings.CutPrefix(path, "GET "); ok {
				method, path = http.MethodGet, p
			}
			if code, v, text := act(t, in, method, path, body); code != 503 || v["code"] != "service_indisponible" {
				t.Errorf("%s %s answers %d %s", method, path, code, text)
			}
		}
	})
}
