// Package people invents the people of the sandbox: it hides how a seed and a
// day become an import file, the civil identities that FranceConnect would
// vouch for, and what each kind of partner must get. Nobody in it exists.
//
// Sources: data-format.md "Sandbox people", franceconnect.md §6, identity.md §1
// and §7.
package people

import (
	"fmt"
	"io"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/nir"
)

// Expect is what each kind of partner must get, one French sentence each.
type Expect struct {
	Hopital  string `json:"hopital"`
	Mutuelle string `json:"mutuelle"`
}

// Person is somebody who can log in at the simulated FranceConnect.
type Person struct {
	Slug       string
	What       string  // one French sentence: who it is
	NIR        nir.NIR // zero when nobody has one
	Pivot      identity.Pivot
	Named      bool // one of the people of data-format.md
	Expect     Expect
	Restricted bool // the caller must restrict its data after the import (GDPR art. 18)
}

// Sandbox lists the people who can log in: the named ones, then the kinds of
// people of FranceConnect's public test set and more situations of rights, then
// the filler families. The
// same seed and day give the same people; the named ones and the kinds do not
// depend on the seed.
func Sandbox(seed int64, day civil.Date) []Person { return build(seed, day).logins }

// WriteNDJSON writes the import file that holds the people of Sandbox and
// those around them.
func WriteNDJSON(w io.Writer, seed int64, day civil.Date) error {
	b := build(seed, day)
	out := newWriter(w, day)
	for i := range caisses {
		out.put(caisses[i])
	}
	for _, p := range b.people {
		out.put(p)
	}
	return out.close()
}

// world is the sandbox being built.
type world struct {
	day    civil.Date
	people []*personne
	logins []Person
	ranks  map[string]int // next rank by the first ten characters of a NIR
}

func build(seed int64, day civil.Date) *world {
	w := &world{day: day, ranks: map[string]int{}}
	w.named()
	w.kinds()
	w.situations()
	w.filler(seed)
	return w
}

// born is a birth as it is asked for. Lieu is a commune; a birth abroad has
// Pays and, when the number says another code, Number.
type born struct {
	On         civil.Date
	Lieu, Pays string
	Number     string // positions 6-10 of the NIR when they are not Lieu or Pays
	Month      int    // month of the NIR when it is a special one
}

// somebody adds a person of the file, with a NIR.
func (w *world) somebody(id, sexe, nom string, prenoms []string, b born) *personne {
	p := w.unnumbered(id, sexe, nom, prenoms, b)
	p.NIR = w.number(sexe, b)
	return p
}

// unnumbered adds a person without a NIR of its own.
func (w *world) unnumbered(id, sexe, nom string, prenoms []string, b born) *personne {
	p := &personne{Type: "personne", ID: id, NomFamille: nom, Prenoms: prenoms, PrenomsComplets: true,
		DateNaissance: b.On, Sexe: sexe, LieuNaissance: b.Lieu, PaysNaissance: b.Pays, Servie: true}
	if p.PaysNaissance == "" {
		p.PaysNaissance = "99100"
	}
	w.people = append(w.people, p)
	return p
}

// firstRank is where ranks start, downwards: hardly a commune of this size
// ever had so many births in a month.
const firstRank = 989

// number makes the next NIR for a sex and a birth.
func (w *world) number(sexe string, b born) string {
	kind, place, month := 1, b.Lieu, b.On.Month()
	if sexe == "F" {
		kind = 2
	}
	if b.Pays != "" {
		place = b.Pays
	}
	if b.Number != "" {
		place = b.Number
	}
	if b.Month != 0 {
		month = b.Month
	}
	head := fmt.Sprintf("%d%02d%02d%s", kind, b.On.Year()%100, month, place)
	rank, ok := w.ranks[head]
	if !ok {
		rank = firstRank
	}
	w.ranks[head] = rank - 1
	return nir.MustParse(fmt.Sprintf("%s%03d", head, rank)).Reveal()
}

// login lets a person of the file log in; change, when given, makes the pivot
// differ from the file as civil status legitimately does.
func (w *world) login(p *personne, what string, e Expect, change ...func(*identity.Pivot)) *Person {
	l := Person{Slug: p.ID, What: what, Expect: e, Pivot: p.pivot()}
	if p.NIR != "" {
		l.NIR = nir.MustParse(p.NIR)
	}
	for _, f := range change {
		f(&l.Pivot)
	}
	w.logins = append(w.logins, l)
	return &w.logins[len(w.logins)-1]
}

// pivot is the identity as FranceConnect writes it: unknown parts of the date
// become 01, a birth abroad has no commune.
func (p *personne) pivot() identity.Pivot {
	d := p.DateNaissance
	v := identity.Pivot{
		FamilyName: p.NomFamille, GivenNames: p.Prenoms, GivenName: joined(p.Prenoms),
		Birthdate: civil.Of(d.Year(), max(d.Month(), 1), max(d.Day(), 1)).String(),
		Gender:    "male", Birthplace: p.LieuNaissance, Birthcountry: p.PaysNaissance, PreferredUsername: p.NomUsage,
	}
	if p.Sexe == "F" {
		v.Gender = "female"
	}
	return v
}

func joined(names []string) (s string) {
	for i, n := range names {
		if i > 0 {
			s += " "
		}
		s += n
	}
	return s
}
