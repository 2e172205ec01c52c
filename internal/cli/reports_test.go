package cli_test

import (
	"strings"
	"testing"

	"droits.example/droits/internal/cli"
)

func TestReports(t *testing.T) {
	_, config := alone(t)
	t.Run("a store without reports lists none", func(t *testing.T) {
		if s := ok(t, "", "report", "list", "--file", "DPO-1", "--config", config); strings.TrimSpace(s.out) != "REPORT  WHEN (PARIS)  TRACE  AGREEMENT  TEXT" {
			t.Error(s.out)
		}
		if s := ok(t, "", "report", "list", "--file", "DPO-1", "--config", config, "--json"); strings.TrimSpace(s.out) != "[]" {
			t.Error(s.out)
		}
	})
	t.Run("without the reference of a file it is a wrong use", func(t *testing.T) {
		if s := run("", "report", "list", "--config", config); s.code != cli.ExitUsage || !strings.Contains(s.err, "--file") {
			t.Errorf("%d %s", s.code, s.err)
		}
		if s := run("", "report", "list", "--file", "x", "--limit", "0", "--config", config); s.code != cli.ExitUsage || !strings.Contains(s.err, "--limit") {
			t.Errorf("%d %s", s.code, s.err)
		}
		if s := run("", "report", "list", "--file", "x", "--before", "sig_0", "--config", config); s.code == cli.ExitOK {
			t.Errorf("%d %s", s.code, s.err)
		}
		if s := run("", "report", "list", "--file", "a b", "--config", config); s.code != cli.ExitUsage {
			t.Errorf("%d %s", s.code, s.err)
		}
	})
}
