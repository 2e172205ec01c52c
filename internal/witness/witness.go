// Package witness is what a third party runs to watch a log: it cosigns a
// checkpoint when it continues the last one that it cosigned, and never one that
// does not. It hides how what was cosigned is remembered.
//
// Source: C2SP tlog-witness and tlog-cosignature; trust.md §3a.
package witness

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"droits.example/droits/internal/trace"
)

// Config says who witnesses what.
type Config struct {
	Name  string // key name: a host, with a path if it likes
	Seed  trace.Seed
	Logs  trace.Keys // of the logs that are watched; every other one is unknown
	State string     // file of what was cosigned, created when missing
	Clock func() time.Time
}

// Witness watches logs. It is safe for concurrent use; one process holds a
// state.
type Witness struct {
	c    Config
	lock *os.File
	mu   sync.Mutex
	seen map[string]cosigned // by origin; what the file holds
}

// cosigned is the last head of a log.
type cosigned struct {
	Size int64  `json:"size"`
	Root string `json:"root"` // base64
}

// ErrHeld says that another process holds the state.
var ErrHeld = errors.New("witness: another process holds this state")

// ErrState says that the state cannot be read: a witness that forgets what it
// cosigned is none.
var ErrState = errors.New("witness: the state cannot be read; put it back, or begin another witness with another key")

// Open takes the state. Errors: ErrHeld, ErrState, and the file system's.
func Open(c Config) (*Witness, error) {
	if c.Clock == nil || c.Name == "" {
		return nil, errors.New("witness: a name and a clock are required")
	}
	lock, err := os.OpenFile(c.State+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(ErrHeld, lock.Close())
	}
	c.Logs.Undated = true // other logs need not say when they sign
	w := &Witness{c: c, lock: lock}
	if w.seen, err = w.read(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return w, nil
}

// Close gives the state back.
func (w *Witness) Close() error { return w.lock.Close() }

// Key is the line under which this witness's cosignatures are checked.
func (w *Witness) Key() string { return w.c.Seed.WitnessKey(w.c.Name) }

func (w *Witness) read() (map[string]cosigned, error) {
	out := map[string]cosigned{}
	b, err := os.ReadFile(w.c.State)
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(b, &out) != nil {
		return nil, ErrState
	}
	for _, s := range out {
		if root, err := base64.StdEncoding.DecodeString(s.Root); err != nil || len(root) != trace.HashSize || s.Size < 0 {
			return nil, ErrState
		}
	}
	return out, nil
}

// write puts the state in its place, on disk.
func (w *Witness) write(next map[string]cosigned) error {
	b, err := json.MarshalIndent(next, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(w.c.State), ".witness-*.part") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // nothing to remove once it is renamed
	_, err = f.Write(append(b, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), w.c.State); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(w.c.State))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// AddCheckpointPath is where a log submits.
const AddCheckpointPath = "/add-checkpoint"

// Handler serves the protocol: POST /add-checkpoint, and GET / for whoever wants
// the key.
func (w *Witness) Handler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("POST "+AddCheckpointPath, w.addCheckpoint)
	m.HandleFunc("GET /{$}", func(out http.ResponseWriter, _ *http.Request) {
		out.Header().Set("Content-Type", "text/plain; charset=utf-8")
		io.WriteString(out, w.Key()+"\n")
	})
	return m
}

// Serve answers on a listener until the context ends. It writes no log: what a
// witness knows is in its state.
func (w *Witness) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler: w.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 8 << 10,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	go func() {
		<-ctx.Done()
		srv.Close()
	}()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (w *Witness) addCheckpoint(out http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(out, r.Body, trace.MaxSubmission))
	if err != nil {
		http.Error(out, "too long", http.StatusRequestEntityTooLarge)
		return
	}
	line, size, status := w.Submit(body)
	switch status {
	case http.StatusOK:
		out.Header().Set("Content-Type", "text/plain; charset=utf-8")
		io.WriteString(out, line)
	case http.StatusConflict:
		out.Header().Set("Content-Type", "text/x.tlog.size")
		out.WriteHeader(status)
		io.WriteString(out, strconv.FormatInt(size, 10)+"\n")
	default:
		http.Error(out, http.StatusText(status), status)
	}
}

// Submit answers a submission with an HTTP status: 200 and the cosignature,
// once it is remembered; 400 for what cannot be read, or an old size beyond the
// checkpoint's; 403 when the log did not sign it; 404 for a log that is not
// watched; 409 and the size last cosigned when the submission starts from
// another, or holds another root for it; 422 when the proof does not prove; 500
// when it cannot be remembered.
func (w *Witness) Submit(body []byte) (line string, size int64, status int) {
	s, err := trace.ParseSubmission(body)
	if err != nil {
		return "", 0, http.StatusBadRequest
	}
	c, err := w.c.Logs.Open(s.Checkpoint)
	var f *trace.Flaw
	switch {
	case errors.As(err, &f) && f.Check == trace.FlawNote:
		return "", 0, http.StatusBadRequest
	case errors.As(err, &f) && f.Check == trace.FlawOrigin:
		return "", 0, http.StatusNotFound
	case err != nil:
		return "", 0, http.StatusForbidden
	case s.Old > c.Size:
		return "", 0, http.StatusBadRequest
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	last, known := w.seen[c.Origin]
	older := trace.Head{Origin: c.Origin, Size: last.Size, Root: trace.EmptyRoot()}
	if known {
		root, _ := base64.StdEncoding.DecodeString(last.Root) // checked when it was read
		older.Root = [trace.HashSize]byte(root)
	}
	switch {
	case s.Old != last.Size, s.Old == c.Size && older.Root != c.Root:
		return "", last.Size, http.StatusConflict
	case trace.CheckConsistency(older, c.Head, s.Proof) != nil:
		return "", 0, http.StatusUnprocessableEntity
	}
	next := map[string]cosigned{}
	for origin, seen := range w.seen {
		next[origin] = seen
	}
	next[c.Origin] = cosigned{c.Size, base64.StdEncoding.EncodeToString(c.Root[:])}
	if err := w.write(next); err != nil {
		return "", 0, http.StatusInternalServerError
	}
	w.seen = next
	if line, err = w.c.Seed.Cosign(w.c.Name, c.Head, w.c.Clock()); err != nil {
		return "", 0, http.StatusInternalServerError
	}
	return line, c.Size, http.StatusOK
}
