// Package edge is what every HTTP request meets first and last: limits, time,
// an id, recovery, headers, one event for the log, and the shape of errors. It
// hides the HTTP server's own habits, which are not ours.
package edge

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"droits.example/droits/internal/fault"
)

// Limits of a request (contract.md, "Errors": 413, 414, 431).
const (
	MaxHeader = 32 << 10
	MaxURL    = 2048
	MaxBody   = 8 << 10
)

// Config is what the edge needs.
type Config struct {
	Logger    *slog.Logger
	Clock     func() time.Time
	PublicURL string         // origin of the error pages, without a final slash
	Trusted   []netip.Prefix // proxies whose X-Forwarded-For counts
	Observe   func(*Event)   // called once a request, for metrics; may be nil
	// Forms tells the requests whose handler reads their body, and bounds it;
	// nil = none does.
	Forms func(*http.Request) bool
}

// Edge wraps handlers. It is safe for concurrent use.
type Edge struct{ Config }

// New returns an edge.
func New(c Config) *Edge { return &Edge{c} }

// Event is the one line that a request leaves in the log: a closed list, in
// which no personal datum has a place.
type Event struct {
	RequestID string
	Method    string
	Route     string // name of the route, never the URL
	Status    int
	Code      string // error code, "" when none
	Reason    string // internal reason of a fault
	Duration  time.Duration
	Bytes     int
	Partner   string
	Key       string
	Trace     int64 // index of the trace, -1 when none
}

// Writer is the ResponseWriter that handlers of this package receive.
type Writer struct {
	http.ResponseWriter
	Event *Event
	Addr  netip.Addr // the client's
	wrote bool
	event Event
	puts  int
	room  [8]string
}

// Put sets a header whose name is canonical already.
func (w *Writer) Put(name, value string) {
	if w.puts == len(w.room) {
		w.Header()[name] = []string{value}
		return
	}
	n := w.puts
	w.puts++
	w.room[n] = value
	w.Header()[name] = w.room[n : n+1 : n+1]
}

// WriteHeader notes the status.
func (w *Writer) WriteHeader(status int) {
	if !w.wrote {
		w.wrote, w.Event.Status = true, status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write notes the size.
func (w *Writer) Write(b []byte) (int, error) {
	if !w.wrote {
		w.WriteHeader(http.StatusOK)
	}
	n, err := w.ResponseWriter.Write(b)
	w.Event.Bytes += n
	return n, err
}

// Unwrap serves http.ResponseController.
func (w *Writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// HandlerFunc is a handler that may fail; its error becomes problem+json.
type HandlerFunc func(w *Writer, r *http.Request) error

// Handle adapts a handler to net/http under a route's name, within the limits
// of size. The request must have come through Wrap.
func (e *Edge) Handle(route string, h HandlerFunc) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w := rw.(*Writer)
		w.Event.Route = route
		err := e.tooLarge(r)
		if err == nil {
			err = h(w, r)
		}
		if err != nil {
			e.Problem(w, err)
		}
	})
}

// Refuse is a handler that answers one code whatever is asked. It looks at no
// size: that a route or a method does not exist is told first (contract.md,
// "The first that applies wins").
func (e *Edge) Refuse(route string, c fault.Code) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w := rw.(*Writer)
		w.Event.Route = route
		e.Problem(w, fault.New(c, "edge: refuse"))
	})
}

func (e *Edge) tooLarge(r *http.Request) error {
	switch {
	case len(r.RequestURI) > MaxURL:
		return fault.New(fault.AdresseTropLongue, "edge: url")
	case e.Forms != nil && e.Forms(r):
	case r.ContentLength > MaxBody, r.ContentLength < 0: // of a length that nobody told: none is expected
		return fault.New(fault.RequeteTropGrande, "edge: body")
	}
	return nil
}

// patience is how long what is left of a body that nobody wants is drained
// before the connection is closed, so that a caller still writing can read the
// answer, which has left already.
const patience = 500 * time.Millisecond

// hangUp ends the server's habit of waiting for the rest of a body that no
// route reads.
func hangUp(rw http.ResponseWriter) {
	c := http.NewResponseController(rw)
	time.AfterFunc(patience, func() { _ = c.SetReadDeadline(time.Unix(1, 0)) }) // an error: it is closed already
}

// Clean reports whether the path of an address is one that no router rewrites:
// it starts with a slash and holds no empty segment, "." or "..", written out
// or percent-encoded. A router would answer any other with a redirection that
// repeats it, and what it repeats may be somebody's number.
func Clean(u *url.URL) bool {
	p := u.Path
	if p == "" || p[0] != '/' || strings.Contains(p, "//") {
		return false
	}
	return !strings.Contains(p, "/./") && !strings.Contains(p, "/../") && !strings.HasSuffix(p, "/.") && !strings.HasSuffix(p, "/..")
}

// Wrap is the outermost handler: id, recovery, log. A path that is not Clean
// is answered ressource_inconnue whatever the method; a request that brings a
// body nobody reads is the last one of its connection.
func (e *Edge) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		begin := e.Clock()
		w := &Writer{ResponseWriter: rw, Addr: e.addr(r)}
		w.Event = &w.event
		w.Event.RequestID, w.Event.Method, w.Event.Trace = requestID(r.Header), method(r.Method), -1
		w.Put("X-Request-Id", w.Event.RequestID)
		h := rw.Header()
		h["X-Content-Type-Options"] = nosniff // a canonical key
		defer e.finish(w, r, begin)
		if r.ContentLength != 0 && (e.Forms == nil || !e.Forms(r)) {
			h["Connection"] = closing
			hangUp(rw)
		}
		if !Clean(r.URL) {
			w.Event.Route = "unknown"
			e.Problem(w, fault.New(fault.RessourceInconnue, "edge: path"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (e *Edge) finish(w *Writer, r *http.Request, begin time.Time) {
	if p := recover(); p != nil {
		if p == http.ErrAbortHandler {
			panic(p)
		}
		w.Event.Reason = "PANIC"
		if !w.wrote {
			e.Problem(w, fault.New(fault.ErreurInterne, "edge: recovered").Because("PANIC"))
		}
	}
	end := e.Clock()
	w.Event.Duration = end.Sub(begin)
	if e.Observe != nil {
		e.Observe(w.Event)
	}
	e.log(r.Context(), end, w.Event)
}

// log hands the event to the logger's handler: the logger itself would look
// for the line of source that speaks, which is always this one.
func (e *Edge) log(ctx context.Context, at time.Time, v *Event) {
	if e.Logger == nil {
		return
	}
	level := slog.LevelInfo
	switch {
	case v.Status == 502 || v.Status == 504:
		level = slog.LevelWarn
	case v.Status >= 500:
		level = slog.LevelError
	}
	h := e.Logger.Handler()
	if !h.Enabled(ctx, level) {
		return
	}
	line := slog.NewRecord(at, level, "request", 0)
	line.AddAttrs(
		slog.String("request_id", v.RequestID), slog.String("method", v.Method), slog.String("route", v.Route),
		slog.Int("status", v.Status), slog.String("code", v.Code), slog.String("reason", v.Reason),
		slog.Int64("duration_us", v.Duration.Microseconds()), slog.Int("bytes", v.Bytes),
		slog.String("partner", v.Partner), slog.String("key", v.Key), slog.Int64("trace", v.Trace))
	_ = h.Handle(ctx, line) // a log that cannot be written fails no call
}

var (
	nosniff = []string{"nosniff"}
	closing = []string{"close"}
)

// requestID echoes a well-formed id of the caller's, or makes one. One that
// could carry a NIR is replaced (contract.md).
func requestID(h http.Header) string {
	if v := h["X-Request-Id"]; len(v) == 1 && Opaque(v[0]) {
		return v[0]
	}
	var drawn [15]byte
	rand.Read(drawn[:])
	b := append(make([]byte, 0, 28), "req-"...)
	return string(letters.AppendEncode(b, drawn[:]))
}

// letters is base32 in small letters.
var letters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567")

// Opaque reports whether s is 1–64 of [A-Za-z0-9._-] and holds nothing of the
// shape of a NIR: what callers may choose as an identifier, and what we may
// repeat.
func Opaque(s string) bool {
	if len(s) == 0 || len(s) > 64 {
		return false
	}
	for _, c := range []byte(s) {
		if !digit(c) && !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '.' || c == '_' || c == '-') {
			return false
		}
	}
	for i := range max(0, len(s)-nirLen+1) {
		if nirShaped(s[i : i+nirLen]) {
			return false
		}
	}
	return true
}

const nirLen = 13

// nirShaped reports 13 digits in a row, or a Corsican number: a letter A or B
// after the 2 of the département (identity.md §1).
func nirShaped(s string) bool {
	for i, c := range []byte(s) {
		if digit(c) || i == 6 && s[5] == '2' && strings.IndexByte("AaBb", c) >= 0 {
			continue
		}
		return false
	}
	return true
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// method keeps the log's field closed: an invented verb is not repeated.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "OTHER"
}

// addr is the client's address: the socket's, or the last one that a trusted
// proxy vouches for.
func (e *Edge) addr(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	a := ap.Addr().Unmap()
	if len(e.Trusted) == 0 {
		return a
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && e.trusts(a); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		a = next.Unmap()
	}
	return a
}

func (e *Edge) trusts(a netip.Addr) bool {
	for _, p := range e.Trusted {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// Server returns an http.Server with our limits for the handler.
func (e *Edge) Server(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, MaxHeaderBytes: MaxHeader,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 60 * time.Second, IdleTimeout: 90 * time.Second,
		ErrorLog: slog.NewLogLogger(discard{}, slog.LevelInfo), DisableGeneralOptionsHandler: true,
	}
}

// discard drops the server's own messages: they hold addresses and headers.
type discard struct{}

func (discard) Enabled(context.Context, slog.Level) bool  { return false }
func (discard) Handle(context.Context, slog.Record) error { return nil }
func (d discard) WithAttrs([]slog.Attr) slog.Handler      { return d }
func (d discard) WithGroup(string) slog.Handler           { return d }

// Serve serves until the context ends, then lets running requests finish for
// at most the given time.
func (e *Edge) Serve(ctx context.Context, l net.Listener, h http.Handler, drain time.Duration) error {
	srv := e.Server(h)
	done := make(chan error, 1)
	go func() { done <- srv.Serve(e.Listener(l)) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	err := srv.Shutdown(stop)
	if e := <-done; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}
