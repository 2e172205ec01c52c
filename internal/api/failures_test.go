package api_test

import (
	"bytes"
	"errors"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"droits.example/droits/internal/api"
	"droits.example/droits/internal/app"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/sim/fcsim"
	"droits.example/droits/internal/trace"
)

func TestFranceConnectFails(t *testing.T) {
	in := apptest.Start(t, apptest.Options{Edit: func(c *app.Config) { c.FranceConnect.Timeout = app.Duration(200 * time.Millisecond) }})
	// Each failure is met by a closed circuit: the clock moves past an open one,
	// and a good call closes it.
	mended := func(t *testing.T) {
		t.Helper()
		in.Sim.Break(fcsim.None())
		for range 2 {
			in.Clock.Advance(5 * time.Minute)
			for _, p := range []apptest.Partner{in.Hospital, in.Insurer} {
				in.Get(t, moi, in.As(t, "famille-martin", p)).Want(t, 200, "")
			}
		}
	}
	for _, c := range []struct {
		name   string
		fault  fcsim.Fault
		v2only bool
		status int
		code   string
	}{
		{"is down", fcsim.Down(), false, 502, "franceconnect_indisponible"},
		{"answers nonsense", fcsim.Nonsense(), false, 502, "franceconnect_indisponible"},
		{"refuses our credentials", fcsim.RefuseCredentials(), true, 502, "franceconnect_indisponible"},
		{"has had too many calls", fcsim.TooMany(), false, 502, "franceconnect_indisponible"},
		{"cuts its answer", fcsim.Truncated(), false, 502, "franceconnect_indisponible"},
		{"answers a megabyte", fcsim.Huge(), false, 502, "franceconnect_indisponible"},
		{"hangs up", fcsim.HangUp(), false, 502, "franceconnect_indisponible"},
		{"is slow", fcsim.Slow(5 * time.Second), false, 504, "franceconnect_lent"},
	} {
		for _, p := range []apptest.Partner{in.Hospital, in.Insurer} {
			if c.v2only && p.ID == in.Hospital.ID {
				continue
			}
			t.Run("FranceConnect "+c.name+", asked for "+p.ID, func(t *testing.T) {
				who := in.As(t, "famille-martin", p)
				in.Sim.Break(c.fault)
				defer mended(t)
				a := in.Get(t, moi, who).Want(t, c.status, c.code)
				if n, err := strconv.Atoi(a.Header.Get("Retry-After")); err != nil || n < 1 || n > 60 {
					t.Error("Retry-After is not a number of seconds")
				}
				equal(t, "the refusal is traced", in.LastTrace(t).Str("outcome"), c.code)
			})
		}
	}
	t.Run("a FranceConnect that is down is not asked again until it is probed", func(t *testing.T) {
		who := in.As(t, "famille-martin", in.Hospital)
		in.Sim.Break(fcsim.Down())
		for range 10 {
			in.Get(t, moi, who).Want(t, 502, "franceconnect_indisponible")
		}
		before, _ := in.Sim.Calls()
		begin := time.Now()
		in.Get(t, moi, who).Want(t, 502, "franceconnect_indisponible")
		if after, _ := in.Sim.Calls(); after != before || time.Since(begin) > time.Second {
			t.Error("the circuit is not open")
		}
		mended(t)
	})
	t.Run("a call that FranceConnect refused is not counted against the quota", func(t *testing.T) {
		left := func() string {
			return in.Get(t, moi, in.As(t, "famille-martin", in.Hospital)).Header.Get("RateLimit-Remaining")
		}
		n, _ := strconv.Atoi(left())
		in.Get(t, moi, apptest.Key(in.Hospital), apptest.Bearer(strings.Repeat("0", 64))).Want(t, 401, "jeton_invalide")
		equal(t, "remaining", left(), strconv.Itoa(n-1))
	})
}

// leaks reports what of a person stands in an answer that must hold nothing.
func leaks(a *apptest.Answer) bool {
	for _, s := range []string{"MARTIN", "Hélène", "1986-02-17", "28602", "AMO", "date_debut"} {
		if bytes.Contains(a.Body, []byte(s)) {
			return true
		}
	}
	return false
}

func TestTheTraceCannotBeWritten(t *testing.T) {
	var broken atomic.Pointer[error]
	in := apptest.Start(t, apptest.Options{Ledger: func(l trace.Ledger) trace.Ledger {
		return &apptest.FailingLedger{Ledger: l, Before: func() error {
			if e := broken.Load(); e != nil {
				return *e
			}
			return nil
		}}
	}})
	paths := []string{moi, family, someone, caisse, contrats, exos, medecin, compl, arrets, risques}
	for name, err := range map[string]error{"refuses": errors.New("refused"), "is full": syscall.ENOSPC, "has an error of input": syscall.EIO} {
		t.Run("R41 a ledger that "+name+" lets nothing out", func(t *testing.T) {
			broken.Store(&err)
			for _, path := range paths {
				a := read(t, in, "famille-martin", in.Hospital, path).Want(t, 503, "service_indisponible")
				if leaks(a) || a.Header.Get("X-Trace") != "" {
					t.Error("data, or a trace that does not exist")
				}
			}
			read(t, in, "ald", in.Hospital, someone, apptest.Without("nir"), in.NIROf(t, "c2s")).Want(t, 503, "service_indisponible")
			broken.Store(nil)
			read(t, in, "famille-martin", in.Hospital, moi).Want(t, 200, "")
		})
	}
	t.Run("R41 a refusal that cannot be traced is 503 whatever it is, except to a stranger", func(t *testing.T) {
		closed := in.SignUp(t, droits.Etablissement, nil)
		in.Move(t, closed, convention.Suspended)
		who := in.As(t, "famille-martin", in.Hospital)
		e := errors.New("refused")
		broken.Store(&e)
		defer broken.Store(nil)
		in.Get(t, moi, apptest.Key(in.Hospital)).Want(t, 503, "service_indisponible")
		in.Get(t, contrats, who).Want(t, 503, "service_indisponible")
		in.Get(t, moi+"?dateDebut=2020-01-01", who).Want(t, 503, "service_indisponible")
		in.Get(t, moi, apptest.Key(closed), apptest.Bearer("0123456789")).Want(t, 503, "service_indisponible")
		in.Do(t, api.MoiPath, apptest.Key(closed)).Want(t, 503, "service_indisponible")
		in.Get(t, moi).Want(t, 401, "cle_absente")
		in.Get(t, moi, apptest.With("X-API-Key", partner.NewSecret(partner.Sandbox))).Want(t, 401, "cle_invalide")
		in.Get(t, "/inconnue", who).Want(t, 404, "ressource_inconnue")
	})
	t.Run("R41 no consent is recorded for a call that was not traced", func(t *testing.T) {
		before, err := in.App.Store.ConsentCount(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		e := errors.New("refused")
		broken.Store(&e)
		read(t, in, "c2s", in.Hospital, moi).Want(t, 503, "service_indisponible")
		broken.Store(nil)
		if after, err := in.App.Store.ConsentCount(t.Context()); err != nil || after != before {
			t.Error("a consent without its trace")
		}
	})
	t.Run("R41 a burst in the middle of which the ledger breaks leaves answers ⊆ traces", func(t *testing.T) {
		before := in.TraceCount(t)
		var served atomic.Int64
		var wg sync.WaitGroup
		e := errors.New("refused")
		for i := range 8 {
			who := in.As(t, "famille-martin", in.Hospital)
			wg.Go(func() {
				for j := range 25 {
					if i == 0 && j == 10 {
						broken.Store(&e)
					}
					if i == 0 && j == 15 {
						broken.Store(nil)
					}
					if in.Get(t, moi, who).Status == 200 {
						served.Add(1)
					}
				}
			})
		}
		wg.Wait()
		broken.Store(nil)
		var traced int64
		for _, e := range in.Traces(t, before) {
			if e.Str("outcome") == "servi" {
				traced++
			}
		}
		equal(t, "traces of answers", traced, served.Load())
	})
}

func TestACommitThatIsReportedLost(t *testing.T) {
	var lost atomic.Bool
	in := apptest.Start(t, apptest.Options{Ledger: func(l trace.Ledger) trace.Ledger {
		return &apptest.FailingLedger{Ledger: l, After: func() error {
			if lost.Load() {
				return syscall.EIO
			}
			return nil
		}}
	}})
	t.Run("R41 a commit that was done but reported failed lets nothing out, and the log goes on", func(t *testing.T) {
		read(t, in, "famille-martin", in.Hospital, moi).Want(t, 200, "")
		lost.Store(true)
		if a := read(t, in, "famille-martin", in.Hospital, moi).Want(t, 503, "service_indisponible"); leaks(a) {
			t.Error("data")
		}
		lost.Store(false)
		read(t, in, "famille-martin", in.Hospital, moi).Want(t, 200, "")
		for i, e := range in.Entries(t, 0) {
			equal(t, "index", e.Index, int64(i))
		}
	})
}

func TestTheStoreIsClosed(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	who := []apptest.Change{in.As(t, "famille-martin", in.Hospital), in.NIROf(t, "famille-martin")}
	in.Get(t, moi, who...).Want(t, 200, "")
	in.BadDB(t)
	t.Run("R41 a closed store answers 503 on every operation, and no data", func(t *testing.T) {
		for _, path := range []string{moi, family, someone, caisse, contrats, exos, medecin, compl, arrets, risques} {
			if a := in.Get(t, path, who...).Want(t, 503, "service_indisponible"); leaks(a) {
				t.Error("data")
			}
		}
	})
	t.Run("R65 the probes of the store and of the trace say so, that of FranceConnect does not", func(t *testing.T) {
		for path, want := range map[string]int{"/healthz": 200, "/readyz": 503, "/readyz/store": 502, "/readyz/trace": 502, "/readyz/franceconnect": 200} {
			status, _ := in.Inside(t, path)
			equal(t, path, status, want)
		}
	})
}

// A full disk is a tmpfs of a few megabytes where the system lets one be
// mounted; elsewhere the ledger fails as a full disk does, and the test says
// so.
func TestTheDiskIsFull(t *testing.T) {
	dir, err := os.MkdirTemp("", "d")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=12m,mode=0700"); err != nil {
		t.Logf("no file system could be mounted here (%v): TestTheTraceCannotBeWritten stands for it with ENOSPC", err)
		return
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	in := apptest.Start(t, apptest.Options{Dir: dir})
	read(t, in, "famille-martin", in.Hospital, moi).Want(t, 200, "")
	f, err := os.Create(dir + "/remplissage")
	if err != nil {
		t.Fatal(err)
	}
	chunk := make([]byte, 4096)
	for err == nil {
		_, err = f.Write(chunk)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	t.Run("R41 a full disk answers 503 without data, and answers again once there is room", func(t *testing.T) {
		seen := false
		for range 400 { // what was allocated already lasts a little while
			a := read(t, in, "famille-martin", in.Hospital, contrats)
			if a.Status == 200 {
				continue
			}
			seen = true
			if a.Want(t, 503, "service_indisponible"); leaks(a) {
				t.Error("data")
			}
			break
		}
		if !seen {
			t.Fatal("the disk never was full")
		}
		if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
			t.Fatal(err)
		}
		read(t, in, "famille-martin", in.Hospital, contrats).Want(t, 200, "")
	})
}

func TestAStrangersNumber(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	who := in.As(t, "famille-martin", in.Hospital)
	stranger, nobody := in.NIROf(t, "ald"), apptest.With("nir", unknownNIR)
	t.Run("R39 a stranger's number and an unknown one give the same bytes", func(t *testing.T) {
		for _, path := range []string{someone, caisse, contrats, exos, medecin, compl, arrets, risques} {
			a, b := in.Get(t, path, who, stranger).Want(t, 404, inconnu), in.Get(t, path, who, nobody).Want(t, 404, inconnu)
			equal(t, path, faceless(t, a), faceless(t, b))
			equal(t, path+": length", len(a.Body), len(b.Body))
		}
	})
	t.Run("R39 and the same traces, but for the digests", func(t *testing.T) {
		in.Get(t, contrats, who, stranger)
		a := in.LastTrace(t)
		in.Get(t, contrats, who, nobody)
		b := in.LastTrace(t)
		for _, k := range []string{"outcome", "beneficiary", "request", "period", "operation"} {
			equal(t, k, a.Person[k], b.Person[k])
		}
	})
	t.Run("R39 medians of a thousand alternating pairs lie within a tenth", func(t *testing.T) {
		const pairs, attempts = 1000, 3
		var ratio float64
		for range attempts {
			x, y := make([]time.Duration, pairs), make([]time.Duration, pairs)
			for i := range pairs {
				first, second := stranger, nobody
				if i%2 == 1 {
					first, second = second, first
				}
				in.App.Store.Watch().Settle(in.Hospital.KeyID) // or so many unknown numbers in a row would suspend the key (R77)
				d1, d2 := timed(t, in, who, first), timed(t, in, who, second)
				if i%2 == 1 {
					d1, d2 = d2, d1
				}
				x[i], y[i] = d1, d2
			}
			ratio = float64(median(x)) / float64(median(y))
			if ratio > 0.9 && ratio < 1.1 {
				return
			}
		}
		t.Errorf("the medians differ: ratio %.3f in the last of %d attempts", ratio, attempts)
	})
}

func timed(t *testing.T, in *apptest.Instance, changes ...apptest.Change) time.Duration {
	t.Helper()
	begin := time.Now()
	a := in.Plain(t, contrats, changes...)
	d := time.Since(begin)
	if a.Status != 404 {
		t.Fatalf("answered %d", a.Status)
	}
	return d
}

func median(d []time.Duration) time.Duration {
	sort.Slice(d, func(i, j int) bool { return d[i] < d[j] })
	return d[len(d)/2]
}
