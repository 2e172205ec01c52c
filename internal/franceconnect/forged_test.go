package franceconnect_test

import (
	"testing"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/franceconnect"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/sim/fcsim"
)

// The reasons are internal; the codes are what a caller sees. An answer that
// FranceConnect cannot have meant is its failure (502); an answer that it did
// give, but that does not vouch for this token to us, refuses the token (401).
var forgeries = []struct {
	forgery fcsim.Forgery
	code    fault.Code
	reason  string
}{
	{fcsim.AlgNone, fault.FranceConnectIndisponible, "JWS_ALG"},
	{fcsim.HS256PublicKey, fault.FranceConnectIndisponible, "JWS_ALG"},
	{fcsim.BadSignature, fault.FranceConnectIndisponible, "JWS_SIGNATURE"},
	{fcsim.OtherSigner, fault.FranceConnectIndisponible, "JWS_SIGNATURE"},
	{fcsim.UnknownKid, fault.FranceConnectIndisponible, "KID_UNKNOWN"},
	{fcsim.NoKid, fault.FranceConnectIndisponible, "JWS_KID"},
	{fcsim.NotSigned, fault.FranceConnectIndisponible, "NOT_SIGNED"},
	{fcsim.NotEncrypted, fault.FranceConnectIndisponible, "NOT_ENCRYPTED"},
	{fcsim.OtherKey, fault.FranceConnectIndisponible, "JWE_DECRYPT"},
	{fcsim.EncA128, fault.FranceConnectIndisponible, "JWE_ENC"},
	{fcsim.AlgRSA15, fault.FranceConnectIndisponible, "JWE_ALG"},
	{fcsim.AlgOtherKW, fault.FranceConnectIndisponible, "JWE_ALG"},
	{fcsim.Compressed, fault.FranceConnectIndisponible, "JWE_HEADER"},
	{fcsim.WrongIssuer, fault.FranceConnectIndisponible, "ISS_MISMATCH"},
	{fcsim.WrongAudience, fault.JetonInvalide, "AUD_MISMATCH"},
	{fcsim.AudienceList, fault.JetonInvalide, "AUD_MISMATCH"},
	{fcsim.IatFuture, fault.FranceConnectIndisponible, "IAT_FUTURE"},
	{fcsim.IatStale, fault.FranceConnectIndisponible, "IAT_STALE"},
	{fcsim.Expired, fault.JetonInvalide, "TOKEN_EXPIRED"},
	{fcsim.TokenFromFuture, fault.JetonInvalide, "TOKEN_TIMES"},
	{fcsim.OtherToken, fault.JetonInvalide, "JTI_MISMATCH"},
	{fcsim.Inactive, fault.JetonInvalide, "TOKEN_INACTIVE"},
	{fcsim.MissingACR, fault.NiveauInsuffisant, "ACR_UNKNOWN"},
	{fcsim.UnknownACR, fault.NiveauInsuffisant, "ACR_UNKNOWN"},
	{fcsim.NoSubject, fault.FranceConnectIndisponible, "ANSWER_INCOMPLETE"},
	{fcsim.NoClient, fault.FranceConnectIndisponible, "ANSWER_INCOMPLETE"},
	{fcsim.NoScope, fault.FranceConnectIndisponible, "ANSWER_INCOMPLETE"},
	{fcsim.NoIdentity, fault.FranceConnectIndisponible, "IDENTITY_IMPLAUSIBLE"},
	{fcsim.NoIntrospection, fault.FranceConnectIndisponible, "PAYLOAD_MALFORMED"},
	{fcsim.WrongContentType, fault.FranceConnectIndisponible, "CONTENT_TYPE"},
}

// R8
func TestForgedAnswersAreRefused(t *testing.T) {
	for _, alg := range []string{fcsim.KeyECDH, fcsim.KeyRSA} {
		w := newWorld(t, func(s *fcsim.Config, _ *franceconnect.Config) { s.Providers[0].KeyAlg = alg })
		token := w.mint(t, spV2)
		for _, c := range forgeries {
			t.Run("R8 "+string(c.forgery)+" is refused under "+alg, func(t *testing.T) {
				w.sim.Break(fcsim.Forge(c.forgery))
				v := w.newVerifier(t) // its circuit is closed, its caches are empty
				_, err := v.Check(t.Context(), identity.V2, token)
				expect(t, err, c.code, c.reason)
				w.sim.Break(fcsim.None())
				if _, err := v.Check(t.Context(), identity.V2, token); err != nil {
					t.Error("the same token must pass once the answer is right")
				}
			})
		}
	}
	if len(forgeries) != len(fcsim.Forgeries()) {
		t.Error("a forgery of the simulator has no expected reason")
	}
}

// R8
func TestNarrowedAlgorithmsAreRefused(t *testing.T) {
	t.Run("R8 RSA-OAEP-256 is refused where only ECDH-ES is allowed", func(t *testing.T) {
		w := newWorld(t, func(s *fcsim.Config, c *franceconnect.Config) {
			s.Providers[0].KeyAlg = fcsim.KeyRSA
			c.V2.KeyAlgs = []string{"ECDH-ES"}
		})
		_, err := w.verifier.Check(t.Context(), identity.V2, w.mint(t, spV2))
		expect(t, err, fault.FranceConnectIndisponible, "JWE_ALG")
	})
	t.Run("R8 RS256 is refused where only ES256 is allowed", func(t *testing.T) {
		w := newWorld(t, func(s *fcsim.Config, c *franceconnect.Config) {
			s.Providers[0].SignAlg = fcsim.SignRS256
			c.V2.SigningAlgs = []string{"ES256"}
		})
		_, err := w.verifier.Check(t.Context(), identity.V2, w.mint(t, spV2))
		expect(t, err, fault.FranceConnectIndisponible, "JWS_ALG")
	})
}
