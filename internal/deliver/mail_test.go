package deliver

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http/httptest"
	"net/mail"
	"strings"
	"testing"

	"droits.example/droits/internal/notify"
)

// postOffice is a mail server of a few verbs on this machine. It keeps every
// line that it was told, after TLS where there is any.
type postOffice struct {
	net.Listener
	cert    tls.Certificate
	refuse  string // answer to RCPT instead of 250
	starts  bool   // offers STARTTLS
	said    []string
	letters []string
	done    chan struct{}
}

func newPostOffice(t *testing.T, o *postOffice) *postOffice {
	t.Helper()
	srv := httptest.NewTLSServer(nil) // for its certificate
	o.cert = srv.TLS.Certificates[0]
	srv.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.Listener, o.done = l, make(chan struct{})
	t.Cleanup(func() { l.Close() })
	return o
}

// serve answers one connection.
func (o *postOffice) serve() {
	defer close(o.done)
	conn, err := o.Accept()
	if err != nil {
		return
	}
	defer func() { conn.Close() }()
	r := bufio.NewReader(conn)
	say := func(s string) { fmt.Fprint(conn, s+"\r\n") }
	say("220 essai")
	for {
		text, err := r.ReadString('\n')
		if err != nil {
			return
		}
		text = strings.TrimSpace(text)
		o.said = append(o.said, text)
		switch verb, _, _ := strings.Cut(strings.ToUpper(text), " "); verb {
		case "EHLO":
			if o.starts {
				say("250-essai\r\n250-STARTTLS\r\n250 AUTH PLAIN")
			} else {
				say("250-essai\r\n250 AUTH PLAIN")
			}
		case "STARTTLS":
			if !o.starts {
				say("502 non")
				continue
			}
			say("220 oui")
			secured := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{o.cert}})
			conn, r = secured, bufio.NewReader(secured)
		case "RCPT":
			if o.refuse != "" {
				say(o.refuse)
				continue
			}
			say("250 oui")
		case "AUTH":
			say("235 oui")
		case "DATA":
			say("354 oui")
			o.take(r)
			say("250 pris")
		case "QUIT":
			say("221 adieu")
			return
		default:
			say("250 oui")
		}
	}
}

func (o *postOffice) take(r *bufio.Reader) {
	var b strings.Builder
	for {
		text, err := r.ReadString('\n')
		if err != nil || text == ".\r\n" {
			break
		}
		b.WriteString(text)
	}
	o.letters = append(o.letters, b.String())
}

func letter(to string) notify.Delivery {
	return notify.Delivery{ID: "env_1", Channel: notify.Mail, Type: notify.MailRead, MadeAt: noon, To: to}
}

func TestALetterIsHandedOver(t *testing.T) {
	o := newPostOffice(t, &postOffice{starts: true})
	go o.serve()
	m := NewMail(MailConfig{Host: o.Addr().String(), From: "droits@exemple.fr", StartTLS: true, User: "u", Password: "secret-word", Space: "https://droits.example/mon-espace", Domain: "droits.example", TLS: authority(o.cert)})
	if err := m.Send(t.Context(), letter("camille@exemple.fr")); err != nil {
		t.Fatal(err, o.said)
	}
	<-o.done
	x, err := mail.ReadMessage(strings.NewReader(o.letters[0]))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(x.Header.Get("Subject"))
	body, _ := io.ReadAll(base64.NewDecoder(base64.StdEncoding, x.Body))
	if err != nil || subject != "Un organisme a consulté vos droits" || x.Header.Get("Message-ID") != "<env_1@droits.example>" || x.Header.Get("To") != "<camille@exemple.fr>" || !strings.Contains(string(body), "https://droits.example/mon-espace") {
		t.Errorf("%v %s", x.Header, body)
	}
	if at, err := x.Header.Date(); err != nil || !at.Equal(noon) {
		t.Errorf("the date is that of the message, at every attempt: %v", err)
	}
	said := strings.Join(o.said, "\n")
	if strings.Index(said, "AUTH") < strings.Index(said, "STARTTLS") || !strings.Contains(said, "MAIL FROM:<droits@exemple.fr>") || !strings.Contains(said, "RCPT TO:<camille@exemple.fr>") {
		t.Errorf("%s", said)
	}
}

func TestLettersThatAreNotTaken(t *testing.T) {
	for name, c := range map[string]struct {
		office *postOffice
		change func(*MailConfig)
		to     string
		want   string
	}{
		"no such person there":                 {&postOffice{refuse: "550 personne"}, nil, "a@exemple.fr", "SMTP_550"},
		"encryption is wanted and not offered": {&postOffice{}, func(c *MailConfig) { c.StartTLS = true }, "a@exemple.fr", "SANS_TLS"},
		"a certificate of nobody":              {&postOffice{starts: true}, func(c *MailConfig) { c.StartTLS, c.TLS = true, nil }, "a@exemple.fr", "SANS_TLS"},
		"an address that would add lines":      {&postOffice{}, nil, "a@exemple.fr\r\nRCPT TO:<b@exemple.fr>", "SANS_LETTRE"},
		"no address":                           {&postOffice{}, nil, "", "SANS_LETTRE"},
		"a server that is not there":           {&postOffice{}, func(c *MailConfig) { c.Host = "127.0.0.1:1" }, "a@exemple.fr", Unreachable},
	} {
		t.Run(name, func(t *testing.T) {
			o := newPostOffice(t, c.office)
			go o.serve()
			cfg := MailConfig{Host: o.Addr().String(), From: "droits@exemple.fr", Domain: "droits.example", TLS: authority(o.cert)}
			if c.change != nil {
				c.change(&cfg)
			}
			d := letter(c.to)
			err := NewMail(cfg).Send(t.Context(), d)
			o.Close()
			if reason(err) != c.want {
				t.Errorf("%v, expected %s", err, c.want)
			}
			if len(o.letters) != 0 {
				t.Error("something was taken")
			}
		})
	}
}
