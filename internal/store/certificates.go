package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// The reasons for which a certificate is not bound.
const (
	CertificateEnded = "CERTIFICATE_ENDED" // it is past its end
	CertificateTaken = "CERTIFICATE_TAKEN" // it is bound to a key of another partner
	CertificatesFull = "CERTIFICATES_FULL" // partner.MostCertificates are bound
)

// Proofs remembers what partners' software may show once, for all who serve
// from this store: one process holds it, so memory is enough, and what was shown
// before a start is refused by its age.
func (s *Store) Proofs() *partner.Once { return &s.proofs }

// partnerOfKey names convention and partner, or vendor, of a key that is not
// revoked. Errors: ressource_inconnue.
func partnerOfKey(ctx context.Context, tx *sql.Tx, id string) (conventionID, partnerID string, err error) {
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM cle_api WHERE id = $1 AND revoked_at IS NULL`, id).Scan(&n); err != nil {
		return "", "", err
	}
	if n == 0 {
		return "", "", notFound("store: key")
	}
	return ownerOfKey(ctx, tx, id)
}

// ownerOfKey is partnerOfKey for one that may be revoked.
func ownerOfKey(ctx context.Context, tx *sql.Tx, id string) (conventionID, partnerID string, err error) {
	err = tx.QueryRowContext(ctx, `SELECT k.convention, CASE WHEN k.editeur <> '' THEN k.editeur ELSE COALESCE((SELECT c.partenaire FROM convention AS c WHERE c.id = k.convention ORDER BY c.version DESC LIMIT 1), '') END
		FROM cle_api AS k WHERE k.id = $1`, id).Scan(&conventionID, &partnerID)
	if errors.Is(err, sql.ErrNoRows) {
		err = notFound("store: key")
	}
	return conventionID, partnerID, err
}

// BindCertificate lets the software that holds an API key show a certificate;
// several may be bound, so that one can follow another. Errors:
// ressource_inconnue, parametre_invalide on certificate with a reason above.
func (s *Store) BindCertificate(ctx context.Context, id string, c partner.Certificate) error {
	e := &trace.Event{Class: trace.KeyEvent, Operation: "certificat_lie", Actor: trace.ActorOperator, Object: id, After: hex.EncodeToString(c.Digest[:])}
	refused := fault.New(fault.ParametreInvalide, "store: bind certificate").On("certificate")
	return s.change(ctx, e, []trace.Object{KeyObject(id)}, func(tx *sql.Tx) (err error) {
		if e.Convention, e.Partner, err = partnerOfKey(ctx, tx, id); err != nil {
			return err
		}
		now := s.clock()
		if !now.Before(c.EndsAt) {
			return refused.Because(CertificateEnded)
		}
		var n int
		err = tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM certificat AS x JOIN cle_api AS k ON k.id = x.cle
			WHERE x.empreinte = $1 AND x.closed_at IS NULL AND k.revoked_at IS NULL AND k.editeur <> $2
			AND NOT EXISTS (SELECT 1 FROM convention AS c WHERE c.id = k.convention AND c.partenaire = $2)`, c.Digest[:], e.Partner).Scan(&n)
		if err == nil && n > 0 {
			return refused.Because(CertificateTaken)
		}
		if err == nil {
			err = tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM certificat WHERE cle = $1 AND empreinte <> $2 AND closed_at IS NULL AND ends_at > $3`, id, c.Digest[:], millis(now)).Scan(&n)
		}
		if err != nil {
			return err
		}
		if n >= partner.MostCertificates {
			return refused.Because(CertificatesFull)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO certificat (cle, empreinte, ends_at, created_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (cle, empreinte) DO UPDATE SET closed_at = NULL`, id, c.Digest[:], millis(c.EndsAt), millis(now))
		return err
	})
}

// UnbindCertificate takes a certificate off a key, by its fingerprint in
// hexadecimal, at once. Errors: ressource_inconnue.
func (s *Store) UnbindCertificate(ctx context.Context, id, digest string) error {
	e := &trace.Event{Class: trace.KeyEvent, Operation: "certificat_retire", Actor: trace.ActorOperator, Object: id, Before: digest}
	return s.change(ctx, e, []trace.Object{KeyObject(id)}, func(tx *sql.Tx) (err error) {
		d, err := hex.DecodeString(digest)
		if err != nil || len(d) != len(partner.Certificate{}.Digest) {
			return notFound("store: unbind certificate")
		}
		if e.Convention, e.Partner, err = partnerOfKey(ctx, tx, id); err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, `UPDATE certificat SET closed_at = $1 WHERE cle = $2 AND empreinte = $3 AND closed_at IS NULL`, millis(s.clock()), id, d)
		if err != nil {
			return err
		}
		if n, _ := r.RowsAffected(); n == 0 {
			return notFound("store: unbind certificate")
		}
		return nil
	})
}

// boundCertificates reads those bound to each key.
func boundCertificates(ctx context.Context, q querier) (map[string][]partner.Certificate, error) {
	out := map[string][]partner.Certificate{}
	return out, each(ctx, q, func(scan func(...any) error) error {
		var id string
		var d []byte
		var ends sql.NullInt64
		err := scan(&id, &d, &ends)
		c := partner.Certificate{EndsAt: fromMillis(ends)}
		copy(c.Digest[:], d)
		out[id] = append(out[id], c)
		return err
	}, `SELECT cle, empreinte, ends_at FROM certificat WHERE closed_at IS NULL ORDER BY cle, ends_at`)
}
