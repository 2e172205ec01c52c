package apptest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"droits.example/droits/internal/api"
	"droits.example/droits/internal/fault"
)

// document is the contract, read once.
var document = sync.OnceValues(func() (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(api.OpenAPI())
	if err == nil {
		err = doc.Validate(context.Background())
	}
	return doc, err
})

var traceHeader = regexp.MustCompile(`^127\.0\.0\.1:\d+/acces/\d{4}/[0-9a-f]{64}$`)

// Judge holds an answer of the API against what contract.md says of every
// answer, and against the document.
func (in *Instance) Judge(t testing.TB, r *http.Request, a *Answer) {
	t.Helper()
	path := r.URL.Path
	if !strings.HasPrefix(path, in.Base) && path != api.MoiPath && !strings.HasPrefix(path, "/v1/") {
		return // a page
	}
	route := r.Method + " " + strings.TrimPrefix(path, in.Base)
	fail := func(why string) { t.Helper(); t.Errorf("%s, status %d: %s", route, a.Status, why) }
	h := a.Header
	if h.Get("X-Request-Id") == "" {
		fail("no X-Request-Id")
	}
	if h.Get("Cache-Control") != "no-store" {
		fail("R6 an answer without no-store")
	}
	if v := h.Get("X-Trace"); v != "" && !traceHeader.MatchString(v) {
		fail("X-Trace has another form than origin/leaf hash")
	}
	rates := 0
	for _, k := range []string{"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"} {
		if h.Get(k) != "" {
			rates++
		}
	}
	if rates != 0 && rates != 3 {
		fail("R76 the three RateLimit headers go together")
	}
	if r.Method == http.MethodHead {
		return
	}
	if a.Status == http.StatusOK {
		in.judgeSuccess(path, a, fail)
	} else {
		in.judgeProblem(r, a, fail)
	}
	in.judgeDocument(r, a, fail)
}

func (in *Instance) judgeSuccess(path string, a *Answer, fail func(string)) {
	if a.Header.Get("Content-Type") != "application/json; charset=utf-8" {
		fail("the content type is not the contract's")
	}
	var v any
	if err := json.Unmarshal(a.Body, &v); err != nil {
		fail("not JSON")
	}
	if holdsNull(v) {
		fail("an absent member is null instead of omitted")
	}
	want := []string{"RateLimit-Limit", "X-Periode", "X-Donnees-Au", "X-Reference-Personne", "X-Trace"}
	switch path = strings.TrimSuffix(path, "/"); {
	case path == api.MoiPath:
		want = want[:1]
	case path == api.JournalPath+"/heartbeat":
		want = nil // it is about nobody and needs no key
	case strings.HasPrefix(path, api.JournalPath+"/"):
		want = []string{"RateLimit-Limit", "X-Trace"} // the log, not the rights of a period
	}
	for _, k := range want {
		if a.Header.Get(k) == "" {
			fail("no " + k)
		}
	}
}

func holdsNull(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case []any:
		return slices.ContainsFunc(v, holdsNull)
	case map[string]any:
		for _, x := range v {
			if holdsNull(x) {
				return true
			}
		}
	}
	return false
}

func (in *Instance) judgeProblem(r *http.Request, a *Answer, fail func(string)) {
	if t, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type")); t != "application/problem+json" {
		fail("R79 not application/problem+json")
		return
	}
	p := a.Problem()
	e := fault.Code(p.Code).Entry()
	if string(e.Code) != p.Code || e.Status != a.Status || p.Status != a.Status || p.Title != e.Title || p.Detail != e.Detail {
		fail("R79 the problem is not the catalogue's: " + p.Code)
	}
	if p.Type != in.URL+"/documentation/erreurs/"+p.Code {
		fail("R79 the type is not the page of the code")
	}
	if p.Instance != a.Header.Get("X-Request-Id") {
		fail("R79 the instance is not the request id")
	}
	if e.Retry && e.Kind != fault.Internal && a.Header.Get("Retry-After") == "" {
		fail("no Retry-After")
	}
	if (a.Status == http.StatusUnauthorized) != (a.Header.Get("WWW-Authenticate") != "") {
		fail("WWW-Authenticate goes with 401 and with nothing else")
	}
	for _, k := range []string{"X-Periode", "X-Donnees-Au", "X-Reference-Personne"} {
		if a.Header.Get(k) != "" {
			fail("a refusal carries " + k)
		}
	}
	for _, k := range []string{"nir", "X-API-Key", "Authorization", "X-Agent", "date-naissance"} {
		for _, v := range r.Header.Values(k) {
			if v = strings.TrimPrefix(v, "Bearer "); len(v) > 5 && bytes.Contains(a.Body, []byte(v)) {
				fail("R10 the value of " + k + " is echoed")
			}
		}
	}
	if e.Kind == fault.Forbidden || e.Kind == fault.Conflict || e.Kind == fault.Upstream || e.Kind == fault.NotFound && e.Code != fault.RessourceInconnue {
		if a.Header.Get("X-Trace") == "" {
			fail("R42 a refusal to a known key without X-Trace")
		}
		if a.Header.Get("RateLimit-Limit") == "" && e.Code != fault.DelegationAbsente { // no convention, no quota
			fail("R76 no RateLimit headers although the key was accepted")
		}
	}
	witnessed.add(p.Code)
}

// judgeDocument validates the answer against the OpenAPI document.
func (in *Instance) judgeDocument(r *http.Request, a *Answer, fail func(string)) {
	doc, err := document()
	if err != nil {
		fail("R60 the document does not validate: " + err.Error())
		return
	}
	path := strings.TrimSuffix(r.URL.Path, "/")
	if path != api.MoiPath {
		path = "/" + strings.Trim(strings.TrimPrefix(path, in.Base), "/")
	}
	item := doc.Paths.Value(path)
	if item == nil {
		return // no operation: judgeProblem has said what there is to say
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: r,
			Route:   &routers.Route{Spec: doc, Path: path, PathItem: item, Method: http.MethodGet, Operation: item.Get},
		},
		Status: a.Status, Header: a.Header, Body: io.NopCloser(bytes.NewReader(a.Body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	if err := openapi3filter.ValidateResponse(context.Background(), input); err != nil {
		fail("R60 the answer is not the document's: " + schemaOnly(err.Error()))
	}
}

// schemaOnly cuts what kin-openapi adds to its errors: the schema and the
// value, which is somebody's health insurance, even invented.
func schemaOnly(s string) string {
	if i := strings.Index(s, "\nValue:"); i >= 0 {
		s = s[:i]
	}
	if i := strings.Index(s, "\nSchema:"); i >= 0 {
		s = s[:i]
	}
	return s
}

// witnessed holds the error codes that the tests of this binary have seen on
// the wire.
var witnessed codes

type codes struct {
	mu   sync.Mutex
	seen map[string]bool
}

func (c *codes) add(code string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen == nil {
		c.seen = map[string]bool{}
	}
	c.seen[code] = true
}

// Witnessed reports whether a call of this binary was answered with the code.
func Witnessed(c fault.Code) bool {
	witnessed.mu.Lock()
	defer witnessed.mu.Unlock()
	return witnessed.seen[string(c)]
}
