package web

import (
	"net/http"
	"net/url"
	"strings"

	"droits.example/droits/internal/access"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/trace"
)

// perPage is how many accesses a page shows; kept is how long they are kept
// (trust.md §2.1, C11), in months.
const (
	perPage    = 25
	keptMonths = 12
)

// readingsData is the journal of somebody's accesses.
type readingsData struct {
	Filters  []choices
	From, To field
	Filtered bool
	Wrong    []mistake
	Lines    []readingLine
	Pager    pager
	Picture  bars
	Months   int
}

// readingLine is one access in a list.
type readingLine struct {
	Href    string
	At      instantOf
	Who     string // partner, or what can be told of it
	Why     string
	What    string
	Concern string
	Outcome tag
	Report  bool
}

func (s *space) readings(w http.ResponseWriter, r *http.Request, v visit) error {
	q := r.URL.Query()
	from, errFrom := dateField(q, "du", "Du", v.today)
	to, errTo := dateField(q, "au", "Au", v.today)
	ask := access.ReadingQuery{
		Partner: q.Get("organisme"), Outcome: oneOf(q.Get("issue"), "servi", "refuse"), Kind: oneOf(q.Get("genre"), "lectures", "choix"), Who: q.Get("qui"),
		From: errFrom, To: errTo, Before: q.Get("avant"), Limit: perPage,
	}
	wrong := mistakes(from, to)
	if len(wrong) == 0 && !ask.From.IsZero() && !ask.To.IsZero() && ask.To < ask.From {
		to.Error = "Choisissez une date de fin qui suit la date de début."
		wrong = mistakes(to)
	}
	d := readingsData{From: from, To: to, Wrong: wrong, Months: keptMonths, Filtered: ask.Partner+ask.Outcome+ask.Kind+ask.Who+q.Get("du")+q.Get("au") != ""}
	status := http.StatusOK
	if len(wrong) > 0 {
		status = http.StatusUnprocessableEntity
	} else if err := s.fill(r, v, ask, &d); err != nil {
		return err
	}
	return s.showWith(w, r, status, v, page{
		Name: "acces", Title: "Qui a consulté mes droits", Section: readingsPath, Summary: "Chaque consultation de vos droits, et sa preuve.",
		Failed: len(wrong) > 0, Crumbs: spaceTrail(link{Text: "Qui a consulté"}), Data: d,
	})
}
