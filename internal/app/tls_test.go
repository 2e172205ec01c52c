package app_test

import (
	"context"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/app"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/clientauth"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/partner"
)

// years is a span around the tests' clock.
func years() (from, until time.Time) {
	return apptest.Noon().AddDate(-1, 0, 0), apptest.Noon().AddDate(1, 0, 0)
}

// bind binds a certificate to a partner's key, as the command line does.
func bind(t *testing.T, in *apptest.Instance, p apptest.Partner, id *apptest.Identity) partner.Certificate {
	t.Helper()
	c, err := clientauth.ParseCertificate(id.PEM)
	if err != nil {
		t.Fatal(err)
	}
	if err := in.App.Store.BindCertificate(t.Context(), p.KeyID, c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestMutualTLS(t *testing.T) {
	from, until := years()
	dir := t.TempDir()
	authority := apptest.NewAuthority(t, from, until.AddDate(5, 0, 0))
	server := apptest.NewIdentity(t, nil, from, until)
	files := server.Write(t, dir)
	files.APIInClear, files.ClientCAFile = true, filepath.Join(dir, "autorites.pem")
	if err := os.WriteFile(files.ClientCAFile, authority.PEM, 0o600); err != nil {
		t.Fatal(err)
	}
	in := apptest.Start(t, apptest.Options{Edit: func(c *app.Config) {
		c.TLS, c.Listen.MTLS, c.Proxies = files, "127.0.0.1:0", []string{"127.0.0.0/8"}
	}})
	strong := func() apptest.Partner {
		return in.SignUp(t, droits.Etablissement, func(d *convention.Document) { d.Auth = convention.AuthMTLS })
	}
	issued := func() *apptest.Identity { return apptest.NewIdentity(t, authority, from, until) }
	p, other := strong(), strong()
	own, theirs, next := issued(), issued(), issued()
	bound := bind(t, in, p, own)
	bind(t, in, other, theirs)
	call := func(at *apptest.Instance, p apptest.Partner, more ...apptest.Change) *apptest.Answer {
		t.Helper()
		return at.Get(t, "/me", append([]apptest.Change{in.As(t, "famille-martin", p)}, more...)...)
	}
	reason := func(want string) {
		t.Helper()
		if got := in.LastTrace(t).Internal["reasons"].([]any)[0]; got != want {
			t.Errorf("traced as %v", got)
		}
	}
	t.Run("R73 a call with the key and the certificate bound to it is served", func(t *testing.T) {
		call(in.Under(t, own), p).Want(t, 200, "")
	})
	t.Run("R73 the key alone is refused, at either address", func(t *testing.T) {
		call(in, p).Want(t, 401, "certificat_invalide")
		reason("CERTIFICATE_ABSENT")
		call(in.Under(t, nil), p).Want(t, 401, "certificat_invalide")
		in.Do(t, "/v1/partenaire/moi", apptest.Key(p)).Want(t, 401, "certificat_invalide")
	})
	t.Run("R73 a certificate named by a header counts for nothing, whatever proxies are trusted", func(t *testing.T) {
		for _, name := range []string{"X-Client-Cert", "X-SSL-Client-Cert", "Client-Cert", "X-Forwarded-Client-Cert", "Ssl-Client-Verify"} {
			call(in, p, apptest.With(name, strings.ReplaceAll(string(own.PEM), "\n", ""))).Want(t, 401, "certificat_invalide")
		}
	})
	t.Run("R73 the certificate of another partner is refused", func(t *testing.T) {
		call(in.Under(t, theirs), p).Want(t, 401, "certificat_invalide")
		reason("CERTIFICATE_NOT_BOUND")
	})
	t.Run("R73 a certificate that nobody knows is refused, and one of another authority", func(t *testing.T) {
		call(in.Under(t, issued()), p).Want(t, 401, "certificat_invalide")
		selfmade := apptest.NewIdentity(t, nil, from, until)
		bind(t, in, p, selfmade)
		call(in.Under(t, selfmade), p).Want(t, 401, "certificat_invalide")
		reason("CERTIFICATE_ISSUER")
	})
	t.Run("a convention that asks for no certificate serves at that address too, and no page is there", func(t *testing.T) {
		call(in.Under(t, nil), in.Hospital).Want(t, 200, "")
		in.Under(t, nil).Do(t, "/mon-espace").Want(t, 404, "ressource_inconnue")
	})
	t.Run("R74 two certificates are good while one follows the other, then the new one alone", func(t *testing.T) {
		bind(t, in, p, next)
		call(in.Under(t, own), p).Want(t, 200, "")
		call(in.Under(t, next), p).Want(t, 200, "")
		open := in.Under(t, own) // a connection that stays open
		call(open, p).Want(t, 200, "")
		if err := in.App.Store.UnbindCertificate(t.Context(), p.KeyID, hex.EncodeToString(bound.Digest[:])); err != nil {
			t.Fatal(err)
		}
		call(open, p).Want(t, 401, "certificat_invalide")
		call(in.Under(t, next), p).Want(t, 200, "")
	})
	t.Run("R73 an expired certificate is refused, on a connection that was open before its end too", func(t *testing.T) {
		open := in.Under(t, next)
		call(open, p).Want(t, 200, "")
		defer in.Clock.Set(apptest.Noon())
		in.Clock.Set(until)
		call(open, p).Want(t, 401, "certificat_invalide")
		reason("CERTIFICATE_EXPIRED")
		call(in.Under(t, next), p).Want(t, 401, "certificat_invalide")
	})
	t.Run("a malformed request is answered with a problem under TLS too", func(t *testing.T) {
		c, err := tls.Dial("tcp", strings.TrimPrefix(in.Under(t, nil).Origin(), "https://"), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		b := make([]byte, 4096)
		if _, err := c.Write([]byte("BONJOUR\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		n, err := c.Read(b)
		if err != nil || !strings.Contains(string(b[:n]), "problem+json") {
			t.Errorf("%v, %.80q", err, b[:n])
		}
	})
}

func TestCertificatesAreReadAnew(t *testing.T) {
	from, until := years()
	dir := t.TempDir()
	first, second := apptest.NewIdentity(t, nil, from, until), apptest.NewIdentity(t, nil, from, until)
	in := apptest.Start(t, apptest.Options{V1Only: true, Edit: func(c *app.Config) { c.TLS = first.Write(t, dir) }})
	shown := func() *apptest.Identity {
		t.Helper()
		c, err := tls.Dial("tcp", strings.TrimPrefix(in.URL, "http://"), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for _, id := range []*apptest.Identity{first, second} {
			if c.ConnectionState().PeerCertificates[0].Equal(id.Leaf) {
				return id
			}
		}
		return nil
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	ask := func(want int) {
		t.Helper()
		r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, strings.Replace(in.URL, "http:", "https:", 1)+in.Base+"/me", nil)
		if err != nil {
			t.Fatal(err)
		}
		in.As(t, "famille-martin", in.Hospital)(r)
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("answered %d", resp.StatusCode)
		}
	}
	t.Run("the API is under TLS when a certificate is configured", func(t *testing.T) { ask(200) })
	t.Run("a request in clear gets nothing, and the next caller is served", func(t *testing.T) {
		c, err := net.Dial("tcp", strings.TrimPrefix(in.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Write([]byte("GET /v1/partenaire/moi HTTP/1.1\r\nHost: droits\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		if b, _ := io.ReadAll(c); strings.Contains(string(b), "HTTP/1.1 200") || strings.Contains(string(b), "convention") {
			t.Errorf("answered %.60q", b)
		}
		ask(200)
	})
	t.Run("a key that others can read is not taken", func(t *testing.T) {
		second.Write(t, dir)
		if err := os.Chmod(in.App.Config.TLS.KeyFile, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := in.App.ReloadTLS(); err == nil || shown() != first {
			t.Error("taken")
		}
		first.Write(t, dir)
		if err := errors.Join(os.Chmod(in.App.Config.TLS.KeyFile, 0o600), in.App.ReloadTLS()); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("files that cannot be used leave the former certificate in force, and are told once", func(t *testing.T) {
		if err := os.WriteFile(in.App.Config.TLS.CertFile, second.PEM, 0o600); err != nil { // without its key: half written
			t.Fatal(err)
		}
		err := in.App.ReloadTLS()
		if bad := (*app.ConfigError)(nil); !errors.As(err, &bad) {
			t.Errorf("%v", err)
		}
		if err := in.App.ReloadTLS(); err != nil {
			t.Error("told twice")
		}
		if shown() != first {
			t.Error("the former certificate is not shown any more")
		}
		if _, m := in.Inside(t, "/metrics"); !strings.Contains(m, `droits_tls_reloads_total{outcome="failed"} 2`) {
			t.Error("not counted")
		}
	})
	t.Run("new files are shown to the next connections, and those that are open go on", func(t *testing.T) {
		second.Write(t, dir)
		if err := in.App.ReloadTLS(); err != nil {
			t.Fatal(err)
		}
		if shown() != second {
			t.Error("the new certificate is not shown")
		}
		ask(200)
	})
}
