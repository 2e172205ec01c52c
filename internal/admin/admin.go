// Package admin is the JSON administration interface: what the command line
// does, it does here, in the running process or in its own. It hides the
// difference between rehearsing and acting.
package admin

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/desk"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/habilitation"
	"droits.example/droits/internal/intake"
	"droits.example/droits/internal/nir"
	"droits.example/droits/internal/notify"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// Registry is what is administered. The store is one; its rehearsal, which
// undoes every act, is another.
type Registry interface {
	PutPartner(ctx context.Context, p partner.Partner) error
	Partners(ctx context.Context) ([]partner.Partner, error)
	PutConvention(ctx context.Context, c convention.Convention) error
	SetConventionState(ctx context.Context, id string, next convention.State) error
	Conventions(ctx context.Context) ([]convention.Convention, error)
	AddKey(ctx context.Context, conventionID, secret string, env partner.Environment, expiresAt time.Time) (partner.Key, error)
	RevokeKey(ctx context.Context, id string) error
	Keys(ctx context.Context) ([]partner.Key, error)
	SubjectOf(ctx context.Context, n nir.NIR) (droits.Sujet, error)
	Restrict(ctx context.Context, r consent.Restriction) (string, error)
	Lift(ctx context.Context, id string) error
	RestrictionsInForce(ctx context.Context) ([]consent.RestrictionLine, error)
	Withdraw(ctx context.Context, p droits.Sujet, partnerID, reason string) error
	Allow(ctx context.Context, p droits.Sujet, partnerID string) error
	SetWebhook(ctx context.Context, partnerID, url, secret string, env partner.Environment) error
	RemoveWebhook(ctx context.Context, partnerID string) error
	Webhook(ctx context.Context, partnerID string) (notify.Target, error)
	TestWebhook(ctx context.Context, partnerID string) (string, error)
	ReplayWebhook(ctx context.Context, partnerID, delivery string) (int64, error)
	Desk(ctx context.Context, q desk.Query) (desk.Found, error)
	ForgetSubject(ctx context.Context, entry int64) error
	Relock(ctx context.Context, signed []byte) (size int64, err error)
	Reports(ctx context.Context, file, before string, limit int) ([]trace.Report, error)
	SignConvention(ctx context.Context, id string, theirs *convention.Signature) error
	CanonicalOf(ctx context.Context, id string, version int, p convention.Party) ([]byte, error)
	RegisterSigningKey(ctx context.Context, partnerID, key string) (string, error)
	RetireSigningKey(ctx context.Context, id string) error
	BindKey(ctx context.Context, id, jwk string) error
	BindCertificate(ctx context.Context, id string, c partner.Certificate) error
	UnbindCertificate(ctx context.Context, id, digest string) error
	AddVendorKey(ctx context.Context, vendor, secret string, env partner.Environment, expiresAt time.Time) (partner.Key, error)
	Delegate(ctx context.Context, vendor, conventionID string) error
	EndDelegation(ctx context.Context, vendor, conventionID string, by partner.Side) error
	Delegations(ctx context.Context, id string) ([]partner.Delegation, error)
	SuspendKey(ctx context.Context, id string) error
	ResumeKey(ctx context.Context, id string) error
	Alerts(ctx context.Context, partnerID string, limit int) ([]partner.Alert, error)
	SetTechnicalContact(ctx context.Context, partnerID, mail string) error
	Leave(ctx context.Context, id string, received civil.Date) (civil.Date, error)
	OpenRequest(ctx context.Context, by habilitation.Doing) (habilitation.Request, error)
	ActOnRequest(ctx context.Context, id string, d habilitation.Doing) (habilitation.Request, error)
	Request(ctx context.Context, id string) (habilitation.Request, error)
	Requests(ctx context.Context, q habilitation.Query) (habilitation.Page, error)
	PrepareConvention(ctx context.Context, request string, x habilitation.Drafting) (convention.Convention, error)
	Terms(ctx context.Context) (held, next convention.Announced, err error)
	Agents(ctx context.Context) ([]account.Person, error)
	AddAgent(ctx context.Context, siret, mail string, r account.Role, m account.Mandate) (account.Person, error)
	RenewAgent(ctx context.Context, id, director string, until time.Time) error
	ReviewAgent(ctx context.Context, id string) error
	EndAgent(ctx context.Context, id string) error
	AddMachine(ctx context.Context, m account.Machine, secret string) (account.Machine, error)
	RevokeMachine(ctx context.Context, id string) error
	Machines(ctx context.Context) ([]account.Machine, error)
	AnnounceTerms(ctx context.Context, version string, from civil.Date) (int, error)
}

// Config is what the administration needs.
type Config struct {
	Live        Registry
	Rehearsal   Registry
	Environment partner.Environment
	NewLoad     func(apply bool) intake.Sink // a load that acts, or one that is undone
	Clock       func() time.Time
	Demo        Demo                                        // nil outside the demonstration
	Contract    func(convention.Convention) ([]byte, error) // the OpenAPI document of a partner
	Operator    string                                      // name of the party that gives access, in conventions
	AgentsSIRET string                                      // of the operator, whose people alone may be agents
}

// Demo is what only the demonstration offers.
type Demo interface {
	Persons() any
	Token(ctx context.Context, person, partner string, ttl time.Duration) (any, error)
}

// Request is the body of every act. Apply acts; without it the act is
// rehearsed: checked to the end, and undone.
type Request struct {
	Apply       bool                 `json:"apply"`
	Partner     *PartnerBody         `json:"partner,omitempty"`
	Convention  *convention.Document `json:"convention,omitempty"`
	State       convention.State     `json:"state,omitempty"`
	ID          string               `json:"id,omitempty"`
	NIR         string               `json:"nir,omitempty"`
	Bloc        droits.Bloc          `json:"bloc,omitempty"`
	Ground      string               `json:"ground,omitempty"`
	Reason      string               `json:"reason,omitempty"`
	ExpiresAt   time.Time            `json:"expires_at,omitzero"`
	URL         string               `json:"url,omitempty"`
	Delivery    string               `json:"delivery,omitempty"`
	Checkpoint  string               `json:"checkpoint,omitempty"`
	Path        string               `json:"path,omitempty"`
	RejectsPath string               `json:"rejects_path,omitempty"`
	Person      string               `json:"person,omitempty"`
	TTL         string               `json:"ttl,omitempty"`
	On          civil.Date           `json:"on,omitzero"`
	Doing       *Doing               `json:"doing,omitempty"`
	Signature   *SignatureBody       `json:"signature,omitempty"`
	Drafting    *DraftingBody        `json:"drafting,omitempty"`
	Agent       *AgentBody           `json:"agent,omitempty"`
	Version     string               `json:"version,omitempty"` // of the terms of use
	Mail        string               `json:"mail,omitempty"`
	Name        string               `json:"name,omitempty"` // of a program
	Vendor      string               `json:"vendor,omitempty"`
	Side        partner.Side         `json:"side,omitempty"`
	Certificate string               `json:"certificate,omitempty"` // PEM, or the fingerprint of one
}

// PartnerBody is a partner on the wire.
type PartnerBody struct {
	ID    string      `json:"id"`
	Nom   string      `json:"nom"`
	SIRET string      `json:"siret"`
	Kind  droits.Kind `json:"kind"`
}

// Failure is the body of an error: the fault's code and field, never a value.
type Failure struct {
	Code    fault.Code `json:"code"`
	Field   string     `json:"field,omitempty"`
	Reason  string     `json:"reason,omitempty"`
	Message string     `json:"message"`
}

// Handler serves the administration. It checks no credentials: it belongs
// behind the socket of the data directory, which only its owner opens.
func Handler(c Config) http.Handler {
	m := http.NewServeMux()
	for pattern, h := range map[string]func(Config, *http.Request, Request) (any, error){
		"GET /partners":                      listPartners,
		"POST /partners":                     putPartner,
		"GET /conventions":                   listConventions,
		"POST /conventions":                  putConvention,
		"POST /conventions/state":            moveConvention,
		"GET /keys":                          listKeys,
		"POST /keys":                         addKey,
		"POST /keys/revoke":                  revokeKey,
		"POST /keys/bind":                    bindKey,
		"POST /keys/certificates":            bindCertificate,
		"GET /delegations":                   listDelegations,
		"POST /delegations":                  delegate,
		"POST /delegations/revoke":           endDelegation,
		"POST /keys/suspend":                 suspendKey,
		"POST /keys/resume":                  resumeKey,
		"GET /alerts":                        listAlerts,
		"POST /partners/contact":             setContact,
		"POST /keys/certificates/remove":     unbindCertificate,
		"GET /restrictions":                  listRestrictions,
		"POST /restrictions":                 restrict,
		"POST /restrictions/lift":            lift,
		"POST /consents/withdraw":            withdraw,
		"POST /consents/allow":               allow,
		"GET /webhooks":                      showWebhook,
		"POST /webhooks":                     setWebhook,
		"POST /webhooks/remove":              removeWebhook,
		"POST /webhooks/test":                testWebhook,
		"POST /webhooks/replay":              replayWebhook,
		"GET /identity/desk":                 identityDesk,
		"POST /trace/relock":                 relock,
		"POST /identity/forget":              forgetSubject,
		"GET /reports":                       listReports,
		"GET /conventions/canonical":         canonical,
		"GET /conventions/explain":           explain,
		"POST /conventions/sign":             signConvention,
		"POST /conventions/leave":            leave,
		"POST /partners/signing-keys":        registerKey,
		"POST /partners/signing-keys/retire": retireKey,
		"GET /requests":                      listRequests,
		"GET /requests/one":                  showRequest,
		"POST /requests":                     openRequest,
		"POST /requests/act":                 actOnRequest,
		"POST /conventions/from-request":     prepareConvention,
		"GET /machines":                      listMachines,
		"POST /machines":                     addMachine,
		"POST /machines/revoke":              revokeMachine,
		"GET /terms":                         showTerms,
		"POST /terms/announce":               announceTerms,
		"GET /agents":                        listAgents,
		"POST /agents":                       addAgent,
		"POST /agents/renew":                 renewAgent,
		"POST /agents/end":                   endAgent,
		"GET /demo/persons":                  demoPersons,
		"POST /demo/token":                   demoToken,
		"GET /ping":                          func(Config, *http.Request, Request) (any, error) { return map[string]bool{"ok": true}, nil },
	} {
		m.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { serve(c, w, r, h) })
	}
	m.HandleFunc("POST /import", func(w http.ResponseWriter, r *http.Request) { serveImport(c, w, r) })
	return m
}

const maxRequest = 1 << 20

func serve(c Config, w http.ResponseWriter, r *http.Request, h func(Config, *http.Request, Request) (any, error)) {
	var req Request
	if r.Method == http.MethodPost {
		if err := read(r, &req); err != nil {
			fail(w, err)
			return
		}
	}
	out, err := h(c, r, req)
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(out)
}

func read(r *http.Request, req *Request) error {
	dec := json.NewDecoder(io.LimitReader(r.Body, maxRequest))
	dec.DisallowUnknownFields()
	if err := dec.Decode(req); err != nil {
		return fault.New(fault.ParametreInvalide, "admin: decode").On("body")
	}
	return nil
}

// Explain makes the body of an error.
func Explain(err error) (Failure, int) {
	f := fault.From(err)
	x := f.Code().Entry()
	out := Failure{Code: x.Code, Field: f.Field(), Message: x.Title}
	switch f.Code() {
	case fault.ServiceIndisponible, fault.ErreurInterne:
		out.Reason = f.Reason()
	case fault.ParametreInvalide, fault.ActeImpossible:
		if r := f.Reason(); r != "PARAMETRE_INVALIDE" && r != "ACTE_IMPOSSIBLE" { // what Reason says when there is none
			out.Reason = r
		}
	}
	return out, x.Status
}

// missing says what kind of thing was not found, when the registry did not.
func missing(err error, what string) error {
	if f := fault.From(err); f.Code() == fault.RessourceInconnue && f.Field() == "" {
		return f.On(what)
	}
	return err
}

func fail(w http.ResponseWriter, err error) {
	f, status := Explain(err)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(f)
}

// registry is the one that acts, or the one that rehearses.
func (c Config) registry(req Request) Registry {
	if req.Apply {
		return c.Live
	}
	return c.Rehearsal
}

// done is the answer of an act.
func done(req Request, more map[string]any) (any, error) {
	out := map[string]any{"applied": req.Apply}
	for k, v := range more {
		out[k] = v
	}
	return out, nil
}

func (c Config) subject(ctx context.Context, req Request) (droits.Sujet, error) {
	n, err := nir.Parse(req.NIR)
	if err != nil {
		return droits.Sujet{}, err
	}
	p, err := c.Live.SubjectOf(ctx, n)
	if err != nil {
		return p, missing(err, "person")
	}
	return p, nil
}

var errNoDemo = errors.New("admin: no demonstration here")

func demoPersons(c Config, r *http.Request, _ Request) (any, error) {
	if c.Demo == nil {
		return nil, fault.New(fault.RessourceInconnue, "admin: demo").On("demonstration").With(errNoDemo)
	}
	return c.Demo.Persons(), nil
}

func demoToken(c Config, r *http.Request, req Request) (any, error) {
	if c.Demo == nil {
		return nil, fault.New(fault.RessourceInconnue, "admin: demo").On("demonstration").With(errNoDemo)
	}
	ttl := time.Duration(0)
	if req.TTL != "" {
		var err error
		if ttl, err = time.ParseDuration(req.TTL); err != nil || ttl <= 0 || ttl > time.Hour {
			return nil, fault.New(fault.ParametreInvalide, "admin: demo token").On("ttl")
		}
	}
	return c.Demo.Token(r.Context(), req.Person, req.ID, ttl)
}
