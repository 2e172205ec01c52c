package nation

import "strings"

// slip changes one letter: another one, one less or one more. The result is
// another name once folded.
func slip(s *source, name string) string {
	var at []int
	for i := range len(name) {
		if c := name[i] | 0x20; 'a' <= c && c <= 'z' {
			at = append(at, i)
		}
	}
	if len(at) == 0 {
		return name + "a"
	}
	i := at[s.IntN(len(at))]
	other := byte('a' + s.IntN(26))
	if other == name[i]|0x20 {
		other = 'a' + (other-'a'+7)%26
	}
	switch x := s.IntN(10); {
	case x < 7 || len(at) < 4:
		return name[:i] + string(other) + name[i+1:]
	case x < 9:
		return name[:i] + string(other) + name[i:]
	}
	return name[:i] + name[i+1:]
}

// particled are what unparticled takes away, the longest first.
var particled = []string{"de La ", "des ", "du ", "de ", "d'"}

// unparticled drops the particle of a name, or moves it to the end.
func unparticled(s *source, name string) (string, bool) {
	for _, p := range particled {
		rest, ok := strings.CutPrefix(name, p)
		if !ok {
			continue
		}
		if s.chance(50_000) {
			return rest, true
		}
		return rest + " " + strings.TrimSuffix(p, " "), true
	}
	return name, false
}

// separated reports a hyphen or an apostrophe.
func separated(name string) bool { return strings.ContainsAny(name, "-'’") }

// respace turns hyphens and apostrophes into spaces, or into nothing: but a
// short word that stands for a longer one stays a word.
func respace(s *source, name string) string {
	with := " "
	if s.chance(50_000) && !strings.HasPrefix(name, "St-") {
		with = ""
	}
	return strings.NewReplacer("--", with, "-", with, "'", with, "’", with).Replace(name)
}

// special reports letters that no decomposition turns into plain ones.
func special(name string) bool { return strings.ContainsAny(name, "œŒæÆßøØłŁđĐı") }

var decomposer = strings.NewReplacer("é", "e\u0301", "è", "e\u0300", "ê", "e\u0302", "ë", "e\u0308", "É", "E\u0301", "È", "E\u0300", "Ê", "E\u0302", "Ë", "E\u0308",
	"à", "a\u0300", "â", "a\u0302", "ï", "i\u0308", "î", "i\u0302", "Ï", "I\u0308", "Î", "I\u0302", "ô", "o\u0302", "ö", "o\u0308", "Ô", "O\u0302", "Ö", "O\u0308",
	"ç", "c\u0327", "Ç", "C\u0327", "ü", "u\u0308", "û", "u\u0302", "Ü", "U\u0308", "ñ", "n\u0303", "Ñ", "N\u0303")

// decomposed writes accents as marks of their own.
func decomposed(name string) string { return decomposer.Replace(name) }
