package cli

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"droits.example/droits/internal/app"
)

// short makes a folder whose path leaves room for a socket's.
func short(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "d")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// asked is a command with the flag --data, and the names of those who answered.
func asked(t *testing.T, data string) error {
	t.Helper()
	c := &cobra.Command{}
	c.Flags().String("data", data, "")
	a, err := reachDemo(c)
	if err != nil {
		return err
	}
	return a.close()
}

func TestPointersToDemonstrations(t *testing.T) {
	one, two := short(t), short(t)
	t.Setenv("TMPDIR", t.TempDir())
	listen := func(dir string) net.Listener {
		t.Helper()
		l, err := net.Listen("unix", app.SocketPath(dir))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l
	}
	point := func(dir string, age time.Duration) func() {
		t.Helper()
		forget, err := remember(dir)
		if err != nil {
			t.Fatal(err)
		}
		made, err := filepath.Glob(filepath.Join(pointers(), "*.current"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range made {
			if b, err := os.ReadFile(f); err == nil && string(b) == dir {
				at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC).Add(-age)
				if err := os.Chtimes(f, at, at); err != nil {
					t.Fatal(err)
				}
			}
		}
		return forget
	}
	t.Run("nobody runs: no demonstration is found", func(t *testing.T) {
		if asked(t, "") == nil {
			t.Error("one is found")
		}
	})
	first := listen(one)
	forgetOne, forgetTwo := point(one, time.Hour), point(two, 0)
	t.Run("the newest is listed first, and a dead one is passed over", func(t *testing.T) {
		if got := running(); !slices.Equal(got, []string{two, one}) {
			t.Errorf("%d are listed, or in another order", len(got))
		}
		if err := asked(t, ""); err != nil { // two does not listen
			t.Error(err)
		}
	})
	t.Run("a demonstration that is named is the only one asked", func(t *testing.T) {
		if asked(t, two) == nil {
			t.Error("another one answers")
		}
		if err := asked(t, one); err != nil {
			t.Error(err)
		}
	})
	t.Run("a demonstration that stops takes its own pointer away", func(t *testing.T) {
		forgetTwo()
		if got := running(); !slices.Equal(got, []string{one}) {
			t.Errorf("%d are left", len(got))
		}
		forgetOne()
		first.Close()
		if len(running()) != 0 {
			t.Error("some are left")
		}
	})
	t.Run("a link, or a folder open to others, is not trusted", func(t *testing.T) {
		folder := pointers()
		if err := os.Chmod(folder, 0o777); err != nil {
			t.Fatal(err)
		}
		if _, err := remember(one); err == nil || len(running()) != 0 {
			t.Error("an open folder is used")
		}
		if err := os.Remove(folder); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(short(t), folder); err != nil {
			t.Fatal(err)
		}
		if _, err := remember(one); err == nil || len(running()) != 0 {
			t.Error("a link is followed")
		}
	})
}
