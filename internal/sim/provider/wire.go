// Package provider is what simulated identity providers have in common: it
// hides how they keep short-lived things, sign tokens and write answers.
package provider

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
)

// MaxBody bounds every request body.
const MaxBody = 64 << 10

// WriteJSON answers with JSON that no one may keep.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	WriteAs(w, status, "application/json; charset=utf-8", "no-store", v)
}

// WriteAs answers with JSON of a content type and a cache rule.
func WriteAs(w http.ResponseWriter, status int, contentType, cache string, v any) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", cache)
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// OAuthError answers as RFC 6749 §5.2.
func OAuthError(w http.ResponseWriter, status int, code, description string) {
	WriteJSON(w, status, map[string]string{"error": code, "error_description": description})
}

// ExactForm reads a form body of exactly these members, each once and not
// empty.
func ExactForm(w http.ResponseWriter, r *http.Request, names ...string) (map[string]string, bool) {
	form, ok := PostForm(w, r)
	if !ok || len(form) != len(names) {
		return nil, false
	}
	out := make(map[string]string, len(names))
	for _, n := range names {
		if len(form[n]) != 1 || form[n][0] == "" {
			return nil, false
		}
		out[n] = form[n][0]
	}
	return out, true
}

// PostForm reads a form body. The query is ignored: a bare trailing "?" on the
// URL happens.
func PostForm(w http.ResponseWriter, r *http.Request) (url.Values, bool) {
	if ct, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || ct != "application/x-www-form-urlencoded" {
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		return nil, false
	}
	form, err := url.ParseQuery(string(body))
	return form, err == nil
}

// Same compares two secrets without telling where they differ.
func Same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// Redirect sends the browser back to a registered URI with more parameters.
// Those of a client of version 1 may be code and state, or error and
// error_description, and nothing else.
func Redirect(w http.ResponseWriter, r *http.Request, to string, add url.Values) {
	u, err := url.Parse(to)
	if err != nil { // registered URIs were parsed at the start
		http.Error(w, "adresse de retour inutilisable", http.StatusBadRequest)
		return
	}
	q := u.Query()
	for k, v := range add {
		if len(v) == 1 && v[0] != "" {
			q[k] = v
		}
	}
	u.RawQuery = q.Encode()
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, u.String(), http.StatusSeeOther)
}
