package nation

import (
	"bytes"
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
	for _, c := range []Compression{Plain, Gzip, Zstd} {
		one := written(t, Options{Persons: 5000, Seed: 3, On: today, Workers: 1}, c)
		many := written(t, Options{Persons: 5000, Seed: 3, On: today, Workers: 7}, c)
		if !bytes.Equal(one, many) {
			t.Errorf("compression %d: the bytes depend on the number of workers", c)
		}
		if other := written(t, Options{Persons: 5000, Seed: 4, On: today}, c); bytes.Equal(one, other) {
			t.Errorf("compression %d: the seed changes nothing", c)
		}
	}
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
