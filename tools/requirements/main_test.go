package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestIDs(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []int
	}{
		{"one at the beginning of a case", "R8 alg none is refused", []int{8}},
		{"two side by side", "R35 R36 what is told", []int{35, 36}},
		{"in a comment after a slash-slash", " R41", []int{41}},
		{"a list with commas", "R1, R2 and R3.", []int{1, 2, 3}},
		{"inside a word is none", "PR8 R8x AR41", nil},
		{"a longer number is none", "R100 RS256", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ids(c.text); !reflect.DeepEqual(got, c.want) {
				t.Errorf("%v, not %v", got, c.want)
			}
		})
	}
}

func TestCollect(t *testing.T) {
	dir := t.TempDir()
	source := `package x

import "testing"

func TestA(t *testing.T) { // R41
	t.Run("R8 a case", func(t *testing.T) { t.Error("R9 is what it says when it fails") })
}

var cases = []string{"R12 a case of a table"}
`
	if err := os.WriteFile(filepath.Join(dir, "x_test.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := collect(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := proofs{41: {". TestA": {""}}, 8: {". TestA": {"R8 a case"}}, 9: {". TestA": {""}}, 12: {". x_test.go": {"R12 a case of a table"}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
	var page strings.Builder
	write(&page, got)
	if !strings.Contains(page.String(), "R42 (") || strings.Contains(page.String(), "R41 (") {
		t.Error("the list of what is due without a test is wrong")
	}
}
