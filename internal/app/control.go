package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"io"
)

// listenControl opens the control socket of the data directory, 0600. The
// directory's lock is held, so a socket left behind by a crash is stale.
func (a *App) listenControl() (net.Listener, error) {
	path := SocketPath(a.Config.Data)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, &ConfigError{"data: the path is too long for a socket, or the folder cannot be written"}
	}
	return l, os.Chmod(path, 0o600)
}

func serveControl(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)}
	go func() {
		<-ctx.Done()
		srv.Close()
	}()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// newLogger writes a closed list of attributes: a key that is not listed is
// dropped, so that a value nobody thought of cannot leave.
func newLogger(c Log, w io.Writer) *slog.Logger {
	if w == nil {
		w = os.Stderr
	}
	level := slog.LevelInfo
	_ = level.UnmarshalText([]byte(c.Level)) // checked with the configuration
	opts := &slog.HandlerOptions{Level: level}
	if c.Format == "text" {
		return slog.New(closedList{slog.NewTextHandler(w, opts)})
	}
	return slog.New(closedList{slog.NewJSONHandler(w, opts)})
}

// closedList drops attributes that are not listed, groups with them.
type closedList struct{ next slog.Handler }

// Enabled implements slog.Handler.
func (c closedList) Enabled(ctx context.Context, l slog.Level) bool { return c.next.Enabled(ctx, l) }

// Handle implements slog.Handler. A record that holds only listed attributes
// passes as it is.
func (c closedList) Handle(ctx context.Context, r slog.Record) error {
	closed := true
	r.Attrs(func(a slog.Attr) bool { closed = logged[a.Key]; return closed })
	if !closed {
		kept := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
		r.Attrs(func(a slog.Attr) bool {
			if logged[a.Key] {
				kept.AddAttrs(a)
			}
			return true
		})
		r = kept
	}
	return c.next.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (c closedList) WithAttrs(attrs []slog.Attr) slog.Handler {
	var kept []slog.Attr
	for _, a := range attrs {
		if logged[a.Key] {
			kept = append(kept, a)
		}
	}
	return closedList{c.next.WithAttrs(kept)}
}

// WithGroup implements slog.Handler: a group has no place in the list.
func (c closedList) WithGroup(string) slog.Handler { return c }

// logged is the closed list of what a log line may hold.
var logged = map[string]bool{
	slog.TimeKey: true, slog.LevelKey: true, slog.MessageKey: true,
	"event": true, "request_id": true, "method": true, "route": true, "status": true, "code": true, "reason": true,
	"duration_us": true, "bytes": true, "partner": true, "key": true, "trace": true, "operation": true, "profile": true,
	"outcome": true, "client": true, "endpoint": true, "page": true, "app": true,
}

// Version is the program's, from the build.
func Version() string {
	if i, ok := debug.ReadBuildInfo(); ok {
		for _, s := range i.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				return "0.1-" + s.Value[:12]
			}
		}
	}
	return "0.1"
}
