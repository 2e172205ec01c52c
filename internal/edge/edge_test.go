package edge_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/edge"
	"droits.example/droits/internal/fault"
)

func TestOpaque(t *testing.T) {
	for s, want := range map[string]bool{
		"a": true, "dossier-2026.11_42": true, strings.Repeat("x", 64): true, "550e8400-e29b-41d4-a716-446655440000": true,
		"123456789012": true, "123456789013a3456789": true, "4bf92f3577b34da6a3ce929d0e0e4736": true,
		"": false, strings.Repeat("x", 65): false, "deux mots": false, "é": false, "a/b": false, "a\nb": false, "a:b": false,
		"1850312047912": false, "x1850312047912y": false, "185031204791274": false,
		"185032A047912": false, "185032b04791274": false, "req-285102B033912.": false,
	} {
		if got := edge.Opaque(s); got != want {
			t.Errorf("R10 an identifier of %d bytes: got %v, want %v", len(s), got, want)
		}
	}
}

func FuzzOpaque(f *testing.F) {
	f.Add("dossier-1")
	f.Add("1850312047912")
	f.Add("185032A047912")
	f.Fuzz(func(t *testing.T, s string) {
		if !edge.Opaque(s) {
			return
		}
		if len(s) > 64 || strings.ContainsAny(s, " \r\n\"\\<>&/:") {
			t.Error("an identifier that could break a line, a page or a header")
		}
	})
}

// house serves one handler behind an edge, with its log.
type house struct {
	*edge.Edge
	log    *apptest.Buffer
	mu     sync.Mutex
	events []edge.Event
}

func open(t *testing.T, trusted ...string) *house {
	t.Helper()
	h := &house{log: &apptest.Buffer{}}
	var nets []netip.Prefix
	for _, s := range trusted {
		nets = append(nets, netip.MustParsePrefix(s))
	}
	h.Edge = edge.New(edge.Config{
		Logger: slog.New(slog.NewJSONHandler(h.log, nil)), Clock: apptest.Noon, PublicURL: "http://droits.example", Trusted: nets,
		Observe: func(e *edge.Event) { h.mu.Lock(); defer h.mu.Unlock(); h.events = append(h.events, *e) },
	})
	return h
}

func (h *house) serve(t *testing.T, f edge.HandlerFunc) string {
	t.Helper()
	return apptest.Wrap(t, h.Edge, h.Wrap(h.Handle("essai", f)))
}

func get(t *testing.T, url string, header ...string) (*http.Response, edge.Problem) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var p edge.Problem
	_ = json.Unmarshal(b, &p) // a page is no problem
	return resp, p
}

func TestProblems(t *testing.T) {
	h := open(t)
	var next error
	url := h.serve(t, func(w *edge.Writer, r *http.Request) error {
		w.Header().Set("X-Periode", "2026-11-22/2027-11-22")
		w.Header().Set("Etag", `"1"`)
		return next
	})
	for _, e := range fault.Catalogue() {
		t.Run("R79 "+string(e.Code)+" is written as its catalogue says", func(t *testing.T) {
			next = fault.New(e.Code, "edge: test").On("champ").Because("PRIVATE_REASON").With(errors.New("private cause"))
			resp, p := get(t, url)
			if resp.StatusCode != e.Status || p.Status != e.Status || p.Code != string(e.Code) || p.Title != e.Title || p.Detail != e.Detail || p.Champ != "champ" {
				t.Errorf("answered %d %+v", resp.StatusCode, p)
			}
			if p.Type != "http://droits.example/documentation/erreurs/"+string(e.Code) || p.Instance != resp.Header.Get("X-Request-Id") {
				t.Error("type or instance")
			}
			if resp.Header.Get("Content-Type") != "application/problem+json" || resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("X-Periode") != "" || resp.Header.Get("Etag") != "" {
				t.Error("headers")
			}
			if e.Kind == fault.TooMany || e.Kind == fault.Upstream || e.Kind == fault.Unavailable {
				if resp.Header.Get("Retry-After") == "" {
					t.Error("no Retry-After")
				}
			}
		})
	}
	t.Run("a delay is told in whole seconds, never too short", func(t *testing.T) {
		for d, want := range map[time.Duration]string{time.Millisecond: "1", time.Second: "1", 1001 * time.Millisecond: "2", 90 * time.Second: "90"} {
			next = fault.New(fault.QuotaDepasse, "edge: test").After(d)
			if resp, _ := get(t, url); resp.Header.Get("Retry-After") != want {
				t.Errorf("%v is told as %s", d, resp.Header.Get("Retry-After"))
			}
		}
	})
	t.Run("what is not a fault of ours is an internal error and nothing more", func(t *testing.T) {
		next = errors.New("sql: connection refused to 10.0.0.3")
		resp, p := get(t, url)
		if resp.StatusCode != 500 || p.Code != "erreur_interne" || strings.Contains(p.Detail+p.Champ, "sql") {
			t.Errorf("answered %d %+v", resp.StatusCode, p)
		}
	})
	t.Run("R10 neither the cause nor the reason reach the caller, the cause not even the log", func(t *testing.T) {
		if strings.Contains(h.log.String(), "private cause") || !strings.Contains(h.log.String(), "PRIVATE_REASON") {
			t.Error("the log holds the cause, or lacks the reason")
		}
	})
}

func TestRecovery(t *testing.T) {
	h := open(t)
	url := h.serve(t, func(w *edge.Writer, r *http.Request) error {
		if r.URL.Path == "/apres" {
			w.WriteHeader(http.StatusOK)
		}
		panic("185031204791274 panicked")
	})
	t.Run("R10 a panic becomes an internal error that tells nothing", func(t *testing.T) {
		resp, p := get(t, url+"/avant")
		if resp.StatusCode != 500 || p.Code != "erreur_interne" || strings.Contains(h.log.String(), "1850312") || !strings.Contains(h.log.String(), "PANIC") {
			t.Errorf("answered %d %+v", resp.StatusCode, p)
		}
	})
	t.Run("a panic after the status leaves the status", func(t *testing.T) {
		if resp, _ := get(t, url+"/apres"); resp.StatusCode != 200 {
			t.Errorf("answered %d", resp.StatusCode)
		}
	})
}

func TestOneLineARequest(t *testing.T) {
	h := open(t)
	url := h.serve(t, func(w *edge.Writer, r *http.Request) error { _, err := w.Write([]byte("bonjour")); return err })
	get(t, url+"/185031204791274?nir=185031204791274", "nir", "185031204791274", "Cookie", "secret", "X-Request-Id", "dossier-7")
	t.Run("R10 R69 a request leaves one line of a closed list of fields, without its URL", func(t *testing.T) {
		line := strings.TrimSpace(h.log.String())
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal("not one line of JSON")
		}
		for k := range fields {
			if !strings.Contains(" time level msg request_id method route status code reason duration_us bytes partner key trace ", " "+k+" ") {
				t.Errorf("the field %s is not in the list", k)
			}
		}
		if strings.Contains(line, "1850312") || strings.Contains(line, "secret") || fields["request_id"] != "dossier-7" || fields["bytes"] != 7.0 || fields["route"] != "essai" {
			t.Error("the line tells too much or too little")
		}
	})
	t.Run("R69 the same event is observed once", func(t *testing.T) {
		h.mu.Lock()
		defer h.mu.Unlock()
		if len(h.events) != 1 || h.events[0].Status != 200 || h.events[0].Trace != -1 {
			t.Errorf("%d events", len(h.events))
		}
	})
}

func TestClientAddress(t *testing.T) {
	for _, c := range []struct {
		name    string
		trusted []string
		header  []string
		want    string
	}{
		{"without a trusted proxy the header counts for nothing", nil, []string{"192.0.2.7"}, "127.0.0.1"},
		{"a trusted proxy vouches for the last hop", []string{"127.0.0.0/8"}, []string{"203.0.113.9, 192.0.2.7"}, "192.0.2.7"},
		{"a chain of trusted proxies is walked back", []string{"127.0.0.0/8", "192.0.2.0/24"}, []string{"203.0.113.9, 192.0.2.7"}, "203.0.113.9"},
		{"what the client wrote before an untrusted hop counts for nothing", []string{"127.0.0.0/8", "192.0.2.0/24"}, []string{"10.1.1.1, 203.0.113.9, 192.0.2.7"}, "203.0.113.9"},
		{"several headers are one list", []string{"127.0.0.0/8"}, []string{"203.0.113.9", "192.0.2.8"}, "192.0.2.8"},
		{"a hop that is no address ends the walk", []string{"127.0.0.0/8"}, []string{"203.0.113.9, inconnu"}, "127.0.0.1"},
		{"a trusted proxy without a header is the client", []string{"127.0.0.0/8"}, nil, "127.0.0.1"},
		{"an address of version 6 is read", []string{"127.0.0.0/8"}, []string{"2001:db8::7"}, "2001:db8::7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := open(t, c.trusted...)
			got := make(chan string, 1)
			url := h.serve(t, func(w *edge.Writer, r *http.Request) error { got <- w.Addr.String(); return nil })
			var header []string
			for _, v := range c.header {
				header = append(header, "X-Forwarded-For", v)
			}
			get(t, url, header...)
			if a := <-got; a != c.want {
				t.Errorf("got %s, want %s", a, c.want)
			}
		})
	}
}

func TestSlowClients(t *testing.T) {
	h := open(t)
	url := h.serve(t, func(w *edge.Writer, r *http.Request) error { _, err := w.Write([]byte("bonjour")); return err })
	dial := func() net.Conn {
		c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	t.Run("a client that never ends its headers is cut off, and keeps nobody waiting", func(t *testing.T) {
		begin := time.Now()
		var slow []net.Conn
		for range 50 {
			c := dial()
			if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nX-Lent: "); err != nil {
				t.Fatal(err)
			}
			slow = append(slow, c)
		}
		if resp, _ := get(t, url); resp.StatusCode != 200 || time.Since(begin) > 3*time.Second {
			t.Error("others wait")
		}
		for _, c := range slow {
			if err := c.SetReadDeadline(begin.Add(20 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if b, err := io.ReadAll(c); err != nil || bytes.Contains(b, []byte("bonjour")) {
				t.Fatal("not cut off")
			}
		}
		if d := time.Since(begin); d > 15*time.Second {
			t.Errorf("cut off after %v", d)
		}
	})
	t.Run("the server has a limit for every phase", func(t *testing.T) {
		s := h.Server(http.NotFoundHandler())
		if s.ReadHeaderTimeout <= 0 || s.ReadTimeout <= 0 || s.WriteTimeout <= 0 || s.IdleTimeout <= 0 || s.MaxHeaderBytes <= 0 || s.ErrorLog == nil {
			t.Error("a phase has none")
		}
	})
}

func TestRefuse(t *testing.T) {
	h := open(t)
	url := apptest.Wrap(t, h.Edge, h.Wrap(h.Refuse("rien", fault.RessourceInconnue)))
	t.Run("a route that does not exist is told before any size", func(t *testing.T) {
		resp, p := get(t, url+"/"+strings.Repeat("a", 3000))
		if resp.StatusCode != 404 || p.Code != "ressource_inconnue" {
			t.Errorf("answered %d %s", resp.StatusCode, p.Code)
		}
	})
	t.Run("a route that exists has its limits", func(t *testing.T) {
		url := h.serve(t, func(*edge.Writer, *http.Request) error { return nil })
		if resp, p := get(t, url+"/"+strings.Repeat("a", 3000)); resp.StatusCode != 414 || p.Code != "adresse_trop_longue" {
			t.Errorf("answered %d %s", resp.StatusCode, p.Code)
		}
	})
}

// raw writes a request on a connection of its own and reads all that comes
// back before the other side closes, within the time of a patient client.
func raw(t *testing.T, url, request string) (answer string, firstByte, closed time.Duration) {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	begin := time.Now()
	if err := c.SetDeadline(begin.Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.WriteString(c, request) }() // the server may stop reading
	one := make([]byte, 1)
	if _, err := c.Read(one); err != nil {
		t.Fatal("no answer")
	}
	firstByte = time.Since(begin)
	rest, err := io.ReadAll(c)
	if err != nil {
		t.Fatal("the answer is cut")
	}
	return string(one) + string(rest), firstByte, time.Since(begin)
}

func isProblem(answer string, status, code string) bool {
	head, body, _ := strings.Cut(answer, "\r\n\r\n")
	return strings.HasPrefix(head, "HTTP/1.1 "+status+" ") && strings.Contains(head, "application/problem+json") && strings.Contains(head, "X-Request-Id: req-") && strings.Contains(body, `"code":"`+code+`"`)
}

func TestPathsThatNoRouterMayRewrite(t *testing.T) {
	h := open(t)
	mux := http.NewServeMux()
	mux.Handle("/", h.Handle("essai", func(w *edge.Writer, r *http.Request) error { _, err := w.Write([]byte("bonjour")); return err }))
	url := apptest.Wrap(t, h.Edge, h.Wrap(mux))
	for name, target := range map[string]string{
		"two slashes in front":       "GET //286021204798976/x",
		"two slashes with a query":   "GET //v1/droits/beneficiaires?nir=286021204798976",
		"two slashes inside":         "GET /v1//286021204798976",
		"two slashes at the end":     "GET /286021204798976//",
		"a segment that goes up":     "GET /286021204798976/../x",
		"a segment that stays":       "GET /286021204798976/./x",
		"a final segment that stays": "GET /286021204798976/.",
		"a final segment up":         "GET /286021204798976/..",
		"an encoded segment up":      "GET /286021204798976/%2e%2e/x",
		"an encoded slash":           "GET /286021204798976/%2F/x",
		"no path":                    "GET http://x?nir=286021204798976",
		"a tunnel":                   "CONNECT 286021204798976:443",
		"everything":                 "OPTIONS *",
		"a star":                     "GET *",
	} {
		t.Run("R10 a path with "+name+" is a problem, not a redirection, and is not repeated", func(t *testing.T) {
			got, _, _ := raw(t, url, target+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			if !isProblem(got, "404", "ressource_inconnue") && !isProblem(got, "400", "requete_malformee") || strings.Contains(got, "286021204798976") || strings.Contains(got, "Location") {
				t.Errorf("answered %.40q", got)
			}
		})
	}
	t.Run("R10 the preface of another protocol is a problem", func(t *testing.T) {
		if got, _, _ := raw(t, url, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"); !strings.Contains(got, "application/problem+json") {
			t.Errorf("answered %.40q", got)
		}
	})
	t.Run("a clean path passes", func(t *testing.T) {
		if resp, _ := get(t, url+"/a/b.c/..d/"); resp.StatusCode != 200 {
			t.Errorf("answered %d", resp.StatusCode)
		}
	})
}

func TestExpectations(t *testing.T) {
	h := open(t)
	url := h.serve(t, func(w *edge.Writer, r *http.Request) error { _, err := w.Write([]byte("bonjour")); return err })
	for _, version := range []string{"1.1", "1.0"} {
		t.Run("R79 an expectation that nobody knows is a problem, in version "+version, func(t *testing.T) {
			got, _, _ := raw(t, url, "GET / HTTP/"+version+"\r\nHost: x\r\nExpect: 286021204798976\r\n\r\n")
			if !isProblem(got, "400", "requete_malformee") || strings.Contains(got, "286021204798976") {
				t.Errorf("answered %.40q", got)
			}
		})
	}
}

func TestBodiesThatNobodyWants(t *testing.T) {
	h := open(t)
	url := h.serve(t, func(w *edge.Writer, r *http.Request) error { _, err := w.Write([]byte("bonjour")); return err })
	lost := apptest.Wrap(t, h.Edge, h.Wrap(h.Refuse("rien", fault.MethodeNonPermise)))
	const chunked = " / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
	for _, c := range []struct{ name, url, request, status, code string }{
		{"chunks of one megabyte", url, "GET" + chunked + strings.Repeat("4000\r\n"+strings.Repeat("x", 0x4000)+"\r\n", 64) + "0\r\n\r\n", "413", "requete_trop_grande"},
		{"chunks of two bytes", url, "GET" + chunked + "2\r\nxx\r\n0\r\n\r\n", "413", "requete_trop_grande"},
		{"chunks that never come", url, "GET" + chunked + "64\r\nxx", "413", "requete_trop_grande"},
		{"a length too great, and no body", url, "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nxx", "413", "requete_trop_grande"},
		{"a body that is refused and never ends", lost, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nxx", "405", "methode_non_permise"},
		{"a body that asks to be waited for", lost, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n", "405", "methode_non_permise"},
	} {
		t.Run(c.name+": answered at once, then closed", func(t *testing.T) {
			got, first, closed := raw(t, c.url, c.request)
			if !isProblem(got, c.status, c.code) || !strings.Contains(got, "Connection: close") {
				t.Errorf("answered %.40q", got)
			}
			if first > 2*time.Second || closed > 5*time.Second {
				t.Errorf("answered after %v, closed after %v", first, closed)
			}
		})
	}
	t.Run("a small body that never comes does not delay an answer", func(t *testing.T) {
		got, first, closed := raw(t, url, "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nxx")
		if !strings.HasPrefix(got, "HTTP/1.1 200 ") || first > 2*time.Second || closed > 5*time.Second {
			t.Errorf("answered %.20q after %v, closed after %v", got, first, closed)
		}
	})
}

func TestForms(t *testing.T) {
	h := open(t)
	h.Forms = func(r *http.Request) bool { return r.Method == http.MethodPost && r.URL.Path == "/page" }
	url := h.serve(t, func(w *edge.Writer, r *http.Request) error {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		w.Header().Set("X-Lu", strconv.Itoa(len(b)))
		return nil
	})
	post := func(path string, body io.Reader) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+path, body)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp
	}
	big := strings.Repeat("x", edge.MaxBody+1)
	t.Run("a form is left whole to the page that reads it, and its connection is kept", func(t *testing.T) {
		if resp := post("/page", strings.NewReader(big)); resp.StatusCode != 200 || resp.Header.Get("X-Lu") != strconv.Itoa(len(big)) || resp.Close {
			t.Errorf("status %d, %s bytes read", resp.StatusCode, resp.Header.Get("X-Lu"))
		}
	})
	t.Run("what is no form is refused above its size, as before", func(t *testing.T) {
		if resp := post("/autre", strings.NewReader(big)); resp.StatusCode != 413 {
			t.Errorf("status %d", resp.StatusCode)
		}
	})
}
