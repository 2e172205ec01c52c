package deliver

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"mime"
	"net"
	"net/smtp"
	"strconv"
	"strings"
	"time"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/notify"
)

// MailConfig says by which server mail leaves.
type MailConfig struct {
	Host     string // host:port
	From     string // address alone
	StartTLS bool   // required before anything is said
	User     string // "" = no login
	Password string
	Space    string      // address of the citizen space, in letters
	Partners string      // address of the partner space, in letters
	Domain   string      // after the @ of Message-ID
	TLS      *tls.Config // nil = the system's authorities
}

// String redacts fmt.
func (MailConfig) String() string { return "MailConfig(•••)" }

// GoString redacts %#v.
func (MailConfig) GoString() string { return "MailConfig(•••)" }

// Mail sends letters by SMTP, one connection each.
type Mail struct{ MailConfig }

// NewMail returns a sender of mail.
func NewMail(c MailConfig) *Mail { return &Mail{c} }

// Send writes the letter of a delivery. The same delivery has the same
// Message-ID at every attempt. Errors: service_indisponible with the reason
// SANS_LETTRE, INJOIGNABLE, SANS_TLS, or SMTP_ and the server's code.
func (m *Mail) Send(ctx context.Context, d notify.Delivery) error {
	letter, ok := d.Letter(notify.Places{Space: m.Space, Partners: m.Partners})
	if _, err := notify.CheckMail(d.To); !ok || err != nil {
		return mailFailed("SANS_LETTRE")
	}
	ctx, cancel := context.WithTimeout(ctx, 3*attemptFor)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", m.Host)
	if err != nil {
		return mailFailed(Unreachable)
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return mailFailed(Unreachable)
		}
	}
	host, _, _ := net.SplitHostPort(m.Host)
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return mailFailed(smtpCode(err))
	}
	defer c.Close()
	if err := m.prepare(c, host); err != nil {
		return err
	}
	if err := transfer(c, m.From, d.To, m.message(d, letter)); err != nil {
		return mailFailed(smtpCode(err))
	}
	c.Quit() // the letter is taken: what follows changes nothing
	return nil
}

// prepare secures the connection and logs in. A login is never sent in clear,
// but to this machine.
func (m *Mail) prepare(c *smtp.Client, host string) error {
	if err := c.Hello(m.Domain); err != nil {
		return mailFailed(smtpCode(err))
	}
	if m.StartTLS {
		cfg := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
		if m.TLS != nil {
			cfg = m.TLS.Clone()
			cfg.ServerName = host
		}
		if err := c.StartTLS(cfg); err != nil {
			return mailFailed("SANS_TLS")
		}
	}
	if m.User != "" {
		if err := c.Auth(smtp.PlainAuth("", m.User, m.Password, host)); err != nil {
			return mailFailed(smtpCode(err))
		}
	}
	return nil
}

func transfer(c *smtp.Client, from, to string, message []byte) error {
	if err := c.Mail(from); err != nil {
		return err
	}
	if err := c.Rcpt(to); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(message); err != nil {
		return err
	}
	return w.Close()
}

func mailFailed(reason string) error {
	return fault.New(fault.ServiceIndisponible, "deliver: mail").Because(reason)
}

// smtpCode is the three digits with which a server refused.
func smtpCode(err error) string {
	code, _, _ := strings.Cut(err.Error(), " ")
	if n, bad := strconv.Atoi(code); bad != nil || n < 100 || n > 599 {
		return Unreachable
	}
	return "SMTP_" + code
}

// message is the letter as RFC 5322 writes it. Nothing in it comes from
// outside but the address, which was checked.
func (m *Mail) message(d notify.Delivery, l notify.Letter) []byte {
	var b bytes.Buffer
	for _, h := range [][2]string{
		{"From", "<" + m.From + ">"}, {"To", "<" + d.To + ">"}, {"Subject", mime.QEncoding.Encode("utf-8", l.Subject)},
		{"Date", d.MadeAt.UTC().Format(time.RFC1123Z)}, {"Message-ID", "<" + d.ID + "@" + m.Domain + ">"},
		{"Auto-Submitted", "auto-generated"}, {"MIME-Version", "1.0"}, {"Content-Type", "text/plain; charset=utf-8"}, {"Content-Transfer-Encoding", "base64"},
	} {
		b.WriteString(h[0] + ": " + h[1] + "\r\n")
	}
	b.WriteString("\r\n")
	text := base64.StdEncoding.EncodeToString([]byte(strings.ReplaceAll(l.Text, "\n", "\r\n")))
	for len(text) > 76 {
		b.WriteString(text[:76] + "\r\n")
		text = text[76:]
	}
	b.WriteString(text + "\r\n")
	return b.Bytes()
}
