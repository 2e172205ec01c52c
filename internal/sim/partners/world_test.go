package partners

import (
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/sim/fcsim"
)

const (
	hospitalKey  = "test_hopital_0123456789abcdefghijklmnopqrstuv"
	insurerKey   = "test_mutuelle_0123456789abcdefghijklmnopqrstuv"
	sharedSecret = "0123456789abcdef0123456789abcdef0123456789abcdef"
	// Fictitious.
	motherNIR = "285031204791208"
	childNIR  = "115057500100159"
)

// world is both partners, the simulated FranceConnect and a stand-in of the
// API that answers in the contract's shapes and fails on demand.
type world struct {
	partners, fc, api *httptest.Server
	sim               *fcsim.Simulator

	mu    sync.Mutex
	now   time.Time
	fail  map[string]failure // by the end of the path
	calls []*http.Request
	moi   map[string]any
}

type failure struct {
	status int
	code   string
	times  int // how many calls pass before it fails
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) later(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) broken(path string, f failure) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fail[path] = f
}

func (w *world) called(path string) []*http.Request {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []*http.Request
	for _, r := range w.calls {
		if strings.HasSuffix(r.URL.Path, path) {
			out = append(out, r)
		}
	}
	return out
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{now: time.Date(2026, 11, 22, 13, 5, 0, 0, time.UTC), fail: map[string]failure{}, moi: map[string]any{
		hospitalKey: moiOf("hopital", "identite", "beneficiaires", "caisse", "contrats", "medecin_traitant", "exonerations",
			"exonerations_motif", "complementaire", "complementaire_reference", "arrets_travail", "risques_professionnels"),
		insurerKey: moiOf("mutuelle", "identite", "beneficiaires", "caisse", "contrats", "exonerations", "complementaire"),
	}}
	var partners, fc http.Handler
	w.partners = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { partners.ServeHTTP(rw, r) }))
	w.fc = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { fc.ServeHTTP(rw, r) }))
	w.api = httptest.NewServer(http.HandlerFunc(w.serveAPI))
	t.Cleanup(func() { w.partners.Close(); w.fc.Close(); w.api.Close() })

	scopes := []string{"openid", "droits_assurance_maladie"}
	register := func(id string, p identity.Profile, callback, logout string) fcsim.Client {
		return fcsim.Client{ID: id, Secret: sharedSecret, Name: id, Profile: p, RedirectURIs: []string{w.partners.URL + callback},
			PostLogoutURIs: []string{w.partners.URL + logout}, Scopes: scopes}
	}
	sim, err := fcsim.New(fcsim.Config{BaseURL: w.fc.URL, Clock: w.clock,
		Clients: []fcsim.Client{register("hopital-v1-00000000000000000000000000", identity.V1, HospitalCallback, HospitalLogout),
			register("hopital-v2-00000000000000000000000000", identity.V2, HospitalCallback, HospitalLogout),
			register("mutuelle-v2-0000000000000000000000000", identity.V2, InsurerCallback, InsurerLogout)},
		People: []fcsim.Person{{Slug: "famille-martin", What: "une famille", Named: true, Pivot: identity.Pivot{FamilyName: "MARTIN", GivenName: "Camille",
			GivenNames: []string{"Camille"}, Birthdate: "1985-03-14", Gender: "female", Birthplace: "12047", Birthcountry: "99100"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.sim, fc = sim, sim.Handler()
	fcClient := func(profile, id string) FCClient {
		base := w.fc.URL + "/api/" + profile
		c := FCClient{Profile: profile, AuthorizeURL: base + "/authorize", TokenURL: base + "/token", LogoutURL: base + "/logout",
			Issuer: base, ID: id, Secret: sharedSecret, Scopes: scopes}
		if profile == v2 {
			c.LogoutURL, c.JWKSURL = base+"/session/end", base+"/jwks"
		}
		return c
	}
	partners, err = New(Config{BaseURL: w.partners.URL, Clock: w.clock,
		Hospital: Partner{APIKey: hospitalKey, APIBase: w.api.URL + "/v1/droits/beneficiaires",
			Clients: []FCClient{fcClient(v1, "hopital-v1-00000000000000000000000000"), fcClient(v2, "hopital-v2-00000000000000000000000000")}},
		Insurer: Partner{APIKey: insurerKey, APIBase: w.api.URL + "/v1/droits/beneficiaires",
			Clients: []FCClient{fcClient(v2, "mutuelle-v2-0000000000000000000000000")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func moiOf(id string, blocs ...string) map[string]any {
	return map[string]any{
		"partenaire": map[string]any{"id": id, "nom": id, "categorie": "x"}, "champs": []string{}, "environnement": "bac_a_sable",
		"convention": map[string]any{"id": "conv-" + id, "version": 3, "etat": "active", "finalite": "x", "date_debut": "2026-01-01", "blocs": blocs,
			"quota":        map[string]any{"par_seconde": 20, "par_jour": 1000, "reste_aujourd_hui": 900},
			"agent_requis": false, "clients_franceconnect": []any{}, "empreinte": "00",
			"accord": map[string]any{"version_notice": "2026-1", "empreinte_notice": "00", "texte": "Premier alinéa de la convention.\nSecond alinéa.", "notice": "Notice, premier alinéa.\n\nNotice, second alinéa."}},
	}
}

const family = `[{"nir":"` + motherNIR + `","nom_famille":"MARTIN","nom_usage":"DURAND","prenom":"Camille","date_naissance":"1985-03-14","qualite":"assure"},
{"nir":"` + childNIR + `","nom_famille":"MARTIN","prenom":"Noé","date_naissance":"2015-05-02","rang_naissance":1,"qualite":"enfant"},
{"nom_famille":"MARTIN","prenom":"Lou","date_naissance":"2026-10-01","rang_naissance":2,"qualite":"enfant"}]`

var answers = map[string]string{
	"/me/beneficiaires":       family,
	"/me":                     `{"nir":"` + motherNIR + `","nom_famille":"MARTIN","prenom":"Camille","date_naissance":"1985-03-14","qualite":"assure"}`,
	"/caisse":                 `{"id":"01261","libelle":"CPAM de l'Exemple","adresse":{"commune":"VILLE-FICTIVE"}}`,
	"/contrats":               `[{"nature_assurance":"AMO","details":{"code_type_contrat":"BASE","libelle_type_contrat":"Droits de base"},"date_fin":"2027-11-22","periodes_droits":[{"date_debut":"2026-11-22","date_fin":"2027-11-22"}]}]`,
	"/exonerations":           `[{"date_fin":"2027-06-30","motif":{"code":"LIS","libelle":"ALD liste","libelle_long":"Affection"},"maternite":{"date_presumee_grossesse":"2026-09-01"}}]`,
	"/medecin-traitant":       `{"nom":"TOUBIB","prenom":"Ana","numero_am":"991234567","date_debut":"2020-01-01"}`,
	"/complementaire":         `{"souscrite":true,"reference":{"organisme":"Prévoyance de l'Exemple","numero_contrat":"C-77"}}`,
	"/arrets-travail":         `[{"numero":"A-12","date_fin":"2026-12-20"}]`,
	"/risques-professionnels": `{"couverture_arret_travail":true,"couverture_maladie_professionnelle":false}`,
}

// serveAPI answers as the contract says; it gives an insurer what only a
// hospital may have, so that the pages prove their own restraint.
func (w *world) serveAPI(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.calls = append(w.calls, r.Clone(r.Context()))
	rw.Header().Set("X-Request-Id", "req-"+strconv.Itoa(len(w.calls)))
	path := strings.TrimPrefix(r.URL.Path, "/v1/droits/beneficiaires")
	if r.URL.Path == "/v1/partenaire/moi" {
		path = "/moi"
	}
	f, bad := w.fail[path]
	if bad && f.times > 0 {
		w.fail[path] = failure{f.status, f.code, f.times - 1}
		bad = false
	}
	w.mu.Unlock()
	if bad {
		rw.Header().Set("Content-Type", "application/problem+json")
		rw.Header().Set("Retry-After", "7")
		rw.WriteHeader(f.status)
		_ = json.NewEncoder(rw).Encode(map[string]any{"code": f.code, "status": f.status})
		return
	}
	if path == "/moi" {
		_ = json.NewEncoder(rw).Encode(w.moi[r.Header.Get("X-API-Key")])
		return
	}
	rw.Header().Set("X-Donnees-Au", "2026-11-21")
	rw.Header().Set("X-Periode", "2026-11-22/2027-11-22")
	rw.Header().Set("X-Trace", "droits.example/acces/2026/abcdef")
	if r.Header.Get("Authorization") == "" || w.moi[r.Header.Get("X-API-Key")] == nil {
		rw.WriteHeader(http.StatusUnauthorized)
		return
	}
	_, _ = io.WriteString(rw, answers[path])
}

// browser is a person: it follows redirections, keeps cookies and counts its
// clicks. Every page it sees is kept.
type browser struct {
	t      *testing.T
	w      *world
	http   *http.Client
	at     *url.URL
	status int
	body   string
	seen   strings.Builder
	clicks int
}

func (w *world) browser(t *testing.T) *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{t: t, w: w, http: &http.Client{Jar: jar}}
}

func (b *browser) do(req *http.Request) *browser {
	b.t.Helper()
	resp, err := b.http.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, _ := io.ReadAll(resp.Body)
	b.at, b.status, b.body = resp.Request.URL, resp.StatusCode, strings.ReplaceAll(html.UnescapeString(string(raw)), "\u00a0", " ")
	if b.at.Host == strings.TrimPrefix(b.w.partners.URL, "http://") {
		b.seen.WriteString(b.at.String() + "\n" + string(raw))
	}
	return b
}

func (b *browser) open(path string) *browser {
	b.t.Helper()
	if strings.HasPrefix(path, "/") && b.at != nil {
		path = b.at.Scheme + "://" + b.at.Host + path
	} else if strings.HasPrefix(path, "/") {
		path = b.w.partners.URL + path
	}
	req, err := http.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(req)
}

func (b *browser) visit(path string) *browser { return b.open(b.w.partners.URL + path) }

// follow clicks the link whose text or start of text is given.
func (b *browser) follow(text string) *browser {
	b.t.Helper()
	m := regexp.MustCompile(`<a [^>]*href="([^"]+)"[^>]*>` + regexp.QuoteMeta(text)).FindStringSubmatch(b.body)
	if m == nil {
		b.t.Fatalf("no link %q on %s", text, b.at.Path)
	}
	b.clicks++
	return b.open(m[1])
}

var formAction = regexp.MustCompile(`<form[^>]*action="([^"]+)"`)

// send submits the page's only form that has the field, with the values; a
// ticked box is a click of its own.
func (b *browser) send(values url.Values, ticks int) *browser {
	b.t.Helper()
	forms := formAction.FindAllStringSubmatch(b.body, -1)
	if len(forms) == 0 {
		b.t.Fatalf("no form on %s", b.at.Path)
	}
	to := b.at.ResolveReference(&url.URL{Path: forms[len(forms)-1][1]})
	req, _ := http.NewRequest(http.MethodPost, to.String(), strings.NewReader(values.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	b.clicks += 1 + ticks
	return b.do(req)
}

// login goes from the agreement page through FranceConnect and back.
func (b *browser) login(client string) *browser {
	b.t.Helper()
	b.send(url.Values{"accord": {"oui"}, "client": {client}}, 1)
	b.send(url.Values{"personne": {"famille-martin"}}, 0)
	return b.send(url.Values{"decision": {"accepter"}, "accord": {"oui"}}, 0)
}

func (b *browser) on(path string, texts ...string) *browser {
	b.t.Helper()
	if b.at.Path != path {
		b.t.Errorf("on %s?%s, not on %s", b.at.Path, b.at.RawQuery, path)
	}
	for _, want := range texts {
		if !strings.Contains(b.body, want) {
			b.t.Errorf("%s does not say %q", b.at.Path, want)
		}
	}
	return b
}
