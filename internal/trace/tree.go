package trace

import (
	"crypto/sha256"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// Tree is a log's RFC 6962 tree as far as appending to it needs: its size and
// the roots of its perfect subtrees, the largest first. Its zero value is the
// empty tree. It is not safe for concurrent use.
type Tree struct {
	size int64
	edge []tlog.Hash
}

// Size is the number of leaves.
func (t *Tree) Size() int64 { return t.size }

// Append adds a leaf and appends to nodes what is to be stored: the leaf's hash
// and that of every subtree that it completes, in the order of
// tlog.StoredHashIndex.
func (t *Tree) Append(nodes []byte, leaf [HashSize]byte) []byte {
	h := tlog.Hash(leaf)
	nodes = append(nodes, h[:]...)
	for n := t.size; n&1 == 1; n >>= 1 {
		last := len(t.edge) - 1
		h = tlog.NodeHash(t.edge[last], h)
		t.edge = t.edge[:last]
		nodes = append(nodes, h[:]...)
	}
	t.edge = append(t.edge, h)
	t.size++
	return nodes
}

// Root is the tree's hash.
func (t *Tree) Root() [HashSize]byte {
	if t.size == 0 {
		return EmptyRoot()
	}
	last := len(t.edge) - 1
	h := t.edge[last]
	for i := last - 1; i >= 0; i-- {
		h = tlog.NodeHash(t.edge[i], h)
	}
	return h
}

// Copy is the same tree, which grows apart.
func (t *Tree) Copy() Tree { return Tree{t.size, append([]tlog.Hash(nil), t.edge...)} }

// EmptyRoot is the hash of the empty tree.
func EmptyRoot() [HashSize]byte { return sha256.Sum256(nil) }

// TreeAt reads the tree of a size from stored nodes; it checks none of them.
// Errors are the reader's.
func TreeAt(size int64, nodes tlog.HashReader) (Tree, error) {
	if size == 0 {
		return Tree{}, nil
	}
	var indexes []int64
	for n, left := int64(0), size; left > 0; {
		level := bits.Len64(uint64(left)) - 1
		indexes = append(indexes, tlog.StoredHashIndex(level, n>>level))
		n += 1 << level
		left -= 1 << level
	}
	edge, err := nodes.ReadHashes(indexes)
	return Tree{size, edge}, err
}

// NodesBefore is the number of stored nodes of a log before its leaf of that
// index: where a batch that begins there begins.
func NodesBefore(index int64) int64 { return tlog.StoredHashCount(index) }
