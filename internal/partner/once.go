package partner

import (
	"crypto/sha256"
	"sync"
	"time"
)

// Once remembers, for as long as it could be shown again, what may be shown
// once: by its digest, in memory. Its zero value is ready. It is safe for
// concurrent use.
type Once struct {
	mu    sync.Mutex
	seen  map[[sha256.Size]byte]time.Time // until when
	swept time.Time
}

// sweepEvery is how often what has had its time is forgotten.
const sweepEvery = time.Minute

// First reports whether something is shown for the first time, and remembers
// it until an instant.
func (o *Once) First(digest [sha256.Size]byte, until, now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.seen == nil {
		o.seen = map[[sha256.Size]byte]time.Time{}
	}
	if now.Sub(o.swept) >= sweepEvery {
		for x, end := range o.seen {
			if !now.Before(end) {
				delete(o.seen, x)
			}
		}
		o.swept = now
	}
	if end, ok := o.seen[digest]; ok && now.Before(end) {
		return false
	}
	o.seen[digest] = until
	return true
}

// Held is how many are remembered.
func (o *Once) Held() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.seen)
}
