package franceconnect

import (
	"bytes"
	"unicode/utf8"

	"droits.example/droits/internal/identity"
)

// lean reads the usual shape of a v1 answer without reflection and with two
// pieces of memory. It gives up (ok is false) on whatever encoding/json treats
// in a way of its own: escapes, null, a member given twice or in other
// letters, broken UTF-8, and everything that is wrong. The answer is then read
// by encoding/json, which alone decides.
type lean struct {
	b      []byte
	i      int
	bad    bool
	keep   [slots]span // values in the order of slots
	scopes [usualScopes]span
	n      int // of scopes
}

// usualScopes is how many scopes an answer read lean may hold.
const usualScopes = 24

// span is a value in the body, without its quotes.
type span struct{ from, to int }

// What a member is read into: a slot of keep, or one of the last three.
const (
	slotACR = iota
	slotClient
	slotGivenName
	slotFamilyName
	slotBirthdate
	slotGender
	slotBirthplace
	slotBirthcountry
	slotPreferredUsername
	slots
	scopeList
	clientObject
	identityObject
)

// member is a name that an object of the answer may hold.
type member struct {
	name string
	into int
}

var (
	answerMembers   = []member{{"scope", scopeList}, {"acr", slotACR}, {"client", clientObject}, {"identity", identityObject}}
	clientMembers   = []member{{"client_id", slotClient}}
	identityMembers = []member{
		{"given_name", slotGivenName}, {"family_name", slotFamilyName}, {"birthdate", slotBirthdate}, {"gender", slotGender},
		{"birthplace", slotBirthplace}, {"birthcountry", slotBirthcountry}, {"preferred_username", slotPreferredUsername},
	}
)

// needed are the scopes and the identity, by their bits in answerMembers.
const needed = 1<<0 | 1<<3

// readLean reads a whole answer. The scopes and the identity must be there.
func readLean(body []byte) (out identity.Assertion, ok bool) {
	l := lean{b: body}
	had := l.object(answerMembers)
	if l.next(); l.bad || l.i < len(l.b) || had&needed != needed {
		return out, false
	}
	var text [512]byte
	all := text[:0]
	for _, s := range l.keep {
		all = append(all, l.b[s.from:s.to]...)
	}
	for _, s := range l.scopes[:l.n] {
		all = append(all, l.b[s.from:s.to]...)
	}
	rest := string(all)
	take := func(s span) (v string) {
		v, rest = rest[:s.to-s.from], rest[s.to-s.from:]
		return v
	}
	out.ACR, out.Client = take(l.keep[slotACR]), take(l.keep[slotClient])
	p := &out.Pivot
	p.GivenName, p.FamilyName, p.Birthdate = take(l.keep[slotGivenName]), take(l.keep[slotFamilyName]), take(l.keep[slotBirthdate])
	p.Gender, p.Birthplace, p.Birthcountry = take(l.keep[slotGender]), take(l.keep[slotBirthplace]), take(l.keep[slotBirthcountry])
	p.PreferredUsername = take(l.keep[slotPreferredUsername])
	out.Scopes = make([]string, l.n)
	for i, s := range l.scopes[:l.n] {
		out.Scopes[i] = take(s)
	}
	return out, true
}

// object reads an object and says which members were there, by bits.
func (l *lean) object(members []member) (had uint) {
	if !l.eat('{') || l.next() == '}' {
		l.i++
		return 0
	}
	for !l.bad {
		s := l.text()
		if !l.eat(':') {
			return had
		}
		known := l.which(members, l.b[s.from:s.to])
		switch {
		case l.bad:
		case known < 0:
			l.skip(0)
		case had&(1<<known) != 0:
			l.bad = true
		default:
			had |= 1 << known
			l.read(members[known].into)
		}
		if l.next() == ',' {
			l.i++
			continue
		}
		l.eat('}')
		break
	}
	return had
}

// read reads the value of a listed member.
func (l *lean) read(into int) {
	switch into {
	case scopeList:
		l.list()
	case clientObject:
		l.object(clientMembers)
	case identityObject:
		l.object(identityMembers)
	default:
		l.keep[into] = l.text()
	}
}

// which finds a name, -1 when it is not listed. One that encoding/json might
// take for a listed one is left to it.
func (l *lean) which(members []member, name []byte) int {
	for i := range members {
		if string(name) == members[i].name {
			return i
		}
	}
	for _, c := range name {
		l.bad = l.bad || c >= utf8.RuneSelf
	}
	for i := range members {
		l.bad = l.bad || len(name) == len(members[i].name) && bytes.EqualFold(name, []byte(members[i].name))
	}
	return -1
}

// list reads the scopes.
func (l *lean) list() {
	if !l.eat('[') || l.next() == ']' {
		l.i++
		return
	}
	for !l.bad && l.n < len(l.scopes) {
		l.scopes[l.n] = l.text()
		l.n++
		if l.next() == ',' {
			l.i++
			continue
		}
		l.eat(']')
		return
	}
	l.bad = true
}

// maxSkip bounds how deep a value that is not needed may be.
const maxSkip = 8

// skip passes over a value that is not needed: texts, plain integers, true,
// false, and objects and lists of them.
func (l *lean) skip(depth int) {
	switch c := l.next(); {
	case c == '"':
		l.text()
	case c >= '1' && c <= '9':
		for l.i < len(l.b) && l.b[l.i] >= '0' && l.b[l.i] <= '9' {
			l.i++
		}
		if c := l.next(); c != ',' && c != '}' && c != ']' {
			l.bad = true
		}
	case c == 't':
		l.word("true")
	case c == 'f':
		l.word("false")
	case (c == '{' || c == '[') && depth < maxSkip:
		l.i++
		l.inside(c, depth+1)
	default:
		l.bad = true
	}
}

// inside passes over the rest of an object or a list that has begun.
func (l *lean) inside(begun byte, depth int) {
	end := begun + 2 // ] after [, } after {
	if l.next() == end {
		l.i++
		return
	}
	for !l.bad {
		if begun == '{' {
			l.text()
			l.eat(':')
		}
		l.skip(depth)
		if l.next() == ',' {
			l.i++
			continue
		}
		l.eat(end)
		return
	}
}

func (l *lean) word(w string) {
	if len(l.b)-l.i < len(w) || string(l.b[l.i:l.i+len(w)]) != w {
		l.bad = true
		return
	}
	l.i += len(w)
}

// text reads a string without escapes.
func (l *lean) text() (s span) {
	if !l.eat('"') {
		return s
	}
	s.from = l.i
	ascii := true
	for l.i < len(l.b) {
		c := l.b[l.i]
		if c == '"' {
			s.to = l.i
			l.i++
			l.bad = l.bad || !ascii && !utf8.Valid(l.b[s.from:s.to])
			return s
		}
		if c < ' ' || c == '\\' {
			break
		}
		ascii = ascii && c < utf8.RuneSelf
		l.i++
	}
	l.bad = true
	return span{}
}

// next is the next byte that is not a space, 0 at the end.
func (l *lean) next() byte {
	for ; l.i < len(l.b); l.i++ {
		if c := l.b[l.i]; c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return c
		}
	}
	return 0
}

// eat passes over one byte that must be there.
func (l *lean) eat(c byte) bool {
	if l.next() != c || l.i >= len(l.b) {
		l.bad = true
		return false
	}
	l.i++
	return true
}
