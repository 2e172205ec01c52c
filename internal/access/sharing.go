package access

import (
	"context"
	"slices"
	"strconv"
	"time"

	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/trace"
)

// Sharings keeps what holds between people and partners.
type Sharings interface {
	Live(ctx context.Context, p droits.Sujet, d *convention.Document, at time.Time) (consent.Live, error)
	PartnersOf(ctx context.Context, who []droits.Sujet) ([]string, error)
	History(ctx context.Context, who []droits.Sujet, partnerID string) ([]consent.Event, []consent.Line, error)
	ConventionsOf(partnerID string) []convention.Convention
	ConventionAt(ctx context.Context, id string, version int) (convention.Convention, error)
	Agreement(ctx context.Context, who []droits.Sujet, id string) (consent.Record, int64, error)
	Decide(ctx context.Context, e consent.Event, by trace.Event, agreements ...*consent.Record) error
	Settings(ctx context.Context, p droits.Sujet) (consent.Settings, error)
	SetSettings(ctx context.Context, p droits.Sujet, x consent.Settings, by trace.Event, before ...droits.Sujet) error
}

// who is the person, then whom its former numbers stood for: what it decided
// under them holds.
func (c Citizen) who() []droits.Sujet {
	return append([]droits.Sujet{c.subject}, c.family.Assure.Before...)
}

// Settings are what a person asks of us in its space.
type Settings = consent.Settings

// Sharings are the partners with which the person has agreed on something,
// decided something, or that asked it for something, by name. Errors:
// jeton_absent, service_indisponible.
func (s *Service) Sharings(ctx context.Context, c Citizen) ([]Sharing, error) {
	if !c.known {
		return nil, nobodyHere("access: sharings")
	}
	ids, err := s.Config.Sharings.PartnersOf(ctx, c.who())
	if err != nil {
		return nil, err
	}
	reads, err := s.lastReads(ctx, c)
	out := []Sharing{}
	for _, id := range ids {
		if err != nil {
			return nil, err
		}
		var x Sharing
		x, err = s.sharing(ctx, c, id)
		x.LastRead = reads[id]
		out = append(out, x)
	}
	slices.SortStableFunc(out, func(a, b Sharing) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return out, err
}

// lastReads tells when each partner last read something in the person's
// session.
func (s *Service) lastReads(ctx context.Context, c Citizen) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	return out, s.lines(ctx, c, func(_ trace.Found, r Reading) bool {
		if _, ok := out[r.Partner]; !ok && r.Partner != "" && r.Outcome == OutcomeServed {
			out[r.Partner] = r.At
		}
		return true
	})
}

// Sharing is what holds between the person and a partner, any that exists: a
// tick may be wanted before anything was agreed. Errors: jeton_absent,
// ressource_inconnue, service_indisponible.
func (s *Service) Sharing(ctx context.Context, c Citizen, partnerID string) (Sharing, error) {
	if !c.known {
		return Sharing{}, nobodyHere("access: sharing")
	}
	x, err := s.sharing(ctx, c, partnerID)
	if err == nil {
		x.LastRead, err = s.LastRead(ctx, c, partnerID)
	}
	return x, err
}

func (s *Service) sharing(ctx context.Context, c Citizen, partnerID string) (Sharing, error) {
	p, ok := s.Trail.Partner(partnerID)
	if !ok {
		return Sharing{}, noPartner()
	}
	events, lines, err := s.Config.Sharings.History(ctx, c.who(), partnerID)
	if err != nil {
		return Sharing{}, err
	}
	now, d := s.Clock(), consent.Fold(events)
	d.Settle(lines, now)
	x := Sharing{Partner: p.ID, Name: p.Nom, Kind: p.Kind, State: d.StateAt(lines, now), Given: lines}
	if x.State == consent.StatePaused {
		x.Until = d.Until
	}
	x.Last = d.Last
	live := s.live(partnerID)
	for _, conv := range live {
		doc := &conv.Document
		n, _ := convention.NoticeOf(doc.Terms.Notice)
		x.Conventions = append(x.Conventions, SharedConvention{Ref: pageRef(doc), Purpose: doc.Purpose, Wording: conv.Wording(), Notice: doc.Terms.Notice, NoticeText: n.Text})
		if len(d.LetGo) > 0 && !now.After(d.LetUntil) && slices.Contains(d.Under, terms(doc)) {
			x.LetUntil = d.LetUntil
		}
	}
	for _, b := range droits.Blocs() {
		if opened, _ := opens(live, b.Bloc); opened {
			x.Blocks = append(x.Blocks, sharedBlock(d, live, b, now))
		}
	}
	x.Asked = x.asked(events)
	x.Dependants = s.sharedDependants(c, d, live)
	return x, nil
}

// sharedBlock is a block, given when it is under every live convention that
// opens it: a box that says yes for one must not say it for another.
func sharedBlock(d consent.Decided, live []convention.Convention, b droits.BlocInfo, now time.Time) SharedBlock {
	x := SharedBlock{Bloc: b.Bloc, Libelle: b.Libelle, Sensitive: b.Sensitive}
	refused, some, all := slices.Contains(d.Refused, b.Bloc), false, true
	for _, conv := range live {
		if !conv.Has(b.Bloc) {
			continue
		}
		tick := contains(conv.Document.Consent.Ticks, b.Bloc)
		given := !refused && (!tick || d.LetsGo(b.Bloc, terms(&conv.Document), now))
		x.NeedsTick, some, all = x.NeedsTick || tick, some || given, all && given
	}
	x.Given, x.Partly = all, some && !all
	return x
}

// terms are what a person reads of a convention before it lets something go.
func terms(d *convention.Document) consent.Terms {
	return consent.Terms{Convention: d.ID, Version: d.Version, Purpose: d.Purpose, NoticeSHA256: d.Terms.NoticeSHA256}
}

// pageRef names a version of a convention and of its notice in a page.
func pageRef(d *convention.Document) string {
	return d.ID + "/" + strconv.Itoa(d.Version) + "/" + d.Terms.Notice
}

// asked are the blocks for which the partner was refused since the last choice,
// and that want a tick.
func (x *Sharing) asked(events []consent.Event) (out []droits.Bloc) {
	for _, e := range events {
		switch e.Act {
		case consent.Chosen:
			out = nil
		case consent.Asked:
			for _, b := range x.Blocks {
				if b.NeedsTick && !b.Given && contains(e.Blocks, b.Bloc) && !contains(out, b.Bloc) {
					out = append(out, b.Bloc)
				}
			}
		}
	}
	return out
}

func noPartner() error {
	return fault.New(fault.RessourceInconnue, "access: sharing").Because("NO_SUCH_PARTNER")
}

// live are the conventions under which a partner reads now.
func (s *Service) live(partnerID string) (out []convention.Convention) {
	for _, c := range s.Config.Sharings.ConventionsOf(partnerID) {
		if c.LiveAt(s.Clock()) {
			out = append(out, c)
		}
	}
	return out
}

// opens reports whether some convention opens a block, and whether one that
// does wants a tick for it.
func opens(live []convention.Convention, b droits.Bloc) (opened, tick bool) {
	for _, c := range live {
		if c.Has(b) {
			opened, tick = true, tick || contains(c.Document.Consent.Ticks, b)
		}
	}
	return opened, tick
}

// sharedDependants are today's dependants, and which of them the partner may
// read through the person.
func (s *Service) sharedDependants(c Citizen, d consent.Decided, live []convention.Convention) (out []SharedDependant) {
	opened, _ := opens(live, droits.BlocBeneficiaires)
	for _, m := range c.family.Dependants(s.today()) {
		x := SharedDependant{Ref: s.refOf(c, m), Name: m.Personne.Prenom(), Shared: !leftOutOf(d.Excluded, m.Personne)}
		switch {
		case s.limited(m.Personne.Sujet):
			x.Why = "Une limitation est en cours sur ses données : rien n'est transmis."
		case !opened:
			x.Why = "La convention de cet organisme ne lui ouvre pas les ayants droit."
		case slices.Contains(d.Refused, droits.BlocBeneficiaires):
			x.Why = "Vous avez choisi de ne transmettre aucun ayant droit à cet organisme."
		}
		x.Shared = x.Shared && x.Why == ""
		out = append(out, x)
	}
	return out
}

// leftOutOf reports whether somebody is in a list of people left out, also as
// whom it was known before.
func leftOutOf(excluded []droits.Sujet, p droits.Personne) bool {
	return slices.Contains(excluded, p.Sujet) || slices.ContainsFunc(p.Before, func(x droits.Sujet) bool { return slices.Contains(excluded, x) })
}

// limited reports whether somebody is restricted as a whole.
func (s *Service) limited(p droits.Sujet) bool {
	return slices.ContainsFunc(s.People.Restrictions(p, s.Clock()), func(r consent.Restriction) bool { return r.Bloc == "" })
}

// Withdraw stops a partner until the person allows it again: nothing is served
// from the next call on, nor to a call that runs. Errors: jeton_absent,
// ressource_inconnue (no such partner), service_indisponible.
func (s *Service) Withdraw(ctx context.Context, c Citizen, v Visit, partnerID string) error {
	return s.act(ctx, c, v, consent.Event{Partner: partnerID, Act: consent.Withdrawn})
}

// maxPause bounds a pause: for longer there is the withdrawal.
const maxPause = 366 * 24 * time.Hour

// Pause stops a partner until an instant, or until the person allows it again
// when the instant is zero. Errors: jeton_absent, ressource_inconnue,
// parametre_invalide (an instant that is past or more than a year away; a
// partner that is withdrawn), service_indisponible.
func (s *Service) Pause(ctx context.Context, c Citizen, v Visit, partnerID string, until time.Time) error {
	now := s.Clock()
	if !until.IsZero() && (!until.After(now) || until.After(now.Add(maxPause))) {
		return fault.New(fault.ParametreInvalide, "access: pause").On("jusqu_au")
	}
	return s.act(ctx, c, v, consent.Event{Partner: partnerID, Act: consent.Paused, Until: until})
}

// Allow ends a withdrawal or a pause. Tokens from before it stay refused.
// Errors: jeton_absent, ressource_inconnue (nothing to end),
// service_indisponible.
func (s *Service) Allow(ctx context.Context, c Citizen, v Visit, partnerID string) error {
	return s.act(ctx, c, v, consent.Event{Partner: partnerID, Act: consent.Allowed})
}

func (s *Service) act(ctx context.Context, c Citizen, v Visit, e consent.Event, agreements ...*consent.Record) error {
	if !c.known {
		return nobodyHere("access: decide")
	}
	e.Subject, e.Before, e.Channel, e.Actor = c.subject, c.family.Assure.Before, consent.ChannelSpace, consent.Holder
	return s.Config.Sharings.Decide(ctx, e, s.decided(c, v, string(e.Act), trace.ConsentEvent), agreements...)
}

// Agreement is the receipt of one of the person's agreements. Errors:
// jeton_absent, ressource_inconnue (also for somebody else's),
// service_indisponible.
func (s *Service) Agreement(ctx context.Context, c Citizen, id string) (consent.Receipt, error) {
	if !c.known {
		return consent.Receipt{}, nobodyHere("access: agreement")
	}
	r, index, err := s.Config.Sharings.Agreement(ctx, c.who(), id)
	if err != nil {
		return consent.Receipt{}, err
	}
	conv, err := s.Config.Sharings.ConventionAt(ctx, r.Convention, r.ConventionVersion)
	if err != nil {
		return consent.Receipt{}, err
	}
	events, _, err := s.Config.Sharings.History(ctx, c.who(), r.Partner)
	if err != nil {
		return consent.Receipt{}, err
	}
	d := &conv.Document
	return consent.Facts{Record: r, Trace: index, Events: events, Partner: d.Parties.Name, Operator: d.Parties.Operator, Reference: s.reference}.
		Receipt(d.ID + "/" + strconv.Itoa(d.Version))
}

// Contest keeps that the person never gave an agreement: nothing is served
// under it any more, and the DPO finds it in the log. Errors: those of
// Agreement.
func (s *Service) Contest(ctx context.Context, c Citizen, v Visit, id string) error {
	if !c.known {
		return nobodyHere("access: contest")
	}
	r, _, err := s.Config.Sharings.Agreement(ctx, c.who(), id)
	if err != nil {
		return err
	}
	return s.act(ctx, c, v, consent.Event{Partner: r.Partner, Act: consent.Contested, Consent: id})
}

// Settings are what the person asked of us. Errors: jeton_absent,
// service_indisponible.
func (s *Service) Settings(ctx context.Context, c Citizen) (Settings, error) {
	if !c.known {
		return Settings{}, nobodyHere("access: settings")
	}
	for _, p := range c.who() {
		if x, err := s.Config.Sharings.Settings(ctx, p); err != nil || x != (Settings{}) {
			return x, err
		}
	}
	return Settings{}, nil
}

// SetSettings keeps what the person asks of us; without an address nobody is
// written to. Errors: jeton_absent, parametre_invalide (mail),
// service_indisponible.
func (s *Service) SetSettings(ctx context.Context, c Citizen, v Visit, x Settings) error {
	if !c.known {
		return nobodyHere("access: settings")
	}
	return s.Config.Sharings.SetSettings(ctx, c.subject, x, s.decided(c, v, "reglages", trace.ConsentEvent), c.family.Assure.Before...)
}
