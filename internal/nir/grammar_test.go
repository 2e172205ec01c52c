package nir

import (
	"fmt"
	"math/big"
	"os"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A second reading of identity.md §1.1 to §1.3: the layout as an expression over
// the text, the key as big integers. It shares nothing with the package.

const (
	month   = `(?:0[1-9]|1[0-2]|[2-9][0-9])`
	commune = `(?:00[1-9]|0[1-9][0-9]|[1-8][0-9][0-9]|9[0-8][0-9]|990)`
	three   = `(?:00[1-9]|0[1-9][0-9]|[1-9][0-9][0-9])`
	place   = `(?:(?:0[1-9]|[1-8][0-9]|9[0-6]|2[AB])` + commune + `|9[789]` + three + `)`
	fund    = three + `(?:0{7}[1-9]|0{6}[1-9][0-9]|0{5}[1-9][0-9]{2}|0{4}[1-9][0-9]{3}|000[1-9][0-9]{4}|00[1-9][0-9]{5}|0[1-9][0-9]{6}|[1-9][0-9]{7})`
)

var layout = regexp.MustCompile(`^(?:[123478][0-9]{2}` + month + place + three + `|[78][012]` + fund + `)$`)

// clean does what a reader does before it reads.
func clean(s string) string {
	return strings.NewReplacer(" ", "", "\u00a0", "", "\u2009", "", "\u202f", "", "a", "A", "b", "B").Replace(s)
}

// grammar reports whether a cleaned text is a number, with a right key or none.
func grammar(s string) bool {
	switch len(s) {
	case 13:
		return layout.MatchString(s)
	case 15:
		return layout.MatchString(s[:13]) && s[13:] == oracle(s[:13])
	}
	return false
}

// written draws texts near to numbers: well-formed ones, some of their
// characters changed, their keys right or not.
func written(t *rapid.T) string {
	s := []byte(rapid.OneOf(rapid.Custom(thirteen), rapid.StringMatching(`[5-8][0-3](000|[0-9]{3})(0{8}|[0-9]{8})`)).Draw(t, "number"))
	for range rapid.IntRange(0, 3).Draw(t, "changes") {
		s[rapid.IntRange(0, 12).Draw(t, "at")] = rapid.SampledFrom([]byte("0000111299AABab C")).Draw(t, "character")
	}
	switch rapid.IntRange(0, 3).Draw(t, "end") {
	case 0:
		return string(s)
	case 1:
		return string(s) + fmt.Sprintf("%02d", rapid.IntRange(0, 99).Draw(t, "key"))
	}
	if key, ok := keyOf(string(s)); ok {
		return string(s) + key
	}
	return string(s)
}

// keyOf is oracle for a text that may not be a number.
func keyOf(s string) (string, bool) {
	plain := strings.NewReplacer("2A", "19", "2B", "18").Replace(clean(s))
	n, ok := new(big.Int).SetString(plain, 10)
	if !ok || len(plain) != 13 {
		return "", false
	}
	return fmt.Sprintf("%02d", 97-new(big.Int).Mod(n, big.NewInt(97)).Int64()), true
}

func TestParseAgreesWithTheGrammar(t *testing.T) {
	accepted := 0
	t.Run("R12 the same texts are numbers", rapid.MakeCheck(func(t *rapid.T) {
		for range 20 {
			s := written(t)
			v, err := Parse(s)
			if (err == nil) != grammar(clean(s)) {
				t.Fatal("the grammar says otherwise")
			}
			if err == nil {
				accepted++
				if key, ok := keyOf(clean(s)[:13]); !ok || v.Reveal() != clean(s)[:13]+key {
					t.Fatal("another number was read")
				}
			}
		}
	}))
	if accepted < 200 {
		t.Errorf("only %d numbers were drawn: the property says little", accepted)
	}
}

// The vectors say which program computed them.
func TestKeyAgreesWithStdnum(t *testing.T) {
	raw, err := os.ReadFile("testdata/keys.txt")
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for line := range strings.Lines(string(raw)) {
		number, key, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		v, err := Parse(number)
		if err != nil {
			t.Fatalf("line %d: a well-formed number is refused", read+1)
		}
		if v.Reveal()[13:] != key {
			t.Errorf("R12 line %d: stdnum computes another key", read+1)
		}
		read++
	}
	if read < 500 {
		t.Errorf("%d vectors", read)
	}
}
