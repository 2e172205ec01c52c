package trace

import (
	"encoding/json"
	"time"
)

// Erased is what an event of the class Erasure says is gone: a part of the
// entries of a range that happened before a cut-off, under a rule. It is told in
// the person part of its event, which holds nobody's data and is kept in clear
// as long as the log.
type Erased struct {
	Part  string    `json:"erased_part"` // PartPerson or PartInternal
	From  int64     `json:"erased_from"` // first entry, of the whole trail
	To    int64     `json:"erased_to"`   // last entry
	Rule  string    `json:"erased_rule"` // identifier and version of the retention rule
	Keep  string    `json:"erased_keep"` // how long the rule keeps: "P12M"
	Until time.Time `json:"-"`           // entries of this instant and later stay

	UntilSeconds int64 `json:"erased_until"`
}

// The parts of an entry, as an erasure and the keys of a day name them.
const (
	PartPerson   = "person"
	PartInternal = "internal"
)

func (e *Erased) append(p *object) {
	if e == nil {
		return
	}
	p.num("erased_from", e.From)
	p.str("erased_keep", e.Keep)
	p.str("erased_part", e.Part)
	p.str("erased_rule", e.Rule)
	p.num("erased_to", e.To)
	p.num("erased_until", e.Until.Unix())
}

// parseErased reads the person part of an erasure's event.
func parseErased(part []byte) (e Erased, at time.Time, ok bool) {
	var x struct {
		Erased
		Time int64 `json:"time"`
	}
	if json.Unmarshal(part, &x) != nil || x.Rule == "" || x.From < 0 || x.To < x.From || x.Part != PartPerson && x.Part != PartInternal {
		return e, at, false
	}
	x.Until = time.Unix(x.UntilSeconds, 0).UTC()
	return x.Erased, time.Unix(x.Time, 0).UTC(), true
}

// dueBy reports whether an erasure at an instant kept what its rule keeps:
// years, months and days of ISO 8601, such as P12M or P1Y6M.
func (e Erased) dueBy(at time.Time) bool {
	if len(e.Keep) < 3 || e.Keep[0] != 'P' {
		return false
	}
	years, months, days, n, digits := 0, 0, 0, 0, 0
	for _, c := range e.Keep[1:] {
		switch {
		case c >= '0' && c <= '9' && digits < 4:
			n, digits = n*10+int(c-'0'), digits+1
			continue
		case digits == 0:
			return false
		case c == 'Y':
			years = n
		case c == 'M':
			months = n
		case c == 'D':
			days = n
		default:
			return false
		}
		n, digits = 0, 0
	}
	return digits == 0 && !e.Until.AddDate(years, months, days).After(at)
}
