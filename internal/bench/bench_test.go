package bench

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
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

// BenchmarkCall is the whole road with the edge and the API, without sockets.
func BenchmarkCall(b *testing.B) {
	x := open10k(b)
	h := x.a.Public()
	cpu := processCPU()
	defer func() { b.ReportMetric(float64((processCPU()-cpu).Nanoseconds())/float64(b.N), "cpu-ns/op") }()
	b.SetParallelism(32)
	b.RunParallel(func(p *testing.PB) {
		rw := &sink{header: http.Header{}}
		for i := 0; p.Next(); i++ {
			r, err := http.NewRequest(http.MethodGet, "http://bench/v1/droits/beneficiaires/me", nil)
			if err != nil {
				b.Error(err)
				return
			}
			r.RequestURI, r.RemoteAddr = "/v1/droits/beneficiaires/me", "127.0.0.1:4000"
			r.Header["X-Api-Key"], r.Header["Authorization"] = []string{benchKey}, []string{"Bearer " + x.soul(i).token}
			clear(rw.header)
			if h.ServeHTTP(rw, r); rw.status != http.StatusOK {
				b.Error("status", rw.status)
				return
			}
		}
	})
}

// sink is a ResponseWriter that keeps the status.
type sink struct {
	io.Writer
	header http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }

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

func TestTraceBenchmarkMeasuresAndVerifies(t *testing.T) {
	r, err := Trace(t.Context(), TraceConfig{Clients: 8, Rounds: 1, Round: 100 * time.Millisecond, Entries: 2500})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Intact || r.Verified < 2500 || r.PerSecond <= 0 || r.Bare <= 0 || r.Ratio <= 0 || r.Share <= 0 || r.Share > 1 {
		t.Errorf("%+v", r)
	}
	var b strings.Builder
	r.Print(&b)
	if !strings.Contains(b.String(), "intact: true") {
		t.Error(b.String())
	}
}
