package account

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/fault"
)

// The table that a jurist can read says the same as the code, cell by cell.
func TestRoles(t *testing.T) { // R33
	raw, err := os.ReadFile("testdata/roles.md")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	var columns []string
	for _, line := range strings.Split(string(raw), "\n") {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|--") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if cells[0] == "acte" {
			columns = cells
			continue
		}
		for i := 1; i < len(cells); i++ {
			want[cells[0]+"/"+columns[i]] = cells[i] == "oui"
		}
	}
	roles := append(append(MemberRoles(), AgentRoles()...), "")
	if len(want) != len(Deeds())*len(roles) {
		t.Fatalf("the table has %d cells, the code %d", len(want), len(Deeds())*len(roles))
	}
	for _, d := range Deeds() {
		for _, r := range roles {
			name := string(r)
			if name == "" {
				name = "aucun"
			}
			t.Run(fmt.Sprintf("R33 %s by %s", d, name), func(t *testing.T) {
				if w, ok := want[string(d)+"/"+name]; !ok || w != r.May(d) {
					t.Errorf("the code says %v", r.May(d))
				}
			})
		}
	}
	t.Run("R33 what is not in the table is refused", func(t *testing.T) {
		for _, r := range roles {
			if r.May("autre.chose") {
				t.Error(r)
			}
		}
	})
	t.Run("no role is both a member's and an agent's", func(t *testing.T) {
		for _, r := range roles {
			if r.Agent() && r.Member() {
				t.Error(r)
			}
			for _, d := range Deeds() {
				if w := d.Who(); slices.ContainsFunc(w, Role.Agent) && slices.ContainsFunc(w, Role.Member) {
					t.Errorf("%s is open to both sides", d)
				}
			}
		}
	})
}

func TestMandates(t *testing.T) { // R33
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	whole := Mandate{Director: "Directrice d'essai", Until: now.Add(time.Hour), ReviewBy: now.Add(time.Hour), SecretAt: now}
	for name, c := range map[string]struct {
		change func(*Mandate)
		reason string
	}{
		"a whole mandate acts":                   {func(*Mandate) {}, ""},
		"no mandate":                             {func(m *Mandate) { *m = Mandate{} }, NoMandate},
		"the end date is reached":                {func(m *Mandate) { m.Until = now }, MandateEnded},
		"ended before its term":                  {func(m *Mandate) { m.EndedAt = now }, MandateEnded},
		"the review is due":                      {func(m *Mandate) { m.ReviewBy = now }, ReviewOverdue},
		"the undertaking is not accepted":        {func(m *Mandate) { m.SecretAt = time.Time{} }, NoUndertaking},
		"an end that is announced and not there": {func(m *Mandate) { m.EndedAt = now.Add(time.Minute) }, ""},
	} {
		t.Run("R33 "+name, func(t *testing.T) {
			m := whole
			c.change(&m)
			err := m.Acting(now)
			if c.reason == "" && err != nil || c.reason != "" && (fault.From(err).Reason() != c.reason || !fault.Is(err, fault.RoleInsuffisant)) {
				t.Errorf("answered %v", err)
			}
		})
	}
	t.Run("a mandate without director, past or for ever is not given", func(t *testing.T) {
		for _, m := range []Mandate{{Until: now.Add(time.Hour)}, {Director: "Directrice", Until: now}, {Director: "Directrice", Until: now.Add(MaxMandate + time.Second)}} {
			if !fault.Is(m.Check(now), fault.ParametreInvalide) {
				t.Error("taken")
			}
		}
	})
}

func TestFactor(t *testing.T) {
	secret := []byte("12345678901234567890") // RFC 6238, appendix B
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		if got := FactorCode(secret, FactorStep(time.Unix(at, 0))); got != want {
			t.Errorf("at %d: %s", at, got)
		}
	}
	now := time.Unix(1234567890, 0)
	step, ok := VerifyFactor(secret, "005924", now, 0)
	if !ok {
		t.Fatal("the code of the moment is refused")
	}
	for name, c := range map[string]struct {
		code string
		at   time.Time
		last int64
		ok   bool
	}{
		"half a minute late":  {"005924", now.Add(30 * time.Second), 0, true},
		"half a minute early": {"005924", now.Add(-30 * time.Second), 0, true},
		"two steps late":      {"005924", now.Add(61 * time.Second), 0, false},
		"served already":      {"005924", now, step, false},
		"another code":        {"005925", now, 0, false},
		"no code":             {"", now, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			if _, ok := VerifyFactor(secret, c.code, c.at, c.last); ok != c.ok {
				t.Error(ok)
			}
		})
	}
	if s := NewFactor(); string(ParseFactor(FactorText(s))) != string(s) || ParseFactor("AAAA") != nil {
		t.Error("a secret is not read back")
	}
	for _, x := range []any{Assertion{Given: "Camille"}, Person{Name: "Camille"}} {
		if s := fmt.Sprintf("%v %+v %#v %s", x, x, x, x); strings.Contains(s, "Camille") {
			t.Error("a name is printed")
		}
	}
}
