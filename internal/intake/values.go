package intake

import (
	"unicode"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/nir"
)

// The readers of single values: each turns a text into its value or names the
// rule broken.

func day(s string) (civil.Date, Rule) {
	d, err := civil.Parse(s)
	if err != nil {
		return 0, DateInvalid
	}
	return d, ""
}

func birthday(s string) (civil.Date, Rule) {
	d, err := civil.ParseBirth(s)
	if err != nil {
		return 0, DateInvalid
	}
	return d, ""
}

func number(s string) (nir.NIR, Rule) {
	v, err := nir.Parse(s)
	if err != nil {
		return nir.NIR{}, NIRInvalid
	}
	return v, ""
}

// longest is the number of characters of any text.
const longest = 300

// line is a name or a line of an address: something to read, without control
// or formatting characters.
func line(s string) (string, Rule) {
	n, blank := 0, true
	for _, r := range s {
		if n++; n > longest || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs) {
			return "", TextInvalid
		}
		blank = blank && unicode.IsSpace(r)
	}
	if blank {
		return "", TextInvalid
	}
	return s, ""
}

func enum[S ~string](values ...S) func(string) (S, Rule) {
	return func(s string) (S, Rule) {
		for _, v := range values {
			if string(v) == s {
				return v, ""
			}
		}
		return "", ValueEnum
	}
}

// code is digits, or digits and capitals, of a length.
func code(least, most int, capitals bool) func(string) (string, Rule) {
	return func(s string) (string, Rule) {
		if len(s) < least || len(s) > most {
			return "", CodeInvalid
		}
		for _, c := range []byte(s) {
			if (c < '0' || c > '9') && (!capitals || c < 'A' || c > 'Z') {
				return "", CodeInvalid
			}
		}
		return s, ""
	}
}

func commune(s string) (string, Rule) {
	for i, c := range []byte(s) {
		if (c < '0' || c > '9') && (i != 1 || s[0] != '2' || c != 'A' && c != 'B') {
			return "", PlaceInvalid
		}
	}
	if len(s) != 5 || s == "00000" {
		return "", PlaceInvalid
	}
	return s, ""
}

func country(s string) (string, Rule) {
	if _, r := code(5, 5, false)(s); r != "" || s[:2] != "99" {
		return "", PlaceInvalid
	}
	return s, ""
}

// rowID is the file's own name of a person: short, plain, and no NIR, since it
// is repeated in the reject file.
func rowID(s string) (string, Rule) {
	if s == "" || len(s) > 64 {
		return "", IDInvalid
	}
	plain := make([]byte, 0, len(s))
	for _, c := range []byte(s) {
		switch {
		case '0' <= c && c <= '9', 'A' <= c && c <= 'Z':
			plain = append(plain, c)
		case 'a' <= c && c <= 'z':
			plain = append(plain, c-'a'+'A')
		case c == '.' || c == '-' || c == '_' || c == ':':
		default:
			return "", IDInvalid
		}
	}
	for i := 0; i+13 <= len(plain); i++ {
		if numberShaped(plain[i : i+13]) {
			return "", IDLikeNIR
		}
	}
	return s, ""
}

// numberShaped reports 13 digits, or 12 and the letter of Corsica.
func numberShaped(b []byte) bool {
	for i, c := range b {
		if (c < '0' || c > '9') && (i != 6 || b[5] != '2' || c != 'A' && c != 'B') {
			return false
		}
	}
	return true
}

// stringList reads an array of strings.
func stringList[S any](limit int, check func(string) (S, Rule)) func(*cursor) ([]S, Rule) {
	return func(c *cursor) (list []S, r Rule) {
		r = c.array(func() Rule {
			b, r := c.text()
			if r != "" {
				return r
			}
			if len(list) == limit {
				return ValueTooMany
			}
			v, r := check(string(b))
			list = append(list, v)
			return r
		})
		return list, r
	}
}

func readRank(c *cursor, r *Rattachement) (rule Rule) {
	if r.RangNaissance, rule = c.digit(); rule == "" && r.RangNaissance < 1 {
		return RankOutOfRange
	}
	return rule
}

// The checks of whole objects: the rule broken and the member at fault.

func wholePeriod(p *civil.Period) (Rule, string) {
	if !p.Valid() {
		return PeriodReversed, "date_fin"
	}
	return "", ""
}

func wholeContrat(k *droits.Contrat) (Rule, string) {
	if (k.Nature == droits.AMO) != (k.CodeType == droits.ContratBase) {
		return ContratNature, "code_type_contrat"
	}
	return wholePeriod(&k.Periode)
}

func wholeExoneration(e *droits.Exoneration) (Rule, string) {
	if e.Maternite != nil && e.Code != "MAT" {
		return MaterniteCode, "maternite"
	}
	return wholePeriod(&e.Periode)
}

func wholeMedecin(m *droits.MedecinTraitant) (Rule, string)       { return wholePeriod(&m.Periode) }
func wholeComplementaire(m *droits.Complementaire) (Rule, string) { return wholePeriod(&m.Periode) }
func wholeArret(a *droits.ArretTravail) (Rule, string)            { return wholePeriod(&a.Periode) }
func wholeRisque(v *droits.RisqueProfessionnel) (Rule, string)    { return wholePeriod(&v.Periode) }
func wholeRattachement(r *Rattachement) (Rule, string)            { return wholePeriod(&r.Periode) }

func wholeCaisse(v *droits.Caisse) (Rule, string) {
	if v.ID[:2] != v.GrandRegime {
		return CaisseRegime, "grand_regime"
	}
	return "", ""
}

// firstYear is the earliest birth year accepted.
const firstYear = 1850

func wholePersonne(p *Personne, h Header) (Rule, string) {
	linked := false
	for _, r := range p.Rattachements {
		self := r.Ouvrant == p.ID
		if self != (r.Qualite == droits.Assure) {
			return QualiteSelf, "qualite"
		}
		linked = linked || !self
	}
	switch earliest := civil.Of(p.NaissanceOn.Year(), max(p.NaissanceOn.Month(), 1), max(p.NaissanceOn.Day(), 1)); {
	case len(p.Prenoms) == 0:
		return ValueTooMany, "prenoms"
	case p.NaissanceOn.Year() < firstYear || earliest > h.ReferenceOn:
		return BirthOutOfRange, "date_naissance"
	case p.DecesOn != 0 && p.DecesOn < earliest:
		return DeathBeforeBirth, "date_deces"
	case p.DecesOn != 0 && p.DecesOn > h.ReferenceOn:
		return DeathInFuture, "date_deces"
	case p.LieuNaissance != "" && p.PaysNaissance != "" && p.PaysNaissance != "99100":
		return PlaceDisagrees, "lieu_naissance"
	case !p.Servie && (len(p.Rattachements) > 0 || len(p.NIRPrecedents) > 0 || p.DecesOn != 0):
		return SentinelRights, "servie"
	case p.NIR.IsZero() && !linked:
		return NIRMissing, "nir"
	}
	return "", ""
}
