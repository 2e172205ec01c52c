package provider

import (
	"testing"
	"time"
)

func TestTableIsBounded(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	table := NewTable(10, func(end time.Time) time.Time { return end })
	t.Run("what has not expired is forgotten when there is too much, never the newest", func(t *testing.T) {
		for i := range 100 {
			k := Digest{byte(i)}
			table.Put(now, k, now.Add(time.Hour))
			if _, ok := table.Get(now, k); !ok || table.Len() > 10 {
				t.Fatal(table.Len(), ok)
			}
		}
	})
	t.Run("what is dropped or has expired is not found", func(t *testing.T) {
		table.Drop(Digest{99})
		if _, ok := table.Get(now, Digest{99}); ok {
			t.Error("dropped and found")
		}
		table.Put(now, Digest{98}, now)
		if _, ok := table.Get(now, Digest{98}); ok {
			t.Error("expired and found")
		}
		table.DropIf(func(time.Time) bool { return true })
		if table.Len() != 0 {
			t.Error(table.Len())
		}
	})
}
