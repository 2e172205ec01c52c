package partner

import (
	"time"

	"droits.example/droits/internal/civil"
)

// ReminderDays is how many days before the last day of a key or of a
// certificate its partner is told, the first time first.
func ReminderDays() []int { return []int{90, 60, 30, 14, 7, 0} }

// LastOn is the last day on which something that ends at an instant is good,
// Paris.
func LastOn(endsAt time.Time) civil.Date { return civil.On(endsAt.Add(-time.Millisecond)) }

// ReminderOn tells which reminder of an end falls on a day: the last of
// ReminderDays that has been reached, unless it was reached before the thing was
// made. One that was missed gives way to the next; after the last day, for a
// week, that of the last day.
func ReminderOn(today, madeOn, lastOn civil.Date) (days int, ok bool) {
	if today > lastOn.AddDays(7) {
		return 0, false
	}
	for _, n := range ReminderDays() {
		if on := lastOn.AddDays(-n); today >= on && madeOn < on {
			days, ok = n, true
		}
	}
	return days, ok
}
