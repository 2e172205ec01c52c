package idp

import (
	"encoding/json"
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/coreos/go-oidc/v3/oidc"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
)

// claims are what a userinfo says of a person.
type claims struct {
	Given    string `json:"given_name"`
	Family   string `json:"usual_name"`
	Mail     string `json:"email"`
	Verified bool   `json:"email_verified"`
	SIRET    string `json:"siret"`
}

// session is what an id_token says of a login.
type session struct {
	At      int64    `json:"auth_time"`
	Methods []string `json:"amr"`
}

// Limits of what a provider may say; beyond them it says nonsense.
const (
	maxName    = 100 // characters
	maxMail    = 254 // bytes (RFC 5321)
	maxSubject = 255 // bytes (OpenID Connect Core §2)
	maxMethods = 20
)

// assertion reads both tokens of a login. Errors: organisation_absente,
// identite_indisponible.
func assertion(idToken, userinfo *oidc.IDToken) (account.Assertion, error) {
	var who, login json.RawMessage
	if userinfo.Claims(&who) != nil || idToken.Claims(&login) != nil {
		return account.Assertion{}, unavailable("CLAIMS")
	}
	a, err := parse(login, who)
	if err != nil {
		return account.Assertion{}, err
	}
	a.Issuer, a.Subject = idToken.Issuer, idToken.Subject
	if len(a.Subject) > maxSubject || !printable(a.Subject) {
		return account.Assertion{}, unavailable("CLAIMS")
	}
	if a.At.IsZero() {
		a.At = idToken.IssuedAt
	}
	return a, nil
}

// parse reads the claims of an id_token and of a userinfo. An address that the
// provider does not call verified is not.
func parse(idToken, userinfo []byte) (a account.Assertion, err error) {
	var c claims
	var s session
	if json.Unmarshal(userinfo, &c) != nil || json.Unmarshal(idToken, &s) != nil {
		return a, unavailable("CLAIMS")
	}
	c.Given, c.Family = strings.TrimSpace(c.Given), strings.TrimSpace(c.Family)
	switch {
	case !plausible(c.Given) || !plausible(c.Family):
		return a, unavailable("IDENTITY_IMPLAUSIBLE")
	case c.Mail != "" && !address(c.Mail):
		return a, unavailable("MAIL_IMPLAUSIBLE")
	case len(s.Methods) > maxMethods || slices.ContainsFunc(s.Methods, func(m string) bool { return len(m) > 40 || !printable(m) }):
		return a, unavailable("CLAIMS")
	}
	if c.SIRET = strings.ReplaceAll(c.SIRET, " ", ""); !partner.ValidSIRET(c.SIRET) {
		reason := "SIRET_INVALID"
		if c.SIRET == "" {
			reason = "SIRET_ABSENT"
		}
		return a, fault.New(fault.OrganisationAbsente, "idp: login").Because(reason)
	}
	a = account.Assertion{Given: c.Given, Family: c.Family, Mail: c.Mail, MailVerified: c.Verified && c.Mail != "", SIRET: c.SIRET, Methods: s.Methods}
	if s.At > 0 {
		a.At = time.Unix(s.At, 0)
	}
	return a, nil
}

// plausible reports whether a name is one: some characters, on one line.
func plausible(name string) bool {
	n := utf8.RuneCountInString(name)
	return n > 0 && n <= maxName && printable(name)
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

func address(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && len(s) <= maxMail && printable(s)
}
