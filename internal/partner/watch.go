package partner

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"droits.example/droits/internal/civil"
)

// Outcome is how a call ended, as much as watching its key needs.
type Outcome int

// The outcomes.
const (
	Other       Outcome = iota // refused for any other reason: it says nothing
	Answered                   // an answer about somebody
	UnknownName                // a NIR was named that is nobody of the person's family
)

// Alarm is something unusual in the use of a key.
type Alarm string

// The alarms. Enumeration is the clear case: it suspends the key.
const (
	Enumeration Alarm = "enumeration" // MostUnknown unknown NIRs in a row
	Unknowns    Alarm = "inconnus"    // ManyUnknown unknown NIRs in an hour, between others
	Addresses   Alarm = "adresses"    // calls from more than MostAddresses addresses in an hour
	Volume      Alarm = "volume"      // far more calls than on the days before
	Hours       Alarm = "horaires"    // calls at night, of a key that makes none
)

// Suspends reports whether the alarm is a clear case.
func (a Alarm) Suspends() bool { return a == Enumeration }

// The bounds (requirements.md R77).
const (
	MostUnknown   = 20
	ManyUnknown   = 60
	MostAddresses = 10
	// MostCited is how many request identifiers a notice cites.
	MostCited = 20
)

// Use is what a key did on a day since it was last drained.
type Use struct {
	Key     string
	Day     civil.Date
	Calls   int
	Night   int // between 22 and 6 o'clock, Paris
	Unknown int
}

// Sighting is a finished call of a key, as much as watching it needs.
type Sighting struct {
	Key       string
	RequestID string
	At        time.Time
	Addr      netip.Addr
	Outcome   Outcome
}

// Watch follows the use of keys: counts, request identifiers and addresses of
// the callers' machines, in memory; nothing of the people who are asked about.
// Its zero value is ready. It is safe for concurrent use.
type Watch struct {
	mu   sync.RWMutex
	keys map[string]*watched
}

type watched struct {
	mu           sync.Mutex
	begun, ends  time.Time // the hour at hand
	use          Use
	past         []Use // of days that are over, not drained yet
	night        bool
	row          int      // unknown NIRs in a row
	cited        []string // of the last unknown NIRs
	inHour       int      // unknown NIRs
	from         []netip.Addr
	many, spread bool // raised in this hour
}

func (w *Watch) of(key string) *watched {
	w.mu.RLock()
	k := w.keys[key]
	w.mu.RUnlock()
	if k != nil {
		return k
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.keys == nil {
		w.keys = map[string]*watched{}
	}
	if k = w.keys[key]; k == nil {
		k = &watched{}
		w.keys[key] = k
	}
	return k
}

// Saw counts a call and tells what is unusual about it, "" for nothing, with
// the requests to cite. Enumeration is told again at each further unknown NIR
// until Settle or a call that is served.
func (w *Watch) Saw(c Sighting) (Alarm, []string) {
	k := w.of(c.Key)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.turn(&c)
	k.use.Calls++
	if k.night {
		k.use.Night++
	}
	switch c.Outcome {
	case Answered:
		k.row = 0
	case UnknownName:
		k.use.Unknown++
		k.row++
		k.inHour++
		if len(k.cited) == MostCited {
			k.cited = append(k.cited[:0], k.cited[1:]...)
		}
		k.cited = append(k.cited, c.RequestID)
		switch {
		case k.row >= MostUnknown:
			return Enumeration, append([]string(nil), k.cited...)
		case k.inHour >= ManyUnknown && !k.many:
			k.many = true
			return Unknowns, append([]string(nil), k.cited...)
		}
	}
	if k.crowd(c.Addr) {
		return Addresses, []string{c.RequestID}
	}
	return "", nil
}

// turn begins another hour, and another day.
func (k *watched) turn(c *Sighting) {
	if !c.At.Before(k.begun) && c.At.Before(k.ends) {
		return
	}
	local := c.At.In(civil.Paris())
	k.begun = c.At.Truncate(time.Hour) // Paris is a whole number of hours from UTC
	k.ends = k.begun.Add(time.Hour)
	k.night = local.Hour() >= 22 || local.Hour() < 6
	k.inHour, k.many, k.spread, k.from = 0, false, false, k.from[:0]
	if day := civil.On(c.At); day != k.use.Day {
		if k.use.Calls > 0 {
			k.past = append(k.past, k.use)
		}
		k.use = Use{Key: c.Key, Day: day}
	}
}

// crowd notes an address and reports, once an hour, that they are too many.
func (k *watched) crowd(a netip.Addr) bool {
	if !a.IsValid() || k.spread {
		return false
	}
	for _, x := range k.from {
		if x == a {
			return false
		}
	}
	k.from = append(k.from, a)
	k.spread = len(k.from) > MostAddresses
	return k.spread
}

// Settle forgets the unknown NIRs in a row of a key: it was suspended, or
// resumed.
func (w *Watch) Settle(key string) {
	k := w.of(key)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.row, k.cited = 0, nil
}

// Drain takes what was counted since the last time, to be kept.
func (w *Watch) Drain() (out []Use) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	for _, k := range w.keys {
		k.mu.Lock()
		out = append(out, k.past...)
		k.past = nil
		if k.use.Calls > 0 {
			out = append(out, k.use)
		}
		k.use.Calls, k.use.Night, k.use.Unknown = 0, 0, 0
		k.mu.Unlock()
	}
	return out
}

// Return gives back what could not be kept.
func (w *Watch) Return(uses []Use) {
	for _, u := range uses {
		k := w.of(u.Key)
		k.mu.Lock()
		k.past = append(k.past, u)
		k.mu.Unlock()
	}
}

// The bounds of a usual day: enough days to know one, and how far from it is
// unusual.
const (
	UsualDays   = 5   // days of use before today, at least
	UsualOver   = 28  // days that are looked at
	VolumeTimes = 10  // times the median day
	VolumeLeast = 500 // calls, below which nothing is unusual
	NightLeast  = 50  // calls at night, below which nothing is unusual
)

// Unusual tells what is unusual of a day, given those before it: a volume of
// more than VolumeTimes the median, or calls at night of a key that makes fewer
// than one in a hundred then.
func Unusual(today Use, before []Use) (out []Alarm) {
	if len(before) < UsualDays {
		return nil
	}
	calls := make([]int, 0, len(before))
	all, night := 0, 0
	for _, u := range before {
		calls, all, night = append(calls, u.Calls), all+u.Calls, night+u.Night
	}
	slices.Sort(calls)
	if today.Calls >= VolumeLeast && today.Calls > VolumeTimes*calls[len(calls)/2] {
		out = append(out, Volume)
	}
	if today.Night >= NightLeast && night*100 < all {
		out = append(out, Hours)
	}
	return out
}
