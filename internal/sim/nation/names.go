package nation

import (
	_ "embed"
	"strings"
	"unicode"
	"unicode/utf8"
)

//go:embed prenoms.txt
var prenomsText string

// names draws family and given names, written as a person writes its own: with
// capitals, accents and hyphens.
type names struct {
	families []string
	family   zipf
	male     []string
	female   []string
	maleZ    zipf
	femaleZ  zipf
}

// Family names are made of three syllables: none is anybody's in particular.
var (
	heads = strings.Fields(`Bel Mont Cour Font Roche Val Beau Char Mar Gui Ber Lan Per Sau Tré Vau Bru Car Del Fer Gar Hau Jau Lam Mal Nor
		Ol Pra Quin Rou Ser Tou Ver Bou Chau Dar Esp Fau Gran Hé Cha Lé Mé Né Pé Ré Sé Thé Vi Da Fo Ju Lo Ma No Po Ro Su To Va Cor Dé Gué Œu`)
	middles = strings.Fields(`bre chan de gue la li man ne pi que ra ré sé ti vi ber dou fa go jan lé mou ner ron sa`)
	tails   = strings.Fields(`ac ard at aud aux ay eau el er et eux ez ier in iot on ot ou oux ul ière ette onne ain is`)
)

func newNames() *names {
	n := &names{}
	for i := range len(heads) * len(middles) * len(tails) {
		// the order mixes the syllables: neighbours in rank do not rhyme
		h, m, t := heads[i%len(heads)], middles[(i/len(heads)+i*7)%len(middles)], tails[(i/len(heads)/len(middles)+i*11)%len(tails)]
		n.families = append(n.families, h+m+t)
	}
	n.family = newZipf(len(n.families), 8)
	men, women, _ := strings.Cut(prenomsText, "=")
	n.male, n.female = strings.Fields(men), strings.Fields(women)
	n.male = append(n.male, compounds([]string{"Jean", "Pierre", "Louis", "Paul", "Marc"}, n.male)...)
	n.female = append(n.female, compounds([]string{"Marie", "Anne", "Rose", "Lise", "Jeanne"}, n.female)...)
	n.maleZ, n.femaleZ = newZipf(len(n.male), 4), newZipf(len(n.female), 4)
	return n
}

// compounds are hyphenated given names.
func compounds(first, second []string) (out []string) {
	for i, s := range second[:130] {
		if f := first[i%len(first)]; f != s {
			out = append(out, f+"-"+s)
		}
	}
	return out
}

// Shares of the shapes of family names, in 100,000 (identity.md §4.2).
const (
	shareParticle = 2_500
	shareDouble   = 2_000
	shareLe       = 1_500
	shareStrange  = 300
)

var particles = []string{"de ", "de La ", "d'", "du ", "de ", "de ", "des "}

// strange are family names that break programs.
var strange = []string{"Ô", "Y", "Nguyễn Phước", "Łukaszewicz-Bąk", "Straßenmüller", "Øvergård", "D'Haënens-d'Ussel", "Saint-Aubin de Beauvoir",
	"Vandenbroeckelmans-Kerneguezennec de La Roche-Montbrisard", "Œuvray", "Çelikoğlu", "Ait El Hadj", "Ben Abderrahmanou", "O’Brannagh", "Peña y Lluch", "Von Köln-Žižka",
	"Montaubert dit Sansquartier", "St-Amarin", "Ste Radegonde"}

// drawFamily draws a family name.
func (n *names) drawFamily(s *source) string {
	name := n.families[n.family.draw(s)]
	switch x := int(s.Uint32N(100_000)); {
	case x < shareParticle:
		p := particles[s.IntN(len(particles))]
		if p == "d'" {
			_, n := utf8.DecodeRuneInString(name)
			name = "Au" + strings.ToLower(name[:n]) + name[n:]
		}
		return p + name
	case x < shareParticle+shareDouble:
		return name + "-" + n.families[n.family.draw(s)]
	case x < shareParticle+shareDouble+shareLe:
		return "Le " + name
	case x < shareParticle+shareDouble+shareLe+shareStrange:
		return strange[s.IntN(len(strange))]
	}
	return name
}

// drawGiven draws one to three given names, all different.
func (n *names) drawGiven(s *source, male bool, dst []string) []string {
	list, z := n.female, n.femaleZ
	if male {
		list, z = n.male, n.maleZ
	}
	count := 3
	switch x := s.Uint32N(100); {
	case x < 12:
		count = 1
	case x < 43:
		count = 2
	}
	for len(dst) < count {
		g := list[z.draw(s)]
		if !contains(dst, g) {
			dst = append(dst, g)
		}
	}
	return dst
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// style is how a record is written.
type style byte

const (
	upperASCII style = iota
	upperAccents
	asWritten
)

// drawStyle: most records are upper case without accents (identity.md §4.3, P0).
func drawStyle(s *source) style {
	switch x := s.Uint32N(10); {
	case x < 7:
		return upperASCII
	case x < 9:
		return upperAccents
	}
	return asWritten
}

// appendName writes a name in a style.
func appendName(dst []byte, name string, st style) []byte {
	if st == asWritten {
		return append(dst, name...)
	}
	for i := 0; i < len(name); {
		c := name[i]
		if c < utf8.RuneSelf {
			if 'a' <= c && c <= 'z' {
				c -= 'a' - 'A'
			}
			dst, i = append(dst, c), i+1
			continue
		}
		r, size := utf8.DecodeRuneInString(name[i:])
		i += size
		if st == upperAccents && r != 'ß' {
			dst = utf8.AppendRune(dst, unicode.ToUpper(r))
			continue
		}
		dst = append(dst, plain(r)...)
	}
	return dst
}

// plain is a letter without its marks, in capitals; ’ is the apostrophe.
func plain(r rune) string {
	for i, group := range accented {
		if strings.ContainsRune(group, r) {
			return bare[i]
		}
	}
	return "-"
}

var (
	accented = []string{"éèêëÉÈÊËễęěĘ", "àâäåáąãÀÂÄÅÁ", "îïíìıịİÎÏÍ", "ôöóõòøØÔÖÓớơ", "ùûüúưướÙÛÜÚů", "çćčÇĆČ", "ñńňÑ", "œŒ", "æÆ", "ß", "łŁ", "šśşŠŚŞ", "žźżŽŹŻ", "ÿýŸÝ", "ğĞ", "đðĐ", "’"}
	bare     = []string{"E", "A", "I", "O", "U", "C", "N", "OE", "AE", "SS", "L", "S", "Z", "Y", "G", "D", "'"}
)
