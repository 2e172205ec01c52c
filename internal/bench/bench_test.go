package bench

import (
	"context"
	"testing"
)

// BenchmarkFind and BenchmarkRead are for profiles; bench serve is what is
// quoted.
func BenchmarkFind(b *testing.B) {
	x := open10k(b)
	for i := range b.N {
		if _, err := x.find(context.Background(), i); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	x := open10k(b)
	cpu := processCPU()
	defer func() { b.ReportMetric(float64((processCPU()-cpu).Nanoseconds())/float64(b.N), "cpu-ns/op") }()
	b.SetParallelism(32)
	b.RunParallel(func(p *testing.PB) {
		for i := 0; p.Next(); i++ {
			if err := x.read(context.Background(), i); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func open10k(b *testing.B) bencher {
	w, err := build(context.Background(), b.TempDir(), 3000, true)
	if err != nil {
		b.Fatal(err)
	}
	x, err := w.bencher(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { x.a.Close() })
	b.ReportAllocs()
	b.ResetTimer()
	return x
}

func BenchmarkReadAlone(b *testing.B) {
	x := open10k(b)
	for i := range b.N {
		if err := x.read(context.Background(), i); err != nil {
			b.Fatal(err)
		}
	}
}
