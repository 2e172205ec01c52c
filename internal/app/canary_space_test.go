package app_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"droits.example/droits/internal/api"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
)

// What a marked person writes in its space: found again in its own pages and
// sealed in the store, and nowhere else.
const (
	markedMail = "zzcanarizz@exemple.test"
	markedText = "ZZCANARITEXTEZZ"
)

// receiver gathers what webhooks post.
type receiver struct {
	mu   sync.Mutex
	text strings.Builder
	n    int
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	b, err := io.ReadAll(q.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.n++
		fmt.Fprintln(&r.text, q.URL, q.Header, string(b))
	}
}

// A person lives in the citizen space; a partner is told of it, a portal reads
// its journal, and nothing of it is anywhere but on its pages.
func TestCanaryOfTheSpace(t *testing.T) { // R10
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	in := apptest.Start(t, apptest.Options{})
	s := everybody(t)
	s.add("an address of mail", markedMail)
	s.add("what a person wrote", markedText)
	hooks := &receiver{}
	srv := httptest.NewServer(hooks)
	defer srv.Close()
	status, out := control(t, in, http.MethodPost, "/webhooks", map[string]any{"apply": true, "id": in.Hospital.ID, "url": srv.URL + "/droits"})
	if status != 200 {
		t.Fatalf("no webhook: %d", status)
	}
	if m := regexp.MustCompile(`"secret":"([^"]+)"`).FindSubmatch(out); m != nil {
		s.add("the secret of a webhook", string(m[1]))
	}
	for _, op := range droits.Operations() {
		in.Get(t, op.Path, in.As(t, "famille-martin", in.Hospital), in.NIROf(t, "famille-martin"))
	}
	addresses := s.live(t, in)
	portal := in.SignUp(t, droits.Etablissement, func(d *convention.Document) { d.Journal = true })
	for _, path := range []string{"/findUsage", "/usagePeriod", "/heartbeat", "/findUsage?userCode=" + in.NIR(t, "famille-martin")} {
		a := in.Do(t, api.JournalPath+path, in.As(t, "famille-martin", portal), apptest.With("X-Road-UserId", "portail"))
		s.clean(t, path, append([]byte(fmt.Sprint(a.Header)), a.Body...))
	}
	for range 10 {
		if _, err := in.App.Worker.Pass(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("R10 nothing of anybody in addresses, redirections and cookies", func(t *testing.T) {
		if len(addresses) < 1000 {
			t.Fatalf("%d bytes", len(addresses))
		}
		s.clean(t, "an address or a header", []byte(addresses))
	})
	t.Run("R10 R20 a partner is told by a reference, not by a person", func(t *testing.T) {
		hooks.mu.Lock()
		defer hooks.mu.Unlock()
		if hooks.n < 3 {
			t.Errorf("%d messages", hooks.n)
		}
		s.clean(t, "a webhook", []byte(hooks.text.String()))
	})
	t.Run("R10 nothing of anybody in the log at debug level", func(t *testing.T) { s.clean(t, "the log", []byte(in.Logs.String())) })
	t.Run("R10 nothing of anybody in the metrics", func(t *testing.T) {
		_, body := in.Inside(t, "/metrics")
		s.clean(t, "the metrics", []byte(body))
	})
	t.Run("R10 what the administration says of webhooks and messages holds nobody", func(t *testing.T) {
		for _, path := range []string{"/webhooks?partner=" + in.Hospital.ID, "/identity/desk?for=1h&outcome=&limit=10"} {
			_, out := control(t, in, http.MethodGet, path, nil)
			s.clean(t, path, out)
		}
	})
	t.Run("R10 T5 nothing of anybody in clear in the data directory", func(t *testing.T) { s.cleanFolder(t, in.Dir) })
	t.Run("R10 nothing of anybody in temporary files", func(t *testing.T) { s.cleanFolder(t, temp) })
}

var hrefs = regexp.MustCompile(`(?:href|action)="(/[^"]*)"`)

// live walks every page and form of the space, wrong input included, and
// returns what was seen of addresses and headers.
func (s *secrets) live(t *testing.T, in *apptest.Instance) string {
	t.Helper()
	var seen strings.Builder
	b := in.Browser()
	note := func(p *apptest.Page) *apptest.Page {
		fmt.Fprintln(&seen, p.Path, p.Header, hrefs.FindAllString(p.Body, -1))
		return p
	}
	note(b.SignIn(t, "famille-martin"))
	nir := in.NIR(t, "famille-martin")
	visited := map[string]bool{}
	queue := []string{"/mon-espace"}
	for len(queue) > 0 && len(visited) < 60 {
		path := queue[0]
		queue = queue[1:]
		if visited[path] {
			continue
		}
		visited[path] = true
		p := note(b.Get(t, path))
		if p.Status != http.StatusOK {
			t.Errorf("a link of the space answers %d", p.Status)
		}
		for _, m := range hrefs.FindAllStringSubmatch(p.Body, -1) {
			if strings.HasPrefix(m[1], "/mon-espace") && strings.HasPrefix(m[0], "href") && !strings.Contains(m[1], "connexion") {
				queue = append(queue, strings.ReplaceAll(m[1], "&amp;", "&"))
			}
		}
	}
	if len(visited) < 12 {
		t.Errorf("only %d pages", len(visited))
	}
	partner := "/mon-espace/partages/" + in.Hospital.ID
	line := regexp.MustCompile(`/mon-espace/acces/[0-9a-f]{32}`).FindString(seen.String())
	for _, f := range []struct {
		path string
		form url.Values
	}{
		{"/mon-espace/droits/assure/numero", url.Values{}},
		{"/mon-espace/droits/" + nir + "/numero", url.Values{}},
		{partner + "/retirer", url.Values{}},
		{partner + "/autoriser", url.Values{}},
		{partner + "/pause", url.Values{"jours": {"7"}}},
		{partner + "/autoriser", url.Values{}},
		{partner + "/choix", url.Values{"blocs": {"identite"}, "notice": {convention.NoticeVersion}}},
		{partner + "/choix", url.Values{"blocs": {nir, markedText}, "notice": {markedText}}},
		{"/mon-espace/partages/" + nir + "/retirer", url.Values{}},
		{line + "/signaler", url.Values{"texte": {markedText}}},
		{"/mon-espace/securite/messages", url.Values{"courriel": {markedMail}, "mail": {markedMail}, "prevenir": {"oui"}, "notify": {"oui"}}},
		{"/mon-espace/securite/messages", url.Values{"courriel": {"pas une adresse " + nir}, "prevenir": {"oui"}}},
		{"/verifier", url.Values{"texte": {markedText + nir}}},
		{"/mon-espace/securite/sessions/" + nir + "/fermer", url.Values{}},
	} {
		note(b.Once(t, http.MethodPost, f.path, f.form))
	}
	for _, path := range []string{"/mon-espace/acces?organisme=" + nir, "/mon-espace/droits/" + nir, "/mon-espace/partages/" + nir, "/mon-espace/partages/accords/" + nir, "/mon-espace/droits?au=" + nir, "/mon-espace/connexion/retour?state=" + nir + "&code=" + nir} {
		p := note(b.Get(t, path))
		if strings.Contains(p.Body, nir) && !strings.Contains(p.Path, nir) {
			t.Error("R10 a page repeats what it received")
		}
	}
	for name, v := range b.Cookies {
		fmt.Fprintln(&seen, name, v)
	}
	note(b.Once(t, http.MethodPost, "/mon-espace/deconnexion", url.Values{}))
	// What was asked with a number in its address is the test's own doing.
	return strings.ReplaceAll(seen.String(), nir, "")
}
