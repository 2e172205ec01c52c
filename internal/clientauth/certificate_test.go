package clientauth

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
)

var began = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// certificate is one good for an hour from began, signed by itself.
func certificate(t testing.TB, authority bool) (*x509.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	x := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: began, NotAfter: began.Add(time.Hour), IsCA: authority, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, x, x, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	x, err = x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return x, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestCertificates(t *testing.T) { // R73
	own, text := certificate(t, false)
	other, _ := certificate(t, false)
	bound, err := ParseCertificate(text)
	if err != nil || !bound.EndsAt.Equal(own.NotAfter) {
		t.Fatalf("%v %v", err, bound.EndsAt)
	}
	strangers := x509.NewCertPool()
	strangers.AddCert(other)
	for _, x := range []struct {
		name  string
		bound []partner.Certificate
		shown []*x509.Certificate
		at    time.Duration
		roots *x509.CertPool
		want  string
	}{
		{"R73 a bound certificate within its dates is accepted", []partner.Certificate{bound}, []*x509.Certificate{own}, 0, nil, ""},
		{"R74 the second of two that are bound is accepted", []partner.Certificate{{}, bound}, []*x509.Certificate{own}, time.Minute, nil, ""},
		{"R73 no certificate is refused", []partner.Certificate{bound}, nil, 0, nil, "CERTIFICATE_ABSENT"},
		{"R73 nothing bound means nothing accepted", nil, []*x509.Certificate{own}, 0, nil, "CERTIFICATE_NOT_BOUND"},
		{"R73 another one is refused", []partner.Certificate{bound}, []*x509.Certificate{other}, 0, nil, "CERTIFICATE_NOT_BOUND"},
		{"R73 a bound one that comes second in the chain is refused", []partner.Certificate{bound}, []*x509.Certificate{other, own}, 0, nil, "CERTIFICATE_NOT_BOUND"},
		{"R73 one that is not good yet is refused", []partner.Certificate{bound}, []*x509.Certificate{own}, -time.Second, nil, "CERTIFICATE_EARLY"},
		{"R73 one is refused from its end on", []partner.Certificate{bound}, []*x509.Certificate{own}, time.Hour, nil, "CERTIFICATE_EXPIRED"},
		{"R73 one from another authority is refused", []partner.Certificate{bound}, []*x509.Certificate{own}, 0, strangers, "CERTIFICATE_ISSUER"},
	} {
		t.Run(x.name, func(t *testing.T) {
			c := NewCertificates(func() time.Time { return began.Add(x.at) })
			c.Trust(x.roots)
			err := c.Check(x.bound, x.shown)
			if x.want == "" {
				if err != nil {
					t.Error(err)
				}
			} else if f := fault.From(err); f.Code() != fault.CertificatInvalide || f.Reason() != x.want {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestParseCertificate(t *testing.T) {
	_, good := certificate(t, false)
	_, authority := certificate(t, true)
	for name, text := range map[string][]byte{
		"nothing":             nil,
		"not PEM":             []byte("certificat"),
		"a private key":       pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{1}}),
		"bytes that are none": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{1}}),
		"two certificates":    bytes.Repeat(good, 2),
		"an authority":        authority,
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			if _, err := ParseCertificate(text); !fault.Is(err, fault.ParametreInvalide) {
				t.Errorf("%v", err)
			}
		})
	}
}

func FuzzParseCertificate(f *testing.F) {
	_, good := certificate(f, false)
	f.Add(good)
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, b []byte) { _, _ = ParseCertificate(b) })
}
