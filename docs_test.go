package main

import (
	"go/ast"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestDocumentation(t *testing.T) {
	t.Run("every link inside the repository leads somewhere", func(t *testing.T) {
		link := regexp.MustCompile(`\]\(([^)#:]+)\)`)
		err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() && p != "." && strings.HasPrefix(d.Name(), ".") {
				return filepath.SkipDir
			}
			if d.IsDir() || !strings.HasSuffix(p, ".md") {
				return nil
			}
			raw, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			for _, m := range link.FindAllStringSubmatch(string(raw), -1) {
				if _, err := os.Stat(filepath.Join(filepath.Dir(p), m[1])); err != nil {
					t.Errorf("%s links to %s, which is not there", p, m[1])
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	t.Run("every test that the threat model names exists", func(t *testing.T) {
		tests := map[string]bool{}
		for _, s := range sources(t) {
			for _, d := range s.ast.Decls {
				if f, ok := d.(*ast.FuncDecl); ok {
					tests[f.Name.Name] = true
				}
			}
		}
		raw, err := os.ReadFile("docs/threat-model.md")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`\bTest[A-Z]\w+`).FindAllString(string(raw), -1) {
			if !tests[name] {
				t.Errorf("%s does not exist", name)
			}
		}
	})
	t.Run("every library that we require is in THIRD_PARTY.md, and in the table of the architecture", func(t *testing.T) {
		mod, err := os.ReadFile("go.mod")
		if err != nil {
			t.Fatal(err)
		}
		page, err := os.ReadFile("THIRD_PARTY.md")
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(page), "golang.org/x/sync, x/text, x/time", "golang.org/x/sync golang.org/x/text golang.org/x/time")
		for _, line := range strings.Split(string(mod), "\n") {
			f := strings.Fields(line)
			if len(f) != 2 || !strings.HasPrefix(f[1], "v") {
				continue // indirect ones carry a comment
			}
			if !strings.Contains(text, f[0]) {
				t.Errorf("THIRD_PARTY.md lacks %s", f[0])
			}
			listed := false
			for _, l := range libraries {
				listed = listed || under(l.prefix, f[0])
			}
			if !listed {
				t.Errorf("arch_test.go lacks %s", f[0])
			}
		}
	})
}
