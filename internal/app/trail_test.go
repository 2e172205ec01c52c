package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/app"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/store"
	"droits.example/droits/internal/trace"
	"droits.example/droits/internal/witness"
)

// served asks the public handler, as anybody may.
func served(t *testing.T, in *apptest.Instance, method, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	in.App.Public().ServeHTTP(w, httptest.NewRequest(method, "http://"+in.App.Config.Listen.API+path, nil))
	return w.Code, w.Body.String()
}

func TestWhatProvesTheTrailIsPublic(t *testing.T) { // R43 T4
	in := apptest.Start(t, apptest.Options{})
	who := in.As(t, "famille-martin", in.Hospital)
	in.Get(t, "/me", who)
	ctx := context.Background()
	if status, _ := served(t, in, http.MethodGet, app.CheckpointPath); status != http.StatusNotFound {
		t.Errorf("a checkpoint of this hour is public: %d", status)
	}
	if status, text := served(t, in, http.MethodGet, app.ProofStatePath); status != http.StatusOK || strings.TrimSpace(text) != `{"publie":false,"preuve_externe_en_retard":false}` {
		t.Errorf("before the first public head: %d %s", status, text)
	}
	if err := in.App.Store.Beat(ctx); err != nil {
		t.Fatal(err)
	}
	in.Clock.Advance(2 * time.Hour)
	in.Get(t, "/me", in.As(t, "famille-martin", in.Hospital))
	if err := in.App.Store.Beat(ctx); err != nil {
		t.Fatal(err)
	}
	status, text := served(t, in, http.MethodGet, app.ProofKeysPath)
	keys, err := trace.ParseKeys([]byte(text))
	if status != http.StatusOK || err != nil {
		t.Fatalf("%d %v", status, err)
	}
	status, note := served(t, in, http.MethodGet, app.CheckpointPath)
	c, err := keys.Open([]byte(note))
	if status != http.StatusOK || err != nil || c.Size == 0 {
		t.Fatalf("%d %v %s", status, err, note)
	}
	t.Run("R43 the receipt of a call is proved by what is public", func(t *testing.T) {
		p, err := in.App.Store.Proof(ctx, in.LastTrace(t).Index)
		if err != nil {
			t.Fatal(err)
		}
		file, err := p.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		out, err := trace.VerifyProof(file, keys)
		if err != nil || out.Leaf != in.LastTrace(t).Hash {
			t.Errorf("%v", err)
		}
	})
	t.Run("R43 the trail is verified beside the process that serves it", func(t *testing.T) {
		for range 5 {
			in.Get(t, "/me", in.As(t, "famille-martin", in.Hospital))
			tr, err := store.OpenTrail(ctx, store.TrailConfig{Dir: in.Dir})
			if err != nil {
				t.Fatal(err)
			}
			v, err := trace.Verify(ctx, tr, trace.VerifyOptions{Keys: keys, Head: []byte(note)})
			if err = errors.Join(err, tr.Close()); err != nil || !v.Intact || !v.HeadChecked || v.Unopened != 2*v.Entries {
				t.Fatalf("%v %+v", err, v)
			}
		}
	})
	t.Run("nothing else is served there, and nothing is written", func(t *testing.T) {
		for _, path := range []string{app.ProofKeysPath, app.CheckpointPath, app.ProofStatePath} {
			if status, _ := served(t, in, http.MethodPost, path); status != http.StatusMethodNotAllowed {
				t.Errorf("%s: %d", path, status)
			}
		}
		if status, _ := served(t, in, http.MethodGet, "/preuves/autre"); status != http.StatusNotFound {
			t.Errorf("%d", status)
		}
	})
	t.Run("T4 a witness cosigns, late is told, and nothing waits for it", func(t *testing.T) {
		w, err := witness.Open(witness.Config{Name: "temoin.example", Seed: trace.Seed{3}, Logs: keys, State: filepath.Join(t.TempDir(), "w.json"), Clock: in.Clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		in.App.Config.Trace = app.Trace{Quorum: 1}
		late := func() (out bool) {
			status, body := served(t, in, http.MethodGet, app.ProofStatePath)
			var x struct {
				Late bool `json:"preuve_externe_en_retard"`
			}
			if err := json.Unmarshal([]byte(body), &x); err != nil || status != http.StatusOK {
				t.Fatalf("%d %v", status, err)
			}
			return x.Late
		}
		if !late() {
			t.Error("two hours without a witness are not told")
		}
		list, err := in.App.Store.Unwitnessed(ctx, "temoin.example")
		if err != nil || len(list) != 1 {
			t.Fatalf("%d %v", len(list), err)
		}
		body, err := trace.Submission{Checkpoint: []byte(list[0].Note)}.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		line, _, code := w.Submit(body)
		if code != http.StatusOK {
			t.Fatalf("%d", code)
		}
		if err := in.App.Store.Cosigned(ctx, list[0].Head, "temoin.example", line); err != nil {
			t.Fatal(err)
		}
		if late() {
			t.Error("cosigned, and late")
		}
	})
}

func TestARefusedTrailIsToldAndServesNothing(t *testing.T) { // T3 R41
	dir := t.TempDir()
	in := apptest.Start(t, apptest.Options{Dir: dir})
	who := in.As(t, "famille-martin", in.Hospital)
	in.Get(t, "/me", who).Want(t, 200, "")
	if err := os.Remove(filepath.Join(dir, "verrou.db")); err != nil {
		t.Fatal(err)
	}
	in.Restart(t)
	a := in.Get(t, "/me", in.As(t, "famille-martin", in.Hospital)).Want(t, 503, "service_indisponible")
	if strings.Contains(string(a.Body), "nir") {
		t.Error("R41 data")
	}
	if status, _ := in.Inside(t, "/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("T3 ready: %d", status)
	}
}

// A stop signs what the last minute left: nothing can be cut off a trail at
// rest without being seen.
func TestAStopSignsTheHead(t *testing.T) { // R43 T1
	in := apptest.Start(t, apptest.Options{})
	for range 3 {
		in.Get(t, "/me", in.As(t, "ald", in.Hospital)).Want(t, 200, "")
	}
	in.Restart(t)
	tr, err := store.OpenTrail(t.Context(), store.TrailConfig{Dir: in.Dir})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	lines, err := in.App.Store.PublicKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	keys, err := trace.ParseKeys([]byte(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	v, err := trace.Verify(t.Context(), tr, trace.VerifyOptions{Keys: keys})
	if err != nil || !v.Intact || len(v.Logs) != 1 || v.Logs[0].Signed != v.Logs[0].Size || v.Logs[0].Size < 3 {
		t.Errorf("%+v %v", v.Logs, err)
	}
}
