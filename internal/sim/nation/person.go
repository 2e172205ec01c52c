package nation

import "droits.example/droits/internal/civil"

// scribe writes the people of a block as lines. Each worker has its own.
type scribe struct {
	*Nation
	*source
	text  []byte
	given []string
	home  household
	of    int // family of home, in the nation
}

func newScribe(n *Nation) *scribe { return &scribe{Nation: n, source: newSource(), of: -1} }

// change is what a delta makes of somebody.
type change struct {
	kind changeKind
	nir  digits // the new number
}

// household is what a family shares.
type household struct {
	style       style
	names       [2]string // of the first and of the second adult
	child       string
	funds       [2]string
	other       string // a fund elsewhere
	dept        int    // for numbers of doctors
	usage       bool   // one bears the other's name
	double      bool   // children are attached to both
	second      bool   // children are attached to the second alone
	past        civil.Period
	pastQuality string // of the second under the first
}

// qualities are those of the second adult of a household, before 2020
// (identity.md §5): spouses mostly.
var qualities = []string{"conjoint", "conjoint", "conjoint", "pacse", "concubin", "concubin_en_rupture", "ex_pacse", "conjoint_separe", "conjoint_divorce", "conjoint_veuf", "parent", "autre"}

// lastDependant is the end of adult dependants (law of 2016, in force in 2020).
var lastDependant = civil.Of(2019, 12, 31)

// enter draws what a family shares, from the family's own stream.
func (s *scribe) enter(b *block, f *family) {
	if s.of == f.place {
		return
	}
	s.of = f.place
	s.at(s.o.Seed, streamFamilies, f.place)
	h := &s.home
	*h = household{style: drawStyle(s.source), usage: s.chance(40_000), double: s.chance(35_000), second: s.chance(15_000)}
	h.names = [2]string{s.names.drawFamily(s.source), s.names.drawFamily(s.source)}
	switch x := s.IntN(100); {
	case x < 15:
		h.child = h.names[0] + "-" + h.names[1]
	case x < 25 && f.couple:
		h.child = h.names[1]
	case x < 27:
		h.child = h.names[0] + "--" + h.names[1]
	default:
		h.child = h.names[0]
	}
	s.settleIn(b, f)
	if f.couple && s.chance(12_000) {
		s.dependant(b.souls[f.first+1].born)
	}
}

// settleIn draws the funds of a family: near where the first was born, or
// anywhere.
func (s *scribe) settleIn(b *block, f *family) {
	h, a := &s.home, s.atlas
	code := a.codes[b.souls[f.first].now]
	local := a.fundOf[departement(code)]
	if len(local) == 0 || s.chance(35_000) {
		local = a.fundOf[a.depts[s.IntN(len(a.depts))]]
	}
	anywhere := func() string { return a.funds[s.IntN(len(a.funds))].id }
	h.funds[0] = a.funds[local[s.IntN(len(local))]].id
	h.funds[1], h.other = h.funds[0], anywhere()
	if s.chance(20_000) {
		h.funds[1] = anywhere()
	}
	h.dept = local[0]
}

// dependant draws when the second adult depended on the first.
func (s *scribe) dependant(born civil.Date) {
	from := max(born.AddYears(s.between(19, 30)), civil.Of(1998, 1, 1)).AddDays(s.between(0, 900))
	to := from.AddDays(s.between(200, 4000))
	if from < lastDependant {
		s.home.past = civil.Period{From: from, To: min(to, lastDependant)}
		s.home.pastQuality = qualities[s.IntN(len(qualities))]
	}
}

// row appends the line of a person.
func (s *scribe) row(dst []byte, b *block, i int, c change) []byte {
	k := &b.souls[i]
	f := &b.families[k.family]
	s.enter(b, f)
	id := b.id(i)
	s.givenNames(k, id)
	s.at(s.o.Seed, streamPeople, id)
	l := &line{append(dst, '{')}
	l.text("type", "personne")
	l.id("id", id)
	s.identity(l, f, k, c)
	l.truth("servie", !f.sentinel)
	if !f.sentinel {
		p := &person{k: k, l: l, id: id, first: b.first + f.first, age: int(s.o.On-k.born) / 10000, change: c}
		l.date("date_deces", k.dead)
		s.formers(p)
		s.links(p, f)
	}
	return append(l.b, '}', '\n')
}

// identity writes the civil status.
func (s *scribe) identity(l *line, f *family, k *soul, c change) {
	h, st := &s.home, s.home.style
	switch {
	case c.kind == changeNumber:
		l.nir("nir", &c.nir)
	case k.kind != 0:
		l.nir("nir", &k.nir)
	}
	own, usage := h.child, ""
	switch k.role {
	case headRole:
		own = h.names[0]
		if h.usage && f.couple && !k.male {
			usage = h.names[1]
		}
	case spouseRole:
		own = h.names[1]
		if h.usage && !k.male {
			usage = h.names[0]
		}
	}
	l.name("nom_famille", own, st)
	if usage != "" && usage != own {
		l.name("nom_usage", usage, st)
	}
	s.prenoms(l, st)
	l.date("date_naissance", k.known)
	sex := "F"
	if k.male {
		sex = "M"
	}
	l.text("sexe", sex)
	s.birthplace(l, k)
}

// givenNames draws somebody's given names, from a stream of their own. Those of
// the second twin of one sex are now and then the first one's in another order,
// or one letter away.
func (s *scribe) givenNames(k *soul, id int) {
	s.at(s.o.Seed, streamGiven, id)
	s.given = s.names.drawGiven(s.source, k.male, s.given[:0])
	if !k.twin || k.rank != 2 {
		return
	}
	permuted, near := s.chance(sharePermuted), s.chance(shareOneLetter)
	if !permuted && !near {
		return
	}
	s.at(s.o.Seed, streamGiven, id-1)
	s.given = s.names.drawGiven(s.source, k.male, s.given[:0])
	if permuted && len(s.given) > 1 {
		s.given = append(s.given, s.given[0])[1:]
		return
	}
	s.given[0] = slip(s.source, s.given[0])
}

// prenoms writes the given names; some old records hold the first one only.
func (s *scribe) prenoms(l *line, st style) {
	whole, shown := !s.chance(20_000), s.given
	if !whole {
		shown = shown[:1]
	}
	mark := l.list("prenoms")
	for _, g := range shown {
		l.next()
		l.b = append(appendName(append(l.b, '"'), g, st), '"')
	}
	l.shutList(mark)
	if whole {
		l.truth("prenoms_complets", true)
	}
}

// birthplace writes where, under the code of then or of today; a record may
// lack it, and its number then says it.
func (s *scribe) birthplace(l *line, k *soul) {
	codes := s.atlas.codes
	code := codes[k.now]
	if k.code != k.now && s.chance(50_000) {
		code = codes[k.code]
	}
	switch {
	case k.kind == 1 && s.chance(1_000):
	case code[:2] == "99":
		l.text("pays_naissance", code)
	default:
		l.text("lieu_naissance", code)
		l.text("pays_naissance", "99100")
	}
}

// formers writes former numbers.
func (s *scribe) formers(p *person) {
	mark := p.l.list("nir_precedents")
	if p.k.former != 0 {
		p.l.quoteNIR(&p.k.previous)
	}
	if p.change.kind == changeNumber {
		p.l.quoteNIR(&p.k.nir)
	}
	p.l.shutList(mark)
}
