package access

import (
	"context"
	"strings"
	"time"

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
	r := recognition{
		s: w.s, partner: w.caller.Partner(), purpose: w.caller.conv.Document.Purpose, requestID: w.req.RequestID, at: w.caller.startedAt,
		subject: w.fcSub, told: w.asserted.Subject != "",
	}
	c, err := r.among(ctx, pivot, candidates)
	w.matching, w.seen = r.matching, r.seen
	if err == nil {
		w.subject, w.member, w.found, w.self = c.Sujet, c.Sujet, true, true
		if w.known = c.Sujet; len(c.Before) > 0 {
			w.known = c.Before[0] // the source lists former numbers, the oldest first
		}
	}
	return c, err
}

// forget makes the call about nobody.
func (w *walk) forget() {
	w.found, w.self, w.consents = false, false, ""
	w.subject, w.member, w.members = droits.Sujet{}, droits.Sujet{}, nil
}

// recognition is one decision of who somebody is, and what the trace and the
// identity desk learn of it.
type recognition struct {
	s                           *Service
	partner, purpose, requestID string
	at                          time.Time
	subject                     trace.Digest // of FranceConnect's subject
	told                        bool         // FranceConnect tells a subject; its first version does not
	matching                    string
	seen                        *desk.Identification // nil when nothing was decided
}

// among decides who of the candidates the pivot is. Errors:
// personne_non_identifiee, service_indisponible.
func (r *recognition) among(ctx context.Context, pivot identity.Pivot, candidates []policy.Candidate) (policy.Candidate, error) {
	records := make([]identity.Record, len(candidates))
	for i, c := range candidates {
		records[i] = c.Record
	}
	d := identity.Decide(pivot, records)
	r.matching = matching(d)
	r.seen = r.seenAs(d)
	if d.Outcome != identity.Match {
		return policy.Candidate{}, nobody("IDENTITY_" + upper(string(d.Outcome)))
	}
	for _, c := range candidates {
		if c.Record.ID == d.ID {
			return c, r.lead(ctx, c)
		}
	}
	r.seen = nil // nothing is decided
	return policy.Candidate{}, nobody("IDENTITY_LOST")
}

func nobody(reason string) *fault.Fault {
	return fault.New(fault.PersonneNonIdentifiee, "access: identify").Because(reason)
}

// lead compares the person with the one that the subject led to before. Of two
// people, one is wrong, and which one is not known: refused like nobody.
func (r *recognition) lead(ctx context.Context, c policy.Candidate) (err error) {
	r.seen.Person = r.s.Digests.TraceSubject(c.Sujet)
	if r.told {
		if r.seen.Lead, err = r.s.People.Lead(ctx, r.subject, c); err != nil {
			r.seen = nil // nothing is decided
			return err
		}
	}
	if r.seen.Lead.Before != (trace.Digest{}) {
		r.seen.Outcome, r.seen.Reason = desk.Blocked, trace.SubjectLeadsElsewhere
		return nobody(trace.SubjectLeadsElsewhere)
	}
	return nil
}

// seenAs is what the identity desk learns of a decision.
func (r *recognition) seenAs(d identity.Result) *desk.Identification {
	i := &desk.Identification{
		At: r.at, RequestID: r.requestID, Partner: r.partner, Purpose: r.purpose,
		Outcome: string(d.Outcome), Reason: d.Reason, Tolerances: strings.Join(d.Tolerances, ","), Candidates: len(d.Candidates), Rule: d.Rule,
		Subject: r.subject,
	}
	if d.Outcome == identity.Match {
		return i
	}
	i.Rejected = map[string]int{}
	for _, c := range d.Candidates {
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
