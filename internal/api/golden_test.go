package api_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/droits"
)

// The bytes of each operation for each kind of partner: a change of the wire
// is read like code. Numbers and the port are replaced by a word.
func TestWireGolden(t *testing.T) {
	in := apptest.Shared(t)
	for name, p := range map[string]apptest.Partner{"hopital": in.Hospital, "mutuelle": in.Insurer} {
		t.Run("R1 the wire of every operation for "+name+" is unchanged", func(t *testing.T) {
			var out bytes.Buffer
			for _, slug := range []string{"famille-martin", "accouchement", "c2s-participation", "accident-travail"} {
				for _, op := range droits.Operations() {
					a := read(t, in, slug, p, op.Path, apptest.With("X-Request-Id", "essai"))
					out.WriteString(slug + " " + op.Path + " " + a.Header.Get("Content-Type") + "\n")
					if err := json.Indent(&out, a.Body, "", "  "); err != nil {
						t.Fatal(err)
					}
					out.WriteString("\n")
				}
			}
			text := strings.ReplaceAll(out.String(), in.URL, "http://droits.example")
			for _, id := range []string{"famille-martin", "famille-martin-enfant-1", "famille-martin-enfant-2", "famille-martin-enfant-3", "accouchement", "c2s-participation", "accident-travail"} {
				text = strings.ReplaceAll(text, in.NIRInFile(t, id), "NIR de "+id)
			}
			apptest.Golden(t, "wire-"+name+".txt", []byte(text))
		})
	}
}
