package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"

	"droits.example/droits/internal/app"
	"droits.example/droits/internal/civil"
)

// The kinds of servers that are compared, each in a process of its own.
const (
	workerBare   = "bare"   // net/http, the bytes prepared
	workerEncode = "encode" // net/http, two headers checked, the same JSON encoded
	workerFull   = "full"   // the platform
	workerImport = "import" // imports a file, prints what it took, and ends
	workerInsert = "insert" // writes the rows of a population again, and ends
)

// WorkerConfig is what one server of a benchmark is told.
type WorkerConfig struct {
	Kind, Dir, Profile string
	File               string // of an import
	Persons            int
}

// Worker serves one kind until its standard input closes. It prints its
// address first.
func Worker(ctx context.Context, c WorkerConfig, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { io.Copy(io.Discard, in); cancel() }()
	kind, dir, persons := c.Kind, c.Dir, c.Persons
	switch kind {
	case workerBare, workerEncode:
		return yardstick(ctx, kind, out)
	case workerImport, workerInsert:
		return storeWorker(ctx, c, out)
	}
	w, err := readSouls(dir)
	if errors.Is(err, fs.ErrNotExist) {
		w, err = build(ctx, dir, persons, false)
	}
	if err != nil {
		return err
	}
	a, err := w.open(ctx)
	if err != nil {
		return err
	}
	defer a.Close()
	debug.FreeOSMemory() // what building the world took is not the server's
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	i, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if c.Profile != "" {
		f, err := os.Create(c.Profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	fmt.Fprintln(out, l.Addr())
	return a.Run(ctx, app.Listeners{API: l, Internal: i})
}

// sampleMe has the size and shape of an answer of /me.
type sampleMe struct {
	NIR       string `json:"nir"`
	Nom       string `json:"nom_famille"`
	Prenom    string `json:"prenom"`
	Naissance string `json:"date_naissance"`
	Rang      int    `json:"rang_naissance"`
	Qualite   string `json:"qualite"`
	Medecin   bool   `json:"medecin_traitant_choisi"`
	CMUC      bool   `json:"presence_CMUC_ACS"`
}

func yardstick(ctx context.Context, kind string, out io.Writer) error {
	me := sampleMe{"285062B00992567", "EXEMPLE-FICTIF", "Marie-Claude", "1985-06-14", 1, "assure", true, false}
	body, err := json.Marshal(me)
	if err != nil {
		return err
	}
	h := func(w http.ResponseWriter, r *http.Request) {
		b := body
		if kind == workerEncode {
			if r.Header.Get("X-API-Key") == "" || !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			if _, err := civil.Parse("2026-11-22"); err != nil {
				return
			}
			b, _ = json.Marshal(me)
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Write(b)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: http.HandlerFunc(h), ReadHeaderTimeout: 5 * time.Second}
	go func() { <-ctx.Done(); srv.Close() }()
	fmt.Fprintln(out, l.Addr())
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// process is a running worker.
type process struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	addr string
}

func start(ctx context.Context, c ServeConfig, kind, dir string) (*process, error) {
	args := []string{"bench", "worker", "--kind", kind, "--dir", dir, "--persons", strconv.Itoa(c.Persons)}
	if c.Profile != "" && kind == workerFull {
		args = append(args, "--profile", c.Profile)
	}
	cmd := exec.CommandContext(ctx, c.Exe, args...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, in: in}
	if _, err := fmt.Fscanln(out, &p.addr); err != nil {
		return nil, errors.Join(errors.New("bench: a worker did not start"), p.stop())
	}
	return p, nil
}

// stop closes the worker's input, which ends it, and waits.
func (p *process) stop() error {
	p.in.Close()
	done := make(chan error, 1)
	go func() { done <- p.cmd.Wait() }()
	select {
	case err := <-done:
		return err
	case <-time.After(15 * time.Second):
		p.cmd.Process.Signal(syscall.SIGKILL)
		return errors.New("bench: a worker did not stop")
	}
}

// cpu is the processor time that the worker has used.
func (p *process) cpu() time.Duration {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "stat"))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(raw), ") ")
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// resident is the worker's resident memory in bytes.
func (p *process) resident() int64 {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "status"))
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(raw), "\n") {
		if v, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, _ := strconv.ParseInt(strings.Fields(v)[0], 10, 64)
			return n << 10
		}
	}
	return 0
}
