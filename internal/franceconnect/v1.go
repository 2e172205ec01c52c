package franceconnect

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/identity"
)

// V1Config is the legacy FranceConnect: no registration, no signature. Its
// answers are worth what the TLS connection is worth.
type V1Config struct {
	BaseURL string // such as https://fc.example/api/v1
}

func (v *Verifier) addV1(c V1Config) error {
	u, err := parseBase(c.BaseURL, "/checktoken")
	if err != nil {
		return err
	}
	header := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}
	v.v1 = &upstream{
		ping:  strings.Repeat("0", 64),
		shape: shapeV1,
		ask: func(ctx context.Context, token string) (identity.Assertion, error) {
			return v.askV1(ctx, &request{http.MethodPost, u, header, bodyV1(token)})
		},
	}
	return nil
}

// shapeV1 accepts any printable ASCII without spaces: v1 tokens are opaque,
// and have been hexadecimal and UUID.
func shapeV1(token string) bool {
	if len(token) == 0 || len(token) > maxToken {
		return false
	}
	for _, c := range []byte(token) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

func bodyV1(token string) []byte {
	b := append(make([]byte, 0, len(token)+16), `{"token":"`...)
	for _, c := range []byte(token) {
		if c == '"' || c == '\\' {
			b = append(b, '\\')
		}
		b = append(b, c)
	}
	return append(b, `"}`...)
}

func (v *Verifier) askV1(ctx context.Context, r *request) (identity.Assertion, error) {
	rep, err := v.send(ctx, r)
	if err != nil {
		return identity.Assertion{}, err
	}
	defer rep.release()
	switch {
	case rep.status == http.StatusOK:
		return decodeV1(rep.body)
	case rep.status == http.StatusTooManyRequests:
		return identity.Assertion{}, overloaded(rep.header)
	case rep.status >= 400 && rep.status < 500: // wording and status vary (franceconnect.md, open points)
		return identity.Assertion{}, invalid("TOKEN_UNKNOWN")
	}
	return identity.Assertion{}, unavailable("UNEXPECTED_STATUS")
}

// answerV1 is what is read of an answer. E-mail, telephone, address and the
// identity provider are not needed, so they are not even decoded.
type answerV1 struct {
	Scope  []string `json:"scope"`
	ACR    string   `json:"acr"`
	Client struct {
		ID string `json:"client_id"`
	} `json:"client"`
	Identity *struct {
		GivenName         string `json:"given_name"`
		FamilyName        string `json:"family_name"`
		Birthdate         string `json:"birthdate"`
		Gender            string `json:"gender"`
		Birthplace        string `json:"birthplace"`
		Birthcountry      string `json:"birthcountry"`
		PreferredUsername string `json:"preferred_username"`
	} `json:"identity"`
}

// decodeV1 reads a positive answer. Errors: franceconnect_indisponible.
func decodeV1(body []byte) (identity.Assertion, error) {
	var a answerV1
	if json.Unmarshal(body, &a) != nil {
		return identity.Assertion{}, nonsense("ANSWER_NOT_JSON")
	}
	if a.Identity == nil || a.Client.ID == "" || a.Scope == nil {
		return identity.Assertion{}, nonsense("ANSWER_INCOMPLETE")
	}
	out := identity.Assertion{
		Client: a.Client.ID, Scopes: a.Scope, ACR: a.ACR,
		Pivot: identity.Pivot{
			FamilyName: a.Identity.FamilyName, GivenName: a.Identity.GivenName,
			Birthdate: a.Identity.Birthdate, Gender: a.Identity.Gender,
			Birthplace: a.Identity.Birthplace, Birthcountry: a.Identity.Birthcountry,
			PreferredUsername: a.Identity.PreferredUsername,
		},
	}
	if !plausible(out) {
		return identity.Assertion{}, nonsense(reasonIdentity)
	}
	return out, nil
}

// Bounds of an answer that makes sense (franceconnect.md §3).
const (
	maxName   = 256
	maxScopes = 100
)

// plausible bounds what goes further. Whether the identity is well formed and
// whose it is, package identity decides.
func plausible(a identity.Assertion) bool {
	p := a.Pivot
	if p.FamilyName == "" || p.Birthdate == "" || len(a.Scopes) > maxScopes || len(p.GivenNames) > maxScopes {
		return false
	}
	for _, s := range [...]string{a.Client, a.Subject, a.ACR, p.FamilyName, p.GivenName, p.Birthdate, p.Gender, p.Birthplace, p.Birthcountry, p.PreferredUsername} {
		if len(s) > 4*maxName {
			return false
		}
	}
	for _, list := range [2][]string{a.Scopes, p.GivenNames} {
		for _, s := range list {
			if len(s) > 4*maxName {
				return false
			}
		}
	}
	return true
}

// nonsense is an answer that cannot be used. The decoder's own error is not
// kept: it may quote a value.
func nonsense(reason string) *fault.Fault { return unavailable(reason) }
