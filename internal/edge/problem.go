package edge

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"math"
	"net"
	"net/http"
	"strconv"
	"time"

	"droits.example/droits/internal/fault"
)

// Problem is the wire shape of an error (RFC 9457), with our members code and
// champ.
type Problem struct {
	Type     string `json:"type"`
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Detail   string `json:"detail"`
	Instance string `json:"instance,omitempty"`
	Code     string `json:"code"`
	Champ    string `json:"champ,omitempty"`
}

// TypeURL is the address of the page that documents a code.
func (e *Edge) TypeURL(c fault.Code) string {
	return e.PublicURL + "/documentation/erreurs/" + string(c)
}

func (e *Edge) problem(f *fault.Fault, id string) Problem {
	x := f.Code().Entry()
	return Problem{Type: e.TypeURL(x.Code), Title: x.Title, Status: x.Status, Detail: x.Detail, Instance: id, Code: string(x.Code), Champ: f.Field()}
}

// Problem answers an error: one door from inner errors to public ones. What is
// not a fault of ours becomes erreur_interne. Nothing received is echoed.
func (e *Edge) Problem(w *Writer, err error) {
	f := fault.From(err)
	w.Event.Code, w.Event.Reason = string(f.Code()), f.Reason()
	h := w.Header()
	for _, k := range []string{"X-Periode", "X-Donnees-Au", "Etag", "Last-Modified"} {
		h.Del(k)
	}
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	switch f.Code() {
	case fault.CleAbsente, fault.CleInvalide:
		h.Set("WWW-Authenticate", `ApiKey realm="api-droits"`)
	case fault.AssertionInvalide:
		h.Set("WWW-Authenticate", `ClientAssertion realm="api-droits"`)
	case fault.CertificatInvalide:
		h.Set("WWW-Authenticate", `ClientCertificate realm="api-droits"`)
	case fault.JetonAbsent:
		h.Set("WWW-Authenticate", `Bearer realm="api-droits"`)
	case fault.JetonInvalide:
		h.Set("WWW-Authenticate", `Bearer realm="api-droits", error="invalid_token"`)
	case fault.MethodeNonPermise:
		h.Set("Allow", http.MethodGet)
	}
	if d := retryAfter(f); d > 0 {
		h.Set("Retry-After", strconv.Itoa(d))
	}
	p := e.problem(f, w.Event.RequestID)
	b, _ := json.Marshal(p) // strings and a number: it cannot fail
	w.WriteHeader(p.Status)
	w.Write(append(b, '\n'))
}

// retryAfter is in whole seconds; an error that may pass always has one.
func retryAfter(f *fault.Fault) int {
	d := f.RetryAfter()
	if d == 0 && f.Code().Entry().Retry && f.Kind() != fault.Internal {
		d = 5 * time.Second
	}
	return int(math.Ceil(d.Seconds()))
}

// Listener makes the HTTP server's own refusals, which it writes on the
// connection before any handler runs, into problems like the others.
func (e *Edge) Listener(l net.Listener) net.Listener { return listener{l, e} }

type listener struct {
	net.Listener
	e *Edge
}

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if t, ok := c.(*tls.Conn); ok {
		return &secureConn{conn{c, l.e}, t}, nil
	}
	return &conn{c, l.e}, nil
}

// secureConn is a connection under TLS: what it writes is seen before it is
// encrypted, so that the server's own refusals are turned into problems there
// too.
type secureConn struct {
	conn
	tls *tls.Conn
}

// handshakeFor bounds a handshake.
const handshakeFor = 5 * time.Second

// ConnectionState ends the handshake and tells what it established; the server
// asks for it before the first request and gives it to each of them. After a
// handshake that failed nothing can be read.
func (c *secureConn) ConnectionState() tls.ConnectionState {
	ctx, cancel := context.WithTimeout(context.Background(), handshakeFor)
	defer cancel()
	if c.tls.HandshakeContext(ctx) != nil {
		c.Close()
	}
	return c.tls.ConnectionState()
}

type conn struct {
	net.Conn
	e *Edge
}

// serverError is how net/http begins the body of a refusal of its own.
var serverError = []byte("\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n")

// serverRefusal reports whether what is about to be written is a refusal of
// the server's own: one with the text above, or a 417, which it gives without
// a body to an Expect that it does not know and which no handler gives.
func serverRefusal(p []byte) bool {
	if len(p) < 12 || p[9] != '4' && p[9] != '5' || !bytes.HasPrefix(p, []byte("HTTP/1.")) {
		return false
	}
	return bytes.HasPrefix(p[8:], []byte(" 417")) || bytes.HasPrefix(p, []byte("HTTP/1.1 ")) && bytes.Contains(p, serverError)
}

func (c *conn) Write(p []byte) (int, error) {
	if !serverRefusal(p) {
		return c.Conn.Write(p)
	}
	code := fault.RequeteMalformee
	if bytes.HasPrefix(p[9:], []byte("431")) {
		code = fault.EnteteTropLong
	}
	f := fault.New(code, "edge: server")
	id := requestID(nil)
	pr := c.e.problem(f, id)
	b, _ := json.Marshal(pr)
	var out bytes.Buffer
	out.WriteString("HTTP/1.1 " + strconv.Itoa(pr.Status) + " " + http.StatusText(pr.Status) + "\r\nContent-Type: application/problem+json\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Request-Id: " + id + "\r\nConnection: close\r\nContent-Length: " + strconv.Itoa(len(b)) + "\r\n\r\n")
	out.Write(b)
	if _, err := c.Conn.Write(out.Bytes()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// CloseWrite lets the server end its side first, as it does with a TCP
// connection, so that a caller still writing can read the refusal.
func (c *conn) CloseWrite() error {
	if h, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return h.CloseWrite()
	}
	return nil
}
