package intake

import (
	"context"
	"sort"

	"droits.example/droits/internal/nir"
)

// Check is a Sink that keeps nothing but what is needed to check references:
// an id twice, a NIR twice, a caisse or an opener of rights that is nowhere. It
// refuses what the store refuses. In a delta, references may lead to people
// loaded before, which it cannot know: only doubles are refused there, and a
// rehearsal by the store says the rest. Not safe for concurrent use.
type Check struct {
	header  Header
	caisses map[string]bool
	people  map[string]*noted
	fins    map[string]bool
	numbers map[nir.NIR]bool
	order   []*noted
}

// noted is what is remembered of a person: where its links lead.
type noted struct {
	line    int
	id      string
	served  bool
	refused bool
	caisses []string
	openers []string // other than itself
}

// NewCheck returns an empty Check.
func NewCheck() *Check {
	return &Check{caisses: map[string]bool{}, people: map[string]*noted{}, fins: map[string]bool{}, numbers: map[nir.NIR]bool{}}
}

// Begin notes the kind of load.
func (k *Check) Begin(_ context.Context, h Header, _ *Resume) error { k.header = h; return nil }

// Prepare has nothing to do.
func (k *Check) Prepare([]Row) (any, error) { return nil, nil }

// Put refuses doubles and notes references.
func (k *Check) Put(_ context.Context, b Batch) (out []Reject, err error) {
	for _, row := range b.Rows {
		if rule, member := k.row(row); rule != "" {
			out = append(out, row.Refused(rule, member))
		}
	}
	return out, nil
}

func (k *Check) row(row Row) (Rule, string) {
	switch {
	case row.Caisse != nil:
		if k.caisses[row.Caisse.ID] {
			return IDTwice, "id"
		}
		k.caisses[row.Caisse.ID] = true
	case row.Personne != nil:
		return k.person(row.Line, row.Personne)
	case row.Fin != nil:
		if k.fins[row.Fin.ID] || k.people[row.Fin.ID] != nil {
			return IDTwice, "id"
		}
		k.fins[row.Fin.ID] = true
	}
	return "", ""
}

func (k *Check) person(line int, p *Personne) (Rule, string) {
	if k.people[p.ID] != nil || k.fins[p.ID] {
		return IDTwice, "id"
	}
	if !p.NIR.IsZero() {
		if k.numbers[p.NIR] {
			return NIRTwice, "nir"
		}
		k.numbers[p.NIR] = true
	}
	n := &noted{line: line, id: p.ID, served: p.Servie}
	for _, r := range p.Rattachements {
		if r.Ouvrant != p.ID {
			n.openers = append(n.openers, r.Ouvrant)
		}
		if r.Caisse.ID != "" {
			n.caisses = append(n.caisses, r.Caisse.ID)
		}
	}
	k.people[p.ID] = n
	k.order = append(k.order, n)
	return "", ""
}

// End refuses the rows whose references lead nowhere, and those that depend on
// a refused row, until every reference of every row that is left leads to one
// that is left. One reject a row, by line. Errors: parametre_invalide when
// nobody served is left.
func (k *Check) End(context.Context, func(string, int64, int64)) ([]Reject, error) {
	if k.header.Jeu != Complet {
		return nil, nil
	}
	var out []Reject
	refuse := func(n *noted, rule Rule, member string) {
		n.refused = true
		out = append(out, Reject{Line: n.line, Type: TypePersonne, ID: n.id, Rule: rule, Member: member, Sentinelle: !n.served})
	}
	for _, n := range k.order {
		for _, c := range n.caisses {
			if !n.refused && !k.caisses[c] {
				refuse(n, CaisseUnknown, "caisse")
			}
		}
	}
	for before := -1; before != len(out); {
		before = len(out)
		for _, n := range k.order {
			for _, o := range n.openers {
				if opener := k.people[o]; !n.refused && (opener == nil || opener.refused || !opener.served) {
					refuse(n, OuvrantUnknown, "ouvrant")
				}
			}
		}
	}
	left := 0
	for _, n := range k.order {
		if n.served && !n.refused {
			left++
		}
	}
	SortRejects(out)
	if left == 0 {
		return out, NothingLeft()
	}
	return out, nil
}

// SortRejects puts rejects in the order of the file.
func SortRejects(list []Reject) {
	sort.SliceStable(list, func(i, j int) bool { return list[i].Line < list[j].Line })
}

// Abort forgets everything.
func (k *Check) Abort(error) { *k = *NewCheck() }
