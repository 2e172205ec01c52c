package admin

import (
	"context"
	_ "embed"
	"encoding/json"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/edge"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/habilitation"
	"droits.example/droits/internal/trace"
)

// PortalPath is below what the administration answers on the network.
const PortalPath = "/v1/administration"

// PortalDocument describes it (OpenAPI 3.0.3).
//
//go:embed openapi.yaml
var PortalDocument []byte

// Portal is what the administration on the network needs: another program, such
// as a portal that exists already, drives it with a secret of its own.
type Portal struct {
	Config
	// Machine finds the program whose secret it is. Errors: cle_invalide.
	Machine func(ctx context.Context, secret string) (account.Machine, error)
	// As is the registry, live or rehearsed, in a program's name.
	As func(by trace.By, rehearse bool) Registry
	// Networks from which programs call; empty = any.
	Networks []netip.Prefix
}

// portalRoute is one operation: what it takes to call it.
type portalRoute struct {
	need account.Deed
	do   func(Config, *http.Request, Request) (any, error)
}

// portalRoutes are the operations, by method and path below PortalPath. What
// reads or changes people is not among them, nor what loads data.
var portalRoutes = map[string]portalRoute{
	"GET /partners":                      {account.ReadQueue, listPartners},
	"POST /partners":                     {account.PrepareConvention, putPartner},
	"POST /partners/contact":             {account.FollowPartners, setContact},
	"POST /partners/signing-keys":        {account.PrepareConvention, registerKey},
	"POST /partners/signing-keys/retire": {account.PrepareConvention, retireKey},
	"GET /conventions":                   {account.ReadQueue, listConventions},
	"POST /conventions":                  {account.PrepareConvention, putConvention},
	"POST /conventions/from-request":     {account.PrepareConvention, prepareConvention},
	"POST /conventions/sign":             {account.EngageOperator, signConvention},
	"POST /conventions/state":            {account.EngageOperator, moveConvention},
	"POST /conventions/leave":            {account.PrepareConvention, leave},
	"GET /conventions/canonical":         {account.ReadQueue, canonical},
	"GET /conventions/explain":           {account.ReadQueue, explain},
	"GET /keys":                          {account.ReadQueue, listKeys},
	"POST /keys":                         {account.EngageOperator, addKey},
	"POST /keys/revoke":                  {account.FollowPartners, revokeKey},
	"POST /keys/suspend":                 {account.FollowPartners, suspendKey},
	"POST /keys/resume":                  {account.FollowPartners, resumeKey},
	"GET /delegations":                   {account.ReadQueue, listDelegations},
	"GET /alerts":                        {account.FollowPartners, listAlerts},
	"GET /requests":                      {account.ReadQueue, listRequests},
	"GET /requests/one":                  {account.ReadQueue, showRequest},
	"POST /requests":                     {account.WriteRequest, openRequest},
	"POST /requests/act":                 {"", actOnRequest}, // the table of the states says who
	"GET /terms":                         {account.ReadQueue, showTerms},
}

// PortalOperations lists what the portal answers, such as "GET /partners".
func PortalOperations() []string {
	list := make([]string, 0, len(portalRoutes))
	for p := range portalRoutes {
		list = append(list, p)
	}
	slices.Sort(list)
	return list
}

// Handler serves the administration on the network, below PortalPath. Every
// call but the document's needs Authorization: Bearer and the secret of a
// program; an act is rehearsed unless its body says apply.
func (p Portal) Handler() http.Handler {
	m := http.NewServeMux()
	for pattern, route := range portalRoutes {
		method, path, _ := strings.Cut(pattern, " ")
		m.HandleFunc(method+" "+PortalPath+path, func(w http.ResponseWriter, r *http.Request) { p.serve(w, r, route) })
	}
	m.HandleFunc("GET "+PortalPath+"/openapi.yaml", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/yaml; charset=utf-8")
		w.Write(PortalDocument)
	})
	m.HandleFunc(PortalPath+"/", func(w http.ResponseWriter, _ *http.Request) {
		fail(w, fault.New(fault.RessourceInconnue, "admin: portal"))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		m.ServeHTTP(w, r)
	})
}

// serve authenticates, checks the role, and does it in the program's name.
func (p Portal) serve(w http.ResponseWriter, r *http.Request, route portalRoute) {
	m, err := p.authenticate(w, r)
	if err == nil && route.need != "" && !m.Role.May(route.need) {
		err = fault.New(fault.RoleInsuffisant, "admin: portal").Because("ROLE_" + strings.ToUpper(string(m.Role)))
	}
	var req Request
	if err == nil && r.Method == http.MethodPost {
		err = read(r, &req)
	}
	if err == nil && req.Doing != nil && habilitation.Role(m.Role) != req.Doing.Role {
		err = fault.New(fault.RoleInsuffisant, "admin: portal").On("role").Because("ROLE_OF_ANOTHER")
	}
	if err == nil && req.Doing != nil && m.Role == account.Demandeur && req.Doing.Act != "" {
		err = p.opened(r.Context(), m, req.ID)
	}
	if err != nil {
		refuse(w, err)
		return
	}
	by := trace.By{Actor: trace.ActorOperator, Author: m.ID, RequestID: w.Header().Get("X-Request-Id")}
	if m.Role.Member() {
		by.Actor = trace.ActorPartner
	}
	if req.Doing != nil && edge.Opaque(req.Doing.Author) {
		req.Doing.program = m.ID
		by.Author = req.Doing.by()
	}
	c := p.Config
	c.Live, c.Rehearsal = p.As(by, false), p.As(by, true)
	out, err := route.do(c, r, req)
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(out)
}

// opened reports a request that a program which applies for organisations may
// not touch: one that was not opened by itself, or by the program of the same
// name that it follows. Errors: ressource_inconnue.
func (p Portal) opened(ctx context.Context, m account.Machine, id string) error {
	x, err := p.Live.Request(ctx, id)
	if err != nil {
		return missing(err, "request")
	}
	opener, _, ok := strings.Cut(x.Events[0].Author, habilitation.ForAnother)
	if ok && opener == m.ID {
		return nil
	}
	list, err := p.Live.Machines(ctx)
	if err != nil {
		return err
	}
	if ok && slices.ContainsFunc(list, func(y account.Machine) bool { return y.ID == opener && y.Name == m.Name && y.Role == m.Role }) {
		return nil
	}
	return fault.New(fault.RessourceInconnue, "admin: portal").On("request")
}

// authenticate finds the program that calls. Errors: adresse_non_autorisee,
// cle_absente, cle_invalide.
func (p Portal) authenticate(w http.ResponseWriter, r *http.Request) (m account.Machine, err error) {
	if len(p.Networks) > 0 {
		e, ok := w.(*edge.Writer)
		if !ok || !slices.ContainsFunc(p.Networks, func(n netip.Prefix) bool { return n.Contains(e.Addr.Unmap()) }) {
			return m, fault.New(fault.AdresseNonAutorisee, "admin: portal")
		}
	}
	secret, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || secret == "" {
		return m, fault.New(fault.CleAbsente, "admin: portal")
	}
	if len(secret) > 128 {
		return m, fault.New(fault.CleInvalide, "admin: portal")
	}
	return p.Machine(r.Context(), secret)
}

// refuse answers an error, with what a program needs to authenticate.
func refuse(w http.ResponseWriter, err error) {
	f := fault.From(err)
	if e, ok := w.(*edge.Writer); ok {
		e.Event.Code, e.Event.Reason = string(f.Code()), f.Reason()
	}
	if f.Kind() == fault.Unauthenticated {
		w.Header().Set("WWW-Authenticate", `Bearer realm="administration-droits"`)
	}
	fail(w, err)
}
