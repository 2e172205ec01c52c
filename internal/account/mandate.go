package account

import (
	"strings"
	"time"

	"droits.example/droits/internal/fault"
)

// The acts on mandates, as the log names them.
const (
	MandateGiven      = "agent_habilite"
	MandateUndertaken = "agent_engagement"
	MandateRenewed    = "agent_renouvele"
	MandateReviewed   = "agent_revu"
	MandateClosed     = "agent_termine"
)

// UndertakingVersion names the text of secrecy that agents accept.
const UndertakingVersion = "2026-11"

// ReviewNotice is how long before its term a review is announced.
const ReviewNotice = 30 * 24 * time.Hour

func closed(reason string) error {
	return fault.New(fault.ActeImpossible, "account: mandate").Because(reason)
}

// Undertake notes that the agent accepted the undertaking of secrecy. Errors:
// acte_impossible when the mandate does not count any more.
func (m *Mandate) Undertake(at time.Time) error {
	if r := fault.From(m.Acting(at)).Reason(); r != "" && r != NoUndertaking {
		return closed(r)
	}
	if m.SecretAt.IsZero() {
		m.SecretAt = at
	}
	return nil
}

// Renew gives a mandate a new end, under the name of the authorising director
// when there is another; that is a review too. One that had ended asks for the
// undertaking again. Errors: parametre_invalide on directeur or jusque.
func (m *Mandate) Renew(director string, until, at time.Time) error {
	next := *m
	if strings.TrimSpace(director) != "" {
		next.Director = strings.TrimSpace(director)
	}
	if !next.EndedAt.IsZero() || !at.Before(next.Until) {
		next.SecretAt = time.Time{}
	}
	next.Until, next.EndedAt, next.RenewedAt, next.ReviewBy = until, time.Time{}, at, at.Add(ReviewEvery)
	if err := next.Check(at); err != nil {
		return err
	}
	*m = next
	return nil
}

// Review notes that the periodic review was done; the end stays. Errors:
// acte_impossible when the mandate has ended.
func (m *Mandate) Review(at time.Time) error {
	if !m.EndedAt.IsZero() || !at.Before(m.Until) {
		return closed(MandateEnded)
	}
	m.ReviewBy = at.Add(ReviewEvery)
	return nil
}

// End ends a mandate at once. Errors: acte_impossible when it has ended.
func (m *Mandate) End(at time.Time) error {
	if !m.EndedAt.IsZero() || !at.Before(m.Until) {
		return closed(MandateEnded)
	}
	m.EndedAt = at
	return nil
}

// Standing is where a mandate stands: "" for one that acts, else the reason for
// which it does not.
func (m Mandate) Standing(at time.Time) string { return fault.From(m.Acting(at)).Reason() }
