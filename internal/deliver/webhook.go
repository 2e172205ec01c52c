package deliver

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/notify"
)

// WebhookConfig says how webhooks are sent.
type WebhookConfig struct {
	Clock   func() time.Time
	Sandbox bool           // lets addresses of this machine be reached
	Allowed []netip.Prefix // networks inside which receivers may be
}

// Webhooks sends events by HTTP. It follows no redirection, uses no proxy, and
// checks where a name leads when it connects, not before.
type Webhooks struct {
	WebhookConfig
	client *http.Client
}

// The limits of one attempt.
const (
	attemptFor = 10 * time.Second
	maxAnswer  = 4 << 10
)

// NewWebhooks returns a sender of webhooks.
func NewWebhooks(c WebhookConfig) *Webhooks {
	w := &Webhooks{WebhookConfig: c}
	dialer := &net.Dialer{Timeout: attemptFor / 2, Control: w.control}
	w.client = &http.Client{
		Timeout:       attemptFor,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: attemptFor / 2, MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute,
			MaxResponseHeaderBytes: maxAnswer, ForceAttemptHTTP2: true,
		},
	}
	return w
}

var errInside = errors.New("deliver: the address is not one that messages go to")

// control is asked with each address that a name has led to, before the
// connection: a name cannot be exchanged after it was checked.
func (w *Webhooks) control(_, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return errInside
	}
	if ip := a.Addr().Unmap(); w.Sandbox && ip.IsLoopback() || notify.Reachable(a.Addr(), w.Allowed) {
		return nil
	}
	return errInside
}

// Send posts the event, signed at this instant. What is answered is not read,
// but for whether it is a success. Errors: service_indisponible with the reason
// ADRESSE_REFUSEE, INJOIGNABLE, or HTTP_ and the status.
func (w *Webhooks) Send(ctx context.Context, d notify.Delivery) error {
	failed := func(reason string) error {
		return fault.New(fault.ServiceIndisponible, "deliver: webhook").Because(reason)
	}
	if notify.CheckURL(d.URL, w.Sandbox) != nil {
		return failed("ADRESSE_REFUSEE")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, bytes.NewReader(d.Body))
	if err != nil {
		return failed("ADRESSE_REFUSEE")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "droits-webhook/1")
	r.Header.Set("X-Droits-Delivery", d.ID)
	r.Header.Set("X-Droits-Signature", notify.Signature(d.Secret, w.Clock(), d.Body))
	resp, err := w.client.Do(r)
	switch {
	case errors.Is(err, errInside):
		return failed("ADRESSE_REFUSEE")
	case err != nil:
		return failed(Unreachable)
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer))
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return failed("HTTP_" + strconv.Itoa(resp.StatusCode))
	}
	return nil
}
