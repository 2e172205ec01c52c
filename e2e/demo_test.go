//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// demo is where the running demonstration answers: three origins.
var demo struct {
	api, sim, partners string
	browser            *browser
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if _, err := os.Stat(chromium); err != nil {
		fmt.Println("e2e: skipped: there is no", chromium)
		if os.Getenv("CI") == "true" {
			return 1
		}
		return 0
	}
	stop, err := start()
	if err != nil {
		fmt.Println("e2e: the demonstration does not start:", err)
		return 1
	}
	defer stop()
	if demo.browser, err = launch(); err != nil {
		fmt.Println("e2e: Chromium does not start:", err)
		return 1
	}
	defer demo.browser.close()
	return m.Run()
}

// start builds the program and runs its demonstration, or uses the one that
// the environment names.
func start() (stop func(), err error) {
	if os.Getenv("E2E_API") != "" {
		demo.api, demo.sim, demo.partners = os.Getenv("E2E_API"), os.Getenv("E2E_SIM"), os.Getenv("E2E_PARTNERS")
		return func() {}, nil
	}
	d, err := runDemo()
	if err != nil {
		return nil, err
	}
	demo.api, demo.sim, demo.partners = d.api, d.sim, d.partners
	return d.clean, nil
}

// running is a demonstration in a process of its own.
type running struct {
	api, sim, partners string
	binary             string
	stop               func()                     // ends the process; what it ran from stays
	again              func(args ...string) error // ends it, and runs it over the same folder
	clean              func()                     // ends it and removes everything
}

// runDemo builds the program and runs its demonstration on free ports.
func runDemo() (*running, error) {
	dir, err := os.MkdirTemp("", "droits-e2e-")
	if err != nil {
		return nil, err
	}
	clean := func() { _ = os.RemoveAll(dir) }
	binary := filepath.Join(dir, "droits")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		clean()
		return nil, fmt.Errorf("build: %w\n%s", err, out)
	}
	addresses, err := free(4)
	if err != nil {
		clean()
		return nil, err
	}
	ready := filepath.Join(dir, "ready")
	d := &running{api: "http://" + addresses[0], sim: "http://" + addresses[1], partners: "http://" + addresses[2], binary: binary}
	d.again = func(more ...string) error {
		if d.stop != nil {
			d.stop()
		}
		_ = os.Remove(ready)
		// #nosec: the arguments are ours.
		cmd := exec.Command(binary, append([]string{"demo", "--data", filepath.Join(dir, "data"), "--ready-file", ready,
			"--api", addresses[0], "--sim", addresses[1], "--partners", addresses[2], "--internal", addresses[3]}, more...)...)
		said := &tail{}
		cmd.Stdout, cmd.Stderr = said, said
		if err := cmd.Start(); err != nil {
			return err
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		d.stop = sync.OnceFunc(func() {
			_ = cmd.Process.Signal(syscall.SIGTERM)
			select {
			case <-ended:
			case <-time.After(15 * time.Second):
				_ = cmd.Process.Kill()
			}
		})
		return wait(ready, ended, said)
	}
	d.clean = func() {
		if d.stop != nil {
			d.stop()
		}
		clean()
	}
	if err := d.again(); err != nil {
		d.clean()
		return nil, err
	}
	return d, nil
}

// wait returns once the ready file is there.
func wait(ready string, ended <-chan error, said *tail) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return fmt.Errorf("it ended by itself and said:\n%s", said)
		case <-ctx.Done():
			return fmt.Errorf("it is not ready after two minutes and said:\n%s", said)
		case <-tick.C:
			if _, err := os.Stat(ready); err == nil {
				return nil
			} else if !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
	}
}

// free finds ports that nobody listens on. They are given back before the
// demonstration takes them: on a busy machine somebody may be faster, and the
// demonstration then says so.
func free(n int) ([]string, error) {
	var out []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		out = append(out, l.Addr().String())
	}
	return out, nil
}

// tail keeps the last lines of what the program says, without the lines that
// hold a working key or token.
type tail struct {
	mu    sync.Mutex
	lines []string
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := bufio.NewScanner(strings.NewReader(string(b)))
	for s.Scan() {
		if strings.Contains(s.Text(), "test_") || strings.Contains(s.Text(), "Bearer") {
			continue
		}
		t.lines = append(t.lines, s.Text())
	}
	if n := len(t.lines) - 30; n > 0 {
		t.lines = t.lines[n:]
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(t.lines, "\n")
}

// view is a way in which pages are looked at.
type view struct {
	name   string
	width  int64
	script bool
}

// views are the ways in which every page is looked at.
var views = []view{
	{"wide", 1280, true},
	{"narrow", 320, true},
	{"without script", 1280, false},
}

// spaceViews are those of the spaces where somebody is logged in, whose pages
// are many: without script at the narrow width alone.
var spaceViews = append(views[:2:2], view{"narrow, without script", 320, false})

func tabFor(t *testing.T, width int64, script bool) *tab {
	t.Helper()
	return demo.browser.open(t, width, script, demo.api, demo.sim, demo.partners)
}
