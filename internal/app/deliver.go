package app

import (
	"context"
	"log/slog"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"droits.example/droits/internal/deliver"
	"droits.example/droits/internal/notify"
	"droits.example/droits/internal/partner"
)

// Mail says by which server messages to people leave; without a host they stay
// in the outbox.
type Mail struct {
	Host         string `toml:"host" doc:"mail server, host:port; empty = nothing is sent"`
	From         string `toml:"from" doc:"address that messages come from"`
	StartTLS     bool   `toml:"starttls" doc:"encrypt before anything is said; required with a user, but for this machine"`
	User         string `toml:"user" doc:"login at the mail server; empty = none"`
	PasswordFile string `toml:"password_file" doc:"file that holds the password of user"`
	Operator     string `toml:"operator" doc:"address that is told of unusual uses of keys; empty = none"`
}

// Webhooks says where partners may be told.
type Webhooks struct {
	Networks []string `toml:"networks" doc:"networks (CIDR) inside which receivers may be; public addresses always may"`
}

func (m Mail) check() error {
	if m.Host == "" {
		if m.From != "" || m.User != "" || m.PasswordFile != "" || m.Operator != "" {
			return badConfig("mail needs host, such as smtp.example:587")
		}
		return nil
	}
	host, port, err := net.SplitHostPort(m.Host)
	if err != nil || host == "" || port == "" {
		return badConfig("mail.host must be host:port, such as smtp.example:587")
	}
	if a, err := mail.ParseAddress(m.From); err != nil || a.Address != m.From {
		return badConfig("mail.from must be an address alone, such as droits@example.org")
	}
	if _, err := notify.CheckMail(m.Operator); m.Operator != "" && err != nil {
		return badConfig("mail.operator must be an address alone, such as exploitation@example.org")
	}
	if (m.User == "") != (m.PasswordFile == "") {
		return badConfig("mail.user and mail.password_file go together")
	}
	if m.User != "" && !m.StartTLS && !loopback(host) {
		return badConfig("mail.starttls must be true with mail.user: the password travels there")
	}
	return nil
}

func (w Webhooks) check() error {
	for _, n := range w.Networks {
		if _, err := netip.ParsePrefix(n); err != nil {
			return badConfig("webhooks.networks holds something that is not a network such as 10.0.0.0/8")
		}
	}
	return nil
}

// deliverer makes the worker that empties the outbox.
func (a *App) deliverer() (*deliver.Worker, error) {
	hooks := deliver.WebhookConfig{Clock: a.clock, Sandbox: a.Config.Instance == partner.Sandbox}
	for _, n := range a.Config.Webhooks.Networks {
		if p, err := netip.ParsePrefix(n); err == nil {
			hooks.Allowed = append(hooks.Allowed, p)
		}
	}
	c := deliver.Config{Outbox: a.Store, Webhooks: deliver.NewWebhooks(hooks), Clock: a.clock, Observe: a.metrics.sending}
	m := a.Config.Mail
	if a.opts.Store == nil {
		a.Store.SetOperatorContact(m.Operator)
	}
	if m.Host == "" {
		return deliver.New(c), nil
	}
	out := deliver.MailConfig{Host: m.Host, From: m.From, StartTLS: m.StartTLS, User: m.User, Space: a.Config.PublicURL + "/mon-espace", Partners: a.Config.PublicURL + "/partenaire"}
	u, err := url.Parse(a.Config.PublicURL)
	if err != nil {
		return nil, err
	}
	out.Domain = u.Hostname()
	if m.PasswordFile != "" {
		if err := ownerOnly("mail.password_file", m.PasswordFile, "400"); err != nil {
			return nil, err
		}
		b, err := os.ReadFile(m.PasswordFile)
		if err != nil {
			return nil, &ConfigError{"mail.password_file: " + unwrapPath(err)}
		}
		out.Password = strings.TrimSpace(string(b))
	}
	c.Mail = deliver.NewMail(out)
	return deliver.New(c), nil
}

// deliverEvery is how long a message waits at most before its first attempt.
const deliverEvery = time.Second

// deliver sends what is due until the context ends. Several applications may
// share a store; the one that opened it sends.
func (a *App) deliver(ctx context.Context) error {
	if a.opts.Store != nil {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(deliverEvery)
	defer tick.Stop()
	a.Worker.Run(ctx, tick.C, func(error) {
		a.Logger.Warn("deliver", slog.String("event", "deliver"), slog.String("code", "service_indisponible"))
	})
	return nil
}

// outboxFor is how long a message that was sent or given up is kept.
const outboxFor = 30 * 24 * time.Hour

func (m *metrics) sending(c notify.Channel, outcome string) {
	m.sendings.WithLabelValues(string(c), outcome).Inc()
}

// maxPasses bounds what is done in one go, beside the calls.
const maxPasses = 20

// agreements reminds people of those that end soon, and tells of those that
// have ended.
func (a *App) agreements(ctx context.Context) error {
	if a.opts.Store != nil {
		return nil
	}
	for _, pass := range []func(context.Context) (int, error){a.Store.Remind, a.Store.EndAgreements} {
		n, err := pass(ctx)
		for i := 1; n > 0 && err == nil && i < maxPasses; i++ {
			n, err = pass(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
