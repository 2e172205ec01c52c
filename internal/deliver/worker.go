// Package deliver sends what notify holds. It hides the network: who may be
// reached, in how many goes, and what a failure is called.
package deliver

import (
	"context"
	"sync"
	"time"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/notify"
)

// Outbox holds what is to be sent. Due gives of each receiver's line of
// messages about a person only the first; mail says whether mail can be sent.
type Outbox interface {
	Due(ctx context.Context, mail bool, limit int) ([]notify.Delivery, error)
	Sent(ctx context.Context, id string) error
	Failed(ctx context.Context, id, code string) error
}

// Sender sends one message. Its error's reason, a code, is kept beside the
// message; nothing else of it is.
type Sender interface {
	Send(ctx context.Context, d notify.Delivery) error
}

// Unreachable is the reason of a receiver, or a mail server, that does not
// answer.
const Unreachable = "INJOIGNABLE"

// Config is what the worker needs.
type Config struct {
	Outbox   Outbox
	Webhooks Sender
	Mail     Sender // nil: mail stays where it is
	Observe  func(c notify.Channel, outcome string)
}

// Worker sends what is due. A message whose arrival could not be noted is sent
// again, under the same identifier: receivers may see one twice, never miss
// one. One worker runs on an outbox.
type Worker struct{ Config }

// New returns a worker.
func New(c Config) *Worker {
	if c.Observe == nil {
		c.Observe = func(notify.Channel, string) {}
	}
	return &Worker{c}
}

// The bounds of one pass: so many messages, to so many receivers at a time.
const (
	passSize  = 200
	receivers = 8
)

// Pass sends what is due now, in order to each receiver, and tells how many
// have arrived. A receiver that fails is left alone for the rest of the pass.
// Errors: service_indisponible.
func (w *Worker) Pass(ctx context.Context) (sent int, err error) {
	due, err := w.Outbox.Due(ctx, w.Mail != nil, passSize)
	if err != nil || len(due) == 0 {
		return 0, err
	}
	lines := map[string][]notify.Delivery{}
	var order []string
	for _, d := range due {
		to := string(d.Channel) + "/"
		if d.Channel == notify.Webhook {
			to += d.Partner
		}
		if lines[to] == nil {
			order = append(order, to)
		}
		lines[to] = append(lines[to], d)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	free := make(chan struct{}, receivers)
	for _, to := range order {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			n, failed := w.line(ctx, lines[to])
			mu.Lock()
			defer mu.Unlock()
			sent += n
			if failed != nil && err == nil {
				err = failed
			}
		})
	}
	wg.Wait()
	return sent, err
}

// line sends to one receiver until it fails.
func (w *Worker) line(ctx context.Context, list []notify.Delivery) (sent int, err error) {
	for _, d := range list {
		sender := w.Webhooks
		if d.Channel == notify.Mail {
			sender = w.Mail
		}
		if err := sender.Send(ctx, d); err != nil {
			if ctx.Err() != nil {
				return sent, nil // we stop: the message has not failed
			}
			code := fault.From(err).Reason()
			w.Observe(d.Channel, "failed")
			if err := w.Outbox.Failed(ctx, d.ID, code); err != nil || d.Channel == notify.Webhook || code == Unreachable {
				return sent, err
			}
			continue // one person's address says nothing of the next
		}
		w.Observe(d.Channel, "sent")
		if err := w.Outbox.Sent(context.WithoutCancel(ctx), d.ID); err != nil {
			return sent, err
		}
		sent++
	}
	return sent, nil
}

// Run makes passes until the context ends; tick says when, and a pass that sent
// something is followed by another at once.
func (w *Worker) Run(ctx context.Context, tick <-chan time.Time, failed func(error)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
		for ctx.Err() == nil {
			n, err := w.Pass(ctx)
			if err != nil && ctx.Err() == nil {
				failed(err)
			}
			if err != nil || n == 0 {
				break
			}
		}
	}
}
