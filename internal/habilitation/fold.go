package habilitation

import "time"

// MaxEvents bounds what an applicant may add to a request: agents always
// decide, and see what was written before.
const MaxEvents = 1000

// TooManyEvents is the reason of acte_impossible beyond it.
const TooManyEvents = "EVENTS_TOO_MANY"

// MaxDrafts bounds the requests that an organisation has begun and not
// submitted.
const MaxDrafts = 50

// TooManyDrafts is the reason of acte_impossible beyond it.
const TooManyDrafts = "DRAFTS_TOO_MANY"

// sitting is how long the updates of one person are told as one.
const sitting = time.Hour

// fold tells the last two events as one when both are updates by the same
// person in one sitting: what is read afterwards is what changed, not how often
// somebody saved.
func (r *Request) fold() {
	n := len(r.Events)
	if n < 2 {
		return
	}
	a, b := r.Events[n-2], r.Events[n-1]
	if a.Act != Update || a.Author != b.Author || a.Role != b.Role || a.From != b.From || a.To != b.To || b.At.Sub(a.At) >= sitting || b.At.Before(a.At) {
		return
	}
	b.Folded += a.Folded + 1
	b.Changes = chained(a.Changes, b.Changes)
	r.Events = append(r.Events[:n-2:n-2], b)
}

// chained are the differences of two updates in a row, seen as one.
func chained(a, b []Change) (out []Change) {
	later := map[string]Change{}
	for _, c := range b {
		later[c.Field] = c
	}
	for _, c := range a {
		if next, again := later[c.Field]; again {
			c.After = next.After
			delete(later, c.Field)
		}
		if c.Before != c.After {
			out = append(out, c)
		}
	}
	for _, c := range b {
		if _, left := later[c.Field]; left {
			out = append(out, c)
		}
	}
	return out
}
