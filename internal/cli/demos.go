package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// errForeign says that the folder of pointers is not this user's own.
var errForeign = errors.New("the folder of the running demonstrations belongs to somebody else, or is open to others")

// pointers is the folder in which each running demonstration keeps a file that
// names its data directory, so that droits demo token finds it.
func pointers() string {
	return filepath.Join(os.TempDir(), "droits-demos-"+strconv.Itoa(os.Getuid()))
}

// own refuses a folder that another user could have made or could write in: a
// name in a folder of temporary files is anybody's to take.
func own(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || info.Mode().Perm()&0o077 != 0 || !ok || int(st.Uid) != os.Getuid() {
		return errForeign
	}
	return nil
}

// remember points to a demonstration; forget takes that pointer away, and no
// other.
func remember(dir string) (forget func(), err error) {
	folder := pointers()
	if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	if err := own(folder); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(folder, "*.current") // mode 0600
	if err != nil {
		return nil, err
	}
	forget = func() { os.Remove(f.Name()) }
	if _, err := f.WriteString(dir); err != nil {
		forget()
		return nil, errors.Join(err, f.Close())
	}
	return forget, f.Close()
}

// running lists the data directories that were pointed to, the newest first.
func running() (out []string) {
	folder := pointers()
	if own(folder) != nil {
		return nil
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	var files []fs.FileInfo
	for _, e := range entries {
		if i, err := e.Info(); err == nil && i.Mode().IsRegular() {
			files = append(files, i)
		}
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int { return b.ModTime().Compare(a.ModTime()) })
	for _, i := range files {
		if b, err := os.ReadFile(filepath.Join(folder, i.Name())); err == nil {
			out = append(out, strings.TrimSpace(string(b)))
		}
	}
	return out
}

// reachDemo reaches the demonstration that --data names, or the newest that
// answers.
func reachDemo(c *cobra.Command) (*administration, error) {
	dirs := []string{text(c, "data")}
	if dirs[0] == "" {
		dirs = running()
	}
	for _, dir := range dirs {
		if a := dial(dir); a != nil {
			return a, nil
		}
	}
	return nil, &exitError{ExitNotFound, errors.New("no demonstration is running; start one with: " + program() + " demo")}
}
