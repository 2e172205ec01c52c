package access

import (
	"encoding/hex"
	"strconv"

	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/policy"
	"droits.example/droits/internal/trace"
)

// entry says who asked, for whom, which blocks, why and under what. Nothing in
// it is a value that was received: no NIR, no name, no token.
func (w *walk) entry(class trace.Class, outcome string, f *fault.Fault) trace.Entry {
	c, d := &w.caller, &w.caller.conv.Document
	now := w.s.Clock()
	e := trace.Entry{
		Class: class,
		Person: trace.Person{
			At: now, Partner: c.Partner(), Through: c.through(), Purpose: d.Purpose, Operation: w.req.name(),
			Period: w.req.Window.Period.String(), Consent: w.consentID(), Convention: d.ID + "/" + strconv.Itoa(d.Version),
			Reference: c.conv.Digest, Outcome: outcome,
		},
		Internal: trace.Internal{
			RequestID: w.req.RequestID, KeyID: c.key.ID, Latency: now.Sub(c.startedAt), Matching: w.matching, Policy: policy.Version,
		},
	}
	if d.ID == "" { // a vendor that calls for nobody
		e.Person.Convention = ""
	}
	if c.creds.Addr.IsValid() {
		e.Internal.IP = c.creds.Addr.String()
	}
	if w.req.Agent != "" {
		e.Internal.Agent = w.digest("agent", c.Partner()+"/"+w.req.Agent)
	}
	if c.creds.Token != "" {
		e.Internal.Token = w.digest("jeton", c.creds.Token)
	}
	if w.fcSub != (trace.Digest{}) {
		e.Internal.FCSubject = hex.EncodeToString(w.fcSub[:])
	}
	if f != nil {
		e.Internal.Reasons = []string{f.Reason()}
	}
	e.Person.Asked = texts(w.req.Asked)
	if class == trace.AccessServed {
		for _, x := range w.decision.Withheld {
			e.Person.Withheld = append(e.Person.Withheld, string(x.Bloc))
			e.Internal.Withheld = append(e.Internal.Withheld, string(x.Bloc)+":"+x.Reason)
		}
	}
	w.about(&e)
	return e
}

func texts(blocks []droits.Bloc) []string {
	if len(blocks) == 0 {
		return nil
	}
	out := make([]string, len(blocks))
	for i, b := range blocks {
		out[i] = string(b)
	}
	return out
}

// name is what the trace calls the call.
func (m Meta) name() string {
	if m.Name != "" {
		return m.Name
	}
	return m.Operation.String()
}

// consentID names a consent that is durable with the entry, or before it.
func (w *walk) consentID() string {
	if w.decided && w.consent != nil {
		return w.consent.ID
	}
	return w.consents
}

// about names who is concerned, by keyed digests.
func (w *walk) about(e *trace.Entry) {
	asked := append(make([]byte, 0, 128), e.Person.Operation...)
	asked = append(append(append(asked, '|'), e.Person.Period...), '|')
	about := w.subject
	if w.found {
		e.Subject = w.s.Digests.TraceSubject(w.subject)
		switch {
		case w.self:
			e.Person.Beneficiary = "assure"
		case w.member != w.subject:
			about = w.member
			e.Person.Beneficiary = w.s.reference(w.member)
		default:
			e.Person.Beneficiary = "non_trouve"
		}
	}
	for _, m := range w.others() {
		e.Others = append(e.Others, w.s.Digests.TraceSubject(m))
		if m != w.member {
			e.Person.Others = append(e.Person.Others, w.s.reference(m))
		}
	}
	if w.found {
		asked = hex.AppendEncode(asked, about[:])
	} else {
		asked = append(asked, "inconnu"...)
	}
	h := w.s.Digests.TraceDigest("requete", string(asked))
	e.Person.RequestHash = h[:]
}

// others are the people of whom something was told besides the connected one.
func (w *walk) others() (out []droits.Sujet) {
	for _, m := range w.members {
		if m != w.subject {
			out = append(out, m)
		}
	}
	return out
}

func (w *walk) digest(domain, value string) string { return w.s.digest(domain, value) }

func (s *Service) digest(domain, value string) string {
	d := s.Digests.TraceDigest(domain, value)
	return hex.EncodeToString(d[:])
}
