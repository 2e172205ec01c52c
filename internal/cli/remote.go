package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/spf13/cobra"

	"droits.example/droits/internal/admin"
	"droits.example/droits/internal/app"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/store"
)

// administration reaches the administration interface: in the process that
// holds the data directory, or, when there is none, in this one.
type administration struct {
	http  *http.Client
	close func() error
}

// reach opens the administration named by --data or --config.
func reach(c *cobra.Command, p Process) (*administration, error) {
	dir := text(c, "data")
	if dir == "" {
		cfg, err := loadConfig(c, p)
		if err != nil {
			return nil, err
		}
		if a := dial(cfg.Data); a != nil {
			return a, nil
		}
		cfg.Log.Level = "error"
		inst, err := app.New(c.Context(), cfg, app.Options{Logs: p.Err})
		if err != nil {
			return nil, err
		}
		return &administration{&http.Client{Transport: inProcess{inst.Admin()}}, inst.Close}, nil
	}
	if a := dial(dir); a != nil {
		return a, nil
	}
	return nil, &exitError{ExitNotFound, errors.New("no process holds that data directory; start it, or use --config")}
}

// dial finds the control socket of a data directory, nil when nobody answers.
func dial(dir string) *administration {
	path := app.SocketPath(dir)
	conn, err := net.Dial("unix", path)
	if err != nil {
		return nil
	}
	conn.Close()
	t := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}}
	return &administration{&http.Client{Transport: t}, func() error { t.CloseIdleConnections(); return nil }}
}

// inProcess answers requests from a handler, without a network. What the
// handler writes can be read while it runs.
type inProcess struct{ h http.Handler }

func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	body, out := io.Pipe()
	w := &answering{header: http.Header{}, out: out, status: make(chan int, 1)}
	go func() {
		defer func() {
			// A handler that panics must not end the process before its files
			// are closed; what it had to say is lost.
			if recover() != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
			w.WriteHeader(http.StatusOK)
			out.CloseWithError(io.EOF)
		}()
		t.h.ServeHTTP(w, r)
	}()
	status := <-w.status
	return &http.Response{StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: w.header.Clone(), Body: body, ContentLength: -1, Request: r}, nil
}

// answering is the response writer of a handler in this process.
type answering struct {
	header http.Header
	out    *io.PipeWriter
	status chan int
	once   sync.Once
}

func (a *answering) Header() http.Header { return a.header }

func (a *answering) WriteHeader(status int) { a.once.Do(func() { a.status <- status }) }

func (a *answering) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.out.Write(b)
}

// Flush implements http.Flusher: nothing is kept back.
func (a *answering) Flush() {}

// call sends one request and decodes its answer into out.
func (a *administration) call(ctx context.Context, method, path string, req any, out any) error {
	resp, err := a.send(ctx, method, path, req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return failure(resp.Body, resp.StatusCode)
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

func (a *administration) send(ctx context.Context, method, path string, req any) (*http.Response, error) {
	var body io.Reader
	if req != nil {
		b, err := json.Marshal(req)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://droits"+path, body)
	if err != nil {
		return nil, err
	}
	return a.http.Do(r)
}

func failure(body io.Reader, status int) error {
	var f admin.Failure
	if err := json.NewDecoder(body).Decode(&f); err != nil {
		return fmt.Errorf("the running process answered %d", status)
	}
	return explain(f, status)
}

// explain turns a failure into an error with its exit code.
func explain(f admin.Failure, status int) error {
	text := describe(f.Code, f.Field, f.Reason)
	code := ExitFailure
	switch {
	case status == http.StatusNotFound:
		code = ExitNotFound
	case status == http.StatusBadRequest:
		code = ExitUsage
	case status >= 400 && status < 500:
		code = ExitRefused
	}
	return &exitError{code, errors.New(text)}
}

// said has English words for the codes that an operator meets.
var said = map[fault.Code]string{
	fault.ParametreInvalide:   "a value is missing or wrong",
	fault.NirAbsent:           "no NIR was given",
	fault.NirInvalide:         "that is not a NIR",
	fault.DateInvalide:        "that is not a date",
	fault.RessourceInconnue:   "there is no such thing",
	fault.BeneficiaireInconnu: "there is no such person",
	fault.ActeImpossible:      "that is not possible now",
	fault.ServiceIndisponible: "the store cannot be read or written",
	fault.ErreurInterne:       "internal error",
}

// reasons has English words for the reasons that an operator can act on.
var reasons = map[string]string{
	"PARTNER_DIFFERS":      "the partner exists with another one; only its name can change",
	"VERSION_OLDER":        "a newer version is in force",
	"NOTICE_UNKNOWN":       "it binds a version of the information notice that does not exist; see droits notice list",
	"NOTICE_CHANGED":       "it binds a version of the information notice by another hash than its text has; see droits notice list",
	"URL_MALFORMED":        "that is not an address such as https://partner.example/droits",
	"URL_NOT_HTTPS":        "it must begin with https://",
	"URL_THIS_MACHINE":     "an instance in production does not send to its own machine",
	"URL_INSIDE":           "that address is not on the public network",
	"URL_TOO_MUCH":         "no user, query or fragment may be in it: secrets hide there",
	"ALREADY_WITHDRAWN":    "the person has withdrawn; only the person can soften that",
	store.NotAVendor:       "that partner is not a software vendor (kind editeur)",
	store.KeysFull:         "two keys are live; let one end, or revoke it, first",
	store.CertificateEnded: "it is past its end",
	store.CertificateTaken: "it is bound to a key of another partner",
	store.CertificatesFull: "as many certificates as may be are bound to this key; take one off first",
	store.ImportRunning:    "another import is running; wait for its end, or stop it",
	admin.RejectsIsInput:   "it is the file to import itself; choose another one with --rejects",
	admin.RejectsNotOurs:   "something that is not a file of rejects lies there; choose another one with --rejects",
	admin.RejectsUnwritten: "no file can be made there; choose another one with --rejects",
}

// describe says an error in words: what, where, why, and the code to look up.
func describe(code fault.Code, field, reason string) string {
	text, ok := said[code]
	if !ok {
		text = string(code)
	}
	switch {
	case field != "" && code == fault.RessourceInconnue:
		text = "there is no such " + field
	case field != "":
		text += ": " + field
	}
	if words, ok := reasons[reason]; ok {
		text += ": " + words
	} else if words, ok := trailReasons[reason]; ok {
		text += ": " + words
	} else if reason != "" {
		text += ": " + reason
	}
	if ok {
		text += " (" + string(code) + ")"
	}
	return text
}

func printJSON(c *cobra.Command, v any) error {
	e := json.NewEncoder(c.OutOrStdout())
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
