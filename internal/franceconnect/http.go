package franceconnect

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// newTransport is used when the configuration brings none. No proxy is read
// from the environment, and nothing is decompressed: an answer is never more
// than what was sent.
func newTransport() *http.Transport {
	return &http.Transport{
		DialContext:            (&net.Dialer{Timeout: defaultTimeout, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           128,
		MaxIdleConnsPerHost:    128,
		IdleConnTimeout:        60 * time.Second,
		TLSHandshakeTimeout:    defaultTimeout,
		MaxResponseHeaderBytes: 16 << 10,
		DisableCompression:     true,
	}
}

// request is one call to FranceConnect. Its header is shared and not modified.
type request struct {
	method string
	url    *url.URL
	header http.Header
	body   []byte
}

// reply is a complete answer within the size limit. body is empty unless the
// status is 200 and, once release is called, is not to be read any more.
type reply struct {
	status int
	header http.Header
	body   []byte
	room   *room
}

// release gives back the memory of the body.
func (r reply) release() {
	if r.room != nil {
		clear(r.room.buf.Bytes()) // somebody's identity
		rooms.Put(r.room)
	}
}

// room is memory for an answer.
type room struct {
	buf     bytes.Buffer
	limited io.LimitedReader
}

var rooms = sync.Pool{New: func() any { return new(room) }}

// send makes the call, at most twice: a second time only if the connection
// failed before an answer came. Errors: franceconnect_indisponible,
// franceconnect_lent. Causes are reasons of ours: the texts of net/http may
// quote what the other side sent.
func (v *Verifier) send(ctx context.Context, r *request) (reply, error) {
	rep, err := v.attempt(ctx, r)
	if err == errBroken {
		rep, err = v.attempt(ctx, r)
	}
	if err == errBroken {
		return reply{}, unavailable("CONNECTION_FAILED")
	}
	return rep, err
}

// errBroken says that no answer was received and none can come.
var errBroken = errors.New("franceconnect: connection failed")

func (v *Verifier) attempt(ctx context.Context, r *request) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, v.timeout)
	defer cancel()
	req := (&http.Request{
		Method: r.method, URL: r.url, Host: r.url.Host, Header: r.header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	if r.body != nil {
		req.ContentLength = int64(len(r.body))
		// Of this very type net/http knows that it lies in memory: headers and
		// body leave in one write.
		req.Body = io.NopCloser(bytes.NewReader(r.body))
	}
	resp, err := v.rt.RoundTrip(req)
	switch {
	case err != nil && isTimeout(ctx, err):
		return reply{}, late("TIMEOUT")
	case err != nil:
		return reply{}, errBroken
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		_, _ = io.CopyN(io.Discard, resp.Body, 4<<10) // keeps the connection
		return reply{status: resp.StatusCode, header: resp.Header}, nil
	}
	if resp.ContentLength > maxAnswer {
		return reply{}, unavailable("ANSWER_TOO_LARGE")
	}
	in := rooms.Get().(*room)
	in.buf.Reset()
	in.limited = io.LimitedReader{R: resp.Body, N: maxAnswer + 1}
	n, err := in.buf.ReadFrom(&in.limited)
	in.limited.R = nil
	if err == nil && n <= maxAnswer {
		return reply{200, resp.Header, in.buf.Bytes(), in}, nil
	}
	rooms.Put(in)
	switch {
	case err != nil && isTimeout(ctx, err):
		return reply{}, late("TIMEOUT")
	case err != nil:
		return reply{}, unavailable("ANSWER_TRUNCATED")
	}
	return reply{}, unavailable("ANSWER_TOO_LARGE")
}

func isTimeout(ctx context.Context, err error) bool {
	var t interface{ Timeout() bool }
	return ctx.Err() != nil || errors.As(err, &t) && t.Timeout()
}

// overloaded is the fault for a status 429; FranceConnect's own delay is told
// if it is a sane number of seconds.
func overloaded(h http.Header) error {
	f := unavailable("TOO_MANY_REQUESTS")
	if n, err := strconv.Atoi(h.Get("Retry-After")); err == nil && n > 0 && n <= 60 {
		return f.After(time.Duration(n) * time.Second)
	}
	return f
}
