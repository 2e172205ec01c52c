package store

import (
	"context"
	"errors"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/intake"
)

// collect keeps the rows of a delta until its end. A second row about one
// person, caisse or NIR is refused alone.
func (l *Load) collect(b intake.Batch) (refused []intake.Reject, err error) {
	for _, row := range b.Rows {
		if len(l.pending) == deltaMax {
			return nil, fault.New(fault.ParametreInvalide, "store: apply delta").Because(string(intake.DeltaTooLarge))
		}
		id, number, known := "", "", l.ids
		switch {
		case row.Caisse != nil:
			id, known = row.Caisse.ID, l.caisses
		case row.Fin != nil:
			id = row.Fin.ID
		default:
			id, number = row.Personne.ID, digits13(row.Personne.NIR)
		}
		switch {
		case known[id]:
			refused = append(refused, row.Refused(intake.IDTwice, "id"))
			continue
		case number != "" && l.numbers[number]:
			refused = append(refused, row.Refused(intake.NIRTwice, "nir"))
			continue
		}
		known[id], l.numbers[number] = true, true
		l.pending = append(l.pending, row)
	}
	return refused, nil
}

// endDelta applies the rows that wait to the visible population, in one
// transaction: persons replace those of the same identifier, ends end theirs,
// and the records of everybody touched are derived anew. The order of the rows
// does not matter: each is judged against what the whole delta makes of the
// population.
func (l *Load) endDelta(ctx context.Context) (rejects []intake.Reject, err error) {
	pop := l.s.state.Load().population
	if pop.load == 0 || pop.load != l.id {
		return nil, unavailable("store: apply delta", errSuperseded)
	}
	defer l.release()
	f, err := openBuilding(pop.path, pop.load, false)
	if err != nil {
		return nil, unavailable("store: apply delta", err)
	}
	defer f.close()
	p := newPlan(ctx, l, f, pop)
	if err := p.run(); err != nil {
		return nil, unavailable("store: apply delta", errors.Join(err, f.rollback()))
	}
	for _, r := range p.refused {
		rejects = append(rejects, r)
	}
	intake.SortRejects(rejects)
	p.outcome.Before = int(pop.served)
	l.outcome = &p.outcome
	if l.s.rehearse {
		return rejects, unavailable("store: apply delta", f.rollback())
	}
	if err := l.announce(ctx, "mise_a_jour"); err != nil {
		return nil, errors.Join(err, f.rollback())
	}
	// No call begins between the commit and the moment when its funds and
	// numbers are known: none sees half of it.
	err = pop.hot.quiet(func() error {
		if err := f.commit(); err != nil {
			return err
		}
		l.done = true
		return l.s.shown(ctx, "store: apply delta", noChange)
	})
	if err != nil {
		return rejects, unavailable("store: apply delta", err)
	}
	return rejects, unavailable("store: apply delta", pop.hot.checkpoint(f))
}

// checkpoint moves the write-ahead log into the file and empties it: a long one
// makes every read slower. Calls go on while the pages are copied, and wait
// while the log is cut, which takes no time then.
func (h *hotPool) checkpoint(f *building) error {
	run := func(q string) func() error {
		return func() error { return sqlitex.ExecuteTransient(f.conn, q, nil) }
	}
	if err := h.quiet(func() error { return nil }); err != nil {
		return err
	}
	if err := run("PRAGMA wal_checkpoint(PASSIVE)")(); err != nil {
		return err
	}
	// Somebody else may be reading (the desk, a rehearsal): calls do not wait
	// for that, the log is cut after the next delta.
	if err := run("PRAGMA busy_timeout = 0")(); err != nil {
		return err
	}
	return h.quiet(run("PRAGMA wal_checkpoint(TRUNCATE)"))
}

// plan is a delta being judged against the visible population, then applied.
type plan struct {
	ctx     context.Context
	l       *Load
	f       *building
	pop     *population
	at      map[string]int // person → its row
	refused map[int]intake.Reject
	known   map[string]known
	caisses map[string]bool

	names, numbers, identities *amend
	next                       int64
	touched                    map[int64]bool
	orphans                    []orphan
	retired                    map[string]bool
	outcome                    intake.Outcome
}

// known is what the population holds under an identifier.
type known struct {
	id       int64 // 0 = nobody
	sentinel bool
}

// orphan is somebody whose opener of rights left, or is replaced.
type orphan struct {
	opener string
	child  int64
}

func newPlan(ctx context.Context, l *Load, f *building, pop *population) *plan {
	return &plan{
		ctx: ctx, l: l, f: f, pop: pop, at: map[string]int{}, refused: map[int]intake.Reject{}, known: map[string]known{}, caisses: map[string]bool{}, touched: map[int64]bool{}, retired: map[string]bool{},
		names: newAmend(f, nameIndex, pop.bits), numbers: newAmend(f, numberIndex, pop.bits), identities: newAmend(f, identityIndex, pop.bits),
	}
}

func (p *plan) run() error {
	if err := p.f.begin(); err != nil {
		return err
	}
	for _, step := range []func() error{p.judge, p.apply} {
		if err := step(); err != nil {
			return err
		}
		if err := p.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

func (p *plan) refuse(i int, rule intake.Rule, member string) {
	p.refused[i] = p.l.pending[i].Refused(rule, member)
}

// judge finds the rows to refuse. A refused row leaves what it would have
// replaced as it was, which may refuse others: it goes on until nothing moves.
func (p *plan) judge() error {
	for c := range p.l.caisses {
		p.caisses[c] = true
	}
	err := p.f.each(`SELECT id FROM caisse`, func(x *sqlite.Stmt) error {
		p.caisses[x.ColumnText(0)] = true
		return nil
	})
	if err != nil {
		return err
	}
	for i, r := range p.l.pending {
		if err := p.alone(i, r); err != nil {
			return err
		}
	}
	for {
		bad, err := p.round()
		if err != nil || len(bad) == 0 {
			return err
		}
		for _, b := range bad {
			p.refuse(b.row, b.rule, b.member)
		}
	}
}

// verdict is why a row is refused.
type verdict struct {
	row    int
	rule   intake.Rule
	member string
}

// round judges every row that is left against one state, so that the order of
// the file decides nothing.
func (p *plan) round() (bad []verdict, err error) {
	for i, r := range p.l.pending {
		if _, out := p.refused[i]; out || r.Personne == nil {
			continue
		}
		v := verdict{row: i}
		if v.rule, v.member, err = p.together(r.Personne); err != nil {
			return nil, err
		}
		if v.rule != "" {
			bad = append(bad, v)
		}
	}
	return bad, nil
}

// alone judges a row by what does not depend on the others.
func (p *plan) alone(i int, r intake.Row) error {
	switch {
	case r.Fin != nil:
		p.at[r.Fin.ID] = i
		k, err := p.base(r.Fin.ID)
		if err == nil && k.id == 0 {
			p.refuse(i, intake.FinUnknown, "id")
		}
		return err
	case r.Personne != nil:
		p.at[r.Personne.ID] = i
		for _, link := range r.Personne.Rattachements {
			if c := link.Caisse.ID; c != "" && !p.caisses[c] {
				p.refuse(i, intake.CaisseUnknown, "caisse")
			}
		}
	}
	return nil
}

// together judges a person by what the delta makes of the others.
func (p *plan) together(who *intake.Personne) (intake.Rule, string, error) {
	free, err := p.free(who)
	if err != nil || !free {
		return intake.NIRTwice, "nir", err
	}
	for _, link := range who.Rattachements {
		if link.Ouvrant == who.ID {
			continue
		}
		if served, err := p.served(link.Ouvrant); err != nil || !served {
			return intake.OuvrantUnknown, "ouvrant", err
		}
	}
	return "", "", nil
}

// free reports whether nobody else keeps the person's number.
func (p *plan) free(who *intake.Personne) (bool, error) {
	if who.NIR.IsZero() {
		return true, nil
	}
	id, err := p.l.s.rowNumbered(p.f, p.pop.bits, who.NIR)
	if err != nil || id == 0 {
		return err == nil, err
	}
	var holder string
	err = p.f.each(`SELECT ligne FROM personne WHERE id = $1`, func(x *sqlite.Stmt) error { holder = x.ColumnText(0); return nil }, id)
	if err != nil || holder == who.ID {
		return err == nil, err
	}
	i, moved := p.standing(holder)
	return moved && !p.l.outlives(p.l.pending[i].Fin), nil
}

// served reports whether an identifier is somebody served once the delta is
// applied.
func (p *plan) served(id string) (bool, error) {
	if i, stands := p.standing(id); stands {
		r := p.l.pending[i]
		if r.Personne != nil {
			return r.Personne.Servie, nil
		}
		if !p.l.outlives(r.Fin) {
			return false, nil
		}
	}
	k, err := p.base(id)
	return k.id != 0 && !k.sentinel, err
}

// standing is the row about a person, unless it was refused.
func (p *plan) standing(id string) (i int, ok bool) {
	i, ok = p.at[id]
	if _, out := p.refused[i]; out {
		ok = false
	}
	return i, ok
}

func (p *plan) base(id string) (k known, err error) {
	if k, ok := p.known[id]; ok {
		return k, nil
	}
	if k.id, err = p.l.s.rowNamed(p.f, p.pop.bits, id); err != nil {
		return k, err
	}
	if k.id != 0 {
		err = p.f.each(`SELECT sentinelle FROM personne WHERE id = $1`, func(x *sqlite.Stmt) error { k.sentinel = x.ColumnInt(0) == 1; return nil }, k.id)
	}
	if err == nil {
		p.known[id] = k
	}
	return k, err
}

// outlives reports whether an end leaves the person in for now: who leaves on
// the day of the data, or later, keeps its rights until then.
func (l *Load) outlives(f *intake.Fin) bool {
	return f != nil && f.Motif == intake.MotifSortie && f.On >= l.on
}
