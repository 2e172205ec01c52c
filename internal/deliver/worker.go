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

// Outbox holds what is to be sent. Waiting names the receivers for whom
// something is due; mail says whether mail can be sent. Due gives of each line
// of messages about a person only the first.
type Outbox interface {
	Waiting(ctx context.Context, mail bool) ([]notify.Receiver, error)
	Due(ctx context.Context, to notify.Receiver, limit int) ([]notify.Delivery, error)
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
	Clock    func() time.Time
	Observe  func(c notify.Channel, outcome string)
}

// Worker sends what is due, to each receiver apart: one that is slow or does
// not answer holds only its own messages. A message whose arrival could not be
// noted is sent again, under the same identifier: receivers may see one twice,
// never miss one. One worker runs on an outbox.
type Worker struct {
	Config
	turns chan struct{}
	mu    sync.Mutex
	lines map[notify.Receiver]line
}

// line is where a receiver stands: those that are idle and well have none.
type line struct {
	busy   bool
	failed int       // times in a row
	rests  time.Time // nothing is sent to it before
}

// New returns a worker.
func New(c Config) *Worker {
	if c.Observe == nil {
		c.Observe = func(notify.Channel, string) {}
	}
	return &Worker{Config: c, turns: make(chan struct{}, receivers), lines: map[notify.Receiver]line{}}
}

// The bounds: so many messages a turn, so many receivers of webhooks at a time,
// and so long a rest at most. Who waits for a turn gets it after those before.
const (
	turnSize    = 20
	receivers   = 64
	longestRest = time.Minute
)

// Pass sends what is due now, in order to each receiver, and tells how many
// have arrived; it waits for all but those that an earlier pass still serves.
// A receiver that fails is left alone for a while, longer each time.
// Errors: service_indisponible.
func (w *Worker) Pass(ctx context.Context) (sent int, err error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	begun := w.begin(ctx, &wg, func(n int, failed error) {
		mu.Lock()
		defer mu.Unlock()
		if sent += n; err == nil {
			err = failed
		}
	})
	wg.Wait()
	if err == nil {
		err = begun
	}
	return sent, err
}

// begin starts to serve the receivers that are neither served nor at rest, and
// says of each how it ended.
func (w *Worker) begin(ctx context.Context, wg *sync.WaitGroup, ended func(sent int, err error)) error {
	list, err := w.Outbox.Waiting(ctx, w.Mail != nil)
	if err != nil {
		return err
	}
	for _, to := range list {
		if !w.take(to) {
			continue
		}
		wg.Go(func() {
			n, err := w.serve(ctx, to)
			w.leave(to)
			ended(n, err)
		})
	}
	return nil
}

// take reports whether a receiver may be served now, by the caller alone.
func (w *Worker) take(to notify.Receiver) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.lines[to]
	if l.busy || w.Clock().Before(l.rests) {
		return false
	}
	l.busy = true
	w.lines[to] = l
	return true
}

// leave ends a service.
func (w *Worker) leave(to notify.Receiver) {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.lines[to]
	if l.busy = false; l.failed == 0 {
		delete(w.lines, to)
		return
	}
	w.lines[to] = l
}

// note keeps whether a receiver answers, and how long it rests when not.
func (w *Worker) note(to notify.Receiver, answers bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.lines[to]
	if answers {
		l.failed, l.rests = 0, time.Time{}
	} else {
		l.failed++
		l.rests = w.Clock().Add(min(notify.Wait(l.failed), longestRest))
	}
	w.lines[to] = l
}

// serve sends to one receiver, turn after turn, until nothing is due or it
// fails. Mail waits for nobody's turn.
func (w *Worker) serve(ctx context.Context, to notify.Receiver) (sent int, err error) {
	for {
		if to.Channel == notify.Webhook {
			select {
			case w.turns <- struct{}{}:
			case <-ctx.Done():
				return sent, nil
			}
		}
		n, more, err := w.turn(ctx, to)
		if to.Channel == notify.Webhook {
			<-w.turns
		}
		if sent += n; err != nil || !more {
			return sent, err
		}
	}
}

// turn sends a few messages; more is false when the receiver is done with.
func (w *Worker) turn(ctx context.Context, to notify.Receiver) (sent int, more bool, err error) {
	list, err := w.Outbox.Due(ctx, to, turnSize)
	if err != nil || len(list) == 0 {
		return 0, false, err
	}
	sender := w.Webhooks
	if to.Channel == notify.Mail {
		sender = w.Mail
	}
	for _, d := range list {
		if err := sender.Send(ctx, d); err != nil {
			if ctx.Err() != nil {
				return sent, false, nil // we stop: the message has not failed
			}
			code := fault.From(err).Reason()
			w.Observe(d.Channel, "failed")
			down := d.Channel == notify.Webhook || code == Unreachable
			if down {
				w.note(to, false)
			}
			if err := w.Outbox.Failed(ctx, d.ID, code); err != nil || down {
				return sent, false, err
			}
			continue // one person's address says nothing of the next
		}
		w.note(to, true)
		w.Observe(d.Channel, "sent")
		if err := w.Outbox.Sent(context.WithoutCancel(ctx), d.ID); err != nil {
			return sent, false, err
		}
		sent++
	}
	return sent, true, nil
}

// Run serves the receivers until the context ends, then waits for what it
// began; tick says when to look for more. failed is called by several
// goroutines.
func (w *Worker) Run(ctx context.Context, tick <-chan time.Time, failed func(error)) {
	var wg sync.WaitGroup
	defer wg.Wait()
	told := func(err error) {
		if err != nil && ctx.Err() == nil {
			failed(err)
		}
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick:
			told(w.begin(ctx, &wg, func(_ int, err error) { told(err) }))
		}
	}
}
