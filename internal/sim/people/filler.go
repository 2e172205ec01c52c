package people

import (
	"fmt"
	"math/rand/v2"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/nir"
)

// fillerFamilies is how many families surround the named people.
const fillerFamilies = 90

// filler adds families drawn from the seed: one or two parents who can log in,
// up to three children attached to the first.
func (w *world) filler(seed int64) {
	rng := rand.New(rand.NewPCG(uint64(seed), 0x64726f697473))
	for n := 1; n <= fillerFamilies; n++ {
		w.family(rng, n)
	}
}

func (w *world) family(rng *rand.Rand, n int) {
	slug := fmt.Sprintf("famille-%03d", n)
	nom := pick(rng, familyNames)
	first, r := w.single(slug, "F", nom, given(rng, femaleNames), born{On: w.someday(rng, 25, 70), Lieu: pick(rng, communes)})
	if rng.IntN(2) == 0 {
		r.Complementaires = cover(n, since(civil.Of(2020, 1+rng.IntN(12), 1)))
	}
	if rng.IntN(8) == 0 {
		r.Contrats = append(r.Contrats, w.solidarity([]string{"C2S", "C2SP"}[rng.IntN(2)]))
	}
	children := rng.IntN(4)
	for i := range children {
		sexe, names := "F", femaleNames
		if rng.IntN(2) == 0 {
			sexe, names = "M", maleNames
		}
		w.child(fmt.Sprintf("%s-enfant-%d", slug, i+1), sexe, nom, given(rng, names), born{On: w.someday(rng, 1, 16), Lieu: pick(rng, communes)}, first)
	}
	w.login(first, fmt.Sprintf("Assurée ordinaire, enfants rattachés : %d.", children), usual())
	if rng.IntN(2) == 0 {
		second, _ := w.single(slug+"-conjoint", "M", pick(rng, familyNames), given(rng, maleNames), born{On: w.someday(rng, 25, 70), Lieu: pick(rng, communes)})
		w.login(second, "Assuré ordinaire, sans enfant rattaché.", usual())
	}
}

// someday is a birth between two ages.
func (w *world) someday(rng *rand.Rand, from, to int) civil.Date {
	return w.aged(from+rng.IntN(to-from), rng.IntN(365))
}

func pick(rng *rand.Rand, from []string) string { return from[rng.IntN(len(from))] }

// given is one to three different given names.
func given(rng *rand.Rand, from []string) []string {
	order := rng.Perm(len(from))[:1+rng.IntN(3)]
	out := make([]string, len(order))
	for i, k := range order {
		out[i] = from[k]
	}
	return out
}

// waiting turns a NIR into a waiting number: same characters, kind 7 or 8.
func waiting(number string) string {
	return nir.MustParse(string(number[0]+6) + number[1:13]).Reveal()
}
