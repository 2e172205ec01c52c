package clientauth

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"sync"
	"sync/atomic"
	"time"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
)

// Certificates checks the client certificates of all partners. It is safe for
// concurrent use.
type Certificates struct {
	clock   func() time.Time
	roots   atomic.Pointer[x509.CertPool]
	mu      sync.Mutex
	checked map[[sha256.Size]byte]chain
}

// chain remembers that a bound certificate was issued by one of the roots.
type chain struct {
	roots *x509.CertPool
	until time.Time
}

// chainFor is how long a chain that was checked is not checked again.
const chainFor = time.Minute

// NewCertificates checks certificates by a clock. Any issuer will do until
// Trust names some.
func NewCertificates(clock func() time.Time) *Certificates {
	return &Certificates{clock: clock, checked: map[[sha256.Size]byte]chain{}}
}

// Trust names the authorities that a certificate must come from besides being
// bound; nil = any.
func (c *Certificates) Trust(roots *x509.CertPool) { c.roots.Store(roots) }

// ParseCertificate reads one certificate in PEM and gives its fingerprint and
// its end. Errors: parametre_invalide on certificate, also for a file that
// holds a private key or more than one certificate.
func ParseCertificate(text []byte) (out partner.Certificate, err error) {
	bad := fault.New(fault.ParametreInvalide, "clientauth: certificate").On("certificate")
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return out, bad
	}
	if more, _ := pem.Decode(rest); more != nil {
		return out, bad
	}
	x, err := x509.ParseCertificate(block.Bytes)
	if err != nil || x.IsCA {
		return out, bad
	}
	return partner.Certificate{Digest: sha256.Sum256(x.Raw), EndsAt: x.NotAfter}, nil
}

func rejected(reason string) error {
	return fault.New(fault.CertificatInvalide, "clientauth: certificate").Because(reason)
}

// Check accepts the first of the certificates shown when it is one of those
// bound, within its dates, and issued by an authority that Trust named, if any.
// That its holder has the private key was proven by the handshake. Errors:
// certificat_invalide, one answer for all; the reason is for the trace.
func (c *Certificates) Check(bound []partner.Certificate, shown []*x509.Certificate) error {
	if len(shown) == 0 {
		return rejected("CERTIFICATE_ABSENT")
	}
	leaf, now := shown[0], c.clock()
	d := sha256.Sum256(leaf.Raw)
	known := false
	for _, b := range bound {
		known = known || b.Digest == d
	}
	switch {
	case !known:
		return rejected("CERTIFICATE_NOT_BOUND")
	case now.Before(leaf.NotBefore):
		return rejected("CERTIFICATE_EARLY")
	case !now.Before(leaf.NotAfter):
		return rejected("CERTIFICATE_EXPIRED")
	}
	return c.issued(d, shown, now)
}

// issued checks the chain, once a minute for each certificate: only bound ones
// are remembered.
func (c *Certificates) issued(d [sha256.Size]byte, shown []*x509.Certificate, now time.Time) error {
	roots := c.roots.Load()
	if roots == nil {
		return nil
	}
	c.mu.Lock()
	known := c.checked[d]
	c.mu.Unlock()
	if known.roots == roots && now.Before(known.until) {
		return nil
	}
	between := x509.NewCertPool()
	for _, x := range shown[1:] {
		between.AddCert(x)
	}
	_, err := shown[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil {
		return rejected("CERTIFICATE_ISSUER")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.checked[d] = chain{roots, now.Add(chainFor)}
	return nil
}
