package admin

import (
	"net/http"
	"net/url"

	"droits.example/droits/internal/edge"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/trace"
)

// maxReports bounds one list of reports.
const maxReports = 1000

// ReportsPath is where the reports of persons are read: file is the reference
// of the file for which they are, 1 to 64 of [A-Za-z0-9._-].
func ReportsPath(file string) string { return "/reports?" + url.Values{"file": {file}}.Encode() }

// listReports reads what persons do not recognise in their journals; the
// reading is in the log. Errors: parametre_invalide without a file.
func listReports(c Config, r *http.Request, _ Request) (any, error) {
	file := r.URL.Query().Get("file")
	if !edge.Opaque(file) {
		return nil, fault.New(fault.ParametreInvalide, "admin: reports").On("file")
	}
	list, err := c.Live.Reports(r.Context(), file, maxReports)
	if list == nil {
		list = []trace.Report{}
	}
	return list, err
}
