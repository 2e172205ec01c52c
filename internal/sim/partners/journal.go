package partners

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"sort"
	"strings"
	"time"

	"droits.example/droits/client"
)

// maxEntries bounds a journal; the oldest entries go first.
const maxEntries = 120

// entry is one exchange of a journey, secrets already cut. Form is what was
// posted, one member a line.
type entry struct {
	At    time.Time
	What  string
	Form  string
	Curl  string // "" where no command could be given without a secret
	Trace string
	client.Exchange
}

func (s *session) note(e entry) {
	s.journal = append(s.journal, e)
	if n := len(s.journal) - maxEntries; n > 0 {
		s.journal = append([]entry(nil), s.journal[n:]...)
	}
}

// what names an exchange by the end of its path.
var what = map[string]string{
	"moi": "Ce que la convention permet", "me": "Identité de la personne connectée",
	"beneficiaires": "Personne connectée et bénéficiaires", "caisse": "Caisse", "contrats": "Droits de base et C2S",
	"exonerations": "Exonérations", "medecin-traitant": "Médecin traitant", "complementaire": "Complémentaire",
	"arrets-travail": "Arrêts de travail", "risques-professionnels": "Risques professionnels",
	"token": "Échange du code contre les jetons", "jwks": "Clés publiées par FranceConnect",
}

// observe turns what the client tells into an entry. It is called while the
// session's lock is held.
func (a *app) observe(s *session) func(client.Exchange) {
	return func(e client.Exchange) {
		trace := ""
		for _, h := range e.Answer {
			if h.Name == "X-Trace" {
				trace = h.Value
			}
		}
		e.Body = indent([]byte(e.Body))
		s.note(entry{At: a.clock(), What: whatOf(e.URL), Curl: e.Curl(), Trace: trace, Exchange: e})
	}
}

func whatOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "Appel"
	}
	path := strings.TrimRight(u.Path, "/")
	if w := what[path[strings.LastIndexByte(path, '/')+1:]]; w != "" {
		return w
	}
	return "Identité du bénéficiaire"
}

// redirect notes that the browser was sent to FranceConnect.
func (a *app) redirect(s *session, address, text string) {
	u, err := url.Parse(address)
	if err != nil {
		return
	}
	q := u.Query()
	for name := range q {
		if name == "state" || name == "nonce" || name == "id_token_hint" {
			q.Set(name, "•••")
		}
	}
	u.RawQuery = ""
	s.note(entry{At: a.clock(), What: text, Form: lines(q),
		Exchange: client.Exchange{Method: "GET", URL: u.String(), Status: http.StatusSeeOther}})
}

// recorder notes the exchanges with FranceConnect as they pass.
type recorder struct {
	app  *app
	s    *session
	next http.RoundTripper
}

// RoundTrip sends the request and notes it with its secrets cut.
func (t recorder) RoundTrip(r *http.Request) (*http.Response, error) {
	e := entry{At: t.app.clock(), What: whatOf(r.URL.String()),
		Exchange: client.Exchange{Method: r.Method, URL: r.URL.String(), Request: headers(r.Header)}}
	if r.GetBody != nil {
		if body, err := r.GetBody(); err == nil {
			raw, _ := io.ReadAll(io.LimitReader(body, 8<<10))
			if q, err := url.ParseQuery(string(raw)); err == nil {
				e.Form = lines(q)
			}
		}
	}
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		t.s.note(e)
		return nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 256<<10))
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(raw))
	e.Status, e.Answer, e.Body = resp.StatusCode, headers(resp.Header), indent(cutTokens(raw))
	t.s.note(e)
	return resp, nil
}

func headers(h http.Header) []client.Header {
	var out []client.Header
	for name, values := range h {
		for _, v := range values {
			out = append(out, client.Header{Name: name, Value: client.Cut(name, v)})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// lines shows a form or a query, its secrets cut.
func lines(q url.Values) string {
	names := make([]string, 0, len(q))
	for name := range q {
		names = append(names, name)
	}
	sort.Strings(names)
	var b strings.Builder
	for _, name := range names {
		v := q.Get(name)
		switch name {
		case "code", "client_secret":
			v = "•••"
		}
		b.WriteString(name + " = " + v + "\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

var tokenMember = regexp.MustCompile(`("(?:access_token|id_token|refresh_token|error_description)"\s*:\s*")[^"]*(")`)

func cutTokens(b []byte) []byte { return tokenMember.ReplaceAll(b, []byte("${1}•••${2}")) }

// indent makes JSON readable; anything else is left as it is.
func indent(b []byte) string {
	var out bytes.Buffer
	if json.Indent(&out, b, "", "  ") != nil {
		return string(b)
	}
	return out.String()
}
