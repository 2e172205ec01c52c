package apptest

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"droits.example/droits/internal/app"
)

// Identity is a certificate with its key, made for a test.
type Identity struct {
	tls.Certificate
	PEM, KeyPEM []byte
}

// NewIdentity makes a certificate good between two instants for this machine
// and for a client. It is signed by an authority, or by itself when that is
// nil.
func NewIdentity(t testing.TB, issuer *Identity, from, until time.Time) *Identity {
	t.Helper()
	return makeIdentity(t, issuer, &x509.Certificate{
		NotBefore: from, NotAfter: until, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	})
}

// NewAuthority makes one that signs identities.
func NewAuthority(t testing.TB, from, until time.Time) *Identity {
	t.Helper()
	return makeIdentity(t, nil, &x509.Certificate{NotBefore: from, NotAfter: until, IsCA: true, KeyUsage: x509.KeyUsageCertSign})
}

func makeIdentity(t testing.TB, issuer *Identity, x *x509.Certificate) *Identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	x.SerialNumber, x.Subject, x.BasicConstraintsValid = serial, pkix.Name{CommonName: "essai"}, true
	parent, signer := x, any(key)
	if issuer != nil {
		parent, signer = issuer.Leaf, issuer.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, x, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	id := &Identity{PEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), KeyPEM: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})}
	if id.Certificate, err = tls.X509KeyPair(id.PEM, id.KeyPEM); err != nil {
		t.Fatal(err)
	}
	return id
}

// Write puts certificate and key in files of a folder, in place of those that
// are there, and names them in the configuration.
func (id *Identity) Write(t testing.TB, dir string) app.TLS {
	t.Helper()
	c := app.TLS{CertFile: filepath.Join(dir, "serveur.pem"), KeyFile: filepath.Join(dir, "serveur.key")}
	for path, b := range map[string][]byte{c.CertFile: id.PEM, c.KeyFile: id.KeyPEM} {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// Under is the instance as its address for clients' certificates shows it to a
// client with a certificate, or without when that is nil.
func (in *Instance) Under(t testing.TB, id *Identity) *Instance {
	t.Helper()
	c := &tls.Config{InsecureSkipVerify: true} // who the server is, is not what is tested
	if id != nil {
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &id.Certificate, nil }
	}
	transport := &http.Transport{TLSClientConfig: c}
	t.Cleanup(transport.CloseIdleConnections)
	out := *in
	out.origin, out.stop = "https://"+in.mtls, nil
	out.client = &http.Client{Transport: transport, Timeout: 20 * time.Second}
	return &out
}

// Origin is what calls go to.
func (in *Instance) Origin() string { return cmp.Or(in.origin, in.URL) }
