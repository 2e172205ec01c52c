// Package geo hides how the codes of birthplaces succeed one another: communes
// that merged, moved or were re-coded, cities and their arrondissements, states
// that followed others.
//
// Sources: the extract of the official geographic code made by tools/geo
// (communes.txt, "make geography") and the hand-made lines of successions.txt, each with its own.
package geo

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
)

//go:embed communes.txt
var communes string

//go:embed successions.txt
var successions string

// Version names the two tables. It changes whenever one of them does: a
// decision made with them is reproducible from it.
const Version = "cog2026/2"

// link says that people born under one code may be recorded under another.
type link struct {
	parent   string
	bornUpTo int // last birth year for which it holds, 0 = no bound
}

func (l link) holds(year int) bool { return l.bornUpTo == 0 || year <= l.bornUpTo }

// place is what a code became.
type place struct {
	link
	second link   // one more place that it became, usually none
	group  string // the code under which it is gathered
}

// depth bounds the walk from a code to what it became; a test proves that no
// chain of the tables is longer.
const depth = 4

// table is read once, when a place is first asked for.
var table = sync.OnceValue(func() map[uint32]place { return load(communes, successions) })

// Group is the code under which a place is gathered with all its relatives,
// whatever the year: it may gather strangers, never separate relatives. A code
// that is in no table is its own group. Codes are upper case.
func Group(code string) string {
	if p, ok := table()[pack(code)]; ok {
		return p.group
	}
	return code
}

// Descends reports whether young became old, for somebody born in the year.
// Two communes that merged later, two arrondissements, two successor states do
// not descend from each other. Codes are upper case.
func Descends(young, old string, year int) bool {
	for range depth {
		p, ok := table()[pack(young)]
		switch {
		case !ok:
			return false
		case p.second.parent == old && p.second.holds(year):
			return true
		case p.parent == "" || !p.holds(year):
			return false
		case p.parent == old:
			return true
		}
		young = p.parent
	}
	return false
}

// Parent is what a code became first, for somebody born in the year; "" when
// it became nothing.
func Parent(code string, year int) string {
	if p, ok := table()[pack(code)]; ok && p.holds(year) {
		return p.parent
	}
	return ""
}

// pack is a code of five digits or letters as a number, 0 for anything else.
func pack(code string) (n uint32) {
	if len(code) != 5 {
		return 0
	}
	for i := range 5 {
		switch c := code[i]; {
		case c >= '0' && c <= '9':
			n = n<<4 | uint32(c-'0')
		case c == 'A' || c == 'B':
			n = n<<4 | uint32(c-'A'+10)
		default:
			return 0
		}
	}
	return n
}

// load reads both texts, which are ours: a test holds their shape. Nothing is
// copied, the codes stay in the texts.
func load(extract, byHand string) map[uint32]place {
	t := make(map[uint32]place, 5000)
	for line := range strings.Lines(extract) {
		if line[0] == '#' {
			continue
		}
		into := line[:5]
		for i := 6; i+5 <= len(line); i += 6 {
			t[pack(line[i:i+5])] = place{link: link{parent: into}}
		}
	}
	seen := map[uint32]bool{}
	for line := range strings.Lines(byHand) {
		if line[0] == '#' {
			continue
		}
		child, rest, _ := strings.Cut(line, ";")
		parent, rest, _ := strings.Cut(rest, ";")
		until, _, _ := strings.Cut(rest, ";")
		year, _ := strconv.Atoi(until)
		p := t[pack(child)]
		if seen[pack(child)] {
			p.second = link{parent, year}
		} else {
			p.link = link{parent, year}
		}
		seen[pack(child)] = true
		t[pack(child)] = p
	}
	return gathered(t)
}

// gathered names the groups: the end of each chain, and where a code became two
// places, the end of its first chain for both.
func gathered(t map[uint32]place) map[uint32]place {
	end := func(code string) string {
		for range depth {
			p := t[pack(code)]
			if p.parent == "" {
				break
			}
			code = p.parent
		}
		return code
	}
	moved := map[string]string{}
	for _, p := range t {
		if p.second.parent != "" {
			moved[end(p.second.parent)] = end(p.parent)
		}
	}
	for k, p := range t {
		p.group = end(p.parent)
		if g, ok := moved[p.group]; ok {
			p.group = g
		}
		t[k] = p
	}
	for from, to := range moved {
		p := t[pack(from)]
		p.group = to
		t[pack(from)] = p
	}
	return t
}
