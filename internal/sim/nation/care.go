package nation

import "droits.example/droits/internal/civil"

// exemptions writes the exemptions from the ticket modérateur that somebody of
// that age and sex may have.
func (s *scribe) exemptions(p *person) {
	l, day, age := p.l, s.o.On, p.age
	mark := l.list("exonerations")
	long := 8_000
	switch {
	case age < 20:
		long = 2_000
	case age > 64:
		long = 36_000
	}
	lasting := func(share int, code string, apt bool) {
		if apt && s.chance(share) {
			s.exemption(l, code, max(p.k.born, day.AddDays(-s.between(5, 3000))))
		}
	}
	lasting(long, "LIS", true)
	lasting(600, "EXC", true)
	lasting(400, "EXP", age > 30)
	lasting(1_800, "INV", age >= 20 && age < 63)
	lasting(300, "A115_DET_PML", age >= 18)
	lasting(500, "STE", age >= 24 && age < 44)
	lasting(1_500, "EDS", age < 20)
	if day.Sub(p.k.born) <= 30 {
		s.newborn(p)
	}
	if !p.k.male && age >= 18 && age < 44 && s.chance(4_000) {
		s.maternity(l)
	}
	l.shutList(mark)
}

func (s *scribe) exemption(l *line, code string, from civil.Date) {
	during := civil.Period{From: from}
	if s.chance(70_000) {
		during.To = max(from, s.o.On.AddDays(s.between(-200, 1800)))
	}
	l.open()
	l.text("code", code)
	l.period(during)
	l.shut()
}

func (s *scribe) newborn(p *person) {
	p.l.open()
	p.l.text("code", "NE")
	p.l.period(civil.Period{From: p.k.born, To: p.k.born.AddDays(30)})
	p.l.shut()
}

// maternity runs from the sixth month to the twelfth day after the birth.
func (s *scribe) maternity(l *line) {
	begun := s.o.On.AddDays(-s.between(20, 380))
	due := begun.AddDays(273)
	l.open()
	l.text("code", "MAT")
	l.period(civil.Period{From: begun.AddDays(150), To: due.AddDays(12)})
	l.key("maternite")
	l.b = append(l.b, '{')
	l.date("date_presumee_grossesse", begun)
	if due < s.o.On {
		l.date("date_reelle_accouchement", due.AddDays(s.between(-12, 6)))
	}
	l.shut()
	l.shut()
}

// doctors writes the médecins traitants, one after the other; a departure may
// be known already.
func (s *scribe) doctors(p *person) {
	l, day := p.l, s.o.On
	share := 86_000
	if p.age < 16 {
		share = 35_000
	}
	if !s.chance(share) {
		return
	}
	mark := l.list("medecins_traitants")
	from := max(p.k.born, civil.Of(2005, 1, 1).AddDays(s.between(0, 6500)))
	if s.chance(18_000) {
		to := max(from, day.AddDays(-s.between(1, 1500)))
		s.doctor(l, civil.Period{From: from, To: to})
		from = to.AddDays(1)
	}
	from = min(from, day)
	during := civil.Period{From: from}
	switch x := s.IntN(1000); {
	case x < 15:
		during.To = max(from, day.AddDays(s.between(5, 300)))
	case x < 30:
		during.To = max(from, day.AddDays(-s.between(1, 300)))
	}
	s.doctor(l, during)
	l.shutList(mark)
}

func (s *scribe) doctor(l *line, during civil.Period) {
	l.open()
	l.name("nom", s.names.families[s.names.family.draw(s.source)], upperAccents)
	list := s.names.female
	if s.chance(50_000) {
		list = s.names.male
	}
	l.name("prenom", list[s.IntN(len(list))], asWritten)
	l.digits("numero_am", 9, s.home.dept*10_000_000+s.between(1, 9_999_999))
	l.period(during)
	l.shut()
}

var insurers = []string{"Mutuelle fictive de l'Exemple", "Prévoyance imaginaire", "Assurance inventée", "Union fictive des mutuelles"}

// covers writes the private complementary covers.
func (s *scribe) covers(p *person) {
	if !s.chance(62_000) {
		return
	}
	l, day := p.l, s.o.On
	mark := l.list("complementaires")
	from := max(p.k.born, day.AddDays(-s.between(10, 4000)))
	if s.chance(8_000) {
		to := max(from, day.AddDays(-s.between(1, 700)))
		s.cover(l, civil.Period{From: from, To: to})
		from = to.AddDays(1)
	}
	during := civil.Period{From: from}
	if s.chance(40_000) {
		during.To = max(from, day.AddDays(s.between(0, 365)))
	}
	s.cover(l, during)
	l.shutList(mark)
}

func (s *scribe) cover(l *line, during civil.Period) {
	i := s.IntN(len(insurers))
	l.open()
	l.text("organisme", insurers[i])
	l.digits("numero_organisme", 9, 990_000_000+i)
	l.digits("numero_contrat", 8, s.between(1, 99_999_999))
	l.period(during)
	l.shut()
}

var leaves = []string{"maladie", "maladie", "maladie", "maladie", "maternite", "accident_travail", "maladie_professionnelle"}

// work writes sick leaves and occupational risks.
func (s *scribe) work(p *person) {
	l, day := p.l, s.o.On
	mark := l.list("arrets_travail")
	if p.age >= 18 && s.chance(7_000) {
		for range s.between(1, 2) {
			from := day.AddDays(-s.between(0, 200))
			l.open()
			nature := leaves[s.IntN(len(leaves))]
			if nature == "maternite" && p.k.male {
				nature = "maladie"
			}
			l.text("nature", nature)
			l.digits("numero", 10, s.between(1, 1<<30))
			l.period(civil.Period{From: from, To: from.AddDays(s.between(2, 260))})
			l.shut()
		}
	}
	l.shutList(mark)
	mark = l.list("risques_professionnels")
	if p.age >= 18 && s.chance(1_800) {
		during := civil.Period{From: day.AddDays(-s.between(1, 900))}
		if s.chance(60_000) {
			during.To = max(during.From, day.AddDays(s.between(-200, 400)))
		}
		l.open()
		l.text("nature", []string{"accident_travail", "accident_travail", "maladie_professionnelle"}[s.IntN(3)])
		l.period(during)
		l.shut()
	}
	l.shutList(mark)
}
