package store

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// RegisterSigningKey notes a key under which a partner signs its conventions,
// an Ed25519 public key in base64. Registering it again changes nothing.
// Errors: parametre_invalide on key, ressource_inconnue (no such partner).
func (s *Store) RegisterSigningKey(ctx context.Context, partnerID, key string) (id string, err error) {
	if _, err := convention.ParsePublicKey(key); err != nil {
		return "", err
	}
	id = partner.NewID("sgn")
	e := &trace.Event{Class: trace.KeyEvent, Operation: "cle_signature_deposee", Actor: trace.ActorOperator, Partner: partnerID, Object: id}
	return id, s.act(ctx, "store: register signing key", e, func(tx *sql.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM partenaire WHERE id = $1`, partnerID).Scan(&n); err != nil {
			return err
		}
		if n == 0 {
			return notFound("store: register signing key")
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO cle_signature (id, partenaire, cle, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, id, partnerID, key, millis(s.clock()))
		return err
	})
}

// RetireSigningKey ends a key: nothing more is signed under it, and what was
// stays so. Errors: ressource_inconnue.
func (s *Store) RetireSigningKey(ctx context.Context, id string) error {
	e := &trace.Event{Class: trace.KeyEvent, Operation: "cle_signature_retiree", Actor: trace.ActorOperator, Object: id}
	return s.act(ctx, "store: retire signing key", e, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE cle_signature SET retired_at = $1 WHERE id = $2 AND partenaire <> '' AND retired_at IS NULL`, millis(s.clock()), id)
		if err != nil {
			return err
		}
		if n, _ := r.RowsAffected(); n == 0 {
			return notFound("store: retire signing key")
		}
		return nil
	})
}

// OperatorKey is the public key of the operator's signatures, in base64.
func (s *Store) OperatorKey() string {
	return base64.StdEncoding.EncodeToString(s.signer.Public().(ed25519.PublicKey))
}

// SignConvention signs a version of a convention for the operator, or keeps the
// partner's signature of it, made elsewhere. ID@VERSION names it; without a
// version, the newest. Errors: ressource_inconnue, parametre_invalide on
// signature, signature_manquante for a key that is not registered.
func (s *Store) SignConvention(ctx context.Context, id string, theirs *convention.Signature) error {
	id, number, named := strings.Cut(id, "@")
	e := &trace.Event{Class: trace.ConventionEvent, Operation: "convention_signee", Actor: trace.ActorOperator}
	return s.change(ctx, e, nil, func(tx *sql.Tx) error {
		all, err := versions(ctx, tx, id)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return notFound("store: sign convention")
		}
		v, ok := all[0], true
		if named {
			v, ok = numbered(all, number)
		}
		if !ok {
			return notFound("store: sign convention")
		}
		e.Convention, e.Partner = id+"/"+strconv.Itoa(v.number), v.partner
		c, err := conventionIn(ctx, tx, id, v.number)
		if err != nil {
			return err
		}
		signature := c.Sign(convention.Operator, s.signer, s.clock())
		if theirs != nil {
			e.Actor = trace.ActorPartner
			signature = convention.Signature{Party: convention.Partner, Key: theirs.Key, Value: theirs.Value, At: s.clock().UTC().Truncate(time.Second)}
			if err := c.Verify(signature); err != nil {
				return err
			}
			live, err := signingKeys(ctx, tx, v.partner, true)
			if err != nil {
				return err
			}
			if !has(live, signature.Key) {
				return fault.New(fault.SignatureManquante, "store: sign convention").On("key").Because("KEY_NOT_REGISTERED")
			}
		}
		if c.SignedBy(signature.Party, []string{signature.Key}) {
			return nil // signed already, under this key
		}
		list, err := json.Marshal(append(c.Signatures, signature))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE convention SET signatures = $1, changed_at = $2 WHERE id = $3 AND version = $4`, string(list), millis(s.clock()), id, v.number)
		return err
	})
}

func has(list []string, x string) bool {
	for _, y := range list {
		if x == y {
			return true
		}
	}
	return false
}

// conventionIn reads one version inside a transaction.
func conventionIn(ctx context.Context, q querier, id string, version int) (c convention.Convention, err error) {
	err = each(ctx, q, func(scan func(...any) error) (err error) {
		c, err = scanConvention(scan)
		return err
	}, `SELECT document, etat, empreinte, signatures, dernier_on FROM convention WHERE id = $1 AND version = $2`, id, version)
	if err == nil && c.Digest == "" {
		err = notFound("store: convention")
	}
	return c, err
}

// signingKeys are the keys of a partner, "" for the operator; those that are
// retired count for what was signed under them.
func signingKeys(ctx context.Context, q querier, partnerID string, live bool) (out []string, err error) {
	err = each(ctx, q, func(scan func(...any) error) error {
		var k string
		var retired sql.NullInt64
		err := scan(&k, &retired)
		if !live || !retired.Valid {
			out = append(out, k)
		}
		return err
	}, `SELECT cle, retired_at FROM cle_signature WHERE partenaire = $1`, partnerID)
	return out, err
}

// allSigningKeys are the keys of every party, retired ones too.
func allSigningKeys(ctx context.Context, q querier) (map[string][]string, error) {
	out := map[string][]string{}
	err := each(ctx, q, func(scan func(...any) error) error {
		var who, key string
		err := scan(&who, &key)
		out[who] = append(out[who], key)
		return err
	}, `SELECT partenaire, cle FROM cle_signature`)
	return out, err
}

// signed remembers which conventions verify, so that a snapshot costs no
// signature that was checked before. It is used under Store.reload.
type signed struct{ known map[[sha256.Size]byte]bool }

// holds reports whether both parties signed a convention.
func (m *signed) holds(c convention.Convention, keys map[string][]string) bool {
	h := sha256.New()
	for _, list := range [][]string{{c.Digest, c.Document.Parties.Partner}, keys[""], keys[c.Document.Parties.Partner]} {
		fmt.Fprintf(h, "%q", list)
	}
	for _, x := range c.Signatures {
		fmt.Fprintf(h, "%q%q%q", x.Party, x.Key, x.Value)
	}
	if m.known == nil {
		m.known = map[[sha256.Size]byte]bool{}
	}
	k := [sha256.Size]byte(h.Sum(nil))
	ok, seen := m.known[k]
	if !seen {
		ok = c.Unsigned(keys[""], keys[c.Document.Parties.Partner]) == nil
		m.known[k] = ok
	}
	return ok
}

// signedInForce refuses a version that both parties have not signed.
func signedInForce(ctx context.Context, q querier, id string, version int) error {
	c, err := conventionIn(ctx, q, id, version)
	if err != nil {
		return err
	}
	operator, err := signingKeys(ctx, q, "", false)
	if err != nil {
		return err
	}
	theirs, err := signingKeys(ctx, q, c.Document.Parties.Partner, false)
	if err != nil {
		return err
	}
	return c.Unsigned(operator, theirs)
}

// introduceSigner notes the operator's own key, so that what it signed stays
// signed after another key takes its place.
func (s *Store) introduceSigner(ctx context.Context) error {
	return s.tidy(ctx, "store: signing key", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO cle_signature (id, partenaire, cle, created_at) VALUES ($1, '', $2, $3) ON CONFLICT DO NOTHING`, partner.NewID("sgn"), s.OperatorKey(), millis(s.clock()))
		return err
	})
}

// SigningKeys lists the keys of a partner that are not retired, "" for the
// operator's. Errors: service_indisponible.
func (s *Store) SigningKeys(ctx context.Context, partnerID string) ([]string, error) {
	list, err := signingKeys(ctx, s.journal.reader, partnerID, true)
	return list, unavailable("store: signing keys", err)
}

// CanonicalOf is what a party of a version of a convention signs. Errors:
// ressource_inconnue.
func (s *Store) CanonicalOf(ctx context.Context, id string, version int, p convention.Party) ([]byte, error) {
	c, err := conventionIn(ctx, s.journal.reader, id, version)
	if err != nil {
		return nil, unavailable("store: canonical", err)
	}
	if p != convention.Operator && p != convention.Partner {
		return nil, fault.New(fault.ParametreInvalide, "store: canonical").On("party")
	}
	return c.SignedBytes(p), nil
}

// Countersigned registers a partner's key and adds both signatures to a
// convention that is not stored yet: what the demonstration and the benchmarks
// do in place of two people. Errors: those of RegisterSigningKey.
func (s *Store) Countersigned(ctx context.Context, c convention.Convention, theirs ed25519.PrivateKey) (convention.Convention, error) {
	_, err := s.RegisterSigningKey(ctx, c.Document.Parties.Partner, base64.StdEncoding.EncodeToString(theirs.Public().(ed25519.PublicKey)))
	return c.Signed(s.signer, theirs, s.clock()), err
}
