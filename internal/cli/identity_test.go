package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"droits.example/droits/internal/cli"
)

const aCase = `{"id":"a","expected":"ignored","stored":[{"nir":"2850312047001","nom_famille":"Lévêque","prenoms":"Hélène","date_naissance":"1985-03-14","sexe":"F","code_lieu_naissance":"12047","code_pays_naissance":"99100"}],"pivot":{"family_name":"LEVEQUE","given_name":"HELENE MARIE","birthdate":"1985-03-14","gender":"female","birthplace":"12047","birthcountry":"99100"}}`

func TestIdentityExplain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cases.ndjson")
	if err := os.WriteFile(path, []byte(aCase+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]said{
		"a file":         ok(t, "", "identity", "explain", "--cases", path),
		"standard input": ok(t, aCase, "identity", "explain", "--cases", "-"),
	} {
		t.Run("R12 "+name+" is decided", func(t *testing.T) {
			var a struct {
				ID, Outcome, Rule string
				Tolerances        []string
				Candidates        []struct {
					Agreement  map[string]string
					RejectedBy string `json:"rejected_by"`
				}
			}
			decode(t, s.out, &a)
			if a.ID != "a" || a.Outcome != "match:2850312047001" || a.Rule == "" || strings.Join(a.Tolerances, "") != "T1" || len(a.Candidates) != 1 || a.Candidates[0].Agreement["given"] != "T1" || s.err != "" {
				t.Errorf("%+v", a)
			}
		})
	}
	t.Run("R12 --text is for a reader", func(t *testing.T) {
		s := ok(t, aCase, "identity", "explain", "--cases", "-", "--text")
		if !strings.HasPrefix(s.out, "a  match:2850312047001  T1 (given names shortened)\n  row 1  ") {
			t.Error(s.out)
		}
	})
	t.Run("R12 a line that is no case is told, the others go on, exit code 6", func(t *testing.T) {
		s := run(aCase+"\nnothing\n"+aCase, "identity", "explain", "--cases", "-")
		lines := strings.Split(strings.TrimSpace(s.out), "\n")
		if s.code != cli.ExitPartial || len(lines) != 3 || !strings.Contains(s.err, "1 of 3 lines") {
			t.Fatalf("%+v", s)
		}
		var bad struct {
			Line  int
			Error string
		}
		if err := json.Unmarshal([]byte(lines[1]), &bad); err != nil || bad.Line != 2 || bad.Error != "LINE_NOT_JSON" {
			t.Error(lines[1])
		}
	})
}

func TestIdentityExplainReadsNoStore(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"a data directory", []string{"--cases", dir}, cli.ExitRefused, "never a store"},
		{"a database", []string{"--cases", write("people.db", "SQLite format 3\x00…")}, cli.ExitRefused, "never a store"},
		{"an import file", []string{"--cases", write("import.ndjson", `{"type":"entete","format":"droits/1","jeu":"complet"}`)}, cli.ExitRefused, "import file"},
		{"no file", []string{"--cases", filepath.Join(dir, "none")}, cli.ExitNotFound, "cannot be read"},
		{"no --cases", nil, cli.ExitUsage, "--cases FILE"},
		{"a configuration", []string{"--cases", "-", "--config", "x"}, cli.ExitUsage, "unknown flag: --config"},
		{"a data directory by its flag", []string{"--cases", "-", "--data", dir}, cli.ExitUsage, "unknown flag: --data"},
		{"an argument", []string{"--cases", "-", "x"}, cli.ExitUsage, "takes no argument"},
	} {
		t.Run("R10 "+c.name+" is refused", func(t *testing.T) {
			s := run("", append([]string{"identity", "explain"}, c.args...)...)
			if s.code != c.code || !strings.Contains(s.err, c.says) || s.out != "" {
				t.Errorf("%+v", s)
			}
		})
	}
}
