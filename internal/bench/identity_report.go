package bench

import (
	"fmt"
	"io"
	"slices"
	"time"

	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/nir"
	"droits.example/droits/internal/sim/nation"
)

// IdentityReport is what bench identity prints.
type IdentityReport struct {
	Persons   int         `json:"persons"`
	Queries   int         `json:"queries"`
	Seed      uint64      `json:"seed"`
	Lists     string      `json:"lists"`
	Sentinels bool        `json:"sentinels"`
	Mixes     []MixReport `json:"mixes"`
}

// MixReport is one mix of queries. A wrong person is any match of somebody else
// than the one who logs in, or of somebody when nobody served does.
type MixReport struct {
	Mix           string         `json:"mix"`
	Rows          int            `json:"rows"`
	ImportSeconds float64        `json:"import_seconds"`
	Queries       int            `json:"queries"`
	Wrong         int            `json:"wrong"`
	WrongDouble   int            `json:"wrong_with_double_fault"` // of Wrong, those whose own row has an error (P10)
	WrongQueries  []int          `json:"wrong_queries,omitempty"` // at most wrongKept of them
	Legitimate    Rate           `json:"recall_legitimate"`       // differences P0 to P9 only
	All           Rate           `json:"recall_all"`              // uncorrectable errors too
	AbsentRefused Rate           `json:"absent_refused"`
	Ambiguous     Rate           `json:"ambiguous"`
	Families      []FamilyReport `json:"families"`
	Reasons       map[string]int `json:"refusals_of_present"`
	Micros        Latency        `json:"query_us_one_core"`
	PerSecond     float64        `json:"queries_per_second"`
	Workers       int            `json:"workers"`
	IndexBytes    int64          `json:"index_bytes"`
}

// Latency is the time of one query, from pivot to decision.
type Latency struct {
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
	Max  float64 `json:"max"`
	Mean float64 `json:"mean"`
}

// Rate is a number of successes among tries.
type Rate struct {
	Of int     `json:"of"`
	N  int     `json:"n"`
	P  float64 `json:"percent"`
}

func (r *Rate) count(ok bool) {
	r.Of++
	if ok {
		r.N++
	}
}

func (r *Rate) add(o Rate) { r.Of, r.N = r.Of+o.Of, r.N+o.N }

func (r Rate) done() Rate {
	if r.Of > 0 {
		r.P = 100 * float64(r.N) / float64(r.Of)
	}
	return r
}

// FamilyReport is the recall of people present whose row and pivot differ by a
// family, whatever else differs; Alone when nothing else does, on a whole list
// of given names, and nobody shares the main traits.
type FamilyReport struct {
	Family    string `json:"family"`
	Recall    Rate   `json:"recall"`
	Alone     Rate   `json:"alone"`
	Ambiguous int    `json:"ambiguous"`
}

const wrongKept = 20

// families are P0 and those of nation, in order.
const families = 12

// tally counts outcomes.
type tally struct {
	queries, wrong, double         int
	wrongs                         []int
	legitimate, all, absent, doubt Rate
	by, alone                      [families]Rate
	ambiguous                      [families]int
	reasons                        map[string]int
}

func (t *tally) count(q int, c *nation.Query, res *identity.Result, got nir.NIR) {
	t.queries++
	match := res.Outcome == identity.Match
	right := match && !c.Absent && got == c.NIR
	if match && !right {
		t.wrong++
		if c.Families&nation.P10Errors != 0 {
			t.double++
		}
		if len(t.wrongs) < wrongKept {
			t.wrongs = append(t.wrongs, q)
		}
	}
	t.doubt.count(res.Outcome == identity.Ambiguous)
	if c.Absent {
		t.absent.count(!match)
		return
	}
	if !right {
		if t.reasons == nil {
			t.reasons = map[string]int{}
		}
		t.reasons[res.Reason]++
	}
	t.all.count(right)
	if c.Families&nation.Beyond == 0 {
		t.legitimate.count(right)
	}
	t.families(c, right, res.Outcome == identity.Ambiguous)
}

func (t *tally) families(c *nation.Query, right, ambiguous bool) {
	put := func(i int, alone bool) {
		t.by[i].count(right)
		if ambiguous {
			t.ambiguous[i]++
		}
		if alone && c.Alone {
			t.alone[i].count(right)
		}
	}
	put(0, c.Families == 0)
	for i, f := range nation.FamilyNames() {
		if c.Families&f.Family != 0 {
			put(i+1, c.Families == f.Family)
		}
	}
}

func (t *tally) add(o *tally) {
	t.queries, t.wrong, t.double = t.queries+o.queries, t.wrong+o.wrong, t.double+o.double
	t.wrongs = append(t.wrongs, o.wrongs...)
	t.legitimate.add(o.legitimate)
	t.all.add(o.all)
	t.absent.add(o.absent)
	t.doubt.add(o.doubt)
	for i := range families {
		t.by[i].add(o.by[i])
		t.alone[i].add(o.alone[i])
		t.ambiguous[i] += o.ambiguous[i]
	}
	if t.reasons == nil {
		t.reasons = map[string]int{}
	}
	for r, n := range o.reasons {
		t.reasons[r] += n
	}
}

func (t *tally) report(m *MixReport) {
	m.Queries, m.Wrong, m.WrongDouble = t.queries, t.wrong, t.double
	slices.Sort(t.wrongs)
	m.WrongQueries = t.wrongs[:min(len(t.wrongs), wrongKept)]
	m.Legitimate, m.All, m.AbsentRefused, m.Ambiguous = t.legitimate.done(), t.all.done(), t.absent.done(), t.doubt.done()
	m.Reasons = t.reasons
	m.Families = []FamilyReport{{"P0 writing", t.by[0].done(), t.alone[0].done(), t.ambiguous[0]}}
	for i, f := range nation.FamilyNames() {
		m.Families = append(m.Families, FamilyReport{f.Name, t.by[i+1].done(), t.alone[i+1].done(), t.ambiguous[i+1]})
	}
}

func (m *MixReport) latency(d []time.Duration) {
	if len(d) == 0 {
		return
	}
	slices.Sort(d)
	sum := time.Duration(0)
	for _, x := range d {
		sum += x
	}
	us := func(x time.Duration) float64 { return float64(x.Nanoseconds()) / 1000 }
	m.Micros = Latency{us(d[len(d)/2]), us(d[len(d)*99/100]), us(d[len(d)-1]), us(sum / time.Duration(len(d)))}
}

// Print writes the report for people.
func (rep IdentityReport) Print(w io.Writer) {
	sentinels := "with sentinels"
	if !rep.Sentinels {
		sentinels = "without sentinels"
	}
	fmt.Fprintf(w, "%d people, %d queries a mix, seed %d, %s lists of given names, %s\n", rep.Persons, rep.Queries, rep.Seed, rep.Lists, sentinels)
	for i := range rep.Mixes {
		rep.Mixes[i].print(w)
	}
}

func (m *MixReport) print(w io.Writer) {
	fmt.Fprintf(w, "\n%s mix: %d rows, %d queries\n", m.Mix, m.Rows, m.Queries)
	fmt.Fprintf(w, "  wrong person              %10d   of which %d with an error in the person's own row\n", m.Wrong, m.WrongDouble)
	if len(m.WrongQueries) > 0 {
		fmt.Fprintf(w, "  queries answered wrong    %v\n", m.WrongQueries)
	}
	for _, r := range []struct {
		name string
		r    Rate
	}{{"recall, legitimate", m.Legitimate}, {"recall, errors included", m.All}, {"absent refused", m.AbsentRefused}, {"ambiguous", m.Ambiguous}} {
		fmt.Fprintf(w, "  %-25s %9.4f%%   %d of %d\n", r.name, r.r.P, r.r.N, r.r.Of)
	}
	fmt.Fprintf(w, "\n  %-26s %10s %10s %10s %12s %10s\n", "family", "queries", "recall", "ambiguous", "alone", "recall")
	for _, f := range m.Families {
		fmt.Fprintf(w, "  %-26s %10d %9.3f%% %10d %12d %9.3f%%\n", f.Family, f.Recall.Of, f.Recall.P, f.Ambiguous, f.Alone.Of, f.Alone.P)
	}
	fmt.Fprintf(w, "\n  refusals of people present")
	for _, r := range []string{identity.NoCandidate, identity.NoAgreement, identity.SeveralMatch, identity.Doubt, identity.OtherRegime, identity.InvalidPivot} {
		fmt.Fprintf(w, "  %s %d", r, m.Reasons[r])
	}
	fmt.Fprintf(w, "\n  a query on one core        p50 %.1f µs, p99 %.1f µs, mean %.1f µs, longest %.1f µs\n", m.Micros.P50, m.Micros.P99, m.Micros.Mean, m.Micros.Max)
	if m.PerSecond > 0 {
		fmt.Fprintf(w, "  %d workers                  %.0f queries/s, the drawing of each included\n", m.Workers, m.PerSecond)
	}
	fmt.Fprintf(w, "  index                      %d bytes, %.1f a person\n", m.IndexBytes, float64(m.IndexBytes)/float64(max(1, m.Rows)))
}
