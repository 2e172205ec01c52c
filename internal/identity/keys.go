package identity

import (
	"bytes"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/geo"
)

// Key is the text of an index key (identity.md §3.5). It holds names and a
// date: the store keeps only a keyed digest of it. It prints as a mask.
type Key string

// String redacts fmt.
func (Key) String() string { return "Key(•••)" }

// GoString redacts %#v.
func (Key) GoString() string { return "Key(•••)" }

// initialLetters is how much of the first given name K2 holds.
const initialLetters = 4

// Keys is what to probe: both sexes when unspecified, and the key of incomplete
// dates only when the day may be a default. Nil when the pivot is unusable.
func (p Pivot) Keys() []Key {
	q, ok := read(p)
	if !ok {
		return nil
	}
	sexes := []Sexe{q.sex}
	if q.sex == "" {
		sexes = []Sexe{Masculin, Feminin}
	}
	keys := make([]Key, 0, 3*len(sexes))
	for _, s := range sexes {
		d := defaulted(q.date)
		keys = append(keys, key1(q.family, d, s), key2(q.given, d, s, q.place))
		if q.date.Day() <= 1 {
			keys = append(keys, key3(q.family, d.Year(), s))
		}
	}
	return keys
}

// Keys is what to index. Nil for a row that can never identify anybody: its
// number is missing or is not its own, or its name or date is unusable.
func (r Record) Keys() []Key {
	family, given := appendFamily(nil, r.NomFamille), appendUnits(nil, r.Prenoms)
	if r.disowned() != "" || len(family) == 0 || len(given) == 0 || r.NaissanceOn.IsZero() {
		return nil
	}
	if !r.NaissanceOn.Complete() {
		return []Key{key3(family, r.NaissanceOn.Year(), r.sex())}
	}
	keys := []Key{key1(family, r.NaissanceOn, r.sex())}
	if place := r.place(); place != "" {
		keys = append(keys, key2(given, r.NaissanceOn, r.sex(), place))
	}
	return keys
}

func key1(family []byte, d civil.Date, s Sexe) Key {
	b := appendLetters(append(make([]byte, 0, 64), "K1/"...), family, len(family))
	return Key(append(d.Append(append(b, '/')), '/', s[0]))
}

func key2(given []byte, d civil.Date, s Sexe, place string) Key {
	b := appendInitials(append(make([]byte, 0, 64), "K2/"...), given)
	b = append(d.Append(append(b, '/')), '/', s[0], '/')
	return Key(append(b, geo.Group(upper(place))...))
}

func key3(family []byte, year int, s Sexe) Key {
	b := appendLetters(append(make([]byte, 0, 64), "K3/"...), family, len(family))
	return Key(append(civil.Of(year, 0, 0).Append(append(b, '/')), '/', s[0]))
}

// appendInitials appends what K2 holds of the first given name.
func appendInitials(dst, given []byte) []byte {
	if i := bytes.IndexByte(given, unitMark); i >= 0 {
		given = given[:i]
	}
	return appendLetters(dst, given, initialLetters)
}

func sameInitials(a, b []byte) bool {
	var x, y [initialLetters]byte
	return bytes.Equal(appendInitials(x[:0], a), appendInitials(y[:0], b))
}

// appendLetters appends at most n letters of a folded text.
func appendLetters(dst, s []byte, n int) []byte {
	for _, c := range s {
		if n == 0 {
			break
		}
		if !isMark(c) {
			dst = append(dst, c)
			n--
		}
	}
	return dst
}

// upper is a COG code in upper case: only Corsica has a letter, the second.
func upper(code string) string {
	if len(code) > 1 && (code[1] == 'a' || code[1] == 'b') {
		b := []byte(code)
		b[1] -= 'a' - 'A'
		return string(b)
	}
	return code
}
