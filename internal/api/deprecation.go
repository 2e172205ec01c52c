package api

import (
	"net/http"
	"slices"
	"strconv"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
)

// Deprecation announces that operations are on their way out, in the headers
// of each of their answers: Deprecation (RFC 9745), Sunset (RFC 8594) and a Link
// to the page that says what to call instead. The zero value announces nothing.
type Deprecation struct {
	Operations []string   // operationIds; none = every operation
	Since      civil.Date // deprecated from its beginning, Paris; zero = nothing is
	Until      civil.Date // last day of service; zero = none is told
	Link       string     // address of the page
}

// OperationIDs lists what the API serves, by operationId.
func OperationIDs() (out []string) {
	for _, op := range droits.Operations() {
		out = append(out, op.ID)
	}
	return append(out, moiID, findUsageID, usagePeriodID, heartbeatID)
}

// headers are what an operation's answers carry, none where it stays.
func (d Deprecation) headers(id string) http.Header {
	if d.Since.IsZero() || len(d.Operations) > 0 && !slices.Contains(d.Operations, id) {
		return nil
	}
	h := http.Header{"Deprecation": {"@" + strconv.FormatInt(d.Since.StartAt().Unix(), 10)}}
	if !d.Until.IsZero() {
		h["Sunset"] = []string{d.Until.AddDays(1).StartAt().UTC().Format(http.TimeFormat)}
	}
	if d.Link != "" {
		h["Link"] = []string{"<" + d.Link + `>; rel="deprecation"; type="text/html"`}
	}
	return h
}

// announced adds the headers to whatever a route answers, refusals of size and
// of method included.
func announced(extra http.Header, h http.Handler) http.Handler {
	if len(extra) == 0 {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := w.Header()
		for name, values := range extra {
			out[name] = values[:len(values):len(values)] // shared: nothing may be appended in place
		}
		h.ServeHTTP(w, r)
	})
}
