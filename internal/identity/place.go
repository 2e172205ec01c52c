package identity

import "strings"

// TableVersion names the table of successions below; it is part of what makes
// a decision reproducible.
const TableVersion = "lieux/1"

// succession says that people born under one code may be recorded under the
// other. Only the ancestor relation is accepted: two communes that merged
// later, two arrondissements, two successor states are strangers.
type succession struct {
	child, parent string
	bornUpTo      int // last birth year for which it holds, 0 = no bound
}

// successions is the hand-made extract of identity.md §2.2, lines 8 to 12. The
// parent is what K2 indexes under: the city, the newest commune, or the state
// that existed first.
var successions = []succession{
	// line 9: communes merged, absorbed, moved to another department, re-coded
	{"49079", "49018", 0}, // merged into the new commune of Baugé-en-Anjou
	{"75024", "92024", 0}, // Clichy, from Seine to Hauts-de-Seine, 1968
	{"78228", "91228", 0}, // Évry, from Seine-et-Oise to Essonne, 1968
	{"20004", "2A004", 0}, // Ajaccio, Corsica split in 1976
	{"20033", "2B033", 0}, // Bastia, Corsica split in 1976
	{"69232", "69123", 0}, // absorbed by Lyon
	// line 10: overseas re-coding of 2007
	{"97123", "97701", 0}, // Saint-Barthélemy
	{"97127", "97801", 0}, // Saint-Martin
	// line 11: Algeria before July 1962, by former department
	{"91352", "99352", 1962}, // Alger
	{"92352", "99352", 1962}, // Oran
	{"93352", "99352", 1962}, // Constantine
	{"94352", "99352", 1962}, // the Saharan territories
	// line 12: successor states
	{"99155", "99123", 1991}, // Ukraine, USSR
	{"99116", "99115", 1992}, // Czechia, Czechoslovakia
	{"99117", "99115", 1992}, // Slovakia, Czechoslovakia
	{"99118", "99121", 1992}, // Bosnia and Herzegovina, Yugoslavia
	{"99119", "99121", 1992}, // Croatia, Yugoslavia
	{"99145", "99121", 1992}, // Slovenia, Yugoslavia
	{"99156", "99121", 1992}, // North Macedonia, Yugoslavia
	{"99141", "99109", 1990}, // German Democratic Republic, Germany
	{"99142", "99109", 1990}, // Federal Republic of Germany, Germany
	{"99246", "99213", 1971}, // Bangladesh, Pakistan
	{"99317", "99315", 1993}, // Eritrea, Ethiopia
	{"99244", "99243", 1976}, // North Viet Nam, Viet Nam
	{"99245", "99243", 1976}, // South Viet Nam, Viet Nam
}

// arrondissements is line 8: the three cities that civil status divides.
var arrondissements = []struct {
	city, prefix string
	first, last  int
}{
	{"75056", "75", 101, 120}, // Paris
	{"69123", "69", 381, 389}, // Lyon
	{"13055", "13", 201, 216}, // Marseille
}

var parents = newParents()

func newParents() map[string]succession {
	m := make(map[string]succession, 128)
	for _, s := range successions {
		m[s.child] = s
	}
	digits := func(n int) string { return string([]byte{byte('0' + n/100), byte('0' + n/10%10), byte('0' + n%10)}) }
	for _, c := range arrondissements {
		for n := c.first; n <= c.last; n++ {
			m[c.prefix+digits(n)] = succession{c.prefix + digits(n), c.city, 0}
		}
	}
	for n := range 100 { // line 10: Mayotte, 985xx until 2011
		m["985"+digits(n)[1:]] = succession{"985" + digits(n)[1:], "976" + digits(n)[1:], 0}
	}
	return m
}

// longestChain bounds the walk up the successions; a test proves that no chain
// of the table is longer.
const longestChain = 4

// canonical is the code under which a place is indexed, whatever the year: it
// may gather strangers, never separate relatives.
func canonical(code string) string {
	for range longestChain {
		s, ok := parents[code]
		if !ok {
			break
		}
		code = s.parent
	}
	return code
}

// descends reports whether young becomes old by successions that hold for a
// birth year.
func descends(young, old string, year int) bool {
	for range longestChain {
		s, ok := parents[young]
		if !ok || s.bornUpTo != 0 && year > s.bornUpTo {
			return false
		}
		if young = s.parent; young == old {
			return true
		}
	}
	return false
}

// placeMark compares two codes for somebody born in a year.
func placeMark(a, b string, year int) Mark {
	switch {
	case a == "" || b == "":
		return Conflict
	case strings.EqualFold(a, b):
		return Exact
	}
	a, b = strings.ToUpper(a), strings.ToUpper(b)
	if descends(a, b, year) || descends(b, a, year) {
		return T5
	}
	return Conflict
}

// abroad reports a birth outside France, or in Algeria while it had French
// department codes: there, 1 January is often a filler.
func abroad(code string) bool {
	return strings.HasPrefix(code, "99") || len(code) == 5 && code[0] == '9' && code[1] >= '1' && code[1] <= '4' && code[2:] == "352"
}

// communeShaped and countryShaped check the shape of a COG code, not that it
// exists.
func communeShaped(s string) bool {
	if len(s) != 5 || s == "00000" {
		return false
	}
	for i, c := range []byte(s) {
		corsican := i == 1 && s[0] == '2' && (c == 'A' || c == 'B' || c == 'a' || c == 'b')
		if (c < '0' || c > '9') && !corsican {
			return false
		}
	}
	return true
}

func countryShaped(s string) bool { return communeShaped(s) && strings.HasPrefix(s, "99") }
