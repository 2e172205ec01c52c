package intake

import (
	"context"
	"sort"

	"droits.example/droits/internal/nir"
)

// Check is a Sink that keeps nothing but what is needed to check references:
// an id twice, a NIR twice, a caisse or an opener of rights that is nowhere.
// In a delta, references may lead to people loaded before, which it cannot
// know: only doubles are refused there. Not safe for concurrent use.
type Check struct {
	header   Header
	caisses  map[string]bool
	personne map[string]bool // id → served
	numbers  map[nir.NIR]bool
	links    []link
}

// link is a reference to verify at the end.
type link struct {
	line               int
	id, caisse, opener string
}

// NewCheck returns an empty Check.
func NewCheck() *Check {
	return &Check{caisses: map[string]bool{}, personne: map[string]bool{}, numbers: map[nir.NIR]bool{}}
}

// Begin notes the kind of load.
func (k *Check) Begin(_ context.Context, h Header) error { k.header = h; return nil }

// Put refuses doubles and notes references.
func (k *Check) Put(_ context.Context, row Row) error {
	switch {
	case row.Caisse != nil:
		if k.caisses[row.Caisse.ID] {
			return &RejectError{IDTwice, "id"}
		}
		k.caisses[row.Caisse.ID] = true
	case row.Personne != nil:
		return k.person(row.Line, row.Personne)
	}
	return nil
}

func (k *Check) person(line int, p *Personne) error {
	if _, twice := k.personne[p.ID]; twice {
		return &RejectError{IDTwice, "id"}
	}
	if !p.NIR.IsZero() {
		if k.numbers[p.NIR] {
			return &RejectError{NIRTwice, "nir"}
		}
		k.numbers[p.NIR] = true
	}
	k.personne[p.ID] = p.Servie
	for _, r := range p.Rattachements {
		opener := r.Ouvrant
		if opener == p.ID {
			opener = ""
		}
		if opener != "" || r.Caisse.ID != "" {
			k.links = append(k.links, link{line, p.ID, r.Caisse.ID, opener})
		}
	}
	return nil
}

// End refuses the rows whose references lead nowhere, one reject a row.
func (k *Check) End(context.Context) ([]Reject, error) {
	if k.header.Jeu != Complet {
		return nil, nil
	}
	bad := map[int]Reject{}
	for _, l := range k.links {
		reject := Reject{Line: l.line, Type: TypePersonne, ID: l.id}
		switch {
		case l.opener != "" && !k.personne[l.opener]:
			reject.Rule, reject.Member = OuvrantUnknown, "ouvrant"
		case l.caisse != "" && !k.caisses[l.caisse]:
			reject.Rule, reject.Member = CaisseUnknown, "caisse"
		default:
			continue
		}
		if _, seen := bad[l.line]; !seen {
			bad[l.line] = reject
		}
	}
	out := make([]Reject, 0, len(bad))
	for _, r := range bad {
		out = append(out, r)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Line < out[j].Line })
	return out, nil
}

// Abort forgets everything.
func (k *Check) Abort() { *k = *NewCheck() }
