package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed static/*
var static embed.FS

// asset is an embedded file, served for ever under a name that holds its hash.
type asset struct {
	media string
	body  []byte
}

// buttonName is the asset of FranceConnect's own button.
const buttonName = "franceconnect.svg"

// loadAssets fills s.assets and returns the served path of each file name.
func (s *Site) loadAssets() (map[string]string, error) {
	entries, err := fs.ReadDir(static, "static")
	if err != nil {
		return nil, err
	}
	s.assets = make(map[string]asset, len(entries))
	names := make(map[string]string, len(entries))
	for _, e := range entries {
		body, err := static.ReadFile("static/" + e.Name())
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(body)
		ext := path.Ext(e.Name())
		served := "/static/" + strings.TrimSuffix(e.Name(), ext) + "." + hex.EncodeToString(sum[:6]) + ext
		names[e.Name()] = served
		s.assets[served] = asset{mediaOf(ext), body}
	}
	if s.cfg.Space != nil && len(s.cfg.Space.Button) > 0 {
		sum := sha256.Sum256(s.cfg.Space.Button)
		names[buttonName] = "/static/franceconnect." + hex.EncodeToString(sum[:6]) + ".svg"
		s.assets[names[buttonName]] = asset{mediaOf(".svg"), s.cfg.Space.Button}
	}
	s.button = names[buttonName]
	return names, nil
}

func mediaOf(ext string) string {
	switch ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".js":
		return "text/javascript; charset=utf-8"
	}
	return "application/octet-stream"
}

func (s *Site) static(w http.ResponseWriter, r *http.Request) {
	a, ok := s.assets[r.URL.Path]
	if !ok {
		s.Error(w, r, http.StatusNotFound)
		return
	}
	plainHeaders(w.Header())
	w.Header().Set("Content-Type", a.media)
	if a.media == mediaOf(".svg") { // a picture, also when it is opened by itself
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(a.body)
}

// favicon answers the address that browsers try by themselves.
func (s *Site) favicon(w http.ResponseWriter, r *http.Request) {
	for served, a := range s.assets {
		if a.media == "image/svg+xml" {
			http.Redirect(w, r, served, http.StatusFound)
			return
		}
	}
	s.Error(w, r, http.StatusNotFound)
}
