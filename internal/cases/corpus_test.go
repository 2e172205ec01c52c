package cases

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"testing"
)

// expectation is what a case of the corpus holds beside the case.
type expectation struct {
	ID, Reason, Expected, Code string
	Tolerances                 *[]string
	Stored                     []json.RawMessage
}

func corpus(t *testing.T) (raw []byte, want []expectation) {
	t.Helper()
	raw, err := os.ReadFile("../identity/testdata/identities.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(raw) {
		var e expectation
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		want = append(want, e)
	}
	return raw, want
}

func TestCorpusOfHardIdentities(t *testing.T) {
	raw, want := corpus(t)
	if len(want) < 200 {
		t.Errorf("R12 wants 200 cases, there are %d", len(want))
	}
	var got []Answer
	if _, err := Run(bytes.NewReader(raw), func(a Answer) error { got = append(got, a); return nil }); err != nil || len(got) != len(want) {
		t.Fatalf("%d answers to %d cases: %v", len(got), len(want), err)
	}
	seen := map[string]bool{}
	for i, e := range want {
		t.Run("R9 R12 "+e.ID+" "+e.Reason, func(t *testing.T) {
			a := got[i]
			if e.ID == "" || seen[e.ID] || e.Reason == "" || a.Broken != "" {
				t.Fatal("a case has an identifier of its own, a reason, and the shape of a case")
			}
			seen[e.ID] = true
			if a.Outcome != e.Expected || a.Reason != e.Code || e.Tolerances != nil && !slices.Equal(a.Tolerances, *e.Tolerances) {
				t.Errorf("%s", a.Text())
			}
			if len(a.Candidates) != len(e.Stored) {
				t.Error("one candidate a row")
			}
		})
	}
}

func TestOrderOfStoredIsIrrelevant(t *testing.T) {
	raw, _ := corpus(t)
	for line := range bytes.Lines(raw) {
		var c struct {
			ID     string            `json:"id"`
			Pivot  json.RawMessage   `json:"pivot"`
			Stored []json.RawMessage `json:"stored"`
		}
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		if len(c.Stored) < 2 {
			continue
		}
		t.Run("R9 "+c.ID+" with its rows reversed", func(t *testing.T) {
			slices.Reverse(c.Stored)
			reversed, err := json.Marshal(c)
			if err != nil {
				t.Fatal(err)
			}
			before, after := one(t, string(line)), one(t, string(reversed))
			slices.Reverse(after.Candidates)
			b, _ := json.Marshal(before)
			a, _ := json.Marshal(after)
			if !bytes.Equal(a, b) {
				t.Errorf("%s\n%s", before.Text(), after.Text())
			}
		})
	}
}
