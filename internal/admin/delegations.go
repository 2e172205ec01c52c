package admin

import "net/http"

func listDelegations(c Config, r *http.Request, _ Request) (any, error) {
	return c.Live.Delegations(r.Context(), r.URL.Query().Get("of"))
}

// delegate lets a software vendor call under a convention.
func delegate(c Config, r *http.Request, req Request) (any, error) {
	if err := c.registry(req).Delegate(r.Context(), req.Vendor, req.ID); err != nil {
		return nil, err
	}
	return done(req, map[string]any{"vendor": req.Vendor, "id": req.ID})
}

func endDelegation(c Config, r *http.Request, req Request) (any, error) {
	if err := c.registry(req).EndDelegation(r.Context(), req.Vendor, req.ID, req.Side); err != nil {
		return nil, err
	}
	return done(req, map[string]any{"vendor": req.Vendor, "id": req.ID})
}
