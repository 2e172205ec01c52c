package relying

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestClient(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/long":
			_, _ = io.WriteString(w, strings.Repeat("x", 2*maxAnswer))
		case "/elsewhere":
			http.Redirect(w, r, "/long", http.StatusFound)
		}
	}))
	defer srv.Close()
	c := Client(nil, time.Second)
	read := func(path string) (int, int) {
		t.Helper()
		resp, err := c.Get(srv.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, len(b)
	}
	if _, n := read("/long"); n != maxAnswer {
		t.Errorf("an answer of %d bytes is read", n)
	}
	if status, _ := read("/elsewhere"); status != http.StatusFound {
		t.Errorf("a redirection is followed: %d", status)
	}
	t.Run("what failed is told from what is late", func(t *testing.T) {
		over, cancel := context.WithCancel(context.Background())
		cancel()
		for want, f := range map[Class]*Failure{Late: CallFailure(over, io.ErrUnexpectedEOF), Broken: CallFailure(context.Background(), io.ErrUnexpectedEOF)} {
			if f.Class != want || strings.Contains(f.Error(), "EOF") {
				t.Errorf("%+v", f)
			}
		}
		if f := CallFailure(context.Background(), fmt.Errorf("outer: %w", context.DeadlineExceeded)); f.Class != Late {
			t.Errorf("%+v", f)
		}
	})
	t.Run("a return that lacks something is refused before any call", func(t *testing.T) {
		p := New(Config{Issuer: "https://id.example", TokenURL: "http://127.0.0.1:1/", Clock: time.Now, HTTP: c})
		for _, r := range []Return{{}, {Code: "c", Issuer: "https://id.example"}, {Code: "c", Nonce: "n"}, {Issuer: "https://id.example", Nonce: "n"}, {Code: "c", Issuer: "https://autre.example", Nonce: "n"}} {
			_, err := p.Redeem(context.Background(), r)
			var f *Failure
			if !errors.As(err, &f) || f.Class != Refused || f.Reason != "LOGIN_RETURN" {
				t.Errorf("%+v", err)
			}
		}
	})
	for _, x := range []any{Config{ClientSecret: "tres-secret"}, Login{Raw: "tres-secret", access: "tres-secret"}} {
		if s := fmt.Sprintf("%v %+v %#v", x, x, x); strings.Contains(s, "tres-secret") {
			t.Errorf("%T is printed", x)
		}
	}
}
