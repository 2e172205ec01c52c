package store

import (
	"encoding/binary"
	"encoding/json"

	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/intake"
)

// genre is a kind of entries that a load sets aside while it reads, to sort
// them at the end.
type genre int

const (
	byName     genre = 1 + iota // digest of a row's identifier → its person
	byNumber                    // digest of a NIR → its person
	byIdentity                  // identity keys → their person
	byOpener                    // digest of an opener's identifier → the bénéficiaire
	byCaisse                    // digest of a caisse not known yet → who is attached
	outside                     // a sentinel
	byNear                      // keys by which a person meets whom it could be taken for, other than its own
)

// lot is the key of the n-th lot of a kind in the table tri.
func lot(g genre, n int) int64 { return int64(g)<<40 | int64(n) }

// ready is a row of the file, encoded, sealed and digested: what needs no
// order. The row of a person is the number of its line.
type ready struct {
	who        *intake.Personne
	id         int64
	ligne      string // the file's identifier; of a caisse, its id
	caisse     []byte
	sujet      droits.Sujet
	sentinelle int64
	identite   []byte // sealed
	liens      []byte // sealed
	name       uint64
	number     uint64 // 0 without one
	keys       []uint64
	near       []uint64 // keys of those for whom it could be taken, other than its own
	openers    []uint64 // other than itself
	caisses    []string // of its links
}

// Prepare implements intake.Sink.
func (l *Load) Prepare(rows []intake.Row) (any, error) {
	if l.delta {
		return nil, nil
	}
	out := make([]ready, len(rows))
	for i, r := range rows {
		var err error
		switch {
		case r.Caisse != nil:
			out[i].ligne = r.Caisse.ID
			out[i].caisse, err = json.Marshal(r.Caisse)
		case r.Personne != nil:
			err = l.s.prepare(&out[i], rowID{l.id, int64(r.Line)}, r.Personne)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// prepare encodes, seals and digests one person.
func (s *Store) prepare(r *ready, at rowID, p *intake.Personne) (err error) {
	r.who, r.id, r.ligne = p, at.row, p.ID
	r.sujet = s.keys.subject(p.NIR, p.ID)
	r.name = s.keys.nameDigest(p.ID)
	if !p.NIR.IsZero() {
		r.number = s.keys.numberDigest(p.NIR)
	}
	if !p.Servie {
		r.sentinelle = 1
	}
	doc := fromPersonne(p.Personne)
	for _, n := range p.NIRPrecedents {
		doc.Precedents = append(doc.Precedents, digits13(n))
	}
	if p.DecesOn.IsZero() {
		// The dead are not found: FranceConnect lets nobody log in as one.
		r.keys, r.near = s.keys.identityDigests(doc.record(!p.Servie))
	}
	var room [1024]byte
	plain, err := doc.MarshalMsg(room[:0])
	if err != nil {
		return err
	}
	r.identite = s.keys.sealRow(placeIdentite, at, plain)
	links := docLiens{Liens: make([]docLien, 0, len(p.Rattachements))}
	for _, x := range p.Rattachements {
		d := fromLien(x.Rattachement)
		if x.Ouvrant != p.ID {
			d.Ouvrant = x.Ouvrant
			r.openers = append(r.openers, s.keys.nameDigest(x.Ouvrant))
		}
		if d.Caisse != "" {
			r.caisses = append(r.caisses, d.Caisse)
		}
		links.Liens = append(links.Liens, d)
	}
	if plain, err = links.MarshalMsg(room[:0]); err != nil {
		return err
	}
	r.liens = s.keys.sealRow(placeLiens, at, plain)
	return nil
}

// note sets aside what a person will be found by.
func (l *Load) note(r *ready) {
	row := uint32(r.id)
	add := func(g genre, digest uint64) { l.spill[g] = appendEntry(l.spill[g], entry{digest, row}) }
	add(byName, r.name)
	if r.number != 0 {
		add(byNumber, r.number)
	}
	l.noteKeys(r)
	for _, o := range r.openers {
		add(byOpener, o)
	}
	if r.sentinelle == 1 {
		add(outside, spread(uint64(row)))
	}
	for _, c := range r.caisses {
		if !l.caisses[c] {
			add(byCaisse, caisseDigest(c))
		}
	}
}

func (l *Load) noteKeys(r *ready) {
	for _, k := range r.keys {
		l.spill[byIdentity] = appendEntry(l.spill[byIdentity], entry{k, uint32(r.id)})
	}
	for _, k := range r.near {
		l.spill[byNear] = appendEntry(l.spill[byNear], entry{k, uint32(r.id)})
	}
}

// caisseDigest is the identifier of a caisse, five characters, as a number.
func caisseDigest(id string) uint64 {
	var b [8]byte
	copy(b[:], id)
	return spread(binary.BigEndian.Uint64(b[:]))
}

// spread gives a number another one, its own, so that they fall in every range.
func spread(n uint64) uint64 { return n * 0x9e3779b97f4a7c15 }
