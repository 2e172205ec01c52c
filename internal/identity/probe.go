package identity

import (
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/fault"
)

// Valid refuses a pivot that cannot be compared: an empty or endless name, an
// impossible date, a gender outside the list, a place that is not COG-shaped, France
// without a commune. It does not check that the codes exist. Errors:
// personne_non_identifiee, reason INVALID_PIVOT.
func (p Pivot) Valid() error {
	if _, ok := read(p, nil); !ok {
		return fault.New(fault.PersonneNonIdentifiee, "identity: pivot").Because(InvalidPivot)
	}
	return nil
}

// probe is a pivot made ready for comparisons.
type probe struct {
	family, usage, given []byte
	date                 civil.Date
	sex                  Sexe
	place                string
}

// longestName bounds, in bytes, each text of a pivot: beyond it is no name, and
// comparing it would cost.
const longestName = 2048

// read is step 0 of identity.md §3.4; buf is memory for the names.
func read(p Pivot, buf []byte) (q probe, ok bool) {
	given := len(p.GivenName)
	for _, s := range p.GivenNames {
		given += len(s)
	}
	if max(len(p.FamilyName), len(p.PreferredUsername), given) > longestName {
		return q, false
	}
	d, err := civil.ParseBirth(p.Birthdate)
	if err != nil {
		return q, false
	}
	q.date = d
	switch p.Gender {
	case "male":
		q.sex = Masculin
	case "female":
		q.sex = Feminin
	case "unspecified":
	default:
		return q, false
	}
	if q.place = p.Birthcountry; !countryShaped(p.Birthcountry) {
		return q, false
	}
	if p.Birthcountry == france {
		if q.place = p.Birthplace; !communeShaped(p.Birthplace) {
			return q, false
		}
	}
	buf = appendFamily(buf, p.FamilyName)
	q.family = buf[:len(buf):len(buf)]
	if p.PreferredUsername != "" {
		q.usage = appendFamily(nil, p.PreferredUsername)
	}
	n := len(buf)
	if len(p.GivenNames) > 0 {
		buf = appendUnits(buf, p.GivenNames)
	} else {
		buf = appendSplit(buf, p.GivenName)
	}
	q.given = buf[n:]
	return q, len(q.family) > 0 && len(q.given) > 0
}
