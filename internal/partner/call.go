package partner

import "time"

// Call is one call of a partner as the partner itself may see it: nothing of a
// person is in it. It becomes durable with the trace of the call.
type Call struct {
	At         time.Time
	Partner    string
	Convention string
	Key        string // public identifier of the API key
	Operation  string
	Outcome    string // Served, or the code of the refusal
	RequestID  string
	Latency    time.Duration
	Count      int // calls that it stands for: refusals for quota are gathered

	// Overtaken tells the code of the refusal that is committed instead when
	// the ground of the decision, of some class, has moved.
	Overtaken func(class string) string
}

// Served is the outcome of a call that was answered.
const Served = "servi"

// Effect marks a call as something that becomes durable with its trace.
func (*Call) Effect() {}

// Late is the call with the refusal that was committed instead.
func (c *Call) Late(class string) *Call {
	late := *c
	late.Outcome = c.Overtaken(class)
	return &late
}

// LoggedCall is a call read back. Cursor is its place among all: calls made
// later have larger ones.
type LoggedCall struct {
	Call
	Cursor int64
}

// CallQuery selects calls of a partner, newest first; empty members select all.
type CallQuery struct {
	Partner   string
	Key       string
	Operation string
	Outcome   string // Served, a code, or Refusals
	RequestID string
	From, To  time.Time // of [From, To)
	Before    int64     // cursor; 0 = from the newest
	Limit     int       // at most MaxCalls
}

// Refusals selects every call that was not answered.
const Refusals = "refus"

// MaxCalls bounds a page of calls.
const MaxCalls = 200

// Holds reports whether the query selects a call.
func (q CallQuery) Holds(c *Call) bool {
	switch {
	case q.Key != "" && q.Key != c.Key, q.Operation != "" && q.Operation != c.Operation, q.RequestID != "" && q.RequestID != c.RequestID:
		return false
	case q.Outcome == Refusals && c.Outcome == Served, q.Outcome != "" && q.Outcome != Refusals && q.Outcome != c.Outcome:
		return false
	case !q.From.IsZero() && c.At.Before(q.From), !q.To.IsZero() && !c.At.Before(q.To):
		return false
	}
	return true
}

// Usage is how many calls of a day (YYYY-MM-DD, Paris) ended alike.
type Usage struct {
	Day        string
	Convention string
	Key        string
	Operation  string
	Outcome    string
	Calls      int64
	Took       time.Duration // all of them together
	Slowest    time.Duration
}
