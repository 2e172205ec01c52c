package admin

import (
	"net/http"
	"net/url"
	"strconv"

	"droits.example/droits/internal/edge"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/trace"
)

// maxReports bounds one list of reports.
const maxReports = 1000

// ReportsPath is where the reports of persons are read: file is the reference
// of the file for which they are, 1 to 64 of [A-Za-z0-9._-]; before names the
// last report of the list before, "" for the first list; limit is 1 to 1000.
func ReportsPath(file, before string, limit int) string {
	q := url.Values{"file": {file}, "limit": {strconv.Itoa(limit)}}
	if before != "" {
		q.Set("before", before)
	}
	return "/reports?" + q.Encode()
}

// listReports reads what persons do not recognise in their journals; the
// reading is in the log. Errors: parametre_invalide without a file, on limit,
// on before.
func listReports(c Config, r *http.Request, _ Request) (any, error) {
	q := r.URL.Query()
	if !edge.Opaque(q.Get("file")) {
		return nil, fault.New(fault.ParametreInvalide, "admin: reports").On("file")
	}
	limit := maxReports
	if s := q.Get("limit"); s != "" {
		var err error
		if limit, err = strconv.Atoi(s); err != nil || limit < 1 || limit > maxReports {
			return nil, fault.New(fault.ParametreInvalide, "admin: reports").On("limit")
		}
	}
	list, err := c.Live.Reports(r.Context(), q.Get("file"), q.Get("before"), limit)
	if list == nil {
		list = []trace.Report{}
	}
	return list, err
}
