package admin

import (
	"net/http"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/habilitation"
)

// DraftingBody is what a convention may need beside what was granted, on the
// wire; everything may be empty.
type DraftingBody struct {
	ID       string     `json:"id,omitempty"`
	Operator string     `json:"operator,omitempty"`
	Partner  string     `json:"partner,omitempty"`
	From     civil.Date `json:"from,omitzero"`
	Until    civil.Date `json:"until,omitzero"`
	Auth     string     `json:"auth,omitempty"`
}

// prepareConvention makes the draft of a convention out of what a request was
// granted. Errors: ressource_inconnue, acte_impossible, parametre_invalide.
func prepareConvention(c Config, r *http.Request, req Request) (any, error) {
	b := req.Drafting
	if b == nil {
		b = &DraftingBody{}
	}
	if b.Operator == "" {
		b.Operator = c.Operator
	}
	x := habilitation.Drafting{ID: b.ID, Operator: b.Operator, Partner: b.Partner, From: b.From, Until: b.Until, Auth: b.Auth}
	out, err := c.registry(req).PrepareConvention(r.Context(), req.ID, x)
	if err != nil {
		return nil, missing(err, "request")
	}
	d := out.Document
	return done(req, map[string]any{"id": d.ID, "version": d.Version, "partner": d.Parties.Partner, "state": out.State, "digest": out.Digest, "until": d.Until})
}

// TermsAnswer is which terms of use hold, which come, and which are known.
type TermsAnswer struct {
	Held  convention.Announced   `json:"held"`
	Next  *convention.Announced  `json:"next,omitempty"`
	Known []convention.TermsText `json:"known"`
}

func showTerms(c Config, r *http.Request, _ Request) (any, error) {
	held, next, err := c.Live.Terms(r.Context())
	out := TermsAnswer{Held: held, Known: convention.AllTerms()}
	if next.Version != "" {
		out.Next = &next
	}
	return out, err
}

// announceTerms tells every partner of a version of the terms of use. Errors:
// parametre_invalide on version or from.
func announceTerms(c Config, r *http.Request, req Request) (any, error) {
	if req.On.IsZero() {
		return nil, fault.New(fault.ParametreInvalide, "admin: announce terms").On("from")
	}
	n, err := c.registry(req).AnnounceTerms(r.Context(), req.Version, req.On)
	if err != nil {
		return nil, err
	}
	return done(req, map[string]any{"version": req.Version, "from": req.On, "partners": n})
}
