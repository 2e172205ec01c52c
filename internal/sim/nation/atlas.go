package nation

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
)

//go:embed communes.txt
var communesText string

// atlas holds the places of birth and the funds.
type atlas struct {
	codes  []string // every code of the COG that a number may hold
	index  map[string]uint16
	french []place
	zipf   zipf // over french
	world  []place
	far    zipf // over world
	towns  map[string][]uint16
	funds  []fund
	fundOf map[string][]int // by département
	depts  []string         // those with towns and a fund, in the order of their towns
}

// place is where people are born: its code today, and the one that was in
// force up to a year.
type place struct {
	now, was uint16
	until    int // last year of was, 0 when the code never changed
}

// at is the code in force in a year.
func (p place) at(year int) uint16 {
	if p.until != 0 && year <= p.until {
		return p.was
	}
	return p.now
}

// Algeria had French department codes until July 1962 (identity.md §2.2, line
// 11).
var algeria = []string{"91352", "92352", "93352", "94352"}

// abroad are the countries of birth, the most frequent first, with what stood
// there before and until when (identity.md §2.2, line 12).
var abroad = []struct {
	now, was string
	until    int
}{
	{"99352", "", 0}, {"99350", "", 0}, {"99139", "", 0}, {"99351", "", 0}, {"99127", "", 0}, {"99134", "", 0},
	{"99208", "", 0}, {"99122", "", 0}, {"99341", "", 0}, {"99131", "", 0}, {"99335", "", 0}, {"99109", "99141", 1989},
	{"99243", "99244", 1975}, {"99132", "", 0}, {"99155", "99123", 1990}, {"99119", "99121", 1991}, {"99312", "", 0},
	{"99216", "", 0}, {"99117", "99115", 1991}, {"99246", "99213", 1970}, {"99326", "", 0}, {"99317", "99315", 1992},
}

func newAtlas() *atlas {
	a := &atlas{index: map[string]uint16{}, towns: map[string][]uint16{}, fundOf: map[string][]int{}}
	var cities, merged []place
	for line := range strings.Lines(communesText) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for _, word := range strings.Fields(line) {
			old, rest, two := strings.Cut(word, ">")
			if !two {
				cities = append(cities, a.commune(word))
				continue
			}
			now, until, _ := strings.Cut(rest, ">")
			year, _ := strconv.Atoi(until)
			merged = append(merged, place{a.code(now), a.code(old), year})
		}
	}
	a.french = shuffle(arrondissements(a), cities, merged)
	for _, w := range abroad {
		p := place{now: a.code(w.now)}
		if w.until != 0 {
			p.was, p.until = a.code(w.was), w.until
		}
		a.world = append(a.world, p)
	}
	for _, c := range algeria {
		a.code(c)
	}
	a.zipf, a.far = newZipf(len(a.french), 4), newZipf(len(a.world), 1)
	a.settle()
	return a
}

// code gives a code its place in codes.
func (a *atlas) code(c string) uint16 {
	i, ok := a.index[c]
	if !ok {
		i = uint16(len(a.codes))
		a.codes, a.index[c] = append(a.codes, c), i
	}
	return i
}

// commune is a commune of today; those of Corsica had other codes until 1975.
func (a *atlas) commune(c string) place {
	p := place{now: a.code(c)}
	if c[1] == 'A' || c[1] == 'B' {
		p.was, p.until = a.code("20"+c[2:]), 1975
	}
	return p
}

// arrondissements are those of Paris, Lyon and Marseille.
func arrondissements(a *atlas) (out []place) {
	for _, c := range []struct{ first, last int }{{75101, 75120}, {69381, 69389}, {13201, 13216}} {
		for n := c.first; n <= c.last; n++ {
			out = append(out, place{now: a.code(strconv.Itoa(n))})
		}
	}
	return out
}

// shuffle mixes the three kinds of communes from the largest: what merged is
// everywhere, from the middle on.
func shuffle(arr, cities, merged []place) (out []place) {
	for i, c := range cities {
		if i < len(arr) {
			out = append(out, arr[i])
		}
		out = append(out, c)
		if i >= len(arr) && i%6 == 0 && len(merged) > 0 {
			out, merged = append(out, merged[0]), merged[1:]
		}
	}
	return append(out, merged...)
}

// settle founds the funds and gathers the towns of each département that has
// one.
func (a *atlas) settle() {
	a.funds = funds()
	for i, f := range a.funds {
		a.fundOf[f.departement] = append(a.fundOf[f.departement], i)
	}
	for _, p := range a.french {
		d := departement(a.codes[p.now])
		if a.towns[d] == nil && a.fundOf[d] != nil {
			a.depts = append(a.depts, d)
		}
		a.towns[d] = append(a.towns[d], p.now)
	}
}

// departement is the two or three characters of a commune's code.
func departement(code string) string {
	if strings.HasPrefix(code, "97") {
		return code[:3]
	}
	return code[:2]
}

// zipf draws ranks: the weight of rank r is 1/(r+offset). Weights are integers,
// so that every machine draws the same.
type zipf []uint64

func newZipf(n, offset int) zipf {
	z := make(zipf, n)
	sum := uint64(0)
	for i := range z {
		sum += 1 << 40 / uint64(i+1+offset)
		z[i] = sum
	}
	return z
}

func (z zipf) draw(s *source) int {
	i, found := slices.BinarySearch(z, s.Uint64N(z[len(z)-1]))
	if found {
		i++
	}
	return i
}
