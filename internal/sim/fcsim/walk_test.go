package fcsim_test

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/sim/fcsim"
)

const (
	v1ID, v1Secret = "client-v1", "court"
	v2ID, v2Secret = "client-v2", "secret-du-client-v2"
	privID         = "client-prive"
	rsID           = "client-rs256"
	dpID, dpSecret = "fournisseur-de-donnees-00000000000001", "secret-du-fournisseur-de-donnees-0001"
	callback       = "http://127.0.0.1:9/retour"
	callbackOdd    = "http://127.0.0.1:9/retour?chemin=a&b=c"
	afterLogout    = "http://127.0.0.1:9/au-revoir"
	goodNonce      = "0123456789012345678901"
	goodState      = "etat-1"
)

type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.t }

func (c *clock) Forward(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.t = c.t.Add(d) }

// place is a simulator behind a real server, and a browser without redirects.
type place struct {
	t     *testing.T
	sim   *fcsim.Simulator
	base  string
	clock *clock
	web   *http.Client
}

func newPlace(t *testing.T, options ...func(*fcsim.Config)) *place {
	t.Helper()
	var mu sync.Mutex
	var h http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		handler := h
		mu.Unlock()
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &place{t: t, base: server.URL, clock: &clock{t: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}, web: &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	cnam := []string{"droits_assurance_maladie", "cnam_caisse", "cnam_contrats"}
	all := append([]string{"profile", "birth", "identite_pivot", "email"}, cnam...)
	client := fcsim.Client{RedirectURIs: []string{callback, callbackOdd}, PostLogoutURIs: []string{afterLogout}, Scopes: all}
	make := func(id, secret, name string, profile identity.Profile) fcsim.Client {
		c := client
		c.ID, c.Secret, c.Name, c.Profile = id, secret, name, profile
		return c
	}
	private := make(privID, v2Secret, "Mutuelle de démonstration", identity.V2)
	private.Private = true
	config := fcsim.Config{
		BaseURL: server.URL, Clock: p.clock.Now,
		Clients: []fcsim.Client{
			make(v1ID, v1Secret, "Hôpital de démonstration", identity.V1),
			make(v2ID, v2Secret, "Service public <de> démonstration", identity.V2), private,
		},
		Providers: []fcsim.DataProvider{{ID: dpID, Secret: dpSecret, Title: "Assurance maladie fictive", JWKSURL: "http://127.0.0.1:9/jwks", Scopes: cnam}},
		People: []fcsim.Person{
			{Slug: "famille-martin", What: "trois enfants", Named: true, Pivot: identity.Pivot{FamilyName: "MARTIN", GivenNames: []string{"Claire", "Marie-Ange"}, Birthdate: "1985-03-14", Gender: "female", Birthplace: "12047", Birthcountry: "99100", PreferredUsername: "BERNARD"}},
			{Slug: "date-presumee", What: "jour et mois inconnus", Named: true, Pivot: identity.Pivot{FamilyName: "TRAORE", GivenName: "Awa", Birthdate: "1954-00-00", Gender: "female", Birthcountry: "99335"}},
			{Slug: "autre", Pivot: identity.Pivot{FamilyName: "ÉLOI", GivenName: "Jean <Paul>", Birthdate: "1990-01-02", Gender: "male", Birthplace: "2A004", Birthcountry: "99100"}},
		},
	}
	for _, o := range options {
		o(&config)
	}
	if p.sim, err = fcsim.New(config); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	h = p.sim.Handler()
	mu.Unlock()
	return p
}

// withRS256 adds a client whose tokens are signed RS256; its key is slow to
// make.
func withRS256(c *fcsim.Config) {
	rs := c.Clients[1]
	rs.ID, rs.IDTokenAlg, rs.AMR = rsID, fcsim.SignRS256, true
	c.Clients = append(c.Clients, rs)
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(a.body), &m); err != nil {
		t.Fatalf("not JSON (%d): %v", a.status, err)
	}
	return m
}

func (p *place) do(method, path string, form url.Values, header ...string) answer {
	p.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	to := path
	if strings.HasPrefix(path, "/") {
		to = p.base + path
	}
	r, err := http.NewRequestWithContext(p.t.Context(), method, to, body)
	if err != nil {
		p.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := p.web.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(b)}
}

// query is a right authorize request of the profile; change overrides it, and
// an empty value removes a parameter.
func query(id string, change ...string) url.Values {
	q := url.Values{
		"client_id": {id}, "redirect_uri": {callback}, "response_type": {"code"},
		"scope": {"openid profile droits_assurance_maladie"}, "state": {goodState}, "nonce": {goodNonce}, "acr_values": {"eidas1"},
	}
	for i := 0; i+1 < len(change); i += 2 {
		if change[i+1] == "" {
			q.Del(change[i])
		} else {
			q.Set(change[i], change[i+1])
		}
	}
	return q
}

var actionOf = regexp.MustCompile(`<form method="post" action="([^"]+)"`)

func (p *place) prefix(id string) string {
	if id == v1ID {
		return "/api/v1"
	}
	return "/api/v2"
}

// choose walks authorize and the choice of a person, up to the consent page,
// and returns the address that this page posts to.
func (p *place) choose(id, rawQuery, slug string) (action string, page answer) {
	p.t.Helper()
	a := p.do("GET", p.prefix(id)+"/authorize?"+rawQuery, nil)
	if a.status != 303 {
		p.t.Fatalf("authorize answers %d", a.status)
	}
	a = p.do("GET", a.header.Get("Location"), nil)
	m := actionOf.FindStringSubmatch(a.body)
	if a.status != 200 || m == nil {
		p.t.Fatalf("no form to choose a person (%d)", a.status)
	}
	a = p.do("POST", html.UnescapeString(m[1]), url.Values{"personne": {slug}})
	if a.status != 303 {
		p.t.Fatalf("the choice answers %d", a.status)
	}
	a = p.do("GET", a.header.Get("Location"), nil)
	m = actionOf.FindStringSubmatch(a.body)
	if a.status != 200 || m == nil {
		p.t.Fatalf("no consent form (%d)", a.status)
	}
	return html.UnescapeString(m[1]), a
}

// login walks the whole journey and returns the parameters of the callback.
func (p *place) login(id string, change ...string) url.Values {
	p.t.Helper()
	action, _ := p.choose(id, query(id, change...).Encode(), "famille-martin")
	return p.back(p.do("POST", action, url.Values{"decision": {"accepter"}, "accord": {"oui"}}))
}

// back reads a redirect to the client.
func (p *place) back(a answer) url.Values {
	p.t.Helper()
	u, err := url.Parse(a.header.Get("Location"))
	if err != nil || a.status != 303 || !strings.HasPrefix(a.header.Get("Location"), callback) {
		p.t.Fatalf("no redirect to the client: %d %s", a.status, a.header.Get("Location"))
	}
	return u.Query()
}

func tokenForm(id, secret, code string, change ...string) url.Values {
	f := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "client_id": {id}, "client_secret": {secret}}
	for i := 0; i+1 < len(change); i += 2 {
		f.Set(change[i], change[i+1])
	}
	return f
}

// tokens walks up to the token answer.
func (p *place) tokens(id, secret string, change ...string) map[string]any {
	p.t.Helper()
	a := p.do("POST", p.prefix(id)+"/token", tokenForm(id, secret, p.login(id, change...).Get("code")))
	if a.status != 200 {
		p.t.Fatalf("token answers %d", a.status)
	}
	return a.json(p.t)
}

func segment(t *testing.T, jwt string, i int) map[string]any {
	t.Helper()
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		t.Fatal("not a signed token")
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[i])
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func members(m map[string]any) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	return out
}
