package nation

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"testing"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/intake"
)

var today = civil.Of(2026, 11, 22)

func written(t *testing.T, o Options, c Compression) []byte {
	t.Helper()
	n, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := n.Write(t.Context(), &b, c); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestEveryRowIsAccepted(t *testing.T) {
	b := written(t, Options{Persons: 20_000, Seed: 7, On: today}, Plain)
	var rejects bytes.Buffer
	s, err := intake.Run(t.Context(), intake.Options{Reader: bytes.NewReader(b), DryRun: true, Rejects: &rejects, Today: today})
	if err != nil {
		t.Fatal(err)
	}
	if s.Rejected != 0 || s.Personnes != 20_000 {
		t.Errorf("%d people, %d rejected: %.300s", s.Personnes, s.Rejected, rejects.String())
	}
	if size := len(b) / 20_000; size > 1000 || size < 400 {
		t.Errorf("%d bytes a person", size)
	}
	t.Logf("%d bytes a person, %d sentinels", len(b)/20_000, s.Sentinelles)
}

func TestSameSeedSameBytes(t *testing.T) {
	o := Options{Persons: 5000, Seed: 3, On: today}
	for _, c := range []Compression{Plain, Gzip, Zstd} {
		before := runtime.GOMAXPROCS(1)
		one := written(t, o, c)
		runtime.GOMAXPROCS(2)
		two := written(t, o, c)
		runtime.GOMAXPROCS(before)
		o.Workers = 7
		seven := written(t, o, c)
		o.Workers = 0
		if !bytes.Equal(one, two) || !bytes.Equal(one, seven) {
			t.Errorf("compression %d: the bytes depend on the number of processors or workers", c)
		}
		if other := written(t, Options{Persons: 5000, Seed: 4, On: today}, c); bytes.Equal(one, other) {
			t.Errorf("compression %d: the seed changes nothing", c)
		}
	}
}

func TestSizes(t *testing.T) {
	for _, size := range []int{1, 2, 3, 1023, 1024, 1025} {
		people, _ := rows(t, written(t, Options{Persons: size, Seed: 2, On: today}, Plain))
		if len(people) != size {
			t.Errorf("%d people instead of %d", len(people), size)
		}
	}
	for name, o := range map[string]Options{
		"nobody":        {Persons: 0, On: today},
		"too many":      {Persons: MostPersons + 1, On: today},
		"no date":       {Persons: 1},
		"no day":        {Persons: 1, On: civil.Of(2026, 1, 0)},
		"another epoch": {Persons: 1, On: civil.Of(1999, 1, 1)},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestAFailureStopsTheNation(t *testing.T) {
	n, err := New(Options{Persons: 50_000, Seed: 1, On: today})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("a writer that fails", func(t *testing.T) {
		if err := n.Write(t.Context(), &narrow{left: 100_000}, Plain); !errors.Is(err, errNarrow) {
			t.Errorf("%v", err)
		}
	})
	t.Run("an interruption", func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if err := n.Write(ctx, io.Discard, Plain); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
}

var errNarrow = errors.New("full")

// narrow is a full disk.
type narrow struct{ left int }

func (w *narrow) Write(b []byte) (int, error) {
	if w.left -= len(b); w.left < 0 {
		return 0, errNarrow
	}
	return len(b), nil
}

func BenchmarkWrite(b *testing.B) {
	for _, c := range []Compression{Plain, Zstd} {
		b.Run([]string{"plain", "gzip", "zstd"}[c], func(b *testing.B) {
			n, _ := New(Options{Persons: b.N, Seed: 1, On: today, Workers: runtime.GOMAXPROCS(0)})
			b.ReportAllocs()
			if err := n.Write(b.Context(), io.Discard, c); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "persons/s")
		})
	}
}
