package access

import (
	"context"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
)

// watch has the use of the key followed: the call has its trace. What is unusual
// is raised before the call is answered, so that the call that follows a clear
// case is refused; an alarm that cannot be kept is raised again at the next.
func (w *walk) watch(ctx context.Context, o partner.Outcome) {
	alarm, requests := w.s.Keys.Watch().Saw(partner.Sighting{Key: w.caller.key.ID, RequestID: w.req.RequestID, At: w.caller.startedAt, Addr: w.caller.creds.Addr, Outcome: o})
	if alarm == "" {
		return
	}
	if raised, err := w.s.Keys.Raise(context.WithoutCancel(ctx), w.caller.key.ID, alarm, requests); err == nil && raised && w.s.Alarm != nil {
		w.s.Alarm(alarm)
	}
}

// outcomeOf tells what a refusal says of how a key is used. That the connected
// person cannot be identified says nothing: nobody logs in for the partner.
func outcomeOf(f *fault.Fault) partner.Outcome {
	if f.Code() == fault.BeneficiaireInconnu {
		return partner.UnknownName
	}
	return partner.Other
}
