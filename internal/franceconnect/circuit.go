package franceconnect

import (
	"sync"
	"time"
)

// The circuit opens after this many failures in a row, first for openFor,
// then twice as long after each probe that fails, up to maxOpenFor.
const (
	failuresToOpen = 5
	openFor        = 5 * time.Second
	maxOpenFor     = time.Minute
)

// circuit spares a FranceConnect that is down, and our callers' time. The
// zero value is closed.
type circuit struct {
	mu       sync.Mutex
	failures int
	backoff  time.Duration
	until    time.Time // zero = closed
	probing  bool
	aliveAt  time.Time
}

// enter asks to make a call. wait > 0 refuses and says for how long; probe
// says that this call alone decides whether the circuit closes. Every call
// admitted must end with leave.
func (c *circuit) enter(now time.Time) (probe bool, wait time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.until.IsZero():
		return false, 0
	case now.Before(c.until):
		return false, max(c.until.Sub(now), time.Second)
	case c.probing:
		return false, time.Second
	}
	c.probing = true
	return true, 0
}

// leave tells how a call went.
func (c *circuit) leave(now time.Time, probe, good bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if probe {
		c.probing = false
	}
	switch {
	case good:
		c.failures, c.backoff, c.until, c.aliveAt = 0, 0, time.Time{}, now
	case probe:
		c.open(now)
	case c.until.IsZero():
		if c.failures++; c.failures >= failuresToOpen {
			c.open(now)
		}
	}
}

func (c *circuit) open(now time.Time) {
	c.backoff = min(max(2*c.backoff, openFor), maxOpenFor)
	c.until, c.failures = now.Add(c.backoff), 0
}

// alive reports whether the last call went well, and lately.
func (c *circuit) alive(now time.Time, within time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.until.IsZero() && c.failures == 0 && !c.aliveAt.IsZero() && now.Sub(c.aliveAt) < within
}
