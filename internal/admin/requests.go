package admin

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"

	"droits.example/droits/internal/edge"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/habilitation"
)

// Doing is an act on a request for access, on the wire.
type Doing struct {
	Act    habilitation.Act    `json:"act,omitempty"`
	Role   habilitation.Role   `json:"role"`
	Author string              `json:"author"` // opaque reference of who acts, 1 to 64 of [A-Za-z0-9._-]
	Text   string              `json:"text,omitempty"`
	Ground habilitation.Ground `json:"ground,omitempty"` // of a revocation
	Form   *habilitation.Form  `json:"form,omitempty"`
	// Edition is the one that whoever acts has read: another is refused. 0 =
	// whatever it is.
	Edition int `json:"edition,omitempty"`

	program string // that acts for the author, "" for a person at the command line
}

// by is who acts as the request keeps it: what a program says of its people is
// under the program's own name, so that nobody passes for an account of ours.
func (d *Doing) by() string {
	if d.program == "" {
		return d.Author
	}
	return d.program + habilitation.ForAnother + d.Author
}

func (d *Doing) check() error {
	switch {
	case d == nil:
		return fault.New(fault.ParametreInvalide, "admin: request").On("doing")
	case !edge.Opaque(d.Author):
		return fault.New(fault.ParametreInvalide, "admin: request").On("author")
	}
	return nil
}

// RequestsPath is where the queue of requests is read.
func RequestsPath(q habilitation.Query) string {
	v := url.Values{"state": {string(q.State)}, "siret": {q.SIRET}, "sort": {string(q.Sort)}, "limit": {strconv.Itoa(q.Limit)}, "offset": {strconv.Itoa(q.Offset)}}
	if q.Descending {
		v.Set("order", "desc")
	}
	return "/requests?" + v.Encode()
}

// RequestPath is where one request is read.
func RequestPath(id string) string { return "/requests/one?" + url.Values{"id": {id}}.Encode() }

// listRequests reads a page of the queue. Errors: parametre_invalide.
func listRequests(c Config, r *http.Request, _ Request) (any, error) {
	v := r.URL.Query()
	q := habilitation.Query{State: habilitation.State(v.Get("state")), SIRET: v.Get("siret"), Sort: cmp.Or(habilitation.Sort(v.Get("sort")), habilitation.BySubmission), Descending: v.Get("order") == "desc", Limit: 50}
	var err error
	for name, to := range map[string]*int{"limit": &q.Limit, "offset": &q.Offset} {
		if !v.Has(name) {
			continue
		}
		if *to, err = strconv.Atoi(v.Get(name)); err != nil {
			return nil, fault.New(fault.ParametreInvalide, "admin: requests").On(name)
		}
	}
	p, err := c.Live.Requests(r.Context(), q)
	if p.Lines == nil {
		p.Lines = []habilitation.Line{}
	}
	return map[string]any{"requests": p.Lines, "total": p.Total}, err
}

// shownRequest is a request with its edition, which an act may name.
type shownRequest struct {
	habilitation.Request
	Edition int `json:"edition"`
}

func showRequest(c Config, r *http.Request, _ Request) (any, error) {
	x, err := c.Live.Request(r.Context(), r.URL.Query().Get("id"))
	if err != nil {
		return nil, missing(err, "request")
	}
	return shownRequest{x, x.Edition()}, nil
}

func openRequest(c Config, r *http.Request, req Request) (any, error) {
	if err := req.Doing.check(); err != nil {
		return nil, err
	}
	if req.Doing.Form == nil {
		return nil, fault.New(fault.ParametreInvalide, "admin: request").On("form")
	}
	x, err := c.registry(req).OpenRequest(r.Context(), habilitation.Doing{Role: req.Doing.Role, Author: req.Doing.by(), Form: req.Doing.Form})
	if err != nil {
		return nil, err
	}
	return done(req, map[string]any{"id": x.ID, "state": x.State})
}

func actOnRequest(c Config, r *http.Request, req Request) (any, error) {
	d := req.Doing
	if err := d.check(); err != nil {
		return nil, err
	}
	x, err := c.registry(req).ActOnRequest(r.Context(), req.ID, habilitation.Doing{Act: d.Act, Role: d.Role, Author: d.by(), Text: d.Text, Ground: d.Ground, Form: d.Form, Edition: d.Edition})
	if err != nil {
		return nil, missing(err, "request")
	}
	out := map[string]any{"id": x.ID, "state": x.State}
	if p := x.Proposal; p != nil {
		out["proposed"] = p.Act // a second agent has to confirm
	}
	return done(req, out)
}
