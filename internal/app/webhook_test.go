package app_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"droits.example/droits/client"
	"droits.example/droits/internal/access"
	"droits.example/droits/internal/api"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/notify"
	"droits.example/droits/internal/partner"
)

// hook is a partner's receiver: what it was sent, once checked with the
// published client.
type hook struct {
	*httptest.Server
	secret string
	got    chan client.WebhookEvent
}

func newHook(t *testing.T, in *apptest.Instance, p apptest.Partner) *hook {
	t.Helper()
	h := &hook{secret: notify.NewSecret(), got: make(chan client.WebhookEvent, 100)}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		e, err := client.ReadWebhook(h.secret, r.Header.Get(client.WebhookSignature), body, in.Clock.Now())
		if err != nil {
			t.Errorf("R20 %v", err)
		}
		h.got <- e
	}))
	t.Cleanup(h.Close)
	if err := in.App.Store.SetWebhook(t.Context(), p.ID, h.URL+"/droits", h.secret, partner.Sandbox); err != nil {
		t.Fatal(err)
	}
	return h
}

// next is the next event, waited for in the time of the machine.
func (h *hook) next(t *testing.T) client.WebhookEvent {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	select {
	case e := <-h.got:
		return e
	case <-ctx.Done():
		t.Fatal("R20 nothing came")
		return client.WebhookEvent{}
	}
}

// arrived waits until the outbox knows that a message has arrived: the receiver
// knows it first.
func arrived(t *testing.T, in *apptest.Instance, id string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		list, err := in.App.Store.Outbox(t.Context(), 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range list {
			if l.ID == id && l.State == notify.Sent {
				return
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("it has not")
		}
	}
}

func citizen(t *testing.T, in *apptest.Instance, slug string) access.Citizen {
	t.Helper()
	c, err := in.App.Access.SignIn(t.Context(), identity.Assertion{Profile: identity.V2, Subject: "sub-" + slug, ACR: "eidas1", Pivot: in.Person(t, slug).Pivot}, access.Visit{RequestID: "page"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAWithdrawalReachesThePartner(t *testing.T) { // R20 R11
	in := apptest.Start(t, apptest.Options{})
	h := newHook(t, in, in.Hospital)
	a := in.Get(t, "/me", in.As(t, "famille-martin", in.Hospital))
	b := in.Get(t, "/me", in.As(t, "famille-martin", in.Insurer))
	ref := a.Header.Get("X-Reference-Personne")
	t.Run("R11 each partner is told a reference of its own", func(t *testing.T) {
		if ref == "" || ref == b.Header.Get("X-Reference-Personne") {
			t.Errorf("R11 %q", ref)
		}
		if again := in.Get(t, "/contrats", in.As(t, "famille-martin", in.Hospital), in.NIROf(t, "famille-martin")); again.Header.Get("X-Reference-Personne") != ref {
			t.Error("R11 it changes from call to call")
		}
	})
	c := citizen(t, in, "famille-martin")
	if err := in.App.Access.Withdraw(t.Context(), c, access.Visit{RequestID: "page"}, in.Hospital.ID); err != nil {
		t.Fatal(err)
	}
	t.Run("R20 a signed consent.withdrawn is delivered, under that reference", func(t *testing.T) {
		e := h.next(t)
		if e.Type != "consent.withdrawn" || e.Reference != ref || e.Partner != in.Hospital.ID || len(e.Consents) == 0 {
			t.Errorf("R20 %+v", e)
		}
		arrived(t, in, e.ID)
		n, err := in.App.Store.ReplayWebhook(t.Context(), in.Hospital.ID, e.ID)
		if err != nil || n != 1 {
			t.Fatal(n, err)
		}
		if again := h.next(t); again.ID != e.ID || again.Type != e.Type {
			t.Errorf("R20 replayed under another identifier: %+v", again)
		}
	})
	t.Run("R18 the partner's next call is refused, and only this partner's", func(t *testing.T) {
		in.Get(t, "/me", in.As(t, "famille-martin", in.Hospital)).Want(t, 403, "consentement_retire")
		in.Get(t, "/me", in.As(t, "famille-martin", in.Insurer)).Want(t, 200, "")
	})
	t.Run("what comes after arrives after", func(t *testing.T) {
		if err := in.App.Access.Allow(t.Context(), c, access.Visit{}, in.Hospital.ID); err != nil {
			t.Fatal(err)
		}
		if err := in.App.Access.Pause(t.Context(), c, access.Visit{}, in.Hospital.ID, time.Time{}); err != nil {
			t.Fatal(err)
		}
		if a, b := h.next(t), h.next(t); a.Type != "consent.allowed" || b.Type != "consent.paused" {
			t.Errorf("R32 %s, then %s", a.Type, b.Type)
		}
	})
	t.Run("the metrics count what was sent", func(t *testing.T) {
		if _, body := in.Inside(t, "/metrics"); !strings.Contains(body, `droits_messages_total{channel="webhook",outcome="sent"}`) {
			t.Error("they do not")
		}
	})
}

func TestTheNoticeIsServedToPartners(t *testing.T) { // R19 R14
	in := apptest.Start(t, apptest.Options{})
	o := in.Do(t, api.MoiPath, func(r *http.Request) { r.Header.Set("X-API-Key", in.Hospital.Key) }).Object(t)
	conv, _ := o["convention"].(map[string]any)
	accord, _ := conv["accord"].(map[string]any)
	if text, _ := accord["notice"].(string); !strings.Contains(text, "mettre en pause ou retirer") || accord["version_notice"] == nil {
		t.Errorf("R19 %v", accord)
	}
}
