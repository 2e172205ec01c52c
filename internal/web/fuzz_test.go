package web

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func FuzzCode(f *testing.F) {
	var key [32]byte
	f.Add(newCode(key, day22, [32]byte{1}))
	f.Add("0000 0000")
	f.Add("ilo-ILO")
	f.Fuzz(func(t *testing.T, typed string) {
		issued, digest, ok := readCode(key, typed)
		if !ok {
			return
		}
		var sum [32]byte
		copy(sum[:], digest)
		if again, begin, ok := readCode(key, newCode(key, issued, sum)); !ok || again != issued || !bytes.Equal(begin, digest) {
			t.Error("a code that is read is not one that we make")
		}
	})
}

func FuzzState(f *testing.F) {
	now := time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC)
	s := newStates([32]byte{1}, func() time.Time { return now }, "fc", true)
	// The same in every process that fuzzes: nothing is drawn.
	held, seed := make([]byte, secretSize), binary.BigEndian.AppendUint64(nil, uint64(now.Unix()))
	seed = append(seed, make([]byte, stateSeed-len(seed))...)
	state := append(seed, s.seal("state", held, seed)[:stateSize-stateSeed]...)
	f.Add(base64url.EncodeToString(state), base64url.EncodeToString(held))
	f.Add("", "")
	f.Add(strings.Repeat("A", 54), base64url.EncodeToString(held))
	f.Fuzz(func(t *testing.T, given, secret string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", s.cookie+"="+url.QueryEscape(secret))
		s.used = map[string]time.Time{} // each try is the first
		got, err := s.take(r, given)
		nonce := got.nonce
		if (err == nil) != (nonce != "") {
			t.Fatal("a nonce without a state, or the other way round")
		}
		if err != nil {
			return
		}
		a, _ := base64url.DecodeString(given)
		if !bytes.Equal(a, state) || len(nonce) < 22 {
			t.Error("a state that we did not make is taken")
		}
		if _, err := s.take(r, given); err == nil {
			t.Error("a state is taken twice")
		}
	})
}

func FuzzVerify(f *testing.F) {
	site, err := New(full())
	if err != nil {
		f.Fatal(err)
	}
	f.Add("c2sp.org/tlog-proof@v1\nextra e30=\nindex 0\n\n")
	f.Add(`{"schema":"droits/attestation/1","etablie_le":"2026-11-22"}`)
	f.Add("04TJ J0H8 HD0P BT59 F354 Y5CH MERN FTRK")
	f.Fuzz(func(t *testing.T, text string) {
		r := httptest.NewRequest("POST", verifyPath, strings.NewReader(url.Values{"texte": {text}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		site.Handler().ServeHTTP(w, r)
		if w.Code >= http.StatusInternalServerError || !strings.Contains(w.Body.String(), "</html>") || strings.Contains(w.Body.String(), "ZgotmplZ") {
			t.Errorf("status %d", w.Code)
		}
	})
}
