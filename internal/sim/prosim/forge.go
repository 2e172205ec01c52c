package prosim

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"droits.example/droits/internal/sim/provider"
)

// Forgery names one wrong thing in otherwise right answers.
type Forgery string

// The forgeries.
const (
	AlgNone          Forgery = "alg none"
	OtherSigner      Forgery = "signed by a stranger under a known kid"
	WrongIssuer      Forgery = "another issuer"
	WrongAudience    Forgery = "written for another client"
	AudienceList     Forgery = "written for several clients"
	WrongNonce       Forgery = "another nonce"
	Expired          Forgery = "expired"
	NoSubject        Forgery = "no sub"
	NoSIRET          Forgery = "no siret"
	WrongSIRET       Forgery = "siret with a wrong digit"
	NoName           Forgery = "no usual_name"
	LongName         Forgery = "a name without end"
	UnverifiedMail   Forgery = "e-mail not verified"
	WrongMail        Forgery = "an e-mail that is not one"
	UserinfoSubject  Forgery = "userinfo of somebody else"
	UserinfoUnsigned Forgery = "userinfo not signed"
	UserinfoStranger Forgery = "userinfo signed by a stranger"
	Down             Forgery = "503"
)

func (f Forgery) idToken(claims map[string]any, now time.Time) {
	switch f {
	case WrongIssuer:
		claims["iss"] = "http://ailleurs.example/pro"
	case WrongAudience:
		claims["aud"] = "un-autre-client"
	case AudienceList:
		claims["aud"] = []any{claims["aud"], "un-autre-client"}
	case WrongNonce:
		claims["nonce"] = "un-autre-nonce-0123456789"
	case Expired:
		claims["iat"], claims["exp"] = now.Add(-time.Hour).Unix(), now.Add(-time.Minute).Unix()
	case NoSubject:
		delete(claims, "sub")
	}
}

func (f Forgery) userinfo(claims map[string]any) {
	switch f {
	case NoSIRET:
		delete(claims, "siret")
	case WrongSIRET:
		claims["siret"] = "00000000000019"
	case NoName:
		delete(claims, "usual_name")
	case LongName:
		claims["usual_name"] = strings.Repeat("a", 10_000)
	case UnverifiedMail:
		claims["email_verified"] = false
	case WrongMail:
		claims["email"] = "pas une adresse"
	case UserinfoSubject:
		claims["sub"] = subject("quelqu-un-d-autre")
	}
}

func (f Forgery) sign(key jose.JSONWebKey, claims any) (string, error) {
	switch f {
	case AlgNone:
		payload, err := json.Marshal(claims)
		b64 := base64.RawURLEncoding.EncodeToString
		return b64([]byte(`{"alg":"none","kid":"`+key.KeyID+`"}`)) + "." + b64(payload) + ".", err
	case OtherSigner:
		return signStranger(key, claims)
	}
	return provider.Sign(key, claims, "")
}

func (f Forgery) signUserinfo(key jose.JSONWebKey, claims any) (string, error) {
	if f == UserinfoStranger {
		return signStranger(key, claims)
	}
	return provider.Sign(key, claims, "")
}

// signStranger signs with a key of nobody, under a kid that is known.
func signStranger(key jose.JSONWebKey, claims any) (string, error) {
	keys, err := provider.NewSigningKeys(false)
	if err != nil {
		return "", errors.New("prosim: forge")
	}
	stranger := keys.Get(provider.SignES256)
	stranger.KeyID = key.KeyID
	return provider.Sign(stranger, claims, "")
}
