package store

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// killDir tells a child process where to write until it is killed.
const killDir = "DROITS_KILL_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		writeForever(dir)
	}
	// A check is a load or two: a few by default, all of them in a long proof.
	if f := flag.Lookup("rapid.checks"); f != nil && os.Getenv("DROITS_SOAK") != "1" {
		f.Value.Set("25")
	}
	os.Exit(m.Run())
}

// writeForever appends under load and prints the receipt of each entry once it
// is acknowledged, as an answer would leave.
func writeForever(dir string) {
	s, err := Open(ctx, Config{Dir: dir, Root: testRoot(), Clock: noon})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	w := trace.NewWriter(s, "test")
	var mu sync.Mutex
	for range 31 {
		go func() {
			for {
				r, err := w.Append(ctx, trace.Pending{Leaf: traceAt(noon(), "servi").Leaf(), Effects: []trace.Effect{partner.Draw{Convention: "c", Day: "2026-11-22"}}})
				mu.Lock()
				if err != nil {
					fmt.Println("error", err)
				} else {
					fmt.Println(r.Index(), r)
				}
				mu.Unlock()
			}
		}()
	}
	for { // heads are signed all the time, so that a kill falls among them
		if err := s.Beat(ctx); err != nil {
			fmt.Println("error", err)
		}
	}
}

func TestKillUnderLoad(t *testing.T) { // R41
	times := 3
	if os.Getenv("DROITS_SOAK") == "1" {
		times = 50
	}
	dir := t.TempDir()
	answered := map[int64]string{}
	for k := range times {
		child := exec.Command(os.Args[0], "-test.run=^$")
		child.Env = append(os.Environ(), killDir+"="+dir)
		out, err := child.StdoutPipe()
		must(t, err)
		must(t, child.Start())
		n, stop := 0, 40+37*(k%11)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			var index int64
			var receipt string
			if _, err := fmt.Sscan(lines.Text(), &index, &receipt); err != nil {
				if strings.HasPrefix(lines.Text(), "error") {
					t.Error(lines.Text())
				}
				continue // the last line may be cut
			}
			if _, twice := answered[index]; twice {
				t.Errorf("index %d twice", index)
			}
			if strings.Contains(receipt, "/") && len(receipt) >= 64 {
				answered[index] = receipt
			}
			if n++; n == stop {
				must(t, child.Process.Kill())
			}
		}
		child.Wait()
	}
	began := time.Now()
	s := openAt(t, dir)
	must(t, s.TrailError())
	v := intact(t, s)
	all := verified(t, s)
	if len(answered) < times*40 || len(all) < len(answered) {
		t.Fatalf("%d answers, %d entries", len(answered), len(all))
	}
	for index, receipt := range answered {
		if index >= int64(len(all)) || !strings.HasSuffix(receipt, fmt.Sprintf("%x", all[index].Hash)) {
			t.Errorf("R41 answer %d has no trace", index)
		}
	}
	taken, err := s.QuotaTaken(ctx, "c", "2026-11-22")
	if err != nil || taken != len(all) {
		t.Errorf("%d taken for %d entries, %v", taken, len(all), err)
	}
	t.Logf("%d kills, %d answers, %d traces, %d signed heads, verified in %v", times, len(answered), len(all), v.Logs[0].Checkpoints, time.Since(began))
}
