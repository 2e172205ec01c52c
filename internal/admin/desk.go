package admin

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"droits.example/droits/internal/desk"
	"droits.example/droits/internal/fault"
)

// The bounds of a report of the identity desk.
const (
	MaxDeskFor   = 400 * 24 * time.Hour
	MaxDeskCases = 10_000
)

// DeskPath is where a report of the identity desk is read: for (a duration, at
// most MaxDeskFor), outcome ("" = all) and limit (of cases) are in the query.
func DeskPath(back time.Duration, outcome string, limit int) string {
	return "/identity/desk?" + url.Values{"for": {back.String()}, "outcome": {outcome}, "limit": {strconv.Itoa(limit)}}.Encode()
}

// identityDesk makes the report. Errors: parametre_invalide.
func identityDesk(c Config, r *http.Request, _ Request) (any, error) {
	v := r.URL.Query()
	bad := func(field string) error { return fault.New(fault.ParametreInvalide, "admin: desk").On(field) }
	back, err := time.ParseDuration(v.Get("for"))
	if err != nil || back <= 0 || back > MaxDeskFor {
		return nil, bad("for")
	}
	limit, err := strconv.Atoi(v.Get("limit"))
	if err != nil || limit < 0 || limit > MaxDeskCases {
		return nil, bad("limit")
	}
	now := c.Clock()
	q := desk.Query{Since: now.Add(-back), Outcome: v.Get("outcome"), Limit: limit}
	switch q.Outcome {
	case "", desk.None, desk.Ambiguous, desk.Blocked:
	default:
		return nil, bad("outcome")
	}
	found, err := c.Live.Desk(r.Context(), q)
	if err != nil {
		return nil, err
	}
	return desk.Judge(q, now, found), nil
}

// relock puts in the lock of signed heads a checkpoint from elsewhere.
func relock(c Config, r *http.Request, req Request) (any, error) {
	size, err := c.registry(req).Relock(r.Context(), []byte(req.Checkpoint))
	if err != nil {
		return nil, missing(err, "log")
	}
	return done(req, map[string]any{"size": size})
}

// forgetSubject forgets to whom a blocked subject led; the request's ID is the
// place of the entry that the desk lists.
func forgetSubject(c Config, r *http.Request, req Request) (any, error) {
	entry, err := strconv.ParseInt(req.ID, 10, 64)
	if err != nil || entry < 0 {
		return nil, fault.New(fault.ParametreInvalide, "admin: forget subject").On("entry")
	}
	if err := c.registry(req).ForgetSubject(r.Context(), entry); err != nil {
		return nil, missing(err, "blocked entry")
	}
	return done(req, map[string]any{"entry": entry})
}
