package store

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"zombiezen.com/go/sqlite"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// Snapshot is what every call needs and what changes seldom, held in memory at
// one generation: keys, conventions, restrictions, funds. Every method that
// changes one of them reads it anew before it returns; what a call decided on
// an older one is caught by its guard in the transaction of the trace.
type Snapshot struct {
	Generation   trace.Generation
	population   *population
	keys         map[[32]byte]keyed
	partners     map[string]partner.Partner
	conventions  map[string][]convention.Convention // by partner, the version that counts
	restrictions map[droits.Sujet][]consent.Restriction
	delegated    map[string][]convention.Convention // by vendor and SIRET
}

// population is the visible load.
type population struct {
	load      int64
	version   int64  // moves with every load and delta
	path      string // of its file, "" when nothing is loaded
	donneesOn civil.Date
	caisses   map[string]droits.Caisse
	bits      bits
	hot       *hotPool // nil when nothing is loaded

	served, sentinels int64
}

type keyed struct {
	key  partner.Key
	conv convention.Convention
}

// Refresh reads the snapshot from the databases. Errors:
// service_indisponible.
func (s *Store) Refresh(ctx context.Context) error {
	s.reload.Lock()
	defer s.reload.Unlock()
	n := &Snapshot{
		population: &population{caisses: map[string]droits.Caisse{}}, keys: map[[32]byte]keyed{}, partners: map[string]partner.Partner{}, conventions: map[string][]convention.Convention{},
		restrictions: map[droits.Sujet][]consent.Restriction{}, delegated: map[string][]convention.Convention{},
	}
	for _, x := range []struct {
		d    *database
		read []func(context.Context, *sql.Tx, *Snapshot) error
	}{
		{s.people, []func(context.Context, *sql.Tx, *Snapshot) error{readLoad}},
		{s.journal, []func(context.Context, *sql.Tx, *Snapshot) error{readGeneration, s.readKeys, readRestrictions}},
	} {
		if err := x.d.view(ctx, n, x.read); err != nil {
			return unavailable("store: snapshot", err)
		}
	}
	old := s.state.Load()
	if old != nil && old.population.version == n.population.version {
		n.population = old.population // readers stay where they are
		s.state.Store(n)
		return nil
	}
	if err := s.openPopulation(ctx, n.population, old); err != nil {
		return unavailable("store: population", err)
	}
	s.state.Store(n)
	if old != nil && old.population.hot != nil && old.population.hot != n.population.hot {
		return unavailable("store: population", old.population.hot.close())
	}
	return nil
}

// openPopulation reads what a population's own file says. After a delta its
// readers are kept: each moves on when it is next used.
func (s *Store) openPopulation(ctx context.Context, p *population, old *Snapshot) error {
	if p.load == 0 {
		return nil
	}
	p.path = s.populationPath(p.load)
	f, err := openBuilding(p.path, p.load, false)
	if err != nil {
		return err
	}
	defer f.close()
	made, err := f.setting("cles")
	if err == nil && made != indexVersion() {
		err = s.reindex(ctx, f)
	}
	if err != nil {
		return err
	}
	if p.bits, err = f.bits(); err != nil {
		return err
	}
	on, err := f.setting("reference_on")
	if err != nil {
		return err
	}
	p.donneesOn = civil.Date(on)
	if p.served, err = f.setting("personnes"); err != nil {
		return err
	}
	if p.sentinels, err = f.setting("sentinelles"); err != nil {
		return err
	}
	err = f.each(`SELECT contenu FROM caisse`, func(x *sqlite.Stmt) error {
		var c droits.Caisse
		if err := json.Unmarshal(column(x, 0), &c); err != nil {
			return err
		}
		p.caisses[c.ID] = c
		return nil
	})
	if err != nil {
		return err
	}
	if old != nil && old.population.load == p.load {
		p.hot = old.population.hot
		return nil
	}
	p.hot, err = openHot(p.path)
	return err
}

// view runs the readers in one transaction, so that they see one state.
func (d *database) view(ctx context.Context, n *Snapshot, read []func(context.Context, *sql.Tx, *Snapshot) error) error {
	tx, err := d.reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, r := range read {
		if err := r(ctx, tx, n); err != nil {
			return err
		}
	}
	return nil
}

func readGeneration(ctx context.Context, tx *sql.Tx, n *Snapshot) error {
	return tx.QueryRowContext(ctx, `SELECT valeur FROM reglage WHERE cle = 'generation'`).Scan(&n.Generation)
}

func readLoad(ctx context.Context, tx *sql.Tx, n *Snapshot) error {
	p := n.population
	if err := tx.QueryRowContext(ctx, `SELECT valeur FROM reglage WHERE cle = 'chargement'`).Scan(&p.load); err != nil {
		return err
	}
	if err := tx.QueryRowContext(ctx, `SELECT valeur FROM reglage WHERE cle = 'version'`).Scan(&p.version); err != nil {
		return err
	}
	return nil
}

func (s *Store) readKeys(ctx context.Context, tx *sql.Tx, n *Snapshot) error {
	err := each(ctx, tx, func(scan func(...any) error) error {
		p, err := scanPartner(scan)
		n.partners[p.ID] = p
		return err
	}, `SELECT id, nom, siret, categorie, created_at FROM partenaire`)
	if err != nil {
		return err
	}
	keys, err := allSigningKeys(ctx, tx)
	if err != nil {
		return err
	}
	convs := map[string]convention.Convention{}
	err = each(ctx, tx, func(scan func(...any) error) error {
		var id, party string
		c, err := scanConvention(func(to ...any) error { return scan(append(to, &id, &party)...) })
		switch {
		case err != nil && !c.Altered:
			return err
		case c.Altered: // what it says of itself counts no more: it stands in no other's place
			c.Document.ID, c.Document.Parties.Partner = id, party
		case c.State != convention.Draft && c.State != convention.Ended && !s.signed.holds(c, keys):
			c.Altered = true // the keys of this one serve nothing; the others are not in cause
		}
		convs[c.Document.ID] = c // the last one wins: in force before ended before draft, then the newest
		return nil
	}, `SELECT document, etat, empreinte, signatures, dernier_on, id, partenaire FROM convention ORDER BY id, CASE WHEN etat IN `+inForce+` THEN 2 WHEN etat = 'ended' THEN 1 ELSE 0 END, version`)
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(convs)) {
		c := convs[id]
		n.conventions[c.Document.Parties.Partner] = append(n.conventions[c.Document.Parties.Partner], c)
	}
	if err := readDelegations(ctx, tx, n, convs); err != nil {
		return err
	}
	bound, err := boundCertificates(ctx, tx)
	if err != nil {
		return err
	}
	return each(ctx, tx, func(scan func(...any) error) error {
		k, err := scanKey(scan)
		if err != nil {
			return err
		}
		k.Certificates = bound[k.ID]
		var d [32]byte
		copy(d[:], k.Digest)
		n.keys[d] = keyed{k, convs[k.ConventionID]}
		return nil
	}, `SELECT `+keyColumns+` FROM cle_api`)
}

func readRestrictions(ctx context.Context, tx *sql.Tx, n *Snapshot) error {
	return each(ctx, tx, func(scan func(...any) error) error {
		var r consent.Restriction
		var sujet []byte
		var since, until sql.NullInt64
		if err := scan(&sujet, &r.Bloc, &r.Ground, &since, &until); err != nil {
			return err
		}
		copy(r.Subject[:], sujet)
		r.SinceAt, r.UntilAt = fromMillis(since), fromMillis(until)
		n.restrictions[r.Subject] = append(n.restrictions[r.Subject], r)
		return nil
	}, `SELECT sujet, bloc, motif, since_at, until_at FROM restriction WHERE lifted_at IS NULL`)
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}

// each runs a query and hands over its rows.
func each(ctx context.Context, q querier, row func(scan func(...any) error) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// changed marks what a transaction changed: the generation moves on, and each
// object bears it.
func changed(ctx context.Context, tx *sql.Tx, objects ...trace.Object) error {
	if _, err := tx.ExecContext(ctx, `UPDATE reglage SET valeur = valeur + 1 WHERE cle = 'generation'`); err != nil {
		return err
	}
	for _, o := range objects {
		if _, err := tx.ExecContext(ctx, `INSERT INTO epoque (objet, generation) VALUES ($1, (SELECT valeur FROM reglage WHERE cle = 'generation'))
			ON CONFLICT (objet) DO UPDATE SET generation = excluded.generation`, string(o)); err != nil {
			return err
		}
	}
	return nil
}

// change is an act that moves the generation, then refreshes the snapshot. Each
// of the objects bears the new generation.
func (s *Store) change(ctx context.Context, e *trace.Event, objects []trace.Object, do func(*sql.Tx) error) error {
	err := s.act(ctx, "store: "+e.Operation, e, func(tx *sql.Tx) error {
		if err := do(tx); err != nil {
			return err
		}
		return changed(ctx, tx, objects...)
	})
	if err != nil {
		return err
	}
	return s.Refresh(ctx)
}

// shown runs the transaction that changes the visible population, then opens
// what is visible now. That is tried a few times and does not depend on whoever
// asked: what is committed is so.
func (s *Store) shown(ctx context.Context, op string, do func(*sql.Tx) error) error {
	err := s.people.tx(ctx, op, s.rehearse, func(tx *sql.Tx) error {
		if err := do(tx); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE reglage SET valeur = valeur + 1 WHERE cle = 'version'`)
		return err
	})
	if err != nil {
		return err
	}
	for range 3 {
		if err = s.Refresh(context.WithoutCancel(ctx)); err == nil {
			return nil
		}
	}
	return err
}

// noChange is a transaction that moves a version and nothing else.
func noChange(*sql.Tx) error { return nil }

// Generation is that of the snapshot in use: read it before deciding.
func (s *Store) Generation() trace.Generation { return s.state.Load().Generation }

// Key finds the API key with that secret and the convention to which it
// belongs. ok is false for a key that does not exist; whether key and
// convention are live is not checked.
func (s *Store) Key(secret string) (k partner.Key, c convention.Convention, ok bool) {
	d := s.keys.apiKey.sum("cle/v1", []byte(secret))
	found, ok := s.state.Load().keys[d]
	if !ok || subtle.ConstantTimeCompare(found.key.Digest, d[:]) != 1 {
		return partner.Key{}, convention.Convention{}, false
	}
	return found.key, found.conv, true
}

// Partner finds a partner by its identifier.
func (s *Store) Partner(id string) (partner.Partner, bool) {
	p, ok := s.state.Load().partners[id]
	return p, ok
}

// Restrictions are those in force on a person at an instant.
func (s *Store) Restrictions(p droits.Sujet, at time.Time) []consent.Restriction {
	all := s.state.Load().restrictions[p]
	var out []consent.Restriction
	for _, r := range all {
		if r.InForceAt(at) {
			out = append(out, r)
		}
	}
	return out
}

// DonneesOn is the day of the data being served, zero when nothing is loaded.
func (s *Store) DonneesOn() civil.Date { return s.state.Load().population.donneesOn }

func notFound(op string) error { return fault.New(fault.RessourceInconnue, op) }
