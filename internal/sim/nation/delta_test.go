package nation

import (
	"bytes"
	"testing"
	"time"

	"droits.example/droits/internal/intake"
	"droits.example/droits/internal/store"
)

func delta(t *testing.T, o Options, changes int) []byte {
	t.Helper()
	n, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := n.WriteDelta(t.Context(), &b, Plain, changes); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDeltaIsAcceptedAfterItsNation(t *testing.T) {
	s, err := store.Open(t.Context(), store.Config{Dir: t.TempDir(), Root: store.Root{1}, Clock: func() time.Time { return today.StartAt().Add(12 * time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	o := Options{Persons: 6000, Seed: 9, On: today}
	for _, f := range []struct {
		name string
		text []byte
	}{{"nation", written(t, o, Plain)}, {"delta", delta(t, o, 1000)}} {
		var rejects bytes.Buffer
		sum, err := intake.Run(t.Context(), intake.Options{Reader: bytes.NewReader(f.text), Sink: s.NewLoad(), Rejects: &rejects, Today: today})
		if err != nil || sum.Rejected != 0 {
			t.Fatalf("%s: %v, %d rejected: %.400s", f.name, err, sum.Rejected, rejects.String())
		}
		if f.name == "delta" && sum.Personnes+sum.Fins != 1000 {
			t.Errorf("%d people and %d ends", sum.Personnes, sum.Fins)
		}
	}
}

func TestDeltaHoldsEveryKindOfChange(t *testing.T) {
	o := Options{Persons: 6000, Seed: 9, On: today}
	text := delta(t, o, 1000)
	for what, least := range map[string]int{`"motif":"deces"`: 150, `"motif":"sortie"`: 40, `"motif":"erreur"`: 5, `"type":"personne"`: 500, `"nir_precedents"`: 80, `"id":"p6`: 10, `"code_type_contrat":"C2S"`: 50} {
		if n := bytes.Count(text, []byte(what)); n < least {
			t.Errorf("%s %d times, less than %d", what, n, least)
		}
	}
	o.Workers = 1
	if again := delta(t, o, 1000); !bytes.Equal(text, again) {
		t.Error("the bytes depend on the number of workers")
	}
	n, _ := New(o)
	for _, changes := range []int{0, -1, 1501} {
		if err := n.WriteDelta(t.Context(), &bytes.Buffer{}, Plain, changes); err == nil {
			t.Errorf("%d changes are accepted", changes)
		}
	}
}
