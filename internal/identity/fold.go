package identity

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A folded name is words of A–Z joined by one space; a folded list of given
// names has its units joined by one unitMark. Comparisons skip both, so names
// are compared "without separators" and no joined copy is ever made.
const (
	wordMark = ' '
	unitMark = '|'
)

// foldedRune is what one rune of the table becomes: up to three letters, or one
// separator, or nothing for a combining mark.
type foldedRune struct {
	n uint8
	b [3]byte
}

// tableSize covers every script whose letters appear in civil status here;
// runes beyond it are folded one by one.
const tableSize = 0x2000

var foldTable = newFoldTable()

func newFoldTable() *[tableSize]foldedRune {
	t := new([tableSize]foldedRune)
	for r := range t {
		t[r].n = uint8(copy(t[r].b[:], foldRune(nil, rune(r))))
	}
	return t
}

// spelled maps letters that Unicode does not decompose (identity.md §3.1).
func spelled(r rune) string {
	switch r {
	case 'œ':
		return "oe"
	case 'æ':
		return "ae"
	case 'ø':
		return "o"
	case 'ł':
		return "l"
	case 'đ', 'ð':
		return "d"
	case 'þ':
		return "th"
	case 'ß':
		return "ss"
	case 'ı':
		return "i"
	case 'ĳ':
		return "ij"
	}
	return string(r)
}

// foldRune appends what one rune becomes by identity.md §3.1: lower, spell out,
// decompose, drop marks, upper; whatever is not A–Z then separates words. The
// spelling is applied again after decomposition, for letters such as ǿ.
func foldRune(dst []byte, r rune) []byte {
	if r == utf8.RuneError {
		return append(dst, wordMark)
	}
	for _, low := range spelled(unicode.ToLower(r)) {
		for _, part := range norm.NFKD.String(string(low)) {
			if unicode.Is(unicode.M, part) {
				continue
			}
			for _, c := range spelled(unicode.ToLower(part)) {
				if c = unicode.ToUpper(c); c >= 'A' && c <= 'Z' {
					dst = append(dst, byte(c))
				} else {
					dst = append(dst, wordMark)
				}
			}
		}
	}
	return dst
}

// appendFold appends the words of s. It never starts or ends with a separator
// of its own; mark is put between what dst holds already and the first word.
func appendFold(dst []byte, s string, mark byte) []byte {
	start, pending := len(dst), mark
	if start == 0 {
		pending = 0
	}
	put := func(dst []byte, c byte) []byte {
		if c == wordMark {
			if pending == 0 && len(dst) > start {
				pending = wordMark
			}
			return dst
		}
		if pending != 0 {
			dst = append(dst, pending)
			pending = 0
		}
		return append(dst, c)
	}
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case 'A' <= c && c <= 'Z':
			dst, i = put(dst, c), i+1
			continue
		case 'a' <= c && c <= 'z':
			dst, i = put(dst, c-'a'+'A'), i+1
			continue
		case c < utf8.RuneSelf:
			dst, i = put(dst, wordMark), i+1
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		if r < tableSize {
			f := &foldTable[r]
			for _, b := range f.b[:f.n] {
				dst = put(dst, b)
			}
			continue
		}
		var other [24]byte
		for _, b := range foldRune(other[:0], r) {
			dst = put(dst, b)
		}
	}
	return dst
}

// appendFamily appends a family name; whole words ST and STE are read as SAINT
// and SAINTE.
func appendFamily(dst []byte, s string) []byte {
	start := len(dst)
	dst = appendFold(dst, s, 0)
	for i := start; i < len(dst); i++ {
		if dst[i] != 'S' || i > start && dst[i-1] != wordMark || i+1 >= len(dst) || dst[i+1] != 'T' {
			continue
		}
		end := i + 2
		if end < len(dst) && dst[end] == 'E' {
			end++
		}
		if end < len(dst) && dst[end] != wordMark {
			continue
		}
		dst = append(dst, "AIN"...)
		copy(dst[i+4:], dst[i+1:len(dst)-3])
		copy(dst[i+1:], "AIN")
		i = end + 2
	}
	return dst
}

// appendUnits appends given names, one unit per item.
func appendUnits(dst []byte, units []string) []byte {
	start := len(dst)
	for _, u := range units {
		if len(dst) == start {
			dst = appendFold(dst, u, 0)
		} else {
			dst = appendFold(dst, u, unitMark)
		}
	}
	return dst
}

// appendSplit appends given names written in one string: units are split on
// spaces and commas, a hyphen stays inside its unit.
func appendSplit(dst []byte, s string) []byte {
	start, from := len(dst), 0
	unit := func(u string) {
		mark := byte(unitMark)
		if len(dst) == start {
			mark = 0
		}
		dst = appendFold(dst, u, mark)
	}
	for i, r := range s {
		if r == ',' || unicode.IsSpace(r) {
			unit(s[from:i])
			from = i + utf8.RuneLen(r)
		}
	}
	unit(s[from:])
	return dst
}

func isMark(c byte) bool { return c == wordMark || c == unitMark }

// letters counts A–Z in a folded text.
func letters(s []byte) (n int) {
	for _, c := range s {
		if !isMark(c) {
			n++
		}
	}
	return n
}

// walk compares two folded texts letter by letter and says where it stopped:
// the index of the first letter not consumed in each, and whether a unit ended
// just before it.
func walk(a, b []byte) (w walked) {
	for {
		w.aUnit, w.bUnit = false, false
		for w.a < len(a) && isMark(a[w.a]) {
			w.aUnit = w.aUnit || a[w.a] == unitMark
			w.a++
		}
		for w.b < len(b) && isMark(b[w.b]) {
			w.bUnit = w.bUnit || b[w.b] == unitMark
			w.b++
		}
		w.aEnd, w.bEnd = w.a == len(a), w.b == len(b)
		if w.aEnd || w.bEnd || a[w.a] != b[w.b] {
			return w
		}
		w.a++
		w.b++
	}
}

type walked struct {
	a, b         int
	aEnd, bEnd   bool
	aUnit, bUnit bool
}

// same reports whether two folded texts have the same letters.
func same(a, b []byte) bool { w := walk(a, b); return w.aEnd && w.bEnd }
