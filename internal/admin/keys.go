package admin

import (
	"encoding/hex"
	"net/http"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/clientauth"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
)

// keyLine is a key as it is listed: no secret.
type keyLine struct {
	ID           string              `json:"id"`
	Convention   string              `json:"convention"`
	Environment  partner.Environment `json:"environment"`
	Last4        string              `json:"last4"`
	CreatedAt    time.Time           `json:"created_at"`
	ExpiresAt    time.Time           `json:"expires_at,omitzero"`
	RevokedAt    time.Time           `json:"revoked_at,omitzero"`
	Live         bool                `json:"live"`
	SuspendedAt  time.Time           `json:"suspended_at,omitzero"`
	SuspendedFor string              `json:"suspended_for,omitempty"`
	LastUsedOn   civil.Date          `json:"last_used_on,omitzero"`
	Vendor       string              `json:"vendor,omitempty"`
	Certificates []certificateLine   `json:"certificates,omitempty"`
}

func listKeys(c Config, r *http.Request, _ Request) (any, error) {
	list, err := c.Live.Keys(r.Context())
	out := []keyLine{}
	for _, k := range list {
		out = append(out, keyLine{k.ID, k.ConventionID, k.Environment, k.Last4, k.CreatedAt, k.ExpiresAt, k.RevokedAt, k.LiveAt(c.Clock()) && k.SuspendedAt.IsZero(), k.SuspendedAt, k.SuspendedFor, k.LastOn, k.Vendor, certificateLines(k.Certificates)})
	}
	return out, err
}

// addKey makes the secret here, and this answer is the only place where it is
// ever shown.
func addKey(c Config, r *http.Request, req Request) (any, error) {
	if !req.ExpiresAt.IsZero() && !req.ExpiresAt.After(c.Clock()) {
		return nil, fault.New(fault.ParametreInvalide, "admin: key").On("expires_at")
	}
	secret := partner.NewSecret(c.Environment)
	var k partner.Key
	var err error
	if req.Vendor != "" {
		k, err = c.registry(req).AddVendorKey(r.Context(), req.Vendor, secret, c.Environment, req.ExpiresAt)
	} else {
		k, err = c.registry(req).AddKey(r.Context(), req.ID, secret, c.Environment, req.ExpiresAt)
	}
	if err != nil {
		return nil, missing(err, "convention")
	}
	more := map[string]any{"convention": req.ID}
	if req.Apply {
		more["id"], more["secret"] = k.ID, secret
	}
	return done(req, more)
}

func revokeKey(c Config, r *http.Request, req Request) (any, error) {
	if err := c.registry(req).RevokeKey(r.Context(), req.ID); err != nil {
		return nil, missing(err, "key")
	}
	return done(req, map[string]any{"id": req.ID})
}

// bindKey notes the key under which the software that holds an API key signs.
func bindKey(c Config, r *http.Request, req Request) (any, error) {
	if req.Signature == nil {
		return nil, fault.New(fault.ParametreInvalide, "admin: bind key").On("signature")
	}
	if _, err := clientauth.ParseKey(req.Signature.Key); err != nil {
		return nil, err
	}
	if err := c.registry(req).BindKey(r.Context(), req.ID, req.Signature.Key); err != nil {
		return nil, missing(err, "key")
	}
	return done(req, map[string]any{"id": req.ID})
}

// certificateLine is a certificate bound to a key, as it is listed.
type certificateLine struct {
	SHA256 string    `json:"sha256"`
	EndsAt time.Time `json:"ends_at"`
}

func certificateLines(list []partner.Certificate) (out []certificateLine) {
	for _, c := range list {
		out = append(out, certificateLine{hex.EncodeToString(c.Digest[:]), c.EndsAt})
	}
	return out
}

// bindCertificate lets the software that holds an API key show a certificate.
func bindCertificate(c Config, r *http.Request, req Request) (any, error) {
	cert, err := clientauth.ParseCertificate([]byte(req.Certificate))
	if err != nil {
		return nil, err
	}
	if err := c.registry(req).BindCertificate(r.Context(), req.ID, cert); err != nil {
		return nil, missing(err, "key")
	}
	return done(req, map[string]any{"id": req.ID, "sha256": hex.EncodeToString(cert.Digest[:]), "ends_at": cert.EndsAt})
}

func unbindCertificate(c Config, r *http.Request, req Request) (any, error) {
	if err := c.registry(req).UnbindCertificate(r.Context(), req.ID, req.Certificate); err != nil {
		return nil, missing(err, "certificate")
	}
	return done(req, map[string]any{"id": req.ID})
}

func suspendKey(c Config, r *http.Request, req Request) (any, error) {
	if err := c.registry(req).SuspendKey(r.Context(), req.ID); err != nil {
		return nil, missing(err, "key")
	}
	return done(req, map[string]any{"id": req.ID})
}

func resumeKey(c Config, r *http.Request, req Request) (any, error) {
	if err := c.registry(req).ResumeKey(r.Context(), req.ID); err != nil {
		return nil, missing(err, "key")
	}
	return done(req, map[string]any{"id": req.ID})
}

// maxAlerts is how many alerts are listed.
const maxAlerts = 200

func listAlerts(c Config, r *http.Request, _ Request) (any, error) {
	return c.Live.Alerts(r.Context(), r.URL.Query().Get("partner"), maxAlerts)
}

// setContact says to whom one writes at a partner about its keys.
func setContact(c Config, r *http.Request, req Request) (any, error) {
	if err := c.registry(req).SetTechnicalContact(r.Context(), req.ID, req.Mail); err != nil {
		return nil, missing(err, "partner")
	}
	return done(req, map[string]any{"id": req.ID})
}
