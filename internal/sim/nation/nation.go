// Package nation invents whole populations of any size as import files: it
// hides how a seed becomes families, numbers and rights, in parallel and always
// to the same bytes. Nobody in it exists.
//
// Sources: data-format.md for the file, identity.md §4.2 for the people and §7
// for their rights.
package nation

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"

	"droits.example/droits/internal/civil"
)

// Options says which nation: the same three first members give the same bytes,
// whatever the number of workers.
type Options struct {
	Persons int // lines of people, sentinels included
	Seed    uint64
	On      civil.Date // date of the data
	Workers int        // 0 = as many as Go uses processors
	// Progress is called now and then with the number of people written, from
	// one goroutine at a time; nil for none.
	Progress func(persons int)
}

// MostPersons is the largest nation; beyond it the numbers of the largest
// communes would run out.
const MostPersons = 100_000_000

// Nation is a population that is drawn when it is written. It is safe for
// concurrent use.
type Nation struct {
	o     Options
	atlas *atlas
	names *names
}

// New prepares a nation. It fails when the size or the date makes no sense.
func New(o Options) (*Nation, error) {
	switch {
	case o.Persons < 1 || o.Persons > MostPersons:
		return nil, errors.New("nation: a nation has 1 to 100,000,000 people")
	case !o.On.Complete() || o.On < civil.Of(2000, 1, 1) || o.On > civil.Of(2099, 12, 31):
		return nil, errors.New("nation: the date lies between 2000-01-01 and 2099-12-31")
	}
	if o.Workers < 1 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	return &Nation{o: o, atlas: newAtlas(), names: newNames()}, nil
}

// blockSize is the number of people drawn, numbered and compressed together.
const blockSize = 1024

func (n *Nation) blocks() int { return (n.o.Persons + blockSize - 1) / blockSize }

// size is the number of people of a block: the last one may be smaller.
func (n *Nation) size(block int) int { return min(blockSize, n.o.Persons-block*blockSize) }

// The streams of random numbers of a nation; each block, family or person has
// its own in each of them.
const (
	streamBirths = iota + 1
	streamFamilies
	streamPeople
	streamGiven
	streamPairs
	streamStored
	streamQueries
	streamChanges
)

// source is a stream of random numbers that can be moved to another place.
type source struct {
	pcg rand.PCG
	*rand.Rand
}

func newSource() *source {
	s := &source{}
	s.Rand = rand.New(&s.pcg)
	return s
}

// at moves to a place of a stream.
func (s *source) at(seed uint64, stream, place int) *source {
	s.pcg.Seed(scramble(seed+uint64(stream)<<56), scramble(uint64(place)+1))
	return s
}

// chance is true in p cases of 100,000.
func (s *source) chance(p int) bool { return int(s.Uint32N(100_000)) < p }

// between is one of a range, both ends in it.
func (s *source) between(a, b int) int {
	if b <= a {
		return a
	}
	return a + int(s.Uint32N(uint32(b-a+1)))
}

// scramble is the finalizer of splitmix64: neighbouring places get unrelated
// streams.
func scramble(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Write writes the import file of the whole nation.
func (n *Nation) Write(ctx context.Context, w io.Writer, c Compression) error {
	head := appendHeader(nil, "complet", n.o.On)
	for i := range n.atlas.funds {
		head = appendFund(head, &n.atlas.funds[i])
	}
	return n.run(ctx, job{out: w, kind: c, head: head, register: newRegister(n.atlas), encode: everybody})
}

// everybody writes a block as it is.
func everybody(s *scribe, b *block, dst []byte) []byte {
	for i := range b.souls {
		dst = s.row(dst, b, i, change{})
	}
	return dst
}
