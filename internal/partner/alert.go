package partner

import "time"

// Alert is an alarm that was raised about a key. Requests are identifiers of
// that key's own calls.
type Alert struct {
	ID        string    `json:"id"`
	Key       string    `json:"key"`
	Partner   string    `json:"partner"`
	Alarm     Alarm     `json:"alarm"`
	Requests  []string  `json:"requests"`
	Suspended bool      `json:"suspended"`
	At        time.Time `json:"at"`
}
