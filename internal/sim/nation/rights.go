package nation

import "droits.example/droits/internal/civil"

// person is somebody served, while its rights are written.
type person struct {
	k         *soul
	l         *line
	id, first int // of the person and of the first of its family, in the nation
	age       int
	change    change
}

// opening is one link to an opener of rights.
type opening struct {
	opener        int
	quality, fund string
	during        civil.Period
	past          bool // over: only the basic cover is told
}

// links writes what attaches a person to those who open its rights.
func (s *scribe) links(p *person, f *family) {
	mark := p.l.list("rattachements")
	if p.k.role == childRole {
		s.childLinks(p, f)
	} else {
		s.ownLinks(p)
	}
	p.l.shutList(mark)
}

// ownLinks are those of an adult: its own, before and after a move, and the
// time when it depended on the other.
func (s *scribe) ownLinks(p *person) {
	h, day := &s.home, s.o.On
	fund := h.funds[0]
	from := max(p.k.born.AddYears(18), civil.Of(1998, 1, 1)).AddDays(s.between(0, 200))
	if p.age < 18 {
		from = p.k.born.AddYears(16)
	}
	if p.k.role == spouseRole {
		fund = h.funds[1]
		if h.past.From != 0 {
			s.link(p, opening{p.first, h.pastQuality, h.funds[0], h.past, true})
			from = h.past.To.AddDays(1)
		}
	}
	from = min(from, day.AddDays(-1))
	moved := day.AddDays(-s.between(3, 1500))
	if s.chance(6_000) && moved > from {
		s.link(p, opening{p.id, "assure", h.other, civil.Period{From: from, To: moved.AddDays(-1)}, true})
		from = moved
	}
	last := civil.Date(0)
	if p.k.dead != 0 {
		last = max(p.k.dead, from)
	}
	if p.change.kind == changeFund {
		s.link(p, opening{p.id, "assure", fund, civil.Period{From: from, To: max(day.AddDays(-1), from)}, true})
		fund, from = h.other, max(day, from.AddDays(1))
	}
	s.link(p, opening{p.id, "assure", fund, civil.Period{From: from, To: last}, false})
}

// childLinks are those of a minor: to one adult of the household or to both.
func (s *scribe) childLinks(p *person, f *family) {
	h := &s.home
	during := civil.Period{From: p.k.born}
	if s.chance(80_000) {
		during.To = p.k.born.AddYears(18).AddDays(-1)
	}
	alone := p.age >= 16 && p.k.kind != 0 && s.chance(25_000)
	if alone {
		during.To = p.k.born.AddYears(16).AddDays(s.between(0, 40))
		during.To = min(during.To, s.o.On.AddDays(-1))
	}
	second := f.couple && h.second && !h.double
	if !second {
		s.link(p, opening{p.first, "enfant", h.funds[0], during, alone})
	}
	if second || f.couple && h.double {
		s.link(p, opening{p.first + 1, "enfant", h.funds[1], during, alone})
	}
	if alone {
		s.link(p, opening{p.id, "assure", h.funds[0], civil.Period{From: during.To.AddDays(1)}, false})
	}
}

// link writes one link and what it opens.
func (s *scribe) link(p *person, o opening) {
	l := p.l
	l.open()
	l.id("ouvrant", o.opener)
	l.text("qualite", o.quality)
	rank := int(p.k.rank)
	if o.opener == p.id {
		rank = 1
	}
	l.number("rang_naissance", rank)
	l.text("caisse", o.fund)
	l.period(o.during)
	adult := p.k.role != childRole
	mark := l.list("contrats")
	solidarity := s.contracts(p, o)
	l.shutList(mark)
	if !o.past {
		s.exemptions(p)
		s.doctors(p)
		if adult && !solidarity {
			s.covers(p)
		}
		if adult && p.age < 68 {
			s.work(p)
		}
	}
	l.shut()
}

// contract writes one cover; rights, when given, are its periods.
func (l *line) contract(nature, kind string, during civil.Period, rights ...civil.Period) {
	l.open()
	l.text("nature_assurance", nature)
	l.text("code_type_contrat", kind)
	l.period(during)
	mark := l.list("periodes_droits")
	for _, r := range rights {
		l.open()
		l.period(r)
		l.shut()
	}
	l.shutList(mark)
	l.shut()
}

// contracts writes the basic cover, as it stands, and the solidarity one of
// those who have it.
func (s *scribe) contracts(p *person, o opening) (solidarity bool) {
	day, in := s.o.On, o.during
	if o.past || p.k.dead != 0 {
		p.l.contract("AMO", "BASE", in, in)
	} else {
		s.basic(p.l, in)
	}
	switch x := s.IntN(1000); {
	case o.past:
		s.formerHelp(p.l, in)
	case p.change.kind == changeSolidarity || x < 70:
		solidarity = s.solidarity(p.l, "C2S", in)
	case x < 95:
		solidarity = s.solidarity(p.l, "C2SP", in)
	case x < 150:
		s.formerHelp(p.l, in)
	case x < 153: // begins soon
		from := day.AddDays(s.between(2, 60))
		p.l.contract("AMC", "C2S", civil.Period{From: from, To: from.AddYears(1).AddDays(-1)})
	}
	return solidarity
}

// basic writes the basic cover of a link that is not over: open, ending,
// beginning, over, or interrupted.
func (s *scribe) basic(l *line, in civil.Period) {
	day := s.o.On
	switch x := s.IntN(1000); {
	case x < 40:
		in.To = day.AddDays(s.between(0, 340))
	case x < 52:
		in.To = max(in.From, day.AddDays(-s.between(1, 800)))
	case x < 58:
		in.From = max(in.From, day.AddDays(s.between(1, 120)))
		in.To = 0
	case x < 65 && day.Sub(in.From) > 400:
		l.contract("AMO", "BASE", in, civil.Period{From: in.From, To: day.AddDays(-s.between(100, 300))}, civil.Period{From: day.AddDays(-s.between(0, 90)), To: in.To})
		return
	}
	l.contract("AMO", "BASE", in, in)
}

// solidarity writes a year of solidarity cover that is running.
func (s *scribe) solidarity(l *line, kind string, in civil.Period) bool {
	from := max(in.From, s.o.On.AddDays(-s.between(0, 364)))
	during := civil.Period{From: from, To: from.AddYears(1).AddDays(-1)}
	l.contract("AMC", kind, during, during)
	return true
}

// formerHelp writes a cover that the solidarity one replaced on 1 November 2019
// (identity.md §7); it may have been renewed.
func (s *scribe) formerHelp(l *line, in civil.Period) {
	kind, last := "CMUC", civil.Of(2019, 10, 31)
	if s.chance(40_000) {
		kind, last = "ACS", civil.Of(2020, 10, 31)
	}
	from := max(in.From, civil.Of(2008, 1, 1).AddDays(s.between(0, 3900)))
	for range s.between(1, 2) {
		to := min(last, from.AddYears(1).AddDays(-1))
		if to <= from {
			return
		}
		l.contract("AMC", kind, civil.Period{From: from, To: to})
		from = to.AddDays(1)
	}
}
