// Package cases hides how a file of fictitious cases becomes decisions with
// their reasons: each case is a small base of its own, read through the index
// keys like a call reads the store.
package cases

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"droits.example/droits/internal/identity"
)

// ErrStore says that the input is a database, and ErrImport that it is an import
// file: people are not cases.
var (
	ErrStore  = errors.New("cases: the input is a database, not a file of cases")
	ErrImport = errors.New("cases: the input is an import file, not a file of cases")
)

// Summary counts the lines that were answered: cases, and lines that are none.
type Summary struct{ Cases, Broken int }

// Answer is what is said of one line. A line that is no case has Broken and no
// outcome.
type Answer struct {
	Line       int             `json:"line,omitempty"` // of a line that is no case
	ID         json.RawMessage `json:"id"`
	Broken     Rule            `json:"error,omitempty"`
	Member     string          `json:"member,omitempty"`
	Outcome    string          `json:"outcome,omitempty"` // match:NIR, none, ambiguous
	Reason     string          `json:"reason,omitempty"`
	Rule       string          `json:"rule,omitempty"`
	Tolerances []string        `json:"tolerances,omitzero"`
	Candidates []Candidate     `json:"candidates,omitzero"` // one per stored row, in that order
}

// Candidate is how one stored row compared.
type Candidate struct {
	Agreement  *Agreement `json:"agreement"`   // null for a row that is not its own number, or that no import would take
	RejectedBy string     `json:"rejected_by"` // "" for a row that fits
	Reached    bool       `json:"reached"`     // the index gives the row for this pivot
}

// Agreement is the five marks: E, T1 to T6, W for an unspecified gender, X.
type Agreement struct {
	Family string `json:"family"`
	Given  string `json:"given"`
	Date   string `json:"date"`
	Sex    string `json:"sex"`
	Place  string `json:"place"`
}

// NotReached rejects a row that would fit and that the index does not give.
const NotReached = "NOT_REACHED"

// longestLine bounds one case.
const longestLine = 1 << 20

// Run reads cases, one JSON object a line, and tells each answer in the order of
// the lines; blank lines are skipped. A line that is no case is told and does
// not stop the rest. Errors: ErrStore, ErrImport, those of in and of tell.
func Run(in io.Reader, tell func(Answer) error) (s Summary, err error) {
	r := bufio.NewReaderSize(in, longestLine)
	head, err := r.Peek(16)
	if err != nil && !errors.Is(err, io.EOF) {
		return s, err
	}
	switch {
	case bytes.HasPrefix(head, []byte("SQLite format 3\x00")):
		return s, ErrStore
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")): // zstd
		return s, ErrImport
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		if _, err := r.Discard(3); err != nil {
			return s, err
		}
	}
	for n := 1; ; n++ {
		line, long, err := next(r)
		if err != nil && !errors.Is(err, io.EOF) {
			return s, err
		}
		if n == 1 && isHeader(line) {
			return s, ErrImport
		}
		if a, ok := answer(line, long); ok {
			if a.Broken != "" {
				a.Line = n
				s.Broken++
			} else {
				s.Cases++
			}
			if err := tell(a); err != nil {
				return s, err
			}
		}
		if err != nil {
			return s, nil
		}
	}
}

// next reads one line; of a line that is too long, it drops the rest.
func next(r *bufio.Reader) (line []byte, long bool, err error) {
	line, err = r.ReadSlice('\n')
	for errors.Is(err, bufio.ErrBufferFull) {
		long = true
		line, err = r.ReadSlice('\n')
	}
	return bytes.TrimSpace(line), long, err
}

// isHeader recognises the first line of an import file.
func isHeader(line []byte) bool {
	var head struct{ Type, Format string }
	return json.Unmarshal(line, &head) == nil && head.Type == "entete" && head.Format != ""
}

func answer(line []byte, long bool) (a Answer, ok bool) {
	if long {
		return Answer{Broken: LineTooLong}, true
	}
	if len(line) == 0 {
		return a, false
	}
	in, broken, member := read(line)
	if broken != "" {
		return Answer{ID: in.ID, Broken: broken, Member: member}, true
	}
	return decide(in), true
}

// decide decides one case as a call does: the rows that the pivot's index keys
// give, and no others. What the others lack is told all the same.
func decide(in input) Answer {
	p, rows := in.pivot(), *in.Stored
	a := Answer{ID: in.ID, Tolerances: []string{}, Candidates: make([]Candidate, len(rows))}
	records := make([]identity.Record, len(rows))
	index := map[identity.Key][]int{}
	for i := range rows {
		if records[i], a.Candidates[i].RejectedBy = rows[i].record(int64(i)); a.Candidates[i].RejectedBy == "" {
			for _, k := range records[i].Keys() {
				index[k] = append(index[k], i)
			}
		}
	}
	for _, k := range p.Keys() {
		for _, i := range index[k] {
			a.Candidates[i].Reached = true
		}
	}
	var reached []identity.Record
	for i := range rows {
		if a.Candidates[i].Reached {
			reached = append(reached, records[i])
		}
		a.Candidates[i].explain(p, records[i])
	}
	res := identity.Decide(p, reached)
	a.Outcome, a.Reason, a.Rule = string(res.Outcome), res.Reason, res.Rule
	a.Tolerances = append(a.Tolerances, res.Tolerances...)
	if res.Outcome == identity.Match {
		a.Outcome += ":" + rows[res.ID].number(&records[res.ID])
	}
	return a
}

// explain compares one row alone. Its marks do not depend on the others.
func (c *Candidate) explain(p identity.Pivot, r identity.Record) {
	if c.RejectedBy != "" {
		return
	}
	alone := identity.Decide(p, []identity.Record{r})
	if alone.Reason == identity.InvalidPivot {
		c.RejectedBy = alone.Reason
		return
	}
	x := alone.Candidates[0]
	if c.RejectedBy = x.RejectedBy; x.Agreement != (identity.Agreement{}) {
		c.Agreement = &Agreement{x.Agreement.Family.String(), x.Agreement.Given.String(), x.Agreement.Date.String(), x.Agreement.Sex.String(), x.Agreement.Place.String()}
	}
	if c.RejectedBy == "" && !c.Reached {
		c.RejectedBy = NotReached
	}
}
