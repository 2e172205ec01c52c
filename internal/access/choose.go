package access

import (
	"context"
	"slices"
	"strings"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
)

// The reasons of a choice that is not kept, each with parametre_invalide.
const (
	NoticeChanged  = "NOTICE_CHANGED"      // another convention, version or notice was on the page
	ChoiceChanged  = consent.ChoiceChanged // something was decided since the page
	SharingStopped = consent.StoppedReason // the partner is withdrawn or paused: allow it first
)

// Choose keeps which blocks and dependants the person lets a partner read. What
// it newly lets go, ticks included, is an agreement under each convention that
// was on the page and holds for consent.MaxRepeatDays; what is kept back and who
// is left out stay until another choice, whatever the convention. A choice that
// lets nothing new go agrees to nothing. Errors: jeton_absent,
// ressource_inconnue, convention_inactive (the partner reads nothing now),
// parametre_invalide (blocs; or for one of the reasons above),
// beneficiaire_inconnu (not a dependant of today), service_indisponible.
func (s *Service) Choose(ctx context.Context, c Citizen, v Visit, partnerID string, choice Choice) error {
	if !c.known {
		return nobodyHere("access: choose")
	}
	if _, ok := s.Trail.Partner(partnerID); !ok {
		return noPartner()
	}
	live := s.live(partnerID)
	if len(live) == 0 {
		return fault.New(fault.ConventionInactive, "access: choose")
	}
	e := consent.Event{Partner: partnerID, Act: consent.Chosen, Last: choice.Last}
	if err := shown(&e, choice, live); err != nil {
		return err
	}
	events, _, err := s.Config.Sharings.History(ctx, c.who(), partnerID)
	if err != nil {
		return err
	}
	now, before := s.Clock(), consent.Fold(events)
	if err := blocksOf(&e, choice, live); err != nil {
		return err
	}
	if err := s.leftOut(c, &e, choice, before); err != nil {
		return err
	}
	if !letGo(&e, before, live, now) {
		return s.act(ctx, c, v, e)
	}
	e.Until = consent.Term(now, consent.MaxRepeatDays*24*time.Hour, c.family.Assure.NaissanceOn)
	return s.act(ctx, c, v, e, s.agreements(c, e, live)...)
}

// shown checks that the page held every convention in force, and no other.
func shown(e *consent.Event, choice Choice, live []convention.Convention) error {
	var notices []string
	for _, conv := range live {
		d := &conv.Document
		if !slices.Contains(choice.Shown, pageRef(d)) || len(choice.Shown) != len(live) {
			return fault.New(fault.ParametreInvalide, "access: choose").On("notice").Because(NoticeChanged)
		}
		if e.Under = append(e.Under, terms(d)); !slices.Contains(notices, d.Terms.Notice) {
			notices = append(notices, d.Terms.Notice)
		}
	}
	e.Notice = strings.Join(notices, " ")
	return nil
}

// blocksOf reads which blocks may be read; the others of the conventions are
// kept back.
func blocksOf(e *consent.Event, choice Choice, live []convention.Convention) error {
	if choice.Blocks == nil {
		return nil
	}
	for _, b := range choice.Blocks {
		if opened, _ := opens(live, b); !opened {
			return fault.New(fault.ParametreInvalide, "access: choose").On("blocs")
		}
	}
	e.Blocks = []droits.Bloc{}
	for _, b := range droits.Blocs() {
		if opened, _ := opens(live, b.Bloc); !opened {
			continue
		} else if contains(choice.Blocks, b.Bloc) {
			e.Blocks = append(e.Blocks, b.Bloc)
		} else {
			e.Refused = append(e.Refused, b.Bloc)
		}
	}
	return nil
}

// letGo narrows the blocks of a choice to those that the person lets go by it:
// what wants a tick, and what was kept back before. What may be read anyway
// follows the agreement of each journey. It reports whether something is let go
// that was not; when nothing is, what was let go before ends when it did.
func letGo(e *consent.Event, before consent.Decided, live []convention.Convention, now time.Time) bool {
	if e.Blocks == nil {
		return false
	}
	fresh, still := false, []droits.Bloc{}
	kept := make([]droits.Bloc, 0, len(e.Blocks))
	for _, b := range e.Blocks {
		info, _ := b.Info()
		is := sharedBlock(before, live, info, now)
		if contains(before.LetGo, b) {
			still = append(still, b)
		}
		if is.NeedsTick || !is.Given || contains(before.LetGo, b) {
			kept = append(kept, b)
		}
		fresh = fresh || !is.Given
	}
	if e.Blocks = kept; !fresh {
		e.Blocks, e.Under, e.Until = still, before.Under, before.LetUntil
	}
	return fresh
}

// leftOut finds the dependants left out. Somebody left out before who is no
// dependant of today cannot be on the page, and stays left out.
func (s *Service) leftOut(c Citizen, e *consent.Event, choice Choice, before consent.Decided) error {
	of, here := map[string]droits.Sujet{}, []droits.Sujet{}
	for _, m := range c.family.Dependants(s.today()) {
		of[s.refOf(c, m)] = m.Personne.Sujet
		here = append(append(here, m.Personne.Sujet), m.Personne.Before...)
	}
	for _, ref := range choice.Excluded {
		p, ok := of[ref]
		if !ok {
			return fault.New(fault.BeneficiaireInconnu, "access: choose").Because("NOT_A_DEPENDANT")
		}
		if !slices.Contains(e.Excluded, p) {
			e.Excluded = append(e.Excluded, p)
		}
	}
	for _, p := range before.Excluded {
		if !slices.Contains(here, p) {
			e.Excluded = append(e.Excluded, p)
		}
	}
	return nil
}

// agreements are what a choice agrees to, one for each convention.
func (s *Service) agreements(c Citizen, e consent.Event, live []convention.Convention) (out []*consent.Record) {
	now := s.Clock()
	for _, conv := range live {
		d := &conv.Document
		r := &consent.Record{
			ID: partner.NewID("acc"), Subject: c.subject, Partner: d.Parties.Partner, Convention: d.ID, ConventionVersion: d.Version, Purpose: d.Purpose,
			Notice: d.Terms.Notice, NoticeSHA256: d.Terms.NoticeSHA256, NoticeShown: true, Channel: consent.ChannelSpace, Actor: consent.Holder,
			Evidence: consent.Evidence{Kind: consent.GivenInSpace, Scopes: c.asserted.Scopes, ACR: c.asserted.ACR, Profile: string(c.asserted.Profile)},
			GivenAt:  now, ExpiresAt: e.Until,
		}
		for _, b := range e.Blocks {
			if conv.Has(b) {
				r.Blocks = append(r.Blocks, b)
			}
		}
		if len(r.Blocks) == 0 {
			continue
		}
		for _, m := range c.family.Dependants(s.today()) {
			if !conv.Has(droits.BlocBeneficiaires) || contains(e.Refused, droits.BlocBeneficiaires) || slices.Contains(e.Excluded, m.Personne.Sujet) {
				continue
			}
			r.Covered = append(r.Covered, m.Personne.Sujet)
			if consent.Minor(m.Personne.NaissanceOn, civil.On(now)) {
				r.Actor = consent.LegalRepresentative
			}
		}
		out = append(out, r)
	}
	return out
}
