package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/cli"
	"droits.example/droits/internal/sim/people"
)

const (
	clientID = "hopital-essai-0123456789abcdef0123456789abcdef"
	provider = "plateforme-essai-0123456789abcdef0123456789ab"
	callback = "http://127.0.0.1:9/retour"
)

// instance is a configured instance beside a simulated FranceConnect, as an
// operator would set them up.
type instance struct {
	dir, config, sim, api, internal string
}

// freePort is an address that nobody listens on, as far as can be known.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func newInstance(t *testing.T) *instance {
	t.Helper()
	in := &instance{dir: t.TempDir(), api: freePort(t), internal: freePort(t)}
	simFile := write(t, filepath.Join(in.dir, "sim.toml"), fmt.Sprintf(`
[[client]]
id = %q
secret = "secret-du-client"
name = "Hôpital d'essai"
profile = "v2"
redirect_uris = [%q]

[[provider]]
id = %q
secret = "secret-du-fournisseur"
title = "Plateforme d'essai"
jwks_url = "http://%s/franceconnect/jwks"
`, clientID, callback, provider, in.api))
	sim := start(t, "", "sim", "--addr", "127.0.0.1:0", "--config", simFile, "--json")
	sim.until(t, sim.out, "}")
	var where struct{ Simulator string }
	decode(t, sim.out.String(), &where)
	in.sim = where.Simulator
	write(t, filepath.Join(in.dir, "secret"), "secret-du-fournisseur\n")
	in.config = write(t, filepath.Join(in.dir, "droits.toml"), fmt.Sprintf(`
data = "data"
public_url = "http://%[1]s"
drain = "3s"
[listen]
api = %[1]q
internal = %[2]q
[franceconnect.v2]
url = "%[3]s/api/v2"
client_id = %[4]q
client_secret_file = "secret"
keys_file = "fc-keys.json"
`, in.api, in.internal, in.sim, provider))
	ok(t, "", "keygen", filepath.Join(in.dir, "root.key"))
	return in
}

func (in *instance) people(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := people.WriteNDJSON(&b, 1, civil.On(time.Now())); err != nil {
		t.Fatal(err)
	}
	return write(t, filepath.Join(in.dir, "gens.ndjson"), b.String())
}

// on adds the instance's configuration to a command line.
func (in *instance) on(args ...string) []string { return append(args, "--config", in.config) }

var action = regexp.MustCompile(`<form method="post" action="([^"]+)"`)

// login walks FranceConnect's pages as the person and returns an access token.
func (in *instance) login(t *testing.T, slug string) string {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	web := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), callback) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	read := func(resp *http.Response, err error) (*http.Response, string) {
		t.Helper()
		if err != nil {
			t.Fatal("a page of FranceConnect does not answer")
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, string(b)
	}
	post := func(page string, form url.Values) (*http.Response, string) {
		t.Helper()
		m := action.FindStringSubmatch(page)
		if m == nil {
			t.Fatal("no form on the page")
		}
		return read(web.PostForm(in.sim+html.UnescapeString(m[1]), form))
	}
	q := url.Values{"client_id": {clientID}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid identite_pivot droits_assurance_maladie"},
		"state": {"etat"}, "nonce": {"0123456789012345678901"}, "acr_values": {"eidas1"}}
	_, page := read(web.Get(in.sim + "/api/v2/authorize?" + q.Encode()))
	_, page = post(page, url.Values{"personne": {slug}})
	back, _ := post(page, url.Values{"decision": {"accepter"}, "accord": {"oui"}})
	to, err := url.Parse(back.Header.Get("Location"))
	if err != nil || to.Query().Get("code") == "" {
		t.Fatal("FranceConnect gives no code")
	}
	_, body := read(web.PostForm(in.sim+"/api/v2/token", url.Values{"grant_type": {"authorization_code"}, "code": {to.Query().Get("code")},
		"redirect_uri": {callback}, "client_id": {clientID}, "client_secret": {"secret-du-client"}}))
	var token struct {
		AccessToken string `json:"access_token"`
	}
	decode(t, body, &token)
	return token.AccessToken
}

// convention fills in the template that the program prints.
func (in *instance) convention(t *testing.T) string {
	t.Helper()
	var d map[string]any
	decode(t, ok(t, "", "convention", "template").out, &d)
	d["fc_clients"] = []map[string]string{{"id": clientID, "profile": "v2"}}
	b, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, filepath.Join(in.dir, "c.json"), string(b))
}

func TestInstance(t *testing.T) {
	in := newInstance(t)
	file := in.people(t)

	// With no process running, a command opens the store itself.
	partner := in.on("partner", "add", "chu-exemple", "--name", "CHU d’Exemple", "--kind", "etablissement_sante", "--siret", "00000000000018")
	if s := ok(t, "", partner...); !strings.Contains(s.out, "nothing changed") || !strings.Contains(s.out, "'CHU d’Exemple'") || !strings.Contains(s.out, "--apply") {
		t.Errorf("the rehearsal does not end with the command that acts: %s", s.out)
	}
	var list []map[string]any
	if decode(t, ok(t, "", in.on("partner", "list", "--json")...).out, &list); len(list) != 0 {
		t.Fatal("a rehearsal changed something")
	}
	ok(t, "", append(partner, "--apply")...)
	var line struct {
		DryRun                    bool `json:"dry_run"`
		Lines, Personnes, Rejects int
	}
	if decode(t, ok(t, "", in.on("import", file, "--dry-run", "--json", "-q")...).out, &line); !line.DryRun || line.Personnes < 300 {
		t.Errorf("the dry run says %+v", line)
	}
	ok(t, "", in.on("import", file, "-q")...)

	serve := start(t, "", "serve", "--config", in.config)
	serve.until(t, serve.err, `"event":"ready"`)
	ready := func() (int, string) { return get(t, "http://"+in.internal+"/readyz") }
	if status, body := ready(); status != 200 || strings.Contains(body, "bad_gateway") {
		t.Errorf("not ready: %d %s", status, body)
	}

	t.Run("a second process on the directory says so", func(t *testing.T) {
		other := write(t, filepath.Join(in.dir, "other.toml"), "data = 'data'\n[listen]\napi = '127.0.0.1:0'\ninternal = '127.0.0.1:0'\n[franceconnect.v1]\nurl = 'http://127.0.0.1:9/api/v1'\n")
		if s := run("", "serve", "--config", other); s.code != cli.ExitConfig || !strings.Contains(s.err, "another process holds") {
			t.Errorf("exit code %d: %s", s.code, s.err)
		}
	})

	// From here on, commands act in the running process.
	add := in.on("convention", "add", in.convention(t))
	ok(t, "", add...)
	if s := run("", in.on("convention", "state", "chu-exemple", "active", "--apply")...); s.code != cli.ExitNotFound {
		t.Errorf("a rehearsed convention exists: exit code %d", s.code)
	}
	ok(t, "", append(add, "--apply")...)
	countersign(t, in.on, "chu-exemple", 1)
	ok(t, "", in.on("convention", "state", "chu-exemple", "active", "--apply")...)
	var key struct{ ID, Secret string }
	if decode(t, ok(t, "", in.on("key", "add", "chu-exemple", "--json")...).out, &key); key.Secret != "" {
		t.Error("R78 a rehearsal shows a secret")
	}
	decode(t, ok(t, "", in.on("key", "add", "chu-exemple", "--apply", "--json")...).out, &key)
	if s := ok(t, "", in.on("key", "list", "--json")...); !strings.Contains(s.out, key.ID) || strings.Contains(s.out, key.Secret) {
		t.Error("R78 a secret is shown once, and the key is listed without it")
	}

	me := "http://" + in.api + "/v1/droits/beneficiaires/me"
	call := func() (int, string) {
		return get(t, me, "X-API-Key", key.Secret, "Authorization", "Bearer "+in.login(t, "famille-martin"))
	}
	status, body := call()
	var person struct{ NIR, Prenom string }
	if decode(t, body, &person); status != 200 || person.NIR == "" {
		t.Fatalf("the first call of a new instance answers %d", status)
	}

	t.Run("a person is named on standard input, rehearsed, restricted and freed", func(t *testing.T) {
		ok(t, person.NIR+"\n", in.on("restrict", "add", "--ground", "18-1-a")...)
		if status, _ := call(); status != 200 {
			t.Fatalf("a rehearsal restricts: %d", status)
		}
		s := ok(t, person.NIR+"\n", in.on("restrict", "add", "--ground", "18-1-a", "--apply")...)
		if status, body := call(); status != 403 || !strings.Contains(body, "donnees_indisponibles") {
			t.Errorf("a restricted person: %d", status)
		}
		id := regexp.MustCompile(`lim_\S+`).FindString(s.out)
		ok(t, "", in.on("restrict", "lift", id, "--apply")...)
		if status, _ := call(); status != 200 {
			t.Errorf("a person whose restriction is lifted: %d", status)
		}
		if s := run("1234\n", in.on("restrict", "add", "--ground", "18-1-a", "--apply")...); s.code != cli.ExitUsage || strings.Contains(s.err, "1234") {
			t.Errorf("something that is not a NIR: %d %s", s.code, s.err)
		}
	})
	t.Run("an agreement is withdrawn and given again", func(t *testing.T) {
		nir := write(t, filepath.Join(in.dir, "nir.txt"), person.NIR)
		ok(t, "", in.on("consent", "withdraw", "chu-exemple", "--nir-file", nir, "--apply")...)
		if status, body := call(); status != 403 || !strings.Contains(body, "consentement_retire") {
			t.Errorf("after a withdrawal: %d", status)
		}
		ok(t, person.NIR, in.on("consent", "allow", "chu-exemple", "--apply")...)
		// A token of the same second as the withdrawal is taken for an older one:
		// FranceConnect dates tokens to the second.
		tick := time.NewTicker(300 * time.Millisecond) // within the quota
		defer tick.Stop()
		status, body := call()
		for end := time.Now().Add(patience); status == 403 && time.Now().Before(end); status, body = call() {
			<-tick.C
		}
		if status != 200 {
			t.Errorf("once allowed again: %d %s", status, body)
		}
	})
	t.Run("rows that break a rule are rejected, without a value, with exit code 6", func(t *testing.T) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := strings.Cut(string(text), "\n")
		if !strings.Contains(head, `"jeu":"complet"`) {
			t.Fatal("the header is not what this test reads")
		}
		delta := write(t, filepath.Join(in.dir, "delta.ndjson"), strings.Replace(head, `"complet"`, `"delta"`, 1)+"\n"+
			`{"type":"personne","id":"essai-delta","nom_famille":"Quentinel","prenoms":["Zoe"],"date_naissance":"1980-13-45","servie":true}`+"\n")
		s := run("", in.on("import", delta, "-q")...)
		if s.code != cli.ExitPartial {
			t.Fatalf("exit code %d: %s", s.code, s.err)
		}
		rejects, err := os.ReadFile(delta + ".rejects.ndjson")
		if err != nil || !strings.Contains(string(rejects), `"line":2`) || strings.Contains(string(rejects), "Quentinel") || strings.Contains(string(rejects), "1980") {
			t.Errorf("R10 the reject file: %s", rejects)
		}
	})
	t.Run("a revoked key is refused at once", func(t *testing.T) {
		ok(t, "", in.on("key", "revoke", key.ID, "--apply")...)
		if status, body := call(); status != 403 && status != 401 {
			t.Errorf("a revoked key answers %d %s", status, body)
		}
	})
	t.Run("R10 the log holds neither number, name, key nor token", func(t *testing.T) {
		log := serve.err.String()
		for _, secret := range []string{person.NIR[:13], person.Prenom, key.Secret, "Quentinel"} {
			if strings.Contains(log, secret) {
				t.Error("the log repeats something of a person or a partner")
			}
		}
		if !strings.Contains(log, `"route"`) {
			t.Error("the log holds no request")
		}
	})
	if code := serve.stop(t); code != 0 {
		t.Errorf("it stops with %d: %s", code, serve.err)
	}
	if decode(t, ok(t, "", in.on("partner", "list", "--json")...).out, &list); len(list) != 1 {
		t.Error("once stopped, the store is not what it was")
	}
}
