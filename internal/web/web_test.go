package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"droits.example/droits/internal/fault"
)

func full() Config {
	return Config{
		Demonstration: true, Version: "1.2.3", OpenAPIYAML: []byte("openapi: 3.0.3\n"), OpenAPIJSON: []byte("{}"),
		HospitalURL: "http://127.0.0.1:8082/hopital",
		Steps:       []Step{{"Démarrer", "Un seul programme.", "droits demo"}, {"Appeler", "", `curl -H 'X-API-Key: <clé>' http://127.0.0.1:8080/v1/droits/beneficiaires/me`}},
		Persons:     []Person{{"famille-martin", "Camille MARTIN", "Mère et trois enfants", "tout", "identité, caisse, contrats"}, {Slug: "inconnu"}},
		Pieces:      []Piece{{"Simulateur", "Joue FranceConnect", "http://127.0.0.1:8081/", true}, {"API", "Répond", "http://127.0.0.1:8080/v1/droits/beneficiaires", false}},
	}
}

func site(t *testing.T, cfg Config) *Site {
	t.Helper()
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func get(s *Site, method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	w.Header().Set("X-Request-Id", "req-42")
	s.Handler().ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

func TestPages(t *testing.T) {
	s := site(t, full())
	paths := []string{"/", "/documentation", "/documentation/erreurs", "/documentation/jeu-d-essai"}
	for _, e := range fault.Catalogue() {
		paths = append(paths, "/documentation/erreurs/"+string(e.Code))
	}
	links := regexp.MustCompile(`(?:href|src)="(/[^"]*)"`)
	inline := regexp.MustCompile(`(?i)<script|<style|\sstyle=|\son[a-z]+=`)
	for _, p := range paths {
		t.Run(p+" is a whole page, and its links lead somewhere", func(t *testing.T) {
			w := get(s, "GET", p)
			body := w.Body.String()
			if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
				t.Fatalf("status %d", w.Code)
			}
			if inline.MatchString(body) {
				t.Error("something is inline that the policy blocks")
			}
			for _, want := range []string{`lang="fr"`, `href="#contenu"`, "Démonstration", `id="contenu"`} {
				if !strings.Contains(body, want) {
					t.Errorf("%s is missing", want)
				}
			}
			if (p != "/") != strings.Contains(body, "Fil d&#39;Ariane") && (p != "/") != strings.Contains(body, "Fil d'Ariane") {
				t.Error("the breadcrumb is missing, or is on the home page")
			}
			for _, l := range links.FindAllStringSubmatch(body, -1) {
				if got := get(s, "GET", l[1]).Code; got != 200 {
					t.Errorf("%s answers %d", l[1], got)
				}
			}
		})
	}
	t.Run("R79 each code of the catalogue has its anchor", func(t *testing.T) {
		body := get(s, "GET", "/documentation/erreurs").Body.String()
		for _, e := range fault.Catalogue() {
			if !strings.Contains(body, `id="`+string(e.Code)+`"`) {
				t.Errorf("%s is missing", e.Code)
			}
		}
	})
	t.Run("the OpenAPI documents are served as they were given", func(t *testing.T) {
		if get(s, "GET", "/openapi.yaml").Body.String() != "openapi: 3.0.3\n" || get(s, "GET", "/openapi.json").Body.String() != "{}" {
			t.Error("changed on the way")
		}
		if get(site(t, Config{}), "GET", "/openapi.yaml").Code != 404 {
			t.Error("an empty document is served")
		}
	})
	t.Run("a trailing slash leads to the page", func(t *testing.T) {
		if w := get(s, "GET", "/documentation/"); w.Code != 301 || w.Header().Get("Location") != "/documentation" {
			t.Errorf("status %d", w.Code)
		}
	})
	t.Run("a page without demonstration has no band and no test persons", func(t *testing.T) {
		body := get(site(t, Config{}), "GET", "/").Body.String()
		if strings.Contains(body, "Démonstration") || strings.Contains(body, "jeu-d-essai") {
			t.Error("it has")
		}
	})
}

func TestHeaders(t *testing.T) {
	s := site(t, full())
	t.Run("pages carry the strict headers, failures too", func(t *testing.T) {
		for _, p := range []string{"/", "/nulle-part"} {
			h := get(s, "GET", p).Header()
			for name, want := range map[string]string{
				"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
				"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "X-Frame-Options": "DENY",
			} {
				if h.Get(name) != want {
					t.Errorf("%s: %s is missing", p, name)
				}
			}
			if h.Get("Set-Cookie") != "" || strings.Contains(policy, "unsafe") {
				t.Error("a public page sets a cookie, or the policy is weak")
			}
		}
	})
	t.Run("the style sheet is small, cached for ever and named by its hash", func(t *testing.T) {
		m := regexp.MustCompile(`href="(/static/app\.[0-9a-f]{12}\.css)"`).FindStringSubmatch(get(s, "GET", "/").Body.String())
		if m == nil {
			t.Fatal("no style sheet")
		}
		w := get(s, "GET", m[1])
		if w.Code != 200 || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || w.Body.Len() > 25_000 {
			t.Errorf("status %d, %d bytes", w.Code, w.Body.Len())
		}
		if strings.Contains(w.Body.String(), "url(") {
			t.Error("the style sheet asks for another file")
		}
	})
}

func TestButton(t *testing.T) {
	login := func(c Space) string {
		t.Helper()
		c.Clock = func() time.Time { return noonAt }
		return get(site(t, Config{Space: &c}), "GET", loginPath).Body.String()
	}
	picture := []byte("<svg xmlns='http://www.w3.org/2000/svg'/>")
	t.Run("FranceConnect's own button is shown where the operator gives it", func(t *testing.T) {
		body := login(Space{Button: picture})
		m := regexp.MustCompile(`<img src="(/static/franceconnect\.[0-9a-f]{12}\.svg)" alt="S&#39;identifier avec FranceConnect"|<img src="(/static/franceconnect\.[0-9a-f]{12}\.svg)" alt="S'identifier avec FranceConnect"`).FindStringSubmatch(body)
		if m == nil || strings.Contains(body, "simulateur") || !strings.Contains(body, "Qu'est-ce que FranceConnect") {
			t.Fatal("it is not, or the page speaks of a simulator")
		}
		w := get(site(t, Config{Space: &Space{Button: picture, Clock: time.Now}}), "GET", m[1]+m[2])
		if w.Code != 200 || !strings.Contains(w.Header().Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("status %d", w.Code)
		}
	})
	t.Run("without it the button is plain, and in front of the simulator it is never the official one", func(t *testing.T) {
		if body := login(Space{}); strings.Contains(body, "<img") || !strings.Contains(body, "S'identifier avec FranceConnect</a>") {
			t.Error("the plain button is missing")
		}
		if body := login(Space{Button: picture, Simulated: true}); strings.Contains(body, "<img") || strings.Contains(body, "franceconnect.gouv.fr") || !strings.Contains(body, "(simulateur)</a>") {
			t.Error("the simulator is taken for FranceConnect")
		}
	})
}

func TestFailures(t *testing.T) {
	s := site(t, full())
	for _, c := range []struct {
		what, method, path string
		status             int
		text               string
	}{
		{"an unknown page says so and offers a way out", "GET", "/nulle-part", 404, "Page non trouvée – Erreur 404"},
		{"an unknown code is not found", "GET", "/documentation/erreurs/inconnu", 404, "Page non trouvée"},
		{"an asset under another hash is not found", "GET", "/static/app.css", 404, "Page non trouvée"},
		{"a page that is posted to refuses", "POST", "/documentation", 405, "Action impossible"},
		{"slashes in front do not lead to another host", "GET", "//ailleurs.example/documentation/", 404, "Page non trouvée"},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := get(s, c.method, c.path)
			if w.Code == http.StatusMovedPermanently || w.Code == http.StatusTemporaryRedirect {
				if strings.Contains(w.Header().Get("Location"), "//") {
					t.Error("leads elsewhere")
				}
				return
			}
			body := w.Body.String()
			if w.Code != c.status || !strings.Contains(body, c.text) || !strings.Contains(body, "req-42") || !strings.Contains(body, `href="/"`) {
				t.Errorf("status %d, or the page is not whole", w.Code)
			}
		})
	}
	t.Run("every status has a whole page, and a delay is told", func(t *testing.T) {
		for _, status := range []int{400, 401, 403, 404, 405, 410, 429, 500, 502, 503} {
			w := httptest.NewRecorder()
			w.Header().Set("Retry-After", "7")
			s.Error(w, httptest.NewRequest("GET", "/x", nil), status)
			if w.Code != status || !strings.Contains(w.Body.String(), "dans 7 secondes") || !strings.Contains(w.Body.String(), "</html>") {
				t.Errorf("%d is not whole", status)
			}
		}
	})
}

func TestRedirections(t *testing.T) {
	s := site(t, full())
	for path, want := range map[string]string{
		"/documentation/": "/documentation", "/documentation/erreurs/nir_absent/": "/documentation/erreurs/nir_absent", "/documentation/erreurs/nir_absent/?nir=286021204798976": "/documentation/erreurs/nir_absent",
	} {
		t.Run("a page with one slash too many leads to the page", func(t *testing.T) {
			if w := get(s, "GET", path); w.Code != http.StatusMovedPermanently || w.Header().Get("Location") != want {
				t.Errorf("status %d", w.Code)
			}
		})
	}
	for _, path := range []string{
		"/documentation/erreurs/286021204798976/", "/documentation//286021204798976", "//286021204798976/x", "/286021204798976/../x", "/x/./286021204798976", "/x/..", "/286021204798976//",
		"/static/286021204798976/", "/documentation/286021204798976/", "/?nir=286021204798976", "/favicon.ico?nir=286021204798976",
	} {
		t.Run("R10 no page repeats in its headers or its text what it received", func(t *testing.T) {
			w := get(s, "GET", path)
			if strings.Contains(fmt.Sprint(w.Header())+w.Body.String(), "286021204798976") {
				t.Errorf("status %d repeats a number", w.Code)
			}
		})
	}
}

func TestOperations(t *testing.T) {
	t.Run("R60 the documentation lists the operations of the OpenAPI document, and no other", func(t *testing.T) {
		doc, err := openapi3.NewLoader().LoadFromFile("../api/openapi.yaml")
		if err != nil {
			t.Fatal(err)
		}
		listed := map[string]bool{"/v1/partenaire/moi": true, "/v1/journal/findUsage": true, "/v1/journal/usagePeriod": true, "/v1/journal/heartbeat": true} // told in the text
		for _, o := range operations {
			listed[o.Path] = true
		}
		for path := range doc.Paths.Map() {
			if !listed[path] {
				t.Errorf("%s is not listed", path)
			}
			delete(listed, path)
		}
		for path := range listed {
			t.Errorf("%s does not exist", path)
		}
	})
}
