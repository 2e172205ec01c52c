package trace

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestAnAnswerJustAfterMidnightIsKnown(t *testing.T) { // T2
	from := time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC)
	b := NewBalance()
	hash := [HashSize]byte{1}
	b.HoldAround(Access{Hash: hash, Partner: "hopital", Served: true, At: from.Add(-time.Second)})
	line := fmt.Sprintf(`{"time":%q,"path":"/v1/droits/beneficiaires/me","status":200,"trace":"h/acces/2026/%s"}`, from.Add(50*time.Millisecond).Format(time.RFC3339Nano), hex.EncodeToString(hash[:]))
	if err := b.Read(strings.NewReader(line), from, from.AddDate(0, 1, 0), "/v1/droits/beneficiaires"); err != nil {
		t.Fatal(err)
	}
	if r := b.Close(); !r.Balanced || r.Unknown != 0 || r.Partners[0].Proxy != 0 || r.Partners[0].Served != 0 || r.Partners[0].Unseen != 0 {
		t.Errorf("%+v", r)
	}
}

func TestALineThatIsTooLongIsUnreadAndTheRunGoesOn(t *testing.T) {
	from := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for _, n := range []int{1 << 16, 1<<16 + 1, 3 << 16} {
		b := NewBalance()
		hash := [HashSize]byte{1}
		b.Hold(Access{Hash: hash, Partner: "hopital", Served: true, At: from})
		b.Count("hopital", 1)
		line := fmt.Sprintf(`{"time":%q,"path":"/v1/droits/beneficiaires/me","status":200,"trace":"h/acces/2026/%s"}`, from.Format(time.RFC3339), hex.EncodeToString(hash[:]))
		if err := b.Read(strings.NewReader(strings.Repeat("x", n)+"\n"+line), from, from.AddDate(0, 1, 0), "/v1/droits/beneficiaires"); err != nil {
			t.Fatal(err)
		}
		if r := b.Close(); r.Balanced || r.Unread != 1 || r.Partners[0].Proxy != 1 {
			t.Errorf("%d: %+v", n, r)
		}
	}
}
