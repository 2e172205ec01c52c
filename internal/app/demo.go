package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/edge"
	"droits.example/droits/internal/franceconnect"
	"droits.example/droits/internal/intake"
	"droits.example/droits/internal/sim/fcsim"
	"droits.example/droits/internal/sim/partners"
	"droits.example/droits/internal/sim/people"
	"droits.example/droits/internal/sim/prosim"
)

// DemoConfig says where a demonstration listens and where its data go.
type DemoConfig struct {
	Data     string // kept between runs; a temporary folder when empty
	API      string // addresses; port 0 takes any free one
	Sim      string
	Partners string
	Internal string
	Seed     int64
	Clock    func() time.Time
	Logs     io.Writer
}

// DefaultDemo listens on loopback at the addresses of data-format.md.
func DefaultDemo() DemoConfig {
	return DemoConfig{API: "127.0.0.1:8080", Sim: "127.0.0.1:8081", Partners: "127.0.0.1:8082", Internal: "127.0.0.1:8083", Seed: 1}
}

// Demo is a whole demonstration in one process: the platform, the simulated
// FranceConnect, two sample partners and fictitious people.
type Demo struct {
	App       *App
	Sim       *fcsim.Simulator
	Pro       *prosim.Simulator
	People    []people.Person
	Summary   intake.Summary
	URLs      DemoURLs
	config    DemoConfig
	clock     func() time.Time
	listeners map[string]net.Listener
	partners  http.Handler
	temporary bool
}

// DemoURLs is where a demonstration answers; the ready file holds it.
type DemoURLs struct {
	API      string `json:"api"`
	Sim      string `json:"simulator"`
	Pro      string `json:"identity_provider"`
	Partners string `json:"partners"`
	Internal string `json:"internal"`
	BaseURL  string `json:"base_url"`
	Data     string `json:"data"`
}

// PortError says that an address is taken and how to choose another.
type PortError struct{ Flag, Address string }

// Error says both.
func (e *PortError) Error() string {
	return fmt.Sprintf("address %s is already in use; choose another with --%s ADDRESS (port 0 takes any free one)", e.Address, e.Flag)
}

// NewDemo prepares everything: sockets, keys, people, partners, conventions.
// Errors: *PortError, store.ErrLocked, *ConfigError.
func NewDemo(ctx context.Context, c DemoConfig) (d *Demo, err error) {
	d = &Demo{config: c, clock: c.Clock, listeners: map[string]net.Listener{}}
	if d.clock == nil {
		d.clock = time.Now
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
			d = nil
		}
	}()
	if err := d.listen(); err != nil {
		return d, err
	}
	if err := d.folder(); err != nil {
		return d, err
	}
	d.People = people.Sandbox(c.Seed, civil.On(d.clock()))
	keys, err := franceconnect.GenerateKeys()
	if err != nil {
		return d, err
	}
	if err := d.simulate(); err != nil {
		return d, err
	}
	if d.App, err = d.newApp(ctx, keys); err != nil {
		return d, err
	}
	if err := d.seed(ctx); err != nil {
		return d, err
	}
	d.partners, err = partners.New(d.samplePartners())
	return d, err
}

func (d *Demo) listen() error {
	for _, x := range []struct{ flag, addr string }{{"api", d.config.API}, {"sim", d.config.Sim}, {"partners", d.config.Partners}, {"internal", d.config.Internal}} {
		host, _, err := net.SplitHostPort(x.addr)
		if err != nil || !loopback(host) {
			return &ConfigError{"--" + x.flag + " must be a loopback address such as 127.0.0.1:8080: the demonstration is not for a network"}
		}
		l, err := net.Listen("tcp", x.addr)
		if err != nil {
			return &PortError{x.flag, x.addr}
		}
		d.listeners[x.flag] = l
	}
	url := func(flag string) string { return "http://" + d.listeners[flag].Addr().String() }
	d.URLs = DemoURLs{API: url("api"), Sim: url("sim"), Pro: url("sim") + ProPath, Partners: url("partners"), Internal: url("internal"), BaseURL: url("api") + "/v1/droits/beneficiaires"}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (d *Demo) folder() (err error) {
	d.URLs.Data = d.config.Data
	if d.URLs.Data == "" {
		d.temporary = true
		d.URLs.Data, err = os.MkdirTemp("", "droits-demo-")
		return err
	}
	if d.URLs.Data, err = filepath.Abs(d.URLs.Data); err != nil {
		return err
	}
	if err := os.MkdirAll(d.URLs.Data, 0o700); err != nil {
		return err
	}
	return d.closeFolder()
}

// closeFolder takes other users' access to a folder that is the
// demonstration's own: empty, or made by an earlier run. Any other one is
// somebody's, and stays as it is.
func (d *Demo) closeFolder() error {
	info, err := os.Stat(d.URLs.Data)
	if err != nil || info.Mode().Perm()&0o077 == 0 {
		return err
	}
	inside, err := os.ReadDir(d.URLs.Data)
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(d.URLs.Data, "root.key")); err != nil && len(inside) > 0 {
		return &ConfigError{"--data: the folder holds something else and is open to others; choose a folder of its own"}
	}
	return os.Chmod(d.URLs.Data, 0o700)
}

// Run serves everything until the context ends; ready is called once when
// every part answers.
func (d *Demo) Run(ctx context.Context, ready func() error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make(chan error, 3)
	e := edge.New(edge.Config{Clock: d.clock, PublicURL: d.URLs.API})
	go func() {
		errs <- d.App.Run(ctx, Listeners{API: d.listeners["api"], Internal: d.listeners["internal"]})
		cancel()
	}()
	go func() { errs <- serveSim(ctx, e, d.listeners["sim"], Simulators(d.Sim, d.Pro)) }()
	go func() { errs <- serveSim(ctx, e, d.listeners["partners"], d.partners) }()
	err := d.awaitReady(ctx)
	if err == nil && ready != nil {
		err = ready()
	}
	if err != nil {
		cancel()
	}
	all := []error{err}
	for range cap(errs) {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}

// serveSim serves a simulated program with the limits of the platform's own.
func serveSim(ctx context.Context, e *edge.Edge, l net.Listener, h http.Handler) error {
	srv := e.Server(h)
	go func() {
		<-ctx.Done()
		srv.Close()
	}()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// awaitReady asks each part until it answers.
func (d *Demo) awaitReady(ctx context.Context) error {
	for _, u := range []string{d.URLs.API + "/", d.URLs.Sim + "/", d.URLs.Partners + "/", d.URLs.Internal + "/readyz"} {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req) // the sockets are open: the kernel queues the call until the server accepts
		if err != nil {
			return err
		}
		resp.Body.Close()
	}
	return nil
}

// Close stops what Run did not and removes a temporary folder.
func (d *Demo) Close() (err error) {
	for _, l := range d.listeners {
		l.Close()
	}
	if d.App != nil {
		err = d.App.Close()
	}
	if d.temporary && d.URLs.Data != "" {
		err = errors.Join(err, os.RemoveAll(d.URLs.Data))
	}
	return err
}

// Ready writes the ready file: where everything answers, as JSON.
func (d *Demo) Ready(path string) error {
	b, err := json.MarshalIndent(d.URLs, "", "  ")
	if err != nil {
		return err
	}
	tmp := path + ".part"
	if err := os.WriteFile(tmp, append(b, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
