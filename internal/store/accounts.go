package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/mail"
	"strings"
	"time"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

const placeAccount = "compte|contenu|"

// The sides of an account: one person that works for both has two.
const (
	sideMember = "membre"
	sideAgent  = "agent"
)

// MaxTeam bounds the accounts of one organisation.
const MaxTeam = 500

// kept is an account as its sealed column holds it.
type kept struct {
	Name      string          `json:"nom"`
	Mail      string          `json:"courriel"`
	Mandate   account.Mandate `json:"habilitation,omitzero"`
	Factor    []byte          `json:"second_facteur,omitempty"`
	Step      int64           `json:"pas,omitempty"`  // of the last code taken
	Wrong     int             `json:"faux,omitempty"` // codes refused in a row
	WrongAt   time.Time       `json:"le,omitzero"`    // the last one
	InvitedBy string          `json:"invite,omitempty"`
}

// row is an account with what only the store reads.
type accountRow struct {
	account.Person
	side string
	key  []byte
	kept
}

func (s *Store) accountKey(side string, a account.Assertion) []byte {
	d := s.keys.session.sum("compte/v1", []byte(side+"\x00"+a.Issuer+"\x00"+a.Subject+"\x00"+a.SIRET))
	return d[:]
}

func (s *Store) mailDigest(siret, address string) []byte {
	d := s.keys.session.sum("courriel/v1", []byte(siret+"\x00"+strings.ToLower(address)))
	return d[:]
}

const accountColumns = `SELECT id, cote, organisation, cle, role, contenu, created_at, seen_at FROM compte `

func (s *Store) scanAccount(scan func(...any) error) (x accountRow, err error) {
	var sealed []byte
	var created int64
	var seen sql.NullInt64
	if err = scan(&x.ID, &x.side, &x.SIRET, &x.key, &x.Role, &sealed, &created, &seen); err != nil {
		return x, err
	}
	plain, err := open(s.keys.rows, placeAccount+x.ID, sealed)
	if err == nil {
		err = json.Unmarshal(plain, &x.kept)
	}
	x.Person.Name, x.Person.Mail, x.Person.Mandate, x.Person.InvitedBy = x.kept.Name, x.kept.Mail, x.kept.Mandate, x.kept.InvitedBy
	x.Person.Factor, x.CreatedAt, x.SeenAt = x.kept.Factor != nil, time.UnixMilli(created), fromMillis(seen)
	return x, err
}

// oneAccount reads an account; errNoRows becomes ok = false.
func (s *Store) oneAccount(ctx context.Context, q interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}, where string, args ...any) (x accountRow, ok bool, err error) {
	x, err = s.scanAccount(q.QueryRowContext(ctx, accountColumns+where, args...).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return x, false, nil
	}
	return x, err == nil, err
}

func (s *Store) writeAccount(ctx context.Context, tx *sql.Tx, x *accountRow) error {
	b, err := json.Marshal(x.kept)
	if err != nil {
		return fault.Wrap(fault.ErreurInterne, "store: encode account", err)
	}
	seen := sql.NullInt64{Int64: millis(x.SeenAt), Valid: !x.SeenAt.IsZero()}
	_, err = tx.ExecContext(ctx, `INSERT INTO compte (id, cote, organisation, cle, courriel, role, contenu, created_at, seen_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (id) DO UPDATE SET cle = excluded.cle, courriel = excluded.courriel, role = excluded.role, contenu = excluded.contenu, seen_at = excluded.seen_at`,
		x.ID, x.side, x.SIRET, x.key, s.mailDigest(x.SIRET, x.kept.Mail), string(x.Role), seal(s.keys.rows, placeAccount+x.ID, b), millis(x.CreatedAt), seen)
	return err
}

// signIn finds the account of somebody who has logged in: by who the provider
// says it is, else by the address under which it was expected, which the
// provider must have verified.
func (s *Store) signIn(ctx context.Context, tx *sql.Tx, side string, a account.Assertion) (x accountRow, ok bool, err error) {
	key := s.accountKey(side, a)
	if x, ok, err = s.oneAccount(ctx, tx, `WHERE cle = $1`, key); ok || err != nil {
		return x, ok, err
	}
	if !a.MailVerified {
		return x, false, nil
	}
	return s.oneAccount(ctx, tx, `WHERE cote = $1 AND organisation = $2 AND courriel = $3 AND cle IS NULL`, side, a.SIRET, s.mailDigest(a.SIRET, a.Mail)) // an account that somebody has is not taken over by its address
}

// arrived writes what the provider says today.
func (s *Store) arrived(x *accountRow, a account.Assertion) {
	x.key, x.SeenAt = s.accountKey(x.side, a), s.clock()
	x.kept.Name = strings.TrimSpace(a.Given + " " + a.Family)
	if a.MailVerified {
		x.kept.Mail = a.Mail
	}
	x.Person.Name, x.Person.Mail = x.kept.Name, x.kept.Mail
}

// SignInMember finds or makes the account of a member of an organisation, which
// the provider names by its SIRET. The first one of an organisation manages it;
// another who was not expected has no role until a manager gives one. Errors:
// parametre_invalide (no SIRET, its check digit), service_indisponible.
func (s *Store) SignInMember(ctx context.Context, a account.Assertion) (p account.Person, err error) {
	if !partner.ValidSIRET(a.SIRET) {
		return p, fault.New(fault.ParametreInvalide, "store: sign in").On("siret")
	}
	e := trace.Event{Class: trace.AgentAction, Operation: "connexion_membre", Actor: trace.ActorPartner}
	err = s.act(ctx, "store: sign in", &e, func(tx *sql.Tx) error {
		x, ok, err := s.signIn(ctx, tx, sideMember, a)
		if err != nil {
			return err
		}
		if !ok {
			var n int
			if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM compte WHERE cote = 'membre' AND organisation = $1`, a.SIRET).Scan(&n); err != nil {
				return err
			}
			if n >= MaxTeam {
				return fault.New(fault.ActeImpossible, "store: sign in").Because("TEAM_FULL")
			}
			x = accountRow{side: sideMember}
			x.ID, x.SIRET, x.CreatedAt = partner.NewID("cpt"), a.SIRET, s.clock()
			if n == 0 {
				x.Role, e.After = account.Gestionnaire, string(account.Gestionnaire)
			}
			if !a.MailVerified {
				x.kept.Mail = x.ID // nobody is expected under it
			}
		}
		s.arrived(&x, a)
		e.Author, e.Object, p = x.ID, x.ID, x.Person
		return s.writeAccount(ctx, tx, &x)
	})
	return p, err
}

// SignInAgent finds the account of an agent: somebody who was habilitated by
// name, and nobody else. Whether the mandate still counts is asked at each act.
// Errors: role_insuffisant (nobody of ours), service_indisponible.
func (s *Store) SignInAgent(ctx context.Context, a account.Assertion) (p account.Person, err error) {
	e := trace.Event{Class: trace.AgentAction, Operation: "connexion_agent", Actor: trace.ActorOperator}
	err = s.act(ctx, "store: sign in", &e, func(tx *sql.Tx) error {
		x, ok, err := s.signIn(ctx, tx, sideAgent, a)
		if err != nil {
			return err
		}
		if !ok {
			return fault.New(fault.RoleInsuffisant, "store: sign in").Because(account.NoMandate)
		}
		s.arrived(&x, a)
		e.Author, e.Object, p = x.ID, x.ID, x.Person
		return s.writeAccount(ctx, tx, &x)
	})
	return p, err
}

// Account reads an account. Errors: ressource_inconnue, service_indisponible.
func (s *Store) Account(ctx context.Context, id string) (account.Person, error) {
	x, ok, err := s.oneAccount(ctx, s.journal.reader, `WHERE id = $1`, id)
	if err == nil && !ok {
		err = notFound("store: account")
	}
	return x.Person, unavailable("store: account", err)
}

// Team lists the members of an organisation, the oldest account first. Errors:
// service_indisponible.
func (s *Store) Team(ctx context.Context, siret string) ([]account.Person, error) {
	return s.accounts(ctx, `WHERE cote = 'membre' AND organisation = $1 ORDER BY created_at, id`, siret)
}

// Agents lists the agents, the oldest account first. Errors:
// service_indisponible.
func (s *Store) Agents(ctx context.Context) ([]account.Person, error) {
	return s.accounts(ctx, `WHERE cote = 'agent' ORDER BY created_at, id`)
}

func (s *Store) accounts(ctx context.Context, where string, args ...any) (list []account.Person, err error) {
	err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
		x, err := s.scanAccount(scan)
		list = append(list, x.Person)
		return err
	}, accountColumns+where, args...)
	return list, unavailable("store: accounts", err)
}

// address reads an address of electronic mail; "" when it is none.
func address(text string) string {
	a, err := mail.ParseAddress(text)
	if err != nil || a.Address != text || len(text) > 200 {
		return ""
	}
	return text
}

// Invite expects somebody in an organisation, under an address that the
// provider will have verified, with a role. Errors: parametre_invalide on
// courriel or role, acte_impossible (the address is expected already, or the
// team is full).
func (s *Store) Invite(ctx context.Context, siret, mailAddress string, r account.Role) (p account.Person, err error) {
	if !r.Member() {
		return p, fault.New(fault.ParametreInvalide, "store: invite").On("role")
	}
	e := trace.Event{Class: trace.AgentAction, Operation: "membre_invite", Actor: trace.ActorPartner, After: string(r)}
	return s.expect(ctx, &e, accountRow{side: sideMember, Person: account.Person{SIRET: siret, Role: r}}, mailAddress)
}

// AddAgent habilitates somebody by name: under an address of the operator's,
// with a role and a mandate. Errors: those of Invite and of Mandate.Check.
func (s *Store) AddAgent(ctx context.Context, siret, mailAddress string, r account.Role, m account.Mandate) (p account.Person, err error) {
	if !r.Agent() {
		return p, fault.New(fault.ParametreInvalide, "store: add agent").On("role")
	}
	now := s.clock()
	if err := m.Check(now); err != nil {
		return p, err
	}
	m.ReviewBy, m.SecretAt, m.EndedAt, m.RenewedAt = now.Add(account.ReviewEvery), time.Time{}, time.Time{}, time.Time{}
	e := trace.Event{Class: trace.AgentAction, Operation: account.MandateGiven, Actor: trace.ActorOperator, After: string(r)}
	x := accountRow{side: sideAgent, Person: account.Person{SIRET: siret, Role: r, Mandate: m}}
	x.kept.Mandate = m
	return s.expect(ctx, &e, x, mailAddress)
}

func (s *Store) expect(ctx context.Context, e *trace.Event, x accountRow, mailAddress string) (account.Person, error) {
	const op = "store: expect"
	if x.kept.Mail = address(mailAddress); x.kept.Mail == "" {
		return account.Person{}, fault.New(fault.ParametreInvalide, op).On("courriel")
	}
	x.ID, x.CreatedAt, x.kept.InvitedBy = partner.NewID("cpt"), s.clock(), s.by.Author
	x.Person.Mail, x.Person.InvitedBy, e.Object = x.kept.Mail, s.by.Author, x.ID
	return x.Person, s.act(ctx, op, e, func(tx *sql.Tx) error {
		var n, same int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*), COUNT(CASE WHEN courriel = $1 THEN 1 END) FROM compte WHERE cote = $2 AND organisation = $3`, s.mailDigest(x.SIRET, x.kept.Mail), x.side, x.SIRET).Scan(&n, &same); err != nil {
			return err
		}
		switch {
		case same > 0:
			return fault.New(fault.ActeImpossible, op).On("courriel").Because("EXPECTED_ALREADY")
		case n >= MaxTeam:
			return fault.New(fault.ActeImpossible, op).Because("TEAM_FULL")
		}
		return s.writeAccount(ctx, tx, &x)
	})
}

// amend changes an account of a side and organisation in one act.
func (s *Store) amend(ctx context.Context, e *trace.Event, id string, do func(tx *sql.Tx, x *accountRow) error) error {
	e.Object = id
	return s.act(ctx, "store: "+e.Operation, e, func(tx *sql.Tx) error {
		x, ok, err := s.oneAccount(ctx, tx, `WHERE id = $1`, id)
		if err != nil {
			return err
		}
		if !ok {
			return notFound("store: account")
		}
		if err := do(tx, &x); err != nil {
			return err
		}
		return s.writeAccount(ctx, tx, &x)
	})
}

// SetMemberRole gives a member of an organisation another role, "" for none:
// from then on it may do nothing there. An organisation keeps somebody who
// manages it. Errors: parametre_invalide on role, ressource_inconnue,
// acte_impossible (the last manager).
func (s *Store) SetMemberRole(ctx context.Context, siret, id string, r account.Role) error {
	if r != "" && !r.Member() {
		return fault.New(fault.ParametreInvalide, "store: role").On("role")
	}
	e := trace.Event{Class: trace.AgentAction, Operation: "role_change", Actor: trace.ActorPartner, After: string(r)}
	return s.amend(ctx, &e, id, func(tx *sql.Tx, x *accountRow) error {
		if x.side != sideMember || x.SIRET != siret {
			return notFound("store: role")
		}
		if x.Role == account.Gestionnaire && r != account.Gestionnaire {
			var others int
			if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM compte WHERE cote = 'membre' AND organisation = $1 AND role = $2 AND id <> $3 AND seen_at IS NOT NULL`, siret, string(account.Gestionnaire), id).Scan(&others); err != nil {
				return err
			}
			if others == 0 {
				return fault.New(fault.ActeImpossible, "store: role").Because("LAST_MANAGER")
			}
		}
		e.Before, x.Role = string(x.Role), r
		return nil
	})
}

// AmendMandate changes the mandate of an agent: what does so is given the one
// that is kept. Errors: ressource_inconnue, and those of change.
func (s *Store) AmendMandate(ctx context.Context, id, operation string, change func(m *account.Mandate, at time.Time) error) error {
	e := trace.Event{Class: trace.AgentAction, Operation: operation, Actor: trace.ActorOperator}
	return s.amend(ctx, &e, id, func(_ *sql.Tx, x *accountRow) error {
		if x.side != sideAgent {
			return notFound("store: mandate")
		}
		return change(&x.kept.Mandate, s.clock())
	})
}

// The bound on wrong codes of a second factor, and how long it then rests.
const (
	maxWrong  = 5
	wrongRest = 15 * time.Minute
)

// SetFactor begins a second factor: the code shows that the authenticator
// application holds the secret. Errors: parametre_invalide on code,
// ressource_inconnue.
func (s *Store) SetFactor(ctx context.Context, id string, secret []byte, code string) error {
	e := trace.Event{Class: trace.AgentAction, Operation: "second_facteur_pose", Actor: trace.ActorPartner}
	return s.amend(ctx, &e, id, func(_ *sql.Tx, x *accountRow) error {
		step, ok := account.VerifyFactor(secret, code, s.clock(), 0)
		if !ok {
			return fault.New(fault.ParametreInvalide, "store: second factor").On("code")
		}
		x.kept.Factor, x.kept.Step, x.kept.Wrong = secret, step, 0
		return nil
	})
}

// DropFactor ends a second factor. Errors: ressource_inconnue.
func (s *Store) DropFactor(ctx context.Context, id string) error {
	e := trace.Event{Class: trace.AgentAction, Operation: "second_facteur_retire", Actor: trace.ActorPartner}
	return s.amend(ctx, &e, id, func(_ *sql.Tx, x *accountRow) error {
		x.kept.Factor, x.kept.Step, x.kept.Wrong = nil, 0, 0
		return nil
	})
}

// CheckFactor takes a code of the second factor, once. After five wrong ones in
// a row nothing is looked at for a quarter of an hour. Errors:
// parametre_invalide on code, trop_d_essais, ressource_inconnue.
func (s *Store) CheckFactor(ctx context.Context, id, code string) error {
	var refusal error
	err := s.tidy(ctx, "store: second factor", func(tx *sql.Tx) error {
		x, ok, err := s.oneAccount(ctx, tx, `WHERE id = $1`, id)
		if err != nil {
			return err
		}
		if !ok || x.kept.Factor == nil {
			return notFound("store: second factor")
		}
		now := s.clock()
		if left := x.kept.WrongAt.Add(wrongRest).Sub(now); x.kept.Wrong >= maxWrong && left > 0 {
			refusal = fault.New(fault.TropDEssais, "store: second factor").After(left)
			return nil
		}
		step, ok := account.VerifyFactor(x.kept.Factor, code, now, x.kept.Step)
		if ok {
			x.kept.Step, x.kept.Wrong = step, 0
		} else {
			if x.kept.Wrong >= maxWrong {
				x.kept.Wrong = 0
			}
			x.kept.Wrong, x.kept.WrongAt = x.kept.Wrong+1, now
			refusal = fault.New(fault.ParametreInvalide, "store: second factor").On("code")
		}
		return s.writeAccount(ctx, tx, &x)
	})
	return errors.Join(err, refusal)
}
