package store

import (
	"golang.org/x/mod/sumdb/tlog"

	"droits.example/droits/internal/trace"
)

// errNodes is told of stored nodes that are not where they should be.
var errNodes = trace.ErrNodes

// nodesOf reads the nodes of a log's tree: fetch gives the batch that holds an
// entry, by its first entry and its nodes. A batch is fetched once as long as
// what is asked stays in it.
func nodesOf(fetch func(n int64) (first int64, nodes []byte, err error), log trace.StoredLog) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		first, nodes := int64(-1), []byte(nil)
		for i, x := range indexes {
			level, n := tlog.SplitStoredHashIndex(x)
			leaf := (n+1)<<level - 1 // the one that completes the subtree stores it
			at := func() int64 { return (x - trace.NodesBefore(first-log.First)) * trace.HashSize }
			if first < 0 || first > leaf+log.First || at() < 0 || at() >= int64(len(nodes)) {
				var err error
				if first, nodes, err = fetch(leaf + log.First); err != nil {
					return nil, err
				}
			}
			if first < log.First || at() < 0 || at()+trace.HashSize > int64(len(nodes)) {
				return nil, errNodes
			}
			out[i] = tlog.Hash(nodes[at():][:trace.HashSize])
		}
		return out, nil
	})
}
