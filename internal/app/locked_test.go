package app_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"droits.example/droits/internal/apptest"
)

// lockVariable makes the test binary hold the writer's locks of databases
// instead of running tests: a lock of the same process would not be in the way.
const lockVariable = "APPTEST_HOLD"

// walWriteLock is the byte of the shared-memory file that a writer in
// write-ahead mode locks (SQLite, file format, "WAL locks").
const walWriteLock = 120

func hold(pattern string) int {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		return 1
	}
	for _, path := range files {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return 1
		}
		defer f.Close()
		if err := syscall.FcntlFlock(f.Fd(), syscall.F_SETLKW, &syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart, Start: walWriteLock, Len: 1}); err != nil {
			return 1
		}
	}
	fmt.Println("held")
	_, _ = io.Copy(io.Discard, os.Stdin) // until the test closes it
	return 0
}

func TestTheDatabaseIsLocked(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	who := in.As(t, "famille-martin", in.Hospital)
	in.Get(t, "/me", who).Want(t, 200, "")
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), lockVariable+"="+filepath.Join(in.Dir, "*-shm"))
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || line != "held\n" {
		t.Fatal("the locks could not be taken")
	}
	t.Run("R41 a database that another process has locked answers 503, and no data", func(t *testing.T) {
		in.Get(t, "/me", who).Want(t, 503, "service_indisponible")
		if status, _ := in.Inside(t, "/healthz"); status != 200 {
			t.Error("the process does not live")
		}
	})
	if err := stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	t.Run("R41 and answers again once it is free", func(t *testing.T) { in.Get(t, "/me", who).Want(t, 200, "") })
}
