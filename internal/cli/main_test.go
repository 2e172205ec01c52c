package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"droits.example/droits/internal/cli"
)

// beDroits makes the test binary be the program: a command that serves runs in
// a process of its own, with the code under test.
const beDroits = "TEST_BE_DROITS=1"

func TestMain(m *testing.M) {
	if os.Getenv("TEST_BE_DROITS") != "" {
		os.Exit(cli.Main(cli.Process{Args: os.Args[1:], In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Environ: os.Environ()}))
	}
	os.Exit(m.Run())
}

// said is what a command answered.
type said struct {
	code     int
	out, err string
}

// run runs a command in this process; in is its standard input.
func run(in string, args ...string) said {
	var out, errs bytes.Buffer
	code := cli.Main(cli.Process{Args: args, In: strings.NewReader(in), Out: &out, Err: &errs})
	return said{code, out.String(), errs.String()}
}

// ok runs a command that must succeed.
func ok(t *testing.T, in string, args ...string) said {
	t.Helper()
	s := run(in, args...)
	if s.code != 0 {
		t.Fatalf("%s answers %d: %s", strings.Join(args, " "), s.code, s.err)
	}
	return s
}

func decode(t *testing.T, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatalf("not the JSON that was promised: %v", err)
	}
}

// process is a command that runs until it is stopped.
type process struct {
	cmd      *exec.Cmd
	out, err *words
	ended    chan error
}

// words is a buffer that may be read while it is written.
type words struct {
	mu   sync.Mutex
	b    bytes.Buffer
	more chan struct{}
}

func newWords() *words { return &words{more: make(chan struct{}, 1)} }

func (w *words) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case w.more <- struct{}{}:
	default:
	}
	return w.b.Write(b)
}

func (w *words) String() string { w.mu.Lock(); defer w.mu.Unlock(); return w.b.String() }

// start starts exe, or the test binary as the program when exe is "".
func start(t *testing.T, exe string, args ...string) *process {
	t.Helper()
	if exe == "" {
		exe = os.Args[0]
	}
	p := &process{cmd: exec.Command(exe, args...), out: newWords(), err: newWords(), ended: make(chan error, 1)}
	// A variable DROITS_… of whoever runs the tests would be the instance's.
	p.cmd.Env = slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "DROITS_") })
	p.cmd.Env = append(p.cmd.Env, beDroits, "TMPDIR="+t.TempDir())
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.err
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.cmd.Wait() }()
	t.Cleanup(func() { p.cmd.Process.Kill() })
	return p
}

// patience bounds each wait; a machine under load is slow, not wrong.
const patience = 90 * time.Second

// until waits for a word on an output.
func (p *process) until(t *testing.T, w *words, word string) {
	t.Helper()
	end := time.After(patience)
	for !strings.Contains(w.String(), word) {
		select {
		case <-w.more:
		case err := <-p.ended:
			t.Fatalf("it ended by itself (%v): %s", err, p.err)
		case <-end:
			t.Fatalf("it does not say %q: %s", word, p.err)
		}
	}
}

// stop interrupts the process and returns its exit code.
func (p *process) stop(t *testing.T) int {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.ended:
	case <-time.After(patience):
		t.Fatalf("it does not stop: %s", p.err)
	}
	return p.cmd.ProcessState.ExitCode()
}

// file waits until a file is there and reads it.
func (p *process) file(t *testing.T, path string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if b, err := os.ReadFile(path); err == nil {
			return string(b)
		}
		select {
		case <-tick.C:
		case err := <-p.ended:
			t.Fatalf("it ended by itself (%v): %s", err, p.err)
		case <-ctx.Done():
			t.Fatalf("%s is not written: %s", filepath.Base(path), p.err)
		}
	}
}

// get calls an address; headers come in pairs.
func get(t *testing.T, url string, header ...string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
