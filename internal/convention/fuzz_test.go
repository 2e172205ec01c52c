package convention

import (
	"bytes"
	"testing"

	"github.com/gowebpki/jcs"
)

// FuzzParse reads whatever document is given: what it accepts has canonical
// bytes that are their own canonical form, and reads back the same.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"id":"x"}`))
	f.Add([]byte(`{"id":"hopital-demo","version":1,"parties":{"operator":"o","partner":"hopital","name":"n","siret":""},"purpose":"preadmission","kind":"etablissement_sante","blocks":["identite"],"quota":{"per_second":1,"per_day":1},"from":"2026-01-01","until":"2027-01-01","auth":"api_key","fc_clients":[{"id":"c","profile":"v1"}],"agent_required":false,"consent":{"ticks":[],"repeat_days":0},"networks":["10.0.0.0/8"],"terms":{"terms":"1","notice":"1","notice_sha256":"0000000000000000000000000000000000000000000000000000000000000000"}}`))
	f.Add([]byte(`{"version":1.5}`))
	f.Add([]byte(`{"quota":{"per_second":1e9}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := Parse(b)
		if err != nil {
			return
		}
		c, err := New(d, Draft)
		if err != nil {
			return
		}
		again, err := jcs.Transform(c.Canonical)
		if err != nil || !bytes.Equal(again, c.Canonical) {
			t.Fatal("canonical bytes are not canonical")
		}
		e, err := Parse(c.Canonical)
		if err != nil {
			t.Fatal("canonical bytes do not read back")
		}
		if x, err := New(e, Draft); err != nil || x.Digest != c.Digest {
			t.Fatal("the digest changes on the way")
		}
	})
}
