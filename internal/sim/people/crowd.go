package people

import (
	"fmt"
	"io"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/nir"
)

// Crowd is a population for benchmarks: simple people, whom nobody can take
// for one another.
type Crowd struct {
	Seed int64
	N    int // people who can log in; on average 0.9 child comes on top of each
	Day  civil.Date
}

// Identities are made unique by counting, not by drawing: person i is born on
// the day i mod dayRange of the range, in the commune that i counts next, and
// where both come round again the rank of the NIR counts on.
const (
	adultDays   = 20000 // ages 20 to 74
	childDays   = 5000  // ages 2 to 15
	stride      = 7919  // prime to both ranges: neighbours differ
	ranksPerDay = 31
)

// Write streams the import file of the crowd; each, when given, receives
// everybody who can log in, in the order of the file. Memory does not grow
// with N. The identities are unique up to 32 times adultDays times the number
// of communes, beyond which it fails.
func (c Crowd) Write(w io.Writer, each func(Person)) error {
	if most := 32 * childDays * len(communes) / 2; c.N > most {
		return fmt.Errorf("people: a crowd has at most %d people", most)
	}
	out := newWriter(w, c.Day)
	for i := range caisses {
		out.put(caisses[i])
	}
	for i := 0; i < c.N && out.err == nil; i++ {
		p := c.adult(i)
		out.put(p)
		for k := range c.children(i) {
			out.put(c.child(p, 2*i+k, k))
		}
		if each != nil {
			each(Person{Slug: p.ID, What: "Personne de banc d'essai.", NIR: nir.MustParse(p.NIR), Pivot: p.pivot(), Expect: usual()})
		}
	}
	return out.close()
}

// mix scrambles a number under the seed (the finalizer of splitmix64).
func (c Crowd) mix(n int) uint64 {
	z := uint64(n)*0x9e3779b97f4a7c15 + uint64(c.Seed)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (c Crowd) children(i int) int { return [...]int{0, 0, 1, 1, 2}[c.mix(i)%5] }

// someone counts one identity out of a range of days that ends on last.
func (c Crowd) someone(id string, n, days int, last civil.Date) *personne {
	h := c.mix(n ^ days<<40)
	round := n / days
	on := last.AddDays(-(n * stride % days))
	lieu := communes[round%len(communes)]
	rank := 999 - (on.Day() - 1) - ranksPerDay*(round/len(communes))
	sexe, names, kind := "F", femaleNames, 2
	if h&1 == 0 {
		sexe, names, kind = "M", maleNames, 1
	}
	p := &personne{Type: "personne", ID: id, NomFamille: familyNames[h>>8%uint64(len(familyNames))],
		Prenoms:         []string{names[h>>16%uint64(len(names))], names[(h>>16+h>>32%7+1)%uint64(len(names))]},
		PrenomsComplets: true, DateNaissance: on, Sexe: sexe, LieuNaissance: lieu, PaysNaissance: "99100", Servie: true}
	head := fmt.Sprintf("%d%02d%02d%s%03d", kind, on.Year()%100, on.Month(), lieu, rank)
	p.NIR = nir.MustParse(head).Reveal()
	return p
}

func (c Crowd) adult(i int) *personne {
	p := c.someone(fmt.Sprintf("b%d", i), i, adultDays, c.Day.AddYears(-20))
	from := civil.Of(max(p.DateNaissance.Year()+18, 1990), 9, 1)
	if from > c.Day {
		from = c.Day.AddDays(-1)
	}
	p.Rattachements = []*rattachement{{Ouvrant: p.ID, Qualite: "assure", RangNaissance: 1, Caisse: caisseOf(p.LieuNaissance), periode: since(from),
		Contrats: []contrat{base(from)}, MedecinsTraitants: doctor(i, since(civil.Of(2019, 5, 13)))}}
	if c.mix(i)>>40%3 == 0 {
		p.Rattachements[0].Complementaires = cover(i%1000000, since(civil.Of(2021, 1, 1)))
	}
	return p
}

// child is the k-th child of an adult; n counts every possible child.
func (c Crowd) child(of *personne, n, k int) *personne {
	p := c.someone(fmt.Sprintf("%s-%d", of.ID, k+1), n, childDays, c.Day.AddYears(-2))
	p.NomFamille = of.NomFamille
	attach(p, of, of.Rattachements[0].Caisse, 1)
	return p
}
