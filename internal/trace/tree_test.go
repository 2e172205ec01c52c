package trace

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// stored is a tree whose nodes are kept in order.
type stored struct {
	tree  Tree
	nodes []byte
}

func (s *stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = tlog.Hash(s.nodes[x*HashSize:][:HashSize])
	}
	return out, nil
}

func leafOf(n int) [HashSize]byte {
	return [HashSize]byte(rfc6962.DefaultHasher.HashLeaf(binary.BigEndian.AppendUint64(nil, uint64(n))))
}

func TestTheTreeIsThatOfRFC6962(t *testing.T) { // R43
	const most = 300
	var s stored
	their := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	roots := [][HashSize]byte{EmptyRoot()}
	if !bytes.Equal(rfc6962.DefaultHasher.EmptyRoot(), roots[0][:]) {
		t.Error("the empty tree")
	}
	for n := range most {
		if int64(len(s.nodes)/HashSize) != NodesBefore(int64(n)) {
			t.Fatalf("%d nodes before leaf %d", len(s.nodes)/HashSize, n)
		}
		leaf := leafOf(n)
		s.nodes = s.tree.Append(s.nodes, leaf)
		if err := their.Append(leaf[:], nil); err != nil {
			t.Fatal(err)
		}
		want, err := their.GetRootHash(nil)
		if got := s.tree.Root(); err != nil || !bytes.Equal(got[:], want) {
			t.Fatalf("root of %d leaves", n+1)
		}
		again, err := TreeAt(int64(n+1), &s)
		if err != nil || again.Root() != s.tree.Root() || again.Size() != s.tree.Size() {
			t.Fatalf("%d leaves read back", n+1)
		}
		roots = append(roots, s.tree.Root())
	}
	t.Run("T1 inclusion of any entry in any tree is proved to another's verifier", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			size := rapid.IntRange(1, most).Draw(t, "size")
			n := rapid.IntRange(0, size-1).Draw(t, "n")
			p, err := tlog.ProveRecord(int64(size), int64(n), &s)
			if err != nil {
				t.Fatal(err)
			}
			leaf := leafOf(n)
			if err := proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(n), uint64(size), leaf[:], plainHashes(p), roots[size][:]); err != nil {
				t.Fatal(err)
			}
		})
	})
	t.Run("T4 consistency of any two trees is proved to another's verifier", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			newer := rapid.IntRange(1, most).Draw(t, "newer")
			older := rapid.IntRange(1, newer).Draw(t, "older")
			p, err := ProveConsistency(int64(older), int64(newer), &s)
			if err != nil {
				t.Fatal(err)
			}
			if err := proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(older), uint64(newer), plainHashes(p), roots[older][:], roots[newer][:]); err != nil {
				t.Fatal(err)
			}
			a, b := Head{"x", int64(older), roots[older]}, Head{"x", int64(newer), roots[newer]}
			if err := CheckConsistency(a, b, p); err != nil {
				t.Fatal(err)
			}
			a.Root[rapid.IntRange(0, HashSize-1).Draw(t, "byte")] ^= 1
			if CheckConsistency(a, b, p) == nil {
				t.Fatal("T4 a fork passes")
			}
		})
	})
	t.Run("a copy grows apart", func(t *testing.T) {
		before := s.tree.Root()
		c := s.tree.Copy()
		c.Append(nil, leafOf(7))
		if s.tree.Root() != before || c.Root() == before {
			t.Error("together")
		}
	})
	t.Run("heads of two logs, of nothing, the wrong way round", func(t *testing.T) {
		empty, one := Head{"x", 0, EmptyRoot()}, Head{"x", 1, roots[1]}
		for name, c := range map[string]struct {
			older, newer Head
			ok           bool
		}{
			"the empty log":    {empty, one, true},
			"itself":           {one, one, true},
			"backwards":        {one, empty, false},
			"another log":      {Head{"y", 0, EmptyRoot()}, one, false},
			"an empty forgery": {Head{"x", 0, roots[1]}, one, false},
			"the same size":    {Head{"x", 1, roots[2]}, one, false},
		} {
			if err := CheckConsistency(c.older, c.newer, nil); (err == nil) != c.ok {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func plainHashes(p []tlog.Hash) (out [][]byte) {
	for _, h := range p {
		out = append(out, h[:])
	}
	return out
}
