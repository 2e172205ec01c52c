package partner

import (
	"sync/atomic"
	"time"
)

// Draw is one call counted against the daily quota of a convention. It becomes
// durable with the trace of the call.
type Draw struct {
	Convention string
	Day        string        // YYYY-MM-DD, Paris
	Holder     string        // whose lease it was taken from, "" when none
	Flying     *atomic.Int64 // calls of the lease that are drawn and not counted; nil when there is no lease
}

// Counted says that the draw is durable. Whoever makes it so calls it before
// anything else can be set aside.
func (d Draw) Counted() {
	if d.Flying != nil {
		d.Flying.Add(-1)
	}
}

// Effect marks a draw as something that becomes durable with its trace.
func (Draw) Effect() {}

// LeaseFor is how long calls that a process has set aside wait for it.
const LeaseFor = time.Minute

// LeaseMargin is how long before its end a lease is no longer drawn from: more
// than a call may last, so that every call is counted while its lease lives.
const LeaseMargin = 25 * time.Second

// Ask is what a process asks for of a day's quota.
type Ask struct {
	Convention string
	Day        string // YYYY-MM-DD, Paris
	Holder     string // the process
	Limit      int    // the quota
	Want       int
	Flying     *atomic.Int64 // calls that are drawn and not counted
}

// Lease is what a process has set aside and not drawn: Have calls until an
// instant. Free is what nobody has set aside.
type Lease struct {
	Have, Free int
	Until      time.Time
}
