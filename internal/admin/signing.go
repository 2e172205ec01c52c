package admin

import (
	"net/http"
	"net/url"
	"strconv"

	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/fault"
)

// SignatureBody is a partner's signature on the wire, both in base64.
type SignatureBody struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// CanonicalPath is where what a party signs is read.
func CanonicalPath(id string, version int, p convention.Party) string {
	return "/conventions/canonical?" + url.Values{"id": {id}, "version": {strconv.Itoa(version)}, "party": {string(p)}}.Encode()
}

// Canonical is the answer: bytes, in base64 on the wire.
type Canonical struct {
	Bytes []byte `json:"bytes"`
}

func canonical(c Config, r *http.Request, _ Request) (any, error) {
	v := r.URL.Query()
	version, err := strconv.Atoi(v.Get("version"))
	if err != nil {
		return nil, fault.New(fault.ParametreInvalide, "admin: canonical").On("version")
	}
	b, err := c.Live.CanonicalOf(r.Context(), v.Get("id"), version, convention.Party(v.Get("party")))
	if err != nil {
		return nil, missing(err, "convention")
	}
	return Canonical{b}, nil
}

// signConvention signs for the operator, or keeps a partner's signature.
func signConvention(c Config, r *http.Request, req Request) (any, error) {
	var theirs *convention.Signature
	party := convention.Operator
	if req.Signature != nil {
		party, theirs = convention.Partner, &convention.Signature{Key: req.Signature.Key, Value: req.Signature.Value}
	}
	if err := c.registry(req).SignConvention(r.Context(), req.ID, theirs); err != nil {
		return nil, missing(err, "convention")
	}
	return done(req, map[string]any{"id": req.ID, "party": party})
}

// registerKey notes a key under which a partner signs.
func registerKey(c Config, r *http.Request, req Request) (any, error) {
	if req.Signature == nil {
		return nil, fault.New(fault.ParametreInvalide, "admin: signing key").On("signature")
	}
	id, err := c.registry(req).RegisterSigningKey(r.Context(), req.ID, req.Signature.Key)
	if err != nil {
		return nil, missing(err, "partner")
	}
	return done(req, map[string]any{"id": id})
}

func retireKey(c Config, r *http.Request, req Request) (any, error) {
	if err := c.registry(req).RetireSigningKey(r.Context(), req.ID); err != nil {
		return nil, missing(err, "signing key")
	}
	return done(req, map[string]any{"id": req.ID})
}
