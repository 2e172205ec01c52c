package franceconnect_test

import (
	"slices"
	"testing"

	"droits.example/droits/internal/franceconnect"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/sim/fcsim"
)

func TestCheckTellsWhoAndForWhom(t *testing.T) {
	kw := func(alg string) option {
		return func(s *fcsim.Config, _ *franceconnect.Config) { s.Providers[0].KeyAlg = alg }
	}
	sig := func(alg string) option {
		return func(s *fcsim.Config, _ *franceconnect.Config) { s.Providers[0].SignAlg = alg }
	}
	for _, c := range []struct {
		name    string
		profile identity.Profile
		client  string
		scopes  []string
		options []option
	}{
		{"a v1 token", identity.V1, spV1, []string{"openid", "profile", "droits_assurance_maladie"}, nil},
		{"R8 a v2 token signed ES256 in ECDH-ES", identity.V2, spV2, []string{"cnam_caisse", "cnam_contrats"}, nil},
		{"R8 a v2 token signed ES256 in RSA-OAEP-256", identity.V2, spV2, []string{"cnam_caisse", "cnam_contrats"}, []option{kw(fcsim.KeyRSA)}},
		{"R8 a v2 token signed RS256 in ECDH-ES", identity.V2, spV2, []string{"cnam_caisse", "cnam_contrats"}, []option{sig(fcsim.SignRS256)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, c.options...)
			a, err := w.verifier.Check(t.Context(), c.profile, w.mint(t, c.client))
			if err != nil {
				t.Fatal(err)
			}
			if a.Profile != c.profile || a.Client != c.client || a.ACR != "eidas1" || !slices.Equal(a.Scopes, c.scopes) {
				t.Errorf("wrong client, level or scopes: %q %q %q", a.Client, a.ACR, a.Scopes)
			}
			p := a.Pivot
			if p.FamilyName != "MARTIN" || p.GivenName != "Claire Louise" || p.Birthdate != "1985-03-01" || p.Gender != "female" || p.Birthplace != "12047" || p.Birthcountry != "99100" {
				t.Error("the identity is not the person's")
			}
			if c.profile == identity.V2 {
				if len(p.GivenNames) != 2 || a.Subject == "" || a.ExpiresAt.Sub(a.IssuedAt).Seconds() != 60 {
					t.Error("v2 tells given names, subject and times")
				}
			} else if p.PreferredUsername != "BERNARD" {
				t.Error("v1 tells the usage name")
			}
		})
	}
}
