package partner

import (
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
)

func TestSecrets(t *testing.T) { // R78
	seen := map[string]bool{}
	for _, e := range []Environment{Sandbox, Production} {
		other := Production
		if e == Production {
			other = Sandbox
		}
		for range 200 {
			s := NewSecret(e)
			if seen[s] || len(s) != 5+43 || !strings.HasPrefix(s, e.Prefix()) || !LooksLikeKey(s, e) || LooksLikeKey(s, other) {
				t.Fatalf("R78 a secret of %s: %d characters", e, len(s))
			}
			seen[s] = true
		}
	}
	if a, b := NewID("cle"), NewID("cle"); a == b || !strings.HasPrefix(a, "cle_") || len(a) != 4+12 {
		t.Errorf("%s %s", a, b)
	}
	for name, s := range map[string]string{
		"nothing": "", "a prefix alone": "test_", "too short": "test_" + strings.Repeat("a", 15), "too long": "test_" + strings.Repeat("a", 124), "no prefix": strings.Repeat("a", 48),
		"a prefix in capitals": "TEST_" + strings.Repeat("a", 43), "a space before": " test_" + strings.Repeat("a", 43),
	} {
		if LooksLikeKey(s, Sandbox) {
			t.Errorf("%s looks like a key", name)
		}
	}
	for _, n := range []int{16, 43, 123} {
		if !LooksLikeKey("test_"+strings.Repeat("a", n), Sandbox) {
			t.Errorf("%d characters do not", n)
		}
	}
}

func TestAKeyLives(t *testing.T) { // R74
	now := time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name string
		key  Key
		at   time.Time
		want bool
	}{
		{"R74 without an end", Key{}, now, true},
		{"R74 until the instant of its end", Key{ExpiresAt: now}, now.Add(-1), true},
		{"R74 not at its end", Key{ExpiresAt: now}, now, false},
		{"R74 until it is revoked", Key{RevokedAt: now}, now.Add(-1), true},
		{"R74 not once revoked", Key{RevokedAt: now}, now, false},
		{"R74 not revoked, and ended", Key{RevokedAt: now.Add(time.Hour), ExpiresAt: now}, now, false},
	} {
		if c.key.LiveAt(c.at) != c.want {
			t.Error(c.name)
		}
	}
}

func TestPartnersAreChecked(t *testing.T) {
	good := Partner{ID: "hopital-1", Nom: "Hôpital", SIRET: "11000001500013", Kind: droits.Etablissement}
	for name, c := range map[string]struct {
		change func(*Partner)
		field  string
	}{
		"as it is":                       {func(*Partner) {}, ""},
		"without a SIRET":                {func(p *Partner) { p.SIRET = "" }, ""},
		"an id in capitals":              {func(p *Partner) { p.ID = "Hopital" }, "id"},
		"an id that begins with a digit": {func(p *Partner) { p.ID = "1hopital" }, "id"},
		"an id of one letter":            {func(p *Partner) { p.ID = "h" }, "id"},
		"an id of 41 letters":            {func(p *Partner) { p.ID = strings.Repeat("h", 41) }, "id"},
		"an id with a slash":             {func(p *Partner) { p.ID = "a/b" }, "id"},
		"no name":                        {func(p *Partner) { p.Nom = "" }, "nom"},
		"a name without end":             {func(p *Partner) { p.Nom = strings.Repeat("n", 201) }, "nom"},
		"a SIRET of 13 digits":           {func(p *Partner) { p.SIRET = "1100000150001" }, "siret"},
		"a SIRET with a letter":          {func(p *Partner) { p.SIRET = "1100000150001A" }, "siret"},
		"another kind":                   {func(p *Partner) { p.Kind = "autre" }, "kind"},
		"no kind":                        {func(p *Partner) { p.Kind = "" }, "kind"},
	} {
		t.Run(name, func(t *testing.T) {
			p := good
			c.change(&p)
			err := p.Check()
			if c.field == "" && err != nil || c.field != "" && (!fault.Is(err, fault.ParametreInvalide) || fault.From(err).Field() != c.field) {
				t.Errorf("%v", err)
			}
		})
	}
}
