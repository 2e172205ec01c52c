package cli_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"droits.example/droits/internal/cli"
)

// alone is a configuration whose commands open the store themselves.
func alone(t *testing.T) (dir, config string) {
	t.Helper()
	dir = t.TempDir()
	ok(t, "", "keygen", filepath.Join(dir, "root.key"))
	return dir, write(t, filepath.Join(dir, "c.toml"), "data = 'data'\n[franceconnect.v1]\nurl = 'http://127.0.0.1:9/api/v1'\n")
}

const (
	header  = `{"type":"entete","format":"droits/1","jeu":"complet","date_reference":"2024-01-31"}` + "\n"
	someone = `{"type":"personne","id":"nouveau","nom_famille":"ESSAI","prenoms":["Un"],"date_naissance":"1985-10-01","sexe":"M","servie":true,"nir":"1851048099001","lieu_naissance":"48099","pays_naissance":"99100"}` + "\n"
	nobody  = `{"type":"personne","id":"faux","nom_famille":"ESSAI","prenoms":["Deux"],"date_naissance":"1980-13-45","servie":true}` + "\n"
)

func TestARuleOfTheFileIsNamed(t *testing.T) {
	dir, config := alone(t)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(header + someone)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, file, text, rule string }{
		{"an empty file", "vide.ndjson", "", "FILE_EMPTY"},
		{"a file without a header", "sans.ndjson", someone, "HEADER_MISSING"},
		{"a header of another format", "format.ndjson", strings.Replace(header, "droits/1", "droits/9", 1), "HEADER_FORMAT"},
		{"a header without its date", "date.ndjson", strings.Replace(header, `,"date_reference":"2024-01-31"`, "", 1), "HEADER_INVALID"},
		{"a header of the future", "futur.ndjson", strings.Replace(header, "2024", "2999", 1) + someone, "HEADER_FUTURE"},
		{"a first line that is not UTF-8", "latin.ndjson", "\xe9" + header, "FILE_NOT_UTF8"},
		{"a later line that is not UTF-8", "latin2.ndjson", header + "\xe9\n", "FILE_NOT_UTF8"},
		{"a file that stops in a line", "coupe.ndjson", header + someone[:40], "FILE_TRUNCATED"},
		{"a compressed file under a plain name", "zip.ndjson", packed.String(), "FILE_COMPRESSED"},
		{"a plain file under the name of a zstandard one", "clair.ndjson.zst", header + someone, "FILE_UNREADABLE"},
		{"a plain file under the name of a gzip one", "clair.ndjson.gz", header + someone, "FILE_UNREADABLE"},
		{"a whole population without anybody", "rien.ndjson", header, "NOTHING_ACCEPTED"},
	} {
		t.Run(c.name+" is refused, its rule named", func(t *testing.T) {
			file := write(t, filepath.Join(dir, c.file), c.text)
			for _, more := range [][]string{{"--dry-run"}, nil} {
				s := run("", append([]string{"import", file, "--config", config, "-q"}, more...)...)
				if s.code != cli.ExitFailure || !strings.Contains(s.err, "nothing was loaded: "+c.rule+": ") {
					t.Errorf("exit code %d: %s", s.code, s.err)
				}
			}
			if _, err := os.Stat(file + ".rejects.ndjson"); err == nil {
				t.Error("it leaves a file of rejects")
			}
		})
	}
}

func TestRejectsReplaceNothingElse(t *testing.T) {
	dir, config := alone(t)
	good := write(t, filepath.Join(dir, "bon.ndjson"), header+someone)
	partly := write(t, filepath.Join(dir, "mixte.ndjson"), header+someone+nobody)
	wrong := write(t, filepath.Join(dir, "faux.ndjson"), someone)
	notes := write(t, filepath.Join(dir, "notes.txt"), "ce que j'ai noté\n")
	link := filepath.Join(dir, "lien.ndjson")
	if err := os.Link(good, link); err != nil {
		t.Fatal(err)
	}
	imports := func(file, rejects string, more ...string) said {
		return run("", append([]string{"import", file, "--rejects", rejects, "--config", config, "-q"}, more...)...)
	}
	for _, c := range []struct{ name, rejects, says string }{
		{"the input itself", good, "file to import itself"},
		{"the input under another name", link, "file to import itself"},
		{"somebody's notes", notes, "not a file of rejects"},
		{"a folder", dir, "not a file of rejects"},
		{"a device", os.DevNull, "not a file of rejects"},
		{"a folder that is not there", filepath.Join(dir, "nulle", "part"), "no file can be made there"},
	} {
		t.Run("rejects are not written over "+c.name, func(t *testing.T) {
			for _, more := range [][]string{{"--dry-run"}, nil} {
				if s := imports(good, c.rejects, more...); s.code != cli.ExitUsage || !strings.Contains(s.err, "rejects_path") || !strings.Contains(s.err, c.says) {
					t.Errorf("exit code %d: %s", s.code, s.err)
				}
			}
		})
	}
	if b, err := os.ReadFile(good); err != nil || string(b) != header+someone {
		t.Fatal("the input changed")
	}
	if b, err := os.ReadFile(notes); err != nil || !strings.HasPrefix(string(b), "ce que") {
		t.Fatal("the notes changed")
	}
	place := filepath.Join(dir, "rejets.ndjson")
	t.Run("rejects replace older rejects, a failure leaves them, a clean file removes them", func(t *testing.T) {
		if s := imports(partly, place); s.code != cli.ExitPartial {
			t.Fatalf("exit code %d: %s", s.code, s.err)
		}
		first, err := os.ReadFile(place)
		if err != nil || !strings.Contains(string(first), `"rule"`) {
			t.Fatalf("no rejects: %v", err)
		}
		if s := imports(partly, place, "--dry-run"); s.code != cli.ExitPartial {
			t.Errorf("again: exit code %d: %s", s.code, s.err)
		}
		if s := imports(wrong, place); s.code != cli.ExitFailure {
			t.Errorf("a wrong file: exit code %d", s.code)
		}
		if again, err := os.ReadFile(place); err != nil || !bytes.Equal(again, first) {
			t.Error("the rejects are not those of before")
		}
		if s := imports(good, place); s.code != cli.ExitOK {
			t.Errorf("a clean file: exit code %d: %s", s.code, s.err)
		}
		if _, err := os.Stat(place); err == nil {
			t.Error("rejects are left")
		}
	})
	t.Run("nothing unfinished is left", func(t *testing.T) {
		if left, _ := filepath.Glob(filepath.Join(dir, ".rejects-*")); len(left) > 0 {
			t.Errorf("%d files", len(left))
		}
	})
}

func TestTheRegistryByHand(t *testing.T) {
	dir, config := alone(t)
	on := func(args ...string) []string { return append(args, "--config", config) }
	chu := func(more ...string) []string {
		return on(append([]string{"partner", "add", "chu-exemple", "--kind", "etablissement_sante"}, more...)...)
	}
	says := func(s said, code int, word string) {
		t.Helper()
		if s.code != code || !strings.Contains(s.out+s.err, word) {
			t.Errorf("exit code %d, not %d, or it does not say %q: %s%s", s.code, code, word, s.out, s.err)
		}
	}
	t.Run("a partner is added, then renamed, and each is said", func(t *testing.T) {
		says(run("", chu("--name", "CHU", "--siret", "00000000000018")...), 0, "rehearsed, nothing changed; it would: add the partner")
		says(run("", chu("--name", "CHU", "--siret", "00000000000018", "--apply")...), 0, "done: the partner is added")
		says(run("", chu("--name", "CHU neuf")...), 0, "it would: rename the partner")
		says(run("", chu("--name", "CHU neuf", "--apply")...), 0, "done: the partner is renamed")
	})
	t.Run("another SIRET or kind is refused, its member named", func(t *testing.T) {
		says(run("", chu("--name", "CHU", "--siret", "00000000000026", "--apply")...), cli.ExitUsage, "siret: the partner exists with another one")
		says(run("", on("partner", "add", "chu-exemple", "--name", "CHU", "--kind", "organisme_complementaire", "--apply")...), cli.ExitUsage, "kind: the partner exists with another one")
	})
	version := func(v int) string {
		var d map[string]any
		decode(t, ok(t, "", "convention", "template").out, &d)
		d["version"] = v
		b, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		return write(t, filepath.Join(dir, "v.json"), string(b))
	}
	states := func() string {
		t.Helper()
		var list []struct {
			Document struct{ Version int }
			State    string
		}
		decode(t, ok(t, "", on("convention", "list", "--json")...).out, &list)
		var b strings.Builder
		for _, l := range list {
			b.WriteString(string(rune('0'+l.Document.Version)) + l.State + " ")
		}
		return strings.TrimSpace(b.String())
	}
	t.Run("a convention lives: draft, active, replaced, dropped, ended", func(t *testing.T) {
		ok(t, "", on("convention", "add", version(1), "--apply")...)
		countersign(t, on, "chu-exemple", 1)
		for _, step := range []struct{ id, state, want string }{
			{"chu-exemple", "active", "1active"},
			{"", "2", "1active 2draft"},
			{"chu-exemple", "suspended", "1suspended 2draft"},
			{"chu-exemple@1", "active", "1active 2draft"},
			{"chu-exemple@2", "ended", "1active"},
			{"", "3", "1active 3draft"},
			{"chu-exemple", "active", "3active"},
			{"chu-exemple", "ended", "3ended"},
		} {
			if step.id == "" {
				ok(t, "", on("convention", "add", version(int(step.state[0]-'0')), "--apply")...)
				countersign(t, on, "chu-exemple", int(step.state[0]-'0'))
			} else {
				ok(t, "", on("convention", "state", step.id, step.state, "--apply")...)
			}
			if got := states(); got != step.want {
				t.Fatalf("after %s %s: %s, not %s", step.id, step.state, got, step.want)
			}
		}
	})
	t.Run("what is not found is named by its kind", func(t *testing.T) {
		for _, c := range []struct{ args, in, what string }{
			{"convention state none active", "", "convention"},
			{"convention state chu-exemple@9 active", "", "convention"},
			{"key add none", "", "convention"},
			{"key revoke none", "", "key"},
			{"restrict lift none", "", "restriction"},
			{"restrict add --ground 18-1-a", "1600513055998", "person"},
		} {
			says(run(c.in, on(strings.Fields(c.args)...)...), cli.ExitNotFound, "there is no such "+c.what)
		}
	})
}
