package bench

import (
	"bytes"
	"io"
	"net/http"
	"sync"
)

// recorder keeps the first answer of each address and gives it again.
type recorder struct {
	next http.RoundTripper
	mu   sync.Mutex
	kept map[string]recorded
}

type recorded struct {
	status int
	header http.Header
	body   []byte
}

// RoundTrip implements http.RoundTripper.
func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, ok := r.kept[req.URL.Path]
	if !ok {
		resp, err := r.next.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		k = recorded{status: resp.StatusCode, header: resp.Header}
		if k.body, err = io.ReadAll(resp.Body); err != nil {
			return nil, err
		}
		if r.kept == nil {
			r.kept = map[string]recorded{}
		}
		r.kept[req.URL.Path] = k
	}
	return &http.Response{StatusCode: k.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: k.header.Clone(), Body: io.NopCloser(bytes.NewReader(k.body)), ContentLength: int64(len(k.body)), Request: req}, nil
}
