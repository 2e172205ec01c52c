package notify

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/fault"
)

var noon = time.Date(2026, 11, 22, 11, 0, 0, 123, time.UTC)

func TestTheBodyOfAnEvent(t *testing.T) { // R20
	b, err := Event{ID: "env_1", Type: ConsentWithdrawn, At: noon, Partner: "hopital", Reference: "per_x", Conventions: []string{"c/1"}}.Body()
	want := `{"id":"env_1","type":"consent.withdrawn","at":"2026-11-22T11:00:00Z","partner":"hopital","reference":"per_x","conventions":["c/1"],"consents":[]}`
	if err != nil || string(b) != want {
		t.Errorf("R20 %s %v", b, err)
	}
}

// The vector was computed apart: printf '1795345200.{}' | openssl dgst -sha256 -hmac whsec_test
func TestSignature(t *testing.T) { // R20
	got := Signature("whsec_test", noon, []byte("{}"))
	if got != "t=1795345200,v1="+signed {
		t.Errorf("R20 %s", got)
	}
	if Signature("whsec_test", noon.Add(time.Second), []byte("{}")) == got || Signature("whsec_tesu", noon, []byte("{}")) == got || Signature("whsec_test", noon, []byte("{ }")) == got {
		t.Error("R20 instant, secret and body are all signed")
	}
	if a, b := NewSecret(), NewSecret(); a == b || !strings.HasPrefix(a, secretPrefix) || len(a) < 40 {
		t.Error("secrets")
	}
}

func TestWaitsGrow(t *testing.T) { // R32
	total, last := time.Duration(0), time.Duration(0)
	for n := 1; n < 12; n++ {
		d := Wait(n)
		if d < last || d > LongestWait || n == 1 && d != FirstWait {
			t.Errorf("R32 attempt %d waits %v after %v", n, d, last)
		}
		total, last = total+d, d
	}
	if last != LongestWait || total < time.Hour {
		t.Errorf("R32 %v in all", total)
	}
}

func TestAddressesOfWebhooks(t *testing.T) {
	for _, c := range []struct {
		url             string
		sandbox, always string // reason in a sandbox, in production; "" = admitted
	}{
		{"https://recepteur.example/droits", "", ""},
		{"https://recepteur.example:8443/a/b", "", ""},
		{"https://93.184.216.34/a", "", ""},
		{"http://recepteur.example/", "URL_NOT_HTTPS", "URL_NOT_HTTPS"},
		{"ftp://recepteur.example/", "URL_NOT_HTTPS", "URL_NOT_HTTPS"},
		{"http://127.0.0.1:9000/x", "", "URL_THIS_MACHINE"},
		{"http://[::1]:9000/x", "", "URL_THIS_MACHINE"},
		{"http://localhost:9000/x", "", "URL_THIS_MACHINE"},
		{"https://localhost/x", "", "URL_THIS_MACHINE"},
		{"https://[::ffff:127.0.0.1]/x", "", "URL_THIS_MACHINE"},
		{"https://LOCALHOST./x", "", "URL_THIS_MACHINE"},
		{"https://169.254.169.254/latest", "URL_INSIDE", "URL_INSIDE"},
		{"https://[fe80::1]/", "URL_INSIDE", "URL_INSIDE"},
		{"https://10.1.2.3/", "URL_INSIDE", "URL_INSIDE"},
		{"https://[fd00::1]/", "URL_INSIDE", "URL_INSIDE"},
		{"https://[64:ff9b::a9fe:a9fe]/", "URL_INSIDE", "URL_INSIDE"},
		{"https://0.0.0.0/", "URL_INSIDE", "URL_INSIDE"},
		{"https://intranet/", "URL_INSIDE", "URL_INSIDE"},
		{"https://u:p@recepteur.example/", "URL_TOO_MUCH", "URL_TOO_MUCH"},
		{"https://recepteur.example/?secret=1", "URL_TOO_MUCH", "URL_TOO_MUCH"},
		{"https://recepteur.example/#x", "URL_TOO_MUCH", "URL_TOO_MUCH"},
		{"https:recepteur.example", "URL_TOO_MUCH", "URL_TOO_MUCH"},
		{"https:///x", "URL_MALFORMED", "URL_MALFORMED"},
		{"https://recepteur.example:99999/", "URL_MALFORMED", "URL_MALFORMED"},
		{"https://recepteur.example/a b", "URL_MALFORMED", "URL_MALFORMED"},
		{"https://récepteur.example/", "URL_MALFORMED", "URL_MALFORMED"},
		{"https://recepteur.example/" + strings.Repeat("a", 500), "URL_MALFORMED", "URL_MALFORMED"},
		{"https://127.1/", "URL_MALFORMED", "URL_MALFORMED"},
		{"https://0x7f.1/", "URL_MALFORMED", "URL_MALFORMED"},
		{"https://127.0.0.0X1/", "URL_MALFORMED", "URL_MALFORMED"},
		{"https://0177.0.0.1/", "URL_MALFORMED", "URL_MALFORMED"},
		{"https://2130706433/", "URL_MALFORMED", "URL_MALFORMED"},
		{"https://127.1./", "URL_MALFORMED", "URL_MALFORMED"},
		{"https://recepteur..example/", "URL_MALFORMED", "URL_MALFORMED"},
		{"https://.example/", "URL_MALFORMED", "URL_MALFORMED"},
		{"https://recepteur.example../", "URL_MALFORMED", "URL_MALFORMED"},
		{"https://recepteur.example./", "", ""},
		{"https://1.recepteur.example/", "", ""},
		{"https://[::127.0.0.1]/", "URL_INSIDE", "URL_INSIDE"},
		{"", "URL_NOT_HTTPS", "URL_NOT_HTTPS"},
	} {
		for sandbox, want := range map[bool]string{true: c.sandbox, false: c.always} {
			err := CheckURL(c.url, sandbox)
			if want == "" && err != nil || want != "" && (!fault.Is(err, fault.ParametreInvalide) || fault.From(err).Reason() != want) {
				t.Errorf("%.60s, sandbox %v: %v, expected %q", c.url, sandbox, err, want)
			}
			if err != nil && len(c.url) > 12 && strings.Contains(err.Error(), c.url) {
				t.Error("the error repeats the address")
			}
		}
	}
}

func TestWhereMessagesMayGo(t *testing.T) {
	own := []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16")}
	for addr, want := range map[string]bool{
		"93.184.216.34": true, "2606:2800:220:1::1": true, "::ffff:93.184.216.34": true, "10.20.3.4": true,
		"10.21.3.4": false, "127.0.0.1": false, "::1": false, "169.254.169.254": false, "::ffff:169.254.169.254": false, "fe80::1": false, "fe80::1%eth0": false, "224.0.0.1": false, "255.255.255.255": false,
		"192.168.1.1": false, "172.16.0.1": false, "100.64.0.1": false, "0.0.0.0": false, "::": false, "fd00:ec2::254": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false,
		"::127.0.0.1": false, "::2": false, "::ffff:0:127.0.0.1": false, "192.88.99.1": false, "3fff::1": false, "3fff:fff::1": false, "2400::1": true,
	} {
		if Reachable(netip.MustParseAddr(addr), own) != want {
			t.Errorf("%s", addr)
		}
	}
	if Reachable(netip.Addr{}, own) {
		t.Error("nowhere is reachable")
	}
}

func TestAddressesOfPeople(t *testing.T) {
	for raw, ok := range map[string]bool{
		"a.b@exemple.fr": true, " a.b@exemple.fr ": true, "a+b@exemple.co.fr": true,
		"": false, "a": false, "a@b": false, "a@exemple.fr\r\nBcc: x@y.fr": false, "A <a@exemple.fr>": false, "a@exemple.fr,b@exemple.fr": false, "a b@exemple.fr": false, "é@exemple.fr": false,
		strings.Repeat("a", 65) + "@exemple.fr": false, "a@" + strings.Repeat("b", 500) + ".fr": false,
	} {
		got, err := CheckMail(raw)
		if (err == nil) != ok || ok && got != strings.TrimSpace(raw) {
			t.Errorf("%.40q: %v", raw, err)
		}
	}
	for raw, want := range map[string]bool{"hélène@exemple.fr": true, "helene@exémple.fr": true, "é": false, "helene": false} {
		if _, err := CheckMail(raw); !fault.Is(err, fault.ParametreInvalide) || (fault.From(err).Reason() == "MAIL_ACCENTED") != want {
			t.Errorf("%d bytes: %v, accented %v", len(raw), err, want)
		}
	}
	if MaskMail("camille@exemple.fr") != "c•••@exemple.fr" || MaskMail("x") != "•••" {
		t.Error("masks")
	}
}

func TestLettersTellNothing(t *testing.T) {
	for _, x := range []Type{MailRead, MailReminder} {
		l, ok := LetterOf(x, "https://droits.example/mon-espace")
		if !ok || !strings.Contains(l.Text, "https://droits.example/mon-espace") || l.Subject == "" || strings.ContainsAny(l.Subject, "\r\n") {
			t.Errorf("%s", x)
		}
	}
	if _, ok := LetterOf(ConsentWithdrawn, ""); ok {
		t.Error("a webhook is no letter")
	}
}

func TestDeliveriesPrintAsAMask(t *testing.T) { // R10
	d := Delivery{Secret: "whsec_x", To: "a@b.fr", URL: "https://x"}
	if s := fmt.Sprintf("%v %+v %#v", d, d, &d); strings.Contains(s, "whsec") || strings.Contains(s, "a@b") {
		t.Error("R10 they do not")
	}
}

func FuzzCheckURL(f *testing.F) {
	for _, s := range []string{"https://a.b/c", "http://[::1%25lo]/", "https://1.2.3.4:80", "https://a%00.b/", "//x", "http://127.1/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if CheckURL(s, false) == nil && (!strings.HasPrefix(strings.ToLower(s), "https://") || strings.ContainsAny(s, "@?# \r\n")) {
			t.Errorf("%q is admitted", s)
		}
		if CheckURL(s, false) == nil && CheckURL(s, true) != nil {
			t.Errorf("%q is admitted in production only", s)
		}
	})
}

func FuzzCheckMail(f *testing.F) {
	f.Add("a@b.c")
	f.Add("a@b.c\r\nX: y")
	f.Fuzz(func(t *testing.T, s string) {
		if got, err := CheckMail(s); err == nil && (strings.ContainsAny(got, "\r\n <>,") || strings.Count(got, "@") != 1) {
			t.Errorf("%q is admitted", s)
		}
	})
}

const signed = "c557dff94d504fce7f4daf311b7a18d4914df38e27bdcd16967ab9f09aeb29e1"
