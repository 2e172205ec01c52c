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
	opts := &slog.HandlerOptions{Level: level, ReplaceAttr: func(groups []string, at slog.Attr) slog.Attr {
		if len(groups) > 0 || !logged[at.Key] {
			return slog.Attr{}
		}
		return at
	}}
	if c.Format == "text" {
		return slog.New(slog.NewTextHandler(w, opts))
	}
	return slog.New(slog.NewJSONHandler(w, opts))
}

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
