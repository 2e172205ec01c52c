package deliver

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/notify"
	"droits.example/droits/internal/trace"
)

// written makes a mail wait for a person.
func (w *world) written() {
	w.t.Helper()
	who := someone(0)
	w.must(w.SetSettings(w.t.Context(), who, consent.Settings{Mail: "camille@exemple.fr", Notify: true}, trace.Event{Actor: trace.ActorHolder}))
	writer := trace.NewWriter(w.Store, "test")
	defer writer.Close()
	_, err := writer.Append(w.t.Context(), trace.Pending{Leaf: trace.Entry{Class: trace.AccessServed, Person: trace.Person{At: w.now(), Partner: "mutuelle"}}.Leaf(), Effects: []trace.Effect{consent.Read{Subject: who, Partner: "mutuelle", At: w.now()}}})
	w.must(err)
}

func TestADeadReceiverHoldsOnlyItsOwn(t *testing.T) { // R20, R32
	down, up := newReceiver(t), newReceiver(t)
	down.answers(500)
	w := newWorld(t, map[string]*receiver{"chu": down, "mutuelle": up})
	const waiting = 1000
	w.agree("chu", waiting)
	w.decide("chu", waiting, 1)
	w.decide("mutuelle", 1, 1)
	w.written()
	k := w.worker()
	var letters, attempts atomic.Int64
	k.Mail = senderFunc(func(context.Context, notify.Delivery) error { letters.Add(1); return nil })
	k.Observe = func(_ notify.Channel, outcome string) {
		if outcome == "failed" {
			attempts.Add(1)
		}
	}
	t.Run("R32 with a thousand that wait at it, another partner and mail are served at the next pass", func(t *testing.T) {
		if n, err := k.Pass(t.Context()); n != 2 || err != nil || len(up.ids) != 1 || letters.Load() != 1 || attempts.Load() != 1 {
			t.Errorf("%d sent, %d webhooks, %d letters, %d failed, %v", n, len(up.ids), letters.Load(), attempts.Load(), err)
		}
	})
	t.Run("R32 it is tried less and less, for all of its messages", func(t *testing.T) {
		for start := w.now(); w.now().Before(start.Add(time.Hour)); w.forward(time.Second) {
			if _, err := k.Pass(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if n := attempts.Load(); n < 30 || n > 70 {
			t.Errorf("%d attempts in an hour", n)
		}
	})
	t.Run("R32 when it is back it is told everything", func(t *testing.T) {
		down.answers(204)
		for start := w.now(); w.left() > 0 && w.now().Before(start.Add(notify.LongestWait+time.Minute)); w.forward(time.Minute) {
			w.passes(k)
		}
		if len(down.ids) != waiting {
			t.Errorf("%d of %d", len(down.ids), waiting)
		}
	})
}

func TestASlowReceiverHoldsOnlyItsOwn(t *testing.T) { // R20, R32
	r := newReceiver(t)
	w := newWorld(t, map[string]*receiver{"chu": r, "mutuelle": r})
	w.decide("chu", 3, 1)
	begun, told := make(chan string), make(chan string)
	k := New(Config{Outbox: w, Clock: w.now, Webhooks: senderFunc(func(ctx context.Context, d notify.Delivery) error {
		if d.Partner == "chu" {
			begun <- d.ID
			<-ctx.Done() // it answers when everything ends
			return fault.New(fault.ServiceIndisponible, "test")
		}
		told <- d.ID
		return nil
	})})
	ctx, cancel := context.WithCancel(t.Context())
	tick, done := make(chan time.Time), make(chan struct{})
	go func() { k.Run(ctx, tick, func(err error) { t.Error(err) }); close(done) }()
	tick <- noon
	first := <-begun
	w.decide("mutuelle", 1, 1)
	tick <- noon
	if id := <-told; id == "" {
		t.Error("nothing was told")
	}
	select {
	case id := <-begun:
		t.Errorf("%s was begun beside %s: one receiver is told one thing at a time", id, first)
	default:
	}
	cancel()
	<-done
}

func TestAMailServerThatIsDownRests(t *testing.T) { // R32
	w := newWorld(t, map[string]*receiver{"mutuelle": newReceiver(t)})
	w.written()
	k := w.worker()
	attempts := 0
	k.Mail = senderFunc(func(context.Context, notify.Delivery) error { attempts++; return mailFailed(Unreachable) })
	for range 3 {
		if n, err := k.Pass(t.Context()); n != 0 || err != nil {
			t.Errorf("%d %v", n, err)
		}
	}
	if attempts != 1 {
		t.Errorf("%d attempts at one instant", attempts)
	}
	w.forward(notify.FirstWait)
	k.Mail = senderFunc(func(context.Context, notify.Delivery) error { return nil })
	if n, err := k.Pass(t.Context()); n != 1 || err != nil || len(k.lines) != 0 {
		t.Errorf("%d %v, %d lines kept", n, err, len(k.lines))
	}
}
