package store

import (
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/habilitation"
	"droits.example/droits/internal/notify"
)

// memberOf logs somebody in for an organisation.
func memberOf(t *testing.T, s *Store, siret, sub string) account.Person {
	t.Helper()
	p, err := s.SignInMember(ctx, account.Assertion{Issuer: "https://fi.example", Subject: sub, Given: "Camille", Family: "Essai", Mail: sub + "@clinique.example", MailVerified: true, SIRET: siret})
	must(t, err)
	return p
}

func TestTheApplicantHearsOfEachDecisionAndMessage(t *testing.T) { // R31
	now := noon()
	s := clocked(t, &now)
	f := applied()
	f.Organisation.SIRET = validSIRET(t, "1234567820001")
	me := memberOf(t, s, f.Organisation.SIRET, "demande")
	do := func(id string, a habilitation.Act, role habilitation.Role, author string) habilitation.Request {
		t.Helper()
		r, err := s.ActOnRequest(ctx, id, habilitation.Doing{Act: a, Role: role, Author: author, Text: "Secret des échanges."})
		must(t, err)
		return r
	}
	r, err := s.OpenRequest(ctx, habilitation.Doing{Role: habilitation.Demandeur, Author: me.ID, Form: f})
	must(t, err)
	do(r.ID, habilitation.Submit, habilitation.Demandeur, me.ID)
	do(r.ID, habilitation.Note, habilitation.Instructeur, "cpt_a")
	do(r.ID, habilitation.RequestChanges, habilitation.Instructeur, "cpt_a")
	do(r.ID, habilitation.Write, habilitation.Instructeur, "cpt_a")
	do(r.ID, habilitation.Write, habilitation.Demandeur, me.ID)
	do(r.ID, habilitation.Approve, habilitation.Instructeur, "cpt_a")
	var sent []notify.Delivery
	for { // one file: each leaves once the one before has
		due, err := s.Due(ctx, notify.Receiver{Channel: notify.Mail}, 10)
		must(t, err)
		if len(due) == 0 {
			break
		}
		must(t, s.Sent(ctx, due[0].ID))
		sent = append(sent, due[0])
	}
	var types []string
	for _, d := range sent {
		types = append(types, string(d.Type))
		l, ok := d.Letter(notify.Places{Partners: "https://droits.example/partenaire"})
		if !ok || d.To != "demande@clinique.example" || !strings.Contains(l.Text, "/partenaire/demandes/"+r.ID) || strings.Contains(l.Text, "Secret") || strings.Contains(l.Text, "Camille") {
			t.Errorf("R31 %s", d.Type)
		}
	}
	if got := strings.Join(types, " "); got != "demande.reponse demande.message demande.reponse" {
		t.Errorf("R31 %s", got)
	}
	t.Run("the outbox masks where they went", func(t *testing.T) {
		lines, err := s.Outbox(ctx, 10)
		if err != nil || len(lines) != 3 || lines[0].To != "d•••@clinique.example" || !strings.Contains(lines[0].Subject, r.ID) {
			t.Errorf("%+v %v", lines, err)
		}
	})
	t.Run("who has no role any more is told nothing", func(t *testing.T) {
		other := memberOf(t, s, f.Organisation.SIRET, "autre")
		must(t, s.SetMemberRole(ctx, f.Organisation.SIRET, other.ID, account.Gestionnaire))
		must(t, s.SetMemberRole(ctx, f.Organisation.SIRET, me.ID, ""))
		do(r.ID, habilitation.Write, habilitation.Instructeur, "cpt_a")
		if due, err := s.Due(ctx, notify.Receiver{Channel: notify.Mail}, 10); err != nil || len(due) != 0 {
			t.Errorf("%d %v", len(due), err)
		}
	})
}

func TestANewVersionOfTheTermsAnnouncesItself(t *testing.T) {
	s, w := withWebhook(t)
	today := civil.On(w.now())
	from := today.AddDays(convention.TermsNoticeDays)
	t.Run("a rehearsal tells nobody", func(t *testing.T) {
		if n, err := s.Rehearsal().AnnounceTerms(ctx, "2027-02", from); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		if due, err := s.Due(ctx, notify.Receiver{Channel: notify.Webhook, Partner: "hopital"}, 10); err != nil || len(due) != 0 {
			t.Error("it did")
		}
	})
	must(t, s.SetTechnicalContact(ctx, "hopital", "technique@hopital.example")) // nobody has logged in for it
	n, err := s.AnnounceTerms(ctx, "2027-02", from)
	if err != nil || n != 1 {
		t.Fatal(n, err)
	}
	due, err := s.Due(ctx, notify.Receiver{Channel: notify.Webhook, Partner: "hopital"}, 10)
	if err != nil || len(due) != 1 || due[0].Type != notify.TermsAnnounced || !strings.Contains(string(due[0].Body), `"terms":"2027-02","from":"`+from.String()+`"`) {
		t.Errorf("%d %v", len(due), err)
	}
	t.Run("where nobody has logged in, the technical contact is written to", func(t *testing.T) {
		due, err := s.Due(ctx, notify.Receiver{Channel: notify.Mail}, 10)
		if err != nil || len(due) != 1 || due[0].To != "technique@hopital.example" {
			t.Fatal(len(due), err)
		}
		if l, ok := due[0].Letter(notify.Places{Partners: "https://droits.example/partenaire"}); !ok || !strings.Contains(l.Subject, "22/12/2026") || !strings.Contains(l.Text, "préavis de quinze jours") {
			t.Errorf("%+v", l)
		}
	})
	t.Run("it holds from its day on, and not before", func(t *testing.T) {
		held, next, err := s.Terms(ctx)
		if err != nil || held.Version != convention.TermsVersion || next.Version != "2027-02" || next.From != from {
			t.Error(held, next, err)
		}
		w.forward(from.StartAt().Add(-time.Second).Sub(w.now()))
		if held, _, _ := s.Terms(ctx); held.Version != convention.TermsVersion {
			t.Error("the day before", held)
		}
		w.forward(time.Second)
		if held, next, _ := s.Terms(ctx); held.Version != "2027-02" || next.Version != "" {
			t.Error("on its day", held, next)
		}
	})
	t.Run("it is announced once", func(t *testing.T) {
		if _, err := s.AnnounceTerms(ctx, "2027-02", from.AddDays(60)); !fault.Is(err, fault.ParametreInvalide) {
			t.Error(err)
		}
	})
}
