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
	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/notify"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/store"
	"droits.example/droits/internal/trace"
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

// world is a real outbox, two partners with a webhook, and a clock. It can lose
// what it is told of an arrival.
type world struct {
	*store.Store
	t    *testing.T
	mu   sync.Mutex
	at   time.Time
	lose int // arrivals whose note is lost
}

func (w *world) now() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.at }

func (w *world) forward(d time.Duration) { w.mu.Lock(); defer w.mu.Unlock(); w.at = w.at.Add(d) }

func (w *world) Sent(ctx context.Context, id string) error {
	w.mu.Lock()
	lost := w.lose > 0
	w.lose--
	w.mu.Unlock()
	if lost {
		return fault.New(fault.ServiceIndisponible, "test")
	}
	return w.Store.Sent(ctx, id)
}

func newWorld(t *testing.T, receivers map[string]*receiver) *world {
	t.Helper()
	w := &world{t: t, at: noon}
	var err error
	w.Store, err = store.Open(t.Context(), store.Config{Dir: t.TempDir(), Root: store.Root{1}, Clock: w.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	for id, r := range receivers {
		w.must(w.PutPartner(t.Context(), partner.Partner{ID: id, Nom: id, Kind: droits.Etablissement}))
		w.must(w.SetWebhook(t.Context(), id, r.URL+"/droits", "whsec_test", partner.Sandbox))
		w.agree(id, 10)
	}
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// someone is one of many people.
func someone(n int) droits.Sujet { return droits.Sujet{byte(n + 1), byte((n + 1) >> 8)} }

// agree gives a partner an agreement of each of so many people: it is told
// nothing of others.
func (w *world) agree(partnerID string, people int) {
	writer := trace.NewWriter(w.Store, "test")
	defer writer.Close()
	for p := range people {
		r := &consent.Record{ID: partner.NewID("acc"), Subject: someone(p), Partner: partnerID, Convention: "c", ConventionVersion: 1, GivenAt: noon, ExpiresAt: noon}
		_, err := writer.Append(w.t.Context(), trace.Pending{Leaf: trace.Entry{Class: trace.AccessServed, Person: trace.Person{At: noon, Partner: partnerID}}.Leaf(), Effects: []trace.Effect{r}})
		w.must(err)
	}
}

// decide makes each of so many people change their mind so many times.
func (w *world) decide(partnerID string, people, times int) {
	w.t.Helper()
	for n := range times {
		for p := range people {
			w.forward(time.Second)
			who := someone(p)
			if n%2 == 0 {
				w.must(w.Withdraw(w.t.Context(), who, partnerID, ""))
			} else {
				w.must(w.Allow(w.t.Context(), who, partnerID))
			}
		}
	}
}

func (w *world) worker() *Worker {
	return New(Config{Outbox: w, Webhooks: NewWebhooks(WebhookConfig{Clock: clock, Sandbox: true}), Clock: w.now})
}

// passes sends until a pass sends nothing.
func (w *world) passes(k *Worker) {
	w.t.Helper()
	for {
		n, err := k.Pass(w.t.Context())
		w.must(err)
		if n == 0 {
			return
		}
	}
}

func (w *world) left() (n int) {
	list, err := w.Outbox(w.t.Context(), 1000)
	w.must(err)
	for _, l := range list {
		if l.State != notify.Sent {
			n++
		}
	}
	return n
}

func TestAReceiverDownForAnHour(t *testing.T) { // R32
	r := newReceiver(t)
	w := newWorld(t, map[string]*receiver{"chu": r})
	w.decide("chu", 7, 8)
	const all = 7 * 8
	k := w.worker()
	r.answers(503)
	for down := w.now(); w.now().Before(down.Add(time.Hour)); w.forward(time.Minute) {
		w.passes(k)
	}
	if len(r.got) != 0 || w.left() != all {
		t.Fatalf("R32 %d arrived while it was down, %d wait", len(r.got), w.left())
	}
	r.answers(200)
	for back := w.now(); w.now().Before(back.Add(notify.LongestWait+time.Minute)) && w.left() > 0; w.forward(time.Minute) {
		w.passes(k)
	}
	t.Run("R32 each arrives once", func(t *testing.T) {
		if got := slices.Compact(slices.Sorted(slices.Values(r.ids))); w.left() != 0 || len(got) != all || len(r.ids) != all {
			t.Errorf("%d, %d different, %d never", len(r.ids), len(got), w.left())
		}
	})
	t.Run("R32 in order for each person", func(t *testing.T) {
		last := map[string]client.WebhookEvent{}
		for _, e := range r.got {
			before := last[e.Reference]
			if last[e.Reference] = e; !e.At.After(before.At) || before.Type == e.Type {
				t.Errorf("%s at %v after %s at %v", e.Type, e.At, before.Type, before.At)
			}
		}
		if len(last) != 7 {
			t.Errorf("%d people", len(last))
		}
	})
}

func TestWhatCouldNotBeNotedIsSentAgain(t *testing.T) { // R32
	r := newReceiver(t)
	w := newWorld(t, map[string]*receiver{"chu": r})
	w.decide("chu", 1, 1)
	w.lose = 1
	k := w.worker()
	if n, err := k.Pass(t.Context()); n != 0 || !fault.Is(err, fault.ServiceIndisponible) {
		t.Errorf("%d %v", n, err)
	}
	if n, err := k.Pass(t.Context()); n != 1 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	if len(r.ids) != 2 || r.ids[0] != r.ids[1] || w.left() != 0 {
		t.Errorf("R32 sent again under the same identifier: %v", r.ids)
	}
}

func TestOneReceiverDownKeepsNobodyElseWaiting(t *testing.T) {
	up, down := newReceiver(t), newReceiver(t)
	down.answers(500)
	w := newWorld(t, map[string]*receiver{"chu": down, "mutuelle": up})
	w.decide("chu", 10, 1)
	w.decide("mutuelle", 10, 1)
	var failed, sent int
	var mu sync.Mutex
	k := w.worker()
	k.Observe = func(_ notify.Channel, outcome string) {
		mu.Lock()
		defer mu.Unlock()
		if outcome == "sent" {
			sent++
		} else {
			failed++
		}
	}
	if n, err := k.Pass(t.Context()); n != 10 || err != nil || sent != 10 || failed != 1 {
		t.Errorf("%d sent, %d failed, %v", sent, failed, err)
	}
}

func TestTheWorkerStops(t *testing.T) {
	r := newReceiver(t)
	w := newWorld(t, map[string]*receiver{"chu": r})
	ctx, cancel := context.WithCancel(t.Context())
	tick, done := make(chan time.Time), make(chan struct{})
	k := w.worker()
	go func() { k.Run(ctx, tick, func(error) {}); close(done) }()
	tick <- noon
	cancel()
	<-done
	t.Run("a message that it was sending has not failed", func(t *testing.T) {
		w.decide("chu", 1, 1)
		ctx, cancel := context.WithCancel(t.Context())
		k.Webhooks = senderFunc(func(ctx context.Context, d notify.Delivery) error {
			cancel()
			return NewWebhooks(WebhookConfig{Clock: clock, Sandbox: true}).Send(ctx, d)
		})
		n, err := k.Pass(ctx)
		list, bad := w.Outbox(t.Context(), 1)
		if n != 0 || err != nil || bad != nil || list[0].Attempts != 0 {
			t.Errorf("%d %v, %+v", n, err, list)
		}
	})
	t.Run("a store that is closed is told, and the worker goes on", func(t *testing.T) {
		w.must(w.Close())
		ctx, cancel := context.WithCancel(t.Context())
		tick, failed := make(chan time.Time), make(chan error, 2)
		go w.worker().Run(ctx, tick, func(err error) { failed <- err })
		for range 2 {
			tick <- noon
			if err := <-failed; !fault.Is(err, fault.ServiceIndisponible) {
				t.Error(err)
			}
		}
		cancel()
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
