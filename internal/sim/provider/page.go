package provider

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
)

// StylePath is where a simulator serves the style sheet of its pages, below a
// prefix such as "" or /pro; the name changes with what is in it.
func StylePath(prefix string) string {
	sum := sha256.Sum256(css)
	return prefix + "/static/simulateur." + hex.EncodeToString(sum[:4]) + ".css"
}

// ServeStyle serves the style sheet.
func ServeStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(css)
}

// PageHeaders are those of every page. origin, if any, is where its forms may
// end up: a browser applies form-action to the redirect that follows a form
// too.
func PageHeaders(h http.Header, origin string) {
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; form-action "+strings.TrimSpace("'self' "+origin)+"; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
}

// OriginOf is the origin of an address, "" for what is not one.
func OriginOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
