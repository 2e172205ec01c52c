package store

import (
	"fmt"
	"testing"
	"time"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

func TestAccounts(t *testing.T) { // R33
	now := noon()
	s := clocked(t, &now)
	clinic := validSIRET(t, "1234567820001")
	who := func(sub string) account.Assertion {
		return account.Assertion{Issuer: "https://fi.example", Subject: sub, Given: "Camille", Family: "Essai", Mail: sub + "@clinique.example", MailVerified: true, SIRET: clinic}
	}
	must := func(p account.Person, err error) account.Person {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first := must(s.SignInMember(t.Context(), who("a")))
	t.Run("R33 the first of an organisation manages it, another has no role", func(t *testing.T) {
		if other := must(s.SignInMember(t.Context(), who("b"))); first.Role != account.Gestionnaire || other.Role != "" {
			t.Error(first.Role, other.Role)
		}
		if again := must(s.SignInMember(t.Context(), who("a"))); again.ID != first.ID || again.Role != account.Gestionnaire {
			t.Error("another account at the second login")
		}
	})
	t.Run("a SIRET without its check digit opens nothing", func(t *testing.T) {
		a := who("x")
		a.SIRET = "12345678900000"
		if _, err := s.SignInMember(t.Context(), a); !fault.Is(err, fault.ParametreInvalide) {
			t.Error(err)
		}
	})
	by := s.By(trace.By{Actor: trace.ActorPartner, Author: first.ID})
	t.Run("who is expected takes its place with its verified address, once", func(t *testing.T) {
		expected := must(by.Invite(t.Context(), clinic, "c@clinique.example", account.Developpeur))
		liar := who("menteur")
		liar.Mail, liar.MailVerified = "c@clinique.example", false
		if p := must(s.SignInMember(t.Context(), liar)); p.ID == expected.ID || p.Role != "" {
			t.Error("an address that nobody verified was believed")
		}
		got := must(s.SignInMember(t.Context(), who("c")))
		if got.ID != expected.ID || got.Role != account.Developpeur || got.InvitedBy != first.ID {
			t.Errorf("%s, role %q", got.ID, got.Role)
		}
		thief := who("voleur")
		thief.Mail = "c@clinique.example"
		if p := must(s.SignInMember(t.Context(), thief)); p.ID == got.ID || p.Role != "" {
			t.Error("an account was taken over by its address")
		}
		if _, err := by.Invite(t.Context(), clinic, "c@clinique.example", account.Lecteur); !fault.Is(err, fault.ActeImpossible) {
			t.Error(err)
		}
		for _, bad := range []string{"", "pas une adresse", "Nom <a@b.example>"} {
			if _, err := by.Invite(t.Context(), clinic, bad, account.Lecteur); fault.From(err).Field() != "courriel" {
				t.Error(err)
			}
		}
		if _, err := by.Invite(t.Context(), clinic, "d@clinique.example", account.Responsable); fault.From(err).Field() != "role" {
			t.Error("a member was made an agent")
		}
	})
	t.Run("the last manager stays, and another organisation changes nothing", func(t *testing.T) {
		if err := by.SetMemberRole(t.Context(), clinic, first.ID, account.Lecteur); fault.From(err).Reason() != "LAST_MANAGER" {
			t.Error(err)
		}
		if err := by.SetMemberRole(t.Context(), "12345678900011", first.ID, account.Lecteur); !fault.Is(err, fault.RessourceInconnue) {
			t.Error(err)
		}
		b := must(s.SignInMember(t.Context(), who("b")))
		if err := by.SetMemberRole(t.Context(), clinic, b.ID, account.Gestionnaire); err != nil {
			t.Fatal(err)
		}
		if err := by.SetMemberRole(t.Context(), clinic, first.ID, ""); err != nil {
			t.Error(err)
		}
	})
	t.Run("an agent is somebody who was habilitated by name", func(t *testing.T) {
		a := who("agent")
		if _, err := s.SignInAgent(t.Context(), a); !fault.Is(err, fault.RoleInsuffisant) {
			t.Fatal(err)
		}
		m := account.Mandate{Director: "Directrice d'essai", Until: now.AddDate(1, 0, 0)}
		added := must(s.AddAgent(t.Context(), clinic, a.Mail, account.Instructeur, m))
		p := must(s.SignInAgent(t.Context(), a))
		if p.ID != added.ID || fault.From(p.Mandate.Acting(now)).Reason() != account.NoUndertaking {
			t.Fatal(p.ID, p.Mandate.Acting(now))
		}
		err := s.AmendMandate(t.Context(), p.ID, "secret_accepte", func(m *account.Mandate, at time.Time) error { m.SecretAt = at; return nil })
		if err != nil {
			t.Fatal(err)
		}
		if p, err = s.Account(t.Context(), p.ID); err != nil || p.Mandate.Acting(now) != nil {
			t.Error(err, p.Mandate.Acting(now))
		}
		if member := must(s.SignInMember(t.Context(), a)); member.ID == p.ID || member.Role.Agent() {
			t.Error("one account for both sides")
		}
	})
}

func TestSecondFactor(t *testing.T) {
	now := noon()
	s := clocked(t, &now)
	a := account.Assertion{Issuer: "https://fi.example", Subject: "a", Given: "C", Family: "E", SIRET: validSIRET(t, "1234567820001")}
	p, err := s.SignInMember(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	secret := account.NewFactor()
	code := func() string { return account.FactorCode(secret, account.FactorStep(now)) }
	if err := s.SetFactor(t.Context(), p.ID, secret, "000000"); code() != "000000" && fault.From(err).Field() != "code" {
		t.Fatal(err)
	}
	if err := s.SetFactor(t.Context(), p.ID, secret, code()); err != nil {
		t.Fatal(err)
	}
	if err := s.CheckFactor(t.Context(), p.ID, code()); fault.From(err).Field() != "code" {
		t.Error("the code that began it served again")
	}
	now = now.Add(30 * time.Second)
	if err := s.CheckFactor(t.Context(), p.ID, code()); err != nil {
		t.Error(err)
	}
	for range maxWrong {
		if err := s.CheckFactor(t.Context(), p.ID, "wrong"); fault.From(err).Field() != "code" {
			t.Fatal(err)
		}
	}
	now = now.Add(time.Minute)
	if err := s.CheckFactor(t.Context(), p.ID, code()); !fault.Is(err, fault.TropDEssais) || fault.From(err).RetryAfter() <= 0 {
		t.Errorf("after %d wrong codes: %v", maxWrong, err)
	}
	now = now.Add(wrongRest)
	if err := s.CheckFactor(t.Context(), p.ID, code()); err != nil {
		t.Error(err)
	}
	if err := s.DropFactor(t.Context(), p.ID); err != nil {
		t.Error(err)
	}
	if err := s.CheckFactor(t.Context(), p.ID, code()); !fault.Is(err, fault.RessourceInconnue) {
		t.Error(err)
	}
}

// clocked is a store whose clock a test moves.
func clocked(t testing.TB, now *time.Time) *Store {
	t.Helper()
	s, err := Open(t.Context(), Config{Dir: t.TempDir(), Root: testRoot(), Clock: func() time.Time { return *now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// validSIRET completes 13 digits with the check digit.
func validSIRET(t testing.TB, first string) string {
	t.Helper()
	for d := range 10 {
		if s := fmt.Sprintf("%s%d", first, d); partner.ValidSIRET(s) {
			return s
		}
	}
	t.Fatal("no check digit")
	return ""
}
