package app

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"droits.example/droits/internal/fault"
)

// TLS says by which certificate this process proves itself, and which clients'
// certificates it takes. The files may be replaced while it runs.
type TLS struct {
	CertFile     string `toml:"cert_file" doc:"certificate chain (PEM) of listen.api and listen.mtls; empty = no TLS here; read anew when it changes"`
	KeyFile      string `toml:"key_file" doc:"its private key (PEM), mode 0400"`
	ClientCAFile string `toml:"client_ca_file" doc:"authorities (PEM) that clients' certificates must come from besides being bound to a key; empty = any"`
	APIInClear   bool   `toml:"api_in_clear" doc:"leaves listen.api without TLS: only behind a proxy on this machine that ends it"`
}

func (t TLS) check(mtls string) error {
	switch {
	case (t.CertFile == "") != (t.KeyFile == ""):
		return badConfig("tls.cert_file and tls.key_file go together")
	case t.CertFile == "" && (t.ClientCAFile != "" || t.APIInClear):
		return badConfig("tls needs cert_file and key_file")
	case t.CertFile == "" && mtls != "":
		return badConfig("listen.mtls needs tls.cert_file and tls.key_file")
	case t.ClientCAFile != "" && mtls == "":
		return badConfig("tls.client_ca_file needs listen.mtls: nobody asks for clients' certificates elsewhere")
	}
	return nil
}

// reloadEvery is how often the files of TLS are looked at.
const reloadEvery = 5 * time.Second

// tlsFiles is what was read last and could be used.
type tlsFiles struct {
	cert atomic.Pointer[tls.Certificate]
	mu   sync.Mutex
	seen [sha256.Size]byte // of the files' bytes, used or not
}

// openTLS reads the files at the start, when a mistake in them is told and
// ends the start. Errors: *ConfigError.
func (a *App) openTLS() error {
	t := a.Config.TLS
	if t.CertFile == "" {
		return nil
	}
	_, err := a.readTLS()
	return err
}

// ReloadTLS takes the files of TLS as they are now, for the handshakes that
// follow; connections that are open go on. Files that cannot be used leave what
// was read before in force, are told once and counted. Errors: *ConfigError.
func (a *App) ReloadTLS() error {
	if a.Config.TLS.CertFile == "" {
		return nil
	}
	changed, err := a.readTLS()
	switch {
	case err != nil && changed:
		a.metrics.reloads.WithLabelValues("failed").Inc()
		return err
	case changed:
		a.metrics.reloads.WithLabelValues("done").Inc()
	}
	return nil
}

// HangUp reads the files of TLS anew and logs what cannot be used.
func (a *App) HangUp() {
	if a.ReloadTLS() != nil {
		a.Logger.Warn("housekeeping", slog.String("event", "tls_reload"), slog.String("code", "service_indisponible"))
	}
}

// readTLS tells whether the files are others than the last time.
func (a *App) readTLS() (changed bool, err error) {
	t := a.Config.TLS
	files := []struct{ member, path string }{{"tls.cert_file", t.CertFile}, {"tls.key_file", t.KeyFile}, {"tls.client_ca_file", t.ClientCAFile}}
	var raw [3][]byte
	h := sha256.New()
	for i, f := range files {
		if f.path == "" {
			continue
		}
		if raw[i], err = os.ReadFile(f.path); err != nil {
			err = &ConfigError{f.member + ": " + unwrapPath(err)}
			break
		}
		h.Write(raw[i])
		h.Write([]byte{0})
	}
	a.tls.mu.Lock()
	defer a.tls.mu.Unlock()
	sum := [sha256.Size]byte(h.Sum(nil))
	changed = sum != a.tls.seen
	a.tls.seen = sum
	if err != nil || !changed {
		return changed, err
	}
	if err := ownerOnly("tls.key_file", t.KeyFile, "400"); err != nil {
		return true, err
	}
	pair, err := tls.X509KeyPair(raw[0], raw[1])
	if err != nil {
		return true, &ConfigError{"tls.cert_file and tls.key_file are not a pair of PEM files"}
	}
	var roots *x509.CertPool
	if t.ClientCAFile != "" {
		if roots = x509.NewCertPool(); !roots.AppendCertsFromPEM(raw[2]) {
			return true, &ConfigError{"tls.client_ca_file holds no certificate in PEM"}
		}
	}
	a.certs.Trust(roots)
	a.tls.cert.Store(&pair)
	return true, nil
}

func (a *App) tlsConfig() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return a.tls.cert.Load(), nil },
	}
}

// underTLS is the listener of the API and the pages.
func (a *App) underTLS(l net.Listener) net.Listener {
	if a.Config.TLS.CertFile == "" || a.Config.TLS.APIInClear {
		return l
	}
	return tls.NewListener(l, a.tlsConfig())
}

// underMutualTLS asks for a client certificate. The handshake proves that its
// holder has the key; whether it is bound, within its dates and from an
// authority is for the road, which answers with a problem and a trace where a
// failed handshake would say nothing.
func (a *App) underMutualTLS(l net.Listener) net.Listener {
	c := a.tlsConfig()
	c.ClientAuth = tls.RequestClientCert
	return tls.NewListener(l, c)
}

// partnersOnly is what is served to those who were asked for a certificate: the
// partner API, no page.
func (a *App) partnersOnly() http.Handler {
	lost := a.Edge.Refuse("unknown", fault.RessourceInconnue)
	return a.Edge.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.api.Handles(r.URL.Path) {
			a.api.ServeHTTP(w, r)
			return
		}
		lost.ServeHTTP(w, r)
	}))
}
