package consent

import (
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
)

// The lives of agreements. What is let go in the citizen space holds as long
// as the longest repeat that a convention may allow; a person is told before an
// agreement that lives longer than a week ends (trust.md §3b).
const (
	MaxRepeatDays = 30
	LongFrom      = 7 * 24 * time.Hour
	RemindBefore  = 3 * 24 * time.Hour
)

// Term is the last instant of an agreement that is to live for a while:
// whatever was agreed to by a minor, or for one, ends with the day before its
// majority. birthOn may lack its day or its month.
func Term(givenAt time.Time, life time.Duration, birthOn civil.Date) time.Time {
	end := givenAt.Add(life)
	if of, ok := majority(birthOn); ok && givenAt.Before(of) && end.After(of.Add(-time.Millisecond)) {
		end = of.Add(-time.Millisecond)
	}
	return end
}

// majority is the first instant of somebody's majority; an unknown day or month
// counts as the last, like in droits.Personne.AgeOn.
func majority(birthOn civil.Date) (time.Time, bool) {
	if birthOn.IsZero() {
		return time.Time{}, false
	}
	p := droits.Personne{NaissanceOn: birthOn}
	// AgeOn is the one definition of an age: the first day on which it says
	// eighteen lies within a year of the eighteenth first of January.
	lo, hi := 0, 370
	from := civil.Of(birthOn.Year()+droits.Majorite, 1, 1)
	for lo < hi {
		if mid := (lo + hi) / 2; p.AgeOn(from.AddDays(mid)) >= droits.Majorite {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return from.AddDays(lo).StartAt(), true
}

// Minor reports whether somebody is under age on a day.
func Minor(birthOn, on civil.Date) bool {
	return droits.Personne{NaissanceOn: birthOn}.AgeOn(on) < droits.Majorite
}
