package store

import (
	"context"
	"database/sql"
	"encoding/base32"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
)

// referencePrefix begins every reference of a person.
const referencePrefix = "per_"

// first is whom a person was known as first: its number may change, the name
// that partners know it by does not.
func first(who []droits.Sujet) droits.Sujet {
	if len(who) > 1 {
		return who[1] // the source lists former numbers, the oldest first
	}
	return who[0]
}

// Reference stands for a person towards one partner (R11): it is the same at
// each of that person's calls and differs from one partner to the next, and
// nobody finds the person, or another partner's reference, from it without the
// root key. Letters and the digits 2 to 7.
func (s *Store) Reference(p droits.Sujet, partnerID string) string {
	d := s.keys.reference.sum("partenaire/v1", append(p[:], partnerID...))
	return referencePrefix + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(d[:16]))
}

// Live is the newest agreement to which a fresh token of a person may attach:
// of the same partner, purpose and version of the convention, given in the
// partner's journey, and not ended. Its zero value says that there is none.
// Whether the person has stopped the partner since is not checked. Errors:
// service_indisponible.
func (s *Store) Live(ctx context.Context, p droits.Sujet, d *convention.Document, at time.Time) (l consent.Live, err error) {
	var blocks string
	var given, expires int64
	err = s.journal.reader.QueryRowContext(ctx, `SELECT id, blocs, given_at, expires_at FROM consentement
		WHERE sujet = $1 AND partenaire = $2 AND convention = $3 AND version = $4 AND finalite = $5 AND canal = 'partner' AND expires_at >= $6 AND given_at >= $7
		ORDER BY given_at DESC LIMIT 1`,
		p[:], d.Parties.Partner, d.ID, d.Version, d.Purpose, millis(at), millis(at)-(consent.MaxRepeatDays*24*time.Hour).Milliseconds()).Scan(&l.ConsentID, &blocks, &given, &expires)
	if errors.Is(err, sql.ErrNoRows) {
		return consent.Live{}, nil
	}
	l.Blocks, l.GivenAt, l.ExpiresAt = splitBlocs(blocks), time.UnixMilli(given), time.UnixMilli(expires)
	return l, unavailable("store: live agreement", err)
}

const lineColumns = `id, partenaire, convention, version, finalite, blocs, notice, notice_sha256, notice_montree, canal, acteur, given_at, expires_at`

func scanLine(scan func(...any) error) (l consent.Line, err error) {
	var version int
	var blocks string
	var given, expires int64
	err = scan(&l.ID, &l.Partner, &l.Convention, &version, &l.Purpose, &blocks, &l.Notice, &l.NoticeSHA256, &l.NoticeShown, &l.Channel, &l.Actor, &given, &expires)
	l.Convention += "/" + strconv.Itoa(version)
	l.Blocks, l.GivenAt, l.ExpiresAt = splitBlocs(blocks), time.UnixMilli(given), time.UnixMilli(expires)
	return l, err
}

// maxLines bounds the agreements that are read of one person and partner.
const maxLines = 200

// History is what happened between a person and one partner, oldest first, and
// its last agreements, newest first. who is the person, then whom its former
// numbers stood for. Errors: service_indisponible.
func (s *Store) History(ctx context.Context, who []droits.Sujet, partnerID string) (events []consent.Event, lines []consent.Line, err error) {
	if events, err = history(ctx, s.journal.reader, who, partnerID); err != nil {
		return nil, nil, unavailable("store: history", err)
	}
	contested := map[string]bool{}
	for _, e := range events {
		contested[e.Consent] = contested[e.Consent] || e.Act == consent.Contested
	}
	for _, p := range who {
		if err == nil {
			err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
				l, err := scanLine(scan)
				l.Contested = contested[l.ID]
				lines = append(lines, l)
				return err
			}, `SELECT `+lineColumns+` FROM consentement WHERE sujet = $1 AND partenaire = $2 ORDER BY given_at DESC, id LIMIT $3`, p[:], partnerID, maxLines)
		}
	}
	if len(who) > 1 {
		slices.SortStableFunc(lines, func(a, b consent.Line) int { return b.GivenAt.Compare(a.GivenAt) })
	}
	return events, lines, unavailable("store: history", err)
}

// PartnersOf names the partners with which a person has agreed on something,
// decided something, or been asked something. Errors: service_indisponible.
func (s *Store) PartnersOf(ctx context.Context, who []droits.Sujet) (out []string, err error) {
	for _, p := range who {
		if err == nil {
			err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
				var id string
				err := scan(&id)
				out = append(out, id)
				return err
			}, `SELECT partenaire FROM consentement WHERE sujet = $1 UNION SELECT partenaire FROM partage_evenement WHERE sujet = $2`, p[:], p[:])
		}
	}
	slices.Sort(out)
	return slices.Compact(out), unavailable("store: partners of a person", err)
}

// Agreement reads an agreement of a person and the place of its leaf. Errors:
// ressource_inconnue when that person has none of that name.
func (s *Store) Agreement(ctx context.Context, who []droits.Sujet, id string) (r consent.Record, trace int64, err error) {
	var sujet, covered []byte
	var evidence, blocks string
	var given, expires int64
	err = s.journal.reader.QueryRowContext(ctx, `SELECT id, sujet, partenaire, convention, version, finalite, blocs, notice, notice_sha256, notice_montree, canal, acteur, couverts, preuve, given_at, expires_at, trace
		FROM consentement WHERE id = $1`, id).Scan(&r.ID, &sujet, &r.Partner, &r.Convention, &r.ConventionVersion, &r.Purpose, &blocks, &r.Notice, &r.NoticeSHA256, &r.NoticeShown,
		&r.Channel, &r.Actor, &covered, &evidence, &given, &expires, &trace)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !slices.Contains(who, droits.Sujet(sujet)) {
		return consent.Record{}, 0, notFound("store: agreement")
	}
	if err == nil {
		err = json.Unmarshal([]byte(evidence), &r.Evidence)
	}
	if err != nil {
		return consent.Record{}, 0, unavailable("store: agreement", err)
	}
	r.Subject, r.Blocks, r.Covered, r.GivenAt, r.ExpiresAt = droits.Sujet(sujet), splitBlocs(blocks), splitSubjects(covered), time.UnixMilli(given), time.UnixMilli(expires)
	return r, trace, nil
}

// ConventionAt reads one version of a convention, in force or not. Errors:
// ressource_inconnue.
func (s *Store) ConventionAt(ctx context.Context, id string, version int) (c convention.Convention, err error) {
	err = each(ctx, s.journal.reader, func(scan func(...any) error) (err error) {
		c, err = scanConvention(scan)
		return err
	}, `SELECT document, etat, empreinte, signatures, dernier_on FROM convention WHERE id = $1 AND version = $2`, id, version)
	if err == nil && c.Digest == "" {
		return c, notFound("store: convention")
	}
	return c, unavailable("store: convention", err)
}

// ConventionsOf are the conventions of a partner in the version that counts, by
// identifier; whether each is live is not checked.
func (s *Store) ConventionsOf(partnerID string) []convention.Convention {
	return s.state.Load().conventions[partnerID]
}
