package cli_test

import (
	"encoding/json"
	"strings"
	"testing"

	"droits.example/droits/internal/cli"
	"droits.example/droits/internal/convention"
)

func TestNoticesOnTheCommandLine(t *testing.T) { // R19
	t.Run("R19 every version is listed with its hash", func(t *testing.T) {
		s := ok(t, "", "notice", "list")
		for _, n := range convention.Notices() {
			if !strings.Contains(s.out, n.SHA256) {
				t.Errorf("%s", s.out)
			}
		}
		var list []convention.InformationNotice
		if err := json.Unmarshal([]byte(ok(t, "", "notice", "list", "--json").out), &list); err != nil || len(list) != len(convention.Notices()) {
			t.Error(err)
		}
	})
	t.Run("R19 a version is printed as it is hashed", func(t *testing.T) {
		if s := ok(t, "", "notice", "show", convention.NoticeVersion); s.out != convention.NoticeText()+"\n" {
			t.Errorf("%q", s.out)
		}
	})
	t.Run("R19 a comparison tells what is gone, new and kept", func(t *testing.T) {
		s := ok(t, "", "notice", "diff", "2026-11", "2026-11-2")
		if !strings.Contains(s.out, "\n- ") || !strings.Contains(s.out, "\n+ ") || !strings.HasPrefix(s.out, "  ") {
			t.Errorf("%s", s.out)
		}
		var lines []convention.NoticeLine
		if err := json.Unmarshal([]byte(ok(t, "", "notice", "diff", "2026-11", "2026-11-2", "--json").out), &lines); err != nil || len(lines) < 5 {
			t.Error(err)
		}
	})
	t.Run("a version that does not exist is said, with those that do", func(t *testing.T) {
		for _, args := range [][]string{{"notice", "show", "2031-01"}, {"notice", "diff", "2026-11", "2031-01"}, {"notice", "diff", "2031-01", "2026-11"}} {
			if s := run("", args...); s.code != cli.ExitNotFound || !strings.Contains(s.err, convention.NoticeVersion) {
				t.Errorf("%d %s", s.code, s.err)
			}
		}
	})
}

func TestWebhooksOnTheCommandLine(t *testing.T) { // R20
	_, config := alone(t)
	at := func(args ...string) []string { return append(append([]string{"partner"}, args...), "--config", config) }
	ok(t, "", at("add", "chu", "--name", "CHU", "--kind", "etablissement_sante", "--siret", "00000000000018", "--apply")...)
	if s := run("", at("webhook", "show", "chu")...); s.code != cli.ExitNotFound || !strings.Contains(s.err, "webhook") {
		t.Errorf("%d %s", s.code, s.err)
	}
	if s := ok(t, "", at("webhook", "set", "chu", "--url", "https://chu.example/droits")...); !strings.Contains(s.out, "rehearsed") || strings.Contains(s.out, "whsec_") {
		t.Errorf("%s", s.out)
	}
	if s := ok(t, "", at("webhook", "set", "chu", "--url", "https://chu.example/droits", "--apply")...); !strings.Contains(s.out, "secret: whsec_") || !strings.Contains(s.out, "shown once") {
		t.Errorf("R20 %s", s.out)
	}
	for url, said := range map[string]string{"http://chu.example/": "must begin with https://", "https://10.0.0.1/": "not on the public network", "https://chu.example/?k=1": "secrets hide there", "chu": "must begin with https://"} {
		if s := run("", at("webhook", "set", "chu", "--url", url, "--apply")...); s.code != cli.ExitUsage || !strings.Contains(s.err, said) {
			t.Errorf("%s: %d %s", url, s.code, s.err)
		}
	}
	ok(t, "", at("webhook", "test", "chu", "--apply")...)
	if s := ok(t, "", at("webhook", "show", "chu")...); !strings.Contains(s.out, "https://chu.example/droits") || !strings.Contains(s.out, "1 waiting") || !strings.Contains(s.out, "waiting") || strings.Contains(s.out, "whsec_") {
		t.Errorf("R20 %s", s.out)
	}
	ok(t, "", at("webhook", "replay", "chu", "--apply")...)
	ok(t, "", at("webhook", "remove", "chu", "--apply")...)
	if s := run("", at("webhook", "test", "chu")...); s.code != cli.ExitNotFound {
		t.Errorf("%d %s", s.code, s.err)
	}
}
