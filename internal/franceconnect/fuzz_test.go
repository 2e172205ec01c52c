package franceconnect

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"droits.example/droits/internal/fault"
)

// refusals are the only ways in which a parser may fail.
func refused(t *testing.T, err error) {
	t.Helper()
	for _, c := range []fault.Code{fault.JetonInvalide, fault.FranceConnectIndisponible, fault.NiveauInsuffisant} {
		if fault.Is(err, c) {
			return
		}
	}
	t.Fatal("an error without a code")
}

func FuzzAnswerV1(f *testing.F) {
	for _, s := range []string{
		`{"scope":["openid"],"identity":{"given_name":"Claire","family_name":"MARTIN","birthdate":"1985-03-14","gender":"female","birthplace":"12047","birthcountry":"99100","preferred_username":""},"client":{"client_id":"a","client_name":"b"},"acr":"eidas1"}`,
		`{"scope":"openid","identity":{},"client":{}}`, `{"status":"fail"}`, `null`, `[]`, ``, `{"identity":null}`,
		`{"scope":["é\ud800"],"IDENTITY":{"Family_Name":"X"},"client":{"client_id":1e400}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := decodeV1(body)
		if err != nil {
			refused(t, err)
			return
		}
		if !json.Valid(body) || a.Client == "" || !plausible(a) {
			t.Fatal("an answer without client or identity was accepted")
		}
	})
}

const fuzzToken = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

func fuzzProtocol(f *testing.F) (*protocolV2, *ecdsa.PrivateKey, *ecdsa.PrivateKey) {
	f.Helper()
	ours, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	theirs, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	now := time.Unix(1_800_000_000, 0)
	clock := func() time.Time { return now }
	p := &protocolV2{
		issuer: "iss", clientID: "dp", skew: time.Minute, clock: clock,
		sign: []jose.SignatureAlgorithm{jose.ES256, jose.RS256}, encrypt: []jose.KeyAlgorithm{jose.ECDH_ES, jose.RSA_OAEP_256},
		private: []jose.JSONWebKey{{Key: ours, Algorithm: string(jose.ECDH_ES)}},
		public: &keyCache{
			clock: clock, until: now.Add(time.Hour), refetchAt: now.Add(time.Hour),
			keys: map[string]any{"ES256 k": &theirs.PublicKey},
		},
	}
	return p, ours, theirs
}

const fuzzPayload = `{"iss":"iss","aud":"dp","iat":1800000000,"token_introspection":{"active":true,"aud":"sp","sub":"s","iat":1799999990,"exp":1800000050,"acr":"eidas1","jti":"` + fuzzToken + `","scope":"a b","family_name":"MARTIN","given_name":"Claire","given_name_array":["Claire"],"birthdate":"1985-03-14"}}`

// FuzzCompactV2 goes through decryption and signature: nothing but what was
// sealed by both right keys may come out.
func FuzzCompactV2(f *testing.F) {
	p, ours, theirs := fuzzProtocol(f)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: theirs, KeyID: "k"}}, nil)
	if err != nil {
		f.Fatal(err)
	}
	jws, err := signer.Sign([]byte(fuzzPayload))
	if err != nil {
		f.Fatal(err)
	}
	signed, err := jws.CompactSerialize()
	if err != nil {
		f.Fatal(err)
	}
	enc, err := jose.NewEncrypter(jose.A256GCM, jose.Recipient{Algorithm: jose.ECDH_ES, Key: &ours.PublicKey}, nil)
	if err != nil {
		f.Fatal(err)
	}
	jwe, err := enc.Encrypt([]byte(signed))
	if err != nil {
		f.Fatal(err)
	}
	sealed, err := jwe.CompactSerialize()
	if err != nil {
		f.Fatal(err)
	}
	if a, err := p.claims([]byte(fuzzPayload), fuzzToken); err != nil || a.Client != "sp" {
		f.Fatal("the seed is not right", err)
	}
	for _, s := range []string{sealed, signed, "", "....", "..", strings.Repeat(".", 5000), "e30.e30.e30.e30.e30", "bnVsbA..." + sealed[20:]} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, token string) {
		for _, inner := range []bool{false, true} {
			compact, err := token, error(nil)
			if !inner {
				if compact, err = p.open(token); err != nil {
					refused(t, err)
					continue
				}
			}
			payload, err := p.verify(context.Background(), compact)
			if err != nil {
				refused(t, err)
				continue
			}
			if string(payload) != fuzzPayload {
				t.Fatal("a payload that was never signed came out")
			}
		}
	})
}

func FuzzPayloadV2(f *testing.F) {
	p, _, _ := fuzzProtocol(f)
	for _, s := range []string{fuzzPayload, `{"token_introspection":{"active":false}}`, `{}`, `null`,
		strings.Replace(fuzzPayload, `"dp"`, `["dp"]`, 1), strings.Replace(fuzzPayload, "1800000000", "1.8e9", 1),
		strings.Replace(fuzzPayload, "1800000050", "9223372036854775807", 1)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		a, err := p.claims(payload, fuzzToken)
		if err != nil {
			refused(t, err)
			return
		}
		if a.Client == "" || a.Subject == "" || !a.ExpiresAt.After(p.clock()) || !strings.Contains(string(payload), "A") {
			t.Fatal("an answer that does not vouch for the token was accepted")
		}
	})
}

func FuzzKeys(f *testing.F) {
	_, _, theirs := fuzzProtocol(f)
	good, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &theirs.PublicKey, KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{string(good), `{"keys":[]}`, `{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"x"}]}`, `{"keys":null}`, `[]`,
		`{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA","kid":"x"}]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		keys, ok := parseKeys(body)
		if ok == (len(keys) == 0) {
			t.Fatal("an empty set is not a set")
		}
		for name, k := range keys {
			if alg, kid, _ := strings.Cut(name, " "); kid == "" || alg != "ES256" && alg != "RS256" || k == nil {
				t.Fatal("a key that no check may use was kept")
			}
		}
	})
}
