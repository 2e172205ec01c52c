package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/desk"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/policy"
	"droits.example/droits/internal/trace"
)

// Refuse traces a refusal that was decided before the road, a malformed
// parameter for instance, and returns it with its receipt. A caller whose key
// is unknown is not traced; a trace that cannot be written makes the answer
// service_indisponible.
func (s *Service) Refuse(ctx context.Context, c Caller, m Meta, err error) error {
	w := walk{s: s, caller: c, req: Request{Meta: m}}
	return w.refuse(ctx, err)
}

// Read walks the whole road for one call. An error is a *Refusal when its
// trace is durable. Errors: every code of the catalogue that contract.md lists
// after the parameters.
func (s *Service) Read(ctx context.Context, c Caller, req Request) (Answer, error) {
	w := walk{s: s, caller: c, req: req}
	return w.run(ctx, func() ([]byte, error) {
		view, err := w.walk(ctx)
		if err != nil {
			return nil, err
		}
		body, err := req.Encode(view)
		return body, encoded(err)
	})
}

func encoded(err error) error {
	if err == nil {
		return nil
	}
	return fault.Wrap(fault.ErreurInterne, "access: encode", err)
}

// run makes the trace of what do decides, whatever becomes of it.
func (w *walk) run(ctx context.Context, do func() ([]byte, error)) (a Answer, err error) {
	defer func() {
		if p := recover(); p != nil {
			a, err = Answer{}, w.refuse(ctx, fault.New(fault.ErreurInterne, "access: read").Because("PANIC").With(fmt.Errorf("%T", p)))
		}
	}()
	body, err := do()
	if err != nil {
		return Answer{}, w.refuse(ctx, err)
	}
	return w.answer(ctx, body)
}

// walk is one call on the road, and what it has learnt so far.
type walk struct {
	s        *Service
	caller   Caller
	req      Request
	counted  *draw
	asserted *identity.Assertion
	matching string
	token    consent.Token
	fcSub    trace.Digest         // zero when FranceConnect told no subject
	seen     *desk.Identification // what was decided of who it is
	subject  droits.Sujet
	member   droits.Sujet
	members  []droits.Sujet // everybody whose data the answer holds
	self     bool
	found    bool
	consent  *consent.Record // made by this call, durable with its entry once decided
	consents string          // the one that stood before it, "" when there was none
	asked    *consent.Event  // that a tick is wanted of the person
	tells    bool            // the person is to be told when it is served
	tellAs   droits.Sujet    // as whom it asked
	known    droits.Sujet    // as whom partners know it
	served   bool
	decision policy.Decision
	decided  bool
}

func (w *walk) walk(ctx context.Context) (policy.View, error) {
	if err := w.count(ctx); err != nil {
		return policy.View{}, err
	}
	pivot, err := w.check(ctx)
	if err != nil {
		return policy.View{}, err
	}
	grant := policy.Grant{Convention: w.caller.conv, Scopes: w.asserted.Scopes}
	if err := w.admit(grant); err != nil {
		return policy.View{}, err
	}
	who, err := w.identify(ctx, pivot)
	if err != nil {
		return policy.View{}, err
	}
	if err := w.decide(ctx, who, grant); err != nil {
		return policy.View{}, err
	}
	return w.release(who, grant)
}

// count takes a call from the quota.
func (w *walk) count(ctx context.Context) error {
	d, err := w.s.take(ctx, &w.caller.conv, w.caller.startedAt)
	if err == nil {
		w.counted = &d
	}
	return err
}

// check has FranceConnect check the token. The convention decides which
// profile is asked; there is never a fallback.
func (w *walk) check(ctx context.Context) (identity.Pivot, error) {
	profile := identity.V1
	if v1, v2 := w.caller.conv.Profiles(); v2 && (!v1 || looksLikeV2(w.caller.creds.Token)) {
		profile = identity.V2
	}
	a, err := w.s.Tokens.Check(ctx, profile, w.caller.creds.Token)
	if err != nil {
		if !fault.Is(err, fault.NiveauInsuffisant) {
			w.counted.giveBack(w.caller.startedAt)
			w.counted = nil
		}
		return identity.Pivot{}, err
	}
	w.asserted = &a
	if a.Subject != "" {
		w.fcSub = w.s.Digests.TraceDigest("sub", a.Subject)
	}
	return a.Pivot, nil
}

func looksLikeV2(token string) bool {
	if len(token) != 43 {
		return false
	}
	for _, c := range []byte(token) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// admit checks the binding of the token, the agent, and what scopes, kind and
// convention open, before anybody is looked up.
func (w *walk) admit(g policy.Grant) error {
	if !w.caller.conv.Speaks(w.asserted.Client, string(w.asserted.Profile)) {
		return fault.New(fault.ClientNonRattache, "access: admit")
	}
	if err := policy.Admit(w.req.Operation, g); err != nil {
		return err
	}
	if w.caller.conv.Document.AgentRequired && w.req.Agent == "" {
		return fault.New(fault.AgentRequis, "access: admit").On("X-Agent")
	}
	return nil
}

// decide joins the person's own limits: age, withdrawal, choices, restrictions,
// and the live consent, which the first valid call of a token creates or, where
// the convention lets reads be repeated, finds.
func (w *walk) decide(ctx context.Context, who policy.Candidate, g policy.Grant) error {
	now, st := w.caller.startedAt, &who.Standing
	person := policy.Person{
		Withdrawn:  st.Ended(w.asserted.IssuedAt, now) || st.Contested(st.ConsentID),
		Excluded:   st.Excluded,
		Restricted: func(p droits.Sujet) []consent.Restriction { return w.s.People.Restrictions(p, now) },
	}
	w.consents, w.tells, w.tellAs = st.ConsentID, st.Notify, st.NotifyAs
	if !person.Withdrawn {
		agreed, err := w.agree(ctx, who)
		if err != nil {
			return err
		}
		person.Blocks = st.Narrow(agreed, terms(&w.caller.conv.Document), now)
	}
	if (droits.Personne{NaissanceOn: who.Record.NaissanceOn}).AgeOn(civil.On(now)) < droits.AgeAccord {
		return fault.New(fault.ConsentementExpliciteRequis, "access: decide").Because("UNDER_SIXTEEN")
	}
	decision, err := policy.Decide(policy.Request{Op: w.req.Operation, Asked: w.req.Asked, Window: w.req.Window}, g, person, who.Sujet)
	w.decision = decision
	w.decided = err == nil
	if err != nil && fault.From(err).Reason() == policy.TickRequired {
		w.asks(who.Sujet)
	}
	return err
}

// agree tells which blocks are agreed to: by the token's own agreement under the convention of the call, by one
// of the same person that may be repeated, else by one that this call makes.
func (w *walk) agree(ctx context.Context, who policy.Candidate) ([]droits.Bloc, error) {
	now, st, d := w.caller.startedAt, &who.Standing, &w.caller.conv.Document
	if st.HoldsAt(now) && st.Terms == terms(d) {
		return st.Blocks, nil
	}
	if d.Consent.RepeatDays > 0 {
		live, err := w.s.Config.Sharings.Live(ctx, who.Sujet, d, now)
		if err != nil {
			return nil, err
		}
		if live.HoldsAt(now) && live.GivenAt.After(st.LastStop) && !st.Contested(live.ConsentID) {
			w.consents = live.ConsentID
			return live.Blocks, nil
		}
	}
	w.consent = w.newConsent(who, now)
	return w.consent.Blocks, nil
}

// asks notes, once for each block and version of the convention, that the
// partner was refused for want of a tick: the person finds it in its space.
func (w *walk) asks(p droits.Sujet) {
	d, main := &w.caller.conv.Document, w.req.Operation.Info().Bloc
	id := w.digest("demande", hex.EncodeToString(p[:])+"/"+d.ID+"/"+strconv.Itoa(d.Version)+"/"+string(main))
	w.asked = &consent.Event{
		ID: "evt_dem_" + id[:24], Subject: p, Partner: w.caller.Partner(), Act: consent.Asked, At: w.caller.startedAt,
		Blocks: []droits.Bloc{main}, Channel: consent.ChannelPartner,
	}
}

// consentFor is how long a consent lives when the token does not say: the life
// of a FranceConnect token. A token that FranceConnect still vouches for after
// that makes a new record.
const consentFor = time.Minute

// consentID follows from the token and from the record that has expired before
// it, so that two first calls of one token that meet name the same record.
func consentID(digest string) string { return "acc_" + digest[:24] }

func (w *walk) newConsent(who policy.Candidate, now time.Time) *consent.Record {
	d := &w.caller.conv.Document
	r := &consent.Record{
		ID: consentID(w.digest("accord", w.caller.Partner()+"/"+w.consents+"/"+w.caller.creds.Token)), Subject: who.Sujet, Partner: w.caller.Partner(), Convention: d.ID, ConventionVersion: d.Version, Purpose: d.Purpose,
		Notice: d.Terms.Notice, NoticeSHA256: d.Terms.NoticeSHA256, Channel: consent.ChannelPartner, Actor: consent.Holder,
		Evidence: consent.Evidence{Kind: consent.DeclaredByPartner, Scopes: w.asserted.Scopes, ACR: w.asserted.ACR, Profile: string(w.asserted.Profile)},
		GivenAt:  now, ExpiresAt: w.asserted.ExpiresAt, Token: w.token,
	}
	if r.ExpiresAt.IsZero() {
		r.ExpiresAt = now.Add(consentFor)
	}
	if days := d.Consent.RepeatDays; days > 0 {
		r.ExpiresAt = consent.Term(now, time.Duration(days)*24*time.Hour, who.Record.NaissanceOn)
	}
	if w.asserted.Subject != "" {
		r.Evidence.Subject = hex.EncodeToString(w.fcSub[:])
	}
	r.Blocks = make([]droits.Bloc, 0, len(d.Blocks))
	for _, b := range d.Blocks {
		if !contains(d.Consent.Ticks, b) && !contains(who.Standing.Refused, b) {
			r.Blocks = append(r.Blocks, b)
		}
	}
	return r
}

// cover notes of whom the agreement that this call makes speaks: the
// dependants that may be read under it, whose representative the person is when
// they are children.
func (w *walk) cover(f *droits.Famille) {
	if w.consent == nil || !contains(w.consent.Blocks, droits.BlocBeneficiaires) {
		return
	}
	for _, m := range f.Dependants(w.req.Window) {
		if w.decision.Hidden(m.Personne.Sujet) {
			continue
		}
		w.consent.Covered = append(w.consent.Covered, m.Personne.Sujet)
		if consent.Minor(m.Personne.NaissanceOn, w.req.Window.Today) {
			w.consent.Actor = consent.LegalRepresentative
		}
	}
}

// release opens the dossier, finds the member and releases what the decision
// opens. What concerns somebody else is checked before any look-up.
func (w *walk) release(who policy.Candidate, g policy.Grant) (policy.View, error) {
	f, err := w.decision.Open(who)
	if err != nil {
		return policy.View{}, err
	}
	w.cover(f)
	if !w.req.Who.IsSelf(f) {
		w.self = false
		if err := policy.AdmitTiers(g); err != nil {
			return policy.View{}, err
		}
		if err := w.decision.CheckTiers(who.Sujet); err != nil {
			return policy.View{}, err
		}
	}
	m, err := f.Select(w.req.Who, w.req.Window)
	if err != nil {
		return policy.View{}, err
	}
	if !m.Self && w.decision.Hidden(m.Personne.Sujet) {
		return policy.View{}, fault.New(fault.BeneficiaireInconnu, "access: select").Because("BENEFICIARY_HIDDEN")
	}
	w.member = m.Personne.Sujet
	v, err := w.decision.Release(f, m)
	w.members = v.Members
	return v, err
}

// answer makes the trace durable, then pairs body and receipt.
func (w *walk) answer(ctx context.Context, body []byte) (Answer, error) {
	e := w.entry(trace.AccessServed, "servi", nil)
	salted := make([]byte, bodySalt, bodySalt+len(body))
	rand.Read(salted)
	sum := sha256.Sum256(append(salted, body...))
	e.Person.BodySalt, e.Person.BodyHash = salted, sum[:]
	e.Person.Served = texts(w.decision.Served)
	w.served = true
	receipt, err := w.append(ctx, e)
	if err != nil {
		return Answer{}, err
	}
	w.watch(ctx, partner.Answered)
	return Answer{body: body, receipt: receipt, window: w.req.Window, donneesOn: w.s.People.DonneesOn(), reference: w.s.Digests.Reference(w.known, w.caller.Partner())}, nil
}

// bodySalt is the length of what an answer's hash begins with.
const bodySalt = 16

// stale is the fault of a decision whose ground moved before its commit.
func stale(o trace.Object) *fault.Fault {
	code := fault.DonneesIndisponibles
	switch o.Class() {
	case trace.ObjectKey:
		code = fault.CleInvalide
	case trace.ObjectConvention:
		code = fault.ConventionInactive
	case trace.ObjectSharing:
		code = fault.ConsentementRetire
	case trace.ObjectIdentity:
		return nobody(trace.SubjectLeadsElsewhere)
	}
	return fault.New(code, "access: commit").Because("MOVED_" + upper(o.Class()))
}

// refuse makes the refusal durable and returns it with its receipt.
func (w *walk) refuse(ctx context.Context, err error) error {
	f := fault.From(err)
	if !w.caller.known {
		return f
	}
	e := w.refusalEntry(f)
	if f.Code() == fault.QuotaDepasse {
		n, speak := w.s.quotas.countRefusal(*w, w.caller.startedAt)
		if !speak {
			return f
		}
		e.Person.Count = n
	}
	receipt, err := w.append(ctx, e)
	if err != nil {
		return err
	}
	if w.caller.accepted {
		w.watch(ctx, outcomeOf(f))
	}
	return &Refusal{Fault: f, Receipt: receipt}
}

func (w *walk) refusalEntry(f *fault.Fault) trace.Entry {
	return w.entry(trace.AccessRefused, string(f.Code()), f)
}

// append commits the entry with its effects. Once a decision was taken, even
// an absence tells something: the entry is guarded, and the error is a
// *Refusal when the ground of the decision had moved.
func (w *walk) append(ctx context.Context, e trace.Entry) (trace.Receipt, error) {
	p := trace.Pending{Leaf: e.Leaf(), Effects: append(w.effects(), w.call(&e))}
	if w.decided {
		p.Guard = trace.Guard{At: w.caller.generation, Objects: w.ground}
		p.Refusal = w.overtaken
	}
	receipt, err := w.s.Journal.Append(context.WithoutCancel(ctx), p)
	if err != nil && w.counted != nil {
		w.counted.lost()
	}
	if o := receipt.Moved(); err == nil && o != "" {
		err = &Refusal{Fault: stale(o), Receipt: receipt}
	}
	return receipt, err
}

// call is the call as the partner may see it.
func (w *walk) call(e *trace.Entry) *partner.Call {
	return &partner.Call{
		At: e.Person.At, Partner: e.Person.Partner, Convention: w.caller.conv.Document.ID, Key: w.caller.key.ID, Operation: e.Person.Operation,
		Outcome: e.Person.Outcome, RequestID: e.Internal.RequestID, Latency: e.Internal.Latency, Count: max(1, e.Person.Count), Overtaken: overtakenCode,
	}
}

func overtakenCode(class string) string { return string(stale(trace.Object(class + "/")).Code()) }

// ground is what the decision rests on. It is asked for only when something
// has moved.
func (w *walk) ground() []trace.Object {
	people := append([]droits.Sujet{w.subject, w.member}, w.members...)
	return w.s.People.Guard(w.caller.generation, w.caller.key, w.caller.Partner(), people...).Objects()
}

// overtaken is the refusal of a decision whose ground has moved.
func (w *walk) overtaken(o trace.Object) trace.Leaf {
	late := *w
	late.decided = false // no consent comes of it
	if o.Class() == trace.ObjectIdentity {
		late.forget()
	}
	return late.refusalEntry(stale(o)).Leaf()
}

// effects are what becomes durable with the entry: the call counted, and the
// consent that the first decided call of a token creates.
func (w *walk) effects() (out []trace.Effect) {
	out = make([]trace.Effect, 0, 5)
	if w.counted != nil {
		out = append(out, w.counted.effect)
	}
	if w.seen != nil {
		out = append(out, w.seen)
	}
	if w.decided && w.consent != nil {
		out = append(out, w.consent)
	}
	if w.asked != nil {
		out = append(out, w.asked)
	}
	if w.served && w.tells {
		out = append(out, consent.Read{Subject: w.tellAs, Partner: w.caller.Partner(), At: w.caller.startedAt})
	}
	return out
}

func contains(list []droits.Bloc, b droits.Bloc) bool {
	for _, x := range list {
		if x == b {
			return true
		}
	}
	return false
}
