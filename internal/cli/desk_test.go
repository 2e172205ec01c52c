package cli_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"droits.example/droits/internal/cli"
	"droits.example/droits/internal/desk"
)

func TestTheDeskOfAStoreAtRest(t *testing.T) {
	_, config := alone(t)
	s := ok(t, "", "identity", "desk", "--config", config)
	for _, want := range []string{"no alert", "no case", "DAY  DECISIONS", "0 pairs of people"} {
		if !strings.Contains(s.out, want) {
			t.Errorf("%q is not said:\n%s", want, s.out)
		}
	}
	t.Run("JSON holds lists, empty ones too", func(t *testing.T) {
		var r map[string]json.RawMessage
		decode(t, ok(t, "", "identity", "desk", "--config", config, "--json").out, &r)
		for _, k := range []string{"alerts", "hours", "days", "cases", "confusable"} {
			if string(r[k]) != "[]" {
				t.Errorf("%s is %s", k, r[k])
			}
		}
	})
	for _, c := range []struct {
		name string
		args []string
		says string
	}{
		{"an outcome that does not exist", []string{"--outcome", "match"}, "--outcome is none, ambiguous, blocked or all"},
		{"a window that does not exist", []string{"--by", "week"}, "--by is hour or day"},
		{"no duration", []string{"--since", "lundi"}, "--since is a duration"},
		{"a duration of nothing", []string{"--since", "0s"}, "--since is a duration"},
		{"a duration backwards", []string{"--since", "-3d"}, "--since is a duration"},
		{"days that are no number", []string{"--since", "xd"}, "--since is a duration"},
		{"more than a trace lives", []string{"--since", "99999999999d"}, "at most 400 days"},
		{"too many cases", []string{"--limit", "1000000"}, "--limit is at most"},
		{"a case too few", []string{"--limit", "-1"}, "--limit is at most"},
		{"an argument", []string{"personne"}, ""},
	} {
		t.Run(c.name+" is a wrong use, said in words", func(t *testing.T) {
			if s := run("", append([]string{"identity", "desk", "--config", config}, c.args...)...); s.code != cli.ExitUsage || !strings.Contains(s.err, c.says) {
				t.Errorf("exit code %d: %s", s.code, s.err)
			}
		})
	}
	t.Run("a data directory that no process holds is not found", func(t *testing.T) {
		if s := run("", "identity", "desk", "--data", t.TempDir()); s.code != cli.ExitNotFound {
			t.Errorf("exit code %d: %s", s.code, s.err)
		}
	})
}

// The demonstration is called for people who end in each outcome, and the desk
// of the running process is read.
func TestTheDeskOfARunningProcess(t *testing.T) { // R9
	dir := t.TempDir()
	data, ready := filepath.Join(dir, "data"), filepath.Join(dir, "ready")
	demo := start(t, "", "demo", "--data", data, "--ready-file", ready, "--api", "127.0.0.1:0", "--sim", "127.0.0.1:0", "--partners", "127.0.0.1:0", "--internal", "127.0.0.1:0")
	demo.file(t, ready)
	secrets := []string{}
	for _, slug := range []string{"ambigue", "inconnu", "hors-perimetre", "famille-martin", "seine-et-oise"} {
		var token struct {
			Key   string `json:"api_key"`
			Token string `json:"access_token"`
			Base  string `json:"base_url"`
		}
		decode(t, ok(t, "", "demo", "token", "--data", data, "--person", slug, "--partner", "mutuelle", "--json").out, &token)
		get(t, token.Base+"/me", "X-API-Key", token.Key, "Authorization", "Bearer "+token.Token)
		secrets = append(secrets, token.Key, token.Token)
	}
	var r desk.Report
	decode(t, ok(t, "", "identity", "desk", "--data", data, "--since", "1h", "--json").out, &r)
	if len(r.Days) == 0 || len(r.Cases) != 3 || len(r.Pairs) == 0 || len(r.Alerts) != 0 {
		t.Fatalf("R9 %+v", r)
	}
	last := r.Days[len(r.Days)-1]
	if last.Match != 2 || last.None != 2 || last.Ambiguous != 1 || last.Tolerances["T5"] != 1 {
		t.Errorf("R9 %+v", last)
	}
	for _, by := range []string{"hour", "day"} {
		s := ok(t, "", "identity", "desk", "--data", data, "--by", by, "--outcome", "ambiguous")
		if !strings.Contains(s.out, "SEVERAL_MATCH") || strings.Contains(s.out, "OTHER_REGIME") || !strings.Contains(s.out, "T5 1 (50.00 %)") {
			t.Errorf("R9 by %s:\n%s", by, s.out)
		}
	}
	s := ok(t, "", "identity", "desk", "--data", data, "--limit", "1")
	if !strings.Contains(s.out, "older ones are there") {
		t.Errorf("the list is cut and it is not said:\n%s", s.out)
	}
	for _, n := range secrets {
		if strings.Contains(s.out, n) {
			t.Error("R10 a key or a token is told")
		}
	}
}
