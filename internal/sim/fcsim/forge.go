package fcsim

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"droits.example/droits/internal/sim/provider"
)

// Forgery names one wrong thing in an otherwise right v2 answer.
type Forgery string

// The forgeries: how the answer is wrapped, who wrote it, what it claims.
const (
	AlgNone          Forgery = "alg none"
	HS256PublicKey   Forgery = "HS256 keyed with the public key"
	BadSignature     Forgery = "signature altered"
	OtherSigner      Forgery = "signed by a stranger under a known kid"
	UnknownKid       Forgery = "unknown kid"
	NoKid            Forgery = "no kid"
	NotSigned        Forgery = "encrypted, not signed"
	NotEncrypted     Forgery = "signed, not encrypted"
	OtherKey         Forgery = "encrypted to another key"
	EncA128          Forgery = "content encryption A128GCM"
	AlgRSA15         Forgery = "key algorithm RSA1_5"
	AlgOtherKW       Forgery = "key algorithm ECDH-ES+A256KW"
	Compressed       Forgery = "compressed"
	WrongIssuer      Forgery = "another issuer"
	WrongAudience    Forgery = "written for another data provider"
	AudienceList     Forgery = "written for several data providers"
	IatFuture        Forgery = "issued in the future"
	IatStale         Forgery = "issued ten minutes ago"
	Expired          Forgery = "token expired"
	TokenFromFuture  Forgery = "token issued in the future"
	OtherToken       Forgery = "about another token"
	Inactive         Forgery = "inactive with an identity"
	MissingACR       Forgery = "no acr"
	UnknownACR       Forgery = "unknown acr"
	NoSubject        Forgery = "no sub"
	NoClient         Forgery = "no client"
	NoScope          Forgery = "scope missing"
	NoIdentity       Forgery = "no identity"
	NoIntrospection  Forgery = "no token_introspection"
	WrongContentType Forgery = "content type application/jwt"
)

// Forgeries lists them all.
func Forgeries() []Forgery {
	return []Forgery{AlgNone, HS256PublicKey, BadSignature, OtherSigner, UnknownKid, NoKid, NotSigned,
		NotEncrypted, OtherKey, EncA128, AlgRSA15, AlgOtherKW, Compressed, WrongIssuer, WrongAudience,
		AudienceList, IatFuture, IatStale, Expired, TokenFromFuture, OtherToken, Inactive, MissingACR,
		UnknownACR, NoSubject, NoClient, NoScope, NoIdentity, NoIntrospection, WrongContentType}
}

// claims spoils what a right answer says.
func (f Forgery) claims(outer, inner map[string]any, now time.Time) {
	switch f {
	case WrongIssuer:
		outer["iss"] = "http://ailleurs.example/api/v2"
	case WrongAudience:
		outer["aud"] = "un-autre-fournisseur-de-donnees"
	case AudienceList:
		outer["aud"] = []any{outer["aud"], "un-autre-fournisseur-de-donnees"}
	case IatFuture:
		outer["iat"] = now.Add(10 * time.Minute).Unix()
	case IatStale:
		outer["iat"] = now.Add(-10 * time.Minute).Unix()
	case Expired:
		inner["iat"], inner["exp"] = now.Add(-2*time.Minute).Unix(), now.Add(-time.Minute).Unix()
	case TokenFromFuture:
		inner["iat"], inner["exp"] = now.Add(10*time.Minute).Unix(), now.Add(11*time.Minute).Unix()
	case OtherToken:
		inner["jti"] = strings.Repeat("B", 43)
	case Inactive:
		inner["active"] = false
	case MissingACR:
		delete(inner, "acr")
	case UnknownACR:
		inner["acr"] = "eidas9"
	case NoSubject:
		delete(inner, "sub")
	case NoClient:
		delete(inner, "aud")
	case NoScope:
		delete(inner, "scope")
	case NoIdentity:
		delete(inner, "family_name")
	case NoIntrospection:
		delete(outer, "token_introspection")
	}
}

// sign spoils the signature level.
func (f Forgery) sign(key jose.JSONWebKey, claims any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	switch f {
	case AlgNone:
		return b64(`{"alg":"none","kid":"`+key.KeyID+`"}`) + "." + b64(string(payload)) + ".", nil
	case HS256PublicKey:
		pub := key.Public()
		der, err := x509.MarshalPKIXPublicKey(pub.Key)
		if err != nil {
			return "", err
		}
		return signHS256(der, `{"alg":"HS256","kid":"`+key.KeyID+`"}`, claims)
	case NotSigned:
		return string(payload), nil
	case UnknownKid:
		key.KeyID = "inconnu"
	case NoKid:
		key.KeyID = ""
	case OtherSigner:
		if key.Key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			return "", err
		}
		key.Algorithm = SignES256
	}
	out, err := provider.Sign(key, claims, "")
	if f == BadSignature && err == nil {
		i := strings.LastIndexByte(out, '.') + 10
		flip := byte('A')
		if out[i] == flip {
			flip = 'B'
		}
		out = out[:i] + string(flip) + out[i+1:]
	}
	return out, err
}

// encrypt spoils the encryption level.
func (f Forgery) encrypt(jws, alg string, key any) (string, error) {
	kw, enc := jose.KeyAlgorithm(alg), jose.ContentEncryption(contentEnc)
	switch f {
	case NotEncrypted:
		return jws, nil
	case EncA128:
		enc = jose.A128GCM
	case AlgRSA15, AlgOtherKW, OtherKey:
		return f.otherKey(jws, kw, key)
	case Compressed:
		return deflated(jws, kw, key)
	}
	return encrypt(jws, kw, enc, key)
}

func (f Forgery) otherKey(jws string, kw jose.KeyAlgorithm, key any) (string, error) {
	ec, isEC := key.(*ecdsa.PublicKey)
	switch {
	case f == AlgOtherKW && isEC:
		return encrypt(jws, jose.ECDH_ES_A256KW, contentEnc, ec)
	case f == AlgOtherKW:
		return encrypt(jws, jose.RSA_OAEP, contentEnc, key)
	case f == OtherKey && isEC:
		stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return "", err
		}
		return encrypt(jws, kw, contentEnc, &stranger.PublicKey)
	}
	if f == AlgRSA15 {
		kw = jose.RSA1_5
		if !isEC {
			return encrypt(jws, kw, contentEnc, key)
		}
	}
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", err
	}
	return encrypt(jws, kw, contentEnc, &stranger.PublicKey)
}

func deflated(jws string, kw jose.KeyAlgorithm, key any) (string, error) {
	e, err := jose.NewEncrypter(contentEnc, jose.Recipient{Algorithm: kw, Key: key}, &jose.EncrypterOptions{Compression: jose.DEFLATE})
	if err != nil {
		return "", errors.New("fcsim: forge")
	}
	obj, err := e.Encrypt([]byte(jws))
	if err != nil {
		return "", errors.New("fcsim: forge")
	}
	return obj.CompactSerialize()
}
