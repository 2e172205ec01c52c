package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"testing"

	"droits.example/droits/internal/app"
	"droits.example/droits/internal/apptest"
)

func TestMain(m *testing.M) {
	if pattern := os.Getenv(lockVariable); pattern != "" {
		os.Exit(hold(pattern))
	}
	os.Exit(apptest.Main(m))
}

// control calls the administration through the socket of the data directory,
// as the command line does.
func control(t *testing.T, in *apptest.Instance, method, path string, body any) (int, []byte) {
	t.Helper()
	c := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", app.SocketPath(in.Dir))
	}}}
	defer c.CloseIdleConnections()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, "http://droits"+path, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal("no answer from the socket")
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, out
}
