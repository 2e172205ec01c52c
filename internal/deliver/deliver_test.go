package deliver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"droits.example/droits/client"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/notify"
)

var noon = time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC)

func clock() time.Time { return noon }

// receiver is a partner's program: it keeps what it was sent and reads it with
// the published client.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	got    []client.WebhookEvent
	ids    []string
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{status: http.StatusNoContent}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		body, _ := io.ReadAll(req.Body)
		e, err := client.ReadWebhook("whsec_test", req.Header.Get(client.WebhookSignature), body, noon)
		switch {
		case req.URL.Path == "/ailleurs":
			http.Redirect(w, req, "/droits", http.StatusTemporaryRedirect)
			return
		case err != nil || req.Method != http.MethodPost || req.Header.Get("Content-Type") != "application/json" || e.ID != req.Header.Get(client.WebhookDelivery):
			t.Errorf("R20 what is received is not signed: %v", err)
		case r.status < 300:
			r.got, r.ids = append(r.got, e), append(r.ids, e.ID)
		}
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answers(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func event(t *testing.T, id, url string) notify.Delivery {
	t.Helper()
	b, err := notify.Event{ID: id, Type: notify.ConsentWithdrawn, At: noon, Partner: "chu", Reference: "per_x"}.Body()
	if err != nil {
		t.Fatal(err)
	}
	return notify.Delivery{ID: id, Channel: notify.Webhook, Partner: "chu", Body: b, URL: url, Secret: "whsec_test"}
}

func reason(err error) string {
	if err == nil {
		return ""
	}
	return fault.From(err).Reason()
}

func TestAWebhookIsPostedAndSigned(t *testing.T) { // R20
	r := newReceiver(t)
	w := NewWebhooks(WebhookConfig{Clock: clock, Sandbox: true})
	if err := w.Send(t.Context(), event(t, "env_1", r.URL+"/droits")); err != nil {
		t.Fatal(err)
	}
	if len(r.got) != 1 || r.got[0].Type != "consent.withdrawn" || r.got[0].Reference != "per_x" || !r.got[0].At.Equal(noon) {
		t.Errorf("R20 %+v", r.got)
	}
	for name, c := range map[string]struct {
		status int
		path   string
		want   string
	}{
		"an error is a failure":                {500, "/droits", "HTTP_500"},
		"a refusal is a failure":               {404, "/droits", "HTTP_404"},
		"a redirection is not followed":        {204, "/ailleurs", "HTTP_307"},
		"an answer of another kind is success": {200, "/droits", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r.answers(c.status)
			if got := reason(w.Send(t.Context(), event(t, "env_2", r.URL+c.path))); got != c.want {
				t.Errorf("%q, expected %q", got, c.want)
			}
		})
	}
	t.Run("nobody answers", func(t *testing.T) {
		gone := httptest.NewServer(http.NotFoundHandler())
		gone.Close()
		if got := reason(w.Send(t.Context(), event(t, "env_3", gone.URL))); got != Unreachable {
			t.Error(got)
		}
	})
}

func TestWhereAWebhookMayNotGo(t *testing.T) {
	r := newReceiver(t)
	production := NewWebhooks(WebhookConfig{Clock: clock})
	if got := reason(production.Send(t.Context(), event(t, "env_1", r.URL))); got != "ADRESSE_REFUSEE" {
		t.Errorf("this machine, in production: %q", got)
	}
	sandbox := NewWebhooks(WebhookConfig{Clock: clock, Sandbox: true})
	for _, url := range []string{"https://169.254.169.254/latest/meta-data", "https://10.0.0.1/", "http://recepteur.example/", "https://[fe80::1]/", "::"} {
		if got := reason(sandbox.Send(t.Context(), event(t, "env_2", url))); got != "ADRESSE_REFUSEE" {
			t.Errorf("%s: %q", url, got)
		}
	}
	t.Run("a name is judged by where it leads when it connects", func(t *testing.T) {
		// A public name that leads to this machine: what rebinding does. The check
		// is asked with the address itself.
		for address, ok := range map[string]bool{"127.0.0.1:443": false, "169.254.169.254:443": false, "[::1]:443": false, "[::ffff:10.0.0.1]:443": false, "10.1.0.1:443": true, "93.184.216.34:443": true, "x": false} {
			w := NewWebhooks(WebhookConfig{Clock: clock, Allowed: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}})
			if err := w.control("tcp", address, nil); (err == nil) != ok || err != nil && !errors.Is(err, errInside) {
				t.Errorf("%s: %v", address, err)
			}
		}
	})
}

// shelf is an outbox in memory with the order and the waits of the store's,
// whose own tests hold it to the same words. It can lose what it is told.
type shelf struct {
	mu     sync.Mutex
	at     time.Time
	lines  []*line
	forget map[string]int // how many times Sent of a message fails
}

type line struct {
	notify.Delivery
	queue string
	due   time.Time
	sent  bool
}

func (s *shelf) Due(_ context.Context, mail bool, limit int) (out []notify.Delivery, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting := map[string]bool{}
	for _, l := range s.lines {
		if l.sent || waiting[l.queue] || l.Channel == notify.Mail && !mail {
			continue
		}
		waiting[l.queue] = true
		if !l.due.After(s.at) && len(out) < limit {
			out = append(out, l.Delivery)
		}
	}
	return out, nil
}

func (s *shelf) find(id string) *line {
	return s.lines[slices.IndexFunc(s.lines, func(l *line) bool { return l.ID == id })]
}

func (s *shelf) Sent(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.forget[id] > 0 {
		s.forget[id]--
		return fault.New(fault.ServiceIndisponible, "test")
	}
	s.find(id).sent = true
	return nil
}

func (s *shelf) Failed(_ context.Context, id, code string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.find(id)
	l.Attempts++
	l.due = s.at.Add(notify.Wait(l.Attempts))
	return nil
}

func (s *shelf) left() (n int) {
	for _, l := range s.lines {
		if !l.sent {
			n++
		}
	}
	return n
}

func TestAReceiverDownForAnHour(t *testing.T) { // R32
	r := newReceiver(t)
	s := &shelf{at: noon, forget: map[string]int{}}
	for i := range 60 {
		s.lines = append(s.lines, &line{Delivery: event(t, fmt.Sprintf("env_%02d", i), r.URL+"/droits"), queue: fmt.Sprint(i % 7), due: noon})
	}
	w := New(Config{Outbox: s, Webhooks: NewWebhooks(WebhookConfig{Clock: clock, Sandbox: true})})
	r.answers(503)
	pass := func() {
		for {
			n, err := w.Pass(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				return
			}
		}
	}
	for s.at.Before(noon.Add(time.Hour)) {
		pass()
		s.at = s.at.Add(time.Minute)
	}
	if len(r.got) != 0 || s.left() != 60 {
		t.Fatalf("R32 %d arrived while it was down", len(r.got))
	}
	r.answers(200)
	for s.at.Before(noon.Add(2*time.Hour)) && s.left() > 0 {
		pass()
		s.at = s.at.Add(time.Minute)
	}
	if s.left() != 0 {
		t.Errorf("R32 %d never arrived", s.left())
	}
	t.Run("R32 each arrives once", func(t *testing.T) {
		if got := slices.Compact(slices.Sorted(slices.Values(r.ids))); len(got) != 60 || len(r.ids) != 60 {
			t.Errorf("%d, %d different", len(r.ids), len(got))
		}
	})
	t.Run("R32 in order for each person", func(t *testing.T) {
		last := map[int]int{}
		for _, id := range r.ids {
			var n int
			fmt.Sscanf(id, "env_%d", &n)
			if n < last[n%7] {
				t.Errorf("%d after %d", n, last[n%7])
			}
			last[n%7] = n
		}
	})
}

func TestWhatCouldNotBeNotedIsSentAgain(t *testing.T) { // R32
	r := newReceiver(t)
	s := &shelf{at: noon, forget: map[string]int{"env_1": 1}, lines: []*line{{Delivery: event(t, "env_1", r.URL+"/droits"), due: noon}}}
	w := New(Config{Outbox: s, Webhooks: NewWebhooks(WebhookConfig{Clock: clock, Sandbox: true})})
	if n, err := w.Pass(t.Context()); n != 0 || !fault.Is(err, fault.ServiceIndisponible) {
		t.Errorf("%d %v", n, err)
	}
	if n, err := w.Pass(t.Context()); n != 1 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	if fmt.Sprint(r.ids) != "[env_1 env_1]" {
		t.Errorf("R32 sent again under the same identifier: %v", r.ids)
	}
}

func TestOneReceiverDownKeepsNobodyElseWaiting(t *testing.T) {
	up, down := newReceiver(t), newReceiver(t)
	down.answers(500)
	s := &shelf{at: noon, forget: map[string]int{}}
	for i := range 20 {
		to, who := up, "mutuelle"
		if i%2 == 0 {
			to, who = down, "chu"
		}
		d := event(t, fmt.Sprintf("env_%02d", i), to.URL+"/droits")
		d.Partner = who
		s.lines = append(s.lines, &line{Delivery: d, queue: fmt.Sprint(i), due: noon})
	}
	var failed, sent int
	var mu sync.Mutex
	w := New(Config{Outbox: s, Webhooks: NewWebhooks(WebhookConfig{Clock: clock, Sandbox: true}), Observe: func(_ notify.Channel, outcome string) {
		mu.Lock()
		defer mu.Unlock()
		if outcome == "sent" {
			sent++
		} else {
			failed++
		}
	}})
	n, err := w.Pass(t.Context())
	if n != 10 || err != nil || sent != 10 || failed != 1 {
		t.Errorf("%d sent, %d failed, %v", sent, failed, err)
	}
}

func TestTheWorkerStops(t *testing.T) {
	s := &shelf{at: noon}
	w := New(Config{Outbox: s})
	ctx, cancel := context.WithCancel(t.Context())
	tick, done := make(chan time.Time), make(chan struct{})
	go func() { w.Run(ctx, tick, func(error) {}); close(done) }()
	tick <- noon
	cancel()
	<-done
	t.Run("a message that it was sending has not failed", func(t *testing.T) {
		block := make(chan struct{})
		slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-block }))
		defer slow.Close()
		defer close(block)
		s.lines = []*line{{Delivery: event(t, "env_1", slow.URL), due: noon}}
		ctx, cancel := context.WithCancel(t.Context())
		w := New(Config{Outbox: s, Webhooks: senderFunc(func(ctx context.Context, d notify.Delivery) error {
			cancel()
			return NewWebhooks(WebhookConfig{Clock: clock, Sandbox: true}).Send(ctx, d)
		})})
		if n, err := w.Pass(ctx); n != 0 || err != nil || s.lines[0].Attempts != 0 {
			t.Errorf("%d %v, %d attempts", n, err, s.lines[0].Attempts)
		}
	})
}

type senderFunc func(context.Context, notify.Delivery) error

func (f senderFunc) Send(ctx context.Context, d notify.Delivery) error { return f(ctx, d) }

func TestSecretsDoNotPrint(t *testing.T) { // R10
	m := NewMail(MailConfig{Password: "secret-word"})
	if s := fmt.Sprintf("%v %+v %#v", m.MailConfig, *m, m.MailConfig); strings.Contains(s, "secret-word") {
		t.Error("R10 they do")
	}
}

// authority is the certificate of a test server.
func authority(cert tls.Certificate) *tls.Config {
	leaf, _ := x509.ParseCertificate(cert.Certificate[0])
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}
