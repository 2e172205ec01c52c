package access

import (
	"context"
	"strings"

	"droits.example/droits/internal/desk"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/policy"
	"droits.example/droits/internal/trace"
)

// identify finds exactly one person, or nobody: none, ambiguous and another
// scheme are one answer, told apart only in the internal trace.
func (w *walk) identify(ctx context.Context, pivot identity.Pivot) (policy.Candidate, error) {
	w.token = w.s.Digests.TokenDigest(w.caller.creds.Token)
	candidates, err := w.s.People.Find(ctx, pivot, w.caller.Partner(), w.token)
	if err != nil {
		return policy.Candidate{}, err
	}
	records := make([]identity.Record, len(candidates))
	for i, c := range candidates {
		records[i] = c.Record
	}
	r := identity.Decide(pivot, records)
	w.matching = matching(r)
	w.seen = w.seenAs(r)
	if r.Outcome != identity.Match {
		return policy.Candidate{}, nobody("IDENTITY_" + upper(string(r.Outcome)))
	}
	for _, c := range candidates {
		if c.Record.ID == r.ID {
			return c, w.lead(ctx, c)
		}
	}
	w.seen = nil // nothing is decided
	return policy.Candidate{}, nobody("IDENTITY_LOST")
}

func nobody(reason string) *fault.Fault {
	return fault.New(fault.PersonneNonIdentifiee, "access: identify").Because(reason)
}

// lead compares the person with the one that the token's subject led to before.
// Of two people, one is wrong, and which one is not known: refused like nobody.
// FranceConnect v1 tells no subject.
func (w *walk) lead(ctx context.Context, c policy.Candidate) (err error) {
	w.seen.Person = w.s.Digests.TraceSubject(c.Sujet)
	if w.asserted.Subject != "" {
		if w.seen.Lead, err = w.s.People.Lead(ctx, w.fcSub, c); err != nil {
			w.seen = nil // nothing is decided
			return err
		}
	}
	if w.seen.Lead.Before != (trace.Digest{}) {
		w.seen.Outcome, w.seen.Reason = desk.Blocked, trace.SubjectLeadsElsewhere
		return nobody(trace.SubjectLeadsElsewhere)
	}
	w.subject, w.member, w.found, w.self = c.Sujet, c.Sujet, true, true
	return nil
}

// forget makes the call about nobody.
func (w *walk) forget() {
	w.found, w.self, w.consents = false, false, ""
	w.subject, w.member, w.members = droits.Sujet{}, droits.Sujet{}, nil
}

// seenAs is what the identity desk learns of a decision.
func (w *walk) seenAs(r identity.Result) *desk.Identification {
	i := &desk.Identification{
		At: w.caller.startedAt, RequestID: w.req.RequestID, Partner: w.caller.Partner(), Purpose: w.caller.conv.Document.Purpose,
		Outcome: string(r.Outcome), Reason: r.Reason, Tolerances: strings.Join(r.Tolerances, ","), Candidates: len(r.Candidates), Rule: r.Rule,
		Subject: w.fcSub,
	}
	if r.Outcome == identity.Match {
		return i
	}
	i.Rejected = map[string]int{}
	for _, c := range r.Candidates {
		if c.RejectedBy != "" {
			i.Rejected[c.RejectedBy]++
		}
	}
	return i
}

// matching is what the trace keeps of an identification: outcome, reason, rule,
// tolerances, and why each candidate was rejected, "" for one that was not.
func matching(r identity.Result) string {
	b := make([]byte, 0, 128)
	for _, s := range [...]string{string(r.Outcome), r.Reason, r.Rule} {
		b = append(append(b, s...), ' ')
	}
	for i, s := range r.Tolerances {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, s...)
	}
	for _, x := range r.Candidates {
		b = append(append(b, ' '), x.RejectedBy...)
	}
	return string(b)
}
