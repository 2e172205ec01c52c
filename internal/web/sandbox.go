package web

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
)

const sandboxPath = memberPath + "/bac-a-sable"

// Sandbox makes calls about test persons: there is none in production.
type Sandbox struct {
	// Persons are the test persons by slug; their names are those of Config.
	Persons func() []Person
	// Mint makes a token of a test person for a FranceConnect client, and tells
	// its fictitious number. Errors: ressource_inconnue (the simulator knows no
	// such client or person).
	Mint func(ctx context.Context, client, person string) (token, nir string, err error)
	// API answers the calls: the platform's own handler.
	API func() http.Handler
}

// sandboxData is the page of the sandbox.
type sandboxData struct {
	Conventions, Person, Operation choices
	From, To, Key                  field
	Mistakes                       []mistake
	Exchange                       *exchange
}

// exchange is a call that was made and what was answered.
type exchange struct {
	Curl    string
	Status  string
	Headers []pair
	Body    string
	Code    string // of a refusal, with its documentation
	Took    string
}

// shownHeaders of an answer, in this order.
var shownHeaders = []string{"X-Request-Id", "X-Trace", "X-Periode", "X-Donnees-Au", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After", "WWW-Authenticate", "Content-Type"}

func (d *desk) sandbox(w http.ResponseWriter, r *http.Request, t turn) error {
	return d.showSandbox(w, r, t, r.URL.Query().Get, nil, nil)
}

func (d *desk) showSandbox(w http.ResponseWriter, r *http.Request, t turn, v func(string) string, wrong map[string]string, done *exchange) error {
	o, err := d.organisation(r.Context(), t)
	if err != nil {
		return err
	}
	x := sandboxData{Exchange: done,
		Conventions: choices{Name: "convention", Legend: "Convention", Kind: "select"}, Person: choices{Name: "personne", Legend: "Personne du jeu d'essai", Kind: "select"}, Operation: choices{Name: "operation", Legend: "Opération", Kind: "select"},
		From: field{Name: "dateDebut", Label: "Début de la période", Kind: "date", Value: v("dateDebut"), Optional: true}, To: field{Name: "dateFin", Label: "Fin de la période", Kind: "date", Value: v("dateFin"), Optional: true},
		Key: field{Name: "cle", Label: "Votre clé d'essai", Hint: "Elle commence par test_. Elle sert à cet appel et n'est pas gardée.", Kind: "password", Max: 128, Autocomplete: "off"}}
	for _, c := range o.conventions {
		if c.State != convention.Draft && c.State != convention.Ended {
			x.Conventions.Options = append(x.Conventions.Options, option{Value: c.Document.ID, Label: c.Document.ID, Checked: c.Document.ID == v("convention")})
		}
	}
	for _, p := range d.Sandbox.Persons() {
		x.Person.Options = append(x.Person.Options, option{Value: p.Slug, Label: p.Name + " – " + p.What, Checked: p.Slug == v("personne")})
	}
	for _, op := range droits.Operations() {
		x.Operation.Options = append(x.Operation.Options, option{Value: op.ID, Label: op.ID + " – " + op.Path, Checked: op.ID == v("operation")})
	}
	for _, f := range []*field{&x.From, &x.To, &x.Key} {
		f.Error = wrong[f.Name]
	}
	x.Mistakes = mistakes(x.From, x.To, x.Key)
	status := http.StatusOK
	if len(x.Mistakes) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return d.showWith(w, r, status, t, page{Name: "bac", Title: "Bac à sable", Section: sandboxPath, Summary: "Essayer l'API avec des personnes fictives.", Failed: len(x.Mistakes) > 0, Crumbs: d.trail(t, link{Text: "Bac à sable"}), Data: x})
}

// try makes a call as the partner's software would, through the same handler.
func (d *desk) try(w http.ResponseWriter, r *http.Request, t turn) error {
	if !d.form(w, r) {
		return nil
	}
	o, err := d.organisation(r.Context(), t)
	if err != nil {
		return err
	}
	v := r.PostForm.Get
	c := o.convention(v("convention"))
	i := slices.IndexFunc(droits.Operations(), func(op droits.OperationInfo) bool { return op.ID == v("operation") })
	if c == nil || i < 0 {
		return fault.New(fault.RessourceInconnue, "web: sandbox")
	}
	key := strings.TrimSpace(v("cle"))
	if !partner.LooksLikeKey(key, partner.Sandbox) {
		return d.showSandbox(w, r, t, v, map[string]string{"cle": "Collez une clé d'essai de cette convention : elle commence par test_."}, nil)
	}
	if len(c.Document.FCClients) == 0 {
		return fault.New(fault.RessourceInconnue, "web: sandbox")
	}
	token, nir, err := d.Sandbox.Mint(r.Context(), c.Document.FCClients[0].ID, v("personne"))
	if err != nil {
		note(w, err)
		return d.showSandbox(w, r, t, v, map[string]string{"cle": "Le simulateur FranceConnect ne connaît pas le client de cette convention : aucun jeton d'essai ne peut être émis pour elle."}, nil)
	}
	op := droits.Operations()[i]
	address := d.cfg.BasePath + op.Path
	var query []string
	for _, name := range []string{"dateDebut", "dateFin"} {
		if s := v(name); len(s) == len("2026-11-22") && !strings.ContainsAny(s, "&#?%/ ") {
			query = append(query, name+"="+s)
		}
	}
	if len(query) > 0 {
		address += "?" + strings.Join(query, "&")
	}
	curl := "curl -H \"X-API-Key: $CLE\" -H \"Authorization: Bearer $JETON\""
	req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		return fault.New(fault.ParametreInvalide, "web: sandbox")
	}
	req.RequestURI, req.RemoteAddr, req.Host = address, netip.AddrPortFrom(visitOf(w).Addr, 1).String(), r.Host
	req.Header.Set("X-API-Key", key)
	req.Header.Set("Authorization", "Bearer "+token)
	if op.NeedsNIR {
		req.Header.Set("nir", nir)
		curl += ` -H "nir: ` + nir + `"`
	}
	got := answered{header: http.Header{}, status: http.StatusOK}
	begun := d.Clock()
	d.Sandbox.API().ServeHTTP(&got, req)
	x := exchange{Curl: curl + ` "` + d.cfg.Origin + address + `"`, Status: http.StatusText(got.status), Took: millisecondsOf(d.Clock().Sub(begun)), Body: pretty(got.body.Bytes())}
	x.Status = strings.TrimSpace(strings.Join([]string{strconv.Itoa(got.status), x.Status}, " "))
	for _, h := range shownHeaders {
		if s := got.header.Get(h); s != "" {
			x.Headers = append(x.Headers, pair{Term: h, Text: []string{s}})
		}
	}
	var problem struct {
		Code string `json:"code"`
	}
	if got.status >= 400 && json.Unmarshal(got.body.Bytes(), &problem) == nil {
		x.Code = problem.Code
	}
	return d.showSandbox(w, r, t, v, nil, &x)
}

// answered keeps what a handler answers.
type answered struct {
	header http.Header
	status int
	wrote  bool
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (a *answered) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answered) WriteHeader(status int) {
	if !a.wrote {
		a.status, a.wrote = status, true
	}
}

// Write implements http.ResponseWriter.
func (a *answered) Write(b []byte) (int, error) {
	a.wrote = true
	return a.body.Write(b)
}

func pretty(b []byte) string {
	var out bytes.Buffer
	if json.Indent(&out, b, "", "  ") != nil {
		return string(b)
	}
	return out.String()
}
