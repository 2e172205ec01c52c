package apptest

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/sim/fcsim"
	"droits.example/droits/internal/sim/prosim"
	"droits.example/droits/internal/web"
)

// Staff is the browser of a fictitious professional of prosim.Sample, logged in
// through the pages: of an agent when the slug begins with agent-, else of a
// member. An agent who was not habilitated is, first, and has undertaken
// secrecy; the first member of an organisation manages it.
func (in *Instance) Staff(t testing.TB, slug string) *Browser {
	t.Helper()
	b := in.Browser()
	if strings.HasPrefix(slug, "agent-") {
		in.Habilitate(t, slug)
		in.LogIn(t, b, "/instruction", slug)
		return b
	}
	in.LogIn(t, b, "/partenaire", slug)
	return b
}

// LogIn walks a login of a professional through a door of the site and returns
// the page that it ends on.
func (in *Instance) LogIn(t testing.TB, b *Browser, door, slug string) *Page {
	t.Helper()
	p := b.Get(t, "/connexion/depart?porte="+strings.TrimPrefix(door, "/"))
	if !strings.HasPrefix(p.Path, in.Pro.Issuer()+"/connexion/") {
		t.Fatalf("apptest: a login leads to status %d on %s", p.Status, p.Path)
	}
	return b.follow(t, b.once(t, "POST", p.Path, url.Values{"personne": {slug}}))
}

// Habilitate gives a fictitious agent the mandate of their role, once, with the
// undertaking of secrecy; it tells the account.
func (in *Instance) Habilitate(t testing.TB, slug string) string {
	t.Helper()
	ctx := context.Background()
	agents := prosim.Agents()
	i := slices.IndexFunc(agents, func(p prosim.Person) bool { return p.Slug == slug })
	if i < 0 {
		t.Fatalf("apptest: nobody is %s", slug)
	}
	known, err := in.App.Store.Agents(ctx)
	if err != nil {
		t.Fatalf("apptest: agents: %v", err)
	}
	if k := slices.IndexFunc(known, func(p account.Person) bool { return p.Mail == agents[i].Mail }); k >= 0 {
		return known[k].ID
	}
	p, err := in.App.Store.AddAgent(ctx, prosim.OperatorSIRET, agents[i].Mail, account.Role(agents[i].Role), account.Mandate{Director: "Direction d'essai", Until: in.Clock.Now().AddDate(1, 0, 0)})
	if err == nil {
		err = in.App.Store.AmendMandate(ctx, p.ID, "engagement_pris", func(m *account.Mandate, at time.Time) error { m.SecretAt = at; return nil })
	}
	if err != nil {
		t.Fatalf("apptest: habilitate: %v", err)
	}
	return p.ID
}

// sandbox opens the page of calls about test persons.
func (in *Instance) sandbox(c *web.Config) {
	if c.Desk == nil {
		return
	}
	c.Desk.Simulated = true
	c.Desk.Sandbox = &web.Sandbox{
		Persons: func() (out []web.Person) {
			for _, p := range in.People {
				if p.Named {
					out = append(out, web.Person{Slug: p.Slug, Name: p.Slug, What: p.What})
				}
			}
			return out
		},
		Mint: func(_ context.Context, client, person string) (token, number string, err error) {
			token, _, err = in.Sim.Mint(fcsim.MintRequest{ClientID: client, Slug: person})
			for _, p := range in.People {
				if p.Slug == person {
					number = p.NIR.Reveal()
				}
			}
			return token, number, err
		},
		API: func() http.Handler { return in.App.Public() },
	}
}
