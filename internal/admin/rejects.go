package admin

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/intake"
)

// The reasons for which a place for rejects is refused.
const (
	RejectsIsInput   = "REJECTS_IS_INPUT"   // it is the file that is imported
	RejectsNotOurs   = "REJECTS_NOT_OURS"   // something else lies there
	RejectsUnwritten = "REJECTS_UNWRITABLE" // no file can be made there
)

// rejects collects the refused lines beside the place where they go: whatever
// lies there is replaced at the end, at once, or stays as it was.
type rejects struct {
	path string
	part *os.File // nil when nobody wants the lines
	n    int64
}

func refuseRejects(reason string) error {
	return fault.New(fault.ParametreInvalide, "admin: import").On("rejects_path").Because(reason)
}

// openRejects makes sure that nothing but an older file of rejects can be
// lost. Errors: parametre_invalide on rejects_path.
func openRejects(path, input string) (*rejects, error) {
	if path == "" {
		return &rejects{}, nil
	}
	switch there, err := os.Stat(path); {
	case err == nil:
		if in, err := os.Stat(input); err == nil && os.SameFile(there, in) {
			return nil, refuseRejects(RejectsIsInput)
		}
		if !there.Mode().IsRegular() || there.Size() > 0 && !holdsRejects(path) {
			return nil, refuseRejects(RejectsNotOurs)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, refuseRejects(RejectsUnwritten)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".rejects-*.part") // mode 0600
	if err != nil {
		return nil, refuseRejects(RejectsUnwritten)
	}
	return &rejects{path: path, part: f}, nil
}

// holdsRejects reports whether a file begins with a line that an import wrote.
func holdsRejects(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	line, err := bufio.NewReaderSize(f, 1<<12).ReadSlice('\n')
	if err != nil {
		return false
	}
	var r map[string]any
	if err := json.Unmarshal(line, &r); err != nil {
		return false
	}
	rule, _ := r["rule"].(string)
	_, numbered := r["line"].(float64)
	for name := range r {
		switch name {
		case "line", "type", "id", "rule", "member":
		default:
			return false
		}
	}
	return numbered && intake.Rule(rule).Text() != ""
}

// Write implements io.Writer.
func (r *rejects) Write(b []byte) (int, error) {
	n, err := r.part.Write(b)
	r.n += int64(n)
	return n, err
}

// close puts the lines in their place. Without any, an import that succeeded
// leaves no file of rejects and one that failed changes nothing.
func (r *rejects) close(succeeded bool) error {
	if r.part == nil {
		return nil
	}
	defer os.Remove(r.part.Name()) // nothing to remove once it is renamed
	if err := r.part.Close(); err != nil {
		return refuseRejects(RejectsUnwritten)
	}
	switch {
	case r.n > 0:
		if err := os.Rename(r.part.Name(), r.path); err != nil {
			return refuseRejects(RejectsUnwritten)
		}
	case succeeded:
		if err := os.Remove(r.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return refuseRejects(RejectsUnwritten)
		}
	}
	return nil
}
