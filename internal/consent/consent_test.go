package consent

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestARestrictionHolds(t *testing.T) { // R52
	now := time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name string
		r    Restriction
		want bool
	}{
		{"R52 until it is lifted", Restriction{SinceAt: now.Add(-time.Hour)}, true},
		{"R52 from its first instant", Restriction{SinceAt: now}, true},
		{"R52 not before", Restriction{SinceAt: now.Add(1)}, false},
		{"R52 until the instant of its end", Restriction{SinceAt: now.Add(-time.Hour), UntilAt: now.Add(1)}, true},
		{"R52 not at its end", Restriction{SinceAt: now.Add(-time.Hour), UntilAt: now}, false},
	} {
		if c.r.InForceAt(now) != c.want {
			t.Error(c.name)
		}
	}
	if len(Grounds()) != 4 {
		t.Error("GDPR article 18(1) has four grounds")
	}
}

func TestWhatIsListedNamesNobody(t *testing.T) {
	b, err := json.Marshal(RestrictionLine{ID: "lim_1", Ground: "18-1-a", SinceAt: time.Unix(0, 0).UTC()})
	if err != nil || string(b) != `{"id":"lim_1","bloc":"","ground":"18-1-a","since_at":"1970-01-01T00:00:00Z"}` {
		t.Errorf("%s %v", b, err)
	}
	b, err = json.Marshal(Evidence{Kind: DeclaredByPartner, Scopes: []string{"openid"}, ACR: "eidas1", Profile: "v1"})
	if err != nil || strings.Contains(string(b), "sub") {
		t.Errorf("%s %v", b, err)
	}
}
