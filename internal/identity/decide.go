package identity

import (
	"bytes"
	"math/bits"
)

// RuleVersion names the procedure below. A decision is reproducible from the
// pivot, the rows, this and TableVersion.
const RuleVersion = "identite/2"

// Outcome is one of three answers; only a match names somebody.
type Outcome string

// The three outcomes. To a caller, None and Ambiguous are one answer.
const (
	Match     Outcome = "match"
	None      Outcome = "none"
	Ambiguous Outcome = "ambiguous"
)

// Reasons of an outcome other than a match, for the internal trace only.
const (
	InvalidPivot = "INVALID_PIVOT"
	NoCandidate  = "NO_CANDIDATE"  // the index gave no row
	NoAgreement  = "NO_AGREEMENT"  // rows, but none that fits
	OtherRegime  = "OTHER_REGIME"  // the one who fits is a sentinel
	SeveralMatch = "SEVERAL_MATCH" // two numbers fit
	Doubt        = "DOUBT"         // one fits, another is too close, and given names were shortened
)

// Result is a decision with what the trace keeps of it: codes, never a trait.
type Result struct {
	Outcome    Outcome
	ID         int64  // Record.ID of the match, 0 otherwise
	Index      int    // place of the match in rows, -1 otherwise
	Rule       string // RuleVersion and TableVersion
	Reason     string // "" for a match
	Tolerances []string
	Candidates []Candidate // one per row, in the order of rows
}

// Candidate is how one row compared.
type Candidate struct {
	ID         int64
	Agreement  Agreement
	RejectedBy string // "" when it fits, else a code
}

// Decide says who the pivot is among the rows that its keys gave
// (identity.md §3). It is a pure function, safe for concurrent use; rows beyond
// what the keys give cost time and can only turn a match into a refusal. It
// does not know whether the person is alive.
func Decide(p Pivot, rows []Record) Result {
	res := Result{Outcome: None, Index: -1, Rule: RuleVersion + "+" + TableVersion}
	var names [128]byte
	q, ok := read(p, names[:0])
	switch {
	case !ok:
		res.Reason = InvalidPivot
		return res
	case len(rows) == 0:
		res.Reason = NoCandidate
		return res
	}
	return decide(&q, rows, res)
}

// decide is steps 1 to 5 for a usable pivot and at least one row.
func decide(q *probe, rows []Record, res Result) Result {
	res.Candidates = make([]Candidate, len(rows))
	best := -1
	for i := range rows {
		c := &res.Candidates[i]
		c.ID = rows[i].ID
		if c.RejectedBy = rows[i].disowned(); c.RejectedBy != "" {
			continue
		}
		var names [128]byte
		e := readRow(&rows[i], names[:0])
		c.Agreement = e.compare(q)
		if c.RejectedBy = rejection(q, &rows[i], c.Agreement); c.RejectedBy != "" {
			continue
		}
		switch {
		case best < 0:
			best = i
		case rows[i].NIR != rows[best].NIR:
			res.Outcome, res.Reason = Ambiguous, SeveralMatch
		case better(&rows[i], c, &rows[best], &res.Candidates[best]):
			best = i
		}
	}
	return conclude(q, rows, best, res)
}

// better chooses between two rows of one number: a served one, then one that
// needs no shortened given names and so casts no doubt, then the fewer
// tolerances, then the lower ID, so that the order of rows does not matter.
func better(a *Record, ca *Candidate, b *Record, cb *Candidate) bool {
	if a.Sentinelle != b.Sentinelle {
		return b.Sentinelle
	}
	if (ca.Agreement.Given == T1) != (cb.Agreement.Given == T1) {
		return cb.Agreement.Given == T1
	}
	x, y := tolerances(ca.Agreement), tolerances(cb.Agreement)
	if n, m := bits.OnesCount16(uint16(x)), bits.OnesCount16(uint16(y)); n != m {
		return n < m
	}
	if x != y {
		return x < y
	}
	return a.ID < b.ID
}

// conclude is steps 3 to 5.
func conclude(q *probe, rows []Record, best int, res Result) Result {
	switch {
	case best < 0:
		res.Reason = NoAgreement
	case res.Outcome == Ambiguous:
	case doubtful(q, rows, best, res.Candidates):
		res.Outcome, res.Reason = Ambiguous, Doubt
	case rows[best].Sentinelle:
		res.Reason = OtherRegime
		res.Tolerances = tolerances(res.Candidates[best].Agreement).names()
	default:
		res.Outcome, res.ID, res.Index = Match, rows[best].ID, best
		res.Tolerances = tolerances(res.Candidates[best].Agreement).names()
	}
	return res
}

// compare gives the five marks.
func (e *entry) compare(q *probe) Agreement {
	return Agreement{
		Family: familyMark(q, e.family, e.r),
		Given:  givenMark(q.given, e.given, e.r),
		Date:   dateMark(q.date, e.r.NaissanceOn),
		Sex:    sexMark(q.sex, e.r.sex()),
		Place:  placeMark(q.place, e.place, q.date.Year()),
	}
}

// set is a set of tolerances, one bit per mark.
type set uint16

func tolerances(a Agreement) (s set) {
	for _, m := range a.marks() {
		if m >= T1 && m <= T6 {
			s |= 1 << m
		}
	}
	return s
}

func (s set) names() (out []string) {
	for m := T1; m <= T6; m++ {
		if s&(1<<m) != 0 {
			out = append(out, m.String())
		}
	}
	return out
}

// rejection is why a row does not fit, or "" (identity.md §3.3).
func rejection(q *probe, r *Record, a Agreement) string {
	switch Conflict {
	case a.Family:
		return FamilyConflict
	case a.Given:
		return GivenConflict
	case a.Date:
		return DateConflict
	case a.Sex:
		return SexConflict
	case a.Place:
		return PlaceConflict
	}
	rest := tolerances(a) &^ (1 << T5)
	switch rest {
	case 0:
		return ""
	case 1 << T1, 1 << T2, 1 << T3, 1 << T4, 1 << T6:
	default:
		return Combination
	}
	switch {
	case a.Sex == Wildcard:
		return NarrowedSex
	case r.NIR.Kind() >= 7:
		return NarrowedNumber
	case rest != 1<<T6 && weakDate(q, r):
		return NarrowedDate
	}
	return ""
}

// weakDate reports a date that many strangers share: born abroad on 1 January
// or on an unknown day.
func weakDate(q *probe, r *Record) bool {
	filler := !q.date.Complete() || !r.NaissanceOn.Complete() || q.date.Month() == 1 && q.date.Day() == 1
	return filler && (abroad(q.place) || abroad(r.place()))
}

// doubtful is the doubt rule: another person's row is too close to be excluded.
func doubtful(q *probe, rows []Record, best int, seen []Candidate) bool {
	shortened := seen[best].Agreement.Given == T1
	var names [128]byte
	winner := letters(appendUnits(names[:0], rows[best].Prenoms))
	for i := range rows {
		a := seen[i].Agreement
		if rows[i].NIR == rows[best].NIR || a == (Agreement{}) || a.conflicts() > 1 {
			continue
		}
		e := readRow(&rows[i], names[:0])
		if shortened && e.castsDoubt(q, a, winner) || e.eludes(q, a, shortened || a.Given == T1) {
			return true
		}
	}
	return false
}

// eludes reports whether the row would fit but for the limits of the procedure
// (decision 0015): it conflicts on the family name alone, and its usage name is
// the pivot's; or, given names having been shortened, it conflicts on nothing
// and its tolerances may not be combined, or its name differs by a particle
// written in one piece.
func (e *entry) eludes(q *probe, a Agreement, shortened bool) bool {
	switch {
	case a.conflicts() == 0:
		return shortened
	case a.conflicts() > 1 || a.Family != Conflict:
		return false
	}
	if shortened && (glued(e.family, q.family) || glued(q.family, e.family)) {
		return true
	}
	var name [64]byte
	usage := appendFamily(name[:0], e.r.NomUsage)
	return len(usage) > 0 && same(q.family, usage)
}

// glued reports whether long is a particle and short, in one piece: what
// DAUBRAC may be of AUBRAC.
func glued(long, short []byte) bool {
	var a, b [128]byte
	l, s := appendLetters(a[:0], long, len(long)), appendLetters(b[:0], short, len(short))
	if len(s) < shortestCore || len(l) <= len(s) || len(l) > len(s)+4 || !bytes.HasSuffix(l, s) {
		return false
	}
	switch string(l[:len(l)-len(s)]) {
	case "D", "DE", "DU", "DES", "DELA", "DEL":
		return true
	}
	return false
}

// castsDoubt reports whether the row is too close to the pivot for a winner
// whose shortened given names have so many letters: (a) its given names agree
// and one other trait at most does not, the family name only when it is close;
// or (b) its given names alone disagree, are longer and close.
func (e *entry) castsDoubt(q *probe, a Agreement, winner int) bool {
	switch {
	case a.conflicts() > 1:
		return false
	case a.Given == Conflict:
		return letters(e.given) > winner && editsWithin(e.given, q.given, 2)
	case a.Family != Conflict:
		return true
	}
	n := 1
	if max(letters(e.family), letters(q.family)) >= 8 {
		n = 2
	}
	return editsWithin(e.family, q.family, n)
}
