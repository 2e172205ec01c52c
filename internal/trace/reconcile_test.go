package trace

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestThreeCountsOfAMonth(t *testing.T) { // T2
	from, until := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	quote := func(n byte) string {
		return "droits.example/acces/2026/" + hex.EncodeToString(append([]byte{n}, make([]byte, HashSize-1)...))
	}
	line := func(status int, path, q string) string {
		return fmt.Sprintf(`{"time":"2026-11-05T10:00:00+01:00","path":%q,"status":%d,"trace":%q}`+"\n", path, status, q)
	}
	const base, me = "/v1/droits/beneficiaires", "/v1/droits/beneficiaires/me"
	whole := line(200, me+"?dateDebut=x", quote(1)) + line(200, me, quote(2)) + line(403, me, quote(3))
	for name, c := range map[string]struct {
		log      string
		counted  int64
		balanced bool
	}{
		"three counts that agree":                          {whole, 2, true},
		"a refusal was counted too":                        {whole, 3, true},
		"an answer was cut":                                {strings.Join(strings.SplitAfter(whole, "\n")[1:], ""), 2, true},
		"pages quote nothing, and need not":                {whole + line(200, "/mon-espace", ""), 2, true},
		"another path that begins alike":                   {whole + line(200, base+"-autres/me", ""), 2, true},
		"T2 an answer without a trace":                     {whole + line(200, me, ""), 2, false},
		"T2 an answer served under the entry of a refusal": {strings.Replace(whole, `"status":403`, `"status":200`, 1), 2, false},
		"T2 an entry quoted by two answers":                {whole + line(200, me, quote(1)), 2, false},
		"T2 an entry that does not exist":                  {whole + line(200, me, quote(9)), 2, false},
		"T2 fewer calls counted than served":               {whole, 1, false},
		"T2 more calls counted than there are entries":     {whole, 4, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := NewBalance()
			for n := byte(1); n <= 3; n++ {
				b.Hold(Access{Hash: [HashSize]byte{n}, Partner: "hopital", Served: n < 3})
			}
			b.Count("hopital", c.counted)
			if err := b.Read(strings.NewReader(c.log), from, until, base); err != nil {
				t.Fatal(err)
			}
			if r := b.Close(); r.Balanced != c.balanced {
				t.Errorf("%+v", r)
			}
		})
	}
}
