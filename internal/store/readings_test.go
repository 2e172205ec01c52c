package store

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"droits.example/droits/internal/trace"
)

// Many pages at a time read the log while it is written: none waits for a
// connection that another one holds.
func TestReadersOfTheLogNeverWaitForEachOther(t *testing.T) { // R44
	s := fresh(t)
	w := trace.NewWriter(s, "test")
	defer w.Close()
	const people, each = 12, 40
	digest := func(i int) trace.Digest { return trace.Digest{1, byte(i)} }
	append1 := func(i, n int) {
		e := trace.Entry{Class: trace.AccessServed, Person: trace.Person{At: noon().Add(time.Duration(n) * time.Hour), Operation: fmt.Sprint("op-", n), Outcome: "servi"}, Subject: digest(i)}
		if _, err := w.Append(ctx, trace.Pending{Leaf: e.Leaf()}); err != nil {
			t.Error(err)
		}
	}
	for n := range each {
		for i := range people {
			append1(i, n)
		}
	}
	var all sync.WaitGroup
	for i := range people {
		all.Go(func() {
			for range 5 {
				at, seen := int64(1<<60), 0
				err := s.Readings(ctx, []trace.Digest{digest(i)}, func(f trace.Found) bool {
					if f.Index >= at || f.Subject != digest(i) || !f.Connected || f.Person.Operation == "" || f.Erased {
						t.Errorf("a line out of its place: %d", f.Index)
					}
					at, seen = f.Index, seen+1
					return true
				})
				if err != nil || seen < each {
					t.Errorf("%d lines, %v", seen, err)
				}
				count := 0
				if err := s.Traces(ctx, 0, func(TracedEntry) bool { count++; return count < 200 }); err != nil || count < 200 {
					t.Errorf("%d entries, %v", count, err)
				}
			}
		})
		all.Go(func() { append1(i, each) })
	}
	all.Wait()
	t.Run("reading from behind the end reads nothing", func(t *testing.T) {
		n, err := s.TraceCount(ctx)
		must(t, err)
		if err := s.Traces(ctx, n, func(TracedEntry) bool { t.Error("an entry"); return true }); err != nil {
			t.Error(err)
		}
	})
}
