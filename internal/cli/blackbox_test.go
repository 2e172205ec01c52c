package cli_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"droits.example/droits/internal/cli"
)

// build builds the program as a user would.
func build(t *testing.T) string {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "droits")
	c := exec.Command("go", "build", "-o", exe, ".")
	c.Dir = filepath.Join("..", "..")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("it does not build: %v\n%s", err, out)
	}
	return exe
}

// command runs the built program to its end.
func command(t *testing.T, exe string, args ...string) said {
	t.Helper()
	c := exec.Command(exe, args...)
	var out, errs strings.Builder
	c.Stdout, c.Stderr = &out, &errs
	_ = c.Run() // the exit code says it
	return said{c.ProcessState.ExitCode(), out.String(), errs.String()}
}

// urls is the ready file.
type urls struct {
	API, Simulator, Partners, Internal, Data string
	BaseURL                                  string `json:"base_url"`
}

func TestTheBuiltProgram(t *testing.T) {
	exe, dir := build(t), t.TempDir()
	data, ready := filepath.Join(dir, "data"), filepath.Join(dir, "ready")
	args := []string{"demo", "--data", data, "--ready-file", ready, "--api", "127.0.0.1:0", "--sim", "127.0.0.1:0", "--partners", "127.0.0.1:0", "--internal", "127.0.0.1:0"}
	if err := os.Mkdir(data, 0o755); err != nil { // empty: it becomes the demonstration's own
		t.Fatal(err)
	}
	demo := start(t, exe, args...)
	var at urls
	decode(t, demo.file(t, ready), &at)

	t.Run("R57 it prints addresses, test persons and a line that works", func(t *testing.T) {
		demo.until(t, demo.out, "Ctrl-C")
		banner := demo.out.String()
		for _, word := range []string{at.API, at.Simulator, at.Partners + "/hopital", at.Partners + "/mutuelle", at.API + "/partenaire", at.API + "/instruction", at.Simulator + "/pro/", at.BaseURL, "famille-martin", "fictitious", "demo token --data " + data + " "} {
			if !strings.Contains(banner, word) {
				t.Errorf("it does not say %q", word)
			}
		}
		// The line is read as a shell would, and called.
		m := regexp.MustCompile(`curl -s -H 'X-API-Key: ([^']+)' -H 'Authorization: ([^']+)' (\S+)`).FindStringSubmatch(banner)
		if m == nil {
			t.Fatal("no curl line")
		}
		if status, _ := get(t, m[3], "X-API-Key", m[1], "Authorization", m[2]); status != 200 {
			t.Errorf("the line answers %d", status)
		}
	})

	t.Run("its folder is its owner's, and keeps no file of people", func(t *testing.T) {
		if i, err := os.Stat(data); err != nil || i.Mode().Perm() != 0o700 {
			t.Errorf("the folder: %v", err)
		}
		if left, err := filepath.Glob(filepath.Join(data, "*.ndjson")); err != nil || len(left) > 0 {
			t.Errorf("%d files of people, %v", len(left), err)
		}
	})

	var token struct {
		APIKey      string `json:"api_key"`
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"`
		BaseURL     string `json:"base_url"`
		Curl        string `json:"curl"`
	}
	t.Run("R57 a token of each partner opens the API for any test person", func(t *testing.T) {
		for _, c := range []struct{ person, partner, ttl string }{{"famille-martin", "hopital", ""}, {"c2s", "mutuelle", "1h"}, {"c2s", "hopital-v2", "30s"}} {
			s := command(t, exe, "demo", "token", "--data", data, "--person", c.person, "--partner", c.partner, "--ttl", c.ttl, "--json")
			if s.code != 0 {
				t.Fatalf("%s at %s: exit code %d: %s", c.person, c.partner, s.code, s.err)
			}
			decode(t, s.out, &token)
			if !strings.HasPrefix(token.APIKey, "test_") || token.BaseURL != at.BaseURL || !strings.HasPrefix(token.Curl, "curl ") {
				t.Error("a member is not what was promised")
			}
			if c.ttl == "1h" && token.ExpiresIn != 3600 {
				t.Errorf("an hour was asked, %d s were given", token.ExpiresIn)
			}
			status, body := get(t, token.BaseURL+"/me", "X-API-Key", token.APIKey, "Authorization", "Bearer "+token.AccessToken)
			if status != 200 || !strings.Contains(body, `"nir"`) {
				t.Errorf("%s at %s: %d", c.person, c.partner, status)
			}
		}
	})
	t.Run("wrong people, partners and lives are refused", func(t *testing.T) {
		for args, code := range map[string]int{"--person nobody": cli.ExitNotFound, "--partner nobody": cli.ExitUsage, "--ttl 2h": cli.ExitUsage, "--ttl soon": cli.ExitUsage} {
			if s := command(t, exe, append([]string{"demo", "token", "--data", data}, strings.Fields(args)...)...); s.code != code {
				t.Errorf("%s: exit code %d, not %d", args, s.code, code)
			}
		}
	})
	t.Run("R57 test persons are listed with what each partner must get", func(t *testing.T) {
		var list []map[string]json.RawMessage
		decode(t, command(t, exe, "demo", "persons", "--data", data, "--json").out, &list)
		if len(list) < 39 {
			t.Fatalf("%d people can log in", len(list))
		}
		for _, p := range list {
			for _, member := range []string{"slug", "what", "nir", "expect"} {
				if len(p[member]) == 0 {
					t.Fatalf("%s has no %s", p["slug"], member)
				}
			}
		}
	})
	t.Run("R65 R69 health, readiness and metrics answer on the internal address alone", func(t *testing.T) {
		for _, path := range []string{"/healthz", "/readyz", "/readyz/store", "/readyz/trace", "/readyz/franceconnect"} {
			if status, _ := get(t, at.Internal+path); status != 200 {
				t.Errorf("%s answers %d", path, status)
			}
			if status, _ := get(t, at.API+path); status != 404 {
				t.Errorf("%s answers %d to everybody", path, status)
			}
		}
		if status, body := get(t, at.Internal+"/metrics"); status != 200 || !strings.Contains(body, "droits_requests_total{") {
			t.Errorf("metrics answer %d", status)
		}
	})
	t.Run("the document, the pages, the simulator and the sample partners answer", func(t *testing.T) {
		for _, page := range []string{at.API + "/", at.API + "/openapi.yaml", at.API + "/openapi.json", at.API + "/documentation", at.Simulator + "/", at.Partners + "/hopital", at.Partners + "/mutuelle"} {
			if status, _ := get(t, page); status != 200 {
				t.Errorf("%s answers %d", page, status)
			}
		}
	})
	if code := demo.stop(t); code != 0 {
		t.Fatalf("interrupted, it exits with %d: %s", code, demo.err)
	}
	if s := command(t, exe, "demo", "token", "--data", data); s.code != cli.ExitNotFound {
		t.Errorf("once stopped, it still gives tokens: exit code %d", s.code)
	}

	t.Run("a kept folder serves the same key again", func(t *testing.T) {
		if err := os.Remove(ready); err != nil {
			t.Fatal(err)
		}
		again := start(t, exe, args...)
		var now urls
		decode(t, again.file(t, ready), &now)
		key := token.APIKey
		decode(t, command(t, exe, "demo", "token", "--data", data, "--partner", "hopital", "--json").out, &token)
		if token.APIKey != key {
			t.Error("the key of the hospital changed")
		}
		if status, _ := get(t, now.BaseURL+"/me", "X-API-Key", token.APIKey, "Authorization", "Bearer "+token.AccessToken); status != 200 {
			t.Errorf("the second run answers %d", status)
		}
		if code := again.stop(t); code != 0 {
			t.Errorf("the second run exits with %d", code)
		}
	})
}
