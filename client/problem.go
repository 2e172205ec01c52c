package client

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Meta is what the headers of an answer say. Members are zero when the header
// is absent; RateLimit values are -1 then, since 0 means something.
type Meta struct {
	Status      int
	RequestID   string // to quote to support
	Trace       string // <origin>/<leaf hash>: keep it, it proves the access
	Periode     string // effective window, YYYY-MM-DD/YYYY-MM-DD
	DonneesAu   string // date of the data
	Reference   string // of the connected person, your own; webhooks repeat it
	RateLimit   int    // calls of the quota nearest to its end
	Remaining   int    // calls left in it
	ResetsAfter time.Duration
}

// Problem is an answer that is not 200. Code is the stable code of the
// catalogue, empty when the answer was not a problem document (a proxy on the
// way, for instance).
type Problem struct {
	Type       string        `json:"type"`
	Title      string        `json:"title"`
	Status     int           `json:"status"`
	Detail     string        `json:"detail"`
	Instance   string        `json:"instance"`
	Code       string        `json:"code"`
	Champ      string        `json:"champ"`
	RetryAfter time.Duration `json:"-"` // 0 when the answer did not say
	Meta       Meta          `json:"-"`
}

// Error names the code and the status.
func (p *Problem) Error() string {
	code := p.Code
	if code == "" {
		code = "no code"
	}
	return "client: " + strconv.Itoa(p.Status) + " " + code
}

// Unreachable means that no whole answer came: refused connection, time-out,
// cut. The call may have been counted and traced all the same.
type Unreachable struct{ err error }

// Error names the cause.
func (u *Unreachable) Error() string { return "client: unreachable: " + u.err.Error() }

// Unwrap returns the cause.
func (u *Unreachable) Unwrap() error { return u.err }

func metaOf(r *http.Response) Meta {
	number := func(name string) int {
		n, err := strconv.Atoi(r.Header.Get(name))
		if err != nil || n < 0 {
			return -1
		}
		return n
	}
	m := Meta{
		Status: r.StatusCode, RequestID: r.Header.Get("X-Request-Id"), Trace: r.Header.Get("X-Trace"),
		Periode: r.Header.Get("X-Periode"), DonneesAu: r.Header.Get("X-Donnees-Au"), Reference: r.Header.Get("X-Reference-Personne"),
		RateLimit: number("RateLimit-Limit"), Remaining: number("RateLimit-Remaining"),
	}
	if n := number("RateLimit-Reset"); n > 0 {
		m.ResetsAfter = time.Duration(n) * time.Second
	}
	return m
}

func problemOf(r *http.Response, body []byte, m Meta) *Problem {
	p := &Problem{}
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if strings.TrimSpace(media) == "application/problem+json" {
		if json.Unmarshal(body, p) != nil {
			p = &Problem{}
		}
	}
	p.Status, p.Meta = r.StatusCode, m
	if n, err := strconv.Atoi(r.Header.Get("Retry-After")); err == nil && n > 0 {
		p.RetryAfter = time.Duration(n) * time.Second
	}
	return p
}
