package idp

import (
	"strings"
	"testing"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
)

// Whatever a provider says, the answer is an identity within bounds or a fault.
func FuzzClaims(f *testing.F) {
	f.Add(`{"auth_time":1,"amr":["pwd"]}`, `{"given_name":"Inès","usual_name":"Vasseur","email":"a@b.example","email_verified":true,"siret":"00000000000018"}`)
	f.Add(`{}`, `{"given_name":"I\nI","usual_name":"V","siret":"000 000 000 00018"}`)
	f.Add(`{"auth_time":-1,"amr":"pwd"}`, `{"siret":18}`)
	f.Add(`null`, `[]`)
	f.Fuzz(func(t *testing.T, idToken, userinfo string) {
		a, err := parse([]byte(idToken), []byte(userinfo))
		if err != nil {
			if c := fault.From(err).Code(); c != fault.IdentiteIndisponible && c != fault.OrganisationAbsente {
				t.Errorf("answered %s", c)
			}
			return
		}
		if !partner.ValidSIRET(a.SIRET) || a.Given == "" || a.Family == "" || strings.ContainsAny(a.Given+a.Family+a.Mail, "\n\r\x00") || a.MailVerified && a.Mail == "" {
			t.Error("out of bounds")
		}
	})
}
