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

// IndexVersion names what keys are made of. Rows that were indexed under another
// version are found less surely until they are indexed again.
const IndexVersion = "cles/1+" + geo.Version

// initialLetters is how much of the first given name K2 holds.
const initialLetters = 4

// Keys is what to probe: both sexes when unspecified, and the key of incomplete
// dates only when the day may be a default. Nil when the pivot is unusable.
func (p Pivot) Keys() []Key {
	var names [128]byte
	q, ok := read(p, names[:0])
	if !ok {
		return nil
	}
	var t texts
	if q.sex != "" {
		t = t.probe(&q, q.sex)
	} else {
		t = t.probe(&q, Masculin).probe(&q, Feminin)
	}
	return t.keys()
}

// Keys is what to index. Nil for a row that can never identify anybody: its
// number is missing or is not its own, or its name or date is unusable.
func (r Record) Keys() []Key {
	var names [128]byte
	e, ok := r.entry(names[:0])
	if !ok {
		return nil
	}
	var t texts
	if d := r.NaissanceOn; d.Complete() {
		t = t.key1(e.family, d, r.sex())
		if e.place != "" {
			t = t.key2(e.given, d, r.sex(), e.place)
		}
	} else {
		t = t.key3(e.family, d.Year(), r.sex())
	}
	return t.keys()
}

// Neighbours is what to probe to find whoever is Confusable with a row: its own
// keys, and those of the dates and names that its own may stand for. Of two
// people who are confusable, one at least is found from the other. Nil like
// Keys.
func (r Record) Neighbours() []Key {
	var names [128]byte
	e, ok := r.entry(names[:0])
	if !ok {
		return nil
	}
	var t texts
	t = t.probe(&probe{family: e.family, given: e.given, date: r.NaissanceOn, place: e.place}, r.sex())
	if r.NaissanceOn.Day() > 1 {
		return t.keys()
	}
	if core, _, _ := unparticled(e.family); len(core) < len(e.family) {
		t = t.key3(core, r.NaissanceOn.Year(), r.sex())
	}
	if usage := appendFamily(nil, r.NomUsage); len(usage) > 0 {
		t = t.key3(usage, r.NaissanceOn.Year(), r.sex())
	}
	for m := 1; m <= 12 && !r.NaissanceOn.Complete(); m++ {
		// the first of any month reads its year's incomplete dates
		t = t.key1(e.family, civil.Of(r.NaissanceOn.Year(), m, 1), r.sex())
	}
	return t.keys()
}

// entry reads a row that may be indexed; buf is memory for its names.
func (r *Record) entry(buf []byte) (e entry, ok bool) {
	if r.disowned() != "" || r.NaissanceOn.IsZero() {
		return e, false
	}
	e = readRow(r, buf)
	return e, len(e.family) > 0 && len(e.given) > 0
}

// texts gathers keys in one piece of memory.
type texts struct {
	buf  []byte
	ends [17]int // the neighbours of an incomplete date
	n    int
}

// probe adds the keys that a pivot of one sex meets; without a place, none of
// places.
func (t texts) probe(q *probe, s Sexe) texts {
	d := defaulted(q.date)
	t = t.key1(q.family, d, s)
	if q.place != "" {
		t = t.key2(q.given, d, s, q.place)
	}
	if q.date.Day() <= 1 {
		t = t.key3(q.family, d.Year(), s)
	}
	return t
}

func (t texts) key1(family []byte, d civil.Date, s Sexe) texts {
	b := appendLetters(append(t.room(), "K1/"...), family, len(family))
	return t.end(append(d.Append(append(b, '/')), '/', s[0]))
}

func (t texts) key2(given []byte, d civil.Date, s Sexe, place string) texts {
	b := appendInitials(append(t.room(), "K2/"...), given)
	b = append(d.Append(append(b, '/')), '/', s[0], '/')
	return t.end(append(b, geo.Group(upper(place))...))
}

func (t texts) key3(family []byte, year int, s Sexe) texts {
	b := appendLetters(append(t.room(), "K3/"...), family, len(family))
	return t.end(append(civil.Of(year, 0, 0).Append(append(b, '/')), '/', s[0]))
}

// room is the memory so far, enough for two usual keys.
func (t texts) room() []byte {
	if t.buf == nil {
		return make([]byte, 0, 96)
	}
	return t.buf
}

func (t texts) end(buf []byte) texts {
	t.buf, t.ends[t.n] = buf, len(buf)
	t.n++
	return t
}

func (t texts) keys() []Key {
	all, from, out := string(t.buf), 0, make([]Key, t.n)
	for i, to := range t.ends[:t.n] {
		out[i], from = Key(all[from:to]), to
	}
	return out
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
