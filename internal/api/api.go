// Package api is the partner API: it hides HTTP, decoding what calls carry and
// writing what the road lets out, in the names of the published v1 contract.
package api

import (
	"context"
	_ "embed"
	"net/http"
	"strconv"
	"strings"
	"time"

	"droits.example/droits/internal/access"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/edge"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
)

//go:embed openapi.yaml
var openAPI []byte

// OpenAPI is the OpenAPI 3.0.3 document of the partner API, in YAML.
func OpenAPI() []byte { return openAPI }

// DefaultBase is the published base path.
const DefaultBase = "/v1/droits/beneficiaires"

// MoiPath is where a partner reads its own rights.
const MoiPath = "/v1/partenaire/moi"

// Config is what the API needs.
type Config struct {
	Access      *access.Service
	Edge        *edge.Edge
	Base        string // base path, DefaultBase when empty
	Environment partner.Environment
	Clock       func() time.Time
	PartnerName func(id string) (partner.Partner, bool)
	Ping        func(ctx context.Context) error // whether the journal can be read
	Deprecation Deprecation                     // what is on its way out
}

// API serves the partner API. It is safe for concurrent use.
type API struct {
	Config
	routes map[string]route
	lost   http.Handler
}

// route is what one path answers to GET, and to anything else.
type route struct{ get, other http.Handler }

// New returns the API.
func New(c Config) *API {
	if c.Base = "/" + strings.Trim(c.Base, "/"); c.Base == "/" {
		c.Base = DefaultBase
	}
	a := &API{Config: c, routes: map[string]route{}, lost: c.Edge.Refuse("unknown", fault.RessourceInconnue)}
	for _, op := range droits.Operations() {
		a.handle(c.Base+op.Path, op.ID, a.operation(op))
	}
	a.handle(MoiPath, moiID, a.moi)
	a.handle(JournalPath+"/findUsage", findUsageID, a.journal(findUsageID, a.findUsage))
	a.handle(JournalPath+"/usagePeriod", usagePeriodID, a.journal(usagePeriodID, a.usagePeriod))
	a.handle(JournalPath+"/heartbeat", heartbeatID, a.heartbeat)
	return a
}

func (a *API) handle(path, id string, h edge.HandlerFunc) {
	extra := a.Deprecation.headers(id)
	a.routes[strings.TrimSuffix(path, "/")] = route{announced(extra, a.Edge.Handle(id, h)), announced(extra, a.Edge.Refuse(id, fault.MethodeNonPermise))}
}

// Handles reports whether a path belongs to the API, known route or not.
func (a *API) Handles(path string) bool {
	return path == a.Base || strings.HasPrefix(path, a.Base+"/") || strings.HasPrefix(path, "/v1/")
}

// ServeHTTP routes by the exact path, with or without one final slash.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found, ok := a.routes[strings.TrimSuffix(r.URL.Path, "/")]
	switch {
	case !ok:
		a.lost.ServeHTTP(w, r)
	case r.Method != http.MethodGet:
		found.other.ServeHTTP(w, r)
	default:
		found.get.ServeHTTP(w, r)
	}
}

// operation is one call: authenticate, decode, walk the road, write.
func (a *API) operation(op droits.OperationInfo) edge.HandlerFunc {
	return func(w *edge.Writer, r *http.Request) error {
		meta := access.Meta{RequestID: w.Event.RequestID}
		today := civil.On(a.Clock())
		creds, twice := credentials(w, r)
		if twice != nil && creds.Key == "" {
			return twice
		}
		caller, err := a.Access.Authenticate(creds, twice == nil)
		who, bad := decode(op, r, today, &meta)
		if err == nil {
			err = first(twice, bad)
		}
		a.note(w, caller)
		if err != nil {
			return a.refused(w, r, caller, a.Access.Refuse(r.Context(), caller, meta, err))
		}
		answer, err := a.Access.Read(r.Context(), caller, access.Request{Meta: meta, Who: who, Encode: encode})
		if err != nil {
			return a.refused(w, r, caller, err)
		}
		a.rates(w, r, caller)
		w.Put("X-Periode", answer.Window().Period.String())
		if d := answer.DonneesOn(); !d.IsZero() {
			w.Put("X-Donnees-Au", d.String())
		}
		w.Put("X-Reference-Personne", answer.Reference())
		w.Put("X-Trace", answer.Receipt().String())
		w.Event.Trace = answer.Receipt().Index()
		return writeJSON(w, answer.Body())
	}
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// refused adds what a refusal may carry: the trace and the quotas.
func (a *API) refused(w *edge.Writer, r *http.Request, c access.Caller, err error) error {
	a.rates(w, r, c)
	if x, ok := err.(*access.Refusal); ok {
		w.Put("X-Trace", x.Receipt.String())
		w.Event.Trace = x.Receipt.Index()
	}
	return err
}

func (a *API) note(w *edge.Writer, c access.Caller) {
	if c.Known() {
		w.Event.Key, w.Event.Partner = c.KeyID(), c.Partner()
	}
}

func (a *API) rates(w *edge.Writer, r *http.Request, c access.Caller) {
	rates, ok := a.Access.Rates(r.Context(), c)
	if !ok {
		return
	}
	w.Put("Ratelimit-Limit", strconv.Itoa(rates.Limit)) // canonical names
	w.Put("Ratelimit-Remaining", strconv.Itoa(rates.Remaining))
	w.Put("Ratelimit-Reset", strconv.Itoa(rates.Reset))
}

var (
	jsonType = []string{"application/json; charset=utf-8"}
	noStore  = []string{"no-store"}
)

func writeJSON(w *edge.Writer, body []byte) error {
	if body == nil {
		return fault.New(fault.ErreurInterne, "api: answer without a receipt")
	}
	h := w.Header()
	h["Content-Type"], h["Cache-Control"] = jsonType, noStore
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(body)
	if err != nil {
		w.Event.Reason = "CLIENT_GONE"
	}
	return nil
}
