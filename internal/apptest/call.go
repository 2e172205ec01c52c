package apptest

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"droits.example/droits/internal/edge"
)

// Change alters a request before it leaves.
type Change func(*http.Request)

// With adds a header; adding one twice sends it twice.
func With(name, value string) Change { return func(r *http.Request) { r.Header.Add(name, value) } }

// Without removes a header.
func Without(name string) Change { return func(r *http.Request) { r.Header.Del(name) } }

// Method replaces GET.
func Method(m string) Change { return func(r *http.Request) { r.Method = m } }

// Key presents the partner's key alone.
func Key(p Partner) Change { return func(r *http.Request) { r.Header.Set("X-API-Key", p.Key) } }

// Bearer presents a token.
func Bearer(token string) Change {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

// As presents the partner's key and a fresh token of the person.
func (in *Instance) As(t testing.TB, slug string, p Partner, scopes ...string) Change {
	t.Helper()
	token := in.Token(t, slug, p, scopes...)
	return func(r *http.Request) { Key(p)(r); Bearer(token)(r) }
}

// NIROf selects a sandbox person by its number.
func (in *Instance) NIROf(t testing.TB, slug string) Change {
	t.Helper()
	return With("nir", in.NIR(t, slug))
}

// Answer is what came back, held against the contract.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Get calls a path below the base path, query included, and holds the answer
// against the contract: document, headers, form of refusals.
func (in *Instance) Get(t testing.TB, path string, changes ...Change) *Answer {
	t.Helper()
	return in.Do(t, in.Base+path, changes...)
}

// Plain calls like Get and judges nothing, for calls whose time is measured.
func (in *Instance) Plain(t testing.TB, path string, changes ...Change) *Answer {
	t.Helper()
	_, a := in.send(t, in.Base+path, changes)
	return a
}

// Inside reads a page of the internal address: health and metrics.
func (in *Instance) Inside(t testing.TB, path string) (status int, body string) {
	t.Helper()
	resp, err := in.client.Get(in.Internal + path)
	if err != nil {
		t.Fatal("apptest: no answer from the internal address")
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal("apptest: the answer of the internal address is cut")
	}
	return resp.StatusCode, string(b)
}

// Do calls a path of the origin.
func (in *Instance) Do(t testing.TB, path string, changes ...Change) *Answer {
	t.Helper()
	r, a := in.send(t, path, changes)
	in.Judge(t, r, a)
	return a
}

func (in *Instance) send(t testing.TB, path string, changes []Change) (*http.Request, *Answer) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, in.Origin()+path, nil)
	if err != nil {
		t.Fatal("apptest: request")
	}
	for _, c := range changes {
		c(r)
	}
	resp, err := in.client.Do(r)
	if err != nil {
		t.Fatalf("apptest: no answer from %s", r.URL.Path)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("apptest: the answer of %s is cut", r.URL.Path)
	}
	return r, &Answer{resp.StatusCode, resp.Header, body}
}

// Raw writes bytes on a new connection to the API and reads everything that
// comes back, for requests that no client library would send.
func (in *Instance) Raw(t testing.TB, request string) string {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(in.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	done := make(chan struct{})
	go func() { defer close(done); _, _ = io.WriteString(c, request) }() // the server may stop reading
	b, _ := io.ReadAll(c)
	c.Close()
	<-done
	return string(b)
}

// Object is the answer as a JSON object.
func (a *Answer) Object(t testing.TB) map[string]any {
	t.Helper()
	var v map[string]any
	if a.Status != http.StatusOK || json.Unmarshal(a.Body, &v) != nil {
		t.Fatalf("status %d, code %q instead of an object", a.Status, a.Code())
	}
	return v
}

// List is the answer as a JSON array of objects.
func (a *Answer) List(t testing.TB) []map[string]any {
	t.Helper()
	var v []map[string]any
	if a.Status != http.StatusOK || json.Unmarshal(a.Body, &v) != nil || v == nil {
		t.Fatalf("status %d, code %q instead of an array", a.Status, a.Code())
	}
	return v
}

// Problem is the answer as a problem.
func (a *Answer) Problem() (p edge.Problem) {
	_ = json.Unmarshal(a.Body, &p) // judged on arrival
	return p
}

// Code is the error code, "" of a success.
func (a *Answer) Code() string {
	if a.Status < 300 {
		return ""
	}
	return a.Problem().Code
}

// Want fails the test unless the answer has the status and the error code, ""
// for a success.
func (a *Answer) Want(t testing.TB, status int, code string) *Answer {
	t.Helper()
	if a.Status != status || a.Code() != code {
		t.Fatalf("answered %d %q, want %d %q", a.Status, a.Code(), status, code)
	}
	return a
}
