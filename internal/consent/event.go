package consent

import (
	"slices"
	"time"

	"droits.example/droits/internal/droits"
)

// Act is what happened between a person and a partner.
type Act string

// The acts. Withdrawn, Paused, Allowed, Chosen and Contested are the person's;
// Expired and Replaced befall an agreement; Asked says that a partner was
// refused because the person has yet to tick a block.
const (
	Given     Act = "given"
	Withdrawn Act = "withdrawn"
	Paused    Act = "paused"
	Allowed   Act = "allowed"
	Chosen    Act = "chosen"
	Contested Act = "contested"
	Expired   Act = "expired"
	Replaced  Act = "replaced"
	Asked     Act = "asked"
)

// Event is one line of the history between a person and a partner. Lines are
// added and never changed: what holds now is what Fold makes of them.
type Event struct {
	ID       string
	Subject  droits.Sujet
	Partner  string
	Act      Act
	At       time.Time
	Until    time.Time      // of a pause (zero: until allowed again), or the last instant of what was let go
	Consent  string         // the agreement that it is about, "" when it is about the partner
	Blocks   []droits.Bloc  // chosen: let go; nil leaves the blocks as they are. asked: to be ticked
	Refused  []droits.Bloc  // chosen: kept back
	Excluded []droits.Sujet // chosen: dependants left out, all of them
	Under    []Terms        // chosen: what was on the page; what is let go is let go under these only
	Notice   string         // version that was on the page
	Channel  Channel
	Actor    Actor
	Reason   string
	Trace    int64 // place of its leaf in the log, set by the store

	Before []droits.Sujet // whom the person's former numbers stood for; not kept
	Last   string         // chosen: the last act that was on the page, "" when none was; not kept
}

// Why a choice is not kept.
const (
	ChoiceChanged = "CHOICE_CHANGED" // something was decided since the page was shown
	StoppedReason = "STOPPED"        // the partner is withdrawn or paused
)

// Terms are what a person reads before it lets something go: a version of a
// convention, its purpose and the notice that it binds.
type Terms struct {
	Convention   string `json:"convention"`
	Version      int    `json:"version"`
	Purpose      string `json:"purpose"`
	NoticeSHA256 string `json:"notice_sha256"`
}

// Who is the person of the event, then whom its former numbers stood for.
func (e Event) Who() []droits.Sujet { return append([]droits.Sujet{e.Subject}, e.Before...) }

// Effect marks an event as something that may become durable with a trace.
func (*Event) Effect() {}

// Read says that a partner was served, to a person who asks to be told.
type Read struct {
	Subject droits.Sujet
	Partner string
	At      time.Time
}

// Effect marks it as something that becomes durable with its trace.
func (Read) Effect() {}

// Decided is what the person's own acts about a partner come to. Its zero value
// is a person who decided nothing.
type Decided struct {
	Stopped  bool          // withdrawn or paused
	Paused   bool          // it is a pause
	Until    time.Time     // end of the pause, zero = until allowed again
	LastStop time.Time     // last withdrawal or pause, ended or not; zero = never
	LetGo    []droits.Bloc // let go in the citizen space
	Under    []Terms       // the only terms under which they are
	LetUntil time.Time     // last instant at which they are
	Refused  []droits.Bloc // kept back, whatever the terms
	Excluded []droits.Sujet
	Chosen   bool      // the person has made a choice
	Last     string    // the person's last act, "" when it made none
	contests []string  // the agreements that the person says it never gave
	contest  time.Time // when it last said so
}

// Fold is what holds after events, oldest first. A pause never softens a
// withdrawal: whoever has withdrawn must allow again. A withdrawal ends what was
// let go; what was kept back and who was left out stay so. A block that was kept
// back and is not on the page of a later choice stays kept back.
func Fold(events []Event) (d Decided) {
	for _, e := range events {
		switch e.Act {
		case Withdrawn, Paused, Allowed, Chosen, Contested:
			d.Last = e.ID
		}
		switch e.Act {
		case Withdrawn:
			d.Stopped, d.Paused, d.Until = true, false, time.Time{}
			d.LastStop = later(d.LastStop, e.At)
			d.LetGo, d.Under, d.LetUntil = nil, nil, time.Time{}
		case Paused:
			d.LastStop = later(d.LastStop, e.At)
			if !d.Stopped || d.Paused {
				d.Stopped, d.Paused, d.Until = true, true, e.Until
			}
		case Allowed:
			d.Stopped, d.Paused, d.Until = false, false, time.Time{}
		case Chosen:
			d.Chosen, d.Excluded = true, e.Excluded
			if e.Blocks != nil {
				d.LetGo, d.Under, d.LetUntil = e.Blocks, e.Under, e.Until
				d.Refused = keptBack(d.Refused, e)
			}
		case Contested:
			d.contests, d.contest = append(d.contests, e.Consent), later(d.contest, e.At)
		}
	}
	return d
}

// keptBack are the blocks kept back after a choice: those that it keeps back,
// and the earlier ones that it does not let go.
func keptBack(before []droits.Bloc, e Event) []droits.Bloc {
	out := slices.Clone(e.Refused)
	for _, b := range before {
		if !slices.Contains(out, b) && !slices.Contains(e.Blocks, b) {
			out = append(out, b)
		}
	}
	return out
}

// Is reports whether a choice asks for what holds already.
func (d Decided) Is(e Event) bool {
	if len(e.Blocks) > 0 && e.At.After(d.LetUntil) {
		return false
	}
	return d.Chosen && e.Blocks != nil && alike(d.LetGo, e.Blocks) && alike(d.Under, e.Under) && alike(d.Refused, keptBack(d.Refused, e)) && alike(d.Excluded, e.Excluded)
}

// alike reports whether two lists hold the same, in any order.
func alike[T comparable](a, b []T) bool {
	in := func(list []T) func(T) bool { return func(x T) bool { return !slices.Contains(list, x) } }
	return !slices.ContainsFunc(a, in(b)) && !slices.ContainsFunc(b, in(a))
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// StoppedAt reports whether the person keeps the partner from reading at an
// instant. A pause with an end is over at its end.
func (d Decided) StoppedAt(t time.Time) bool {
	return d.Stopped && (!d.Paused || d.Until.IsZero() || t.Before(d.Until))
}

// Contested reports whether the person says that it never gave the agreement.
func (d Decided) Contested(id string) bool { return id != "" && slices.Contains(d.contests, id) }

// LetsGo reports whether the person has let the block go under those very terms
// in the citizen space, and that still holds.
func (d Decided) LetsGo(b droits.Bloc, under Terms, t time.Time) bool {
	return slices.Contains(d.LetGo, b) && slices.Contains(d.Under, under) && !t.After(d.LetUntil)
}

// Narrow tells which blocks may be served under an agreement: those it names
// and those let go under the same terms in the citizen space, less those kept
// back. What the convention opens is not checked here.
func (d Decided) Narrow(agreed []droits.Bloc, under Terms, t time.Time) []droits.Bloc {
	if !d.Chosen {
		return agreed
	}
	out := make([]droits.Bloc, 0, len(agreed)+len(d.LetGo))
	for _, b := range agreed {
		if !slices.Contains(d.Refused, b) {
			out = append(out, b)
		}
	}
	for _, b := range d.LetGo {
		if d.LetsGo(b, under, t) && !slices.Contains(out, b) {
			out = append(out, b)
		}
	}
	return out
}

// State is where the sharing between a person and a partner stands, or one
// agreement.
type State string

// The states.
const (
	StateNone      State = "none"      // nothing was ever agreed
	StateGiven     State = "given"     // an agreement stands
	StateExpired   State = "expired"   // the last agreement has ended by itself
	StatePaused    State = "paused"    // stopped by the person until a day or until allowed again
	StateWithdrawn State = "withdrawn" // stopped by the person until allowed again
	StateReplaced  State = "replaced"  // of one agreement: a later one took its place before its end
)

// Line is one agreement as its person sees it.
type Line struct {
	ID           string
	Partner      string
	Convention   string // id/version
	Purpose      string
	Blocks       []droits.Bloc
	Notice       string
	NoticeSHA256 string
	NoticeShown  bool
	Channel      Channel
	Actor        Actor
	GivenAt      time.Time
	ExpiresAt    time.Time
	Contested    bool // the person says that it never agreed
	State        State
}

// StateAt is where a sharing stands at an instant, after what the person
// decided and given its agreements.
func (d Decided) StateAt(lines []Line, t time.Time) State {
	switch {
	case d.StoppedAt(t) && d.Paused:
		return StatePaused
	case d.StoppedAt(t):
		return StateWithdrawn
	}
	state := StateNone
	for _, l := range lines {
		if state = StateExpired; l.State == StateGiven {
			return StateGiven
		}
	}
	return state
}

// Settle sets the state of each agreement of one person and one partner at an
// instant; newest first. A stop ends every agreement given before it, and an
// agreement takes the place of the older ones of its convention and channel.
func (d Decided) Settle(lines []Line, t time.Time) {
	seen := map[[3]string]time.Time{}
	for i := range lines {
		l := &lines[i]
		convention := l.Convention
		if n := lastSlash(convention); n >= 0 {
			convention = convention[:n]
		}
		k := [3]string{convention, l.Purpose, string(l.Channel)}
		next, replaced := seen[k]
		seen[k] = l.GivenAt
		switch {
		case !d.LastStop.IsZero() && !l.GivenAt.After(d.LastStop) && !d.LastStop.After(l.ExpiresAt):
			l.State = StateWithdrawn
		case replaced && !next.After(l.ExpiresAt):
			l.State = StateReplaced
		case t.After(l.ExpiresAt):
			l.State = StateExpired
		default:
			l.State = StateGiven
		}
	}
}

func lastSlash(s string) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '/' {
			return i
		}
	}
	return -1
}
