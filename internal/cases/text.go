package cases

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"droits.example/droits/internal/identity"
)

// says is a code as a few words.
var says = map[string]string{
	identity.InvalidPivot:      "the pivot cannot be used",
	identity.NoCandidate:       "the index gives no row",
	identity.NoAgreement:       "no row that the index gives fits",
	identity.OtherRegime:       "the one who fits is a sentinel, of another scheme",
	identity.SeveralMatch:      "two numbers fit",
	identity.Doubt:             "one fits with shortened given names, and another is too close",
	identity.NoOwnNumber:       "the row has no number of its own",
	identity.NumberKind:        "a number of this kind identifies nobody",
	identity.NumberDeniesSex:   "the number says the other sex: it is another's",
	identity.NumberDeniesYear:  "the number says another year: it is another's",
	identity.NumberDeniesMonth: "the number says another month: it is another's",
	identity.FamilyConflict:    "another family name",
	identity.GivenConflict:     "other given names",
	identity.DateConflict:      "another birth date",
	identity.SexConflict:       "another sex",
	identity.PlaceConflict:     "another birthplace",
	identity.Combination:       "two tolerances that do not go together",
	identity.NarrowedSex:       "a tolerance, with an unspecified gender",
	identity.NarrowedNumber:    "a tolerance, with a waiting number",
	identity.NarrowedDate:      "a tolerance, with a date that many strangers share",
	NotReached:                 "it would fit, and the index does not give it",
	numberInvalid:              "no number: an import refuses the row",
	dateInvalid:                "no date: an import refuses the row",
	sexInvalid:                 "sexe is neither M, F nor empty: an import refuses the row",
	"T1":                       "given names shortened",
	"T2":                       "particle",
	"T3":                       "width of the field",
	"T4":                       "birth and usage names exchanged",
	"T5":                       "succession of places",
	"T6":                       "unknown day or month",
}

// Text is the answer for a reader.
func (a Answer) Text() string {
	var b strings.Builder
	name := string(a.ID)
	if json.Unmarshal(a.ID, &name); name == "" || bytes.Equal(a.ID, []byte("null")) {
		name = "(no id)"
	}
	if a.Broken != "" {
		fmt.Fprintf(&b, "line %d  %s", a.Line, a.Broken)
		if a.Member != "" {
			fmt.Fprintf(&b, " %s", a.Member)
		}
		fmt.Fprintf(&b, ": %s\n", a.Broken.Text())
		return b.String()
	}
	fmt.Fprintf(&b, "%s  %s", printable(name), a.Outcome)
	for _, t := range a.Tolerances {
		fmt.Fprintf(&b, "  %s (%s)", t, says[t])
	}
	if a.Reason != "" {
		fmt.Fprintf(&b, "  %s: %s", a.Reason, says[a.Reason])
	}
	b.WriteByte('\n')
	for i, c := range a.Candidates {
		fmt.Fprintf(&b, "  row %d  ", i+1)
		if m := c.Agreement; m != nil {
			fmt.Fprintf(&b, "family %-2s given %-2s date %-2s sex %-2s place %-2s  ", m.Family, m.Given, m.Date, m.Sex, m.Place)
		}
		switch {
		case c.RejectedBy == "":
			b.WriteString("fits")
		default:
			fmt.Fprintf(&b, "%s: %s", c.RejectedBy, says[c.RejectedBy])
		}
		if !c.Reached && c.RejectedBy != NotReached {
			b.WriteString(" (not in the index's answer)")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// printable drops control characters: an identifier goes to a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, s)
}
