package franceconnect

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const usualV1 = `{"scope":["openid","profile","droits_assurance_maladie"],"acr":"eidas1","client":{"client_id":"a","client_name":"B\u00e9b\u00e9"},
 "identity":{"given_name":"Hélène Zoé","family_name":"LEBŒUF","birthdate":"1985-03-14","gender":"female","birthplace":"12047","birthcountry":"99100","preferred_username":"","email":"x@y.example","address":{"country":"FR","lines":["1","2"]},"n":12,"ok":true}}`

// leanReadsTheSame holds the lean reader to encoding/json.
func leanReadsTheSame(t interface {
	Helper()
	Fatalf(string, ...any)
}, body []byte) (ok bool) {
	t.Helper()
	got, ok := readLean(body)
	if !ok {
		return false
	}
	want, err := unmarshalV1(body)
	if err != nil || !json.Valid(body) {
		t.Fatalf("read what encoding/json refuses")
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("read something else than encoding/json")
	}
	return true
}

func TestTheUsualAnswerIsReadLean(t *testing.T) {
	plain := strings.Replace(usualV1, `B\u00e9b\u00e9`, "Bébé", 1)
	for name, body := range map[string]string{
		"as FranceConnect writes it":        plain,
		"without a space":                   strings.ReplaceAll(plain, "\n ", ""),
		"with spaces everywhere":            strings.NewReplacer(":", " : ", ",", " ,\r\n\t", "{", "{ ", "}", " }", "[", "[ ", "]", " ]").Replace(plain),
		"without a scope":                   `{"scope":[],"client":{},"identity":{}}`,
		"with as many scopes as are usual":  `{"scope":["` + strings.Repeat(`s","`, usualScopes-1) + `s"],"identity":{},"x":[],"y":{},"z":[[1,{"a":false}],"b"]}`,
		"the client after the identity":     `{"identity":{"family_name":"A"},"client":{"client_id":"c"},"scope":["s"]}`,
		"a name longer than is ever useful": `{"identity":{"family_name":"` + strings.Repeat("é", 4000) + `"},"scope":["s"]}`,
	} {
		t.Run(name, func(t *testing.T) {
			if !leanReadsTheSame(t, []byte(body)) {
				t.Error("it was left to encoding/json")
			}
		})
	}
}

func TestWhatIsUnusualIsLeftToTheStandardLibrary(t *testing.T) {
	for name, body := range map[string]string{
		"a member given twice":          `{"scope":[],"acr":"eidas1","acr":"eidas3","identity":{}}`,
		"an identity given twice":       `{"scope":[],"identity":{"gender":"male"},"identity":{"family_name":"A"}}`,
		"a member in other letters":     `{"scope":[],"ACR":"eidas1","identity":{}}`,
		"a member with a Kelvin sign":   `{"scope":[],"identity":{},"K":1}`,
		"an escape":                     `{"scope":["\u0041"],"identity":{}}`,
		"an escape in a value not read": usualV1,
		"a null":                        `{"scope":[],"acr":null,"identity":{}}`,
		"a null not read":               `{"scope":[],"x":null,"identity":{}}`,
		"broken UTF-8":                  "{\"scope\":[\"\xff\"],\"identity\":{}}",
		"a fraction":                    `{"scope":[],"x":1.5,"identity":{}}`,
		"a number that begins with 0":   `{"scope":[],"x":012,"identity":{}}`,
		"a text where a list belongs":   `{"scope":"openid","identity":{}}`,
		"something after the end":       `{"scope":[],"identity":{}} x`,
		"a comma too many":              `{"scope":["a",],"identity":{}}`,
		"a comma at the end":            `{"scope":[],"identity":{},}`,
		"an end too early":              `{"scope":[],"identity":{}`,
		"a line in a text":              "{\"scope\":[\"a\nb\"],\"identity\":{}}",
		"more scopes than are usual":    `{"scope":["` + strings.Repeat(`s","`, usualScopes) + `s"],"identity":{}}`,
		"no scope":                      `{"identity":{}}`,
		"no identity":                   `{"scope":[]}`,
		"a list":                        `[]`,
		"nothing":                       ``,
		"a value too deep":              `{"scope":[],"identity":{},"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, ok := readLean([]byte(body)); ok {
				t.Error("it was read lean")
			}
		})
	}
}

// A usual answer is cut, joined and disturbed: whatever the lean reader
// accepts, encoding/json reads in the same way.
func TestLeanAndStandardAgree(t *testing.T) {
	pieces := []string{`{`, `}`, `[`, `]`, `,`, `:`, `"`, ` `, `"scope":["a"]`, `"identity":{}`, `"acr":"eidas1"`, `"client":{"client_id":"c"}`, `"x":1`, `true`, `null`, `\`, "\xff", "é", "0", `"family_name":"M"`, `"Scope"`}
	rapid.Check(t, func(rt *rapid.T) {
		b := []byte(strings.Replace(usualV1, `B\u00e9b\u00e9`, "Bébé", 1))
		for range rapid.IntRange(0, 4).Draw(rt, "changes") {
			from := rapid.IntRange(0, len(b)).Draw(rt, "from")
			to := min(len(b), from+rapid.IntRange(0, 12).Draw(rt, "length"))
			with := rapid.SampledFrom(pieces).Draw(rt, "piece")
			b = append(b[:from:from], append([]byte(with), b[to:]...)...)
		}
		leanReadsTheSame(rt, b)
	})
}

func BenchmarkDecodeV1(b *testing.B) {
	body := []byte(strings.Replace(usualV1, `B\u00e9b\u00e9`, "Bébé", 1))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decodeV1(body); err != nil {
			b.Fatal(err)
		}
	}
}
