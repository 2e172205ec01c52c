package trace

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"

	"github.com/gowebpki/jcs"
	"pgregory.net/rapid"
)

func at() time.Time { return time.Date(2026, 11, 22, 10, 4, 5, 999_000_000, time.UTC) }

func whole() Entry {
	return Entry{
		Class: AccessServed,
		Person: Person{
			At: at(), Partner: "hopital", Purpose: "preadmission", Operation: "getMe", Demarche: "d-1", Period: "2026-11-22/2027-11-22",
			Asked: []string{"identite"}, Served: []string{"identite", "contrats"}, Withheld: []string{"caisse"}, Beneficiary: "assure",
			Consent: "acc_1", Convention: "conv-hopital/1", Reference: "00ff", Outcome: "servi", RequestHash: []byte{1, 2}, BodyHash: []byte{3}, BodySalt: []byte{4}, Count: 2,
		},
		Internal: Internal{
			RequestID: "r-1", Agent: "a", KeyID: "cle_1", IP: "192.0.2.1", Latency: 1500 * time.Microsecond, Reasons: []string{"A"}, Withheld: []string{"caisse:SCOPE"},
			Matching: "match STRICT", Policy: "policy/1", Token: "t", FCSubject: "s",
		},
	}
}

func TestPartsAreWrittenAsTheyWillBeRead(t *testing.T) { // R42
	p, i := whole().Parts()
	for name, c := range map[string]struct {
		got  []byte
		want string
	}{
		"R42 what the person may open": {p, `{"asked":["identite"],"beneficiary":"assure","body":"03","body_salt":"04","consent":"acc_1","convention":"conv-hopital/1","count":2,"demarche":"d-1","operation":"getMe","outcome":"servi","partner":"hopital","period":"2026-11-22/2027-11-22","purpose":"preadmission","reference":"00ff","request":"0102","served":["identite","contrats"],"time":1795341845,"withheld":["caisse"]}`},
		"R42 what the operator may":    {i, `{"agent":"a","fc_subject":"s","ip":"192.0.2.1","key":"cle_1","latency_us":1500,"matching":"match STRICT","policy":"policy/1","reasons":["A"],"request_id":"r-1","token":"t","withheld":["caisse:SCOPE"]}`},
	} {
		if string(c.got) != c.want {
			t.Errorf("%s\n%s\n%s", name, c.got, c.want)
		}
	}
	t.Run("what is empty is left out", func(t *testing.T) {
		p, i := Entry{Person: Person{At: time.Unix(0, 0)}}.Parts()
		if string(p) != `{"time":0}` || string(i) != `{"latency_us":0}` {
			t.Errorf("%s %s", p, i)
		}
	})
}

func TestPartsAreCanonical(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := func(name string) string { return rapid.String().Draw(rt, name) }
		list := func(name string) []string { return rapid.SliceOf(rapid.String()).Draw(rt, name) }
		b := func(name string) []byte { return rapid.SliceOf(rapid.Byte()).Draw(rt, name) }
		e := Entry{
			Person: Person{At: time.Unix(rapid.Int64Range(-1<<40, 1<<40).Draw(rt, "at"), 0), Partner: s("partner"), Purpose: s("purpose"), Operation: s("operation"), Demarche: s("demarche"),
				Period: s("period"), Asked: list("asked"), Served: list("served"), Withheld: list("withheld"), Beneficiary: s("beneficiary"), Consent: s("consent"), Convention: s("convention"),
				Reference: s("reference"), Outcome: s("outcome"), RequestHash: b("request"), BodyHash: b("body"), BodySalt: b("salt"), Count: rapid.IntRange(-2, 1<<30).Draw(rt, "count")},
			Internal: Internal{RequestID: s("id"), Agent: s("agent"), KeyID: s("key"), IP: s("ip"), Latency: time.Duration(rapid.Int64Range(-1<<50, 1<<50).Draw(rt, "latency")), Reasons: list("reasons"),
				Withheld: list("withheld"), Matching: s("matching"), Policy: s("policy"), Token: s("token"), FCSubject: s("subject")},
		}
		p, i := e.Parts()
		for _, part := range [][]byte{p, i} {
			again, err := jcs.Transform(part)
			if err != nil || !bytes.Equal(again, part) {
				rt.Fatalf("not canonical: %v\n%s\n%s", err, part, again)
			}
		}
		var back struct {
			Partner string   `json:"partner"`
			Asked   []string `json:"asked"`
			Time    int64    `json:"time"`
		}
		if err := json.Unmarshal(p, &back); err != nil || back.Partner != e.Person.Partner || len(back.Asked) != len(e.Person.Asked) || back.Time != e.Person.At.Unix() {
			rt.Fatalf("what is read is not what was written: %v", err)
		}
	})
}

func TestBrokenTextStaysText(t *testing.T) {
	for in, want := range map[string]string{
		"\xff":                   `"` + "\ufffd" + `"`,
		"a\x00\x1f\x7f":          "\"a\\u0000\\u001f\x7f\"",
		"\b\t\n\f\r\"\\/":        `"\b\t\n\f\r\"\\/"`,
		"é 𝄞\u2028":              "\"é 𝄞\u2028\"",
		"\xed\xa0\x80":           "\"\ufffd\ufffd\ufffd\"",
		"<script>&amp;</script>": `"<script>&amp;</script>"`,
	} {
		if got := appendString(nil, in); string(got) != want || !json.Valid(got) {
			t.Errorf("%q: %s", in, got)
		}
	}
}

// The vectors hold whoever verifies a receipt, today or in ten years: they
// never change.
func TestVectors(t *testing.T) {
	salt := bytes.Repeat([]byte{0x11}, SaltSize)
	other := bytes.Repeat([]byte{0x22}, SaltSize)
	p, i := Commitment(salt, []byte(`{"time":0}`)), Commitment(other, []byte(`{}`))
	leaf := LeafHash(AccessServed, p, i)
	for name, c := range map[string]struct {
		got  [HashSize]byte
		want string
	}{
		"commitment of a person part":    {p, vectorPerson},
		"commitment of an internal part": {i, vectorInternal},
		"leaf":                           {leaf, vectorLeaf},
	} {
		if got := hex.EncodeToString(c.got[:]); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
	t.Run("the class is in the leaf", func(t *testing.T) {
		if LeafHash(AccessRefused, p, i) == leaf || LeafHash(AccessServed, i, p) == leaf {
			t.Error("another leaf has the same hash")
		}
	})
	t.Run("classes keep their numbers", func(t *testing.T) {
		for n, c := range []Class{AccessServed, AccessRefused, ConsentEvent, RightsRequest, Hold, Erasure, RuleChange, KeyEvent, ConventionEvent, AgentAction} {
			if int(c) != n+1 {
				t.Errorf("class %d is %d", n+1, c)
			}
		}
	})
}

func TestALeafHoldsItsEntry(t *testing.T) {
	e := whole()
	e.Subject = Digest{9}
	l := e.Leaf()
	p, i := e.Parts()
	if !bytes.Equal(l.Person[SaltSize:], p) || !bytes.Equal(l.Internal[SaltSize:], i) || l.Subject != e.Subject || !l.At.Equal(e.Person.At) || l.Class != e.Class {
		t.Error("another entry")
	}
	if l.Hash != LeafHash(l.Class, Commitment(l.Person[:SaltSize], p), Commitment(l.Internal[:SaltSize], i)) {
		t.Error("another hash")
	}
	again := e.Leaf()
	if again.Hash == l.Hash || bytes.Equal(again.Person[:SaltSize], l.Person[:SaltSize]) || bytes.Equal(l.Person[:SaltSize], l.Internal[:SaltSize]) {
		t.Error("a salt is used twice")
	}
	t.Run("R43 any flipped bit is found", func(t *testing.T) {
		for _, part := range [][]byte{l.Person, l.Internal} {
			for n := range part {
				for bit := range 8 {
					part[n] ^= 1 << bit
					if LeafHash(l.Class, Commitment(l.Person[:SaltSize], l.Person[SaltSize:]), Commitment(l.Internal[:SaltSize], l.Internal[SaltSize:])) == l.Hash {
						t.Fatalf("byte %d", n)
					}
					part[n] ^= 1 << bit
				}
			}
		}
	})
	t.Run("appending to a part does not write over the other", func(t *testing.T) {
		before := bytes.Clone(l.Internal)
		_ = append(l.Person, bytes.Repeat([]byte{0xff}, 64)...)
		if !bytes.Equal(before, l.Internal) {
			t.Error("it does")
		}
	})
}

func FuzzString(f *testing.F) {
	f.Add("é\x00\xff\"\\")
	f.Fuzz(func(t *testing.T, s string) {
		got := appendString(nil, s)
		var back string
		if err := json.Unmarshal(got, &back); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		var want string
		if b, _ := json.Marshal(s); json.Unmarshal(b, &want) != nil || back != want {
			t.Errorf("%q reads as %q, not %q", s, back, want)
		}
	})
}

func BenchmarkLeaf(b *testing.B) {
	e := whole()
	b.ReportAllocs()
	for b.Loop() {
		e.Leaf()
	}
}

func hexOf(h [HashSize]byte) string { return hex.EncodeToString(h[:]) }

// Computed apart, from the words of trust.md §3a.
const (
	vectorPerson   = "07b926100da454b49fd37dcf1e4310f670b16c7452c9f7b2c7da1d8d6dfc952e"
	vectorInternal = "0a53af84fb287885905ba2a658d2271b0d51c98d1786eb7e82ecc3184f05df73"
	vectorLeaf     = "3a3fb9a3f6be71844668d9a5b5b64d5c4cc9b059c4461e570e33ac72fc3a4684"
)
