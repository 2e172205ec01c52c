package main

import (
	"strings"
	"testing"
)

func TestExtract(t *testing.T) {
	const head = 2 // comment lines
	for _, c := range []struct{ name, in, want string }{
		{"former codes are gathered and sorted", `[{"code":"49018","type":"commune-actuelle","anciensCodes":["49079","49031"]}]`, "49018 49031 49079\n"},
		{"arrondissements belong to their city", `[{"code":"75102","type":"arrondissement-municipal","commune":"75056"},{"code":"75101","type":"arrondissement-municipal","commune":"75056"},{"code":"75056","type":"commune-actuelle"}]`, "75056 75101 75102\n"},
		{"delegated communes are not read: their code is a former code of somebody", `[{"code":"60455","type":"commune-deleguee","chefLieu":"60694"},{"code":"60054","type":"commune-actuelle","anciensCodes":["60455"]}]`, "60054 60455\n"},
		{"lines are sorted", `[{"code":"92024","type":"commune-actuelle","anciensCodes":["75024"]},{"code":"2A004","type":"commune-actuelle","anciensCodes":["20004"]}]`, "2A004 20004\n92024 75024\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := extract([]byte(c.in))
			if err != nil {
				t.Fatal(err)
			}
			if lines := strings.SplitAfterN(string(got), "\n", head+1); lines[head] != c.want {
				t.Errorf("%q", lines[head])
			}
		})
	}
	for _, c := range []struct{ name, in string }{
		{"something that is not a code", `[{"code":"1","type":"commune-actuelle","anciensCodes":["75024"]}]`},
		{"a code that became two communes", `[{"code":"92024","type":"commune-actuelle","anciensCodes":["75024"]},{"code":"92025","type":"commune-actuelle","anciensCodes":["75024"]}]`},
		{"nothing to extract", `[]`},
		{"not JSON", `{`},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			if _, err := extract([]byte(c.in)); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestAnotherPackageIsRefused(t *testing.T) {
	if err := run([]string{t.TempDir() + "/out", "main.go"}); err == nil || !strings.Contains(err.Error(), "sha256") {
		t.Errorf("%v", err)
	}
}
