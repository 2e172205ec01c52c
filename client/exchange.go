package client

import (
	"net/http"
	"regexp"
	"sort"
	"strings"
)

// Exchange is one request and its answer, secrets cut: a key, a token and a
// NIR keep their first characters only. Body is the answer's, with every
// member "nir" masked. Status is 0 when no answer came.
type Exchange struct {
	Method  string
	URL     string
	Request []Header // in alphabetical order
	Status  int
	Answer  []Header
	Body    string
}

// Header is one header line.
type Header struct{ Name, Value string }

// Curl is the command that would send the same request; the cut secrets are
// shell variables to fill in.
func (e Exchange) Curl() string {
	var b strings.Builder
	b.WriteString("curl -sS '" + quote(e.URL) + "'")
	for _, h := range e.Request {
		v := h.Value
		switch strings.ToLower(h.Name) {
		case "x-api-key":
			v = `$CLE`
		case "authorization":
			v = `Bearer $JETON`
		case "nir":
			v = `$NIR`
		default:
			b.WriteString(" \\\n  -H '" + quote(h.Name+": "+v) + "'")
			continue
		}
		b.WriteString(" \\\n  -H \"" + h.Name + ": " + v + `"`)
	}
	return b.String()
}

func quote(s string) string { return strings.ReplaceAll(s, "'", `'\''`) }

func (c *Client) tell(req *http.Request, resp *http.Response, body []byte) {
	if c.observe == nil {
		return
	}
	e := Exchange{Method: req.Method, URL: req.URL.String(), Request: lines(req.Header)}
	if resp != nil {
		e.Status, e.Answer, e.Body = resp.StatusCode, lines(resp.Header), string(MaskNIR(body))
	}
	c.observe(e)
}

func lines(h http.Header) []Header {
	out := make([]Header, 0, len(h))
	for name, values := range h {
		for _, v := range values {
			out = append(out, Header{name, Cut(name, v)})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// Cut returns the value of a header as it may be shown: keys, tokens, cookies
// and NIRs keep a few first characters, everything else is whole.
func Cut(name, value string) string {
	switch strings.ToLower(name) {
	case "authorization":
		scheme, rest, ok := strings.Cut(value, " ")
		if !ok {
			return "•••"
		}
		return scheme + " " + head(rest, 4)
	case "x-api-key":
		return head(value, 5)
	case "nir":
		return NIR(value).String()
	case "date-naissance", "cookie", "set-cookie":
		return "•••"
	}
	return value
}

// head shows n characters of a secret that has at least four times as many.
func head(s string, n int) string {
	if len(s) < 4*n {
		return "•••"
	}
	return s[:n] + "•••"
}

var nirMember = regexp.MustCompile(`("nir"\s*:\s*")([^"]*)(")`)

// MaskNIR replaces the value of every member "nir" of a JSON text by its mask.
func MaskNIR(body []byte) []byte {
	return nirMember.ReplaceAllFunc(body, func(m []byte) []byte {
		parts := nirMember.FindSubmatch(m)
		out := append([]byte(nil), parts[1]...)
		out = append(out, NIR(parts[2]).String()...)
		return append(out, parts[3]...)
	})
}
