package trace

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestWhatIsWrittenIsReadBack(t *testing.T) { // R44
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-zé_/0-9-]{0,12}`)
		list := rapid.SliceOfN(rapid.StringMatching(`[a-z_]{1,8}`), 0, 3)
		hash := rapid.SliceOfN(rapid.Byte(), 0, 32)
		p := Person{
			At: time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "at"), 0), Partner: text.Draw(t, "partner"), Purpose: text.Draw(t, "purpose"), Operation: text.Draw(t, "operation"),
			Demarche: text.Draw(t, "demarche"), Period: text.Draw(t, "period"), Asked: list.Draw(t, "asked"), Served: list.Draw(t, "served"), Withheld: list.Draw(t, "withheld"),
			Others: list.Draw(t, "others"), Beneficiary: text.Draw(t, "beneficiary"), Consent: text.Draw(t, "consent"), Convention: text.Draw(t, "convention"), Reference: text.Draw(t, "reference"),
			Outcome: text.Draw(t, "outcome"), RequestHash: hash.Draw(t, "request"), BodyHash: hash.Draw(t, "body"), BodySalt: hash.Draw(t, "salt"), Count: rapid.IntRange(0, 9).Draw(t, "count"),
			Actor: Actor(text.Draw(t, "actor")), Object: text.Draw(t, "object"), Before: text.Draw(t, "before"), After: text.Draw(t, "after"),
		}
		e := Entry{Person: p}
		part, _ := e.Parts()
		got, err := ReadPerson(append(bytes.Repeat([]byte{7}, SaltSize), part...))
		if err != nil {
			t.Fatal(err)
		}
		again, _ := Entry{Person: got}.Parts()
		if !bytes.Equal(part, again) {
			t.Fatal("something is lost on the way")
		}
	})
}

func FuzzReadPerson(f *testing.F) {
	part, _ := (Entry{Person: Person{At: time.Unix(1, 0), Outcome: "servi", RequestHash: []byte{1}}}).Parts()
	f.Add(append(make([]byte, SaltSize), part...))
	f.Add([]byte(nil))
	f.Add(append(make([]byte, SaltSize), `{"request":"z"}`...))
	f.Fuzz(func(t *testing.T, part []byte) {
		p, err := ReadPerson(part)
		if err != nil && fmt.Sprint(p) != fmt.Sprint(Person{}) {
			t.Error("half a part")
		}
	})
}
