package web

import (
	"net/http"
	"strings"

	"droits.example/droits/internal/access"
	"droits.example/droits/internal/civil"
)

// maxExport bounds the lines of an export; a person has far fewer in the twelve
// months that are kept.
const maxExport = 20_000

// export answers the whole journal as a file that spreadsheets open: UTF-8 with
// its mark, semicolons. Asking for it is in the journal, like opening it.
func (s *space) export(w http.ResponseWriter, r *http.Request, v visit) error {
	var lines []access.Reading
	for ask := (access.ReadingQuery{Limit: access.MaxReadings}); ; {
		page, err := s.Citizens.Readings(r.Context(), v.who, v.at, ask)
		if err != nil {
			return err
		}
		lines = append(lines, page.Lines...)
		if !page.More || len(lines) >= maxExport {
			break
		}
		ask.Before = page.Lines[len(page.Lines)-1].ID
	}
	names := namesOf(s.Citizens.Family(v.who))
	rows := [][]string{{"Date (heure de Paris)", "Qui", "Pourquoi", "Quoi", "Au sujet de", "Résultat", "Code à citer"}}
	for _, l := range lines {
		x := readingLineOf(l, names)
		rows = append(rows, []string{l.At.In(civil.Paris()).Format("2006-01-02 15:04:05"), x.Who, x.Why, x.What, x.Concern, x.Outcome.Text, l.Code})
	}
	return sheet(w, "mes-acces-"+v.today.String(), rows)
}

// plainCell keeps a spreadsheet from reading a text as a formula.
func plainCell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
